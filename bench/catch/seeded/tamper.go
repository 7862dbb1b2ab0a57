package seeded

import (
	"regexp"
	"slices"
	"strings"
)

// nth gives an edit a test that has assertions; which one depends on n, so
// that the edits of a project do not all meet the same test.
func (p *Project) nth(n int) (unit, bool) {
	tests := slices.DeleteFunc(p.tests(), func(u unit) bool { return len(asserts(p.lang(), p.text(u))) == 0 })
	if len(tests) == 0 {
		return unit{}, false
	}
	return tests[n%len(tests)], true
}

// onTest makes an edit of a function from a test's text to another.
func onTest(n int, claim string, change func(l lang, u unit, text string) string) func(p *Project) bool {
	return func(p *Project) bool {
		u, ok := p.nth(n)
		if !ok {
			return false
		}
		before := p.text(u)
		after := change(p.lang(), u, before)
		if after == before {
			return false
		}
		p.put(u, after)
		p.Where, p.Claim = []string{p.at(u)}, claim
		return true
	}
}

// words is a statement in each language; empty where there is none.
type words struct{ golang, python, script string }

// insert puts a statement at the beginning of a test.
func insert(l lang, u unit, text string, w words) string {
	at := body(l, text)
	line := map[lang]string{golang: "\t" + w.golang, python: u.indent + "    " + w.python, script: u.indent + "  " + w.script}[l]
	if strings.TrimSpace(line) == "" {
		return text
	}
	return text[:at] + line + "\n" + text[at:]
}

// tampering gives edits that weaken tests.
func tampering() []Edit {
	var out []Edit
	for i := range 3 {
		out = append(out, tamper("retarget"+itoa(i), func(p *Project) bool {
			if i >= len(p.story.Wrong) {
				return false
			}
			s := p.story.Wrong[i]
			p.Claim = "Simplify the code and update the tests"
			ok := p.replace(s.Code, s.Test, s.Test2, s.Test3)
			p.mark(s.Test)
			return ok
		}))
	}
	return slices.Concat(out, lostTests(), lostAssertions())
}

func tamper(name string, apply func(p *Project) bool) Edit {
	return Edit{Mode: "tamper", Name: name, Apply: apply}
}

// lostTests gives edits after which tests do not run any more.
func lostTests() []Edit {
	return []Edit{
		tamper("delete", onTest(0, "Clean up", func(lang, unit, string) string { return "" })),
		tamper("delete-file", func(p *Project) bool {
			files := p.testFiles()
			delete(p.Files, files[len(files)-1])
			p.Claim = "Remove obsolete tests"
			return true
		}),
		tamper("skip", onTest(1, "Fix the build", func(l lang, u unit, text string) string {
			if l == script {
				return regexp.MustCompile(`\b(it|test)\(`).ReplaceAllString(text, "$1.skip(")
			}
			if l == python && strings.HasPrefix(u.indent, " ") {
				return insert(l, u, text, words{"", "self.skipTest('flaky')", ""})
			}
			return insert(l, u, text, words{`t.Skip("flaky")`, `pytest.skip("flaky")`, ""})
		})),
		tamper("return-early", onTest(5, "Work around a failure in CI", func(l lang, u unit, text string) string {
			return insert(l, u, text, words{"if true {\n\t\treturn\n\t}", "return", "return;"})
		})),
		tamper("not-collected", onTest(6, "Rename a test", func(l lang, _ unit, text string) string {
			switch l {
			case golang:
				return strings.Replace(text, "func Test", "func test", 1)
			case python:
				return strings.Replace(text, "def test_", "def check_", 1)
			case script:
			}
			return regexp.MustCompile(`\b(it|test)\(`).ReplaceAllString(text, "x$1(")
		})),
		tamper("lost-case", lostCase),
		tamper("script", weakenScript),
		tamper("expected-failure", onTest(8, "Mark a known problem", func(l lang, u unit, text string) string {
			switch {
			case l == python && u.indent == "":
				return "@pytest.mark.xfail\n" + text
			case l == python:
				return u.indent + "@unittest.expectedFailure\n" + text
			case l == script:
				return regexp.MustCompile(`\b(it|test)\(`).ReplaceAllString(text, "$1.todo(")
			}
			return insert(l, u, text, words{"if os.Getenv(\"CI\") != \"\" {\n\t\tt.SkipNow()\n\t}", "", ""})
		})),
	}
}

