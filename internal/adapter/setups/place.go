package setups

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/setup"
)

// settle is how long after a file was placed a change of it may still carry
// the same moment: clocks of file systems tick up to every 10 ms.
const settle = 20 * time.Millisecond

// record says what was placed in a folder, and how it looked when that was
// done. There is none while a folder is being changed.
type record struct {
	Dir   string
	Key   string
	EndNS int64
	Tops  []string
	Files []placed
}

type placed struct {
	Entry entry
	Stamp stamp
}

// stamp tells whether a file was touched.
type stamp struct {
	Inode uint64
	CTime int64 // nanoseconds since 1970; 0 when the system does not say
	Size  int64
}

func (s *Store) recordOf(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(s.dir, "placed", hex.EncodeToString(sum[:8]))
}

// Placed gives the paths of a folder that a set-up was placed at, and whether
// it was placed whole.
func (s *Store) Placed(dir string) (tops []string, ok bool) {
	var r record
	if readGob(s.recordOf(dir), &r) != nil || r.Dir != dir {
		return nil, false
	}
	return r.Tops, true
}

// Forget drops what is noted of a folder: something else is laid out there.
func (s *Store) Forget(dir string) error {
	err := os.Remove(s.recordOf(dir))
	if isGone(err) {
		return nil
	}
	return fault.Wrap(fault.Internal, err, "forget the set-up of %s", dir)
}

// Place puts a set-up into a folder that holds a tree, whatever was done to
// the folder before: what is there and as it was placed stays, all else at and
// below the paths of the set-up is removed or written anew. The folder is
// hostile: no link in it is followed.
func (s *Store) Place(ctx context.Context, dir string, r Ready) (setup.Outcome, error) {
	began := time.Now()
	if err := os.MkdirAll(filepath.Join(s.dir, "placed"), 0o700); err != nil {
		return setup.Outcome{}, fault.Wrap(fault.Internal, err, "make the folder of set-ups")
	}
	if r.Key != "" {
		lock, err := lockFile(ctx, s.path(r.Key, ".lock"), shared)
		if err != nil {
			return setup.Outcome{}, err
		}
		defer lock.free()
	}
	name := s.recordOf(dir)
	var was record
	if readGob(name, &was) != nil || was.Dir != dir {
		was = record{}
	}
	if err := os.Remove(name); err != nil && !isGone(err) {
		return setup.Outcome{}, fault.Wrap(fault.Internal, err, "place a set-up in %s", dir)
	}
	p, err := s.put(ctx, dir, r, &was)
	if err == nil {
		err = writeList(name+".new", p.record(dir, r))
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		return setup.Outcome{}, placeFault(err, dir)
	}
	return setup.Outcome{
		Key: r.Key, Made: r.Made, MadeUS: r.MadeFor.Microseconds(), TimeUS: time.Since(began).Microseconds(),
		Files: p.files, Copied: int(p.copied.Load()), Notes: append(slices.Clone(r.notes), p.notes...),
	}, nil
}

func placeFault(err error, dir string) error {
	if isFull(err) {
		return fault.WithHint(fault.Wrap(fault.Refused, err, "place a set-up in %s", dir), "free some disk space, then go on: muster resume; muster gc shows what Muster keeps")
	}
	return fault.Wrap(fault.Internal, err, "place a set-up in %s", dir)
}

// put brings the paths of the set-up in dir to what it holds.
func (s *Store) put(ctx context.Context, dir string, r Ready, was *record) (*placing, error) {
	p := &placing{store: s, dir: dir, from: r.from, children: map[string][]int{}, was: map[string]placed{}}
	var err error
	if p.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	defer p.root.Close()
	if r.Key != "" {
		p.source, err = os.OpenRoot(filepath.Join(s.dir, r.Key, filesFolder))
		if isGone(err) {
			return nil, fault.New(fault.Transient, "the set-up %s was removed meanwhile", r.Key).WithHint("try again: it is made anew")
		}
		if err != nil {
			return nil, err
		}
		defer p.source.Close()
	}
	if len(r.outside) > 0 {
		if p.checkout, err = os.OpenRoot(s.tools.Checkout); err != nil {
			return nil, err
		}
		defer p.checkout.Close()
	}
	if was != nil && was.Key == r.Key {
		for _, f := range was.Files {
			if f.Stamp.CTime > 0 && f.Stamp.CTime <= was.EndNS-settle.Nanoseconds() {
				p.was[f.Entry.Path] = f
			}
		}
	}
	p.want(r)
	for i, e := range p.entries {
		if e.Top {
			if err := p.top(i); err != nil {
				return nil, err
			}
		}
	}
	if err := p.copyAll(ctx); err != nil {
		return nil, err
	}
	if p.copied.Load() > 0 && was != nil {
		timer := time.NewTimer(settle) // after it, a change carries a later moment
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, fault.Wrap(fault.Transient, ctx.Err(), "place a set-up in %s", dir)
		}
	}
	p.endNS = time.Now().UnixNano()
	return p, nil
}

