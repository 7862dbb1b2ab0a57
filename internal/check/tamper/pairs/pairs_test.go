package pairs

import (
	"strings"
	"testing"

	"muster/internal/source"
)

// exact is an assertion that one thing equals another.
func exact(subject, expected string) source.Assertion {
	return source.Assertion{Strength: source.Exact, Text: "assert.Equal(t, " + expected + ", " + subject + ")", Subject: subject, Expected: expected}
}

func TestClaimOf(t *testing.T) {
	of := func(strength source.Strength, text, subject, expected string) source.Assertion {
		return source.Assertion{Strength: strength, Text: text, Subject: subject, Expected: expected}
	}
	not := exact("total", "4")
	not.Negated = true
	for _, tt := range []struct {
		name string
		a, b source.Assertion
		same bool
	}{
		{"another layout", exact("sum(1, 2)", "3"), exact("sum(1,2)", "3"), true},
		{"another value", exact("total", "3"), exact("total", "4"), false},
		{"the opposite", exact("total", "4"), not, false},
		{"empty values", exact("name", `""`), exact("name", "empty"), true},
		{"what it prints", of(source.Truth, "if sum(1) != want { t.Error(1) }", "", ""), of(source.Truth, "if sum(1) != want { t.Fatal(2) }", "", ""), true},
		{"what a case prints", of(source.Truth, "case err != nil: t.Error(1)", "", ""), of(source.Truth, "case err != nil: t.Fatal(2)", "", ""), true},
		{"another condition", of(source.Truth, "if sum(1) != want { t.Error(1) }", "", ""), of(source.Truth, "if sum(1) < want { t.Error(1) }", "", ""), false},
		{"another case", of(source.Truth, "case err != nil: t.Error(1)", "", ""), of(source.Truth, "case err == nil: t.Error(1)", "", ""), false},
		{"a wider tolerance", of(source.Partial, "assert.InDelta(t, 1, x, 0.1)", "x", "1"), of(source.Partial, "assert.InDelta(t, 1, x, 0.5)", "x", "1"), false},
		{"the rest of the text of an exact one", exact("total", "4"), of(source.Exact, "require.Equal(t, 4, total)", "total", "4"), true},
	} {
		if got := ClaimOf(tt.a) == ClaimOf(tt.b); got != tt.same {
			t.Errorf("%s: the same claim is %v", tt.name, got)
		}
	}
}

