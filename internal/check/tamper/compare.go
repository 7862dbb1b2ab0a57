package tamper

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// compareTests holds every test of the base against what it is at the head.
func (j *judge) compareTests() {
	for _, f := range j.base.tests {
		if j.fileGone(f) {
			continue
		}
		for _, t := range f.tests {
			switch {
			case t.pair != nil:
				j.compare(t, t.pair)
			case t.Helper:
				j.helperGone(t)
			default:
				j.lost(t)
			}
		}
	}
	for _, f := range j.head.tests {
		for _, h := range f.tests {
			j.focused(h)
		}
	}
}

// compare holds one test against what it became.
func (j *judge) compare(t, h *test) {
	if !t.Helper && h.file.status == change.Added && collected(t.file.path) && !collected(h.file.path) && !h.file.class.Test && !j.said("not_collected", h.file.path, 0) {
		j.say(statement{
			rule: "not_collected", level: evidence.Gate, path: h.file.path, paths: []string{t.file.path, h.file.path}, anchor: t.file.path,
			message: fmt.Sprintf("%s is in %s now, where the test runner does not look for tests.", place(t), check.ShowPath(h.file.path)),
		})
	}
	j.marks(t, h)
	p := j.pairs[t]
	for _, k := range p.kept {
		if !j.cannotFail(t, h, k) {
			j.conditional(t, h, k)
		}
	}
	for _, k := range p.changed {
		if j.cannotFail(t, h, k) {
			continue
		}
		j.conditional(t, h, k)
		j.claimChanged(t, h, k)
	}
	j.removedFrom(t, h, p)
	j.compareCases(t, h)
}

// cannotFail finds an assertion that can fail no more.
func (j *judge) cannotFail(t, h *test, k paired) bool {
	was := k.was.Dead != "" || k.was.Strength == source.Trivial
	switch {
	case was:
		return false
	case k.is.Dead != "":
		j.about(t, h, k, "dead", evidence.Gate, fmt.Sprintf("An assertion of %s can never fail the test any more: %s.", place(h), k.is.Dead))
	case k.is.Strength == source.Trivial:
		j.about(t, h, k, "trivial", evidence.Gate, fmt.Sprintf("An assertion of %s can no longer fail, whatever the code does.", place(h)))
	default:
		return false
	}
	return true
}

// conditional finds an assertion that is now reached only under a condition
// which the test did not have.
func (j *judge) conditional(t, h *test, k paired) {
	if k.is.When == k.was.When || k.is.When == "" || k.was.Dead != "" {
		return
	}
	before := map[string]bool{}
	for _, c := range strings.Split(k.was.When, " && ") {
		before[c] = true
	}
	for _, c := range strings.Split(k.is.When, " && ") {
		// A condition on the table's case or on the error is how tests are written.
		if before[c] || !suspicious(c, k.is) {
			continue
		}
		j.about(t, h, k, "conditional", evidence.Locator, fmt.Sprintf("An assertion of %s is reached only when %s, which the base did not ask for.", place(h), quote(c)))
		return
	}
}

var outside = regexp.MustCompile(`(?i)getenv|environ|process\.env|\bGOOS\b|platform|\bCI\b|testing\.Short|Lookup|sys\.version`)

// suspicious reports whether a condition depends on the machine, or on the
// very thing that is asserted.
func suspicious(cond string, a source.Assertion) bool {
	if outside.MatchString(cond) {
		return true
	}
	for _, usual := range []string{"want", "expect", "tt.", "tc.", "test.", "case"} {
		if strings.Contains(strings.ToLower(cond), usual) {
			return false
		}
	}
	if strings.HasPrefix(cond, "!(") && strings.HasSuffix(cond, "== nil)") {
		return true // left early where all is well
	}
	subject, _, _ := strings.Cut(a.Subject, " ")
	return len(subject) > 2 && within(tight(cond), tight(subject)) && !strings.Contains(cond, "err")
}

