package secrets

import (
	"slices"
	"testing"
)

// Every rule that is taken over compiles and has a keyword: without one it
// would be tried on every text.
func TestRules(t *testing.T) {
	var d detector
	d.read()
	if len(d.rules) < 150 {
		t.Errorf("%d rules", len(d.rules))
	}
	sure := 0
	for _, r := range d.rules {
		d.regexp(r.Regex)
		for _, a := range append(r.Allowlists, d.global) {
			for _, p := range append(a.Regexes, a.Paths...) {
				d.regexp(p)
			}
		}
		if len(r.Keywords) == 0 {
			t.Errorf("%s has no keyword", r.ID)
		}
		if r.sure {
			sure++
		}
	}
	if sure < 50 || sure > len(d.rules)-50 {
		t.Errorf("%d of %d rules have a prefix of their own", sure, len(d.rules))
	}
	for _, f := range forms() {
		if n := d.regexp(f.pattern).NumSubexp(); n != 1 || f.keyword == "" {
			t.Errorf("%s: %d groups, keyword %q", f.what, n, f.keyword)
		}
	}
}

func TestAround(t *testing.T) {
	text := "one\ntwo\nthree key\nfour\nfive\nsix\nkey\n"
	for _, tt := range []struct {
		word string
		want []string
	}{
		{"key", []string{"two\nthree key\nfour\n", "six\nkey\n"}},
		{"one", []string{"one\ntwo\n"}},
		{"four", []string{"three key\nfour\nfive\n"}},
		{"none", nil},
		{"two", []string{"one\ntwo\nthree key\n"}},
	} {
		var got []string
		for _, p := range around(text, []string{tt.word}) {
			got = append(got, text[p[0]:p[1]])
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q", tt.word, got)
		}
	}
	if got := around(text, []string{"key", "five"}); len(got) != 1 {
		t.Errorf("parts that touch: %v", got)
	}
}

// One condition of an allowlist suffices, unless all are asked for.
func TestIsAllowed(t *testing.T) {
	var d detector
	all := allowed{Paths: []string{`\.md$`}, Regexes: []string{`^ab`}, StopWords: []string{"Test"}}
	for _, tt := range []struct {
		condition, path, secret string
		want                    bool
	}{
		{"", "a.md", "xy", true},
		{"", "a.go", "abc", true},
		{"", "a.go", "mytest", true},
		{"", "a.go", "xy", false},
		{"AND", "a.md", "abtest", true},
		{"AND", "a.go", "abtest", false},
		{"AND", "a.md", "test", false},
		{"AND", "a.md", "abc", false},
	} {
		a := all
		a.Condition = tt.condition
		if got := d.isAllowed(a, tt.path, tt.secret, "", ""); got != tt.want {
			t.Errorf("%q %s %s: %t", tt.condition, tt.path, tt.secret, got)
		}
	}
	if !d.isAllowed(allowed{Condition: "AND", Target: "line", Regexes: []string{"^whole"}}, "a.go", "xy", "", "whole line") {
		t.Error("what an allowlist leaves out is asked for")
	}
}

func TestIsWords(t *testing.T) {
	for s, want := range map[string]bool{
		"password": true, "user_name.field-1": true, "clientSecretKey": true, "Enter your name": true, "xkwvbzpqrt": false, "qWxZvBnMk": false, "a9x8k2": false,
	} {
		if isWords(s) != want {
			t.Errorf("%s: %v", s, !want)
		}
	}
}

func FuzzFind(f *testing.F) {
	for i, text := range []string{"password = \"a\"", "-----BEGIN PRIVATE KEY-----\n", "://:@", "eyJ.eyJ.", "\xff\x00", "name: password\nvalue: x"} {
		f.Add(byte(i), text)
	}
	var d detector
	f.Fuzz(func(t *testing.T, n byte, text string) {
		name := []string{"a.go", "a.yaml", "tests/a.py", "a.min.js", ".env"}[int(n)%5]
		for _, m := range d.find(name, text, d.sortOf(name)) {
			if m.secret == "" || m.level == "" || m.line < 0 || m.column < 0 {
				t.Fatalf("%+v", m)
			}
		}
	})
}
