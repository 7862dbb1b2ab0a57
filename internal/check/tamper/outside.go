package tamper

import (
	"fmt"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/bodies"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// outside judges what stands in a file of tests outside of them: loops that
// declare tests, lists that tests go through, lists of what is left out, and
// modules that are replaced for all of its tests.
func (j weakening) outside(f *file) {
	if f.other == nil || len(f.lines) > maxOutside || len(f.other.lines) > maxOutside {
		return
	}
	was, is := freeLines(f), freeLines(f.other)
	for _, w := range bodies.Loops(wholeOf(f, was), wholeOf(f.other, is)) {
		if !j.said(w.Rule, f.other.path, w.At.Start) {
			j.say(statement{rule: w.Rule, level: evidence.Gate, path: f.other.path, lines: w.At, is: w.Is, paths: []string{f.path, f.other.path}, anchor: w.Is,
				message: fmt.Sprintf("%s %s.", check.ShowPath(f.other.path), w.Message)})
		}
	}
	j.leftOut(f, was, is)
	j.entriesLost(f, was, is)
	j.modulesReplaced(f, is)
	j.alwaysSame(f, was, is)
}

var sameForAll = check.Lazy(`(?:=>|\breturn)\s*\(?(?:true|True|/\.[*+]?/[a-z]*|new RegExp\(["']\.?[*+]?["']\)|re\.compile\(r?["']\.?[*+]?["']\))\)?[;,)}]*$`)

// alwaysSame finds a function that tests use and that has come to say yes to
// everything: it was changed, and has nothing else to give now.
func (j weakening) alwaysSame(f *file, was, is []string) {
	had := map[string]bool{}
	for _, line := range was {
		had[words.Tight(line)] = true
		if sameForAll.MatchString(strings.TrimSpace(line)) {
			return
		}
	}
	left := 0
	for _, line := range is {
		if had[words.Tight(line)] && strings.Trim(line, " \t{}()[];,") != "" {
			left++
		}
	}
	for i, line := range is {
		if !sameForAll.MatchString(strings.TrimSpace(line)) || 2*left > len(was) {
			continue
		}
		j.say(statement{rule: "helper_emptied", level: evidence.Locator, path: f.other.path, lines: source.Range{Start: i + 1, End: i + 1}, is: strings.TrimSpace(line), paths: []string{f.path, f.other.path}, anchor: strings.TrimSpace(line),
			message: fmt.Sprintf("A function in %s gives the same for everything now: %s.", check.ShowPath(f.other.path), quote(strings.TrimSpace(line)))})
		return
	}
}

// maxOutside bounds the lines of a file whose outside is compared.
const maxOutside = 20_000

// freeLines gives the lines of a file, those of tests, of cases and of imports
// left empty.
func freeLines(f *file) []string {
	out := append([]string(nil), f.lines...)
	blank := func(r source.Range) {
		for n := max(r.Start, 1); n <= r.End && n <= len(out); n++ {
			out[n-1] = ""
		}
	}
	for _, t := range f.tests {
		blank(t.Range)
		for _, c := range t.Cases {
			blank(c.Range)
		}
	}
	for i, line := range out {
		if text := strings.TrimSpace(line); strings.HasPrefix(text, "import ") || strings.HasPrefix(text, "from ") || strings.HasPrefix(text, "//") || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "*") {
			out[i] = ""
		}
	}
	return out
}

func wholeOf(f *file, lines []string) bodies.Body {
	return bodies.Body{Test: source.Test{Range: source.Range{Start: 1, End: len(lines)}}, Lang: f.lang, Lines: lines}
}

var exempting = check.Lazy(`(?i)^\s*(?:export\s+)?(?:const |let |var )?(\w*(?:ignor|skip|exclu|xfail|unsupported|flaky|disabled|denylist|blocklist|blacklist|known_?fail|known_?bugs)\w*)\s*(?::[^=]+)?:?=\s*(.*)$`)

// leftOut finds a list of what is not tested that names more than before.
func (j weakening) leftOut(f *file, was, is []string) {
	before := map[string]string{}
	for i, line := range was {
		if m := exempting.FindStringSubmatch(line); m != nil {
			before[m[1]] = valueFrom(was, i)
		}
	}
	for i, line := range is {
		m := exempting.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		old, had := before[m[1]]
		now := valueFrom(is, i)
		if !had || words.Tight(old) == words.Tight(now) {
			continue
		}
		a, b := words.Values(words.Scan(old, f.lang)), words.Values(words.Scan(now, f.lang))
		if len(b) <= len(a) && (len(b) > 0 || words.Contained(words.Of(words.Scan(now, f.lang)), words.Of(words.Scan(old, f.lang))) == 1) {
			continue // no more values, and nothing that may give some
		}
		j.say(statement{rule: "cases_lost", level: evidence.Locator, path: f.other.path, lines: source.Range{Start: i + 1, End: i + 1}, was: old, is: now, paths: []string{f.path, f.other.path}, anchor: m[1],
			message: fmt.Sprintf("%s in %s leaves out more than before.", quote(m[1]), check.ShowPath(f.other.path))})
	}
}

