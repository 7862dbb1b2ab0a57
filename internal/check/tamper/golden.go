package tamper

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/words"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

var stored = check.Lazy(`(?i)golden|\.snap$|__snapshots__|snapshots?/|expected|approved|\bwant\b|baseline`)

// around judges what is around the tests.
type around struct{ *judge }

// compare judges stored results that changed together with the code. What a
// program printed is what the test expects: written anew after the code was
// broken, it expects the breakage. It is no cause for suspicion where the task
// names what is new in it, where the new text stands in the code, or where
// many changed alike, as a new format does to all.
func (j around) compare(ctx context.Context) error {
	var changed []*file
	for _, f := range j.head.rest {
		isStored := stored.MatchString(f.path) && (f.class.Fixture || f.class.Test || stored.MatchString(path.Base(f.path)))
		if isStored && f.other != nil && (f.status == change.Modified || f.status == change.Renamed) && !f.class.Document {
			changed = append(changed, f)
		}
	}
	if !j.code.Differs || len(changed) == 0 {
		return nil
	}
	level, why := j.goldenLevel(len(changed))
	for _, f := range changed {
		p, err := j.subject.Patch(ctx, f.path)
		if err != nil {
			return err
		}
		if len(p.Hunks) == 0 {
			continue
		}
		was, is := lineTexts(p.Removed()), lineTexts(p.Added())
		if len(was) == 0 {
			continue // it only grew
		}
		own := level
		if j.explained(was, is) || j.namesCode() {
			own = evidence.Context
		}
		j.say(statement{
			rule: "golden", level: own, path: f.path, was: strings.Join(was, "\n"), is: strings.Join(is, "\n"), paths: []string{f.other.path, f.path},
			message: fmt.Sprintf("The stored result %s changed together with the code%s.", check.ShowPath(f.path), why),
		})
	}
	return nil
}

func (j around) goldenLevel(n int) (evidence.Level, string) {
	switch {
	case n > 3 || len(j.fresh) > 0 || j.manifests():
		return evidence.Context, ""
	case j.asked.Task != "":
		return evidence.Gate, ", and the task does not speak of what is new in it"
	}
	return evidence.Locator, ", and nothing says why"
}

// explained reports whether what is new in a stored result has a reason: the
// task or the author names it, or the same text is new in the code.
func (j around) explained(was, is []string) bool {
	if len(was) > 30 || len(is) > 30 {
		return true // nobody bends a result by so much
	}
	for i, line := range is {
		old := ""
		if i < len(was) {
			old = was[i]
		}
		if slices.Contains(was, line) {
			continue
		}
		before, now := words.Difference(old, line)
		for _, part := range []string{now, strings.TrimSpace(line)} {
			if j.asked.Names(part) != asked.Silent || words.Holds(j.code.Gained, part) {
				return true
			}
		}
		if j.claims(before, now, line) {
			return true
		}
		for _, w := range strings.FieldsFunc(now, func(r rune) bool { return !words.IsRune(r) }) {
			if !words.Mentions(before, w) && (j.asked.Names(w) != asked.Silent || len(w) > 2 && words.Holds(j.code.Gained, w)) {
				return true
			}
		}
	}
	return false
}

func lineTexts(lines []change.Line) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return out
}
