package unit

import (
	"strings"
	"unicode/utf8"
)

// Clean makes text harmless for a terminal: valid UTF-8 and no control
// characters but line feed and tab, nor those that reorder text.
func Clean(s string) string {
	if IsClean(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// IsClean reports whether text holds nothing that Clean takes away.
func IsClean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, isControl) < 0
}

func isControl(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return true
	}
	// Marks that change the direction of text hide what it says.
	return r == 0x061c || r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Line gives the first line of text that is not empty, cut to a number of
// characters.
func Line(text string, limit int) string {
	text = strings.TrimSpace(Clean(text))
	text, _, _ = strings.Cut(text, "\n")
	return Cut(strings.ReplaceAll(text, "\t", " "), limit)
}

// Cut shortens text to a number of characters.
func Cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	n := 0
	for i := range s {
		if n == limit-1 {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// Indent puts a prefix before every line.
func Indent(prefix, text string) string {
	text = strings.TrimRight(Clean(text), "\n")
	return prefix + strings.ReplaceAll(text, "\n", "\n"+prefix)
}
