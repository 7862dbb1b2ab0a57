package change

import (
	"path"
	"slices"
	"strings"
)

// Class says what sort of file a path is. A file may be of several sorts.
type Class struct {
	Test      bool // code that tests other code
	Fixture   bool // what tests read: test data, snapshots, golden files
	Generated bool // written by a program, as its name or its header says
	Vendored  bool // somebody else's code, kept in the tree
	Manifest  bool // names dependencies
	Lockfile  bool // records the exact versions of dependencies
	Document  bool // prose
}

// IsCode reports whether the file is source or data of the project itself,
// written by hand and part of what is delivered.
func (c Class) IsCode() bool { return c == Class{} || c == Class{Manifest: true} }

// Classify sorts a file by its path and, where head holds the first bytes of
// its content, by what these say. The conventions are those of the languages'
// own tools: "go help test", pytest's python_files, Jest's testMatch, Maven's
// Surefire, and Go's "Code generated ... DO NOT EDIT.".
func Classify(name string, head []byte) Class {
	folders := strings.Split(strings.ToLower(path.Dir(name)), "/")
	base := path.Base(name)
	lower := strings.ToLower(base)
	return Class{
		Test:      isTest(base, folders),
		Fixture:   isFixture(lower, folders),
		Generated: isGeneratedName(lower) || isGeneratedHeader(head),
		Vendored:  slices.ContainsFunc(folders, func(f string) bool { return f == "vendor" || f == "node_modules" || f == "third_party" }),
		Manifest:  isManifest(lower),
		Lockfile:  slices.Contains(lockfiles(), lower),
		Document:  isDocument(lower),
	}
}

func isTest(base string, folders []string) bool {
	lower := strings.ToLower(base)
	stem := strings.TrimSuffix(base, path.Ext(base))
	inTests := slices.ContainsFunc(folders, func(f string) bool { return f == "tests" || f == "test" || f == "__tests__" || f == "spec" })
	switch path.Ext(lower) {
	case ".go":
		return strings.HasSuffix(lower, "_test.go")
	case ".py":
		return strings.HasPrefix(lower, "test_") || strings.HasSuffix(lower, "_test.py") || lower == "conftest.py" || inTests
	case ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts":
		inner := path.Ext(strings.ToLower(stem))
		return inner == ".test" || inner == ".spec" || inTests
	case ".java":
		return strings.HasSuffix(stem, "Test") || strings.HasSuffix(stem, "Tests") || strings.HasSuffix(stem, "IT") || strings.HasPrefix(stem, "Test") || inTests
	case ".rs":
		return inTests || lower == "tests.rs"
	}
	return false
}

func isFixture(lower string, folders []string) bool {
	for _, f := range folders {
		switch f {
		case "testdata", "fixtures", "fixture", "__fixtures__", "__snapshots__", "golden", "goldens", "__mocks__":
			return true
		}
	}
	return slices.Contains([]string{".snap", ".golden"}, path.Ext(lower)) || strings.Contains(lower, ".golden.")
}

func isGeneratedName(lower string) bool {
	for _, end := range []string{".pb.go", ".pb.gw.go", "_pb2.py", "_pb2_grpc.py", "_pb.js", "_pb.ts", ".min.js", ".min.css", "_generated.go", ".gen.go", ".g.dart"} {
		if strings.HasSuffix(lower, end) {
			return true
		}
	}
	return false
}

func isManifest(lower string) bool {
	if strings.HasPrefix(lower, "requirements") && strings.HasSuffix(lower, ".txt") {
		return true
	}
	return slices.Contains([]string{
		"go.mod", "go.work", "package.json", "pyproject.toml", "setup.py", "setup.cfg", "pipfile", "pom.xml",
		"build.gradle", "build.gradle.kts", "cargo.toml", "gemfile", "composer.json",
	}, lower)
}

func lockfiles() []string {
	return []string{
		"go.sum", "go.work.sum", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb",
		"deno.lock", "cargo.lock", "poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock", "gemfile.lock", "composer.lock",
		"mix.lock", "podfile.lock", "package.resolved", "pubspec.lock", "gradle.lockfile", "packages.lock.json", "flake.lock",
	}
}

func isDocument(lower string) bool {
	return slices.Contains([]string{".md", ".mdx", ".rst", ".adoc", ".txt"}, path.Ext(lower)) && !isManifest(lower) ||
		slices.Contains([]string{"license", "notice", "authors", "changelog", "readme"}, lower)
}
