package check

import (
	"slices"
	"testing"

	"muster/internal/source/reader"
)

func code(t *testing.T, path, text string) []string {
	t.Helper()
	p := reader.NewParser("")
	f, err := p.Parse(t.Context(), path, []byte(text))
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
