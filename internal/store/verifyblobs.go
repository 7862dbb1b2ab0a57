package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// blobFacts is what was found out about the blobs before the records that name
// them are read. It holds the few that are wrong, not all.
type blobFacts struct {
	root  string
	wrong map[string]string // sha to what is wrong with it
	named map[string]bool   // the wrong ones that a record names
}

// look says what is wrong with a blob that a record names, or "".
func (b blobFacts) look(sha string) string {
	if what := b.wrong[sha]; what != "" {
		b.named[sha] = true
		return what
	}
	if !isSHA(sha) {
		return "the record names a blob that is no sha256"
	}
	if _, err := os.Lstat(filepath.Join(b.root, sha[:2], sha)); err != nil {
		return "the blob is missing"
	}
	return ""
}

// readBlobs hashes every blob there is.
func (v *verifier) readBlobs(root string) error {
	v.blobs = blobFacts{root: root, wrong: map[string]string{}, named: map[string]bool{}}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the folder is missing, and so are its blobs
		}
		if err == nil {
			err = v.ctx.Err()
		}
		if err != nil || d.IsDir() || isTemp(d.Name()) {
			return err
		}
		v.report.Blobs++
		name := d.Name()
		switch digest, err := hashFile(v.ctx, path); {
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return err
		case err != nil:
			v.blobs.wrong[name] = "the blob cannot be read: " + err.Error()
		case digest.String() != name || filepath.Base(filepath.Dir(path)) != name[:2]:
			v.blobs.wrong[name] = "the blob was altered: its bytes do not give its name"
		}
		return nil
	})
}

// unreferencedBlobs reports the wrong ones that no record names.
func (v *verifier) unreferencedBlobs() {
	var names []string
	for name := range v.blobs.wrong {
		if !v.blobs.named[name] {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		v.found(Problem{Blob: name, What: v.blobs.wrong[name] + "; no record names it"})
	}
}

func hashFile(ctx context.Context, path string) (sum, error) {
	f, err := os.Open(path)
	if err != nil {
		return sum{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum{}, err
	}
	return sum(h.Sum(nil)), ctx.Err()
}

// isDamage tells whether err says that the database itself is damaged.
func isDamage(err error) bool {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	code := se.Code() & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}
