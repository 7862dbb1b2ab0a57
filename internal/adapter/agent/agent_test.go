package agent_test

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"muster/internal/adapter/agent"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

func TestNames(t *testing.T) {
	want := []string{"acp", "claude", "codex", "command", "copilot", "gemini", "opencode", "qwen", "script"}
	if got := agent.Names(); !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	for _, n := range want {
		if _, err := agent.For(n); err != nil {
			t.Errorf("%s: %v", n, err)
		}
	}
	_, err := agent.For("acme")
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.HintOf(err), "acp, claude, codex, command, copilot, gemini, opencode, qwen, script") {
		t.Errorf("unknown driver: %v (%s)", err, fault.HintOf(err))
	}
}

func attempt(driver string) job.Attempt {
	return job.Attempt{
		Op: "t.1", Task: "t", Number: 1, Dir: "/tree", Scratch: "/scratch", Prompt: "secret prompt", NewID: "11111111-2222-4333-8444-555555555555",
		LimitMS: 5000,
		Agent:   job.Agent{Name: "a", Driver: driver},
		Host: map[string]string{
			"PATH": "/bin", "HOME": "/home/dev", "SHELL": "/bin/sh", "GITHUB_TOKEN": "github-token-1", "HTTPS_PROXY": "http://proxy",
			"ANTHROPIC_API_KEY": "anthropic-key-1", "CLAUDE_CONFIG_DIR": "/c", "CLAUDE_CODE_SSE_PORT": "1",
			"OPENAI_API_KEY": "openai-key-1", "CODEX_HOME": "/x", "CODEX_SANDBOX": "seatbelt",
			"COPILOT_GITHUB_TOKEN": "copilot-key-1", "COPILOT_ALLOW_ALL": "true",
			"QWEN_CODE_SESSION_ID": "1", "QWEN_HOME": "/q", "OPENCODE_PERMISSION": "{}", "OPENCODE_CONFIG": "/o", "OPENCODE_DB": "/o/db",
			"GEMINI_API_KEY": "gemini-key-1", "GEMINI_CLI_TRUST_WORKSPACE": "true", "GEMINI_CLI_IDE_SERVER_PORT": "1",
		},
	}
}

func TestSpecs(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*job.Attempt)
	}{
		{"claude", func(*job.Attempt) {}},
		{"claude-resume", func(a *job.Attempt) {
			a.Session = "sess-1"
			a.Agent.Model = "opus"
			a.Agent.Args = []string{"--max-turns", "5"}
			a.Agent.Env = map[string]string{"EXTRA": "1", "TERM": "xterm"}
			a.Agent.PassEnv = []string{"GITHUB_TOKEN", "NOT_THERE"}
		}},
		{"claude-own-rules", func(a *job.Attempt) {
			a.Prompt = " /clear the cache"
			a.Agent.Command = []string{"/opt/claude", "--debug"}
			a.Agent.Args = []string{"--permission-mode=plan", "--allowed-tools", "Read"}
		}},
		{"codex", func(*job.Attempt) {}},
		{"codex-resume", func(a *job.Attempt) {
			a.Session, a.Scratch = "sess-1", `/a "b" <c>`
			a.Agent.Model = "gpt-5.5"
			a.Agent.Args = []string{"-c", "model_provider=x", "--sandbox=read-only"}
		}},
		{"gemini", func(a *job.Attempt) { a.Prompt = "@secret prompt" }},
		{"gemini-resume", func(a *job.Attempt) {
			a.Session, a.Agent.Model = "sess-1", "gemini-2.5-pro"
			delete(a.Host, "GEMINI_API_KEY")
		}},
		{"copilot", func(*job.Attempt) {}},
		{"copilot-resume", func(a *job.Attempt) {
			a.Session, a.Agent.Model, a.Agent.Args = "sess-1", "coder", []string{"--allow-tool=write"}
		}},
		{"qwen", func(a *job.Attempt) { a.NewID = "22f62659-9561-8fb8-95b7-4c321325c868" }},
		{"qwen-resume", func(a *job.Attempt) { a.Session, a.Agent.Model = "sess-1", "coder" }},
		{"opencode", func(*job.Attempt) {}},
		{"opencode-resume", func(a *job.Attempt) { a.Session, a.Agent.Model = "ses_1", "local/coder" }},
		{"acp", func(a *job.Attempt) { a.Agent.Command, a.Agent.Args = []string{"own-agent", "--stdio"}, []string{"-v"} }},
		{"acp-gemini", func(a *job.Attempt) { a.Agent.Command, a.Agent.Model = []string{"/opt/gemini", "--acp"}, "m" }},
		{"acp-opencode", func(a *job.Attempt) { a.Agent.Command = []string{"opencode", "acp"} }},
		{"command", func(a *job.Attempt) {
			a.Agent.Command, a.Agent.Args = []string{"./agent.sh", "x"}, []string{"-v"}
			a.Session, a.Round = "sess-1", 2
		}},
		{"script", func(a *job.Attempt) { a.Agent.Command = []string{"/demo"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			driver, _, _ := strings.Cut(c.name, "-")
			a := attempt(driver)
			c.change(&a)
			spec, err := agent.Set{Self: []string{"/usr/bin/muster"}}.Spec(a)
			if err != nil {
				t.Fatal(err)
			}
			if spec.Version != job.SpecVersion || spec.ID != "t.1" || spec.Dir != "/tree" || spec.LimitMS != 5000 || spec.GraceMS <= 0 || spec.OutputCap <= 0 {
				t.Errorf("spec %+v", spec)
			}
			argv := strings.Join(spec.Argv, "\n")
			for _, never := range []string{"prompt", "-key-1", "github-token-1"} {
				if strings.Contains(argv, never) {
					t.Errorf("%q is an argument", never)
				}
			}
			compareGolden(t, "testdata/spec/"+c.name+".golden",
				argv+"\n\n"+strings.Join(spec.Env, "\n")+"\n\n"+spec.Stdin+"\n"+filesOf(t, c.name, a))
		})
	}
}