// claimChanged judges an assertion that asks for something else than before
// about the same thing.
func (j *judge) claimChanged(t, h *test, k paired) {
	was, is := j.rank(0, k.was), j.rank(1, k.is)
	switch {
	case k.was.Dead != "" || k.was.Strength == source.Trivial || k.is.Dead != "":
	case widened(k):
		j.about(t, h, k, "tolerance", evidence.Gate, fmt.Sprintf("An assertion of %s allows a larger difference than before.", place(h)))
	case k.was.Negated != k.is.Negated && tight(k.was.Expected) == tight(k.is.Expected) && tight(k.was.Subject) == tight(k.is.Subject):
		j.retargets = append(j.retargets, retarget{base: t, head: h, was: k.was.Expected, is: k.is.Expected, pair: k, flipped: true})
	case pinned(k.is) && k.was.Strength != source.Exists && k.was.Expected != "" && tight(k.was.Subject) == tight(k.is.Subject):
		j.retargets = append(j.retargets, retarget{base: t, head: h, was: k.was.Expected, is: k.is.Expected, pair: k})
	case is > was:
		j.loosened(t, h, k)
	case is < was: // it asks for more
	case k.was.Expected != k.is.Expected && k.was.Expected != "" && k.is.Expected != "" && tight(k.was.Subject) == tight(k.is.Subject):
		j.retargets = append(j.retargets, retarget{base: t, head: h, was: k.was.Expected, is: k.is.Expected, pair: k})
	}
}

// loosened judges an assertion that asks for less than before.
func (j *judge) loosened(t, h *test, k paired) {
	p := j.pairs[t]
	if j.take(k.was) || slices.ContainsFunc(h.Assertions, func(a source.Assertion) bool { return covers(a, k.was) }) || j.code.subjectGone(scan(k.was.Text, t.file.lang)) {
		return
	}
	added := 0
	for _, a := range p.added {
		if j.rank(1, a) <= j.rank(0, k.was) && a.Dead == "" {
			added++
		}
	}
	if added > 0 && len(p.removed) == 0 { // the exact one stands beside
		return
	}
	level := j.weigh(evidence.Gate, t, 1)
	switch {
	case slightly(k):
		level = evidence.Context
	case !intact(t, h), k.is.Strength == source.Snapshot:
		level = least(level, evidence.Locator)
	}
	j.about(t, h, k, "loosened", level, fmt.Sprintf("An assertion of %s asks for less than before: %s became %s.", place(h), strengthName(k.was), strengthName(k.is)))
}

// slightly reports whether an exact comparison of a floating point number
// became one with a small tolerance, as linters ask for.
func slightly(k paired) bool {
	a, b := core(k.was.Text), core(k.is.Text)
	if !tolerant.MatchString(b) || !strings.Contains(a, ".") && !strings.Contains(strings.ToLower(a), "float") {
		return false
	}
	n := numbers.FindAllString(b, -1)
	if digits.MatchString(b) || !regexp.MustCompile(`(?i)delta|epsilon|rel|abs|closeTo|within`).MatchString(b) {
		return true // the default of the library is small
	}
	v, err := strconv.ParseFloat(n[len(n)-1], 64)
	return err == nil && v <= 0.01
}

// weigh lowers the level of a weakening where the change has an explanation:
// the task or the author names it, or as many assertions are new beside it.
func (j *judge) weigh(level evidence.Level, t *test, lost int) evidence.Level {
	names := append([]string{t.Name, leaf(t.Name)}, j.subjects(t)...)
	if j.asked.task == "" {
		for w := range wordsOf(t.tokens) {
			if len(w) > 5 && !common(w) {
				names = append(names, bare(w))
			}
		}
	}
	switch j.asked.asksFor(removing, names) {
	case ordered:
		return evidence.Context
	case claimed:
		level = evidence.Locator
	case silent:
	}
	if j.asked.reverts() || j.manifests() && j.asked.upgrades() {
		level = evidence.Locator
	}
	if j.code.rewritten(t.file.path) || j.anew(t.file) || versioned(t) {
		level = evidence.Locator
	}
	if j.beside(t) >= lost {
		level = evidence.Locator
		if !j.code.differs {
			level = evidence.Context
		}
	}
	return level
}

// anew reports whether a file of tests was written anew: of half of its tests
// not much is left, and others came in their place.
func (j *judge) anew(f *file) bool {
	all, other, come := 0, 0, 0
	for _, t := range f.tests {
		if t.Helper {
			continue
		}
		all++
		if t.pair == nil || !intact(t, t.pair) {
			other++
		}
	}
	for _, h := range j.head.all() {
		if folder(h.file.path) == folder(f.path) && !h.Helper && (h.pair == nil || !intact(h.pair, h)) {
			come++
		}
	}
	return all > 3 && 2*other > all && 2*come > other
}

// versioned reports whether a test was for some versions of Go only.
func versioned(t *test) bool {
	return slices.ContainsFunc(t.Skips, func(m source.Mark) bool {
		return strings.HasPrefix(m.Text, "//go:build") && strings.Contains(m.Text, "go1.")
	})
}

