package folders

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// Merge puts together two trees that grew out of base where that takes no
// judgement: no path was touched on both sides, whatever was done to it. It
// gives the tree and the objects to be written before it is used; false when
// Git has to merge. A file that one side renamed and the other touched is
// touched on both sides, so what is given here is what Git gives.
func (r *Reader) Merge(ctx context.Context, s raw.Store, base, ours, theirs string) (tree string, made []raw.Object, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := merging{reader: r, store: s}
	tree, ok, err = m.folder(ctx, base, ours, theirs)
	if err != nil || !ok {
		return "", nil, false, err
	}
	return tree, m.made, true, nil
}

type merging struct {
	reader *Reader
	store  raw.Store
	made   []raw.Object
}

// folder merges a folder that exists on all three sides and differs on all.
func (m *merging) folder(ctx context.Context, base, ours, theirs string) (string, bool, error) {
	if err := m.reader.load(ctx, []string{base, ours, theirs}, here); err != nil {
		return "", false, err
	}
	b, o, t := m.byName(base), m.byName(ours), m.byName(theirs)
	names := maps.Clone(o)
	maps.Copy(names, t)
	maps.Copy(names, b)
	var entries []raw.Entry
	for name := range names {
		var e raw.Entry
		switch {
		case o[name] == b[name]:
			e = t[name]
		case t[name] == b[name]:
			e = o[name]
		case areFolders(b[name], o[name], t[name]):
			id, ok, err := m.folder(ctx, b[name].ID, o[name].ID, t[name].ID)
			if err != nil || !ok {
				return "", false, err
			}
			e = raw.Entry{Mode: raw.ModeFolder, Name: name, ID: id}
		default:
			return "", false, nil
		}
		if e != (raw.Entry{}) {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return "", false, nil // Git knows no empty folders
	}
	return m.write(entries)
}

func (m *merging) byName(tree string) map[string]raw.Entry {
	entries := m.reader.known[tree].entries
	out := make(map[string]raw.Entry, len(entries))
	for _, e := range entries {
		out[e.Name] = e
	}
	return out
}

func areFolders(entries ...raw.Entry) bool {
	return !slices.ContainsFunc(entries, func(e raw.Entry) bool { return e.Mode != raw.ModeFolder })
}

// write makes the tree object. Git sorts a folder as if its name ended in "/".
func (m *merging) write(entries []raw.Entry) (string, bool, error) {
	slices.SortFunc(entries, func(a, b raw.Entry) int { return cmp.Compare(sortName(a), sortName(b)) })
	var content []byte
	for i, e := range entries {
		if i > 0 && e.Name == entries[i-1].Name {
			return "", false, nil
		}
		id, err := hex.DecodeString(e.ID)
		if err != nil {
			return "", false, fault.Wrap(fault.Internal, err, "merge folders: %s has the id %q", e.Name, e.ID)
		}
		content = append(fmt.Appendf(content, "%s %s\x00", e.Mode, e.Name), id...)
	}
	o := m.store.New("tree", content)
	m.made = append(m.made, o)
	return o.ID, true, nil
}

func sortName(e raw.Entry) string {
	if e.Mode == raw.ModeFolder {
		return e.Name + "/"
	}
	return e.Name
}
