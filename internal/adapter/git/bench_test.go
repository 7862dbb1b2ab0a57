package git

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"muster/internal/core/change"
)

// bench is a project of 1,000 files in 100 folders with a second commit that
// differs in 10 files, and a run on it.
func bench(b *testing.B) (*user, *Repo, [2]change.Point) {
	b.Helper()
	u := newUser(b)
	for i := range 1000 {
		u.write(fmt.Sprintf("d%02d/f%03d.txt", i/10, i), fmt.Sprintf("file %d\n", i))
	}
	first := u.commit("first")
	for i := range 10 {
		u.write(fmt.Sprintf("d%02d/f%03d.txt", i, i*10), "changed\n")
	}
	second := u.commit("second")
	r := u.open()
	must[change.Opened](b)(r.OpenRun(b.Context(), "r1", "x", ""))
	worktree(b, r, first)
	// Git reads files again that are as young as its index, to the second. A
	// pool is measured as it is after its first second.
	for start := time.Now().Unix(); time.Now().Unix() == start; {
		time.Sleep(10 * time.Millisecond)
	}
	worktree(b, r, first)
	return u, r, [2]change.Point{first, second}
}

// BenchmarkWorktreeReuse is to be held against BenchmarkGitWorktreeAdd.
func BenchmarkWorktreeReuse(b *testing.B) {
	_, r, points := bench(b)
	worktree(b, r, points[0])
	for i := 0; b.Loop(); i++ {
		dir := worktree(b, r, points[i%2])
		writeAt(b, filepath.Join(dir, "left/over"), "x")
	}
}

func BenchmarkGitWorktreeAdd(b *testing.B) {
	u, _, points := bench(b)
	for i := 0; b.Loop(); i++ {
		u.git("worktree", "add", "-q", "--detach", fmt.Sprintf("../w%d", i), points[i%2].Commit)
	}
}

func BenchmarkCapture(b *testing.B) {
	_, r, points := bench(b)
	dir := worktree(b, r, points[0])
	for i := 0; b.Loop(); i++ {
		writeAt(b, filepath.Join(dir, "d00/f000.txt"), fmt.Sprintf("round %d\n", i))
		capture(b, r, points[0])
	}
}

func BenchmarkMergeAndLand(b *testing.B) {
	_, r, points := bench(b)
	dir := worktree(b, r, points[0])
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		writeAt(b, filepath.Join(dir, "new", fmt.Sprint(i)), "x\n")
		c := capture(b, r, points[0])
		removeAt(b, filepath.Join(dir, "new", fmt.Sprint(i)))
		b.StartTimer()
		m := must[change.Merged](b)(r.Merge(b.Context(), mergeRequest(points[0], c.Head)))
		must[change.Landed](b)(r.Land(b.Context(), change.Landing{Run: "r1", Name: "x", ID: fmt.Sprint(i), From: m.From, To: m.Result}))
	}
}

func BenchmarkMaterialise(b *testing.B) {
	_, r, points := bench(b)
	dir, release, err := r.Lease(b.Context(), points[0].Tree)
	if err != nil {
		b.Fatal(err)
	}
	defer release()
	for i := 0; b.Loop(); i++ {
		if err := r.Materialise(b.Context(), points[i%2].Tree, dir); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTask is a whole task with an agent that changes one file.
func BenchmarkTask(b *testing.B) {
	_, r, _ := bench(b)
	for i := 0; b.Loop(); i++ {
		dir := worktree(b, r, change.Point{})
		writeAt(b, filepath.Join(dir, "new.txt"), fmt.Sprintf("%d\n", i))
		head := must[change.Point](b)(r.Head(b.Context(), "r1"))
		c := capture(b, r, head)
		m := must[change.Merged](b)(r.Merge(b.Context(), mergeRequest(head, c.Head)))
		must[change.Landed](b)(r.Land(b.Context(), change.Landing{Run: "r1", Name: "x", ID: fmt.Sprint(i), From: m.From, To: m.Result}))
		if err := r.Release(b.Context(), "r1/t"); err != nil {
			b.Fatal(err)
		}
	}
}
