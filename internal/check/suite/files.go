package suite

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/plan"
	"muster/internal/source"
)

// Within reports whether a path is a folder or lies below it.
func Within(p, dir string) bool {
	return dir == "." || p == dir || strings.HasPrefix(p, dir+"/")
}

// Below gives a path relative to a folder that it lies in.
func Below(p, dir string) string {
	switch {
	case dir == ".":
		return p
	case p == dir:
		return "."
	}
	return strings.TrimPrefix(p, dir+"/")
}

// AnyFile reports whether a tree holds a regular file that is wanted.
func AnyFile(entries []change.Entry, wanted func(p string) bool) bool {
	for _, e := range entries {
		if IsFile(e) && wanted(e.Path) {
			return true
		}
	}
	return false
}

// IsFile reports whether an entry is a regular file.
func IsFile(e change.Entry) bool {
	return e.Mode == change.ModeFile || e.Mode == change.ModeExecutable
}

// IsNamed reports whether a path ends in a name.
func IsNamed(p, name string) bool { return path.Base(p) == name }

// InRoot lends the files below a folder. No link leads out of it.
func InRoot(dir string, use func(fs.FS) error) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
	return use(root.FS())
}

// Reaches reports whether tests in a language can depend on a file: not on
// prose, and not on source of another language that is run apart.
func Reaches(p string, lang source.Language) bool {
	if c := change.Classify(p, nil); c.Document && !c.Fixture {
		return false
	}
	switch l := source.LanguageOf(p); l {
	case source.Go, source.Java, source.Python, source.JavaScript, source.TypeScript, source.TSX:
		return Family(l) == Family(lang)
	case source.Rust, source.Unknown:
	}
	return true
}

// Family joins the languages that one tool runs.
func Family(l source.Language) source.Language {
	if l == source.TypeScript || l == source.TSX {
		return source.JavaScript
	}
	return l
}

// Quoted gives a word that a shell reads as it is.
func Quoted(word string) string { return plan.Command{Argv: []string{word}}.String() }

// MaxSource bounds the size of a source file that is read.
const MaxSource = 8 << 20

// MaxOutput bounds what is kept of one test run. A run that prints more cannot
// be judged, since the middle of its report is missing.
const MaxOutput = 64 << 20

// OnlyPlace gives the only place in a unit's files that fits a pattern.
func OnlyPlace(tree fs.FS, u Unit, pattern string) (file string, line int) {
	declared := regexp.MustCompile(pattern)
	for _, p := range u.Files {
		text, _ := ReadText(tree, p)
		for _, at := range declared.FindAllStringIndex(text, 2) {
			if file != "" {
				return "", 0
			}
			file, line = p, 1+strings.Count(text[:at[0]], "\n")
		}
	}
	return file, line
}

// ReadText gives a regular file of bounded size as text.
func ReadText(tree fs.FS, p string) (string, bool) {
	info, err := fs.Lstat(tree, p)
	if err != nil || !info.Mode().IsRegular() || info.Size() > MaxSource {
		return "", false
	}
	text, err := fs.ReadFile(tree, p)
	return string(text), err == nil
}
