package mutation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

const (
	// maxFindings bounds what is reported: the worst few.
	maxFindings = 3

	// blockFrom core mutants that a changed test runs must survive, all of
	// them, before it blocks.
	blockFrom = 3

	// pointFrom core mutants must survive, and more than half of all, before it
	// points.
	pointFrom = 2
)

// group is the mutants of one function that tests come by.
type group struct {
	file, function string
	survivors      []Judged // the worst first
	core           int      // core mutants that were judged
	coreSurvivors  int
	isPartial      bool // not all tests that may come by were run
}

// groups puts mutants together by function. Only those that the change's own
// tests come by count, where the change has tests.
func (c changed) groups(r Report) []group {
	var out []group
	for _, j := range r.Judged {
		if len(c.tests) > 0 && !j.ByChanged || j.Outcome != Survived && j.Outcome != Killed {
			continue
		}
		i := slices.IndexFunc(out, func(g group) bool { return g.file == j.File && g.function == j.Function })
		if i < 0 {
			out = append(out, group{file: j.File, function: j.Function})
			i = len(out) - 1
		}
		g := &out[i]
		if j.Op.IsCore() {
			g.core++
		}
		if j.Outcome == Survived {
			g.survivors = append(g.survivors, j)
			g.isPartial = g.isPartial || j.Partial
			if j.Op.IsCore() {
				g.coreSurvivors++
			}
		}
	}
	for _, g := range out {
		slices.SortStableFunc(g.survivors, func(a, b Judged) int { return cmp.Compare(a.Op.Rank(), b.Op.Rank()) })
	}
	return out
}

// level says how loudly a function's survivors are reported; see the package's
// comment. all is the groups of the change together.
func (g group) level(c changed, all group) evidence.Level {
	switch {
	case !c.claims || len(c.tests) == 0:
		return evidence.Context
	case g.isUnnoticed(blockFrom) || all.isUnnoticed(blockFrom) && g.coreSurvivors > 0:
		return evidence.Gate
	case g.coreSurvivors >= pointFrom && 2*g.coreSurvivors > g.core:
		return evidence.Locator
	}
	return evidence.Context
}

// isUnnoticed reports whether no test notices any of at least n core mutants.
func (g group) isUnnoticed(n int) bool {
	return g.coreSurvivors >= n && g.coreSurvivors == g.core && !g.isPartial
}

// together gives the sum of groups.
func together(groups []group) (all group) {
	for _, g := range groups {
		all.core += g.core
		all.coreSurvivors += g.coreSurvivors
		all.isPartial = all.isPartial || g.isPartial
	}
	return all
}

// findings gives what is said about one module: the worst mutant of each
// function whose tests notice too little.
func (j *judge) findings(ctx context.Context, r moduleReport) []evidence.Finding {
	var out []evidence.Finding
	all := j.change.groups(r.report)
	sum := together(all)
	slices.SortStableFunc(all, func(a, b group) int {
		return cmp.Or(levelRank(a.level(j.change, sum))-levelRank(b.level(j.change, sum)), b.coreSurvivors-a.coreSurvivors)
	})
	for _, g := range all {
		if len(g.survivors) == 0 || len(out) == maxFindings {
			continue
		}
		f := j.finding(r, g, g.level(j.change, sum))
		if why := j.refuted(ctx, r, g.survivors[0], f.Level); why != "" {
			j.notes = append(j.notes, why)
			continue
		}
		out = append(out, f)
	}
	return out
}

// refuted tries the mutant of a finding that would block once more, as a
// person would, and gives why it does not hold; "" when it does.
func (j *judge) refuted(ctx context.Context, r moduleReport, m Judged, l evidence.Level) string {
	if l != evidence.Gate {
		return ""
	}
	why := byHand(ctx, j.exec, r.job, m, r.report.Texts[m.File])
	if why == "" {
		return ""
	}
	return fmt.Sprintf("a mutant in %s:%d (%s) survived woven into its file and not by itself, so nothing is said of it: %s", check.ShowPath(m.File), m.Line, m.Op, why)
}

func (j *judge) finding(r moduleReport, g group, l evidence.Level) evidence.Finding {
	m := g.survivors[0]
	text := r.report.Texts[m.File]
	diff := diffOf(m, text)
	f := evidence.Finding{
		Check: Name, Rule: "survivor", Level: l, Grade: evidence.Verified,
		Path: m.File, StartLine: m.Line, EndLine: max(m.Line, m.EndLine),
		Message: j.change.message(m, g), Detail: diff,
	}
	if utf8.ValidString(diff) {
		f.Reproduce = j.reproduce(r.job, m, diff)
	}
	return evidence.NewFinding(f, string(m.Op)+"\n"+m.Function+"\n"+strings.Join(strings.Fields(string(text[m.Start:m.End])), " "))
}

