package words

import (
	"testing"

	"muster/internal/source"
)

func TestTight(t *testing.T) {
	if Tight("f( 'a b',\n 1 )") != Tight(`f("a b", 1)`) {
		t.Error("quotes and layout count")
	}
	if Tight(`f("a b")`) == Tight(`f("ab")`) {
		t.Error("what is in quotes does not count")
	}
}

func TestAlike(t *testing.T) {
	grams := func(code string) map[string]int { return Grams(Scan(code, source.Go)) }
	if got := Alike(grams("a := f(1)"), grams("a := f(1)")); got != 1 {
		t.Errorf("the same is alike by %v", got)
	}
	if got := Alike(grams("a := f(1)"), grams("return")); got > 0.2 {
		t.Errorf("another is alike by %v", got)
	}
	if Alike(nil, nil) != 0 {
		t.Error("nothing is like nothing")
	}
}

func TestValues(t *testing.T) {
	got := Values(Scan(`f(12, "x y", name)`, source.Go))
	if len(got) != 2 || !got["12"] || !got["x y"] {
		t.Errorf("%v", got)
	}
	if Bare("'a'") != "a" || !IsDigits("07") || IsDigits("7a") {
		t.Error("quotes, digits")
	}
}
