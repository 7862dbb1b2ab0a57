// Package javascript runs the tests of JavaScript and TypeScript packages, with
// node, vitest, jest or mocha.
package javascript

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
	"muster/internal/source"
)

// javascript plans the tests of JavaScript and TypeScript packages: the whole
// suite of each package that the change reaches, with the command that the
// base's package.json names.
type javascript struct{}

// New gives the language JavaScript.
func New() suite.Language { return javascript{} }

func (javascript) Name() string { return "JavaScript" }

func (javascript) Present(entries []change.Entry) bool {
	return suite.AnyFile(entries, isManifestJS) && suite.AnyFile(entries, isTestJS)
}

// Material is a test, what tests read, or a file that only says how tests are
// run.
func (javascript) Material(p string) bool {
	base := path.Base(p)
	for _, name := range []string{"jest.config.", "vitest.config.", "vitest.workspace.", "jest.setup.", "vitest.setup.", "setupTests."} {
		if strings.HasPrefix(base, name) {
			return true
		}
	}
	if strings.HasPrefix(base, ".mocharc.") {
		return true
	}
	class, lang := change.Classify(p, nil), suite.Family(source.LanguageOf(p))
	return class.Test && lang == source.JavaScript || class.Fixture && (lang == source.Unknown || lang == source.JavaScript)
}

func isManifestJS(p string) bool {
	return suite.IsNamed(p, "package.json") && !change.Classify(p, nil).Vendored && !change.Classify(p, nil).Fixture
}

func isTestJS(p string) bool {
	if suite.Family(source.LanguageOf(p)) != source.JavaScript || strings.HasSuffix(p, ".d.ts") {
		return false
	}
	c := change.Classify(p, nil)
	return c.Test && !c.Vendored && !c.Fixture
}

// jsPackage is one package.json, as trusted tree has it.
type jsPackage struct {
	dir      string
	manifest manifest
	runner   runner
	other    string
}

func (javascript) Plan(_ context.Context, in suite.Input) (suite.Plan, error) {
	packages, err := jsPackages(in.Trusted, in.Entries)
	if err != nil {
		return suite.Plan{}, err
	}
	var p suite.Plan
	for _, g := range jsGroups(in.Entries, packages) {
		pkg := packages[slices.IndexFunc(packages, func(q jsPackage) bool { return q.dir == g.Dir })]
		shown := check.ShowPath(g.Dir)
		switch {
		case !reachesPackage(pkg, packages, in.Changed):
			p.Notes = append(p.Notes, fmt.Sprintf("the JavaScript tests in %s were left out: the change touches nothing that they could load", shown))
			continue
		case pkg.other != "":
			p.Notes = append(p.Notes, fmt.Sprintf("the tests in %s were left out: they are run by %q, whose report is not read; name a command as an acceptance command", shown, check.Clip(pkg.other, 100)))
			continue
		case pkg.runner.tool == "":
			p.Notes = append(p.Notes, fmt.Sprintf("the tests in %s were left out: package.json has no script \"test\"", shown))
			continue
		}
		t := jsRunner{runner: pkg.runner}
		var found bool
		if t.bins, found = bins(in.Code, g.Dir, pkg.runner.tool); !found {
			p.Broken = append(p.Broken, fmt.Sprintf("%s is not installed for the tests in %s: only files that Git tracks are laid out, and no folder node_modules was linked in; name a command that installs and tests as an acceptance command", pkg.runner.tool, shown))
			continue
		}
		g.Tool, g.Steps = t, linkModules(g.Dir)
		g.Steered = slices.ContainsFunc(in.Change.Paths(), func(q string) bool { return suite.Within(q, g.Dir) && suite.IsNamed(q, "package.json") })
		g.Needs = "link or install the folder node_modules that the tests need"
		p.Groups = append(p.Groups, g)
	}
	return p, nil
}

