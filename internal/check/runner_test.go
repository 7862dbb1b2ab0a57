package check_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

type do = func(context.Context, *check.Subject, check.Exec) evidence.Result

func gate(message string) evidence.Finding {
	return evidence.NewFinding(evidence.Finding{Level: evidence.Gate, Grade: evidence.Observed, Message: message, Reproduce: "true"}, message)
}

func gives(r evidence.Result) do {
	return func(context.Context, *check.Subject, check.Exec) evidence.Result { return r }
}

func twoTrees(t *testing.T) *checktest.Trees {
	return checktest.New(t, map[string]checktest.Files{"base": {"a": "1\n"}, "head": {"a": "2\n"}})
}

func judge(t *testing.T, r *check.Runner, req evidence.Request) evidence.Evidence {
	t.Helper()
	e, err := r.Judge(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func statuses(e evidence.Evidence) string {
	var out []string
	for _, r := range e.Results {
		out = append(out, r.Check+"="+string(r.Status))
	}
	return strings.Join(out, " ")
}

func TestEvidenceNamesTheChangeAndEveryCheckInOrder(t *testing.T) {
	second := make(chan struct{})
	checks := []check.Check{
		checktest.Stub{Name: "one", Kind: check.Static, Do: func(context.Context, *check.Subject, check.Exec) evidence.Result {
			<-second // ends last
			return check.Judged(nil)
		}},
		checktest.Stub{Name: "two", Kind: check.Static, Do: func(context.Context, *check.Subject, check.Exec) evidence.Result {
			close(second)
			return check.Judged([]evidence.Finding{gate("no")})
		}},
		checktest.Stub{Name: "three", Skip: "nothing to see"},
	}
	e := judge(t, check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: nil}, checks, 2), checktest.Request(evidence.OfTask))
	if got, want := statuses(e), "one=passed two=failed three=skipped"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if e.BaseTree != "base" || e.HeadTree != "head" || e.Schema != evidence.Schema || e.Results[2].Why != "nothing to see" || e.Results[1].Findings[0].Check != "two" {
		t.Errorf("%+v", e)
	}
}

func TestNeeds(t *testing.T) {
	locator := evidence.NewFinding(evidence.Finding{Level: evidence.Locator, Message: "look"}, "")
	for _, tt := range []struct {
		name  string
		first evidence.Result
		want  string
	}{
		{"passed", check.Judged(nil), "build=passed after=passed"},
		{"failed", check.Judged([]evidence.Finding{gate("no")}), "build=failed after=skipped"},
		{"failed without findings", evidence.Result{Status: evidence.Failed}, "build=failed after=skipped"},
		{"only points", check.Judged([]evidence.Finding{locator}), "build=failed after=passed"},
		{"skipped", check.Skip("nothing to build"), "build=skipped after=passed"},
		{"could not run", check.CouldNot("no compiler"), "build=error after=passed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checks := []check.Check{
				checktest.Stub{Name: "build", Do: gives(tt.first)},
				checktest.Stub{Name: "after", Needs: []string{"build"}},
			}
			cache := &checktest.Cache{}
			e := judge(t, check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: cache}, checks, 2), checktest.Request(evidence.OfTask))
			if got := statuses(e); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if e.Results[1].Status == evidence.Skipped && e.Results[1].Why != "build failed" {
				t.Errorf("why: %q", e.Results[1].Why)
			}
		})
	}
}

// A check skipped for its need must run once the need passes: that it was
// skipped is not a result of these trees alone.
func TestSkippedForANeedIsNotKept(t *testing.T) {
	first := check.Judged([]evidence.Finding{gate("no")})
	cache := &checktest.Cache{}
	checks := []check.Check{
		checktest.Stub{Name: "build", Do: func(context.Context, *check.Subject, check.Exec) evidence.Result { return first }},
		checktest.Stub{Name: "after", Needs: []string{"build"}},
	}
	r := check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: cache}, checks, 2)
	judge(t, r, checktest.Request(evidence.OfTask))
	if cache.Len() != 1 {
		t.Errorf("%d results kept, want the one of build", cache.Len())
	}
}

