package tamper

import (
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/source"
)

// What the base's tests look at has the name that it has at the head, unless a
// test of the head still uses the old one.
func TestRename(t *testing.T) {
	for _, tt := range []struct {
		name, head string
		names      map[string]string
		want       string // the words of the base's test, of those that are asked for
		subject    string
	}{
		{"it has another name", "equal(sum(cart), 4)", map[string]string{"total": "sum"}, "cart sum", "sum(cart)"},
		{"the old one is still used", "equal(sum(cart), total)", map[string]string{"total": "sum"}, "cart total", "total(cart)"},
		{"something else has", "equal(sum(cart), 4)", map[string]string{"other": "sum"}, "cart total", "total(cart)"},
		{"nothing has", "equal(sum(cart), 4)", nil, "cart total", "total(cart)"},
	} {
		var b both
		was, is := wholeTest("a_test.go", "TestA", `equal(total(cart), 4, "total")`), wholeTest("a_test.go", "TestA", tt.head)
		was.Assertions = []source.Assertion{exact("total(cart)", "4", 1)}
		kept, grams := was.Assertions, len(was.grams)
		b.base.tests, b.head.tests = []*file{was.file}, []*file{is.file}
		rename(&b, tt.names)
		got := map[string]bool{}
		for _, w := range []string{"total", "sum", "cart"} {
			got[w] = was.words[w]
		}
		text := was.tokens[len(was.tokens)-2].Text
		if checktest.Words(got) != tt.want || was.Assertions[0].Subject != tt.subject || kept[0].Subject != "total(cart)" || len(was.grams) != grams || text != `"total"` {
			t.Errorf("%s: %v, %+v, %s", tt.name, checktest.Words(got), was.Assertions, text)
		}
	}
}
