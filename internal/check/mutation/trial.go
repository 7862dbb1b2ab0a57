package mutation

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/internal/check"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/source/mutant"
)

const (
	// A run with a mutant may take so many times as long as without, and so
	// much longer.
	patience = 5
	slack    = 2 * time.Second

	// maxPlain bounds a run without a mutant.
	maxPlain = 5 * time.Minute

	// Tests are told apart when they take longer than this together; below it
	// that would cost more than it saves.
	worthSplitting = time.Second

	// quick tests run first, the others only with what these leave alive.
	quick = 300 * time.Millisecond

	// maxRed tests of a package may fail without a mutant and be left out.
	maxRed = 5

	keepOutput = 256 << 10
)

// trial is the test program of one package.
type trial struct {
	pkg   *listed
	bin   string
	takes time.Duration // without a mutant
	hits  map[int]bool  // mutants that its tests come by
	tests []single      // its tests one by one; nil when they are not told apart
	red   []string      // tests that fail without a mutant, and are left out
}

// role says whether a package's tests are run for mutants of its own.
type role string

const (
	owner role = "owner"
	guest role = "guest"
)

// single is one test of the top level, run alone.
type single struct {
	name  string
	takes time.Duration
	hits  map[int]bool
}

// run goes through the packages whose tests can come by mutants.
func (s *survey) run(ctx context.Context) {
	own, others := s.packages.trials(s.targets)
	for i, p := range slices.Concat(own, others) {
		open := s.openFor(p)
		if len(open) == 0 {
			continue
		}
		switch {
		case ctx.Err() != nil || s.left() <= 0:
			s.leave(open, "the time for mutants was over")
		case i >= len(own)+s.Spread:
			s.partial(open)
		default:
			role := guest
			if i < len(own) {
				role = owner
			}
			s.try(ctx, p, open, role)
		}
	}
	for i := range s.report.Judged {
		if j := &s.report.Judged[i]; j.Outcome == "" {
			j.Outcome = NotCovered
		}
	}
}

// openFor gives the mutants that are part of a package's tests and that nobody
// has killed yet.
func (s *survey) openFor(p *listed) []*Judged {
	part := s.packages.tested(p)
	var out []*Judged
	for i := range s.report.Judged {
		j := &s.report.Judged[i]
		if part[j.Package] && (j.Outcome == "" || j.Outcome == Survived) {
			out = append(out, j)
		}
	}
	return out
}

// leave says of mutants why nobody judged them. One that survived other tests
// stays so, in part.
func (s *survey) leave(open []*Judged, why string) {
	for _, j := range open {
		j.Partial = true
		if j.Outcome == "" {
			j.Outcome, j.Why = Unjudged, why
		}
	}
}

func (s *survey) partial(open []*Judged) {
	for _, j := range open {
		j.Partial = true
	}
}

// try builds the tests of one package, runs them without a mutant, and then
// with each of those that they come by.
func (s *survey) try(ctx context.Context, p *listed, open []*Judged, r role) {
	t, why := s.start(ctx, p)
	if t != nil {
		defer func() { _ = os.Remove(t.bin) }() // large, and its folder is thrown away in the end
	}
	if why != "" {
		s.note("the tests of %s did not run with mutants: %s", p.ImportPath, why)
		if r != owner {
			s.partial(open)
			return
		}
		var mine []*Judged
		for _, j := range open {
			if j.Package == p.ImportPath {
				mine = append(mine, j)
			}
		}
		s.leave(mine, "the tests of its package did not run with mutants: "+why)
		return
	}
	var reached []*Judged
	for _, j := range open {
		if t.hits[j.ID] {
			reached = append(reached, j)
		}
	}
	if len(t.red) > 0 {
		s.note("these tests of %s fail without a mutant and were left out: %s", p.ImportPath, check.Clip(strings.Join(t.red, ", "), 300))
		s.partial(open)
	}
	if r == owner {
		s.markChanged(ctx, t, reached)
	}
	if t.isWorthSplitting(len(reached)) {
		s.split(ctx, t)
	}
	began := time.Now()
	s.judge(ctx, t, reached)
	s.report.Times.Mutants += time.Since(began)
	s.report.Times.Tests += t.takes * time.Duration(len(reached)) / time.Duration(s.Parallel)
}

// isWorthSplitting reports whether to tell tests apart saves more than it
// costs, for a number of mutants.
func (t *trial) isWorthSplitting(mutants int) bool { return t.takes > worthSplitting && mutants > 3 }

// markChanged marks the mutants that the job's own tests come by.
func (s *survey) markChanged(ctx context.Context, t *trial, reached []*Judged) {
	tests := s.Tests[s.folder(t.pkg)]
	if len(tests) == 0 {
		return
	}
	hits, _, why := s.plain(ctx, t, anyOf(tests))
	if why != "" {
		s.note("the changed tests of %s did not run by themselves: %s", t.pkg.ImportPath, why)
		return
	}
	for _, j := range reached {
		j.ByChanged = j.Package == t.pkg.ImportPath && hits[j.ID]
	}
}

