package lasting

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"muster/internal/core/fault"
)

// Objects asks git cat-file --batch-command -z.
type Objects struct{ *Process }

// Object is the answer to a question. It is zero when there is no such object.
type Object struct {
	ID      string
	Kind    string // commit, tree, blob, tag
	Size    int64
	Content []byte // nil unless it was asked for
}

// Exists reports whether there is such an object.
func (o Object) Exists() bool { return o.ID != "" }

// Info asks what name is, without its content.
func (b Objects) Info(ctx context.Context, name string) (Object, error) {
	return b.one(ctx, "info", name)
}

// Read asks for the content too. The caller asks for Info first when the
// object may be large.
func (b Objects) Read(ctx context.Context, name string) (Object, error) {
	return b.one(ctx, "contents", name)
}

func (b Objects) one(ctx context.Context, verb, name string) (Object, error) {
	if err := checkName(name); err != nil {
		return Object{}, err
	}
	var o Object
	err := b.ask(ctx, verb+" "+name+"\x00", func(out *bufio.Reader) (err error) {
		o, err = readObject(out, verb)
		return err
	})
	if err != nil {
		return Object{}, err
	}
	return o, nil
}

// ReadAll asks for the content of many objects at once and calls take with
// each, in order.
func (b Objects) ReadAll(ctx context.Context, names []string, take func(i int, o Object)) error {
	return b.all(ctx, "contents", names, take)
}

// InfoAll is ReadAll without the content.
func (b Objects) InfoAll(ctx context.Context, names []string, take func(i int, o Object)) error {
	return b.all(ctx, "info", names, take)
}

func (b Objects) all(ctx context.Context, verb string, names []string, take func(i int, o Object)) error {
	var question strings.Builder
	for _, name := range names {
		if err := checkName(name); err != nil {
			return err
		}
		question.WriteString(verb + " " + name + "\x00")
	}
	return b.ask(ctx, question.String(), func(out *bufio.Reader) error {
		for i := range names {
			o, err := readObject(out, verb)
			if err != nil {
				return err
			}
			take(i, o)
		}
		return nil
	})
}

func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, "\n\x00") {
		return fault.New(fault.Invalid, "look up %q: it is no name of an object", name)
	}
	return nil
}

// readObject reads one answer.
func readObject(out *bufio.Reader, verb string) (Object, error) {
	line, err := out.ReadString('\n')
	if err != nil {
		return Object{}, err
	}
	line = strings.TrimSuffix(line, "\n")
	if strings.HasSuffix(line, " missing") || strings.HasSuffix(line, " ambiguous") {
		return Object{}, nil
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return Object{}, fmt.Errorf("cat-file answers %q", line)
	}
	o := Object{ID: fields[0], Kind: fields[1]}
	if o.Size, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return Object{}, err
	}
	if verb == "contents" {
		o.Content = make([]byte, o.Size)
		if _, err := io.ReadFull(out, o.Content); err != nil {
			return Object{}, err
		}
		_, err = out.Discard(1)
	}
	return o, err
}

// ReadFitting reads the files among many objects that have at most so many
// bytes. The answers are in the order of the names, nil for what is larger, and
// for what is no file or not there; there counts the files.
func (b Objects) ReadFitting(ctx context.Context, names []string, most int64) (bodies [][]byte, there int, err error) {
	var wanted []string
	var places []int
	large := 0
	err = b.InfoAll(ctx, names, func(i int, o Object) {
		switch {
		case o.Kind != "blob":
		case o.Size > most:
			large++
		default:
			wanted, places = append(wanted, names[i]), append(places, i)
		}
	})
	if err != nil {
		return nil, 0, err
	}
	bodies = make([][]byte, len(names))
	there = large
	err = b.ReadAll(ctx, wanted, func(i int, o Object) {
		if bodies[places[i]] = o.Content; o.Exists() {
			there++
		}
	})
	return bodies, there, err
}
