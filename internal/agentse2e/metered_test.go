package agentse2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/gateway"
	"muster/internal/adapter/login"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

// TestMetered runs real agents whose models are asked through the gateway: to
// the token what the model says, in a first session and in one that goes on,
// and within the budget.
func TestMetered(t *testing.T) {
	asked := os.Getenv("AGENTS_E2E")
	if asked == "" {
		t.Skip("AGENTS_E2E names no agents; scripts/agents-e2e.sh installs them and sets it")
	}
	for name := range strings.SplitSeq(asked, ",") {
		for _, agent := range native() {
			if agent.name != name {
				continue
			}
			agent.settings = atServer
			t.Run(name+" is metered", func(t *testing.T) { t.Parallel(); metered(t, agent) })
			t.Run(name+" outlives Muster and the gateway", func(t *testing.T) { t.Parallel(); outlives(t, agent) })
			t.Run(name+" keeps to the budget", func(t *testing.T) { t.Parallel(); keepsToBudget(t, agent) })
			t.Run(name+" keeps to its turns", func(t *testing.T) { t.Parallel(); keepsToTurns(t, agent) })
		}
	}
}

// atServer points an agent at a server of the person's own, as people do.
func atServer(p *place) object {
	model, url := "fake-model", p.model.URL+"/v1"
	o := object{"driver": p.agent.name, "key": object{"env": "SHOP_MODEL_KEY"}}
	switch p.agent.name {
	case "claude":
		url = p.model.URL
	case "gemini":
		model, url = "gemini-2.5-pro", p.model.URL
	case "codex":
		model = "gpt-5.5"
	case "opencode":
		model = "own/fake-model"
	}
	o["model"], o["base_url"] = model, url
	return o
}

// prices let only the answer cost something, so that what a request is likely
// to take does not depend on its size.
const prices = `prices: {fake-model: {input: 0, output: 1}, gpt-5.5: {input: 0, output: 1}, gemini-2.5-pro: {input: 0, output: 1}}
`

// perRequest is what one request costs and takes with those prices.
func perRequest(agent who) job.Usage {
	u := agent.each
	if agent.name == "qwen" { // it does not say what was thought; the wire does
		u.Reasoning = fakemodel.ReasoningTokens
	}
	u.CostMicroUSD = u.Output
	return u
}

func (p *place) answered() (n int) {
	for _, r := range p.model.Requests() {
		if r.Answer != "" && r.Answer != "not found" && !strings.HasPrefix(r.Answer, "error") {
			n++
		}
	}
	return n
}

