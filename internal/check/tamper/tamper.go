// Package tamper finds changes that make tests pass by weakening them: tests,
// subtests and cases that are gone, assertions removed, loosened, made trivial
// or out of reach, expected values that follow the code, new skips and focused
// tests, tests the runner no longer finds, hooks that decide the outcome, and
// stored results that were written anew. It compares the tests of base and head
// over the whole change and runs nothing.
//
// # What is the same test
//
// A test of the base is looked for under its name in the same file, then in
// every other changed file, then by its body (bigrams of tokens, Dice's
// coefficient). What moved, was renamed, became a subtest or a case of a table,
// or stands twice is not lost. Assertions are pairs.Paired by what they claim
// (subject, value, strength), not by how they are written, so that another
// library of equal strength, or one comparison of the whole for several of its
// parts, weakens nothing. What the change took out of the code, by name, needs
// no test any more.
//
// # When it blocks
//
// A finding is a gate where the test does what it did and asks for less, and
// nothing explains it. It only points where
//   - as many new assertions about the same code stand beside it,
//   - the test, its file, or the code it is named after was written anew,
//   - the author says what was taken out, by name. That tests were "updated"
//     says nothing: whoever bends a test says so. A task counts for more than
//     a claim: what the task names is context only.
//
// # Expected values
//
// An expectation that changes together with the code is the classic cheat, and
// the classic honest change of behaviour. It is no finding where the test's
// inputs changed too, where the same value changed in the code itself (a
// message, a default), or where the task names the new value. It is context
// where new assertions about the same code stand beside it, the author names
// the value, or one difference repeats in three expectations (a format). It
// points where no code changed, versions of dependencies did, or a commit
// without a task speaks of what is tested. Else, with the inputs untouched, the
// code changed, and nobody speaking of it, it blocks.
//
// # Around assertions
//
// Package pairs knows what makes an assertion ask for less at the same strength.
// Package bodies looks at what stands around the assertions of a test that
// remains: loops that go through fewer cases, ways out before them, a testing.T
// of its own, code that runs beside the test or that nobody calls, values that
// the code under test works out itself, doubles in place of it, and what comes
// between the code and the assertions: values that are altered before anything
// looks at them, in the test or in a function that serves tests.
//
// A name that the change gave to what is tested is put in place of the old one
// in the base's tests: a test that does not go on under the new name is lost.
//
// An input that moves together with the code, or a file of data that tests
// read, points where nobody speaks of it: the task or the claim names no value
// and no changed code, or says that the change leaves results as they are (a
// refactoring, a clean-up) by the task's type or the first words of the claim.
//
// # Limits
//
// It sees what the text shows. What fakes and fixtures do, and objects that are
// made anew in the middle of a test, it does not follow: the base's tests on the
// head's code do. Helpers in files that the change does not touch
// are taken to be strong. A test replaced by a new one about the same code that
// asks for as much is not told from honest rewriting. It sees no sense in
// values: bending an expectation and adding a case for the bent behaviour is
// context. Of helpers that bend what they read it sees what is put into them, and
// not what they were rewritten to.
package tamper

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/asked"
	"muster/internal/check/tamper/code"
	"muster/internal/check/tamper/pairs"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source"
	"muster/internal/source/reader"
)

// Name is the check's name.
const Name = "tamper"

const maxFindings = 40

type tamper struct{}

// New gives the check.
func New() check.Check { return tamper{} }

func (tamper) Info() check.Info {
	return check.Info{Name: Name, Version: "7." + evidence.Hash([]byte(reader.Version()))[:8], Kind: check.Static, Reads: check.ChangedFiles}
}

func (tamper) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (tamper) Settings(req evidence.Request) any {
	return asked.Of(req).Settings()
}

func (tamper) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	b, err := load(ctx, s)
	if err != nil {
		return check.CouldNot("the changed files could not be read: %v", err)
	}
	c := code.Read(b.base.plain(), b.head.plain())
	rename(&b, c.Renamed)
	match(&b)
	j := &judge{subject: s, both: b, code: c, asked: asked.Of(s.Request), pairs: map[*test]pairs.Pairing{}, newValues: map[*test][]map[string]bool{}}
	j.prepare()
	j.compareTests()
	losses{j}.shadowed()
	retargeting{j}.decide()
	moving{j}.inputs()
	if err := errors.Join((around{j}).compare(ctx), (around{j}).data(ctx)); err != nil {
		return check.CouldNot("the changed stored results could not be read: %v", err)
	}
	slices.SortStableFunc(j.findings, func(a, b evidence.Finding) int { return order(a.Level) - order(b.Level) })
	res := check.Judged(check.Fold(j.findings, maxFindings))
	res.NotRun = j.left
	return res
}

func order(l evidence.Level) int {
	return slices.Index([]evidence.Level{evidence.Gate, evidence.Locator, evidence.Context}, l)
}

