package policy

import (
	"fmt"
	"slices"

	"muster/internal/core/evidence"
)

// acceptCheck begins what a person accepts when they accept that a check gave
// no answer: "check:build". Fingerprints are hexadecimal and never begin so.
const acceptCheck = "check:"

// acceptNothing is what a person accepts when no check looked at the change.
const acceptNothing = "check:none"

// Decide gives the verdict on a change of the given sort. accepted lists what
// a person has accepted of it before, as earlier verdicts named it in Open.
//
// A gate sends the change back to its author, or to a person where nobody
// waits to mend it. A locator, and a check that gave no answer, send it to a person:
// what is not the author's fault (a flaky test, one that is red at the base, a
// check that broke or ran out of time) is a locator or no answer, never a gate.
// Context sends it nowhere. What would land by itself is looked at now and then
// when its code ran without a sandbox that nobody had declined. What is not known (a status, a level, evidence
// without results) goes to a person too. More findings never make the route
// easier, and accepting more never makes it harder.
func Decide(s evidence.Subject, e evidence.Evidence, accepted []string) Verdict {
	w := weigh(e, accepted)
	v := Verdict{
		Route: Auto, Evidence: e.Digest(), BaseTree: e.BaseTree, HeadTree: e.HeadTree,
		Reasons: append(w.reasons(), wavered(e)...), Open: w.open(), NotRun: notRun(e),
	}
	switch {
	case len(w.gates) > 0 && hasAuthor(s):
		v.Route = Rework
		v.Feedback = feedback(w, v.NotRun)
	case len(w.gates)+len(w.silent)+len(w.locators) > 0, w.nothing:
		v.Route = Review
	case e.Unconfined:
		v.Route = Audit
	}
	if e.Unconfined {
		v.Reasons = append(v.Reasons, "Code of the change ran with all rights of the person: this machine has no sandbox to offer; muster doctor says why.")
	}
	return v
}

// hasAuthor reports whether whoever made the change waits for the verdict and
// can mend it: an agent, or who asks about a range.
func hasAuthor(s evidence.Subject) bool {
	return s == evidence.OfTask || s == evidence.OfMerge || s == evidence.OfRange
}

// weight is what of the evidence leads to the route.
type weight struct {
	gates    []evidence.Finding
	locators []evidence.Finding
	silent   []evidence.Result // checks that gave no answer
	nothing  bool              // no check looked at a change that there is
	passed   int
	skipped  int
	waived   int // findings and silent checks that a person accepted
}

func weigh(e evidence.Evidence, accepted []string) weight {
	w, failed := weight{}, 0
	for _, r := range e.Results {
		switch {
		case r.Status == evidence.Passed:
			w.passed++
		case r.Status == evidence.Skipped:
			w.skipped++
		case r.Status == evidence.Failed && len(r.Findings) > 0, r.Status == evidence.Flaky && asks(r):
			failed++ // its findings speak for it
		case slices.Contains(accepted, acceptCheck+r.Check):
			w.waived++
		default:
			w.silent = append(w.silent, r)
		}
	}
	if w.passed+failed+w.waived+len(w.silent) == 0 && (e.BaseTree != e.HeadTree || len(e.Results) == 0) {
		w.nothing = !slices.Contains(accepted, acceptNothing)
	}
	var seen []string
	for _, f := range e.Findings() {
		switch {
		case f.Level == evidence.Context:
		case f.Fingerprint != "" && slices.Contains(seen, f.Fingerprint):
			// The same statement twice is one.
		case f.Fingerprint != "" && slices.Contains(accepted, f.Fingerprint):
			w.waived++
			seen = append(seen, f.Fingerprint)
		default:
			seen = append(seen, f.Fingerprint)
			if f.Level == evidence.Gate {
				w.gates = append(w.gates, f)
			} else {
				w.locators = append(w.locators, f)
			}
		}
	}
	return w
}

// asks reports whether a result has findings that somebody must look at.
func asks(r evidence.Result) bool {
	return slices.ContainsFunc(r.Findings, func(f evidence.Finding) bool { return f.Level != evidence.Context })
}

// wavered says in a sentence each which tests ended both ways on this code,
// and how often they do. It follows the reasons, whatever the route.
func wavered(e evidence.Evidence) []string {
	var out []string
	for _, r := range e.Results {
		for _, t := range r.Tried {
			if !t.Wavered() {
				continue
			}
			text := fmt.Sprintf("%s: %s is flaky: it was red in %d of %d runs on this code", r.Check, t.Test, t.Red, t.Runs)
			if t.Known.Runs > 0 {
				text += fmt.Sprintf(", and on record in %d of %d", t.Known.Red, t.Known.Runs)
			}
			out = append(out, text+".")
		}
	}
	return out
}

// open names everything that led to the route, so that a person who approves
// the verdict accepts exactly this.
func (w weight) open() []string {
	var out []string
	for _, f := range append(slices.Clone(w.gates), w.locators...) {
		if f.Fingerprint != "" {
			out = append(out, f.Fingerprint)
		}
	}
	for _, r := range w.silent {
		out = append(out, acceptCheck+r.Check)
	}
	if w.nothing {
		out = append(out, acceptNothing)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (w weight) reasons() []string {
	var out []string
	for _, f := range w.gates {
		out = append(out, reason(f))
	}
	for _, r := range w.silent {
		out = append(out, silence(r))
	}
	for _, f := range w.locators {
		out = append(out, reason(f))
	}
	if w.nothing {
		out = append(out, "No check looked at the change.")
	}
	if len(out) > 0 {
		return out
	}
	switch {
	case w.waived > 0:
		return []string{fmt.Sprintf("%s, and a person accepted %s.", checks(w.passed, "passed"), things(w.waived))}
	case w.skipped > 0:
		return []string{fmt.Sprintf("%s, and %s.", checks(w.passed, "passed"), checks(w.skipped, "had nothing to look at"))}
	}
	return []string{checks(w.passed, "passed") + "."}
}

func checks(n int, what string) string {
	if n == 1 {
		return "1 check " + what
	}
	return fmt.Sprintf("%d checks %s", n, what)
}

func things(n int) string {
	if n == 1 {
		return "1 point"
	}
	return fmt.Sprintf("%d points", n)
}

func reason(f evidence.Finding) string { return f.Check + ": " + f.Message }

// silence says in a sentence that a check gave no answer.
func silence(r evidence.Result) string {
	how := map[evidence.Status]string{
		evidence.CouldNot: "could not run",
		evidence.TimedOut: "did not finish in time",
		evidence.Flaky:    "gave different answers on the same code",
		evidence.Failed:   "failed without saying what it found",
	}[r.Status]
	if how == "" {
		how = fmt.Sprintf("ended in a way that is not known (%q)", r.Status)
	}
	if r.Why == "" {
		return fmt.Sprintf("%s %s.", r.Check, how)
	}
	return fmt.Sprintf("%s %s: %s.", r.Check, how, r.Why)
}

// notRun lists the checks that gave no answer, those that did not apply, and
// what the others left out, in the order of the results.
func notRun(e evidence.Evidence) []string {
	var out []string
	for _, r := range e.Results {
		switch r.Status {
		case evidence.Passed, evidence.Failed:
		default:
			out = append(out, fmt.Sprintf("%s (%s): %s", r.Check, r.Status, r.Why))
		}
		for _, why := range r.NotRun {
			if why != r.Why {
				out = append(out, r.Check+": "+why)
			}
		}
	}
	return out
}
