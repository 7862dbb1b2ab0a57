package check_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/core/setup"
)

// furnisher sets trees up as it is told: fails says, for each call of SetUp by
// tree ("base", "head", "again"), whether the commands fail.
type furnisher struct {
	*checktest.Trees
	fails map[string][]bool
	calls []string
	key   map[string]string
	err   error
	stamp string
	lease []check.WantSetUp
}

func (f *furnisher) SetUp(_ context.Context, w check.WantSetUp) (string, *setup.Failure, error) {
	name := w.Tree
	if w.Again {
		name = "again"
	}
	f.calls = append(f.calls, name)
	if f.err != nil {
		return "", nil, f.err
	}
	if next := f.fails[name]; len(next) > 0 {
		f.fails[name] = next[1:]
		if next[0] {
			return f.key[w.Tree], &setup.Failure{Command: "npm ci", Why: "it ended with exit code 1", Tail: "missing: left-pad\n"}, nil
		}
	}
	return f.key[w.Tree], nil, nil
}

func (f *furnisher) LeaseSetUp(ctx context.Context, w check.WantSetUp) (string, func(), error) {
	f.lease = append(f.lease, w)
	return f.Lease(ctx, w.Tree)
}

func (f *furnisher) Stamp(setup.Spec) string { return f.stamp }

func TestSetUp(t *testing.T) {
	spec := setup.Spec{Run: []plan.Command{{Argv: []string{"npm", "ci"}}, {Shell: "make deps"}}}
	stub := []check.Check{
		checktest.Stub{Name: "reads", Kind: check.Static},
		checktest.Stub{Name: "runs", Kind: check.Running, Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
			if _, err := s.Head(ctx); err != nil {
				return check.CouldNot("%v", err)
			}
			return check.Judged(nil)
		}},
	}
	for _, c := range []struct {
		name     string
		fails    map[string][]bool
		sameKey  bool
		err      error
		statuses string
		calls    string
		says     string
	}{
		{"both pass", nil, false, nil, "setup=passed reads=passed runs=passed", "base head", ""},
		{
			"the change breaks it",
			map[string][]bool{"head": {true, true}},
			false, nil, "setup=failed reads=passed runs=skipped", "base head again head",
			"The set-up command npm ci fails with this change's package.json (it ended with exit code 1) and passes on the base.",
		},
		{"it fails once only", map[string][]bool{"head": {true, false}}, false, nil, "setup=passed reads=passed runs=passed", "base head again head", "failed once and passed"},
		{"the registry is down: the base fails now too", map[string][]bool{"head": {true}, "again": {true}}, false, nil, "setup=error reads=passed runs=error", "base head again", "on the base too, when it was made anew"},
		{"the base fails as well", map[string][]bool{"base": {true}, "head": {true}}, false, nil, "setup=error reads=passed runs=error", "base head", "on the base too, so it is no fault of the change"},
		{"the change mends it", map[string][]bool{"base": {true}}, false, nil, "setup=passed reads=passed runs=passed", "base head", "the base could not be set up"},
		{"the same lockfiles", map[string][]bool{"head": {true}}, true, nil, "setup=error reads=passed runs=error", "base head", "npm ci failed"},
		{"no disk", nil, false, errors.New("disk full"), "setup=error reads=passed runs=error", "base", "disk full"},
	} {
		t.Run(c.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": {"package.json": "1\n", "a.js": "1\n"}, "head": {"package.json": "2\n", "a.js": "2\n"}})
			f := &furnisher{Trees: trees, fails: c.fails, key: map[string]string{"base": "k1", "head": "k2"}, err: c.err}
			if c.sameKey {
				f.key["head"] = "k1"
			}
			req := checktest.Request(evidence.OfTask)
			req.SetUp = spec
			e := judge(t, check.New(check.Tools{Trees: f}, stub, 2), req)
			if got := statuses(e); got != c.statuses {
				t.Errorf("got %s, want %s", got, c.statuses)
			}
			if got := strings.Join(f.calls, " "); got != c.calls {
				t.Errorf("calls %s, want %s", got, c.calls)
			}
			r := e.Results[0]
			text := r.Why + strings.Join(r.NotRun, "")
			for _, x := range r.Findings {
				text += x.Message
				if x.Level != evidence.Gate || x.Path != "package.json" || x.Reproduce != "npm ci && make deps" || x.Detail != "missing: left-pad\n" || x.Fingerprint == "" {
					t.Errorf("%+v", x)
				}
			}
			if !strings.Contains(text, c.says) || len(r.Findings) > 1 {
				t.Errorf("it says %q, want %q", text, c.says)
			}
			for _, w := range f.lease {
				if w.Trusted != (w.Tree == "base") || len(w.Spec.Run) != 2 {
					t.Errorf("leased %+v", w)
				}
			}
		})
	}
}

// Without set-up commands, or without anything that runs code, there is no
// such result; files alone are placed all the same.
func TestNothingToSetUp(t *testing.T) {
	running := []check.Check{checktest.Stub{Name: "runs", Kind: check.Running, Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
		_, err := s.Base(ctx)
		if err != nil {
			return check.CouldNot("%v", err)
		}
		return check.Judged(nil)
	}}}
	static := []check.Check{checktest.Stub{Name: "reads", Kind: check.Static}}
	commands := setup.Spec{Run: []plan.Command{{Shell: "x"}}}
	for _, c := range []struct {
		checks []check.Check
		spec   setup.Spec
		want   string
		leased int
	}{
		{running, setup.Spec{}, "runs=passed", 0},
		{running, setup.Spec{Copy: []string{".env"}}, "runs=passed", 1},
		{static, commands, "reads=passed", 0},
		{running, commands, "setup=passed runs=passed", 1},
	} {
		f := &furnisher{Trees: twoTrees(t), key: map[string]string{}}
		req := checktest.Request(evidence.OfTask)
		req.SetUp = c.spec
		if got := statuses(judge(t, check.New(check.Tools{Trees: f}, c.checks, 1), req)); got != c.want || len(f.lease) != c.leased {
			t.Errorf("%+v: got %s and %d leases, want %s and %d", c.spec, got, len(f.lease), c.want, c.leased)
		}
	}
}

// A result that depends on what was set up is kept under it.
func TestSetUpIsPartOfTheKey(t *testing.T) {
	ran := 0
	checks := []check.Check{
		checktest.Stub{Name: "runs", Kind: check.Running, Do: func(context.Context, *check.Subject, check.Exec) evidence.Result { ran++; return check.Judged(nil) }},
	}
	cache := &checktest.Cache{}
	f := &furnisher{Trees: twoTrees(t), key: map[string]string{}, stamp: "node 22"}
	r := check.New(check.Tools{Trees: f, Cache: cache}, checks, 1)
	req := checktest.Request(evidence.OfTask)
	for _, c := range []struct {
		spec  setup.Spec
		stamp string
		want  int
	}{
		{setup.Spec{}, "node 22", 1},
		{setup.Spec{}, "node 23", 1},
		{setup.Spec{Copy: []string{".env"}}, "node 22", 2},
		{setup.Spec{Copy: []string{".env"}}, "node 22", 2},
		{setup.Spec{Copy: []string{".env"}}, "node 23", 3},
		{setup.Spec{Link: []string{".env"}}, "node 23", 4},
	} {
		req.SetUp, f.stamp = c.spec, c.stamp
		if judge(t, r, req); ran != c.want {
			t.Errorf("%+v, %s: ran %d times, want %d", c.spec, c.stamp, ran, c.want)
		}
	}
}