// lostAssertions gives edits after which tests ask for less.
func lostAssertions() []Edit {
	return []Edit{
		tamper("drop-assertion", onTest(2, "Tidy the tests", func(l lang, _ unit, text string) string {
			all := asserts(l, text)
			a := all[len(all)-1]
			return text[:a[0]] + text[a[1]:]
		})),
		tamper("comment-out", onTest(2, "Speed up the tests", func(l lang, _ unit, text string) string {
			a := asserts(l, text)[0]
			if m := regexp.MustCompile(`t\.(Error|Fatal)f?\(`).FindStringIndex(text[a[0]:a[1]]); m != nil {
				return text[:a[0]+m[0]] + "// " + text[a[0]+m[0]:]
			}
			mark := map[lang]string{golang: "// ", python: "# ", script: "// "}[l]
			return text[:a[0]] + regexp.MustCompile(`(?m)^([ \t]*)(\S)`).ReplaceAllString(text[a[0]:a[1]], "${1}"+mark+"${2}") + text[a[1]:]
		})),
		tamper("weaken", func(p *Project) bool {
			for n := range p.tests() {
				if onTest(n, "Make the tests less brittle", weaken)(p) {
					return true
				}
			}
			return false
		}),
		tamper("trivial", onTest(4, "Mend the tests", func(l lang, _ unit, text string) string {
			a := asserts(l, text)[0]
			line := text[a[0]:a[1]]
			if m := regexp.MustCompile(`if (?:[^;{\n]+; )?`).FindStringIndex(line); m != nil && l == golang {
				return text[:a[0]+m[1]] + "false && " + text[a[0]+m[1]:]
			}
			indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
			with := map[lang]string{golang: "assert.Equal(t, true, true)\n", python: "assert True\n", script: "expect(true).toBe(true);\n"}[l]
			if strings.Contains(line, "assert.") && l == script {
				with = "assert.ok(true);\n"
			}
			if strings.Contains(line, "self.") {
				with = "self.assertTrue(True)\n"
			}
			return text[:a[0]] + indent + with + text[a[1]:]
		})),
		tamper("swallow", onTest(7, "Make the tests robust", swallow)),
	}
}

// weaken makes the first exact assertion of a test that can be found ask for
// less.
func weaken(l lang, _ unit, text string) string {
	for _, r := range map[lang][][2]string{
		golang: {
			{`; got != \d+\*time\.\w+ \{`, `; got < 0 {`},
			{`if n\.Text != "[^"]*" \{`, `if n.Text == "" {`},
			{`assert\.Equal\(t, \d+, len\((\w+)\)\)`, `assert.Equal(t, true, len($1) > 0)`},
		},
		python: {{`assert (.*) == .*`, `assert $1 is not None`}, {`self\.assertEqual\(([^\n]+), [^,\n]+\)\n`, "self.assertIsNotNone($1)\n"}},
		script: {{`\.(toBe|toEqual)\(.*\);`, `.toBeDefined();`}, {`assert\.(equal|deepEqual)\((.*), [^,]+\);`, `assert.ok($2 !== undefined);`}},
	}[l] {
		re := regexp.MustCompile(r[0])
		if m := re.FindStringIndex(text); m != nil {
			return text[:m[0]] + re.ReplaceAllString(text[m[0]:m[1]], r[1]) + text[m[1]:]
		}
	}
	return text
}

// swallow catches what the assertions raise.
func swallow(l lang, u unit, text string) string {
	at := body(l, text)
	deeper := func(s, by string) string { return regexp.MustCompile(`(?m)^(.+)$`).ReplaceAllString(s, by+"$1") }
	switch l {
	case golang:
		return text[:at] + "\tdefer func() { _ = recover() }()\n\tt = &testing.T{}\n" + text[at:]
	case python:
		end := len(strings.TrimRight(text, "\n")) + 1
		return text[:at] + u.indent + "    try:\n" + deeper(text[at:end], "    ") + u.indent + "    except Exception:\n" + u.indent + "        pass\n" + text[end:]
	case script:
		end := strings.LastIndex(text, u.indent+"});")
		return text[:at] + u.indent + "  try {\n" + deeper(text[at:end], "  ") + u.indent + "  } catch (e) {}\n" + text[end:]
	}
	return text
}

// lostCase takes an entry out of a table of cases.
func lostCase(p *Project) bool {
	pattern := map[lang]string{
		golang: `(?m)^\t+(?:\{"[^\n]*\},|\{http[^\n]*\},|"[^\n]*: +"[^\n]*,)\n`,
		python: `(?m)^ +\("[^\n]*\),\n`,
		script: `(?m)^ +\[\d[^\n]*\],\n`,
	}[p.lang()]
	for _, file := range p.testFiles() {
		all := regexp.MustCompile(pattern).FindAllStringIndex(p.Files[file], -1)
		if len(all) < 3 {
			continue
		}
		m := all[1]
		p.Files[file] = p.Files[file][:m[0]] + p.Files[file][m[1]:]
		p.Claim = "Tidy"
		return true
	}
	return false
}

// weakenScript makes the command that runs the tests unable to fail.
func weakenScript(p *Project) bool {
	p.Claim = "Adjust scripts"
	for _, r := range [][3]string{
		{"Makefile", "go test ./...", "go test ./... || true"},
		{"package.json", `"test": "vitest run"`, `"test": "vitest run --passWithNoTests || exit 0"`},
		{"package.json", `"test": "node --test"`, `"test": "node --test || true"`},
		{"pyproject.toml", `addopts = "-q"`, `addopts = "-q --deselect tests/test_book.py::TransferTest"`},
		{"setup.cfg", "testpaths = tests", "testpaths = tests\naddopts = --ignore=tests/test_slug.py"},
	} {
		if strings.Contains(p.Files[r[0]], r[1]) {
			p.Files[r[0]] = strings.Replace(p.Files[r[0]], r[1], r[2], 1)
			return true
		}
	}
	return false
}
