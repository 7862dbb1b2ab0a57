package cases

import (
	"strings"
	"testing"

	"muster/internal/source"
)

// What is expected of a case is one value, or all that changed in one list.
func TestExpectation(t *testing.T) {
	for _, tt := range []struct {
		was, is, from, to string
	}{
		{`{in: "a", want: "b"}`, `{in: "a", want: "c"}`, `"b"`, `"c"`},
		{`{in: "a", want: "b"}`, `{in: "x", want: "b"}`, "", ""},
		{`{in: T{"b"}, out: T{"A", "a"}}`, `{in: T{"b"}, out: T{"a", "A"}}`, `T{"A","a"}`, `T{"a","A"}`},
		{`{in: T{"A", "a"}, out: T{"b"}}`, `{in: T{"a", "A"}, out: T{"b"}}`, "", ""},
		{`{in: T{"A", "a"}, out: T{"b"}}`, `{in: T{"x", "a"}, out: T{"c"}}`, "", ""},
	} {
		from, to, ok := Expectation(Change{source.Case{Text: tt.was}, source.Case{Text: tt.is}}, source.Go)
		if from != tt.from || to != tt.to || ok != (tt.from != "") {
			t.Errorf("%s to %s: %q %q %v", tt.was, tt.is, from, to, ok)
		}
	}
}

func TestPair(t *testing.T) {
	entry := func(text string) source.Case { return source.Case{Text: text} }
	changed, removed, added := Pair([]source.Case{entry(`{"a", 1}`), entry(`{"b", 2}`)}, []source.Case{entry(`{"b", 2}`), entry(`{"long and other", f(3), g(4)}`)}, source.Go)
	if len(changed) != 0 || len(removed) != 1 || len(added) != 1 {
		t.Errorf("%v %v %v", changed, removed, added)
	}
}

// Lists of data lose entries, and what stands for none is no entry.
func TestData(t *testing.T) {
	for p, want := range map[string]bool{"test/fixture/a.json": true, "tests/a.sql": true, "src/a.json": false, "test/a.go": false} {
		if IsData(p) != want {
			t.Errorf("%s: %v", p, !want)
		}
	}
	for _, tt := range []struct {
		was, is    string
		lost, come int
	}{
		{`{"out": "x"}`, `{"out": null}`, 1, 0},
		{`{"out": "x"}`, `{"out": "y"}`, 1, 1},
		{"no_proxy: a", "# no_proxy: a", 2, 0},
		{"a: 1", "b: 1", 1, 1},
	} {
		if lost, come := Exchanged([]string{tt.was}, []string{tt.is}); lost != tt.lost || come != tt.come {
			t.Errorf("%s to %s: %d %d", tt.was, tt.is, lost, come)
		}
	}
}

// What a case expects is the field that is named for it, or else the last
// value.
func TestOneValue(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		ok      bool
	}{
		{"{in: 1, want: 2}", "{in: 1, want: 3}", true},
		{"{want: 2, in: 1}", "{want: 3, in: 1}", true},
		{"{want: 1, in: 2}", "{want: 1, in: 3}", false},
		{"{2, 4}", "{2, 5}", true},
		{"{2, 4}", "{3, 4}", false},
		{"{2, 4}", "{3, 5}", false},
		{"{2, 4}", "{2, 4}", false},
		{"{2, 4}", "{2, 4, 5}", false},
		{`case("a", n=2)`, `case("a", n=3)`, false},
		{`{"in": 1, "n": 2}`, `{"in": 1, "n": 3}`, true},
		{`{"n": 1, "in": 2}`, `{"n": 3, "in": 2}`, false},
	} {
		if _, _, ok := Expectation(Change{Was: source.Case{Text: tt.was}, Is: source.Case{Text: tt.is}}, source.Python); ok != tt.ok {
			t.Errorf("%s and %s: %v", tt.was, tt.is, ok)
		}
	}
}

// Entries are paired by their text, then by their name, then by how alike
// they are.
func TestPairCases(t *testing.T) {
	of := func(texts ...string) (out []source.Case) {
		for _, text := range texts {
			name, rest, named := strings.Cut(text, ": ")
			if !named {
				name, rest = "", text
			}
			out = append(out, source.Case{Name: name, Text: rest})
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		was, is []source.Case
		want    string
	}{
		{"in another order", of("{1, one}", "{2, two}"), of("{2, two}", "{1, one}"), ""},
		{"by name", of("a: {1}", "b: {f(x)}"), of("b: {7, y, z}", "a: {1}"), "b b"},
		{"by likeness", of("{1, 2, 3, 4, five}"), of("{nothing, alike}", "{1, 2, 3, 4, six}"), "{1, 2, 3, 4, five} {1, 2, 3, 4, six}; added {nothing, alike}"},
		{"nothing is alike", of("{1, 2, 3}"), of("f(x)"), "removed {1, 2, 3}; added f(x)"},
	} {
		changed, removed, added := Pair(tt.was, tt.is, source.Go)
		var got []string
		for _, c := range changed {
			if c.Was.Name != "" {
				got = append(got, c.Was.Name+" "+c.Is.Name)
			} else {
				got = append(got, c.Was.Text+" "+c.Is.Text)
			}
		}
		for _, c := range removed {
			got = append(got, "removed "+c.Text)
		}
		for _, c := range added {
			got = append(got, "added "+c.Text)
		}
		if all := strings.Join(got, "; "); all != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, all, tt.want)
		}
	}
}
