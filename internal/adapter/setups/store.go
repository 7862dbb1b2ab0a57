// Package setups keeps what set-up commands made (installed dependencies) and
// places it into worktrees and trees of checks.
//
// The commands run in a clean tree of their own, through the same executor as
// everything that runs code of a repository. What they made that Git does not
// track is moved into the folder of its key by one rename, so a crash leaves
// either the whole or nothing. A folder of the state directory holds
//
//	KEY/made.json   what it took, its size, what was left out
//	KEY/list        every path of it
//	KEY/files/      the paths themselves
//	KEY.as          instead: the key that serves in its place
//	KEY.lock        flocked: exclusively by who makes or removes it, shared by who places it
//	KEY.tmp/        being made; thrown away by the next one who makes it
//	placed/         for each folder, what was placed there and how it looked then
//
// Nobody ever works in KEY/files. What is placed is a copy: of the blocks
// where the file system can share them (reflinks), else of the bytes. Hard
// links are not used: whoever writes to one end in place has changed the
// other. A folder is used again and again, and only what differs from how it
// was placed is written again. Whether a file differs is told by its inode and
// by the moment of its last change that the kernel keeps (ctime), which no
// process can set.
package setups

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/setup"
)

// Trees lays out trees of the repository.
type Trees interface {
	Lease(ctx context.Context, tree string, beside ...string) (dir string, release func(), err error)
	Files(ctx context.Context, tree string) ([]change.Entry, error)
}

// Exec runs commands. A command that ran gives an Output and no error.
type Exec interface {
	Run(ctx context.Context, c job.Command) (job.Output, error)
}

// Tools is what a store works with.
type Tools struct {
	Trees    Trees
	Exec     Exec
	Checkout string                              // the person's work tree, for files outside of Git; empty when there is none
	Look     func(program string) (string, bool) // finds a program on the PATH of commands
}

// Store is the set-ups of one repository. It is safe for concurrent use, also
// by several processes.
type Store struct {
	dir   string
	tools Tools

	noClone atomic.Bool // the file system cannot share blocks

	mu     sync.Mutex
	failed map[string]ended // by key: the latest failure of this process
	looked []looked         // trees that were read last, the latest first
}

// ended is a failure and the moment of it.
type ended struct {
	at      time.Time
	failure setup.Failure
}

// looked is what was read of a tree.
type looked struct {
	tree    string
	entries []change.Entry
	tracked setup.Tracked
}

// New gives the store whose set-ups are in dir, which need not exist.
func New(dir string, t Tools) *Store {
	return &Store{dir: dir, tools: t, failed: map[string]ended{}}
}

// Want asks for the set-up of a tree.
type Want struct {
	Spec    setup.Spec
	Tree    string
	Trusted bool // the tree is one that the run builds on, not a change that is judged
	IfMade  bool // give what there is, and run nothing
	Again   bool // run the commands even when the set-up is there, to see whether they pass now; keep nothing
}

// Ready is a set-up that can be placed.
type Ready struct {
	Key     string        // empty when there are no commands
	Made    bool          // by this call
	MadeFor time.Duration // what making it took, then or earlier

	files   []entry  // of the set-up
	outside []entry  // of the person's checkout
	tops    []string // of both: the paths that nothing tracked lies at or below
	notes   []string
	from    string // the folder that the set-up was made in
}

// Beside gives the paths of the tree that the set-up will be placed at.
func (r Ready) Beside() []string { return r.tops }

// Find gives the set-up for a tree, and makes it when there is none. While
// somebody else makes it, also in another process, Find waits and takes that
// one. A failure of the commands is no error.
func (s *Store) Find(ctx context.Context, w Want) (Ready, *setup.Failure, error) {
	t, err := s.look(ctx, w.Tree)
	if err != nil {
		return Ready{}, nil, err
	}
	r := Ready{}
	r.outside, r.notes = s.outside(w.Spec, t.tracked)
	if len(w.Spec.Run) > 0 {
		m, failure, err := s.ready(ctx, w, t)
		if err != nil || failure != nil {
			return Ready{}, failure, err
		}
		if m.key != "" {
			if r.files, err = readList(filepath.Join(s.dir, m.key, listFile)); err != nil {
				return Ready{}, nil, err
			}
		}
		r.Key, r.Made, r.MadeFor, r.from = m.key, m.isNew, time.Duration(m.TookUS)*time.Microsecond, m.From
		r.notes = append(r.notes, m.Notes...)
	}
	r.choose(t.tracked)
	return r, nil, nil
}

// choose finds the paths that can be placed beside what a tree tracks.
func (r *Ready) choose(tracked setup.Tracked) {
	for _, list := range [][]entry{r.files, r.outside} {
		for _, e := range list {
			if !e.Top || slices.Contains(r.tops, e.Path) {
				continue
			}
			if tracked.Holds(e.Path) || tracked.Blocked(e.Path) {
				r.notes = append(r.notes, e.Path+" was not placed: the tree tracks something there")
				continue
			}
			r.tops = append(r.tops, e.Path)
		}
	}
}

// made is what is known of a set-up that was made.
type made struct {
	Version int      `json:"version"`
	TookUS  int64    `json:"took_us"`
	From    string   `json:"from"` // the folder it was made in
	Files   int      `json:"files"`
	Bytes   int64    `json:"bytes"`
	Notes   []string `json:"notes,omitempty"`
	key     string
	isNew   bool
}

