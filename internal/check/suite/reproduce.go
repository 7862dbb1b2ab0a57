package suite

import (
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/plan"
)

// Shown is a run that a person can repeat: the tests of one tree on the code
// of another.
type Shown struct {
	Change   change.Change // from the tests' tree to the code's
	Material func(p string) bool
	Steps    []string // shell lines that finish what was laid in "$d/tree"
}

// Line gives a shell line that does in any checkout of the repository what was
// done here, in a new temporary folder and with an index of its own: it
// changes nothing of the checkout it is typed in.
func (s Shown) Line(g Group, c plan.Command) string {
	restore := []string{"git", "restore", "--source=" + s.Change.Base.Tree, "--staged", "--"}
	for _, f := range s.Change.Files {
		for _, q := range []string{f.OldPath, f.Path} {
			if q != "" && s.Material(q) {
				restore = append(restore, ":(top,literal)"+q)
			}
		}
	}
	steps := []string{
		`cd "$(git rev-parse --show-toplevel)"`,
		`d=$(mktemp -d)`,
		`export GIT_INDEX_FILE="$d/index"`,
		"git read-tree " + s.Change.Head.Tree,
	}
	if at := slices.Index(restore, "--"); len(restore) > at+1 {
		if len(restore)-at > 50 { // a line that a person can still read
			restore = append(restore[:at+1], patterns(restore[at+1:])...)
		}
		steps = append(steps, plan.Command{Argv: restore}.String())
	}
	steps = append(steps, `git checkout-index -a --prefix="$d/tree/"`)
	steps = append(append(steps, s.Steps...), g.Steps...)
	steps = append(steps, `cd "$d/tree"`, check.InDir(g.Dir, c.String()))
	return "(" + strings.Join(steps, " && ") + ")"
}

// patterns gives globs that cover paths of tests: by the end of their name
// where that says that they are tests, otherwise by their folder.
func patterns(paths []string) []string {
	var out []string
	for _, p := range paths {
		p = strings.TrimPrefix(p, ":(top,literal)")
		glob := ":(top,glob)" + path.Dir(p) + "/**"
		for _, end := range []string{"_test.go", "_test.py"} {
			if strings.HasSuffix(p, end) {
				glob = ":(top,glob)**/*" + end
			}
		}
		if path.Dir(p) == "." && !strings.Contains(glob, "/*_") {
			glob = ":(top,literal)" + p
		}
		if !slices.Contains(out, glob) {
			out = append(out, glob)
		}
	}
	slices.Sort(out)
	return out
}
