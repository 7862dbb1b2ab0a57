package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/asked"
	"muster/internal/core/evidence"
)

// Each case puts a mark before a test of Go, or into it; what is found, with
// its level.
func TestSkips(t *testing.T) {
	const (
		gate, locator = "skipped gate", "skipped locator"
		changed       = "package a\n\nfunc Double(n int) int { return n + n }\n"
	)
	step := func(line string) string { return strings.Replace(testText, "\tif got", "\t"+line+"\n\tif got", 1) }
	tag := func(tag string) string { return "//go:build " + tag + "\n\n" + testText }
	for _, tt := range []struct {
		name, claim, was, is, want string
	}{
		{"a skip", "Tidy", testText, step("t.Skip(\"slow\")"), gate},
		{"another skip where it was skipped", "Tidy", step("t.Skip(\"slow\")"), step("t.Skip(\"later\")"), ""},
		{"a skip where it was skipped at times", "Tidy", step("if testing.Short() {\n\t\tt.Skip(\"slow\")\n\t}"), step("t.Skip(\"slow\")"), gate},
		{"a condition", "Tidy", testText, step("if os.Getenv(\"RUN\") == \"\" {\n\t\tt.Skip(\"slow\")\n\t}"), locator},
		{"an ordinary condition", "Tidy", testText, step("if testing.Short() {\n\t\tt.Skip(\"slow\")\n\t}"), ""},
		{"a build tag", "Tidy", testText, tag("integration"), gate},
		{"another build tag", "Tidy", tag("integration"), tag("slow"), locator},
		{"a build tag where a condition was", "Tidy", step("if testing.Short() {\n\t\tt.Skip(\"slow\")\n\t}"), tag("integration"), gate},
		{"a platform", "Tidy", testText, tag("linux"), ""},
		{"the author names the code", "Skip what is flaky in Double", testText, step("t.Skip(\"slow\")"), locator},
		{"the author names a word of the test", "Skip what is flaky in Errorf", testText, step("t.Skip(\"slow\")"), gate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfTask)
			req.Task, req.Claim = "Round the numbers", tt.claim
			got := judgeTrees(t, checktest.Files{"a.go": codeText, "a_test.go": tt.was}, checktest.Files{"a.go": changed, "a_test.go": tt.is}, req)
			var found []string
			for _, f := range got.Findings {
				if f.Rule == "skipped" && f.Level != evidence.Context {
					found = append(found, f.Rule+" "+string(f.Level))
				}
			}
			if all := strings.Join(found, ", "); all != tt.want {
				t.Errorf("found %q, want %q: %+v", all, tt.want, got.Findings)
			}
		})
	}
}

// A test is run again until it passes, and was not before.
func TestRetried(t *testing.T) {
	const plain, again = "it('a', () => {\n  expect(f()).toBe(1);\n});", "it('a', { retries: 3 }, () => {\n  expect(f()).toBe(1);\n});"
	for _, tt := range []struct{ name, was, is, want string }{
		{"it is", plain, again, "retried locator"},
		{"it was", again, strings.Replace(again, "3", "5", 1), ""},
		{"it is not", again, plain, ""},
		{"it was, in its last line", strings.Replace(plain, "});", "}, { retries: 3 });", 1), again, ""},
	} {
		j := judgeOf(asked.Asked{})
		was, is := paired(wholeTest("a.test.ts", "a", tt.was), wholeTest("a.test.ts", "a", tt.is))
		weakening{j}.retried(was, is)
		if got := told(j); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A mark on what holds several tests is said once.
func TestSaidOnce(t *testing.T) {
	suite := "import { describe, it, expect } from 'vitest';\nimport { double } from './a';\n\ndescribe('double', () => {\n  it('two', () => {\n    expect(double(2)).toBe(4);\n  });\n  it('three', () => {\n    expect(double(3)).toBe(6);\n  });\n});\n"
	base := checktest.Files{"a.ts": "export const double = (n: number) => 2 * n;\n", "a.test.ts": suite}
	head := base.With(checktest.Files{"a.ts": "export const double = (n: number) => n + n;\n", "a.test.ts": strings.Replace(suite, "describe('", "describe.skip('", 1)})
	if got := judgeTrees(t, base, head, checktest.Request(evidence.OfTask)).Findings; len(got) != 1 || got[0].Rule != "skipped" || got[0].StartLine != 4 {
		t.Errorf("%+v", got)
	}
}
