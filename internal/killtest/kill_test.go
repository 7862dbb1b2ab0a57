package killtest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
	"muster/internal/slowtest"
)

var (
	kills = flag.Int("kills", 1, "kills at random moments")
	every = flag.Int("boundaries", 4, "kills at boundaries between steps at most; 0 means all")
	seed  = flag.Uint64("seed", 0, "seed of the random moments; 0 means the time")
)

// agentScript is the agent: it notes that it began, works a little, writes its
// file and, every second time it is asked, one more.
const agentScript = `#!/bin/sh
cat >/dev/null
echo "$MUSTER_OP" >>"%s"
sleep 0.15
mkdir -p "$MUSTER_TASK"
echo "by $MUSTER_TASK" >"$MUSTER_TASK/file.txt"
sleep 0.1
echo '{"muster":"outcome","kind":"done","message":"did it"}'
`

// ten tasks: some side by side, some in chains, two of which share a file tree.
const tenTasks = `version: 1
name: ten
goal: Ten files
budget: {parallel: 3}
accept: [[test, -f, t9/file.txt]]
tasks:
`

// place is a repository with its state folder.
type place struct {
	t     *testing.T
	root  string
	marks string // folder of marks, or "-"
	env   []string
}

func newPlace(t *testing.T, root string) *place {
	t.Helper()
	p := &place{t: t, root: root, marks: "-"}
	home := filepath.Join(root, "home")
	for _, dir := range []string{home, p.repo(), filepath.Join(p.repo(), ".muster")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.env = []string{
		"PATH=" + root + ":" + os.Getenv("PATH"), "HOME=" + home, "XDG_STATE_HOME=" + filepath.Join(root, "state"), "USER=kim",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=K", "GIT_AUTHOR_EMAIL=k@localhost", "GIT_COMMITTER_NAME=K", "GIT_COMMITTER_EMAIL=k@localhost",
	}
	write(t, filepath.Join(root, "ten-agent"), fmt.Sprintf(agentScript, p.starts()), 0o755)
	write(t, filepath.Join(p.repo(), ".muster", "config.yaml"), "version: 1\nsandbox: off\ndefault: bot\nagents:\n  bot: {driver: command, command: [ten-agent]}\n", 0o644)
	plan := tenTasks
	for i := range 10 {
		needs := ""
		if i%3 == 2 {
			needs = fmt.Sprintf("t%d", i-1)
		}
		plan += fmt.Sprintf("  - {id: t%d, type: chore, title: File %d, prompt: Write it, scope: [t%d/**], needs: [%s], accept: [[test, -f, t%d/file.txt]]}\n", i, i, i, needs, i)
	}
	write(t, filepath.Join(root, "ten.yaml"), plan, 0o644)
	write(t, filepath.Join(p.repo(), "README"), "here\n", 0o644)
	p.git("init", "-q", "-b", "main")
	p.git("add", "-A")
	p.git("commit", "-q", "-m", "first")
	p.git("checkout", "-q", "-b", "elsewhere") // so that main can be moved
	return p
}

func (p *place) repo() string   { return filepath.Join(p.root, "repo") }
func (p *place) starts() string { return filepath.Join(p.root, "starts") }

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func (p *place) git(args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "git", args...)
	cmd.Dir, cmd.Env = p.repo(), p.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// command is muster in a process of its own.
func (p *place) command(ctx context.Context, out *bytes.Buffer, args ...string) *exec.Cmd {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, append([]string{p.marks, "muster"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.repo(), p.env, out, out
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// muster runs it to its end and reports whether it was killed.
func (p *place) muster(args ...string) (out string, killed bool) {
	p.t.Helper()
	var b bytes.Buffer
	cmd := p.command(p.t.Context(), &b, args...)
	err := cmd.Run()
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return b.String(), true
	}
	if err != nil && cmd.ProcessState.ExitCode() != 0 {
		p.t.Fatalf("muster %v: %v\n%s", args, err, b.String())
	}
	return b.String(), false
}

// view is where the run stands.
func (p *place) view() *report.Run {
	p.t.Helper()
	var out bytes.Buffer
	cmd := p.command(p.t.Context(), &out, "status", "--json")
	cmd.Args[1] = "-"
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("muster status --json: %v\n%s", err, out.String())
	}
	var r report.Run
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		p.t.Fatalf("muster status --json: %v\n%s", err, out.String())
	}
	return &r
}

// begun reports whether the run is known, so that it is resumed rather than
// run.
func (p *place) begun() bool {
	var out bytes.Buffer
	cmd := p.command(p.t.Context(), &out, "status", "--all", "--json")
	cmd.Args[1] = "-"
	return cmd.Run() == nil && bytes.Contains(out.Bytes(), []byte(`"name"`))
}

// boundaries lists where processes were killed.
func (p *place) boundaries() []string {
	p.t.Helper()
	entries, err := os.ReadDir(filepath.Join(p.root, "marks"))
	if err != nil {
		p.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// outcome is what must be the same with kills and without.
type outcome struct {
	tree     string
	landed   int
	lost     int    // attempts recorded as lost
	told     string // how the attempts of tasks with several ended
	attempts int
	starts   int // times an agent really began
	doubled  int // operations that began more than once
}

// settle checks what must hold at the end and gives the figures.
func (p *place) settle() outcome {
	p.t.Helper()
	p.marks = "-"
	r := p.view()
	o := outcome{tree: p.git("rev-parse", "refs/heads/main^{tree}")}
	for _, t := range r.Tasks {
		if t.State == report.Landed {
			o.landed++
		}
		o.attempts += len(t.Attempts)
		for _, a := range t.Attempts {
			if len(t.Attempts) > 1 && a.Outcome != nil {
				o.told += fmt.Sprintf("\n%s.%d round %d: %s %s", t.ID, a.Number, a.Round, a.Outcome.Kind, a.Outcome.Message)
			}
			switch {
			case a.Outcome == nil:
				p.t.Errorf("attempt %d of %s is recorded as still running", a.Number, t.ID)
			case a.Outcome.Kind == job.Vanished:
				o.lost++
			}
		}
	}
	if r.End() != report.EndDone {
		p.t.Errorf("the run ended as %s: %s", r.End(), r.Why)
	}
	data, err := os.ReadFile(p.starts())
	if err != nil {
		p.t.Fatal(err)
	}
	began := strings.Fields(string(data))
	o.starts = len(began)
	slices.Sort(began)
	o.doubled = o.starts - len(slices.Compact(began))
	p.muster("ledger", "verify") // fails the test when it finds anything
	p.orphans()
	return o
}

// orphans fails when a process of any operation still lives.
func (p *place) orphans() {
	p.t.Helper()
	procs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range procs {
		if env, err := os.ReadFile(name); err == nil && bytes.Contains(env, []byte("MUSTER_OP=")) && bytes.Contains(env, []byte(p.root)) {
			p.t.Errorf("a process of an agent still lives: %s", filepath.Dir(name))
		}
	}
}

// same compares a run with kills with one without.
func (p *place) same(got, want outcome) {
	p.t.Helper()
	if got.tree != want.tree || got.landed != want.landed {
		p.t.Errorf("with kills: tree %s, %d landed; without: tree %s, %d landed", got.tree, got.landed, want.tree, want.landed)
	}
	if got.doubled != 0 {
		p.t.Errorf("%d operations began more than once", got.doubled)
	}
	// Each attempt whose shim was killed is one more; its agent may or may not
	// have begun. No other attempt is repeated.
	if extra := got.attempts - want.attempts; extra != got.lost {
		p.t.Errorf("%d more attempts than without kills, but %d recorded as lost:%s", extra, got.lost, got.told)
	}
	if got.starts < want.starts || got.starts > want.starts+got.lost {
		p.t.Errorf("agents began %d times: want between %d and %d", got.starts, want.starts, want.starts+got.lost)
	}
}

func undisturbed(t *testing.T) outcome {
	t.Helper()
	p := newPlace(t, t.TempDir())
	p.muster("run", filepath.Join(p.root, "ten.yaml"))
	o := p.settle()
	if o.landed != 10 || o.starts != 10 || o.lost != 0 {
		t.Fatalf("a run without kills: %+v", o)
	}
	return o
}

func TestKillAtEveryBoundary(t *testing.T) {
	slowtest.Only(t)
	want := undisturbed(t)
	p := newPlace(t, t.TempDir())
	p.marks = filepath.Join(p.root, "marks")
	if err := os.Mkdir(p.marks, 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", filepath.Join(p.root, "ten.yaml")}
	died := 0
	for {
		if *every > 0 && len(p.boundaries()) >= *every {
			p.marks = "-"
		}
		_, killed := p.muster(args...)
		if !killed {
			break
		}
		died++
		if p.begun() {
			if p.view().Stage == flow.Finished {
				break // killed after its last step
			}
			args = []string{"resume"}
		}
	}
	marks := p.boundaries()
	got := p.settle()
	p.same(got, want)
	shims := 0
	for _, m := range marks {
		if strings.HasPrefix(m, "shim") {
			shims++
		}
	}
	t.Logf("%d kills at boundaries between steps (%d of Muster, %d of shims); with kills %+v; without %+v", len(marks), died, shims, got, want)
}

func TestKillAtRandomMoments(t *testing.T) {
	slowtest.Only(t)
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	rng := rand.New(rand.NewPCG(*seed, 1))
	want := undisturbed(t)
	musters, shims, both, rounds := 0, 0, 0, 0
	for musters+shims+2*both < *kills {
		rounds++
		p := newPlace(t, t.TempDir())
		args := []string{"run", filepath.Join(p.root, "ten.yaml")}
		for ended := false; !ended; {
			var out bytes.Buffer
			cmd := p.command(t.Context(), &out, args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			select {
			case <-done:
				ended = cmd.ProcessState.ExitCode() == 0
				if !ended && args[0] == "run" && strings.Contains(out.String(), "muster resume ten") {
					// Killed after the run was asked for, before an engine took
					// it up: it does what it was told to.
					args = []string{"resume", "ten"}
					continue
				}
				if !ended {
					t.Fatalf("seed %d: muster %v: %v\n%s", *seed, args, cmd.ProcessState, out.String())
				}
				continue
			case <-time.After(time.Duration(rng.IntN(700)) * time.Millisecond):
			}
			which := rng.IntN(3)
			if which != 1 {
				_ = cmd.Process.Kill()
			}
			hit := which != 0 && p.killShim(rng)
			switch {
			case which == 2 && hit:
				both++
			case which != 1:
				musters++
			case hit:
				shims++
			}
			if which != 1 {
				<-done
				if p.begun() {
					ended = p.view().Stage == flow.Finished
					args = []string{"resume"}
				}
				continue
			}
			<-done
			ended = cmd.ProcessState.ExitCode() == 0
		}
		p.same(p.settle(), want)
	}
	t.Logf("seed %d: %d runs; killed: Muster alone %d, a shim alone %d, both at once %d", *seed, rounds, musters, shims, both)
}

// killShim kills a random shim of this place.
func (p *place) killShim(rng *rand.Rand) bool {
	var pids []int
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		data, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(data, []byte("\x00shim\x00"+p.root)) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(name, "/proc/%d/cmdline", &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	// Between fork and exec an agent bears the command line of its shim. To kill
	// it there is to kill the agent, which is a crash of the agent and no loss.
	all := slices.Clone(pids)
	pids = slices.DeleteFunc(pids, func(pid int) bool { return slices.Contains(all, parentOf(pid)) })
	if len(pids) == 0 {
		return false
	}
	return syscall.Kill(pids[rng.IntN(len(pids))], syscall.SIGKILL) == nil
}

// parentOf gives the parent of a process, or 0.
func parentOf(pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name in parentheses may hold anything; the state and the parent follow.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	parent := 0
	if len(fields) > 1 {
		_, _ = fmt.Sscan(fields[1], &parent)
	}
	return parent
}
