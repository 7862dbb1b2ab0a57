package inside_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"muster/internal/adapter/agent"
	"muster/internal/adapter/inside"
	"muster/internal/core/job"
)

// TestMain lets the test binary be the process of a scripted agent.
func TestMain(m *testing.M) {
	if lines := os.Getenv("TEST_AS_ACP_AGENT"); lines != "" {
		speakACP(lines)
		os.Exit(0)
	}
	if os.Getenv("TEST_AS_SCRIPT") == "1" && len(os.Args) > 1 && os.Args[1] == "agent-script" {
		dir, err := os.Getwd()
		if err != nil {
			panic(err)
		}
		os.Exit(inside.Script(os.Args[2:], os.Stdin, os.Stdout, os.Getenv, dir))
	}
	os.Exit(m.Run())
}

// scripted is a worktree and an agent with one script.
type scripted struct {
	set agent.Set
	a   job.Attempt
}

func newScripted(t *testing.T, script string) *scripted {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	scripts, dir, scratch := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(scripts, "t1.json"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	return &scripted{
		set: agent.Set{Self: []string{self}},
		a: job.Attempt{
			Op: "t1.1", Task: "t1", Number: 1, Dir: dir, Scratch: scratch, Prompt: "Do it.", NewID: "fresh-1",
			Host:  map[string]string{"PATH": os.Getenv("PATH"), "HOME": scratch},
			Agent: job.Agent{Name: "actor", Driver: "script", Command: []string{scripts}, Env: map[string]string{"TEST_AS_SCRIPT": "1"}},
		},
	}
}

func (s *scripted) start(t *testing.T, stdout io.Writer) *exec.Cmd {
	t.Helper()
	spec, err := s.set.Spec(s.a)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(spec.Argv[0], spec.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout = spec.Dir, spec.Env, strings.NewReader(spec.Stdin), stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// play plays the script to its end within the test's own process, with the
// arguments and the environment that its specification gives.
func (s *scripted) play(t *testing.T) (job.Outcome, []job.AgentEvent) {
	t.Helper()
	spec, err := s.set.Spec(s.a)
	if err != nil {
		t.Fatal(err)
	}
	env := func(name string) string {
		for _, v := range spec.Env {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}
	var stdout bytes.Buffer
	code := inside.Script(spec.Argv[2:], strings.NewReader(spec.Stdin), &stdout, env, spec.Dir)
	return s.judge(t, job.Exit{State: job.Exited, Code: code}, &stdout)
}

// playProcess plays the script to its end in a process of its own.
func (s *scripted) playProcess(t *testing.T) (job.Outcome, []job.AgentEvent) {
	t.Helper()
	var stdout bytes.Buffer
	cmd := s.start(t, &stdout)
	err := cmd.Wait()
	if e := (*exec.ExitError)(nil); err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	exit := job.Exit{State: job.Exited, Code: cmd.ProcessState.ExitCode()}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		exit = job.Exit{State: job.Signaled, Signal: status.Signal().String()}
	}
	return s.judge(t, exit, &stdout)
}

func (s *scripted) judge(t *testing.T, exit job.Exit, stdout *bytes.Buffer) (job.Outcome, []job.AgentEvent) {
	t.Helper()
	out, err := s.set.Outcome(s.a, exit, bytes.NewReader(stdout.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	var events []job.AgentEvent
	s.set.Follow(s.a, stdout, func(e job.AgentEvent) { events = append(events, e) })
	return out, events
}

func (s *scripted) file(name string) string {
	b, err := os.ReadFile(filepath.Join(s.a.Dir, name))
	if err != nil {
		return "no file"
	}
	return string(b)
}

func TestScriptEdits(t *testing.T) {
	s := newScripted(t, `{"turns":[{"do":[
		{"say":"I begin."},
		{"write":{"path":"a/b.txt","text":"one two\n"}},
		{"edit":{"path":"a/b.txt","old":"two","new":"three"}},
		{"write":{"path":"gone.txt","text":"x"}},
		{"delete":"gone.txt"},
		{"write":{"path":"from.txt","text":"moved"}},
		{"move":{"from":"from.txt","to":"c/to.txt"}},
		{"run":["sh","-c","cat a/b.txt; exit 3"]},
		{"deny":{"tool":"Bash","why":"git push"}},
		{"wait_ms":1},
		{"say":"I am done."}]}]}`)
	out, events := s.playProcess(t)
	if out.Kind != job.Done || out.Message != "I am done." || out.Session != "fresh-1" || out.Model != "scripted" {
		t.Errorf("outcome %+v", out)
	}
	if len(out.Denied) != 1 || out.Denied[0] != "Bash: git push" {
		t.Errorf("denied %q", out.Denied)
	}
	for name, want := range map[string]string{"a/b.txt": "one three\n", "gone.txt": "no file", "from.txt": "no file", "c/to.txt": "moved"} {
		if got := s.file(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var got []string
	for _, e := range events {
		got = append(got, strings.TrimSpace(strings.Join([]string{string(e.Kind), e.Tool, e.Path, e.Text}, " ")))
	}
	want := []string{
		"started", "note   this agent is scripted: it plays t1.json and asks no model", "text   I begin.",
		"edit  a/b.txt", "edit  a/b.txt", "edit  gone.txt", "edit  gone.txt", "edit  from.txt", "edit  c/to.txt",
		"tool run  sh -c cat a/b.txt; exit 3", "text   one three", "note   exit status 3", "denied Bash  git push",
		"text   I am done.", "ended   I am done.",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestScriptTurns(t *testing.T) {
	const script = `{"turns":[
		{"round":1,"do":[{"say":"round 1"}]},
		{"attempt":2,"do":[{"say":"attempt 2"}]},
		{"round":0,"attempt":1,"do":[{"say":"first"}]}]}`
	for _, c := range []struct {
		round, attempt int
		kind           job.OutcomeKind
		message        string
	}{
		{0, 1, job.Done, "first"},
		{0, 2, job.Done, "attempt 2"},
		{1, 1, job.Done, "round 1"},
		{1, 2, job.Done, "round 1"},
		{0, 3, job.Refused, "the script has no turn for attempt 3 in round 0"},
	} {
		s := newScripted(t, script)
		s.a.Round, s.a.Number = c.round, c.attempt
		if out, _ := s.play(t); out.Kind != c.kind || out.Message != c.message {
			t.Errorf("round %d attempt %d: %s %q, want %s %q", c.round, c.attempt, out.Kind, out.Message, c.kind, c.message)
		}
	}
}

func TestScriptEndings(t *testing.T) {
	for _, c := range []struct {
		name, steps string
		kind        job.OutcomeKind
		message     string // a part of it
	}{
		{"quota", `{"end":{"kind":"quota","message":"used up"}}`, job.Quota, "used up"},
		{"auth", `{"end":{"kind":"auth","message":"no"}}`, job.Auth, "no"},
		{"end is the end", `{"end":{"kind":"done","message":"early"}},{"exit":9}`, job.Done, "early"},
		{"exit 0 without a final event", `{"say":"hm"},{"exit":0}`, job.Crashed, "exit code 0 and without a final event"},
		{"exit 7", `{"exit":7}`, job.Crashed, "exit code 7"},
		{"flood", `{"flood_bytes":3000000},{"say":"after"}`, job.Done, "after"},
		{"edit without a match", `{"write":{"path":"f","text":"aa"}},{"edit":{"path":"f","old":"b","new":"c"}}`, job.Refused, "occurs 0 times"},
		{"edit with two matches", `{"write":{"path":"f","text":"aa"}},{"edit":{"path":"f","old":"a","new":"c"}}`, job.Refused, "occurs 2 times"},
		{"delete of nothing", `{"delete":"none"}`, job.Refused, "step 1 of the script failed"},
		{"leaving the worktree", `{"write":{"path":"../x","text":"x"}}`, job.Refused, "step 1 of the script failed"},
		{"command not found", `{"run":["no-such-program-here"]},{"say":"on"}`, job.Done, "on"},
		{"two things in one step", `{"say":"a","delete":"b"}`, job.Refused, "it must say one"},
		{"nothing in a step", `{}`, job.Refused, "it must say one"},
		{"unknown thing", `{"shout":"a"}`, job.Refused, "not understood"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _ := newScripted(t, `{"turns":[{"do":[`+c.steps+`]}]}`).play(t)
			if out.Kind != c.kind || !strings.Contains(out.Message, c.message) {
				t.Errorf("%s %q, want %s with %q", out.Kind, out.Message, c.kind, c.message)
			}
		})
	}
}

func TestScriptWithoutFile(t *testing.T) {
	s := newScripted(t, `{}`)
	s.a.Task = "other"
	if out, _ := s.play(t); out.Kind != job.Refused || !strings.Contains(out.Message, "read the script of task other") {
		t.Errorf("outcome %+v", out)
	}
}

// TestScriptStaysInside: a symlink in the worktree is no way out, an absolute
// path is one on purpose.
func TestScriptStaysInside(t *testing.T) {
	outside := t.TempDir()
	s := newScripted(t, `{"turns":[{"do":[{"write":{"path":"link/x","text":"x"}}]}]}`)
	if err := os.Symlink(outside, filepath.Join(s.a.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	if out, _ := s.play(t); out.Kind != job.Refused {
		t.Errorf("through a symlink: %+v", out)
	}
	path, err := json.Marshal(filepath.Join(outside, "deep", "x"))
	if err != nil {
		t.Fatal(err)
	}
	s = newScripted(t, `{"turns":[{"do":[{"write":{"path":`+string(path)+`,"text":"x"}}]}]}`)
	if out, _ := s.play(t); out.Kind != job.Done {
		t.Errorf("absolute: %+v", out)
	}
	if b, err := os.ReadFile(filepath.Join(outside, "deep", "x")); err != nil || string(b) != "x" {
		t.Errorf("absolute: %q, %v", b, err)
	}
}

// TestScriptUsageIsCumulative: like the real programs, a scripted session
// counts on when it is resumed, also after an attempt that was killed.
func TestScriptUsageIsCumulative(t *testing.T) {
	s := newScripted(t, `{"turns":[
		{"attempt":2,"do":[{"usage":{"input":7}},{"die":"kill"}]},
		{"attempt":3,"do":[{"usage":{"input":100,"output":10,"cost_micro_usd":5}}]},
		{"do":[{"turn":true},{"usage":{"input":100,"output":10,"cost_micro_usd":5}},{"turn":true}]}]}`)
	counted := func(u job.Usage, turns int64) job.Usage { // of turns each attempt counts its own
		u.Turns = turns
		return u
	}
	one := job.Usage{Input: 100, Output: 10, CostMicroUSD: 5}
	first, _ := s.play(t)
	if first.Usage != counted(one, 3) || first.Total != one {
		t.Errorf("first: usage %+v total %+v", first.Usage, first.Total)
	}
	s.a.Session, s.a.Previous, s.a.NewID, s.a.Number = first.Session, first.Total, "fresh-2", 2
	if killed, _ := s.playProcess(t); killed.Kind != job.Crashed || !strings.Contains(killed.Message, "signal killed") || killed.Session != "fresh-1" || killed.Total != one || killed.Usage.Turns != 1 || killed.Usage.TurnsUnknown {
		t.Errorf("killed: %+v", killed)
	}
	s.a.Number = 3
	third, _ := s.play(t)
	if third.Session != "fresh-1" || third.Usage != counted(one.Add(job.Usage{Input: 7}), 1) || third.Total != one.Add(counted(third.Usage, 0)) {
		t.Errorf("third: session %s usage %+v total %+v", third.Session, third.Usage, third.Total)
	}
}

func TestScriptHangsUntilKilled(t *testing.T) {
	s := newScripted(t, `{"turns":[{"do":[{"say":"ready"},{"hang":true}]}]}`)
	r, w := io.Pipe()
	cmd := s.start(t, w)
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		w.Close()
		ended <- err
	}()
	var stdout bytes.Buffer
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		stdout.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "ready") {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := <-ended; err == nil {
		t.Error("the agent ended by itself")
	}
	if out, _ := s.judge(t, job.Exit{State: job.Stopped}, &stdout); out.Kind != job.Halted {
		t.Errorf("outcome %+v", out)
	}
}
