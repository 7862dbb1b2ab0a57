package setups

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/setup"
)

const (
	maxFiles     = 1_000_000 // of one set-up
	maxRewritten = 256 << 10 // bytes of a file that is searched for the folder's own path
	maxNamed     = 5         // paths that a note names
)

// make runs the commands in a clean tree and keeps what they made. The lock of
// the key is held.
func (s *Store) make(ctx context.Context, w Want, key string, t looked) (made, *setup.Failure, error) {
	op := fmt.Sprintf("set up tree %s", w.Tree)
	tmp := s.path(key, ".tmp")
	if err := removeAll(tmp); err != nil {
		return made{}, nil, fault.Wrap(fault.Internal, err, "%s", op)
	}
	dir, release, err := s.tools.Trees.Lease(ctx, w.Tree)
	if err != nil {
		return made{}, nil, err
	}
	defer release()
	theirs := Ready{}
	theirs.outside, _ = s.outside(w.Spec, t.tracked)
	theirs.choose(t.tracked)
	if _, err := s.put(ctx, dir, theirs, nil); err != nil {
		return made{}, nil, fault.Wrap(fault.Internal, err, "%s", op)
	}
	began := time.Now()
	failure, err := s.run(ctx, w, dir)
	if err != nil || failure != nil || w.Again {
		return made{}, failure, err
	}
	m := made{Version: madeVersion, TookUS: time.Since(began).Microseconds(), From: dir, key: key, isNew: true}
	err = keep(finding{dir: dir, theirs: theirs.tops, tracked: t.tracked, began: began}, tmp, &m)
	if err == nil {
		err = removeAll(s.path(key, ""))
	}
	if err == nil {
		err = os.Rename(tmp, s.path(key, ""))
	}
	return m, nil, fault.Wrap(fault.Internal, err, "%s", op)
}

// run runs the commands one after another, until one fails.
func (s *Store) run(ctx context.Context, w Want, dir string) (*setup.Failure, error) {
	spec, ofChange := w.Spec, w.Tree
	if w.Trusted {
		ofChange = ""
	}
	began := time.Now()
	for _, c := range spec.Run {
		f := setup.Failure{Command: c.String()}
		left := int64(0)
		if spec.TimeMS > 0 {
			left = max(spec.TimeMS-time.Since(began).Milliseconds(), 1)
		}
		out, err := s.tools.Exec.Run(ctx, job.Command{
			Argv: c.Argv, Shell: c.Shell, Dir: dir, Env: []string{"GOTOOLCHAIN=local", "MUSTER_SETUP=1"}, LimitMS: left, OutputCap: 64 << 10,
			Sandbox: spec.Sandbox, Shares: spec.Link, Egress: spec.Egress, Change: ofChange,
		})
		switch {
		case ctx.Err() != nil:
			return nil, fault.Wrap(fault.Transient, ctx.Err(), "run the set-up command %s", f.Command)
		case err != nil:
			f.Why = "it could not be run: " + err.Error()
		case out.TimedOut:
			f.Why = fmt.Sprintf("it was ended at the time limit of %s (worktrees.time)", time.Duration(spec.TimeMS)*time.Millisecond)
		case out.Signal != "":
			f.Why = "it was ended by " + out.Signal
		case out.Code != 0:
			f.Why = fmt.Sprintf("it ended with exit code %d", out.Code)
		default:
			continue
		}
		f.Tail, f.TimeUS = tail(out), time.Since(began).Microseconds()
		return &f, nil
	}
	return nil, nil
}

// tail gives the end of what a command said: its errors, or else its output.
func tail(out job.Output) string {
	text := out.Stderr
	if strings.TrimSpace(text) == "" {
		text = out.Stdout
	}
	if len(text) > setup.TailBytes {
		text = text[len(text)-setup.TailBytes:]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// keep moves what the commands made into tmp and lists it.
func keep(f finding, tmp string, m *made) (err error) {
	if f.root, err = os.OpenRoot(f.dir); err != nil {
		return err
	}
	defer f.root.Close()
	err = f.dropTheirs()
	if err == nil {
		err = f.folder(".")
	}
	if err != nil {
		return err
	}
	dir := f.dir
	files := filepath.Join(tmp, filesFolder)
	if err := os.MkdirAll(files, 0o700); err != nil {
		return err
	}
	for _, p := range f.tops {
		to := filepath.Join(files, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		makeOwn(filepath.Join(dir, filepath.FromSlash(p)))
		if err := os.Rename(filepath.Join(dir, filepath.FromSlash(p)), to); err != nil {
			return err
		}
	}
	list, err := listFiles(files, f.tops, dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		m.Bytes += e.Size
		if !e.Mode.IsDir() {
			m.Files++
		}
	}
	if n := len(f.changed); n > 0 {
		m.Notes = append(m.Notes, fmt.Sprintf("the set-up commands changed files that Git tracks, which is not kept: %s", some(f.changed)))
	}
	if err := writeList(filepath.Join(tmp, listFile), list); err != nil {
		return err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(tmp, madeFile), data)
}

// some names the first few of many.
func some(paths []string) string {
	text := strings.Join(paths[:min(len(paths), maxNamed)], ", ")
	if n := len(paths) - maxNamed; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// finding looks for what the commands made in a tree.
type finding struct {
	dir     string
	root    *os.Root
	theirs  []string // paths of the person's files that were placed
	tracked setup.Tracked
	began   time.Time
	tops    []string // paths at and below which nothing is tracked
	changed []string // tracked files that were written to
}

// dropTheirs removes the person's own files: they are placed anew each time.
func (f *finding) dropTheirs() error {
	for _, p := range f.theirs {
		if err := f.root.RemoveAll(p); err != nil {
			return err
		}
		for up := path.Dir(p); up != "." && !f.tracked.Holds(up); up = path.Dir(up) {
			if f.root.Remove(up) != nil {
				break // something else lies there
			}
		}
	}
	return nil
}

func (f *finding) folder(dir string) error {
	entries, err := readDir(f.root, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		p := path.Join(dir, e.Name())
		switch {
		case p == ".git":
		case f.tracked.Below(p) && e.IsDir():
			if err := f.folder(p); err != nil {
				return err
			}
		case f.tracked.Holds(p):
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.ModTime().After(f.began) {
				f.changed = append(f.changed, p)
			}
		default:
			f.tops = append(f.tops, p)
		}
	}
	return nil
}

// readDir lists a folder, in order.
func readDir(root *os.Root, dir string) ([]fs.DirEntry, error) {
	d, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// mentions reports whether a file is text that holds the path of the folder
// that it was made in, as the scripts of a virtual environment do.
func mentions(root *os.Root, p, dir string) bool {
	data, err := root.ReadFile(p)
	return err == nil && bytes.Contains(data, []byte(dir)) && bytes.IndexByte(data, 0) < 0
}
