// Package imports lists what a source file of Go, Python, JavaScript or
// TypeScript imports, and whether the file can do without it. It reads words
// and strings, not a syntax tree, so that a broken file gives what can be seen
// and so that calls that import, such as require, are found too.
package imports

import (
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// MaxSize is the most of a file that is read, in bytes: what is larger was
// hardly written by hand.
const MaxSize = 4 << 20

// Import is one imported module or package.
type Import struct {
	Path string // as the language spells it: "net/http", "os.path", ".util", "./util"
	Line int
	Soft bool // the file can do without: in a try, under a condition, for types only
}

// Language is what can be read.
type Language string

// The languages.
const (
	None   Language = ""
	Go     Language = "go"
	Python Language = "python"
	JS     Language = "js" // JavaScript and TypeScript, with or without JSX
)

// LanguageOf gives the language of a file by its name.
func LanguageOf(name string) Language {
	switch strings.ToLower(path.Ext(name)) {
	case ".go":
		return Go
	case ".py":
		return Python
	case ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts":
		if !strings.HasSuffix(strings.ToLower(name), ".d.ts") {
			return JS
		}
	}
	return None
}

// Read lists the imports of a file, in its order.
func Read(name string, text []byte) []Import {
	if len(text) > MaxSize {
		return nil
	}
	switch LanguageOf(name) {
	case Go:
		return readGo(text)
	case Python:
		return readPython(text)
	case JS:
		return readJS(string(text))
	case None:
	}
	return nil
}

// readGo takes what the parser gives, also of a file with errors. Files that
// only "go run" compiles need not be covered by the module.
func readGo(text []byte) []Import {
	fset := token.NewFileSet()
	f, _ := parser.ParseFile(fset, "", text, parser.ImportsOnly|parser.ParseComments) // what could be read counts
	if f == nil {
		return nil
	}
	soft := false
	for _, g := range f.Comments {
		for _, c := range g.List {
			soft = soft || regexp.MustCompile(`^//(go:build|\s*\+build)\s.*\bignore\b`).MatchString(c.Text)
		}
	}
	var out []Import
	for _, s := range f.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err == nil {
			out = append(out, Import{Path: p, Line: fset.Position(s.Pos()).Line, Soft: soft})
		}
	}
	return out
}
