package golang

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/job"
)

func fsOf(f checktest.Files) fstest.MapFS {
	out := fstest.MapFS{}
	for p, text := range f {
		out[p] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestAffected(t *testing.T) {
	before := checktest.Files{
		"go.mod":             "module m // the root\n",
		"root.go":            "package m\n",
		"a/a.go":             "package a\n",
		"b/b.go":             "package b\n\nimport \"m/a\"\n",
		"c/c.go":             "package c\n\nimport \"m/b\"\n",
		"d/d.go":             "package d\n",
		"d/d_test.go":        "package d\n\nimport _ \"m/c\"\n",
		"e/e.go":             "package e\n\nimport \"m/d\"\n",
		"f/f.go":             "package f\n\nimport (\n\t\"fmt\"\n\tother \"other/a\"\n)\n",
		"broken/broken.go":   "package broken\n\nimport \"m/f\"\n\nfunc {",
		"sub/go.mod":         "module \"m/sub\"\n",
		"sub/s.go":           "package sub\n\nimport \"m/a\"\n",
		"vendor/x/x.go":      "package x\n",
		"a/testdata/x.go":    "package x\n\nimport \"m/f\"\n",
		"_old/old.go":        "package old\n\nimport \"m/f\"\n",
		"deep/er/web/app.go": "package web\n",
	}
	gone := before.With(checktest.Files{"a/a.go": ""})
	for _, tt := range []struct {
		name    string
		tree    checktest.Files
		changed []string
		want    []string
	}{
		{"the nearest first: importers, and tests that import them", before, []string{"a/a.go"}, []string{"a", "b", "sub", "c", "d"}},
		{"tests pass nothing on", before, []string{"c/c.go"}, []string{"c", "d"}},
		{"code passes on", before, []string{"d/d.go"}, []string{"d", "e"}},
		{"testdata belongs to its package", before, []string{"a/testdata/x.go"}, []string{"a", "b", "sub", "c", "d"}},
		{"the nearest package around", before, []string{"deep/er/web/static/x.js"}, []string{"deep/er/web"}},
		{"the root package", before, []string{"README.md"}, []string{"."}},
		{"a file that does not parse", before, []string{"f/f.go"}, []string{"f", "broken"}},
		{"versions of the root", before, []string{"go.mod"}, []string{".", "a", "b", "broken", "c", "d", "deep/er/web", "e", "f", "sub"}},
		{"versions of a module", before, []string{"sub/go.sum"}, []string{"sub"}},
		{"vendored code", before, []string{"vendor/x/x.go"}, []string{".", "a", "b", "broken", "c", "d", "deep/er/web", "e", "f", "sub"}},
		{"the workspace", before, []string{"go.work"}, []string{".", "a", "b", "broken", "c", "d", "deep/er/web", "e", "f", "sub"}},
		{"a package that is gone has importers", gone, []string{"a/a.go"}, []string{".", "b", "sub", "c", "d"}},
		{"nothing", before, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now, err := read(fsOf(tt.tree))
			if err != nil {
				t.Fatal(err)
			}
			was, err := read(fsOf(before))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range affected(now, was, tt.changed) {
				got = append(got, p.dir)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestImportPaths(t *testing.T) {
	tr, err := read(fsOf(checktest.Files{
		"go.mod": "// a comment\nmodule example.org/m\n", "x.go": "package m\n", "a/b/x.go": "package b\n",
		"sub/go.mod": "module \"example.org/other\"\n", "sub/x.go": "package o\n", "sub/y/x.go": "package y\n",
		"subother/x.go": "package subother\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{".": "example.org/m", "a/b": "example.org/m/a/b", "sub": "example.org/other", "sub/y": "example.org/other/y", "subother": "example.org/m/subother"}
	if len(tr.packages) != len(want) {
		t.Errorf("%d packages", len(tr.packages))
	}
	for _, p := range tr.packages {
		if p.path != want[p.dir] {
			t.Errorf("%s is %s, want %s", p.dir, p.path, want[p.dir])
		}
	}
}

func TestTestsIn(t *testing.T) {
	tests, err := testsIn(fsOf(checktest.Files{
		"a[1]/a_test.go": "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\nfunc Test(t *testing.T) {}\nfunc FuzzF(f *testing.F) {}\n" +
			"func Testing(t *testing.T) {}\nfunc TestMain(m *testing.M) {}\nfunc TestNone() {}\nfunc (x) TestMethod(t *testing.T) {}\nfunc BenchmarkX(b *testing.B) {}\nfunc ExampleX() {}\n",
		"a[1]/tag_test.go":     "//go:build never\n\npackage a\n\nfunc TestTagged(t *testing.T) {}\n",
		"a[1]/x_plan9_test.go": "package a\n\nfunc TestElsewhere(t *testing.T) {}\n",
		"a[1]/_x_test.go":      "package a\n\nfunc TestIgnored(t *testing.T) {}\n",
		"a[1]/bad_test.go":     "package a\n\nfunc {",
		"a1/a_test.go":         "package a\n\nfunc TestOther(t *testing.T) {}\n",
	}), "a[1]")
	if err != nil {
		t.Fatal(err)
	}
	want := []suite.Declared{{Name: "TestA", File: "a[1]/a_test.go", Line: 5}, {Name: "Test", File: "a[1]/a_test.go", Line: 6}, {Name: "FuzzF", File: "a[1]/a_test.go", Line: 7}}
	if !slices.Equal(tests, want) {
		t.Errorf("got %v, want %v", tests, want)
	}
}

func FuzzParseGo(f *testing.F) {
	f.Add(`{"Action":"fail","Package":"p","Test":"T/x"}` + "\n")
	f.Add(`{"Action":"build-output","ImportPath":"p","Output":"x"}` + "\n" + `{"Action":"fail","Package":"p","FailedBuild":"p"}`)
	f.Add("noise\n{not json}\n")
	f.Fuzz(func(t *testing.T, report string) {
		for _, p := range parseGo(report).Units {
			for _, name := range p.Failures() {
				if p.EndOf(name, nil) != suite.Fail {
					t.Errorf("%q failed and did not end so", name)
				}
			}
		}
	})
}

// A package may take longer than the ten minutes that the go command allows,
// where somebody else bounds it.
func TestTimeout(t *testing.T) {
	for limit, want := range map[int64]bool{0: false, 3_600_000: true} {
		var argv []string
		x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
			argv = c.Argv
			return job.Output{}, nil
		})
		goTool{}.Run(t.Context(), x, suite.Group{Dir: "."}, suite.Order{Tree: t.TempDir(), LimitMS: limit})
		if got := slices.Contains(argv, "-timeout=0"); got != want {
			t.Errorf("limit %d: %q", limit, argv)
		}
	}
}

// laid writes files into a temporary folder.
func laid(t *testing.T, files checktest.Files) string {
	t.Helper()
	dir := t.TempDir()
	for p, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPlan(t *testing.T) {
	test := func(name string) string { return "package " + name + "\n\nimport \"testing\"\n" }
	tests := checktest.Files{
		"go.mod": "module m\n", "a/a.go": "package a\n", "a/a_test.go": test("a"), "b/b.go": "package b\n\nimport \"m/a\"\n", "b/b_test.go": test("b"),
		"plain/p.go": "package plain\n\nimport \"m/a\"\n", "only/only_test.go": test("only"), "sub/go.mod": "module s\n", "sub/s.go": "package s\n", "sub/s_test.go": test("s"),
		"split/one.go": "package split\n", "split/two.go": "package split\n", "split/s_test.go": test("split"),
		"old/old.go": "package old\n", "old/old_test.go": test("old"), "anon/go.mod": "// no name\n", "anon/a.go": "package anon\n", "anon/a_test.go": test("anon"),
	}
	code := tests.With(checktest.Files{
		"old/old.go": "", "new/old.go": "package old\n", "new/old_test.go": test("old"), "help/help.go": test("help"), "mute/help.go": test("mute"),
		"split/one.go": "", "split/two.go": "", "x/one.go": "package x\n", "y/two.go": "package y\n",
	})
	moved := func(from, to string) change.File {
		return change.File{Status: change.Renamed, OldPath: from, Path: to}
	}
	in := suite.Input{
		Tests: laid(t, tests), Code: laid(t, code), Changed: []string{"a/a.go", "only/only_test.go", "sub/s.go", "new/old.go", "anon/a.go", "old/old_test.go"},
		Change: change.Change{Files: []change.File{
			moved("old/old_test.go", "elsewhere/old_test.go"), moved("old/old.go", "new/old.go"), moved("split/one.go", "x/one.go"), moved("split/two.go", "y/two.go"),
			{Status: change.Modified, Path: "help/help.go"},
			{Status: change.Deleted, Path: "mute/help.go"},
			{Status: change.Modified, Path: "a/a.go"},
		}},
	}
	p, err := golang{}.Plan(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range p.Groups {
		for _, u := range g.Units {
			got = append(got, g.Dir+": "+u.ID+" "+strings.Join(u.Files, " "))
		}
	}
	for _, f := range p.Findings {
		got = append(got, f.Rule+" "+f.Path+": "+f.Message)
	}
	got = append(got, p.Broken...)
	slices.Sort(got)
	want := []string{
		".: m/a a/a_test.go", ".: m/b b/b_test.go", ".: m/only only/only_test.go",
		"helper help/help.go: help/help.go helps tests (it imports testing) and changed: the base's tests ran with it as it is now.",
		"package_gone old: The package m/old is gone (moved to new), and its tests at the base ran nowhere.",
		"package_gone split: The package m/split is gone, and its tests at the base ran nowhere.",
		"sub: s sub/s_test.go", "the go.mod above anon names no module",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, broken := range []suite.Input{{Tests: in.Tests, Code: in.Code + "/none"}, {Tests: in.Tests + "/none", Code: in.Code}} {
		if _, err := (golang{}).Plan(t.Context(), broken); err == nil {
			t.Error("a tree that is not there is planned")
		}
	}
}

func TestNamesOfFiles(t *testing.T) {
	for p, want := range map[string]bool{"go.mod": true, "a/go.mod": true, "a/testdata/go.mod": false, "_a/b/go.mod": false, "go.sum": false} {
		if got := (golang{}).Present([]change.Entry{{Path: p, Mode: change.ModeFile}}); got != want {
			t.Errorf("%s: present %v", p, got)
		}
	}
	for p, want := range map[string]bool{"a_test.go": true, "a/testdata/x.json": true, "a.go": false} {
		if got := (golang{}).Material(p); got != want {
			t.Errorf("%s: material %v", p, got)
		}
	}
}
