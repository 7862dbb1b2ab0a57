package cases

import (
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