func TestSpecRefuses(t *testing.T) {
	for _, c := range []struct {
		name, driver string
		change       func(*job.Attempt)
	}{
		{"unknown driver", "acme", func(*job.Attempt) {}},
		{"no operation", "claude", func(a *job.Attempt) { a.Op = "" }},
		{"relative worktree", "claude", func(a *job.Attempt) { a.Dir = "tree" }},
		{"relative scratch", "codex", func(a *job.Attempt) { a.Scratch = "" }},
		{"session that is an option", "claude", func(a *job.Attempt) { a.Session = "--dangerously-skip-permissions" }},
		{"session that is a path", "codex", func(a *job.Attempt) { a.Session = "../x" }},
		{"new id that is an option", "script", func(a *job.Attempt) { a.NewID, a.Agent.Command = "-x", []string{"/s"} }},
		{"model that is an option", "codex", func(a *job.Attempt) { a.Agent.Model = "--yolo" }},
		{"model that is an option", "claude", func(a *job.Attempt) { a.Agent.Model = "-p" }},
		{"option of Muster's", "claude", func(a *job.Attempt) { a.Agent.Args = []string{"--output-format=text"} }},
		{"option of Muster's", "qwen", func(a *job.Attempt) { a.Agent.Args = []string{"-c"} }},
		{"option of Muster's", "opencode", func(a *job.Attempt) { a.Agent.Args = []string{"--auto"} }},
		{"option of Muster's", "copilot", func(a *job.Attempt) { a.Agent.Args = []string{"--trust-folder"} }},
		{"option of Muster's", "gemini", func(a *job.Attempt) { a.Agent.Args = []string{"--skip-trust"} }},
		{"option of Muster's", "codex", func(a *job.Attempt) { a.Agent.Args = []string{"--cd", "/"} }},
		{"empty command", "command", func(*job.Attempt) {}},
		{"Copilot by ACP", "acp", func(a *job.Attempt) { a.Agent.Command = []string{"/opt/copilot", "--acp"} }},
		{"model of OpenCode", "acp", func(a *job.Attempt) { a.Agent.Command, a.Agent.Model = []string{"opencode", "acp"}, "m" }},
		{"empty command", "acp", func(*job.Attempt) {}},
		{"model of an unknown agent", "acp", func(a *job.Attempt) { a.Agent.Command, a.Agent.Model = []string{"own-agent"}, "m" }},
		{"no folder", "script", func(*job.Attempt) {}},
		{"task that is a path", "script", func(a *job.Attempt) { a.Task, a.Agent.Command = "../t", []string{"/s"} }},
		{"variable with a NUL", "claude", func(a *job.Attempt) { a.Agent.Env = map[string]string{"A": "b\x00c"} }},
		{"variable without a name", "codex", func(a *job.Attempt) { a.Agent.Env = map[string]string{"": "b"} }},
	} {
		a := attempt(c.driver)
		c.change(&a)
		if spec, err := (agent.Set{}).Spec(a); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s, %s: %+v, %v; want an invalid input", c.name, c.driver, spec, err)
		}
	}
}

