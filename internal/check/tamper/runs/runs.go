// Package runs tells, from names and build constraints, which tests the usual
// runner of a language starts.
package runs

import (
	"go/build/constraint"
	"path"
	"slices"
	"strings"

	"muster/internal/check/tamper/words"
	"muster/internal/core/change"
	"muster/internal/source"
)

// Collected reports whether the usual runner of the language looks for tests
// in a file of that name.
func Collected(p string) bool {
	base := path.Base(p)
	switch source.LanguageOf(p) {
	case source.Go:
		return strings.HasSuffix(base, "_test.go") && !strings.HasPrefix(base, "_") && !strings.HasPrefix(base, ".") && !leftOut(p)
	case source.Python:
		return strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test.py") || base == "tests.py"
	case source.JavaScript, source.TypeScript, source.TSX:
		inner := path.Ext(strings.TrimSuffix(base, path.Ext(base)))
		return inner == ".test" || inner == ".spec" || slices.Contains(strings.Split(path.Dir(p), "/"), "__tests__")
	case source.Java, source.Rust, source.Unknown:
	}
	return change.Classify(p, nil).Test
}

// leftOut reports whether "go test ./..." does not see a file on usual
// machines, for its folder or for a platform in its name (see "go help
// packages" and "go help buildconstraint").
func leftOut(p string) bool {
	folders := strings.Split(path.Dir(p), "/")
	if slices.ContainsFunc(folders, func(f string) bool {
		return f == "testdata" || f == "vendor" || f != "." && f != ".." && (strings.HasPrefix(f, "_") || strings.HasPrefix(f, "."))
	}) {
		return true
	}
	parts := strings.Split(strings.TrimSuffix(path.Base(p), "_test.go"), "_")
	for _, part := range parts[max(1, len(parts)-2):] {
		switch part {
		case "aix", "android", "dragonfly", "freebsd", "illumos", "ios", "js", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "zos", "wasm", "mips", "mips64", "ppc64", "ppc64le", "riscv64", "s390x", "loong64":
			return true
		}
	}
	return false
}

// OnlyOn gives the platform that the name of a file of Go binds it to; empty
// when there is none.
func OnlyOn(p string) string {
	if source.LanguageOf(p) != source.Go {
		return ""
	}
	parts := strings.Split(strings.TrimSuffix(strings.TrimSuffix(path.Base(p), ".go"), "_test"), "_")
	for _, part := range parts[1:] {
		switch part {
		case "windows", "darwin", "linux", "amd64", "arm64", "arm", "386":
			return part
		}
	}
	return ""
}

// ByDefault reports whether a build constraint holds where nobody sets a
// tag, on at least one usual platform.
func ByDefault(text string) bool {
	x, err := constraint.Parse(text)
	if err != nil {
		return false
	}
	for _, platform := range []string{"linux", "darwin", "windows"} {
		if x.Eval(func(tag string) bool {
			return tag == platform || tag == "unix" && platform != "windows" || tag == "amd64" || tag == "gc" || tag == "cgo" || strings.HasPrefix(tag, "go1")
		}) {
			return true
		}
	}
	return false
}

// OnPlatforms reports whether a build constraint names nothing but platforms,
// compilers and Go's own tags (see "go help buildconstraint").
func OnPlatforms(text string) bool {
	for _, tok := range words.Scan(strings.TrimPrefix(strings.TrimPrefix(text, "//go:build"), "//go:build "), source.Go) {
		if tok.Kind != words.Word {
			continue
		}
		switch tag := tok.Text; {
		case strings.HasPrefix(tag, "go1"), tag == "cgo", tag == "gc", tag == "gccgo", tag == "race", tag == "msan", tag == "asan", tag == "unix", tag == "purego", tag == "tinygo":
		case strings.Contains(" aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows zos 386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm appengine ", " "+tag+" "):
		default:
			return false
		}
	}
	return true
}

// IsStep reports whether a function is named as a step around tests, and not as
// an assertion of theirs.
func IsStep(name string) bool {
	name = strings.ToLower(words.Leaf(name))
	for _, step := range []string{"setup", "teardown", "before", "after", "cleanup"} {
		if strings.HasPrefix(name, step) {
			return true
		}
	}
	return false
}
