package setups

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/core/fault"
)

// Kept is a set-up that is there.
type Kept struct {
	Key    string
	Bytes  int64
	Files  int
	UsedAt time.Time
}

// List gives the set-ups that are there, the one that was not used for longest
// first.
func (s *Store) List() ([]Kept, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !isGone(err) {
		return nil, fault.Wrap(fault.Internal, err, "list the set-ups")
	}
	var out []Kept
	for _, e := range entries {
		name := filepath.Join(s.dir, e.Name(), madeFile)
		info, err := os.Stat(name)
		if err != nil || strings.HasSuffix(e.Name(), ".tmp") {
			continue
		}
		k, m := Kept{Key: e.Name(), UsedAt: info.ModTime()}, made{}
		if data, err := os.ReadFile(name); err == nil && json.Unmarshal(data, &m) == nil {
			k.Bytes, k.Files = m.Bytes, m.Files
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Kept) int { return a.UsedAt.Compare(b.UsedAt) })
	return out, nil
}

// Remove removes a set-up, unless somebody makes or places it right now.
func (s *Store) Remove(key string) (bool, error) {
	lock := tryLock(s.path(key, ".lock"))
	if lock == nil {
		return false, nil
	}
	defer lock.free()
	tmp := s.path(key, ".tmp")
	err := removeAll(tmp)
	if err == nil {
		err = os.Rename(s.path(key, ""), tmp)
	}
	if err == nil {
		err = removeAll(tmp)
	}
	return err == nil, fault.Wrap(fault.Internal, err, "remove the set-up %s", key)
}

// Tidy removes what was left half made, and what is noted about folders that
// are gone.
func (s *Store) Tidy() error {
	entries, err := os.ReadDir(s.dir)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "tidy the set-ups")
	}
	for _, e := range entries {
		key, isTmp := strings.CutSuffix(e.Name(), ".tmp")
		if !isTmp {
			continue
		}
		if lock := tryLock(s.path(key, ".lock")); lock != nil {
			err := removeAll(s.path(key, ".tmp"))
			lock.free()
			if err != nil {
				return fault.Wrap(fault.Internal, err, "tidy the set-ups")
			}
		}
	}
	records, _ := filepath.Glob(filepath.Join(s.dir, "placed", "*"))
	for _, name := range records {
		var r record
		if readGob(name, &r) == nil {
			if _, err := os.Lstat(r.Dir); err == nil {
				continue
			}
		}
		_ = os.Remove(name)
	}
	return nil
}
