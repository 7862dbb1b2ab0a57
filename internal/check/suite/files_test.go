package suite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/plan"
	"muster/internal/source"
)

func TestPathsInFolders(t *testing.T) {
	for _, tt := range []struct {
		p, dir string
		within bool
		below  string
	}{
		{"a/b", ".", true, "a/b"}, {"a", "a", true, "."}, {"a/b/c", "a/b", true, "c"}, {"ab/c", "a", false, ""},
	} {
		if suite.Within(tt.p, tt.dir) != tt.within || tt.within && suite.Below(tt.p, tt.dir) != tt.below {
			t.Errorf("%s in %s: %v %s", tt.p, tt.dir, !tt.within, suite.Below(tt.p, tt.dir))
		}
	}
	isA := func(p string) bool { return p == "a" }
	for mode, want := range map[string]bool{change.ModeFile: true, change.ModeExecutable: true, change.ModeSymlink: false, change.ModeSubmodule: false} {
		if suite.IsFile(change.Entry{Mode: mode}) != want || suite.AnyFile([]change.Entry{{Path: "b", Mode: change.ModeFile}, {Path: "a", Mode: mode}}, isA) != want {
			t.Error(mode)
		}
	}
	if suite.AnyFile([]change.Entry{{Path: "b", Mode: change.ModeFile}}, isA) || !suite.IsNamed("x/pom.xml", "pom.xml") || suite.IsNamed("x/mypom.xml", "pom.xml") {
		t.Error("names")
	}
}

// Tests in one language do not depend on source of another, nor on prose.
func TestReaches(t *testing.T) {
	for p, want := range map[string]string{
		"a.go": "go", "a.py": "python", "a.ts": "javascript", "a.tsx": "javascript", "a.js": "javascript", "A.java": "java", "a.rs": "go python javascript java rust", "a.json": "go python javascript java rust", "README.md": "", "testdata/README.md": "go python javascript java rust",
	} {
		var got []string
		for _, l := range []source.Language{source.Go, source.Python, source.TSX, source.Java, source.Rust} {
			if suite.Reaches(p, l) {
				got = append(got, strings.ToLower(string(suite.Family(l))))
			}
		}
		if all := strings.Join(got, " "); all != want {
			t.Errorf("%s: %s, want %s", p, all, want)
		}
	}
}

func TestReadText(t *testing.T) {
	large := strings.Repeat("x", suite.MaxSource)
	tree := fstest.MapFS{"a": {Data: []byte("text")}, "most": {Data: []byte(large)}, "more": {Data: []byte(large + "x")}, "link": {Data: []byte("a"), Mode: fs.ModeSymlink}, "dir/x": {}}
	for p, want := range map[string]bool{"a": true, "most": true, "more": false, "link": false, "dir": false, "gone": false} {
		if text, ok := suite.ReadText(tree, p); ok != want || ok != (text != "") {
			t.Errorf("%s: %d bytes, %v", p, len(text), ok)
		}
	}
	if _, ok := suite.ReadText(unreadable{tree}, "a"); ok {
		t.Error("what cannot be read was read")
	}
}

// unreadable is a folder whose files can be listed only.
type unreadable struct{ fstest.MapFS }

func (unreadable) ReadFile(string) ([]byte, error) { return nil, fs.ErrPermission }

func TestOnlyPlace(t *testing.T) {
	tree := fstest.MapFS{"a": {Data: []byte("x\nfn one() {}\nfn two() {}\n")}, "b": {Data: []byte("fn two() {}\n")}}
	u := suite.Unit{Files: []string{"a", "b", "gone"}}
	for pattern, want := range map[string]int{`fn one`: 2, `fn two`: 0, `fn three`: 0, `fn \w+`: 0} {
		if file, line := suite.OnlyPlace(tree, u, pattern); line != want || (file == "a") != (want > 0) {
			t.Errorf("%s: %s:%d", pattern, file, line)
		}
	}
}

func TestInRoot(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	used := errors.New("used")
	if err := suite.InRoot(dir, func(fs.FS) error { return used }); !errors.Is(err, used) {
		t.Error(err)
	}
	if err := suite.InRoot(filepath.Join(dir, "gone"), func(fs.FS) error { return nil }); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for p, want := range map[string]bool{"a": true, "b": false, ".": false} {
		if suite.Holds(dir, p) != want {
			t.Errorf("%s: %v", p, !want)
		}
	}
	if suite.Holds(filepath.Join(dir, "gone"), "a") {
		t.Error("a folder that is not there holds something")
	}
}

// A line that a person types names what is laid; of many paths, patterns.
func TestLine(t *testing.T) {
	line := func(files ...change.File) string {
		c := change.Change{Base: change.Point{Tree: "b1"}, Head: change.Point{Tree: "h1"}, Files: files}
		s := suite.Shown{Change: c, Material: isMaterial, Steps: []string{"one"}}
		return s.Line(suite.Group{Dir: "sub", Steps: []string{"two"}}, plan.Command{Argv: []string{"try"}})
	}
	const (
		begin = `(cd "$(git rev-parse --show-toplevel)" && d=$(mktemp -d) && export GIT_INDEX_FILE="$d/index" && git read-tree h1 && `
		end   = `git checkout-index -a --prefix="$d/tree/" && one && two && cd "$d/tree" && cd sub && try)`
	)
	if got := line(change.File{Path: "a.go"}); got != begin+end {
		t.Error(got)
	}
	if got, want := line(change.File{Path: "a.go"}, change.File{Path: "new_test.go", OldPath: "old_test.go"}, change.File{Path: "x/testdata/y"}), begin+`git restore --source=b1 --staged -- ':(top,literal)old_test.go' ':(top,literal)new_test.go' ':(top,literal)x/testdata/y' && `+end; got != want {
		t.Error(got)
	}
	var many []change.File
	for range 25 {
		many = append(many, change.File{Path: "a_test.go"}, change.File{Path: "x/testdata/y"})
	}
	if got := line(many[:49]...); !strings.Contains(got, "(top,literal)x/testdata/y") {
		t.Error(got)
	}
	many = append(many, change.File{Path: "testdata/z"})
	if got, want := line(many...), begin+`git restore --source=b1 --staged -- ':(top,glob)**/*_test.go' ':(top,glob)testdata/**' ':(top,glob)x/testdata/**' && `+end; got != want {
		t.Error(got)
	}
	s := suite.Shown{Material: func(string) bool { return true }}
	for i := range many {
		many[i] = change.File{Path: []string{"conftest.py", "x/test_a.py"}[i%2]}
	}
	s.Change.Files = many
	if got := s.Line(suite.Group{Dir: "."}, plan.Command{Argv: []string{"try"}}); !strings.Contains(got, "-- ':(top,glob)x/**' ':(top,literal)conftest.py' && ") {
		t.Error(got)
	}
}
