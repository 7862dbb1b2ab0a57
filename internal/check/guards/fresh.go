package guards

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/internal/source"
)

// What a new function loses has no former self to be held against: one change
// in twenty adds a call whose error is not looked at, and most are meant. Only
// what is hard to mean is weighed as much as a loss: a handler that catches
// everything around work that must not be lost, and several such results that
// nobody looks at.

const (
	clearly   = 0.9 // weight of a clear loss in a new function
	maxBefore = 40  // lines above a handler in which its "try" is looked for
	discards  = 2   // results of effects that a new function must throw away to be named
)

var (
	// effect are calls that change what outlasts the function, by the verb
	// that their name begins with.
	effect = regexp.MustCompile(`^(?i:write|save|store|persist|insert|delete|send|commit|pay|charge|refund|publish|upload|transfer|debit|credit|withdraw|deposit|rename|execute|sync|flush|mkdir|submit|enqueue|bulk)(?:[A-Z_0-9]\w*|file|all|string|many|one|text|bytes|lines)?$`)
	// catchesAll are handlers that name no error, or all of them.
	catchesAll = regexp.MustCompile(`^(?:except\s*(?::|\(?\s*(?:Exception|BaseException)\b[^,)]*\)?\s*(?:as \w+\s*)?:)|(?:\}\s*)?catch\s*(?:\{|\(\s*(?:final\s+)?(?:(?:Exception|Throwable|RuntimeException)\s+)?[\w$]*(?:\s*:\s*(?:any|unknown|Error))?\s*\)))`)
	// triesOnly are names of functions that are expected to fail in silence.
	triesOnly = regexp.MustCompile(`(?i)clean|close|dispose|tear_?down|shut_?down|stop|rollback|best_?effort|^_?try|\.try|safe|quiet|silent|ignore|maybe|telemetry|track|analytics|log(?:ger|ging|_|$)|print|render|debug|cache|drain|discard|abort|__del__|__exit__|finali[sz]e|usage|help$`)
	tryLine   = regexp.MustCompile(`(?:^|\s)try\s*[:{(]`)
	databases = regexp.MustCompile(`^Exec(?:Context)?$`)
	// plainWrites are functions of Go's standard library whose only result is
	// an error, called for their effect.
	plainWrites  = regexp.MustCompile(`^os\.(?:WriteFile|Rename|Mkdir|MkdirAll|Symlink|Link|Truncate)$`)
	opensToWrite = regexp.MustCompile(`^(?:os\.(?:Create|OpenFile|CreateTemp)|(?:gzip|zip|tar|zlib|bufio)\.New\w*Writer\w*)$`)
)

// isClear reports whether a handler of a new function loses what must not be
// lost: it does nothing at all, whatever went wrong, and nobody says why.
func (f *function) isClear(w source.Swallow) bool {
	if w.Kind != source.Emptied || triesOnly.MatchString(f.Name) || f.explains(w.Range) {
		return false
	}
	from := w.Start - 2
	if f.side.Language != source.Go {
		if !catchesAll.MatchString(w.Text) {
			return false
		}
		from = f.tryAbove(w.Start)
	}
	return from > 0 && slices.ContainsFunc(f.Calls, func(c source.Call) bool {
		return from <= c.Line && c.Line <= w.Start && effect.MatchString(last(c.Name)) && !harmless.MatchString(c.Name)
	})
}

// explains reports whether a comment stands in a range.
func (f *function) explains(at source.Range) bool {
	return slices.ContainsFunc(f.side.Comments, func(c source.Comment) bool { return c.Start <= at.End && c.End >= at.Start })
}

// tryAbove gives the line of the "try" that a handler belongs to, or 0.
func (f *function) tryAbove(line int) int {
	for n := line; n >= max(f.Start, line-maxBefore); n-- {
		if tryLine.MatchString(f.line(n)) {
			return n
		}
	}
	return 0
}

// thrownAway gives a new Go function's results of effects that nobody looks
// at, as one loss, when there are several.
func (m match) thrownAway(e everywhere) []loss {
	f := m.head
	if m.base != nil || f.side.Language != source.Go || triesOnly.MatchString(f.Name) {
		return nil
	}
	writes := slices.ContainsFunc(f.Calls, func(c source.Call) bool { return opensToWrite.MatchString(c.Name) })
	var names []string
	line, effects := 0, 0
	take := func(name string, at int) {
		if line == 0 || at < line {
			line = at
		}
		names = append(names, name)
	}
	for _, w := range f.swallows {
		text, _, called := strings.Cut(w.Text, "(")
		name := text[strings.LastIndexAny(text, " =")+1:]
		if w.Kind != source.Discarded || !called || e.known[shape(w.Text)] || f.explains(w.Range) {
			continue
		}
		switch {
		case (effect.MatchString(last(name)) || databases.MatchString(last(name))) && !harmless.MatchString(name):
			effects++
			take(name, w.Start)
		case writes && last(name) == "Close":
			take(name, w.Start)
		}
	}
	for name, lines := range f.dropping() {
		for _, at := range lines {
			if plainWrites.MatchString(name) && !strings.Contains(f.line(at), "=") {
				effects++
				take(name, at)
			}
		}
	}
	if effects == 0 || len(names) < discards {
		return nil
	}
	slices.Sort(names)
	return []loss{{
		rule: ruleSwallow, text: strings.Join(names, "\n"), weight: clearly, line: line,
		say: fmt.Sprintf("is new and throws away what `%s` and `%s` say went wrong", clip(names[0]), clip(names[1])),
	}}
}
