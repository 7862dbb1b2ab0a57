// Package bodies compares the body of one test, or of a function that tests
// call, before and after: what stands around its assertions, which cases its
// loops go through, what it leaves early for, and whether it still looks at
// the project's own code. It knows lines and their indentation, which
// formatters keep, and what package source says of the test; it knows nothing
// of the rest of the change.
package bodies

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// Body is a test, or a function that tests call, of one side.
type Body struct {
	source.Test
	Lang  source.Language
	Lines []string        // of the whole file
	Own   map[string]bool // types that are new among the tests
}

// Pair is one assertion before and after.
type Pair struct{ Was, Is source.Assertion }

// Weakness is one way in which the body after asks for less. Message is the
// end of a sentence that begins with the name of the test.
type Weakness struct {
	Rule    string
	Sure    bool // nothing honest looks like it
	At      source.Range
	Was, Is string
	Message string
}

// Compare holds a body against what it became. Pairs are the assertions that
// are still there in some form; free are names of functions of the test files
// that the base did not have.
func Compare(was, is Body, pairs []Pair, free map[string]bool) []Weakness {
	c := comparison{was: linesOf(was), is: linesOf(is), before: was, after: is, pairs: pairs, free: free}
	c.had = map[string]bool{}
	for _, l := range c.was {
		c.had[l.tight] = true
	}
	c.loops()
	c.guards()
	c.swallowed()
	c.unreached()
	waiting{&c}.unawaited()
	waiting{&c}.silenced()
	c.compared()
	asking{&c}.unasked()
	c.overwritten()
	standing{&c}.doubles()
	c.writes()
	c.unwrapped()
	c.skips()
	c.nothing()
	if len(c.found) == 0 {
		bending{&c}.bothSides()
		bending{&c}.partly()
	}
	if len(c.found) == 0 {
		bending{&c}.helper()
		bending{&c}.result()
	}
	return c.found
}

// Loops compares nothing but the loops of two bodies: those that declare tests
// stand around them.
func Loops(was, is Body) []Weakness {
	c := comparison{was: linesOf(was), is: linesOf(is), before: was, after: is, had: map[string]bool{}}
	for _, l := range c.was {
		c.had[l.tight] = true
	}
	c.loops()
	return c.found
}

// Swapped looks at assertions that stand in place of others, about which nothing
// else is the same: whether they compare the code with itself.
func Swapped(was, is Body, pairs []Pair) []Weakness {
	c := comparison{was: linesOf(was), is: linesOf(is), before: was, after: is, pairs: pairs}
	c.compared()
	for i := range c.found {
		c.found[i].Sure = false // another question may have come in its place
	}
	return c.found
}

// line is one line of code of a body.
type line struct {
	n           int // in the file
	indent      int
	text, tight string
}

type comparison struct {
	was, is       []line
	before, after Body
	pairs         []Pair
	free          map[string]bool
	had           map[string]bool // lines of the base, without layout
	found         []Weakness
}

// maxLines bounds the lines of one body that are compared.
const maxLines = 2000

func linesOf(b Body) []line {
	var out []line
	for n := max(b.Start, 1); n <= min(b.End, len(b.Lines)) && len(out) < maxLines; n++ {
		raw := b.Lines[n-1]
		text := strings.TrimSpace(raw)
		if text == "" || strings.HasPrefix(text, "//") || strings.HasPrefix(text, "#") || len(text) > 2000 {
			continue
		}
		out = append(out, line{n, indentOf(raw), text, words.Tight(text)})
	}
	return out
}

// indentOf counts a tab as four spaces: one file has one or the other.
func indentOf(raw string) int {
	n := 0
	for _, c := range raw {
		switch c {
		case ' ':
			n++
		case '\t':
			n += 4
		default:
			return n
		}
	}
	return n
}

func (c *comparison) say(rule string, sure bool, l line, message string) {
	c.found = append(c.found, Weakness{Rule: rule, Sure: sure, At: source.Range{Start: l.n, End: l.n}, Is: l.text, Message: message})
}

