package git

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// queue is a run with a way to make changes and land them.
type queue struct {
	t *testing.T
	u *user
	r *Repo
	o change.Opened
	n int
}

func newQueue(t *testing.T, u *user) *queue {
	t.Helper()
	r := u.open()
	o := must[change.Opened](t)(r.OpenRun(t.Context(), "r1", "x", "main"))
	return &queue{t: t, u: u, r: r, o: o}
}

// change captures one file's new content on a base.
func (q *queue) change(base change.Point, file, content string) change.Point {
	q.t.Helper()
	q.n++
	owner := "r1/" + string(rune('a'+q.n))
	w := must[change.Worktree](q.t)(q.r.Worktree(q.t.Context(), change.WorktreeRequest{Owner: owner, Base: base}))
	writeAt(q.t, filepath.Join(w.Dir, file), content)
	req := captureRequest(base)
	req.Owner, req.Ref = owner, "refs/muster/attempts/"+owner
	c := must[change.Captured](q.t)(q.r.Capture(q.t.Context(), req))
	if err := q.r.Release(q.t.Context(), owner); err != nil {
		q.t.Fatal(err)
	}
	return c.Head
}

func (q *queue) merge(base, head change.Point) change.Merged {
	q.t.Helper()
	return must[change.Merged](q.t)(q.r.Merge(q.t.Context(), mergeRequest(base, head)))
}

// land lands one file's content and says what became of the branch.
func (q *queue) land(file, content string) (change.Landing, change.Landed) {
	q.t.Helper()
	head := q.head()
	m := q.merge(head, q.change(head, file, content))
	if m.Result.Commit == "" {
		q.t.Fatalf("merging gives %+v", m)
	}
	l := change.Landing{Run: "r1", Name: "x", ID: "l" + string(rune('a'+q.n)), From: m.From, To: m.Result}
	return l, must[change.Landed](q.t)(q.r.Land(q.t.Context(), l))
}

// step lands a commit that adds one file, made without a worktree.
func (q *queue) step(file string) (change.Landing, change.Landed) {
	q.t.Helper()
	q.n++
	head := q.head()
	blob := q.u.git("rev-parse", head.Commit+":a.txt")
	cmd := exec.CommandContext(q.t.Context(), "sh", "-c",
		`t=$( { git ls-tree "$1"; printf '100644 blob %s\t%s\n' "$2" "$3"; } | git mktree) && git commit-tree -m "$3" -p "$1" "$t" && echo "$t"`,
		"sh", head.Commit, blob, file)
	cmd.Dir, cmd.Env = q.u.dir, q.u.env
	out, err := cmd.Output()
	commit, tree, ok := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || !ok {
		q.t.Fatalf("make a commit: %v %s", err, out)
	}
	l := change.Landing{Run: "r1", Name: "x", ID: fmt.Sprintf("l%d", q.n), From: head, To: change.Point{Commit: commit, Tree: tree}}
	return l, must[change.Landed](q.t)(q.r.Land(q.t.Context(), l))
}

func (q *queue) head() change.Point {
	q.t.Helper()
	return must[change.Point](q.t)(q.r.Head(q.t.Context(), "r1"))
}

