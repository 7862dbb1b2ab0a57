package bodies

import (
	"strings"
	"testing"

	"muster/internal/source"
	"muster/internal/source/reader"
)

// Each case is a whole file before and after, of which the last test is
// compared: what a test is given stands around its body.
func TestGiven(t *testing.T) {
	const (
		rows     = "@pytest.mark.parametrize(\"n, expected\", [\n    (1, 2),\n    (2, 4),\n])\ndef test_double(n, expected):\n    assert double(n) == expected\n"
		manyRows = "@pytest.mark.parametrize(\"n, expected\", [\n    (1, 2),\n    (2, 4),\n    (3, 6),\n    (4, 8),\n    (5, 10),\n    (6, 12),\n    (7, 14),\n    (8, 16),\n    (9, 18),\n])\ndef test_double(n, expected):\n    assert double(n) == expected\n"
		ofModule = "expected = 2\n\n\n@pytest.mark.parametrize(\"n\", [\n    1,\n    -1,\n])\ndef test_double(n):\n    assert double(n) == expected\n"
		table    = "package a\n\nfunc TestDouble(t *testing.T) {\n\tfor _, c := range []struct {\n\t\tn, want int\n\t}{\n\t\t{1, 2},\n\t\t{2, 4},\n\t} {\n\t\tif got := double(c.n); got != c.want {\n\t\t\tt.Error(got)\n\t\t}\n\t}\n}\n"
		given    = "def test_check(got, limit):\n    assert got == {1: 2}\n"
		givenLow = "def test_check(\n    limit,\n    got,\n):\n    assert got == {1: 2}\n"
	)
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	for _, tt := range []struct{ name, path, was, from, to, rule string }{
		{"what rows expect is not looked at", "test_a.py", rows, "== expected", "is not None", "expectation_unused"},
		{"what many rows expect is not looked at", "test_a.py", manyRows, "== expected", "is not None", "expectation_unused"},
		{"what rows expect is held against otherwise", "test_a.py", rows, "double(n) == expected", "expected == double(n)", ""},
		{"what the module expects was given by no row", "test_a.py", ofModule, "== expected", "not in unexpected", ""},
		{"entries without names", "a_test.go", table, "got != c.want", "got < 0", "expectation_unused"},
		{"entries without names, held against otherwise", "a_test.go", table, "got != c.want", "c.want != got", ""},
		{"worked out from what is handed in", "test_a.py", given, "assert got == {1: 2}", "expected = dict(got.items())\n    assert got == expected", ""},
		{"worked out from what is handed in on a line of its own", "test_a.py", givenLow, "assert got == {1: 2}", "expected = dict(got.items())\n    assert got == expected", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := func(text string) Body {
				f, err := parser.Parse(t.Context(), tt.path, []byte(text))
				if err != nil || len(f.Tests) == 0 {
					t.Fatalf("%v, %d tests", err, len(f.Tests))
				}
				return Body{Test: f.Tests[len(f.Tests)-1], Lang: source.LanguageOf(tt.path), Lines: strings.Split(text, "\n")}
			}
			was, is := file(tt.was), file(strings.Replace(tt.was, tt.from, tt.to, 1))
			if len(was.Assertions) != 1 || len(is.Assertions) != 1 {
				t.Fatalf("%d assertions, then %d", len(was.Assertions), len(is.Assertions))
			}
			var rules []string
			for _, w := range Compare(was, is, []Pair{{was.Assertions[0], is.Assertions[0]}}, nil) {
				rules = append(rules, w.Rule)
			}
			if got := strings.Join(rules, " "); got != tt.rule {
				t.Errorf("found %q, want %q", got, tt.rule)
			}
		})
	}
}

// A weakness points at the line that makes it one.
func TestPlace(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	for _, tt := range []struct{ name, path, was, is, at string }{
		{"an error is not handed on", "a.test.js", "run((err) => {\n  expect(1).toBe(f());\n  done(err);\n});", "run((err) => {\n  expect(1).toBe(f());\n  done();\n});", "done();"},
		{"the loop", "a_test.go", "n := 1\nfor _, c := range cases {\n\tcheck(t, c, n)\n}", "n := 1\nfor _, c := range cases[:1] {\n\tcheck(t, c, n)\n}", "for _, c := range cases[:1] {"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Compare(bodyOf(t, parser, tt.path, tt.was), bodyOf(t, parser, tt.path, tt.is), nil, nil)
			if len(got) != 1 || got[0].Is != tt.at {
				t.Errorf("%+v, want %q", got, tt.at)
			}
		})
	}
}
