package git

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// edit is a list of ref changes that happen together or not at all.
type edit struct{ script strings.Builder }

// create makes a ref that must not exist.
func (e *edit) create(ref, to string) { e.line("create", ref, to) }

// move sets a ref that must stand at from.
func (e *edit) move(ref, from, to string) { e.line("update", ref, to, from) }

// set sets a ref wherever it stands.
func (e *edit) set(ref, to string) { e.line("update", ref, to) }

// remove deletes a ref that must stand at from.
func (e *edit) remove(ref, from string) { e.line("delete", ref, from) }

func (e *edit) line(words ...string) {
	e.script.WriteString(words[0] + " " + words[1])
	for _, w := range words[2:] {
		e.script.WriteString("\x00" + w)
	}
	// An update without an old value still ends its empty field.
	if words[0] == "update" && len(words) == 3 {
		e.script.WriteString("\x00")
	}
	e.script.WriteString("\x00")
}

// commit carries the edit out. Why ends up in the branches' reflogs.
func (r *Repo) commit(ctx context.Context, e *edit, why string) error {
	if e.script.Len() == 0 {
		return nil
	}
	_, err := r.git.run(ctx, call{
		args:  []string{"update-ref", "--no-deref", "-m", why, "-z", "--stdin"},
		stdin: strings.NewReader(e.script.String()),
	})
	return err
}

// move carries an edit out by the lasting process, whose reason in the
// branches' reflogs is a landing: attempts and merges have none.
func (r *Repo) move(ctx context.Context, e *edit) error {
	if e.script.Len() == 0 {
		return nil
	}
	return r.git.mend(r.refs.Edit(ctx, e.script.String()), "update-ref")
}

// othersRefs gives the text of all refs that are not Muster's.
func othersRefs(p Place) (string, error) {
	refs, err := raw.Refs(p.CommonDir, musterPrefix, mirrorPrefix)
	var b strings.Builder
	for _, x := range refs {
		b.WriteString(x.ID + " " + x.Name + "\n")
	}
	return b.String(), fault.Wrap(fault.Internal, err, "see which refs there are")
}

// ref is a name and the object it stands for.
type ref struct{ name, id string }

// listRefs gives the refs below the prefixes, in order.
func (r *Repo) listRefs(ctx context.Context, prefixes ...string) ([]ref, error) {
	args := append([]string{"for-each-ref", "--format=%(objectname) %(refname)", "--"}, prefixes...)
	res, err := r.git.run(ctx, call{args: args})
	if err != nil {
		return nil, err
	}
	return parseRefs(string(res.out)), nil
}

func parseRefs(s string) []ref {
	var out []ref
	for line := range strings.Lines(s) {
		if id, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			out = append(out, ref{name: name, id: id})
		}
	}
	return out
}

// checkedOut gives the folder of a worktree that has the branch checked out,
// or is in the middle of a rebase or bisection of it; empty when there is
// none. Muster's own worktrees do not count: what an agent switches to there
// binds nobody. The files are read directly: asking Git would cost a process
// at every landing, and would not tell about a rebase.
func (r *Repo) checkedOut(branch string) (string, error) {
	if !r.place.Bare {
		if raw.HoldsBranch(r.place.CommonDir, branch) {
			return filepath.Dir(r.place.CommonDir), nil
		}
	}
	linked := filepath.Join(r.place.CommonDir, "worktrees")
	entries, err := os.ReadDir(linked)
	if err != nil && !os.IsNotExist(err) {
		return "", fault.Wrap(fault.Internal, err, "list the worktrees of %s", r.place.CommonDir)
	}
	for _, e := range entries {
		admin := filepath.Join(linked, e.Name())
		if strings.HasPrefix(e.Name(), r.adminID) || !raw.HoldsBranch(admin, branch) {
			continue
		}
		where := strings.TrimSuffix(raw.FirstLine(filepath.Join(admin, "gitdir")), "/.git")
		if where == "" {
			where = admin
		}
		return where, nil
	}
	return "", nil
}
