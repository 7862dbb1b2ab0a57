package checktest

import (
	"context"
	"regexp"
	"slices"
	"sync"
	"testing"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/source/reader"
)

// parser is the one that all tests of a program share: to start one takes
// longer than most tests.
var parser = sync.OnceValue(func() *reader.Parser { return reader.NewParser("") }) //nolint:gochecknoglobals // see above; it never changes

// Request asks to judge the trees "base" and "head".
func Request(s evidence.Subject) evidence.Request {
	return evidence.Request{Subject: s, Base: change.Point{Tree: "base"}, Head: change.Point{Tree: "head"}}
}

// Run judges with one check, through a runner as in production. Checks that
// it needs are stood in for by ones that pass.
func Run(t testing.TB, c check.Check, trees check.Trees, x check.Exec, req evidence.Request) evidence.Result {
	t.Helper()
	var checks []check.Check
	for _, need := range c.Info().Needs {
		checks = append(checks, Stub{Name: need})
	}
	e, err := check.New(check.Tools{Trees: trees, Parser: parser(), Exec: x}, append(checks, c), 2).Judge(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return e.Results[len(checks)]
}

// Stub is a check that does what it is told. Without a function it passes.
type Stub struct {
	Name  string
	Kind  check.Kind
	Needs []string
	Skip  string
	Do    func(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result
}

// Info describes the stub.
func (s Stub) Info() check.Info {
	return check.Info{Name: s.Name, Version: "1", Kind: s.Kind, Needs: s.Needs}
}

// Applies gives what Skip holds.
func (s Stub) Applies(evidence.Request) string { return s.Skip }

// Settings are the request's environment.
func (s Stub) Settings(req evidence.Request) any { return req.Env }

// Run calls Do.
func (s Stub) Run(ctx context.Context, sub *check.Subject, x check.Exec) evidence.Result {
	if s.Do == nil {
		return check.Judged(nil)
	}
	return s.Do(ctx, sub, x)
}

// ExecFunc is an executor that answers from a function.
type ExecFunc func(ctx context.Context, c job.Command) (job.Output, error)

// Run calls the function.
func (f ExecFunc) Run(ctx context.Context, c job.Command) (job.Output, error) { return f(ctx, c) }

// NoExec fails the test when a command is run.
func NoExec(t testing.TB) check.Exec {
	return ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		t.Errorf("a command was run: %q %s", c.Argv, c.Shell)
		return job.Output{}, nil
	})
}

// Cache keeps results in memory.
type Cache struct {
	mu     sync.Mutex
	values map[string][]byte

	// Err, when set, is what every call fails with.
	Err error
}

// Result gives a kept value.
func (c *Cache) Result(_ context.Context, key string) ([]byte, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[key]
	return slices.Clone(v), ok, c.Err
}

// PutResult keeps a value.
func (c *Cache) PutResult(_ context.Context, key string, value []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil {
		c.values = map[string][]byte{}
	}
	c.values[key] = slices.Clone(value)
	return c.Err
}

// Spoil replaces every kept value.
func (c *Cache) Spoil(value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.values {
		c.values[k] = []byte(value)
	}
}

// Replace replaces a part of every kept value.
func (c *Cache) Replace(part *regexp.Regexp, by string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range c.values {
		c.values[k] = part.ReplaceAllLiteral(v, []byte(by))
	}
}

// Len gives the number of kept values.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.values)
}

// Rules gives the rule of each finding, in order.
func Rules(r evidence.Result) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Rule)
	}
	return out
}

// WantSettings fails the test unless the check's settings differ between a
// request and each of the others: results are kept under them.
func WantSettings(t testing.TB, c check.Check, req evidence.Request, others ...evidence.Request) {
	t.Helper()
	key := func(r evidence.Request) string { return evidence.Key("", "", "", "", c.Settings(r)) }
	for i, other := range others {
		if key(req) == key(other) {
			t.Errorf("request %d of %d has the settings of the first", i+1, len(others))
		}
	}
}
