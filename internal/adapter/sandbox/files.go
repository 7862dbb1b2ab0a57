package sandbox

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
)

// writeTemp writes v as JSON to a new file in dir and syncs it.
func writeTemp(dir, name string, v any) (path string, err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, "."+name+".*") // created 0600
	if err != nil {
		return "", err
	}
	if err := fill(f, data); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// fill writes data, syncs and closes.
func fill(f *os.File, data []byte) error {
	_, err := f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// writeOnce makes dir/name hold v, all at once, unless it exists: then what is
// there stays. The entry in dir is durable once dir is synced.
func writeOnce(dir, name string, v any) error {
	if exists(filepath.Join(dir, name)) {
		return nil
	}
	temp, err := writeTemp(dir, name, v)
	if err != nil {
		return err
	}
	err = os.Link(temp, filepath.Join(dir, name))
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(temp))
}

// createNew makes dir/name with v; it fails with fs.ErrExist when somebody was
// first. It makes durable the file, whatever else is in dir, and dir itself.
func createNew(dir, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	return errors.Join(fill(f, data), syncDir(dir), syncDir(filepath.Dir(dir)))
}

// readJSON fills v from the file at path.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// syncDir makes the entries of a folder durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// exists says whether there is something at path. What cannot be looked at
// counts as there: the caller then fails on reading it, with the reason.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
