// Package plans finds the plan files that people name, and writes a first one
// for a repository.
package plans

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

// Folder is where the plans of a repository are, from its root.
const Folder = ".muster/plans"

// Place is where a person is.
type Place struct {
	Dir string // their folder
	Top string // root of the work tree; empty where there is none
}

// Load reads the file of a plan that a person names: a file, or NAME for
// .muster/plans/NAME.yaml. It gives the file's name as the person would write
// it there, and at most one byte more than a plan may have.
func Load(at Place, name string) (string, []byte, error) {
	path, err := find(at, name)
	if err != nil {
		return "", nil, err
	}
	shown := oneLine(path)
	if rel, err := filepath.Rel(at.Dir, path); err == nil && filepath.IsLocal(rel) {
		shown = oneLine(rel)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", nil, fault.WithHint(fault.Wrap(fault.Invalid, err, "read the plan"), "see that you may read the file")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, yamlfile.MaxSize+1))
	return shown, data, fault.Wrap(fault.Invalid, err, "read the plan")
}

func find(at Place, name string) (string, error) {
	if name == "" {
		return "", fault.New(fault.Invalid, "read the plan: none is named").WithHint("muster run PLAN")
	}
	isFolder := false
	for _, path := range candidates(at, name) {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err == nil:
			isFolder = isFolder || info.IsDir()
		case !errors.Is(err, fs.ErrNotExist):
			return "", fault.WithHint(fault.Wrap(fault.Invalid, err, "read the plan"), "name a file that you may read")
		}
	}
	what := "there is no such file"
	if isFolder {
		what = "it is a folder"
	}
	return "", fault.New(fault.NotFound, "read the plan %q: %s", name, what).WithHint("%s", others(at.Top, name))
}

// candidates gives the files that a name may mean, in the order in which they
// are looked for: as it stands, by its name in the folder of plans, and from
// the root of the repository.
func candidates(at Place, name string) []string {
	if filepath.IsAbs(name) {
		return []string{name}
	}
	out := []string{filepath.Join(at.Dir, name)}
	switch {
	case at.Top == "":
	case strings.ContainsRune(name, '/'):
		out = append(out, filepath.Join(at.Top, name))
	default:
		out = append(out, filepath.Join(at.Top, Folder, strings.TrimSuffix(name, ".yaml")+".yaml"))
	}
	return out
}

// others says which plans there are when one is not.
func others(top, name string) string {
	const most = 12
	names := Names(top)
	stem := strings.TrimSuffix(filepath.Base(name), ".yaml")
	switch near := yamlfile.Nearest(stem, names); {
	case near != "":
		return "did you mean " + near + "?"
	case len(names) > 0:
		return "name a file, or a plan in " + Folder + ": " + strings.Join(names[:min(len(names), most)], ", ")
	case plan.ValidName(stem) == "":
		return "name a file, or make a plan: muster plan new " + stem
	}
	return "name a file, or make a plan: muster plan new"
}

// Names lists the plans of a repository, in order.
func Names(top string) []string {
	if top == "" {
		return nil
	}
	var out []string
	entries, _ := os.ReadDir(filepath.Join(top, Folder)) // no folder, no plans
	for _, e := range entries {
		if stem, ok := strings.CutSuffix(e.Name(), ".yaml"); ok && !e.IsDir() {
			out = append(out, oneLine(stem))
		}
	}
	return out
}

// oneLine keeps what a name may hold.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
