package build

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

// compiler stands in for every build command: it fails where a file named
// "broken" is, with the file's content, and cannot run where "absent" is. The
// battery's tests use the real one.
func compiler(_ context.Context, c job.Command) (job.Output, error) {
	if _, err := os.Stat(c.Dir); err != nil {
		return job.Output{}, err // as for any program in a folder that is not there
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "absent")); err == nil {
		return job.Output{Code: 127, Stderr: "go: not found"}, nil
	}
	text, err := os.ReadFile(filepath.Join(c.Dir, "broken"))
	if err == nil && c.Argv[1] != "setup" {
		return job.Output{Code: 1, Stderr: "# in " + c.Dir + "\n" + string(text)}, nil
	}
	return job.Output{}, nil
}

func TestBuild(t *testing.T) {
	goMod := "module m\n"
	configured := []plan.Command{{Argv: []string{"make", "setup"}}, {Argv: []string{"make", "all"}}}
	tests := []struct {
		name       string
		base, head checktest.Files
		commands   []plan.Command
		status     evidence.Status
		why        string
		reproduce  []string
	}{
		{"builds", checktest.Files{"go.mod": goMod}, checktest.Files{"go.mod": goMod, "a": "1"}, nil, evidence.Passed, "", nil},
		{"breaks", checktest.Files{"go.mod": goMod}, checktest.Files{"go.mod": goMod, "broken": "./a.go:3:1: undefined: x"}, nil, evidence.Failed, "", []string{"go build ./..."}},
		{"was broken", checktest.Files{"go.mod": goMod, "broken": "x"}, checktest.Files{"go.mod": goMod, "broken": "y"}, nil, evidence.CouldNot, "the base does not build either", nil},
		{"was broken, and its go.mod changed", checktest.Files{"go.mod": goMod, "broken": "x"}, checktest.Files{"go.mod": goMod + "// more\n", "broken": "x"}, nil, evidence.CouldNot, "the base does not build either", nil},
		{"is mended", checktest.Files{"go.mod": goMod, "broken": "x"}, checktest.Files{"go.mod": goMod}, nil, evidence.Passed, "", nil},
		{"no compiler", checktest.Files{"go.mod": goMod}, checktest.Files{"go.mod": goMod, "absent": "1"}, nil, evidence.CouldNot, "go: not found", nil},
		{"no compiler at the base", checktest.Files{"go.mod": goMod, "absent": "1"}, checktest.Files{"go.mod": goMod, "broken": "y"}, nil, evidence.CouldNot, "at the base, go build", nil},
		{"nothing to build", checktest.Files{"a": "1"}, checktest.Files{"a": "2"}, nil, evidence.Skipped, "nothing to build", nil},
		{"a nested module breaks", checktest.Files{"go.mod": goMod, "s b/go.mod": goMod}, checktest.Files{"go.mod": goMod, "s b/go.mod": goMod, "s b/broken": "x.go:1:1: y"}, nil, evidence.Failed, "", []string{"cd 's b' && go build ./..."}},
		{"a new module breaks", checktest.Files{"go.mod": goMod}, checktest.Files{"go.mod": goMod, "sub/go.mod": goMod, "sub/broken": "x"}, nil, evidence.Failed, "", []string{"cd sub && go build ./..."}},
		{"a module that moved breaks", checktest.Files{"go.mod": goMod, "old/go.mod": "module s\n"}, checktest.Files{"go.mod": goMod, "sub/go.mod": "module s\n", "sub/broken": "x"}, nil, evidence.Failed, "", []string{"cd sub && go build ./..."}},
		{"ignored folders", checktest.Files{"a": "1"}, checktest.Files{"testdata/go.mod": goMod, "vendor/x/go.mod": goMod, "_y/go.mod": goMod, ".z/go.mod": goMod}, nil, evidence.Skipped, "nothing to build", nil},
		{"one breaks, one was broken", checktest.Files{"a/go.mod": goMod, "b/go.mod": goMod, "b/broken": "x"}, checktest.Files{"a/go.mod": goMod, "a/broken": "y", "b/go.mod": goMod, "b/broken": "x"}, nil, evidence.Failed, "", []string{"cd a && go build ./..."}},
		{"configured, builds", checktest.Files{"a": "1"}, checktest.Files{"a": "2"}, configured, evidence.Passed, "", nil},
		{"configured, breaks", checktest.Files{"a": "1"}, checktest.Files{"a": "2", "broken": "x"}, configured, evidence.Failed, "", []string{"make all"}},
		{"configured, was broken", checktest.Files{"broken": "1"}, checktest.Files{"broken": "2"}, configured, evidence.CouldNot, "the base does not build either", nil},
		{"configured instead of detected", checktest.Files{"go.mod": goMod, "sub/go.mod": goMod}, checktest.Files{"go.mod": goMod, "sub/go.mod": goMod, "sub/broken": "x"}, configured, evidence.Passed, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": tt.base, "head": tt.head})
			req := checktest.Request(evidence.OfTask)
			req.Build = tt.commands
			got := checktest.Run(t, New(), trees, checktest.ExecFunc(compiler), req)
			var reproduce []string
			for _, f := range got.Findings {
				if f.Rule == "module_gone" { // see TestModuleGone
					continue
				}
				reproduce = append(reproduce, f.Reproduce)
				if f.Level != evidence.Gate || f.Grade != evidence.Verified {
					t.Errorf("%+v", f)
				}
			}
			if got.Status != tt.status || !strings.Contains(got.Why, tt.why) || !slices.Equal(reproduce, tt.reproduce) {
				t.Errorf("%s (%s), %q", got.Status, got.Why, reproduce)
			}
		})
	}
}

