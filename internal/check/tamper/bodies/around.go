package bodies

import (
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// headersOf gives the lines around a line of a body, from the inside out,
// without the one that the body begins with.
func headersOf(body []line, at, start int) []line {
	var out []line
	depth := body[at].indent
	for i := at - 1; i >= 0; i-- {
		l := body[i]
		if l.n <= start || l.indent >= depth || strings.Trim(l.text, "})];,") == "" {
			continue
		}
		depth = l.indent
		out = append(out, l)
	}
	return out
}

// enclosing gives what stands around an assertion: the lines around it, and
// what comes before it in its own line.
func enclosing(body []line, start int, a source.Assertion) []line {
	for i, l := range body {
		if l.n != a.Start {
			continue
		}
		out := headersOf(body, i, start)
		first := a.Text
		if cut := strings.IndexAny(first, "(."); cut > 0 {
			first = first[:cut]
		}
		if at := strings.Index(l.text, first+"("); at > 0 {
			l.text, l.tight = l.text[:at], words.Tight(l.text[:at])
			out = append(out, l)
		} else if at := strings.Index(l.text, first+"."); at > 0 {
			l.text, l.tight = l.text[:at], words.Tight(l.text[:at])
			out = append(out, l)
		}
		return out
	}
	return nil
}

// awaiting matches what makes a test wait for something that runs beside it.
var awaiting = check.Lazy(`\.Wait\(\)|<-|errgroup|\bdone\(|new Promise|useFakeTimers|advanceTimers|runAllTimers|mock\.timers|\.join\(\)|asyncio\.(run|gather)|synctest`)

var beside = check.Lazy(`^go func\b|^_ = func\b|\btime\.AfterFunc\(|\bsetTimeout\(|\bsetImmediate\(|\bqueueMicrotask\(|\bprocess\.nextTick\(|\bThread\(target`)

var nested = check.Lazy(`^(?:async )?def (\w+)\(|^const (\w+) = (?:async )?\(|^(?:async )?function (\w+)\(|^(\w+) := func\(`)

var each = check.Lazy(`(.+)\.(?:forEach|map|every|some)\(|^for .+ (?:in|of|range) (.+)[:{]`)

// unreached finds assertions around which something stands now that keeps them
// from being reached while the test runs, or may.
func (c *comparison) unreached() {
	whole := strings.Join(texts(c.is), "\n")
	for _, p := range c.pairs {
		had := map[string]bool{}
		for _, l := range enclosing(c.was, c.before.Start, p.Was) {
			had[l.tight] = true
		}
		for _, l := range enclosing(c.is, c.after.Start, p.Is) {
			if had[l.tight] {
				continue
			}
			if c.uncalled(l, whole) {
				return // one finding says it
			}
			if w := (waiting{c}); w.runsNever(l) || w.later(l) {
				return
			}
			if m := each.FindStringSubmatch(l.text); m != nil && c.walksResult(p.Was, m[1]+m[2]) {
				c.say("each_of_result", false, l, "asserts on each part of what the code gives, and on nothing where it gives nothing: "+quote(l.text))
				return
			}
		}
	}
}

// uncalled finds an assertion that runs beside the test, or in a function that
// nobody calls.
func (c *comparison) uncalled(l line, whole string) bool {
	if beside.MatchString(l.text) && !awaiting.MatchString(whole) {
		c.say("dead", true, l, "does not wait for an assertion any more: "+quote(l.text))
		return true
	}
	m := nested.FindStringSubmatch(l.text)
	if m == nil {
		return false
	}
	name := m[1] + m[2] + m[3] + m[4]
	if name == "" || name == leafOf(c.after.Name) || strings.HasPrefix(name, "test") && c.after.Lang != source.Python {
		return false
	}
	if n := len(regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).FindAllString(whole, -1)); n == 1 {
		c.say("dead", true, l, "holds an assertion in a function that it does not call: "+quote(l.text))
		return true
	}
	return false
}

// leafOf gives the last part of a name of Python.
func leafOf(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// walksResult reports whether a loop goes through what the assertion before
// looked at as a whole.
func (c *comparison) walksResult(was source.Assertion, over string) bool {
	for _, name := range callees(over) {
		if slices.Contains(callees(was.Subject), name) {
			return true
		}
	}
	name := root(was.Subject)
	return len(name) > 2 && strings.Trim(strings.TrimSpace(over), "()") == name && !ordinary.MatchString(name) && (was.Strength == source.Exact || was.Strength == source.Partial)
}

// waiting finds assertions that the test does not wait for, or does not hear of.
type waiting struct{ *comparison }

var countedLoop = check.Lazy(`^for \(?(?:(?:let|var) )?(\w+) :?= ([^;]+); (\w+) (<=?|>=?|!=|!==) ([^;]+);`)

// runsNever finds a counted loop around an assertion that goes from a number
// to one that is not beyond it, or between the same two names.
func (c waiting) runsNever(l line) bool {
	m := countedLoop.FindStringSubmatch(l.text)
	if m == nil || m[1] != m[3] || words.Tight(m[2]) != words.Tight(m[5]) || m[4] == "<=" || m[4] == ">=" {
		return false
	}
	c.say("dead", true, l, "holds an assertion in a loop that never runs: "+quote(l.text))
	return true
}

func lineAt(body []line, n int) line {
	for _, l := range body {
		if l.n == n {
			return l
		}
	}
	return line{}
}

// callees gives the names that an expression calls, without those of the
// language and of test libraries.
func callees(expr string) []string {
	var out []string
	for _, m := range calling.FindAllStringSubmatch(expr, -1) {
		if !ordinary.MatchString(m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

var (
	calling  = check.Lazy(`(\w{2,})\(`)
	ordinary = check.Lazy(`^(len|list|dict|set|str|int|float|tuple|sorted|sum|abs|max|min|round|repr|type|isinstance|any|all|Decimal|String|Number|Object|Array|Math|keys|values|items|entries|map|filter|join|toString|toFixed|append|string|int64|float64|byte|make|new|func|expect|assert|Equal|DeepEqual|equal|deepEqual|strictEqual|get|Get|if|for|while|switch|await|return|Error|Errorf|Fatalf|Fatal|Sprintf|Sprint|Bytes|String|JSON|stringify|Date|approx|raises)$`)
)

var handsOn = check.Lazy(`^(?:return )?(done|cb|callback|next|reject)\((\w+)\);?$`)

// silenced finds an error that was handed on, and is not any more.
func (c waiting) silenced() {
	for _, old := range c.gone() {
		m := handsOn.FindStringSubmatch(old.text)
		if m == nil {
			continue
		}
		bare := func(l line) bool { return strings.TrimSuffix(strings.TrimPrefix(l.text, "return "), ";") == m[1]+"()" }
		if n := len(slices.DeleteFunc(slices.Clone(c.is), func(l line) bool { return !bare(l) })); n <= len(slices.DeleteFunc(slices.Clone(c.was), func(l line) bool { return !bare(l) })) {
			continue
		}
		for _, l := range slices.Backward(c.is) {
			if bare(l) {
				c.say("dead", true, l, "does not hand on "+m[2]+" any more, so that a failure is none: "+quote(old.text))
				return
			}
		}
	}
}
