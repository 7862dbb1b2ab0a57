package mutation

import (
	"bufio"
	"bytes"
	"context"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
)

// maxInputs bounds how many Go files are read to learn what a result depends
// on. In a larger tree it depends on both trees.
const maxInputs = 2000

// input is one file that a result depends on.
type input struct{ Path, Mode, Blob string }

// Inputs gives what the result depends on, so that it is used again after a
// commit to another part of the tree: the changed lines, and every file in the
// folders of the packages that hold them, that use them, and that either
// imports. What tests read from elsewhere in the tree is not seen.
func (mutants) Inputs(ctx context.Context, s *check.Subject) (any, error) {
	c, err := read(ctx, s)
	if err != nil {
		return nil, err
	}
	if len(c.code) == 0 { // it is skipped, whatever the tree holds
		return "no code", nil
	}
	entries, err := s.HeadList(ctx)
	if err != nil {
		return nil, err
	}
	g := newImports(entries)
	if len(g.files) > maxInputs {
		return nil, nil
	}
	for f, err := range s.HeadTexts(ctx, g.files, maxFile) {
		if err != nil {
			return nil, err
		}
		if f.Found {
			g.add(f.Path, f.Body)
		}
	}
	needed := g.around(c.paths())
	in := struct {
		Lines  map[string][]int
		Tests  map[string][]string
		Claims bool
		Files  []input
	}{map[string][]int{}, c.tests, c.claims, nil}
	for p, patch := range c.code {
		for _, line := range patch.Added() {
			in.Lines[p] = append(in.Lines[p], line.Number)
		}
	}
	for _, e := range entries {
		if isModuleFile(e.Path) || needed[g.packageOf(e.Path)] {
			in.Files = append(in.Files, input{e.Path, e.Mode, e.Blob})
		}
	}
	return in, nil
}

// isModuleFile reports whether a file says which versions of others are built.
func isModuleFile(p string) bool {
	return slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt"}, path.Base(p))
}

// imports is the graph of the packages of a tree, by folder.
type imports struct {
	files   []string            // Go files of packages that the go command builds
	folders map[string]bool     // folders with Go files
	modules map[string]string   // import path of a module, by folder
	code    map[string][]string // folder to what its code imports, as import paths
	all     map[string][]string // the same, with tests
}

func newImports(entries []change.Entry) *imports {
	g := &imports{folders: map[string]bool{}, modules: map[string]string{}, code: map[string][]string{}, all: map[string][]string{}}
	for _, e := range entries {
		if isIgnored(e.Path) || e.Mode == change.ModeSymlink || e.Mode == change.ModeSubmodule {
			continue
		}
		if path.Ext(e.Path) == ".go" {
			g.folders[path.Dir(e.Path)] = true
			g.files = append(g.files, e.Path)
		}
		if path.Base(e.Path) == "go.mod" {
			g.files = append(g.files, e.Path)
		}
	}
	return g
}

// add takes in one file.
func (g *imports) add(p string, text []byte) {
	dir := path.Dir(p)
	if path.Base(p) == "go.mod" {
		g.modules[dir] = modulePath(text)
		return
	}
	f, _ := parser.ParseFile(token.NewFileSet(), p, text, parser.ImportsOnly|parser.SkipObjectResolution)
	if f == nil {
		return
	}
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		g.all[dir] = append(g.all[dir], imp)
		if !strings.HasSuffix(p, "_test.go") {
			g.code[dir] = append(g.code[dir], imp)
		}
	}
}

// modulePath reads the module line of a go.mod file.
func modulePath(text []byte) string {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == "module" {
			return strings.Trim(fields[1], "\"`")
		}
	}
	return ""
}

// folderOf gives the folder of an imported package of this tree, or "".
func (g *imports) folderOf(imp string) string {
	best, at := "", ""
	for dir, mod := range g.modules {
		if mod == "" || imp != mod && !strings.HasPrefix(imp, mod+"/") || len(mod) < len(best) {
			continue
		}
		best, at = mod, path.Join(dir, strings.TrimPrefix(imp, mod))
	}
	return at
}

// packageOf gives the nearest folder above a file that holds a package: test
// data and embedded files count with theirs.
func (g *imports) packageOf(file string) string {
	dir := path.Dir(file)
	for dir != "." && !g.folders[dir] {
		dir = path.Dir(dir)
	}
	return dir
}

// around gives the folders of the packages of files, of those that use them,
// with their tests or without, and of all that these import.
func (g *imports) around(files []string) map[string]bool {
	using := map[string]bool{}
	for _, f := range files {
		using[path.Dir(f)] = true
	}
	for grown := true; grown; {
		grown = false
		for dir := range g.folders {
			if !using[dir] && slices.ContainsFunc(g.code[dir], func(imp string) bool { return using[g.folderOf(imp)] }) {
				using[dir], grown = true, true
			}
		}
	}
	var testing []string // nobody imports tests, so those that use these do not matter
	for dir := range g.folders {
		if slices.ContainsFunc(g.all[dir], func(imp string) bool { return using[g.folderOf(imp)] }) {
			testing = append(testing, dir)
		}
	}
	for _, dir := range testing {
		using[dir] = true
	}
	out := map[string]bool{}
	var visit func(dir string, imports []string)
	visit = func(dir string, imports []string) {
		if out[dir] {
			return
		}
		out[dir] = true
		for _, imp := range imports {
			if at := g.folderOf(imp); at != "" {
				visit(at, g.code[at])
			}
		}
	}
	for dir := range using {
		delete(out, dir)
		visit(dir, g.all[dir])
	}
	return out
}
