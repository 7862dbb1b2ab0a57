package golang

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/check/suite"
)

// testsIn gives the tests of the package in a folder, by file and line, as far
// as the files belong to a build on this machine. They are what a test run
// must report on: a program that ends itself before its tests looks like
// success otherwise.
func testsIn(fsys fs.FS, dir string) ([]suite.Declared, error) {
	names, err := fs.Glob(fsys, path.Join(escape(dir), "*_test.go"))
	if err != nil {
		return nil, err
	}
	here := build.Default
	here.JoinPath = path.Join
	here.OpenFile = func(p string) (io.ReadCloser, error) { return fsys.Open(p) }
	var out []suite.Declared
	for _, p := range names {
		if !isGo(path.Base(p)) {
			continue
		}
		if ok, err := here.MatchFile(dir, path.Base(p)); err != nil || !ok {
			continue
		}
		src, err := fs.ReadFile(fsys, p)
		if err != nil {
			return nil, err
		}
		out = append(out, testsOf(p, src)...)
	}
	return out, nil
}

// escape makes a path a glob that matches itself.
func escape(p string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(p)
}

// testsOf gives the tests and fuzz tests that a file declares. Examples are
// left out: whether one runs depends on its comments.
func testsOf(p string, src []byte) []suite.Declared {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, p, src, parser.SkipObjectResolution)
	if err != nil {
		return nil // the compiler will say so
	}
	var out []suite.Declared
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || fn.Type.Params.NumFields() != 1 || fn.Name.Name == "TestMain" {
			continue
		}
		if named(fn.Name.Name, "Test") || named(fn.Name.Name, "Fuzz") {
			out = append(out, suite.Declared{Name: fn.Name.Name, File: p, Line: files.Position(fn.Pos()).Line})
		}
	}
	return out
}

// named reports whether a function's name makes it a test, as "go test" sees it.
func named(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return false
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLower(r)
}
