package git

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
)

// index is what an index file says is tracked.
type index struct {
	modes map[string]uint32   // by path
	dirs  map[string]struct{} // every folder that holds a tracked path
}

const (
	typeMask    = 0o170000
	typeGitlink = 0o160000
)

func emptyIndex() index {
	return index{modes: map[string]uint32{}, dirs: map[string]struct{}{}}
}

// readIndex reads an index of version 2 or 3, the ones Git writes under our
// configuration. A missing file is an empty index.
func readIndex(path string, hashLen int) (index, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return emptyIndex(), nil
	}
	if err != nil {
		return index{}, err
	}
	return parseIndex(data, hashLen)
}

// parseIndex reads the entries; the checksum is left to Git, which reads the
// same file right after.
func parseIndex(data []byte, hashLen int) (index, error) {
	errBroken := errors.New("the index is damaged")
	if len(data) < 12+hashLen || string(data[:4]) != "DIRC" {
		return index{}, errBroken
	}
	version := binary.BigEndian.Uint32(data[4:])
	if version != 2 && version != 3 {
		return index{}, errBroken
	}
	idx := emptyIndex()
	rest := data[12 : len(data)-hashLen]
	for range binary.BigEndian.Uint32(data[8:]) {
		fixed := 40 + hashLen + 2 // times, numbers, id, flags
		if len(rest) < fixed+2 {
			return index{}, errBroken
		}
		mode := binary.BigEndian.Uint32(rest[24:])
		if binary.BigEndian.Uint16(rest[40+hashLen:])&0x4000 != 0 {
			fixed += 2 // extended flags
		}
		end := bytes.IndexByte(rest[fixed:], 0)
		if end <= 0 {
			return index{}, errBroken
		}
		idx.add(string(rest[fixed:fixed+end]), mode)
		size := (fixed + end + 8) &^ 7 // at least one NUL, up to a multiple of eight
		if size > len(rest) {
			return index{}, errBroken
		}
		rest = rest[size:]
	}
	return idx, nil
}

func (x index) add(path string, mode uint32) {
	x.modes[path] = mode
	for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if _, ok := x.dirs[path[:i]]; ok {
			return
		}
		x.dirs[path[:i]] = struct{}{}
	}
}

// gitlinks gives the paths of submodules, in no order.
func (x index) gitlinks() []string {
	var out []string
	for p, mode := range x.modes {
		if mode&typeMask == typeGitlink {
			out = append(out, p)
		}
	}
	return out
}
