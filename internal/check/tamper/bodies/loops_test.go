package bodies

import (
	"slices"
	"testing"

	"muster/internal/source/reader"
)

// Loops that go through less than they did, written in other ways.
func TestFewerRows(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	py := func(loop string) string { return "rows = load()\nfor n in " + loop + ":\n    assert f(n) == 1" }
	js := func(loop string) string {
		return "const rows = load();\nfor (const r of " + loop + ") {\n  expect(f(r)).toBe(1);\n}"
	}
	for _, tt := range []struct{ name, path, was, is, rule string }{
		{"the first row", "test_a.py", py("rows"), py("rows[:1]"), "cases_lost"},
		{"the first of a call", "test_a.py", py("load_rows()"), py("load_rows()[:1]"), "cases_lost"},
		{"without the last", "test_a.py", py("rows"), py("rows[:-1]"), "cases_lost"},
		{"only one", "test_a.py", py("rows"), py("[rows[0]]"), "cases_lost"},
		{"by islice", "test_a.py", py("rows"), py("islice(rows, 1)"), "cases_lost"},
		{"some of them", "test_a.py", py("rows"), py("(r for r in rows if r.ok)"), "cases_lost"},
		{"another number", "test_a.py", py("range(3)"), py("range(1)"), "cases_lost"},
		{"a higher number", "test_a.py", py("range(3)"), py("range(5)"), ""},
		{"another start", "test_a.py", py("range(1, 9)"), py("range(8, 9)"), "cases_lost"},
		{"all numbered", "test_a.py", py("rows"), py("enumerate(rows)"), ""},
		{"all sorted", "test_a.py", py("rows"), py("sorted(rows)"), ""},
		{"it had the first only", "test_a.py", py("rows[:1]"), py("rows[:2]"), ""},
		{"a step", "test_a.py", py("rows"), py("rows[::2]"), "cases_lost"},
		{"other rows", "test_a.py", py("rows"), py("rows[1:]"), "cases_lost"},
		{"cut before the loop", "test_a.py", py("rows"), "rows = load()\nrows = rows[:1]\nfor n in rows:\n    assert f(n) == 1", "cases_lost"},
		{"cut where they come from", "test_a.py", py("rows"), "rows = load()[:1]\nfor n in rows:\n    assert f(n) == 1", "cases_lost"},
		{"an end after the first", "test_a.py", py("rows"), "rows = load()\nfor n in rows:\n    assert f(n) == 1\n    break", "cases_lost"},
		{"cut under another name", "test_a.py", "for n in load(1):\n    assert f(n) == 1", "ROWS = load(1)[:1]\nfor n in ROWS:\n    assert f(n) == 1", "cases_lost"},
		{"all under another name", "test_a.py", "for n in load(1):\n    assert f(n) == 1", "ROWS = load(1)\nfor n in ROWS:\n    assert f(n) == 1", ""},
		{"something else is cut", "test_a.py", "for n in load(1):\n    assert f(n) == 1", "ROWS = take(1)[:1]\nfor n in ROWS:\n    assert f(n) == 1", ""},
		{"a text is cut", "test_a.py", "text = load()\nassert f(text) == 1", "text = load()[:1]\nassert f(text) == 1", ""},
		{"the first of a list", "a.test.ts", js("rows"), js("rows.slice(0, 1)"), "cases_lost"},
		{"one of two loops", "a.test.ts", js("rows") + "\nfor (const r of rows) {\n  expect(g(r)).toBe(1);\n}", js("rows") + "\nfor (const r of rows.filter((r) => r.a)) {\n  expect(g(r)).toBe(1);\n}", "cases_lost"},
		{"another condition", "a.test.ts", "const rows = load().filter((r) => r.a);\nfor (const r of rows) {\n  expect(f(r)).toBe(1);\n}", "const rows = load().filter((r) => r.a && !r.b);\nfor (const r of rows) {\n  expect(f(r)).toBe(1);\n}", "cases_lost"},
		{"a condition less", "a.test.ts", "const rows = load().filter((r) => r.a && !r.b);\nfor (const r of rows) {\n  expect(f(r)).toBe(1);\n}", "const rows = load().filter((r) => r.a);\nfor (const r of rows) {\n  expect(f(r)).toBe(1);\n}", ""},
		{"a copy", "a.test.ts", js("rows"), js("rows.slice()"), ""},
		{"cut where they come from, in TypeScript", "a.test.ts", js("rows"), "const rows = load().slice(0, 1);\nfor (const r of rows) {\n  expect(f(r)).toBe(1);\n}", "cases_lost"},
		{"cut on the way", "a.test.ts", js("rows"), "const rows = load();\nrows.length = 1;\nfor (const r of rows) {\n  expect(f(r)).toBe(1);\n}", "cases_lost"},
		{"an end after the first, in TypeScript", "a.test.ts", js("rows"), "const rows = load();\nfor (const r of rows) {\n  expect(f(r)).toBe(1);\n  break;\n}", "cases_lost"},
		{"each of the first", "a.test.ts", "rows.forEach((r) => {\n  expect(f(r)).toBe(1);\n});", "rows.slice(0, 2).forEach((r) => {\n  expect(f(r)).toBe(1);\n});", "cases_lost"},
		{"a bound", "a.test.ts", "for (let i = 0; i < 10; i++) {\n  expect(f(i)).toBe(1);\n}", "for (let i = 0; i < 2; i++) {\n  expect(f(i)).toBe(1);\n}", "cases_lost"},
		{"a bound that is a name", "a.test.ts", "for (let i = 0; i < rows.length; i++) {\n  expect(f(rows[i])).toBe(1);\n}", "for (let i = 0; i < 1; i++) {\n  expect(f(rows[i])).toBe(1);\n}", "cases_lost"},
		{"the first of a slice", "a_test.go", "for _, r := range rows {\n\tif f(r) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for _, r := range rows[:1] {\n\tif f(r) != 1 {\n\t\tt.Error(1)\n\t}\n}", "cases_lost"},
		{"a number", "a_test.go", "for i := range 100 {\n\tif f(i) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for i := range 1 {\n\tif f(i) != 1 {\n\t\tt.Error(1)\n\t}\n}", "cases_lost"},
		{"rows that are numbers", "a_test.go", "for _, r := range rows {\n\tif f(r) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for i := range 1 {\n\tif f(rows[i]) != 1 {\n\t\tt.Error(1)\n\t}\n}", "cases_lost"},
		{"a counted loop becomes a range", "a_test.go", "for i := 0; i < 10; i++ {\n\tif f(i) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for i := range 10 {\n\tif f(i) != 1 {\n\t\tt.Error(1)\n\t}\n}", ""},
		{"an end after the first, in Go", "a_test.go", "for _, r := range rows {\n\tif f(r) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for _, r := range rows {\n\tif f(r) != 1 {\n\t\tt.Error(1)\n\t}\n\tbreak\n}", "cases_lost"},
		{"an end in a switch", "a_test.go", "for _, r := range rows {\n\tif f(r) != 1 {\n\t\tt.Error(1)\n\t}\n}", "for _, r := range rows {\n\tif f(r) != 1 {\n\t\tt.Error(1)\n\t}\n\tswitch r {\n\tcase 1:\n\t\tbreak\n\t}\n}", ""},
		{"an end of a search", "test_a.py", "while True:\n    n = f()\n    if n == 1:\n        break\nassert n == 1", "while True:\n    n = f()\n    m = n\n    if m == 1:\n        break\nassert n == 1", ""},
		{"an end in a guard", "test_a.py", "for n in load():\n    assert f(n) == 1", "for n in load():\n    assert f(n) == 1\n    if n == 3:\n        g(n)\n        break", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was, is := bodyOf(t, parser, tt.path, tt.was), bodyOf(t, parser, tt.path, tt.is)
			var got []string
			for _, w := range Compare(was, is, inOrder(was, is), nil) {
				got = append(got, w.Rule)
			}
			if tt.rule == "" && len(got) > 0 || tt.rule != "" && !slices.Contains(got, tt.rule) {
				t.Errorf("found %v, want %q", got, tt.rule)
			}
		})
	}
}

// A loop that goes round once, or ends after its first round, is no matter of
// time.
func TestFewerRowsAreSure(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	for _, tt := range []struct {
		was, is string
		want    bool
	}{
		{"for n in range(9):\n    assert f(n) == 1", "for n in range(1):\n    assert f(n) == 1", true},
		{"for n in range(9):\n    assert f(n) == 1", "for n in range(3):\n    assert f(n) == 1", false},
		{"for n in rows:\n    assert f(n) == 1", "for n in rows:\n    assert f(n) == 1\n    break", true},
	} {
		was, is := bodyOf(t, parser, "test_a.py", tt.was), bodyOf(t, parser, "test_a.py", tt.is)
		got := Compare(was, is, []Pair{{was.Assertions[0], is.Assertions[0]}}, nil)
		if len(got) != 1 || got[0].Rule != "cases_lost" || got[0].Sure != tt.want {
			t.Errorf("%s: %+v", tt.is, got)
		}
	}
}
