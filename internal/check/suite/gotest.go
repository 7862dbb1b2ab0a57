package suite

import (
	"context"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/core/plan"
)

// maxOutput bounds what is kept of one test run. A run that prints more
// cannot be judged, since the middle of its report is missing.
const maxOutput = 64 << 20

// goTool runs packages of one module. A unit is a package, and its ID the
// import path.
type goTool struct{}

// event is one line of "go test -json" (see "go doc test2json").
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	FailedBuild string
}

// Run runs the tests of packages.
func (goTool) Run(ctx context.Context, x check.Exec, g Group, o Order) (Report, string) {
	argv := []string{"go", "test", "-json", "-count=" + strconv.Itoa(o.times()), "-vet=off"}
	argv = append(argv, o.Options...)
	if len(o.Only) > 0 {
		argv = append(argv, "-run", anyName(o.Only))
	}
	for _, u := range o.Units {
		argv = append(argv, argument(g.Dir, u.Path))
	}
	c := check.Command(plan.Command{Argv: argv}, path.Join(o.Tree, g.Dir), o.Env)
	c.OutputCap, c.LimitMS = maxOutput, o.LimitMS
	ran := check.Do(ctx, x, c)
	switch {
	case ran.Why != "":
		return Report{}, ran.Why
	case ran.Output.Capped:
		return Report{}, "the tests print more than can be kept, so their report is incomplete"
	}
	r := parseGo(ran.Output.Stdout)
	r.Noise = check.Relative(r.Noise+ran.Output.Stderr, path.Join(o.Tree, g.Dir), o.Tree)
	for _, u := range o.Units {
		if got := r.Units[u.ID]; got == nil || got.End == "" {
			return r, "go test did not report on " + check.ShowPath(u.Path) + ": " + check.Clip(strings.TrimSpace(r.Noise), 500)
		}
	}
	return r, ""
}

// Declared gives the tests of a package.
func (goTool) Declared(tree fs.FS, u Unit) ([]Declared, error) { return testsIn(tree, u.Path) }

// Locate says nothing: Declared does.
func (goTool) Locate(fs.FS, Unit, string) (string, int) { return "", 0 }

// Typed is the go command for one test, or for a package.
func (goTool) Typed(g Group, u Unit, test string) plan.Command {
	argv := []string{"go", "test", "-count=1", "-vet=off"}
	if test != "" {
		argv = append(argv, "-run", anyName([]string{test}))
	}
	return plan.Command{Argv: append(argv, argument(g.Dir, u.Path))}
}

// MaySkip is always so: a Go test skips itself by a statement.
func (goTool) MaySkip(string) bool { return true }

// parseGo reads the report of a test run. Lines that are no events are noise.
func parseGo(report string) Report {
	r := newReport()
	builds := map[string]string{}
	built := map[string]string{} // what failed to compile, by package
	var noise strings.Builder
	for line := range strings.Lines(report) {
		var e event
		if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil {
			if noise.Len() < maxText {
				noise.WriteString(line)
			}
			continue
		}
		switch {
		case e.Action == "build-output":
			builds[e.ImportPath] = bounded(builds[e.ImportPath], e.Output)
		case e.Package != "":
			r.take(e)
			if e.FailedBuild != "" {
				built[e.Package] = e.FailedBuild
			}
		}
	}
	for id, u := range r.Units {
		if u.Unbuilt && builds[built[id]] != "" {
			u.Output = builds[built[id]]
		}
	}
	r.Noise = noise.String()
	return r
}

func (r *Report) take(e event) {
	u := r.unit(e.Package)
	if e.Test != "" {
		t := u.test(e.Test)
		t.Output = bounded(t.Output, e.Output)
		if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
			t.Parent = e.Test[:i]
			t.Top, _, _ = strings.Cut(e.Test, "/")
		}
		if end := ending(e.Action); end != "" {
			t.ended(end)
		}
		return
	}
	u.Output = bounded(u.Output, e.Output)
	// Older versions of Go say only this of a package that does not compile.
	for _, mark := range []string{"[build failed]", "[setup failed]"} {
		u.Unbuilt = u.Unbuilt || strings.HasPrefix(e.Output, "FAIL\t") && strings.Contains(e.Output, mark)
	}
	if end := ending(e.Action); end != "" {
		u.ended(end)
		u.Unbuilt = u.Unbuilt || e.FailedBuild != ""
	}
}

func ending(action string) Outcome {
	if o := Outcome(action); o == Pass || o == Fail || o == Skip {
		return o
	}
	return ""
}

// argument names a package to the go command, relative to its module.
func argument(module, dir string) string {
	if rel := below(dir, module); rel != "." {
		return "./" + rel
	}
	return "."
}

// anyName gives a pattern for "go test -run" that picks exactly these tests.
func anyName(tests []string) string {
	quoted := make([]string, len(tests))
	for i, n := range tests {
		quoted[i] = regexp.QuoteMeta(n)
	}
	slices.Sort(quoted)
	return "^(" + strings.Join(slices.Compact(quoted), "|") + ")$"
}
