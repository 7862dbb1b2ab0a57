package renew

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"muster/internal/core/account"
	"muster/internal/core/fault"
)

// read reads a regular file of at most account.MaxBytes.
func read(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > account.MaxBytes {
		return nil, fault.New(fault.Invalid, "%s is no file of at most %d bytes", f.Name(), account.MaxBytes)
	}
	return io.ReadAll(io.NewSectionReader(f, 0, account.MaxBytes+1))
}

// readFile is read of the person's file. Nil without an error means that there
// is none.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f)
}

// replace gives the person's file a new content, all at once: whoever reads it
// sees the old or the new one, whenever this process or the machine dies. The
// file keeps its owner and its mode, and a link to it stays one.
func replace(path string, data []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fault.New(fault.Refused, "%s is no regular file", path)
	}
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".muster") // the account is locked: one that is there was left by a crash
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = errors.Join(fill(f, data, info), os.Rename(temp, path))
	}
	switch {
	case err == nil:
		return syncDir(filepath.Dir(path))
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.EXDEV), errors.Is(err, unix.EACCES), errors.Is(err, unix.EROFS):
		// The file alone can be written, as where a container has it mounted.
		return errors.Join(overwrite(path, data), ignoreMissing(os.Remove(temp)))
	}
	return errors.Join(err, ignoreMissing(os.Remove(temp)))
}

// fill writes a new file that is to take the place of another one.
func fill(f *os.File, data []byte, like fs.FileInfo) error {
	_, err := f.Write(data)
	if s, ok := like.Sys().(*syscall.Stat_t); ok && err == nil && int(s.Uid) != os.Geteuid() {
		err = f.Chown(int(s.Uid), int(s.Gid))
	}
	if err == nil {
		err = f.Chmod(like.Mode().Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func overwrite(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	return errors.Join(set(f, data), f.Sync(), f.Close())
}

// set gives an open file a new content.
func set(f *os.File, data []byte) error {
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(data)))
}

// syncDir makes the entries of a folder durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.EROFS) {
		return nil
	}
	return err
}
