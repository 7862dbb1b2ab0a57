package check

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/source/reader"
)

// grace is how long the runner waits, after the time limit or a cancellation,
// for checks to stop by themselves before it goes on without them.
const grace = 5 * time.Second

// Runner judges changes with a fixed list of checks.
type Runner struct {
	trees    Trees
	parser   *reader.Parser
	exec     Exec
	cache    Cache
	checks   []Check
	parallel int
	watch    func(Progress)
}

// Tools is what a runner works with.
type Tools struct {
	Trees  Trees
	Parser *reader.Parser // nil makes one
	Exec   Exec
	Cache  Cache // nil keeps nothing

	// Watch hears of every check when it begins to run and when it has ended.
	// It is called by one goroutine at a time, and may be nil.
	Watch func(Progress)
}

// Progress is the beginning or the end of one check.
type Progress struct {
	Check  string
	Result *evidence.Result // nil at the beginning
}

// New gives a runner. Results come in the order of checks; a check may need
// only checks before it in the list. At most parallel checks run at once, of
// which one executes code, since a build takes every core by itself. A wrong
// list of checks is a defect of the caller.
func New(t Tools, checks []Check, parallel int) *Runner {
	var seen []string
	for _, c := range checks {
		info := c.Info()
		fault.Assert(info.Name != "" && info.Version != "", "check %q %q has a name and a version", info.Name, info.Version)
		fault.Assert(!slices.Contains(seen, info.Name), "check %s is listed once", info.Name)
		for _, n := range info.Needs {
			fault.Assert(slices.Contains(seen, n), "check %s comes after %s, which it needs", info.Name, n)
		}
		seen = append(seen, info.Name)
	}
	if t.Parser == nil {
		t.Parser = reader.NewParser("")
	}
	return &Runner{trees: t.Trees, parser: t.Parser, exec: t.Exec, cache: t.Cache, checks: slices.Clone(checks), parallel: max(parallel, 1), watch: oneAtATime(t.Watch)}
}

// oneAtATime gives a function that may be called by several goroutines.
func oneAtATime(watch func(Progress)) func(Progress) {
	if watch == nil {
		return func(Progress) {}
	}
	var mu sync.Mutex
	return func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		watch(p)
	}
}

// Judge gives the evidence on one change. Every check of the runner is in it:
// what did not run is there with the reason. An error means that there is no
// evidence at all: the change could not be read, or ctx ended.
func (r *Runner) Judge(ctx context.Context, req evidence.Request) (evidence.Evidence, error) {
	c, err := r.difference(ctx, req)
	if err != nil {
		return evidence.Evidence{}, err
	}
	j := r.judgement(req, c)
	if j.furnished = r.setUp(ctx, j); ctx.Err() != nil {
		return evidence.Evidence{}, fault.Wrap(fault.Transient, ctx.Err(), "judge %s..%s", req.Base.Tree, req.Head.Tree)
	}
	limit, cancel := context.WithCancel(ctx)
	if req.TimeMS > 0 {
		limit, cancel = context.WithTimeout(ctx, time.Duration(req.TimeMS)*time.Millisecond)
	}
	defer cancel()

	j.start(limit)
	results := j.collect(limit)
	j.kept.write(ctx)
	if err := ctx.Err(); err != nil {
		return evidence.Evidence{}, fault.Wrap(fault.Transient, err, "judge %s..%s", req.Base.Tree, req.Head.Tree)
	}
	ev := evidence.Evidence{
		Schema:   evidence.Schema,
		BaseTree: req.Base.Tree,
		HeadTree: req.Head.Tree,
		Results:  results,
	}
	if j.furnished != nil {
		ev.Results = append([]evidence.Result{*j.furnished}, results...)
	}
	for _, res := range results {
		ev.Sandbox = weaker(ev.Sandbox, res.Sandbox)
	}
	ev.Unconfined = ev.Sandbox == job.LevelOff && req.Sandbox != job.LevelOff
	return ev, nil
}

