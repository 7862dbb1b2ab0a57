package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// objects asks one lasting cat-file process: 0.1 ms a question instead of a
// process each. It is started when first needed, and anew after a failure.
type objects struct {
	git program

	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// object is the answer to a question. It is zero when there is no such object.
type object struct {
	id      string
	kind    string // commit, tree, blob, tag
	size    int64
	content []byte
}

func (o object) exists() bool { return o.id != "" }

// info asks what name is, without its content.
func (b *objects) info(ctx context.Context, name string) (object, error) {
	return b.ask(ctx, "info", name)
}

// read asks for the content too. The caller asks for info first when the
// object may be large.
func (b *objects) read(ctx context.Context, name string) (object, error) {
	return b.ask(ctx, "contents", name)
}

func (b *objects) ask(ctx context.Context, verb, name string) (object, error) {
	if err := ctx.Err(); err != nil {
		return object{}, fault.Wrap(fault.Transient, err, "look up %s", printable(name))
	}
	if name == "" || strings.ContainsAny(name, "\n\x00") {
		return object{}, fault.New(fault.Invalid, "look up %q: it is no name of an object", name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cmd == nil {
		if err := b.start(); err != nil { //nolint:contextcheck // the process outlives the question
			return object{}, fault.Wrap(fault.Internal, err, "start git cat-file in %s", b.git.dir)
		}
	}
	cmd := b.cmd
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	o, err := b.exchange(verb, name)
	if !stop() && err == nil {
		err = ctx.Err() // the process is being killed; its answer is discarded with it
	}
	if err != nil {
		b.drop()
		if ctx.Err() != nil {
			return object{}, fault.Wrap(fault.Transient, ctx.Err(), "look up %s", printable(name))
		}
		// For an object that a partial clone lacks and may not fetch, Git ends
		// instead of answering.
		if b.git.partial && errors.Is(err, io.EOF) {
			return object{}, nil
		}
		return object{}, fault.Wrap(fault.Internal, err, "look up %s in %s", printable(name), b.git.dir)
	}
	return o, nil
}

func (b *objects) exchange(verb, name string) (object, error) {
	if _, err := io.WriteString(b.in, verb+" "+name+"\x00"); err != nil {
		return object{}, err
	}
	line, err := b.out.ReadString('\n')
	if err != nil {
		return object{}, err
	}
	line = strings.TrimSuffix(line, "\n")
	if strings.HasSuffix(line, " missing") || strings.HasSuffix(line, " ambiguous") {
		return object{}, nil
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return object{}, fmt.Errorf("cat-file answers %q", line)
	}
	o := object{id: fields[0], kind: fields[1]}
	if o.size, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return object{}, err
	}
	if verb == "contents" {
		o.content = make([]byte, o.size)
		if _, err := io.ReadFull(b.out, o.content); err != nil {
			return object{}, err
		}
		_, err = b.out.Discard(1)
	}
	return o, err
}

// start does not bind the process to a context: it outlives the question.
func (b *objects) start() error {
	cmd := b.git.command(context.Background(), call{args: []string{"cat-file", "--batch-command", "-z"}})
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	b.cmd, b.in, b.out = cmd, in, bufio.NewReaderSize(out, 64<<10)
	return nil
}

func (b *objects) drop() {
	if b.cmd == nil {
		return
	}
	_ = b.in.Close()
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
	b.cmd = nil
}

func (b *objects) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop()
}

// point reads the commit that name stands for and its tree. The zero Point
// means that there is none.
func (r *Repo) point(ctx context.Context, name string) (change.Point, error) {
	o, err := r.objects.read(ctx, name+"^{commit}")
	if err != nil || !o.exists() {
		return change.Point{}, err
	}
	line, _, _ := bytes.Cut(o.content, []byte("\n"))
	tree, ok := strings.CutPrefix(string(line), "tree ")
	if !ok {
		return change.Point{}, fault.New(fault.Internal, "commit %s names no tree", o.id)
	}
	return change.Point{Commit: o.id, Tree: tree}, nil
}

// complete fills what is missing of a point and makes sure that it exists.
func (r *Repo) complete(ctx context.Context, p change.Point) (change.Point, error) {
	if p.Commit == "" {
		tree, err := r.treeOf(ctx, p.Tree)
		return change.Point{Tree: tree}, err
	}
	if err := r.checkID(p.Commit); err != nil {
		return change.Point{}, err
	}
	full, err := r.point(ctx, p.Commit)
	if err != nil {
		return change.Point{}, err
	}
	if full.Commit == "" {
		return change.Point{}, fault.New(fault.NotFound, "commit %s is not in %s", p.Commit, r.place.CommonDir)
	}
	if p.Tree != "" && p.Tree != full.Tree {
		return change.Point{}, fault.New(fault.Invalid, "commit %s has tree %s, not %s", p.Commit, full.Tree, p.Tree)
	}
	return full, nil
}

// treeOf gives the tree of a commit or tree.
func (r *Repo) treeOf(ctx context.Context, id string) (string, error) {
	if err := r.checkID(id); err != nil {
		return "", err
	}
	o, err := r.objects.info(ctx, id+"^{tree}")
	if err != nil {
		return "", err
	}
	if !o.exists() {
		return "", fault.New(fault.NotFound, "tree %s is not in %s", id, r.place.CommonDir)
	}
	return o.id, nil
}

// checkID refuses everything but a full object id.
func (r *Repo) checkID(id string) error {
	if isObjectID(id, r.idLength()) {
		return nil
	}
	return fault.New(fault.Invalid, "%q is no object id of %d digits", printable(id), r.idLength())
}

func (r *Repo) idLength() int {
	if r.place.Format == "sha256" {
		return 64
	}
	return 40
}

func isObjectID(id string, length int) bool {
	return len(id) == length && strings.Trim(id, "0123456789abcdef") == ""
}
