// Package gocache is a build cache of layers for the go command: what the
// person's own cache holds is read, what is new is written to a folder of the
// sandbox's. So checks are fast from the beginning, and nothing that untrusted
// code makes can end up in the person's builds.
//
// The go command (1.24 and later) starts it by GOCACHEPROG and talks to it in
// lines of JSON. Older ones use the own folder alone: it has the form of a
// GOCACHE.
package gocache

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/internal/core/fault"
)

// Mode is the argument of a shim that makes it this cache.
const Mode = "@gocache"

// Variables that name the own folder, and those that are read.
const (
	OwnVariable  = "MUSTER_GOCACHE_OWN"
	BaseVariable = "MUSTER_GOCACHE_BASE"
)

// request is what the go command sends. The body of a put follows on a line of
// its own, as JSON text in base64.
type request struct {
	ID       int64
	Command  string // get, put, close
	ActionID []byte
	OutputID []byte
	ObjectID []byte // the same in Go 1.24's first form
	BodySize int64
}

// response answers the request of the same number.
type response struct {
	ID            int64
	Err           string     `json:",omitempty"`
	KnownCommands []string   `json:",omitempty"`
	Miss          bool       `json:",omitempty"`
	OutputID      []byte     `json:",omitempty"`
	Size          int64      `json:",omitempty"`
	Time          *time.Time `json:",omitempty"`
	DiskPath      string     `json:",omitempty"`
}

// idBytes is the length of the ids, sha256.
const idBytes = 32

// Serve answers the go command until it closes. Base is a list of folders, as
// PATH is, and may be empty.
func Serve(in io.Reader, out io.Writer, own, base string) error {
	if !filepath.IsAbs(own) {
		return fault.New(fault.Invalid, "the build cache's own folder %q is not absolute", own)
	}
	r, w := json.NewDecoder(bufio.NewReaderSize(in, 64<<10)), json.NewEncoder(out)
	if err := w.Encode(response{KnownCommands: []string{"get", "put", "close"}}); err != nil {
		return err
	}
	for {
		var q request
		if err := r.Decode(&q); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fault.Wrap(fault.Invalid, err, "read a request of the go command")
		}
		var body []byte
		if q.Command == "put" && q.BodySize > 0 {
			// A JSON text of base64 is what encoding/json reads into bytes.
			if err := r.Decode(&body); err != nil {
				return fault.Wrap(fault.Invalid, err, "read what the go command built")
			}
		}
		if err := w.Encode(answer(q, body, own, base)); err != nil {
			return err
		}
		if q.Command == "close" {
			return nil
		}
	}
}

func answer(q request, body []byte, own, base string) response {
	if q.OutputID == nil {
		q.OutputID = q.ObjectID
	}
	a := response{ID: q.ID}
	var err error
	switch q.Command {
	case "get":
		a, err = get(q, own, base)
	case "put":
		a, err = put(q, body, own)
	case "close":
	default:
		err = fault.New(fault.Invalid, "unknown command %q", q.Command)
	}
	a.ID = q.ID
	if err != nil {
		a.Err = err.Error()
	}
	return a
}

// get looks in the own folder first, then in those of the base.
func get(q request, own, base string) (response, error) {
	if len(q.ActionID) != idBytes {
		return response{}, fault.New(fault.Invalid, "an id of %d bytes", len(q.ActionID))
	}
	for _, dir := range append([]string{own}, filepath.SplitList(base)...) {
		if dir == "" {
			continue
		}
		if a, ok := look(dir, q.ActionID); ok {
			return a, nil
		}
	}
	return response{Miss: true}, nil
}

// entryBytes bounds what is read of an entry: "v1", two ids and two numbers.
const entryBytes = 2 + 1 + 64 + 1 + 64 + 1 + 20 + 1 + 20 + 1

// look reads one entry of a folder in the go command's own form.
func look(dir string, action []byte) (response, bool) {
	id := hex.EncodeToString(action)
	f, err := os.Open(filepath.Join(dir, id[:2], id+"-a"))
	if err != nil {
		return response{}, false
	}
	data, err := io.ReadAll(io.LimitReader(f, entryBytes+1))
	_ = f.Close()
	fields := strings.Fields(string(data))
	if err != nil || len(fields) != 5 || fields[0] != "v1" || fields[1] != id {
		return response{}, false
	}
	output, oerr := hex.DecodeString(fields[2])
	size, serr := strconv.ParseInt(fields[3], 10, 64)
	nanos, terr := strconv.ParseInt(fields[4], 10, 64)
	if errors.Join(oerr, serr, terr) != nil || len(output) != idBytes {
		return response{}, false
	}
	path := filepath.Join(dir, fields[2][:2], fields[2]+"-d")
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() != size {
		return response{}, false
	}
	at := time.Unix(0, nanos)
	return response{OutputID: output, Size: size, Time: &at, DiskPath: path}, true
}

// put writes to the own folder: the content first, so that an entry never
// names what is not there.
func put(q request, body []byte, own string) (response, error) {
	if len(q.ActionID) != idBytes || len(q.OutputID) != idBytes || int64(len(body)) != q.BodySize {
		return response{}, fault.New(fault.Invalid, "an entry whose parts do not fit: %d, %d, %d of %d bytes", len(q.ActionID), len(q.OutputID), len(body), q.BodySize)
	}
	action, output := hex.EncodeToString(q.ActionID), hex.EncodeToString(q.OutputID)
	path := filepath.Join(own, output[:2], output+"-d")
	if info, err := os.Stat(path); err != nil || info.Size() != q.BodySize {
		if err := write(path, body); err != nil {
			return response{}, err
		}
	}
	entry := fmt.Sprintf("v1 %s %s %20d %20d\n", action, output, q.BodySize, time.Now().UnixNano())
	if err := write(filepath.Join(own, action[:2], action+"-a"), []byte(entry)); err != nil {
		return response{}, err
	}
	return response{DiskPath: path}, nil
}

// write makes a file appear all at once.
func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Command gives the value of GOCACHEPROG for a program that is this cache when
// it is started by argv. Words with spaces are quoted as the go command reads
// them; it is empty when that is not possible.
func Command(argv []string) string {
	words := make([]string, len(argv))
	for i, a := range argv {
		switch {
		case !strings.ContainsAny(a, " \t'\""):
			words[i] = a
		case !strings.Contains(a, "'"):
			words[i] = "'" + a + "'"
		case !strings.Contains(a, `"`):
			words[i] = `"` + a + `"`
		default:
			return ""
		}
	}
	return strings.Join(words, " ")
}
