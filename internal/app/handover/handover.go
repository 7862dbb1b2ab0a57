// Package handover takes a task's work from Muster to a person and back: it
// lays it out where the person works, and finds out what the person made of
// it.
package handover

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/adapter/git"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// maxPaths bounds the paths that an agent is told of.
const maxPaths = 100

// Desk is where work changes hands.
type Desk struct {
	Repo  *git.Repo
	State string            // Muster's own folder for the repository
	Env   map[string]string // of the person
	Actor string            // of the person, as in the ledger
}

// Place gives where a task is laid out: where the person wants it, or where it
// is, or else on a branch named after it and in a folder below Muster's own. It
// fails where that cannot be.
func (d Desk) Place(run string, t report.Task, wanted flow.TakeoverRequested) (flow.TakeoverRequested, error) {
	if t.State == report.Taken && wanted == (flow.TakeoverRequested{}) {
		wanted = flow.TakeoverRequested{Branch: t.Hand.Branch, Dir: t.Hand.Dir}
	}
	if wanted.Branch == "" {
		wanted.Branch = "by-hand/" + run + "/" + t.ID
	}
	if wanted.Dir == "" {
		wanted.Dir = filepath.Join(d.State, "taken", run+"-"+t.ID)
	}
	return wanted, d.Repo.BranchFits(wanted.Branch, folder(wanted.Dir))
}

// folder gives the folder for a worktree, or "" where none is wanted.
func folder(dir string) string {
	if dir == NoWorktree {
		return ""
	}
	return dir
}

// NoWorktree stands for a folder where only a branch is wanted.
const NoWorktree = "-"

// Lay lays out what there is of a task that was taken over. A task on which
// nobody worked begins at the run's head.
func (d Desk) Lay(ctx context.Context, r *report.Run, t report.Task) error {
	at := t.Head
	if at.Commit == "" {
		at = r.Head
	}
	return d.Repo.Branch(ctx, t.Hand.Branch, at.Commit, folder(t.Hand.Dir))
}

// Work gives what a person made of a task: what the worktree holds, committed
// or not, or what the branch holds where there is no worktree. It becomes one
// commit of the person's, on the newest head of the run that it contains.
func (d Desk) Work(ctx context.Context, r *report.Run, t report.Task, as flow.Given, text string) (flow.WorkGiven, error) {
	out := flow.WorkGiven{As: as, Text: text}
	tip, tree, err := d.present(ctx, t)
	if err != nil {
		return out, err
	}
	if out.Base, err = d.Repo.MergeBase(ctx, tip.Commit, r.Head.Commit); err != nil {
		return out, err
	}
	if as == flow.Submitted && tree == out.Base.Tree {
		return out, fault.New(fault.Invalid, "submit %s: nothing differs from what the task began from", t.ID).
			WithHint("work in %s first, or give the task back: muster retry %s", where(t), t.ID)
	}
	if t.Head.Tree != "" && t.Head.Tree != tree {
		c, err := d.Repo.Diff(ctx, t.Head.Tree, tree)
		if err != nil {
			return out, err
		}
		if out.Paths = c.Paths(); len(out.Paths) > maxPaths {
			out.Paths = append(out.Paths[:maxPaths], fmt.Sprintf("and %d more", len(c.Paths())-maxPaths))
		}
	}
	out.Author = d.author(ctx)
	now := time.Now().UnixMicro()
	message, err := d.message(ctx, r, t, out.Base, tip)
	if err != nil {
		return out, err
	}
	out.Head, err = d.Repo.Record(ctx, change.CaptureRequest{
		Ref: fmt.Sprintf("refs/muster/attempts/%s/%s.person-%d", r.ID, t.ID, now), Base: out.Base, Message: message, Author: out.Author, AtUS: now,
	}, tree)
	return out, err
}

// present gives the commit that the person stands on, and the present tree.
func (d Desk) present(ctx context.Context, t report.Task) (change.Point, string, error) {
	if dir := t.Hand.Dir; dir != NoWorktree {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			there, err := git.Open(ctx, dir, d.State)
			if err != nil {
				return change.Point{}, "", err
			}
			defer there.Close() //nolint:errcheck // it was only read
			if there.Place().CommonDir != d.Repo.Place().CommonDir {
				return change.Point{}, "", fault.New(fault.Conflict, "take in the work on %s: %s belongs to another repository", t.ID, dir)
			}
			tip, err := there.Resolve(ctx, "HEAD")
			if err != nil {
				return tip, "", err
			}
			between, err := there.Range(ctx, "")
			return tip, between.Head.Tree, err
		}
	}
	tip, err := d.Repo.Resolve(ctx, "refs/heads/"+t.Hand.Branch)
	if err != nil {
		return tip, "", fault.New(fault.NotFound, "take in the work on %s: there is neither the worktree %s nor the branch %s", t.ID, t.Hand.Dir, t.Hand.Branch).
			WithHint("lay it out again: muster checkout %s", t.ID)
	}
	return tip, tip.Tree, nil
}

func where(t report.Task) string {
	if t.Hand.Dir == NoWorktree {
		return "branch " + t.Hand.Branch
	}
	return t.Hand.Dir
}

// message is what the person said of the work in commits, or the task's title.
func (d Desk) message(ctx context.Context, r *report.Run, t report.Task, base, tip change.Point) (string, error) {
	all, err := d.Repo.Messages(ctx, base, tip)
	if err != nil {
		return "", err
	}
	var own []string
	for m := range strings.SplitSeq(all, "\x00") {
		if m = strings.TrimSpace(m); m != "" && !strings.Contains(m, "\nMuster-Task: ") { // not what the agent had left
			own = append(own, m)
		}
	}
	said := strings.Join(own, "\n\n")
	if said == "" {
		said = t.Title
	}
	if said == "" {
		said = t.ID
	}
	return fmt.Sprintf("%s\n\nMuster-Run: %s\nMuster-Task: %s\n", said, r.ID, t.ID), nil
}

// author names the person in a commit.
func (d Desk) author(ctx context.Context) string {
	if p := d.Repo.Person(ctx, d.Env); p != "" {
		return p
	}
	name := strings.TrimPrefix(d.Actor, "person:")
	return name + " <" + name + "@localhost>"
}
