package git

import (
	"context"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// NotesRef holds Muster's notes on commits.
const NotesRef = "refs/notes/muster"

// WriteNote puts data as Muster's note on a commit, in place of the one there
// is. It moves NotesRef and nothing else.
func WriteNote(ctx context.Context, r *Repo, commit string, data []byte) error {
	if _, err := r.complete(ctx, change.Point{Commit: commit}); err != nil {
		return err
	}
	if have, ok, err := ReadNote(ctx, r, commit, int64(len(data))); err == nil && ok && string(have) == string(data) {
		return nil
	}
	// As an object first: git notes -F would tidy the text.
	res, err := r.own.run(ctx, call{args: []string{"hash-object", "-w", "--no-filters", "--stdin"}, stdin: strings.NewReader(string(data))})
	if err == nil {
		_, err = r.git.run(ctx, call{
			args: []string{"notes", "--ref=" + NotesRef, "add", "-f", "-C", trim(res.out), commit},
			env:  []string{"GIT_AUTHOR_NAME=Muster", "GIT_AUTHOR_EMAIL=muster@localhost"},
		})
	}
	return fault.Wrap(fault.Internal, err, "write the note on %s in %s", commit, NotesRef)
}

// ReadNote gives Muster's note on a commit, of at most so many bytes; false
// when there is none.
func ReadNote(ctx context.Context, r *Repo, commit string, most int64) ([]byte, bool, error) {
	if err := r.checkID(commit); err != nil {
		return nil, false, err
	}
	res, err := r.git.run(ctx, call{args: []string{"notes", "--ref=" + NotesRef, "list", commit}, accept: 1})
	id := trim(res.out)
	if err != nil || res.code != 0 || id == "" {
		return nil, false, fault.Wrap(fault.Internal, err, "look for a note on %s in %s", commit, NotesRef)
	}
	o, err := r.objects.info(ctx, id)
	if err == nil && o.Size > most {
		return nil, true, fault.New(fault.Invalid, "the note on %s in %s has %d bytes, at most %d are read", commit, NotesRef, o.Size, most)
	}
	if err == nil {
		o, err = r.objects.read(ctx, id)
	}
	return o.Content, err == nil, err
}
