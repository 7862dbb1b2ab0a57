package hardcoded

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// What a finding says, and to whom it points.
func TestWhatIsSaid(t *testing.T) {
	base := checktest.Files{"slug.go": slug, "slug_test.go": slugTest, "x_test.go": "package slug\n\nvar pairs = []string{\"a b c\", \"d e f\"}\n"}
	const asked = "if title == \"Übung macht den Meister!\" {\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n"
	const hash = "if sum := sha256.Sum256([]byte(title)); hex(sum) == \"9f86d081884c7d65\" {\n\t\treturn \"other\"\n\t}\n"
	for head, want := range map[string]string{
		top("\t" + asked): "Make gives back \"uebung-macht-den-meister\" for exactly \"Übung macht den Meister!\", which slug_test.go expects at line 8: it answers the test, not the question.",
		top("\t" + asked + "\tif title == \"Hello World\" {\n\t\treturn \"hello-world\"\n\t}\n"): "not the question; 1 more such cases.",
		slug + "\nif x == \"a b c\" {\n\treturn \"d e f\"\n}\n":                                  "slug.go gives back \"d e f\" for exactly \"a b c\", which x_test.go",
		top("\t" + hash): "Make gives back \"other\" for an input that it knows by its hash",
		slug + "\nvar _ = sha256.New\nvar x = map[string]bool{}\n\nif \"9f86d081884c7d65\" == hash {\n\treturn 17\n}\n": "slug.go gives back 17 for an input that it knows by its hash",
		top("\tif testing.Testing() {\n\t\treturn title\n\t}\n"):                                                        "Make asks whether it is being tested, by testing.Testing(): ",
		slug + "\nvar quick = testing.Testing()\n":                                                                      "slug.go asks whether it is being tested, by testing.Testing(): ",
		top("\truntime.Callers(1, pcs)\n\tif strings.HasSuffix(file(pcs), \"_test.go\") {\n\t\treturn title\n\t}\n"):    "Make asks whether it is being tested, by who calls it: ",
	} {
		got := judged(t, base, base.With(checktest.Files{"slug.go": head}))
		if len(got.Findings) != 1 || !strings.Contains(got.Findings[0].Message, want) {
			t.Errorf("%+v, want %q", got.Findings, want)
		}
	}
	if got := shown([]string{"a", "12", "true", "b"}); got != `"a", 12, true, ...` {
		t.Error(got)
	}
}

// Values that no program would know by name, numbers and hashes.
func TestValues(t *testing.T) {
	for v, want := range map[string]string{
		"1994": "odd number", "-1994": "odd number", "200": "number", "599": "number", "612": "odd number", "7": "number", "1000": "number", "12.5": "odd number", "9": "number",
		"1234567": "odd number hash", "123456": "odd number",
		"Hello World": "odd", "hello": "", "a/b": "", "": "", "a9f86d081884c7d65": "odd hash", "deadbeef": "hash", "deadbee": "", "not a hash": "odd",
	} {
		var got []string
		if odd(v) {
			got = append(got, "odd")
		}
		if isNumber(v) {
			got = append(got, "number")
		}
		if hashValue(v) {
			got = append(got, "hash")
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", v, got, want)
		}
	}
}

// A case is compared with tests when it says enough.
func TestTelling(t *testing.T) {
	for _, tt := range []struct {
		in, out string
		parts   int
		want    bool
	}{
		{"abc", "value", 1, true},
		{"abc", "true", 1, false},
		{"abcd", "true", 1, true},
		{"a b", "true", 1, true},
		{"abc|de", "true", 2, true},
		{"612", "false", 1, true},
		{"200", "false", 1, false},
		{"some title", "", 1, false},
		{"1", "value", 1, false},
		{"1|2", "value", 2, true},
	} {
		s := special{in: strings.Split(tt.in, "|"), out: strings.Split(tt.out, "|"), parts: tt.parts}
		if telling(s) != tt.want {
			t.Errorf("%+v: %v", tt, !tt.want)
		}
	}
}

func TestScore(t *testing.T) {
	var was source.Function
	for name, tt := range map[string]struct {
		s             special
		base          *source.Function
		dispatch      int
		cases, tested int
		want          float64
	}{
		"new, plain":           {special{in: []string{"abc"}, out: []string{"def"}, parts: 1}, nil, 0, 1, 1, 1},
		"odd input":            {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1}, nil, 0, 1, 1, 3},
		"odd on both sides":    {special{in: []string{"a b c"}, out: []string{"d e f"}, parts: 1}, nil, 0, 1, 1, 4},
		"several parts":        {special{in: []string{"a b c"}, out: []string{"d e f"}, parts: 2}, nil, 0, 1, 1, 4.5},
		"plain, several parts": {special{in: []string{"abc"}, out: []string{"def"}, parts: 2}, nil, 0, 1, 1, 2.5},
		"many results":         {special{in: []string{"a b c"}, out: []string{"d e f", "g", "h"}, parts: 1}, nil, 0, 1, 1, 4.5},
		"did without":          {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1}, &was, 0, 1, 1, 5},
		"had one":              {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1}, &was, 1, 1, 1, 4},
		"had many":             {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1}, &was, 2, 1, 1, 2},
		"all are asked for":    {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1}, nil, 0, 2, 2, 3.5},
		"some are asked for":   {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1}, nil, 0, 3, 2, 3},
		"few are asked for":    {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1}, nil, 0, 3, 1, 2},
		"a new table":          {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1, entry: true}, nil, 0, 1, 1, 2},
		"a table":              {special{in: []string{"a b c"}, out: []string{"def"}, parts: 1, entry: true}, &was, 0, 1, 1, 5},
	} {
		g := group{name: "Make", base: tt.base, dispatch: tt.dispatch, cases: make([]special, tt.cases), tested: make([]suspect, tt.tested)}
		if got := g.score(suspect{special: tt.s, at: place{file: &testFile{text: "Make(x)"}}}); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
		if got := g.score(suspect{special: tt.s, at: place{file: &testFile{}}}); got != tt.want-1 {
			t.Errorf("%s, by another test: %v, want %v", name, got, tt.want-1)
		}
	}
}

