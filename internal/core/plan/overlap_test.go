package plan

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// pathsOver gives every path over a small alphabet, up to a length.
func pathsOver(alphabet string, longest int) []string {
	level, out := []string{""}, []string(nil)
	for range longest {
		var next []string
		for _, p := range level {
			for _, c := range alphabet {
				if c == '/' && (p == "" || strings.HasSuffix(p, "/")) {
					continue
				}
				next = append(next, p+string(c))
			}
		}
		for _, p := range next {
			if !strings.HasSuffix(p, "/") {
				out = append(out, p)
			}
		}
		level = next
	}
	return out
}

func randomGlob(rnd *rand.Rand) string {
	parts := []string{"a", "a", "b", "b", "/", "/", "/", "*", "?", "**/", "/**", "/**/", "[ab]", "[!a]", "{a,b/}", "{,a}", "[a-b]", "{*,b}"}
	for {
		var b strings.Builder
		for range 1 + rnd.IntN(5) {
			b.WriteString(parts[rnd.IntN(len(parts))])
		}
		if fault, _ := ValidGlob(b.String()); fault == "" {
			return b.String()
		}
	}
}

// Overlap against brute force over all short paths, by MatchAny: a path that
// both match is never missed, and where Overlap says yes without one, the path
// that it has found is longer and is matched by both.
func TestOverlapProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	paths := pathsOver("abx/", 5)
	const pairs = 800
	short, long := 0, 0
	for range pairs {
		a, b := randomGlob(rnd), randomGlob(rnd)
		want := slices.ContainsFunc(paths, func(p string) bool {
			return MatchAny([]string{a}, p) && MatchAny([]string{b}, p)
		})
		got := Overlap(a, b)
		switch {
		case want && !got:
			t.Errorf("Overlap(%q, %q) misses a path", a, b)
		case want:
			short++
		case got:
			long++
			checkExample(t, a, b)
		}
	}
	if short < pairs/20 || short > pairs*19/20 || long > pairs/20 {
		t.Fatalf("of %d pairs %d share a short path, %d a long one: the test shows little", pairs, short, long)
	}
}

// checkExample fails when a path said to match both globs does not.
func checkExample(t *testing.T, a, b string) {
	t.Helper()
	left := maxEffort
	for _, p := range compile(a) {
		for _, q := range compile(b) {
			path, found := commonPath(p, q, &left)
			if found && path != "" && (!MatchAny([]string{a}, path) || !MatchAny([]string{b}, path)) {
				t.Errorf("%q is said to match both %q and %q", path, a, b)
			}
		}
	}
}

func FuzzOverlapExample(f *testing.F) {
	f.Add("internal/**", "**/*_test.go")
	f.Add("{a,b}[!x-z]?", "*/**/z")
	f.Add("[a-c-e]*", "[--a]")
	f.Add("dir", "dir/")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, g := range []string{a, b} {
			if fault, _ := ValidGlob(g); fault != "" {
				return
			}
		}
		checkExample(t, a, b)
	})
}
