package plans

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/yamlfile"
)

// tree makes files below a temporary folder, each with its name as content.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	top := t.TempDir()
	for _, n := range names {
		p := filepath.Join(top, n)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(n), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

func TestLoad(t *testing.T) {
	top := tree(t, ".muster/plans/a.yaml", ".muster/plans/b.yaml", "b", "sub/c.yaml", "sub/deep/d", ".muster/plans/notes.txt")
	tests := []struct {
		dir, name string
		shown     string // the file that is read, as the person would name it
		content   string
		hint      string // when there is none
	}{
		{"", "a", ".muster/plans/a.yaml", ".muster/plans/a.yaml", ""},
		{"", "a.yaml", ".muster/plans/a.yaml", ".muster/plans/a.yaml", ""},
		{"sub", "a", top + "/.muster/plans/a.yaml", ".muster/plans/a.yaml", ""},
		{"", "b", "b", "b", ""}, // a file goes before a name
		{"", "sub/c.yaml", "sub/c.yaml", "sub/c.yaml", ""},
		{"sub", "c.yaml", "c.yaml", "sub/c.yaml", ""},
		{"sub/deep", "sub/c.yaml", top + "/sub/c.yaml", "sub/c.yaml", ""}, // from the root
		{"sub", top + "/b", top + "/b", "b", ""},
		{"", "sub", "", "", "name a file, or a plan in .muster/plans: a, b"},
		{"", "aa", "", "", "did you mean a?"},
		{"", "x/y/bb.yaml", "", "", "did you mean b?"},
		{"", "notes", "", "", "name a file, or a plan in .muster/plans: a, b"},
	}
	for _, test := range tests {
		shown, data, err := Load(Place{Dir: filepath.Join(top, test.dir), Top: top}, test.name)
		if shown != test.shown || string(data) != test.content || fault.HintOf(err) != test.hint || (err == nil) != (test.hint == "") {
			t.Errorf("%s in %q: got %q, %q, %v (%s)", test.name, test.dir, shown, data, err, fault.HintOf(err))
		}
	}
	if got := Names(top); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the plans are %q", got)
	}
}

func TestLoadWithoutPlans(t *testing.T) {
	top := tree(t, "x")
	for _, test := range []struct{ top, name, hint string }{
		{top, "limits", "name a file, or make a plan: muster plan new limits"},
		{top, "Rate Limit", "name a file, or make a plan: muster plan new"},
		{"", "limits", "name a file, or make a plan: muster plan new limits"},
		{top, "", "muster run PLAN"},
	} {
		_, _, err := Load(Place{Dir: top, Top: test.top}, test.name)
		if fault.HintOf(err) != test.hint {
			t.Errorf("%q: got %v (%s)", test.name, err, fault.HintOf(err))
		}
	}
	large := filepath.Join(top, "large")
	if err := os.WriteFile(large, []byte(strings.Repeat("#", yamlfile.MaxSize+10)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, data, err := Load(Place{Dir: top, Top: top}, large); err != nil || len(data) != yamlfile.MaxSize+1 {
		t.Errorf("%d bytes are read, %v", len(data), err)
	}
}

func TestNameLike(t *testing.T) {
	for text, want := range map[string]string{"Rate Limit": "rate-limit", "../up": "up", "???": "", "été": "t", strings.Repeat("ab ", 40): strings.TrimRight(strings.Repeat("ab-", 20), "-")} {
		if got := nameLike(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// What is there is never written over, and a link does not lead out.
func TestWrite(t *testing.T) {
	top, out := tree(t, ".muster/plans/a.yaml"), t.TempDir()
	if err := write(top, ".muster/plans/a.yaml", "new"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(os.Symlink(filepath.Join(out, "b"), filepath.Join(top, ".muster/plans/b.yaml")), write(top, ".muster/plans/c.yaml", "text")); err != nil {
		t.Fatal(err)
	}
	if err := write(top, ".muster/plans/b.yaml", "new"); err == nil {
		t.Error("a link is followed")
	}
	odd := t.TempDir()
	if err := os.Symlink(out, filepath.Join(odd, ".muster")); err != nil {
		t.Fatal(err)
	}
	if err := write(odd, ".muster/plans/d.yaml", "new"); fault.KindOf(err) != fault.Refused || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
	left, err := fs.ReadDir(os.DirFS(out), ".")
	if err != nil || len(left) > 0 {
		t.Errorf("outside there is %v, %v", left, err)
	}
	if data, err := os.ReadFile(filepath.Join(top, ".muster/plans/a.yaml")); err != nil || string(data) != ".muster/plans/a.yaml" {
		t.Errorf("the file holds %q, %v", data, err)
	}
}