func TestWhereItBreaks(t *testing.T) {
	mod := checktest.Files{"sub/go.mod": "module m\n"}
	at := func(text string) evidence.Finding {
		trees := checktest.New(t, map[string]checktest.Files{"base": mod, "head": mod.With(checktest.Files{"sub/broken": text})})
		return checktest.Run(t, New(), trees, checktest.ExecFunc(compiler), checktest.Request(evidence.OfTask)).Findings[0]
	}
	f := at("./x/a.go:12:5: undefined: foo\n./x/b.go:3:1: undefined: bar\n")
	if f.Path != "sub/x/a.go" || f.StartLine != 12 || !strings.Contains(f.Detail, "# in .\n") {
		t.Errorf("%s:%d %q", f.Path, f.StartLine, f.Detail)
	}
	if moved := at("./x/b.go:33:1: undefined: bar\n./x/a.go:92:5: undefined: foo\n"); moved.Detail == f.Detail {
		t.Error("the test does not test")
	}
	if same := at("./x/a.go:99:5: undefined: foo\n./x/b.go:4:1: undefined: bar\n"); same.Fingerprint != f.Fingerprint {
		t.Error("the fingerprint moved with the lines")
	}
	if other := at("./x/a.go:12:5: undefined: other\n"); other.Fingerprint == f.Fingerprint {
		t.Error("another mistake has the same fingerprint")
	}
}

// Taking a module away must not make the build pass unseen, and points only:
// what needs the build still runs.
func TestModuleGone(t *testing.T) {
	base := checktest.Files{"go.mod": "module m\n", "sub/go.mod": "module s\n", "testdata/go.mod": "module t\n"}
	for name, tt := range map[string]struct {
		head checktest.Files
		want []string
	}{
		"all":     {checktest.Files{"a": "1"}, []string{"go.mod", "sub/go.mod"}},
		"one":     {base.With(checktest.Files{"sub/go.mod": ""}), []string{"sub/go.mod"}},
		"renamed": {base.With(checktest.Files{"sub/go.mod": "", "new/go.mod": "module s\n"}), []string{"sub/go.mod"}},
		"ignored": {base.With(checktest.Files{"testdata/go.mod": ""}), nil},
		"a link":  {base.With(checktest.Files{"sub/go.mod": checktest.Link("x")}), []string{"sub/go.mod"}},
	} {
		t.Run(name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": tt.head})
			got := checktest.Run(t, New(), trees, checktest.ExecFunc(compiler), checktest.Request(evidence.OfTask))
			var paths []string
			for _, f := range got.Findings {
				paths = append(paths, f.Path)
				if f.Rule != "module_gone" || f.Level != evidence.Locator || !strings.HasSuffix(f.Reproduce, "base head -- "+f.Path) {
					t.Errorf("%+v", f)
				}
			}
			if !slices.Equal(paths, tt.want) || (got.Status == evidence.Failed) != (tt.want != nil) {
				t.Errorf("%s: %q", got.Status, paths)
			}
		})
	}
}

func TestNothingChanged(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"go.mod": "module m\n"}})
	req := checktest.Request(evidence.OfTask)
	req.Head = req.Base
	if got := checktest.Run(t, New(), trees, checktest.NoExec(t), req); got.Status != evidence.Skipped {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

func TestNoFolder(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"go.mod": "module m\n"}})
	if got := checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask)); got.Status != evidence.CouldNot {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

func TestSettings(t *testing.T) {
	checktest.WantSettings(t, New(), evidence.Request{},
		evidence.Request{Build: []plan.Command{{Argv: []string{"make"}}}}, evidence.Request{Env: []string{"A=1"}})
}

// A message names the module, unless it is the whole tree.
func TestMessageNamesTheModule(t *testing.T) {
	for dir, want := range map[string]string{"": "The change does not build: go build ./... fails", "s b/": "the module in s b: The change does not build"} {
		base := checktest.Files{dir + "go.mod": "module m\n"}
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{dir + "broken": "x"})})
		got := checktest.Run(t, New(), trees, checktest.ExecFunc(compiler), checktest.Request(evidence.OfTask))
		if len(got.Findings) != 1 || !strings.HasPrefix(got.Findings[0].Message, want) {
			t.Errorf("%q: %+v", dir, got.Findings)
		}
	}
}

// A tree that cannot be laid out, at the base alone or at all.
func TestCannotBeLaidOut(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"head": {"broken": "x"}})
	req := checktest.Request(evidence.OfTask)
	req.Build = []plan.Command{{Argv: []string{"make", "all"}}}
	if got := checktest.Run(t, New(), trees, checktest.ExecFunc(compiler), req); got.Status != evidence.CouldNot || !strings.Contains(got.Why, "no tree base") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	if units, err := unitsOf(evidence.Request{}, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Errorf("a folder that is not there gives %v", units)
	}
}