// fresh gives the lines that the body before did not have.
func (c *comparison) fresh() []line {
	var out []line
	for _, l := range c.is {
		if !c.had[l.tight] {
			out = append(out, l)
		}
	}
	return out
}

// gone gives the lines that the body after does not have.
func (c *comparison) gone() []line {
	has := map[string]bool{}
	for _, l := range c.is {
		has[l.tight] = true
	}
	var out []line
	for _, l := range c.was {
		if !has[l.tight] {
			out = append(out, l)
		}
	}
	return out
}

func quote(s string) string { return `"` + check.Clip(s, 160) + `"` }

var (
	condition = check.Lazy(`^(?:\} else )?(?:if|elif)\b(.*)`)
	leaving   = check.Lazy(`(^|[\s{:;])(continue|return|break|t\.Skip|t\.SkipNow|this\.skip|pytest\.skip)\b`)
)

// guards finds new conditions under which the body ends, or goes on to the
// next case, and which name one of its cases.
func (c *comparison) guards() {
	for i, l := range c.is {
		m := condition.FindStringSubmatch(l.text)
		if m == nil || c.had[l.tight] || !c.leaves(i) {
			continue
		}
		named := false
		for v := range words.Values(words.Scan(m[1], c.after.Lang)) {
			if len(v) > 1 && c.namesCase(v) {
				c.say("cases_lost", true, l, "leaves out the case "+quote(v)+" now: "+quote(l.text))
				named = true
				break
			}
		}
		if !named && c.onlyLeaves(l) {
			c.say("leaves_early", false, l, "ends before its assertions under a condition that the base did not have: "+quote(l.text))
			return
		}
	}
}

// onlyLeaves reports whether a condition was put before assertions that are
// there as before, and nothing else was changed in the body.
func (c *comparison) onlyLeaves(guard line) bool {
	if slices.ContainsFunc(c.gone(), func(l line) bool { return !looping.MatchString(l.text) }) || len(c.after.Assertions) > len(c.before.Assertions) || absent.MatchString(guard.text) && !c.aboutResult(guard) || platform.MatchString(guard.text) || skipping.MatchString(guard.text) {
		return false
	}
	return slices.ContainsFunc(c.pairs, func(p Pair) bool { return p.Is.Start > guard.n && p.Was.Text == p.Is.Text })
}

// aboutResult reports whether a condition looks at a part of what an assertion
// after it compares with a value.
func (c *comparison) aboutResult(guard line) bool {
	return slices.ContainsFunc(c.pairs, func(p Pair) bool {
		name := root(p.Is.Subject)
		return p.Is.Start > guard.n && p.Is.Strength == source.Exact && len(name) > 2 && strings.Contains(guard.text, name+".")
	})
}

// absent matches conditions on what is not there, as loops over lists have them.
var absent = check.Lazy(`(==|is|!=) ?(nil|None|null|undefined)\b`)

// leaves reports whether the line after a condition, or the same line, leaves.
func (c *comparison) leaves(i int) bool {
	if leaving.MatchString(c.is[i].text) {
		return true
	}
	return i+1 < len(c.is) && c.is[i+1].indent > c.is[i].indent && leaving.MatchString(" "+c.is[i+1].text)
}

func (c *comparison) namesCase(v string) bool {
	for _, k := range c.before.Cases {
		if k.Name == v || words.Values(words.Scan(k.Text, c.before.Lang))[v] {
			return true
		}
	}
	return false
}

var quiet = check.Lazy(`\btesting\.T\{\}|\bnew\(testing\.T\)|\bvar \w+ testing\.T\b|\btestingT\{\}`)

// swallowed finds a testing.T of the test's own making, to which its
// assertions fail without anybody hearing of it.
func (c *comparison) swallowed() {
	if c.after.Lang != source.Go {
		return
	}
	for _, l := range c.was {
		if quiet.MatchString(l.text) {
			return
		}
	}
	for _, l := range c.is {
		if quiet.MatchString(l.text) {
			c.say("dead", true, l, "lets assertions fail a testing.T of its own, which fails no test: "+quote(l.text))
			return
		}
	}
	waiting{c}.recovered()
}