const (
	claudeDone  = `{"type":"result","subtype":"success","is_error":false,"result":"ok","session_id":"s1"}`
	codexDone   = `{"type":"turn.completed","usage":{"input_tokens":10,"cached_input_tokens":4,"output_tokens":2}}`
	ownDone     = `{"muster":"outcome","kind":"done","message":"ok","session":"s1","usage":{"input":3}}`
	copilotDone = `{"type":"result","sessionId":"s1","exitCode":0}`
	ownRefused  = `{"muster":"outcome","kind":"refused","message":"no"}`
)

func outcome(t *testing.T, a job.Attempt, exit job.Exit, stdout, stderr string) job.Outcome {
	t.Helper()
	out, err := agent.Set{}.Outcome(a, exit, strings.NewReader(stdout), strings.NewReader(stderr))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEndings: the final event decides, then what Muster did to the process,
// never the exit code alone.
func TestEndings(t *testing.T) {
	exited := func(code int) job.Exit { return job.Exit{State: job.Exited, Code: code} }
	state := func(s job.ExitState) job.Exit { return job.Exit{State: s, Error: "no such file"} }
	failed := `{"type":"result","subtype":"success","is_error":true,"api_error_status":529,"result":"overloaded"}`
	for _, c := range []struct {
		driver, stdout string
		exit           job.Exit
		want           job.OutcomeKind
	}{
		{"claude", claudeDone, exited(0), job.Done},
		{"claude", claudeDone, exited(1), job.Done},
		{"claude", claudeDone, state(job.Lost), job.Done},
		{"claude", claudeDone, state(job.Stopped), job.Done},
		{"claude", claudeDone, state(job.TimedOut), job.Done},
		{"claude", claudeDone, state(job.NotStarted), job.Missing},
		{"claude", "", exited(0), job.Crashed},
		{"claude", "", state(job.Lost), job.Vanished},
		{"claude", "", state(job.Stopped), job.Halted},
		{"claude", "", state(job.TimedOut), job.Timeout},
		{"claude", "", state(job.NotStarted), job.Missing},
		{"claude", "", job.Exit{State: job.Signaled, Signal: "killed"}, job.Crashed},
		{"claude", failed, exited(0), job.Provider},
		{"claude", failed, state(job.Stopped), job.Halted},
		{"claude", failed + "\n" + claudeDone, exited(0), job.Done},
		{"claude", claudeDone + "\n" + failed, exited(0), job.Provider},
		{"claude", claudeDone + "\n" + `{"type":"assistant","message":{"content":[]}}`, state(job.Lost), job.Vanished},
		{"claude", claudeDone[:len(claudeDone)-9], exited(0), job.Crashed},                              // cut off
		{"claude", `{"type":"result","subtype":"success","result":"ok"}`, exited(0), job.Provider},      // does not say that there was no error
		{"claude", `{"type":"result","is_error":"false","subtype":"success"}`, exited(0), job.Provider}, // says it in a way we do not know
		{"claude", `{"type":"result","is_error":false,"subtype":"success","stop_reason":"refusal"}`, exited(0), job.Refused},
		{"claude", `{"type":"result","is_error":true,"result":"Not logged in · Please run /login"}`, exited(1), job.Auth},
		{"claude", `{"type":"result","is_error":true,"result":"You've hit your limit · resets 3am"}`, exited(1), job.Quota},
		{"codex", codexDone, exited(0), job.Done},
		{"codex", codexDone, exited(1), job.Done},
		{"codex", "", exited(0), job.Crashed},
		{"codex", codexDone + "\n" + `{"type":"turn.started"}`, exited(0), job.Crashed},
		{"codex", `{"type":"turn.failed","error":{"message":"You've hit your usage limit."}}`, exited(1), job.Quota},
		{"codex", `{"type":"turn.failed","error":{"message":"unexpected status 403 Forbidden"}}`, exited(1), job.Auth},
		{"codex", `{"type":"turn.failed","error":{"message":"unexpected status 503 Service Unavailable"}}`, exited(1), job.Provider},
		{"codex", `{"type":"turn.failed"}`, exited(1), job.Provider},
		{"command", "", exited(0), job.Done},
		{"command", "", exited(1), job.Crashed},
		{"command", ownDone, exited(1), job.Done},
		{"command", ownDone, state(job.Lost), job.Done},
		{"command", ownRefused, exited(0), job.Refused},
		{"command", ownDone + "\n" + ownRefused, exited(0), job.Refused},
		{"command", `{"muster":"outcome","kind":"halted"}`, exited(3), job.Crashed}, // not its word
		{"command", "", state(job.Lost), job.Vanished},
		{"command", `{"muster":"outcome","kind":"failed","message":"Incorrect API key provided: x."}`, exited(1), job.Auth},
		{"command", `{"muster":"outcome","kind":"failed","message":"API key not valid. Please pass a valid API key."}`, exited(1), job.Auth},
		{"command", `{"muster":"outcome","kind":"failed","message":"invalid x-api-key"}`, exited(1), job.Auth},
		{"script", "", exited(0), job.Crashed},
		{"script", ownDone, exited(0), job.Done},
	} {
		if out := outcome(t, attempt(c.driver), c.exit, c.stdout, ""); out.Kind != c.want {
			t.Errorf("%s, %s %d, %s: %s %q, want %s", c.driver, c.exit.State, c.exit.Code, c.stdout, out.Kind, out.Message, c.want)
		}
	}
}

// A refused key is nothing that the agent, or trying again, can mend.
func TestRefusedKeySaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		driver, stdout string
		want           bool
	}{
		{"claude", `{"type":"result","is_error":true,"result":"Invalid API key","api_error_status":401}`, true},
		{"codex", `{"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized"}}`, true},
		{"claude", `{"type":"result","is_error":true,"result":"overloaded","api_error_status":529}`, false},
		{"codex", `{"type":"turn.failed","error":{"message":"unexpected status 503 Service Unavailable"}}`, false},
	} {
		out := outcome(t, attempt(c.driver), job.Exit{State: job.Exited, Code: 1}, c.stdout, "")
		if got := strings.HasPrefix(out.Message, "log the agent in"); got != c.want {
			t.Errorf("%s, %s: message %q", c.driver, c.stdout, out.Message)
		}
	}
}

