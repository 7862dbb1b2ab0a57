package main

import (
	"io"
	"slices"
	"text/tabwriter"

	"muster/internal/check/mutation"
)

// outcomes are the columns of the table.
func outcomes() []mutation.Outcome {
	return []mutation.Outcome{mutation.Killed, mutation.Survived, mutation.NotCovered, mutation.TimedOut, mutation.Broken, mutation.Unjudged}
}

// printReport prints what became of the mutants, by package.
func printReport(w io.Writer, r mutation.Report) {
	var packages []string
	count := map[string]map[mutation.Outcome]int{}
	total := map[mutation.Outcome]int{}
	for _, j := range r.Judged {
		if count[j.Package] == nil {
			packages = append(packages, j.Package)
			count[j.Package] = map[mutation.Outcome]int{}
		}
		count[j.Package][j.Outcome]++
		total[j.Outcome]++
	}
	slices.Sort(packages)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	say(t, "mutants\t")
	for _, o := range outcomes() {
		say(t, "%s\t", o)
	}
	say(t, "  package\n")
	row := func(name string, c map[mutation.Outcome]int) {
		sum := 0
		for _, o := range outcomes() {
			sum += c[o]
		}
		say(t, "%d\t", sum)
		for _, o := range outcomes() {
			say(t, "%d\t", c[o])
		}
		say(t, "  %s\n", name)
	}
	for _, p := range packages {
		row(p, count[p])
	}
	row("all", total)
	_ = t.Flush() // to standard output
	say(w, "\nleft out: %d did not compile, %d give the same program, %d are constants, %d are arid\n",
		r.Found.NotCompiled, r.Found.Equivalent, r.Found.Constant, r.Found.Arid)
	for _, why := range r.NotRun {
		say(w, "not run: %s\n", why)
	}
	say(w, "times: finding the mutants %s, building the tests %s, running them without a mutant %s, with one %s\n\n",
		ms(r.Times.Prepare), ms(r.Times.Build), ms(r.Times.Plain), ms(r.Times.Mutants))
}

// printSurvivors lists what no test noticed.
func printSurvivors(w io.Writer, r mutation.Report) {
	for _, j := range r.Judged {
		if j.Outcome == mutation.Killed {
			continue
		}
		text := r.Texts[j.File]
		say(w, "%s:%d: %s: %s: %q -> %q %s\n", j.File, j.Line, j.Outcome, j.Op, text[j.Start:j.End], j.New, j.Why)
	}
}
