package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

func TestWorktreePool(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r, base, dir := opened(t, u)
	clean := tree(t, dir)

	// A mess of every kind, tracked, untracked, ignored and locked.
	writeAt(t, filepath.Join(dir, ".gitignore"), "cache/\n")
	writeAt(t, filepath.Join(dir, "cache/mod/file"), "x")
	writeAt(t, filepath.Join(dir, "a.txt"), "changed")
	removeAt(t, filepath.Join(dir, "src/main.go"))
	writeAt(t, filepath.Join(dir, "src/main.go/inside"), "x")
	writeAt(t, filepath.Join(dir, "lib/.git/HEAD"), "ref: refs/heads/x\n")
	if err := errors.Join(os.Chmod(filepath.Join(dir, "cache/mod"), 0o500), os.Chmod(filepath.Join(dir, "src"), 0), os.Chmod(filepath.Join(dir, "src"), 0o500)); err != nil {
		t.Fatal(err)
	}
	if err := r.Release(ctx, "r1/t"); err != nil {
		t.Fatal(err)
	}
	w := must[change.Worktree](t)(r.Worktree(ctx, change.WorktreeRequest{Owner: "r1/next", Base: base}))
	if w.Dir != dir {
		t.Errorf("a free folder was not used again: %s", w.Dir)
	}
	wantSame(t, "the next owner's folder", tree(t, dir), clean)
	if other := worktree(t, r, base); other == dir {
		t.Error("two owners have one folder")
	}
	// Releasing what one does not have is no error.
	if err := r.Release(ctx, "nobody"); err != nil {
		t.Error(err)
	}
	_, err := r.Worktree(ctx, change.WorktreeRequest{Base: base})
	wantKind(t, err, fault.Invalid, "owner")
	_, err = r.Worktree(ctx, change.WorktreeRequest{Owner: "x", Run: "unknown"})
	wantKind(t, err, fault.NotFound, "unknown")
}

// TestSweepWithoutRights takes root's privilege away from one thread: a
// module cache is read-only, and must be removed all the same.
func TestSweepWithoutRights(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := func(s string) string { return filepath.Join(dir, s) }
	writeAt(t, p("cache/mod/deep/file"), "x")
	writeAt(t, p("kept/closed/file"), "x")
	writeAt(t, p("kept/unreadable"), "x")
	err := errors.Join(os.Chmod(p("cache/mod/deep"), 0), os.Chmod(p("cache/mod"), 0o500), os.Chmod(p("cache"), 0o500),
		os.Chmod(p("kept/closed"), 0), os.Chmod(p("kept/unreadable"), 0), os.Chmod(p("kept"), 0o500))
	if err != nil {
		t.Fatal(err)
	}
	u := newUser(t)
	u.write("kept/closed/file", "x")
	u.write("kept/unreadable", "x")
	u.git("add", "-A")
	idx := must[raw.Index](t)(raw.ReadIndex(u.path(".git/index"), 20))
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never given back: the thread ends here
		var none [2]unix.CapUserData
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		if err := unix.Capset(&header, &none[0]); err != nil {
			done <- err
			return
		}
		if _, err := os.ReadFile(p("kept/unreadable")); !errors.Is(err, os.ErrPermission) {
			done <- fmt.Errorf("the thread can still read everything: %w", err)
			return
		}
		err := sweep(dir, idx, nil)
		root, err2 := os.OpenRoot(dir)
		if err = errors.Join(err, err2); err == nil {
			err = errors.Join(widen(root, "."), root.Close())
		}
		if _, err2 := os.ReadFile(p("kept/unreadable")); err == nil {
			err = err2
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"kept": "dir", "kept/closed": "dir", "kept/closed/file": "false x", "kept/unreadable": "false x"}
	wantSame(t, "the folder", tree(t, dir), want)
}

