package raw

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// ParseDiff reads what git diff-tree -z --raw --numstat says: the raw part and
// the numstat part, which list the same files in the same order.
func ParseDiff(out string) ([]change.File, error) {
	var files []change.File
	f := fields{rest: out}
	for strings.HasPrefix(f.rest, ":") {
		file, err := f.raw()
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	for i := range files {
		if err := f.numstat(&files[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(files, func(a, b change.File) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.OldPath, b.OldPath))
	})
	return files, nil
}

// fields are strings that each end with a NUL.
type fields struct{ rest string }

func (f *fields) next() (s string) {
	s, f.rest, _ = strings.Cut(f.rest, "\x00")
	return s
}

// raw reads ":oldmode newmode oldid newid X" and the paths.
func (f *fields) raw() (change.File, error) {
	line := f.next()
	w := strings.Fields(strings.TrimPrefix(line, ":"))
	if len(w) != 5 {
		return change.File{}, fault.New(fault.Internal, "git diff-tree answers %q", line)
	}
	file := change.File{OldMode: w[0], NewMode: w[1], OldBlob: someID(w[2]), NewBlob: someID(w[3])}
	switch w[4][0] {
	case 'A':
		file.Status = change.Added
	case 'M':
		file.Status = change.Modified
	case 'D':
		file.Status = change.Deleted
	case 'T':
		file.Status = change.Retyped
	case 'R':
		file.Status, file.OldPath = change.Renamed, f.next()
	default:
		return file, fault.New(fault.Internal, "git diff-tree answers the status %q", w[4])
	}
	file.Path = f.next()
	return file, nil
}

// numstat reads "added TAB deleted TAB path", with both paths apart when
// renamed, and "-" for the numbers of a binary file.
func (f *fields) numstat(file *change.File) error {
	line := f.next()
	w := strings.SplitN(line, "\t", 3)
	if len(w) != 3 {
		return fault.New(fault.Internal, "git diff-tree answers %q", line)
	}
	path := w[2]
	if path == "" {
		f.next()
		path = f.next()
	}
	if path != file.Path {
		return fault.New(fault.Internal, "git diff-tree counts the lines of %q, not of %q", path, file.Path)
	}
	if w[0] == "-" {
		file.IsBinary = true
		return nil
	}
	var err error
	if file.Added, err = strconv.Atoi(w[0]); err == nil {
		file.Deleted, err = strconv.Atoi(w[1])
	}
	return fault.Wrap(fault.Internal, err, "read the lines of %q", file.Path)
}

// someID gives "" for the id of nothing.
func someID(id string) string {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}