func TestCrashIsExplained(t *testing.T) {
	a := attempt("codex")
	out := outcome(t, a, job.Exit{State: job.Exited, Code: 2}, "", strings.Repeat("noise\n", 2000)+"error: bad key openai-key-1\n")
	if !strings.Contains(out.Message, "exit code 2") || !strings.Contains(out.Message, "bad key [redacted]") || len(out.Message) > 4096 {
		t.Errorf("message %q", out.Message)
	}
	out = outcome(t, a, job.Exit{State: job.Exited, Capped: true}, "", "")
	if !out.Capped || !strings.Contains(out.Message, "more than is kept") {
		t.Errorf("outcome %+v", out)
	}
}

// TestTroubleThatPassed: an error that the agent got over explains nothing.
func TestTroubleThatPassed(t *testing.T) {
	retry := `{"type":"error","message":"Reconnecting... 1/5 (busy)"}`
	lost := job.Exit{State: job.Lost}
	if out := outcome(t, attempt("codex"), lost, retry, ""); !strings.Contains(out.Message, "busy") {
		t.Errorf("while in trouble: %q", out.Message)
	}
	said := `{"type":"item.completed","item":{"type":"agent_message","text":"on we go"}}`
	if out := outcome(t, attempt("codex"), lost, retry+"\n"+said, ""); strings.Contains(out.Message, "busy") {
		t.Errorf("after it: %q", out.Message)
	}
}

