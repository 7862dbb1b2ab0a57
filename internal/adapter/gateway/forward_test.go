package gateway_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/gateway"
	"muster/internal/core/job"
	"muster/internal/core/meter"
)

func model(t *testing.T) *fakemodel.Server {
	t.Helper()
	m, err := fakemodel.Start(fakemodel.Script{Default: "Hello."})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// What the scripted model says of each request, in each dialect.
func fixed() (claude, others job.Usage) {
	claude = job.Usage{
		Input: fakemodel.InputTokens, CacheRead: fakemodel.CacheReadTokens, CacheWrite: fakemodel.CacheWriteTokens, Output: fakemodel.OutputTokens,
		CostMicroUSD: fakemodel.InputTokens + fakemodel.CacheReadTokens/10 + 2*fakemodel.CacheWriteTokens + 10*fakemodel.OutputTokens,
	}
	others = job.Usage{
		Input: fakemodel.InputTokens - fakemodel.CacheReadTokens, CacheRead: fakemodel.CacheReadTokens,
		Output: fakemodel.OutputTokens, Reasoning: fakemodel.ReasoningTokens,
		CostMicroUSD: fakemodel.InputTokens - fakemodel.CacheReadTokens + fakemodel.CacheReadTokens/10 + 10*fakemodel.OutputTokens,
	}
	return claude, others
}

// TestMetersEveryDialect: to the token and the micro-dollar, streamed and not;
// the real key is sent, the dummy is not, and nothing is in the answer that was
// not asked for.
func TestMetersEveryDialect(t *testing.T) {
	h, m := newHouse(t), model(t)
	claude, others := fixed()
	for i, c := range []struct {
		path, body string
		want       job.Usage
		holds      string
	}{
		{messages, `{"model":"fake-model","max_tokens":64,"messages":[{"role":"user","content":"x"}]}`, claude, "cache_read_input_tokens"},
		{messages, `{"model":"fake-model","max_tokens":64,"stream":true,"messages":[]}`, claude, "message_stop"},
		{chat, `{"model":"fake-model","messages":[]}`, others, "prompt_tokens"},
		{chat, `{"model":"fake-model","stream":true,"messages":[]}`, others, "[DONE]"},
		{chat, `{"model":"fake-model","stream":true,"stream_options":{"include_usage":true},"messages":[]}`, others, "prompt_tokens"},
		{responses, `{"model":"fake-model","input":"x"}`, others, "output_tokens"},
		{responses, `{"model":"fake-model","stream":true,"input":"x"}`, others, "response.completed"},
		{gemini, `{"contents":[]}`, others, "usageMetadata"},
		{geminiSSE, `{"contents":[]}`, others, "usageMetadata"},
	} {
		name := fmt.Sprintf("run.task.%d", i)
		h.open(name, m.URL, nil)
		got := ask(h.through(name), "POST", c.path, c.body)
		if got.err != nil || got.status != 200 || !strings.Contains(got.body, c.holds) {
			t.Fatalf("%s %s: %+v", c.path, c.body, got)
		}
		if strings.Contains(c.body, `"stream":true,"messages"`) && c.path == chat && strings.Contains(got.body, "prompt_tokens") {
			t.Error("the client is told the usage, which it did not ask for")
		}
		s := h.shut(name)
		if s.Usage != c.want || s.Requests != 1 || s.Estimated != 0 {
			t.Errorf("%s %s: %+v, want %+v", c.path, c.body, s, c.want)
		}
	}
	for _, r := range m.Requests() {
		if r.Auth != realKey && r.Auth != "Bearer "+realKey || strings.Contains(r.Path, dummyKey) {
			t.Errorf("%s was asked with %q", r.Path, r.Auth)
		}
	}
	err := filepath.WalkDir(h.dir, func(path string, e os.DirEntry, _ error) error {
		if data, err := os.ReadFile(path); err == nil && e.Type().IsRegular() && strings.Contains(string(data), realKey) {
			t.Errorf("%s holds the key", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestBudgetHolds: of 64 requests at once against a budget of ten requests'
// worth, as many go through as the budget has room for, and the others are
// refused in the dialect's form, with a status that no agent repeats.
func TestBudgetHolds(t *testing.T) {
	h, m := newHouse(t), model(t)
	_, each := fixed()
	limit := 10 * each.CostMicroUSD
	set := func(limit int64) {
		h.open("run.task.1", m.URL, func(d *gateway.Door) { d.Scopes[1].Limit.MicroUSD = limit })
	}
	set(limit)
	body := `{"model":"fake-model","max_tokens":56,"messages":["` + strings.Repeat("word ", 800) + `"]}`
	estimate := meter.Guess(meter.Request{Bytes: int64(len(body)), MaxOutput: 56}, meter.Price{Input: 1e6, Output: 10e6, CacheWrite: 2e6})
	var mu sync.Mutex
	statuses := map[int]int{}
	c := h.through("run.task.1")
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			got := ask(c, "POST", chat, body)
			mu.Lock()
			defer mu.Unlock()
			statuses[got.status]++
			if got.status != 200 && (!strings.Contains(got.body, "the budget of run r") || !strings.Contains(got.body, `"type":"invalid_request_error"`)) {
				t.Errorf("%+v", got)
			}
		})
	}
	all.Wait()
	spent, err := h.client.Spent(h.ctx(), "run/r")
	if err != nil {
		t.Fatal(err)
	}
	s := spent.All
	if spent.Ended.Requests != 0 {
		t.Errorf("through doors that are closed: %+v", spent.Ended)
	}
	errorOfOne := max(each.CostMicroUSD-estimate.Likely.MicroUSD, 0)
	t.Logf("budget %d, spent %d in %d requests; of one request: took %d, likely %d, most %d; statuses %v",
		limit, s.Usage.CostMicroUSD, s.Requests, each.CostMicroUSD, estimate.Likely.MicroUSD, estimate.Most.MicroUSD, statuses)
	if s.Usage.CostMicroUSD > limit+errorOfOne || s.Requests < 8 || statuses[200] != s.Requests || statuses[400] != 64-s.Requests {
		t.Errorf("spent %d of %d in %d requests, %v", s.Usage.CostMicroUSD, limit, s.Requests, statuses)
	}
	if s.Limit == nil || s.Limit.Scope != "run/r" {
		t.Errorf("that a budget refused is not known: %+v", s)
	}
	set(2 * limit)
	if got := ask(c, "POST", chat, body); got.status != 200 {
		t.Errorf("with more budget: %+v", got)
	}
}

// What was spent elsewhere counts, and a limit of tokens holds as well.
func TestBudgetCountsElsewhere(t *testing.T) {
	h, m := newHouse(t), model(t)
	for name, scope := range map[string]gateway.Scope{
		"run.a.1": {Name: "a", Title: "task a", Limit: meter.Amount{MicroUSD: 1000_000}, Elsewhere: meter.Amount{MicroUSD: 1000_000}},
		"run.b.1": {Name: "b", Title: "task b", Limit: meter.Amount{Tokens: 5000}, Elsewhere: meter.Amount{Tokens: 4999}},
	} {
		h.open(name, m.URL, func(d *gateway.Door) { d.Scopes[0] = scope })
		if got := ask(h.through(name), "POST", chat, `{"model":"fake-model","messages":[]}`); got.status != 400 || !strings.Contains(got.body, "the budget of task") {
			t.Errorf("%s: %+v", name, got)
		}
		if s := h.shut(name); s.Requests != 0 || s.Limit == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// A budget of money cannot hold for a model without a price: nothing is sent.
func TestUnknownPrice(t *testing.T) {
	h, m := newHouse(t), model(t)
	body := `{"model":"nobody-knows","messages":[]}`
	h.open("run.a.1", m.URL, func(d *gateway.Door) { d.Scopes[0].Limit.MicroUSD = 1e6 })
	if got := ask(h.through("run.a.1"), "POST", chat, body); got.status != 400 || !strings.Contains(got.body, "prices:") {
		t.Errorf("%+v", got)
	}
	if n := len(m.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	h.open("run.b.1", m.URL, nil)
	if got := ask(h.through("run.b.1"), "POST", chat, body); got.status != 200 {
		t.Errorf("%+v", got)
	}
	if s := h.shut("run.b.1"); !s.Usage.CostUnknown || s.Unpriced != 1 || s.Usage.CostMicroUSD != 0 || s.Usage.Output != fakemodel.OutputTokens {
		t.Errorf("%+v", s)
	}
	h.open("run.c.1", m.URL, func(d *gateway.Door) {
		d.Scopes[0].Limit.MicroUSD = 1
		p := d.Providers["openai"]
		p.Free = true
		d.Providers["openai"] = p
	})
	if got := ask(h.through("run.c.1"), "POST", chat, body); got.status != 200 {
		t.Errorf("on a server of one's own: %+v", got)
	}
	if s := h.shut("run.c.1"); s.Usage.CostUnknown || s.Usage.CostMicroUSD != 0 {
		t.Errorf("%+v", s)
	}
}

func TestRefusesWhatIsNotForAgents(t *testing.T) {
	h, m := newHouse(t), model(t)
	h.open("run.task.1", m.URL, nil)
	c := h.through("run.task.1")
	for _, r := range []struct {
		method, path, body string
		header             []string
		want               int
	}{
		{"GET", responses, "", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, 426},
		{"POST", "/model/other/v1/messages", "{}", nil, 404},
		{"POST", "/model/openai/files", "{}", nil, 404},
		{"POST", "/model/anthropic/v1/messages/batches", "{}", nil, 404},
		{"GET", "/elsewhere", "", nil, 404},
		{"POST", chat, "nonsense", nil, 400},
		{"POST", chat, `{"model":"fake-model","model":"fake-model"}`, nil, 400},
		{"POST", responses, `{"model":"fake-model","background":true}`, nil, 400},
		{"POST", chat, "{}", []string{"Content-Encoding", "gzip"}, 415},
		{"POST", chat, strings.Repeat(" ", 64<<20) + "{}", nil, 413},
	} {
		if got := ask(c, r.method, r.path, r.body, r.header...); got.status != r.want {
			t.Errorf("%s %s %.60q: %d %v, want %d", r.method, r.path, r.body, got.status, got.err, r.want)
		}
	}
	if n := len(m.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if got := ask(c, "GET", "/model/openai/models", ""); got.status != 200 || !strings.Contains(got.body, "fake-model") {
		t.Errorf("models cannot be listed: %+v", got)
	}
	if got := ask(c, "POST", messages+"/count_tokens", "{}"); got.status != 200 {
		t.Errorf("tokens cannot be counted: %+v", got)
	}
	if s := h.shut("run.task.1"); s.Requests != 0 || s.Usage != (job.Usage{}) {
		t.Errorf("that costs %+v", s)
	}
}

// TestBadAnswers: what a service may do wrong is passed on, or said, and
// booked as an estimate; errors cost nothing.
func TestBadAnswers(t *testing.T) {
	const hello = "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n"
	for name, c := range map[string]struct {
		serve     http.HandlerFunc
		status    int
		holds     string
		isCut     bool
		estimated int
	}{
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, hello)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, 200, "hello", true, 1},
		"cut at once": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 502, "cannot be reached", false, 1},
		"without usage": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			_, _ = io.WriteString(w, hello+"data: [DONE]\n\n")
		}, 200, "DONE", false, 1},
		"another type": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>maintenance</html>")
		}, 200, "maintenance", false, 1},
		"JSON where events were asked for": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"usage":{"prompt_tokens":3,"completion_tokens":4}}`)
		}, 200, "usage", false, 0},
		"gzip": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "identity" {
				t.Errorf("asked for %q", r.Header.Get("Accept-Encoding"))
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, "{}")
			_ = z.Close()
		}, 200, "", false, 1},
		"error that names the key": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(401)
			_, _ = io.WriteString(w, "Incorrect key: "+r.Header.Get("Authorization"))
		}, 401, "Bearer [key]", false, 0},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, 502, "leads elsewhere", false, 0},
		"error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, 500, "", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			service := httptest.NewServer(c.serve)
			defer service.Close()
			h := newHouse(t)
			h.open("run.task.1", service.URL, nil)
			got := ask(h.through("run.task.1"), "POST", chat, `{"model":"fake-model","stream":true,"messages":[]}`)
			if got.status != c.status || !strings.Contains(got.body, c.holds) || c.isCut != (got.err != nil) || strings.Contains(got.body, realKey) {
				t.Errorf("%+v", got)
			}
			s := h.shut("run.task.1")
			if s.Requests != 1 || s.Estimated != c.estimated || (c.estimated == 1) != (s.Usage.Output >= 4096) {
				t.Errorf("booked %+v", s)
			}
		})
	}
}

// A service that is not there cost nothing.
func TestNoService(t *testing.T) {
	h := newHouse(t)
	h.open("run.task.1", "http://127.0.0.1:1", nil)
	if got := ask(h.through("run.task.1"), "POST", chat, `{"model":"fake-model"}`); got.status != 502 {
		t.Errorf("%+v", got)
	}
	if s := h.shut("run.task.1"); s.Usage != (job.Usage{}) {
		t.Errorf("%+v", s)
	}
}

// TestSharesRateLimits: what one request learns holds for all of the account,
// and for no other.
func TestSharesRateLimits(t *testing.T) {
	var mu sync.Mutex
	after, asked := "1", 0
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		if after != "" && strings.HasSuffix(r.Header.Get("Authorization"), realKey) {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(429)
			after = ""
			return
		}
		_, _ = io.WriteString(w, `{"usage":{"prompt_tokens":3,"completion_tokens":4}}`)
	}))
	defer service.Close()
	h := newHouse(t)
	h.open("run.a.1", service.URL, nil)
	h.open("run.b.1", service.URL, nil)
	h.open("run.c.1", service.URL, func(d *gateway.Door) { d.Secrets["openai"] = "another-key" })
	body := `{"model":"fake-model"}`
	if got := ask(h.through("run.a.1"), "POST", chat, body); got.status != 429 || got.header.Get("Retry-After") != "1" {
		t.Fatalf("%+v", got)
	}
	if got := ask(h.through("run.b.1"), "POST", chat, body); got.status != 200 { // after a second
		t.Errorf("%+v", got)
	}
	mu.Lock()
	after = "3600"
	mu.Unlock()
	_ = ask(h.through("run.a.1"), "POST", chat, body)
	st, _ := h.client.State(h.ctx()) // of an account that is waited for another hour
	if len(st.Accounts) != 1 || strings.Contains(fmt.Sprint(st), realKey) {
		t.Errorf("%+v", st)
	}
	mu.Lock()
	before := asked
	mu.Unlock()
	got := ask(h.through("run.b.1"), "POST", chat, body)
	if s, err := strconv.Atoi(got.header.Get("Retry-After")); got.status != 429 || err != nil || s < 3500 || !strings.Contains(got.body, "rate_limit_error") || !strings.Contains(got.body, "quota is used up until") {
		t.Errorf("%+v", got)
	}
	if got := ask(h.through("run.c.1"), "POST", chat, body); got.status != 200 {
		t.Errorf("another account: %+v", got)
	}
	if a, c := h.shut("run.a.1"), h.shut("run.c.1"); a.UntilUS == 0 || c.UntilUS != 0 {
		t.Errorf("when the accounts may be asked again: %d, %d", a.UntilUS, c.UntilUS)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked != before+1 {
		t.Errorf("the service was asked %d times although its quota is used up", asked-before)
	}
}
