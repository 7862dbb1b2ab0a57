package rust

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/job"
)

func TestInlineTests(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []Lines
	}{
		{"none", "fn a() {}\n", nil},
		{"one", "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n", []Lines{{3, 6}}},
		{"two, with attributes", "#[cfg(test)] #[allow(x)]\npub(crate) mod a {\n}\nfn f() {}\n#[cfg(test)]\nmod b { }\n", []Lines{{1, 3}, {5, 6}}},
		{"in another module", "mod a {\n    #[cfg(test)]\n    mod tests {}\n}\n", nil},
		{"not on lines of its own", "fn a() {} #[cfg(test)] mod tests {}\n", nil},
		{"a file elsewhere", "#[cfg(test)]\nmod tests;\n", nil},
		{"in a comment", "/* /* */\n#[cfg(test)]\nmod tests {}\n*/\n// #[cfg(test)]\n", nil},
		{"braces in literals", "#[cfg(test)]\nmod tests {\n    const A: &str = \"}\\\"}\";\n    const B: char = '}';\n    const C: &str = r#\"}\"}\"#;\n    fn f<'a>(x: &'a str) {} // }\n    /* } */\n}\nfn g() {}\n", []Lines{{2 - 1, 8}}},
		{"never closed", "#[cfg(test)]\nmod tests {\n", nil},
	} {
		if got := InlineTests(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzInlineTests(f *testing.F) {
	f.Add("#[cfg(test)]\nmod t {\n r#\"}\"# '\\u{7d}' b'}' /* } */\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if got := blanked(text); len(got) != len(text) || strings.Count(got, "\n") != strings.Count(text, "\n") {
			t.Errorf("%q became %q", text, got)
		}
		last := 0
		for _, r := range InlineTests(text) {
			if r.Start <= last || r.End < r.Start {
				t.Errorf("%v in %q", r, text)
			}
			last = r.End
		}
	})
}

