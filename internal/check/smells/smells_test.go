package smells

import (
	"fmt"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

const sum = `	total := 0
	for i, v := range values {
		if v < 0 && i > limit {
			total -= v * weight[i]
			continue
		}
		total += v * weight[i]
		if total > ceiling {
			return ceiling
		}
	}
	return total
}
`

func judge(t *testing.T, base, head checktest.Files, claim string) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	req := checktest.Request(evidence.OfTask)
	req.Claim = claim
	return checktest.Run(t, New(), trees, checktest.NoExec(t), req)
}

func show(r evidence.Result) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %s:%d", f.Level, f.Rule, f.Path, f.StartLine))
	}
	return strings.Join(out, "\n")
}

func TestRules(t *testing.T) {
	const head = "package a\n\n"
	hard := "func Hard(a, b, c bool) {\n"
	for depth := range 6 {
		hard += strings.Repeat("\t", depth+1) + "if a && b || c {\n"
	}
	for depth := range 6 {
		hard += strings.Repeat("\t", 6-depth) + "}\n"
	}
	hard += "}\n"
	for _, tt := range []struct {
		name       string
		base, head checktest.Files
		claim      string
		want       string
	}{
		{"plain", nil, checktest.Files{"a.go": head + "func f() int { return g() }\n"}, "", ""},
		{"silenced", nil, checktest.Files{"a.go": head + "var x = f() //nolint:errcheck\n"}, "", "context suppression a.go:3"},
		{"silenced with a reason", nil, checktest.Files{"a.go": head + "var x = f() //nolint:errcheck // closing cannot fail here\n"}, "", ""},
		{"silenced below a reason", nil, checktest.Files{"a.go": head + "// Closing cannot fail here.\nvar x = f() // #nosec G104\n"}, "", ""},
		{"silenced as before", checktest.Files{"a.go": head + "var x = f() //nolint\n"}, checktest.Files{"a.go": head + "var x = f() //nolint\n\nvar y int\n"}, "", ""},
		{"silenced in a text", nil, checktest.Files{"a.go": head + "var x = \"//nolint\"\n"}, "", ""},
		{"a note for later", nil, checktest.Files{"a.go": head + "// TODO: more\nvar x int\n"}, "", "context placeholder a.go:3"},
		{"a note in a test", nil, checktest.Files{"a_test.go": head + "// TODO: more\nvar x int\n"}, "", ""},
		{"not implemented", nil, checktest.Files{"a.go": head + "func f() { panic(\"not implemented\") }\n"}, "", "context placeholder a.go:3"},
		{"in earnest", nil, checktest.Files{"a.go": head + "func f() int {\n\t// In a real implementation this would ask the server.\n\treturn 1\n}\n"}, "", "context placeholder a.go:4"},
		{"the word in code", nil, checktest.Files{"a.go": head + "var TODO = list()\n"}, "", ""},
		{"hollow", nil, checktest.Files{"a.go": head + "func Verify(s string) bool {\n\treturn true\n}\n"}, "Implemented `Verify` with the key.", "locator hollow a.go:3"},
		{"hollow in one line", nil, checktest.Files{"a.go": head + "func Verify(s string) bool { return true }\n"}, "Added Verify.", "locator hollow a.go:3"},
		{"hollow in one line of JavaScript", nil, checktest.Files{"a.js": "export function verify() { return {} }\n"}, "Added verify.", "locator hollow a.js:1"},
		{"hollow panic", nil, checktest.Files{"a.go": head + "func Verify(s string) bool {\n\t// TODO\n\tpanic(\"not implemented\")\n}\n"}, "Added Verify.", "locator hollow a.go:3"},
		{"hollow and said so", nil, checktest.Files{"a.go": head + "func Verify(s string) bool {\n\treturn true\n}\n"}, "Added Verify as a stub, to be filled in later.", ""},
		{"hollow and not named", nil, checktest.Files{"a.go": head + "func Verify(s string) bool {\n\treturn true\n}\n"}, "Added things.", ""},
		{"hollow before", checktest.Files{"a.go": head + "func Verify(s string) bool { return false }\n"}, checktest.Files{"a.go": head + "func Verify(s string) bool { return true }\n"}, "Added Verify.", ""},
		{"implemented", nil, checktest.Files{"a.go": head + "func Verify(s string) bool {\n\treturn s == key\n}\n"}, "Implemented Verify.", ""},
		{"hard to follow", nil, checktest.Files{"a.go": head + hard}, "", "context complexity a.go:3"},
		{"as hard as before", checktest.Files{"a.go": head + hard}, checktest.Files{"a.go": head + strings.Replace(hard, "a && b", "b && a", 1)}, "", ""},
		{
			"a copy of old code",
			checktest.Files{"b.go": head + "func old(values []int) int {\n" + sum},
			checktest.Files{"b.go": head + "func old(values []int) int {\n" + sum, "a.go": head + "func fresh(values []int) int {\n" + sum},
			"", "context duplicate a.go:3",
		},
		{
			"a short stretch in common",
			checktest.Files{"b.go": head + "func old(values []int) int {\n" + sum},
			checktest.Files{"b.go": head + "func old(values []int) int {\n" + sum, "a.go": head + "func fresh(values []int) int {\n\ttotal := 0\n\tfor i, v := range values {\n\t\tif v < 0 && i > limit {\n\t\t\ttotal -= v * weight[i]\n\t\t\tcontinue\n\t\t}\n\t}\n\tother(1, 2, 3)\n\tif a == b {\n\t\tc(d, e, f)\n\t}\n\treturn map[string]int{\"a\": 1, \"b\": 2, \"c\": 3}[\"a\"]\n}\n"},
			"", "",
		},
		{"two copies", nil, checktest.Files{"a.go": head + "func one(values []int) int {\n" + sum + "\nfunc two(values []int) int {\n" + sum}, "", "context duplicate a.go:18"},
		{"lines that repeat", nil, checktest.Files{"a.go": head + "func f() {\n" + strings.Repeat("\ta(b, c)\n", 30) + "}\n"}, "", ""},
		{"moved", checktest.Files{"b.go": head + "func old(values []int) int {\n" + sum}, checktest.Files{"b.go": head, "a.go": head + "func old(values []int) int {\n" + sum}, "", ""},
		{
			"a copy in a test",
			checktest.Files{"b_test.go": head + "func old(values []int) int {\n" + sum},
			checktest.Files{"b_test.go": head + "func old(values []int) int {\n" + sum, "a_test.go": head + "func fresh(values []int) int {\n" + sum},
			"", "",
		},
		{
			"a short copy",
			checktest.Files{"b.go": head + "func old() error {\n\tif err := f(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n"},
			checktest.Files{"b.go": head + "func old() error {\n\tif err := f(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n", "a.go": head + "func fresh() error {\n\tif err := f(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n"},
			"", "",
		},
		{"generated", nil, checktest.Files{"a.go": "// Code generated by x. DO NOT EDIT.\n\npackage a\n\n// TODO: more\n"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := checktest.Files{"z": "z\n"}.With(tt.base)
			got := judge(t, base, checktest.Files{"z": "z\n"}.With(tt.head), tt.claim)
			if show(got) != tt.want || len(got.NotRun) != 0 {
				t.Errorf("%s %s %q\n%s", got.Status, got.Why, got.NotRun, show(got))
			}
		})
	}
}

