package agentse2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/gateway/gatewaytest"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

// patience bounds every wait for a fact, a whole run among them. It is generous:
// nothing is timed, and a machine may have other work.
const patience = 20 * time.Minute

const testKey = "dummy-key-0123456789"

// The exit codes that are expected here.
const (
	done        = 0
	needsPerson = 10
)

// shop is a module of two packages, of which one uses the other.
func shop() map[string]string {
	return map[string]string{
		"go.mod":              "module shop.invalid\n\ngo 1.21\n",
		"price/price.go":      "// Package price adds up prices in cents.\npackage price\n\n// Total adds prices up.\nfunc Total(cents ...int) int {\n\tsum := 0\n\tfor _, c := range cents {\n\t\tsum += c\n\t}\n\treturn sum\n}\n",
		"price/price_test.go": "package price\n\nimport \"testing\"\n\nfunc TestTotal(t *testing.T) {\n\tif got := Total(100, 250); got != 350 {\n\t\tt.Errorf(\"Total(100, 250) = %d, want 350\", got)\n\t}\n}\n",
		"cart/cart.go":        "// Package cart holds what a customer buys.\npackage cart\n\nimport \"shop.invalid/price\"\n\n// Cart lists prices.\ntype Cart []int\n\n// Sum is what the cart costs, without tax.\nfunc (c Cart) Sum() int { return price.Total(c...) }\n",
		"cart/cart_test.go":   "package cart\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif got := (Cart{1000, 2000}).Sum(); got != 3000 {\n\t\tt.Errorf(\"Sum() = %d, want 3000\", got)\n\t}\n}\n",
	}
}

// The change that the task asks for.
const (
	taxPath  = "price/tax.go"
	taxText  = "package price\n\n// WithTax adds a tax of 20 %.\nfunc WithTax(cents int) int { return cents + cents/5 }\n"
	testPath = "price/tax_test.go"
	testText = "package price\n\nimport \"testing\"\n\nfunc TestWithTax(t *testing.T) {\n\tif got := WithTax(1000); got != 1200 {\n\t\tt.Errorf(\"WithTax(1000) = %d, want 1200\", got)\n\t}\n}\n"
)

// goes lists the steps of an agent that does the task right.
func goes() []fakemodel.Step {
	return []fakemodel.Step{
		{Text: "Writing.", Do: []fakemodel.Op{
			{Kind: fakemodel.Write, Path: taxPath, Text: taxText},
			{Kind: fakemodel.Write, Path: testPath, Text: testText},
		}},
		{Text: "WROTE"},
	}
}

// set says how a place differs from the usual.
type set struct {
	minutes   string            // agent time of the task
	root      string            // a folder of the test's; empty for a new one
	elsewhere bool              // the target is not checked out, so that Muster can move it
	files     map[string]string // what the repository holds beside
	traps     *trapper          // what the repository holds beside; then no more than needed stands between it and the agent
}

// place is a repository with a home, a state folder and a model.
type place struct {
	t     *testing.T
	agent who
	root  string
	model *fakemodel.Server
	env   []string
}

