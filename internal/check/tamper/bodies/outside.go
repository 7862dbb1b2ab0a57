package bodies

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// File is a file of tests of one side.
type File struct {
	Lang  source.Language
	Lines []string
	Tests []source.Test
}

// Outside compares what stands in a file of tests outside of them: loops that
// declare tests, lists that tests go through, lists of what is left out,
// modules that are replaced for all of its tests, and functions that have come
// to say yes to everything. elsewhere tells whether an entry stands in other
// tests, or what its list is for is gone; it is given the lines around the entry. Messages begin with the name of the file.
func Outside(was, is File, elsewhere func(around, entry string) bool) []Weakness {
	o := outside{was: was, is: is, before: freeLines(was), after: freeLines(is)}
	o.found = Loops(o.whole(was.Lang, o.before), o.whole(is.Lang, o.after))
	o.cutApart()
	o.unrun()
	o.leftOut()
	o.entriesLost(elsewhere)
	o.modulesReplaced()
	o.alwaysSame()
	return o.found
}

// outside is one comparison of what stands outside of tests.
type outside struct {
	was, is       File
	before, after []string // lines, those of tests and cases left empty
	found         []Weakness
}

func (o *outside) whole(lang source.Language, lines []string) Body {
	return Body{Test: source.Test{Range: source.Range{Start: 1, End: len(lines)}}, Lang: lang, Lines: lines}
}

func (o *outside) say(w Weakness, line int) {
	w.At = source.Range{Start: line, End: line}
	o.found = append(o.found, w)
}

