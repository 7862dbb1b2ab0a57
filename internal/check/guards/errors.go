package guards

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// errors gives the calls whose error the base looked at, and the head does
// not although it still makes the call.
func (m match) errors(e everywhere) []loss {
	var out []loss
	dropped := m.head.dropping()
	had := m.base.dropping()
	for _, g := range m.base.guards {
		if g.Kind != source.ErrorCheck {
			continue
		}
		name := m.base.producer(g)
		if name == "" || e.silent[last(name)] || len(dropped[name]) <= len(had[name]) {
			continue
		}
		line := dropped[name][0]
		dropped[name] = dropped[name][1:]
		out = append(out, loss{
			rule: ruleError, say: "no longer looks at the error of `" + clip(name) + "`", text: name, weight: 1.2, old: g.Start, line: line,
		})
	}
	return out
}

// producer gives the name of the call whose error a guard looks at: the last
// call before it, on its own line or shortly above.
func (f *function) producer(g source.Guard) string {
	best, at := "", 0
	for _, c := range f.Calls {
		if c.Line <= g.Start && c.Line >= g.Start-6 && c.Line > at && !plumbing(c.Name) && assigns(f.line(c.Line)) {
			best, at = c.Name, c.Line
		}
	}
	return best
}

// plumbing names calls that stand around an error and make none.
func plumbing(name string) bool {
	switch last(name) {
	case "Is", "As", "len", "append", "Error", "Errorf", "string", "byte", "make", "new", "int", "uint32", "uint64", "int64", "New", "String", "Bytes":
		return true
	}
	return false
}

func (f *function) line(n int) string {
	if at := n - f.Start; at >= 0 && at < len(f.lines) {
		return f.lines[at]
	}
	return ""
}

var assignment = check.Lazy(`\b(err|error|e|ex)\w*\s*:?=[^=]|Err\w*\s*:?=[^=]`)

func assigns(line string) bool { return assignment.MatchString(line) }

// dropping gives the lines of calls whose error goes nowhere, by name.
func (f *function) dropping() map[string][]int {
	out := map[string][]int{}
	for _, c := range f.Calls {
		l := f.line(c.Line)
		at := strings.Index(l, last(c.Name)+"(")
		if at < 0 {
			continue
		}
		before := l[:at]
		switch {
		case f.side.Language == source.Go && (strings.HasPrefix(l, "_ = ") || strings.Contains(before, ", _ :=") || strings.Contains(before, ", _ =")),
			f.side.Language == source.Go && statement(before, c.Name) && !slices.Contains([]string{"return", "if"}, before):
			out[c.Name] = append(out[c.Name], c.Line)
		case f.side.Language == source.Go && f.forgets(c.Line, strings.TrimSuffix(before, strings.TrimSuffix(c.Name, last(c.Name)))):
			out[c.Name] = append(out[c.Name], c.Line)
		}
	}
	return out
}

// forgets reports whether the error that a line sets is thrown away by the
// next line that speaks of it.
func (f *function) forgets(line int, before string) bool {
	m := assigned.FindStringSubmatch(before)
	if m == nil {
		return false
	}
	for n := line + 1; n <= line+10; n++ {
		l := f.line(n)
		if slices.Contains(words(l), m[1]) {
			return l == "_ = "+m[1]
		}
	}
	return false
}

var assigned = check.Lazy(`^(?:[\w.]+, )*(\w*[eE]rr\w*) :?= $`)

// handlers gives the errors that the base caught and threw again, and that the
// head catches and does not.
func (m match) handlers() []loss {
	if m.base.side.Language == source.Go || m.base.side.Language == source.Rust {
		return nil
	}
	raising := func(f *function) []source.Guard {
		return slices.DeleteFunc(slices.Clone(f.guards), func(g source.Guard) bool { return g.Kind != source.ErrorCheck || g.Exit != "throw" })
	}
	catching := func(f *function) int {
		n := 0
		for _, l := range f.lines {
			if catches.MatchString(l) {
				n++
			}
		}
		return n
	}
	was, is := raising(m.base), raising(m.head)
	if len(was) <= len(is) || catching(m.head) < catching(m.base) || len(m.head.swallows) > len(m.base.swallows) {
		return nil // what catches is gone as well, or the swallow is told of
	}
	gone := without(was, is)
	if len(gone) == 0 {
		return nil
	}
	return []loss{{rule: ruleError, say: "catches what it threw again before (`" + clip(gone[0].Text) + "`)", text: gone[0].Text, weight: 0.9, old: gone[0].Start}}
}

var catches = check.Lazy(`^except\b|\bcatch\b`)

// statement reports whether nothing but the receiver stands before a call, so
// that its result goes nowhere.
func statement(before, name string) bool {
	return before == strings.TrimSuffix(name, last(name))
}

// swallowed gives the errors that the head loses and the base did not.
func (m match) swallowed(e everywhere) []loss {
	had := map[string]int{}
	if m.base != nil {
		for _, w := range m.base.swallows {
			had[shape(w.Text)]++
			had[string(w.Kind)]++
		}
	}
	var out []loss
	for _, w := range m.head.swallows {
		if had[shape(w.Text)] > 0 {
			had[shape(w.Text)]--
			had[string(w.Kind)]--
			continue
		}
		if e.hushed[shape(w.Text)] > 0 {
			e.hushed[shape(w.Text)]--
			continue // it stood in another function
		}
		say, weight := m.weighSwallow(w)
		if weight == 0 {
			continue
		}
		if m.base == nil {
			weight *= 0.9
		} else if had[string(w.Kind)] > 0 {
			had[string(w.Kind)]--
			continue // the same way of losing, written otherwise
		}
		out = append(out, loss{rule: ruleSwallow, say: say, text: w.Text, weight: weight, line: w.Start})
	}
	return out
}

var mattering = check.Lazy(`(?i)(writefile|writeall|\bf\.write|file\.write|conn\.write|os\.create|os\.open\w*|save|store|commit|flush|sync|exec|insert|update|delete|verify|validate|sign|encrypt|decrypt|unmarshal|decode|parse|rollback|authenticate|authorize)\w*\($`)

// weighSwallow says how an error is lost, and how much that matters.
func (m match) weighSwallow(w source.Swallow) (string, float64) {
	text := clip(w.Text)
	switch w.Kind {
	case source.Discarded:
		name, _, _ := strings.Cut(w.Text, "(")
		if m.base != nil && m.base.words[last(name)] > 0 {
			return "", 0 // it was called before; whether its error was looked at is seen elsewhere
		}
		if !mattering.MatchString(name+"(") || harmless.MatchString(name) {
			return "", 0
		}
		return "throws away what `" + text + "` says went wrong", 0.7
	case source.Emptied:
		return "catches an error and does nothing with it", 0.9
	case source.Logged:
		return "only logs an error and goes on: `" + text + "`", 0.3
	case source.Replaced:
		return "hides an error behind a fixed value: `" + text + "`", 0.6
	case source.Recovered:
		return "catches a panic and does not raise it again", 0.8
	}
	return "", 0
}

// harmless names writers that do not fail, or whose failure nobody can mend.
var harmless = check.Lazy(`(?i)fmt\.fp?rint|hash|hasher|\bsum\b|buf\w*\.write|builder|\bsb\.|\bh\.write|\bw\.write|\brw?\.write|stderr|stdout|strings\.|bytes\.`)
