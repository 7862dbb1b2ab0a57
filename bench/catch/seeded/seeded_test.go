package seeded

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/slowtest"
)

// Every mode has at least thirty mistakes and thirty benign twins, or the list
// below says how many.
func TestThereAreEnoughCases(t *testing.T) {
	shapes, err := Projects()
	if err != nil {
		t.Fatal(err)
	}
	bad, good := map[string]int{}, map[string]int{}
	for _, shape := range shapes {
		for _, e := range Edits() {
			if _, ok := applied(shape, e); !ok {
				continue
			}
			if e.Benign {
				good[e.Mode]++
			} else {
				bad[e.Mode]++
			}
		}
	}
	fewer := map[string]int{"hardcoded": 21, "scope": 24, "guards": 28}
	for _, mode := range slices.Sorted(maps.Keys(bad)) {
		want := 30
		if n, ok := fewer[mode]; ok {
			want = n
		}
		t.Logf("%s: %d mistakes, %d twins", mode, bad[mode], good[mode])
		if bad[mode] < want || good[mode] < want {
			t.Errorf("%s has %d mistakes and %d twins, want %d", mode, bad[mode], good[mode], want)
		}
	}
}

// A shape's tests pass as they are, and its stories fit its text.
func TestShapesAreSound(t *testing.T) {
	slowtest.Only(t)
	dir := t.TempDir()
	shapes, err := Projects()
	if err != nil {
		t.Fatal(err)
	}
	for _, shape := range shapes {
		s := shape.story
		for _, step := range slices.Concat(s.Wrong, s.Asked, s.Golden, s.Guard, s.Refactor, s.Hardcoded) {
			p := Project{Name: shape.Name, Files: maps.Clone(shape.Files), Base: shape.Files}
			p.replace(step.Code, step.Test, step.Test2, step.Test3)
		}
		if len(s.Wrong) < 3 || len(s.Asked) < 1 || len(s.Guard) < 3 || len(s.Feature) < 1 || len(s.Hardcoded) < 1 || len(s.Refactor) < 1 {
			t.Errorf("%s has too few stories", shape.Name)
		}
		if p := (&shape); p.lang() == golang {
			goTest(t, filepath.Join(dir, shape.Name), shape.Files)
		}
	}
}

// What an edit leaves in Go compiles: agents' code mostly does, and what does
// not would be caught for the wrong reason.
func TestEditedGoCompiles(t *testing.T) {
	shapes, err := Projects()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	c := newCompiler(t)
	for _, shape := range shapes {
		if p := (&shape); p.lang() != golang {
			continue
		}
		for _, e := range Edits() {
			if p, ok := applied(shape, e); ok && !strings.HasPrefix(e.Name, "import") && e.Name != "bidi" {
				n++
				for _, problem := range c.check(p.Files) {
					t.Errorf("%s %s-%s: %v", shape.Name, e.Mode, e.Name, problem)
				}
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d edits of Go", n)
	}
}

// compiler type-checks small modules.
type compiler struct {
	fset     *token.FileSet
	standard types.Importer
}

func newCompiler(t *testing.T) compiler {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "encoding/json", "net/http/httptest", "testing", "flag", "hash/crc32", "unicode/utf16")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[name] = file
	}
	fset := token.NewFileSet()
	return compiler{fset, importer.ForCompiler(fset, "gc", func(name string) (io.ReadCloser, error) { return os.Open(exports[name]) })}
}

// module is one project that is checked; packages by import path.
type module struct {
	compiler
	name     string
	files    Files
	packages map[string]*types.Package
	problems []error
}

func (c compiler) check(files Files) []error {
	m := &module{compiler: c, files: files, packages: map[string]*types.Package{}}
	m.name = strings.Fields(files["go.mod"])[1]
	dirs := map[string]bool{}
	for name := range files {
		if path.Ext(name) == ".go" {
			dirs[path.Dir(name)] = true
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		inside, outside := m.parse(dir)
		m.types(dir, inside)
		m.types(dir+"_test", outside)
	}
	return m.problems
}

// parse gives the files of a package with its own tests, and those of tests
// from outside.
func (m *module) parse(dir string) (inside, outside []*ast.File) {
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		if path.Dir(name) != dir || path.Ext(name) != ".go" {
			continue
		}
		f, err := parser.ParseFile(m.fset, name, m.files[name], parser.SkipObjectResolution)
		if err != nil {
			m.problems = append(m.problems, err)
			continue
		}
		if strings.HasSuffix(f.Name.Name, "_test") {
			outside = append(outside, f)
			continue
		}
		inside = append(inside, f)
	}
	return inside, outside
}

func (m *module) types(dir string, files []*ast.File) {
	if len(files) == 0 {
		return
	}
	conf := types.Config{Importer: m, Error: func(err error) { m.problems = append(m.problems, err) }}
	pkg, _ := conf.Check(path.Join(m.name, dir), m.fset, files, nil)
	m.packages[path.Join(m.name, dir)] = pkg
}

// Import gives a package of the module, or of the standard library.
func (m *module) Import(name string) (*types.Package, error) {
	if pkg := m.packages[name]; pkg != nil {
		return pkg, nil
	}
	if rest, ok := strings.CutPrefix(name+"/", m.name+"/"); ok {
		dir := path.Clean(rest)
		inside, _ := m.parse(dir)
		m.types(dir, inside)
		return m.packages[path.Join(m.name, dir)], nil
	}
	return m.standard.Import(name)
}

func goTest(t *testing.T, dir string, files Files) {
	t.Helper()
	if err := lay(dir, files); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", filepath.Base(dir), err, out)
	}
}
