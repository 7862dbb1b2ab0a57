package golang

import (
	"bufio"
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
)

// tree is what the Go files of one tree say about its packages.
type tree struct {
	modules  []module // by folder
	packages []*gopkg // by folder
	helpers  []string // files outside tests that import "testing", in order
}

type module struct {
	dir  string // slash separated, "." for the root
	path string // import path
}

type gopkg struct {
	dir     string
	module  string // folder of its module
	path    string // import path
	code    bool   // has files that are not tests
	tests   bool   // has test files
	imports []string
	uses    []string // imports of its tests

	testFiles []string
}

// read reads the Go files of a tree. Links are not followed, and folders that
// the go command ignores are left out.
func read(fsys fs.FS) (tree, error) {
	var t tree
	var files []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && check.GoIgnores(p):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		case d.Name() == "go.mod":
			src, err := fs.ReadFile(fsys, p)
			if err != nil {
				return err
			}
			t.modules = append(t.modules, module{dir: path.Dir(p), path: modulePath(src)})
		case isGo(d.Name()):
			if info, err := d.Info(); err == nil && info.Size() <= suite.MaxSource {
				files = append(files, p)
			}
		}
		return nil
	})
	if err != nil {
		return t, err
	}
	slices.SortFunc(t.modules, func(a, b module) int { return strings.Compare(a.dir, b.dir) })
	for _, p := range files {
		src, err := fs.ReadFile(fsys, p)
		if err != nil {
			return t, err
		}
		t.add(p, src)
	}
	slices.SortFunc(t.packages, func(a, b *gopkg) int { return strings.Compare(a.dir, b.dir) })
	for _, p := range t.packages {
		slices.Sort(p.imports)
		slices.Sort(p.uses)
	}
	slices.Sort(t.helpers)
	return t, nil
}

func isGo(name string) bool {
	return path.Ext(name) == ".go" && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, ".")
}

// add takes in one Go file. A file outside every module is left out; what
// does not parse counts with the imports read before the mistake.
func (t *tree) add(p string, src []byte) {
	dir := path.Dir(p)
	pkg := t.at(dir)
	if pkg == nil {
		m, ok := t.moduleOf(dir)
		if !ok {
			return
		}
		pkg = &gopkg{dir: dir, module: m.dir, path: importPath(m, dir)}
		t.packages = append(t.packages, pkg)
	}
	isTest := strings.HasSuffix(p, "_test.go")
	into := &pkg.imports
	if isTest {
		pkg.tests = true
		pkg.testFiles = append(pkg.testFiles, p)
		into = &pkg.uses
	} else {
		pkg.code = true
	}
	f, _ := parser.ParseFile(token.NewFileSet(), p, src, parser.ImportsOnly|parser.SkipObjectResolution)
	if f == nil {
		return
	}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if imported == "testing" && !isTest {
			t.helpers = append(t.helpers, p)
		}
		if !slices.Contains(*into, imported) {
			*into = append(*into, imported)
		}
	}
}

// at gives the package in a folder. Files come in the order of a walk, so the
// package of the last file is nearly always the one.
func (t *tree) at(dir string) *gopkg {
	for _, p := range slices.Backward(t.packages) {
		if p.dir == dir {
			return p
		}
	}
	return nil
}

// moduleOf gives the innermost module around a folder.
func (t *tree) moduleOf(dir string) (module, bool) {
	best, found := module{}, false
	for _, m := range t.modules {
		if suite.Within(dir, m.dir) && (!found || len(m.dir) > len(best.dir) || best.dir == ".") {
			best, found = m, true
		}
	}
	return best, found
}

func importPath(m module, dir string) string {
	if dir == m.dir {
		return m.path
	}
	return path.Join(m.path, strings.TrimPrefix(strings.TrimPrefix(dir, m.dir), "/"))
}

// modulePath reads the module line of a go.mod file; "" when there is none.
func modulePath(src []byte) string {
	lines := bufio.NewScanner(bytes.NewReader(src))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "//")
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[0] == "module" {
			if p, err := strconv.Unquote(fields[1]); err == nil {
				return p
			}
			return fields[1]
		}
	}
	return ""
}

// affected gives the packages of t that changed paths can have an effect on:
// those that hold a changed file, everything that imports them in this
// repository, and packages whose tests import any of these, the nearest to the
// change first. before is the tree at the base: a package that is gone has
// importers too.
func affected(t, before tree, changed []string) []*gopkg {
	touched := map[string]bool{}
	for _, side := range []tree{t, before} {
		for _, p := range changed {
			side.touch(touched, p)
		}
	}
	var out []*gopkg
	taken := map[*gopkg]bool{}
	take := func(p *gopkg) {
		if !taken[p] {
			taken[p], out = true, append(out, p)
		}
	}
	for {
		var next []string // packages one import further away
		var using []*gopkg
		for _, p := range t.packages {
			switch {
			case touched[p.path]:
				take(p)
			case anyOf(p.imports, touched):
				next = append(next, p.path)
			case anyOf(p.uses, touched):
				using = append(using, p)
			}
		}
		for _, p := range using {
			take(p)
		}
		if len(next) == 0 {
			return out
		}
		for _, p := range next {
			touched[p] = true
		}
	}
}

// touch marks the packages that a path belongs to: all of a module for its
// versions, otherwise the nearest folder around it that is a package.
func (t tree) touch(touched map[string]bool, p string) {
	root, all := "", false
	switch path.Base(p) {
	case "go.work", "go.work.sum":
		root, all = ".", true
	case "go.mod", "go.sum":
		root, all = path.Dir(p), true
	}
	if before, _, ok := strings.Cut("/"+p, "/vendor/"); ok {
		root, all = path.Clean("."+before), true
	}
	if all {
		for _, pkg := range t.packages {
			if suite.Within(pkg.dir, root) {
				touched[pkg.path] = true
			}
		}
		return
	}
	for dir := path.Dir(p); ; dir = path.Dir(dir) {
		if pkg := t.at(dir); pkg != nil {
			touched[pkg.path] = true
			return
		}
		if dir == "." {
			return
		}
	}
}

func anyOf(list []string, set map[string]bool) bool {
	return slices.ContainsFunc(list, func(s string) bool { return set[s] })
}