func TestMerge(t *testing.T) {
	t.Parallel()
	q := newQueue(t, newProject(t))
	base := q.o.Base
	one := q.change(base, "a.txt", "ONE\ntwo\nthree\n")
	three := q.change(base, "a.txt", "one\ntwo\nTHREE\n")
	clash := q.change(base, "a.txt", "uno\ntwo\nthree\n")
	q.land("src/new.go", "package main\n")

	for _, native := range []bool{q.r.git.atLeast(2, 40), false} {
		q.r.hasBaseOf = native
		m := q.merge(base, one)
		if m.From != q.head() || len(m.Conflicts) > 0 || q.u.git("rev-list", "--parents", "-1", m.Result.Commit) != m.Result.Commit+" "+m.From.Commit {
			t.Fatalf("merged %+v", m)
		}
		if want := "100644 a.txt\n100644 src/main.go\n100644 src/new.go\n100755 src/run.sh"; q.u.ls(m.Result.Tree) != want || q.u.show(m.Result.Tree, "a.txt") != "ONE\ntwo\nthree" {
			t.Errorf("merged\n%s", q.u.ls(m.Result.Tree))
		}
		if again := q.merge(base, one); again.Result != m.Result {
			t.Errorf("merged %v and then %v", m.Result, again.Result)
		}
		if q.u.point("refs/muster/attempts/r1/t.1.merged") != m.Result {
			t.Error("the merged commit is not kept")
		}
	}
	must[change.Landed](t)(q.r.Land(t.Context(), change.Landing{Run: "r1", Name: "x", ID: "one", From: q.head(), To: q.merge(base, one).Result}))

	if m := q.merge(base, three); m.Conflicts == nil {
		// Git takes neighbouring lines for one place; two lines lie between.
		if got := q.u.show(m.Result.Tree, "a.txt"); got != "ONE\ntwo\nTHREE" {
			t.Errorf("merged %q", got)
		}
	} else {
		t.Errorf("conflicts in %q", m.Conflicts)
	}
	m := q.merge(base, clash)
	if !slices.Equal(m.Conflicts, []string{"a.txt"}) || m.Result.Commit != "" || !strings.Contains(q.u.show(m.Result.Tree, "a.txt"), "<<<<<<<") {
		t.Errorf("a conflict gives %+v", m)
	}
}

// TestMergeBase merges a change whose own base is not the best common
// ancestor: what was between must not count as the change's.
// TestMergeOnTheHead lands a commit on the run's head as it is, and makes
// another of one that is not.
func TestMergeOnTheHead(t *testing.T) {
	t.Parallel()
	q := newQueue(t, newProject(t))
	base := q.head()
	first, second := q.change(base, "one", "1\n"), q.change(base, "two", "2\n")
	if m := q.merge(base, first); m.Result != first || m.From != base {
		t.Errorf("a commit on the head: %+v, want %v", m, first)
	}
	// A base of another commit, be its tree the same, is no base of this one.
	other := change.Point{Commit: q.u.git("commit-tree", "-m", "same tree", base.Tree), Tree: base.Tree}
	if m := q.merge(other, first); m.Result.Commit == first.Commit || m.Result.Tree != first.Tree {
		t.Errorf("a commit whose base is said to be another: %+v", m)
	}
	m := q.merge(base, first)
	must[change.Landed](t)(q.r.Land(t.Context(), change.Landing{Run: "r1", Name: "x", ID: "l1", From: m.From, To: m.Result}))
	m = q.merge(base, second)
	if m.Result.Commit == second.Commit || q.u.git("rev-parse", m.Result.Commit+"^") != first.Commit {
		t.Errorf("a commit on an older head: %+v", m)
	}
	// Two commits on top of each other are squashed, as ever.
	third := q.change(second, "three", "3\n")
	if m := q.merge(first, third); m.Result.Commit == third.Commit {
		t.Errorf("a commit whose parent is not the head: %+v", m)
	}
}

func TestMergeBase(t *testing.T) {
	t.Parallel()
	q := newQueue(t, newProject(t))
	first := q.o.Base
	_, _ = q.land("b.txt", "b\n")
	second := q.head()
	_, _ = q.land("c.txt", "c\n")
	// Cherry-picks "delete b.txt" relative to second onto a head that has it:
	// the commit's parent is first, but its base is second.
	treeNoB := first.Tree
	odd := q.u.git("commit-tree", "-m", "odd", "-p", first.Commit, treeNoB)
	for _, native := range []bool{q.r.git.atLeast(2, 40), false} {
		q.r.hasBaseOf = native
		m := q.merge(second, change.Point{Commit: odd, Tree: treeNoB})
		if want := "100644 a.txt\n100644 c.txt\n100644 src/main.go\n100755 src/run.sh"; q.u.ls(m.Result.Tree) != want {
			t.Errorf("merged\n%s", q.u.ls(m.Result.Tree))
		}
		// Trees alone will do.
		m2 := q.merge(change.Point{Tree: second.Tree}, change.Point{Tree: treeNoB})
		if m2.Result.Tree != m.Result.Tree {
			t.Errorf("by trees it is\n%s", q.u.ls(m2.Result.Tree))
		}
	}
}