func TestCache(t *testing.T) {
	for _, kind := range []check.Kind{check.Static, check.Running} {
		t.Run(string(kind), func(t *testing.T) { testCache(t, kind) })
	}
}

func testCache(t *testing.T, kind check.Kind) {
	var runs atomic.Int64
	status, hurried := evidence.Passed, false
	stub := checktest.Stub{Name: "a", Kind: kind, Do: func(context.Context, *check.Subject, check.Exec) evidence.Result {
		runs.Add(1)
		return evidence.Result{Status: status, Why: "w", Hurried: hurried}
	}}
	ran := func(r *check.Runner, req evidence.Request) (evidence.Result, bool) {
		before := runs.Load()
		e := judge(t, r, req)
		return e.Results[0], runs.Load() != before
	}
	req := checktest.Request(evidence.OfTask)
	for _, keeps := range []evidence.Status{evidence.Passed, evidence.Failed, evidence.Skipped} {
		status = keeps
		r := check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: &checktest.Cache{}}, []check.Check{stub}, 1)
		if first, ran := ran(r, req); !ran || first.Cached || first.Status != keeps {
			t.Errorf("%s: first %+v, ran %v", keeps, first, ran)
		}
		if second, ran := ran(r, req); ran || !second.Cached || second.Status != keeps {
			t.Errorf("%s: second %+v, ran %v", keeps, second, ran)
		}
		merge := req
		merge.Subject = evidence.OfMerge
		if _, ran := ran(r, merge); ran {
			t.Errorf("%s: the same trees and settings ran again for a merge", keeps)
		}
		other := req
		other.Env = []string{"A=1"}
		if _, ran := ran(r, other); !ran {
			t.Errorf("%s: other settings took the kept result", keeps)
		}
		back := req
		back.Base, back.Head = back.Head, back.Base
		if _, ran := ran(r, back); !ran {
			t.Errorf("%s: other trees took the kept result", keeps)
		}
	}
	for _, drops := range []evidence.Status{evidence.CouldNot, evidence.TimedOut, evidence.Flaky, "hurried"} {
		if status, hurried = drops, false; drops == "hurried" {
			status, hurried = evidence.Passed, true
		}
		r := check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: &checktest.Cache{}}, []check.Check{stub}, 1)
		ran(r, req)
		if got, ran := ran(r, req); !ran || got.Cached {
			t.Errorf("%s was kept", drops)
		}
	}
}

// Results of static checks are one value, and those of others one each.
func TestKeptTogether(t *testing.T) {
	cache := &checktest.Cache{}
	checks := []check.Check{
		checktest.Stub{Name: "a", Kind: check.Static},
		checktest.Stub{Name: "b", Kind: check.Static},
		checktest.Stub{Name: "c", Kind: check.Running},
		checktest.Stub{Name: "d", Kind: check.Running},
	}
	r := check.New(check.Tools{Trees: twoTrees(t), Cache: cache}, checks, 2)
	judge(t, r, checktest.Request(evidence.OfTask))
	if cache.Len() != 3 {
		t.Errorf("%d values", cache.Len())
	}
	for _, res := range judge(t, r, checktest.Request(evidence.OfTask)).Results {
		if !res.Cached {
			t.Errorf("%s ran again", res.Check)
		}
	}
	// One that is new joins those that are kept.
	checks = append(checks, checktest.Stub{Name: "e", Kind: check.Static})
	r = check.New(check.Tools{Trees: twoTrees(t), Cache: cache}, checks, 2)
	judge(t, r, checktest.Request(evidence.OfTask))
	for _, res := range judge(t, r, checktest.Request(evidence.OfTask)).Results {
		if !res.Cached {
			t.Errorf("%s ran again", res.Check)
		}
	}
}

func TestABadCacheCostsOnlyTime(t *testing.T) {
	for _, kind := range []check.Kind{check.Static, check.Running} {
		t.Run(string(kind), func(t *testing.T) { testBadCache(t, kind) })
	}
}

