package raw

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// ErrUnknown says that an index does not know enough of its trees, or holds
// what only Git understands: git write-tree has to write the tree.
var ErrUnknown = errors.New("the index does not know its trees")

// Tree makes the tree of everything in the index, as git write-tree does. It
// gives its id and the objects to be written, which are those of the folders
// whose tree the index does not know; ErrUnknown when that is all of them.
// That the files' own objects are there is taken for granted.
func (x Index) Tree(s Store) (id string, write []Object, err error) {
	if x.special || x.cached == nil {
		return "", nil, ErrUnknown
	}
	entries := x.entries
	if slices.ContainsFunc(entries, func(e entry) bool { return e.intent }) {
		entries = slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.intent })
	}
	w := treeMaker{store: s, hashLen: x.hashLen}
	id, err = w.folder(entries, 0, x.cached)
	return id, w.made, err
}

type treeMaker struct {
	store   Store
	hashLen int
	made    []Object
}

// folder makes the tree of the entries, which all lie in one folder whose name
// takes the first skip bytes of their paths.
func (w *treeMaker) folder(entries []entry, skip int, known *folder) (string, error) {
	if known != nil && known.entries >= 0 {
		if known.entries != len(entries) {
			return "", ErrUnknown
		}
		return known.id, nil
	}
	var tree []byte
	for len(entries) > 0 {
		e := entries[0]
		name, _, isFolder := strings.Cut(e.path[skip:], "/")
		if name == "" {
			return "", ErrUnknown
		}
		if !isFolder {
			tree = append(fmt.Appendf(tree, "%o %s\x00", e.mode, name), e.id...)
			entries = entries[1:]
			continue
		}
		below := skip + len(name) + 1
		n := slices.IndexFunc(entries, func(o entry) bool { return !strings.HasPrefix(o.path[skip:], e.path[skip:below]) })
		if n < 0 {
			n = len(entries)
		}
		id, err := w.folder(entries[:n], below, known.child(name))
		if err != nil {
			return "", err
		}
		raw, err := hex.DecodeString(id)
		if err != nil || len(raw) != w.hashLen {
			return "", errBroken
		}
		tree = append(fmt.Appendf(tree, "%s %s\x00", ModeFolder, name), raw...)
		entries = entries[n:]
	}
	o := w.store.New("tree", tree)
	w.made = append(w.made, o)
	return o.ID, nil
}

// Entry is one name in a tree object.
type Entry struct {
	Mode string // as the object spells it: a folder is ModeFolder
	Name string
	ID   string
}

// Modes as a tree object spells them.
const (
	ModeFolder  = "40000"
	ModeGitlink = "160000"
)

// Entries gives what is in a tree object, whose ids have hashLen bytes. The
// second value is an error, with which it ends.
func Entries(tree []byte, hashLen int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for len(tree) > 0 {
			head, tail, ok := bytes.Cut(tree, []byte{0})
			mode, name, ok2 := strings.Cut(string(head), " ")
			if !ok || !ok2 || len(tail) < hashLen {
				yield(Entry{}, errors.New("the tree is damaged"))
				return
			}
			if !yield(Entry{Mode: mode, Name: name, ID: hex.EncodeToString(tail[:hashLen])}, nil) {
				return
			}
			tree = tail[hashLen:]
		}
	}
}

// Find gives the entry of a tree object that has a name, and whether there is
// one.
func Find(content []byte, hashLen int, name string) (Entry, bool, error) {
	for e, err := range Entries(content, hashLen) {
		if err != nil || e.Name == name {
			return e, err == nil, err
		}
	}
	return Entry{}, false, nil
}

// Folders gives the ids of the folders in a tree object, unless it has a file
// or a link of a name itself: then it says so instead.
func Folders(content []byte, hashLen int, name string) (ids []string, found bool, err error) {
	for e, err := range Entries(content, hashLen) {
		switch {
		case err != nil:
			return nil, false, err
		case e.Mode == ModeFolder:
			ids = append(ids, e.ID)
		case e.Name == name && e.Mode != ModeGitlink:
			return nil, true, nil
		}
	}
	return ids, false, nil
}
