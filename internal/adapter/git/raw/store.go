// Package raw reads and writes files of Git that have a fixed and documented
// format: objects, the index, refs. A process of Git takes some milliseconds to
// start, and a task needs a dozen small answers of this sort.
//
// What is written here is what Git itself would write: ids and trees are the
// same whoever made them. What needs Git's judgement (attributes, ignored
// files, merges, moving a ref) is left to Git.
package raw

import (
	"crypto/sha1" //nolint:gosec // the hash that the repository's format asks for
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/adler32"
	"os"
	"path/filepath"
	"time"
)

// Store is the folder of a repository's objects.
type Store struct {
	Dir    string
	Format string // sha1 or sha256
}

// Object is an object to be written.
type Object struct {
	ID    string
	kind  string
	whole []byte // with its header
}

// New makes an object of its content. It is not written yet.
func (s Store) New(kind string, content []byte) Object {
	o := Object{kind: kind, whole: append(fmt.Appendf(nil, "%s %d\x00", kind, len(content)), content...)}
	if s.Format == "sha256" {
		sum := sha256.Sum256(o.whole)
		o.ID = hex.EncodeToString(sum[:])
	} else {
		sum := sha1.Sum(o.whole) //nolint:gosec // see the import
		o.ID = hex.EncodeToString(sum[:])
	}
	return o
}

// IDLen gives the number of bytes of an id.
func (s Store) IDLen() int {
	if s.Format == "sha256" {
		return sha256.Size
	}
	return sha1.Size
}

// Write keeps objects as loose ones. They are durable when Write returns, as
// far as Git makes one durable: their content is synced, the folders' entries
// are not. The disk is waited for once, not for each. None appears under its
// id before those in front of it. Writing the same object again does no harm.
func (s Store) Write(objects ...Object) error {
	written := make([]chan writtenFile, len(objects))
	for i, o := range objects {
		written[i] = make(chan writtenFile, 1)
		go func() { written[i] <- s.temporary(o) }()
	}
	var failed error
	for i, o := range objects {
		w := <-written[i]
		err := w.err
		if err == nil && w.path != "" && failed == nil {
			err = os.Rename(w.path, s.path(o))
		}
		if w.path != "" && (err != nil || failed != nil) {
			_ = os.Remove(w.path)
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("write the %s %s: %w", o.kind, o.ID, err)
		}
	}
	return failed
}

func (s Store) path(o Object) string { return filepath.Join(s.Dir, o.ID[:2], o.ID[2:]) }

// Freshen reports whether an object is there as a loose one. It is then too
// young to be pruned.
func (s Store) Freshen(o Object) bool {
	now := time.Now()
	return os.Chtimes(s.path(o), now, now) == nil
}

// writtenFile is a synced file that waits for its name.
type writtenFile struct {
	path string // empty: the object was there before
	err  error
}

// temporary writes an object to a file with another name.
func (s Store) temporary(o Object) writtenFile {
	if s.Freshen(o) {
		return writtenFile{}
	}
	path := s.path(o)
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "tmp_obj_") // what git prune removes when we crash
	if errors.Is(err, os.ErrNotExist) {
		if err = os.Mkdir(folder, 0o777); err == nil || errors.Is(err, os.ErrExist) {
			f, err = os.CreateTemp(folder, "tmp_obj_")
		}
	}
	if err != nil {
		return writtenFile{err: err}
	}
	_, err = f.Write(stored(o.whole))
	if err == nil {
		err = f.Chmod(0o444)
	}
	if err == nil {
		err = f.Sync()
	}
	return writtenFile{path: f.Name(), err: errors.Join(err, f.Close())}
}

// stored puts data into the zlib format (RFC 1950 and 1951) as it is: what is
// written here is small, and half of it are hashes. Git packs it one day.
func stored(data []byte) []byte {
	const most = 0xffff // bytes of a block
	out := make([]byte, 0, len(data)+len(data)/most*5+16)
	out = append(out, 0x78, 0x01)
	for rest := data; ; {
		n := min(len(rest), most)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		out = append(out, last)
		out = binary.LittleEndian.AppendUint16(out, uint16(n))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(n))
		out, rest = append(out, rest[:n]...), rest[n:]
		if last == 1 {
			return binary.BigEndian.AppendUint32(out, adler32.Checksum(data))
		}
	}
}
