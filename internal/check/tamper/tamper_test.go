package tamper

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

const (
	codeText = "package a\n\nfunc Double(n int) int { return 2 * n }\n"
	testText = "package a\n\nimport \"testing\"\n\nfunc TestDouble(t *testing.T) {\n\tif got := Double(2); got != 4 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n}\n"
)

func judgeTrees(t *testing.T, base, head checktest.Files, req evidence.Request) evidence.Result {
	t.Helper()
	return checktest.Run(t, New(), checktest.New(t, map[string]checktest.Files{"base": base, "head": head}), checktest.NoExec(t), req)
}

func TestNothingChanged(t *testing.T) {
	req := checktest.Request(evidence.OfRange)
	req.Head = req.Base
	if got := judgeTrees(t, checktest.Files{"a": "a"}, checktest.Files{"a": "a"}, req); got.Status != evidence.Skipped {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

// What cannot be read is said, and the rest is judged.
func TestUnreadable(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a_test.go": testText}, "head": {"a_test.go": testText + "\n"}})
	e, err := checkWith(t, failing{trees}, checktest.Request(evidence.OfRange))
	if err != nil {
		t.Fatal(err)
	}
	if r := e.Results[0]; r.Status != evidence.CouldNot || !strings.Contains(r.Why, "a_test.go") {
		t.Errorf("%s %s", r.Status, r.Why)
	}
}

// A finding names the test, the file, the line, what was and what is, and has
// a command that shows it.
func TestFindingSaysAll(t *testing.T) {
	base := checktest.Files{"a.go": codeText, "a_test.go": testText}
	head := base.With(checktest.Files{
		"a.go":      strings.Replace(codeText, "2 * n", "3 * n", 1),
		"a_test.go": strings.Replace(testText, "got != 4", "got != 6", 1),
	})
	got := judgeTrees(t, base, head, checktest.Request(evidence.OfTask))
	if len(got.Findings) != 1 {
		t.Fatalf("%d findings: %+v", len(got.Findings), got.Findings)
	}
	f := got.Findings[0]
	if f.Rule != "retargeted" || f.Level != evidence.Gate || f.Path != "a_test.go" || f.StartLine != 6 || f.Grade != evidence.Observed {
		t.Errorf("%+v", f)
	}
	for _, want := range []string{"TestDouble", "a_test.go", `"6"`, `"4"`} {
		if !strings.Contains(f.Message, want) {
			t.Errorf("%q does not name %s", f.Message, want)
		}
	}
	if !strings.Contains(f.Detail, "got != 4") || !strings.Contains(f.Detail, "got != 6") || !strings.Contains(f.Reproduce, "git --literal-pathspecs diff base head -- a_test.go") {
		t.Errorf("detail %q, reproduce %q", f.Detail, f.Reproduce)
	}
	moved := head.With(checktest.Files{"a_test.go": strings.Replace(head["a_test.go"], "func Test", "// More lines.\n//\n\nfunc Test", 1)})
	if again := judgeTrees(t, base, moved, checktest.Request(evidence.OfTask)).Findings; len(again) != 1 || again[0].Fingerprint != f.Fingerprint {
		t.Error("the fingerprint does not survive a move of lines")
	}
}

// Only what a task or a claim names by itself lowers a gate.
func TestOnlyWhatIsNamedCounts(t *testing.T) {
	base := checktest.Files{"a.go": strings.Replace(codeText, "2 * n", "20 * n", 1), "a_test.go": strings.Replace(testText, "got != 4", "got != 40", 1)}
	head := checktest.Files{"a.go": strings.Replace(codeText, "2 * n", "3 * n * 20", 1), "a_test.go": strings.Replace(testText, "got != 4", "got != 120", 1)}
	for name, tt := range map[string]struct {
		task, claim string
		want        evidence.Level
	}{
		"nothing is said":               {"", "", evidence.Gate},
		"tests were updated":            {"", "Update tests to match", evidence.Gate},
		"the author names the value":    {"", "Triple again: Double(2) is 120 now", evidence.Context},
		"a commit names the function":   {"", "Let Double triple first", evidence.Locator},
		"an agent names the function":   {"Clean up the package", "Double works better now", evidence.Gate},
		"the task names the value":      {"Double(2) should give 120", "", ""},
		"the task names something else": {"Double(2) should give 99", "", evidence.Gate},
	} {
		t.Run(name, func(t *testing.T) {
			req := checktest.Request(evidence.OfTask)
			req.Task, req.Claim = tt.task, tt.claim
			got := judgeTrees(t, base, head, req)
			level := evidence.Level("")
			if len(got.Findings) > 0 {
				level = got.Findings[0].Level
			}
			if level != tt.want {
				t.Errorf("level %q, want %q: %+v", level, tt.want, got.Findings)
			}
		})
	}
}

func TestHostileInput(t *testing.T) {
	long := "package a\n\nimport \"testing\"\n\nfunc TestLong(t *testing.T) {\n" + strings.Repeat("\tif x != 1 {\n\t\tt.Error(1)\n\t}\n", 30_000) + "}\n"
	base := checktest.Files{"a.go": codeText, "a_test.go": testText}
	for name, head := range map[string]checktest.Files{
		"invalid UTF-8":    {"a_test.go": testText + "\xff\xfe var s = \"\xc3\x28\"\n"},
		"CRLF":             {"a_test.go": strings.ReplaceAll(testText, "\n", "\r\n")},
		"binary":           {"a_test.go": "\x00\x01\x02"},
		"half of a file":   {"a_test.go": testText[:70]},
		"a link":           {"a_test.go": checktest.Link("/etc/passwd")},
		"a submodule":      {"a_test.go": checktest.Submodule("0123456789012345678901234567890123456789")},
		"an unended quote": {"test_a.py": "def test_a():\n    assert '" + strings.Repeat("'''\"", 5000)},
		"deep nesting":     {"a.test.js": strings.Repeat("describe('a', () => {", 2000)},
		"a huge line":      {"a.test.ts": "it('a', () => { expect(x).toBe('" + strings.Repeat("a", 1<<20) + "') })\n"},
		"a long test":      {"a_test.go": long},
	} {
		t.Run(name, func(t *testing.T) {
			got := judgeTrees(t, base, base.With(head), checktest.Request(evidence.OfRange))
			if got.Status == evidence.CouldNot || got.Status == evidence.TimedOut {
				t.Errorf("%s: %s", got.Status, got.Why)
			}
			for _, f := range got.Findings {
				if len(f.Detail) > 8<<10 || len(f.Message) > 2000 {
					t.Errorf("a finding of %d and %d bytes", len(f.Detail), len(f.Message))
				}
			}
		})
	}
}

func TestManyFindingsAreFolded(t *testing.T) {
	base, head := checktest.Files{"a.go": codeText}, checktest.Files{"a.go": strings.Replace(codeText, "2 * n", "3 * n", 1)}
	for i := range maxFindings + 20 {
		name := fmt.Sprintf("a%d_test.go", i)
		base[name] = strings.Replace(testText, "TestDouble", fmt.Sprintf("TestDouble%d", i), 1)
		head[name] = strings.Replace(base[name], "if got", "t.Skip()\n\tif got", 1)
	}
	got := judgeTrees(t, base, head, checktest.Request(evidence.OfTask))
	if last := got.Findings[len(got.Findings)-1]; len(got.Findings) != maxFindings+1 || last.Rule != "more" || last.Level != evidence.Gate {
		t.Errorf("%d findings, the last %+v", len(got.Findings), last)
	}
}

var errFire = errors.New("disk on fire")