func strengthName(a source.Assertion) string {
	if a.Strength == source.Exact && a.Negated {
		return "not equal"
	}
	return map[source.Strength]string{
		source.Exact: "an exact value", source.Partial: "a partial match", source.Truth: "a truth value", source.Exists: "mere existence",
		source.Trivial: "nothing", source.Snapshot: "a stored snapshot",
	}[a.Strength]
}

// rank gives how much an assertion asks for. One that a function of the
// project makes is as strong as that function; where this cannot be seen it is
// taken to be strong.
func (j *judge) rank(side int, a source.Assertion) int {
	if a.Via == "" {
		return rank(a)
	}
	best := 9
	if t := j.helpers[side][last(a.Via)]; t != nil {
		for _, own := range t.Assertions {
			if own.Dead == "" {
				best = min(best, rank(own))
			}
		}
	}
	if best == 9 {
		return 0
	}
	return best
}

// weight gives how many assertions one stands for.
func (j *judge) weight(side int, a source.Assertion) int {
	if t := j.helpers[side][last(a.Via)]; a.Via != "" && t != nil {
		return max(1, len(t.Assertions))
	}
	return 1
}

var numbers = regexp.MustCompile(`\d+(\.\d+)?([eE][-+]?\d+)?`)
var tolerant = regexp.MustCompile(`(?i)delta|epsilon|within|approx|closeTo|almost|tolerance|\babs\b|\brel\b|isclose|allclose`)
var digits = regexp.MustCompile(`(?i)toBeCloseTo|almostEqual|decimal|places`)

// widened finds a tolerance that was made larger: the same text but for the
// last number, which is one of a comparison with tolerance.
func widened(k paired) bool {
	a, b := core(k.was.Text), core(k.is.Text)
	if !tolerant.MatchString(a) || numbers.ReplaceAllString(a, "#") != numbers.ReplaceAllString(b, "#") {
		return false
	}
	x, y := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	if len(x) == 0 || !slices.Equal(x[:len(x)-1], y[:len(y)-1]) {
		return false
	}
	v, err1 := strconv.ParseFloat(x[len(x)-1], 64)
	w, err2 := strconv.ParseFloat(y[len(y)-1], 64)
	if err1 != nil || err2 != nil {
		return false
	}
	if digits.MatchString(a) && !strings.Contains(a, "delta") {
		return w < v
	}
	return w > v
}

// about reports on an assertion.
func (j *judge) about(t, h *test, k paired, rule string, level evidence.Level, message string) {
	if h.file.class.Generated {
		level = evidence.Context
	}
	j.say(statement{
		rule: rule, level: level, path: h.file.path, lines: k.is.Range, was: fmt.Sprintf("%s (line %d of the base)", k.was.Text, k.was.Start), is: k.is.Text,
		message: message, paths: []string{t.file.path, h.file.path}, anchor: h.Name,
	})
}

// removedFrom judges the assertions that a test has lost.
func (j *judge) removedFrom(t, h *test, p pairing) {
	var gone []source.Assertion
	acts := lineSet(h)
	for _, a := range p.removed {
		if rank(a) > 2 || a.Strength == source.Exists {
			if !acted(t, a, acts) {
				continue // what it looked at is not done any more
			}
		}
		if a.Dead != "" || a.Strength == source.Trivial || j.accounted(t, h, p, a) {
			continue
		}
		if at := j.commented(h, a); at > 0 {
			j.say(statement{
				rule: "commented_out", level: evidence.Gate, path: h.file.path, lines: source.Range{Start: at, End: at}, was: a.Text, paths: []string{t.file.path, h.file.path},
				message: fmt.Sprintf("An assertion of %s is only a comment now.", place(h)), anchor: h.Name,
			})
			continue
		}
		gone = append(gone, a)
	}
	if len(gone) == 0 {
		return
	}
	added, strongAdded, strongGone := 0, 0, 0
	for _, a := range p.added {
		if a.Dead != "" || a.Strength == source.Trivial {
			continue
		}
		added += j.weight(1, a)
		if j.rank(1, a) <= 2 {
			strongAdded += j.weight(1, a)
		}
	}
	for _, a := range gone {
		if j.rank(0, a) <= 2 {
			strongGone++
		}
	}
	added += len(newCases(t, h))
	strongAdded += len(newCases(t, h))
	if len(gone) <= added && strongGone <= strongAdded {
		return
	}
	for _, a := range p.added {
		if a.Strength == source.Trivial {
			j.about(t, h, paired{gone[0], a}, "trivial", evidence.Gate, fmt.Sprintf("An assertion of %s was replaced by one that cannot fail.", place(h)))
			return
		}
	}
	j.say(statement{
		rule: "assertions_removed", level: j.removalLevel(t, h, gone), path: h.file.path, lines: h.Range, paths: []string{t.file.path, h.file.path}, anchor: h.Name,
		message: fmt.Sprintf("%s has lost %s: %s", place(h), count(len(gone), "assertion"), list(gone)),
		was:     texts(gone), is: texts(p.added),
	})
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func list(gone []source.Assertion) string {
	a := gone[0]
	more := ""
	if len(gone) > 1 {
		more = fmt.Sprintf(" and %d more", len(gone)-1)
	}
	return fmt.Sprintf("%s (line %d of the base)%s.", quote(a.Text), a.Start, more)
}

func texts(list []source.Assertion) string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%d: %s", a.Start, a.Text))
	}
	return strings.Join(out, "\n     ")
}

