package manifest

import (
	"encoding/json"
	"strings"
)

// readPackageLock reads all versions of npm's lockfile: "packages" by folder
// since version 2, "dependencies" nested before.
func readPackageLock(f *File, text []byte) {
	f.Ecosystem, f.Lock = NPM, true
	type entry struct {
		Name             string
		Version          string
		Resolved         string
		Link             bool
		HasInstallScript bool
		Dependencies     map[string]json.RawMessage
	}
	var lock struct {
		Packages     map[string]entry
		Dependencies map[string]entry
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		f.problem(err)
		return
	}
	const modules = "node_modules/"
	for _, key := range sortedKeys(lock.Packages) {
		e := lock.Packages[key]
		at := strings.LastIndex(key, modules)
		if at < 0 {
			continue // the project itself, or one of its workspaces
		}
		d := Dependency{Name: key[at+len(modules):], Version: e.Version, Locator: e.Resolved}
		if e.Link {
			d.Source = Workspace
		}
		if e.Name != "" && e.Name != d.Name {
			d.Replace = e.Name
		}
		f.add(d)
	}
	if len(lock.Packages) > 0 {
		return
	}
	for _, name := range sortedKeys(lock.Dependencies) {
		e := lock.Dependencies[name]
		f.add(Dependency{Name: name, Version: e.Version, Locator: e.Resolved})
		for _, inner := range sortedKeys(e.Dependencies) {
			f.add(Dependency{Name: inner})
		}
	}
}

// readYarnLock reads both formats of yarn: unindented lines that name one or
// more "name@range" and end in a colon, and below them indented fields.
func readYarnLock(f *File, text []byte) {
	f.Ecosystem, f.Lock = NPM, true
	var open []Dependency
	flush := func() {
		for _, d := range open {
			f.add(d)
		}
		open = nil
	}
	for i, line := range split(text).list {
		switch {
		case line == "" || line[0] == '#':
		case line[0] != ' ' && strings.HasSuffix(line, ":"):
			flush()
			open = yarnHeads(strings.TrimSuffix(line, ":"), i+1)
		case strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   "):
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			value = strings.Trim(value, `"`)
			for k := range open {
				switch strings.TrimSuffix(key, ":") {
				case "version":
					open[k].Version = value
				case "resolved", "resolution":
					open[k].Locator = value
				}
			}
		}
	}
	flush()
}

func yarnHeads(line string, number int) []Dependency {
	var out []Dependency
	for part := range strings.SplitSeq(line, ",") {
		part = strings.Trim(strings.TrimSpace(part), `"`)
		name, rest := cutVersion(part)
		if name == "" || name == "__metadata" || len(out) > 0 && out[len(out)-1].Name == name {
			continue
		}
		d := Dependency{Name: name, Line: number}
		if strings.HasPrefix(rest, "workspace:") {
			d.Source = Workspace
		}
		if target, ok := strings.CutPrefix(rest, "npm:"); ok && strings.Contains(target, "@") {
			if other, _ := cutVersion(target); other != "" && other != name {
				d.Replace = other
			}
		}
		out = append(out, d)
	}
	return out
}

// cutVersion splits "name@version" and "@scope/name@version".
func cutVersion(s string) (name, version string) {
	if s == "" {
		return "", ""
	}
	at := strings.Index(s[1:], "@")
	if at < 0 {
		return s, ""
	}
	return s[:at+1], s[at+2:]
}

// readPnpmLock reads the keys of "packages" (or "snapshots"), whose spelling
// has changed with the version: "/name/1.0.0", "/name@1.0.0", "name@1.0.0".
func readPnpmLock(f *File, text []byte) {
	f.Ecosystem, f.Lock = NPM, true
	inside := false
	for i, line := range split(text).list {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case line[0] != ' ':
			inside = strings.HasPrefix(line, "packages:")
			continue
		case !inside:
			continue
		}
		if strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") && strings.Contains(line, ":") {
			key := strings.TrimSpace(line)
			key = strings.TrimSuffix(strings.TrimSuffix(key, "{}"), " ")
			key = strings.Trim(strings.TrimSuffix(key, ":"), `'"`)
			key = strings.TrimPrefix(key, "/")
			key, _, _ = strings.Cut(key, "(")
			name, version := cutVersion(key)
			if version == "" {
				if at := strings.LastIndex(key, "/"); at > 0 {
					name, version = key[:at], key[at+1:]
				}
			}
			f.add(Dependency{Name: name, Version: version, Line: i + 1})
			continue
		}
		if _, rest, ok := strings.Cut(line, "tarball: "); ok && len(f.Dependencies) > 0 {
			address, _, _ := strings.Cut(rest, ",")
			f.Dependencies[len(f.Dependencies)-1].Locator = strings.Trim(strings.TrimSpace(address), `'"}`)
		}
	}
}

// readPnpmWorkspace reads the list below "packages:".
func readPnpmWorkspace(f *File, text []byte) {
	f.Ecosystem = NPM
	inside := false
	for _, line := range split(text).list {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "packages:"):
			inside = true
		case inside && strings.HasPrefix(trimmed, "- "):
			f.Workspaces = append(f.Workspaces, strings.Trim(strings.TrimSpace(trimmed[2:]), `'"`))
		case trimmed != "" && line[0] != ' ' && line[0] != '#':
			inside = false
		}
	}
}

// readBunLock reads the lines of "packages": "name": ["name@version", ...].
func readBunLock(f *File, text []byte) {
	f.Ecosystem, f.Lock = NPM, true
	inside := false
	for i, line := range split(text).list {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, `"packages":`) {
			inside = true
			continue
		}
		key, rest, ok := strings.Cut(trimmed, `": ["`)
		if !inside || !ok {
			continue
		}
		locked, _, _ := strings.Cut(rest, `"`)
		name, version := cutVersion(locked)
		d := Dependency{Name: name, Version: version, Line: i + 1}
		if strings.HasPrefix(version, "workspace:") {
			d.Source = Workspace
		}
		if alias := strings.TrimPrefix(key, `"`); alias != name && !strings.HasSuffix(alias, "/"+name) {
			d.Name, d.Replace = alias, name
		}
		f.add(d)
	}
}
