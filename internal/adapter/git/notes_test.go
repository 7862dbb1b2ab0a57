package git

import (
	"os"
	"strings"
	"testing"

	"muster/internal/core/fault"
)

func TestNotesMoveTheirRefAndNoOther(t *testing.T) {
	u := newProject(t)
	tr := newTrap(t)
	config, err := os.ReadFile(u.path(".git/config"))
	if err != nil {
		t.Fatal(err)
	}
	u.write(".git/config", string(config)+tr.config())
	head := u.point("HEAD")
	r := u.open()
	before := u.git("for-each-ref")
	if _, ok, err := ReadNote(t.Context(), r, head.Commit, 100); ok || err != nil {
		t.Fatal(ok, err)
	}
	for _, data := range []string{"one\n", " no end of line, and spaces  ", "\n\n<é>\x00\n\n"} {
		if err := WriteNote(t.Context(), r, head.Commit, []byte(data)); err != nil {
			t.Fatal(err)
		}
		moved := u.git("rev-parse", NotesRef)
		if err := WriteNote(t.Context(), r, head.Commit, []byte(data)); err != nil || u.git("rev-parse", NotesRef) != moved {
			t.Errorf("writing the same again moves the ref, %v", err)
		}
		got, ok, err := ReadNote(t.Context(), r, head.Commit, 100)
		if err != nil || !ok || string(got) != data {
			t.Errorf("%q came back as %q, %v, %v", data, got, ok, err)
		}
	}
	if got := u.git("log", "-1", "--format=%an %ae %cn", NotesRef); got != "Muster muster@localhost Muster" {
		t.Errorf("the note is by %s", got)
	}
	var others []string
	for line := range strings.Lines(u.git("for-each-ref")) {
		if !strings.Contains(line, NotesRef) {
			others = append(others, strings.TrimSuffix(line, "\n"))
		}
	}
	if got := strings.Join(others, "\n"); got != before {
		t.Errorf("refs were\n%s\nand are\n%s", before, got)
	}
	if tr.sprung() != 0 {
		t.Error("a program of the repository ran")
	}
	if _, _, err := ReadNote(t.Context(), r, head.Commit, 3); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a note that is too large: %v", err)
	}
	for _, name := range []string{"HEAD", "-f", ""} {
		if _, _, err := ReadNote(t.Context(), r, name, 9); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q is taken for a commit: %v", name, err)
		}
		if err := WriteNote(t.Context(), r, name, nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q is taken for a commit: %v", name, err)
		}
	}
	if err := WriteNote(t.Context(), r, strings.Repeat("1", 40), []byte("x")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a note on nothing: %v", err)
	}
}
