package muster_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// file is one Go file of a tree.
type file struct {
	name  string // path from the root
	pkg   string // folder
	test  bool
	ast   *ast.File
	fset  *token.FileSet
	lines int
}

// line gives the line where n begins.
func (f file) line(n ast.Node) int { return f.fset.Position(n.Pos()).Line }

// span gives the number of lines n covers, its first and last one included.
func (f file) span(n ast.Node) int { return f.fset.Position(n.End()).Line - f.line(n) + 1 }

// readTree parses every Go file that the go command would see below the root.
func readTree(fsys fs.FS) ([]file, error) {
	var out []file
	fset := token.NewFileSet()
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		hidden := base == "testdata" || base == "node_modules" || name != "." && (base[0] == '.' || base[0] == '_')
		if d.IsDir() && hidden {
			return fs.SkipDir
		}
		if d.IsDir() || hidden || path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		out = append(out, file{
			name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			ast: tree, fset: fset, lines: strings.Count(string(src), "\n"),
		})
		return nil
	})
	return out, err
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// unsortedRanges gives the places in pure packages where the random order of
// a map could reach a decision: a range over a map whose body does more than
// set or delete map entries, and maps.Keys, Values or All outside of a sort.
//
// Types of other modules are left unknown, so that this needs no compiled
// packages: a map that such a type hides is not seen.
func unsortedRanges(files []file, isPure func(pkg string) bool) []string {
	w := &world{files: map[string][]file{}, done: map[string]*types.Package{}, info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	for _, f := range files {
		if !f.test && isPure(f.pkg) {
			w.files[f.pkg] = append(w.files[f.pkg], f)
		}
	}
	var out []string
	for _, pkg := range sortedKeys(w.files) {
		_, _ = w.Import(module + pkg)
		for _, f := range w.files[pkg] {
			for _, n := range w.unsorted(f) {
				out = append(out, f.name+": line "+strconv.Itoa(f.line(n))+": a map in random order; sort its keys first")
			}
		}
	}
	return out
}

// world imports the packages of the tree, and nothing else, for go/types.
type world struct {
	files map[string][]file
	done  map[string]*types.Package
	info  *types.Info
}

// Import implements types.Importer. Packages from elsewhere are empty.
func (w *world) Import(imp string) (*types.Package, error) {
	if p, ok := w.done[imp]; ok {
		return p, nil
	}
	files := w.files[strings.TrimPrefix(imp, module)]
	if len(files) == 0 {
		p := types.NewPackage(imp, path.Base(imp))
		p.MarkComplete()
		w.done[imp] = p
		return p, nil
	}
	var trees []*ast.File
	for _, f := range files {
		trees = append(trees, f.ast)
	}
	conf := types.Config{Importer: w, Error: func(error) {}} // what the empty packages lack is no matter here
	p, _ := conf.Check(imp, files[0].fset, trees, w.info)
	w.done[imp] = p
	return p, nil
}

// unsorted gives the ranges and calls of f that unsortedRanges is about.
func (w *world) unsorted(f file) []ast.Node {
	var out []ast.Node
	sorted := map[ast.Node]bool{}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			for i := range n.List[:max(len(n.List)-1, 0)] {
				if isCollected(n.List[i], n.List[i+1]) {
					sorted[n.List[i]] = true
				}
			}
		case *ast.CallExpr:
			switch name := qualified(n.Fun); {
			case strings.HasPrefix(name, "slices.Sorted"):
				sorted[n.Args[0]] = true
			case (name == "maps.Keys" || name == "maps.Values" || name == "maps.All") && !sorted[n]:
				out = append(out, n)
			}
		case *ast.RangeStmt:
			t := w.info.Types[n.X].Type
			if t == nil {
				return true
			}
			if _, ok := t.Underlying().(*types.Map); ok && !sorted[n] && !w.isOrderless(n.Body) {
				out = append(out, n)
			}
		}
		return true
	})
	return out
}

