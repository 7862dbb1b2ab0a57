package bodies

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/source"
)

// Each case is a file of tests before and after, of which only what stands
// outside of tests is given.
func TestOutside(t *testing.T) {
	const rows = "rows = [\n    [\"a\", 1],\n    [\"b\", 2],\n    [\"c\", 3],\n]\n"
	asserts := []source.Test{{Name: "x", Range: source.Range{Start: 90, End: 91}, Assertions: []source.Assertion{{Subject: "total(1)"}}}}
	for _, tt := range []struct {
		name, was, is, rule string
		elsewhere           bool
		lines               string
	}{
		{"a loop", "for (const c of all) {\n}", "for (const c of all.slice(1)) {\n}", "cases_lost", false, "1"},
		{"the same", "for (const c of all) {\n}", "for (const c of all) {\n  // more\n}", "", false, ""},
		{"a list of what is left out grows", "const skipped = ['a']", "const skipped = ['a', 'b']", "cases_lost", false, "1"},
		{"a list of what is left out is new", "", "const skipped = ['a', 'b']", "", false, ""},
		{"a list on several lines grows", "const skipped = [\n  'a',\n]", "const skipped = [\n  'a',\n  'b',\n]", "cases_lost", false, "1"},
		{"entries are gone", rows, strings.Replace(rows, "    [\"a\", 1],\n    [\"b\", 2],\n", "", 1), "entries_lost", false, "0"},
		{"one entry is gone", rows, strings.Replace(rows, "    [\"a\", 1],\n", "", 1), "", false, ""},
		{"entries stand elsewhere", rows, strings.Replace(rows, "    [\"a\", 1],\n    [\"b\", 2],\n", "", 1), "", true, ""},
		{"entries are others", rows, strings.NewReplacer("\"a\"", "\"d\"", "\"b\"", "\"e\"").Replace(rows), "", false, ""},
		{"a module is replaced", "const a = 1", "vi.mock('../src/a', () => ({ total: () => 1 }))", "subject_replaced", false, "1"},
		{"another module is replaced", "const a = 1", "vi.mock('../src/a', () => ({ load: () => 1 }))", "", false, ""},
		{"a module of others is replaced", "const a = 1", "vi.mock('axios', () => ({ total: () => 1 }))", "", false, ""},
		{"it was replaced", "vi.mock('../src/a')", "vi.mock('../src/a', () => ({ total: () => 1 }))", "", false, ""},
		{"yes to everything", "const f = (a) =>\n  a.map(g)", "const f = (_) => /./", "helper_emptied", false, "1"},
		{"yes to everything, as before", "const f = (_) => true", "const f = (_a) => true", "", false, ""},
		{"one more function", "const f = (a) =>\n  a.map(g)", "const f = (a) =>\n  a.map(g)\nconst yes = () => true", "", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := func(text string) File {
				return File{Lang: source.TypeScript, Lines: strings.Split(text, "\n"), Tests: asserts}
			}
			got := Outside(file(tt.was), file(tt.is), func(_, _ string) bool { return tt.elsewhere })
			var rules []string
			for _, w := range got {
				rules = append(rules, w.Rule)
				if (w.At.Start == 1) != (tt.lines == "1") || w.Message == "" {
					t.Errorf("%+v", w)
				}
			}
			if all := strings.Join(rules, " "); all != tt.rule {
				t.Errorf("found %q, want %q", all, tt.rule)
			}
		})
	}
}

// A name for a part of what a decorator of a test went through is told once,
// where it stands; one for all of it, or for what was not gone through, is not.
func TestOutsideCutApart(t *testing.T) {
	const was = `@pytest.mark.parametrize("row", rows(), ids=name)` + "\ndef test_total(row):\n    assert total(row) == row.total\n"
	through := strings.Replace(was, "rows()", "ROWS", 1)
	for _, tt := range []struct {
		name, before, is string
		want             int
	}{
		{"a part", "", "ROWS = rows()[:1]\n" + through, 1},
		{"all of it", "", "ROWS = rows()[:]\n" + through, 0},
		{"a part of something else", "", "ROWS = lines()[:1]\n" + through, 0},
		{"not gone through", "", "FIRST = rows()[:1]\n" + was, 0},
		{"by a loop outside too", "for row in rows():\n    load(row)\n", "ROWS = rows()[:1]\nfor row in ROWS:\n    load(row)\n" + through, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := func(text string) File {
				lines := strings.Split(text, "\n")
				at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "@") }) + 1
				return File{Lang: source.Python, Lines: lines, Tests: []source.Test{{Name: "test_total", Range: source.Range{Start: at, End: at + 2}}}}
			}
			got := Outside(file(tt.before+was), file(tt.is), func(_, _ string) bool { return false })
			if len(got) != tt.want || len(got) > 0 && (got[0].Rule != "cases_lost" || got[0].At.Start != 1) {
				t.Errorf("found %+v, want %d", got, tt.want)
			}
		})
	}
}

// What stands in tests and in their cases is not outside of them, and what is
// lost is named with its line.
func TestOutsideLines(t *testing.T) {
	const list = "rows = [\n    [1, 2],\n    [2, 4],\n    [3, 6],\n]"
	lost := strings.Replace(list, "    [1, 2],\n    [2, 4],\n", "", 1)
	for _, tt := range []struct {
		name  string
		tests []source.Test
		want  string
	}{
		{"outside", nil, "the first \"[1, 2],\" (line 2 of the base)"},
		{"in a test", []source.Test{{Range: source.Range{Start: 1, End: 5}}}, ""},
		{"in a case", []source.Test{{Range: source.Range{Start: 9, End: 9}, Cases: []source.Case{{Range: source.Range{Start: 2, End: 4}}}}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := func(text string) File {
				return File{Lang: source.Python, Lines: strings.Split(text, "\n"), Tests: tt.tests}
			}
			got := Outside(file(list), file(lost), func(_, _ string) bool { return false })
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0].Message, tt.want)) {
				t.Errorf("%+v, want %q", got, tt.want)
			}
		})
	}
}