// placing is one call of put.
type placing struct {
	store    *Store
	dir      string
	from     string // the folder that the set-up was made in
	root     *os.Root
	source   *os.Root
	checkout *os.Root

	entries  []entry
	children map[string][]int // entries by folder; the tops are no children
	was      map[string]placed

	stamps []stamp
	todo   map[string][]int // files to be written, by folder
	files  int
	copied atomic.Int64
	notes  []string
	endNS  int64
}

// want takes the entries that belong to the tops of a set-up.
func (p *placing) want(r Ready) {
	take := false
	for _, list := range [][]entry{r.files, r.outside} {
		for _, e := range list {
			if e.Top {
				take = slices.Contains(r.tops, e.Path)
			}
			if !take {
				continue
			}
			if !e.Top {
				dir := path.Dir(e.Path)
				p.children[dir] = append(p.children[dir], len(p.entries))
			}
			if !e.Mode.IsDir() {
				p.files++
			}
			p.entries = append(p.entries, e)
		}
	}
	p.stamps = make([]stamp, len(p.entries))
	p.todo = map[string][]int{}
}

// top places one top with all below it. Where the tree has no real folder
// around it, it is left out.
func (p *placing) top(i int) error {
	e := p.entries[i]
	at := ""
	if dir := path.Dir(e.Path); dir != "." {
		for part := range strings.SplitSeq(dir, "/") {
			at = path.Join(at, part)
			info, err := p.root.Lstat(at)
			switch {
			case isGone(err):
				err = p.root.Mkdir(at, 0o755)
			case err == nil && !info.IsDir():
				p.notes = append(p.notes, fmt.Sprintf("%s was not placed: %s is no folder there", e.Path, at))
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	info, err := p.root.Lstat(e.Path)
	if err != nil && !isGone(err) {
		return err
	}
	return p.sync(i, info)
}

// sync brings one path to what it should be; info is what is there, or nil.
func (p *placing) sync(i int, info fs.FileInfo) error {
	e := p.entries[i]
	if e.Mode.IsDir() {
		return p.syncFolder(i, info)
	}
	if info != nil {
		was, known := p.was[e.Path]
		if known && was.Entry == e && stampOf(info) == was.Stamp {
			p.stamps[i] = was.Stamp
			return nil
		}
		if err := removeIn(p.root, e.Path, info); err != nil {
			return err
		}
	}
	dir := path.Dir(e.Path)
	p.todo[dir] = append(p.todo[dir], i)
	return nil
}

func (p *placing) syncFolder(i int, info fs.FileInfo) error {
	e := p.entries[i]
	if info != nil && !info.IsDir() {
		if err := p.root.Remove(e.Path); err != nil {
			return err
		}
		info = nil
	}
	have := map[string]fs.FileInfo{}
	if info == nil {
		if err := p.root.Mkdir(e.Path, e.Mode.Perm()); err != nil {
			return err
		}
		if err := p.root.Chmod(e.Path, e.Mode.Perm()); err != nil { // whatever the umask says
			return err
		}
	} else {
		if info.Mode().Perm() != e.Mode.Perm() {
			if err := p.root.Chmod(e.Path, e.Mode.Perm()); err != nil {
				return err
			}
		}
		entries, err := readDir(p.root, e.Path)
		if err != nil {
			return err
		}
		for _, d := range entries {
			if have[d.Name()], err = d.Info(); err != nil && !isGone(err) {
				return err
			}
		}
	}
	for _, c := range p.children[e.Path] {
		name := path.Base(p.entries[c].Path)
		there := have[name]
		delete(have, name)
		if err := p.sync(c, there); err != nil {
			return err
		}
	}
	for name, info := range have {
		if info == nil {
			continue
		}
		if err := removeIn(p.root, path.Join(e.Path, name), info); err != nil {
			return err
		}
	}
	return nil
}

// copyAll writes what has to be written, several folders at a time.
func (p *placing) copyAll(ctx context.Context) error {
	dirs := make(chan string)
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		first error
	)
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = err
		}
	}
	failed := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return first != nil
	}
	for range min(2*runtime.NumCPU(), 8) {
		group.Go(func() {
			buffer := make([]byte, smallFile)
			for dir := range dirs {
				if failed() {
					continue
				}
				if err := ctx.Err(); err != nil {
					fail(fault.Wrap(fault.Transient, err, "write a set-up"))
				} else if err := p.copyFolder(dir, buffer); err != nil {
					fail(err)
				}
			}
		})
	}
	for dir := range p.todo {
		dirs <- dir
	}
	close(dirs)
	group.Wait()
	return first
}

