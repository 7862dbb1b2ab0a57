package manifest

import (
	"strings"

	"golang.org/x/mod/modfile"
)

func readGoMod(f *File, text []byte) {
	f.Ecosystem = Go
	m, err := modfile.Parse(f.Path, text, nil)
	if err != nil {
		f.problem(err)
		if m, err = modfile.ParseLax(f.Path, text, nil); err != nil {
			return
		}
	}
	if m.Module != nil {
		f.Name = m.Module.Mod.Path
	}
	for _, r := range m.Require {
		kind := Prod
		if r.Indirect {
			kind = Indirect
		}
		f.add(Dependency{Name: r.Mod.Path, Version: r.Mod.Version, Line: r.Syntax.Start.Line, Kind: kind})
	}
	for _, t := range m.Tool {
		f.add(Dependency{Name: t.Path, Line: t.Syntax.Start.Line, Kind: Tool})
	}
	f.replaces(m.Replace)
	for _, x := range m.Exclude {
		f.Overrides = append(f.Overrides, Override{Kind: "exclude", Name: x.Mod.Path, Target: x.Mod.Version, Line: x.Syntax.Start.Line})
	}
}

func readGoWork(f *File, text []byte) {
	f.Ecosystem = Go
	w, err := modfile.ParseWork(f.Path, text, nil)
	if err != nil {
		f.problem(err)
		return
	}
	for _, u := range w.Use {
		f.Workspaces = append(f.Workspaces, u.Path)
	}
	f.replaces(w.Replace)
}

// replaces notes what stands in for modules, also at the dependencies that
// are replaced.
func (f *File) replaces(list []*modfile.Replace) {
	for _, r := range list {
		target := strings.TrimSpace(r.New.Path + " " + r.New.Version)
		f.Overrides = append(f.Overrides, Override{Kind: "replace", Name: r.Old.Path, Target: target, Line: r.Syntax.Start.Line})
		for i, d := range f.Dependencies {
			if d.Name != r.Old.Path || r.Old.Version != "" && r.Old.Version != d.Version {
				continue
			}
			f.Dependencies[i].Replace = r.New.Path
			if r.New.Version == "" {
				f.Dependencies[i].Source, f.Dependencies[i].Locator = Path, r.New.Path
			}
		}
	}
}

// readGoSum reads "module version hash" lines. A version that ends in
// "/go.mod" is the hash of the module's go.mod alone.
func readGoSum(f *File, text []byte) {
	f.Ecosystem, f.Lock = Go, true
	for i, line := range split(text).list {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		version, onlyMod := strings.CutSuffix(fields[1], "/go.mod")
		f.add(Dependency{Name: fields[0], Version: version, Line: i + 1, Hashed: !onlyMod})
	}
}
