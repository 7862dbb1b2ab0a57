package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/internal/core/evidence"
)

// Sizes in bytes of what an agent is told.
const (
	maxFeedback = 16 << 10
	maxShown    = 2 << 10 // of one finding's output
	maxLine     = 1 << 10 // of one message, path or reason
	maxCommand  = 4 << 10 // of one command; a longer one is of no use
	maxLines    = 40      // of one finding's output
)

// rules end every feedback. Nothing else is allowed to push them out.
const rules = `
Rules:
- Mend the cause in the code. Do not edit, skip, weaken or delete tests to make them pass.
- Change only files inside the scope of the task; undo what you changed outside it.
- Leave CI, linter and coverage settings, lockfiles and instructions to agents alone unless the task asks for them.
- Run the commands above before you finish. What you report is not taken as proof; the checks run again.
- If a finding is wrong, or the task cannot be done within these rules, change nothing for it and say why in your last message.
`

// feedback is what the agent is told: what blocks, what else a person would
// look at, what could not be checked, and the rules.
func feedback(w weight, notRun []string) string {
	const opening = "The change was checked and cannot land yet. Mend the following, then finish again.\n"
	out := text{room: maxFeedback - len(opening) - len(rules)}
	n, total := 0, len(w.gates)+len(w.locators)
	for _, f := range w.gates {
		n++
		out.item(describe(n, f), total-n+1)
	}
	for _, f := range w.locators {
		n++
		out.item(describe(n, f), total-n+1)
	}
	if len(w.silent) > 0 || len(notRun) > 0 {
		out.add("\nNot checked:\n")
	}
	for _, why := range notRun {
		out.add("- " + oneLine(why) + "\n")
	}
	return opening + out.b.String() + rules
}

// text collects whole items as long as there is room.
type text struct {
	b    strings.Builder
	room int
	full bool
}

func (t *text) add(s string) {
	const reserve = 80 // for the line that says how many items are missing
	if t.full || t.b.Len()+len(s) > t.room-reserve {
		t.full = true
		return
	}
	t.b.WriteString(s)
}

// item adds a finding, or says once how many are left out.
func (t *text) item(s string, left int) {
	was := t.full
	t.add(s)
	if t.full && !was {
		fmt.Fprintf(&t.b, "\n... and %d more findings.\n", left)
	}
}

func describe(n int, f evidence.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d. ", n)
	if at := where(f); at != "" {
		b.WriteString(at + ": ")
	}
	fmt.Fprintf(&b, "%s [%s %s]\n", oneLine(f.Message), f.Check, f.ID)
	if f.Level != evidence.Gate {
		b.WriteString("   This does not block by itself; a person will look at it.\n")
	}
	if f.Reproduce != "" && len(f.Reproduce) <= maxCommand {
		fmt.Fprintf(&b, "   Reproduce: %s\n", strings.ReplaceAll(strings.TrimSpace(f.Reproduce), "\n", "\n      "))
	}
	for _, line := range lines(clip(f.Detail, maxShown, "\n...\n")) {
		b.WriteString("   | " + line + "\n")
	}
	return b.String()
}

// lines gives the lines of output that say something, at most maxLines: the
// first quarter of these, and the last.
func lines(output string) []string {
	var out []string
	for line := range strings.Lines(output) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			out = append(out, line)
		}
	}
	if len(out) <= maxLines {
		return out
	}
	first := maxLines / 4
	return slices.Concat(out[:first], []string{"..."}, out[len(out)-(maxLines-first-1):])
}

func where(f evidence.Finding) string {
	at := f.Path
	if at == "" {
		return ""
	}
	if strings.ContainsFunc(at, func(r rune) bool { return !strconv.IsPrint(r) }) {
		at = strconv.Quote(at)
	}
	if f.StartLine > 0 {
		at += ":" + strconv.Itoa(f.StartLine)
	}
	return clip(at, maxLine, " ... ")
}

// oneLine keeps a message on its line: a line break in a file name must not
// begin a line of its own.
func oneLine(s string) string {
	return clip(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, s), maxLine, " ... ")
}

// clip shortens text to at most limit bytes of valid UTF-8. It keeps the first
// quarter, which names a compiler's first error, and the end, which sums up a
// test run, with gap between them.
func clip(s string, limit int, gap string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	first := (limit - len(gap)) / 4
	last := limit - len(gap) - first
	return strings.ToValidUTF8(s[:first], "") + gap + strings.ToValidUTF8(s[len(s)-last:], "")
}
