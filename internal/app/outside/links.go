package outside

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"

	"muster/internal/adapter/git"
	"muster/internal/core/evidence"
)

// maxLinks bounds the folders of installed dependencies that are linked.
const maxLinks = 50

// Links gives the folders of installed dependencies in a person's checkout
// that tests of a tree may need: nothing is ever installed for a judgement.
// The stamp is of the file in which the installer notes what it installed.
func Links(ctx context.Context, repo *git.Repo, checkout, tree string) ([]evidence.Link, error) {
	if checkout == "" {
		return nil, nil
	}
	files, err := repo.Files(ctx, tree)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(checkout)
	if err != nil {
		return nil, nil
	}
	defer root.Close()
	var out []evidence.Link
	for _, f := range files {
		for _, known := range []struct {
			manifests []string
			folders   []string
			note      string
		}{
			{[]string{"package.json"}, []string{"node_modules"}, ".package-lock.json"},
			{[]string{"pyproject.toml", "setup.py", "setup.cfg", "requirements.txt"}, []string{".venv", "venv"}, "pyvenv.cfg"},
		} {
			if !slices.Contains(known.manifests, path.Base(f.Path)) {
				continue
			}
			for _, folder := range known.folders {
				at := path.Join(path.Dir(f.Path), folder)
				if info, err := root.Lstat(at); err != nil || !info.IsDir() || hasLink(out, at) || len(out) == maxLinks {
					continue
				}
				l := evidence.Link{From: filepath.Join(checkout, filepath.FromSlash(at)), To: at}
				if data, err := root.ReadFile(path.Join(at, known.note)); err == nil {
					l.Stamp = evidence.Hash(data)
				}
				out = append(out, l)
			}
		}
	}
	return out, nil
}

func hasLink(all []evidence.Link, to string) bool {
	return slices.ContainsFunc(all, func(l evidence.Link) bool { return l.To == to })
}
