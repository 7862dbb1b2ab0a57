package agent

import (
	"errors"
	"os"
	"path/filepath"

	"muster/internal/adapter/agent/given"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// File is what an agent's program needs beside its arguments. It lies in the
// attempt's scratch folder.
type File = given.File

// filer is a driver whose program needs files.
type filer interface {
	Files(a job.Attempt) []File
}

// Lay writes the files that the attempt's agent needs into its scratch
// folder, which must exist. It may be called again at any time before the
// agent starts. What an earlier attempt left in the folder is not trusted:
// nothing is written through links.
func (s Set) Lay(a job.Attempt) error {
	d, err := find(a.Agent.Driver, s.Self)
	if err != nil {
		return err
	}
	f, ok := d.(filer)
	if !ok {
		return nil
	}
	files := f.Files(a)
	if len(files) == 0 {
		return nil
	}
	root, err := os.OpenRoot(a.Scratch)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "open the scratch folder of %s", a.Op)
	}
	defer root.Close()
	for _, file := range files {
		if err := lay(file, root); err != nil {
			return fault.WithHint(fault.Wrap(fault.Internal, err, "write %s for agent %q into %s", file.Path, a.Agent.Name, a.Scratch),
				"remove that folder and resume; an earlier attempt may have changed it")
		}
	}
	return nil
}

func lay(f File, root *os.Root) error {
	if err := root.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return err
	}
	if f.Link != "" {
		if _, err := os.Stat(f.Link); err != nil {
			return remove(root, f.Path)
		}
		if have, err := root.Readlink(f.Path); err == nil && have == f.Link {
			return nil
		}
	}
	if err := remove(root, f.Path); err != nil {
		return err
	}
	if f.Link != "" {
		return root.Symlink(f.Link, f.Path)
	}
	return root.WriteFile(f.Path, []byte(f.Text), 0o600)
}

func remove(root *os.Root, path string) error {
	if err := root.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
