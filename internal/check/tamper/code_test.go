package tamper

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// textFile is a file of one side.
func textFile(p, text string) *file {
	return &file{path: p, lang: source.LanguageOf(p), lines: strings.Split(text, "\n")}
}

// testIn adds a test to a file, which stands in some of its lines.
func testIn(f *file, name string, start, end int) *test {
	t := &test{Test: source.Test{Name: name, Range: source.Range{Start: start, End: end}}, file: f}
	t.tokens = words.Scan(f.between(start, end), f.lang)
	t.grams, t.words, t.values = words.Grams(t.tokens), words.Of(t.tokens), words.Values(t.tokens)
	f.tests = append(f.tests, t)
	return t
}

// wholeTest is a file of one test.
func wholeTest(p, name, text string) *test {
	f := textFile(p, text)
	return testIn(f, name, 1, len(f.lines))
}

func paired(t, h *test) (*test, *test) {
	t.pair, h.pair = h, t
	return t, h
}

// judgeOf is a judgement about which nothing is known.
func judgeOf(a asked.Asked) *judge {
	return &judge{
		subject: &check.Subject{}, code: readCode(&both{}), asked: a, pairs: map[*test]pairs.Pairing{}, pool: map[string]int{},
		helpers: [2]map[string]*test{{}, {}}, newValues: map[*test][]map[string]bool{},
	}
}

func set(list ...string) map[string]bool {
	out := map[string]bool{}
	for _, v := range list {
		out[v] = true
	}
	return out
}

