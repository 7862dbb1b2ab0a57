package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

// tempPrefix begins the names of files that are not yet complete.
const tempPrefix = "tmp-"

// PutBlob keeps data and gives its sha256. It is durable when PutBlob returns;
// putting the same bytes again costs little and repairs a damaged file.
func (s *Store) PutBlob(ctx context.Context, data []byte) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", failed(err, "keep a blob")
	}
	sha := sum(sha256.Sum256(data)).String()
	path := s.blobPath(sha)
	folder := filepath.Dir(path)
	// MkdirAll: a ledger that was copied may lack empty folders.
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", failed(err, "keep blob %s", sha)
	}
	var err error
	if have, missing := os.ReadFile(path); missing == nil && bytes.Equal(have, data) {
		// Another process may have put it and not come to this step yet.
		err = syncFolder(folder)
	} else {
		err = writeFile(path, data, durable)
	}
	if err == nil {
		err = syncOnce(&s.synced, filepath.Dir(folder), sha[:2])
	}
	if err != nil {
		return "", failed(err, "keep blob %s", sha)
	}
	return sha, nil
}

// syncOnce makes durable that there is a folder of that name in blobs. No
// process removes one, so once in this process's life is enough, whoever made
// it.
func syncOnce(synced *sync.Map, blobs, name string) error {
	if _, done := synced.Load(name); done {
		return nil
	}
	if err := syncFolder(blobs); err != nil {
		return err
	}
	synced.Store(name, true)
	return nil
}

// Blob gives the bytes with this sha256, and never others.
func (s *Store) Blob(ctx context.Context, sha string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed(err, "read blob %s", sha)
	}
	if !isSHA(sha) {
		return nil, fault.New(fault.Invalid, "read a blob: %.80q is not a sha256", sha)
	}
	data, err := os.ReadFile(s.blobPath(sha))
	if err != nil {
		return nil, failed(err, "read blob %s", sha)
	}
	if sum(sha256.Sum256(data)).String() != sha {
		return nil, fault.New(fault.Internal, "read blob %s: its bytes were altered", sha).WithHint(hintDamaged)
	}
	return data, nil
}

// requireBlob refuses a record whose blob is not in place before it.
func (s *Store) requireBlob(sha string, r flow.Record) error {
	if !isSHA(sha) {
		return fault.New(fault.Invalid, "record %s of %s names the blob %.80q, which is not a sha256", r.ID, r.Stream, sha)
	}
	if _, err := os.Lstat(s.blobPath(sha)); errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Invalid, "record %s of %s names the blob %s, which was not put", r.ID, r.Stream, sha)
	} else if err != nil {
		return err
	}
	return nil
}

// blobPath is for a sha only: isSHA tells.
func (s *Store) blobPath(sha string) string { return s.path(blobFolder, sha[:2], sha) }

// isSHA tells whether text is 64 lower-case hexadecimal digits, and so no path
// that leads elsewhere.
func isSHA(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// durability says what writeFile promises after a failure of power.
type durability int

const (
	losable durability = iota // the file may be missing or torn
	durable                   // the file is there, whole
)

// writeFile puts data at path in one step: readers see all of it or nothing.
func writeFile(path string, data []byte, d durability) error {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && d == durable {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	if d == durable {
		return syncFolder(filepath.Dir(path))
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
