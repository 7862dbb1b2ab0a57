package setup

import (
	"path"
	"slices"
	"strings"

	"muster/internal/core/change"
)

// BadPath says why a path of the configuration cannot be copied or linked into
// a worktree; empty when it can.
func BadPath(p string) string {
	switch clean := path.Clean(p); {
	case path.IsAbs(p):
		return "is absolute; write it relative to the top of the repository"
	case strings.Contains(p, `\`):
		return "has a backslash; folders are separated by /"
	case strings.ContainsAny(p, "*?["):
		return "has a wildcard; name each file or folder"
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return "leads out of the repository"
	case clean == ".":
		return "is the whole repository"
	case slices.Contains(strings.Split(strings.ToLower(clean), "/"), ".git"):
		return "is Git's own"
	}
	return ""
}

// Tracked answers what a tree tracks.
type Tracked struct {
	files   map[string]bool
	folders map[string]bool
}

// NewTracked reads the entries of a tree. A submodule counts as a folder with
// something in it.
func NewTracked(entries []change.Entry) Tracked {
	t := Tracked{map[string]bool{}, map[string]bool{}}
	for _, e := range entries {
		t.files[e.Path] = true
		for dir := path.Dir(e.Path); dir != "." && !t.folders[dir]; dir = path.Dir(dir) {
			t.folders[dir] = true
		}
	}
	return t
}

// Holds reports whether the tree tracks the path, or anything below it.
func (t Tracked) Holds(p string) bool { return t.files[p] || t.folders[p] }

// Below reports whether the tree tracks something below the path.
func (t Tracked) Below(p string) bool { return t.folders[p] }

// Blocked reports whether a file of the tree stands where the path needs a
// folder.
func (t Tracked) Blocked(p string) bool {
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if t.files[dir] {
			return true
		}
	}
	return false
}