// keys gives what is in a set, in order.
func keys(s map[string]bool) string {
	var out []string
	for k, in := range s {
		if in {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// codeFile is a file of code with one definition in each line.
func codeFile(lines ...string) *file {
	f := textFile("a.go", strings.Join(lines, "\n"))
	for i, line := range lines {
		name, kind := strings.Fields(strings.NewReplacer("(", " ").Replace(line))[1], strings.Fields(line)[0]
		at := source.Range{Start: i + 1, End: i + 1}
		switch kind {
		case "func":
			fn := source.Function{Name: name, Range: at}
			for _, tok := range words.Scan(line, source.Go)[2:] {
				if tok.Kind == words.Word {
					fn.Calls = append(fn.Calls, source.Call{Name: tok.Text})
				}
			}
			f.facts.Functions = append(f.facts.Functions, fn)
		case "type":
			f.facts.Types = append(f.facts.Types, source.Type{Name: name, Signature: line, Range: at})
		default:
			f.facts.Values = append(f.facts.Values, source.Value{Name: name, Range: at})
		}
	}
	return f
}

// What the change did to the code, by names and values.
func TestReadCode(t *testing.T) {
	was, is := codeFile(
		`func stays() { route("/kept", "/kept", "ab", "/lost", 7) }`, `var goes = elsewhere(1, 2, 3, 4, 5, 6)`, `func other() { parse(text, true) }`,
		`type T struct { Field int; Gone int; ID int }`, `const LIMIT = 10`, `func fits(n int) { return n < LIMIT }`, `func caller() { fits(3) }`, `func apart() { nothing(4) }`,
	), codeFile(
		`func stays() { route("/kept", 7, "/new") }`, `var comes = elsewhere(1, 2, 3, 4, 5, 6)`,
		`type T struct { Field int }`, `const LIMIT = 12`, `func fits(n int) { return n < LIMIT }`, `func caller() { fits(3) }`, `func apart() { nothing(4) }`,
	)
	was.other, is.other = is, was
	c := readCode(&both{base: side{code: []*file{was}}, head: side{code: []*file{is}}})
	for _, tt := range []struct{ what, got, want string }{
		{"gone", keys(c.gone), "Gone other"},
		{"changed", keys(c.changed), "LIMIT T caller comes fits goes other stays"},
		{"defined", keys(c.defined), "LIMIT T apart caller comes fits stays"},
		{"dropped", keys(c.dropped), "/kept /lost 10 ab"},
		{"lost", keys(c.lost), "/lost"},
		{"gained", keys(c.gained), "/new 12"},
		{"words gained", keys(c.gainedWords), "comes"},
		{"rewritten", keys(c.rewrote), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, tt.got, tt.want)
		}
	}
	if !c.differs || !c.shrank {
		t.Errorf("differs %v, shrank %v", c.differs, c.shrank)
	}
	anew := codeFile(`func all() { quite(different) }`)
	was.other = anew
	if c := readCode(&both{base: side{code: []*file{was}}, head: side{code: []*file{anew}}}); !c.rewritten("a_test.go") || c.rewritten("b_test.go") {
		t.Errorf("%v", c.rewrote)
	}
}

// A definition goes on under a name that is new, if its body is alike.
func TestRenamed(t *testing.T) {
	bodyOf := func(text string) body { return body{grams: words.Grams(words.Scan(text, source.Go))} }
	gone := bodyOf("{ return parse(text, 1, 2, 3) }")
	was := sum{bodies: map[string]body{"f": gone, "g": gone}}
	for name, tt := range map[string]struct {
		is   map[string]body
		want bool
	}{
		"under another name":   {map[string]body{"h": gone}, true},
		"nothing is alike":     {map[string]body{"h": bodyOf("{ for { wait() } }")}, false},
		"it was there as well": {map[string]body{"g": gone}, false},
		"nothing is there":     {nil, false},
	} {
		if got := renamed(gone, was, sum{bodies: tt.is}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	many := map[string]body{}
	for i := range 2100 {
		many[fmt.Sprint("x", i)] = bodyOf("{ for { wait() } }")
	}
	if renamed(gone, was, sum{bodies: many}) {
		t.Error("it is like what it is not like")
	}
}

// What uses what changed has changed; names that are too short to say
// something carry nothing on.
func TestSpread(t *testing.T) {
	c := &code{changed: set("LIMIT", "N", "go", "parse")}
	c.spread(sum{
		constants: set("LIMIT", "N", "OTHER"),
		bodies:    map[string]body{"fits": {text: "return n < LIMIT"}, "short": {text: "return N"}, "apart": {text: "return OTHER"}, "OTHER": {text: "OTHER = 3"}},
		calls:     map[string][]string{"far": {"near"}, "near": {"parse"}, "brief": {"go"}, "alone": {"print"}, "user": {"fits"}},
	})
	if got := keys(c.changed); got != "LIMIT N far fits go near parse user" {
		t.Errorf("%s", got)
	}
}

func TestDefines(t *testing.T) {
	for text, want := range map[string]string{
		"self.name = 1": "name", "self.name == 1": "", "self.name": "", "self.name =": "", "self.abc = 1": "", "def total(n)": "total", "class Order": "Order", "total(n)": "", "name = 1": "", "self.name < 1": "", "self.name = = 1": "",
	} {
		tokens := words.Scan(text, source.JavaScript)
		got := ""
		for i, tok := range tokens {
			if words.Defines(tokens, i) {
				got += tok.Text
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestNamesOfCode(t *testing.T) {
	for name, want := range map[string]string{"a.b": "b", "a": "a", "a.": "a.", "A::b": "b", "C#d": "d", "": ""} {
		if got := last(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
	names := set("Double", "go", "4")
	for text, want := range map[string]bool{"Double(2)": true, "go run()": false, "Half(4)": false, `"Double"`: false, "": false} {
		if about(words.Scan(text, source.Go), names) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

// A test that works with a string that only the code had has nothing to work
// with any more. What it only expects is none.
func TestInputGone(t *testing.T) {
	lost := set("/route", "abc", "def")
	for _, tt := range []struct {
		text, expected string
		want           bool
	}{
		{`get("/route")`, "", true}, {`get("abc")`, "", false}, {`get("abc", "def")`, "", true}, {`equal(get(1), "/route")`, `"/route"`, false}, {`get("/other")`, "", false},
	} {
		x := wholeTest("a_test.go", "TestA", tt.text)
		x.Assertions = []source.Assertion{{Text: tt.text, Expected: tt.expected}}
		if got := (&code{lost: lost}).inputGone(x); got != tt.want {
			t.Errorf("%s: %v", tt.text, got)
		}
	}
	if !maps.Equal(lost, set("/route", "abc", "def")) {
		t.Error("what is lost was changed")
	}
}
