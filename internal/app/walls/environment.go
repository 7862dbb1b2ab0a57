package walls

import (
	"path/filepath"
)

// environment is what checks may see of the person's variables.
type environment map[string]string

// goFolders gives the person's module cache and build cache, which are read.
func (e environment) goFolders() []string {
	var out []string
	for _, p := range []string{e.goModules(), e.goBuild()} {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (e environment) goModules() string {
	if p := e["GOMODCACHE"]; filepath.IsAbs(p) {
		return p
	}
	if list := filepath.SplitList(e["GOPATH"]); len(list) > 0 && filepath.IsAbs(list[0]) {
		return filepath.Join(list[0], "pkg", "mod")
	}
	return e.inHome("go", "pkg", "mod")
}

func (e environment) goBuild() string {
	if p := e["GOCACHE"]; filepath.IsAbs(p) {
		return p
	}
	if p := e["XDG_CACHE_HOME"]; filepath.IsAbs(p) {
		return filepath.Join(p, "go-build")
	}
	return e.inHome(".cache", "go-build")
}

// inHome gives a path in the person's home, or nothing when that is unknown.
func (e environment) inHome(parts ...string) string {
	if home := e["HOME"]; filepath.IsAbs(home) {
		return filepath.Join(append([]string{home}, parts...)...)
	}
	return ""
}
