package agent_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"muster/internal/adapter/agent"
	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/inside"
	"muster/internal/core/job"
)

// TestReal drives the real programs against a scripted model. It runs only on
// request:
//
//	scripts/agents-install.sh
//	AGENTS_E2E=claude,codex go test ./internal/adapter/agent -run Real
func TestReal(t *testing.T) {
	asked := os.Getenv("AGENTS_E2E")
	if asked == "" {
		t.Skip("AGENTS_E2E names no agents")
	}
	names := strings.Split(asked, ",")
	if i := slices.Index(names, "acp"); i >= 0 {
		names = slices.Replace(names, i, i+1, "acp-gemini", "acp-qwen", "acp-opencode")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			for _, c := range realCases() {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(t, newBench(t, name))
				})
			}
		})
	}
}

// TestMain lets the test binary be what runs inside an operation.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "agent-append" {
		os.Exit(inside.Append(os.Args[2:], inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	if len(os.Args) > 2 && os.Args[1] == "agent-acp" {
		dir, err := os.Getwd()
		if err != nil {
			panic(err)
		}
		os.Exit(inside.ACP(os.Args[2:], inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Getenv, dir))
	}
	os.Exit(m.Run())
}

const testKey = "dummy-key-0123456789"

// bench is a repository, a home, and a scripted model for one real agent.
type bench struct {
	driver  string
	model   *fakemodel.Server
	dir     string // worktree
	home    string
	scratch string
	args    []string          // added to the agent's
	command []string          // added to the agent's program
	noID    bool              // no id is given for a fresh session
	env     map[string]string // added to the agent's
}

func realScript() fakemodel.Script {
	shell := func(line string) []fakemodel.Step {
		return []fakemodel.Step{{Text: "Running.", Do: []fakemodel.Op{{Kind: fakemodel.Shell, Command: line}}}, {Text: "RAN"}}
	}
	fails := func(status int) []fakemodel.Step {
		return []fakemodel.Step{{Fail: &fakemodel.Failure{Status: status}}}
	}
	return fakemodel.Script{Default: "No scenario.", Scenarios: map[string][]fakemodel.Step{
		"write": {
			{Text: "Writing.", Do: []fakemodel.Op{{Kind: fakemodel.Write, Path: "hello.txt", Text: "hello\n"}}},
			{Text: "WROTE"},
		},
		"edit": {
			{Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "old.txt"}}},
			{Do: []fakemodel.Op{{Kind: fakemodel.Edit, Path: "old.txt", Old: "before", Text: "after"}}},
			{Text: "EDITED"},
		},
		"shell":    shell(`touch "$TMPDIR/t" && mkdir -p "${XDG_CACHE_HOME:-$HOME/.cache}/c" && env > env.txt && echo ran > shell.txt`),
		"commit":   shell("git commit --allow-empty -qm stolen"),
		"commits":  shell("echo x > x.txt; git add -A && git commit -qm stolen"),
		"text":     {{Text: "TEXT"}},
		"fail-400": fails(400), "fail-401": fails(401), "fail-429": fails(429), "fail-500": fails(500),
		"recovers": {{Fail: &fakemodel.Failure{Status: 500, Times: 1}, Text: "RECOVERED"}},
		"hang":     {{Hang: true}},
	}}
}