// judge is one judgement.
type judge struct {
	both
	subject   *check.Subject
	code      *code.Change
	asked     asked.Asked
	pairs     map[*test]pairs.Pairing // by the test of the base
	pool      map[string]int          // claims that the head makes anew, in any test
	helpers   [2]map[string]*test
	fresh     []fresh // tests of the head that ask for something new
	retargets []retarget
	findings  []evidence.Finding

	newValues   map[*test][]map[string]bool // the values of each case that is new, by test of the head
	addedValues []map[string]bool           // the values of each assertion that is new in a test that remains
	free        map[string]bool             // functions that are new among the tests
	own         map[string]bool             // types that are new among them
	movedInputs []moved
}

// prepare pairs the assertions of every test that remains, and notes what the
// head's tests ask for anew.
func (j *judge) prepare() {
	j.pool = map[string]int{}
	for i, s := range []*side{&j.base, &j.head} {
		j.helpers[i] = map[string]*test{}
		for _, t := range s.all() {
			if t.Helper {
				j.helpers[i][words.Last(t.Name)] = t
			}
		}
	}
	for _, t := range j.base.all() {
		if t.pair != nil {
			j.pairs[t] = pairs.Up(t.Assertions, t.pair.Assertions)
			j.note(t.pair, j.pairs[t].Added)
		}
	}
	for _, h := range j.head.all() {
		if h.pair == nil {
			j.note(h, h.Assertions)
		}
	}
}

func (j *judge) note(t *test, added []source.Assertion) {
	n := 0
	if t.pair != nil {
		n = len(newCases(t.pair, t))
	} else if len(added) > 0 {
		n = len(t.Cases)
	}
	for _, a := range added {
		if a.Dead == "" {
			j.pool[pairs.ClaimOf(a)]++
		}
		if pairs.Strong(a) && (len(t.Skips) == 0 || t.pair != nil) {
			n++
		}
	}
	if n > 0 {
		j.fresh = append(j.fresh, fresh{path.Dir(t.file.path), t.words, n})
	}
}

// fresh is a test that is new or asks for more than before.
type fresh struct {
	folder string
	words  map[string]bool
	n      int // assertions and cases that are new
}

// beside gives how many new assertions stand beside a test and are about the
// same thing: they mention changed code that the test mentions, or where there
// is none, something else that it calls.
func (j *judge) beside(t *test) int {
	about := j.subjects(t)
	if len(about) == 0 {
		about = calls(t)
	}
	n := 0
	for _, f := range j.fresh {
		near := f.folder == path.Dir(t.file.path) || t.file.other == nil || t.file.other.path != t.file.path
		if near && slices.ContainsFunc(about, func(w string) bool { return f.words[w] }) {
			n += f.n
		}
	}
	return n
}

// calls gives the names that a test calls, without those of test libraries.
func calls(t *test) []string {
	var out []string
	for i := 1; i < len(t.tokens); i++ {
		name := t.tokens[i-1]
		if t.tokens[i].Text != "(" || name.Kind != words.Word || len(name.Text) < 3 || words.Common(name.Text) {
			continue
		}
		out = append(out, name.Text)
	}
	return out
}

// take reports whether the head makes a claim anew, and uses it up.
func (j *judge) take(a source.Assertion) bool {
	if j.pool[pairs.ClaimOf(a)] == 0 {
		return false
	}
	j.pool[pairs.ClaimOf(a)]--
	return true
}

// statement is what a finding says.
type statement struct {
	rule    string
	level   evidence.Level
	path    string
	lines   source.Range // of the head; zero means the whole file
	message string
	was, is string // the text before and after
	paths   []string
	anchor  string
}

func (j *judge) say(s statement) {
	paths := s.paths
	if len(paths) == 0 {
		paths = []string{s.path}
	}
	slices.Sort(paths)
	argv := append([]string{"git", "--literal-pathspecs", "diff", j.subject.Request.Base.Tree, j.subject.Request.Head.Tree, "--"}, slices.Compact(paths)...)
	var detail []string
	if s.was != "" {
		detail = append(detail, "was: "+s.was)
	}
	if s.is != "" {
		detail = append(detail, "is:  "+s.is)
	}
	j.findings = append(j.findings, evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: s.rule, Level: s.level, Grade: evidence.Observed, Path: s.path, StartLine: s.lines.Start, EndLine: s.lines.End,
		Message: s.message, Detail: check.Clip(strings.Join(detail, "\n"), check.MaxDetail), Reproduce: plan.Command{Argv: argv}.String(),
	}, s.anchor+"\n"+s.was+"\n"+s.is))
}

// place names a test with its file.
func place(t *test) string {
	return fmt.Sprintf("%s in %s", quote(t.Name), check.ShowPath(t.file.path))
}

func quote(name string) string { return fmt.Sprintf("%q", check.Clip(name, 120)) }

// atMostLocator lowers a gate to a locator.
func atMostLocator(level evidence.Level) evidence.Level {
	if order(evidence.Locator) > order(level) {
		return evidence.Locator
	}
	return level
}