func TestMergeConflictNames(t *testing.T) {
	t.Parallel()
	q := newQueue(t, newProject(t))
	base := q.o.Base
	theirs := q.change(base, "line\nbreak", "theirs\n")
	q.land("line\nbreak", "ours\n")
	if m := q.merge(base, theirs); !slices.Equal(m.Conflicts, []string{"line\nbreak"}) {
		t.Errorf("conflicts in %q", m.Conflicts)
	}
}

// TestMirror says what Merge answers when a person did something to the run's
// branch, and what Land then does with it.
func TestMirror(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		do      func(q *queue)
		answer  string // ok, pushed, diverged
		landed  string // what Land says of the branch
		follows bool   // the branch is at the head after landing
	}{
		{"untouched", func(*queue) {}, "ok", "", true},
		{"pushed", func(q *queue) {
			q.u.git("checkout", "-q", "muster/x")
			q.u.write("person.txt", "p\n")
			q.u.commit("by hand")
			q.u.git("checkout", "-q", "main")
		}, "pushed", "was moved to", false},
		{"rewound", func(q *queue) { q.u.git("branch", "-f", "muster/x", "main") }, "diverged", "was moved to", false},
		{"rewritten", func(q *queue) {
			q.u.git("checkout", "-q", "muster/x")
			q.u.git("commit", "-q", "--amend", "-m", "mine")
			q.u.git("checkout", "-q", "main")
		}, "diverged", "was moved to", false},
		{"deleted", func(q *queue) { q.u.git("branch", "-D", "muster/x") }, "diverged", "was deleted", false},
		{"checked out", func(q *queue) { q.u.git("checkout", "-q", "muster/x") }, "ok", "is checked out in", false},
		{"checked out elsewhere", func(q *queue) { q.u.git("worktree", "add", "-q", "../w", "muster/x") }, "ok", "is checked out in", false},
		{"left behind", func(q *queue) {
			q.u.git("checkout", "-q", "muster/x")
			q.step("while.txt")
		}, "ok", "is checked out in", false},
		{"left behind and free again", func(q *queue) {
			q.u.git("checkout", "-q", "muster/x")
			q.step("while.txt")
			q.u.git("checkout", "-q", "main")
		}, "ok", "", true},
		{"left behind and brought along", func(q *queue) {
			q.u.git("checkout", "-q", "muster/x")
			q.step("while.txt")
			q.u.git("merge", "-q", "--ff-only", q.head().Commit)
			q.step("more.txt")
		}, "ok", "is checked out in", false},
		{"left behind and then worked on", func(q *queue) {
			q.u.git("checkout", "-q", "muster/x")
			q.step("while.txt")
			q.u.commit("on the old state")
			q.u.git("checkout", "-q", "main")
		}, "diverged", "was moved to", false},
		{"rebased just now", func(q *queue) {
			q.u.git("checkout", "-q", "muster/x")
			q.u.git("checkout", "-q", "--detach")
			writeAt(q.t, q.u.path(".git/rebase-merge/head-name"), "refs/heads/muster/x\n")
		}, "ok", "is checked out in", false},
		{"bisected just now", func(q *queue) { writeAt(q.t, q.u.path(".git/BISECT_START"), "muster/x\n") }, "ok", "is checked out in", false},
		{"checked out by an agent", func(q *queue) {
			w := must[change.Worktree](q.t)(q.r.Worktree(q.t.Context(), change.WorktreeRequest{Owner: "r1/z", Base: q.o.Base}))
			q.u.at(w.Dir).git("checkout", "-q", "muster/x")
		}, "ok", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := newQueue(t, newProject(t))
			q.step("before.txt")
			c.do(q)
			head := q.head()
			before, _ := q.u.try("rev-parse", "--verify", "muster/x")
			m := must[change.Merged](t)(q.r.Merge(t.Context(), change.MergeRequest{Run: "r1", Name: "x"}))
			answer := "ok"
			switch {
			case m.Pushed != nil:
				answer = "pushed"
				if m.Pushed.Commit != before {
					t.Errorf("pushed is %v", m.Pushed)
				}
			case m.Diverged != "":
				answer = "diverged"
				if m.Diverged != before && m.Diverged != "deleted" {
					t.Errorf("diverged to %q", m.Diverged)
				}
			case m.Result != head:
				t.Errorf("only looking gives %+v", m)
			}
			if answer != c.answer || m.From != head {
				t.Errorf("%s, want %s: %+v", answer, c.answer, m)
			}
			l, landed := q.step("next.txt")
			to := l.To
			if (landed.Mirror == "") != (c.landed == "") || !strings.Contains(landed.Mirror, c.landed) {
				t.Errorf("landing says %q", landed.Mirror)
			}
			after, _ := q.u.try("rev-parse", "--verify", "muster/x")
			if (after == to.Commit) != c.follows || !c.follows && after != before {
				t.Errorf("the branch went from %s to %s", before, after)
			}
			if q.head() != to {
				t.Errorf("the head is %v", q.head())
			}
		})
	}
}