func TestUp(t *testing.T) {
	truth := func(text, subject string) source.Assertion {
		return source.Assertion{Strength: source.Truth, Text: text, Subject: subject}
	}
	not := exact("total", "4")
	not.Negated = true
	for _, tt := range []struct {
		name    string
		was, is []source.Assertion
		want    string // kept, changed, removed, added
	}{
		{"nothing", nil, nil, ""},
		{"the same elsewhere", []source.Assertion{exact("a1", "1"), exact("b1", "2")}, []source.Assertion{exact("b1", "2"), exact("a1", "1")}, "kept a1=1 a1=1; kept b1=2 b1=2"},
		{"another value", []source.Assertion{exact("total", "1")}, []source.Assertion{exact("total", "2")}, "changed total=1 total=2"},
		{"the nearer of two", []source.Assertion{exact("total", "1")}, []source.Assertion{not, exact("total", "2"), exact("total", "1")}, "kept total=1 total=1; added total=4; added total=2"},
		{"the same value in another text comes first", []source.Assertion{exact("total", "0.1 within 1")}, []source.Assertion{exact("total", "5"), {Strength: source.Exact, Text: "within(total, 0.2)", Subject: "total", Expected: "0.1 within 1"}}, "changed total=0.1 within 1 total=0.1 within 1; added total=5"},
		{"a part of it", []source.Assertion{exact("total", "1")}, []source.Assertion{truth("ok(total > 0)", "total > 0")}, "changed total=1 total > 0="},
		{"the whole of it", []source.Assertion{truth("ok(total > 0)", "total > 0")}, []source.Assertion{exact("total", "1")}, "changed total > 0= total=1"},
		{"what it gives when asked", []source.Assertion{exact("order", "1")}, []source.Assertion{truth("check(order.isValid)", "order.isValid")}, "changed order=1 order.isValid="},
		{"a field of the same strength", []source.Assertion{exact("order", "1")}, []source.Assertion{{Strength: source.Exact, Text: "something else entirely", Subject: "order.size", Expected: "7"}}, "removed order=1; added order.size=7"},
		{"most of its words", []source.Assertion{truth("ok(sum(1, 2, 3) === three)", "")}, []source.Assertion{truth("ok(sum(1, 2, 3) === four)", "")}, "changed = ="},
		{"none of its words", []source.Assertion{truth("ok(sum(1, 2, 3))", "")}, []source.Assertion{truth("refuse(name)", "")}, "removed =; added ="},
		{"a name for what it looks at", []source.Assertion{exact("sum(1,2,3,4,5,6,7,8,9)", "45")}, []source.Assertion{exact("got", "45")}, "changed sum(1,2,3,4,5,6,7,8,9)=45 got=45"},
		{"another value of another thing", []source.Assertion{exact("sum(1,2,3,4,5,6,7,8,9)", "45")}, []source.Assertion{exact("got", "46")}, "removed sum(1,2,3,4,5,6,7,8,9)=45; added got=46"},
	} {
		if got := told(Up(tt.was, tt.is)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// told writes a pairing down.
func told(p Pairing) string {
	one := func(a source.Assertion) string { return a.Subject + "=" + a.Expected }
	var out []string
	for _, k := range p.Kept {
		out = append(out, "kept "+one(k.Was)+" "+one(k.Is))
	}
	for _, k := range p.Changed {
		out = append(out, "changed "+one(k.Was)+" "+one(k.Is))
	}
	for _, a := range p.Removed {
		out = append(out, "removed "+one(a))
	}
	for _, a := range p.Added {
		out = append(out, "added "+one(a))
	}
	return strings.Join(out, "; ")
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		expr, name string
		want       bool
	}{
		{"x", "x", true},
		{"len(x)", "x", true},
		{"x!=nil", "x", true},
		{"x.y", "x", false},
		{"x[0]", "x", false},
		{"max", "x", false},
		{"a.x", "x", false},
		{"xs", "x", false},
		{"x.y+x", "x", true},
		{"yy", "x", false},
	} {
		if got := Within(tt.expr, tt.name); got != tt.want {
			t.Errorf("%s within %s: %v", tt.name, tt.expr, got)
		}
	}
}

func TestRank(t *testing.T) {
	for _, tt := range []struct {
		name   string
		a      source.Assertion
		rank   int
		strong bool
	}{
		{"a value", exact("total", "4"), 0, true},
		{"not a value", source.Assertion{Strength: source.Exact, Subject: "total", Expected: "4", Negated: true}, 2, true},
		{"a snapshot", source.Assertion{Strength: source.Snapshot}, 1, true},
		{"a snapshot that differs", source.Assertion{Strength: source.Snapshot, Negated: true}, 1, true},
		{"no error", source.Assertion{Strength: source.Exists, Expected: "nil"}, 2, true},
		{"some value", source.Assertion{Strength: source.Exists, Expected: "nil", Negated: true}, 4, false},
		{"a comparison", exact("total > 3", "true"), 3, false},
		{"a comparison in quotes", exact(`say("a > b")`, "true"), 0, true},
		{"a list that is made in place", exact("[q.get() for _ in range(3)]", "[1, 2]"), 0, true},
		{"what is found by its text", source.Assertion{Strength: source.Truth, Subject: "screen.getByText('a')"}, 2, true},
		{"what is found by its place", source.Assertion{Strength: source.Truth, Subject: "screen.getByTestId(row)"}, 3, false},
		{"a truth", source.Assertion{Strength: source.Truth, Text: "ok(expect.anything())", Subject: "a > b"}, 3, false},
		{"anything", source.Assertion{Strength: source.Exact, Text: "expect(f).toEqual({ id: expect.any(Number) })", Subject: "f"}, 2, true},
		{"one that cannot fail", source.Assertion{Strength: source.Exact, Subject: "total", Dead: "after a return"}, 0, false},
		{"a trivial one", source.Assertion{Strength: source.Trivial}, 5, false},
	} {
		if got := Rank(tt.a); got != tt.rank || Strong(tt.a) != tt.strong {
			t.Errorf("%s: rank %d, strong %v", tt.name, got, Strong(tt.a))
		}
	}
}

func TestCovers(t *testing.T) {
	snapshot := source.Assertion{Strength: source.Snapshot, Subject: "order"}
	for _, tt := range []struct {
		name        string
		whole, part source.Assertion
		want        bool
	}{
		{"the same", exact("order", "a"), exact("order", "b"), true},
		{"a snapshot of the same", snapshot, exact("order", "b"), false},
		{"a snapshot of the whole", snapshot, exact("order.size", "b"), true},
		{"a field", exact("order", "a"), exact("order.size", "1"), true},
		{"its length", exact("order", "a"), exact("len(order.items)", "1"), true},
		{"an entry", exact("order", "a"), exact("order[0]", "1"), true},
		{"a field of a field", exact("order.items", "a"), exact("order.items.size", "1"), true},
		{"a call on the field", exact("json(order.size)", "a"), exact("order.size", "1"), true},
		{"a field in a call on the whole", exact("json(order)", "a"), exact("order.size", "1"), false},
		{"another field", exact("order.size", "a"), exact("order.name", "1"), false},
		{"another thing", exact("order", "a"), exact("price.size", "1"), false},
		{"a longer text", exact("sum(1", "a"), exact("sum(1)", "1"), true},
		{"nothing that is named", exact("", "a"), exact("total", "1"), false},
		{"a condition", source.Assertion{Strength: source.Truth, Subject: "order"}, exact("order.size", "1"), false},
		{"the opposite", source.Assertion{Strength: source.Exact, Subject: "order", Negated: true}, exact("order.size", "1"), false},
		{"one that cannot fail", source.Assertion{Strength: source.Exact, Subject: "order", Dead: "after a return"}, exact("order.size", "1"), false},
	} {
		if got := Covers(tt.whole, tt.part); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
