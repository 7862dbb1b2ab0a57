package app_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/internal/adapter/inside"
	"muster/internal/adapter/sandbox"
	"muster/internal/app"
	"muster/internal/core/job"
	"muster/internal/core/report"
	"muster/internal/slowtest"
)

// The test binary is also the shim, and the scripted agent.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "shim":
			os.Exit(sandbox.Shim(os.Args[2]))
		case "agent-script":
			dir, _ := os.Getwd()
			os.Exit(inside.Script(os.Args[2:], os.Stdin, os.Stdout, os.Getenv, dir))
		}
	}
	os.Exit(m.Run())
}

const patience = 60 * time.Second

// place is a repository whose agents are shell scripts, one for each task.
type place struct {
	t    *testing.T
	dir  string // for files that scripts and the test share
	host app.Host
}

func newPlace(t *testing.T, scripts map[string]string) *place {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, dir: filepath.Join(root, "shared")}
	repo := filepath.Join(root, "repo")
	p.host = app.Host{Dir: repo, Self: []string{exe}, Silence: 2 * time.Second, Env: map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": filepath.Join(root, "home"), "USER": "tess", "XDG_STATE_HOME": filepath.Join(root, "state"),
	}}
	files := map[string]string{p.dir + "/.keep": "", root + "/home/.keep": ""}
	config := "version: 1\nsandbox: off\nbudget: {parallel: 9}\nagents:\n" // the scripts and the test share a folder
	plan := "version: 1\nname: p\ngoal: see how agents are\ntasks:\n"
	for task, script := range scripts {
		files[filepath.Join(repo, ".agents", task+".sh")] = strings.ReplaceAll(script, "DIR", p.dir)
		config += fmt.Sprintf("  %s: {driver: command, command: [sh, .agents/%s.sh]}\n", task, task)
		plan += fmt.Sprintf("  - {id: %s, type: feature, agent: %s, prompt: p, scope: [\"**\"]}\n", task, task)
	}
	files[filepath.Join(repo, ".muster/config.yaml")] = config
	files[filepath.Join(repo, ".muster/plans/p.yaml")] = plan
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "-m", "first"}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = repo
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return p
}

func (p *place) open() *app.Session {
	p.t.Helper()
	s, err := app.Open(p.t.Context(), p.host)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = s.Close() })
	return s
}

// wait waits until a condition holds.
func (p *place) wait(what string, holds func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("within %v not: %s", patience, what)
		}
	}
}

// pid waits until a script has written its process id, and takes it away.
func (p *place) pid(name string) int {
	p.t.Helper()
	pid, file := 0, filepath.Join(p.dir, name)
	p.wait(name+" writes its process id", func() bool {
		data, err := os.ReadFile(file)
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(data)))
		}
		return err == nil && pid > 0
	})
	if err := os.Remove(file); err != nil {
		p.t.Fatal(err)
	}
	return pid
}

// carried is a run that is carried on by another goroutine.
type carried struct {
	mu   sync.Mutex
	nows map[string][]report.Now // by task, as they were told
	stop context.CancelFunc
	done chan error
}

func (p *place) carry(s *app.Session, c app.Carry) *carried {
	ctx, cancel := context.WithCancel(p.t.Context())
	k := &carried{nows: map[string][]report.Now{}, stop: cancel, done: make(chan error, 1)}
	c.Tick, c.Until = 200*time.Millisecond, app.Settled
	c.See = func(n app.Notice) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if n.Now != nil {
			k.nows[n.Task] = append(k.nows[n.Task], *n.Now)
		}
	}
	go func() {
		_, err := s.Carry(ctx, c)
		k.done <- err
	}()
	return k
}

// told reports whether this was ever told of a task.
func (k *carried) told(task string, c report.Condition, why string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, n := range k.nows[task] {
		if n.Condition == c && strings.Contains(n.Why, why) {
			return true
		}
	}
	return false
}

func (p *place) view(s *app.Session, run string) map[string]app.TaskView {
	p.t.Helper()
	v, err := s.View(p.t.Context(), run)
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[string]app.TaskView{}
	for _, t := range v.Tasks {
		out[t.ID] = t
	}
	return out
}

