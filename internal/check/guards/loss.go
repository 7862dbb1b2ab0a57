package guards

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// loss is one thing that made a function safe and is gone, or one error that
// is lost now.
type loss struct {
	rule   string
	say    string  // follows the function's name: "no longer refuses when `n > max`"
	text   string  // of the code that is gone, or of the swallow; part of the anchor
	weight float64 // 1 is a condition that refuses
	old    int     // line of the base, or 0
	line   int     // line of the head, or 0 when it follows from old
}

// The rules.
const (
	ruleDropped  = "dropped"
	ruleWeakened = "weakened"
	ruleError    = "error"
	ruleSwallow  = "swallow"
	ruleCall     = "call"
	ruleSwitch   = "switch"
)

// everywhere is what the whole head says, to tell a loss from a move.
type everywhere struct {
	forms  map[string]int  // forms of guards that functions of the head have and their base had not
	silent map[string]bool // functions of the change that no longer give an error, by last name
	calls  map[string]int  // families of protecting calls, gained likewise
	words  map[string]bool // identifiers of the changed files of the head
	hushed map[string]int  // swallows that functions of the base had and their head has not, by shape
}

func look(ms []match) everywhere {
	e := everywhere{calls: map[string]int{}, words: map[string]bool{}, forms: map[string]int{}, silent: map[string]bool{}, hushed: map[string]int{}}
	for _, m := range ms {
		if m.base != nil {
			for _, w := range m.base.swallows {
				e.hushed[shape(w.Text)]++
			}
		}
		if m.head == nil {
			continue
		}
		for w := range m.head.words {
			e.words[w] = true
		}
		for _, g := range without(guardsOf(m.head), guardsOf(m.base)) {
			if g.Kind != source.ErrorCheck {
				e.forms[form(g.Text)]++
			}
		}
		if m.base != nil && strings.Contains(m.base.Signature, "error") && !strings.Contains(m.head.Signature, "error") {
			e.silent[last(m.head.Name)] = true
		}
		for name, n := range familiesOf(m.head) {
			if more := n - familiesOf(m.base)[name]; more > 0 {
				e.calls[name] += more
			}
		}
	}
	return e
}

func guardsOf(f *function) []source.Guard {
	if f == nil {
		return nil
	}
	return f.guards
}

// without gives the guards of a that b does not have as often, by shape.
func without(a, b []source.Guard) []source.Guard {
	have := map[string]int{}
	for _, g := range b {
		have[shape(g.Text)]++
	}
	var out []source.Guard
	for _, g := range a {
		if s := shape(g.Text); have[s] > 0 {
			have[s]--
		} else {
			out = append(out, g)
		}
	}
	return out
}

// conditions gives what became of the conditions and validations of a function.
func (m match) conditions(e everywhere) []loss {
	lost, gained := without(m.base.guards, m.head.guards), without(m.head.guards, m.base.guards)
	var out []loss
	used := map[int]bool{}
	for _, g := range lost {
		if g.Kind == source.ErrorCheck || trivial(g) {
			continue
		}
		if i, say := changedInto(g, gained, used); i >= 0 {
			used[i] = true
			if say != "" {
				weight := 0.8 * m.base.refusing(g)
				switch {
				case strings.HasPrefix(say, opposite) && !m.sameBody(g, gained[i]):
					continue // the branches changed places
				case strings.HasPrefix(say, alsoOnly):
					weight *= 0.8
				}
				out = append(out, loss{rule: ruleWeakened, say: say, text: g.Text, weight: weight, old: g.Start, line: gained[i].Start})
			} else if m.base.refusing(g) == 1 && m.head.refusing(gained[i]) < 0.5 && !slices.ContainsFunc(gained, func(h source.Guard) bool { return m.head.refusing(h) == 1 }) {
				out = append(out, loss{
					rule: ruleWeakened, say: "passes over what it refused when `" + clip(g.Text) + "`", text: g.Text, weight: 0.75, old: g.Start, line: gained[i].Start,
				})
			}
			continue
		}
		if f := form(g.Text); e.forms[f] > 0 {
			e.forms[f]--
			continue
		}
		weight := m.base.refusing(g)
		if m.needless(g, e) {
			if weight < 1 || kept(m.base, m.head) < 0.85 {
				continue
			}
			weight = 0.65 // what it looked at is gone, and nothing else is
		}
		if m.rewritten(g) {
			continue
		}
		say := "no longer refuses when `" + clip(g.Text) + "`"
		if g.Kind == source.Validation {
			say = "no longer calls `" + clip(g.Text) + "`"
		}
		out = append(out, loss{rule: ruleDropped, say: say, text: g.Text, weight: weight, old: g.Start})
	}
	return out
}

