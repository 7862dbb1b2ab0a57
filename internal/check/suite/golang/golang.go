// Package golang runs the tests of Go modules, with the go command.
package golang

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// golang plans the tests of Go modules: those of the packages that the change
// can affect.
type golang struct{}

// New gives the language Go.
func New() suite.Language { return golang{} }

func (golang) Name() string { return "Go" }

func (golang) Present(entries []change.Entry) bool {
	return suite.AnyFile(entries, func(p string) bool { return suite.IsNamed(p, "go.mod") && !ignoredByGo(path.Dir(p)) })
}

func ignoredByGo(dir string) bool {
	for ; dir != "."; dir = path.Dir(dir) {
		if check.GoIgnores(dir) {
			return true
		}
	}
	return false
}

// Material is a Go test, or what lies below a testdata folder.
func (golang) Material(p string) bool {
	return strings.HasSuffix(p, "_test.go") || strings.Contains("/"+path.Dir(p)+"/", "/testdata/")
}

func (golang) Plan(_ context.Context, in suite.Input) (suite.Plan, error) {
	tests, err := readDir(in.Tests)
	if err != nil {
		return suite.Plan{}, err
	}
	code, err := readDir(in.Code)
	if err != nil {
		return suite.Plan{}, err
	}
	p := suite.Plan{Findings: append(gone(tests, code, in.Change), helpers(code, in.Change)...)}
	for _, pkg := range affected(code, tests, in.Changed) {
		was := tests.at(pkg.dir)
		switch {
		case !pkg.tests || was == nil || !was.tests:
		case was.path != pkg.path:
			// Said already: its import path is gone.
		case was.code && !pkg.code:
		case pkg.path == "":
			p.Broken = append(p.Broken, fmt.Sprintf("the go.mod above %s names no module", check.ShowPath(pkg.dir)))
		default:
			add(&p, pkg, was.testFiles)
		}
	}
	return p, nil
}

// add puts a package into the group of its module.
func add(p *suite.Plan, pkg *gopkg, files []string) {
	i := slices.IndexFunc(p.Groups, func(g suite.Group) bool { return g.Dir == pkg.module })
	if i < 0 {
		i = len(p.Groups)
		p.Groups = append(p.Groups, suite.Group{Dir: pkg.module, Tool: goTool{}})
	}
	p.Groups[i].Units = append(p.Groups[i].Units, suite.Unit{ID: pkg.path, Path: pkg.dir, Files: files})
}

func readDir(dir string) (tree, error) {
	var t tree
	err := suite.InRoot(dir, func(fsys fs.FS) (err error) {
		t, err = read(fsys)
		return err
	})
	return t, err
}

// gone points at tested packages that are there no more: their tests cannot
// be seen to fail.
func gone(tests, code tree, c change.Change) []suite.Noted {
	var out []suite.Noted
	for _, was := range tests.packages {
		if !was.tests || !was.code {
			continue
		}
		is := code.at(was.dir)
		if is != nil && is.code && is.path == was.path {
			continue
		}
		out = append(out, suite.Noted{Finding: evidence.Finding{
			Rule: "package_gone", Level: evidence.Locator, Grade: evidence.Observed, Path: was.dir,
			Message:   fmt.Sprintf("The package %s is gone%s, and its tests at the base ran nowhere.", check.ShowPath(was.path), movedTo(was, c)),
			Reproduce: check.DiffCommand(c.Base.Tree, c.Head.Tree, was.dir),
		}})
	}
	return out
}

// movedTo says where the files of a package went, when they went together.
func movedTo(was *gopkg, c change.Change) string {
	to := ""
	for _, f := range c.Files {
		if f.Status != change.Renamed || path.Dir(f.OldPath) != was.dir || (golang{}).Material(f.OldPath) {
			continue
		}
		if to != "" && to != path.Dir(f.Path) {
			return ""
		}
		to = path.Dir(f.Path)
	}
	if to == "" {
		return ""
	}
	return " (moved to " + check.ShowPath(to) + ")"
}

// helpers points at changed files that help tests and are no tests.
func helpers(code tree, c change.Change) []suite.Noted {
	var out []suite.Noted
	for _, f := range c.Files {
		if f.Status == change.Deleted || !slices.Contains(code.helpers, f.Path) {
			continue
		}
		out = append(out, suite.Noted{Anchor: f.NewBlob, Finding: evidence.Finding{
			Rule: "helper", Level: evidence.Locator, Grade: evidence.Observed, Path: f.Path,
			Message:   fmt.Sprintf("%s helps tests (it imports testing) and changed: the base's tests ran with it as it is now.", check.ShowPath(f.Path)),
			Reproduce: check.DiffCommand(c.Base.Tree, c.Head.Tree, f.Path),
		}})
	}
	return out
}
