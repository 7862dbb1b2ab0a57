package folders_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/internal/adapter/git/folders"
	"muster/internal/adapter/git/lasting"
	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// repo is a repository without a work tree that trees are written into.
type repo struct {
	t   testing.TB
	dir string
}

func newRepo(t testing.TB, format string) *repo {
	t.Helper()
	r := &repo{t, t.TempDir()}
	r.git("", "init", "-q", "--bare", "--template=", "--object-format="+format)
	return r
}

// try runs git with an index of its own.
func (r *repo) try(stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(stdin)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_DIR=" + r.dir,
		"GIT_INDEX_FILE=" + filepath.Join(r.dir, "test-index"),
		"GIT_AUTHOR_NAME=P", "GIT_AUTHOR_EMAIL=p@x", "GIT_COMMITTER_NAME=P", "GIT_COMMITTER_EMAIL=p@x",
	}
	out, err := cmd.CombinedOutput()
	return strings.TrimRight(string(out), "\n"), err
}

func (r *repo) git(stdin string, args ...string) string {
	r.t.Helper()
	out, err := r.try(stdin, args...)
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

// tree writes a tree of files and their content.
func (r *repo) tree(files map[string]string) string {
	r.t.Helper()
	var index strings.Builder
	for path, content := range files {
		fmt.Fprintf(&index, "100644 %s\t%s\n", r.git(content, "hash-object", "-w", "--stdin"), path)
	}
	r.git("", "read-tree", "--empty")
	r.git(index.String(), "update-index", "--add", "--index-info")
	return r.git("", "write-tree")
}

func (r *repo) commit(tree, parent string) string {
	r.t.Helper()
	args := []string{"commit-tree", "-m", "x", tree}
	if parent != "" {
		args = append(args, "-p", parent)
	}
	return r.git("", args...)
}

func (r *repo) store(format string) raw.Store {
	return raw.Store{Dir: filepath.Join(r.dir, "objects"), Format: format}
}

func (r *repo) reader(format string) *folders.Reader {
	p := lasting.New(func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "git", "cat-file", "--batch-command", "-z")
		cmd.Dir = r.dir
		return cmd
	})
	r.t.Cleanup(p.Close)
	return folders.New(lasting.Objects{Process: p}, r.store(format).IDLen())
}

func TestListFindHas(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		ctx, r := t.Context(), newRepo(t, format)
		tree := r.tree(map[string]string{"a": "1", "d/b": "2", "d-x": "3", "d/e/f": "4", "d.x": "5", "z/\tname": "6"})
		read := r.reader(format)
		for range 2 { // from Git, and from memory
			got := ""
			list, err := read.List(ctx, tree)
			for _, e := range list {
				got += fmt.Sprintf("%s blob %s\t%s\x00", e.Mode, e.Blob, e.Path)
			}
			if want := r.git("", "ls-tree", "-r", "-z", tree); err != nil || got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		}
		for path, there := range map[string]bool{"a": true, "d": true, "d/e/f": true, "d/e/g": false, "a/b": false, "": false, "d//b": false, "..": false} {
			if e, found, err := read.Find(ctx, tree, path); err != nil || found != there || found && e.Blob != r.git("", "rev-parse", tree+":"+path) {
				t.Errorf("%q: %+v, %v, %v", path, e, found, err)
			}
		}
		for name, there := range map[string]bool{"f": true, "\tname": true, "e": false, "d/b": false} {
			if found, err := read.Has(ctx, tree, name); err != nil || found != there {
				t.Errorf("%q: %v, %v", name, found, err)
			}
		}
		if !read.IsKnown(tree) || read.IsKnown(r.git("1", "hash-object", "--stdin")) {
			t.Error("what is known is wrong")
		}
		for _, id := range []string{strings.Repeat("12", len(tree)/2), r.git("1", "hash-object", "--stdin")} {
			if _, err := read.List(ctx, id); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s is no tree: %v", id, err)
			}
		}
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	r := newRepo(t, "sha1")
	tree := r.tree(map[string]string{"a/b/c": "1", "d/e": "2"})
	read := r.reader("sha1")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if list, err := read.List(t.Context(), tree); err != nil || len(list) != 2 {
				t.Error(list, err)
			}
			if found, err := read.Has(t.Context(), tree, "c"); err != nil || !found {
				t.Error(found, err)
			}
		})
	}
	all.Wait()
}

