package outside

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"muster/internal/adapter/mirror"
	"muster/internal/core/egress"
	"muster/internal/core/fault"
	"muster/internal/core/registries"
)

// Doors makes what the doors of confined processes serve beside models:
// package registries, and hosts that a person allowed. One process has one.
type Doors struct {
	mirror *mirror.Mirror
	log    *connectionLog
}

// NewDoors gives doors that record every connection in a file, which is made
// when there is none. The settings are those of Packages.Registries.
func NewDoors(settings func(context.Context) (registries.Config, error), file string) *Doors {
	return &Doors{mirror: mirror.New(mirror.Options{Settings: settings}), log: &connectionLog{path: file}}
}

// Open gives the handler of the door with a name, which is that of the attempt.
func (d *Doors) Open(name string, hosts []egress.Host) *mirror.Door {
	return d.mirror.Door(mirror.Allow{Egress: hosts, Registries: true}, func(c mirror.Connection) error {
		return d.log.add(Connection{Door: name, Connection: c})
	})
}

// Close ends connections that nobody uses, and the file.
func (d *Doors) Close() error {
	d.mirror.Close()
	return d.log.close()
}

// Connection is a connection of a door.
type Connection struct {
	Door string `json:"door"`
	mirror.Connection
}

// Bounds of the file of connections.
const (
	maxLog  = 64 << 20 // bytes after which it begins anew; the former one stays beside it
	maxLine = 64 << 10
	former  = ".old"
)

// connectionLog appends lines of JSON to a file. What is written survives the
// end of the process.
type connectionLog struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
	torn bool // the last line is not whole: the disk was full
}

func (l *connectionLog) add(c Connection) error {
	line, err := json.Marshal(c)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write a connection")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil && l.size > maxLog {
		_ = l.file.Close() // every line was written at once
		l.file = nil
		if err := os.Rename(l.path, l.path+former); err != nil {
			return fault.Wrap(fault.Internal, err, "put the file of connections aside")
		}
	}
	if l.file == nil {
		if l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			l.file = nil
			return fault.Wrap(fault.Internal, err, "open the file of connections")
		}
		if info, err := l.file.Stat(); err == nil {
			l.size = info.Size()
		}
	}
	if line = append(line, '\n'); l.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := l.file.Write(line)
	l.size += int64(n)
	l.torn = err != nil && (n > 0 || l.torn)
	return fault.Wrap(fault.Internal, err, "write a connection")
}

func (l *connectionLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// Connections gives what a file holds of the doors that are wanted, in the
// order in which it was recorded. A line that is broken is left out: the
// process may have died over it.
func Connections(file string, wanted func(door string) bool) ([]Connection, error) {
	var out []Connection
	for _, path := range []string{file + former, file} {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "read the connections")
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			var c Connection
			if json.Unmarshal(lines.Bytes(), &c) == nil && wanted(c.Door) {
				out = append(out, c)
			}
		}
		err = errors.Join(lines.Err(), f.Close())
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "read the connections in %s", path)
		}
	}
	return out, nil
}

// Refusal is one reason for which connections were refused.
type Refusal struct {
	Door  string
	Host  string // host:port, or empty
	Why   string
	Times int
}

// Refusals gives what was refused, each reason once for each door, in the order
// in which it came first.
func Refusals(all []Connection) []Refusal {
	var out []Refusal
	for _, c := range all {
		if c.Refused == "" {
			continue
		}
		same := func(r Refusal) bool {
			return r.Door == c.Door && r.Why == c.Refused && strings.EqualFold(r.Host, c.Host)
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Times++
			continue
		}
		out = append(out, Refusal{c.Door, c.Host, c.Refused, 1})
	}
	return out
}

// RefusedTo gives in a sentence each what was refused to the attempts of a task
// at their doors. Root is the folder of all state folders.
func RefusedTo(root, run, task string) ([]string, error) {
	all, err := Connections(filepath.Join(root, "gateway", connectionsFile), func(door string) bool {
		return strings.HasPrefix(door, run+"."+task+".")
	})
	var out []string
	for _, r := range Refusals(all) {
		text := "refused to attempt " + r.Door[strings.LastIndexByte(r.Door, '.')+1:]
		if r.Times > 1 {
			text += fmt.Sprintf(", %d times", r.Times)
		}
		out = append(out, text+": "+r.Why)
	}
	return out, err
}
