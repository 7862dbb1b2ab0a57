package harness

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// hidden finds text that a reader does not see, or sees as something else:
// marks that turn the order of reading (Boucher and Anderson, "Trojan Source",
// 2021), letters without a shape, and foreign letters within a name.
func (j textRules) hidden(f *file) {
	for _, l := range f.added {
		if ascii(l.Text) {
			continue
		}
		j.hiddenLine(f, l)
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (j textRules) hiddenLine(f *file, l change.Line) {
	shapeless, tags := 0, 0
	runes := []rune(l.Text)
	for i, r := range runes {
		switch {
		case isTurn(r):
			j.find(j.turned(f, l), "turned", f, l, fmt.Sprintf("holds the invisible mark U+%04X, which turns the order in which the line is shown: it does not run as it reads", r))
		case isTag(r) && !inFlag(runes, i):
			tags++
		case isShapeless(r) && !joins(runes, i) && (r != '\uFEFF' || l.Number != 1 || i != 0):
			shapeless++
			if isCode(f) && i > 0 && i+1 < len(runes) && isLatin(runes[i-1]) && isLatin(runes[i+1]) && !quoted(runes, i, f) {
				j.find(f.quiet(evidence.Gate), "shapeless", f, l, fmt.Sprintf("holds the invisible letter U+%04X within a name: it looks like another name and is none", r))
			}
		}
	}
	switch {
	case tags >= 3:
		j.find(f.mildly(evidence.Gate), "hidden_text", f, l, fmt.Sprintf("holds %d invisible letters that spell a hidden text: %s", tags, show(decodeTags(runes))))
	case shapeless >= 8:
		j.find(f.mildly(evidence.Gate), "hidden_text", f, l, fmt.Sprintf("holds %d invisible letters in one line, enough to hide a text in", shapeless))
	case shapeless > 0 && isInstruction(f.lower):
		j.find(evidence.Locator, "hidden_text", f, l, "holds letters without a shape, in a file that agents take instructions from")
	}
	if isCode(f) {
		if name, r := mixed(f, l.Text); name != "" {
			j.find(f.quiet(evidence.Gate), "lookalike", f, l, fmt.Sprintf("has the name %s, in which U+%04X only looks like a Latin letter: it is another name than the one it shows", show(name), r))
		}
	}
}

// turned gives the level of a mark that turns the order of reading. Text of a
// script that is written from the right has a use for it.
func (j textRules) turned(f *file, l change.Line) evidence.Level {
	level := f.quiet(evidence.Gate)
	switch right := strings.ContainsFunc(l.Text, isRightToLeft); {
	case right && j.patterns.get(`(?:^|/)(?:locales?|i18n|l10n|lang|langs|languages|translations?|messages)/`).MatchString(f.lower), f.class.Fixture:
		return evidence.Context
	case right && level == evidence.Gate, f.class.Document, level == evidence.Gate && !isCode(f) && !isInstruction(f.lower):
		return evidence.Locator
	}
	return level
}

// mildly is quiet for what has no place in prose either.
func (f *file) mildly(level evidence.Level) evidence.Level {
	if f.class.Fixture || f.class.Test {
		return evidence.Locator
	}
	return level
}

func isTurn(r rune) bool { return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 }

// isTag: the tags of the supplementary planes, and the selectors of variants
// that no font has.
func isTag(r rune) bool { return r >= 0xE0000 && r <= 0xE007F || r >= 0xE0100 && r <= 0xE01EF }

// inFlag: the flags of England, Scotland and Wales are spelled with tags.
func inFlag(runes []rune, i int) bool {
	for k := i - 1; k >= 0 && k >= i-8; k-- {
		if runes[k] == 0x1F3F4 {
			return true
		}
		if !isTag(runes[k]) {
			return false
		}
	}
	return false
}

func isShapeless(r rune) bool {
	switch r {
	case 0x200B, 0x200C, 0x200D, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0xFEFF, 0x180E, 0x3164, 0xFFA0, 0x115F, 0x1160:
		return true
	}
	return false
}

// joins: joiners belong into emoji and into the scripts of India and Iran.
func joins(runes []rune, i int) bool {
	if runes[i] != 0x200D && runes[i] != 0x200C || i == 0 {
		return false
	}
	before := runes[i-1]
	return before > 0x2100 || before >= 0x0600 && before < 0x1000
}

func isRightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana)
}

func isLatin(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func decodeTags(runes []rune) string {
	var b strings.Builder
	for _, r := range runes {
		if r >= 0xE0020 && r <= 0xE007E {
			b.WriteRune(r - 0xE0000)
		}
	}
	return b.String()
}

func isCode(f *file) bool {
	return source.LanguageOf(f.Path) != source.Unknown || isShell(f) || strings.HasSuffix(f.lower, ".rb") || strings.HasSuffix(f.lower, ".php") ||
		strings.HasSuffix(f.lower, ".c") || strings.HasSuffix(f.lower, ".h") || strings.HasSuffix(f.lower, ".cpp") || strings.HasSuffix(f.lower, ".cs") || strings.HasSuffix(f.lower, ".kt") || strings.HasSuffix(f.lower, ".swift")
}

func isShell(f *file) bool {
	return strings.HasSuffix(f.base, ".sh") || strings.HasSuffix(f.base, ".bash") || strings.HasSuffix(f.base, ".zsh") || strings.HasSuffix(f.base, ".ps1") ||
		f.base == "makefile" || f.base == "justfile" || f.base == ".envrc" || strings.HasSuffix(f.base, ".mk") || isHook(f) ||
		len(f.added) > 0 && f.added[0].Number == 1 && strings.HasPrefix(f.added[0].Text, "#!") && strings.Contains(f.added[0].Text, "sh")
}

// quoted reports whether a letter stands in a string or a comment.
func quoted(runes []rune, at int, f *file) bool {
	whole := bare(string(runes), f)
	return !strings.ContainsRune(whole, runes[at])
}

// mixed gives a name of the code that mixes Latin letters with ones of other
// scripts that look the same. Letters of mathematics, such as a Greek delta,
// look like themselves.
func mixed(f *file, line string) (name string, letter rune) {
	const alike = "аеорсухіјѕһԁӏցԛԝАВЕКМНОРСТУХІЈЅοαρνυιΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
	for _, word := range strings.FieldsFunc(bare(line, f), func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if ascii(word) {
			continue
		}
		latin, other := 0, rune(0)
		for _, r := range word {
			switch {
			case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
				latin++
			case strings.ContainsRune(alike, r):
				other = r
			case unicode.IsLetter(r): // a word of that script after all
				latin = -1000
			}
		}
		if latin >= 2 && other != 0 {
			return word, other
		}
	}
	return "", 0
}

// bare gives a line of code without comments and without what its strings
// hold.
func bare(line string, f *file) string {
	hash := isShell(f) || strings.HasSuffix(f.base, ".py") || strings.HasSuffix(f.base, ".rb")
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "*") || strings.HasPrefix(trimmed, "/*") || strings.HasPrefix(trimmed, "//") || hash && strings.HasPrefix(trimmed, "#") {
		return ""
	}
	var b strings.Builder
	quote := rune(0)
	escaped := false
	runes := []rune(line)
	for i, r := range runes {
		switch {
		case escaped:
			escaped = false
		case quote != 0 && r == '\\' && quote != '`':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
				b.WriteRune(r)
			}
		case r == '"' || r == '\'' || r == '`':
			quote = r
			b.WriteRune(r)
		case r == '#' && hash && (i == 0 || runes[i-1] == ' '), r == '/' && !hash && i+1 < len(runes) && runes[i+1] == '/':
			return b.String()
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