func (r *Runner) difference(ctx context.Context, req evidence.Request) (change.Change, error) {
	if req.Base.Tree == "" || req.Head.Tree == "" {
		return change.Change{}, fault.New(fault.Invalid, "judge %q..%q: both trees are needed", req.Base.Tree, req.Head.Tree)
	}
	var c change.Change
	if req.Base.Tree != req.Head.Tree {
		var err error
		if c, err = r.trees.Diff(ctx, req.Base.Tree, req.Head.Tree); err != nil {
			return c, fault.Wrap(fault.Internal, err, "read the change %s..%s", req.Base.Tree, req.Head.Tree)
		}
	}
	c.Base, c.Head = req.Base, req.Head
	return c, nil
}

// judgement is one call of Judge: a goroutine per check, each of which leaves
// its result in its slot and then closes done.
type judgement struct {
	runner  *Runner
	req     evidence.Request
	facts   *facts
	kept    *kept
	slots   chan struct{} // one for each check that may run
	running chan struct{} // held by the one check that executes code
	tasks   []*task

	furnished *evidence.Result // of setting up the trees; nil when there is nothing to set up
}

type task struct {
	check  Check
	info   Info
	needs  []*task
	done   chan struct{}
	result evidence.Result // valid once done is closed
}

func (r *Runner) judgement(req evidence.Request, c change.Change) *judgement {
	return &judgement{
		runner: r, req: req, facts: newFacts(r.trees, r.parser, c),
		kept:    newKept(r.cache, c),
		slots:   make(chan struct{}, r.parallel),
		running: make(chan struct{}, 1),
	}
}

// start begins every check.
func (j *judgement) start(ctx context.Context) {
	for _, ch := range j.runner.checks {
		t := &task{check: ch, info: ch.Info(), done: make(chan struct{})}
		for _, earlier := range j.tasks {
			if slices.Contains(t.info.Needs, earlier.info.Name) {
				t.needs = append(t.needs, earlier)
			}
		}
		j.tasks = append(j.tasks, t)
	}
	for _, t := range j.tasks {
		go func() {
			defer close(t.done)
			t.result = j.perform(ctx, t)
		}()
	}
}

// collect waits for all results. When the time is over it waits a little
// longer for checks to stop, and then goes on without the ones that do not.
func (j *judgement) collect(ctx context.Context) []evidence.Result {
	expired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(grace, func() { close(expired) })
	})
	defer stop()
	results := make([]evidence.Result, len(j.tasks))
	for i, t := range j.tasks {
		select {
		case <-t.done:
		case <-expired:
		}
		select {
		case <-t.done:
			results[i] = t.result
		default:
			results[i] = settle(t.info, j.late("it did not stop when the time for all checks was over"))
		}
	}
	return results
}

// perform brings one check from waiting to its result. Whatever ends after
// the time limit is a timeout: its commands may have been killed, so what it
// says cannot be trusted.
func (j *judgement) perform(ctx context.Context, t *task) evidence.Result {
	started := time.Now()
	res, begun := j.attempt(ctx, t)
	if ctx.Err() != nil {
		why := "the time for all checks was over before it began"
		if begun {
			why = "the time for all checks was over while it ran"
		}
		res = j.late(why)
	}
	if !res.Cached {
		res.DurationMS = time.Since(started).Milliseconds()
	}
	res = settle(t.info, res)
	j.runner.watch(Progress{t.info.Name, &res})
	return res
}

func (j *judgement) late(why string) evidence.Result {
	limit := time.Duration(j.req.TimeMS) * time.Millisecond
	return evidence.Result{Status: evidence.TimedOut, Why: why + " (" + limit.String() + ")"}
}

