package golang

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// withGo makes a go command of a version, and gives the setting of PATH by
// which it is found behind folders that hold none.
func withGo(t *testing.T, version string) string {
	t.Helper()
	bin, without, folder, plain := t.TempDir()+"/bin", t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{bin, folder + "/go"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for at, mode := range map[string]os.FileMode{bin + "/go": 0o700, bin + "/../VERSION": 0o600, plain + "/go": 0o600} {
		if err := os.WriteFile(at, []byte(version), mode); err != nil {
			t.Fatal(err)
		}
	}
	return "PATH=" + strings.Join([]string{without, folder, plain, bin}, string(filepath.ListSeparator))
}

func TestToolchain(t *testing.T) {
	env := withGo(t, "go1.26")
	t.Setenv("PATH", t.TempDir())
	if got := toolchain([]string{"A=b", env}); !strings.HasSuffix(got, "\ngo1.26") || !strings.Contains(got, "/bin/go\n6\n") {
		t.Errorf("%q", got)
	}
	if got := toolchain([]string{withGo(t, strings.Repeat("v", 2<<10))}); !strings.HasSuffix(got, "UTC\n") {
		t.Errorf("a version that is none: %q", got)
	}
	if got := toolchain(nil); got != "" {
		t.Errorf("without a go command: %q", got)
	}
}

// another is a language whose tests are files of Python.
type another struct{ suite.Language }

func (another) Present(entries []change.Entry) bool {
	return suite.AnyFile(entries, func(p string) bool { return strings.HasSuffix(p, ".py") })
}

func inputsOf(t *testing.T, trees check.Trees, req evidence.Request) (any, error) {
	t.Helper()
	var out any
	var failed error
	checktest.Run(t, checktest.Stub{Name: "probe", Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
		out, failed = Inputs(ctx, s, []suite.Language{another{}})
		return check.Judged(nil)
	}}, trees, checktest.NoExec(t), req)
	return out, failed
}

const testOfX = "package x\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n"

var inputsBase = checktest.Files{
	"go.mod": "module m\n", "a/a.go": "package x\n\nimport _ \"m/dep\"\n", "a/a_test.go": testOfX,
	"dep/dep.go": "package dep\n", "far/far.go": "package far\n", "helper/helper.go": "package helper\n", "doc.txt": "x\n",
}

