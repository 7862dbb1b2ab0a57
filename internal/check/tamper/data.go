package tamper

import (
	"context"
	"fmt"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/cases"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

const (
	maxDataFiles = 3   // of one change; where more change, nobody bends a case
	maxDataLines = 30  // that differ in one of them
	maxBlanked   = 500 // the same, where nothing came for what is gone
)

// data judges files of data beside tests: cases that are gone from them, and
// values that changed together with the code. That a file is laid out anew, or
// grows, is nothing.
func (j around) data(ctx context.Context) error {
	var changed []*file
	for _, f := range j.head.rest {
		if f.other != nil && f.status == change.Modified && cases.IsData(f.path) && !f.class.Manifest && !f.class.Lockfile && !stored.MatchString(f.path) {
			changed = append(changed, f)
		}
	}
	if len(changed) > maxDataFiles || j.manifests() || j.asked.Reverts() || len(j.fresh) > 2 {
		return nil
	}
	for _, f := range changed {
		p, err := j.subject.Patch(ctx, f.path)
		if err != nil {
			return err
		}
		was, is := lineTexts(p.Removed()), lineTexts(p.Added())
		lost, come := cases.Exchanged(was, is)
		if len(was) == 0 || (come > 0 || len(was) > maxBlanked) && (len(was) > maxDataLines || len(is) > maxDataLines) {
			continue
		}
		if lost == 0 || j.explained(was, is) || j.namesCode() {
			continue
		}
		s := statement{
			rule: "data_changed", level: evidence.Locator, path: f.path, was: strings.Join(was, "\n"), is: strings.Join(is, "\n"), anchor: f.path,
			message: fmt.Sprintf("%s, which tests read, changed together with the code, and nothing says why.", check.ShowPath(f.path)),
		}
		if len(p.Hunks) > 0 {
			s.lines = source.Range{Start: p.Hunks[0].NewStart, End: p.Hunks[0].NewStart + max(len(p.Added())-1, 0)}
		}
		switch {
		case come == 0:
			s.rule, s.message = "data_lost", fmt.Sprintf("%s, which tests read, has lost some of its entries, and nothing says why.", check.ShowPath(f.path))
		case !j.code.Differs:
			continue
		}
		j.say(s)
	}
	return nil
}

// namesCode reports whether the author of a change without a task names what
// changed in the code, and does not say that its results stay the same.
func (j *judge) namesCode() bool {
	if j.asked.Task != "" || j.asked.KeepsBehaviour() {
		return false
	}
	var names []string
	for n := range j.code.Changed {
		names = append(names, n)
	}
	return j.asked.SpeaksOf(names)
}
