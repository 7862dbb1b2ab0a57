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
		{"a field by its key", claim(source.Exact, "expect(save.args[0].text).equal('x')", "save.args[0].text", "'x'"), claim(source.Exact, "expect(saved).equal([{ id: 7, text: 'x' }])", "saved", "[{ id: 7, text: 'x' }]"), true},
		{"a field by another key", claim(source.Exact, "expect(save.args[0].name).equal('x')", "save.args[0].name", "'x'"), claim(source.Exact, "expect(saved).equal([{ id: 7, text: 'x' }])", "saved", "[{ id: 7, text: 'x' }]"), false},
		{"a field by the end of a key", claim(source.Exact, "expect(save.args[0].ext).equal('x')", "save.args[0].ext", "'x'"), claim(source.Exact, "expect(saved).equal([{ id: 7, text: 'x' }])", "saved", "[{ id: 7, text: 'x' }]"), false},
		{"one call by a list of one", claim(source.Exact, "expect(save.calledOnce).equal(true)", "save.calledOnce", "true"), claim(source.Exact, "expect(saved).equal([{ id: 7, text: 'x' }])", "saved", "[{ id: 7, text: 'x' }]"), true},
		{"no call by a list of one", claim(source.Exact, "expect(save.calledOnce).equal(false)", "save.calledOnce", "false"), claim(source.Exact, "expect(saved).equal([{ id: 7, text: 'x' }])", "saved", "[{ id: 7, text: 'x' }]"), false},
		{"two texts that are together long, about something else", claim(source.Exact, "expect(a).toEqual(['seven77', 'seven78'])", "a", "['seven77', 'seven78']"), claim(source.Exact, "expect(b).toEqual(['seven77', 'seven78'])", "b", "['seven77', 'seven78']"), true},
		{"two texts that are together short, about something else", claim(source.Exact, "expect(a).toEqual(['seven77', 'six78'])", "a", "['seven77', 'six78']"), claim(source.Exact, "expect(b).toEqual(['seven77', 'six78'])", "b", "['seven77', 'six78']"), false},
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

// Values that stood apart stand together in a list.
func TestTogether(t *testing.T) {
	of := func(name, value string) source.Assertion {
		return claim(source.Exact, "assert "+name+" == "+value, name, value)
	}
	list := of("names()", `["bob", "ada", 1, 2, 3]`)
	for _, tt := range []struct {
		name string
		gone []source.Assertion
		by   source.Assertion
		left int
	}{
		{"two texts", []source.Assertion{of("r[0]", `"bob"`), of("r[1]", `"ada"`)}, list, 0},
		{"one text", []source.Assertion{of("r[0]", `"bob"`)}, list, 1},
		{"one text twice", []source.Assertion{of("r[0]", `"bob"`), of("r[1]", `"bob"`)}, list, 2},
		{"one that is not there", []source.Assertion{of("r[0]", `"bob"`), of("r[1]", `"ada"`), of("r[2]", `"cyd"`)}, list, 1},
		{"two numbers", []source.Assertion{of("a", "1"), of("b", "2")}, list, 2},
		{"three numbers", []source.Assertion{of("a", "1"), of("b", "2"), of("c", "3")}, list, 0},
		{"no list", []source.Assertion{of("a", `"bob"`), of("b", `"ada"`)}, of("name", `"bob" + "ada"`), 2},
		{"a part of a list", []source.Assertion{of("a", `"bob"`), of("b", `"ada"`)}, claim(source.Partial, list.Text, list.Subject, list.Expected), 2},
	} {
		if got := (Pairing{Added: []source.Assertion{tt.by}}).Together(tt.gone, source.Python); len(got) != tt.left {
			t.Errorf("%s: %d left", tt.name, len(got))
		}
	}
}

// at gives an assertion with the line it stands in.
func at(line int, a source.Assertion) source.Assertion {
	a.Start, a.End = line, line
	return a
}

// What stood close by, and still compares the whole, covers what is gone.
func TestCoversNearby(t *testing.T) {
	there := claim(source.Exists, "expect(row).toBeDefined()", "row", "")
	value := claim(source.Exact, "expect(row).toBe(4)", "row", "4")
	size := claim(source.Partial, "expect(rows.length).toBe(2)", "rows.length", "2")
	whole := claim(source.Exact, "expect(rows).toEqual([1, 5])", "rows", "[1, 5]")
	truth := claim(source.Truth, "expect(ready).toBe(true)", "ready", "true")
	dead := func(a source.Assertion) source.Assertion {
		a.Dead = "it is caught"
		return a
	}
	for _, tt := range []struct {
		name string
		gone source.Assertion
		was  int // line of what stays
		is   source.Assertion
		want bool
	}{
		{"that it is there, by its value", at(3, there), 4, value, true},
		{"by its value further down", at(3, there), 5, value, false},
		{"by the value of something else", at(3, claim(source.Exists, "expect(col).toBeDefined()", "col", "")), 4, value, false},
		{"by a value that cannot be asked for", at(3, there), 4, dead(value), false},
		{"a value by another value", at(3, claim(source.Exact, "expect(row).toBe(5)", "row", "5")), 4, value, false},
		{"a value by that it is there", at(3, value), 4, there, false},
		{"a size by the whole, six lines above", at(9, size), 3, whole, true},
		{"a size by the whole, seven lines above", at(10, size), 3, whole, false},
		{"a size by a whole that cannot be asked for", at(9, size), 3, dead(whole), false},
		{"the same said twice", at(3, truth), 2, truth, true},
		{"the same said twice, apart", at(4, truth), 2, truth, false},
		{"itself", at(3, truth), 3, truth, false},
		{"the same where it cannot fail", at(3, truth), 2, dead(truth), false},
	} {
		pair := Paired{Was: at(tt.was, claim(tt.is.Strength, tt.is.Text, tt.is.Subject, tt.is.Expected)), Is: tt.is}
		for kind, p := range map[string]Pairing{"kept": {Kept: []Paired{pair}}, "changed": {Changed: []Paired{pair}}} {
			if got := p.Covers(tt.gone, source.TypeScript); got != tt.want {
				t.Errorf("%s, %s: %v", tt.name, kind, got)
			}
		}
	}
}

// Two branches of one condition that hold the same against each other ask for
// it once.
func TestDistinct(t *testing.T) {
	of := func(text, when string) source.Assertion { return source.Assertion{Text: text, When: when} }
	for _, tt := range []struct {
		name string
		list []source.Assertion
		left int
	}{
		{"in two branches", []source.Assertion{of("if got != want {", "ok"), of("if want != got {", "!ok")}, 1},
		{"with and without what an error says", []source.Assertion{of("if err.Error() != want {", "ok"), of("if err != nil || err != want {", "!ok")}, 1},
		{"in one branch", []source.Assertion{of("if got != want {", "ok"), of("if got != want {", "ok")}, 2},
		{"one outside", []source.Assertion{of("if got != want {", ""), of("if got != want {", "!ok")}, 2},
		{"the other outside", []source.Assertion{of("if got != want {", "ok"), of("if got != want {", "")}, 2},
		{"of other things", []source.Assertion{of("if got != want {", "ok"), of("if got != other {", "!ok")}, 2},
		{"of one name", []source.Assertion{of("if err != nil {", "ok"), of("if err == nil {", "!ok")}, 2},
	} {
		if got := Distinct(tt.list); len(got) != tt.left {
			t.Errorf("%s: %d left", tt.name, len(got))
		}
	}
}
