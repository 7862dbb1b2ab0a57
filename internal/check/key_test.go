package check_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// reader is a stub that says what it reads.
type reader struct {
	checktest.Stub
	reads check.Reads
}

func (r reader) Info() check.Info {
	i := r.Stub.Info()
	i.Reads = r.reads
	return i
}

// keyed is a stub with inputs of its own.
type keyed struct {
	checktest.Stub
	inputs func() (any, error)
}

func (k keyed) Inputs(context.Context, *check.Subject) (any, error) { return k.inputs() }

// moved holds the same change of a.txt twice, the second time on top of
// another commit.
func moved(t *testing.T) *checktest.Trees {
	return checktest.New(t, map[string]checktest.Files{
		"base": {"a.txt": "1\n"}, "head": {"a.txt": "2\n"},
		"base2": {"a.txt": "1\n", "b.txt": "x\n"}, "head2": {"a.txt": "2\n", "b.txt": "x\n"},
		"head3": {"a.txt": "3\n", "b.txt": "x\n"},
	})
}

func request(base, head string) evidence.Request {
	return evidence.Request{Subject: evidence.OfTask, Base: change.Point{Tree: base}, Head: change.Point{Tree: head}}
}

func TestAResultIsUsedAgainWhenWhatItReadsIsTheSame(t *testing.T) {
	finds := func(_ context.Context, s *check.Subject, _ check.Exec) evidence.Result {
		return check.Judged([]evidence.Finding{{Level: evidence.Gate, Message: "m", Reproduce: "git diff " + s.Request.Base.Tree + " " + s.Request.Head.Tree}})
	}
	stub := checktest.Stub{Name: "a", Do: finds}
	for _, tt := range []struct {
		name         string
		check        check.Check
		moved, other bool // kept for the same change elsewhere, and for another change
	}{
		{"whole trees", stub, false, false},
		{"changed files", reader{stub, check.ChangedFiles}, true, false},
		{"inputs", keyed{stub, func() (any, error) { return 1, nil }}, true, true},
		{"no inputs", keyed{stub, func() (any, error) { return nil, nil }}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := check.New(check.Tools{Trees: moved(t), Cache: &checktest.Cache{}}, []check.Check{tt.check}, 1)
			first := judge(t, r, request("base", "head")).Results[0]
			again := judge(t, r, request("base2", "head2")).Results[0]
			other := judge(t, r, request("base2", "head3")).Results[0]
			if first.Cached || again.Cached != tt.moved || other.Cached != tt.other {
				t.Errorf("cached: %v, %v, %v", first.Cached, again.Cached, other.Cached)
			}
			if got := again.Findings[0].Reproduce; got != "git diff base2 head2" {
				t.Errorf("reproduce %q", got)
			}
		})
	}
}

func TestACheckWhoseInputsCannotBeReadCouldNotRun(t *testing.T) {
	k := keyed{checktest.Stub{Name: "a"}, func() (any, error) { return nil, errors.New("no disk") }}
	got := judge(t, check.New(check.Tools{Trees: moved(t)}, []check.Check{k}, 1), request("base", "head")).Results[0]
	if got.Status != evidence.CouldNot || !strings.Contains(got.Why, "no disk") {
		t.Errorf("%+v", got)
	}
}

// Facts are read once in a judgement, whoever asks.
func TestFactsAreShared(t *testing.T) {
	trees := &counting{Trees: moved(t)}
	look := func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
		p, err1 := s.Patch(ctx, "a.txt")
		none, err2 := s.Patch(ctx, "b.txt")
		_, text, found, err3 := s.HeadSource(ctx, "a.txt")
		_, _, missing, err4 := s.BaseSource(ctx, "c.txt")
		list, err5 := s.HeadList(ctx)
		if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
			return check.CouldNot("%v", err)
		}
		if len(p.Added()) != 1 || len(none.Hunks) != 0 || string(text) != "2\n" || !found || missing || len(list) != 2 {
			t.Errorf("%+v %+v %q %v %v %v", p, none, text, found, missing, list)
		}
		return check.Judged(nil)
	}
	checks := []check.Check{checktest.Stub{Name: "a", Do: look}, checktest.Stub{Name: "b", Do: look}}
	for _, res := range judge(t, check.New(check.Tools{Trees: trees}, checks, 2), request("base2", "head2")).Results {
		if res.Status != evidence.Passed {
			t.Errorf("%+v", res)
		}
	}
	if trees.patches != 1 || trees.lists != 1 || trees.reads != 2 {
		t.Errorf("%d patches, %d lists, %d files read", trees.patches, trees.lists, trees.reads)
	}
}

// counting counts what is read. The checks of a runner ask one at a time for
// the same thing, so it needs no lock of its own.
type counting struct {
	*checktest.Trees
	patches, lists, reads, questions int
	blobs                            []string
}

func (c *counting) Patches(ctx context.Context, base, head string) ([]change.Patch, error) {
	c.patches++
	return c.Trees.Patches(ctx, base, head)
}

func (c *counting) List(ctx context.Context, tree string) ([]change.Entry, error) {
	c.lists++
	return c.Trees.List(ctx, tree)
}

func (c *counting) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	c.reads++
	return c.Trees.ReadFile(ctx, tree, path)
}

// What runs code gives a result for the sandbox that it ran in; what only reads
// gives one for all.
func TestAResultIsUsedAgainInTheSameSandbox(t *testing.T) {
	for _, tt := range []struct {
		first, then string
		kind        check.Kind
		want        bool
	}{
		{"", "auto", check.Running, true},
		{"strict", "strict", check.Running, true},
		{"auto", "strict", check.Running, false},
		{"off", "strict", check.Running, false},
		{"", "auto", check.Static, true},
		{"off", "strict", check.Static, true},
	} {
		r := check.New(check.Tools{Trees: twoTrees(t), Cache: &checktest.Cache{}}, []check.Check{checktest.Stub{Name: "a", Kind: tt.kind}}, 1)
		req := checktest.Request(evidence.OfTask)
		req.Sandbox = tt.first
		judge(t, r, req)
		req.Sandbox = tt.then
		if got := judge(t, r, req).Results[0]; got.Cached != tt.want {
			t.Errorf("%s, %q and then %q: used again %v", tt.kind, tt.first, tt.then, got.Cached)
		}
	}
}
