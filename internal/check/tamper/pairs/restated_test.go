package pairs

import (
	"testing"

	"muster/internal/source"
)

func claim(s source.Strength, text, subject, expected string) source.Assertion {
	return source.Assertion{Strength: s, Text: text, Subject: subject, Expected: expected}
}

// What is gone is asked for in other words, or is not.
func TestRestated(t *testing.T) {
	row := claim(source.Exact, "expect(s.row).toBe('B')", "s.row", "'B'")
	whole := claim(source.Exact, "expect(seat('B12')).toEqual({ row: 'B', number: 12 })", "seat('B12')", "{ row: 'B', number: 12 }")
	call := claim(source.Exact, `assert m.send.call_args_list[0] == call("ada", "bring it back")`, "m.send.call_args_list[0]", "")
	sent := claim(source.Exact, `assert outbox.sent == [("ada", "bring it back"), ("bob", "x")]`, "outbox.sent", "")
	count := claim(source.Exact, "assert m.send.call_count == 2", "m.send.call_count", "2")
	class := claim(source.Partial, "expect(err).toBeInstanceOf(SeatError)", "err", "")
	heading := claim(source.Exact, "expect(w.find('h3').text()).toBe('B')", "w.find('h3').text()", "'B'")
	shown := claim(source.Truth, "expect(screen.getByRole('heading', { name: 'B' })).toBeInTheDocument()", "screen.getByRole('heading', { name: 'B' })", "")
	dead, not := whole, whole
	dead.Dead, not.Negated = "it is caught", true
	for _, tt := range []struct {
		name     string
		gone, is source.Assertion
		want     bool
	}{
		{"a part by the whole", row, whole, true},
		{"by a whole that cannot fail", row, dead, false},
		{"by the opposite", row, not, false},
		{"the opposite", not, whole, false},
		{"by one that holds another value", row, claim(source.Exact, "expect(s).toEqual({ row: 'C' })", "s", "{ row: 'C' }"), false},
		{"a short value about something else", row, claim(source.Exact, "expect(other).toBe('B')", "other", "'B'"), false},
		{"by a weak one", row, claim(source.Truth, "expect(s.row === 'B').toBeTruthy()", "s.row === 'B'", ""), false},
		{"a call by the list of what was sent", call, sent, true},
		{"a number of calls by as many entries", count, sent, true},
		{"a number of calls by fewer entries", count, claim(source.Exact, `assert outbox.sent == [("ada", "x", "y")]`, "outbox.sent", ""), false},
		{"a number of calls by more entries", count, claim(source.Exact, `assert outbox.sent == ["ada", "x", "y",]`, "outbox.sent", ""), false},
		{"a value that is no size by entries", claim(source.Exact, "assert m.n == 2", "m.n", "2"), sent, false},
		{"a class by an error of it", class, claim(source.Partial, "expect(later('?')).rejects.toThrow(new SeatError('no seat'))", "later('?')", ""), true},
		{"a class by another", class, claim(source.Partial, "expect(later('?')).rejects.toThrow(new TypeError('no seat'))", "later('?')", ""), false},
		{"a text by its length", claim(source.Exact, `if string(buf) != "content here" {`, "string(buf)", `"content here"`), claim(source.Exact, `if len(buf) != len("content here") {`, "len(buf)", ""), false},
		{"a text by what is found by it", heading, shown, true},
		{"a text by what is found by another", heading, claim(source.Truth, "expect(screen.getByText('C')).toBeInTheDocument()", "screen.getByText('C')", ""), false},
	} {
		if got := Restated(tt.gone, tt.is, source.TypeScript); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// What holds of the pairs of one test.
func TestPairingCovers(t *testing.T) {
	size := claim(source.Partial, "assertEqual(len(self.books), 2)", "len(self.books)", "2")
	whole := claim(source.Exact, "assertDictEqual(self.books, {'a': 1})", "self.books", "{'a': 1}")
	if !(Pairing{Added: []source.Assertion{whole}}).Covers(size, source.Python) {
		t.Error("a size is not covered by the whole")
	}
	other := claim(source.Exact, "assertDictEqual(self.other, {'a': 1})", "self.other", "{'a': 1}")
	if (Pairing{Added: []source.Assertion{other}}).Covers(size, source.Python) {
		t.Error("a size is covered by something else")
	}
}
