package treesitter

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
)

func all() []Grammar { return []Grammar{Python, JavaScript, TypeScript, TSX, Java, Rust} }

// compiled is a folder for compiled grammars, which the tests share.
var compiled string

func TestMain(m *testing.M) {
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
	p := New(compiled)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func mustParse(t testing.TB, p *Parser, g Grammar, text string) *Tree {
	t.Helper()
	tree, err := p.Parse(t.Context(), g, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", g, err)
	}
	return tree
}

func TestTree(t *testing.T) {
	tree := mustParse(t, newParser(t), Python, "# é\n\ndef f(a, b=1):\n    return a\n")
	root := tree.Root()
	if root.Kind() != "module" || !root.IsNamed() || !root.Parent().IsZero() || !root.Next().IsZero() {
		t.Errorf("root is %q", root.Kind())
	}
	if c := root.First("comment"); c.Text() != "# é" || c.Next() != root.First("function_definition") {
		t.Errorf("comment %q", c.Text())
	}
	f := root.First("function_definition")
	if from, to := f.Lines(); from != 3 || to != 4 {
		t.Errorf("function at %d-%d", from, to)
	}
	if got := f.At("name").Text(); got != "f" {
		t.Errorf("name %q", got)
	}
	params := f.At("parameters")
	var kinds []string
	for c := range params.Children() {
		kinds = append(kinds, c.Kind())
	}
	if got := strings.Join(kinds, " "); got != "( identifier , default_parameter )" {
		t.Errorf("children %s", got)
	}
	kinds = nil
	for c := range params.Named() {
		kinds = append(kinds, c.Kind()+"/"+c.Field())
	}
	if got := strings.Join(kinds, " "); got != "identifier/ default_parameter/" {
		t.Errorf("named children %s", got)
	}
	last := params.First("default_parameter")
	if last.Prev().Kind() != "," || last.Parent() != params || !f.Holds(last) || last.Holds(f) || !last.Is("x", "default_parameter") {
		t.Error("steps between nodes")
	}
	if params.Skip().Kind() != ":" || !root.Skip().IsZero() {
		t.Error("Skip")
	}
	inside := 0
	for range root.Inside() {
		inside++
	}
	if inside != tree.Len()-1 {
		t.Errorf("%d nodes below the root of %d", inside, tree.Len())
	}
	var zero Node
	if zero.At("x").First("y").Parent().Next().Kind() != "" || zero.Text() != "" || !zero.Skip().IsZero() || zero.Holds(zero) {
		t.Error("the zero node is a place")
	}
}

func TestErrors(t *testing.T) {
	tree := mustParse(t, newParser(t), JavaScript, "function f( {\n  g(;\n}\n")
	if !slices.ContainsFunc(slices.Collect(tree.Root().Inside()), Node.IsBroken) {
		t.Error("broken text has no broken nodes")
	}
	if tree := mustParse(t, newParser(t), JavaScript, "f()"); slices.ContainsFunc(slices.Collect(tree.Root().Inside()), Node.IsBroken) {
		t.Error("good text has broken nodes")
	}
}

func TestEveryGrammarReadsAnEmptyText(t *testing.T) {
	p := newParser(t)
	for _, g := range all() {
		if tree := mustParse(t, p, g, ""); tree.Len() != 1 || len(tree.names.fields) == 0 {
			t.Errorf("%s: %d nodes, %d fields", g, tree.Len(), len(tree.names.fields))
		}
		if !strings.Contains(g.Version(), string(g)+" 0.") {
			t.Errorf("version of %s: %s", g, g.Version())
		}
	}
}

// What a text does to its module never reaches the next text.
func TestTooHard(t *testing.T) {
	p := newParser(t)
	if _, err := p.Parse(t.Context(), Rust, make([]byte, MaxBytes+1)); !errors.Is(err, ErrTooHard) {
		t.Errorf("a text over the bound: %v", err)
	}
	// Each r#" is looked for up to the end of the text, in vain.
	if _, err := p.Parse(t.Context(), Rust, []byte(strings.Repeat(`r#"`, 20_000))); !errors.Is(err, ErrTooHard) {
		t.Errorf("a text over the bound of characters: %v", err)
	}
	if tree := mustParse(t, p, Rust, "fn f() {}"); tree.Root().First("function_item").IsZero() {
		t.Error("the parser does not recover")
	}
}

func TestEndedContext(t *testing.T) {
	p := newParser(t)
	mustParse(t, p, Python, "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Parse(ctx, Python, []byte(strings.Repeat("x = f(1)\n", 1000))); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	mustParse(t, p, Python, "x")
}

func TestParallel(t *testing.T) {
	p := newParser(t)
	want := mustParse(t, p, Python, strings.Repeat("x = f(1)\n", 50)).Len()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				tree, err := p.Parse(t.Context(), Python, []byte(strings.Repeat("x = f(1)\n", 50)))
				if err != nil || tree.Len() != want {
					t.Errorf("%v", err)
				}
			}
		})
	}
	wg.Wait()
	if idle := len(p.modules[Python].idle); idle == 0 || idle > maxParallel {
		t.Errorf("%d idle instances", idle)
	}
}

func TestCacheFolder(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		p := New(dir)
		mustParse(t, p, Java, "class A {}")
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) == 0 {
		t.Errorf("nothing is kept in the folder: %v", err)
	}
	p := New(dir + "/a\x00b") // a folder that cannot be
	mustParse(t, p, Java, "class A {}")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Parse(t.Context(), Java, nil); err == nil {
		t.Error("a closed parser parses")
	}
	if _, err := newParser(t).Parse(t.Context(), "cobol", nil); err == nil || errors.Is(err, ErrTooHard) {
		t.Errorf("an unknown grammar: %v", err)
	}
}

// A grammar that could reach anything outside would be no sandbox.
func TestModulesImportNothingElse(t *testing.T) {
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { _ = rt.Close(context.Background()) })
	for _, g := range all() {
		code, err := unpack(g)
		if err != nil {
			t.Fatal(err)
		}
		m, err := rt.CompileModule(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range m.ImportedFunctions() {
			if module, name, _ := f.Import(); module != "muster" || name != "ended" {
				t.Errorf("%s imports %s.%s", g, module, name)
			}
		}
		if len(m.ImportedMemories()) > 0 {
			t.Errorf("%s imports memory", g)
		}
	}
}
