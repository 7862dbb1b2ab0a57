package models_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/gateway"
	"muster/internal/adapter/gateway/gatewaytest"
	"muster/internal/adapter/login"
	"muster/internal/app/models"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/meter"
)

// TestMain lets the test binary be the gateway.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "gateway" {
		os.Exit(gateway.Main(os.Args[2:], gateway.Options{}, os.Stderr))
	}
	os.Exit(m.Run())
}

const key = "sk-real-key-0123456789"

// place is a state root with a meter.
type place struct {
	*models.Meter
	root  string
	model *fakemodel.Server
}

func newPlace(t *testing.T) place {
	t.Helper()
	m, err := fakemodel.Start(fakemodel.Script{Default: "Hello."})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	p := place{models.New(root, []string{self}, []string{"PATH=" + os.Getenv("PATH")}), root, m}
	t.Cleanup(func() {
		p.Close()
		gatewaytest.End(t, filepath.Join(root, "gateway"))
	})
	return p
}

func (p place) attempt(op string, budgets ...job.Budget) job.Attempt {
	return job.Attempt{Op: op, Task: "task", Number: 1, Gateway: job.Gateway{
		Budgets: budgets, Prices: map[string]job.Price{"fake-model": {Output: 1e6}},
	}}
}

func (p place) services() []login.Service {
	return []login.Service{{Name: "openai", Base: p.model.URL + "/v1", Header: "bearer", Vendor: "openai", Key: job.Key{Env: "K"}, Secret: key}}
}