// TestMergeAsGit merges many random pairs: whenever Merge gives a tree, Git
// gives the same one without a conflict.
func TestMergeAsGit(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRepo(t, "sha1")
	read := r.reader("sha1")
	var merged, left int
	for seed := range uint64(12) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		base := map[string]string{}
		for range 12 {
			base[somePath(rnd)] = someText(rnd)
		}
		base = plain(base)
		trees := []string{r.tree(base), r.tree(edited(rnd, base)), r.tree(edited(rnd, base))}
		if trees[0] == trees[1] || trees[0] == trees[2] {
			continue
		}
		got, made, ok, err := read.Merge(ctx, r.store("sha1"), trees[0], trees[1], trees[2])
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			left++
			continue
		}
		merged++
		if err := r.store("sha1").Write(made...); err != nil {
			t.Fatal(err)
		}
		parent := r.commit(trees[0], "")
		want, err := r.try("", "merge-tree", "--write-tree", r.commit(trees[1], parent), r.commit(trees[2], parent))
		if err != nil || got != want {
			t.Errorf("seed %d: %s, Git gives %s, %v\nbase %s\nours %s\ntheirs %s", seed, got, want, err, r.git("", "ls-tree", "-r", trees[0]), r.git("", "ls-tree", "-r", trees[1]), r.git("", "ls-tree", "-r", trees[2]))
		}
	}
	if merged < 4 || left < 4 {
		t.Errorf("%d merged and %d left to Git: the cases show nothing", merged, left)
	}
}

func somePath(rnd *rand.Rand) string {
	return strings.Repeat([]string{"a/", "b/", "c-", ""}[rnd.IntN(4)], rnd.IntN(3)) + string(rune('p'+rnd.IntN(6)))
}

func someText(rnd *rand.Rand) string {
	return strings.Repeat(fmt.Sprintf("line %d\n", rnd.IntN(1000)), 8)
}

// plain leaves out paths that would be both a file and a folder.
func plain(files map[string]string) map[string]string {
	out := map[string]string{}
	for p, text := range files {
		ok := true
		for other := range files {
			ok = ok && !strings.HasPrefix(other, p+"/")
		}
		if ok {
			out[p] = text
		}
	}
	return out
}

// edited adds, changes, deletes and renames one to three files.
func edited(rnd *rand.Rand, files map[string]string) map[string]string {
	out, paths := maps.Clone(files), slices.Sorted(maps.Keys(files))
	for range 1 + rnd.IntN(3) {
		p := paths[rnd.IntN(len(paths))]
		text := out[p]
		switch rnd.IntN(4) {
		case 0:
			out[somePath(rnd)] = someText(rnd)
		case 1:
			out[p] = text + someText(rnd)
		case 2:
			delete(out, p)
		case 3:
			delete(out, p)
			out[somePath(rnd)] = text + "end\n"
		}
	}
	return plain(out)
}

func TestMergeLeavesToGit(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRepo(t, "sha1")
	read := r.reader("sha1")
	base := map[string]string{"a": "1", "d/b": "2", "d/c": "3", "k": "4"}
	with := func(change map[string]string) string {
		files := map[string]string{}
		for _, m := range []map[string]string{base, change} {
			for p, text := range m {
				if files[p] = text; text == "" {
					delete(files, p)
				}
			}
		}
		return r.tree(files)
	}
	for name, c := range map[string]struct {
		ours, theirs map[string]string
		ok           bool
	}{
		"different files":             {map[string]string{"a": "x"}, map[string]string{"k": "x"}, true},
		"different files of a folder": {map[string]string{"d/b": "x"}, map[string]string{"d/c": "x", "d/n": "x"}, true},
		"the same file":               {map[string]string{"a": "x"}, map[string]string{"a": "y"}, false},
		"the same change":             {map[string]string{"a": "x"}, map[string]string{"a": "x", "k": "y"}, false},
		"renamed and changed":         {map[string]string{"a": "", "a2": "1"}, map[string]string{"a": "1x"}, false},
		"renamed and deleted":         {map[string]string{"a": "", "a2": "1"}, map[string]string{"a": "", "k": "x"}, false},
		"a folder moved and added to": {map[string]string{"d/b": "", "d/c": "", "e/b": "2", "e/c": "3"}, map[string]string{"d/new": "x"}, false},
		"a file against a folder":     {map[string]string{"n": "x"}, map[string]string{"n/x": "x"}, false},
		"the last file of a folder":   {map[string]string{"d/b": ""}, map[string]string{"d/c": ""}, false},
	} {
		_, _, ok, err := read.Merge(ctx, r.store("sha1"), with(nil), with(c.ours), with(c.theirs))
		if err != nil || ok != c.ok {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}
