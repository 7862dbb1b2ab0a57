package repomap

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/source"
)

const maxPlain = 300 // bytes of a path that can be written into a plan with room to spare

// isPlain reports whether a path can stand in a plan and in a command: it
// prints as it is, on one line, and means itself.
func isPlain(p string) bool {
	return p != "" && len(p) <= maxPlain && utf8.ValidString(p) && p == path.Clean(p) && !strings.HasPrefix(p, "/") && p != ".." && !strings.HasPrefix(p, "../") &&
		p == strings.TrimSpace(p) && !strings.ContainsAny(p, "\\!") &&
		strings.IndexFunc(p, func(r rune) bool { return r != ' ' && (!unicode.IsGraphic(r) || unicode.IsSpace(r) || isReordering(r)) }) < 0
}

func isReordering(r rune) bool {
	return r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// isForeign reports whether a path is not the project's own code: what others
// wrote, what a tool made, what tests read.
func isForeign(p string) bool {
	for name := range strings.SplitSeq(path.Dir(p), "/") {
		switch strings.ToLower(name) {
		case "vendor", "node_modules", "third_party", "bower_components", "testdata", "fixtures", "__fixtures__", "__snapshots__",
			"dist", "__pycache__", "site-packages", "venv":
			return true
		}
		if len(name) > 1 && name[0] == '.' {
			return true
		}
	}
	base := strings.ToLower(path.Base(p))
	return strings.HasSuffix(base, ".min.js") || strings.HasSuffix(base, ".pb.go") || strings.HasSuffix(base, "_pb2.py") ||
		strings.HasSuffix(base, ".gen.go") || strings.HasSuffix(base, "_gen.go") || strings.HasPrefix(base, "zz_generated") || strings.HasSuffix(base, ".d.ts")
}

// IsCode reports whether a path is one of the project's own code, in a
// language that is known here, tests included.
func IsCode(p string) bool { return source.LanguageOf(p) != source.Unknown && !isForeign(p) }

// isAside reports whether a folder is beside the project and not part of it:
// examples, benchmarks, documents and what tests use. What is built and tested
// there is not what a change of the project has to pass.
func isAside(dir string) bool {
	for name := range strings.SplitSeq(dir, "/") {
		switch name = strings.ToLower(name); name {
		case "example", "examples", "sample", "samples", "demo", "demos", "template", "templates", "tutorial", "tutorials",
			"bench", "benchmark", "benchmarks", "doc", "docs", "website", "site", "testing", "integrationtests", "integration_tests":
			return true
		}
		if len(name) > 1 && name[0] == '_' || isTestsName(name) {
			return true
		}
	}
	return false
}

// isTest follows the names by which the test programs of the languages find
// tests.
func isTest(p string) bool {
	base := path.Base(p)
	switch source.LanguageOf(p) {
	case source.Go:
		return strings.HasSuffix(base, "_test.go")
	case source.Python:
		return strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test.py") || base == "conftest.py" || inTests(path.Dir(p))
	case source.JavaScript, source.TypeScript, source.TSX:
		stem := strings.TrimSuffix(base, path.Ext(base))
		return strings.HasSuffix(stem, ".test") || strings.HasSuffix(stem, ".spec") || inTests(path.Dir(p))
	case source.Java:
		return strings.Contains("/"+p, "/src/test/") || strings.HasSuffix(base, "Test.java") || strings.HasSuffix(base, "IT.java")
	case source.Rust:
		return inTests(path.Dir(p)) || base == "tests.rs"
	case source.Unknown:
	}
	return false
}

// inTests reports whether a folder is one of tests, by any of its names.
func inTests(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), isTestsName)
}

func isTestsName(name string) bool {
	return name == "test" || name == "tests" || name == "__tests__" || name == "spec" || name == "e2e"
}

// glob gives a path as a glob that matches it: characters that mean something
// in a glob stand for any character.
func glob(p string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("*?[]{}", r) {
			return '?'
		}
		return r
	}, p)
}

// below gives the glob for a folder and everything in it.
func below(dir string) string {
	if dir == "." {
		return "**"
	}
	return glob(dir) + "/**"
}

// shell quotes a word for a shell where that is needed. A word that looks like
// an option gets a folder before it.
func shell(word string) string {
	if strings.HasPrefix(word, "-") {
		word = "./" + word
	}
	odd := strings.IndexFunc(word, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_./@%+=:,-", r)
	})
	if odd >= 0 {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// in gives a command line as it is typed at the root for a folder.
func in(dir, line string) string {
	if dir == "." {
		return line
	}
	return "cd " + shell(dir) + " && " + line
}

// relative gives a path below a folder as it is named there.
func relative(dir, p string) string {
	if dir == "." {
		return p
	}
	return strings.TrimPrefix(p, dir+"/")
}

// note says what was left out.
func (l *look) note(format string, args ...any) {
	l.out.Notes = append(l.out.Notes, fmt.Sprintf(format, args...))
}

// Wanted gives the files whose text Look reads, those nearest to the root
// first.
func Wanted(paths []string) []string {
	var out, tests []string
	for _, p := range paths {
		if !isPlain(p) {
			continue
		}
		switch {
		case isOwners(p), !isForeign(p) && isManifest(path.Base(p)):
			out = append(out, p)
		case source.LanguageOf(p) == source.Python && isTest(p) && !isForeign(p):
			tests = append(tests, p)
		}
	}
	slices.SortFunc(tests, byDepth)
	slices.SortFunc(out, byDepth)
	out = append(out[:min(len(out), MaxTexts-maxPeeks)], tests[:min(len(tests), maxPeeks)]...)
	return out
}

const maxPeeks = 20 // test files that are read to see for which program they are written

// isManifest reports whether a file says how a project is built.
func isManifest(base string) bool {
	switch strings.ToLower(base) {
	case "go.mod", "go.work", "package.json", "pnpm-workspace.yaml", "pyproject.toml", "setup.cfg", "tox.ini", "pipfile", "requirements.txt",
		"requirements-dev.txt", "dev-requirements.txt", "requirements_dev.txt", "requirements-test.txt", "test-requirements.txt",
		"cargo.toml", "pom.xml", "settings.gradle", "settings.gradle.kts",
		"makefile", "gnumakefile", "justfile", ".justfile", "taskfile.yml", "taskfile.yaml":
		return true
	}
	return false
}
