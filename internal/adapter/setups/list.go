package setups

import (
	"bufio"
	"encoding/gob"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/setup"
)

// entry is one path that is to be placed.
type entry struct {
	Path    string // slash separated, relative to the top of the tree
	Mode    fs.FileMode
	Size    int64
	MTime   int64  // nanoseconds since 1970
	Link    string // target of a symbolic link
	Mention bool   // holds the path of the folder that it was made in
	Theirs  bool   // comes from the person's checkout
	Top     bool   // nothing of the set-up lies above it
}

// listFiles lists what lies in a folder at and below the given paths, folders
// before what is in them. Made is the folder that all was made in.
func listFiles(folder string, tops []string, made string) ([]entry, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	l := listing{root: root, made: made}
	for _, p := range tops {
		info, err := root.Lstat(p)
		if err != nil {
			return nil, err
		}
		at := len(l.out)
		if err := l.add(p, info); err != nil {
			return nil, err
		}
		if len(l.out) > at {
			l.out[at].Top = true
		}
	}
	return l.out, nil
}

type listing struct {
	root   *os.Root
	made   string // empty: nothing is searched for it
	theirs bool
	out    []entry
	notes  []string
}

func (l *listing) add(p string, info fs.FileInfo) error {
	e := entry{Path: p, Mode: info.Mode() & (fs.ModeType | fs.ModePerm), MTime: info.ModTime().UnixNano(), Theirs: l.theirs}
	switch {
	case len(l.out) >= maxFiles:
		return fault.New(fault.Refused, "the set-up has more than %d files", maxFiles).WithHint("make less in the repository's folder")
	case info.IsDir():
		e.Mode |= 0o700
		e.MTime = 0
		l.out = append(l.out, e)
		entries, err := readDir(l.root, p)
		if err != nil {
			return err
		}
		for _, d := range entries {
			info, err := d.Info()
			if isGone(err) {
				continue
			}
			if err != nil {
				return err
			}
			if err := l.add(path.Join(p, d.Name()), info); err != nil {
				return err
			}
		}
		return nil
	case info.Mode().IsRegular():
		e.Size = info.Size()
		e.Mention = l.made != "" && e.Size <= maxRewritten && mentions(l.root, p, l.made)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := l.root.Readlink(p)
		if err != nil {
			return err
		}
		if l.theirs && (filepath.IsAbs(target) || !filepath.IsLocal(filepath.Join(filepath.Dir(p), target))) {
			l.notes = append(l.notes, p+" was not copied: it is a link that leads out of the repository")
			return nil
		}
		e.Link, e.MTime = target, 0
		e.Mention = l.made != "" && strings.HasPrefix(target, l.made+"/")
	default:
		return nil // sockets and pipes serve nobody elsewhere
	}
	l.out = append(l.out, e)
	return nil
}

// outside lists the files of the person's checkout that are wanted, and says
// which ones are left out. No link is followed out of the checkout.
func (s *Store) outside(spec setup.Spec, tracked setup.Tracked) ([]entry, []string) {
	if len(spec.Copy)+len(spec.Link) == 0 {
		return nil, nil
	}
	if s.tools.Checkout == "" {
		return nil, []string{"nothing was copied or linked: the repository has no work tree to take it from"}
	}
	root, err := os.OpenRoot(s.tools.Checkout)
	if err != nil {
		return nil, []string{fmt.Sprintf("nothing was copied or linked: %v", err)}
	}
	defer root.Close()
	l := listing{root: root, theirs: true}
	for _, p := range spec.Copy {
		l.want(p, "copied", tracked, l.add)
	}
	for _, p := range spec.Link {
		l.want(p, "linked", tracked, func(p string, _ fs.FileInfo) error {
			to := filepath.Join(s.tools.Checkout, filepath.FromSlash(p))
			l.out = append(l.out, entry{Path: p, Mode: fs.ModeSymlink | 0o777, Link: to, Theirs: true})
			return nil
		})
	}
	return l.out, l.notes
}

// want lists one path that the configuration names, by add, unless there is a
// reason not to.
func (l *listing) want(p, verb string, tracked setup.Tracked, add func(string, fs.FileInfo) error) {
	info, err := l.root.Stat(p) // follows links, but not out of the checkout
	switch {
	case tracked.Holds(p) || tracked.Blocked(p):
		l.notes = append(l.notes, p+" was not "+verb+": Git tracks it, and what it tracks comes from the tree")
		return
	case isGone(err):
		l.notes = append(l.notes, p+" was not "+verb+": your folder has none")
		return
	case err != nil:
		l.notes = append(l.notes, fmt.Sprintf("%s was not %s: %v", p, verb, err))
		return
	}
	at := len(l.out)
	if err := add(p, info); err != nil {
		l.notes = append(l.notes, fmt.Sprintf("%s was not %s whole: %v", p, verb, err))
	}
	if len(l.out) > at {
		l.out[at].Top = true
	}
}

// writeList and readList keep a list.
func writeList[T any](name string, list T) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := gob.NewEncoder(w).Encode(list); err != nil {
		return err
	}
	return w.Flush()
}

func readList(name string) ([]entry, error) {
	var out []entry
	err := readGob(name, &out)
	return out, fault.Wrap(fault.Internal, err, "read the list %s", name)
}

func readGob(name string, into any) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return gob.NewDecoder(bufio.NewReaderSize(f, 1<<16)).Decode(into)
}