// ask sends one request through the door, and gives the status.
func ask(t *testing.T, d *job.Door) int {
	t.Helper()
	dir, name := filepath.Split(d.Socket)
	t.Chdir(dir)
	c := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", name)
	}}}
	resp, err := c.Post("http://door/model/openai/chat/completions", "application/json", strings.NewReader(`{"model":"fake-model","messages":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// What was metered takes the place of what the agent reports, however often it
// is asked for; and what was spent in former attempts counts.
func TestBook(t *testing.T) {
	p := newPlace(t)
	ctx := context.Background()
	run := func(spent job.Usage) []job.Budget {
		return []job.Budget{{Scope: job.OfTask}, {Scope: job.OfRun, MicroUSD: 4096 + fakemodel.OutputTokens, Spent: spent}}
	}
	d, keeper, err := p.Open(ctx, p.attempt("run.task.1", run(job.Usage{})...), p.services(), "")
	if err != nil || len(keeper) != 3 || keeper[1] != "gateway" || !strings.HasPrefix(keeper[2], p.root) {
		t.Fatalf("%v %v", keeper, err)
	}
	if got := ask(t, d); got != 200 {
		t.Fatal(got)
	}
	// An answer is booked once it has been passed on whole.
	for began := time.Now(); p.Spend(ctx, "run.task.1").Output != fakemodel.OutputTokens; <-time.After(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("so far %+v", p.Spend(ctx, "run.task.1"))
		}
	}
	reported := job.Usage{Input: 9, CostUnknown: true, Turns: 3, TurnsUnknown: true}
	for range 2 {
		o, err := p.Book(ctx, "run.task.1", job.Outcome{Kind: job.Done, Usage: reported, Total: reported}, nil)
		if err != nil || o.Kind != job.Done || o.Reported == nil || *o.Reported != reported || o.Total != reported ||
			o.Usage.CostMicroUSD != fakemodel.OutputTokens || o.Usage.CostUnknown || o.Usage.Turns != 3 || !o.Usage.TurnsUnknown {
			t.Errorf("%+v %v", o, err)
		}
	}
	// The next attempt: the metered part of what the run spent is known, and
	// counts once; the first request fits, the second does not.
	spent := job.Usage{CostMicroUSD: fakemodel.OutputTokens}
	if d, _, err = p.Open(ctx, p.attempt("run.task.2", run(spent)...), p.services(), ""); err != nil {
		t.Fatal(err)
	}
	if one, two := ask(t, d), ask(t, d); one != 200 || two != 400 {
		t.Errorf("%d, then %d", one, two)
	}
	o, err := p.Book(ctx, "run.task.2", job.Outcome{Kind: job.Refused, Message: "400"}, p.services())
	if err != nil || o.Kind != job.Limit || o.Budget != job.OfRun || !strings.Contains(o.Message, "the budget of the run") {
		t.Errorf("%+v %v", o, err)
	}
	if o, err := p.Book(ctx, "run.task.2", job.Outcome{Kind: job.Done}, p.services()); err != nil || o.Kind != job.Done || o.Budget != "" {
		t.Errorf("an agent that was done nevertheless: %+v %v", o, err)
	}
	// What was spent elsewhere counts beside what was metered.
	spent.CostMicroUSD = 2*fakemodel.OutputTokens + 100
	if d, _, err = p.Open(ctx, p.attempt("run.other.1", run(spent)...), p.services(), ""); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, d); got != 400 {
		t.Errorf("with money spent elsewhere: %d", got)
	}
	if len(p.Waits(ctx)) != 0 {
		t.Error("an account has to be waited for")
	}
}

// An attempt without a door has what its agent reports, and starts nothing.
func TestBookWithoutDoor(t *testing.T) {
	p := newPlace(t)
	o, err := p.Book(context.Background(), "run.task.1", job.Outcome{Kind: job.Quota, Usage: job.Usage{Input: 1}}, p.services())
	if err != nil || o.Reported != nil || o.Usage.Input != 1 || o.Kind != job.Quota || o.UntilUS != 0 {
		t.Errorf("%+v %v", o, err)
	}
	if entries, _ := os.ReadDir(p.root); len(entries) != 0 {
		t.Errorf("there is %v", entries)
	}
	if got := p.Spend(context.Background(), "run.task.1"); got != (job.Usage{}) {
		t.Errorf("%+v", got)
	}
}

// A key that is not there is said before an agent is started in vain.
func TestOpenWithoutKey(t *testing.T) {
	p := newPlace(t)
	s := p.services()
	s[0].Secret = ""
	_, _, err := p.Open(context.Background(), p.attempt("run.task.1"), s, "")
	if fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), "the variable K") {
		t.Errorf("%v", err)
	}
	if _, _, err := p.Open(context.Background(), p.attempt("run.task.1"), p.services(), ""); err != nil {
		t.Fatal(err)
	}
	if d, _, err := p.Open(context.Background(), p.attempt("run.task.1"), s, ""); err != nil || ask(t, d) != 200 {
		t.Errorf("an attempt that is taken up without the key, which the gateway has: %v", err)
	}
}

type host map[string]string

func (h host) AgentEnv(pass []string) map[string]string {
	out := map[string]string{}
	for name, value := range h {
		if strings.HasPrefix(name, "ANTHROPIC_") {
			out[name] = value
		}
	}
	for _, name := range pass {
		out[name] = h[name]
	}
	return out
}

func TestUnmetered(t *testing.T) {
	h := host{"ANTHROPIC_API_KEY": key, "TEAM": key}
	c := config.Default()
	past := models.PastGateway(c, []string{"codex", "claude", "codex", "none"}, h)
	got := models.Texts(past)
	if line := models.NotHeld(past); !strings.HasPrefix(line, "logged in by an account of your own: codex; so ") || strings.Contains(line, "\n") {
		t.Errorf("%q", line)
	}
	if len(got) != 1 || !strings.HasPrefix(got[0], "agent codex does not ask its model through the gateway (it is logged in by an account") {
		t.Errorf("%q", got)
	}
	if claude, _ := c.Agent("claude"); models.Way(c, claude, h) != "through the gateway" {
		t.Error(models.Way(c, claude, h))
	}
	c.Gateway = "off"
	past = models.PastGateway(c, []string{"claude"}, h)
	if line := models.NotHeld(past); line != "" {
		t.Errorf("with the gateway off, of a key: %q", line)
	}
	if got := models.Texts(past); len(got) != 1 || !strings.Contains(got[0], "the gateway is off") {
		t.Errorf("%q", got)
	}
	a, services := models.Equip(job.Attempt{Agent: job.Agent{Driver: "codex", Key: &job.Key{Env: "TEAM"}}}, h)
	if len(services) != 1 || services[0].Secret != key {
		t.Fatalf("%+v", services)
	}
	for name, value := range models.Seen(a) {
		if value == key {
			t.Errorf("the agent sees the key in %s", name)
		}
	}
}

// Who has a door for packages and hosts alone is not metered: the outcome is
// what the agent reports, and the door is closed.
func TestBookOfAPlainDoor(t *testing.T) {
	p := newPlace(t)
	ctx := context.Background()
	d, keeper, err := p.Plain(ctx, "run.task.1", []string{"api.example.com"}, "")
	if err != nil || d == nil || len(keeper) != 3 {
		t.Fatalf("%v %v %v", d, keeper, err)
	}
	if got := ask(t, d); got != 404 {
		t.Errorf("a model was asked: %d", got)
	}
	reported := job.Outcome{Kind: job.Done, Usage: job.Usage{Input: 7}}
	if o, err := p.Book(ctx, "run.task.1", reported, nil); err != nil || o.Usage != reported.Usage || o.Reported != nil || o.Kind != job.Done {
		t.Errorf("%+v %v", o, err)
	}
	if _, err := os.Stat(d.Socket); err == nil {
		t.Error("the door is open")
	}
}

// Prices that were fetched hold from the next attempt on; a file of them that
// is broken starts no attempt, and is named.
func TestFetchedPrices(t *testing.T) {
	root := t.TempDir()
	list := filepath.Join(root, "list.json")
	refresh := func(input string, accept bool) (models.Refreshed, error) {
		t.Helper()
		text := `{"anthropic":{"models":{"a":{"cost":{"input":1,"output":1}}}},"google":{"models":{"g":{"cost":{"input":1,"output":1}}}},"openai":{"models":{"made-up":{"cost":{"input":` + input + `,"output":1}}}}}`
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return models.RefreshPrices(context.Background(), root, models.Refresh{From: list, Date: "2026-11-28", Accept: accept})
	}
	if r, err := refresh("5", false); err != nil || !r.Written || r.Added != 3 || len(r.Changes) != 0 || r.Models != 3 {
		t.Errorf("first: %+v %v", r, err)
	}
	if r, err := refresh("60", false); err != nil || r.Written || r.Large != 1 || len(r.Changes) != 1 {
		t.Errorf("twelvefold: %+v %v", r, err)
	}
	if r, err := refresh("-1", true); err == nil || r.Written {
		t.Errorf("below nothing: %+v %v", r, err)
	}
	if r, err := refresh("60", true); err != nil || !r.Written || r.Large != 1 {
		t.Errorf("twelvefold, accepted: %+v %v", r, err)
	}
	// What a later list does not have stays as it was.
	text := `{"anthropic":{"models":{"a":{"cost":{"input":1,"output":1}}}},"google":{"models":{"g":{"cost":{"input":1,"output":1}}}},"openai":{"models":{"another":{"cost":{"input":1,"output":1}}}}}`
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := models.RefreshPrices(context.Background(), root, models.Refresh{From: list, Date: "2026-11-28"}); err != nil || r.Added != 1 || !r.Written {
		t.Errorf("%+v %v", r, err)
	}
	c, problems := config.Parse("c", []byte("agents: {odd: {driver: codex, model: made-up, base_url: 'https://models.example.com/v1'}, none: {driver: codex, key: {env: TEAM}}}\ndefault: odd\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got, err := models.ChargesOf(c, host{"TEAM": key}, map[string]string{"none": "made-up"}, root)
	if err != nil || got.Fetched == nil || got.Fetched.Date != "2026-11-28" {
		t.Fatalf("%+v %v", got, err)
	}
	for _, a := range got.Agents {
		if (a.Agent == "odd" || a.Agent == "none") && (a.Source != meter.Newer || a.Price.Input != 60e6 || a.Seen != (a.Agent == "none")) {
			t.Errorf("%+v", a)
		}
	}
}
