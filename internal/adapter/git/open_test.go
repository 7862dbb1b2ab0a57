package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/fault"
)

func TestOpenRefuses(t *testing.T) {
	ctx, state := t.Context(), t.TempDir()
	_, err := Open(ctx, t.TempDir(), state)
	wantKind(t, err, fault.NotFound, "git init")
	_, err = Open(ctx, filepath.Join(t.TempDir(), "nowhere"), state)
	wantKind(t, err, fault.NotFound, "no such folder")

	u := newProject(t)
	u.git("config", "extensions.refStorage", "reftable")
	u.git("config", "core.repositoryFormatVersion", "0") // lets this old git pass
	_, err = Open(ctx, u.dir, state)
	wantKind(t, err, fault.Refused, "git refs migrate")

	t.Run("no git", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := Open(ctx, u.dir, state)
		wantKind(t, err, fault.NotFound, "install Git")
	})
	t.Run("old git", func(t *testing.T) {
		bin := t.TempDir()
		if err := os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\necho git version 2.37.9\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
		_, err := Open(ctx, u.dir, state)
		wantKind(t, err, fault.Refused, "2.38")
	})
}

func TestOpenOtherOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	u := newProject(t)
	for _, p := range []string{u.dir, u.path(".git")} {
		if err := os.Chown(p, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	_, err := Open(t.Context(), u.dir, t.TempDir())
	wantKind(t, err, fault.Refused, "safe.directory '"+u.dir+"'")

	// The person's own word counts.
	writeAt(t, filepath.Join(home, ".gitconfig"), "[safe]\n\tdirectory = "+u.dir+"\n")
	r, err := Open(t.Context(), u.dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	must[change.Opened](t)(r.OpenRun(t.Context(), "r1", "x", ""))
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]int{
		"git version 2.39.5\n": {2, 39}, "git version 2.39.5 (Apple Git-154)": {2, 39},
		"git version 2.45.0.rc1": {2, 45}, "git version 3.0.1": {3, 0},
	} {
		major, minor, err := parseVersion(in)
		if err != nil || major != want[0] || minor != want[1] {
			t.Errorf("%q is %d.%d, %v", in, major, minor, err)
		}
	}
	for _, in := range []string{"", "git version", "git version x.y", "2.39.5", "git version 2"} {
		if _, _, err := parseVersion(in); err == nil {
			t.Errorf("%q passes for a version", in)
		}
	}
}

func TestLocate(t *testing.T) {
	u := newProject(t)
	u.git("worktree", "add", "-q", "-b", "side", "../linked")
	bare := newUser(t, "--bare", "../tool.git")
	bare.dir = filepath.Join(filepath.Dir(bare.dir), "tool.git")
	common := must[string](t)(filepath.EvalSymlinks(u.path(".git")))
	for _, c := range []struct{ dir, common, top, name string }{
		{u.dir, common, u.dir, "proj ect"},
		{u.path("src"), common, u.dir, "proj ect"},
		{u.path("../linked"), common, filepath.Join(filepath.Dir(u.dir), "linked"), "proj ect"},
		{bare.dir, bare.dir, "", "tool"},
		{u.path(".git"), common, "", "proj ect"},
	} {
		p := must[Place](t)(Locate(t.Context(), c.dir))
		if p.CommonDir != c.common || p.TopLevel != c.top || p.Name != c.name || p.Bare != (c.top == "" && c.name == "tool") {
			t.Errorf("%s is at %+v, want %+v", c.dir, p, c)
		}
	}
	// What the caller was started with does not count.
	t.Setenv("GIT_DIR", bare.dir)
	t.Setenv("GIT_INDEX_FILE", "/nonexistent")
	if p := must[Place](t)(Locate(t.Context(), u.dir)); p.CommonDir != common {
		t.Errorf("GIT_DIR leads to %s", p.CommonDir)
	}
}

func TestOpenRun(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r, base := u.open(), u.point("main")
	for range 2 {
		o := must[change.Opened](t)(r.OpenRun(ctx, "r1", "rate-limit", ""))
		want := change.Opened{Target: "refs/heads/main", Base: base, Branch: "refs/heads/muster/rate-limit"}
		if o != want {
			t.Fatalf("opened %+v, want %+v", o, want)
		}
	}
	if got := u.point("muster/rate-limit"); got != base {
		t.Errorf("the branch stands at %v", got)
	}
	if got := must[change.Point](t)(r.Head(ctx, "r1")); got != base {
		t.Errorf("the head is %v", got)
	}

	// The target moves on, the run's base does not.
	u.commit("second")
	if o := must[change.Opened](t)(r.OpenRun(ctx, "r1", "rate-limit", "main")); o.Base != base {
		t.Errorf("opened again at %v", o.Base)
	}
	// A second run of the plan takes the branch over; the first keeps its head.
	if o := must[change.Opened](t)(r.OpenRun(ctx, "r2", "rate-limit", "refs/heads/main")); o.Base != u.point("main") {
		t.Errorf("second run at %v", o.Base)
	}
	if u.point("muster/rate-limit") != u.point("main") || must[change.Point](t)(r.Head(ctx, "r1")) != base {
		t.Error("taking over moved the wrong refs")
	}
	_, err := r.Head(ctx, "r9")
	wantKind(t, err, fault.NotFound, "r9")
}

func TestOpenRunRefuses(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r := u.open()
	open := func(name, target string) error { _, err := r.OpenRun(ctx, "r1", name, target); return err }
	wantKind(t, open("x", "mian"), fault.NotFound, "did you mean main?")
	wantKind(t, open("x", "nope"), fault.NotFound, "no branch nope")
	for _, bad := range []string{"-d", "a..b", "a b", "refs/tags/v1", "a.lock", "x\ny", "HEAD^", "@{-1}", "/x", ".x"} {
		wantKind(t, open("x", bad), fault.Invalid, "no branch")
		if bad != "refs/tags/v1" {
			wantKind(t, open(bad, "main"), fault.Invalid, "cannot name a branch")
		}
	}
	_, err := r.OpenRun(ctx, "a/b", "x", "main")
	wantKind(t, err, fault.Invalid, "cannot name a run")

	u.git("branch", "muster/mine")
	u.git("commit", "-q", "--allow-empty", "-m", "x")
	wantKind(t, open("mine", "main"), fault.Conflict, "git branch -m muster/mine")

	u.git("checkout", "-q", "--detach")
	wantKind(t, open("x", ""), fault.Invalid, "target: main")
	if err := open("x", "main"); err != nil {
		t.Errorf("detached, with a target: %v", err)
	}

	empty := newUser(t)
	_, err = empty.open().OpenRun(ctx, "r1", "x", "")
	wantKind(t, err, fault.Refused, "first commit")

	flat := newProject(t)
	flat.git("branch", "muster")
	_, err = flat.open().OpenRun(ctx, "r1", "x", "")
	wantKind(t, err, fault.Conflict, "rename it")
}

func TestTakeOverCheckedOut(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r := u.open()
	must[change.Opened](t)(r.OpenRun(ctx, "r1", "x", "main"))
	u.commit("second")
	u.git("checkout", "-q", "muster/x")
	_, err := r.OpenRun(ctx, "r2", "x", "main")
	wantKind(t, err, fault.Conflict, "switch to another branch")
}

func TestKindsOfRepository(t *testing.T) {
	t.Parallel()
	t.Run("bare", func(t *testing.T) {
		t.Parallel()
		u := newProject(t)
		bare := filepath.Join(t.TempDir(), "b.git")
		u.git("clone", "-q", "--bare", u.dir, bare)
		story(t, u.at(bare))
	})
	t.Run("shallow", func(t *testing.T) {
		t.Parallel()
		u := newProject(t)
		u.write("b.txt", "x\n")
		u.commit("second")
		dir := filepath.Join(t.TempDir(), "s")
		u.git("clone", "-q", "--depth=1", "file://"+u.dir, dir)
		s := u.at(dir)
		if !s.open().Place().Shallow {
			t.Error("the repository does not count as shallow")
		}
		story(t, s)
	})
	t.Run("linked worktree", func(t *testing.T) {
		t.Parallel()
		u := newProject(t)
		u.git("worktree", "add", "-q", "-b", "side", "../linked")
		l := u.at(filepath.Join(filepath.Dir(u.dir), "linked"))
		l.write("b.txt", "b\n")
		l.commit("on side")
		if o := must[change.Opened](t)(l.open().OpenRun(t.Context(), "r7", "y", "")); o.Target != "refs/heads/side" {
			t.Errorf("the target is %s", o.Target)
		}
		story(t, l)
	})
	t.Run("folder inside", func(t *testing.T) {
		t.Parallel()
		u := newProject(t)
		story(t, u.at(u.path("src")))
	})
	t.Run("sha256", func(t *testing.T) {
		t.Parallel()
		u := newProject(t, "--object-format=sha256")
		story(t, u)
	})
	t.Run("packed, with alternates", func(t *testing.T) {
		t.Parallel()
		u := newProject(t)
		u.git("gc", "-q")
		dir := filepath.Join(t.TempDir(), "s")
		u.git("clone", "-q", "--shared", u.dir, dir)
		story(t, u.at(dir))
	})
}

// story takes one change from the worktree to the run's head, every step twice.
func story(t *testing.T, u *user) {
	t.Helper()
	ctx, r := t.Context(), u.open()
	o := must[change.Opened](t)(r.OpenRun(ctx, "r1", "x", ""))
	for i, text := range []string{"ONE\ntwo\nthree\n", "ONE\ntwo\nTHREE\n"} {
		dir := worktree(t, r, change.Point{})
		writeAt(t, filepath.Join(dir, "a.txt"), text)
		head := must[change.Point](t)(r.Head(ctx, "r1"))
		c := capture(t, r, head)
		if again := capture(t, r, head); again.Head != c.Head {
			t.Errorf("captured %v and then %v", c.Head, again.Head)
		}
		m := must[change.Merged](t)(r.Merge(ctx, mergeRequest(head, c.Head)))
		l := change.Landing{Run: "r1", Name: "x", ID: "l" + string(rune('0'+i)), From: m.From, To: m.Result}
		for range 2 {
			if landed := must[change.Landed](t)(r.Land(ctx, l)); landed.Mirror != "" {
				t.Errorf("the branch stayed: %s", landed.Mirror)
			}
		}
	}
	head := must[change.Point](t)(r.Head(ctx, "r1"))
	if u.point("muster/x") != head || u.show(head.Tree, "a.txt") != "ONE\ntwo\nTHREE" {
		t.Errorf("the head is %v, the branch at %v", head, u.point("muster/x"))
	}
	d := must[change.Change](t)(r.Diff(ctx, o.Base.Commit, head.Tree))
	if len(d.Files) != 1 || d.Files[0].Added != 2 || d.Base != o.Base {
		t.Errorf("the run changed %+v", d)
	}
	if got := u.git("rev-list", "--count", o.Base.Commit+".."+head.Commit); got != "2" {
		t.Errorf("the run has %s commits", got)
	}
}

func mergeRequest(base, head change.Point) change.MergeRequest {
	return change.MergeRequest{
		Run: "r1", Name: "x", Ref: "refs/muster/attempts/r1/t.1.merged", Base: base, Head: head,
		Message: "merged", Author: author, AtUS: 1_700_000_200_000_000,
	}
}

func TestForgetAndResolve(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	story(t, u)
	r := u.open()
	must[change.Opened](t)(r.OpenRun(ctx, "r10", "y", ""))
	for range 2 {
		if err := r.Forget(ctx, "r1"); err != nil {
			t.Fatal(err)
		}
	}
	refs := u.git("for-each-ref", "--format=%(refname)", "refs/muster")
	for line := range strings.Lines(refs) {
		if strings.Contains(line, "/r1/") {
			t.Errorf("%s is still there", line)
		}
	}
	if !strings.Contains(refs, "refs/muster/runs/r10/head") {
		t.Errorf("another run's refs are gone: %s", refs)
	}
	u.git("rev-parse", "--verify", "muster/x")

	u.commit("second")
	if got := must[change.Point](t)(r.Resolve(ctx, "HEAD~1")); got != u.point("HEAD~1") {
		t.Errorf("HEAD~1 is %v", got)
	}
	for _, bad := range []string{"nope", "--all", "-h", ""} {
		_, err := r.Resolve(ctx, bad)
		wantKind(t, err, fault.NotFound, "names no commit")
	}
	mb := must[change.Point](t)(r.MergeBase(ctx, u.point("muster/x").Commit, u.point("HEAD").Commit))
	if mb != u.point("HEAD~1") {
		t.Errorf("the merge base is %v", mb)
	}
	lone := u.git("commit-tree", "-m", "lone", u.point("HEAD").Tree)
	_, err := r.MergeBase(ctx, lone, mb.Commit)
	wantKind(t, err, fault.NotFound, "no common ancestor")
}