func TestReadCargo(t *testing.T) {
	g := suite.Group{Dir: "c", Units: []suite.Unit{{ID: "c/src/lib.rs", Path: "c/src/lib.rs"}, {ID: "c/tests/it.rs", Path: "c/tests/it.rs"}}}
	const stderr = "     Running unittests src/lib.rs (target/debug/deps/c-1)\n     Running tests/it.rs (target/debug/deps/it-2)\n"
	lib := "\nrunning 3 tests\ntest a ... ok\ntest b - should panic ... FAILED\ntest c ... ignored, slow\n\nfailures:\n\n---- b stdout ----\ntest x ... ok\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed\n"
	for _, tt := range []struct {
		name   string
		stdout string
		code   int
		it     suite.Outcome
		cut    bool
	}{
		{"both end", lib + "\nrunning 1 test\ntest d ... ok\n\ntest result: ok. 1 passed\n", 101, suite.Pass, false},
		{"the second crashes", lib + "\nrunning 1 test\n", 101, suite.Fail, false},
		{"the second is cut short", lib + "\nrunning 1 test\n", 0, suite.Pass, true},
	} {
		r, why := readCargo(check.Ran{Output: job.Output{Stdout: tt.stdout, Stderr: stderr, Code: tt.code}}, g, suite.Order{Tree: "/t"}, nil)
		first, second := r.Units["c/src/lib.rs"], r.Units["c/tests/it.rs"]
		if why != "" || first == nil || second == nil || first.End != suite.Fail || second.End != tt.it || second.Cut != tt.cut {
			t.Errorf("%s: %q %+v %+v", tt.name, why, first, second)
			continue
		}
		if got := first.Failures(); !slices.Equal(got, []string{"b"}) || len(first.Tests) != 3 || !strings.Contains(first.Tests["b"].Output, "test x ... ok") {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
	if _, why := readCargo(check.Ran{Output: job.Output{Stdout: lib, Stderr: stderr}}, g, suite.Order{Tree: "/t"}, nil); why == "" {
		t.Error("a report of one program was taken for two")
	}
}

// Tests inside the code are those of the base again, and a shell does the same.
func TestSplice(t *testing.T) {
	const (
		head = "fn a() { 2 }\n\n#[cfg(test)]\nmod tests {\n    fn new() {}\n}\n\nfn b() {}\n"
		base = "fn a() { 1 }\n\n#[cfg(test)]\nmod tests {\n    fn old() {}\n}"
		want = "fn a() { 2 }\n\n\nfn b() {}\n#[cfg(test)]\nmod tests {\n    fn old() {}\n}\n"
	)
	into, _ := laid(t, map[string]string{"a.rs": head, "new.rs": head, "same.rs": base, "tests/it.rs": head, "a.txt": head, "moved.rs": head, "retyped.rs": head})
	from, _ := laid(t, map[string]string{"a.rs": base, "same.rs": base, "tests/it.rs": base, "a.txt": base, "old.rs": base, "retyped.rs": base, "gone.rs": base, "bare.rs": "fn a() {}\n", "lost.rs": base, "new.rs": base})
	c := change.Change{Base: change.Point{Tree: "b1"}, Head: change.Point{Tree: "h1"}, Files: []change.File{
		{Path: "a.rs", Status: change.Modified},
		{Path: "a.txt", Status: change.Modified},
		{Path: "bare.rs", Status: change.Deleted},
		{Path: "gone.rs", Status: change.Deleted},
		{Path: "lost.rs", Status: change.Modified},
		{Path: "moved.rs", OldPath: "old.rs", Status: change.Renamed},
		{Path: "new.rs", Status: change.Added},
		{Path: "retyped.rs", Status: change.Retyped},
		{Path: "same.rs", Status: change.Modified},
		{Path: "tests/it.rs", Status: change.Modified},
	}}
	steps, notes, err := Splice(into, from, c)
	if err != nil || !slices.Equal(notes, []string{"the tests inside gone.rs ran nowhere: the file is gone"}) {
		t.Errorf("%v %q", err, notes)
	}
	if want := []string{
		`{ git show h1:a.rs | sed 3,6d; git show b1:a.rs | sed -n 3,6p; } > "$d/tree/"a.rs`,
		`{ git show h1:moved.rs | sed 3,6d; git show b1:old.rs | sed -n 3,6p; } > "$d/tree/"moved.rs`,
	}; !slices.Equal(steps, want) {
		t.Errorf("%s", strings.Join(steps, "\n"))
	}
	for p, text := range map[string]string{"a.rs": want, "moved.rs": want, "new.rs": head, "same.rs": base, "tests/it.rs": head, "a.txt": head, "retyped.rs": head} {
		got, err := os.ReadFile(filepath.Join(into, filepath.FromSlash(p)))
		if err != nil || string(got) != text {
			t.Errorf("%s: %v\n%s", p, err, got)
		}
	}
	for _, dirs := range [][2]string{{into, filepath.Join(from, "x")}, {filepath.Join(into, "x"), from}} {
		if _, _, err := Splice(dirs[0], dirs[1], c); err == nil {
			t.Errorf("a folder that is not there was read: %q", dirs)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(into, "a.rs"), []byte(head), 0o600), os.Chmod(filepath.Join(into, "a.rs"), 0o400)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Splice(into, from, c); err == nil && os.Getuid() != 0 {
		t.Error("a file that cannot be written was written")
	}
}

func TestBlanked(t *testing.T) {
	for text, want := range map[string]string{
		"a // } b\nc": "a       \nc", "a /* } */ b": "a         b", "a / b": "a / b", "a /* b": "a     ", "x'a": "x'a",
		`s("}")`: "s(   )", `s("\"}")`: "s(     )", `b"}"x`: "    x", `r"\"}`: "    }", `r#"}"#}`: "      }", `r##"}"#"##}`: "          }", `r#"}`: "    ",
		`'}' '\n' b'}' 'a`: `              'a`, `ab"}"`: "ab   ", `br"}"`: "     ", `for"}"`: "for   ", "/*/**/}*/}": "         }", "\"a\nb\"c": "  \n  c",
	} {
		if got := blanked(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for c, want := range map[byte]bool{'_': true, '0': true, '9': true, 'a': true, 'z': true, 'A': true, 'Z': true, '/': false, ':': false, '`': false, '{': false, '@': false, '[': false} {
		if isWord(c) != want {
			t.Errorf("%c: %v", c, !want)
		}
	}
}