func TestLandPushed(t *testing.T) {
	t.Parallel()
	q := newQueue(t, newProject(t))
	q.u.git("checkout", "-q", "muster/x")
	q.u.write("person.txt", "p\n")
	pushed := q.u.commit("by hand")
	m := must[change.Merged](t)(q.r.Merge(t.Context(), change.MergeRequest{Run: "r1", Name: "x"}))
	if m.Pushed == nil || *m.Pushed != pushed {
		t.Fatalf("looking gives %+v", m)
	}
	// Landed as it is, although the person is still on the branch.
	landed := must[change.Landed](t)(q.r.Land(t.Context(), change.Landing{Run: "r1", Name: "x", ID: "p", From: m.From, To: pushed}))
	if landed.Mirror != "" || q.head() != pushed {
		t.Errorf("landed %+v, head %v", landed, q.head())
	}
	if m := must[change.Merged](t)(q.r.Merge(t.Context(), change.MergeRequest{Run: "r1", Name: "x"})); m.Pushed != nil || m.Diverged != "" {
		t.Errorf("afterwards %+v", m)
	}
}

func TestLand(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	q := newQueue(t, newProject(t))
	l, _ := q.land("one.txt", "1\n")
	if q.u.point("refs/muster/landings/"+l.ID) != l.To || q.u.point("muster/x") != l.To {
		t.Error("a ref was left out")
	}
	// A crash in the middle of an older version: only the head was moved.
	q.u.git("update-ref", "-d", "refs/muster/landings/"+l.ID)
	q.u.git("update-ref", "refs/heads/muster/x", l.From.Commit)
	must[change.Landed](t)(q.r.Land(ctx, l))
	if q.u.point("refs/muster/landings/"+l.ID) != l.To || q.u.point("muster/x") != l.To {
		t.Error("the landing was not completed")
	}

	other := q.change(q.o.Base, "two.txt", "2\n")
	_, err := q.r.Land(ctx, change.Landing{Run: "r1", Name: "x", ID: "no", From: q.o.Base, To: other})
	wantKind(t, err, fault.Conflict, "neither")
	if q.head() != l.To || q.u.point("muster/x") != l.To {
		t.Error("a refused landing moved something")
	}
	if _, err := q.u.try("rev-parse", "--verify", "refs/muster/landings/no"); err == nil {
		t.Error("a refused landing left its ref")
	}
	_, err = q.r.Land(ctx, change.Landing{Run: "r1", Name: "x", ID: "no", From: l.To, To: change.Point{Tree: other.Tree}})
	wantKind(t, err, fault.Invalid, "commit")
	_, err = q.r.Land(ctx, change.Landing{Run: "r1", Name: "x", ID: "../../heads/main", From: l.To, To: other})
	wantKind(t, err, fault.Invalid, "no ref")
	_, err = q.r.Land(ctx, change.Landing{Run: "r9", Name: "x", ID: "no", From: l.To, To: other})
	wantKind(t, err, fault.NotFound, "r9")

	// Somebody's lock is waited for by nobody here.
	lock := q.u.path(".git/refs/muster/runs/r1/head.lock")
	writeAt(t, lock, "")
	_, err = q.r.Land(ctx, change.Landing{Run: "r1", Name: "x", ID: "no", From: l.To, To: q.change(l.To, "three.txt", "3\n")})
	wantKind(t, err, fault.Transient, ".lock")
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
}

