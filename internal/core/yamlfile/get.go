package yamlfile

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The getters give a node's value as a type. For a nil node they give zero and
// say nothing: an absent key is not a problem. For a value of another type
// they record an error and give zero.

// Map reports whether n is a mapping, and records every key that is not among
// the known ones together with the nearest known one. No known keys means that
// every key is fine.
func (f *File) Map(n *Node, known ...string) bool {
	if !f.is(n, Map, "") {
		return false
	}
	for _, e := range n.Entries {
		if len(known) > 0 && !slices.Contains(known, e.Key.Text) {
			f.Errorf(e.Key, f.DidYouMean(e.Key.Text, known), "unknown key %s", Quote(e.Key.Text))
		}
	}
	return true
}

// Need gives the value of a key that must be there; otherwise it records that
// it is missing, and gives nil. With a nil mapping it says nothing.
func (f *File) Need(m *Node, key, hint string) *Node {
	if m == nil {
		return nil
	}
	n := m.Get(key)
	if n == nil {
		f.Errorf(m, hint, "the key %s is missing", Quote(key))
	}
	return n
}

// List gives the items of a list.
func (f *File) List(n *Node) []*Node {
	hint := ""
	if n != nil && n.Kind == Scalar {
		hint = `write ["` + cut(printable(n.Text)) + `"]`
	}
	if !f.is(n, List, hint) {
		return nil
	}
	return n.Items
}

// Text gives a text of at most limit bytes, which may have several lines.
// Control characters and those that reorder what is shown are errors: text
// must read the same to a person and to an agent.
func (f *File) Text(n *Node, limit int) string {
	if !f.is(n, Scalar, "") {
		return ""
	}
	if len(n.Text) > limit {
		f.Errorf(n, "shorten it", "the text has %d bytes; at most %d are accepted", len(n.Text), limit)
		return ""
	}
	for _, r := range n.Text {
		if r != '\n' && r != '\t' && isHidden(r) {
			f.Errorf(n, "remove it", "the text holds the invisible character U+%04X", r)
			return ""
		}
	}
	return n.Text
}

// Line gives a text of one line, of at most limit bytes.
func (f *File) Line(n *Node, limit int) string {
	s := f.Text(n, limit)
	if strings.ContainsAny(s, "\n\t\u2028\u2029") {
		f.Errorf(n, "", "the text must be one line without tabs")
		return ""
	}
	return s
}

// Lines gives a list of texts of one line; empty ones are errors.
func (f *File) Lines(n *Node, limit int) []string {
	var out []string
	for _, item := range f.List(n) {
		if s := f.Line(item, limit); f.Filled(item, s) {
			out = append(out, s)
		}
	}
	return out
}

// Filled reports whether s, read from n, is more than white space; otherwise
// it records that it is empty, unless reading it was an error already.
func (f *File) Filled(n *Node, s string) bool {
	if strings.TrimSpace(s) != "" {
		return true
	}
	if n != nil && n.Kind == Scalar && strings.TrimSpace(n.Text) == "" {
		f.Errorf(n, "", "is empty")
	}
	return false
}

// OneOf gives a text that must be one of the known words.
func (f *File) OneOf(n *Node, known ...string) string {
	if !f.is(n, Scalar, "") {
		return ""
	}
	if slices.Contains(known, n.Text) {
		return n.Text
	}
	hint := f.DidYouMean(n.Text, known)
	if hint == "" {
		hint = "one of " + strings.Join(known, ", ")
	}
	f.Errorf(n, hint, "unknown value %s", Quote(n.Text))
	return ""
}

// Version records an error when the file is not of the version that this
// program reads.
func (f *File) Version(n *Node, current int64) {
	v, ok := f.Decimal(n, 0)
	if ok && v != current {
		f.Errorf(n, "a newer Muster may read it", "this program reads version %d of such files, not %d", current, v)
	}
}

// Int gives a whole number between low and high.
func (f *File) Int(n *Node, low, high int64) int64 {
	v, ok := f.Decimal(n, 0)
	if ok && (v < low || v > high) {
		f.Errorf(n, "", "%d is out of range: between %d and %d", v, low, high)
		return 0
	}
	return v
}

// Decimal gives a number times ten to the power of places, exactly: 0.1 with
// 6 places is 100000. A number with more decimals is an error. It gives false
// when there is no such number.
func (f *File) Decimal(n *Node, places int) (int64, bool) {
	if !f.is(n, Scalar, "") {
		return 0, false
	}
	v, fail := parseDecimal(n.Text, places)
	if n.Quoted {
		hint := ""
		if fail == "" {
			hint = "write " + n.Text + " without quotes"
		}
		f.Errorf(n, hint, "must be a number, not text in quotes")
		return 0, false
	}
	if fail != "" {
		f.Errorf(n, "", "%s %s", Quote(n.Text), fail)
		return 0, false
	}
	return v, true
}

// parseDecimal reads [+-]digits[.digits] without going through floating
// point. Digits may be grouped by underscores. It says what is wrong, or "".
func parseDecimal(text string, places int) (value int64, fail string) {
	const notNumber = "is not a number like 20 or 0.5"
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	whole, fraction, point := strings.Cut(digits, ".")
	whole = ungroup(whole)
	if !allDigits(whole) || point && !allDigits(fraction) {
		return 0, notNumber
	}
	if len(whole) > 1 && whole[0] == '0' {
		return 0, "begins with a zero, which some read as octal"
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > places {
		if places == 0 {
			return 0, "is not a whole number"
		}
		return 0, "has more than " + strconv.Itoa(places) + " decimals"
	}
	value, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	if err != nil {
		return 0, "is too large"
	}
	if negative {
		value = -value
	}
	return value, ""
}

// ungroup takes single underscores between digits out: 2_000_000. Text with
// other underscores stays as it is, and so is no number.
func ungroup(s string) string {
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return s
	}
	return strings.ReplaceAll(s, "_", "")
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// Bool gives true or false.
func (f *File) Bool(n *Node) bool {
	if !f.is(n, Scalar, "") {
		return false
	}
	if n.Quoted || n.Text != "true" && n.Text != "false" {
		f.Errorf(n, "", "%s is neither true nor false", Quote(n.Text))
		return false
	}
	return n.Text == "true"
}

// Millis gives a duration like 90s or 10m or 1h30m in milliseconds, at least
// one.
func (f *File) Millis(n *Node) int64 {
	if !f.is(n, Scalar, "") {
		return 0
	}
	d, err := time.ParseDuration(n.Text)
	switch {
	case err != nil:
		hint := "write it like 90s, 10m or 1h30m"
		if allDigits(n.Text) {
			hint = "write a unit: " + cut(n.Text) + "m for minutes, " + cut(n.Text) + "s for seconds"
		}
		f.Errorf(n, hint, "%s is not a duration", Quote(n.Text))
		return 0
	case d < time.Millisecond:
		f.Errorf(n, "", "the duration %s is less than a millisecond", Quote(n.Text))
		return 0
	}
	return d.Milliseconds()
}

// is reports whether n has the kind; otherwise, unless n is nil, it records
// an error.
func (f *File) is(n *Node, kind Kind, hint string) bool {
	if n == nil {
		return false
	}
	if n.Kind != kind && n.Kind != Refused {
		f.Errorf(n, hint, "must be %s, not %s", article(kind), article(n.Kind))
	}
	return n.Kind == kind
}

func article(k Kind) string {
	if k == Map || k == List {
		return "a " + string(k)
	}
	return string(k)
}

// isHidden reports whether a character is not seen, or changes the order in
// which its neighbours are seen.
func isHidden(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
