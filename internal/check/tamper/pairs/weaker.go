package pairs

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// Weakness is one way in which an assertion asks for less while it looks alike.
// Message ends a sentence that begins with "An assertion of TEST".
type Weakness struct {
	Rule    string
	Sure    bool // nothing honest looks like it
	Message string
}

// Weaker finds how an assertion about the same thing asks for less, where its
// strength alone does not show it: a part of its conditions, an alternative, a fallback on what it expects,
// itself, a part that everything has, any error, one property of what was
// compared as a whole, no order, a range for a value, a bound let out.
func Weaker(k Paired, lang source.Language) (Weakness, bool) {
	was, is := words.Scan(held(k.Was.Text), lang), words.Scan(held(k.Is.Text), lang)
	if slices.Equal(was, is) || k.Was.Dead != "" || k.Was.Strength == source.Trivial {
		return Weakness{}, false
	}
	for _, find := range []func(k Paired, was, is []words.Token, lang source.Language) (Weakness, bool){halved, alternative, fallback, withItself, bothSides, matchesAll, broader, projected, unordered, bounded, bounds} {
		if w, ok := find(k, was, is, lang); ok {
			return w, true
		}
	}
	return Weakness{}, false
}

// held is the text of an assertion without what it prints when it fails.
func held(text string) string {
	if rest, ok := strings.CutPrefix(text, "if "); ok {
		if i := strings.Index(rest, " {"); i > 0 {
			return rest[:i]
		}
	}
	return text
}

var choosing = check.Lazy(`^(SatisfyAny|Or|anyOf|AnyOf|any_of)$`)

// alternative finds a condition to which another was added, of which one is
// enough. A condition of Go's if is the one under which the test fails.
func alternative(k Paired, was, is []words.Token, lang source.Language) (Weakness, bool) {
	or := []string{"or", "||"}
	if lang == source.Go && strings.HasPrefix(k.Is.Text, "if ") {
		or = []string{"&&"}
	}
	was, is = doubled(was), doubled(is)
	for i, t := range is {
		chooses := choosing.MatchString(t.Text)
		if t.Kind == words.Text || !slices.Contains(or, t.Text) && !chooses || slices.Contains(was, t) {
			continue
		}
		if chooses || within(was, is[:i]) || within(was, is[i:]) || subsequence(was, is) {
			return Weakness{"alternative", false, "holds for another reason too now: " + quote(k.Is.Text)}, true
		}
	}
	return Weakness{}, false
}

// doubled makes one token of two marks that mean one thing: || and &&.
func doubled(tokens []words.Token) []words.Token {
	var out []words.Token
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if i+1 < len(tokens) && t.Kind == words.Mark && (t.Text == "|" || t.Text == "&") && tokens[i+1].Text == t.Text {
			t.Text += t.Text
			i++
		}
		out = append(out, t)
	}
	return out
}

// within reports whether all but the first and last few tokens of a list stand
// in another, in order.
func within(part, whole []words.Token) bool {
	return len(part) > 2 && subsequence(part[1:len(part)-1], whole)
}

func subsequence(part, whole []words.Token) bool {
	i := 0
	for _, t := range whole {
		if i < len(part) && part[i] == t {
			i++
		}
	}
	return i == len(part)
}

// fallback finds a value that stands in where there is none, and is the very one
// that is expected.
func fallback(k Paired, _, _ []words.Token, _ source.Language) (Weakness, bool) {
	was, is, expected := words.Tight(k.Was.Subject), words.Tight(k.Is.Subject), words.Tight(k.Is.Expected)
	if expected == "" || was == is || k.Is.Negated {
		return Weakness{}, false
	}
	for _, or := range []string{"??" + expected, "||" + expected, "," + expected + ")", "or" + expected} {
		if strings.HasSuffix(is, or) && !strings.HasSuffix(was, or) && (or != "or"+expected || strings.Contains(k.Is.Subject, " or ")) {
			return Weakness{"self_compared", true, "falls back on what it expects: " + quote(k.Is.Text)}, true
		}
	}
	return Weakness{}, false
}