// spoilt gives a result as the cache holds it, under any key.
func spoilt(kind check.Kind, c *checktest.Cache, result string) {
	if kind == check.Static {
		c.Replace(regexp.MustCompile(`"result":\{.*\}`), `"result":`+result+`}}`)
		return
	}
	c.Spoil(result)
}

func testBadCache(t *testing.T, kind check.Kind) {
	for name, spoil := range map[string]func(*checktest.Cache){
		"fails":          func(c *checktest.Cache) { c.Err = errors.New("disk full") },
		"not JSON":       func(c *checktest.Cache) { c.Spoil("{") },
		"nothing":        func(c *checktest.Cache) { c.Spoil("null") },
		"another check":  func(c *checktest.Cache) { spoilt(kind, c, `{"name":"b","version":"1","status":"passed"}`) },
		"other version":  func(c *checktest.Cache) { spoilt(kind, c, `{"name":"a","version":"0","status":"passed"}`) },
		"not to be kept": func(c *checktest.Cache) { spoilt(kind, c, `{"name":"a","version":"1","status":"error"}`) },
		"no status":      func(c *checktest.Cache) { spoilt(kind, c, `{"name":"a","version":"1"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			var runs atomic.Int64
			cache := &checktest.Cache{}
			r := check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: cache}, []check.Check{checktest.Stub{Name: "a", Kind: kind, Do: func(context.Context, *check.Subject, check.Exec) evidence.Result {
				runs.Add(1)
				return check.Judged([]evidence.Finding{gate("no")})
			}}}, 1)
			judge(t, r, checktest.Request(evidence.OfTask))
			spoil(cache)
			e := judge(t, r, checktest.Request(evidence.OfTask))
			if runs.Load() != 2 || statuses(e) != "a=failed" || e.Results[0].Cached {
				t.Errorf("%d runs, %+v", runs.Load(), e.Results[0])
			}
		})
	}
}

func TestPanicIsThatCheckAlone(t *testing.T) {
	checks := []check.Check{
		checktest.Stub{Name: "a", Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
			if _, err := s.Head(ctx); err != nil {
				t.Error(err)
			}
			panic("index out of range")
		}},
		checktest.Stub{Name: "b"},
		panicking{},
	}
	e := judge(t, check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: nil}, checks, 1), checktest.Request(evidence.OfTask))
	if got := statuses(e); got != "a=error b=passed settings=error" || !strings.Contains(e.Results[0].Why, "index out of range") {
		t.Errorf("%s: %s", got, e.Results[0].Why)
	}
}

type panicking struct{ checktest.Stub }

func (panicking) Info() check.Info              { return check.Info{Name: "settings", Version: "1"} }
func (panicking) Settings(evidence.Request) any { return func() {} }

func TestTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blocks := func(ctx context.Context, _ *check.Subject, _ check.Exec) evidence.Result {
			<-ctx.Done()
			return check.Judged(nil) // what it says after the limit cannot be trusted
		}
		checks := []check.Check{
			checktest.Stub{Name: "quick", Kind: check.Static},
			checktest.Stub{Name: "slow", Kind: check.Running, Do: blocks},
			checktest.Stub{Name: "behind", Kind: check.Running, Needs: []string{"slow"}},
			checktest.Stub{Name: "after", Needs: []string{"slow"}},
		}
		req := checktest.Request(evidence.OfTask)
		req.TimeMS = 60_000
		cache := &checktest.Cache{}
		began := time.Now()
		e := judge(t, check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: cache}, checks, 2), req)
		if got := statuses(e); got != "quick=passed slow=timeout behind=timeout after=timeout" {
			t.Errorf("got %s", got)
		}
		if !strings.Contains(e.Results[1].Why, "while it ran (1m0s)") || !strings.Contains(e.Results[2].Why, "before it began (1m0s)") {
			t.Errorf("%q, %q", e.Results[1].Why, e.Results[2].Why)
		}
		if cache.Len() != 1 {
			t.Errorf("%d results kept, want that of quick", cache.Len())
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestACheckThatDoesNotStopIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		checks := []check.Check{
			checktest.Stub{Name: "deaf", Do: func(context.Context, *check.Subject, check.Exec) evidence.Result {
				<-never
				return check.Judged(nil)
			}},
			checktest.Stub{Name: "quick", Kind: check.Static},
		}
		req := checktest.Request(evidence.OfTask)
		req.TimeMS = 1000
		e := judge(t, check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: nil}, checks, 2), req)
		if got := statuses(e); got != "deaf=timeout quick=passed" || !strings.Contains(e.Results[0].Why, "did not stop") {
			t.Errorf("got %s: %s", got, e.Results[0].Why)
		}
		close(never)
		synctest.Wait()
	})
}

func TestCancelledGivesNoEvidence(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	checks := []check.Check{checktest.Stub{Name: "a", Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
		if _, err := s.Head(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		<-ctx.Done()
		return check.Judged(nil)
	}}}
	cache := &checktest.Cache{}
	trees := twoTrees(t)
	e, err := check.New(check.Tools{Trees: trees, Exec: nil, Cache: cache}, checks, 1).Judge(ctx, checktest.Request(evidence.OfTask))
	if !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Transient || e.Results != nil || cache.Len() != 0 {
		t.Errorf("%v, %+v, %d kept", err, e, cache.Len())
	}
	if trees.Held() != 0 {
		t.Error("a folder is still leased")
	}
}

func TestUnreadableChangeGivesNoEvidence(t *testing.T) {
	trees := twoTrees(t)
	r := check.New(check.Tools{Trees: trees, Exec: nil, Cache: nil}, []check.Check{checktest.Stub{Name: "a"}}, 1)
	if _, err := r.Judge(t.Context(), evidence.Request{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without trees: %v", err)
	}
	trees.Err = fault.New(fault.NotFound, "no such tree")
	if _, err := r.Judge(t.Context(), checktest.Request(evidence.OfTask)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("unreadable: %v", err)
	}
}

// One check at a time executes code; those that only read run beside it.
func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := map[check.Kind]int{}, map[check.Kind]int{}
		work := func(k check.Kind) do {
			return func(context.Context, *check.Subject, check.Exec) evidence.Result {
				mu.Lock()
				now[k]++
				now["all"]++
				most[k], most["all"] = max(most[k], now[k]), max(most["all"], now["all"])
				mu.Unlock()
				time.Sleep(time.Second) // of the bubble's clock: nobody waits
				mu.Lock()
				now[k]--
				now["all"]--
				mu.Unlock()
				return check.Judged(nil)
			}
		}
		var checks []check.Check
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			checks = append(checks, checktest.Stub{Name: name, Kind: check.Static, Do: work(check.Static)})
		}
		for _, name := range []string{"x", "y", "z"} {
			checks = append(checks, checktest.Stub{Name: name, Kind: check.Running, Do: work(check.Running)})
		}
		judge(t, check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: nil}, checks, 3), checktest.Request(evidence.OfTask))
		if most[check.Running] != 1 || most["all"] != 3 {
			t.Errorf("at once: %v", most)
		}
	})
}

func TestSandboxIsTheWeakestInForce(t *testing.T) {
	levels := func(levels ...string) check.Check {
		return checktest.Stub{Name: strings.Join(append(levels, "x"), "-"), Do: func(ctx context.Context, _ *check.Subject, x check.Exec) evidence.Result {
			for _, l := range levels {
				if _, err := x.Run(ctx, job.Command{Stdin: l}); err != nil {
					t.Error(err)
				}
			}
			return check.Judged(nil)
		}}
	}
	exec := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) { return job.Output{Sandbox: c.Stdin}, nil })
	for _, tt := range []struct {
		checks []check.Check
		want   string
	}{
		{[]check.Check{levels()}, ""},
		{[]check.Check{levels("strict", "standard")}, "standard"},
		{[]check.Check{levels("strict"), levels("off", "strict"), levels()}, "off"},
		{[]check.Check{levels("strict", "made up")}, "made up"},
	} {
		cache := &checktest.Cache{}
		r := check.New(check.Tools{Trees: twoTrees(t), Exec: exec, Cache: cache}, tt.checks, 1)
		for range 2 { // run, and recalled
			if e := judge(t, r, checktest.Request(evidence.OfTask)); e.Sandbox != tt.want || e.Unconfined != (tt.want == "off") {
				t.Errorf("%s: sandbox %q, unconfined %v, want %q", statuses(e), e.Sandbox, e.Unconfined, tt.want)
			}
			declined := checktest.Request(evidence.OfTask)
			declined.Sandbox = "off"
			if e := judge(t, r, declined); e.Sandbox != tt.want || e.Unconfined {
				t.Errorf("%s: declined: sandbox %q, unconfined %v", statuses(e), e.Sandbox, e.Unconfined)
			}
		}
	}
}

func TestResultsAreMadeFitForTheRecord(t *testing.T) {
	noCommand := gate("no reproduction")
	noCommand.Reproduce = ""
	wild := evidence.Finding{Check: "another", Level: evidence.Gate, Message: "m\xff", Reproduce: "r", Path: "p\xff", Detail: strings.Repeat("é", 20<<10)}
	for _, tt := range []struct {
		name   string
		give   evidence.Result
		status evidence.Status
		level  evidence.Level
	}{
		{"a gate without reproduction locates", check.Judged([]evidence.Finding{noCommand}), evidence.Failed, evidence.Locator},
		{"passed with a finding is failed", evidence.Result{Status: evidence.Passed, Findings: []evidence.Finding{gate("g")}}, evidence.Failed, evidence.Gate},
		{"skipped with a finding is failed", evidence.Result{Status: evidence.Skipped, Findings: []evidence.Finding{gate("g")}}, evidence.Failed, evidence.Gate},
		{"no status", evidence.Result{Findings: []evidence.Finding{gate("g")}}, evidence.CouldNot, evidence.Gate},
		{"bounded and named", check.Judged([]evidence.Finding{wild}), evidence.Failed, evidence.Gate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := check.New(check.Tools{Trees: twoTrees(t), Exec: nil, Cache: nil}, []check.Check{checktest.Stub{Name: "a", Do: gives(tt.give)}}, 1)
			got := judge(t, r, checktest.Request(evidence.OfTask)).Results[0]
			f := got.Findings[0]
			if got.Status != tt.status || f.Level != tt.level || got.Why == "" {
				t.Errorf("%s %s %q", got.Status, f.Level, got.Why)
			}
			if f.Check != "a" || f.Fingerprint == "" || f.ID == "" || len(f.Detail) > check.MaxDetail || strings.Contains(f.Message+f.Path, "\xff") {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestSubjectLeasesOnceAndLate(t *testing.T) {
	trees := twoTrees(t)
	r := check.New(check.Tools{Trees: trees, Exec: nil, Cache: nil}, []check.Check{checktest.Stub{Name: "a", Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
		if trees.Held() != 0 {
			t.Error("a folder was leased before it was asked for")
		}
		one, err1 := s.Head(ctx)
		two, err2 := s.Head(ctx)
		base, err3 := s.Base(ctx)
		if one != two || one == base || errors.Join(err1, err2, err3) != nil || trees.Held() != 2 {
			t.Errorf("%q %q %q, %d held", one, two, base, trees.Held())
		}
		return check.Judged(nil)
	}}}, 1)
	judge(t, r, checktest.Request(evidence.OfTask))
}

func TestAWrongListOfChecksIsRefused(t *testing.T) {
	for name, checks := range map[string][]check.Check{
		"twice":      {checktest.Stub{Name: "a"}, checktest.Stub{Name: "a"}},
		"no name":    {checktest.Stub{}},
		"need later": {checktest.Stub{Name: "a", Needs: []string{"b"}}, checktest.Stub{Name: "b"}},
		"needs self": {checktest.Stub{Name: "a", Needs: []string{"a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, ok := recover().(fault.Broken); !ok {
					t.Error("it was taken")
				}
			}()
			check.New(check.Tools{Trees: nil, Exec: nil, Cache: nil}, slices.Clone(checks), 1)
		})
	}
}