func TestWorktreeKeep(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r, base, dir := opened(t, u)
	work := filepath.Join(dir, "work")
	next := u.commit("second")
	u.git("update-ref", "refs/muster/runs/r1/head", next.Commit) // the run goes on meanwhile
	for _, c := range []struct {
		name string
		q    change.WorktreeRequest
		kept bool
		base change.Point
	}{
		{"same base", change.WorktreeRequest{Base: base, Keep: true}, true, base},
		{"no base", change.WorktreeRequest{Run: "r1", Keep: true}, true, base},
		{"commit only", change.WorktreeRequest{Base: change.Point{Commit: base.Commit}, Keep: true}, true, base},
		{"other base", change.WorktreeRequest{Base: next, Keep: true}, false, next},
		{"not kept", change.WorktreeRequest{Base: base}, false, base},
	} {
		writeAt(t, work, "x")
		c.q.Owner = "r1/t"
		w := must[change.Worktree](t)(r.Worktree(ctx, c.q))
		_, err := os.Stat(work)
		if (err == nil) != c.kept || w.Base != c.base || w.Dir != dir {
			t.Errorf("%s: kept is %v, answer %+v", c.name, err == nil, w)
		}
	}
	// A folder that was only half laid out is not kept.
	s, rec, err := r.worktrees.own(ctx, "r1/t")
	if err != nil {
		t.Fatal(err)
	}
	rec.Ready = false
	if err := s.write(rec, durable); err != nil {
		t.Fatal(err)
	}
	s.unlock()
	_, err = r.Capture(ctx, captureRequest(base))
	wantKind(t, err, fault.Conflict, "prepare it again")
	removeAt(t, filepath.Join(dir, "a.txt"))
	worktreeKept := must[change.Worktree](t)(r.Worktree(ctx, change.WorktreeRequest{Owner: "r1/t", Base: base, Keep: true}))
	if _, err := os.Stat(filepath.Join(worktreeKept.Dir, "a.txt")); err != nil {
		t.Error("a half laid out folder was kept")
	}
}

// TestWorktreeAfterCrash breaks everything a crash can break.
func TestWorktreeAfterCrash(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(r *Repo, s *slot) error
	}{
		{"index damaged", func(_ *Repo, s *slot) error {
			return os.WriteFile(s.index(), []byte("DIRC\x00\x00\x00\x02rubbish"), 0o600)
		}},
		{"index gone", func(_ *Repo, s *slot) error { return os.Remove(s.index()) }},
		{"index empty", func(_ *Repo, s *slot) error { return os.Truncate(s.index(), 0) }},
		{"checksum wrong", func(_ *Repo, s *slot) error {
			f, err := os.OpenFile(s.index(), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("0123456789")
			return errors.Join(err, f.Close())
		}},
		{"index lock left", func(_ *Repo, s *slot) error { return os.WriteFile(s.index()+".lock", nil, 0o600) }},
		{"folder gone", func(_ *Repo, s *slot) error { return os.RemoveAll(s.dir) }},
		{"folder a file", func(_ *Repo, s *slot) error { return errors.Join(os.RemoveAll(s.dir), os.WriteFile(s.dir, nil, 0o600)) }},
		{"link gone", func(r *Repo, s *slot) error { return os.RemoveAll(r.admin(s)) }},
		{"link half written", func(r *Repo, s *slot) error {
			return errors.Join(os.Remove(filepath.Join(r.admin(s), "HEAD")), os.WriteFile(filepath.Join(r.admin(s), "index.lock"), nil, 0o600))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := newProject(t)
			r, base, dir := opened(t, u)
			clean := tree(t, dir)
			if err := c.do(r, r.worktrees.slot(1)); err != nil {
				t.Fatal(err)
			}
			again := u.openAt(filepath.Dir(r.worktrees.dirs))
			if got := worktree(t, again, base); got != dir {
				t.Errorf("the owner's folder is %s now", got)
			}
			wantSame(t, "the folder", tree(t, dir), clean)
			if out := u.at(dir).git("status", "--porcelain"); out != "" {
				t.Errorf("git status says %s", out)
			}
		})
	}
}

// TestBrokenRecord keeps a folder whose owner is unknown out of use.
func TestBrokenRecord(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r, base, dir := opened(t, u)
	writeAt(t, filepath.Join(dir, "paid work"), "x")
	for _, text := range []string{"{", "", `{"version":99}`} {
		writeAt(t, r.worktrees.slot(1).record(), text)
		if got := worktree(t, r, base); got == dir {
			t.Errorf("record %q: the folder was handed out", text)
		}
		must[Collected](t)(r.Gc(ctx))
		if _, err := os.Stat(filepath.Join(dir, "paid work")); err != nil {
			t.Errorf("record %q: %v", text, err)
		}
	}
}

func TestPoolConcurrently(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	r, base, _ := opened(t, u)
	second := u.openAt(filepath.Dir(r.worktrees.dirs)) // as another process would
	var mu sync.Mutex
	var wg sync.WaitGroup
	dirs := map[string]string{}
	for i := range 6 {
		for _, repo := range []*Repo{r, second} {
			wg.Go(func() {
				owner := fmt.Sprintf("r1/%d", i)
				w, err := repo.Worktree(ctx, change.WorktreeRequest{Owner: owner, Base: base, Keep: true})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if was, ok := dirs[owner]; ok && was != w.Dir {
					t.Errorf("%s has %s and %s", owner, was, w.Dir)
				}
				dirs[owner] = w.Dir
			})
		}
	}
	wg.Wait()
	used := map[string]bool{}
	for _, d := range dirs {
		used[d] = true
	}
	if len(used) != 6 {
		t.Errorf("6 owners have %d folders", len(used))
	}
}