// Of several copies the nearest one is named.
func TestNearestCopy(t *testing.T) {
	old := checktest.Files{"q/b.go": "package q\n\nfunc old(values []int) int {\n" + sum}
	old["x/b.go"], old["x/y/z.go"] = old["q/b.go"], old["q/b.go"]
	got := judge(t, old, old.With(checktest.Files{"x/y/a.go": "package y\n\nfunc fresh(values []int) int {\n" + sum}), "")
	if len(got.Findings) != 1 || !strings.HasSuffix(got.Findings[0].Message, " of x/y/z.go.") {
		t.Errorf("%+v", got.Findings)
	}
}

func TestComplexityIsTold(t *testing.T) {
	f := file{}
	f.patch.Hunks = []change.Hunk{{NewStart: 1, Added: make([]string, 9)}}
	f.head.Functions = []source.Function{{Name: "Hard", Range: source.Range{Start: 1, End: 9}, Complexity: 20}}
	if got := complexity(f); len(got) != 1 || !strings.HasSuffix(got[0].Message, " complexity is 20.") {
		t.Errorf("%+v", got)
	}
	f.base.Functions = []source.Function{{Name: "Hard", Complexity: 10}}
	if got := complexity(f); len(got) != 1 || !strings.HasSuffix(got[0].Message, " complexity rose from 10 to 20.") {
		t.Errorf("%+v", got)
	}
}

func TestOtherLanguages(t *testing.T) {
	got := judge(t, checktest.Files{"z": "z\n"}, checktest.Files{
		"z":    "z\n",
		"a.py": "import os  # noqa\n\n\nclass Base:\n    def run(self):\n        raise NotImplementedError\n\n\nclass Shape(ABC):\n    @abstractmethod\n    def area(self):\n        raise NotImplementedError\n",
		"b.ts": "// @ts-ignore\nexport const a: number = b()\n// @ts-expect-error the types of b are wrong\nexport const c: number = b()\n/* eslint-disable no-console */\nexport function later() {\n  throw new Error('not implemented')\n}\n",
	}, "")
	const want = "context placeholder a.py:6\ncontext suppression a.py:1\ncontext placeholder b.ts:7\ncontext suppression b.ts:1\ncontext suppression b.ts:5"
	if show(got) != want {
		t.Errorf("%s", show(got))
	}
}

func TestSkipsAndCannotRun(t *testing.T) {
	if got := judge(t, checktest.Files{"a.md": "a\n"}, checktest.Files{"a.md": "TODO\n"}, ""); got.Status != evidence.Skipped {
		t.Errorf("%s", got.Status)
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a.go": "package a\n"}, "head": {"a.go": "package a\n\nvar x int\n"}})
	for name, broken := range map[string]check.Trees{"lines": noPatches{trees}, "base": noFiles{trees, "base"}, "head": noFiles{trees, "head"}} {
		e, err := check.New(check.Tools{Trees: broken}, []check.Check{New()}, 1).Judge(t.Context(), checktest.Request(evidence.OfTask))
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Results[0]; got.Status != evidence.CouldNot || !strings.Contains(got.Why, "disk on fire") {
			t.Errorf("%s: %s %s", name, got.Status, got.Why)
		}
	}
}

func TestDoubles(t *testing.T) {
	f := file{}
	f.patch.Hunks = []change.Hunk{{NewStart: 1, Added: make([]string, 9)}}
	mocked := source.Test{Name: "TestA", Range: source.Range{Start: 1, End: 9}, Doubles: 5, Assertions: make([]source.Assertion, 1)}
	f.head.Tests = []source.Test{mocked}
	if got := doubles(f); len(got) != 1 || got[0].Rule != "doubles" {
		t.Errorf("%+v", got)
	}
	f.base.Tests = f.head.Tests
	if got := doubles(f); len(got) != 0 {
		t.Errorf("a test that was there before: %+v", got)
	}
	mocked.Assertions = make([]source.Assertion, 6)
	f.base.Tests, f.head.Tests = nil, []source.Test{mocked}
	if got := doubles(f); len(got) != 0 {
		t.Errorf("a test that asserts more: %+v", got)
	}
}
