package hardcoded

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// constant is a function that gives back a fixed value where it computed one.
type constant struct {
	pair *check.Pair
	fn   source.Function
	out  []string
	line int
}

// constantsOf finds functions that did something at the base and only return
// literals now.
func constantsOf(p *check.Pair, patch change.Patch) []constant {
	if !p.Base.Found {
		return nil
	}
	was := map[string]source.Function{}
	for _, b := range slices.Backward(p.Base.Functions) {
		was[b.Name+"\x00"+b.Signature] = b
	}
	var out []constant
	var toks []token
	for _, f := range p.Head.Functions {
		if f.Complexity > 0 || f.End-f.Start > 12 || !patch.Touches(f.Start, f.End) {
			continue
		}
		if b, ok := was[f.Name+"\x00"+f.Signature]; !ok || b.Complexity == 0 && len(b.Calls) == 0 {
			continue
		}
		if toks == nil {
			toks = tokensOf(string(p.Head.Text), p.Head.Language)
		}
		if values, line := only(toks, f); len(values) > 0 && patch.Adds(line) {
			out = append(out, constant{p, f, values, line})
		}
	}
	return out
}

// only gives the literals that a function returns when it does nothing else.
func only(toks []token, f source.Function) ([]string, int) {
	r := reader{toks: toks}
	start := max(f.Body.Start, f.Start)
	from, _ := slices.BinarySearchFunc(toks, start, func(t token, line int) int { return cmp.Compare(t.line, line) })
	for i := from; i < len(toks) && toks[i].line <= f.End; i++ {
		t := toks[i]
		if t.kind != name || t.value != "return" {
			continue
		}
		for j := i - 1; j >= 0 && toks[j].line >= start; j-- {
			if toks[j].kind == mark && toks[j].value == "=" && (j == 0 || toks[j-1].value != "_") {
				return nil, 0 // something is worked out first
			}
		}
		values, _ := r.values(i + 1)
		return values, t.line
	}
	return nil, 0
}

// finding tells of a constant that a test expects of this very function.
func (c constant) finding(s *check.Subject, t tests) (evidence.Finding, bool) {
	if !slices.ContainsFunc(c.out, func(v string) bool {
		return strings.TrimSpace(v) != "" && !trivialNumber(v) && v != "true" && v != "false"
	}) {
		return evidence.Finding{}, false
	}
	for _, f := range t.files {
		if !f.mentions(c.fn.Name) {
			continue
		}
		f.index()
		line, ok := f.together(c.out)
		if !ok {
			continue
		}
		top := suspect{special: special{out: c.out}, at: place{f, line}}
		return evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "constant", Level: evidence.Locator, Grade: evidence.Observed, Path: c.pair.Path(), StartLine: c.line, EndLine: c.line,
			Message: fmt.Sprintf("%s gives back %s whatever it is asked, where it worked something out before; %s expects just that at line %d.",
				c.fn.Name, shown(c.out), check.ShowPath(f.path), line),
			Reproduce: reproduce(s, c.pair.Path(), top),
		}, c.fn.Name+"\x00"+strings.Join(c.out, "\x00")), true
	}
	return evidence.Finding{}, false
}
