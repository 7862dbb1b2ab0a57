package rust

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/suite"
	"muster/internal/core/change"
)

// laid writes files into a temporary folder and gives it with its entries.
func laid(t *testing.T, files map[string]string) (string, []change.Entry) {
	t.Helper()
	dir := t.TempDir()
	var entries []change.Entry
	for p, text := range files {
		e := change.Entry{Path: strings.TrimSuffix(p, "@"), Mode: change.ModeFile}
		if e.Path != p {
			e.Mode = change.ModeSymlink
		}
		at := filepath.Join(dir, filepath.FromSlash(e.Path))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b change.Entry) int { return strings.Compare(a.Path, b.Path) })
	return dir, entries
}

func TestNamesOfFiles(t *testing.T) {
	for p, want := range map[string][2]bool{ // a crate, material
		"Cargo.toml": {true, false}, "a/Cargo.toml": {true, false}, "Cargo.lock": {false, false}, "vendor/a/Cargo.toml": {false, false}, "fixtures/a/Cargo.toml": {false, true},
		"src/lib.rs": {false, false}, "tests/api.rs": {false, true}, "src/tests.rs": {false, true}, "tests/api.py": {false, false}, "testdata/a.json": {false, true}, "testdata/a.rs": {false, true}, "testdata/a.py": {false, false},
	} {
		if got := [2]bool{isCargo(p), (rust{}).Material(p)}; got != want {
			t.Errorf("%s: %v, want %v", p, got, want)
		}
	}
	for _, mode := range []string{change.ModeFile, change.ModeSymlink} {
		if (rust{}).Present([]change.Entry{{Path: "Cargo.toml", Mode: mode}}) != (mode == change.ModeFile) {
			t.Error(mode)
		}
	}
}

func manifest(name, rest string) string {
	return "[package]\nname = \"" + name + "\"\nversion = \"0.1.0\"\n" + rest
}

// A crate is tested when the change touches it, what it depends on, or what
// says how it is built.
func TestPlan(t *testing.T) {
	dir, entries := laid(t, map[string]string{
		"Cargo.toml": "[workspace]\nmembers = [\"sum\"]\n", "sum/Cargo.toml": manifest("sum", ""), "sum/src/lib.rs": "", "sum/tests/api.rs": "",
		"user/Cargo.toml": manifest("user", "\n[dependencies]\nsum = { path = \"../sum\" }\n"), "user/src/lib.rs": "",
		"far/Cargo.toml": manifest("far", "\n[dev-dependencies.user]\npath = \"../user\"\n"), "far/src/main.rs": "",
		"none/Cargo.toml": manifest("none", ""), "none/README.md": "", "nameless/Cargo.toml": "[lib]\n", "nameless/src/lib.rs": "", "linked/Cargo.toml@": manifest("linked", ""), "linked/src/lib.rs": "",
	})
	left := func(dir string) string {
		return "the tests of the crate in " + dir + " were left out: the change touches nothing that it depends on"
	}
	const documents = "examples in the documentation of Rust code were not run as tests"
	for _, tt := range []struct{ name, changed, groups, notes string }{
		{"one that no other needs", "far/src/main.rs", "far", left("sum") + "; " + left("user") + "; " + documents},
		{"one that another needs", "user/src/lib.rs", "far user", left("sum") + "; " + documents},
		{"one that is needed by what is needed", "sum/src/lib.rs", "far sum user", documents},
		{"what all of them are built by", "Cargo.lock", "far sum user", documents},
		{"the settings of Cargo for all", ".cargo/config.toml", "far sum user", documents},
		{"the settings of Cargo for one", "far/.cargo/config.toml", "far", left("sum") + "; " + left("user") + "; " + documents},
		{"prose", "sum/README.md", "", left("far") + "; " + left("sum") + "; " + left("user")},
		{"what a test reads is no prose", "far/fixtures/README.md", "far", left("sum") + "; " + left("user") + "; " + documents},
		{"another language", "sum/build.py", "", left("far") + "; " + left("sum") + "; " + left("user")},
	} {
		p, err := rust{}.Plan(t.Context(), suite.Input{Tests: dir, Entries: entries, Changed: []string{tt.changed}, Change: change.Change{Files: []change.File{{Path: "user/Cargo.toml"}}}})
		var groups []string
		for _, g := range p.Groups {
			groups = append(groups, g.Dir)
			if g.Steered != (g.Dir == "user") {
				t.Errorf("%s: %s is steered: %v", tt.name, g.Dir, g.Steered)
			}
		}
		if got, notes := strings.Join(groups, " "), strings.Join(p.Notes, "; "); err != nil || got != tt.groups || notes != tt.notes {
			t.Errorf("%s: %v\n%s, want %s\n%s, want\n%s", tt.name, err, got, tt.groups, notes, tt.notes)
		}
	}
	if _, err := (rust{}).Plan(t.Context(), suite.Input{Tests: filepath.Join(dir, "gone"), Entries: entries}); err == nil {
		t.Error("a folder that is not there was read")
	}
}

