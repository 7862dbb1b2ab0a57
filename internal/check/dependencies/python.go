package dependencies

import (
	"context"
	"path"
	"strings"

	"muster/internal/source/imports"
	"muster/internal/source/manifest"
)

// pythonProvider knows the distributions that a tree's manifests name, and
// the modules that the tree itself holds.
type pythonProvider struct {
	j        importRules
	named    map[string]bool // normal names of distributions in manifests
	locked   map[string]bool // and in lockfiles
	local    map[string]bool // names of folders and files that can be imported
	readable bool            // there is a manifest that says what is needed
	loose    bool            // what it says may not be all
	said     bool
}

func (j importRules) pythonProvider() provider {
	p := &pythonProvider{j: j, named: map[string]bool{}, locked: map[string]bool{}, local: map[string]bool{}}
	for _, name := range j.head.paths {
		f := j.head.files[name]
		if f.Ecosystem != manifest.PyPI {
			continue
		}
		into := p.named
		if f.Lock {
			into = p.locked
		}
		for _, d := range f.Dependencies {
			into[manifest.Normal(manifest.PyPI, d.Name)] = true
		}
		if f.Name != "" {
			p.named[manifest.Normal(manifest.PyPI, f.Name)] = true
		}
		named := len(f.Dependencies) > 0 || !f.Dynamic && f.Name != ""
		p.readable = p.readable || !f.Lock && named
		p.loose = p.loose || f.Dynamic && len(f.Dependencies) == 0 || f.Problem != "" && !f.Lock
	}
	for _, e := range j.head.entries {
		p.localNames(e.Path)
	}
	for _, e := range j.base.entries { // a module that the change removes is another matter
		p.localNames(e.Path)
	}
	return p
}

// localNames notes the names under which a file can be imported from some
// folder of the tree: its own, and those of the folders above it.
func (p *pythonProvider) localNames(name string) {
	switch ext := path.Ext(name); ext {
	case ".py", ".pyi", ".pyx", ".so", ".pyd", ".proto", ".c", ".cpp", ".rs", ".toml":
		base := path.Base(name)
		stem, _, _ := strings.Cut(base, ".")
		p.local[stem] = true
		if ext == ".proto" {
			p.local[stem+"_pb2"], p.local[stem+"_pb2_grpc"] = true, true
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			p.local[path.Base(dir)] = true
		}
	}
}

func (p *pythonProvider) needs(_ context.Context, _ string, i imports.Import) (string, error) {
	top, _, _ := strings.Cut(i.Path, ".")
	switch {
	case top == "" || strings.HasPrefix(top, "_") || !isPackageName(top):
		return "", nil // relative, or a module in C that is built with its package
	case p.j.lists.set(pythonStdlib, same)[top], p.local[top], ambient(top):
		return "", nil
	case !p.readable:
		if !p.said {
			p.said = true
			p.j.leave("the imports of Python files: no manifest of this repository says what is installed")
		}
		return "", nil
	case p.provides(p.named, top):
		return "", nil
	}
	if known := p.j.lists.distributions(top); len(known) > 0 {
		return known[0], nil
	}
	return top, nil
}

// ambient reports whether a module is there wherever Python is developed.
func ambient(top string) bool {
	switch top {
	case "pytest", "setuptools", "pkg_resources", "pip", "wheel", "typing_extensions", "sphinx", "conftest", "IPython", "nox", "tox",
		"bpy", "gdb", "lldb", "idaapi", "hou", "maya", "unreal", "js", "pyodide", "micropython", "machine", "google", "tests", "test":
		return true
	}
	return false
}

// provides reports whether one of the distributions provides the module: it
// is known to, or has its name in its own.
func (p *pythonProvider) provides(dists map[string]bool, top string) bool {
	want := manifest.Normal(manifest.PyPI, top)
	if dists[want] {
		return true
	}
	for _, d := range p.j.lists.distributions(top) {
		if dists[manifest.Normal(manifest.PyPI, d)] {
			return true
		}
	}
	plain := squash(want)
	if len(plain) < 3 {
		return false
	}
	for d := range dists { // any one suffices
		if squash(d) == plain || squash(d) == "py"+plain || len(plain) > 3 && strings.Contains(squash(d), plain) {
			return true
		}
	}
	return false
}

func (p *pythonProvider) known(_, name string) (locked, exists bool) {
	return p.provides(p.locked, name), p.loose || p.j.lists.popular(manifest.PyPI)[manifest.Normal(manifest.PyPI, name)] || len(p.j.lists.distributions(name)) > 0
}
