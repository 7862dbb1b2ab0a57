package muster_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Pages that people read whole have bounds of their own.
func TestPages(t *testing.T) {
	for name, most := range map[string]int{"ARCHITECTURE.md": 300, "AGENTS.md": 130} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(data), "\n"); lines > most {
			t.Errorf("%s has %d lines, at most %d", name, lines, most)
		}
	}
}

// TestLinks holds pages to the tree: what they name exists.
func TestLinks(t *testing.T) {
	problems, err := brokenLinks(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

var (
	link  = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	named = regexp.MustCompile("`((?:\\./)?(?:internal|docs|scripts|cmd|\\.ci)/[A-Za-z0-9_./-]+|[A-Za-z0-9_]+_test\\.go)`")
	// command finds scripts and packages in the targets of the Makefile, the
	// stages and the pages.
	command = regexp.MustCompile(`(?:^|\s)\./((?:internal|cmd|scripts)/[A-Za-z0-9_./-]+)`)
)

// brokenLinks gives the local links, the paths in backquotes and the paths in
// commands that name nothing.
func brokenLinks(fsys fs.FS) ([]string, error) {
	var out []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if name != "." && name != ".ci" && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		page := path.Ext(name) == ".md"
		if !page && name != "Makefile" && !strings.HasPrefix(name, ".ci/") {
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		for _, target := range targets(name, string(data), page) {
			if _, err := fs.Stat(fsys, target); err != nil {
				out = append(out, name+" names "+target+", which does not exist")
			}
		}
		return nil
	})
	return out, err
}

// targets gives the paths that a page names, from the root.
func targets(name, text string, page bool) []string {
	var out []string
	if page {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			out = append(out, path.Join(path.Dir(name), m[1]))
		}
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
	}
	for _, m := range command.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	for i, target := range out {
		out[i] = path.Clean(strings.TrimSuffix(target, "/..."))
	}
	out = slices.DeleteFunc(out, func(s string) bool { return strings.Contains(s, "PACKAGE") || strings.Contains(s, "...") })
	slices.Sort(out)
	return slices.Compact(out)
}

func TestBrokenLinksFindsPlantedFaults(t *testing.T) {
	for _, tt := range []struct{ name, page, text, want string }{
		{"link", "a.md", "[b](docs/b.md)", ""},
		{"link with a part", "a.md", "[b](docs/b.md#part)", ""},
		{"link from a folder", "docs/a.md", "[b](b.md)", ""},
		{"broken link", "a.md", "[b](b.md)", "names b.md"},
		{"link elsewhere", "a.md", "[b](https://example.com/x.md)", ""},
		{"path", "a.md", "`docs/b.md`", ""},
		{"broken path", "a.md", "`internal/x/y.go`", "names internal/x/y.go"},
		{"pattern", "a.md", "`internal/...`", ""},
		{"command", "a.md", "    go test ./internal/x", "names internal/x"},
		{"command of a stage", ".ci/stages/1", "./scripts/x.sh now", "names scripts/x.sh"},
		{"command of the Makefile", "Makefile", "\t./scripts/x.sh now", "names scripts/x.sh"},
		{"packages below", "Makefile", "\tgo test ./internal/...", ""},
		{"text that is no page", "a.txt", "`internal/x/y.go`", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems, err := brokenLinks(fstest.MapFS{
				tt.page: {Data: []byte(tt.text)}, "docs/b.md": {}, "internal/a.go": {},
			})
			if err != nil {
				t.Fatal(err)
			}
			wantProblem(t, problems, tt.want)
		})
	}
}
