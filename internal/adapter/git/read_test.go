package git

import (
	"bytes"
	"errors"
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

func TestDiff(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	u.write("move me.txt", "a long enough text\nto be found again\nelsewhere\n")
	u.write("gone", "that is\nno more\n")
	u.write("bin", "a\x00b")
	u.write("sometimes", "x\n")
	base := u.commit("base")
	if err := errors.Join(os.Rename(u.path("move me.txt"), u.path("moved\tto\nhere")), os.Chmod(u.path("src/main.go"), 0o755)); err != nil {
		t.Fatal(err)
	}
	u.write("moved\tto\nhere", "a long enough text\nto be found again\nelsewhere\nand more\n")
	removeAt(t, u.path("gone"))
	removeAt(t, u.path("sometimes"))
	linkAt(t, "a.txt", u.path("sometimes"))
	u.write("bin", "a\x00c")
	u.write("new", "1\n2\n3")
	// The change says its own text is binary; that must not hide its lines.
	u.write(".gitattributes", "new -diff\na.txt -text -diff\n")
	u.write("a.txt", "one\nTWO\nthree\n")
	head := u.commit("head")
	r := u.open()

	d := must[change.Change](t)(r.Diff(ctx, base.Commit, head.Tree))
	if d.Base != base || d.Head != (change.Point{Tree: head.Tree}) {
		t.Errorf("compared %v with %v", d.Base, d.Head)
	}
	type short struct {
		path, old      string
		status         change.Status
		modes          string
		added, deleted int
		binary         bool
	}
	var got []short
	for _, f := range d.Files {
		got = append(got, short{f.Path, f.OldPath, f.Status, f.OldMode + " " + f.NewMode, f.Added, f.Deleted, f.IsBinary})
		for _, side := range []struct{ id, mode string }{{f.OldBlob, f.OldMode}, {f.NewBlob, f.NewMode}} {
			if (side.id == "") != (side.mode == change.ModeNone) || side.id != "" && u.git("cat-file", "-t", side.id) != "blob" {
				t.Errorf("%q: blob %q with mode %s", f.Path, side.id, side.mode)
			}
		}
	}
	want := []short{
		{".gitattributes", "", change.Added, "000000 100644", 2, 0, false},
		{"a.txt", "", change.Modified, "100644 100644", 1, 1, false},
		{"bin", "", change.Modified, "100644 100644", 0, 0, true},
		{"gone", "", change.Deleted, "100644 000000", 0, 2, false},
		{"moved\tto\nhere", "move me.txt", change.Renamed, "100644 100644", 1, 0, false},
		{"new", "", change.Added, "000000 100644", 3, 0, false},
		{"sometimes", "", change.Retyped, "100644 120000", 1, 1, false},
		{"src/main.go", "", change.Modified, "100644 100755", 0, 0, false},
	}
	if !slices.Equal(got, want) {
		t.Errorf("the change is\n%+v\nwant\n%+v", got, want)
	}
	if same := must[change.Change](t)(r.Diff(ctx, base.Commit, base.Tree)); !same.IsEmpty() || same.Files != nil {
		t.Errorf("nothing changed, and it is %+v", same)
	}
	for _, bad := range []string{"main", "--output=x", "", strings.Repeat("g", 40)} {
		_, err := r.Diff(ctx, base.Tree, bad)
		wantKind(t, err, fault.Invalid, "no object id")
	}
	_, err := r.Diff(ctx, strings.Repeat("1", 40), head.Tree)
	wantKind(t, err, fault.NotFound, "is not in")
}

// TestPatch applies the patch: it must lead from one tree to the other.
func TestPatch(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	base := u.point("HEAD")
	u.write("a.txt", "one\nTWO\nthree\n")
	u.write("new", "no line end")
	removeAt(t, u.path("src/run.sh"))
	head := u.commit("head")
	r := u.open()
	var plain, colored bytes.Buffer
	if err := errors.Join(r.Patch(ctx, base.Commit, head.Commit, &plain, Plain), r.Patch(ctx, base.Tree, head.Tree, &colored, Colored)); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(plain.Bytes(), []byte("\x1b[")) || !bytes.Contains(colored.Bytes(), []byte("\x1b[")) {
		t.Error("the colours are in the wrong patch")
	}
	u.git("checkout", "-q", "--detach", base.Commit)
	cmd := exec.CommandContext(ctx, "git", "apply", "--index", "-")
	cmd.Dir, cmd.Env, cmd.Stdin = u.dir, u.env, &plain
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := u.git("write-tree"); got != head.Tree {
		t.Errorf("the patch leads to %s", got)
	}
	// A reader that stops reading is an error, not a hang.
	if err := r.Patch(ctx, base.Commit, head.Commit, full{}, Plain); err == nil {
		t.Error("a writer that fails was not noticed")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestReadFile(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	linkAt(t, "a.txt", u.path("link"))
	u.write("we:ird\nna me/x\xff", "odd\n")
	u.write("empty", "")
	p := u.commit("more")
	r := u.open()
	for _, c := range []struct {
		path, want string
		found      bool
	}{
		{"a.txt", "one\ntwo\nthree\n", true},
		{"src/run.sh", "#!/bin/sh\n", true},
		{"we:ird\nna me/x\xff", "odd\n", true},
		{"empty", "", true},
		{"nope", "", false},
		{"src/nope", "", false},
		{"a.txt/x", "", false},
		{"link/x", "", false},
		{"./a.txt", "", false},
		{"../a.txt", "", false},
		{"src//run.sh", "", false},
		{"/a.txt", "", false},
		{"", "", false},
	} {
		for _, treeish := range []string{p.Commit, p.Tree} {
			got, found, err := r.ReadFile(ctx, treeish, c.path)
			if string(got) != c.want || found != c.found || err != nil {
				t.Errorf("%q is %q %v %v", c.path, got, found, err)
			}
		}
	}
	for _, path := range []string{"link", "src"} {
		_, found, err := r.ReadFile(ctx, p.Tree, path)
		wantKind(t, err, fault.Invalid, "no regular file")
		if found {
			t.Errorf("%s was found", path)
		}
	}
	if got, found, err := r.ReadFileOrLink(ctx, p.Tree, "link"); string(got) != "a.txt" || !found || err != nil {
		t.Errorf("the link is %q %v %v", got, found, err)
	}
	_, _, err := r.ReadFile(ctx, "main", "a.txt")
	wantKind(t, err, fault.Invalid, "object id")
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	ctx, u := t.Context(), newProject(t)
	u.write("empty", "")
	u.write("large", strings.Repeat("x", 1000))
	p := u.commit("more")
	r := u.open()
	blob := func(name string) string { return u.git("rev-parse", "HEAD:"+name) }
	got, err := r.Blobs(ctx, []string{blob("a.txt"), blob("large"), blob("empty"), blob("a.txt")}, 999)
	if err != nil || len(got) != 4 || string(got[0]) != "one\ntwo\nthree\n" || got[1] != nil || got[2] == nil || len(got[2]) != 0 || string(got[3]) != string(got[0]) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := r.Blobs(ctx, []string{blob("large")}, 1000); err != nil || len(got[0]) != 1000 {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := r.Blobs(ctx, nil, 1000); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
	for _, wrong := range []string{p.Tree, strings.Repeat("12", 20)} {
		got, err := r.Blobs(ctx, []string{blob("a.txt"), wrong}, 1000)
		wantKind(t, err, fault.NotFound, "1 of 2 files")
		if got != nil {
			t.Errorf("%q with an error", got)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	u.write("a\nb", "x")
	p := u.commit("more")
	var got []string
	for _, f := range must[[]change.Entry](t)(u.open().Files(t.Context(), p.Commit)) {
		got = append(got, f.Mode+" "+f.Path)
		if u.git("cat-file", "-t", f.Blob) != "blob" {
			t.Errorf("%s: %s is no blob", f.Path, f.Blob)
		}
	}
	if want := []string{"100644 a\nb", "100644 a.txt", "100644 src/main.go", "100755 src/run.sh"}; !slices.Equal(got, want) {
		t.Errorf("the files are %q", got)
	}
}

// TestPartialClone must fail with a hint and never fetch.
func TestPartialClone(t *testing.T) {
	t.Parallel()
	u := newProject(t)
	u.git("config", "uploadpack.allowFilter", "true")
	dir := filepath.Join(t.TempDir(), "p")
	u.git("clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+u.dir, dir)
	p := u.at(dir)
	tr := newTrap(t)
	tr.config()
	p.git("config", "remote.origin.uploadpack", filepath.Join(tr.dir, "hooks/pre-push")) // reads nothing, so it ends
	r := p.open()
	o := must[change.Opened](t)(r.OpenRun(t.Context(), "r1", "x", ""))
	_, err := r.Worktree(t.Context(), change.WorktreeRequest{Owner: "r1/t", Base: o.Base})
	wantKind(t, err, fault.Internal, "partial clone")
	_, err = r.Blobs(t.Context(), []string{u.git("rev-parse", "HEAD:a.txt")}, 1000)
	wantKind(t, err, fault.NotFound, "missing from the repository")
	_, _, err = r.ReadFile(t.Context(), o.Base.Tree, "a.txt")
	wantKind(t, err, fault.NotFound, "missing from the repository")
	if tr.sprung() != 0 {
		t.Error("the remote was asked")
	}
	if _, err := p.try("cat-file", "-p", "HEAD:a.txt"); tr.sprung() == 0 {
		t.Errorf("plain git does not ask the remote either (%v)", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for _, name := range []string{
		"main", "a/b", "rate-limit", "a.b", "ä", "a@b", "@", "a@{b", "-x", "a/-x", ".a", "a/.b", "a..b", "a.lock", "a.lock/b", "a.",
		"a/", "/a", "a//b", "", "a b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", `a\b`, "a\x7fb", "a\nb", "a\x00b", "x/@",
	} {
		got := isRefName(name)
		if strings.Contains(name, "\x00") {
			if got {
				t.Errorf("%q passes", name)
			}
			continue
		}
		_, err := u.try("check-ref-format", "refs/heads/"+name)
		want := err == nil && !strings.HasPrefix(name, "-") && name != "@" // ours is a little stricter
		if got != want {
			t.Errorf("%q: %v, Git says %v", name, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "plain", "a b", "it's", "$HOME", "`id`", "a\nb", "-x", `\`, `"`, "~", "*", "a;b", "é", "!", "#x"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quote(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q is quoted %s, which the shell takes for %q (%v)", s, quote(s), out, err)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	if got := printable("a\x1b[31m\xff\nb\u009bc é\n"); got != "a?[31m? b?c é" {
		t.Errorf("printable gives %q", got)
	}
}

// What Patches reads agrees with what Diff counts, whatever the files hold.
func TestPatches(t *testing.T) {
	u := newUser(t)
	u.write("a.txt", "one\ntwo\nthree\n")
	u.write("gone.txt", "x")
	u.write("crlf.txt", "a\r\nb\r\n")
	u.write("with space \"quoted\".txt", "1\n")
	base := u.commit("base")
	u.write("a.txt", "one\n@@ -1 +1 @@\n--- three\n+++ four\nthree\n")
	u.write("crlf.txt", "a\nb\r\n")
	u.write("bin", "a\x00b")
	u.write("with space \"quoted\".txt", "2")
	u.git("rm", "-q", "gone.txt")
	head := u.commit("head")
	got, err := u.open().Patches(t.Context(), base.Tree, head.Tree)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, p := range got {
		text = append(text, fmt.Sprintf("%s -%+q +%+q %s", p.Path, lines(p.Removed()), lines(p.Added()), p.Left))
	}
	want := []string{
		`a.txt -["2 two"] +["2 @@ -1 +1 @@" "3 --- three" "4 +++ four"] `,
		`bin -[] +[] it is binary`,
		`crlf.txt -["1 a\r"] +["1 a"] `,
		`gone.txt -["1 x"] +[] `,
		`with space "quoted".txt -["1 1"] +["1 2"] `,
	}
	if !slices.Equal(text, want) {
		t.Errorf("got\n%s", strings.Join(text, "\n"))
	}
}

func lines(in []change.Line) []string {
	var out []string
	for _, l := range in {
		out = append(out, fmt.Sprintf("%d %s", l.Number, l.Text))
	}
	return out
}