func metered(t *testing.T, agent who) {
	bad := strings.Replace(taxText, "cents/5", "cents/4", 1)
	whole := func(tax string) string { // a line: Codex patches whole ones
		return "func WithTax(cents int) int { return cents + " + tax + " }\n"
	}
	p := newPlace(t, agent, fakemodel.Script{Cues: cues(), Scenarios: map[string][]fakemodel.Step{
		"first": {
			{Text: "Writing.", Do: []fakemodel.Op{
				{Kind: fakemodel.Write, Path: taxPath, Text: bad}, {Kind: fakemodel.Write, Path: testPath, Text: testText},
			}},
			{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Shell, Command: "echo $SHOP_MODEL_KEY $OPENAI_API_KEY $ANTHROPIC_API_KEY $GEMINI_API_KEY $COPILOT_PROVIDER_API_KEY > $TMPDIR/keys"}}},
			{Text: "WROTE"},
		},
		"mend": {
			{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: taxPath}}},
			{Text: "Changing.", Do: []fakemodel.Op{{Kind: fakemodel.Edit, Path: taxPath, Old: whole("cents/4"), Text: whole("cents/5")}}},
			{Text: "CHANGED"},
		},
	}}, set{elsewhere: true})
	p.put("repo/.muster/config.yaml", p.config(set{})+prices)
	p.git("checkout", "-q", "main")
	p.git("commit", "-q", "-a", "-m", "prices")
	p.git("checkout", "-q", "elsewhere")
	p.run().ends(done)
	task := p.task()
	p.landed(task)
	if len(task.Attempts) != 2 {
		t.Fatalf("%d attempts, want 2\n%s", len(task.Attempts), p.describe())
	}
	var sum job.Usage
	for i := range task.Attempts {
		o := p.attempt(task, i+1, job.Done)
		if o.Reported == nil {
			t.Errorf("attempt %d was not metered: %+v", i+1, o)
		}
		sum = sum.Add(onTheWire(o.Usage))
		t.Logf("attempt %d: metered %+v, reported %+v", i+1, o.Usage, o.Reported)
	}
	if want := times(p.answered(), perRequest(agent)); sum != want || onTheWire(task.Spent) != want {
		t.Errorf("metered %+v, want %d times %+v\n%s", sum, p.answered(), perRequest(agent), p.describe())
	}
	for _, r := range p.model.Requests() {
		if r.Auth != "" && !strings.Contains(r.Auth, testKey) || strings.Contains(r.Auth, login.Dummy) {
			t.Errorf("%s was asked with %q", r.Path, r.Auth)
		}
	}
	seen, _ := filepath.Glob(filepath.Join(p.root, "state", "muster", "*", "scratch", "*", "keys"))
	for _, name := range seen {
		if data, err := os.ReadFile(name); err != nil || strings.Contains(string(data), testKey) {
			t.Errorf("the agent's commands saw the key: %s %v", data, err)
		}
	}
}

// keepsToBudget: when the run's budget has no room for another request the
// agent stops, the run pauses and asks, and with more budget the same session
// goes on.
func keepsToBudget(t *testing.T, agent who) {
	p := newPlace(t, agent, fakemodel.Script{Cues: cues(), Scenarios: map[string][]fakemodel.Step{
		"first": {
			{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "price/price.go"}}},
			{Text: "Looking again.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "cart/cart.go"}}},
			{Text: "Looking once more.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "go.mod"}}},
			goes()[0],
			{Text: "WROTE"},
		},
		"go-on": goes(),
	}}, set{elsewhere: true})
	// An answer is likely to take 4,096 tokens, and takes 56: two fit.
	p.put("repo/.muster/config.yaml", p.config(set{})+prices)
	p.git("checkout", "-q", "main")
	p.git("commit", "-q", "-a", "-m", "prices")
	p.git("checkout", "-q", "elsewhere")
	const limit = 4096 + 2*fakemodel.OutputTokens - 1
	p.start("run", filepath.Join(p.root, "tax.yaml"), "--usd", fmt.Sprintf("%.6f", float64(limit)/1e6)).ends(30)
	r := p.view()
	first := p.attempt(r.Tasks[0], 1, job.Limit)
	if r.Stage != flow.Paused || r.Reason != flow.ForBudget || first.Budget != job.OfRun || !strings.Contains(r.Why, "the budget of the run") || r.Tasks[0].State != report.Stopped {
		t.Fatalf("the run is %s for %s: %s; %+v\n%s", r.Stage, r.Reason, r.Why, first, p.describe())
	}
	if r.Spent.CostMicroUSD != 2*fakemodel.OutputTokens {
		t.Errorf("spent %d of %d", r.Spent.CostMicroUSD, limit)
	}
	t.Logf("budget %d, spent %d; %s", limit, r.Spent.CostMicroUSD, first.Message)
	p.start("resume", "tax", "--usd", "5").ends(done)
	task := p.task()
	p.landed(task)
	last := p.attempt(task, len(task.Attempts), job.Done)
	if first.Session == "" || last.Session != first.Session {
		t.Errorf("session %q went on as %q", first.Session, last.Session)
	}
	if want := times(p.answered(), perRequest(agent)); onTheWire(task.Spent) != want {
		t.Errorf("metered %+v, want %d times %+v", task.Spent, p.answered(), perRequest(agent))
	}
}