// anyOf gives a pattern that picks exactly these tests.
func anyOf(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = regexp.QuoteMeta(n)
	}
	return "^(" + strings.Join(quoted, "|") + ")$"
}

// start gives the trial of a package, or why there is none.
func (s *survey) start(ctx context.Context, p *listed) (*trial, string) {
	s.programs++
	t := &trial{pkg: p, bin: filepath.Join(s.Work, "tests"+strconv.Itoa(s.programs)+".exe")}
	began := time.Now()
	build := check.Command(plan.Command{Argv: []string{"go", "test", "-c", "-vet=off", "-overlay", s.overlayFile(), "-o", t.bin, p.ImportPath}}, s.moduleDir(), s.Env)
	build.LimitMS = s.left().Milliseconds()
	ran := check.Do(ctx, s.exec, build)
	s.report.Times.Build += time.Since(began)
	switch {
	case ran.Why != "":
		return nil, ran.Why
	case ran.Failed():
		return nil, "they do not compile with mutants: " + check.Clip(ran.Text(s.Work, s.Dir), 300)
	}
	for {
		began = time.Now()
		hits, failed, why := s.plain(ctx, t, "")
		s.report.Times.Plain += time.Since(began)
		t.hits, t.takes = hits, time.Since(began)
		if why == "" {
			return t, ""
		}
		if len(failed) == 0 || len(t.red)+len(failed) > maxRed || s.left() <= 0 {
			return nil, why
		}
		t.red = append(t.red, failed...)
	}
}

var failedTest = check.Lazy(`(?m)^--- FAIL: ([^\s/]+)`)

// failures gives the tests of the top level that a run says have failed.
func failures(stdout string) []string {
	var out []string
	for _, m := range failedTest.FindAllStringSubmatch(stdout, -1) {
		out = append(out, m[1])
	}
	return out
}

// plain runs tests without a mutant and says which ones they come by, or which
// of them failed, and why that is no answer.
func (s *survey) plain(ctx context.Context, t *trial, pattern string) (seen map[int]bool, failed []string, why string) {
	hits := filepath.Join(s.Work, "hits")
	if err := os.Remove(hits); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err.Error()
	}
	c := s.command(t, pattern, min(s.left(), maxPlain), mutant.EnvHits+"="+hits)
	ran := check.Do(ctx, s.exec, c)
	switch {
	case ran.Why != "":
		return nil, nil, ran.Why
	case ran.Failed():
		return nil, failures(ran.Output.Stdout), "they fail without any: " + check.Clip(lastLines(ran.Text(s.Work, s.Dir)), 300)
	}
	seen, err := readHits(hits)
	if err != nil {
		return nil, nil, err.Error()
	}
	return seen, nil, ""
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// readHits reads the numbers that a run has left.
func readHits(file string) (map[int]bool, error) {
	out := map[int]bool{}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	for line := range strings.Lines(string(text)) {
		if n, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			out[n] = true
		}
	}
	return out, err
}

// command gives a run of a trial's tests, all or those of a pattern. Flags have
// the form that "go test" gives them, for code that reads the arguments itself
// knows that form.
func (s *survey) command(t *trial, pattern string, limit time.Duration, env ...string) job.Command {
	argv := []string{t.bin, "-test.v", "-test.failfast", "-test.paniconexit0", "-test.timeout=0"}
	if len(t.red) > 0 {
		argv = append(argv, "-test.skip="+anyOf(t.red))
	}
	if pattern != "" {
		argv = append(argv, "-test.run="+pattern)
	}
	return job.Command{
		Argv: argv, Dir: t.pkg.Dir, Env: slices.Concat([]string{"GOTOOLCHAIN=local"}, s.Env, env),
		LimitMS: max(limit.Milliseconds(), 1), OutputCap: keepOutput,
	}
}

// split runs each test alone, to learn which mutants it comes by and how long
// it takes. Where one fails alone, the tests are not told apart.
func (s *survey) split(ctx context.Context, t *trial) {
	began := time.Now()
	defer func() { s.report.Times.Plain += time.Since(began) }()
	t.tests = s.names(ctx, t)
	for i := range t.tests {
		one := &t.tests[i]
		start := time.Now()
		hits, _, why := s.plain(ctx, t, anyOf([]string{one.name}))
		if why != "" {
			t.tests = nil
			return
		}
		one.hits, one.takes = hits, time.Since(start)
	}
}