// attempt gives a check's result, and whether it got as far as running. A
// check that panics could not run; it does not take the others with it.
func (j *judgement) attempt(ctx context.Context, t *task) (res evidence.Result, begun bool) {
	defer func() {
		if p := recover(); p != nil {
			res, begun = CouldNot("the check broke: %v", p), true
		}
	}()
	if why := t.check.Applies(j.req); why != "" {
		return Skip("%s", why), false
	}
	for _, n := range t.needs {
		select {
		case <-n.done:
		case <-ctx.Done():
			return res, false
		}
		// A need that could not run says nothing about the change, so this
		// check still may.
		if stops(n.result) {
			return Skip("%s failed", n.info.Name), false
		}
	}
	if res, ok := j.unfurnished(t.info.Kind); ok {
		return res, false
	}
	key, err := j.key(ctx, t)
	if err != nil {
		return CouldNot("what its result depends on could not be read: %v", err), true
	}
	if res, ok := j.kept.recall(ctx, key, t.info); ok {
		return j.restore(res), true
	}
	leave, ok := j.enter(ctx, t.info.Kind)
	if !ok {
		return res, false
	}
	defer leave()
	j.runner.watch(Progress{Check: t.info.Name})
	res = settle(t.info, j.runOne(ctx, t.check))
	if ctx.Err() == nil {
		j.kept.keep(ctx, key, t.info.Kind, j.abstract(res))
	}
	return res, true
}

// stops reports whether the checks that need this result are pointless: the
// check failed with something that blocks, not with something to look at.
func stops(res evidence.Result) bool {
	return res.Status == evidence.Failed && (len(res.Findings) == 0 || hasGate(res.Findings))
}

// enter waits for a place to run in.
func (j *judgement) enter(ctx context.Context, k Kind) (leave func(), ok bool) {
	wanted := []chan struct{}{j.slots}
	if k != Static {
		wanted = []chan struct{}{j.running, j.slots}
	}
	for i, ch := range wanted {
		select {
		case ch <- struct{}{}:
		case <-ctx.Done():
			for _, held := range wanted[:i] {
				<-held
			}
			return nil, false
		}
	}
	return func() {
		for _, held := range wanted {
			<-held
		}
	}, true
}

func (j *judgement) runOne(ctx context.Context, c Check) evidence.Result {
	s := newSubject(j.facts, j.req)
	defer s.Release()
	x := &noting{exec: j.runner.exec, req: j.req}
	res := c.Run(ctx, s, x)
	res.Sandbox = x.weakest()
	return res
}

// settle makes a result fit for the record: named, valid UTF-8, bounded, and
// without contradictions. A gate that nobody can reproduce only locates.
func settle(info Info, res evidence.Result) evidence.Result {
	res.Check, res.Version = info.Name, info.Version
	res.Why = Clip(res.Why, 1<<10)
	asks := false
	findings := slices.Clone(res.Findings)
	for i, f := range findings {
		if f.Level == evidence.Gate && f.Reproduce == "" {
			f.Level = evidence.Locator
		}
		f.Check = info.Name
		f.Path = strings.ToValidUTF8(f.Path, "\uFFFD")
		f.Message = Clip(f.Message, 1<<10)
		f.Detail = Clip(f.Detail, MaxDetail)
		f.Reproduce = strings.ToValidUTF8(f.Reproduce, "\uFFFD")
		if f.Fingerprint == "" {
			f = evidence.NewFinding(f, f.Message)
		}
		findings[i] = f
		asks = asks || f.Level != evidence.Context
	}
	res.Findings = findings
	res.NotRun = slices.Clone(res.NotRun)
	for i, why := range res.NotRun {
		res.NotRun[i] = Clip(why, 1<<10)
	}
	switch {
	case res.Status == "":
		res.Status, res.Why = evidence.CouldNot, "the check gave no status"
	case asks && (res.Status == evidence.Passed || res.Status == evidence.Skipped):
		res.Status, res.Why = evidence.Failed, "it has findings"
	case res.Status != evidence.Passed && res.Why == "":
		res.Why = "no reason given"
	}
	return res
}
