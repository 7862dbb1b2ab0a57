package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"

	"muster/internal/adapter/git/lasting"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// objects asks one lasting cat-file process.
type objects struct {
	lasting.Objects
	git program
}

// info asks what name is, without its content.
func (b objects) info(ctx context.Context, name string) (lasting.Object, error) {
	o, err := b.Info(ctx, name)
	return o, b.explain(err, name)
}

// read asks for the content too. The caller asks for info first when the
// object may be large.
func (b objects) read(ctx context.Context, name string) (lasting.Object, error) {
	o, err := b.Read(ctx, name)
	return o, b.explain(err, name)
}

// explain gives the error of a question a kind.
func (b objects) explain(err error, name string) error {
	if err == nil || b.git.partial && errors.Is(err, io.EOF) {
		// For an object that a partial clone lacks and may not fetch, Git ends
		// instead of answering.
		return nil
	}
	return fault.Wrap(fault.Internal, b.git.mend(err, "cat-file"), "look up %s", printable(name))
}

// unread gives an error of reading folders a kind.
func (b objects) unread(err error, treeish string) error {
	if err != nil && b.git.partial && errors.Is(err, io.EOF) {
		// For an object that a partial clone lacks and may not fetch, Git ends
		// instead of answering.
		return fault.New(fault.NotFound, "read %s: a folder in it is missing from the repository", treeish).
			WithHint("fetch what this partial clone has not got")
	}
	return fault.Wrap(fault.Internal, b.git.mend(err, "cat-file"), "read the folders of %s", treeish)
}

// lasting gives a process that answers many questions, for as long as the
// repository is open.
func (p program) lasting(args ...string) *lasting.Process {
	return lasting.New(func(ctx context.Context) *exec.Cmd { return p.command(ctx, call{args: args}) })
}

// point reads the commit that name stands for and its tree. The zero Point
// means that there is none.
func (r *Repo) point(ctx context.Context, name string) (change.Point, error) {
	o, err := r.objects.read(ctx, name+"^{commit}")
	if err != nil || !o.Exists() {
		return change.Point{}, err
	}
	line, _, _ := bytes.Cut(o.Content, []byte("\n"))
	tree, ok := strings.CutPrefix(string(line), "tree ")
	if !ok {
		return change.Point{}, fault.New(fault.Internal, "commit %s names no tree", o.ID)
	}
	return change.Point{Commit: o.ID, Tree: tree}, nil
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
	if r.folders.IsKnown(id) {
		return id, nil
	}
	o, err := r.objects.info(ctx, id+"^{tree}")
	if err != nil {
		return "", err
	}
	if !o.Exists() {
		return "", fault.New(fault.NotFound, "tree %s is not in %s", id, r.place.CommonDir)
	}
	return o.ID, nil
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
