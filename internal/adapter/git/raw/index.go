package raw

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"sort"
	"strconv"
	"strings"
)

// Modes of an index entry, as far as they tell kinds apart.
const (
	TypeMask    = 0o170000
	TypeGitlink = 0o160000
)

// Index is what an index file says is tracked. The zero Index tracks nothing.
type Index struct {
	entries []entry // ordered by path, as in the file
	hashLen int     // bytes of an id
	text    string  // the file; the paths are parts of it
	cached  *folder // what is known of the folders' trees; nil when nothing is
	special bool    // it holds what only Git understands: unmerged entries, a split or sparse index
}

// entry is one tracked path.
type entry struct {
	path   string
	mode   uint32
	id     []byte
	intent bool // git add -N: it is in no tree
}

// ReadIndex reads an index of version 2 or 3, the ones Git writes under our
// configuration. A missing file is an empty index. IDs have hashLen bytes.
func ReadIndex(path string, hashLen int) (Index, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return Index{}, nil
	}
	if err != nil {
		return Index{}, err
	}
	return ParseIndex(data, hashLen)
}

var errBroken = errors.New("the index is damaged")

// ParseIndex reads the entries; the checksum is left to Git, which reads the
// same file right after.
func ParseIndex(data []byte, hashLen int) (Index, error) {
	if len(data) < 12+hashLen || string(data[:4]) != "DIRC" {
		return Index{}, errBroken
	}
	version := binary.BigEndian.Uint32(data[4:])
	if version != 2 && version != 3 {
		return Index{}, errBroken
	}
	x := Index{hashLen: hashLen, text: string(data)}
	count := binary.BigEndian.Uint32(data[8:])
	rest := data[12 : len(data)-hashLen]
	smallest := 62 + hashLen - 20 // of an entry
	x.entries = make([]entry, 0, min(int(count), len(rest)/smallest+1))
	for range count {
		size, err := x.parseEntry(rest, len(data)-hashLen-len(rest))
		if err != nil {
			return Index{}, err
		}
		rest = rest[size:]
	}
	return x, x.parseExtensions(rest)
}

// parseEntry reads the first entry of data, which begins at a place in the
// file, and gives its size.
func (x *Index) parseEntry(data []byte, at int) (size int, err error) {
	fixed := 40 + x.hashLen + 2 // times, numbers, id, flags
	if len(data) < fixed+2 {
		return 0, errBroken
	}
	flags := binary.BigEndian.Uint16(data[40+x.hashLen:])
	e := entry{mode: binary.BigEndian.Uint32(data[24:]), id: data[40 : 40+x.hashLen]}
	if flags&0x4000 != 0 {
		e.intent = binary.BigEndian.Uint16(data[fixed:])&0x2000 != 0
		fixed += 2 // extended flags
	}
	end := bytes.IndexByte(data[fixed:], 0)
	if end <= 0 {
		return 0, errBroken
	}
	e.path = x.text[at+fixed : at+fixed+end]
	if flags&0x3000 != 0 {
		x.special = true // a stage of an unmerged path
	}
	if n := len(x.entries); n > 0 && (x.entries[n-1].path > e.path || x.entries[n-1].path == e.path && !x.special) {
		return 0, errBroken
	}
	x.entries = append(x.entries, e)
	size = (fixed + end + 8) &^ 7 // at least one NUL, up to a multiple of eight
	if size > len(data) {
		return 0, errBroken
	}
	return size, nil
}

// parseExtensions reads what follows the entries. Trees that cannot be read
// are only not known.
func (x *Index) parseExtensions(data []byte) error {
	for len(data) > 0 {
		if len(data) < 8 {
			return errBroken
		}
		name, size := string(data[:4]), uint64(binary.BigEndian.Uint32(data[4:]))
		if size > uint64(len(data)-8) {
			return errBroken
		}
		content := data[8 : 8+size]
		data = data[8+size:]
		switch {
		case name == "TREE":
			x.cached, _ = parseFolder(&content, x.hashLen, 0)
		case name[0] < 'A' || name[0] > 'Z': // it must be understood: "link", "sdir"
			x.special = true
		}
	}
	return nil
}

// Len gives the number of tracked paths.
func (x Index) Len() int { return len(x.entries) }

// Paths gives the tracked paths, in order.
func (x Index) Paths() []string {
	out := make([]string, len(x.entries))
	for i, e := range x.entries {
		out[i] = e.path
	}
	return out
}

// Mode gives the mode of a tracked path.
func (x Index) Mode(path string) (mode uint32, tracked bool) {
	i := x.search(path)
	if i == len(x.entries) || x.entries[i].path != path {
		return 0, false
	}
	return x.entries[i].mode, true
}

// IsGitlink reports whether the path is tracked as a submodule.
func (x Index) IsGitlink(path string) bool {
	mode, _ := x.Mode(path)
	return mode&TypeMask == TypeGitlink
}

// HasBelow reports whether anything below the folder is tracked.
func (x Index) HasBelow(folder string) bool {
	i := x.search(folder + "/")
	return i < len(x.entries) && strings.HasPrefix(x.entries[i].path, folder+"/")
}

// search gives the place of the first path that is not less.
func (x Index) search(path string) int {
	return sort.Search(len(x.entries), func(i int) bool { return x.entries[i].path >= path })
}

// Gitlinks gives the paths of submodules, in order.
func (x Index) Gitlinks() []string {
	var out []string
	for _, e := range x.entries {
		if e.mode&TypeMask == TypeGitlink {
			out = append(out, e.path)
		}
	}
	return out
}

// folder is what an index knows of the tree of a folder: the extension TREE.
type folder struct {
	name    string // within the folder above
	entries int    // tracked paths below; negative when the tree is not known
	id      string
	folders []*folder
}

// child finds a folder in this one; nil when nothing is known of it.
func (f *folder) child(name string) *folder {
	if f == nil {
		return nil
	}
	for _, c := range f.folders {
		if c.name == name {
			return c
		}
	}
	return nil
}

const deepest = 4096 // folders inside one another

// parseFolder takes a folder, and those below it, from the front of data.
func parseFolder(data *[]byte, hashLen, depth int) (*folder, error) {
	name, rest, ok := bytes.Cut(*data, []byte{0})
	line, rest, ok2 := bytes.Cut(rest, []byte("\n"))
	if !ok || !ok2 || depth > deepest {
		return nil, errBroken
	}
	f := &folder{name: string(name)}
	below, err := twoNumbers(string(line), &f.entries)
	if err != nil {
		return nil, err
	}
	if f.entries >= 0 {
		if len(rest) < hashLen {
			return nil, errBroken
		}
		f.id, rest = hex.EncodeToString(rest[:hashLen]), rest[hashLen:]
	}
	*data = rest
	for range below {
		c, err := parseFolder(data, hashLen, depth+1)
		if err != nil {
			return nil, err
		}
		f.folders = append(f.folders, c)
	}
	return f, nil
}

// twoNumbers reads "entries folders" of a folder in an index.
func twoNumbers(line string, entries *int) (folders int, err error) {
	first, second, ok := strings.Cut(line, " ")
	if *entries, err = strconv.Atoi(first); err == nil && ok {
		folders, err = strconv.Atoi(second)
	}
	if err != nil || !ok || folders < 0 {
		return 0, errBroken
	}
	return folders, nil
}