// A result holds for other trees exactly where nothing differs that the tests
// can read.
func TestInputs(t *testing.T) {
	env := withGo(t, "go1.26")
	edit := checktest.Files{"a/a.go": "package x\n\nimport _ \"m/dep\"\n\nvar X = 1\n"}
	of := func(t *testing.T, base, head checktest.Files) any {
		t.Helper()
		req := checktest.Request(evidence.OfTask)
		req.Env = []string{env}
		got, err := inputsOf(t, checktest.New(t, map[string]checktest.Files{"base": base, "head": head}), req)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, tt := range []struct {
		name string
		base checktest.Files // beside inputsBase
		more checktest.Files // in which other trees differ
		want bool            // the same inputs
	}{
		{"another package", nil, checktest.Files{"far/far.go": "package far // more\n"}, true},
		{"another package that reaches out", nil, checktest.Files{"far/far.go": "package far\n\nimport _ \"os/exec\"\n"}, true},
		{"prose", nil, checktest.Files{"doc.txt": "y\n"}, true},
		{"a link elsewhere", nil, checktest.Files{"far/link": checktest.Link("../doc.txt")}, true},
		{"a package that is imported", nil, checktest.Files{"dep/dep.go": "package dep // more\n"}, false},
		{"a package that tests import", checktest.Files{"a/b_test.go": "package x\n\nimport _ \"m/helper\"\n"}, checktest.Files{"helper/helper.go": "package helper // more\n"}, false},
		{"packages that import each other", checktest.Files{"dep/dep.go": "package dep\n\nimport _ \"m/a\"\n"}, checktest.Files{"doc.txt": "y\n"}, true},
		{"versions", nil, checktest.Files{"go.mod": "module m\n\ngo 1.26\n"}, false},
		{"vendored code", nil, checktest.Files{"vendor/x/x.go": "package x\n"}, false},
		{"a path of another module in the folder", checktest.Files{"dep/go.mod": "module other\n"}, checktest.Files{"dep/dep.go": "package dep // more\n"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := inputsBase.With(tt.base)
			one, two := of(t, base, base.With(edit)), of(t, base.With(tt.more), base.With(tt.more).With(edit))
			if one == nil || two == nil || reflect.DeepEqual(one, two) != tt.want {
				t.Errorf("%+v\n%+v", one, two)
			}
		})
	}
	for name, files := range map[string]checktest.Files{
		"a folder above":                         {"a/b_test.go": testOfX + "\nvar _ = \"../doc.txt\"\n"},
		"a program is started":                   {"dep/x.go": "package dep\n\nimport _ \"os/exec\"\n"},
		"a file too large to look at":            {"a/big.go": "package x\n" + strings.Repeat("// more\n", 2<<20)},
		"a link in the package":                  {"a/link": checktest.Link("../doc.txt")},
		"a module that is replaced by a folder":  {"go.mod": "module m\n\nreplace x => ./far\n"},
		"a workspace with a replacement":         {"go.work": "replace x => ./far\n"},
		"tests of another language, and of Go":   {"test_x.py": "x\n"},
		"tests of another language alone, no Go": {"test_x.py": "x\n", "go.mod": ""},
		"no Go":                                  {"go.mod": ""},
	} {
		t.Run(name, func(t *testing.T) {
			base := inputsBase.With(files)
			if got := of(t, base, base.With(edit)); got != nil {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := of(t, inputsBase.With(checktest.Files{"a/b_test.go": testOfX + "\nvar _ = \"../doc.txt\"\n"}), inputsBase.With(edit)); got != nil {
		t.Errorf("the base alone reaches out: %+v", got)
	}
}

func TestInputsUntold(t *testing.T) {
	trees := func() *checktest.Trees {
		return checktest.New(t, map[string]checktest.Files{"base": inputsBase, "head": inputsBase.With(checktest.Files{"a/a.go": "package x\n"})})
	}
	t.Setenv("PATH", t.TempDir())
	env := withGo(t, "go1.26")
	for _, tt := range []struct {
		name  string
		trees check.Trees
		env   []string
		links []evidence.Link
		fails bool
	}{
		{"without a go command", trees(), nil, nil, false},
		{"with a link", trees(), []string{env}, []evidence.Link{{From: "/x", To: "y"}}, false},
		{"the base cannot be listed", partly{trees(), "list base"}, []string{env}, nil, true},
		{"the head cannot be listed", partly{trees(), "list head"}, []string{env}, nil, true},
		{"the base cannot be laid out", partly{trees(), "lease base"}, []string{env}, nil, true},
		{"the head cannot be laid out", partly{trees(), "lease head"}, []string{env}, nil, true},
		{"the folder is gone", partly{trees(), "lose head"}, []string{env}, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfTask)
			req.Env, req.Links = tt.env, tt.links
			if got, err := inputsOf(t, tt.trees, req); got != nil || (err != nil) != tt.fails {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// partly are trees of which one call fails.
type partly struct {
	*checktest.Trees

	call string
}

func (p partly) List(ctx context.Context, tree string) ([]change.Entry, error) {
	if p.call == "list "+tree {
		return nil, errors.New("disk on fire")
	}
	return p.Trees.List(ctx, tree)
}

func (p partly) Lease(ctx context.Context, tree string) (string, func(), error) {
	switch p.call {
	case "lease " + tree:
		return "", nil, errors.New("disk on fire")
	case "lose " + tree:
		return "/nowhere/at/all", func() {}, nil
	}
	return p.Trees.Lease(ctx, tree)
}
