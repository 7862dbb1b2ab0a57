package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

const (
	limitCode = "LIMIT = 10\n\n\ndef fits(text):\n    return len(text) <= LIMIT\n"
	limitTest = "import pytest\nfrom app import fits\n\nWORD = 'abc'\n\n\ndef test_fits():\n    assert fits('a' * 10)\n    assert fits(WORD) == True\n\n\ndef test_length():\n    text = 'b' * 11\n    assert fits(text) == False\n"
)

const tableTest = "package a\n\nimport \"testing\"\n\nfunc TestTable(t *testing.T) {\n\tfor _, c := range []struct {\n\t\tname string\n\t\tn, want int\n\t}{\n\t\t{\"two\", 2, 4},\n\t\t{\"three\", 3, 6},\n\t} {\n\t\tif got := Double(c.n); got != c.want {\n\t\t\tt.Errorf(\"got %d\", got)\n\t\t}\n\t}\n}\n"

// Each case is a change of code, tests and data; the rule that must point or
// block, or none.
func TestRules(t *testing.T) {
	base := checktest.Files{
		"app.py": limitCode, "tests/test_app.py": limitTest, "tests/data/cases.json": "[{\"text\": \"ten\", \"fits\": 2300}, {\"text\": \"eleven\", \"fits\": 2400}]\n",
		"go/a.go": codeText, "go/a_test.go": testText, "go/t_test.go": tableTest,
	}
	triple := strings.Replace(codeText, "return 2 * n }", "return Triple(n) }\n\nfunc Triple(n int) int { return 3 * n }", 1)
	broken := strings.Replace(limitCode, "<= LIMIT", "<= LIMIT + 1", 1)
	moved := strings.Replace(limitTest, "'b' * 11", "'b' * 12", 1)
	data := strings.Replace(base["tests/data/cases.json"], "2400", "2500", 1)
	for _, tt := range []struct {
		name, claim, rule string
		change            checktest.Files
	}{
		{"an input moves with the code", "Simplify fits", "input_moved", checktest.Files{"app.py": broken, "tests/test_app.py": moved}},
		{"an input moves, and the author says for what", "fits lets one more character through", "", checktest.Files{"app.py": broken, "tests/test_app.py": moved}},
		{"an input moves, and no code", "Simplify fits", "", checktest.Files{"tests/test_app.py": moved}},
		{"data moves with the code", "Simplify it", "data_changed", checktest.Files{"app.py": broken, "tests/data/cases.json": data}},
		{"data moves, and the author names what changed", "fits lets one more character through", "", checktest.Files{"app.py": broken, "tests/data/cases.json": data}},
		{"data loses an entry", "Tidy", "data_lost", checktest.Files{"tests/data/cases.json": "[{\"text\": \"ten\", \"fits\": 2300}]\n"}},
		{"data grows", "Tidy", "", checktest.Files{"app.py": broken, "tests/data/cases.json": strings.Replace(base["tests/data/cases.json"], "]", ", {\"text\": \"more\"}]", 1)}},
		{"data is laid out anew", "Tidy", "", checktest.Files{"app.py": broken, "tests/data/cases.json": strings.ReplaceAll(base["tests/data/cases.json"], "}, {", "},\n {")}},
		{"a test is defined twice", "Test more", "shadowed", checktest.Files{"tests/test_app.py": limitTest + "\n\ndef test_length():\n    assert fits('') is not None\n"}},
		{"a name holds another value", "Tidy", "retargeted", checktest.Files{
			"go/a.go": strings.Replace(codeText, "2 * n", "3 * n", 1), "go/a_test.go": strings.Replace(strings.Replace(testText, "got != 4", "got != four", 1), "func Test", "const four = 6\n\nfunc Test", 1),
		}},
		{"a name holds the same value", "Tidy", "", checktest.Files{
			"go/a.go": strings.Replace(codeText, "2 * n", "n + n", 1), "go/a_test.go": strings.Replace(strings.Replace(testText, "got != 4", "got != four", 1), "func Test", "const four = 4\n\nfunc Test", 1),
		}},
		{"one of two names holds another value", "Tidy", "retargeted", checktest.Files{
			"go/a.go": strings.Replace(codeText, "2 * n", "3 * n", 1), "go/a_test.go": strings.Replace(strings.Replace(testText, "got != 4", "got != want", 1), "func Test", "var other, want = len(\"\"), 6\n\nfunc Test", 1),
		}},
		{"a case works its value out", "Tidy", "computed", checktest.Files{
			"go/a.go": triple, "go/t_test.go": strings.Replace(tableTest, "3, 6}", "3, Triple(3)}", 1),
		}},
		{"a case works its value out, and the code is as it was", "Tidy", "", checktest.Files{
			"go/t_test.go": strings.Replace(tableTest, "3, 6}", "3, len(\"sixsix\")}", 1),
		}},
		{"a case gets longer without the code's words", "Tidy", "", checktest.Files{
			"go/a.go": triple, "go/t_test.go": strings.Replace(tableTest, "3, 6}", "int(3), int(6)}", 1),
		}},
		{"a file goes where no test is looked for", "Tidy", "not_collected", checktest.Files{"go/a_test.go": "", "go/testdata/a_test.go": testText}},
		{"a file gets the name of a platform", "Tidy", "not_collected", checktest.Files{"go/a_test.go": "", "go/a_plan9_test.go": testText}},
		{"a file gets another name", "Tidy", "", checktest.Files{"go/a_test.go": "", "go/double_test.go": testText}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfRange)
			req.Claim = tt.claim
			got := judgeTrees(t, base, base.With(tt.change), req)
			var rules []string
			for _, f := range got.Findings {
				if f.Level != evidence.Context {
					rules = append(rules, f.Rule)
				}
			}
			if found := strings.Join(rules, " "); found != tt.rule {
				t.Errorf("found %q, want %q: %+v", found, tt.rule, got.Findings)
			}
		})
	}
}