// An agent that waits for permission, one out of quota, one that was killed
// from outside, one that has been silent but computes, one that changes files
// and one that does nothing at all: each is shown as it is, and none is ended.
func TestAgentsAreShownAsTheyAre(t *testing.T) {
	slowtest.Only(t)
	const finish = "\necho done >$MUSTER_TASK.txt\n"
	p := newPlace(t, map[string]string{
		"asks":     `echo '{"muster":"event","kind":"asks","tool":"shell","text":"rm -r /"}'; : <DIR/gate` + finish,
		"quota":    `echo '{"muster":"event","kind":"quota","text":"429 until noon"}'; : <DIR/gate` + finish,
		"computes": `while ! test -e DIR/finish; do :; done` + finish,
		"silent":   `: <DIR/gate` + finish,
		"victim":   `echo $$ >DIR/pid.new; mv DIR/pid.new DIR/victim; : <DIR/gate` + finish,
	})
	gate := filepath.Join(p.dir, "gate") // opening it to read waits until the end
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // also when the test has failed
		_ = os.WriteFile(filepath.Join(p.dir, "finish"), nil, 0o600)
		if open, err := os.OpenFile(gate, os.O_RDWR, 0); err == nil {
			time.Sleep(100 * time.Millisecond)
			_ = open.Close()
		}
	})
	s := p.open()
	begun, err := s.Start(t.Context(), app.Start{Plan: "p"})
	if err != nil {
		t.Fatal(err)
	}
	k := p.carry(s, app.Carry{Run: begun.Run, Sent: []string{begun.Message}})
	want := []struct {
		task string
		is   report.Condition
		why  string
	}{
		{"asks", report.Permission, "shell: rm -r /"},
		{"quota", report.Quota, "429 until noon"},
		{"computes", report.Works, "says nothing, but computes"},
		{"silent", report.Silent, "does not compute"},
	}
	for _, w := range want {
		p.wait(fmt.Sprintf("%s is told to be %s", w.task, w.is), func() bool { return k.told(w.task, w.is, w.why) })
	}
	if k.told("computes", report.Silent, "") {
		t.Error("an agent that computes was called silent")
	}

	// Killed while an engine drives: recorded as what it was, and its session goes on.
	kill(t, p.pid("victim"))
	second := p.pid("victim")
	v := p.view(s, begun.Run)
	if o := v["victim"].Attempts[0].Outcome; o == nil || o.Kind != job.Crashed || !strings.Contains(o.Message, "SIGKILL") {
		t.Errorf("the first attempt of the victim came to %+v", o)
	}

	// Killed while nobody drives.
	k.stop()
	<-k.done
	kill(t, second)
	p.wait("the victim is shown dead", func() bool {
		n := p.view(s, begun.Run)["victim"].Now
		return n != nil && n.Condition == report.Dead && strings.Contains(n.Why, "SIGKILL") && n.Ways[0].Command == "muster resume p"
	})
	// One look at an agent that computes may fall into a moment in which it gets
	// no processor.
	for _, w := range want {
		p.wait(fmt.Sprintf("%s is shown to be %s", w.task, w.is), func() bool {
			tv := p.view(s, begun.Run)[w.task]
			return tv.Now != nil && tv.Now.Condition == w.is && tv.Life == app.Alone
		})
	}

	// All of them end by themselves, in the attempts that they were in.
	if err := os.WriteFile(filepath.Join(p.dir, "finish"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open, err := os.OpenFile(gate, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	k = p.carry(s, app.Carry{Run: begun.Run})
	if err := <-k.done; err != nil {
		t.Fatal(err)
	}
	for task, tv := range p.view(s, begun.Run) {
		attempts := 1
		if task == "victim" {
			attempts = 3
		}
		if tv.State != report.Landed || len(tv.Attempts) != attempts || tv.Now != nil {
			t.Errorf("%s is %s after %d attempts (%s), %+v", task, tv.State, len(tv.Attempts), tv.Why, tv.Now)
		}
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
