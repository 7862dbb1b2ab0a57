package git

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// pool is a set of numbered folders that are used again and again, because
// bringing a folder up to date is far cheaper than filling a new one. What is
// known about a folder lies outside it, where an agent cannot write.
type pool struct {
	kind byte   // w: worktrees, t: trees
	dirs string // the folders, by number
	meta string // their records, locks and indexes
}

// slot is one folder of a pool.
type slot struct {
	number int
	dir    string
	meta   string   // path of the record and its companions, without ending
	lock   *os.File // nil while not held
}

// record is what is known about a slot. It survives a crash.
type record struct {
	Version int          `json:"version"`
	Owner   string       `json:"owner,omitempty"` // empty: free
	Base    change.Point `json:"base"`
	Tree    string       `json:"tree,omitempty"` // last laid out, or being laid out
	Ready   bool         `json:"ready"`          // the folder held Tree completely
}

const recordVersion = 1

func (p pool) slot(number int) *slot {
	name := fmt.Sprintf("%02d", number)
	return &slot{number: number, dir: filepath.Join(p.dirs, name), meta: filepath.Join(p.meta, string(p.kind)+name)}
}

func (s *slot) index() string  { return s.meta + ".index" }
func (s *slot) record() string { return s.meta + ".json" }
func (s *slot) refs() string   { return s.meta + ".refs" }

func (s *slot) read() (record, error) {
	data, err := raw.ReadSmall(s.record())
	if os.IsNotExist(err) {
		return record{}, nil
	}
	var rec record
	if err == nil {
		err = json.Unmarshal(data, &rec)
	}
	if err == nil && rec.Version > recordVersion {
		err = fmt.Errorf("it was written by a newer version (%d)", rec.Version)
	}
	return rec, fault.Wrap(fault.Internal, err, "read the record %s", s.record())
}

func (s *slot) write(rec record, k keeping) error {
	rec.Version = recordVersion
	data, err := json.Marshal(rec)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write the record %s", s.record())
	}
	return writeFile(s.record(), data, k)
}

// hold waits for the slot's lock.
func (s *slot) hold(ctx context.Context) error {
	f, err := lockFile(ctx, s.meta+".lock")
	s.lock = f
	return err
}

// tryHold takes the slot's lock unless somebody has it.
func (s *slot) tryHold() (bool, error) {
	f, err := tryLock(s.meta + ".lock")
	s.lock = f
	return f != nil, err
}

// unlock gives the lock back; a slot that is not held is left alone.
func (s *slot) unlock() {
	if s.lock != nil {
		freeLock(s.lock)
		s.lock = nil
	}
}

// locked runs f while nobody else hands out slots of this pool.
func (p pool) locked(ctx context.Context, f func() error) error {
	lock, err := lockFile(ctx, filepath.Join(p.meta, string(p.kind)+".lock"))
	if err != nil {
		return err
	}
	defer freeLock(lock)
	return f()
}

// known is a slot with its record.
type known struct {
	*slot
	rec    record
	broken error // the record cannot be read: whose the folder is, is unknown
}

// all gives the slots there are, by number.
func (p pool) all() ([]known, error) {
	entries, err := os.ReadDir(p.meta)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "list the slots in %s", p.meta)
	}
	var out []known
	for _, e := range entries {
		name, isRecord := strings.CutSuffix(e.Name(), ".json")
		if !isRecord || name == "" || name[0] != p.kind {
			continue
		}
		number, err := strconv.Atoi(name[1:])
		if err != nil {
			continue
		}
		s := p.slot(number)
		rec, err := s.read()
		out = append(out, known{slot: s, rec: rec, broken: err})
	}
	return out, nil
}

// next gives the lowest number that no slot has.
func next(slots []known) int {
	for n := 1; ; n++ {
		used := false
		for _, k := range slots {
			used = used || k.number == n
		}
		if !used {
			return n
		}
	}
}

// owned gives the owner's slot, or nil.
func (p pool) owned(owner string) (*slot, error) {
	slots, err := p.all()
	if err != nil {
		return nil, err
	}
	for _, k := range slots {
		if k.broken == nil && k.rec.Owner == owner {
			return k.slot, nil
		}
	}
	return nil, nil
}

// assign gives the owner's slot: the one it has, else a free one, best one
// that holds the tree already, else a new one. What will be its record names
// the owner and the tree; it is written unless the owner has a slot.
func (p pool) assign(ctx context.Context, will record) error {
	return p.locked(ctx, func() error {
		slots, err := p.all()
		if err != nil {
			return err
		}
		var free *known
		for i, k := range slots {
			switch {
			case k.broken != nil:
			case k.rec.Owner == will.Owner:
				return nil
			case k.rec.Owner == "" && (free == nil || free.rec.Tree != will.Tree && k.rec.Tree == will.Tree):
				free = &slots[i]
			}
		}
		if free != nil {
			return free.write(will, durable)
		}
		return p.slot(next(slots)).write(will, durable)
	})
}

// own waits for the lock of the owner's slot. NotFound means that the owner
// has none.
func (p pool) own(ctx context.Context, owner string) (*slot, record, error) {
	errNone := fault.New(fault.NotFound, "%q has no worktree", owner).WithHint("ask for one first")
	s, err := p.owned(owner)
	if err != nil {
		return nil, record{}, err
	}
	if s == nil {
		return nil, record{}, errNone
	}
	if err := s.hold(ctx); err != nil {
		return nil, record{}, err
	}
	rec, err := s.read()
	if err == nil && rec.Owner != owner {
		err = errNone // released while we waited
	}
	if err != nil {
		s.unlock()
		return nil, record{}, err
	}
	return s, rec, nil
}
