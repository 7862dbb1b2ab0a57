package dependencies

import (
	_ "embed" // the lists
	"regexp"
	"strings"
	"sync"

	"muster/internal/source/manifest"
)

// The lists say in their first lines what they are and where they are from.
var (
	//go:embed data/popular-npm.txt
	popularNPM string
	//go:embed data/popular-pypi.txt
	popularPyPI string
	//go:embed data/popular-go.txt
	popularGo string
	//go:embed data/popular-cargo.txt
	popularCargo string
	//go:embed data/python-stdlib.txt
	pythonStdlib string
	//go:embed data/python-modules.txt
	pythonModules string
	//go:embed data/node-builtin.txt
	nodeBuiltin string
	//go:embed data/go-std.txt
	goStd string
)

// lists holds the lists, each read when it is first asked for.
type lists struct {
	mu   sync.Mutex
	sets map[string]map[string]bool
	mods map[string][]string

	compiled map[string]*regexp.Regexp
}

// regexp gives an expression that is used for many files, compiled once.
func (l *lists) regexp(pattern string) *regexp.Regexp {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.compiled[pattern]
	if r == nil {
		if l.compiled == nil {
			l.compiled = map[string]*regexp.Regexp{}
		}
		r = regexp.MustCompile(pattern)
		l.compiled[pattern] = r
	}
	return r
}

// set gives the lines of a list as a set.
func (l *lists) set(text string, normal func(string) string) map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sets == nil {
		l.sets = map[string]map[string]bool{}
	}
	key := text[:min(len(text), 80)]
	if s, ok := l.sets[key]; ok {
		return s
	}
	s := map[string]bool{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			s[normal(line)] = true
		}
	}
	l.sets[key] = s
	return s
}

func same(s string) string { return s }

// popular gives the normal names of the well-known packages of an ecosystem.
func (l *lists) popular(e manifest.Ecosystem) map[string]bool {
	normal := func(s string) string { return manifest.Normal(e, s) }
	switch e {
	case manifest.NPM:
		return l.set(popularNPM, normal)
	case manifest.PyPI:
		return l.set(popularPyPI, normal)
	case manifest.Go:
		return l.set(popularGo, same)
	case manifest.Cargo:
		return l.set(popularCargo, normal)
	case manifest.Maven:
	}
	return nil
}

// distributions gives the normal names of the distributions that are known to
// provide a module of Python under another name.
func (l *lists) distributions(module string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mods == nil {
		l.mods = map[string][]string{}
		for line := range strings.Lines(pythonModules) {
			fields := strings.Fields(line)
			if len(fields) > 1 && fields[0] != "#" {
				l.mods[fields[0]] = append(l.mods[fields[0]], fields[1:]...)
			}
		}
	}
	return l.mods[module]
}
