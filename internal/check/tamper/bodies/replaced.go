package bodies

import (
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

var built = check.Lazy(`^(?:\w+\.)?(\w+)[({]`)

// ownType finds a test that is given an object of a type that is new among the
// tests, where it was given one of the project, and asks the same of it.
func (c standing) ownType() {
	for _, l := range c.fresh() {
		m := setting.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		now := built.FindStringSubmatch(strings.TrimPrefix(strings.TrimPrefix(m[2], "&"), "new "))
		if now == nil || !c.after.Own[now[1]] {
			continue
		}
		for _, old := range c.gone() {
			o := setting.FindStringSubmatch(old.text)
			if o == nil || o[1] != m[1] || !built.MatchString(strings.TrimPrefix(strings.TrimPrefix(o[2], "&"), "new ")) || strings.Contains(l.text, strings.TrimSuffix(o[2], ";")) {
				continue
			}
			if slices.ContainsFunc(c.pairs, func(p Pair) bool { return p.Is.Start > l.n && words.Tight(p.Was.Text) == words.Tight(p.Is.Text) }) {
				c.say("subject_replaced", false, l, "looks at "+now[1]+", which stands among the tests, where it looked at something of the project: "+quote(l.text)+" was "+quote(old.text))
				return
			}
		}
	}
}

// Module is a file of tests with what it imports and declares.
type Module struct {
	Imports []source.Import
	Types   []source.Type
	Lines   []string
}

// Code is what is known of the project's code beside a change.
type Code struct {
	Holds   func(name string) bool             // whether changed files of code still hold a name
	Changed func(module string) bool           // whether an import is of a changed file of code
	Added   func(module string) (string, bool) // the text of a file that the change adds, by an import
}

// Imported finds names that tests use and that are something else now: they come
// from another module than the project's, which still has them, from a class of
// the tests that is made of the project's, or from a file that is new and lets
// failures go by.
func Imported(was, is Module, code Code) []Weakness {
	before := map[string]string{}
	for _, i := range was.Imports {
		if i.Name != "" {
			before[i.Name] = i.Path
		}
	}
	var found []Weakness
	say := func(sure bool, at source.Range, message string) {
		text := ""
		if at.Start >= 1 && at.Start <= len(is.Lines) {
			text = strings.TrimSpace(is.Lines[at.Start-1])
		}
		found = append(found, Weakness{Rule: "subject_replaced", Sure: sure, At: source.Range{Start: at.Start, End: at.Start}, Is: text, Message: message + ": " + quote(text)})
	}
	for _, i := range is.Imports {
		from, had := before[i.Name]
		if i.Name == "" || had && from == i.Path {
			continue
		}
		if had && code.Holds(i.Name) && code.Changed(from) && !code.Changed(i.Path) {
			say(false, i.Range, "takes "+i.Name+", which it is there to test, from elsewhere")
		}
		if text, added := code.Added(i.Path); added && asserting.MatchString(i.Name) && lenient.MatchString(text) {
			say(true, i.Range, "asserts by a function of its own that lets failures go by")
		}
	}
	for _, t := range is.Types {
		if _, had := before[t.Name]; had && strings.Contains(t.Signature, "."+t.Name) && !slices.ContainsFunc(was.Types, func(o source.Type) bool { return o.Name == t.Name }) {
			say(true, t.Range, "has a class of its own in place of "+t.Name+", which it is there to test")
		}
	}
	return found
}

var asserting = check.Lazy(`^(?:expect|assert|should|test|it|describe|require|check)$`)

var lenient = check.Lazy(`\bcatch\b|\bexcept\b|\brecover\(`)

// ModuleOf gives the last part of an import without its extension.
func ModuleOf(p string) string {
	p = path.Base(p)
	if ext := path.Ext(p); len(ext) > 1 && len(ext) <= 4 && source.LanguageOf(p) != source.Unknown {
		return strings.TrimSuffix(p, ext)
	}
	return p[strings.LastIndexByte(p, '.')+1:]
}

// altered finds a function that serves tests and works otherwise than before:
// one or two lines of it are written anew, and nothing of the code that changed
// stands in them.
func (c bending) altered(changed map[string]bool) {
	gone, fresh := c.gone(), c.fresh()
	if len(c.before.Assertions) > 0 || len(gone) == 0 || len(gone) > 2 || len(fresh) != len(gone) || gone[0].n == c.before.Start && len(c.was) > 1 {
		return
	}
	for i, l := range fresh {
		a, b := words.Scan(gone[i].text, c.before.Lang), words.Scan(l.text, c.after.Lang)
		if slices.EqualFunc(a, b, func(x, y words.Token) bool { return x.Kind == words.Text && y.Kind == words.Text || x == y }) {
			return
		}
		for _, t := range append(a, b...) {
			if t.Kind == words.Word && len(t.Text) > 2 && changed[t.Text] {
				return // it follows the code
			}
		}
	}
	c.say("helper_changed", false, fresh[0], "works otherwise than before, while what is tested changed and the tests that call it did not: "+quote(fresh[0].text)+" was "+quote(gone[0].text))
}

// Altered looks at a function that serves tests, for what it does otherwise
// while the code changed. changed are the names of the code that is not as it
// was.
func Altered(was, is Body, changed map[string]bool) []Weakness {
	c := comparison{was: linesOf(was), is: linesOf(is), before: was, after: is, had: map[string]bool{}}
	for _, l := range c.was {
		c.had[l.tight] = true
	}
	bending{&c}.altered(changed)
	return c.found
}
