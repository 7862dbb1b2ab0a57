package bodies

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// isScript reports whether promises are what a test may have to wait for.
func isScript(lang source.Language) bool {
	return lang == source.JavaScript || lang == source.TypeScript || lang == source.TSX
}

// unawaited finds assertions that give a promise and for which the test does
// not wait: it did before, or they gave none.
func (c waiting) unawaited() {
	if !isScript(c.after.Lang) {
		return
	}
	for _, p := range c.pairs {
		was, is := lineAt(c.was, p.Was.Start), lineAt(c.is, p.Is.Start)
		if waits.MatchString(is.text) || !waits.MatchString(was.text) && promising.MatchString(p.Was.Text) || !begins(strings.TrimPrefix(is.text, "void "), p.Is.Text) || c.handedOn(is) || finishing.MatchString(p.Is.Text) {
			continue
		}
		if promising.MatchString(p.Is.Text) {
			c.say("dead", true, is, "does not wait for an assertion any more: "+quote(is.text))
			return
		}
	}
}

// begins reports whether a line begins with an assertion, or is its beginning.
func begins(text, assertion string) bool {
	const enough = 12 // characters
	a, b := words.Tight(text), words.Tight(assertion)
	n := min(len(a), len(b), enough)
	return n > 0 && a[:n] == b[:n]
}

var (
	waits     = check.Lazy(`^(await|return|yield) `)
	promising = check.Lazy(`\b(rejects|resolves|doesNotReject|throwsAsync|rejectedWith|eventually)\b`)

	thenCall = check.Lazy(`\.(?:then|finally)\(\s*(?:async )?(?:function\b|\(|\w+ =>)`)
	taking   = check.Lazy(`^(await|return|yield|throw)\b|=>|[^=!<>]=[^=]|^\w+\(.*\b(await|all|race|allSettled|push)\b|\.push\(|\bPromise\.(all|race|any|allSettled)\(`)
	joining  = check.Lazy(`(=>|[=(\[,?:]|&&|\|\||\b(return|await|yield))$`)
	// finishing matches what tells the runner, or a test beside it, that all is
	// done, and commands of runners that keep their own order.
	finishing = check.Lazy(`\bdone\b|\bcy\.|\b(cb|callback|t\.end|plan|assert\.async)\b|(^|[^.\w])resolve\(`)
)

// handedOn reports whether what a line begins is a part of a statement before:
// an entry of a list, or what a function gives.
func (c waiting) handedOn(l line) bool {
	before := ""
	for _, o := range c.is {
		if o.n >= l.n {
			break
		}
		before = o.text
	}
	return joining.MatchString(before) && !strings.HasSuffix(before, "=> {")
}

// later finds an assertion in what is called once a promise is kept, for which
// the test does not wait and which it does not give back.
func (c waiting) later(l line) bool {
	if !isScript(c.after.Lang) || !thenCall.MatchString(l.text) {
		return false
	}
	for _, o := range c.is {
		if finishing.MatchString(o.text) || awaiting.MatchString(o.text) {
			return false
		}
	}
	head := c.statement(l)
	cut := head.text
	if m := thenCall.FindStringIndex(head.text); m != nil {
		cut = head.text[:m[0]]
	}
	if taking.MatchString(cut) || c.handedOn(head) {
		return false
	}
	// What is awaited below may be the same promise.
	alone := !slices.ContainsFunc(c.is, func(o line) bool { return o.n > l.n && o.indent <= l.indent && waits.MatchString(o.text) })
	c.say("dead", alone, l, "does not wait for an assertion any more: "+quote(l.text))
	return true
}

// statement gives the line in which the statement of a line begins.
func (c waiting) statement(l line) line {
	for i := len(c.is) - 1; i >= 0 && strings.ContainsAny(l.text[:1], ".})]"); i-- {
		o := c.is[i]
		if o.n < l.n && (o.indent < l.indent || o.indent == l.indent && l.text[0] != '.') {
			l = o
		}
	}
	return l
}
