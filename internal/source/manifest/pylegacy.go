package manifest

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
)

var (
	errUnreadable = errors.New("the file could not be read as TOML")
	errLargeTOML  = errors.New("it is larger than 256 KiB")
)

// readSetupCfg reads the lists of setuptools' declarative settings.
func readSetupCfg(f *File, text []byte) {
	f.Ecosystem = PyPI
	section, key := "", ""
	for i, line := range split(text).list {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
			continue
		case trimmed[0] == '[' && strings.HasSuffix(trimmed, "]"):
			section, key = strings.Trim(trimmed, "[] "), ""
			continue
		case line[0] != ' ' && line[0] != '\t':
			name, value, _ := strings.Cut(line, "=")
			key = strings.ToLower(strings.TrimSpace(name))
			trimmed = strings.TrimSpace(value)
		}
		if section == "metadata" && key == "name" && f.Name == "" {
			f.Name = trimmed
		}
		kind, ok := setupKind(section, key)
		if !ok || trimmed == "" {
			continue
		}
		if strings.HasPrefix(trimmed, "file:") || strings.HasPrefix(trimmed, "attr:") {
			f.Dynamic = true
			continue
		}
		f.add(pythonDependency(trimmed, kind, i+1))
	}
}

func setupKind(section, key string) (Kind, bool) {
	switch {
	case section == "options" && key == "install_requires":
		return Prod, true
	case section == "options" && key == "tests_require":
		return Dev, true
	case section == "options" && key == "setup_requires":
		return Build, true
	case section == "options.extras_require":
		return Optional, true
	}
	return "", false
}

// readSetupPy takes the quoted requirements out of the lists of a setup.py. It
// is a program: what it lists may not be all.
func readSetupPy(f *File, text []byte) {
	f.Ecosystem, f.Dynamic = PyPI, true
	if m := regexp.MustCompile(`\bname\s*=\s*["']([\w.-]+)["']`).FindSubmatch(text); m != nil {
		f.Name = string(m[1])
	}
	l := split(text)
	list := regexp.MustCompile(`(?i)\b\w*(requires?|requirements|extras|deps|dependencies)\w*["']?\s*[=:]\s*[\[({]`)
	quoted := regexp.MustCompile(`["']([A-Za-z0-9][^"'\n]{0,200})["']`)
	depth := 0
	for i, line := range l.list {
		line, _, _ = strings.Cut(line, "#")
		if depth == 0 {
			at := list.FindStringIndex(line)
			if at == nil {
				continue
			}
			line = line[at[1]-1:]
		}
		for _, m := range quoted.FindAllStringSubmatchIndex(line, -1) {
			if after := strings.TrimSpace(line[m[1]:]); !strings.HasPrefix(after, ":") { // not the name of an extra
				f.add(pythonDependency(line[m[2]:m[3]], Prod, i+1))
			}
		}
		bare := quoted.ReplaceAllString(line, "")
		depth = max(depth+strings.Count(bare, "[")+strings.Count(bare, "(")+strings.Count(bare, "{")-
			strings.Count(bare, "]")-strings.Count(bare, ")")-strings.Count(bare, "}"), 0)
	}
}

// readPythonLock reads the [[package]] tables of poetry, uv and PDM by their
// lines: their order is fixed by the tools that write them.
func readPythonLock(f *File, text []byte) {
	f.Ecosystem, f.Lock = PyPI, true
	readPackageTables(f, split(text))
}

// readPackageTables reads "[[package]]" with name, version and source below.
func readPackageTables(f *File, l *lines) {
	value := regexp.MustCompile(`^(name|version|source|url)\s*=\s*(.*)$`)
	address := regexp.MustCompile(`(?:registry|url|git|path|editable|virtual|directory)\s*=\s*"([^"]*)"`)
	at, inside := -1, false
	for i, line := range l.list {
		trimmed := strings.TrimSpace(line)
		switch m := value.FindStringSubmatch(trimmed); {
		case trimmed == "[[package]]":
			f.Dependencies = append(f.Dependencies, Dependency{Ecosystem: f.Ecosystem, Kind: Locked, Source: Registry, Line: i + 1})
			at, inside = len(f.Dependencies)-1, true
		case trimmed == "[package.source]":
			inside = at >= 0
		case strings.HasPrefix(trimmed, "["):
			inside = false
		case m == nil || !inside:
		case m[1] == "name" && f.Dependencies[at].Name == "":
			f.Dependencies[at].Name, f.Dependencies[at].Line = strings.Trim(m[2], `"`), i+1
		case m[1] == "version" && f.Dependencies[at].Version == "":
			f.Dependencies[at].Version = strings.Trim(m[2], `"`)
		case m[1] == "url":
			f.Dependencies[at].Locator = strings.Trim(m[2], `"`)
		case m[1] == "source":
			lockSource(&f.Dependencies[at], m[2], address)
		}
	}
	kept := f.Dependencies[:0]
	for _, d := range f.Dependencies {
		if d.Name != "" {
			kept = append(kept, d)
		}
	}
	f.Dependencies = kept
}

func lockSource(d *Dependency, text string, address *regexp.Regexp) {
	d.Locator = strings.TrimPrefix(strings.Trim(text, `"`), "registry+")
	if m := address.FindStringSubmatch(text); m != nil {
		d.Locator = m[1]
	}
	switch {
	case strings.Contains(text, "git+") || strings.Contains(text, "git ="):
		d.Source = Git
	case strings.Contains(text, "editable") || strings.Contains(text, "virtual") || strings.Contains(text, "directory"):
		d.Source = Workspace
	}
}

func readPipfileLock(f *File, text []byte) {
	f.Ecosystem, f.Lock = PyPI, true
	var lock struct {
		Default map[string]struct{ Version string }
		Develop map[string]struct{ Version string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		f.problem(err)
		return
	}
	for _, part := range []map[string]struct{ Version string }{lock.Default, lock.Develop} {
		for _, name := range sortedKeys(part) {
			f.add(Dependency{Name: name, Version: strings.TrimPrefix(part[name].Version, "==")})
		}
	}
}

// readPipConf reads the addresses of pip.conf and uv.toml.
func readPipConf(f *File, text []byte) {
	f.Ecosystem = PyPI
	entry := regexp.MustCompile(`^\s*(index-url|extra-index-url|find-links|index_url|extra_index_url|url)\s*=\s*\[?\s*"?([^"\s\]]+)`)
	for i, line := range split(text).list {
		if m := entry.FindStringSubmatch(line); m != nil {
			f.Overrides = append(f.Overrides, Override{Kind: "index", Name: m[1], Target: m[2], Line: i + 1})
		}
	}
}

// readConda reads the lists of a conda environment. Its packages come from
// channels, of which most go by the names that PyPI has too.
func readConda(f *File, text []byte) {
	f.Ecosystem, f.Dynamic = PyPI, true
	inside := false
	for i, line := range split(text).list {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "dependencies:"):
			inside = true
		case trimmed != "" && line[0] != ' ' && line[0] != '-' && line[0] != '#':
			inside = false
		case inside && strings.HasPrefix(trimmed, "- ") && !strings.HasSuffix(trimmed, ":"):
			item := strings.Trim(strings.TrimSpace(trimmed[2:]), `'"`)
			item = item[strings.LastIndex(item, "::")+1:]
			f.add(pythonDependency(strings.TrimPrefix(item, ":"), Prod, i+1))
		}
	}
}
