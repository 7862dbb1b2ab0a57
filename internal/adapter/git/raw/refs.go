package raw

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Ref is a name and the object it stands for.
type Ref struct{ Name, ID string }

const (
	refCap    = 4 << 10   // bytes of a loose ref's file
	packedCap = 256 << 20 // bytes of the file of packed refs
	symbolic  = 5         // symbolic refs that may follow one another, as in Git
)

// Refs lists the refs of a repository whose refs are kept in files, by name,
// as git for-each-ref does. Those that begin with one of the prefixes in
// without, each of which ends in a slash, are left out and cost nothing. A ref
// that is damaged or being written is left out as well.
func Refs(common string, without ...string) ([]Ref, error) {
	l := lister{common: common, without: without, refs: map[string]string{}}
	// Packing writes the packed refs first and then deletes the files: who reads
	// the files first misses none.
	err := l.folder("refs")
	if err == nil {
		err = l.packed()
	}
	if err != nil {
		return nil, fmt.Errorf("list the refs of %s: %w", common, err)
	}
	var out []Ref
	for name, value := range l.refs {
		for range symbolic {
			target, is := strings.CutPrefix(value, "ref:")
			if !is {
				break
			}
			value = l.refs[strings.TrimSpace(target)]
		}
		if isHex(value) {
			out = append(out, Ref{Name: name, ID: value})
		}
	}
	slices.SortFunc(out, func(a, b Ref) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

type lister struct {
	common  string
	without []string
	refs    map[string]string // id, or "ref: name", by name
}

func (l *lister) leavesOut(name string) bool {
	return slices.ContainsFunc(l.without, func(p string) bool { return strings.HasPrefix(name, p) })
}

func (l *lister) packed() error {
	f, err := os.Open(filepath.Join(l.common, "packed-refs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, packedCap+1))
	if err != nil {
		return err
	}
	if len(data) > packedCap {
		return errors.New("the file is too large")
	}
	for line := range bytes.Lines(data) {
		// Comments begin with '#', what a tag stands for with '^'.
		id, name, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if _, isLoose := l.refs[name]; ok && isHex(id) && !isLoose && !l.leavesOut(name) {
			l.refs[name] = id
		}
	}
	return nil
}

// folder reads the loose refs below a folder. Folders and files vanish while
// others delete refs.
func (l *lister) folder(name string) error {
	if l.leavesOut(name + "/") {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(l.common, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		below := name + "/" + e.Name()
		switch {
		case e.IsDir():
			err = l.folder(below)
		case e.Type().IsRegular() && !strings.HasSuffix(below, ".lock"):
			err = l.file(below)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) file(name string) error {
	f, err := os.OpenFile(filepath.Join(l.common, filepath.FromSlash(name)), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, refCap))
	if err != nil {
		return err
	}
	l.refs[name] = strings.TrimSpace(string(data))
	return nil
}

func isHex(id string) bool {
	return (len(id) == 40 || len(id) == 64) && strings.Trim(id, "0123456789abcdef") == ""
}