// What a statement gives back, when it is nothing but literals.
func TestResults(t *testing.T) {
	for code, want := range map[string]string{
		"return \"a\", \"b\"":                        "a|b",
		"return true, nil":                           "true",
		"return -5":                                  "-5",
		"return f(x)":                                "",
		"return x + \"a\"":                           "",
		"return Money(\"12.50\")":                    "12.50",
		"return money(\"12.50\")":                    "",
		"return Point{\"a\"}":                        "a",
		"return point{\"a\"}":                        "a",
		"return Point{Name: \"a\"}":                  "a",
		"return NewError(\"x y z\")":                 "",
		"return 3 * time.Second":                     "3",
		"return []string{\n\"a\",\n\"b\",\n}\n\"c\"": "a|b",
		"return\n\"a\"":                              "",
	} {
		if got, _ := (reader{tokensOf(code, source.Go)}).values(1); strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

// The forms in which code asks for a value.
func TestForms(t *testing.T) {
	for _, tt := range []struct {
		lang       source.Language
		code, want string
	}{
		{source.Python, "if name[2:] == 'Some Title':\n    return 'x y'\n", "Some Title: x y"},
		{source.Python, "if name in ('Some Title', 'Other'):\n    return 'x y'\n", "Some Title|Other: x y"},
		{source.Python, "if name in [x, 'Some Title']:\n    return 'x y'\n", "Some Title: x y"},
		{source.Python, "if name in TITLES:\n    return 'x y'\n", ""},
		{source.Go, "{\n\"a b\": []string{\"x\", \"y\"},\n\"c\": z,\n\"d\": \"e\", \"f\": \"g\"}\n", "a b: x|y;d: e;f: g"},
		{source.Go, "if md5(x) == \"deadbeef00\" { return \"a\" }", "deadbeef00: a hashed"},
		{source.Go, "if x == \"deadbeef00\" { return \"a\" }", "deadbeef00: a"},
	} {
		var got []string
		for _, s := range specials("a", source.File{}, tokensOf(tt.code, tt.lang), func(int) bool { return true }) {
			text := strings.Join(s.in, "|") + ": " + strings.Join(s.out, "|")
			if s.hashed {
				text += " hashed"
			}
			got = append(got, text)
		}
		if strings.Join(got, ";") != tt.want {
			t.Errorf("%s: %q, want %q", tt.code, got, tt.want)
		}
	}
}

func TestTogether(t *testing.T) {
	f := &testFile{path: "a_test.go", text: "call(-5, x, true) == \"x y\"\n\n\n\n\n\n\n\nother == \"far\"\n"}
	f.index()
	for values, want := range map[string]bool{"x y": true, "-5|x y": true, "x y|true": true, "x y|false": false, "x y|far": false, "call|x y": false, "x|x y": false} {
		if _, got := f.together(strings.Split(values, "|")); got != want {
			t.Errorf("%s: %v", values, got)
		}
	}
}

// The tests beside the code, and those of its name, come first.
func TestNearestFirst(t *testing.T) {
	var got []string
	for _, p := range []string{"z/far_test.go", "a/b/c_test.go", "a/x/y_test.go", "a/code_test.go", "a/b/deep/d_test.go", "z/code_test.go"} {
		got = append(got, fmt.Sprint(distance(p, []string{"a/b/code.go"})))
	}
	if want := []string{"0", "4", "2", "3", "2", "3"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := distance("z/ab_test.go", []string{"a/ab.go"}); got != 0 {
		t.Errorf("a short name: %d", got)
	}
}

func TestOpenTokens(t *testing.T) {
	for _, tt := range []struct {
		lang       source.Language
		code, want string
	}{
		{source.Python, "'''a\nb''' c", "a\nb@1 c@2"},
		{source.Python, "'''a b", "'@1 a@1 b@1"},
		{source.Go, "a /* open\nb", "a@1"},
		{source.Go, "a // b", "a@1"},
		{source.Python, "a # b", "a@1"},
	} {
		var got []string
		for _, x := range tokensOf(tt.code, tt.lang) {
			if x.value != "" {
				got = append(got, fmt.Sprintf("%s@%d", x.value, x.line))
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: %q, want %q", tt.code, got, tt.want)
		}
	}
}

// Tests that were not read are named.
func TestTooManyTests(t *testing.T) {
	base := checktest.Files{"slug.go": slug}
	for i := range maxTests + 1 {
		base[fmt.Sprintf("t/a%03d_test.go", i)] = "package t\n"
	}
	got := judged(t, base, base.With(checktest.Files{"slug.go": top("\tif title == \"a b\" {\n\t\treturn \"a-b\"\n\t}\n")}))
	if len(got.NotRun) != 1 || !strings.HasPrefix(got.NotRun[0], "1 of 401 test files") || got.Status != evidence.Passed {
		t.Errorf("%s %q", got.Status, got.NotRun)
	}
}