// TestUnknownSession: a session that the agent does not know is not kept, and
// only then.
func TestUnknownSession(t *testing.T) {
	exit := job.Exit{State: job.Exited, Code: 1}
	unknown := `{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["No conversation found with session ID: s1"]}`
	const codexSays = "Error: thread/resume failed: no rollout found for thread id s1"
	for _, c := range []struct {
		name, driver, session, stdout, stderr string
		want                                  job.OutcomeKind
		keeps                                 string
	}{
		{"claude", "claude", "s1", unknown, "", job.Crashed, ""},
		{"codex", "codex", "s1", "", codexSays, job.Crashed, ""},
		{"nothing was resumed", "claude", "", unknown, "", job.Provider, ""},
		{"another crash", "codex", "s1", "", "Error: disk full", job.Crashed, "s1"},
		{"it worked", "codex", "s1", codexDone, codexSays, job.Done, "s1"},
	} {
		a := attempt(c.driver)
		a.Session = c.session
		if out := outcome(t, a, exit, c.stdout, c.stderr); out.Kind != c.want || out.Session != c.keeps {
			t.Errorf("%s: %s with session %q, want %s with %q", c.name, out.Kind, out.Session, c.want, c.keeps)
		}
	}
}

func TestCodexRefusedEdit(t *testing.T) {
	stderr := "2026 ERROR router: error=patch rejected: writing outside of the project\nother\n"
	out := outcome(t, attempt("codex"), job.Exit{State: job.Exited}, codexDone, stderr)
	if !slices.Equal(out.Denied, []string{"file change: writing outside of the project"}) {
		t.Errorf("denied %q", out.Denied)
	}
}

