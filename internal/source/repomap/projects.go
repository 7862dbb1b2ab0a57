package repomap

import (
	"path"
	"slices"
	"strings"

	"muster/internal/source"
	"muster/internal/source/manifest"
)

// projects finds the folders with a manifest of their own, those nearest to
// the root first, and what builds and tests each.
func (l *look) projects() {
	var dirs []string
	aside := 0
	for _, p := range sortedKeys(l.files) {
		if isForeign(p) || !isManifest(path.Base(p)) && !startsPython(p) && !startsGradle(p) {
			continue
		}
		if dir := path.Dir(p); isAside(dir) {
			aside++
		} else if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.SortFunc(dirs, byDepth)
	for _, dir := range dirs {
		for _, p := range []*Project{goModule(l, dir), npmPackage(l, dir), pythonProject(l, dir), crateOf(l, dir), jvmModule(l, dir)} {
			switch {
			case p == nil:
			case len(l.out.Projects) == maxProjects:
				l.note("only the first %d projects are listed", maxProjects)
				return
			default:
				l.out.Projects = append(l.out.Projects, *p)
			}
		}
	}
	if aside > 0 {
		l.note("projects in folders of examples, documents, benchmarks and tests were left out")
	}
}

// startsPython reports whether a file alone makes its folder a Python project.
func startsPython(p string) bool {
	base := path.Base(p)
	return base == "setup.py" || base == "manage.py" || path.Dir(p) == "." && strings.HasSuffix(base, ".py")
}

func startsGradle(p string) bool {
	return slices.Contains([]string{"build.gradle", "build.gradle.kts"}, path.Base(p))
}

// within gives the folder of the nearest project above dir of the same kind
// whose workspace may hold it, or "".
func (l *look) within(dir, manager string) string {
	for at := path.Dir(dir); dir != "."; at = path.Dir(at) {
		for _, p := range l.out.Projects {
			if p.Dir == at && p.Manager == manager {
				return at
			}
		}
		if at == "." {
			break
		}
	}
	return ""
}

// holds reports whether code of one of the languages lies in a folder or
// below it.
func (l *look) holds(dir string, languages ...source.Language) bool {
	return slices.ContainsFunc(l.code, func(f file) bool {
		return slices.Contains(languages, f.language) && isBelow(f.path, dir)
	})
}

// isBelow reports whether a path lies in a folder or below it.
func isBelow(p, dir string) bool {
	return dir == "." || strings.HasPrefix(p, dir+"/")
}

func goModule(l *look, dir string) *Project {
	if !l.has(dir, "go.mod") || !l.holds(dir, source.Go) {
		return nil
	}
	m, _ := manifest.Read("go.mod", []byte(l.text(dir, "go.mod")))
	from := path.Join(dir, "go.mod")
	return &Project{
		Dir: dir, Kind: "Go module", Name: name(m.Name), Manager: "go",
		Build:  []Command{{in(dir, "go build ./..."), from}},
		Test:   []Command{{in(dir, "go test ./..."), from}},
		Others: []Command{{in(dir, "go vet ./..."), from}},
	}
}

func crateOf(l *look, dir string) *Project {
	if !l.has(dir, "Cargo.toml") {
		return nil
	}
	m, _ := manifest.Read("Cargo.toml", []byte(l.text(dir, "Cargo.toml")))
	from := path.Join(dir, "Cargo.toml")
	p := &Project{Dir: dir, Kind: "crate", Name: name(m.Name), Manager: "cargo"}
	if root := l.within(dir, "cargo"); root != "" {
		p.Within = root
		if p.Name != "" {
			p.Test = []Command{{in(root, "cargo test -p "+shell(p.Name)), from}}
		}
		return p
	}
	all := ""
	if len(m.Workspaces) > 0 {
		p.Kind, all = "Cargo workspace", " --workspace"
	}
	p.Build = []Command{{in(dir, "cargo build"+all), from}}
	p.Test = []Command{{in(dir, "cargo test"+all), from}}
	p.Others = []Command{{in(dir, "cargo clippy"+all), from}}
	return p
}

// jvmModule takes Maven's or Gradle's wrapper where the repository has it.
func jvmModule(l *look, dir string) *Project {
	gradle := l.has(dir, "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
	switch {
	case l.has(dir, "pom.xml"):
		return mavenModule(l, dir)
	case gradle:
		return gradleProject(l, dir)
	}
	return nil
}

func mavenModule(l *look, dir string) *Project {
	m, _ := manifest.Read("pom.xml", []byte(l.text(dir, "pom.xml")))
	from := path.Join(dir, "pom.xml")
	p := &Project{Dir: dir, Kind: "Maven module", Name: name(m.Name), Manager: "maven"}
	tool := func(at string) string {
		if l.has(at, "mvnw") {
			return "./mvnw -B -q"
		}
		return "mvn -B -q"
	}
	if root := l.within(dir, "maven"); root != "" {
		module := relative(root, dir)
		p.Within = root
		p.Test = []Command{{in(root, tool(root)+" -pl "+shell(module)+" -am test"), from}}
		return p
	}
	p.Build = []Command{{in(dir, tool(dir)+" compile"), from}}
	p.Test = []Command{{in(dir, tool(dir)+" test"), from}}
	return p
}

func gradleProject(l *look, dir string) *Project {
	from := path.Join(dir, "build.gradle")
	for _, other := range []string{"build.gradle.kts", "settings.gradle", "settings.gradle.kts"} {
		if !l.files[from] {
			from = path.Join(dir, other)
		}
	}
	p := &Project{Dir: dir, Kind: "Gradle project", Manager: "gradle"}
	tool := func(at string) string {
		if l.has(at, "gradlew") {
			return "./gradlew"
		}
		return "gradle"
	}
	if root := l.within(dir, "gradle"); root != "" {
		module := relative(root, dir)
		p.Within = root
		p.Test = []Command{{in(root, tool(root)+" "+shell(":"+strings.ReplaceAll(module, "/", ":")+":test")), from}}
		return p
	}
	p.Build = []Command{{in(dir, tool(dir)+" assemble"), from}}
	p.Test = []Command{{in(dir, tool(dir)+" test"), from}}
	return p
}

// name gives a manifest's own name when it prints as it is.
func name(s string) string {
	if isPlain(s) || strings.HasPrefix(s, "@") && isPlain(strings.TrimPrefix(s, "@")) {
		return s
	}
	return ""
}