// names gives the tests of the top level.
func (s *survey) names(ctx context.Context, t *trial) []single {
	c := s.command(t, "", s.left())
	c.Argv = []string{t.bin, "-test.list=^(Test|Fuzz|Example)"}
	ran := check.Do(ctx, s.exec, c)
	if ran.Why != "" || ran.Failed() || ran.Output.Capped {
		return nil
	}
	var out []single
	for line := range strings.Lines(ran.Output.Stdout) {
		if name := strings.TrimSpace(line); testName.MatchString(name) && !slices.Contains(t.red, name) {
			out = append(out, single{name: name})
		}
	}
	return out
}

var testName = check.Lazy(`^(Test|Fuzz|Example)([_\pN\p{Lu}\p{Lt}\p{Lo}\p{Lm}][\pL\pN_]*)?$`)

// judge runs a trial with each mutant, several at once.
func (s *survey) judge(ctx context.Context, t *trial, reached []*Judged) {
	slots := make(chan struct{}, s.Parallel)
	var wait sync.WaitGroup
	for _, j := range reached {
		slots <- struct{}{}
		if ctx.Err() != nil || s.left() <= 0 {
			s.leave([]*Judged{j}, "the time for mutants was over")
			<-slots
			continue
		}
		wait.Go(func() {
			defer func() { <-slots }()
			s.judgeOne(ctx, t, j)
		})
	}
	wait.Wait()
}

// judgeOne runs the tests that come by a mutant with it awake.
func (s *survey) judgeOne(ctx context.Context, t *trial, j *Judged) {
	j.By = append(j.By, t.pkg.ImportPath)
	for _, step := range t.steps(j.ID) {
		limit := patience*step.takes + slack
		ran := check.Do(ctx, s.exec, s.command(t, step.name, limit, mutant.EnvMutant+"="+strconv.Itoa(j.ID)))
		j.Outcome, j.Why = outcome(ran)
		if ctx.Err() != nil {
			j.Outcome, j.Why = Unjudged, "the time for all checks was over"
		}
		if j.Outcome != Survived {
			return
		}
	}
}

// steps gives the runs that a mutant needs: quick tests first. A name is a
// pattern of tests, empty for all.
func (t *trial) steps(id int) []single {
	if len(t.tests) == 0 || t.tests[0].hits == nil {
		return []single{{takes: t.takes}}
	}
	var fast, slow single
	var fastNames, slowNames []string
	for _, one := range t.tests {
		switch {
		case !one.hits[id]:
		case one.takes < quick:
			fastNames, fast.takes = append(fastNames, one.name), fast.takes+one.takes
		default:
			slowNames, slow.takes = append(slowNames, one.name), slow.takes+one.takes
		}
	}
	var out []single
	if len(fastNames) > 0 {
		fast.name = anyOf(fastNames)
		out = append(out, fast)
	}
	if len(slowNames) > 0 {
		slow.name = anyOf(slowNames)
		out = append(out, slow)
	}
	if len(out) == 0 { // it was come by in the run of all, and by none alone
		return []single{{takes: t.takes}}
	}
	return out
}

// outcome reads a run with a mutant awake. A test that noticed ends the
// program with a failure, after it has begun; everything else that is no
// success is no answer.
func outcome(ran check.Ran) (Outcome, string) {
	text := ran.Output.Stdout + ran.Output.Stderr
	switch {
	case ran.Output.TimedOut, outOfMemory(text):
		return TimedOut, ""
	case ran.Why != "":
		return Unjudged, ran.Why
	case ran.Output.Code == 0 && ran.Output.Signal == "":
		return Survived, ""
	case !strings.Contains(text, "=== RUN"):
		return Broken, ""
	}
	return Killed, ""
}

func outOfMemory(text string) bool {
	return strings.Contains(text, "fatal error: runtime: out of memory") || strings.Contains(text, "cannot allocate memory") && strings.Contains(text, "fatal error:")
}

// byHand runs the tests that come by a mutant with "go test", the mutant put
// into the file as a person would, and gives why they do not pass; "" when
// they do.
func byHand(ctx context.Context, x check.Exec, j Job, m Judged, text []byte) string {
	file, list := filepath.Join(j.Work, "byhand.go"), filepath.Join(j.Work, "byhand.json")
	dir := j.Dir
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(dir, filepath.FromSlash(m.File)): file}})
	if err == nil {
		err = errors.Join(os.WriteFile(file, m.Apply(text), 0o600), os.WriteFile(list, replace, 0o600))
	}
	if err != nil {
		return err.Error()
	}
	argv := append([]string{"go", "test", "-count=1", "-vet=off", "-overlay", list}, m.By...)
	c := check.Command(plan.Command{Argv: argv}, filepath.Join(dir, filepath.FromSlash(j.Module)), j.Env)
	c.LimitMS = maxPlain.Milliseconds()
	ran := check.Do(ctx, x, c)
	switch {
	case ran.Why != "":
		return ran.Why
	case ran.Failed():
		return "go test fails: " + check.Clip(lastLines(ran.Text(j.Work, dir)), 300)
	}
	return ""
}
