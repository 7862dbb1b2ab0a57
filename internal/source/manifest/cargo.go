package manifest

import (
	"slices"
	"strings"
)

// cargoTables are the tables of dependencies that a Cargo.toml has, also below
// each target.
type cargoTables struct {
	Dependencies map[string]any
	Dev          map[string]any `toml:"dev-dependencies"`
	Build        map[string]any `toml:"build-dependencies"`
}

func readCargo(f *File, text []byte) {
	f.Ecosystem = Cargo
	var c struct {
		Package struct {
			Name string
		}
		cargoTables
		Target    map[string]cargoTables
		Workspace struct {
			Members      []string
			Dependencies map[string]any
		}
		Patch map[string]map[string]any
	}
	if err := decode(text, &c); err != nil {
		f.problem(err)
	}
	l := split(text)
	f.Name = c.Package.Name
	f.Workspaces = c.Workspace.Members
	f.cargoTables(c.cargoTables, l)
	for _, target := range sortedKeys(c.Target) {
		f.cargoTables(c.Target[target], l)
	}
	f.cargoTable(c.Workspace.Dependencies, Prod, l)
	for _, registry := range sortedKeys(c.Patch) {
		for _, name := range sortedKeys(c.Patch[registry]) {
			d := tableDependency(name, c.Patch[registry][name], Prod, l.of(name, l.section("patch")))
			f.Overrides = append(f.Overrides, Override{Kind: "patch", Name: name, Target: strings.TrimSpace(d.Locator + " " + d.Version), Line: d.Line})
		}
	}
}

func (f *File) cargoTables(t cargoTables, l *lines) {
	f.cargoTable(t.Dependencies, Prod, l)
	f.cargoTable(t.Dev, Dev, l)
	f.cargoTable(t.Build, Build, l)
}

func (f *File) cargoTable(m map[string]any, kind Kind, l *lines) {
	for _, name := range sortedKeys(m) {
		line := l.of(name, 1)
		if line == 0 {
			line = l.of(name+".workspace", 1)
		}
		f.add(tableDependency(name, m[name], kind, line))
	}
}

// section gives the line of the first table whose name begins so.
func (l *lines) section(name string) int {
	return 1 + max(slices.IndexFunc(l.list, func(line string) bool { return strings.HasPrefix(line, "["+name) }), 0)
}

func readCargoLock(f *File, text []byte) {
	f.Ecosystem, f.Lock = Cargo, true
	readPackageTables(f, split(text))
}