// copyFolder writes the files of one folder. The folders on both sides are
// opened once, since opening a path below a root opens each part of it.
func (p *placing) copyFolder(dir string, buffer []byte) error {
	to, err := p.root.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer to.Close()
	var from [2]*os.Root // the set-up's, the person's
	defer func() {
		for _, r := range from {
			if r != nil {
				_ = r.Close()
			}
		}
	}()
	for _, i := range p.todo[dir] {
		e := p.entries[i]
		side, at := p.source, 0
		if e.Theirs {
			side, at = p.checkout, 1
		}
		if from[at] == nil && e.Mode.IsRegular() {
			if from[at], err = side.OpenRoot(dir); err != nil {
				return err
			}
		}
		if err := p.copyEntry(to, from[at], e, buffer); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		info, err := to.Lstat(path.Base(e.Path))
		if err != nil {
			return err
		}
		p.stamps[i] = stampOf(info)
		p.copied.Add(1)
	}
	return nil
}

// smallFile is a file that is copied with one read and one write.
const smallFile = 64 << 10

func (p *placing) copyEntry(to, from *os.Root, e entry, buffer []byte) error {
	name := path.Base(e.Path)
	if e.Mode&fs.ModeSymlink != 0 {
		target := e.Link
		if e.Mention {
			target = p.dir + strings.TrimPrefix(target, p.from)
		}
		return to.Symlink(target, name)
	}
	in, err := from.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := to.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, e.Mode.Perm()|0o200)
	if err != nil {
		return err
	}
	switch {
	case e.Mention:
		err = p.rewrite(out, in)
	case e.Size > smallFile:
		err = p.clone(out, in)
	default:
		var n int
		if n, err = io.ReadFull(in, buffer[:min(e.Size, smallFile)]); err == nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			_, err = out.Write(buffer[:n])
		}
	}
	if err == nil {
		err = out.Chmod(e.Mode.Perm()) // whatever the umask says
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	when := time.Unix(0, e.MTime)
	return to.Chtimes(name, when, when) // what is built by dates goes by them
}

// rewrite copies a text that mentions the folder it was made in.
func (p *placing) rewrite(out, in *os.File) error {
	data, err := io.ReadAll(io.LimitReader(in, 2*maxRewritten))
	if err == nil {
		_, err = out.Write(bytes.ReplaceAll(data, []byte(p.from), []byte(p.dir)))
	}
	return err
}

// clone shares the blocks where the file system can, and copies elsewhere.
func (p *placing) clone(out, in *os.File) error {
	if !p.store.noClone.Load() {
		if reflink(out, in) == nil {
			return nil
		}
		p.store.noClone.Store(true)
	}
	_, err := io.Copy(out, in)
	return err
}

func (p *placing) record(dir string, r Ready) record {
	out := record{Dir: dir, Key: r.Key, EndNS: p.endNS, Tops: r.tops}
	for i, e := range p.entries {
		if !e.Mode.IsDir() {
			out.Files = append(out.Files, placed{e, p.stamps[i]})
		}
	}
	return out
}
