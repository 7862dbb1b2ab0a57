package repomap

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"muster/internal/source"
)

// areas sorts the code by the folders that hold it. Those with the most
// mending stand first, then those that changed most, then the largest.
func (l *look) areas(h map[string]changed) {
	byDir := map[string]*Area{}
	languages := map[string]map[source.Language]int{}
	for _, f := range l.code {
		if f.test && (inTests(f.dir) || strings.Contains("/"+f.path, "/src/test/")) || isAside(f.dir) {
			continue // they belong to the folder that they test
		}
		a := byDir[f.dir]
		if a == nil {
			a = &Area{Dir: f.dir}
			byDir[f.dir], languages[f.dir] = a, map[source.Language]int{}
		}
		if f.test {
			a.Tests++
		} else {
			a.Sources++
			languages[f.dir][f.language]++
		}
		a.Changes += h[f.path].changes
		a.Fixes += h[f.path].fixes
	}
	var all []Area
	for _, dir := range sortedKeys(byDir) {
		if byDir[dir].Sources > 0 {
			all = append(all, *byDir[dir])
		}
	}
	slices.SortStableFunc(all, func(a, b Area) int {
		return cmp.Or(b.Fixes-a.Fixes, b.Changes-a.Changes, b.Sources-a.Sources, strings.Compare(a.Dir, b.Dir))
	})
	if len(all) > maxAreas {
		l.note("only %d of %d folders of code are listed", maxAreas, len(all))
		all = all[:maxAreas]
	}
	owners := readOwners(l)
	for i := range all {
		a := &all[i]
		l.describe(a, most(languages[a.Dir]))
		a.Owners = owners.of(path.Join(a.Dir, "x"))
	}
	l.out.Areas = append(l.out.Areas, all...)
}

func most(count map[source.Language]int) source.Language {
	best := source.Unknown
	for _, language := range sortedLanguages(count) {
		if best == source.Unknown || count[language] > count[best] {
			best = language
		}
	}
	return best
}

func sortedLanguages(count map[source.Language]int) []source.Language {
	var out []source.Language
	for l := range count {
		out = append(out, l)
	}
	slices.Sort(out)
	return out
}

// describe says where the tests of an area are, what a task on it may touch,
// and what tests it alone.
func (l *look) describe(a *Area, language source.Language) {
	a.Language = nameOf(language)
	p := l.projectFor(a.Dir, language)
	if p != nil {
		a.Project, a.Test, a.Setup = p.Dir, p.Test, p.Setup
		for _, root := range l.out.Projects {
			if p.Within != "" && root.Dir == p.Within && root.Manager == p.Manager {
				a.Setup = root.Setup
			}
		}
	}
	a.Scope = []string{below(a.Dir)}
	if a.Dir == "." {
		a.Scope = []string{"*" + extension(language)}
	}
	switch language {
	case source.Go:
		if p != nil && a.Dir != p.Dir {
			a.Test = []Command{{in(p.Dir, "go test "+shell("./"+relative(p.Dir, a.Dir)+"/...")), path.Join(p.Dir, "go.mod")}}
		}
	case source.Java:
		if twin := strings.Replace(a.Dir, "src/main/", "src/test/", 1); twin != a.Dir {
			a.Scope = append(a.Scope, below(twin))
			a.Tests += l.testsIn(twin)
		}
	case source.Python, source.Rust, source.JavaScript, source.TypeScript, source.TSX:
		l.describeApart(a, p)
	case source.Unknown:
	}
}

// describeApart looks for tests in a folder beside the code: that of the
// project, or one within the area.
func (l *look) describeApart(a *Area, p *Project) {
	for name := range strings.SplitSeq("test tests __tests__ spec", " ") {
		a.Tests += l.testsIn(path.Join(a.Dir, name))
	}
	if p == nil {
		return
	}
	stem := path.Base(a.Dir)
	for name := range strings.SplitSeq("test tests __tests__ spec", " ") {
		dir := path.Join(p.Dir, name)
		if dir == path.Join(a.Dir, name) && a.Dir != "." || !l.hasBelow(dir) {
			continue
		}
		a.Scope = append(a.Scope, below(dir))
		for _, f := range l.code {
			if f.test && isBelow(f.path, dir) && (a.Dir == p.Dir || strings.Contains(f.path[len(dir):], stem)) {
				a.Tests++
			}
		}
	}
	if a.Language == "Python" && len(a.Scope) == 1 && a.Tests == 0 {
		a.Scope = append(a.Scope, below(path.Join(p.Dir, "tests"))) // where its first tests will go
	}
}

// projectFor gives the nearest project of an area's language.
func (l *look) projectFor(dir string, language source.Language) *Project {
	var best *Project
	for i := range l.out.Projects {
		p := &l.out.Projects[i]
		if builds(*p, language) && isBelow(dir+"/", p.Dir) && (best == nil || depth(p.Dir) > depth(best.Dir)) {
			best = p
		}
	}
	return best
}

// builds reports whether a project is one of a language.
func builds(p Project, language source.Language) bool {
	switch language {
	case source.Go:
		return p.Manager == "go"
	case source.Python:
		return p.Kind == "Python project"
	case source.JavaScript, source.TypeScript, source.TSX:
		return strings.HasPrefix(p.Kind, "npm ")
	case source.Java:
		return p.Manager == "maven" || p.Manager == "gradle"
	case source.Rust:
		return p.Manager == "cargo"
	case source.Unknown:
	}
	return false
}

// testsIn counts the test files in a folder and below it.
func (l *look) testsIn(dir string) int {
	n := 0
	for _, f := range l.code {
		if f.test && isBelow(f.path, dir) {
			n++
		}
	}
	return n
}

func (l *look) hasBelow(dir string) bool {
	return slices.ContainsFunc(l.code, func(f file) bool { return isBelow(f.path, dir) })
}

func extension(l source.Language) string {
	switch l {
	case source.Go:
		return ".go"
	case source.Python:
		return ".py"
	case source.JavaScript:
		return ".{js,mjs,cjs,jsx}"
	case source.TypeScript, source.TSX:
		return ".{ts,tsx}"
	case source.Java:
		return ".java"
	case source.Rust:
		return ".rs"
	case source.Unknown:
	}
	return ""
}
