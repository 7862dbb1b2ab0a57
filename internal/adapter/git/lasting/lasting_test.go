package lasting_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"muster/internal/adapter/git/lasting"
	"muster/internal/core/fault"
)

type repo struct {
	t   testing.TB
	dir string
	env []string
}

func newRepo(t testing.TB) *repo {
	t.Helper()
	r := &repo{t: t, dir: t.TempDir(), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=P", "GIT_AUTHOR_EMAIL=p@x", "GIT_COMMITTER_NAME=P", "GIT_COMMITTER_EMAIL=p@x",
	}}
	r.git("init", "-q", "--template=", "-b", "main")
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimRight(string(out), "\n")
}

// commit commits files, "" deletes one, and gives the tree.
func (r *repo) commit(files map[string]string) string {
	r.t.Helper()
	for name, content := range files {
		path := filepath.Join(r.dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil && content == "" {
			err = os.Remove(path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "x")
	return r.git("rev-parse", "HEAD^{tree}")
}

// lasting gives a process of Git that is ended with the test.
func (r *repo) lasting(args ...string) *lasting.Process {
	p := lasting.New(func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir, cmd.Env = r.dir, r.env
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		return cmd
	})
	r.t.Cleanup(p.Close)
	return p
}

func (r *repo) objects() lasting.Objects {
	return lasting.Objects{Process: r.lasting("cat-file", "--batch-command", "-z")}
}

func (r *repo) refs() lasting.Refs {
	return lasting.Refs{Process: r.lasting("update-ref", "--no-deref", "-z", "--stdin")}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRepo(t)
	tree := r.commit(map[string]string{"a": "one\n", "b": strings.Repeat("x", 1<<20)})
	objects := r.objects()
	o, err := objects.Read(ctx, "HEAD:a")
	if err != nil || string(o.Content) != "one\n" || o.Kind != "blob" || o.ID != r.git("rev-parse", "HEAD:a") {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := objects.Info(ctx, tree); err != nil || o.Kind != "tree" || o.Content != nil {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := objects.Info(ctx, "HEAD:none"); err != nil || o.Exists() {
		t.Errorf("what is not there: %+v, %v", o, err)
	}
	for _, name := range []string{"", "a\nb", "a\x00b"} {
		if _, err := objects.Info(ctx, name); err == nil {
			t.Errorf("%q is asked for", name)
		}
	}
	// Questions and answers that fit into no pipe.
	names := slices.Repeat([]string{"HEAD:b", "HEAD:none", "HEAD:a"}, 3000)[:5000]
	names = append(names[:8], slices.Repeat([]string{r.git("rev-parse", "HEAD:a")}, 5000)...)
	total := int64(0)
	err = objects.ReadAll(ctx, names, func(i int, o lasting.Object) {
		total += o.Size
		if o.Exists() != (names[i] != "HEAD:none") {
			t.Errorf("%s: %+v", names[i], o.ID)
		}
	})
	if want := int64(3*(1<<20) + 2*4 + 5000*4); err != nil || total != want {
		t.Errorf("%d bytes, %v; want %d", total, err, want)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRepo(t)
	text := strings.Repeat("some line\n", 20)
	trees := []string{r.commit(map[string]string{"a": "1\n2\n", "move me": text, "b": "a\x00b", "gone": "x\n", "tab\t": "1\n"})}
	for _, files := range []map[string]string{
		{"a": "1\n3\n", "d/new\nline": "x\n"},
		{"move me": "", "moved\there": text + "more\n"},
		{"b": "a\x00c", "gone": "", "tab\t": "2\n"},
		{"end of answer": "x\n", "a": "end of answer\n"},
		{"a": "end of answer\nend of answer", "end of answer": strings.Repeat("a long line ", 20_000)},
	} {
		trees = append(trees, r.commit(files))
	}
	raw := []string{"diff-tree", "-r", "-z", "--raw", "--numstat", "--no-abbrev", "-M"}
	patch := []string{"diff-tree", "-r", "-p", "-M", "--unified=0"}
	compare := lasting.Trees{Process: r.lasting(append(slices.Clone(raw), "--stdin")...)}
	lines := lasting.Trees{Process: r.lasting(append(slices.Clone(patch), "--stdin")...)}
	once := func(args []string, base, head string) string {
		t.Helper()
		cmd := exec.CommandContext(ctx, "git", append(slices.Clone(args), base, head)...)
		cmd.Dir, cmd.Env = r.dir, r.env
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, base := range trees {
		for _, head := range trees {
			want := once(raw, base, head)
			if got, err := compare.Compare(ctx, base, head); err != nil || got != want {
				t.Errorf("%s %s: %q, %v; want %q", base, head, got, err, want)
			}
			want = once(patch, base, head)
			if got, err := lines.Lines(ctx, base, head); err != nil || string(got) != want {
				t.Errorf("%s %s: %.300q, %v; want %.300q", base, head, got, err, want)
			}
		}
	}
	// What cannot be read is an error, and the next question is answered.
	failed := (*lasting.Failed)(nil)
	if _, err := compare.Compare(ctx, trees[0], strings.Repeat("12", 20)); !errors.As(err, &failed) || !strings.Contains(failed.Said, "1212") {
		t.Errorf("a tree that is not there: %v", err)
	}
	if _, err := compare.Compare(ctx, trees[0], trees[1]); err != nil {
		t.Error(err)
	}
	if _, err := lines.Lines(ctx, trees[0], strings.Repeat("12", 20)); !errors.As(err, &failed) {
		t.Errorf("a tree that is not there: %v", err)
	}
	if _, err := lines.Lines(ctx, trees[0], trees[1]); err != nil {
		t.Error(err)
	}
}

func TestEdit(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRepo(t)
	r.commit(map[string]string{"a": "1"})
	first := r.git("rev-parse", "HEAD")
	r.commit(map[string]string{"a": "2"})
	second := r.git("rev-parse", "HEAD")
	refs := r.refs()
	if err := refs.Edit(ctx, fmt.Sprintf("create refs/x/a\x00%s\x00update refs/x/b\x00%s\x00\x00", first, first)); err != nil {
		t.Fatal(err)
	}
	// Refused as a whole, with the reason.
	failed := (*lasting.Failed)(nil)
	err := refs.Edit(ctx, fmt.Sprintf("update refs/x/a\x00%s\x00\x00update refs/x/b\x00%s\x00%s\x00", second, second, second))
	if !errors.As(err, &failed) || !strings.Contains(failed.Said, "but expected") {
		t.Errorf("a ref that stands elsewhere: %v", err)
	}
	if got := r.git("rev-parse", "refs/x/a", "refs/x/b"); got != first+"\n"+first {
		t.Errorf("the refs are %s", got)
	}
	// What others did meanwhile is seen.
	r.git("update-ref", "refs/x/b", second)
	if err := refs.Edit(ctx, fmt.Sprintf("update refs/x/a\x00%s\x00%s\x00delete refs/x/b\x00%s\x00", second, first, second)); err != nil {
		t.Error(err)
	}
	r.git("pack-refs", "--all")
	if err := refs.Edit(ctx, fmt.Sprintf("update refs/x/a\x00%s\x00%s\x00", first, second)); err != nil {
		t.Error(err)
	}
	if got := r.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/x"); got != "refs/x/a "+first {
		t.Errorf("the refs are %s", got)
	}
	// A large script.
	var script strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&script, "create refs/many/%d\x00%s\x00", i, first)
	}
	if err := refs.Edit(ctx, script.String()); err != nil {
		t.Error(err)
	}
	if got := strings.Count(r.git("for-each-ref", "refs/many"), "\n") + 1; got != 2000 {
		t.Errorf("%d refs", got)
	}
}

func TestEndsAndBeginsAnew(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit(map[string]string{"a": "1"})
	objects := r.objects()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := objects.Info(ctx, "HEAD"); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := objects.Info(ctx, "HEAD"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled question: %v", err)
	}
	objects.Kill()
	failed := (*lasting.Failed)(nil)
	if _, err := objects.Info(t.Context(), "HEAD"); !errors.As(err, &failed) || failed.Said != "" {
		t.Errorf("a killed process: %v", err)
	}
	for range 2 {
		if o, err := objects.Info(t.Context(), "HEAD"); err != nil || !o.Exists() {
			t.Errorf("%+v, %v", o, err)
		}
		objects.Close()
	}
	none := lasting.New(func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, filepath.Join(r.dir, "none")) })
	if _, err := (lasting.Objects{Process: none}).Info(t.Context(), "HEAD"); err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("a program that is not there: %v", err)
	}
	none.Close()
}

// TestCancelWhileItWorks ends a question that is never answered.
func TestCancelWhileItWorks(t *testing.T) {
	t.Parallel()
	silent := lasting.New(func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "sleep", "600") })
	t.Cleanup(silent.Close)
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() {
		_, err := (lasting.Objects{Process: silent}).Info(ctx, "HEAD")
		asked <- err
	}()
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
