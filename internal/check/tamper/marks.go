package tamper

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/runs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// marks compares what keeps a test from running, and how long it may take.
func (j *judge) marks(t, h *test) {
	j.skips(t, h)
	if h.Helper {
		return
	}
	weakening{j}.retried(t, h)
	longer := source.Timeout{}
	var before int64
	for i, at := range h.Timeouts {
		if i < len(t.Timeouts) && at.Millis >= 2*t.Timeouts[i].Millis && t.Timeouts[i].Millis > 0 && len(h.Timeouts) == len(t.Timeouts) {
			longer, before = at, t.Timeouts[i].Millis
		}
	}
	if longer.Text != "" && j.code.Differs && !j.said("timeout", h.file.path, longer.Line) {
		j.say(statement{
			rule: "timeout", level: evidence.Locator, path: h.file.path, lines: source.Range{Start: longer.Line, End: longer.Line}, anchor: h.Name, is: longer.Text,
			message: fmt.Sprintf("%s may take %d ms where it was %d ms, and the code changed.", place(h), longer.Millis, before), paths: []string{t.file.path, h.file.path},
		})
	}
}

var again = check.Lazy(`FlakeAttempts\(|MustPassRepeatedly|\bretryTimes\(|this\.retries\(|\bretry: ?[1-9]|\bretries: ?[1-9]|mark\.flaky|@flaky\b|@retry\b|rerunfailures|\breruns=`)

// retried finds a test that is run again until it passes, and was not before.
func (j weakening) retried(t, h *test) {
	for n := max(t.Start-2, 1); n <= t.End && n <= len(t.file.lines); n++ {
		if again.MatchString(t.file.lines[n-1]) {
			return
		}
	}
	for n := h.Start; n <= h.End && n <= len(h.file.lines); n++ {
		line := h.file.lines[n-1]
		if !again.MatchString(line) || j.said("retried", h.file.path, n) {
			continue
		}
		j.say(statement{
			rule: "retried", level: evidence.Locator, path: h.file.path, lines: source.Range{Start: n, End: n}, is: strings.TrimSpace(line), anchor: h.Name,
			message: fmt.Sprintf("%s is run again when it fails, and was not before: %s.", place(h), quote(strings.TrimSpace(line))), paths: []string{t.file.path, h.file.path},
		})
		return
	}
}

// uncollected finds tests of Python in a class that had a name by which pytest
// finds it, and has none.
func (j weakening) uncollected(t, h *test) {
	if h.file.lang == source.Go && strings.HasPrefix(t.Name, "Test") && !strings.HasPrefix(h.Name, "Test") && !h.Helper && !t.Helper {
		j.say(statement{
			rule: "not_collected", level: evidence.Gate, path: h.file.path, lines: h.Range, was: t.Name, is: h.Name, anchor: h.Name, paths: []string{t.file.path, h.file.path},
			message: fmt.Sprintf("%s was the test %s: go test does not run it as one.", place(h), quote(t.Name)),
		})
		return
	}
	if n := runs.OnlyOn(h.file.path); n != "" && runs.OnlyOn(t.file.path) == "" && !j.said("not_collected", h.file.path, 0) {
		j.say(statement{
			rule: "not_collected", level: evidence.Locator, path: h.file.path, anchor: h.file.path, paths: []string{t.file.path, h.file.path},
			message: fmt.Sprintf("The tests of %s are in %s now, which is built on %s only.", check.ShowPath(t.file.path), check.ShowPath(h.file.path), n),
		})
	}
	was, _, method := strings.Cut(t.Name, ".")
	is, _, still := strings.Cut(h.Name, ".")
	if h.file.lang != source.Python || !method || !still || was == is || !strings.HasPrefix(was, "Test") || strings.HasPrefix(is, "Test") || h.Helper {
		return
	}
	for i, line := range h.file.lines {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "class "+is)
		if !ok || strings.Contains(rest, "Case") || j.said("not_collected", h.file.path, i+1) {
			continue
		}
		// It may be one of unittest by what it is made of; without bases the
		// reader of the language knows that it is none.
		j.say(statement{
			rule: "not_collected", level: evidence.Locator, path: h.file.path, lines: source.Range{Start: i + 1, End: i + 1}, was: was, is: is, anchor: is, paths: []string{t.file.path, h.file.path},
			message: fmt.Sprintf("%s was named %s: pytest looks for tests in classes whose names begin with Test.", quote(is), quote(was)),
		})
		return
	}
}

// skips finds new marks by which a test that ran does not run.
func (j *judge) skips(t, h *test) {
	had := map[string]int{}
	always := false
	for _, m := range t.Skips {
		had[m.Text]++
		always = always || !m.Conditional
	}
	if always {
		return // it did not run at the base either
	}
	for _, m := range h.Skips {
		if had[m.Text] > 0 {
			had[m.Text]--
			continue
		}
		level, why := evidence.Gate, "is skipped now"
		if m.Conditional {
			level, why = runs.Conditional(t.Test, t.file.lang, strings.Join(t.file.lines, "\n"), m)
			if level == evidence.Context && runs.Otherwise(t.Skips, m) {
				level, why = evidence.Locator, "is skipped under another condition than before"
			}
		}
		if j.said("skipped", h.file.path, m.Line) {
			return // by a mark on what holds several tests
		}
		names := append([]string{t.Name, words.Leaf(t.Name)}, j.subjects(t)...)
		switch j.asked.AsksFor(asked.Skipping, names) {
		case asked.Ordered:
			level = evidence.Context
		case asked.Claimed:
			level = atMostLocator(level)
		case asked.Silent:
		}
		if j.asked.Reverts() {
			level = evidence.Context
		}
		j.say(statement{
			rule: "skipped", level: level, path: h.file.path, lines: source.Range{Start: m.Line, End: m.Line}, is: m.Text, anchor: h.Name,
			message: fmt.Sprintf("%s %s: %s (the base ran it, line %d there).", place(h), why, quote(m.Text), t.Start), paths: []string{t.file.path, h.file.path},
		})
		return
	}
}

// focused finds marks by which all other tests do not run.
func (j *judge) focused(h *test) {
	if len(h.Focuses) == 0 || h.pair != nil && len(h.pair.Focuses) > 0 {
		return
	}
	m := h.Focuses[0]
	if j.said("focused", h.file.path, m.Line) {
		return
	}
	j.say(statement{
		rule: "focused", level: evidence.Gate, path: h.file.path, lines: source.Range{Start: m.Line, End: m.Line}, is: m.Text, anchor: h.Name,
		message: fmt.Sprintf("%s is marked so that other tests of the file do not run: %s.", place(h), quote(m.Text)),
	})
}

// said reports whether a finding of a rule stands at a line already.
func (j *judge) said(rule, path string, line int) bool {
	return slices.ContainsFunc(j.findings, func(f evidence.Finding) bool { return f.Rule == rule && f.Path == path && f.StartLine == line })
}

// subjects gives the names of the changed code that a test mentions.
func (j *judge) subjects(t *test) []string {
	var out []string
	seen := map[string]bool{}
	for _, tok := range t.tokens {
		if tok.Kind == words.Word && len(tok.Text) > 2 && !seen[tok.Text] && (j.code.Changed[tok.Text] || j.code.Gone[tok.Text]) {
			seen[tok.Text] = true
			out = append(out, tok.Text)
		}
	}
	return out
}