// A finding about data says at which lines of the head they changed.
func TestLinesOfData(t *testing.T) {
	base := checktest.Files{"app.py": limitCode, "tests/data/cases.json": "[\n  {\"text\": \"ten\", \"fits\": 2300},\n  {\"text\": \"eleven\", \"fits\": 2400}\n]\n"}
	head := base.With(checktest.Files{"app.py": strings.Replace(limitCode, "<= LIMIT", "<= LIMIT + 1", 1), "tests/data/cases.json": strings.Replace(base["tests/data/cases.json"], "2400", "2500", 1)})
	got := judgeTrees(t, base, head, checktest.Request(evidence.OfRange)).Findings
	if len(got) != 1 || got[0].Rule != "data_changed" || got[0].StartLine != 3 || got[0].EndLine != 3 {
		t.Errorf("%+v", got)
	}
}

// A test that is gone may go on under another name: a long body may differ by
// more than a short one, which is like others by chance.
func TestAnotherName(t *testing.T) {
	long := "package a\n\nimport \"testing\"\n\nfunc TestDouble(t *testing.T) {\n\tsmall, big := Double(2), Double(200)\n\tif small != 4 || big != 400 {\n\t\tt.Errorf(\"got %d and %d\", small, big)\n\t}\n}\n"
	short := "package a\n\nimport \"testing\"\n\nfunc TestDouble(t *testing.T) {\n\tequal(t, Double(2), 4)\n}\n"
	for _, tt := range []struct{ name, was, is, rule string }{
		{"a long one", long, strings.NewReplacer("TestDouble", "TestSizes", "small, big :=", "low, high :=", "small", "low", "big", "high").Replace(long), ""},
		{"a short one", short, strings.NewReplacer("TestDouble", "TestSizes", "equal(t, Double(2), 4)", "equal(t, Half(2), 1)").Replace(short), "test_lost"},
		{"a short one, hardly changed", short, strings.Replace(short, "TestDouble", "TestSizes", 1), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code := codeText + "\nfunc Half(n int) int { return n / 2 }\n"
			got := judgeTrees(t, checktest.Files{"a.go": code, "a_test.go": tt.was}, checktest.Files{"a.go": code, "a_test.go": tt.is}, checktest.Request(evidence.OfRange))
			var rules []string
			for _, f := range got.Findings {
				rules = append(rules, f.Rule)
			}
			if found := strings.Join(rules, " "); found != tt.rule {
				t.Errorf("found %q, want %q: %+v", found, tt.rule, got.Findings)
			}
		})
	}
}
