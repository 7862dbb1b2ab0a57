package check_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

func TestTextOfBothStreams(t *testing.T) {
	for _, tt := range []struct{ stdout, stderr, want string }{{"a\n", "b", "a\nb"}, {"a\n", "", "a"}, {"", "b", "b"}, {"", "", ""}} {
		if got := (check.Ran{Output: job.Output{Stdout: tt.stdout, Stderr: tt.stderr}}).Text(); got != tt.want {
			t.Errorf("%q and %q: %q, want %q", tt.stdout, tt.stderr, got, tt.want)
		}
	}
}

func TestCommandsThatShow(t *testing.T) {
	for got, want := range map[string]string{
		check.InDir(".", "make"):             "make",
		check.InDir("a/b/", "make"):          "cd a/b && make",
		check.DiffCommand("x", "y"):          "git --literal-pathspecs diff --no-renames --name-status x y",
		check.DiffCommand("x", "y", "a b"):   "git --literal-pathspecs diff --no-renames --name-status x y -- 'a b'",
		check.LineCommand("x", "a.go", 0):    "git cat-file -p x:a.go",
		check.LineCommand("x", "a.go", 1000): "git cat-file -p x:a.go | sed -n 1000p | cat -v",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestGoModules(t *testing.T) {
	dir := lay(t, map[string]string{
		"go.mod": "", "b/go.mod": "", "a/c/go.mod": "", "a/main.go": "", "testdata/go.mod": "", "a/vendor/x/go.mod": "", ".cache/go.mod": "", "_old/go.mod": "", "d/go.mod/x": "",
	})
	if err := os.Symlink("b", filepath.Join(dir, "e")); err != nil {
		t.Fatal(err)
	}
	got, err := check.GoModules(dir)
	if want := []string{".", "a/c", "b"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q %v, want %q", got, err, want)
	}
	if _, err := check.GoModules(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there has modules")
	}
}

func TestGoIgnores(t *testing.T) {
	for dir, want := range map[string]bool{".": false, "a": false, "a/testdata": true, "vendor": true, ".git": true, "a/_b": true, "testdata2": false} {
		if check.GoIgnores(dir) != want {
			t.Errorf("%s: %t", dir, !want)
		}
	}
}

func TestReadBounded(t *testing.T) {
	dir := lay(t, map[string]string{"a": "12345", "d/x": ""})
	if err := os.Symlink("a", filepath.Join(dir, "l")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	for _, tt := range []struct {
		name  string
		limit int64
		want  string
	}{{"a", 5, "12345"}, {"a", 3, "123"}, {"none", 5, ""}, {"d", 5, ""}, {"l", 5, ""}} {
		if got, err := check.ReadBounded(root, tt.name, tt.limit); err != nil || string(got) != tt.want {
			t.Errorf("%s: %q %v", tt.name, got, err)
		}
	}
}

func TestWaver(t *testing.T) {
	for _, tt := range []struct {
		tried evidence.Tried
		level evidence.Level
		want  string
	}{
		{evidence.Tried{Runs: 4, Red: 1}, evidence.Locator, "is flaky: it was red in 1 of 4 runs on the change's code."},
		{evidence.Tried{Runs: 4, Red: 1, Known: evidence.Rate{Red: 5, Runs: 10}}, evidence.Context, "is flaky: it was red in 1 of 4 runs on the change's code; on record it was red in 5 of 10."},
		{evidence.Tried{Runs: 4, Red: 3, Known: evidence.Rate{Red: 1, Runs: 1000}}, evidence.Locator, "is flaky: it was red in 3 of 4 runs on the change's code; on record it was red in 1 of 1000."},
		{evidence.Tried{Runs: 4, Red: 4, Known: evidence.Rate{Red: 9, Runs: 10}}, evidence.Locator, "was red in 4 of 4 runs on the change's code, as it may be by chance; on record it was red in 9 of 10."},
	} {
		tt.tried.Test = evidence.Test{In: "p", Name: "TestA"}
		got := check.Waver(evidence.Finding{Check: "acceptance"}, tt.tried)
		if got.Level != tt.level || !strings.HasSuffix(got.Message, tt.want) || got.Rule != "flaky" || got.Grade != evidence.Verified {
			t.Errorf("%+v, want %s %s", got, tt.level, tt.want)
		}
	}
}

// What is folded keeps the strongest level of what it stands for.
func TestFold(t *testing.T) {
	at := func(path string, l evidence.Level) evidence.Finding {
		return evidence.NewFinding(evidence.Finding{Level: l, Grade: evidence.Observed, Path: path, Message: path, Reproduce: "true"}, path)
	}
	all := []evidence.Finding{at("a", evidence.Gate), at("b", evidence.Context), at("c", evidence.Gate), at("d", evidence.Locator)}
	if got := check.Fold(all, 4); len(got) != 4 || got[3].Path != "d" {
		t.Errorf("%+v", got)
	}
	got := check.Fold(all, 1)
	if len(got) != 2 || got[1].Rule != "more" || got[1].Level != evidence.Gate || got[1].Message != "3 more findings like the ones before, the first about b." {
		t.Errorf("%+v", got)
	}
}

// A result says how long its check took; one that was kept took no time now.
func TestDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := checktest.Stub{Name: "slow", Do: func(context.Context, *check.Subject, check.Exec) evidence.Result {
			time.Sleep(5 * time.Second)
			return check.Judged(nil)
		}}
		e := judge(t, check.New(check.Tools{Trees: twoTrees(t)}, []check.Check{slow}, 1), checktest.Request(evidence.OfTask))
		if got := e.Results[0].DurationMS; got != 5000 {
			t.Errorf("%d ms", got)
		}
	})
}
