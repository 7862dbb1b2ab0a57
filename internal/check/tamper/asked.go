package tamper

import (
	"regexp"
	"strings"

	"muster/internal/core/evidence"
)

// asked is what was asked for, and what the author says was done. Only what it
// names exactly counts: a value, a test, a name of the code. That tests were
// "updated" says nothing: whoever bends a test says so.
type asked struct {
	task  string
	claim string
	kind  string // of the task: fix, refactor ...
}

func askedOf(req evidence.Request) asked {
	return asked{task: req.Task[:min(len(req.Task), maxSpeech)], claim: req.Claim[:min(len(req.Claim), maxSpeech)], kind: req.Type}
}

// weight is how much a text counts.
type weight int

const (
	silent  weight = iota
	claimed        // the author says it
	ordered        // the task says it
)

// names gives who names a value or a name.
func (a asked) names(value string) weight {
	value = strings.TrimSpace(bare(value))
	switch {
	case mentions(a.task, value):
		return ordered
	case mentions(a.claim, value):
		return claimed
	}
	return silent
}

// mentions reports whether a text names a value as a whole word. What is too
// short to be meant is never named.
func mentions(text, value string) bool {
	if text == "" || len(value) < 2 || len(value) < 3 && !strings.ContainsAny(value, "0123456789") {
		return false
	}
	text, value = strings.ToLower(text), strings.ToLower(value)
	for i := 0; ; {
		at := strings.Index(text[i:], value)
		if at < 0 {
			return false
		}
		at += i
		end := at + len(value)
		if (at == 0 || !isWordRune(rune(text[at-1])) || !isWordRune(rune(value[0]))) && (end == len(text) || !isWordRune(rune(text[end])) || !isWordRune(rune(value[len(value)-1]))) {
			return true
		}
		i = at + 1
	}
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

var (
	removing  = regexp.MustCompile(`(?i)\b(remov\w*|delet\w*|drop\w*|deprecat\w*|obsolete|retir\w*|no longer|get rid|discontinu\w*|stop\w*|replac\w*|dedup\w*|duplicat\w*|redundant)\b`)
	reshaping = regexp.MustCompile(`(?i)\b(refactor\w*|table\w*|split\w*|merg\w*|mov\w*|renam\w*|rewrit\w*|rewrote|restructur\w*|consolidat\w*)\b`)
	skipping  = regexp.MustCompile(`(?i)\b(skip\w*|disabl\w*|flak\w*|quarantin\w*|xfail|ignor\w*|unstable)\b`)
)

// asksFor gives who speaks of an act, in one sentence with one of the names.
func (a asked) asksFor(act *regexp.Regexp, names []string) weight {
	if speaks(a.task, act, names) {
		return ordered
	}
	if speaks(a.claim, act, names) {
		return claimed
	}
	if a.task == "" { // a person's commit: the words of a name are enough
		var words []string
		for _, n := range names {
			for _, w := range strings.FieldsFunc(spaced(n), func(r rune) bool { return !isWordRune(r) }) {
				if len(w) > 3 && !usual(w) {
					words = append(words, w)
				}
			}
		}
		if speaks(a.claim, act, words) {
			return claimed
		}
	}
	return silent
}

func speaks(text string, act *regexp.Regexp, names []string) bool {
	for _, sentence := range sentences.Split(text, -1) {
		if len(sentence) > maxSentence || !act.MatchString(sentence) {
			continue
		}
		lower := strings.ToLower(sentence)
		for _, n := range names {
			if mentions(lower, n) || mentions(lower, spaced(n)) {
				return true
			}
		}
	}
	return false
}

var sentences = regexp.MustCompile(`[.!?]\s|\n`)

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

// spaced gives a name as people write it: "max_retries" and "maxRetries" as
// "max retries".
func spaced(name string) string {
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

func (a asked) settings() any {
	return struct{ Task, Claim, Type string }{a.task, a.claim, a.kind}
}

// reverts reports whether a person says that an earlier change is undone, in
// the words of "git revert". An agent with a task does not.
func (a asked) reverts() bool {
	return a.task == "" && revert.MatchString(a.claim)
}

var revert = regexp.MustCompile(`This reverts commit [0-9a-f]{7,64}`)

var upgrading = regexp.MustCompile(`(?i)\b(deps?|bump\w*|upgrad\w*|updat\w*|migrat\w*|support\w*)\b`)

// upgrades reports whether the author says that versions of dependencies
// change.
func (a asked) upgrades() bool {
	first, _, _ := strings.Cut(a.claim, "\n")
	return upgrading.MatchString(first)
}

// speaksOf reports whether the author names one of the things.
func (a asked) speaksOf(names []string) bool {
	for _, n := range names {
		if len(n) > 3 && (mentions(a.claim, n) || mentions(a.claim, spaced(n))) {
			return true
		}
	}
	return false
}

// removes reports whether the first line of a claim is about taking something
// out.
func (a asked) removes() bool {
	first, _, _ := strings.Cut(a.claim, "\n")
	return len(first) <= maxSentence && removing.MatchString(first)
}
