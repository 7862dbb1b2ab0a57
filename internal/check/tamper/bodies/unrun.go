package bodies

import (
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

var (
	// takenAway matches what takes a test from its runner for good.
	takenAway = check.Lazy(`^del (?:[A-Z]\w*\.)?[tT]est\w*\b|\b__test__ = False\b|^(?:[A-Z]\w*\.)?test[A-Z_]\w* = (?:None|lambda\b)|^Test\w* = None\b`)
	// setAside matches what keeps all tests of a file from running, always or
	// under a condition.
	setAside = check.Lazy(`^pytestmark\b.*\b(?:skip|xfail)|\bimportorskip\(|\ballow_module_level=True|^(?:const|let|var) (?:test|it|describe|context|suite|specify)\b.*\bskip\b|\? ?[\w.]*\b(?:describe|it|test)(?:\.\w+)? : [\w.]*\b(?:describe|it|test)\.skip\b|\.skip : [\w.]*\b(?:describe|it|test)\b`)
	repeated = check.Lazy(`^jest\.retryTimes\([1-9]|^vi\.setConfig\(.*retry|^(?:this|mocha)\.retries\([1-9]`)
	never    = check.Lazy(`version_info\s*(?:\[0\]\s*)?<\s*\(?(?:[4-9]|3,\s*[2-9]\d)`)
	hidesIf  = check.Lazy(`^if\b.*(?:environ|getenv|process\.env|\bFalse\b|\bfalse\b|\b0\b).*[:{]$`)
	declares = check.Lazy(`^(?:async )?def test|^class \w*Test|^(?:test|it|describe)(?:\.\w+)*\(`)
	class    = check.Lazy(`^class (\w+)\((.*)\):`)
)

// unrun finds what stands beside tests now and keeps them from running.
func (o *outside) unrun() {
	if len(o.was.Tests) == 0 {
		return
	}
	had := map[string]bool{}
	bases := map[string]string{}
	for _, line := range o.before {
		had[words.Tight(line)] = true
		if m := class.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			bases[m[1]] = m[2]
		}
	}
	for i, line := range o.after {
		text := strings.TrimSpace(line)
		if text == "" || had[words.Tight(line)] {
			continue
		}
		say := func(rule string, sure bool, message string) {
			o.say(Weakness{Rule: rule, Sure: sure, Is: text, Message: message + ": " + quote(text)}, i+1)
		}
		switch m := class.FindStringSubmatch(text); {
		case takenAway.MatchString(text):
			say("not_collected", true, "takes a test from what is run")
		case setAside.MatchString(text) && (never.MatchString(text) || !platform.MatchString(strings.ReplaceAll(text, "importorskip", ""))):
			say("skipped", false, "runs its tests no more, or only under a condition")
		case repeated.MatchString(text):
			say("retried", false, "runs its tests again when they fail")
		case hidesIf.MatchString(text) && o.is.Lines[i] == strings.TrimLeft(o.is.Lines[i], " \t") && o.declaredBelow(i):
			say("skipped", false, "declares tests only under a condition now")
		case m != nil && !strings.HasPrefix(m[1], "Test") && lostCase(bases[m[1]], m[2]):
			say("not_collected", true, "has a class that is no test case any more")
		}
	}
}

// lostCase reports whether the classes that one is made of are those before
// without the one that makes it a test case.
func lostCase(was, is string) bool {
	lost := false
	kept := map[string]bool{}
	for name := range strings.SplitSeq(is, ",") {
		kept[strings.TrimSpace(name)] = true
	}
	for name := range strings.SplitSeq(was, ",") {
		name = strings.TrimSpace(name)
		lost = lost || strings.HasSuffix(name, "TestCase") && !kept[name]
		delete(kept, name)
	}
	delete(kept, "")
	return lost && len(kept) == 0
}

// declaredBelow reports whether the line after a condition declares a test that
// was there before.
func (o *outside) declaredBelow(at int) bool {
	for _, line := range o.is.Lines[at+1:] {
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "@") {
			continue
		}
		if !declares.MatchString(text) {
			return false
		}
		for _, old := range o.was.Lines {
			if words.Tight(old) == words.Tight(text) {
				return true
			}
		}
		return false
	}
	return false
}

var steps = check.Lazy(`(?i)^(?:\w+\.)*(?:setup\w*|before_?each|before_?all|before_\w+)$`)

var automatic = check.Lazy(`autouse ?= ?True`)

// Step looks at a function that is new among tests and runs before each of
// them: one that skips them, or that puts something in place of the project's
// code. imported are the names that its file takes from other modules.
func Step(b Body, imported map[string]bool) []Weakness {
	c := comparison{is: linesOf(b), after: b}
	above := strings.Join(b.Lines[max(b.Start-3, 0):min(b.Start+1, len(b.Lines))], "\n")
	if !steps.MatchString(b.Name) && !automatic.MatchString(above) {
		return nil
	}
	whole := strings.Join(texts(c.is), "\n")
	for _, l := range c.is {
		if skipping.MatchString(l.text) && !platform.MatchString(whole) {
			c.say("skipped", false, l, "skips the tests that it runs before: "+quote(l.text))
			break
		}
		if m := replacesOf.FindStringSubmatch(l.text); m != nil && imported[m[1]] && !outsideWorld.MatchString(m[1]) {
			c.say("subject_replaced", false, l, "puts something else in place of a part of "+m[1]+" before each test: "+quote(l.text))
			break
		}
	}
	return c.found
}

var replacesOf = check.Lazy(`\b(?:monkeypatch\.setattr|patch\.object|setattr)\(\s*([\w]+)[\w.]*,`)

// unwrapped finds an asynchronous test of Python that has lost what ran it.
func (c *comparison) unwrapped() {
	if c.after.Lang != source.Python || c.after.Helper {
		return
	}
	async := false
	for _, l := range c.is {
		async = async || strings.HasPrefix(l.text, "async def test")
	}
	for _, l := range c.fresh() {
		if strings.HasPrefix(l.text, "@") {
			return
		}
	}
	async = async && !strings.Contains(strings.Join(c.after.Lines, "\n"), "IsolatedAsyncio")
	for _, l := range c.gone() {
		if async && strings.HasPrefix(l.text, "@") && !strings.HasPrefix(l.text, "@pytest.mark.") && wrapper.MatchString(l.text) {
			c.say("dead", true, c.is[0], "has lost what ran it to its end: "+quote(l.text))
			return
		}
	}
}

var wrapper = check.Lazy(`(?i)async|gen_test|run|await|loop|trio|curio`)
