package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Capture turns the content of the owner's worktree into a commit on top of
// the base, and sets q.Ref to it. What lies in the folder is the change,
// whatever the agent did to HEAD, branches, the index or .git. Ignored files
// are left out unless the base tracks them. The same content, base, message,
// author and date give the same commit.
func (r *Repo) Capture(ctx context.Context, q change.CaptureRequest) (change.Captured, error) {
	if err := checkOwnRef(q.Ref); err != nil {
		return change.Captured{}, err
	}
	base, err := r.complete(ctx, q.Base)
	if err != nil {
		return change.Captured{}, err
	}
	s, rec, err := r.worktrees.own(ctx, q.Owner)
	if err != nil {
		return change.Captured{}, err
	}
	defer s.unlock()
	if !rec.Ready {
		return change.Captured{}, fault.New(fault.Conflict, "the worktree of %s was never completely laid out", q.Owner).
			WithHint("prepare it again before capturing it")
	}
	got, err := r.capture(ctx, q, s, rec, base)
	return got, fault.Wrap(fault.Internal, err, "capture the worktree of %s", q.Owner)
}

func (r *Repo) capture(ctx context.Context, q change.CaptureRequest, s *slot, rec record, base change.Point) (change.Captured, error) {
	beside, err := insidePaths(q.Beside)
	if err != nil {
		return change.Captured{}, err
	}
	shot, err := r.snapshot(ctx, s, base.Tree, rec.Tree, beside)
	if err != nil {
		return change.Captured{}, err
	}
	now, err := othersRefs(r.place)
	if err != nil {
		return change.Captured{}, err
	}
	dropped, moved, err := r.agentCommits(ctx, s, rec.Base.Commit)
	if err != nil {
		return change.Captured{}, err
	}
	before, _ := raw.ReadSmall(s.refs())
	notes := slices.Concat(r.inspectLink(s), shot.notes, moved, refChanges(string(before), now))
	id, err := r.write.commit(ctx, raw.Commit{Tree: shot.tree, Parent: base.Commit, Message: q.Message, Author: q.Author, AtUS: q.AtUS}, shot.made...)
	if err != nil {
		return change.Captured{}, err
	}
	var e edit
	e.set(q.Ref, id)
	if err := r.move(ctx, &e); err != nil {
		return change.Captured{}, err
	}
	return change.Captured{Head: change.Point{Commit: id, Tree: shot.tree}, Dropped: dropped, Notes: notes}, nil
}

// shot is the content of a folder.
type shot struct {
	tree  string
	made  []raw.Object // of the tree, to be written before it is used
	notes []string
}

// snapshot makes the tree of the slot's folder. It works on a copy of the
// slot's index, which still knows the files as they were laid out: only what
// was touched since is read. What lies beside is left out.
func (r *Repo) snapshot(ctx context.Context, s *slot, baseTree, laidTree string, beside []string) (shot, error) {
	work := s.meta + ".capture"
	if !isDir(s.dir) {
		return shot{}, fault.New(fault.Conflict, "the worktree %s was removed or replaced", s.dir).
			WithHint("prepare it again; its content is lost")
	}
	if err := os.RemoveAll(work + ".lock"); err != nil {
		return shot{}, fault.Wrap(fault.Internal, err, "remove a stale lock")
	}
	if err := copyIndex(s.index(), work); err != nil {
		return shot{}, err
	}
	sc := scan{repo: r, hold: s.lock, seed: s.index(), beside: beside}
	if laidTree != baseTree {
		// Seeded from the base: what it tracks stays tracked. With -i, files that
		// the agent changed since they were laid out are no obstacle.
		if err := sc.git(ctx, s.dir, work, "read-tree", "-i", "-m", baseTree); err != nil {
			return shot{}, err
		}
		if err := copyIndex(work, work+".seed"); err != nil {
			return shot{}, err
		}
		sc.seed = work + ".seed"
	}
	tree, err := sc.tree(ctx, s.dir, work)
	return shot{tree, sc.made, sc.notes}, err
}

// inspectLink says what the agent did to the worktree's .git file.
func (r *Repo) inspectLink(s *slot) []string {
	path := filepath.Join(s.dir, ".git")
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []string{"the worktree's .git file was deleted"}
	case err != nil:
		return []string{"the worktree's .git file cannot be read"}
	case info.IsDir():
		return []string{"the worktree's .git file was replaced by a repository; it was not read"}
	case !info.Mode().IsRegular():
		return []string{"the worktree's .git file was replaced by a " + typeName(info.Mode()) + "; it was not followed"}
	}
	if b, err := raw.ReadSmall(path); err != nil || string(b) != "gitdir: "+r.admin(s)+"\n" {
		return []string{"the worktree's .git file was replaced and points elsewhere; it was not followed"}
	}
	return nil
}

func typeName(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	}
	return "special file"
}

// maxListed bounds the commits and refs that a report names.
const maxListed = 20

// agentCommits finds the commits that the agent made itself, newest first,
// and says where it left HEAD.
func (r *Repo) agentCommits(ctx context.Context, s *slot, base string) (dropped, notes []string, err error) {
	head := raw.FirstLine(filepath.Join(r.admin(s), "HEAD"))
	if head == base {
		return nil, nil, nil
	}
	name := head
	if branch := raw.HeadBranch(r.admin(s)); branch != "" {
		if !isRefName(branch) {
			return nil, []string{"HEAD of the worktree is damaged"}, nil
		}
		notes, name = append(notes, "the agent switched to branch "+printable(short(branch))), branch
	} else if !isObjectID(head, r.idLength()) {
		return nil, []string{"HEAD of the worktree is damaged"}, nil
	}
	p, err := r.point(ctx, name)
	if err != nil || p.Commit == "" || p.Commit == base {
		return nil, notes, err
	}
	res, err := r.own.run(ctx, call{args: []string{
		"rev-list", fmt.Sprintf("--max-count=%d", maxListed+1),
		"--no-commit-header", "--format=%H %s", p.Commit, "^" + base,
	}})
	if err != nil {
		return nil, notes, err
	}
	for line := range strings.Lines(string(res.out)) {
		dropped = append(dropped, printable(line))
	}
	if len(dropped) == 0 {
		notes = append(notes, "the agent moved HEAD to "+p.Commit+", an ancestor of the base")
	}
	if len(dropped) > maxListed {
		dropped = append(dropped[:maxListed], "and older ones")
	}
	return dropped, notes, nil
}

// refChanges says which refs moved between two listings. Nobody can tell
// whether the agent or a person moved them.
func refChanges(before, after string) []string {
	old := map[string]string{}
	for _, x := range parseRefs(before) {
		old[x.name] = x.id
	}
	var out []string
	for _, x := range parseRefs(after) {
		was, existed := old[x.name]
		delete(old, x.name)
		switch {
		case !existed:
			out = append(out, fmt.Sprintf("%s appeared at %s while the agent worked", printable(x.name), x.id))
		case was != x.id:
			out = append(out, fmt.Sprintf("%s moved from %s to %s while the agent worked", printable(x.name), was, x.id))
		}
	}
	for name := range old {
		out = append(out, fmt.Sprintf("%s disappeared while the agent worked", printable(name)))
	}
	slices.Sort(out)
	if len(out) > maxListed {
		out = append(out[:maxListed], fmt.Sprintf("and %d more refs changed", len(out)-maxListed))
	}
	return out
}