// freeLines gives the lines of a file, those of tests, of cases and of imports
// left empty.
func freeLines(f File) []string {
	out := append([]string(nil), f.Lines...)
	blank := func(r source.Range) {
		for n := max(r.Start, 1); n <= r.End && n <= len(out); n++ {
			out[n-1] = ""
		}
	}
	for _, t := range f.Tests {
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

// cutApart finds a name outside of tests for a part of what a decorator or a
// loop of a test went through, and goes through under that name.
func (o *outside) cutApart() {
	c := narrowed{&comparison{
		was: linesOf(o.whole(o.was.Lang, o.was.Lines)), is: linesOf(o.whole(o.is.Lang, o.is.Lines)),
		after: Body{Lang: o.is.Lang},
	}}
	for i, text := range o.after {
		text = strings.TrimSpace(text)
		m := setting.FindStringSubmatch(text)
		isTold := slices.ContainsFunc(o.found, func(w Weakness) bool { return w.At.Start == i+1 })
		if m != nil && !isTold && c.through(m[1], m[2]) {
			o.say(Weakness{Rule: "cases_lost", Sure: true, Is: text, Message: "leaves out some of the cases that its tests go through: " + quote(text)}, i+1)
		}
	}
}

var exempting = check.Lazy(`(?i)^\s*(?:export\s+)?(?:const |let |var )?(\w*(?:ignor|skip|exclu|xfail|unsupported|flaky|disabled|denylist|blocklist|blacklist|known_?fail|known_?bugs)\w*)\s*(?::[^=]+)?:?=\s*(.*)$`)

// leftOut finds a list of what is not tested that names more than before.
func (o *outside) leftOut() {
	before := map[string]string{}
	for i, line := range o.before {
		if m := exempting.FindStringSubmatch(line); m != nil {
			before[m[1]] = valueFrom(o.before, i)
		}
	}
	for i, line := range o.after {
		m := exempting.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		old, had := before[m[1]]
		now := valueFrom(o.after, i)
		if !had || words.Tight(old) == words.Tight(now) {
			continue
		}
		a, b := words.Values(words.Scan(old, o.is.Lang)), words.Values(words.Scan(now, o.is.Lang))
		if len(b) <= len(a) && (len(b) > 0 || words.Contained(words.Of(words.Scan(now, o.is.Lang)), words.Of(words.Scan(old, o.is.Lang))) == 1) {
			continue // no more values, and nothing that may give some
		}
		o.say(Weakness{Rule: "cases_lost", Was: old, Is: now, Message: "leaves out more than before by " + quote(m[1])}, i+1)
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
func (o *outside) entriesLost(elsewhere func(around, entry string) bool) {
	const few, most = 2, 500
	has := map[string]bool{}
	come := 0
	had := map[string]bool{}
	for _, line := range o.before {
		had[words.Tight(strings.TrimSpace(line))] = true
	}
	for _, line := range o.after {
		text := strings.TrimSpace(line)
		has[words.Tight(text)] = true
		if literalLine.MatchString(text) && !had[words.Tight(text)] {
			come++
		}
	}
	var gone []string
	first := 0
	for i, line := range o.before {
		text := strings.TrimSpace(line)
		if len(gone) == most || !literalLine.MatchString(text) || has[words.Tight(text)] || len(text) > 400 || elsewhere(headsOf(o.was.Lines, i), text) {
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
	o.found = append(o.found, Weakness{
		Rule: "entries_lost", Was: strings.Join(gone, "\n     "),
		Message: fmt.Sprintf("has lost %d entries of lists that tests went through, the first %s (line %d of the base)", len(gone), quote(gone[0]), first),
	})
}

// headsOf gives the lines around a line, from the inside out: those before it
// that are indented less.
func headsOf(lines []string, at int) string {
	const most = 200 // lines
	var out []string
	depth := indentOf(lines[at])
	for i := at - 1; i >= 0 && i >= at-most && depth > 0; i-- {
		if d := indentOf(lines[i]); d < depth && strings.TrimSpace(lines[i]) != "" {
			depth = d
			out = append(out, lines[i])
		}
	}
	return strings.Join(out, "\n")
}

var replacing = check.Lazy(`^\s*(?:vi|jest)\.(?:mock|doMock)\(\s*["']\.{1,2}/`)

// modulesReplaced finds a module of the project that is replaced for all tests
// of a file, with functions in it that the tests are there to test.
func (o *outside) modulesReplaced() {
	if strings.Contains(strings.Join(o.was.Lines, "\n"), ".mock(") {
		return
	}
	for i, line := range o.after {
		if !replacing.MatchString(line) {
			continue
		}
		given := words.Of(words.Scan(valueFrom(o.after, i), o.is.Lang))
		for _, t := range o.was.Tests {
			for _, a := range t.Assertions {
				name, _, called := strings.Cut(a.Subject, "(")
				if !called || len(name) < 3 || !given[name] {
					continue
				}
				o.say(Weakness{Rule: "subject_replaced", Sure: true, Is: strings.TrimSpace(line), Message: "replaces " + name + ", which its tests are there to test"}, i+1)
				return
			}
		}
	}
}

var sameForAll = check.Lazy(`(?:=>|\breturn)\s*\(?(?:true|True|/\.[*+]?/[a-z]*|new RegExp\(["']\.?[*+]?["']\)|re\.compile\(r?["']\.?[*+]?["']\))\)?[;,)}]*$`)

// alwaysSame finds a function that tests use and that has come to say yes to
// everything: it was changed, and has nothing else to give now.
func (o *outside) alwaysSame() {
	had := map[string]bool{}
	for _, line := range o.before {
		had[words.Tight(line)] = true
		if sameForAll.MatchString(strings.TrimSpace(line)) {
			return
		}
	}
	left := 0
	for _, line := range o.after {
		if had[words.Tight(line)] && strings.Trim(line, " \t{}()[];,") != "" {
			left++
		}
	}
	for i, line := range o.after {
		if !sameForAll.MatchString(strings.TrimSpace(line)) || 2*left > len(o.before) {
			continue
		}
		o.say(Weakness{Rule: "helper_emptied", Is: strings.TrimSpace(line), Message: "has a function that gives the same for everything now: " + quote(strings.TrimSpace(line))}, i+1)
		return
	}
}
