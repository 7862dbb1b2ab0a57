package dependencies

import (
	"context"
	"fmt"
	"path"
	"slices"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source/manifest"
)

// unlocked finds new dependencies that the lockfile, which the change left as
// it was, does not record: an install that keeps to the lockfile fails.
func (j lockRules) unlocked(_ context.Context, news []addition) error {
	own := map[manifest.Ecosystem]map[string]bool{}
	for _, a := range news {
		if a.Source != manifest.Registry && a.Source != manifest.Git {
			continue
		}
		if a.Kind == manifest.Peer || a.Kind == manifest.Build && a.Ecosystem == manifest.PyPI || a.Kind == manifest.Tool {
			continue // not recorded by every package manager
		}
		if own[a.Ecosystem] == nil {
			own[a.Ecosystem] = j.projects(a.Ecosystem)
		}
		if own[a.Ecosystem][manifest.Normal(a.Ecosystem, a.Name)] {
			continue
		}
		lock, ok := j.lockOf(a)
		if !ok || j.touched(lock.Path) || records(lock, a.Dependency) || !covers(lock, a) {
			continue
		}
		j.find(evidence.Gate, "unlocked", a.place, j.show(a.Name, a.path, lock.Path),
			fmt.Sprintf("%s adds the dependency %s, and %s, which records exact versions, was not updated: an install that keeps to it fails.", a.place, a.Name, check.ShowPath(lock.Path)))
	}
	return nil
}

// projects gives the names that the projects of the tree itself have.
func (j lockRules) projects(e manifest.Ecosystem) map[string]bool {
	out := map[string]bool{}
	for _, p := range j.head.paths {
		if f := j.head.files[p]; f.Ecosystem == e && f.Name != "" {
			out[manifest.Normal(e, f.Name)] = true
		}
	}
	return out
}

func (j lockRules) touched(name string) bool {
	return slices.ContainsFunc(j.s.Change.Files, func(f change.File) bool { return f.Path == name })
}

// lockOf gives the lockfile that records a manifest's dependencies: of Go the
// one beside it, else the nearest above. Requirements have none, and for
// Gradle and Maven there is none in general use.
func (j lockRules) lockOf(a addition) (manifest.File, bool) {
	base := path.Base(a.path)
	switch a.Ecosystem {
	case manifest.Go:
		f, ok := j.head.files[path.Join(path.Dir(a.path), "go.sum")]
		return f, ok && base == "go.mod"
	case manifest.PyPI:
		if base != "pyproject.toml" && base != "Pipfile" {
			return manifest.File{}, false
		}
	case manifest.NPM, manifest.Cargo:
	case manifest.Maven:
		return manifest.File{}, false
	}
	return j.head.above(a.path, func(f manifest.File) bool {
		pipfile := path.Base(f.Path) == "Pipfile.lock"
		return f.Lock && f.Ecosystem == a.Ecosystem && f.Problem == "" && pipfile == (base == "Pipfile")
	})
}

func records(lock manifest.File, d manifest.Dependency) bool {
	name := manifest.Normal(d.Ecosystem, d.Name)
	return slices.ContainsFunc(lock.Dependencies, func(l manifest.Dependency) bool {
		same := manifest.Normal(d.Ecosystem, l.Name) == name || d.Replace != "" && manifest.Normal(d.Ecosystem, l.Name) == manifest.Normal(d.Ecosystem, d.Replace)
		return same && (d.Ecosystem != manifest.Go || l.Version == d.Version || d.Replace != "")
	})
}

// covers reports whether the lockfile is really the one of this manifest: it
// records what the manifest named before. Where that was nothing, it has to
// stand beside the manifest.
func covers(lock manifest.File, a addition) bool {
	named, recorded := 0, 0
	for _, d := range a.was.Dependencies {
		if d.Source != manifest.Registry || d.Kind == manifest.Peer || d.Kind == manifest.Build || d.Kind == manifest.Tool {
			continue
		}
		named++
		if records(lock, d) {
			recorded++
		}
	}
	if named == 0 {
		return path.Dir(lock.Path) == path.Dir(a.path)
	}
	return recorded*10 >= named*9
}