// onTheWire is what the gateway meters of a usage: it knows no turns.
func onTheWire(u job.Usage) job.Usage {
	u.Turns, u.TurnsUnknown = 0, false
	return u
}

// keepsToTurns: the agent is ended when its second turn is over, while its model
// thinks about a third. With more, the same session goes on.
func keepsToTurns(t *testing.T, agent who) {
	p := newPlace(t, agent, fakemodel.Script{Cues: cues(), Scenarios: map[string][]fakemodel.Step{
		"first": {
			{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "price/price.go"}}},
			{Text: "Looking again.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "cart/cart.go"}}},
			{Text: "Never.", Hang: true},
		},
		"go-on": goes(),
	}}, set{elsewhere: true})
	p.start("run", filepath.Join(p.root, "tax.yaml"), "--turns", "2").ends(30)
	r := p.view()
	first := p.attempt(r.Tasks[0], 1, job.Limit)
	if r.Stage != flow.Paused || r.Reason != flow.ForBudget || first.Budget != job.OfRun || r.Tasks[0].State != report.Stopped {
		t.Fatalf("the run is %s for %s: %s; %+v\n%s", r.Stage, r.Reason, r.Why, first, p.describe())
	}
	if first.Usage.Turns != 2 || first.Usage.TurnsUnknown {
		t.Errorf("%d turns, unknown %v; want 2", first.Usage.Turns, first.Usage.TurnsUnknown)
	}
	p.start("resume", "tax", "--turns", "9").ends(done)
	task := p.task()
	p.landed(task)
	last := p.attempt(task, 2, job.Done)
	most := int64(4)
	if agent.name == "codex" {
		most = 5 // it does not say that one answer called both its tools
	}
	if n := task.Spent.Turns; first.Session == "" || last.Session != first.Session || n < 4 || n > most {
		t.Errorf("session %q went on as %q, %d turns in all, want 4, or at most %d", first.Session, last.Session, n, most)
	}
}

// outlives: Muster and the gateway are killed while an answer is under way. The
// agent asks again, through a gateway that its shim starts and to which the next
// Muster hands the key; nothing that was answered is lost or counted twice, and
// what was cut is booked as an estimate.
func outlives(t *testing.T, agent who) {
	steps := goes()
	steps[1].Hang, steps[1].Times = true, 1
	p := newPlace(t, agent, fakemodel.Script{Cues: cues(), Scenarios: map[string][]fakemodel.Step{"first": steps, "go-on": goes()}}, set{elsewhere: true})
	p.put("repo/.muster/config.yaml", p.config(set{})+prices)
	p.git("checkout", "-q", "main")
	p.git("commit", "-q", "-a", "-m", "prices")
	p.git("checkout", "-q", "elsewhere")
	r := p.run()
	p.asked("hang")
	c := gateway.NewClient(filepath.Join(p.root, "state", "muster", "gateway"), nil, nil)
	defer c.Close()
	st, ok := c.State(t.Context())
	if !ok {
		t.Fatal("no gateway runs")
	}
	for _, pid := range []int{r.cmd.Process.Pid, st.PID} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	_ = r.wait()
	p.start("resume", "tax").ends(done)
	task := p.task()
	p.landed(task)
	n, each := int64(p.answered()-1), perRequest(agent)
	u := task.Spent
	if u.CacheRead != n*each.CacheRead || u.CostMicroUSD != n*each.CostMicroUSD+4096 {
		t.Errorf("metered %+v, want %d answers and one estimate\n%s", u, n, p.describe())
	}
	if last := p.attempt(task, len(task.Attempts), job.Done); last.Estimated != 1 {
		t.Errorf("%d requests are estimated, want 1", last.Estimated)
	}
	t.Logf("%d answers and one that was cut: %+v in %d attempts", n, u, len(task.Attempts))
}
