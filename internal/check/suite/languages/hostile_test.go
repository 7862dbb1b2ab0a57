package languages_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/check/basetests"
	"muster/internal/check/checktest"
	"muster/internal/check/newtests"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// oneOf gives a small tree with tests for each tool that writes to a file or
// to its output, and a change of its code.
func oneOf() map[string][2]checktest.Files {
	return map[string][2]checktest.Files{
		"go":     {{"go.mod": "module m\n", "a.go": "package m\n", "a_test.go": "package m\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n"}, {"a.go": "package m // x\n"}},
		"pytest": {{"a.py": "1\n", "test_a.py": "def test_a(): pass\n"}, {"a.py": "2\n"}},
		"node":   {{"package.json": `{"scripts": {"test": "node --test"}}`, "a.js": "1\n", "a.test.js": "require('node:test')\n"}, {"a.js": "2\n"}},
		"cargo":  {{"Cargo.toml": "[package]\nname = \"a\"\n", "src/lib.rs": "// a\n"}, {"src/lib.rs": "// b\n"}},
		"mvn":    {{"pom.xml": "<project/>", "src/main/java/A.java": "1\n", "src/test/java/ATest.java": "1\n"}, {"src/main/java/A.java": "2\n"}},
	}
}

// Whatever a test program does instead of reporting, nothing passes.
func TestNothingPassesWithoutAReport(t *testing.T) {
	for name, do := range map[string]func(tree string) (job.Output, error){
		"never ends":   func(string) (job.Output, error) { return job.Output{Code: -1, TimedOut: true}, nil },
		"is killed":    func(string) (job.Output, error) { return job.Output{Code: -1, Signal: "SIGKILL"}, nil },
		"says nothing": func(string) (job.Output, error) { return job.Output{Code: 1}, nil },
		"prints forever": func(string) (job.Output, error) {
			return job.Output{Code: 1, Stdout: strings.Repeat("x\n", 1<<20), Capped: true}, nil
		},
		"is not there":   func(string) (job.Output, error) { return job.Output{Code: 127, Stderr: "not found"}, nil },
		"removes itself": func(tree string) (job.Output, error) { return job.Output{Code: 1}, os.RemoveAll(tree) },
		"reports nothing": func(tree string) (job.Output, error) {
			return job.Output{Code: 1}, os.WriteFile(filepath.Join(tree, ".muster-report"), nil, 0o600)
		},
		"reports rubbish": func(tree string) (job.Output, error) {
			return job.Output{Code: 1}, os.WriteFile(filepath.Join(tree, ".muster-report"), []byte("\xff<{["), 0o600)
		},
		"reports a folder": func(tree string) (job.Output, error) {
			return job.Output{Code: 1}, os.Mkdir(filepath.Join(tree, ".muster-report"), 0o700)
		},
		"reports a link": func(tree string) (job.Output, error) {
			return job.Output{Code: 1}, os.Symlink("/etc/passwd", filepath.Join(tree, ".muster-report"))
		},
		"reports too much": func(tree string) (job.Output, error) {
			f, err := os.Create(filepath.Join(tree, ".muster-report"))
			if err != nil {
				return job.Output{}, err
			}
			defer func() { _ = f.Close() }() // the file is sparse and thrown away
			return job.Output{Code: 1}, f.Truncate(1 << 40)
		},
	} {
		for tool, files := range oneOf() {
			t.Run(name+"/"+tool, func(t *testing.T) {
				t.Parallel()
				trees := checktest.New(t, map[string]checktest.Files{"base": files[0], "head": files[0].With(files[1])})
				x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
					if strings.Contains(strings.Join(c.Argv, " "), "find_spec") {
						return job.Output{}, nil // pytest is there
					}
					return do(c.Dir)
				})
				got := checktest.Run(t, basetests.New(), trees, x, checktest.Request(evidence.OfTask))
				if got.Status != evidence.CouldNot || got.Why == "" || len(got.Findings) > 0 {
					t.Errorf("%s: %s, %q", got.Status, got.Why, briefly(got))
				}
			})
		}
	}
}

// A tool that ends with success and reports nothing is compared with the base,
// and does not pass when the base cannot be told either.
func TestSuccessWithoutAReport(t *testing.T) {
	for tool, files := range oneOf() {
		trees := checktest.New(t, map[string]checktest.Files{"base": files[0], "head": files[0].With(files[1])})
		n := 0
		x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
			if n++; strings.Contains(strings.Join(c.Argv, " "), "find_spec") {
				return job.Output{}, nil
			}
			return job.Output{}, nil
		})
		got := checktest.Run(t, basetests.New(), trees, x, checktest.Request(evidence.OfTask))
		if got.Status == evidence.Passed && len(got.NotRun) == 0 || n > 10 {
			t.Errorf("%s: %s: %s, %q, %d commands", tool, got.Status, got.Why, got.NotRun, n)
		}
	}
}

// Trees that are odd, and not wrong.
func TestOddTrees(t *testing.T) {
	needs(t, "go")
	loop := checktest.Files{
		"go.mod": "module m\n", "a/a.go": "package a\n", "a/a_test.go": "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n", "a/loop": checktest.Link("."), "b": checktest.Link("b"),
		"testdata/up": checktest.Link("../.."), "sub": checktest.Submodule(strings.Repeat("1", 40)), "pom.xml": checktest.Link("pom.xml"), "package.json": "\xff\x00{", "x.test.js": "\xff",
	}
	for name, tt := range map[string]struct {
		base, head checktest.Files
		want       evidence.Status
	}{
		"loops of links": {loop, loop.With(checktest.Files{"a/a.go": "package a // x\n"}), evidence.Passed},
		"no base":        {checktest.Files{}, loop, evidence.Skipped},
		"no head":        {loop, checktest.Files{}, evidence.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": tt.base, "head": tt.head})
			got := checktest.Run(t, basetests.New(), trees, &checktest.OSExec{}, checktest.Request(evidence.OfTask))
			if got.Status != tt.want {
				t.Errorf("%s: %s %q %q", got.Status, got.Why, briefly(got), got.NotRun)
			}
			got = checktest.Run(t, newtests.New(), trees, &checktest.OSExec{}, checktest.Request(evidence.OfTask))
			if got.Status == evidence.Failed || got.Status == evidence.CouldNot {
				t.Errorf("newtests is %s: %s", got.Status, got.Why)
			}
		})
	}
}

// A test that writes outside its tree, or starts what outlives it, is the
// sandbox's matter: here only that its report counts and nothing hangs.
func TestManyTests(t *testing.T) {
	needs(t, "node")
	var b strings.Builder
	b.WriteString("const test = require('node:test');\n")
	for i := range 300 {
		fmt.Fprintf(&b, "test('t%d', () => { console.log('x'.repeat(2000)); require('./a.js')(); });\n", i)
	}
	base := checktest.Files{"package.json": `{"scripts": {"test": "node --test"}}`, "a.js": "module.exports = () => {};\n", "a.test.js": b.String()}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a.js": "module.exports = () => { throw new Error('no'); };\n"})})
	got := checktest.Run(t, basetests.New(), trees, &checktest.OSExec{}, checktest.Request(evidence.OfTask))
	if got.Status != evidence.Failed || len(got.Findings) != 101 {
		t.Errorf("%s: %s, %d findings", got.Status, got.Why, len(got.Findings))
	}
}