// changedInto finds the gained guard that a lost one became, and how it is
// weaker; -1 when there is none.
func changedInto(g source.Guard, gained []source.Guard, used map[int]bool) (int, string) {
	for i, h := range gained {
		if !used[i] && h.Kind == g.Kind && h.Exit == g.Exit {
			if say := weaker(g.Text, h.Text); say != "" {
				return i, say
			}
		}
	}
	about := chains(g.Text)
	for i, h := range gained {
		if used[i] || h.Kind == source.ErrorCheck {
			continue
		}
		if slices.ContainsFunc(chains(h.Text), func(c string) bool { return slices.Contains(about, c) }) {
			return i, ""
		}
	}
	return -1, ""
}

// trivial reports whether a guard only steers a loop or ends early without a
// reason: done, i == n.
func trivial(g source.Guard) bool {
	return g.Kind == source.Condition && (g.Exit == "break" || g.Text == "" || strings.HasPrefix(g.Text, "!(err"))
}

// needless reports whether what a guard was about is gone from the head too.
func (m match) needless(g source.Guard, e everywhere) bool {
	if strings.HasPrefix(g.Text, "case ") {
		return m.head.words["case"] == 0
	}
	about := chains(g.Text)
	if len(about) == 0 {
		return true
	}
	if g.Kind == source.Validation {
		return false
	}
	for _, chain := range about {
		root, rest, field := strings.Cut(chain, ".")
		if m.head.words[root] == 0 {
			if !field && m.base.refusing(g) == 1 && m.derived(root) {
				return false
			}
			continue
		}
		if !field || m.head.words[last(rest)] > 0 || e.words[last(rest)] {
			return false
		}
	}
	return true
}

// derived reports whether a variable that is gone was computed from what the
// head still uses.
func (m match) derived(name string) bool {
	for _, l := range m.base.lines {
		left, right, found := strings.Cut(l, "=")
		if !found || strings.HasPrefix(right, "=") || !slices.Contains(words(left), name) {
			continue
		}
		right, _, _ = strings.Cut(right, ";")
		alive, all := 0, 0
		for _, w := range words(right) {
			if common(w) || w == name {
				continue
			}
			all++
			if m.head.words[w] > 0 {
				alive++
			}
		}
		if alive > 0 && alive*3 >= all*2 {
			return true
		}
	}
	return false
}

// sameBody reports whether two guards do the same when they hold.
func (m match) sameBody(base, head source.Guard) bool {
	for i := 1; i <= min(base.End-base.Start, 20); i++ {
		if m.base.line(base.Start+i) != m.head.line(head.Start+i) {
			return false
		}
	}
	return true
}

var branching = check.Lazy(`^(\} )?(else )?(if|elif|while|for|switch|case|when|return|assert|match)\b|&&|\|\|| \? | and | or | if |\b(min|max|clamp)\w*\(`)

// rewritten reports whether the head still asks about all that a guard was
// about, in another form.
func (m match) rewritten(g source.Guard) bool {
	if label, ok := strings.CutPrefix(g.Text, "case "); ok {
		return slices.ContainsFunc(m.head.lines, func(l string) bool { return strings.Contains(l, label) })
	}
	about := chains(g.Text)
	had := map[string]int{}
	for _, l := range m.base.lines {
		had[l]++
	}
	for _, l := range m.head.lines {
		if had[l] > 0 {
			had[l]--
			continue
		}
		if !branching.MatchString(l) && !isValidationLine(l) {
			continue
		}
		in := words(l)
		if !slices.ContainsFunc(about, func(c string) bool { return !slices.Contains(in, last(c)) }) {
			return true
		}
	}
	return false
}

var validating = check.Lazy(`(?i)\b\w*(valid|check|verif|ensure|assert|require|sanitiz|escape|authori[sz]|authentic|permit|allow|guard|must|enforce)\w*\(`)

func isValidationLine(l string) bool { return validating.MatchString(l) }

var refusal = check.Lazy(`(?i)err|throw|raise|panic|abort|forbid|unauthori|badrequest|bad_request|denied|deny|invalid|reject|refus|fail|fatal|exception|\b[45]\d\d\b|return false|return nil, false|statusbad|http_4|too ?(large|long|many|short)|close\(`)

// refusing weighs a guard by what it does: to refuse with an error is more
// than to leave.
func (f *function) refusing(g source.Guard) float64 {
	if g.Kind == source.Validation {
		return 0.8
	}
	if g.Exit == "throw" || g.Exit == "panic" || g.Exit == "exit" {
		return 1
	}
	for line := g.Start + 1; line <= min(g.End, g.Start+12); line++ {
		if refusal.MatchString(f.line(line)) {
			return 1
		}
	}
	switch g.Exit {
	case "continue":
		return 0.3
	case bounding:
		return 0.7
	}
	return 0.4
}
