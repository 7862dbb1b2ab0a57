package creep

import (
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source"
)

var (
	// announcesDocs are the first lines of messages of changes to documents:
	// the type of Conventional Commits, or a plain sentence about nothing else.
	announcesDocs = check.Lazy(`(?i)^(?:docs?(?:\([^)]*\))?!?: ?\S|\[docs?\] ?\S|(?:add|update|improve|fix|clarify|rewrite|correct|extend|polish)e?[sd]?(?: typos?)?(?: in| of)?(?: the| some)? (?:docs|documentation|readme(?:\.md)?)(?:[.!]|$| (?:for|of|about|on|with)\b[^,;]*$))`)
	mergesOther   = check.Lazy(`^Merge (?:branch|pull request|remote-tracking|tag|commit)\b`)
	doubleQuoted  = check.Lazy(`"(?:[^"\\]|\\.)*"`)
	docAttribute  = check.Lazy(`# (?:! )?\[ (?:cfg_attr \( docsrs|doc)\b[^\]]*\] ?`)
	quotedText    = check.Lazy("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`")
)

// typeOf gives the type of the task or, of a change without one, what every
// message of it announces. Only documents can be announced.
func typeOf(req evidence.Request) plan.Type {
	if req.Type != "" || req.Task != "" || req.Subject != evidence.OfRange {
		return plan.Type(req.Type)
	}
	found := false
	for text := range strings.SplitSeq(req.Claim, "\x00") {
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		switch {
		case first == "" || mergesOther.MatchString(first):
		case !announcesDocs.MatchString(first):
			return ""
		default:
			found = true
		}
	}
	if !found {
		return ""
	}
	return plan.Docs
}

// withoutTexts gives code without what stands between quotes: help texts and
// messages that users read are documents to most authors.
//
// In Rust a single quote may begin a lifetime, and attributes may be documents.
func withoutTexts(code []string, l source.Language) string {
	text := strings.Join(code, " ")
	if l == source.Rust {
		return doubleQuoted.ReplaceAllString(docAttribute.ReplaceAllString(text, ""), `""`)
	}
	return quotedText.ReplaceAllString(text, `""`)
}