// withItself finds a call whose result is compared with that of the same call.
func withItself(k Paired, _, _ []words.Token, _ source.Language) (Weakness, bool) {
	subject := words.Tight(k.Is.Subject)
	if k.Is.Strength != source.Exact || k.Is.Negated || !strings.HasSuffix(subject, ")") {
		return Weakness{}, false
	}
	if strings.Count(words.Tight(held(k.Is.Text)), subject) < 2 || strings.Count(words.Tight(held(k.Was.Text)), subject) > 1 {
		return Weakness{}, false
	}
	return Weakness{"self_compared", true, "compares what the code gives with what the same code gives: " + quote(k.Is.Text)}, true
}

// bothSides finds a function through which both what was looked at and what is
// expected go now: what it takes away of the one, it takes of the other.
func bothSides(k Paired, was, is []words.Token, _ source.Language) (Weakness, bool) {
	had, has := callsOf(was), callsOf(is)
	for name, n := range has {
		if n < 2 || had[name] > 0 || words.Common(name) || strings.Contains(words.Tight(k.Was.Text), name) || len(is) < len(was)+6 {
			continue
		}
		var without []words.Token
		for i := 0; i < len(is); i++ {
			if is[i].Text == name {
				i++ // and its bracket
				continue
			}
			without = append(without, is[i])
		}
		if subsequence(was, without) {
			return Weakness{"loosened", false, "compares what " + name + " makes of both sides: " + quote(k.Is.Text)}, true
		}
	}
	return Weakness{}, false
}

// callsOf counts the functions that a piece of code calls by a plain name.
func callsOf(tokens []words.Token) map[string]int {
	out := map[string]int{}
	for i := 1; i < len(tokens); i++ {
		if tokens[i].Text == "(" && tokens[i-1].Kind == words.Word && (i < 2 || tokens[i-2].Text != ".") {
			out[tokens[i-1].Text]++
		}
	}
	return out
}

var everything = check.Lazy("(?i)\\b(ContainSubstring|HavePrefix|HaveSuffix|MatchRegexp|toContain|toMatch|stringContaining|stringMatching|startsWith|endsWith|startswith|endswith|Contains|HasPrefix|HasSuffix|Regexp|match|search|include)\\((re\\.compile\\(|regexp\\.MustCompile\\()?[^()]{0,40}?(\"\"|''|``|/\\.\\*/|[\"'`]\\.\\*[\"'`])\\)|^assert(\"\"|'')in|/\\.\\*/[,\\])]|\\(\\w*\\)=>true\\b|lambda\\w*:True\\b")

// matchesAll finds a pattern or a part that everything has.
func matchesAll(k Paired, _, _ []words.Token, _ source.Language) (Weakness, bool) {
	if everything.MatchString(Core(k.Is.Text)) && !everything.MatchString(Core(k.Was.Text)) {
		return Weakness{"loosened", true, "asks for something that everything has: " + quote(k.Is.Text)}, true
	}
	return Weakness{}, false
}

func widest(name string) bool {
	switch name {
	case "Exception", "BaseException", "Error", "Throwable", "RuntimeException", "StandardError", "object":
		return true
	}
	return false
}

// broader finds an error that is expected to be of any class, where one class
// was named.
func broader(k Paired, was, is []words.Token, lang source.Language) (Weakness, bool) {
	if lang == source.Go {
		return Weakness{}, false
	}
	a, b := words.Scan(k.Was.Expected, lang), words.Scan(k.Is.Expected, lang)
	if len(a) == 0 || len(b) == 0 {
		a, b = difference(was, is)
	}
	if len(b) != 1 || !widest(b[0].Text) || len(a) == 0 || len(a) > 5 {
		return Weakness{}, false
	}
	name := a[len(a)-1]
	if name.Kind != words.Word || widest(name.Text) || name.Text == "" || name.Text[0] < 'A' || name.Text[0] > 'Z' {
		return Weakness{}, false
	}
	return Weakness{"loosened", true, "takes any error where it asked for " + name.Text + ": " + quote(k.Is.Text)}, true
}

// difference gives what differs between two pieces of code that begin and end
// alike.
func difference(a, b []words.Token) (x, y []words.Token) {
	start, end := 0, 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return a[start : len(a)-end], b[start : len(b)-end]
}

