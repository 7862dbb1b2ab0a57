package agentse2e

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

// hostile: a repository holds everything that is known to make one of the
// agents run a program or send its key elsewhere. Nothing of it happens in a
// run, with no sandbox around the agent but where the sandbox is what keeps its
// program from it; and most of it does when the
// same process is started with the repository trusted, or the test would prove
// nothing.
func hostile(t *testing.T, agent who) {
	var heard atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		heard.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(thief.Close)
	m := trapper{marks: t.TempDir(), thief: thief.URL}
	steps := goes()
	steps[0].Do = append(steps[0].Do, fakemodel.Op{Kind: fakemodel.Read, Path: "price/price.go"}, fakemodel.Op{Kind: fakemodel.Shell, Command: "echo looked"})
	p := newPlace(t, agent, script(steps...), set{traps: &m})
	p.run().ends(done)
	task := p.task()
	p.attempt(task, 1, job.Done)
	if task.State != report.Landed {
		t.Errorf("the task is %s\n%s", task.State, p.describe())
	}
	if names := p.sprung(m); len(names) > 0 {
		t.Errorf("the repository ran programs of its own in the run: %q", names)
	}
	if n := heard.Load(); n > 0 {
		t.Errorf("the repository led %d requests to another server", n)
	}
	if agent.trust == nil {
		return
	}
	for path := range m.thieves() { // they would keep the agent from working
		if err := os.Remove(filepath.Join(p.repo(), path)); err != nil {
			t.Fatal(err)
		}
	}
	p.trusted()
	names := p.sprung(m)
	for _, want := range agent.falls {
		if !slices.Contains(names, want) {
			t.Errorf("trusted, it did not fall into the trap %s, so this test proves nothing of it; it fell into %q", want, names)
		}
	}
	t.Logf("trusted, it fell into %q", names)
}

// sprung gives the traps that somebody fell into.
func (p *place) sprung(m trapper) []string {
	p.t.Helper()
	entries, err := os.ReadDir(m.marks)
	if err != nil {
		p.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	err = filepath.WalkDir(filepath.Join(p.root, "state"), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), sprungMark) {
			out = append(out, strings.TrimPrefix(e.Name(), sprungMark))
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// trusted starts the process of the first attempt again, in the person's
// checkout, but for what keeps it from trusting the repository.
func (p *place) trusted() {
	p.t.Helper()
	names, _ := filepath.Glob(filepath.Join(p.root, "state", "muster", "*", "ops", "*.tax.1", "spec.json"))
	if len(names) != 1 {
		p.t.Fatalf("%d specifications of the first attempt", len(names))
	}
	var spec job.Spec
	data, err := os.ReadFile(names[0])
	if err == nil {
		err = json.Unmarshal(data, &spec)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.agent.trust(p, &spec)
	program := spec.Argv[0]
	if !filepath.IsAbs(program) {
		program = filepath.Join(agentsDir(p.t), "bin", program)
	}
	cmd := exec.CommandContext(p.t.Context(), program, spec.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = p.repo(), spec.Env, strings.NewReader(spec.Stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Logf("trusted, it ended with %v:\n%s", err, out)
	}
}

// dropArgs takes arguments away, each with as many values as it has.
func dropArgs(argv []string, values map[string]int) []string {
	var out []string
	for i := 0; i < len(argv); i++ {
		name, _, joined := strings.Cut(argv[i], "=")
		n, found := values[name]
		if !found {
			out = append(out, argv[i])
		} else if !joined {
			i += n
		}
	}
	return out
}

// setVariable changes a variable, or takes it away.
func setVariable(env []string, name, value string) []string {
	env = slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, name+"=") })
	if value == "" {
		return env
	}
	return append(env, name+"="+value)
}

func trustClaude(_ *place, s *job.Spec) {
	s.Argv = dropArgs(s.Argv, map[string]int{"--setting-sources": 1, "--strict-mcp-config": 0, "--session-id": 1})
}

func trustCodex(p *place, s *job.Spec) {
	for i, arg := range s.Argv {
		if strings.HasPrefix(arg, "projects=") {
			s.Argv[i] = "projects={" + p.json(p.repo()) + `={trust_level="trusted"}}`
		}
	}
}

func trustGemini(_ *place, s *job.Spec) {
	s.Argv = dropArgs(s.Argv, map[string]int{"--session-id": 1})
	s.Env = setVariable(s.Env, "GEMINI_CLI_TRUST_WORKSPACE", "true")
}

func trustCopilot(_ *place, s *job.Spec) {
	s.Argv = append(dropArgs(s.Argv, map[string]int{"--session-id": 1}), "--trust-folder")
}

func trustQwen(_ *place, s *job.Spec) {
	s.Argv = dropArgs(s.Argv, map[string]int{"--session-id": 1})
	s.Env = setVariable(setVariable(s.Env, "QWEN_CODE_SYSTEM_SETTINGS_PATH", ""), "QWEN_CODE_TRUSTED_FOLDERS_PATH", "")
}

func trustOpencode(_ *place, s *job.Spec) {
	s.Env = setVariable(setVariable(s.Env, "OPENCODE_DISABLE_PROJECT_CONFIG", ""), "OPENCODE_DB", "")
}
