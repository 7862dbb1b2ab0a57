package report

import (
	"fmt"
	"strings"

	"muster/internal/core/evidence"
	"muster/internal/core/policy"
)

// Marker begins every comment that Markdown writes, so that whoever posts it
// can find the one of before and replace it.
const Marker = "<!-- muster verdict -->"

// limits of a comment; code hosts take some 65,000 characters.
const (
	maxComment = 60_000
	maxShown   = 1500 // of one finding's output
)

// Markdown writes a verdict as one comment on a pull request: the route, the
// findings that come first, and, folded, the rest and what was not looked at.
// Nothing from the repository or the checks can end the block it stands in.
func Markdown(v Verdict) string {
	var b strings.Builder
	passed, failed, silent := v.Counts()
	fmt.Fprintf(&b, "%s\n### Muster: %s\n\n", Marker, RouteText(v.Route))
	fmt.Fprintf(&b, "%d checks passed, %d found something, %d gave no answer. %s\n\n", passed, failed, silent, judged(v))
	first, rest := split(v.Findings)
	for _, f := range first {
		writeFinding(&b, f)
	}
	if len(rest) > 0 {
		fmt.Fprintf(&b, "<details><summary>%d more findings</summary>\n\n", len(rest))
		for _, f := range rest {
			if b.Len() > maxComment-4000 {
				b.WriteString("- more of them do not fit here: `muster check --all`\n")
				break
			}
			fmt.Fprintf(&b, "- %s %s (%s, %s)\n", code(Where(f)), text(f.Message), f.Level, code(f.ID))
		}
		b.WriteString("\n</details>\n\n")
	}
	if n := len(v.NotRun) + len(v.Unverified); n > 0 {
		fmt.Fprintf(&b, "<details><summary>What was not checked (%d)</summary>\n\n", n)
		for i, why := range v.NotRun {
			if i == 20 {
				fmt.Fprintf(&b, "- and %d more\n", len(v.NotRun)-i)
				break
			}
			fmt.Fprintf(&b, "- %s\n", text(why))
		}
		for i, p := range v.Unverified {
			if i == 20 {
				fmt.Fprintf(&b, "- and %d more places\n", len(v.Unverified)-i)
				break
			}
			fmt.Fprintf(&b, "- %s %s\n", code(PlaceText(p)), text(p.Why))
		}
		b.WriteString("\n</details>\n")
	}
	return b.String()
}

// split gives the findings that are put first and the others. Context never
// comes first.
func split(all []evidence.Finding) (first, rest []evidence.Finding) {
	for _, f := range all {
		if f.Level != evidence.Context && len(first) < ShownFirst {
			first = append(first, f)
			continue
		}
		rest = append(rest, f)
	}
	return first, rest
}

// First gives the findings that are put before a person at once.
func (v Verdict) First() []evidence.Finding {
	first, _ := split(v.Findings)
	return first
}

func writeFinding(b *strings.Builder, f evidence.Finding) {
	sign := "points"
	if f.Level == evidence.Gate {
		sign = "**blocks**"
	}
	fmt.Fprintf(b, "- %s %s %s (%s, %s)\n", sign, code(Where(f)), text(f.Message), f.Check, code(f.ID))
	if f.Reproduce != "" {
		block(b, f.Reproduce)
	}
	if f.Detail != "" {
		block(b, f.Detail)
	}
	b.WriteString("\n")
}

// block writes text in a fence that is longer than any run of marks in it.
func block(b *strings.Builder, s string) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "\n..."
	}
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "  %s\n", fence)
	for line := range strings.Lines(strings.TrimRight(s, "\n")) {
		b.WriteString("  " + strings.TrimRight(line, "\r\n") + "\n")
	}
	fmt.Fprintf(b, "  %s\n", fence)
}

// text escapes what would be read as Markdown, HTML, or the name of somebody
// who would be notified.
func text(s string) string {
	return strings.NewReplacer(
		"\r", " ", "\n", " ", `\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;",
		"&", "&amp;", "@", "&#64;", "#", "&#35;", "|", `\|`,
	).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}

// code writes text in the form of code.
func code(s string) string {
	s = strings.NewReplacer("\r", " ", "\n", " ", "`", "'").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func judged(v Verdict) string {
	head := v.Head
	if head == "" {
		head = "tree " + v.HeadTree
	}
	return fmt.Sprintf("Judged %.17s against %.12s.", head, v.Base+v.BaseTree)
}

// RouteText says in a few words what a route means.
func RouteText(r policy.Route) string {
	switch r {
	case policy.Auto:
		return "auto, nothing asks for a person"
	case policy.Audit:
		return "audit, lands and is sampled for review"
	case policy.Review:
		return "review, a person decides"
	case policy.Two:
		return "two, two people decide"
	case policy.Rework:
		return "rework, something blocks"
	case policy.Reject:
		return "reject"
	}
	return string(r)
}

// PlaceText gives a place as people write it.
func PlaceText(p evidence.Place) string {
	switch {
	case p.StartLine == 0:
		return p.Path
	case p.EndLine <= p.StartLine:
		return fmt.Sprintf("%s:%d", p.Path, p.StartLine)
	}
	return fmt.Sprintf("%s:%d-%d", p.Path, p.StartLine, p.EndLine)
}