var (
	before = check.Lazy(`^(reflect\.TypeOf|len|type|typeof|bool|Boolean|isinstance|cap|Object\.keys|set|frozenset)\($`)
	after  = check.Lazy(`^(\.length|\.size|\.constructor|\.__class__|\.keys\(\)|\.Type\(\)|\.Kind\(\)|\[:-?\d+\]|\[-?\d+:\]|\[-?\d+:-?\d+\]|\.slice\(.*\)|\.substring\(.*\)|\.toLowerCase\(\)|\.lower\(\)|\.upper\(\)|\.casefold\(\)|\.trim\(\)|\.strip\(\))$`)
)

// projected finds an assertion that compares one property of what it looked at
// as a whole: its type, its length, its first characters.
func projected(k Paired, _, _ []words.Token, _ source.Language) (Weakness, bool) {
	was, is := words.Tight(k.Was.Subject), words.Tight(k.Is.Subject)
	if k.Was.Strength != source.Exact && k.Was.Strength != source.Truth || k.Is.Negated || was == is {
		return Weakness{}, false
	}
	if more.MatchString(held(k.Is.Text)) && !more.MatchString(held(k.Was.Text)) {
		return Weakness{}, false // and something else besides
	}
	wholes := []string{}
	if k.Was.Strength == source.Exact {
		wholes = append(wholes, was)
	}
	if m := compared.FindStringSubmatch(words.Tight(k.Was.Text)); m != nil { // reflect.DeepEqual(a, b)
		wholes = append(wholes, m[1], m[2])
	}
	for _, whole := range wholes {
		if part(is, whole) {
			return Weakness{"loosened", false, "compares " + quote(k.Is.Subject) + " only, where it compared the whole"}, true
		}
	}
	return Weakness{}, false
}

var more = check.Lazy(`\|\||&&|\band\b`)

var compared = check.Lazy(`(?i)(?:deepequal|equal|equals)\(([^(),]+),([^(),]+)\)`)

// part reports whether an expression is a property of another.
func part(expr, of string) bool {
	for at := 0; of != ""; {
		i := strings.Index(expr[at:], of)
		if i < 0 {
			return false
		}
		at += i
		head, tail := expr[:at], expr[at+len(of):]
		if before.MatchString(head) && (tail == ")" || strings.HasPrefix(tail, ",")) || head == "" && after.MatchString(tail) {
			return true
		}
		at += len(of)
	}
	return false
}

var sorting = check.Lazy(`\bsorted\(|\bset\(|\bfrozenset\(|Counter\(|\.sort\(|\.toSorted\(|slices\.Sorted\(|new Set\(|ElementsMatch|ConsistOf|assertCountEqual|sameMembers|have\.members`)

var wrapping = check.Lazy(`\b(sorted|set|frozenset|Counter|list|tuple|iter)\(|new Set\(|slices\.Sorted\(|\.(?:sort|toSorted)\((?:\(\w+,\w+\)=>[\w.+-]+)?\)|\.slice\(\)|\[\.\.\.|[()\[\]]`)

// whole matches comparisons of lists with lists that are no exact ones.
var whole = check.Lazy(`\)\.toMatchObject\(|\bDeepEqual\(|\bslices\.Equal\(`)

// unordered finds an assertion about the order of values that asks for the
// values in any order.
func unordered(k Paired, _, _ []words.Token, _ source.Language) (Weakness, bool) {
	if k.Was.Strength != source.Exact && !whole.MatchString(k.Was.Text) || sorting.MatchString(k.Was.Text) || !sorting.MatchString(k.Is.Text) || k.Was.Negated || k.Is.Negated {
		return Weakness{}, false
	}
	if wrapping.ReplaceAllString(words.Tight(k.Was.Subject), "") != wrapping.ReplaceAllString(words.Tight(k.Is.Subject), "") {
		return Weakness{}, false
	}
	return Weakness{"unordered", false, "asks for no order any more: " + quote(k.Is.Text)}, true
}

var equalTo = check.Lazy(`(?i)^!?[\w.]*(equal|equals|DeepEqual|same)\(|^!?errors\.(Is|As)\(`)

// IsComparison reports whether a truth value is that of a comparison of two
// things as a whole.
func IsComparison(subject string) bool { return equalTo.MatchString(words.Tight(subject)) }

var numeric = check.Lazy(`^-?[\d._]+$`)