func TestAdvance(t *testing.T) {
	t.Parallel()
	protect := func(b string) bool { return b == "main" }
	for _, c := range []struct {
		name      string
		do        func(q *queue)
		protected func(string) bool
		done      bool
		why       string
		command   string // how it begins, after git -C DIR
	}{
		{"free", func(q *queue) { q.u.git("checkout", "-q", "-b", "elsewhere") }, nil, true, "", ""},
		{"another is protected", func(q *queue) { q.u.git("checkout", "-q", "-b", "elsewhere") }, func(b string) bool { return b == "mainly" }, true, "", ""},
		{"protected", func(q *queue) { q.u.git("checkout", "-q", "-b", "elsewhere") }, protect, false, "main is protected", "fetch . muster/x:refs/heads/main"},
		{"checked out", func(*queue) {}, nil, false, "main is checked out in", "merge --ff-only muster/x"},
		{"checked out and protected", func(*queue) {}, protect, false, "main is checked out in", "merge --ff-only muster/x"},
		{"moved on, checked out", func(q *queue) {
			q.u.write("b", "b")
			q.u.commit("on main")
		}, nil, false, "has moved on", "merge muster/x"},
		{"moved on", func(q *queue) {
			q.u.write("b", "b")
			q.u.commit("on main")
			q.u.git("checkout", "-q", "-b", "elsewhere")
		}, nil, false, "has moved on", "switch main && "},
		{"there already", func(q *queue) { q.u.git("merge", "-q", "--ff-only", "muster/x") }, nil, true, "", ""},
		{"branch stayed behind", func(q *queue) { q.u.git("branch", "-q", "-f", "muster/x", "main") }, nil, false, "main is checked out in", "merge --ff-only HEAD"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := newQueue(t, newProject(t))
			l, _ := q.step("one.txt")
			c.do(q)
			before := q.u.point("main")
			a := must[change.Advanced](t)(q.r.Advance(t.Context(), change.AdvanceRequest{Run: "r1", Name: "x", Target: "refs/heads/main", To: l.To}, c.protected))
			if a.Done != c.done || !strings.Contains(a.Why, c.why) || (a.Why == "") != c.done || a.From != before || a.To != l.To {
				t.Fatalf("advanced %+v", a)
			}
			if c.done {
				if q.u.point("main") != l.To || a.Command != "" {
					t.Errorf("main is at %v, command %q", q.u.point("main"), a.Command)
				}
				return
			}
			want := "git -C '" + q.u.dir + "' " + strings.Replace(c.command, "HEAD", l.To.Commit, 1)
			if !strings.HasPrefix(a.Command, want) || q.u.point("main") != before {
				t.Fatalf("main is at %v, command %q, want %q", q.u.point("main"), a.Command, want)
			}
			// A person types it.
			sh := *q.u
			sh.sh(a.Command)
			if q.u.git("merge-base", "--is-ancestor", l.To.Commit, "main") != "" {
				t.Error("the command did not do it")
			}
		})
	}
}

func TestAdvanceRefuses(t *testing.T) {
	t.Parallel()
	q := newQueue(t, newProject(t))
	q.u.git("checkout", "-q", "-b", "elsewhere")
	stray := q.change(q.o.Base, "one.txt", "1\n")
	_, err := q.r.Advance(t.Context(), change.AdvanceRequest{Run: "r1", Name: "x", Target: "main", To: stray}, nil)
	wantKind(t, err, fault.Conflict, "does not contain")
	_, err = q.r.Advance(t.Context(), change.AdvanceRequest{Run: "r1", Name: "x", Target: "nope"}, nil)
	wantKind(t, err, fault.NotFound, "nope")
}
