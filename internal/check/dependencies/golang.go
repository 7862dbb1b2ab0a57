package dependencies

import (
	"context"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source/imports"
	"muster/internal/source/manifest"
)

// goProvider knows what the modules of a tree require.
type goProvider struct {
	j       importRules
	modules []string // names of the modules of this tree
	said    bool
}

func (j importRules) goProvider() provider {
	p := &goProvider{j: j}
	for _, name := range j.head.paths {
		f := j.head.files[name]
		if f.Ecosystem == manifest.Go && f.Name != "" {
			p.modules = append(p.modules, f.Name)
		}
	}
	return p
}

// needs: a path is of the standard library, of a module of this tree, or of
// one that the file's own go.mod requires or replaces.
func (p *goProvider) needs(_ context.Context, file string, i imports.Import) (string, error) {
	mod, ok := p.j.head.above(file, func(f manifest.File) bool { return path.Base(f.Path) == "go.mod" })
	switch {
	case !ok && !p.said:
		p.said = true
		p.j.leave("the imports of %s: no go.mod is above it", check.ShowPath(file))
		return "", nil
	case !ok, mod.Problem != "" && mod.Name == "", check.GoIgnores(path.Dir(file)):
		return "", nil
	case p.j.lists.set(goStd, same)[i.Path], i.Path == "", strings.HasPrefix(i.Path, "."), strings.HasPrefix(i.Path, "internal/"), strings.HasPrefix(i.Path, "vendor/"):
		return "", nil
	}
	for _, m := range p.modules {
		if below(i.Path, m) {
			return "", nil
		}
	}
	for _, d := range mod.Dependencies {
		if below(i.Path, d.Name) && d.Kind != manifest.Tool {
			return "", nil
		}
	}
	for _, o := range mod.Overrides {
		if o.Kind == "replace" && below(i.Path, o.Name) {
			return "", nil
		}
	}
	first, _, _ := strings.Cut(i.Path, "/")
	if !strings.Contains(first, ".") && p.vendoredOrNew(file, i.Path) {
		return "", nil
	}
	return moduleOf(i.Path), nil
}

// vendoredOrNew: a path without a host may be of a newer standard library, or
// be found by another build system through its folder.
func (p *goProvider) vendoredOrNew(file, imported string) bool {
	first, _, both := strings.Cut(imported, "/")
	std := p.j.lists.set(goStd, same)
	return !both && !std[first] || p.j.head.has(imported) || p.j.head.has("src/"+imported) || p.j.head.has(path.Join(path.Dir(file), imported))
}

func below(imported, module string) bool {
	return imported == module || strings.HasPrefix(imported, module+"/")
}

// moduleOf guesses the module of a path: host, owner and repository.
func moduleOf(imported string) string {
	parts := strings.Split(imported, "/")
	if strings.Contains(parts[0], ".") && len(parts) > 3 {
		parts = parts[:3]
	}
	return strings.Join(parts, "/")
}

// known: what the module's go.sum has the content of is part of the build, and
// may be imported although go.mod does not name it. Anything else does not
// compile, however well known it is.
func (p *goProvider) known(file, name string) (locked, exists bool) {
	sum, _ := p.j.head.above(file, func(f manifest.File) bool { return path.Base(f.Path) == "go.sum" })
	return false, slices.ContainsFunc(sum.Dependencies, func(d manifest.Dependency) bool { return d.Hashed && below(name, d.Name) })
}