const (
	madeVersion = 1
	madeFile    = "made.json"
	listFile    = "list"
	filesFolder = "files"
)

// ready gives a set-up that was made, and makes it when it may.
func (s *Store) ready(ctx context.Context, w Want, t looked) (made, *setup.Failure, error) {
	if err := os.MkdirAll(filepath.Join(s.dir, "placed"), 0o700); err != nil {
		return made{}, nil, fault.Wrap(fault.Internal, err, "make the folder of set-ups")
	}
	inputs, machine := w.Spec.InputsOf(t.entries), s.machine(w.Spec)
	shared, own := w.Spec.Key(inputs, machine, ""), w.Spec.Key(inputs, machine, w.Tree)
	began := time.Now()
	key := own
	if w.Trusted {
		key = shared
	}
	if !w.Again {
		if m, ok := s.have(w, shared, own); ok {
			return m, nil, nil
		}
		if w.IfMade {
			return made{}, nil, nil
		}
	}
	lock, err := lockFile(ctx, s.path(key, ".lock"), exclusive)
	if err != nil {
		return made{}, nil, err
	}
	defer lock.free()
	if !w.Again {
		if m, ok := s.have(w, shared, own); ok {
			return m, nil, nil // somebody made it meanwhile
		}
		s.mu.Lock()
		f, ok := s.failed[key]
		s.mu.Unlock()
		if ok && f.at.After(began) {
			return made{}, &f.failure, nil // somebody tried meanwhile
		}
	}
	m, failure, err := s.make(ctx, w, key, t)
	if failure != nil {
		s.mu.Lock()
		s.failed[key] = ended{time.Now(), *failure}
		s.mu.Unlock()
	}
	return m, failure, err
}

// have looks for a set-up. One that was made for a trusted tree serves every
// tree with the same inputs. One that was made for a change serves that change
// alone, until its tree is trusted.
func (s *Store) have(w Want, shared, own string) (made, bool) {
	if m, ok := s.read(shared); ok {
		return m, true
	}
	if as, err := os.ReadFile(s.path(shared, ".as")); err == nil {
		if m, ok := s.read(string(as)); ok {
			return m, true
		}
	}
	m, ok := s.read(own)
	if ok && w.Trusted {
		// Losing this costs a run of the commands.
		_ = writeFile(s.path(shared, ".as"), []byte(own))
	}
	return m, ok
}

func (s *Store) read(key string) (made, bool) {
	name := filepath.Join(s.dir, key, madeFile)
	data, err := os.ReadFile(name)
	if err != nil {
		return made{}, false
	}
	m := made{key: key}
	if json.Unmarshal(data, &m) != nil || m.Version != madeVersion {
		return made{}, false
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now) // says when it was last used
	return m, true
}

func (s *Store) path(key, ending string) string { return filepath.Join(s.dir, key+ending) }

// look reads a tree, or remembers it.
func (s *Store) look(ctx context.Context, tree string) (looked, error) {
	const remembered = 4
	s.mu.Lock()
	for i, l := range s.looked {
		if l.tree == tree {
			s.looked = append([]looked{l}, slices.Delete(slices.Clone(s.looked), i, i+1)...)
			s.mu.Unlock()
			return l, nil
		}
	}
	s.mu.Unlock()
	entries, err := s.tools.Trees.Files(ctx, tree)
	if err != nil {
		return looked{}, err
	}
	l := looked{tree, entries, setup.NewTracked(entries)}
	s.mu.Lock()
	s.looked = append([]looked{l}, s.looked[:min(len(s.looked), remembered-1)]...)
	s.mu.Unlock()
	return l, nil
}

// machine says what of this machine a set-up depends on: the system, and the
// programs that the commands name. A program is told apart by where it really
// lies, its size and its date, which costs no process.
func (s *Store) machine(spec setup.Spec) []string {
	const most = 50
	out := []string{runtime.GOOS + "/" + runtime.GOARCH}
	var names []string
	add := func(name string) {
		if len(names) < most && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, c := range spec.Run {
		for _, w := range setup.Words(c) {
			switch w {
			case "npm", "npx", "yarn", "pnpm", "corepack":
				add("node")
			case "pip", "pip3", "poetry", "pipenv", "uv", "pdm":
				add("python3")
			}
			add(w)
		}
	}
	for _, name := range names {
		if filepath.Base(name) != name {
			continue
		}
		path, ok := s.tools.Look(name)
		if !ok {
			continue
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		if info, err := os.Stat(path); err == nil {
			out = append(out, fmt.Sprintf("%s %s %d %d", name, path, info.Size(), info.ModTime().UnixNano()))
		}
	}
	return out
}

// Stamp names what a set-up may depend on besides the tracked files: the
// machine, and the files outside of Git. Results of checks are kept under it.
func (s *Store) Stamp(spec setup.Spec) string {
	out := s.machine(spec)
	files, _ := s.outside(spec, setup.Tracked{})
	for _, e := range files {
		out = append(out, fmt.Sprintf("%s %o %d %d %s", e.Path, e.Mode, e.Size, e.MTime, e.Link))
	}
	return spec.Key(nil, out, "stamp")
}

// writeFile writes a small file whole.
func writeFile(path string, data []byte) error {
	tmp := path + ".new"
	err := os.WriteFile(tmp, data, 0o600)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	return fault.Wrap(fault.Internal, err, "write %s", path)
}

// isGone reports that a file or folder is not there.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