var relating = check.Lazy(`[^=!<>-](<=?|>=?)[^=<>]|GreaterThan|LessThan|assertGreater|assertLess|\.Greater|\.Less|Positive|atLeast|\.above\(|\.below\(|BeNumerically\("[<>]`)

// bounded finds an assertion that asked for one value and asks for a range now.
func bounded(k Paired, _, _ []words.Token, _ source.Language) (Weakness, bool) {
	was, is := literal.ReplaceAllString(held(k.Was.Text), "''"), literal.ReplaceAllString(held(k.Is.Text), "''")
	if strings.HasPrefix(k.Is.Text, "expect(") || strings.Contains(is, "=>") || k.Was.Negated || !numeric.MatchString(k.Was.Expected) || relating.MatchString(was) || !relating.MatchString(is) || Tolerant.MatchString(is) {
		return Weakness{}, false
	}
	a, b := words.Tight(k.Was.Subject), words.Tight(k.Is.Subject)
	if a == "" || b != a && !strings.HasPrefix(b, a+">") && !strings.HasPrefix(b, a+"<") {
		return Weakness{}, false
	}
	return Weakness{"loosened", true, "takes a range where it asked for " + k.Was.Expected + ": " + quote(k.Is.Text)}, true
}

var bounding = check.Lazy(`[<>]=?|LessThan|GreaterThan|toBeLess|toBeGreater|Less|Greater|InDelta|WithinDuration|atMost|atLeast|below|above|BeNumerically`)

// wide is by which factor a bound is let out that is no matter of the machine.
const wide = 2.5

// bounds finds a limit that was let out: of the same comparison, one number is
// much larger than before, or a lower limit much smaller.
func bounds(k Paired, was, is []words.Token, _ source.Language) (Weakness, bool) {
	if len(was) != len(is) || !bounding.MatchString(k.Was.Text) {
		return Weakness{}, false
	}
	for i := range was {
		if was[i] == is[i] || was[i].Kind == words.Text && is[i].Kind == words.Text {
			continue // the message says the numbers too
		}
		if was[i].Kind != words.Number || is[i].Kind != words.Number || i == 0 {
			return Weakness{}, false
		}
		x, err := number(was[i].Text)
		y, err2 := number(is[i].Text)
		if err != nil || err2 != nil {
			return Weakness{}, false
		}
		upper, known := direction(was, i, k.Was.Text)
		if !known {
			continue
		}
		if upper && y > x*wide && x > 0 || !upper && y < x/wide && x > 0 {
			return Weakness{"tolerance", y >= 10*x && upper, "allows for much more than before: " + was[i].Text + " became " + is[i].Text}, true
		}
	}
	return Weakness{}, false
}

func number(s string) (float64, error) { return strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64) }

// Nearly reports whether an assertion is the same but for a bound that moved by
// less than one in twenty: times and sizes that machines differ by.
func Nearly(k Paired) bool {
	const least, share = 100, 0.05
	x, err := number(k.Was.Expected)
	y, err2 := number(k.Is.Expected)
	return err == nil && err2 == nil && bounding.MatchString(k.Was.Text) && bounding.MatchString(k.Is.Text) && x >= least && max(x-y, y-x) < share*x
}

// direction tells whether a number is an upper limit. In Go's if the test
// fails beyond it, elsewhere it holds up to it.
func direction(tokens []words.Token, at int, text string) (upper, known bool) {
	op := ""
	for i := at - 1; i >= 0 && i >= at-3 && op == ""; i-- {
		if s := tokens[i].Text; strings.ContainsAny(s, "<>") {
			op = s
		}
	}
	if at >= 2 && op == "" {
		name := strings.ToLower(text)
		switch {
		case strings.Contains(name, "less") || strings.Contains(name, "delta") || strings.Contains(name, "withinduration") || strings.Contains(name, "atmost") || strings.Contains(name, "below"):
			return true, true
		case strings.Contains(name, "greater") || strings.Contains(name, "atleast") || strings.Contains(name, "above"):
			return false, true
		}
		return false, false
	}
	if op == "" {
		return false, false
	}
	upper = strings.Contains(op, "<")
	if strings.HasPrefix(text, "if ") {
		upper = !upper
	}
	return upper, true
}

func quote(s string) string { return strconv.Quote(check.Clip(s, 160)) }