func newPlace(t *testing.T, agent who, script fakemodel.Script, s set) *place {
	t.Helper()
	m, err := fakemodel.Start(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	p := &place{t: t, agent: agent, root: s.root, model: m}
	if p.root == "" {
		p.root = t.TempDir()
	}
	goEnv := goFolders(t)
	p.env = []string{
		"PATH=" + filepath.Join(agentsDir(t), "bin") + ":" + os.Getenv("PATH"), "HOME=" + p.home(),
		"XDG_STATE_HOME=" + filepath.Join(p.root, "state"), "USER=kim", "GIT_CONFIG_NOSYSTEM=1",
		"GOCACHE=" + goEnv.GOCACHE, "GOMODCACHE=" + goEnv.GOMODCACHE, "GOTOOLCHAIN=local",
		"ANTHROPIC_API_KEY=" + testKey, "SHOP_MODEL_KEY=" + testKey, "GEMINI_API_KEY=" + testKey,
		"OPENAI_API_KEY=" + testKey, "COPILOT_PROVIDER_API_KEY=" + testKey,
	}
	for path, text := range shop() {
		p.put(filepath.Join("repo", path), text)
	}
	p.put("repo/.muster/config.yaml", p.config(s))
	p.lay(s.traps)
	for path, text := range s.files {
		p.put(filepath.Join("repo", path), text)
	}
	p.put("home/.gitconfig", "[user]\n\tname = Kim\n\temail = kim@localhost\n")
	p.put("tax.yaml", plan(s))
	if err := os.MkdirAll(filepath.Join(p.home(), ".cache"), 0o755); err != nil {
		t.Fatal(err)
	}
	// Copilot would unpack 235 MB into every fresh home.
	if err := os.Symlink(filepath.Join(agentsDir(t), "copilot-cache"), filepath.Join(p.home(), ".cache", "copilot")); err != nil {
		t.Fatal(err)
	}
	p.git("init", "-q", "-b", "main")
	p.git("add", "-A")
	p.git("commit", "-q", "-m", "first")
	if s.elsewhere {
		p.git("checkout", "-q", "-b", "elsewhere")
	}
	t.Cleanup(p.end)
	return p
}

func (p *place) home() string { return filepath.Join(p.root, "home") }
func (p *place) repo() string { return filepath.Join(p.root, "repo") }

func (p *place) put(path, text string) {
	p.t.Helper()
	path = filepath.Join(p.root, path)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// lay puts traps into the repository.
func (p *place) lay(m *trapper) {
	p.t.Helper()
	if m == nil {
		return
	}
	for _, t := range m.programs() {
		for path, text := range t.files {
			p.put(filepath.Join("repo", path), text)
		}
	}
	for path, text := range m.thieves() {
		p.put(filepath.Join("repo", path), text)
	}
}

func plan(s set) string {
	budget := ""
	if s.minutes != "" {
		budget = "\n    budget: {minutes: " + s.minutes + "}"
	}
	return `version: 1
name: tax
goal: Prices with tax
target: main
accept: [[go, test, ./...]]
tasks:
  - id: tax
    type: feature
    title: Tax on prices
    prompt: "[[scenario:first]] Add WithTax, with a test, to package price."
    scope: [price/**]
    accept: [[go, test, ./...]]` + budget + "\n"
}

// config points the agent at the model, and keeps its own retries few.
func (p *place) config(s set) string {
	bare := ""
	if s.traps != nil {
		bare = "sandbox: off\ngateway: off\n"
		if p.agent.walled {
			bare = "gateway: off\n"
		}
	}
	return bare + fmt.Sprintf("version: 1\ndefault: %s\nagents:\n  %s: %s\n", p.agent.name, p.agent.name, p.json(p.agent.settings(p)))
}

// json gives v in the flow style that YAML shares with JSON.
func (p *place) json(v any) string {
	p.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
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

// running is a muster under way.
type running struct {
	p    *place
	args []string
	cmd  *exec.Cmd
	out  bytes.Buffer
	wait func() error
}

// start starts muster in a process of its own.
func (p *place) start(args ...string) *running {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	r := &running{p: p, args: args}
	r.cmd = exec.CommandContext(ctx, self, append([]string{"muster"}, args...)...)
	r.cmd.Dir, r.cmd.Env, r.cmd.Stdout, r.cmd.Stderr = p.repo(), p.env, &r.out, &r.out
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	r.wait = sync.OnceValue(func() error { defer cancel(); return r.cmd.Wait() })
	p.t.Cleanup(func() { cancel(); _ = r.wait() })
	return r
}

// ends waits for the end of muster, demands the exit code, and gives what it
// printed.
func (r *running) ends(code int) string {
	r.p.t.Helper()
	err := r.wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || r.cmd.ProcessState.ExitCode() != code {
		r.p.t.Fatalf("muster %v: %v, want exit code %d\n%s\n%s", r.args, r.cmd.ProcessState, code, r.out.String(), r.p.describe())
	}
	return r.out.String()
}

func (p *place) run() *running { return p.start("run", filepath.Join(p.root, "tax.yaml")) }

// view is where the run stands.
func (p *place) view() report.Run {
	p.t.Helper()
	var r report.Run
	if err := json.Unmarshal([]byte(p.start("status", "--json").ends(done)), &r); err != nil {
		p.t.Fatalf("muster status --json: %v", err)
	}
	return r
}

// task is where the only task stands.
func (p *place) task() report.Task { return p.view().Tasks[0] }

// until waits until the task is as the condition says.
func (p *place) until(what string, is func(report.Task) bool) report.Task {
	p.t.Helper()
	var t report.Task
	p.await(what, func() bool { t = p.task(); return is(t) })
	return t
}

// await waits for a fact.
func (p *place) await(what string, is func() bool) {
	p.t.Helper()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-deadline:
			p.t.Fatalf("waited in vain: %s\n%s", what, p.describe())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// asked waits until the model has answered a request in this way.
func (p *place) asked(answer string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	if _, err := p.model.Wait(ctx, func(r fakemodel.Request) bool { return r.Answer == answer }); err != nil {
		p.t.Fatalf("no request was answered with %q: %v\n%s", answer, err, p.describe())
	}
}

// requests gives what was asked of the model in a scenario.
func (p *place) requests(scenario string) []fakemodel.Request {
	var out []fakemodel.Request
	for _, r := range p.model.Requests() {
		if r.Scenario == scenario {
			out = append(out, r)
		}
	}
	return out
}

// attempt gives attempt n of the task, which must have ended in this way.
func (p *place) attempt(t report.Task, n int, kind job.OutcomeKind) job.Outcome {
	p.t.Helper()
	if len(t.Attempts) < n || t.Attempts[n-1].Outcome == nil || t.Attempts[n-1].Outcome.Kind != kind {
		p.t.Fatalf("attempt %d did not end as %s\n%s", n, kind, p.describe())
	}
	return *t.Attempts[n-1].Outcome
}

// exit reads the exit record of an attempt.
func (p *place) exit(n int) job.Exit {
	p.t.Helper()
	var e job.Exit
	names, _ := filepath.Glob(filepath.Join(p.root, "state", "muster", "*", "ops", fmt.Sprintf("*.tax.%d", n), "exit.json"))
	if len(names) != 1 {
		p.t.Fatalf("attempt %d has %d exit records", n, len(names))
	}
	data, err := os.ReadFile(names[0])
	if err == nil {
		err = json.Unmarshal(data, &e)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

// landed demands that exactly the task's change is on the run's branch, made
// by Muster in the agent's name.
func (p *place) landed(t report.Task) {
	p.t.Helper()
	if t.State != report.Landed || t.Verdict == nil || !t.Verdict.Route.Lands() {
		p.t.Fatalf("the task is %s, verdict %+v\n%s", t.State, t.Verdict, p.describe())
	}
	for path, want := range map[string]string{taxPath: taxText, testPath: testText} {
		if got := p.git("show", "muster/tax:"+path); got != strings.TrimSpace(want) {
			p.t.Errorf("%s landed as:\n%s", path, got)
		}
	}
	r := p.view()
	if got := p.git("diff", "--name-only", r.Base.Commit, "muster/tax"); got != taxPath+"\n"+testPath {
		p.t.Errorf("these files landed: %q", got)
	}
	if got, want := p.git("log", "-1", "--format=%an <%ae>", "muster/tax"), p.agent.name+" <"+p.agent.name+"@agent.invalid>"; got != want {
		p.t.Errorf("author %s, want %s", got, want)
	}
	trailers := p.git("log", "-1", "--format=%(trailers:unfold,only)", "muster/tax")
	for _, want := range []string{"Assisted-by: " + p.agent.name, "Muster-Run: " + r.ID, "Muster-Task: tax"} {
		if !strings.Contains(trailers, want) {
			p.t.Errorf("no %q among the trailers:\n%s", want, trailers)
		}
	}
	if len(t.Dropped) > 0 {
		p.t.Errorf("the agent made commits: %v", t.Dropped)
	}
}

// end demands that nothing lives on, and that only the test's key was used.
func (p *place) end() {
	if p.t.Failed() {
		p.t.Log(p.describe())
		_ = p.start("stop").wait() // so that agents do not live on
	}
	gatewaytest.End(p.t, filepath.Join(p.root, "state", "muster", "gateway"))
	p.leave()
	for _, found := range p.none("at the end", p.root) {
		p.kill(found)
	}
	for _, r := range p.model.Requests() {
		if r.Path != "" && r.Auth != "" && !strings.Contains(r.Auth, testKey) {
			p.t.Errorf("a request came with other credentials than the test's: %s", r.Path)
		}
	}
}

// describe tells what is needed to understand a failure.
func (p *place) describe() string {
	var b strings.Builder
	for _, r := range p.model.Requests() {
		fmt.Fprintf(&b, "model: %s %s scenario %q step %d: %s\n", r.Method, r.Path, r.Scenario, r.Step, r.Answer)
	}
	names, _ := filepath.Glob(filepath.Join(p.root, "state", "muster", "*", "ops", "*", "*"))
	for _, name := range names {
		data, err := os.ReadFile(name)
		if base := filepath.Base(name); err == nil && (base == "exit.json" || base == "stderr" || base == "shim.log") && len(data) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", strings.TrimPrefix(name, p.root), data)
		}
	}
	var out bytes.Buffer
	self, _ := os.Executable()
	cmd := exec.CommandContext(context.Background(), self, "muster", "show", "tax", "--all")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.repo(), p.env, &out, &out
	_ = cmd.Run() // what it prints says what went wrong
	return b.String() + out.String()
}

// agentsDir is where scripts/agents-install.sh put the agents.
func agentsDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("MUSTER_AGENTS_DIR")
	if dir == "" {
		t.Fatal("MUSTER_AGENTS_DIR is not set; use scripts/agents-e2e.sh")
	}
	return dir
}

type goPlaces struct{ GOCACHE, GOMODCACHE string }

// built is when the standard library was built as checks build it.
var built sync.Once

// goFolders gives the caches of Go, so that no case builds the standard
// library again: behind walls each would, and once more for the race detector.
func goFolders(t *testing.T) (g goPlaces) {
	t.Helper()
	built.Do(func() {
		for _, options := range [][]string{nil, {"-race"}} {
			cmd := exec.CommandContext(t.Context(), "go", append(append([]string{"build"}, options...), "testing", "testing/internal/testdeps", "fmt", "strings", "errors", "sort", "time")...)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Logf("build the standard library: %v %s", err, out) // without a C compiler, say
			}
		}
	})
	out, err := exec.CommandContext(t.Context(), "go", "env", "-json", "GOCACHE", "GOMODCACHE").Output()
	if err == nil {
		err = json.Unmarshal(out, &g)
	}
	if err != nil {
		t.Fatalf("ask the go command for its folders: %v", err)
	}
	return g
}