// The innermost crate around a file is the one that it belongs to.
func TestTouchedCrates(t *testing.T) {
	for _, tt := range []struct{ dirs, changed, want string }{
		{". a a/b", "a/b/src/lib.rs", "a/b"},
		{"a/b a .", "a/b/src/lib.rs", "a/b"},
		{". a", "a/src/lib.rs", "a"},
		{"a .", "a/src/lib.rs", "a"},
		{". a", "src/lib.rs", "."},
		{"a b", "src/lib.rs", ""},
		{". a ab", "ab/src/lib.rs", "ab"},
		{"a a/b", "a/rust-toolchain.toml", "a a/b"},
		{"a a/b", "a/b/Cargo.toml", "a a/b"},
	} {
		var crates []crate
		for dir := range strings.FieldsSeq(tt.dirs) {
			crates = append(crates, crate{dir: dir, name: strings.ReplaceAll(dir, "/", "_")})
		}
		var got []string
		for i, touched := range touchedCrates(crates, []string{tt.changed}) {
			if touched {
				got = append(got, crates[i].dir)
			}
		}
		if slices.Sort(got); strings.Join(got, " ") != tt.want {
			t.Errorf("%s in %s: %q, want %q", tt.changed, tt.dirs, got, tt.want)
		}
	}
}

func TestNeeds(t *testing.T) {
	sum := crate{dir: "sum", name: "sum"}
	for text, want := range map[string]bool{
		"[dependencies]\nsum = \"1\"\n": true, "[dependencies]\n  \"sum\" = \"1\"\n": true, "[dependencies]\nsum.workspace = true\n": true, "[target.'cfg(unix)'.dependencies.sum]\n": true,
		"[dependencies]\nadd = { package = \"sum\", path = \"../sum\" }\n": true, "[dependencies]\nsummary = \"1\"\n": false, "[dependencies]\nmy-sum = \"1\"\n": false, "# sum\n": false,
	} {
		if (crate{dir: "user", name: "user", text: text}).needs(sum) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	own := crate{dir: "sum", name: "sum", text: "sum = 1\n"}
	if own.needs(sum) || (crate{dir: "user", text: " = 1\n"}).needs(crate{dir: "a"}) {
		t.Error("a crate needs itself, or one without a name")
	}
}

// What becomes a test program, with the files that it is made of.
func TestTargets(t *testing.T) {
	var entries []change.Entry
	for p := range strings.FieldsSeq("a/Cargo.toml a/benches/x.rs a/build.rs a/inner/src/lib.rs a/src/bin/tool.rs a/src/lib.rs a/src/main.rs a/src/more.rs a/src/notes.txt a/tests/api.rs a/tests/deep/main.rs a/tests/deep/more.rs a/tests/deep/x/y.rs a/tests/help/mod.rs a/tests/main.rs ab/src/lib.rs") {
		entries = append(entries, change.Entry{Path: p, Mode: change.ModeFile})
	}
	entries = append(entries, change.Entry{Path: "a/tests/linked.rs", Mode: change.ModeSymlink})
	crates := []crate{{dir: "a"}, {dir: "a/inner"}, {dir: "."}}
	const code = "a/src/bin/tool.rs a/src/lib.rs a/src/main.rs a/src/more.rs"
	want := []string{
		"a/src/bin/tool.rs: " + code, "a/src/lib.rs: " + code, "a/src/main.rs: " + code, "a/tests/api.rs: a/tests/api.rs",
		"a/tests/deep/main.rs: a/tests/deep/main.rs a/tests/deep/more.rs a/tests/deep/x/y.rs", "a/tests/main.rs: a/tests/main.rs",
	}
	var got []string
	for _, u := range targets(crates[0], crates, entries) {
		if u.ID != u.Path {
			t.Errorf("%q in %q", u.ID, u.Path)
		}
		got = append(got, u.Path+": "+strings.Join(u.Files, " "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := targets(crates[1], crates, entries); len(got) != 1 || got[0].Path != "a/inner/src/lib.rs" {
		t.Errorf("the crate inside: %+v", got)
	}
}