// accounted reports whether an assertion that is gone is made elsewhere, or
// has nothing left to look at.
func (j *judge) accounted(t, h *test, p pairing, a source.Assertion) bool {
	if j.take(a) || j.code.subjectGone(scan(a.Text, t.file.lang)) {
		return true
	}
	if helper := j.helpers[0][last(a.Via)]; a.Via != "" && helper != nil && j.code.subjectGone(helper.tokens) {
		return true
	}
	for _, b := range h.Assertions {
		if covers(b, a) || claimOf(a) == claimOf(b) && b.Dead == "" {
			return true
		}
	}
	if v := bare(a.Expected); len(v) > 1 || isDigits(v) && v != "" {
		for _, c := range newCases(t, h) {
			if valuesOf(scan(c.Text, h.file.lang))[v] {
				return true
			}
		}
	}
	return false
}

// commented gives the line of a comment that holds the assertion's text.
func (j *judge) commented(h *test, a source.Assertion) int {
	text := core(a.Text)
	for _, c := range h.file.facts.Comments {
		if h.Holds(c.Start) && len(text) > 5 && strings.Contains(tight(c.Text), text) {
			return c.Start
		}
	}
	return 0
}

func (j *judge) removalLevel(t, h *test, gone []source.Assertion) evidence.Level {
	level := j.weigh(evidence.Gate, t, len(gone))
	if !intact(t, h) {
		level = least(level, evidence.Locator) // the test was written anew
	}
	return level
}

// intact reports whether a test still does what it did: most of its lines
// outside of assertions are still there.
func intact(t, h *test) bool {
	head := lineSet(h)
	all, kept := 0, 0
	skip := assertionLines(t)
	for n := t.Start + 1; n <= t.End && n <= len(t.file.lines); n++ {
		line := tight(t.file.lines[n-1])
		if skip[n] || strings.Trim(line, "{}()[];,") == "" {
			continue
		}
		all++
		if head[line] {
			kept++
		}
	}
	return all == 0 || 4*kept >= 3*all
}

// helperGone judges a function that asserted for tests and does so no more.
func (j *judge) helperGone(t *test) {
	for _, f := range j.head.tests {
		for _, fn := range f.facts.Functions {
			if fn.Name != t.Name || f.path != t.file.path && (t.file.other == nil || f != t.file.other) {
				continue
			}
			j.say(statement{
				rule: "helper_emptied", level: evidence.Gate, path: f.path, lines: fn.Range, was: texts(t.Assertions), paths: []string{t.file.path, f.path}, anchor: t.Name,
				message: fmt.Sprintf("%s, which tests call to make sure of something, no longer can fail a test.", place(t)),
			})
			return
		}
	}
}

// lineSet gives the lines of a test without their layout.
func lineSet(t *test) map[string]bool {
	out := map[string]bool{}
	for n := t.Start; n <= t.End && n <= len(t.file.lines); n++ {
		out[tight(t.file.lines[n-1])] = true
	}
	return out
}

// acted reports whether the line before an assertion, which does what it looks
// at, is still there.
func acted(t *test, a source.Assertion, head map[string]bool) bool {
	for n := a.Start - 1; n > t.Start; n-- {
		line := tight(t.file.lines[n-1])
		if line == "" || strings.Trim(line, "})];") == "" {
			continue
		}
		return head[line] && !strings.Contains(a.Subject, "(")
	}
	return true
}
