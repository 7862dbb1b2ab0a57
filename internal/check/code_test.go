package check

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/internal/source/reader"
)

// parser is the one of these tests: to start one takes longer than they do.
var parser = sync.OnceValue(func() *reader.Parser { return reader.NewParser("") })

func code(t *testing.T, path, text string) []string {
	t.Helper()
	f, err := parser().Parse(t.Context(), path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Code(f, []byte(text))
}

func TestCodeLeavesCommentsAndSpaceOut(t *testing.T) {
	const plain = "package a\n\nfunc f() string { return \"// no\" + `/* no */` }\n"
	want := code(t, "a.go", plain)
	for _, same := range []string{
		"// Package a is.\npackage a\n\n// f does.\n// More.\nfunc f() string { return \"// no\" + `/* no */` } // trailing\n",
		"package a\n\n/* f\ndoes. */ func f() string {\n\treturn \"// no\" +\n\t\t`/* no */`\n}\n",
		"package a\n\nfunc f( /* none */ ) string { return \"// no\" + `/* no */` }\n",
	} {
		if got := code(t, "a.go", same); !slices.Equal(got, want) {
			t.Errorf("%q\n%q", got, want)
		}
	}
	for _, other := range []string{
		"package a\n\nfunc f() string { return \"// yes\" + `/* no */` }\n",
		"package a\n\nfunc f() string { return \"// no\" + `/* yes */` }\n",
		"package a\n\n// func f() string { return \"// no\" + `/* no */` }\n",
	} {
		if got := code(t, "a.go", other); slices.Equal(got, want) {
			t.Errorf("%q has the same code", other)
		}
	}
}

// Texts that document are no code in Python, and code in other languages.
func TestCodeLeavesDocstringsOut(t *testing.T) {
	const plain = "def f():\n    \"\"\"One.\"\"\"\n    return 1  # one\n"
	want := code(t, "a.py", plain)
	if got := code(t, "a.py", "def f():\n    \"\"\"Two\n    lines.\"\"\"\n    return 1\n"); !slices.Equal(got, want) {
		t.Errorf("%q\n%q", got, want)
	}
	if got := code(t, "a.py", "def f():\n    \"\"\"One.\"\"\"\n    return 2\n"); slices.Equal(got, want) {
		t.Errorf("%q is the same code", got)
	}
	// What stands between two such texts is code, and so are other texts.
	const two = "def f():\n    \"\"\"Does f.\n\n    More.\n    \"\"\"\n    return 1\n\n\ndef g():\n    \"\"\"Does g.\"\"\"\n    g(\n        \"\"\"text\"\"\"\n    )\n"
	want = code(t, "a.py", two)
	if got := code(t, "a.py", strings.ReplaceAll(two, "Does", "Makes")); !slices.Equal(got, want) {
		t.Errorf("%q\n%q", got, want)
	}
	for _, other := range []string{strings.Replace(two, "return 1", "return 2", 1), strings.Replace(two, "text", "other", 1)} {
		if got := code(t, "a.py", other); slices.Equal(got, want) {
			t.Errorf("%q is the same code", got)
		}
	}
	const text = "export const a = `\n\"\"\"one\"\"\"\n`\n"
	if got := code(t, "a.ts", text); !slices.Contains(got, "one") {
		t.Errorf("%q lacks a part of a text", got)
	}
}
