package plan_test

import (
	"testing"

	"muster/internal/core/plan"
)

func TestMatchAny(t *testing.T) {
	tests := []struct {
		glob     string
		yes, not []string
	}{
		{"dir/**", []string{"dir/a", "dir/a/b", "dir/.hidden/.x", "dir"}, []string{"dirt/a", "a/dir/b", "Dir/a"}},
		{"dir", []string{"dir", "dir/a", "dir/a/b.go"}, []string{"dirt", "a/dir", "DIR"}},
		{"dir/", []string{"dir/a", "dir/a/b"}, []string{"dirt/a", "x/dir/a"}},
		{"a/b.go", []string{"a/b.go"}, []string{"a/b.gox", "b.go", "a/bxgo"}},
		{"*.go", []string{"a.go", ".go"}, []string{"a/b.go", "a.go/x", "a.GO"}},
		{"**/*.go", []string{"a.go", "a/b/c.go", ".x/.go"}, []string{"a.gox", "a.go/x"}},
		{"**", []string{"a", "a/b", ".github/workflows/x.yml"}, nil},
		{"a/**/z", []string{"a/z", "a/b/z", "a/b/c/z"}, []string{"a/zz", "z"}},
		{"{read,write}", []string{"read", "write/x"}, []string{"reader", "rea"}},
		{"{a,b/*}.md", []string{"a.md", "b/c.md"}, []string{"b/c/d.md", "a.md/x"}},
		{"a?c", []string{"abc", "aéc"}, []string{"ac", "a/c", "abbc"}},
		{"[a-c]x", []string{"bx"}, []string{"dx", "x"}},
		{"[!a-c]x", []string{"dx"}, []string{"bx"}},
		{"src/*/", []string{"src/a/b", "src/a/b/c"}, []string{"srcs/a/b"}},
		{"a*{,b}", []string{"a", "ab", "axb"}, []string{"b", "a/b"}},
		{"**/", []string{"a", "a/b"}, nil},
	}
	for _, test := range tests {
		if fault, _ := plan.ValidGlob(test.glob); fault != "" {
			t.Errorf("%q %s", test.glob, fault)
		}
		for _, path := range test.yes {
			if !plan.MatchAny([]string{"nothing", test.glob}, path) {
				t.Errorf("%q does not match %q", test.glob, path)
			}
		}
		for _, path := range test.not {
			if plan.MatchAny([]string{test.glob}, path) {
				t.Errorf("%q matches %q", test.glob, path)
			}
		}
	}
	if plan.MatchAny(nil, "a") {
		t.Error("no glob matches something")
	}
}

func TestOverlap(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"internal/**", "internal/limit/**", true},
		{"internal/a/**", "internal/b/**", false},
		{"internal/limit", "internal/limiter", false},
		{"dir", "dir/", true},
		{"dir/a", "dir", true},
		{"**/*.go", "docs/**", true},
		{"**/*.go", "docs/*.md", false},
		{"*_test.go", "test_*.go", true},
		{"*_test.go", "*_test.py", false},
		{"a*c", "a?c", true},
		{"a?c", "ac", false},
		{"[a-m]*.md", "[n-z]*.md", false},
		{"[a-n]*.md", "[n-z]*.md", true},
		{"[!a]x", "[a]x", false},
		{"[!a]x", "[!b]x", true},
		{"{a,b}/*.go", "{b,c}/x.go", true},
		{"{a,b}/*.go", "{c,d}/*.go", false},
		{"a/**/z", "a/b/*", true},
		{"a/**/z", "b/**/z", false},
		{"**/a/**", "**/b/**", true},
		{"**", "x", true},
		{"*", "a/b", false},
		{"[.-0]a", "[!.0]a", false}, // the characters shared are only /
		{"[!b]x", "*/x", false},     // only an empty name would do
		{"*.go", "a/b.go", false},
	}
	for _, test := range tests {
		if got := plan.Overlap(test.a, test.b); got != test.want {
			t.Errorf("Overlap(%q, %q) is %v", test.a, test.b, got)
		}
		if got := plan.Overlap(test.b, test.a); got != test.want {
			t.Errorf("Overlap(%q, %q) is %v", test.b, test.a, got)
		}
	}
}
