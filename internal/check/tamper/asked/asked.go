// Package asked reads what was asked for, and what the author says was done:
// whether either names a value, a test or a name of the code.
package asked

import (
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
)

// Asked is what was asked for, and what the author says was done. Only what it
// names exactly counts: a value, a test, a name of the code. That tests were
// "updated" says nothing: whoever bends a test says so.
type Asked struct {
	Task  string
	Claim string
	Kind  string // of the task: fix, refactor ...
}

// Of gives what a request says.
func Of(req evidence.Request) Asked {
	return Asked{Task: req.Task[:min(len(req.Task), maxSpeech)], Claim: req.Claim[:min(len(req.Claim), maxSpeech)], Kind: req.Type}
}

// Weight is how much a text counts.
type Weight int

// The weights, from the least to the most.
const (
	Silent  Weight = iota
	Claimed        // the author says it
	Ordered        // the task says it
)

// Names gives who names a value or a name.
func (a Asked) Names(value string) Weight {
	value = strings.TrimSpace(words.Bare(value))
	switch {
	case words.Mentions(a.Task, value):
		return Ordered
	case words.Mentions(a.Claim, value):
		return Claimed
	}
	return Silent
}

// What a sentence may speak of.
var (
	Removing  = check.Lazy(`(?i)\b(remov\w*|delet\w*|drop\w*|deprecat\w*|obsolete|retir\w*|no longer|get rid|discontinu\w*|stop(s|ped|ping)?|replac(e|es|ed|ing)|dedup\w*|duplicat\w*|redundant)\b`)
	Reshaping = check.Lazy(`(?i)\b(refactor\w*|table\w*|split\w*|merg\w*|mov\w*|renam\w*|rewrit\w*|rewrote|restructur\w*|consolidat\w*|port(s|ed|ing)?|extract\w*|convert\w*|migrat\w*|combin\w*|parametri[sz]\w*|reorgani[sz]\w*)\b`)
	Skipping  = check.Lazy(`(?i)\b(skip\w*|disabl\w*|flak\w*|quarantin\w*|xfail|ignor\w*|unstable)\b`)
)

// AsksFor gives who speaks of an act, in one sentence with one of the names.
func (a Asked) AsksFor(act *check.Pattern, names []string) Weight {
	if Speaks(a.Task, act, names) {
		return Ordered
	}
	if Speaks(a.Claim, act, names) {
		return Claimed
	}
	if a.Task == "" { // a person's commit: the words of a name are enough
		var said []string
		for _, n := range names {
			for _, w := range strings.FieldsFunc(Spaced(n), func(r rune) bool { return !words.IsRune(r) }) {
				if len(w) > 3 && !usual(w) {
					said = append(said, w)
				}
			}
		}
		if Speaks(a.Claim, act, said) {
			return Claimed
		}
	}
	return Silent
}

// Speaks reports whether a sentence of a text speaks of an act together with
// one of the names.
func Speaks(text string, act *check.Pattern, names []string) bool {
	for _, sentence := range sentences.Split(text, -1) {
		if len(sentence) > maxSentence || !act.MatchString(sentence) {
			continue
		}
		lower := strings.ToLower(sentence)
		acts := act.FindAllString(lower, -1)
		for _, n := range names {
			if len(acts) == 1 && (acts[0] == strings.ToLower(n) || acts[0] == Spaced(n)) {
				continue // the name itself reads like the act
			}
			if words.Mentions(lower, n) || words.Mentions(lower, Spaced(n)) {
				return true
			}
		}
	}
	return false
}

var sentences = check.Lazy(`[.!?]\s|\n`)

// Bounds on what is read of a task and a claim.
const (
	maxSpeech   = 32 << 10
	maxSentence = 4 << 10
)

// usual reports whether a word stands in the names of so many tests that it
// says nothing.
func usual(w string) bool {
	return strings.Contains(" should when with that test tests from this have does error errors return returns value values work works case cases file data call calls type types name names true false none null object string after before without given using only then else code make makes into same when code expect ", " "+w+" ")
}

// Spaced gives a name as people write it: "max_retries" and "maxRetries" as
// "max retries".
func Spaced(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "Test"), "test_")
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == '_' || r == '-':
			b.WriteByte(' ')
			continue
		case i > 0 && r >= 'A' && r <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z':
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// Settings gives what a result depends on.
func (a Asked) Settings() any {
	return struct{ Task, Claim, Type string }{a.Task, a.Claim, a.Kind}
}

// Reverts reports whether a person says that an earlier change is undone, in
// the words of "git revert". An agent with a task does not.
func (a Asked) Reverts() bool {
	return a.Task == "" && revert.MatchString(a.Claim)
}

var revert = check.Lazy(`This reverts commit [0-9a-f]{7,64}`)

var upgrading = check.Lazy(`(?i)\b(deps?|bump\w*|upgrad\w*|updat\w*|migrat\w*|support\w*)\b`)

// Upgrades reports whether the author says that versions of dependencies
// change.
func (a Asked) Upgrades() bool {
	first, _, _ := strings.Cut(a.Claim, "\n")
	return upgrading.MatchString(first)
}

// SpeaksOf reports whether the author names one of the things.
func (a Asked) SpeaksOf(names []string) bool {
	for _, n := range names {
		if len(n) > 3 && (words.Mentions(a.Claim, n) || words.Mentions(a.Claim, Spaced(n))) {
			return true
		}
	}
	return false
}

// Removes reports whether the first line of a claim is about taking something
// out.
func (a Asked) Removes() bool {
	first, _, _ := strings.Cut(a.Claim, "\n")
	return len(first) <= maxSentence && Removing.MatchString(first)
}

var keeping = check.Lazy(`(?i)^\W*(\w+(\([^)]*\))?!?:\s*)?(simplif\w*|simpler|faster|avoid\w*|reuse\w*|unify|unified|streamlin\w*|moderni[sz]e\w*|rewrite|rename\w*|refactor\w*|clean(s|ed|ing)?[ -]?up|tid(y|ies|ied|ying)|speed\w*|optimi[sz]e\w*|perf\b|format\w*|reformat\w*|organi[sz]e\w*|restructur\w*|extract\w*|inline\w*|share\w*|dedup\w*|lint\w*|style\b|chore\b|docs?\b|refactor\b|small clean|minor|cosmetic|make (the )?(tests?|code) \w+)`)

// KeepsBehaviour reports whether the change is one that leaves the results of
// the code as they are, by the task's type or in the author's words: a
// refactoring, a clean-up.
func (a Asked) KeepsBehaviour() bool {
	switch a.Kind {
	case "refactor", "perf", "docs", "chore", "ci", "test":
		return true
	case "":
	default:
		return false
	}
	first, _, _ := strings.Cut(a.Claim, "\n")
	return len(first) <= maxSentence && keeping.MatchString(first)
}