func newBench(t *testing.T, driver string) *bench {
	t.Helper()
	base := t.TempDir()
	b := &bench{
		driver: driver, dir: filepath.Join(base, "repo"), home: filepath.Join(base, "home"),
		scratch: filepath.Join(base, "scratch"),
	}
	for _, d := range []string{b.dir, b.home, b.scratch} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := realScript()
	script.Scenarios["outside"] = []fakemodel.Step{
		{Do: []fakemodel.Op{{Kind: fakemodel.Write, Path: filepath.Join(base, "outside.txt"), Text: "outside\n"}}},
		{Text: "TRIED"},
	}
	m, err := fakemodel.Start(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	b.model = m
	b.put(t, "old.txt", "before\n")
	b.put(t, "../home/.gitconfig", "[user]\n\tname = a\n\temail = a@b\n")
	b.git(t, "init", "-q")
	b.git(t, "add", "-A")
	b.git(t, "commit", "-qm", "first")
	return b
}

func (b *bench) put(t *testing.T, path, text string) {
	t.Helper()
	path = filepath.Join(b.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) text(path string) string {
	text, err := os.ReadFile(filepath.Join(b.dir, path))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (b *bench) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = b.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.home, "GIT_CONFIG_NOSYSTEM=1"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// attempt is an attempt with the scenario, against the scripted model.
func (b *bench) attempt(scenario string) job.Attempt {
	a := job.Attempt{
		Op: "op-1", Dir: b.dir, Scratch: b.scratch, NewID: uuid.NewString(), Number: 1, Task: "task",
		Prompt: "[[scenario:" + scenario + "]] Please do it.",
		Host:   map[string]string{"PATH": os.Getenv("PATH"), "HOME": b.home},
		Agent: job.Agent{
			Name: b.driver, Driver: b.driver, Command: []string{filepath.Join(agentsDir(), "bin", b.driver)}, Env: map[string]string{},
		},
	}
	realAgents()[b.driver].ask(b, &a)
	maps.Copy(a.Agent.Env, b.env)
	a.Agent.Command = append(a.Agent.Command, b.command...)
	if program, ok := strings.CutPrefix(b.driver, "acp-"); ok {
		if program == "opencode" {
			a.Agent.Model = "" // it stands in the configuration
		}
		a.Agent.Driver, a.Agent.Command = "acp", []string{filepath.Join(agentsDir(), "bin", program), acpOption(program)}
	}
	if b.noID {
		a.NewID = ""
	}
	a.Agent.Args = append(a.Agent.Args, b.args...)
	return a
}

func agentsDir() string {
	if d := os.Getenv("MUSTER_AGENTS_DIR"); d != "" {
		return d
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "muster-agents"
	}
	return filepath.Join(cache, "muster-agents")
}

// played is what an attempt came to.
type played struct {
	job.Outcome
	events []job.AgentEvent
	stderr string
}

func (p played) has(kind job.AgentEventKind) bool {
	return slices.ContainsFunc(p.events, func(e job.AgentEvent) bool { return e.Kind == kind })
}

// play runs the attempt to its end. A stop that is not nil is called once the
// process runs; when it returns, the process is ended as Muster does it.
func (b *bench) play(t *testing.T, a job.Attempt, stop func(context.Context)) played {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := agent.Set{Self: []string{self}}.Spec(a)
	if err == nil {
		err = agent.Set{}.Lay(a)
	}
	if err != nil {
		t.Fatal(err)
	}
	if line := strings.Join(spec.Argv, " "); strings.Contains(line, testKey) || strings.Contains(line, "scenario:") {
		t.Fatalf("a secret or the prompt is an argument: %s", line)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, spec.Argv[0], spec.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = spec.Dir, spec.Env, strings.NewReader(spec.Stdin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (run scripts/agents-install.sh first)", err)
	}
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
	if stop != nil {
		stop(ctx)
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	waitErr := cmd.Wait()
	if ctx.Err() != nil {
		t.Fatalf("the agent did not end in time (%v)\n%s\n%s", waitErr, stdout.String(), stderr.String())
	}
	exit := job.Exit{State: job.Exited, Code: cmd.ProcessState.ExitCode()}
	if stop != nil {
		exit = job.Exit{State: job.Stopped}
	}
	p := played{stderr: stderr.String()}
	p.Outcome, err = agent.Set{}.Outcome(a, exit, bytes.NewReader(stdout.Bytes()), &stderr)
	if err != nil {
		t.Fatal(err)
	}
	agent.Set{}.Follow(a, &stdout, func(e job.AgentEvent) { p.events = append(p.events, e) })
	t.Logf("%s %+v\nstderr: %s", exit.State, p.Outcome, p.stderr)
	return p
}

// done plays the attempt and demands that it is done.
func (b *bench) done(t *testing.T, a job.Attempt, message string) played {
	t.Helper()
	p := b.play(t, a, nil)
	if p.Kind != job.Done || p.Message != message {
		t.Fatalf("outcome %s %q, want done %q", p.Kind, p.Message, message)
	}
	return p
}

type realCase struct {
	name string
	run  func(*testing.T, *bench)
}

func realCases() []realCase {
	cases := []realCase{
		{"write and resume", realWriteAndResume},
		{"edit", realEdit},
		{"shell", realShell},
		{"outside", realOutside},
		{"commit", realCommit},
		{"recovers", func(t *testing.T, b *bench) {
			if p := b.done(t, b.attempt("recovers"), "RECOVERED"); b.driver == "claude" && !p.has(job.AgentRetry) {
				t.Error("no retry was seen")
			}
		}},
		{"stop and resume", realStopAndResume},
		{"unknown session", realUnknownSession},
		{"hostile repository", realHostileRepository},
		{"login", realLogin},
		{"slash", func(t *testing.T, b *bench) {
			a := b.attempt("text")
			a.Prompt = "/clear " + a.Prompt
			b.done(t, a, "TEXT")
		}},
	}
	for _, f := range []struct {
		scenario string
		want     job.OutcomeKind
	}{{"fail-400", job.Refused}, {"fail-401", job.Auth}, {"fail-429", job.Quota}, {"fail-500", job.Provider}} {
		cases = append(cases, realCase{f.scenario, func(t *testing.T, b *bench) {
			if f.scenario == "fail-429" && realAgents()[b.driver].waits {
				p := b.play(t, b.attempt(f.scenario), func(ctx context.Context) {
					if _, err := b.model.Wait(ctx, func(r fakemodel.Request) bool { return r.Answer == "error 429" }); err != nil {
						t.Error(err)
					}
				})
				if p.Kind != job.Halted {
					t.Errorf("outcome %s %q, want halted", p.Kind, p.Message)
				}
				return
			}
			if p := b.play(t, b.attempt(f.scenario), nil); p.Kind != f.want {
				t.Errorf("outcome %s %q, want %s", p.Kind, p.Message, f.want)
			}
		}})
	}
	return cases
}

func realWriteAndResume(t *testing.T, b *bench) {
	one := realAgents()[b.driver].each
	untold := strings.HasPrefix(b.driver, "acp")
	uncounted := func(u job.Usage) job.Usage { u.Turns, u.TurnsUnknown = 0, false; return u } // a session counts no turns
	withoutCost := func(u job.Usage) job.Usage { u.CostMicroUSD = 0; return uncounted(u) }
	first := b.attempt("write")
	p := b.done(t, first, "WROTE")
	if got := b.text("hello.txt"); got != "hello\n" {
		t.Errorf("hello.txt: %q", got)
	}
	if !slices.Contains(p.events, job.AgentEvent{Kind: job.AgentEdit, Path: "hello.txt"}) {
		t.Errorf("no edit of hello.txt among %+v", p.events)
	}
	if !p.has(job.AgentStarted) || !p.has(job.AgentEnded) {
		t.Error("no start or no end was seen")
	}
	if is := realAgents()[b.driver]; is.countsLess {
		if p.Usage.Input == 0 || p.Usage.Output == 0 || !p.Usage.CostUnknown || uncounted(p.Usage) != p.Total {
			t.Errorf("usage %+v, total %+v", p.Usage, p.Total)
		}
	} else if withoutCost(p.Usage) != one.Add(one) || uncounted(p.Usage) != p.Total {
		t.Errorf("usage %+v, total %+v, want twice %+v", p.Usage, p.Total, one)
	}
	if p.Usage.TurnsUnknown != untold || !untold && p.Usage.Turns != 2 {
		t.Errorf("%d turns, unknown %v; want 2", p.Usage.Turns, p.Usage.TurnsUnknown)
	}
	if realAgents()[b.driver].takesID && p.Session != first.NewID {
		t.Errorf("session %s, want %s", p.Session, first.NewID)
	}
	if isKnown := !p.Usage.CostUnknown; isKnown != (p.Usage.CostMicroUSD > 0) {
		t.Errorf("cost %+v", p.Usage)
	}
	again := b.attempt("text")
	again.Session, again.Previous = p.Session, p.Total
	if realAgents()[b.driver].forgets {
		time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(61 * time.Second)))
	}
	q := b.done(t, again, "TEXT")
	if q.Usage.TurnsUnknown != untold || !untold && q.Usage.Turns != 1 {
		t.Errorf("%d turns when it went on, unknown %v; want 1", q.Usage.Turns, q.Usage.TurnsUnknown)
	}
	if realAgents()[b.driver].countsLess {
		if q.Session != p.Session || q.Usage.Input == 0 || q.Total != p.Total.Add(uncounted(q.Usage)) {
			t.Errorf("session %s usage %+v total %+v after total %+v", q.Session, q.Usage, q.Total, p.Total)
		}
		return
	}
	if realAgents()[b.driver].asides && withoutCost(q.Usage) == one.Add(one) {
		one = one.Add(one)
	}
	if q.Session != p.Session || withoutCost(q.Usage) != one || q.Total != p.Total.Add(uncounted(q.Usage)) {
		t.Errorf("session %s usage %+v total %+v after total %+v", q.Session, q.Usage, q.Total, p.Total)
	}
}

// forgot plays an attempt of an agent that does not keep a session in which
// nothing happened, and demands that the outcome says so.
func (b *bench) forgot(t *testing.T, again job.Attempt) bool {
	t.Helper()
	if !realAgents()[b.driver].forgets {
		return false
	}
	if p := b.play(t, again, nil); p.Kind != job.Crashed || p.Session != "" {
		t.Errorf("outcome %+v, want crashed without a session", p.Outcome)
	}
	return true
}

func realEdit(t *testing.T, b *bench) {
	b.done(t, b.attempt("edit"), "EDITED")
	if got := b.text("old.txt"); got != "after\n" {
		t.Errorf("old.txt: %q", got)
	}
}

// realShell shows that a command may use the scratch folder and caches, and
// that Codex hides the key from it.
func realShell(t *testing.T, b *bench) {
	b.done(t, b.attempt("shell"), "RAN")
	if got := b.text("shell.txt"); got != "ran\n" {
		t.Errorf("shell.txt: %q", got)
	}
	if b.driver == "codex" && strings.Contains(b.text("env.txt"), testKey) {
		t.Error("the command saw the key")
	}
}

func realOutside(t *testing.T, b *bench) {
	p := b.play(t, b.attempt("outside"), nil)
	if isDone := p.Kind == job.Done && p.Message == "TRIED"; !isDone && (!realAgents()[b.driver].givesUp || p.Kind != job.Crashed) {
		t.Fatalf("outcome %s %q", p.Kind, p.Message)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(b.dir), "outside.txt")); err == nil {
		t.Error("the agent wrote outside its worktree")
	}
	if len(p.Denied) != 1 || b.driver != "codex" && !p.has(job.AgentDenied) {
		t.Errorf("denied: %q", p.Denied)
	}
}

func realCommit(t *testing.T, b *bench) {
	head := b.git(t, "rev-parse", "HEAD")
	for _, scenario := range []string{"commit", "commits"} {
		p := b.done(t, b.attempt(scenario), "RAN")
		if b.driver != "codex" && len(p.Denied) != 1 { // Codex keeps commits off by its sandbox, and says nothing of it
			t.Errorf("%s: denied: %q", scenario, p.Denied)
		}
		if now := b.git(t, "rev-parse", "HEAD"); now != head {
			t.Errorf("%s: the agent committed", scenario)
		}
	}
}

func realStopAndResume(t *testing.T, b *bench) {
	p := b.play(t, b.attempt("hang"), func(ctx context.Context) {
		if _, err := b.model.Wait(ctx, func(r fakemodel.Request) bool { return r.Answer == "hang" }); err != nil {
			t.Error(err)
		}
	})
	if realAgents()[b.driver].silent && p.Kind == job.Halted && p.Session == "" {
		return
	}
	if p.Kind != job.Halted || p.Session == "" || !p.Usage.CostUnknown {
		t.Fatalf("outcome %+v, want halted with a session and an unknown cost", p.Outcome)
	}
	again := b.attempt("write")
	again.Session, again.Previous = p.Session, p.Total
	if b.forgot(t, again) {
		return
	}
	if q := b.done(t, again, "WROTE"); q.Session != p.Session {
		t.Errorf("session %s, want %s", q.Session, p.Session)
	}
}

func realUnknownSession(t *testing.T, b *bench) {
	a := b.attempt("text")
	a.Session = uuid.NewString()
	if p := b.play(t, a, nil); p.Kind != job.Crashed || p.Session != "" {
		t.Errorf("outcome %+v, want crashed without a session", p.Outcome)
	}
}

// realHostileRepository shows that the repository cannot configure a program
// to be run by the agent, and that it could if the driver let it.
func realHostileRepository(t *testing.T, b *bench) {
	mark := filepath.Join(b.scratch, "mark")
	trust := realAgents()[b.driver].trap(t, b, mark)
	b.done(t, b.attempt("text"), "TEXT")
	if _, err := os.Stat(mark); err == nil {
		t.Error("a program that the repository names was run")
	}
	trust()
	b.done(t, b.attempt("text"), "TEXT")
	if _, err := os.Stat(mark); err != nil {
		t.Error("the trap did not work even with trust, so this test proves nothing")
	}
}
