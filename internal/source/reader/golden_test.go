package reader

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/source"
)

var update = flag.Bool("update", false, "write the golden files anew")

// testdata/golden/NAME.txt holds what the file NAME.in gives, one fact a line.
// Their names end in .in so that no formatter touches them.
func TestGolden(t *testing.T) {
	p := newParser(t)
	names, err := filepath.Glob("testdata/golden/*.in")
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			golden(t, p, name, strings.TrimSuffix(name, ".in")+".txt", show)
		})
	}
}

// golden holds what is shown of a file against a golden one.
func golden(t *testing.T, p *Parser, name, wanted string, show func(source.File) string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := p.Parse(t.Context(), strings.TrimSuffix(name, ".in"), text)
	if err != nil {
		t.Fatal(err)
	}
	got := show(file)
	if *update {
		if err := os.WriteFile(wanted, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(wanted)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from %s:\n%s", name, wanted, got)
	}
}

// compiled is a folder for compiled grammars, which the tests share.
var compiled string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "grammars")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		compiled = dir
		return m.Run()
	}())
}

func newParser(t testing.TB) *Parser {
	t.Helper()
	p := NewParser(compiled)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// show writes the facts of a file, one a line.
func show(f source.File) string {
	var b strings.Builder
	line := func(r source.Range, format string, args ...any) {
		fmt.Fprintf(&b, "%d-%d %s\n", r.Start, r.End, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s package %q generated %t\n", f.Language, f.Package, f.Generated)
	for _, x := range f.Broken {
		line(x, "broken")
	}
	for _, x := range f.Imports {
		line(x.Range, "import %s as %q", x.Path, x.Name)
	}
	for _, x := range f.Functions {
		line(x.Range, "function %s exported %t complexity %d body %d-%d: %s", x.Name, x.Exported, x.Complexity, x.Body.Start, x.Body.End, x.Signature)
		for _, g := range x.Guards {
			line(g.Range, "  guard %s, %s: %s", g.Kind, g.Exit, g.Text)
		}
		for _, s := range x.Swallows {
			line(s.Range, "  swallow %s: %s", s.Kind, s.Text)
		}
		for _, c := range x.Calls {
			fmt.Fprintf(&b, "%d   call %s\n", c.Line, c.Name)
		}
	}
	for _, x := range f.Types {
		line(x.Range, "type %s exported %t: %s", x.Name, x.Exported, x.Signature)
	}
	for _, x := range f.Values {
		line(x.Range, "value %s exported %t: %s", x.Name, x.Exported, x.Text)
	}
	for _, x := range f.Literals {
		fmt.Fprintf(&b, "%d literal %s %q in %q\n", x.Line, x.Kind, x.Value, x.Function)
	}
	for _, x := range f.Comments {
		line(x.Range, "comment %s", x.Text)
	}
	return b.String()
}