func TestUsage(t *testing.T) {
	resumed := func(driver string, previous job.Usage) job.Attempt {
		a := attempt(driver)
		a.Session, a.Previous = "s1", previous
		return a
	}
	withModel := `{"type":"result","subtype":"success","is_error":false,"total_cost_usd":0.5,"usage":{"input_tokens":1},` +
		`"modelUsage":{"m":{"inputTokens":10,"outputTokens":5,"thinkingTokens":2,"costUSD":0.4},"n":{"inputTokens":1,"costUSD":0.1,"costBasis":"unknown"}}}`
	plain := `{"type":"result","subtype":"success","is_error":false,"total_cost_usd":0.25,"usage":{"input_tokens":3,"output_tokens":1}}`
	old := job.Usage{Input: 4, CostMicroUSD: 100_000}
	for _, c := range []struct {
		name         string
		a            job.Attempt
		stdout       string
		usage, total job.Usage
	}{
		{
			"made-up prices are no prices", attempt("claude"), withModel,
			job.Usage{Input: 11, Output: 5, Reasoning: 2, CostMicroUSD: 400_000, CostUnknown: true},
			job.Usage{Input: 11, Output: 5, Reasoning: 2, CostMicroUSD: 400_000, CostUnknown: true},
		},
		{
			"counts go on", resumed("claude", old), withModel,
			job.Usage{Input: 7, Output: 5, Reasoning: 2, CostMicroUSD: 300_000, CostUnknown: true},
			job.Usage{Input: 11, Output: 5, Reasoning: 2, CostMicroUSD: 400_000, CostUnknown: true},
		},
		{
			"counts began anew", resumed("claude", job.Usage{Input: 12}), withModel,
			job.Usage{Input: 11, Output: 5, Reasoning: 2, CostMicroUSD: 400_000, CostUnknown: true},
			job.Usage{Input: 11, Output: 5, Reasoning: 2, CostMicroUSD: 400_000, CostUnknown: true},
		},
		{
			"tokens of this run, cost of the session", resumed("claude", old), plain,
			job.Usage{Input: 3, Output: 1, CostMicroUSD: 150_000},
			job.Usage{Input: 7, Output: 1, CostMicroUSD: 250_000},
		},
		{
			"two turns in one run", attempt("claude"), plain + "\n" + plain,
			job.Usage{Input: 6, Output: 2, CostMicroUSD: 250_000},
			job.Usage{Input: 6, Output: 2, CostMicroUSD: 250_000},
		},
		{
			"cached input is split off", attempt("codex"), codexDone,
			job.Usage{Input: 6, CacheRead: 4, Output: 2, CostUnknown: true},
			job.Usage{Input: 6, CacheRead: 4, Output: 2, CostUnknown: true},
		},
		{
			"a file beside the stream", resumed("copilot", job.Usage{Input: 5, CacheRead: 1, Output: 3}), copilotDone + "\n" +
				`{"muster":"file","file":{"modelMetrics":{"m":{"usage":{"inputTokens":10,"cacheReadTokens":3,"outputTokens":4,"reasoningTokens":1}},"n":{"usage":{"inputTokens":1}}}}}`,
			job.Usage{Input: 3, CacheRead: 2, Output: 1, Reasoning: 1, CostUnknown: true},
			job.Usage{Input: 8, CacheRead: 3, Output: 4, Reasoning: 1, CostUnknown: true},
		},
		{"nothing reported", resumed("codex", old), `{"type":"thread.started","thread_id":"s1"}`, job.Usage{CostUnknown: true}, old},
		{"own usage is the attempt's", resumed("command", old), ownDone, job.Usage{Input: 3}, job.Usage{Input: 7, CostMicroUSD: 100_000}},
		{
			"own total is the session's", resumed("command", old), `{"muster":"outcome","kind":"done","total":{"input":9,"cost_micro_usd":100001}}`,
			job.Usage{Input: 5, CostMicroUSD: 1},
			job.Usage{Input: 9, CostMicroUSD: 100_001},
		},
		{
			"absurd numbers", attempt("command"), `{"muster":"outcome","kind":"done","usage":{"input":-5,"output":1e300,"cache_read":"x","reasoning":1.6}}`,
			job.Usage{Output: 1e15, Reasoning: 2},
			job.Usage{Output: 1e15, Reasoning: 2},
		},
	} {
		out := outcome(t, c.a, job.Exit{State: job.Exited}, c.stdout, "")
		out.Usage.Turns, out.Usage.TurnsUnknown = 0, false // counted elsewhere
		if out.Usage != c.usage || out.Total != c.total {
			t.Errorf("%s:\nusage %+v\nwant  %+v\ntotal %+v\nwant  %+v", c.name, out.Usage, c.usage, out.Total, c.total)
		}
	}
}

// TestHostileOutput: what an agent prints cannot name a session that is an
// option, leak a key, drive a terminal, or grow without bound.
func TestHostileOutput(t *testing.T) {
	a := attempt("command")
	text := `{"muster":"event","kind":"text","text":"key anthropic-key-1 \u001b[2J\u202e` + strings.Repeat("é", 5000) + `"}`
	lines := strings.Join([]string{
		`{"muster":"event","kind":"started","session":"--evil","model":"m"}`, text, "\xff\xfe raw \x1b[31m", "{broken",
		`{"muster":"event","kind":"made-up","text":"x"}`, `[1,2]`, `null`, "", "   ",
	}, "\n")
	var events []job.AgentEvent
	agent.Set{}.Follow(a, strings.NewReader(lines), func(e job.AgentEvent) { events = append(events, e) })
	var kinds []job.AgentEventKind
	for _, e := range events {
		kinds = append(kinds, e.Kind)
		if e.Session != "" || !utf8.ValidString(e.Text) || len(e.Text) > 4096 || strings.ContainsAny(e.Text, "\x1b\u202e") || strings.Contains(e.Text, "anthropic-key-1") {
			t.Errorf("event %+v", e)
		}
	}
	want := []job.AgentEventKind{job.AgentStarted, job.AgentText, job.AgentText, job.AgentText, job.AgentNote, job.AgentText, job.AgentText}
	if !slices.Equal(kinds, want) {
		t.Errorf("kinds %q, want %q", kinds, want)
	}
}

