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

	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

// Pages that people read whole have bounds of their own.
func TestPages(t *testing.T) {
	for name, most := range map[string]int{"ARCHITECTURE.md": 340, "AGENTS.md": 130} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(data), "\n"); lines > most {
			t.Errorf("%s has %d lines, at most %d", name, lines, most)
		}
	}
}

// The plan of the README must hold: it is the first that people copy.
func TestReadmePlan(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README.md has no plan")
	}
	p, problems := plan.Parse("README.md", []byte(strings.ReplaceAll("\n"+text, "\n   ", "\n")))
	if p == nil || len(problems) > 0 || len(p.Tasks) < 2 {
		t.Errorf("the plan of README.md:\n%s", yamlfile.Format(problems))
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
	named = regexp.MustCompile("`((?:\\./)?(?:internal|docs|scripts|cmd|bench|\\.ci)/[A-Za-z0-9_./-]+|[A-Za-z0-9_]+_test\\.go)`")
	// layerRow is a row of the import map, which may be ahead of the tree.
	layerRow = regexp.MustCompile("(?m)^\\| `.*")
	// command finds scripts and packages in the targets of the Makefile, the
	// stages and the pages.
	command = regexp.MustCompile(`(?:^|\s)\./((?:internal|cmd|bench|scripts)/[A-Za-z0-9_./-]+)`)
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
		text := string(data)
		if name == "ARCHITECTURE.md" {
			text = layerRow.ReplaceAllString(text, "") // TestArchitectureShowsTheLayers is about these
		}
		found := inCommands(text)
		if page {
			found = append(found, inProse(path.Dir(name), text)...)
			slices.Sort(found)
		}
		for _, target := range slices.Compact(found) {
			if _, err := fs.Stat(fsys, target); err != nil {
				out = append(out, name+" names "+target+", which does not exist")
			}
		}
		return nil
	})
	return out, err
}

// inCommands gives the paths from the root that commands name.
func inCommands(text string) []string {
	var out []string
	for _, m := range command.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return existing(out)
}

// inProse gives the paths from the root that a page in dir links or quotes.
func inProse(dir, text string) []string {
	var out []string
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		out = append(out, path.Join(dir, m[1]))
	}
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return existing(out)
}

// existing leaves those paths that are meant to exist: patterns are not, nor
// places to put a name.
func existing(paths []string) []string {
	var out []string
	for _, p := range paths {
		if p = path.Clean(strings.TrimSuffix(p, "/...")); !strings.Contains(p, "...") && !strings.Contains(p, "PACKAGE") {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
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
		{"row of the import map", "ARCHITECTURE.md", "| `internal/x` | – | x |", ""},
		{"path below the import map", "ARCHITECTURE.md", "| `internal/x` | – | x |\n\n`internal/y`", "names internal/y"},
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
