package main

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"muster/internal/check/mutation"
)

// lists say why some inverted conditions in the checks change nothing that a
// test could see. A line has a file, an operator, the text that is mutated
// with its white space as single spaces, and the reason, with a tab between.
//
//go:embed explained
var lists embed.FS

// explanation is one line of a list.
type explanation struct {
	List string
	Line int
	mutated
	Why string
}

// mutated is what a line is about.
type mutated struct{ File, Op, Text string }

// explanations reads all lists.
func explanations(lists fs.FS) ([]explanation, error) {
	names, err := fs.Glob(lists, "explained/*.txt")
	if err != nil {
		return nil, err
	}
	var out []explanation
	for _, name := range names {
		data, err := fs.ReadFile(lists, name)
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(string(data), "\n") {
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			w := strings.Split(line, "\t")
			if len(w) != 4 || strings.TrimSpace(w[3]) == "" {
				return nil, fmt.Errorf("%s:%d: it has %d fields: a file, an operator, a text and a reason are wanted", name, i+1, len(w))
			}
			out = append(out, explanation{List: name, Line: i + 1, mutated: mutated{w[0], w[1], w[2]}, Why: w[3]})
		}
	}
	return out, nil
}

// oneLine puts a text on one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// printUnexplained lists the survivors that no list explains, and gives their
// number.
func printUnexplained(w io.Writer, r mutation.Report, known []explanation) int {
	why := map[mutated]bool{}
	for _, e := range known {
		why[e.mutated] = true
	}
	explained, open := 0, 0
	for _, j := range r.Judged {
		if j.Outcome == mutation.Killed || j.Outcome == mutation.TimedOut || j.Outcome == mutation.Broken {
			continue
		}
		if why[mutated{j.File, string(j.Op), oneLine(string(r.Texts[j.File][j.Start:j.End]))}] {
			explained++
			continue
		}
		open++
		say(w, "%s:%d: %s: %s: %q -> %q %s\n", j.File, j.Line, j.Outcome, j.Op, r.Texts[j.File][j.Start:j.End], j.New, j.Why)
	}
	say(w, "%d that no test notices are explained in bench/mutants/explained, %d are not\n", explained, open)
	return open
}
