package code

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// codeFile is a file of code with one definition in each line.
func codeFile(lines ...string) *File {
	f := &File{Path: "a.go", Lang: source.Go, Lines: lines}
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
			f.Facts.Functions = append(f.Facts.Functions, fn)
		case "type":
			f.Facts.Types = append(f.Facts.Types, source.Type{Name: name, Signature: line, Range: at})
		default:
			f.Facts.Values = append(f.Facts.Values, source.Value{Name: name, Range: at})
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
	was.Other, is.Other = is, was
	c := Read([]*File{was}, []*File{is})
	for _, tt := range []struct{ what, got, want string }{
		{"gone", checktest.Words(c.Gone), "Gone other"},
		{"changed", checktest.Words(c.Changed), "LIMIT T caller comes fits goes other stays"},
		{"defined", checktest.Words(c.Defined), "LIMIT T apart caller comes fits stays"},
		{"dropped", checktest.Words(c.Dropped), "/kept /lost 10 ab"},
		{"lost", checktest.Words(c.Lost), "/lost"},
		{"gained", checktest.Words(c.Gained), "/new 12"},
		{"words gained", checktest.Words(c.GainedWords), "comes"},
		{"rewritten", checktest.Words(c.Rewrote), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, tt.got, tt.want)
		}
	}
	if !c.Differs || !c.Shrank {
		t.Errorf("differs %v, shrank %v", c.Differs, c.Shrank)
	}
	anew := codeFile(`func all() { quite(different) }`)
	was.Other = anew
	if c := Read([]*File{was}, []*File{anew}); !c.Rewritten("a_test.go") || c.Rewritten("b_test.go") {
		t.Errorf("%v", c.Rewrote)
	}
}

// A definition goes on under a name that is new, if its body is alike; members
// of a type do where nothing else of it differs.
func TestRenamed(t *testing.T) {
	f, g := `func f(text string) { return parse(text, 1, 2, 3) }`, `func g(text string) { return parse(text, 1, 2, 3) }`
	for _, tt := range []struct {
		what, want string
		was, is    []string
	}{
		{"under another name", "f=g", []string{f}, []string{g}},
		{"with another body", "", []string{f}, []string{`func h() { for { wait() } }`}},
		{"it was there as well", "", []string{f, g}, []string{g}},
		{"it is there too", "", []string{f}, []string{f, g}},
		{"it is still called", "", []string{f, `func x() { f(1) }`}, []string{g, `func x() { f(1) }`}},
		{"two of them", "f=g", []string{f, `func e(text string) { return parse(text, 4, 5, 3) }`}, []string{g}},
		{"nothing is there", "", []string{f}, nil},
		{"a member", "Total=Sum", []string{`type T struct { Total int; Name string }`}, []string{`type T struct { Sum int; Name string }`}},
		{"a member of a type that is renamed", "T=U Total=Sum", []string{`type T struct { Total int; Name string; Other []byte }`}, []string{`type U struct { Sum int; Name string; Other []byte }`}},
		{"a member less", "", []string{`type T struct { Total int; Name string }`}, []string{`type T struct { Name string }`}},
		{"a member that is still named", "", []string{`type T struct { Total int; Name string }`, `func x() { Total(1) }`}, []string{`type T struct { Sum int; Name string }`, `func x() { Total(1) }`}},
		{"a member that was named before", "", []string{`type T struct { Total int; Name string }`, `func x() { Sum(1) }`}, []string{`type T struct { Sum int; Name string }`, `func x() { Sum(1) }`}},
	} {
		c := Read([]*File{codeFile(tt.was...)}, []*File{codeFile(tt.is...)})
		var got []string
		for from, to := range c.Renamed {
			got = append(got, from+"="+to)
			if c.Gone[from] {
				t.Errorf("%s: %s is gone", tt.what, from)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.what, got, tt.want)
		}
	}
}

// What uses what changed has changed; names that are too short to say
// something carry nothing on.
func TestSpread(t *testing.T) {
	c := &Change{Changed: checktest.Set("LIMIT", "N", "go", "parse")}
	c.spread(sum{
		constants: checktest.Set("LIMIT", "N", "OTHER"),
		bodies:    map[string]body{"fits": {text: "return n < LIMIT"}, "short": {text: "return N"}, "apart": {text: "return OTHER"}, "OTHER": {text: "OTHER = 3"}},
		calls:     map[string][]string{"far": {"near"}, "near": {"parse"}, "brief": {"go"}, "alone": {"print"}, "user": {"fits"}},
	})
	if got := checktest.Words(c.Changed); got != "LIMIT N far fits go near parse user" {
		t.Errorf("%s", got)
	}
}

// Tests that Rust keeps beside the code are no code; a test in a file of
// another language that is read as code counts as what it is.
func TestTestsBesideCode(t *testing.T) {
	file := func(lang source.Language, test bool) *File {
		f := codeFile(`func total(n int) { return add(n, "kept") }`, `func adds() { equal(helper(n), "tested") }`)
		f.Lang = lang
		if test {
			f.Facts.Tests = []source.Test{{Name: "adds", Range: source.Range{Start: 2, End: 2}}}
		}
		return f
	}
	for _, tt := range []struct {
		name          string
		f             *File
		defined, lost string
	}{
		{"Rust with a test", file(source.Rust, true), "total", "kept"},
		{"Rust without", file(source.Rust, false), "adds total", "kept tested"},
		{"Go with a test", file(source.Go, true), "adds total", "kept tested"},
		{"Go without", file(source.Go, false), "adds total", "kept tested"},
	} {
		if got := checktest.Words(Read(nil, []*File{tt.f}).Defined); got != tt.defined {
			t.Errorf("%s: defined %s, want %s", tt.name, got, tt.defined)
		}
		c := Read([]*File{tt.f}, nil)
		if got := checktest.Words(c.Lost); got != tt.lost {
			t.Errorf("%s: lost %s, want %s", tt.name, got, tt.lost)
		}
		if c.Texts[0] == "" {
			t.Errorf("%s: no code", tt.name)
		}
	}
}

func TestSubjectGone(t *testing.T) {
	c := &Change{Gone: checktest.Set("total")}
	for text, want := range map[string]bool{"f(total)": true, "f(totals)": false, `f("total")`: false, "": false} {
		if c.SubjectGone(words.Scan(text, source.Go)) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
	if (&Change{}).SubjectGone(words.Scan("f(total)", source.Go)) {
		t.Error("something is gone though nothing is")
	}
}
