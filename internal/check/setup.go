package check

import (
	"context"
	"fmt"
	"strings"

	"muster/internal/core/evidence"
	"muster/internal/core/setup"
)

// Furnisher is what a Trees also is when it can set up the trees that it lays
// out: put in what Git does not track and code of the repository needs.
type Furnisher interface {
	// LeaseSetUp is Lease for a tree that is set up.
	LeaseSetUp(ctx context.Context, w WantSetUp) (dir string, release func(), err error)

	// SetUp sees to it that the set-up of a tree is there. When its commands
	// fail, there is a failure and no error. Again runs them although it is.
	SetUp(ctx context.Context, w WantSetUp) (key string, failure *setup.Failure, err error)

	// Stamp names what a set-up depends on besides the tracked files.
	Stamp(s setup.Spec) string
}

// WantSetUp is the wish for a tree that is set up.
type WantSetUp struct {
	Spec    setup.Spec
	Tree    string
	Trusted bool // the tree is the base, or equals it
	Again   bool // run the commands even when the set-up is there
}

// want asks for one tree of the request.
func want(req evidence.Request, tree string) WantSetUp {
	return WantSetUp{Spec: req.SetUp, Tree: tree, Trusted: tree == req.Base.Tree}
}

// furnisher gives who sets up the trees of a request; nil when nobody does or
// nothing is to be set up.
func furnisher(t Trees, req evidence.Request) Furnisher {
	f, ok := t.(Furnisher)
	if !ok || req.SetUp.Empty() {
		return nil
	}
	return f
}

// setUp sees to it that both trees can be set up, before the time of the
// checks begins. The change is blamed for a failure only when its own lockfiles
// or manifests make the difference: its set-up fails twice, and between the two
// the base's was made anew and passed.
func (r *Runner) setUp(ctx context.Context, j *judgement) *evidence.Result {
	f := furnisher(r.trees, j.req)
	if f == nil || len(j.req.SetUp.Run) == 0 || !r.runsCode() {
		return nil
	}
	info := Info{Name: evidence.SetUpCheck, Version: "1", Kind: Running}
	res := settle(info, j.tryBoth(ctx, f))
	r.watch(Progress{info.Name, &res})
	return &res
}

// runsCode reports whether any check executes code of the repository.
func (r *Runner) runsCode() bool {
	for _, c := range r.checks {
		if c.Info().Kind == Running {
			return true
		}
	}
	return false
}

func (j *judgement) tryBoth(ctx context.Context, f Furnisher) evidence.Result {
	baseKey, baseFails, err := f.SetUp(ctx, want(j.req, j.req.Base.Tree))
	if err != nil {
		return CouldNot("the base cannot be set up: %v", err)
	}
	headKey, headFails, err := f.SetUp(ctx, want(j.req, j.req.Head.Tree))
	switch {
	case err != nil:
		return CouldNot("the head cannot be set up: %v", err)
	case headFails == nil && baseFails == nil:
		return evidence.Result{Status: evidence.Passed}
	case headFails == nil:
		return evidence.Result{Status: evidence.Passed, NotRun: []string{"the base could not be set up: " + baseFails.Text()}}
	case baseFails != nil:
		return CouldNot("%s; on the base too, so it is no fault of the change", headFails.Text())
	case baseKey == headKey:
		return CouldNot("%s", headFails.Text())
	}
	again := want(j.req, j.req.Base.Tree)
	again.Again = true
	if _, fails, err := f.SetUp(ctx, again); err != nil || fails != nil {
		return CouldNot("%s; on the base too, when it was made anew, so it is no fault of the change", headFails.Text())
	}
	_, headFails, err = f.SetUp(ctx, want(j.req, j.req.Head.Tree))
	switch {
	case err != nil:
		return CouldNot("the head cannot be set up: %v", err)
	case headFails == nil:
		return evidence.Result{Status: evidence.Passed, NotRun: []string{"the set-up failed once and passed when it was tried again"}}
	}
	return evidence.Result{Status: evidence.Failed, Findings: []evidence.Finding{j.blame(*headFails)}}
}

// blame is the finding on a change whose set-up fails while the base's passes.
func (j *judgement) blame(fails setup.Failure) evidence.Finding {
	place, files := "", []string{}
	for _, c := range j.facts.change.Files {
		if j.req.SetUp.IsInput(c.Path) {
			files = append(files, ShowPath(c.Path))
			if place == "" {
				place = c.Path
			}
		}
	}
	what := "this change"
	if len(files) > 0 {
		what = "this change's " + strings.Join(files[:min(len(files), 3)], ", ")
	}
	var lines []string
	for _, c := range j.req.SetUp.Run {
		lines = append(lines, c.String())
	}
	return evidence.NewFinding(evidence.Finding{
		Check: evidence.SetUpCheck, Rule: "fails", Level: evidence.Gate, Grade: evidence.Verified, Path: place,
		Message:   fmt.Sprintf("The set-up command %s fails with %s (%s) and passes on the base.", fails.Command, what, fails.Why),
		Detail:    Clip(fails.Tail, MaxDetail),
		Reproduce: strings.Join(lines, " && "),
	}, fails.Command)
}

// unfurnished is the result of a check that runs code when the trees could not
// be set up; false when they could.
func (j *judgement) unfurnished(k Kind) (evidence.Result, bool) {
	switch {
	case k != Running || j.furnished == nil || j.furnished.Status == evidence.Passed:
		return evidence.Result{}, false
	case j.furnished.Status == evidence.Failed:
		return Skip("%s failed", evidence.SetUpCheck), true
	}
	return CouldNot("the trees could not be set up"), true
}
