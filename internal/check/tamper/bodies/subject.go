package bodies

import (
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

var naming = check.Lazy(`(?:^|[\s({;])(?:const |let |var )?(\w+)(?:, \w+)*\s*(?::\s*[\w.\[\]<>]+\s*)?(?::=|=)\s*([^=].*)`)

// definitions gives what is assigned to each name in a body, on one line.
func definitions(body []line) map[string]string {
	out := map[string]string{}
	for _, l := range body {
		for _, m := range naming.FindAllStringSubmatch(l.text, -1) {
			m[2], _, _ = strings.Cut(m[2], "; ")
			if _, ok := out[m[1]]; !ok {
				out[m[1]] = m[2]
			}
		}
	}
	return out
}

// compared finds assertions that compare what the code gives with what the
// same code gives: the value that was expected has become another call.
func (c *comparison) compared() {
	known, before := definitions(c.is), definitions(c.was)
	for _, p := range c.pairs {
		if words.Tight(p.Is.Text) == words.Tight(p.Was.Text) {
			continue
		}
		(asking{c}).above(p, known)
		subject := p.Is.Subject
		asked := append(callees(subject), callees(known[root(subject)])...)
		had := names(words.Scan(p.Was.Text, c.before.Lang))
		holds := names(words.Scan(holding(p.Is.Text), c.after.Lang))
		for t := range names(words.Scan(p.Is.Text, c.after.Lang)) {
			if had[t] && !strings.HasPrefix(p.Is.Text, "if "+t+" := ") || t == root(subject) || known[t] == "" || holds[t] && !holds[root(subject)] {
				continue
			}
			if known[t] == before[t] || laidOut(c.was, t, known[t]) {
				continue
			}
			if words.Tight(known[t]) == words.Tight(subject) && (asking{c}).rightBefore(t, p.Is) {
				c.self(p, t, known[t])
				return
			}
			if (asking{c}).ofResult(known[t], subject) {
				c.self(p, t, known[t])
				return
			}
			given := callees(known[t])
			if len(given) > 0 && slices.ContainsFunc(given, func(n string) bool { return slices.Contains(asked, n) && strings.Contains(known[t], n+"(") }) {
				c.self(p, t, known[t])
				return
			}
		}
		if given := words.Tight(known[subject]); len(given) > 3 && known[subject] == before[subject] && strings.Count(words.Tight(holding(p.Is.Text)), given) > strings.Count(words.Tight(holding(p.Was.Text)), given) {
			c.self(p, subject, known[subject])
			return
		}
	}
}

// holding is what an "if" of Go asks for, without what it works out first:
// there a result gets its name, or a comparison of two values its outcome.
func holding(text string) string {
	rest, ok := strings.CutPrefix(text, "if ")
	if !ok {
		return text
	}
	if i := strings.Index(rest, " {"); i > 0 {
		rest = rest[:i]
	}
	return rest[strings.LastIndex(rest, "; ")+1:]
}

func (c *comparison) self(p Pair, name, value string) {
	c.found = append(c.found, Weakness{
		Rule: "self_compared", Sure: true, At: p.Is.Range, Was: p.Was.Text, Is: p.Is.Text,
		Message: "compares what the code gives with what the same code gives: " + name + " is " + quote(value),
	})
}

// ofResult reports whether a value is worked out from what an assertion looks
// at, which is a result: a name that a call is bound to.
func (c asking) ofResult(value, subject string) bool {
	name := root(subject)
	if len(name) < 2 || strings.HasPrefix(subject, name+"(") || ordinary.MatchString(name) || parameter(c.after, name) {
		return false
	}
	return slices.ContainsFunc(words.Scan(value, c.after.Lang), func(t words.Token) bool { return t.Kind == words.Word && t.Text == name })
}

// above adds to what is known the values of names that an assertion has come to
// mention and that are worked out anew outside of the body.
func (c asking) above(p Pair, known map[string]string) {
	was := names(words.Scan(p.Was.Text, c.before.Lang))
	for t := range names(words.Scan(p.Is.Text, c.after.Lang)) {
		if _, ok := known[t]; ok || was[t] || len(t) < 3 || parameter(c.after, t) {
			continue
		}
		define := regexp.MustCompile(`^\s*(?:const |let |var )?` + regexp.QuoteMeta(t) + `\s*(?::[^=]+)?:?=\s*([^=\s].*)$`)
		for i, l := range c.after.Lines[:min(max(c.after.Start, 0), len(c.after.Lines))] {
			if !define.MatchString(l) {
				continue
			}
			_, value, _ := strings.Cut(valueFrom(c.after.Lines, i), "=")
			known[t] = strings.TrimSpace(value)
			if slices.Contains(c.before.Lines, l) {
				delete(known, t)
			}
		}
	}
}

// rightBefore reports whether a name gets its value in the line before an
// assertion: nothing happens in between.
func (c asking) rightBefore(name string, a source.Assertion) bool {
	for i, l := range c.is {
		if m := naming.FindStringSubmatch(l.text); m != nil && m[1] == name && i+1 < len(c.is) {
			return c.is[i+1].n == a.Start
		}
	}
	return false
}

// parameter reports whether a name is given to the body from outside.
func parameter(b Body, name string) bool {
	if b.Start < 1 || b.Start > len(b.Lines) {
		return false
	}
	end := b.Start
	for end < len(b.Lines) && end < b.Start+8 && !strings.ContainsAny(b.Lines[end-1], ":{") {
		end++
	}
	return words.Of(words.Scan(strings.Join(b.Lines[b.Start-1:end], "\n"), b.Lang))[name]
}

var assigning = check.Lazy(`^(?:const |let |var )?(?:\w+\.)*(\w+)\s*:?=\s*([^=].*)$`)

// overwritten finds values that assertions expect, and that are now worked out
// before with what the assertions look at.
func (c *comparison) overwritten() {
	known, before := definitions(c.is), definitions(c.was)
	for _, l := range c.fresh() {
		m := assigning.FindStringSubmatch(l.text)
		if m == nil || laidOut(c.was, m[1], m[2]) {
			continue
		}
		ways, had := waysOf(m[2]), callees(before[m[1]])
		given := slices.DeleteFunc(callees(m[2]), func(n string) bool { return slices.Contains(ways, n) }) // both sides may be altered
		if !slices.ContainsFunc(given, func(n string) bool { return !slices.Contains(had, n) }) {
			given = nil // it was worked out so before
		}
		for _, p := range c.pairs {
			subject := root(p.Is.Subject)
			if p.Was.Text == p.Is.Text && subject != m[1] && l.n <= p.Is.Start && words.Of(words.Scan(p.Is.Text, c.after.Lang))[m[1]] && subject != "" && (words.Tight(m[2]) == words.Tight(p.Is.Subject) || (asking{c}).ofResult(m[2], p.Is.Subject)) {
				c.say("self_compared", true, l, "expects what it tests: "+quote(l.text))
				return
			}
			if p.Was.Text != p.Is.Text || subject == m[1] || l.n > p.Is.Start || !words.Of(words.Scan(p.Is.Text, c.after.Lang))[m[1]] {
				continue
			}
			asked := append(callees(p.Is.Text), callees(known[subject])...)
			if slices.ContainsFunc(given, func(n string) bool { return slices.Contains(asked, n) }) {
				c.say("self_compared", true, l, "works out what it expects with what it tests: "+quote(l.text))
				return
			}
		}
	}
}

// names gives the names in code that are no parts of others.
func names(tokens []words.Token) map[string]bool {
	out := map[string]bool{}
	for i, t := range tokens {
		if t.Kind == words.Word && (i == 0 || tokens[i-1].Text != ".") {
			out[t.Text] = true
		}
	}
	return out
}

// root gives the name that an expression begins with.
func root(expr string) string {
	for i, r := range expr {
		if !words.IsRune(r) {
			return expr[:i]
		}
	}
	return expr
}

// patching matches the ways to put something else in place of a function; the
// last name that it captures is the function's.
func patching() []*check.Pattern {
	return []*check.Pattern{pyPatch, pyPatchObject, jsSpy, jsProperty, assigned}
}

var (
	pyPatch       = check.Lazy(`\bpatch\(\s*f?["'][\w.]*?(\w+)["']`)
	pyPatchObject = check.Lazy(`\b(?:patch\.object|setattr)\(\s*[\w.]+,\s*["'](\w+)["']`)
	jsSpy         = check.Lazy(`\bspyOn\([^,]+,\s*["'](\w+)["']\)\s*\.mock`)
	assigned      = check.Lazy(`^(?:[\w$]+\.)+(\w+) = (?:async )?(?:function\b|\([^)]*\) =>|\w+ =>|lambda\b|(?:t\.mock|jest|vi|mock|sinon)\.(?:fn|stub)\(|(?:\w+\.)*(?:Magic|Async|Property)?Mock\()`)
	constant      = check.Lazy(`\b(?:monkeypatch\.setattr|patch\.object|setattr)\(\s*([\w.]+),\s*["'](\w+)["'],\s*(?:lambda\b[^:]*:\s*(?:True|False|None|[\d"'\[({])|return_value)|^([\w$]+)\.(\w+) = .*(?:=>|function\b|lambda\b|\.fn\()|\bmock\.method\(([\w.$]+), ["'](\w+)["'], \(.*?\) =>`)
	outsideWorld  = check.Lazy(`(?i)^(time|os|sys|random|datetime|socket|requests|httpx|process|console|date|math|globalthis|global|window|document|fs|http|https|crypto|uuid|subprocess|builtins|logging|env|navigator|localstorage|performance|shutil|tempfile|getpass|platform|signal|stdout|stderr)\b`)
	jsProperty    = check.Lazy(`\bmock\.method\([^,]+,\s*["'](\w+)["']`)
	double        = check.Lazy(`^(?:const |let )?(\w+)\s*:?=\s*(?:mock\.)?(?:Magic|Async)?Mock\(|^(?:const |let )?(\w+)\s*=\s*(?:vi|jest|mock|sinon|t\.mock)\.(?:fn|stub|mock)\(`)
	spec          = check.Lazy(`Mock\(\s*(?:spec|spec_set)\s*=\s*(\w+)`)
)

// standing finds what stands in place of the code under test.
type standing struct{ *comparison }

// doubles finds tests that look at a double of the very code which they
// looked at before.
func (c standing) doubles() {
	asked := map[string]bool{}
	for _, a := range c.before.Assertions {
		for _, n := range callees(a.Text) {
			asked[n] = true
		}
		for _, n := range callees(definitions(c.was)[root(a.Subject)]) {
			asked[n] = true
		}
	}
	for _, l := range c.fresh() {
		for _, p := range patching() {
			if m := p.FindStringSubmatch(l.text); m != nil && asked[m[1]] {
				c.say("subject_replaced", true, l, "replaces "+m[1]+", which it is there to test: "+quote(l.text))
				return
			}
		}
		if m := spec.FindStringSubmatch(l.text); m != nil && c.called(m[1]) {
			c.say("subject_replaced", true, l, "looks at a double of "+m[1]+", which it is there to test: "+quote(l.text))
			return
		}
		if m := double.FindStringSubmatch(l.text); m != nil && c.standsIn(m[1]+m[2], asked) {
			c.say("subject_replaced", true, l, "looks at what a double gives, which the test itself says: "+quote(l.text))
			return
		}
	}
	c.ownCopy(asked)
	c.ownType()
	c.isolated()
}

// isolated finds a function that always gives the same and stands now in place
// of one of the project, in a test in which nothing else changed: it makes the
// assertions hold.
func (c standing) isolated() {
	const most = 4 // lines that came with it
	fresh := c.fresh()
	gone := slices.DeleteFunc(c.gone(), func(l line) bool { return l.n == c.before.Start || heading.MatchString(l.text) })
	if len(gone) > 0 || len(fresh) > most || len(c.pairs) == 0 || len(c.after.Assertions) != len(c.before.Assertions) ||
		slices.ContainsFunc(c.pairs, func(p Pair) bool { return p.Was.Text != p.Is.Text }) {
		return
	}
	for _, l := range fresh {
		m := constant.FindStringSubmatch(l.text)
		if m == nil || outsideWorld.MatchString(m[1]+m[3]+m[5]) || strings.Contains(m[1], ".") && outsideWorld.MatchString(m[1][strings.LastIndexByte(m[1], '.')+1:]) {
			continue
		}
		c.say("subject_replaced", false, l, "puts an answer of its own in place of "+m[2]+m[4]+m[6]+", and asks for the same as before: "+quote(l.text))
		return
	}
}

var heading = check.Lazy(`^(async )?def |^(test|it)\(|^func `)

// called reports whether the body before called a name.
func (c standing) called(name string) bool {
	return slices.ContainsFunc(c.was, func(l line) bool { return strings.Contains(l.text, name+"(") })
}

// standsIn reports whether assertions look at what a double itself gives,
// where those before did not.
func (c standing) standsIn(name string, asked map[string]bool) bool {
	if asked[name] {
		return true
	}
	call := regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\(`)
	if slices.ContainsFunc(c.was, func(l line) bool { return call.MatchString(l.text) && !double.MatchString(l.text) }) {
		return false
	}
	return slices.ContainsFunc(c.after.Assertions, func(a source.Assertion) bool { return call.MatchString(a.Subject) })
}

// ownCopy finds tests that call a new function of the tests, where they called
// one of that name of the project.
func (c standing) ownCopy(asked map[string]bool) {
	for name := range asked {
		for own := range c.free {
			if !strings.EqualFold(own, name) || parameter(c.after, own) {
				continue
			}
			mine := regexp.MustCompile(`(^|[^.\w])` + regexp.QuoteMeta(own) + `\(`)
			theirs := regexp.MustCompile(`\w\.` + regexp.QuoteMeta(name) + `\(`)
			is := strings.Join(texts(c.is), "\n")
			if mine.MatchString(is) && !theirs.MatchString(is) && !c.mineBefore(mine) {
				for _, l := range c.is {
					if mine.MatchString(l.text) {
						c.say("subject_replaced", true, l, "calls a copy of "+name+" that stands among the tests: "+quote(l.text))
						return
					}
				}
			}
		}
	}
}

func (c standing) mineBefore(mine *regexp.Regexp) bool {
	return slices.ContainsFunc(c.was, func(l line) bool { return mine.MatchString(l.text) })
}

// opens matches the end of a signature of Python.
var opens = check.Lazy(`:\s*(#.*)?$`)

var printing = check.Lazy(`^\w+\.(Error|Fatal|Log)f?\(`)

var expecting = check.Lazy(`^(want\w*|expect|expected\w*|exp|out|output|desired)$`)

// laidOut reports whether a name had a value before, perhaps on several lines.
func laidOut(body []line, name, value string) bool {
	var all strings.Builder
	for _, l := range body {
		all.WriteString(l.tight)
	}
	value = strings.TrimSuffix(words.Tight(value), ";")
	return strings.Contains(all.String(), name+"="+value) || strings.Contains(all.String(), name+":="+value)
}

// asking looks at what assertions are held against.
type asking struct{ *comparison }

// unasked finds a value that cases still give as what is expected, and that
// the test holds nothing against any more.
func (c asking) unasked() {
	if len(c.after.Cases) == 0 || len(c.before.Cases) == 0 || len(c.after.Assertions) == 0 {
		return
	}
	for _, a := range c.before.Assertions {
		tokens := words.Scan(a.Text, c.before.Lang)
		for i, t := range tokens {
			if t.Kind != words.Word || !expecting.MatchString(t.Text) || i+1 < len(tokens) && tokens[i+1].Text == "(" {
				continue
			}
			of := "" // the case of which it is a field
			if i > 1 && tokens[i-1].Text == "." {
				of = tokens[i-2].Text
			}
			if c.given(of, t.Text) && !c.uses(of, t.Text) {
				at := c.after.Assertions[0].Range
				c.found = append(c.found, Weakness{
					Rule: "expectation_unused", Sure: true, At: at, Was: a.Text, Is: c.after.Assertions[0].Text,
					Message: "no longer holds anything against " + t.Text + ", which its cases give",
				})
				return
			}
		}
	}
}

// given reports whether the cases of the head, or what the test is called
// with, still give a value of that name.
func (c asking) given(of, name string) bool {
	if of == "" {
		return parameter(c.after, name) || slices.ContainsFunc(c.is, func(l line) bool { return l.n <= c.after.Start && strings.Contains(l.text, name) })
	}
	for _, k := range c.after.Cases {
		if words.Of(words.Scan(k.Text, c.after.Lang))[name] {
			return true
		}
	}
	whole := strings.Join(c.after.Lines, "\n")
	return c.after.Lang == source.Go && regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b[\w, ]* \S`).MatchString(whole)
}

// uses reports whether the body after mentions a value beyond where it is
// given.
func (c asking) uses(of, name string) bool {
	skip := map[int]bool{}
	for _, k := range c.after.Cases {
		for n := k.Start; n <= k.End; n++ {
			skip[n] = true
		}
	}
	first := c.after.Start
	if c.after.Lang == source.Python {
		for first < len(c.after.Lines) && !opens.MatchString(c.after.Lines[first-1]) {
			first++ // decorators and the signature
		}
	}
	for _, l := range c.is {
		if l.n <= first && of == "" || skip[l.n] || printing.MatchString(l.text) {
			continue
		}
		tokens := words.Scan(l.text, c.after.Lang)
		for i, t := range tokens {
			if t.Text == name && t.Kind == words.Word && (of == "" || i > 0 && tokens[i-1].Text == ".") {
				return true
			}
		}
	}
	return false
}