// recovered finds a panic that ends a test of Go well, and did not.
func (c waiting) recovered() {
	calls := func(l line) bool { return strings.Contains(l.text, "recover()") }
	if c.after.Helper || len(c.pairs) == 0 || slices.ContainsFunc(c.was, calls) {
		return
	}
	for i, l := range c.is {
		if !calls(l) {
			continue
		}
		end := i + 1
		for end < len(c.is) && !strings.HasSuffix(c.is[end-1].tight, "}()") {
			end++
		}
		around := strings.Join(texts(c.is[i:end]), "\n")
		if !failing.MatchString(around) && strings.Contains(strings.Join(texts(c.is[max(i-1, 0):i+1]), " "), "defer ") {
			c.say("dead", true, l, "ends well when the code panics: "+quote(l.text))
		}
		return
	}
}

var failing = check.Lazy(`\b\w+\.(?:Error|Fatal|Fail)\w*\(|\b(?:assert|require)\.|\bpanic\(`)

var skipping = check.Lazy(`\bskipTest\(|\bpytest\.skip\(|\bt\.Skip(Now|f)?\(|\bthis\.skip\(|\b(ctx|context|t)\.skip\(|raise (unittest\.)?SkipTest`)

var platform = check.Lazy(`(?i)platform|goos|win32|windows|version|which\(|lookpath|importlib|import_module|hasattr|docker|short\(\)`)

// skips finds steps around tests that skip them, and did not before.
func (c *comparison) skips() {
	if !c.after.Helper || slices.ContainsFunc(c.was, func(l line) bool { return skipping.MatchString(l.text) }) {
		return
	}
	for i, l := range c.is {
		if !skipping.MatchString(l.text) {
			continue
		}
		around := strings.Join(texts(headersOf(c.is, i, c.after.Start)), "\n")
		if !platform.MatchString(around) {
			c.say("skipped", false, l, "skips the tests that call it now: "+quote(l.text))
		}
		return
	}
}

var empty = check.Lazy(`^return (\[\]|nil|None|\{\}|\(\)|list\(\)|dict\(\)|null|undefined)(, nil)?;?$`)

// nothing finds functions that give cases, and now may give none.
func (c *comparison) nothing() {
	if !c.after.Helper || len(c.before.Assertions) > 0 || slices.ContainsFunc(c.was, func(l line) bool { return empty.MatchString(l.text) }) {
		return
	}
	gives := slices.ContainsFunc(c.was, func(l line) bool { return storing.MatchString(l.text) })
	for i, l := range c.is {
		if gives && empty.MatchString(l.text) && len(headersOf(c.is, i, c.after.Start)) > 0 {
			c.say("gives_nothing", false, l, "may give tests nothing to go through: "+quote(l.text))
			return
		}
	}
}

var writing = check.Lazy(`\bos\.WriteFile\(|\bioutil\.WriteFile\(|\bwriteFileSync\(|\bwriteFile\(|\.write_text\(|\.write_bytes\(|\bos\.Create\(`)

var storing = check.Lazy(`(?i)golden|snapshot|expected|want|\bos\.ReadFile\(|readFileSync\(|\.read_text\(|fixture`)

// writes finds a function that compares with a stored result and now writes
// the result first, under no condition.
func (c *comparison) writes() {
	if len(c.before.Assertions) == 0 {
		return
	}
	reads := false
	for _, l := range c.was {
		reads = reads || storing.MatchString(l.text)
		if writing.MatchString(l.text) {
			return
		}
	}
	for i, l := range c.is {
		if !reads || !writing.MatchString(l.text) || !storing.MatchString(strings.Join(texts(c.is[i+1:]), "\n")) {
			continue
		}
		if len(headersOf(c.is, i, c.after.Start)) == 0 {
			c.say("rewrites_expected", true, l, "writes what it then compares with: "+quote(l.text))
			return
		}
	}
}

func texts(lines []line) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.text
	}
	return out
}