func TestLongLines(t *testing.T) {
	long := `{"type":"assistant","text":"` + strings.Repeat("x", 3<<20) + "\"}\n"
	exit := job.Exit{State: job.Exited}
	out := outcome(t, attempt("claude"), exit, long+claudeDone, "")
	if out.Kind != job.Done || !out.Capped {
		t.Errorf("after a long line: %+v", out)
	}
	if out := outcome(t, attempt("claude"), exit, strings.Repeat(" ", 1<<20-len(claudeDone))+claudeDone, ""); out.Kind != job.Done || out.Capped {
		t.Errorf("a line of just the limit: %+v", out)
	}
	if out := outcome(t, attempt("claude"), exit, strings.Repeat(" ", 1<<20-len(claudeDone)+1)+claudeDone, ""); out.Kind != job.Crashed || !out.Capped {
		t.Errorf("a line one over the limit: %+v", out)
	}
	var notes []string
	agent.Set{}.Follow(attempt("claude"), strings.NewReader(long), func(e job.AgentEvent) { notes = append(notes, e.Text) })
	if len(notes) != 1 || !strings.Contains(notes[0], "was skipped") {
		t.Errorf("notes %q", notes)
	}
}

func TestStreamsThatFail(t *testing.T) {
	broken := func() io.Reader {
		return io.MultiReader(strings.NewReader(claudeDone), iotest.ErrReader(errors.New("disk")))
	}
	if _, err := (agent.Set{}).Outcome(attempt("claude"), job.Exit{}, broken(), nil); fault.KindOf(err) != fault.Internal {
		t.Errorf("stdout: %v", err)
	}
	if _, err := (agent.Set{}).Outcome(attempt("claude"), job.Exit{}, nil, broken()); fault.KindOf(err) != fault.Internal {
		t.Errorf("stderr: %v", err)
	}
	if _, err := (agent.Set{}).Outcome(attempt("none"), job.Exit{}, nil, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("driver: %v", err)
	}
	for _, driver := range []string{"claude", "none"} {
		var last job.AgentEvent
		agent.Set{}.Follow(attempt(driver), broken(), func(e job.AgentEvent) { last = e })
		if last.Kind != job.AgentNote || last.Text == "" {
			t.Errorf("%s: the show ended without a word: %+v", driver, last)
		}
	}
}

// TestPieces: how the stream is cut into reads does not matter.
func TestPieces(t *testing.T) {
	exit := job.Exit{State: job.Exited}
	whole := outcome(t, attempt("claude"), exit, claudeDone, "tail")
	pieces, err := agent.Set{}.Outcome(attempt("claude"), exit, iotest.OneByteReader(strings.NewReader(claudeDone+"\n")), iotest.DataErrReader(strings.NewReader("tail")))
	if err != nil || !reflect.DeepEqual(whole, pieces) {
		t.Errorf("%+v, %v; want %+v", pieces, err, whole)
	}
}

func TestDeniedIsBounded(t *testing.T) {
	var lines strings.Builder
	for i := range 50 {
		lines.WriteString(`{"muster":"event","kind":"denied","tool":"T","text":"` + strconv.Itoa(i) + "\"}\n")
	}
	if out := outcome(t, attempt("command"), job.Exit{State: job.Exited}, lines.String(), ""); len(out.Denied) != 20 || out.Denied[19] != "T: 19" {
		t.Errorf("denied %d: %q", len(out.Denied), out.Denied)
	}
}

func TestProgram(t *testing.T) {
	set := agent.Set{Self: []string{"/usr/bin/muster", "x"}}
	for _, c := range []struct {
		g    job.Agent
		want string
	}{
		{job.Agent{Driver: "claude"}, "claude"},
		{job.Agent{Driver: "claude", Command: []string{"/opt/c", "-x"}}, "/opt/c"},
		{job.Agent{Driver: "codex"}, "codex"},
		{job.Agent{Driver: "copilot"}, "copilot"},
		{job.Agent{Driver: "command", Command: []string{"./a.sh"}}, "./a.sh"},
		{job.Agent{Driver: "command"}, ""},
		{job.Agent{Driver: "script", Command: []string{"/demo"}}, "/usr/bin/muster"},
	} {
		if got, err := set.Program(c.g); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c.g, got, err)
		}
	}
	if _, err := set.Program(job.Agent{Driver: "x"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("unknown driver: %v", err)
	}
}