// TestLockOutlivesMuster kills a process that holds a slot while a child of
// it, as a git process would, still has the lock.
func TestLockOutlivesMuster(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	f, err := lockFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), "sh", "-c", "echo ready; read x")
	child.ExtraFiles = []*os.File{f}
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if g := must[*os.File](t)(tryLock(path)); g != nil {
		t.Error("the lock was free while the child lived")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = lockFile(ctx, path)
	wantKind(t, err, fault.Transient, "canceled")
	_ = in.Close()
	_ = child.Wait()
	if g := must[*os.File](t)(tryLock(path)); g == nil {
		t.Error("the lock is still held")
	} else {
		_ = g.Close()
	}
}

func TestLease(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	linkAt(t, "a.txt", u.path("link"))
	base := u.commit("link")
	u.write("a.txt", "second\n")
	removeAt(t, u.path("src"))
	next := u.commit("second")
	r := u.open()

	first := map[string]string{"a.txt": "false one\ntwo\nthree\n", "link": "link a.txt", "src": "dir", "src/main.go": "false package main\n", "src/run.sh": "true #!/bin/sh\n"}
	second := map[string]string{"a.txt": "false second\n", "link": "link a.txt"}
	dir, release, err := r.Lease(ctx, base.Commit)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "base", tree(t, dir), first)
	dir2, release2, err := r.Lease(ctx, next.Tree)
	if err != nil || dir2 == dir {
		t.Fatalf("the second lease is %s, %v", dir2, err)
	}
	wantSame(t, "next", tree(t, dir2), second)
	release()
	release()

	// The nearest folder is taken: the one that held the tree.
	dir3, release3, err := r.Lease(ctx, base.Tree)
	if err != nil || dir3 != dir {
		t.Errorf("the third lease is %s, %v", dir3, err)
	}
	// Changed by a check and laid out anew, kept paths aside.
	writeAt(t, filepath.Join(dir3, "deps/x"), "x")
	writeAt(t, filepath.Join(dir3, "out/y/z"), "x")
	writeAt(t, filepath.Join(dir3, "out/w"), "x")
	writeAt(t, filepath.Join(dir3, "a.txt"), "one\ntwo\nTHREE\n")
	if err := r.Materialise(ctx, next.Tree, dir3, "deps/", "out/y"); err != nil {
		t.Fatal(err)
	}
	second["deps"], second["deps/x"], second["out"], second["out/y"], second["out/y/z"] = "dir", "false x", "dir", "dir", "false x"
	wantSame(t, "kept", tree(t, dir3), second)
	if err := r.Materialise(ctx, base.Tree, dir3); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "not kept", tree(t, dir3), first)
	for _, bad := range []string{"../x", "/etc", ".", ""} {
		wantKind(t, r.Materialise(ctx, base.Tree, dir3, bad), fault.Invalid, "no path inside")
	}
	wantKind(t, r.Materialise(ctx, base.Tree, u.dir), fault.Invalid, "not leased")
	_, _, err = r.Lease(ctx, "main")
	wantKind(t, err, fault.Invalid, "object id")

	// Gc leaves what is held.
	release2()
	if got := must[Collected](t)(r.Gc(ctx)); got.Trees != 1 {
		t.Errorf("removed %+v", got)
	}
	if _, err := os.Stat(dir3); err != nil {
		t.Error(err)
	}
	release3()
}

func TestCancel(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, _ := opened(t, u)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Worktree(ctx, change.WorktreeRequest{Owner: "r1/t", Base: base})
	wantKind(t, err, fault.Transient, "canceled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is no cancellation", err)
	}
	_, err = r.git.run(ctx, call{args: []string{"version"}})
	wantKind(t, err, fault.Transient, "canceled")
	// Nothing is broken by it.
	worktree(t, r, base)
	capture(t, r, base)
}

func TestObjectsRestart(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	r, base, _ := opened(t, u)
	r.objects.Kill()
	for range 3 { // one question at most is lost with the process
		if p, err := r.Head(t.Context(), "r1"); err == nil && p == base {
			return
		}
	}
	t.Error("the lasting process was not started anew")
}
