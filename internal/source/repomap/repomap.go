// Package repomap says what a repository holds, from its file names, a few of
// its files and its history: languages, projects with the commands that build
// and test them, folders of code, who owns them, and what was mended most.
//
// It is a pure look at data that the caller read: nothing is opened, started
// or asked, and the same data gives the same map. What files say is hostile:
// names that could not be written into a plan are left out, every list is
// bounded, and no text of a file becomes part of a command.
package repomap

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"muster/internal/source"
)

// The most that is looked at. A repository above a bound is described in part,
// and Map.Notes says so.
const (
	MaxPaths    = 300_000
	MaxTexts    = 400       // files whose text is wanted
	MaxText     = 512 << 10 // bytes of one of them
	maxProjects = 60
	maxAreas    = 24
	maxHot      = 12
	maxTargets  = 40
)

// Input is what is known of one commit of a repository.
type Input struct {
	Paths   []string          // every file, slash-separated
	Texts   map[string][]byte // of the files that Wanted names, as far as they could be read
	Commits []Commit          // those before and with it that are looked at; newest first
}

// Commit is one commit of the history.
type Commit struct {
	Subject string // first line of its message
	Paths   []string
}

// Map is what a repository holds. Lists are ordered, the most important first.
type Map struct {
	Files     int        `json:"files"`
	Languages []Language `json:"languages"`
	Projects  []Project  `json:"projects"`
	Targets   []Target   `json:"targets,omitempty"` // of make, just and task
	Areas     []Area     `json:"areas"`             // folders of code, those with the most mending first
	Hot       []Hot      `json:"hot,omitempty"`     // files that were mended most
	Commits   int        `json:"commits"`           // that were looked at
	Notes     []string   `json:"notes,omitempty"`   // what was left out, and why
}

// Language is a language of the repository and how many files it has.
type Language struct {
	Name  string `json:"name"`
	Files int    `json:"files"`
}

// Project is a folder with a manifest of its own: a Go module, an npm
// package, a Python project, a crate, a Maven or Gradle module.
type Project struct {
	Dir     string    `json:"dir"`  // "." at the root
	Kind    string    `json:"kind"` // "Go module", "npm package" ...
	Name    string    `json:"name,omitempty"`
	Manager string    `json:"manager,omitempty"` // the tool that installs and runs: go, npm, uv ...
	Within  string    `json:"within,omitempty"`  // the project whose commands cover this one; empty when it stands alone
	Setup   []Command `json:"setup,omitempty"`   // what must have run before, in a fresh worktree
	Build   []Command `json:"build,omitempty"`
	Test    []Command `json:"test,omitempty"`
	Others  []Command `json:"others,omitempty"` // further commands that it offers: lint, type check
}

// Command is a line for a shell at the root of the repository, and what in the
// repository says that it is there.
type Command struct {
	Line string `json:"line"`
	From string `json:"from"`
}

// Target is something that make, just or task can do.
type Target struct {
	Command
	Name string `json:"name"`
}

// Area is a folder that holds source files itself.
type Area struct {
	Dir      string    `json:"dir"`
	Project  string    `json:"project"`  // folder of the project it belongs to
	Language string    `json:"language"` // of most of its files
	Sources  int       `json:"sources"`  // files of code, tests left out
	Tests    int       `json:"tests"`    // files of tests: its own, and those of its name in a folder of tests
	Changes  int       `json:"changes"`  // times that a commit changed one of its files
	Fixes    int       `json:"fixes"`    // of these, commits that mended something
	Owners   []string  `json:"owners,omitempty"`
	Scope    []string  `json:"scope"` // globs for a task on it, its tests included
	Setup    []Command `json:"setup,omitempty"`
	Test     []Command `json:"test,omitempty"`
}

// Hot is a file that changed often.
type Hot struct {
	Path    string   `json:"path"`
	Changes int      `json:"changes"`
	Fixes   int      `json:"fixes"`
	Owners  []string `json:"owners,omitempty"`
}

// look is a map that is being made.
type look struct {
	in    Input
	out   *Map
	files map[string]bool
	code  []file // files of code, in order
}

// file is one file of code.
type file struct {
	path, dir string
	language  source.Language
	test      bool
}

// Look makes the map.
func Look(in Input) Map {
	l := &look{in: in, out: &Map{Languages: []Language{}, Projects: []Project{}, Areas: []Area{}, Commits: len(in.Commits)}, files: map[string]bool{}}
	l.take()
	l.languages()
	l.projects()
	l.targets()
	h := histories(in.Commits, l.files)
	l.areas(h)
	l.hot(h)
	return *l.out
}

// take sorts the files.
func (l *look) take() {
	paths := slices.Sorted(slices.Values(l.in.Paths))
	l.out.Files = len(paths)
	if len(paths) > MaxPaths {
		l.note("only the first %d of its files were looked at", MaxPaths)
		paths = paths[:MaxPaths]
	}
	odd := 0
	for _, p := range paths {
		if !isPlain(p) {
			odd++
			continue
		}
		l.files[p] = true
		if language := source.LanguageOf(p); language != source.Unknown && !isForeign(p) {
			l.code = append(l.code, file{p, path.Dir(p), language, isTest(p)})
		}
	}
	if odd > 0 {
		l.note("%d files were left out: their names cannot be written into a plan", odd)
	}
}

// languages counts files, tests included.
func (l *look) languages() {
	count := map[string]int{}
	for _, f := range l.code {
		count[nameOf(f.language)]++
	}
	for _, name := range sortedKeys(count) {
		l.out.Languages = append(l.out.Languages, Language{name, count[name]})
	}
	slices.SortStableFunc(l.out.Languages, func(a, b Language) int { return b.Files - a.Files })
}

// nameOf gives a language as people call it.
func nameOf(l source.Language) string {
	switch l {
	case source.Go:
		return "Go"
	case source.Python:
		return "Python"
	case source.JavaScript:
		return "JavaScript"
	case source.TypeScript, source.TSX:
		return "TypeScript"
	case source.Java:
		return "Java"
	case source.Rust:
		return "Rust"
	case source.Unknown:
	}
	return "other"
}

// has reports whether the repository has a file of the name in a folder.
func (l *look) has(dir string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return l.files[path.Join(dir, name)] })
}

// text gives a file's text, or "".
func (l *look) text(dir, name string) string {
	return string(l.in.Texts[path.Join(dir, name)])
}

// covering gives the nearest project at or above a folder, or nil.
func (l *look) covering(dir string) *Project {
	for at := dir; ; at = path.Dir(at) {
		for i := range l.out.Projects {
			if l.out.Projects[i].Dir == at {
				return &l.out.Projects[i]
			}
		}
		if at == "." {
			return nil
		}
	}
}

// Alone gives the projects whose commands the repository is built and tested
// with: those that no other project covers.
func (m Map) Alone() []Project {
	var out []Project
	for _, p := range m.Projects {
		if p.Within == "" {
			out = append(out, p)
		}
	}
	return out
}

// byDepth orders folders and files: those nearer to the root first.
func byDepth(a, b string) int {
	return cmp.Or(cmp.Compare(depth(a), depth(b)), cmp.Compare(a, b))
}

func depth(p string) int {
	if p == "." {
		return 0
	}
	return 1 + strings.Count(p, "/")
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
