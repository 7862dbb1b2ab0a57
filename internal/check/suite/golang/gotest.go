package golang

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
	"muster/internal/check/suite"
	"muster/internal/core/plan"
)

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
func (goTool) Run(ctx context.Context, x check.Exec, g suite.Group, o suite.Order) (suite.Report, string) {
	argv := []string{"go", "test", "-json", "-count=" + strconv.Itoa(o.Often()), "-vet=off"}
	if o.LimitMS > 0 {
		argv = append(argv, "-timeout=0") // its own limit of ten minutes counts for those who set none
	}
	argv = append(argv, o.Options...)
	if len(o.Only) > 0 {
		argv = append(argv, "-run", anyName(o.Only))
	}
	for _, u := range o.Units {
		argv = append(argv, argument(g.Dir, u.Path))
	}
	c := check.Command(plan.Command{Argv: argv}, path.Join(o.Tree, g.Dir), o.Env)
	c.OutputCap, c.LimitMS = suite.MaxOutput, o.LimitMS
	ran := check.Do(ctx, x, c)
	switch {
	case ran.Output.TimedOut && o.Partial:
		return partial(parseGo(ran.Output.Stdout), ran.Why)
	case ran.Why != "":
		return suite.Report{}, ran.Why
	case ran.Output.Capped:
		return suite.Report{}, "the tests print more than can be kept, so their report is incomplete"
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

// partial is the report of a run that was cut off: of the packages that had
// ended. Without any it is none.
func partial(r suite.Report, why string) (suite.Report, string) {
	for id, u := range r.Units {
		if u.End == "" {
			delete(r.Units, id)
		}
	}
	if len(r.Units) == 0 {
		return suite.Report{}, why
	}
	r.Late = true
	return r, ""
}

// Declared gives the tests of a package.
func (goTool) Declared(tree fs.FS, u suite.Unit) ([]suite.Declared, error) {
	return testsIn(tree, u.Path)
}

// Locate says nothing: Declared does.
func (goTool) Locate(fs.FS, suite.Unit, string) (string, int) { return "", 0 }

// Typed is the go command for one test, or for a package.
func (goTool) Typed(g suite.Group, u suite.Unit, test string) plan.Command {
	argv := []string{"go", "test", "-count=1", "-vet=off"}
	if test != "" {
		argv = append(argv, "-run", anyName([]string{test}))
	}
	return plan.Command{Argv: append(argv, argument(g.Dir, u.Path))}
}

// MaySkip is always so: a Go test skips itself by a statement.
func (goTool) MaySkip(string) bool { return true }

// parseGo reads the report of a test run. Lines that are no events are noise.
func parseGo(report string) suite.Report {
	r := suite.NewReport()
	builds := map[string]string{}
	built := map[string]string{} // what failed to compile, by package
	var noise strings.Builder
	for line := range strings.Lines(report) {
		var e event
		if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil {
			if noise.Len() < suite.MaxText {
				noise.WriteString(line)
			}
			continue
		}
		switch {
		case e.Action == "build-output":
			builds[e.ImportPath] = suite.Bounded(builds[e.ImportPath], e.Output)
		case e.Package != "":
			take(&r, e)
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

func take(r *suite.Report, e event) {
	u := r.Unit(e.Package)
	if e.Test != "" {
		t := u.Test(e.Test)
		t.Output = suite.Bounded(t.Output, e.Output)
		if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
			t.Parent = e.Test[:i]
			t.Top, _, _ = strings.Cut(e.Test, "/")
		}
		if end := suite.Ending(e.Action); end != "" {
			t.Ended(end)
		}
		return
	}
	u.Output = suite.Bounded(u.Output, e.Output)
	// Older versions of Go say only this of a package that does not compile.
	for _, mark := range []string{"[build failed]", "[setup failed]"} {
		u.Unbuilt = u.Unbuilt || strings.HasPrefix(e.Output, "FAIL\t") && strings.Contains(e.Output, mark)
	}
	if end := suite.Ending(e.Action); end != "" {
		u.Ended(end)
		u.Unbuilt = u.Unbuilt || e.FailedBuild != ""
	}
}

// argument names a package to the go command, relative to its module.
func argument(module, dir string) string {
	if rel := suite.Below(dir, module); rel != "." {
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