// isCollected reports whether a range only appends to a list, and what follows
// it sorts that list.
func isCollected(loop, next ast.Stmt) bool {
	r, ok := loop.(*ast.RangeStmt)
	if !ok || len(r.Body.List) != 1 {
		return false
	}
	set, ok := r.Body.List[0].(*ast.AssignStmt)
	if !ok || len(set.Lhs) != 1 {
		return false
	}
	if add, ok := set.Rhs[0].(*ast.CallExpr); !ok || types.ExprString(add.Fun) != "append" {
		return false
	}
	list, ok := set.Lhs[0].(*ast.Ident)
	after, isCall := next.(*ast.ExprStmt)
	if !ok || !isCall {
		return false
	}
	sort, ok := after.X.(*ast.CallExpr)
	if !ok || len(sort.Args) == 0 {
		return false
	}
	name := qualified(sort.Fun)
	arg, ok := sort.Args[0].(*ast.Ident)
	return ok && arg.Name == list.Name && (strings.HasPrefix(name, "slices.Sort") || strings.HasPrefix(name, "sort."))
}

// qualified gives "pkg.Name" for such an expression, else "".
func qualified(e ast.Expr) string {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + sel.Sel.Name
}

// isOrderless reports whether every statement sets or deletes an entry of a
// map, which comes to the same in any order.
func (w *world) isOrderless(body *ast.BlockStmt) bool {
	for _, s := range body.List {
		switch s := s.(type) {
		case *ast.AssignStmt:
			ix, ok := s.Lhs[0].(*ast.IndexExpr)
			if !ok || len(s.Lhs) != 1 || w.info.Types[ix.X].Type == nil {
				return false
			}
			if _, ok := w.info.Types[ix.X].Type.Underlying().(*types.Map); !ok {
				return false
			}
		case *ast.ExprStmt:
			call, ok := s.X.(*ast.CallExpr)
			if !ok {
				return false
			}
			if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "delete" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func TestUnsortedRangesFindsPlantedFaults(t *testing.T) {
	const other = "// Package job has a map.\npackage job\n\n// Set is a set.\ntype Set map[string]bool\n"
	for _, tt := range []struct{ name, body, want string }{
		{"range over a map", `for k := range m { s = append(s, k) }`, "line 4"},
		{"range over a slice", `for _, k := range s { s = append(s, k) }`, ""},
		{"range over a map of another package", `for k := range job.Set(nil) { s = append(s, k) }`, "line 4"},
		{"range over sorted keys", `for _, k := range slices.Sorted(maps.Keys(m)) { s = append(s, k) }`, ""},
		{"keys in random order", `for k := range maps.Keys(m) { s = append(s, k) }`, "line 4"},
		{"copy of a map", `for k, v := range m { n[k] = v }`, ""},
		{"deletion", `for k := range m { delete(n, k) }`, ""},
		{"collected, then sorted", `for k := range m { s = append(s, k) }; slices.Sort(s)`, ""},
		{"collected, then another list sorted", `var t []string; for k := range m { s = append(s, k) }; slices.Sort(t)`, "line 4"},
		{"writing to a slice", `for _, v := range m { s[0] = v }`, "line 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := "// Package plan.\npackage plan; import (\"maps\"; \"slices\"; \"muster/internal/core/job\")\nfunc f(m, n map[string]string, s []string) ([]string, job.Set) {\n" +
				tt.body + "\nreturn slices.Sorted(maps.Keys(n)), nil }\n"
			files, err := readTree(fstest.MapFS{"internal/core/plan/a.go": {Data: []byte(text)}, "internal/core/job/a.go": {Data: []byte(other)}})
			if err != nil {
				t.Fatal(err)
			}
			wantProblem(t, unsortedRanges(files, func(string) bool { return true }), tt.want)
		})
	}
}

// A tree that could not be read must not pass for one without faults.
func TestReadTree(t *testing.T) {
	if _, err := readTree(os.DirFS("no-such-folder")); err == nil {
		t.Error("a missing folder is read without an error")
	}
	if _, err := readTree(fstest.MapFS{"a.go": {Data: []byte("package")}}); err == nil {
		t.Error("a broken file is read without an error")
	}
	files, err := readTree(fstest.MapFS{
		"x/a.go": {Data: []byte("package x\n")}, "x/testdata/b.go": {Data: []byte("!")}, "x/_y/c.go": {Data: []byte("!")},
		".cache/d.go": {Data: []byte("!")}, "x/_e.go": {Data: []byte("!")}, "x/f.txt": {Data: []byte("!")},
	})
	if err != nil || len(files) != 1 || files[0].pkg != "x" || files[0].lines != 1 {
		t.Errorf("readTree = %v, %v", files, err)
	}
	files, err = readTree(os.DirFS("."))
	if err != nil || !slices.ContainsFunc(files, func(f file) bool { return f.pkg == "internal/core/fault" }) {
		t.Errorf("this tree: %d files, %v", len(files), err)
	}
}
