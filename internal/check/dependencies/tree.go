package dependencies

import (
	"context"
	"path"
	"slices"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/source/imports"
	"muster/internal/source/manifest"
)

// maxManifests bounds how many manifests and lockfiles of a tree are read.
const maxManifests = 1000

// tree is what one side of the change says of its dependencies.
type tree struct {
	entries []change.Entry
	files   map[string]manifest.File // by path
	paths   []string                 // of files, in order
	read    func(context.Context, string) ([]byte, bool, error)
}

// concerned reports whether the change touches anything that this check looks
// at; most changes of prose do not.
func (j *judgement) concerned() bool {
	return slices.ContainsFunc(j.s.Change.Files, func(f change.File) bool {
		return manifest.Is(f.Path) || imports.LanguageOf(f.Path) != imports.None
	})
}

// readTrees reads the manifests of both trees; those with the same content
// once.
func (j *judgement) readTrees(ctx context.Context) error {
	known := map[string]manifest.File{}
	var err error
	if j.base, err = readTree(ctx, j.s.BaseList, j.s.BaseFile, known); err != nil {
		return err
	}
	if j.head, err = readTree(ctx, j.s.HeadList, j.s.HeadFile, known); err != nil {
		return err
	}
	for _, p := range j.head.paths {
		f := j.head.files[p]
		was, had := j.base.files[p]
		if f.Problem != "" && (!had || was.Problem != f.Problem) && !aside(p) {
			j.leave("%s could not be read whole: %s", check.ShowPath(p), f.Problem)
		}
	}
	if n := len(j.head.paths); n == maxManifests {
		j.leave("the tree has more than %d manifests and lockfiles; the others were not read", n)
	}
	return nil
}

func readTree(ctx context.Context, list func(context.Context) ([]change.Entry, error), read func(context.Context, string) ([]byte, bool, error), known map[string]manifest.File) (tree, error) {
	entries, err := list(ctx)
	t := tree{entries: entries, files: map[string]manifest.File{}, read: read}
	if err != nil {
		return t, err
	}
	for _, e := range entries {
		if len(t.paths) == maxManifests {
			break
		}
		if !isFile(e.Mode) || !manifest.Is(e.Path) || change.Classify(e.Path, nil).Vendored {
			continue
		}
		key := e.Blob + " " + e.Path
		f, ok := known[key]
		if !ok {
			text, found, err := read(ctx, e.Path)
			if err != nil {
				return t, err
			}
			if !found {
				continue
			}
			f, _ = manifest.Read(e.Path, text)
			known[key] = f
		}
		t.files[e.Path] = f
		t.paths = append(t.paths, e.Path)
	}
	return t, nil
}

func isFile(mode string) bool { return mode == change.ModeFile || mode == change.ModeExecutable }

// names gives the normal names of everything that the tree's manifests and
// lockfiles of one ecosystem mention, and the projects' own names.
func (t tree) names(e manifest.Ecosystem) map[string]bool {
	out := map[string]bool{}
	for _, p := range t.paths {
		f := t.files[p]
		if f.Ecosystem != e {
			continue
		}
		if f.Name != "" {
			out[manifest.Normal(e, f.Name)] = true
		}
		for _, d := range f.Dependencies {
			out[manifest.Normal(e, d.Name)] = true
			if d.Replace != "" {
				out[manifest.Normal(e, d.Replace)] = true
			}
		}
	}
	return out
}

// above gives the first file that fits, in the folder of the path or the
// nearest one above it.
func (t tree) above(name string, fits func(manifest.File) bool) (manifest.File, bool) {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		for _, p := range t.paths {
			if path.Dir(p) == dir && fits(t.files[p]) {
				return t.files[p], true
			}
		}
		if dir == "." || dir == "/" {
			return manifest.File{}, false
		}
	}
}

// has reports whether the tree has a file or folder at the path.
func (t tree) has(name string) bool {
	i, found := slices.BinarySearchFunc(t.entries, name, func(e change.Entry, n string) int {
		switch {
		case e.Path < n:
			return -1
		case e.Path > n:
			return 1
		}
		return 0
	})
	return found || i < len(t.entries) && len(t.entries[i].Path) > len(name) && t.entries[i].Path[:len(name)] == name && t.entries[i].Path[len(name)] == '/'
}

// aside reports whether a file is not part of the project's own code: what
// tests read, and somebody else's code.
func aside(name string) bool {
	c := change.Classify(name, nil)
	return c.Fixture || c.Vendored
}