// message says what the tests do not notice.
func (c changed) message(m Judged, g group) string {
	hasTests := len(c.tests) > 0
	where := "this file"
	if m.Function != "" {
		where = m.Function
	}
	tests := "The tests that run " + where
	if hasTests {
		tests = "The tests of this change run " + where
	}
	switch {
	case hasTests && g.core > 1 && g.coreSurvivors == g.core:
		return fmt.Sprintf("%s and notice nothing: they pass with each of %d faults put into it, the worst in line %d (%s).", tests, g.core, m.Line, m.Op)
	case g.coreSurvivors > 1:
		return fmt.Sprintf("%s and pass with %d of %d faults put into it, the worst in line %d (%s).", tests, g.coreSurvivors, g.core, m.Line, m.Op)
	}
	return fmt.Sprintf("%s and pass with a fault in line %d (%s).", tests, m.Line, m.Op)
}

// reproduce gives a command that puts the mutant into the head's files, in a
// new temporary folder, and runs the tests that come by it. It succeeds, which
// is the point.
func (j *judge) reproduce(job Job, m Judged, diff string) string {
	printf := []string{"printf", `%s\n`}
	for line := range strings.Lines(diff) {
		printf = append(printf, strings.TrimSuffix(line, "\n"))
	}
	test := append([]string{"go", "test", "-count=1", "-vet=off"}, m.By...)
	steps := []string{
		`cd "$(git rev-parse --show-toplevel)"`,
		`d=$(mktemp -d)`,
		`export GIT_INDEX_FILE="$d/index"`,
		"git read-tree " + j.subject.Request.Head.Tree,
		`git checkout-index -a --prefix="$d/tree/"`,
		`cd "$d/tree"`,
		plan.Command{Argv: printf}.String() + " | GIT_CEILING_DIRECTORIES=/ git apply",
		check.InDir(job.Module, plan.Command{Argv: test}.String()),
	}
	return "(" + strings.Join(steps, " && ") + ")"
}

// around is how many lines a diff shows before and after.
const around = 2

// diffOf gives the mutant as a diff that Git can apply.
func diffOf(m Judged, text []byte) string {
	was := splitLines(string(text))
	first := strings.Count(string(text[:m.Start]), "\n")
	last := strings.Count(string(text[:m.End]), "\n")
	changed := splitLines(string(m.Apply(text)))
	added := changed[first : last+1-(len(was)-len(changed))]
	if len(added) == 1 && strings.TrimSpace(added[0]) == "" {
		added = nil // a line that nothing is left of
	}
	from, to := max(0, first-around), min(len(was), last+1+around)
	var b strings.Builder
	p := check.ShowPath(m.File)
	fmt.Fprintf(&b, "--- a/%s\n+++ b/%s\n@@ -%d,%d +%d,%d @@\n", p, p, from+1, to-from, from+1, to-from-(last+1-first)+len(added))
	write := func(mark string, lines []string) {
		for _, line := range lines {
			b.WriteString(mark + strings.TrimSuffix(line, "\n") + "\n")
			if !strings.HasSuffix(line, "\n") {
				b.WriteString("\\ No newline at end of file\n")
			}
		}
	}
	write(" ", was[from:first])
	write("-", was[first:last+1])
	write("+", added)
	write(" ", was[last+1:to])
	return b.String()
}

func splitLines(text string) []string { return slices.Collect(strings.Lines(text)) }

// unexecuted gives the changed lines that no test executes, as far as mutants
// show it: runs of them within one function.
func unexecuted(r Report) []evidence.Place {
	var out []evidence.Place
	function := ""
	for _, j := range byLine(r.Judged) {
		if j.Outcome != NotCovered {
			function = ""
			continue
		}
		why := "no test executes it"
		if j.Partial {
			why = "no test that was run executes it"
		}
		if n := len(out) - 1; n >= 0 && function == j.File+" "+j.Function && out[n].Why == why {
			out[n].EndLine = max(out[n].EndLine, j.EndLine)
			continue
		}
		function = j.File + " " + j.Function
		out = append(out, evidence.Place{Path: j.File, StartLine: j.Line, EndLine: max(j.Line, j.EndLine), Why: why})
	}
	return out
}

func byLine(all []Judged) []Judged {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b Judged) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	return out
}