// valueFrom gives a value that begins in a line, up to where its brackets close.
func valueFrom(lines []string, at int) string {
	const most = 200
	var b strings.Builder
	depth := 0
	for i := at; i < len(lines) && i < at+most; i++ {
		b.WriteString(strings.TrimSpace(lines[i]) + " ")
		depth += strings.Count(lines[i], "[") + strings.Count(lines[i], "{") + strings.Count(lines[i], "(")
		depth -= strings.Count(lines[i], "]") + strings.Count(lines[i], "}") + strings.Count(lines[i], ")")
		if depth <= 0 {
			break
		}
	}
	return b.String()
}

var literalLine = check.Lazy("^[\\[({]?\\s*(b|r|f|u)?[\"'`\\d\\-].*[,\\])}]$")

// entriesLost finds entries of lists that tests use and that are gone: lines
// of nothing but values.
func (j weakening) entriesLost(f *file, was, is []string) {
	const few = 2
	has := map[string]bool{}
	come := 0
	had := map[string]bool{}
	for _, line := range was {
		had[words.Tight(strings.TrimSpace(line))] = true
	}
	for _, line := range is {
		text := strings.TrimSpace(line)
		has[words.Tight(text)] = true
		if literalLine.MatchString(text) && !had[words.Tight(text)] {
			come++
		}
	}
	var gone []string
	first := 0
	for i, line := range was {
		text := strings.TrimSpace(line)
		if !literalLine.MatchString(text) || has[words.Tight(text)] || len(text) > 400 || j.standsElsewhere(f, text) {
			continue
		}
		if first == 0 {
			first = i + 1
		}
		gone = append(gone, text)
	}
	if len(gone) < few || len(gone) <= 2*come {
		return
	}
	level := evidence.Locator
	if len(f.tests) > 0 && order(j.weigh(f.tests[0], len(gone))) > order(level) {
		level = evidence.Context
	}
	j.say(statement{rule: "cases_lost", level: level, path: f.other.path, was: strings.Join(gone, "\n     "), paths: []string{f.path, f.other.path}, anchor: gone[0],
		message: fmt.Sprintf("%s has lost %s that tests went through, the first %s (line %d of the base).", check.ShowPath(f.other.path), entriesOf(len(gone)), quote(gone[0]), first)})
}

func entriesOf(n int) string { return fmt.Sprintf("%d entries of lists", n) }

// standsElsewhere reports whether the values of a line stand together in a
// line of the head's tests.
func (j weakening) standsElsewhere(f *file, text string) bool {
	values := words.InOrder(words.Scan(text, f.lang))
	if len(values) == 0 || j.code.subjectGone(words.Scan(text, f.lang)) {
		return true
	}
	for _, other := range j.head.tests {
		whole := strings.Join(other.lines, "\n")
		all := true
		for _, v := range values {
			all = all && strings.Contains(whole, words.Bare(v))
		}
		if all {
			return true
		}
	}
	return false
}

var replacing = check.Lazy(`^\s*(?:vi|jest)\.(?:mock|doMock)\(\s*["']\.{1,2}/`)

// modulesReplaced finds a module of the project that is replaced for all tests
// of a file, with functions in it that the tests are there to test.
func (j weakening) modulesReplaced(f *file, is []string) {
	if strings.Contains(strings.Join(f.lines, "\n"), ".mock(") {
		return
	}
	for i, line := range is {
		if !replacing.MatchString(line) {
			continue
		}
		given := words.Of(words.Scan(valueFrom(is, i), f.lang))
		for _, t := range f.tests {
			for _, a := range t.Assertions {
				name, _, called := strings.Cut(a.Subject, "(")
				if !called || len(name) < 3 || !given[name] {
					continue
				}
				j.say(statement{rule: "subject_replaced", level: evidence.Gate, path: f.other.path, lines: source.Range{Start: i + 1, End: i + 1}, is: strings.TrimSpace(line), paths: []string{f.path, f.other.path}, anchor: name,
					message: fmt.Sprintf("%s replaces %s, which its tests are there to test.", check.ShowPath(f.other.path), name)})
				return
			}
		}
	}
}
