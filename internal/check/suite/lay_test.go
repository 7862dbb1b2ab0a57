package suite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/change"
)

// isMaterial is what test material is here.
func isMaterial(p string) bool {
	return strings.HasSuffix(p, "_test.go") || strings.Contains("/"+p, "/testdata/")
}

func TestLayTests(t *testing.T) {
	base := checktest.Files{
		"a/a.go": "base", "a/a_test.go": "base", "a/b_test.go": "base", "a/testdata/x": "base", "a/testdata/link": checktest.Link("x"),
		"gone/g_test.go": "base", "dir/d_test.go": "base", "same/s_test.go": "same", "file_test.go": "base", "one/two/three/x_test.go": "base",
	}
	for _, tt := range []struct {
		name string
		head checktest.Files
		want checktest.Files // what the head holds afterwards, in what it changed
		left []string
	}{
		{"edited", checktest.Files{"a/a.go": "head", "a/a_test.go": "head", "a/testdata/x": "head"}, checktest.Files{"a/a.go": "head", "a/a_test.go": "base", "a/testdata/x": "base"}, nil},
		{"added", checktest.Files{"a/new_test.go": "head", "a/testdata/new": "head"}, checktest.Files{"a/new_test.go": "", "a/testdata/new": ""}, nil},
		{"deleted", checktest.Files{"a/a_test.go": "", "gone/g_test.go": ""}, checktest.Files{"a/a_test.go": "base", "gone/g_test.go": "base"}, nil},
		{"deleted with folders", checktest.Files{"one/two/three/x_test.go": ""}, checktest.Files{"one/two/three/x_test.go": "base"}, nil},
		{"renamed", checktest.Files{"gone/g_test.go": "", "else/g_test.go": "base"}, checktest.Files{"gone/g_test.go": "base", "else/g_test.go": ""}, nil},
		{"renamed to no test", checktest.Files{"gone/g_test.go": "", "gone/g.go": "base"}, checktest.Files{"gone/g_test.go": "base", "gone/g.go": "base"}, nil},
		{"a link of the base", checktest.Files{"a/testdata/link": "a file now"}, checktest.Files{"a/testdata/link": checktest.Link("x")}, nil},
		{"made a link out", checktest.Files{"a/a_test.go": checktest.Link("../../outside")}, checktest.Files{"a/a_test.go": "base"}, nil},
		{"made a folder", checktest.Files{"file_test.go": "", "file_test.go/x": "head"}, checktest.Files{"file_test.go": "base"}, nil},
		{"folder made a link out", checktest.Files{"dir/d_test.go": "", "dir": checktest.Link("../outside")}, checktest.Files{"dir": checktest.Link("../outside")}, []string{"dir/d_test.go: dir is no folder there"}},
		{"folder made a link within", checktest.Files{"dir/d_test.go": "", "dir": checktest.Link("same")}, checktest.Files{"same/d_test.go": ""}, []string{"dir/d_test.go: dir is no folder there"}},
		{"folder made a file", checktest.Files{"dir/d_test.go": "", "dir": "head"}, checktest.Files{"dir": "head"}, []string{"dir/d_test.go: dir is no folder there"}},
		{"testdata made a link out", checktest.Files{"a/testdata/x": "", "a/testdata/link": "", "a/testdata": checktest.Link("../../outside")}, checktest.Files{"a/testdata": checktest.Link("../../outside")}, []string{"a/testdata/link: a/testdata is no folder there", "a/testdata/x: a/testdata is no folder there"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(tt.head)})
			c, err := trees.Diff(t.Context(), "base", "head")
			if err != nil {
				t.Fatal(err)
			}
			headDir, release, err := trees.Lease(t.Context(), "head")
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			baseDir, release, err := trees.Lease(t.Context(), "base")
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			outside := filepath.Join(filepath.Dir(headDir), "outside")
			if err := os.Mkdir(outside, 0o755); err != nil {
				t.Fatal(err)
			}
			left, err := suite.Lay(headDir, baseDir, c, isMaterial)
			if err != nil || !slices.Equal(left, tt.left) {
				t.Errorf("left %q, %v", left, err)
			}
			for p, want := range tt.want {
				if got := content(t, filepath.Join(headDir, p)); got != want {
					t.Errorf("%s holds %q, want %q", p, got, want)
				}
			}
			if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
				t.Errorf("something was written outside: %v, %v", entries, err)
			}
		})
	}
}

// content gives a file's text, a link as checktest.Link, "" for nothing.
func content(t *testing.T, at string) string {
	info, err := os.Lstat(at)
	switch {
	case err != nil:
		return ""
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(at)
		if err != nil {
			t.Fatal(err)
		}
		return checktest.Link(target)
	}
	text, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What is no file is not laid, and folders that are not there cannot be.
func TestCannotLay(t *testing.T) {
	into, from := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(from, "a_test.go"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := change.Change{Files: []change.File{{Path: "a_test.go", Status: change.Modified}}}
	if left, err := suite.Lay(into, from, c, isMaterial); err != nil || !slices.Equal(left, []string{"a_test.go: it is no file"}) {
		t.Errorf("%q %v", left, err)
	}
	c.Files[0].Path = "gone_test.go"
	if _, err := suite.Lay(into, from, c, isMaterial); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there was laid: %v", err)
	}
	for _, dirs := range [][2]string{{filepath.Join(into, "gone"), from}, {into, filepath.Join(from, "gone")}} {
		if _, err := suite.Lay(dirs[0], dirs[1], c, isMaterial); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", dirs, err)
		}
	}
	c.Files[0].Path = "../a_test.go"
	if _, err := suite.Lay(into, from, c, isMaterial); err == nil {
		t.Error("a file outside was taken away")
	}
}

// Permission and content are those of the file that is laid.
func TestLaysModes(t *testing.T) {
	into, from := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(from, "a_test.go"), []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := suite.Lay(into, from, change.Change{Files: []change.File{{Path: "b_test.go", OldPath: "a_test.go", Status: change.Renamed}}}, isMaterial); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(into, "a_test.go")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info, err)
	}
}

func TestReverse(t *testing.T) {
	c := change.Change{Base: change.Point{Tree: "b"}, Head: change.Point{Tree: "h"}, Files: []change.File{
		{Path: "a", Status: change.Added, NewMode: "1", NewBlob: "x", Added: 3}, {Path: "d", Status: change.Deleted, OldMode: "2", Deleted: 4}, {Path: "new", OldPath: "old", Status: change.Renamed}, {Path: "m", Status: change.Modified, Added: 1, Deleted: 2},
	}}
	back := suite.Reverse(c)
	want := []change.File{
		{Path: "a", Status: change.Deleted, OldMode: "1", OldBlob: "x", Deleted: 3}, {Path: "d", Status: change.Added, NewMode: "2", Added: 4}, {Path: "old", OldPath: "new", Status: change.Renamed}, {Path: "m", Status: change.Modified, Added: 2, Deleted: 1},
	}
	if back.Base.Tree != "h" || back.Head.Tree != "b" || !reflect.DeepEqual(back.Files, want) || !reflect.DeepEqual(suite.Reverse(back), c) {
		t.Errorf("%+v", back)
	}
}
