package tamper

import (
	"context"
	"fmt"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
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
		if f.other != nil && f.status == change.Modified && isData(f.path) && !f.class.Manifest && !f.class.Lockfile && !stored.MatchString(f.path) {
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
		lost, come := exchanged(was, is)
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
		case !j.code.differs:
			continue
		}
		j.say(s)
	}
	return nil
}

// isData reports whether a path is a file of data in a folder of tests.
func isData(p string) bool {
	switch strings.ToLower(path.Ext(p)) {
	case ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml", ".txt", ".xml", ".toml", ".ini", ".html", ".sql", ".graphql", ".conf", ".cfg", ".log":
	default:
		return false
	}
	for folder := range strings.SplitSeq(strings.ToLower(path.Dir(p)), "/") {
		switch folder {
		case "test", "tests", "__tests__", "spec", "specs", "testdata", "fixtures", "fixture", "__fixtures__", "samples":
			return true
		}
	}
	return false
}

// exchanged counts the words and values that lines have lost, and those that
// came.
func exchanged(was, is []string) (lost, come int) {
	count := map[string]int{}
	note := func(lines []string, by int) {
		for _, t := range words.Scan(strings.Join(uncommented(lines), "\n"), source.JavaScript) {
			if t.Kind != words.Mark && !blankValue(t.Text) {
				count[t.Text] += by
			}
		}
	}
	note(was, 1)
	note(is, -1)
	for _, n := range count {
		lost, come = lost+max(n, 0), come+max(-n, 0)
	}
	return lost, come
}

// blankValue reports whether a value stands for none.
func blankValue(v string) bool {
	switch v {
	case "null", "None", "nil", "~", `""`, "''", "undefined":
		return true
	}
	return false
}

// uncommented leaves out lines that are comments in most formats of data.
func uncommented(lines []string) []string {
	var out []string
	for _, l := range lines {
		if text := strings.TrimSpace(l); !strings.HasPrefix(text, "#") && !strings.HasPrefix(text, "//") {
			out = append(out, l)
		}
	}
	return out
}

// namesCode reports whether the author of a change without a task names what
// changed in the code, and does not say that its results stay the same.
func (j *judge) namesCode() bool {
	if j.asked.Task != "" || j.asked.KeepsBehaviour() {
		return false
	}
	var names []string
	for n := range j.code.changed {
		names = append(names, n)
	}
	return j.asked.SpeaksOf(names)
}
