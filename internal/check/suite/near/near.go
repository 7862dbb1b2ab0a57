// Package near tells the tests that reach a change by what they import from
// those that do not, for languages whose tools run all tests of a project. It
// follows imports by name and path, as far as they can be read without the
// language: what it takes for far may be near, so that far tests run too, only
// later.
package near

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/source/imports"
)

// Limits. A project of more files is not read, and fewer tests are no reason
// to start a tool twice.
const (
	maxFiles = 5000
	minFar   = 10
)

// Split gives the units of a group in two parts: those that reach one of the
// changed paths by imports, or are one, and the others. With little to gain
// all are in the first. The folder holds the tree that entries list.
func Split(dir string, entries []change.Entry, changed []string, g suite.Group) (near, far []suite.Unit) {
	if c, ok := g.Tool.(suite.Chooser); !ok || !c.Chooses() || len(g.Units) <= minFar {
		return g.Units, nil
	}
	reached, ok := reach(dir, entries, changed, g.Dir)
	if !ok {
		return g.Units, nil
	}
	for _, u := range g.Units {
		if slices.ContainsFunc(append(u.Files, u.Path), func(p string) bool { return reached[p] }) {
			near = append(near, u)
		} else {
			far = append(far, u)
		}
	}
	if len(near) == 0 || len(far) < minFar {
		return g.Units, nil
	}
	return near, far
}

// reach gives the files that reach the changed ones by imports; false when
// there are too many to read.
func reach(dir string, entries []change.Entry, changed []string, below string) (map[string]bool, bool) {
	files := map[string]bool{}
	for _, e := range entries {
		if suite.IsFile(e) && suite.Within(e.Path, below) && speaks(e.Path) && !change.Classify(e.Path, nil).Vendored {
			files[e.Path] = true
		}
	}
	if len(files) > maxFiles {
		return nil, false
	}
	importers := map[string][]string{} // by imported file
	err := suite.InRoot(dir, func(tree fs.FS) error {
		for p := range files {
			text, _ := suite.ReadText(tree, p)
			for _, i := range imports.Read(p, []byte(text)) {
				for _, to := range resolve(p, i.Path, below, files) {
					importers[to] = append(importers[to], p)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, false
	}
	reached := map[string]bool{}
	for todo := slices.Clone(changed); len(todo) > 0; todo = todo[1:] {
		if !reached[todo[0]] {
			reached[todo[0]] = true
			todo = append(todo, importers[todo[0]]...)
		}
	}
	return reached, true
}

func speaks(p string) bool {
	l := imports.LanguageOf(p)
	return l == imports.JS || l == imports.Python
}

// resolve gives the files of the project that an import can mean.
func resolve(from, spec, below string, files map[string]bool) []string {
	if imports.LanguageOf(from) == imports.Python {
		return resolvePython(from, spec, below, files)
	}
	if !strings.HasPrefix(spec, ".") {
		return nil // another package
	}
	at := path.Join(path.Dir(from), spec)
	stem := strings.TrimSuffix(at, path.Ext(at)) // TypeScript imports "./x.js" and means x.ts
	var out []string
	for _, base := range []string{at, stem, at + "/index"} {
		for _, ext := range []string{"", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts"} {
			if files[base+ext] {
				out = append(out, base+ext)
			}
		}
	}
	return out
}

// resolvePython looks for a module at the top of the project, in its folder
// src, and beside the importing file. An import of a package may mean any
// module in it.
func resolvePython(from, spec, below string, files map[string]bool) []string {
	name := strings.TrimLeft(spec, ".")
	rel := strings.ReplaceAll(name, ".", "/")
	roots := []string{below, path.Join(below, "src"), path.Dir(from)}
	if dots := len(spec) - len(name); dots > 0 {
		at := path.Dir(from)
		for range dots - 1 {
			at = path.Dir(at)
		}
		roots = []string{at}
	}
	var out []string
	for _, root := range roots {
		at := path.Join(root, rel)
		if files[at+".py"] {
			out = append(out, at+".py")
		}
		if !files[at+"/__init__.py"] && name != "" {
			continue
		}
		for p := range files {
			if path.Dir(p) == at {
				out = append(out, p)
			}
		}
	}
	slices.Sort(out)
	return out
}
