package basetests

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/plan"
)

// maxOutput bounds what is kept of one test run. A run that prints more
// cannot be judged, since the middle of its report is missing.
const maxOutput = 64 << 20

// outcome is how a test or a package ended; "" when it did not.
type outcome string

const (
	pass outcome = "pass"
	fail outcome = "fail"
	skip outcome = "skip"
)

// testRun is what one "go test -json" said.
type testRun struct {
	packages map[string]*pkgRun // by import path
	noise    string             // what was not part of the report
}

type pkgRun struct {
	end      outcome
	unbuilt  bool                // it, or something it needs, does not compile
	tests    map[string]*oneTest // by name, subtests as Parent/Child
	output   string              // of the package itself, or of the compiler
	building string              // what failed to compile
}

type oneTest struct {
	end    outcome
	output string
}

// event is one line of "go test -json" (see "go doc test2json").
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	FailedBuild string
}

// maxText bounds the output kept of one test.
const maxText = 64 << 10

// parse reads the report of a test run. Lines that are no events are noise.
func parse(report string) testRun {
	run := testRun{packages: map[string]*pkgRun{}}
	builds := map[string]string{}
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
			run.take(e)
		}
	}
	for _, p := range run.packages {
		if p.unbuilt && builds[p.building] != "" {
			p.output = builds[p.building]
		}
	}
	run.noise = noise.String()
	return run
}

func (r *testRun) take(e event) {
	p := r.packages[e.Package]
	if p == nil {
		p = &pkgRun{tests: map[string]*oneTest{}}
		r.packages[e.Package] = p
	}
	if e.Test != "" {
		t := p.tests[e.Test]
		if t == nil {
			t = &oneTest{}
			p.tests[e.Test] = t
		}
		t.output = bounded(t.output, e.Output)
		if end := ending(e.Action); end != "" {
			t.end = end
		}
		return
	}
	p.output = bounded(p.output, e.Output)
	// Older versions of Go say only this of a package that does not compile.
	for _, mark := range []string{"[build failed]", "[setup failed]"} {
		p.unbuilt = p.unbuilt || strings.HasPrefix(e.Output, "FAIL\t") && strings.Contains(e.Output, mark)
	}
	if end := ending(e.Action); end != "" {
		p.end = end
		if e.FailedBuild != "" {
			p.unbuilt, p.building = true, e.FailedBuild
		}
	}
}

func ending(action string) outcome {
	if o := outcome(action); o == pass || o == fail || o == skip {
		return o
	}
	return ""
}

func bounded(text, more string) string {
	if len(text)+len(more) > maxText {
		return text
	}
	return text + more
}

// failures gives the tests that failed without a failing subtest, in order: a
// test whose subtest fails fails for that reason alone.
func (p *pkgRun) failures() []string {
	var out []string
	for name, t := range p.tests {
		if t.end == fail {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Clone(out), func(name string) bool {
		return slices.ContainsFunc(out, func(other string) bool { return strings.HasPrefix(other, name+"/") })
	})
}

// endOf gives how a test ended, or the nearest test around it that did: which
// subtests there are may depend on the code.
func (p *pkgRun) endOf(name string) outcome {
	for p != nil {
		if t := p.tests[name]; t != nil && t.end != "" {
			return t.end
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			break
		}
		name = name[:i]
	}
	return ""
}

func topOf(name string) string {
	top, _, _ := strings.Cut(name, "/")
	return top
}

// goTest runs the tests of packages of one module. dir is the folder of a
// tree. The pattern picks tests by name; empty means all. why says why there
// is no report.
func goTest(ctx context.Context, x check.Exec, dir string, packages []*gopkg, r request) (run testRun, why string) {
	argv := []string{"go", "test", "-json", "-count=1", "-vet=off"}
	if r.pattern != "" {
		argv = append(argv, "-run", r.pattern)
	}
	module := packages[0].module
	for _, p := range packages {
		argv = append(argv, argument(module, p.dir))
	}
	c := check.Command(plan.Command{Argv: argv}, path.Join(dir, module), r.env)
	c.OutputCap = maxOutput
	ran := check.Do(ctx, x, c)
	switch {
	case ran.Why != "":
		return run, ran.Why
	case ran.Output.Capped:
		return run, "the tests print more than can be kept, so their report is incomplete"
	}
	run = parse(ran.Output.Stdout)
	run.noise = check.Relative(run.noise+ran.Output.Stderr, path.Join(dir, module), dir)
	for _, p := range packages {
		if got := run.packages[p.path]; got == nil || got.end == "" {
			return run, "go test did not report on " + check.ShowPath(p.dir) + ": " + check.Clip(strings.TrimSpace(run.noise), 500)
		}
	}
	return run, ""
}

// request says what of the packages is run, and with what environment.
type request struct {
	pattern string
	env     []string
}

// argument names a package to the go command, relative to its module.
func argument(module, dir string) string {
	if dir == module {
		return "."
	}
	if module == "." {
		return "./" + dir
	}
	return "./" + strings.TrimPrefix(dir, module+"/")
}
