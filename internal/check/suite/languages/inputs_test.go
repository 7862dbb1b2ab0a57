package languages_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/basetests"
	"muster/internal/check/checktest"
	"muster/internal/check/newtests"
	"muster/internal/check/suite/languages"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/slowtest"
)

// keep judges twice with one cache: a change, and the same change in trees
// that differ from the first by more. It reports whether the second result is
// the first one's.
func keep(t *testing.T, base, change, more checktest.Files) bool {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{
		"base": base, "head": base.With(change), "base2": base.With(more), "head2": base.With(more).With(change),
	})
	// A package passes whatever is in it.
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		var out strings.Builder
		for _, a := range c.Argv[4:] {
			pkg := strings.TrimSuffix("m/"+strings.TrimPrefix(strings.TrimPrefix(a, "."), "/"), "/")
			out.WriteString(`{"Action":"pass","Package":"` + pkg + `","Test":"TestA"}` + "\n" + `{"Action":"pass","Package":"` + pkg + `"}` + "\n")
		}
		return job.Output{Stdout: out.String()}, nil
	})
	checks := []check.Check{checktest.Stub{Name: "build"}, basetests.New(), newtests.New()}
	r := check.New(check.Tools{Trees: trees, Exec: x, Cache: &checktest.Cache{}}, checks, 1)
	var last evidence.Evidence
	for _, side := range []string{"", "2"} {
		req := checktest.Request(evidence.OfRange)
		req.Base.Tree, req.Head.Tree = "base"+side, "head"+side
		var err error
		if last, err = r.Judge(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		for _, res := range last.Results[1:] {
			if res.Status != evidence.Passed {
				t.Fatalf("%s is %s: %s", res.Check, res.Status, res.Why)
			}
		}
	}
	if last.Results[1].Cached != last.Results[2].Cached {
		t.Errorf("base %v, new %v", last.Results[1].Cached, last.Results[2].Cached)
	}
	return last.Results[1].Cached
}

// A machine without a go command cannot tell which one was used.
func withGo(t *testing.T, version string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"bin/go": "#!/bin/sh\n", "VERSION": version} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil { //nolint:gosec // a program is executable
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "bin"))
}

func TestResultsAreKeptWhereNothingTestsReadDiffers(t *testing.T) {
	slowtest.Only(t)
	withGo(t, "go1.26")
	test := "package x\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n"
	base := checktest.Files{
		"go.mod": "module m\n", "a/a.go": "package x\n\nimport _ \"m/dep\"\n", "a/a_test.go": test, "a/testdata/in": "1",
		"dep/dep.go": "package dep\n", "far/far.go": "package far\n", "far/far_test.go": test, "helper/helper.go": "package helper\n", "doc.txt": "x\n",
	}
	change := checktest.Files{"a/a.go": "package x\n\nimport _ \"m/dep\"\n\nvar X = 1\n", "a/new_test.go": strings.Replace(test, "TestA", "TestNew", 1)}
	for _, tt := range []struct {
		name string
		base checktest.Files // beside what is above
		more checktest.Files
		want bool
	}{
		{"another package", nil, checktest.Files{"far/far.go": "package far // more\n"}, true},
		{"prose", nil, checktest.Files{"doc.txt": "y\n"}, true},
		{"a new package that imports nothing", nil, checktest.Files{"new/new.go": "package new\n"}, true},
		{"a new package that imports the changed one", nil, checktest.Files{"new/new.go": "package new\n\nimport _ \"m/a\"\n"}, false},
		{"a package that is imported", nil, checktest.Files{"dep/dep.go": "package dep // more\n"}, false},
		{"a package that tests import", checktest.Files{"a/b_test.go": strings.Replace(test, "import \"testing\"", "import _ \"m/helper\"", 1)}, checktest.Files{"helper/helper.go": "package helper // more\n"}, false},
		{"test data", nil, checktest.Files{"a/testdata/in": "2"}, false},
		{"a file below the package", nil, checktest.Files{"a/deep/x": "2"}, false},
		{"versions", nil, checktest.Files{"go.mod": "module m\n\ngo 1.26\n"}, false},
		{"vendored code", nil, checktest.Files{"vendor/x/x.go": "package x\n"}, false},
		{"tests read a folder above", checktest.Files{"a/b_test.go": test + "\nvar _ = \"../doc.txt\"\n"}, checktest.Files{"doc.txt": "y\n"}, false},
		{"tests read from where they stand", checktest.Files{"dep/x.go": "package dep\n\nimport \"os\"\n\nvar D, _ = os.Getwd()\n"}, checktest.Files{"doc.txt": "y\n"}, false},
		{"tests start programs", checktest.Files{"a/b_test.go": "package x\n\nimport _ \"os/exec\"\n"}, checktest.Files{"doc.txt": "y\n"}, false},
		{"a link in the package", checktest.Files{"a/link": checktest.Link("../doc.txt")}, checktest.Files{"doc.txt": "y\n"}, false},
		{"a module that is replaced by a folder", checktest.Files{"go.mod": "module m\n\nreplace x => ./far\n"}, checktest.Files{"far/far.go": "package far // more\n"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := keep(t, base.With(tt.base), change, tt.more); got != tt.want {
				t.Errorf("kept: %v", got)
			}
		})
	}
}

// inputsOf gives what the tests of a change depend on.
func inputsOf(t *testing.T, base checktest.Files, links ...evidence.Link) any {
	t.Helper()
	var out any
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a.go": "package m // x\n"})})
	req := checktest.Request(evidence.OfTask)
	req.Links = links
	checktest.Run(t, checktest.Stub{Name: "probe", Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
		var err error
		if out, err = languages.Inputs(ctx, s); err != nil {
			t.Error(err)
		}
		return check.Judged(nil)
	}}, trees, checktest.NoExec(t), req)
	return out
}

func TestInputsThatCannotBeTold(t *testing.T) {
	base := checktest.Files{"go.mod": "module m\n", "a.go": "package m\n", "a_test.go": "package m\n"}
	withGo(t, "go1.26")
	old := inputsOf(t, base)
	withGo(t, "go1.27")
	if now := inputsOf(t, base); old == nil || now == nil || reflect.DeepEqual(old, now) {
		t.Errorf("%v and %v", old, now)
	}
	if inputsOf(t, base.With(checktest.Files{"test_x.py": "x\n"})) != nil {
		t.Error("with Python's tests")
	}
	if inputsOf(t, checktest.Files{"test_x.py": "x\n", "a.go": "package m\n"}) != nil {
		t.Error("with Python's tests alone")
	}
	if inputsOf(t, base, evidence.Link{From: "/x", To: "y"}) != nil {
		t.Error("with a link")
	}
	t.Setenv("PATH", t.TempDir())
	if inputsOf(t, base) != nil {
		t.Error("without a go command")
	}
}