// jsPackages reads the manifests of a tree whose content is trusted.
func jsPackages(dir string, entries []change.Entry) (out []jsPackage, err error) {
	err = suite.InRoot(dir, func(tree fs.FS) error {
		for _, e := range entries {
			if !suite.IsFile(e) || !isManifestJS(e.Path) {
				continue
			}
			text, _ := suite.ReadText(tree, e.Path)
			pkg := jsPackage{dir: path.Dir(e.Path), manifest: readManifest(text)}
			pkg.runner, pkg.other = testRunner(pkg.manifest)
			out = append(out, pkg)
		}
		return nil
	})
	return out, err
}

// jsGroups gives every test file to the nearest package around it that can
// run tests, and otherwise to the nearest one.
func jsGroups(entries []change.Entry, packages []jsPackage) []suite.Group {
	var out []suite.Group
	for _, e := range entries {
		if !suite.IsFile(e) || !isTestJS(e.Path) {
			continue
		}
		dir, ok := owner(path.Dir(e.Path), packages)
		if !ok {
			continue
		}
		i := slices.IndexFunc(out, func(g suite.Group) bool { return g.Dir == dir })
		if i < 0 {
			i = len(out)
			out = append(out, suite.Group{Dir: dir})
		}
		out[i].Units = append(out[i].Units, suite.Unit{ID: e.Path, Path: e.Path, Files: []string{e.Path}})
	}
	return out
}

func owner(dir string, packages []jsPackage) (nearest string, ok bool) {
	for at := dir; ; at = path.Dir(at) {
		i := slices.IndexFunc(packages, func(p jsPackage) bool { return p.dir == at })
		if i >= 0 && packages[i].runner.tool != "" {
			return at, true
		}
		if i >= 0 && !ok {
			nearest, ok = at, true
		}
		if at == "." {
			return nearest, ok
		}
	}
}

// reachesPackage reports whether a change can have an effect on a package: it
// touches something in its folder, or in the folder of a package of this
// repository that it depends on.
func reachesPackage(pkg jsPackage, packages []jsPackage, changed []string) bool {
	needed := []jsPackage{pkg}
	for i := 0; i < len(needed); i++ {
		for _, other := range packages {
			if needed[i].manifest.uses(other.manifest.Name) && !slices.ContainsFunc(needed, func(n jsPackage) bool { return n.dir == other.dir }) {
				needed = append(needed, other)
			}
		}
	}
	return slices.ContainsFunc(changed, func(q string) bool {
		if change.Classify(q, nil).Lockfile && suite.Within(pkg.dir, path.Dir(q)) {
			return true
		}
		return suite.Reaches(q, source.JavaScript) && slices.ContainsFunc(needed, func(n jsPackage) bool { return suite.Within(q, n.dir) })
	})
}

// bins gives the folders of installed programs around a package, nearest
// first, as paths relative to the package's folder, and whether the tool is
// in one of them.
func bins(tree, dir string, tool jsTool) (out []string, found bool) {
	found = tool == nodeTest
	_ = suite.InRoot(tree, func(fsys fs.FS) error { // without the folder nothing is installed
		for up, at := "", dir; ; up, at = "../"+up, path.Dir(at) {
			if _, err := fs.Lstat(fsys, path.Join(at, "node_modules")); err == nil {
				bin := up + "node_modules/.bin"
				out = append(out, bin)
				found = found || hasProgram(path.Join(tree, at, "node_modules/.bin"), tool)
			}
			if at == "." {
				return nil
			}
		}
	})
	return out, found
}

// linkModules are steps of a reproduction: Git does not track what is
// installed, and the checkout that it is typed in may have it.
func linkModules(dir string) []string {
	var out []string
	for at := dir; ; at = path.Dir(at) {
		from, to := path.Join(at, "node_modules"), path.Join("tree", at, "node_modules")
		out = append(out, fmt.Sprintf(`{ [ ! -d %s ] || ln -s "$PWD"/%[1]s "$d"/%s; }`, suite.Quoted(from), suite.Quoted(to)))
		if at == "." {
			return out
		}
	}
}
