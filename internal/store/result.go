package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Results of checks are kept in files beside the ledger, not in it: losing one
// costs a repetition, so none is worth a wait for the disk or a lock.
//
// A file is the sha256 of its key and value, and then the value: what was torn
// by a failure of power, altered, or copied from another key is a miss.

// Result gives the value kept for key; false when there is none.
func (s *Store) Result(ctx context.Context, key string) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, failed(err, "look up the result %q", key)
	}
	data, err := os.ReadFile(s.resultPath(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, failed(err, "look up the result %q", key)
	}
	if len(data) < sha256.Size {
		return nil, false, nil
	}
	value := data[sha256.Size:]
	if digest := resultSum(key, value); string(digest[:]) != string(data[:sha256.Size]) {
		return nil, false, nil
	}
	return value, true, nil
}

// PutResult keeps value for key in place of what was kept before.
func (s *Store) PutResult(ctx context.Context, key string, value []byte) error {
	if err := ctx.Err(); err != nil {
		return failed(err, "keep the result %q", key)
	}
	path := s.resultPath(key)
	// MkdirAll: somebody may have removed all results.
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return failed(err, "keep the result %q", key)
	}
	digest := resultSum(key, value)
	return failed(writeFile(path, append(digest[:], value...), losable), "keep the result %q", key)
}

// PruneResults removes the results written before a moment, and gives their
// number.
func (s *Store) PruneResults(ctx context.Context, before time.Time) (int, error) {
	removed, err := pruneFiles(ctx, s.path(resultFolder), before, func(string) bool { return true })
	return removed, failed(err, "prune the results")
}

// PruneTemp removes what writers that were killed before a moment left among
// the blobs, and gives the number of files. A day ago is safe.
func (s *Store) PruneTemp(ctx context.Context, before time.Time) (int, error) {
	removed, err := pruneFiles(ctx, s.path(blobFolder), before, isTemp)
	return removed, failed(err, "prune unfinished blobs")
}

func isTemp(name string) bool { return strings.HasPrefix(name, tempPrefix) }

func pruneFiles(ctx context.Context, root string, before time.Time, match func(name string) bool) (int, error) {
	removed := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed by another process
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil || d.IsDir() || !match(d.Name()) {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(before) {
			return nil
		}
		if err == nil {
			err = os.Remove(path)
		}
		if err == nil {
			removed++
		}
		return err
	})
	return removed, err
}

func (s *Store) resultPath(key string) string {
	name := sum(sha256.Sum256([]byte(key))).String()
	return s.path(resultFolder, name[:2], name)
}

func resultSum(key string, value []byte) sum {
	h := sha256.New()
	keySum := sha256.Sum256([]byte(key))
	h.Write(keySum[:])
	h.Write(value)
	return sum(h.Sum(nil))
}
