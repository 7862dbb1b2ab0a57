package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/adapter/gateway"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/meter"
	"muster/internal/core/recording"
)

const (
	firstEvent = "data: {\"choices\":[{\"delta\":{\"content\":\"first\"}}]}\n\n"
	lastEvent  = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n"
)

// moody is a service that does what the request says.
func moody(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "busy") {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"error":{"message":"too often"}}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, firstEvent)
		_ = http.NewResponseController(w).Flush()
		switch {
		case strings.Contains(string(body), "hang"):
			<-r.Context().Done()
		case strings.Contains(string(body), "cut"):
			panic(http.ErrAbortHandler)
		case strings.Contains(string(body), "long"):
			for range 200 {
				_, _ = fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", strings.Repeat("x", 20_000))
			}
		}
		_, _ = io.WriteString(w, lastEvent)
	}))
	t.Cleanup(s.Close)
	return s
}

func saying(what string) string {
	return fmt.Sprintf(`{"model":"fake-model","stream":true,"messages":[{"role":"user","content":%q}]}`, what)
}

func parsed(t *testing.T, dir string) []recording.Exchange {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "task.1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := recording.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return a.Exchanges
}

// leave asks, reads one line of the answer, and goes away.
func leave(t *testing.T, c *http.Client, body string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://door"+chat, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || !strings.Contains(line, "first") {
		t.Fatalf("%q %v", line, err)
	}
}

// TestReplayOfTrouble: what went wrong goes wrong again, in the same way, and
// without waiting for long.
func TestReplayOfTrouble(t *testing.T) {
	service, h, dir := moody(t), newHouse(t), t.TempDir()
	h.open("old", service.URL, recorded(dir, gateway.Record, oldTree, "old"))
	c := h.through("old")
	if got := ask(c, "POST", chat, saying("cut")); got.err == nil {
		t.Fatalf("%+v", got)
	}
	leave(t, c, saying("hang"))
	h.wait(func() bool {
		all := parsed(t, dir)
		return len(all) == 2 && all[1].Ending == recording.Left
	})
	if got := ask(c, "POST", chat, saying("fine")); got.status != 200 {
		t.Fatalf("%+v", got)
	}
	if got := ask(c, "POST", chat, saying("busy")); got.status != 429 {
		t.Fatalf("%+v", got)
	}
	h.shut("old")
	all := parsed(t, dir)
	if all[0].Ending != recording.Cut || string(all[0].Body) != firstEvent || all[2].Ending != recording.Whole || all[3].Status != 429 || all[2].Usage.Output != 4 {
		t.Fatalf("%+v", all)
	}
	service.Close()

	h.open("new", "", recorded(dir, gateway.Replay, newTree, "new"))
	c = h.through("new")
	if got := ask(c, "POST", chat, saying("cut")); got.status != 200 || got.err == nil || got.body != firstEvent {
		t.Errorf("an answer that was cut: %+v", got)
	}
	leave(t, c, saying("hang"))
	if got := ask(c, "POST", chat, saying("fine")); got.status != 200 || got.err != nil || !strings.Contains(got.body, "first") {
		t.Errorf("%+v", got)
	}
	if got := ask(c, "POST", chat, saying("busy")); got.status != 429 || got.header.Get("Retry-After") != "1" || !strings.Contains(got.body, "too often") {
		t.Errorf("%+v", got)
	}
	if s := h.shut("new"); s.UntilUS == 0 || s.UntilUS > time.Now().Add(time.Minute).UnixMicro() || s.Replayed.Requests != 4 {
		t.Errorf("%+v", s)
	}
}

// TestReplayOfLimit: a request that a budget kept back is kept back again,
// though nothing is spent.
func TestReplayOfLimit(t *testing.T) {
	service, h, dir := moody(t), newHouse(t), t.TempDir()
	h.open("old", service.URL, func(d *gateway.Door) {
		recorded(dir, gateway.Record, oldTree, "old")(d)
		d.Scopes[1].Limit = meter.Amount{Tokens: 1}
	})
	if got := ask(h.through("old"), "POST", chat, saying("fine")); got.status != 400 {
		t.Fatalf("%+v", got)
	}
	h.shut("old")
	h.open("new", "", recorded(dir, gateway.Replay, newTree, "new"))
	got := ask(h.through("new"), "POST", chat, saying("fine"))
	s := h.shut("new")
	if got.status != 400 || !strings.Contains(got.body, "1 tokens, is used up") || s.Limit == nil || s.Limit.Scope != "run" || s.UntilUS != 0 {
		t.Errorf("%+v, %+v", got, s)
	}
}

// TestReplayOfInterrupted: where the recorded attempt was ended in mid-answer,
// the replayed one is cut off at once, and it is said that nothing follows.
func TestReplayOfInterrupted(t *testing.T) {
	service, h, dir := moody(t), newHouse(t), t.TempDir()
	for _, outcome := range []job.OutcomeKind{job.Halted, job.Done} {
		h.open("old", service.URL, recorded(dir, gateway.Record, oldTree, "old"))
		leave(t, h.through("old"), saying("hang"))
		h.wait(func() bool { all := parsed(t, dir); return all[len(all)-1].Ending == recording.Left })
		if _, err := h.client.Shut(h.ctx(), "old", outcome); err != nil {
			t.Fatal(err)
		}
	}
	// Done came last, so nothing was interrupted; without it, the attempt was.
	path := filepath.Join(dir, "task.1.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	halted, _, ok := strings.Cut(string(data), `{"k":"ask","id":2`)
	if !ok {
		t.Fatalf("%s", data)
	}
	for name, file := range map[string]string{"halted": halted, "done": strings.Replace(halted, "halted", "done", 1)} {
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		h.open(name, "", recorded(dir, gateway.Replay, newTree, "new"))
		c := h.through(name)
		if name == "halted" {
			if got := ask(c, "POST", chat, saying("hang")); got.err == nil || got.body != firstEvent {
				t.Errorf("%+v", got)
			}
		} else {
			leave(t, c, saying("hang"))
		}
		got := ask(c, "POST", chat, saying("more"))
		if s := h.shut(name); got.status != 400 || s.Replayed.WasInterrupted != (name == "halted") || s.Replayed.Missing == "" {
			t.Errorf("%s: %+v %+v", name, got, s.Replayed)
		}
	}
}

// TestReplayAfterInterrupted: what the session of an interrupted attempt holds
// differs, so the next attempt's requests may.
func TestReplayAfterInterrupted(t *testing.T) {
	service, h, dir := moody(t), newHouse(t), t.TempDir()
	at := func(file, after string, mode gateway.Mode) func(*gateway.Door) {
		return func(d *gateway.Door) {
			recorded(dir, mode, oldTree, "old")(d)
			d.Recording.File, d.Recording.After = file, after
		}
	}
	longer := strings.Replace(saying("fine"), `[{`, `[{"role":"user","content":"more"},{`, 1)
	for _, outcome := range []job.OutcomeKind{job.Halted, job.Done} {
		name := string(outcome)
		h.open(name+".1", service.URL, at(name+".1.jsonl", "", gateway.Record))
		if _, err := h.client.Shut(h.ctx(), name+".1", outcome); err != nil {
			t.Fatal(err)
		}
		h.open(name+".2", service.URL, at(name+".2.jsonl", "", gateway.Record))
		_ = ask(h.through(name+".2"), "POST", chat, saying("fine"))
		h.shut(name + ".2")
		h.open(name+".3", "", at(name+".2.jsonl", name+".1.jsonl", gateway.Replay))
		want := map[job.OutcomeKind]int{job.Halted: 200, job.Done: 400}[outcome]
		if got := ask(h.through(name+".3"), "POST", chat, longer); got.status != want {
			t.Errorf("after %s: status %d, want %d", outcome, got.status, want)
		}
		h.shut(name + ".3")
	}
}

// An answer that its agent did not take in can be asked for again.
func TestReplayAgain(t *testing.T) {
	service, h, dir := moody(t), newHouse(t), t.TempDir()
	h.open("old", service.URL, recorded(dir, gateway.Record, oldTree, "old"))
	was := ask(h.through("old"), "POST", chat, saying("long"))
	h.shut("old")
	h.open("new", "", recorded(dir, gateway.Replay, newTree, "new"))
	c := h.through("new")
	leave(t, c, saying("long"))
	h.wait(func() bool {
		got := ask(c, "POST", chat, saying("long"))
		return got.status == 200 && got.err == nil && got.body == was.body
	})
	if got := ask(c, "POST", chat, saying("long")); got.status != 400 {
		t.Errorf("status %d when it was taken in", got.status)
	}
}

// TestRecordingOutlivesGateway: the gateway is killed in mid-answer. What was
// recorded is there, the answer is cut, and a new gateway goes on.
func TestRecordingOutlivesGateway(t *testing.T) {
	service, dir := moody(t), t.TempDir()
	h := newProcess(t)
	h.open("old", service.URL, recorded(dir, gateway.Record, oldTree, "old"))
	first, ok := h.client.State(h.ctx())
	if !ok {
		t.Fatal("no gateway runs")
	}
	c := h.through("old")
	if got := ask(c, "POST", chat, saying("fine")); got.status != 200 {
		t.Fatalf("%+v", got)
	}
	cut := make(chan said, 1)
	go func() { cut <- ask(c, "POST", chat, saying("hang")) }()
	h.wait(func() bool { all := parsed(t, dir); return len(all) == 2 && len(all[1].Body) > 0 })
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := <-cut; got.err == nil {
		t.Fatalf("%+v", got)
	}
	h.wait(func() bool { st, ok := h.client.State(h.ctx()); return ok && st.PID != first.PID })
	h.wait(func() bool { return ask(c, "POST", chat, saying("more")).status == 200 })
	h.shut("old")
	all := parsed(t, dir)
	if len(all) != 3 || all[0].Ending != recording.Whole || all[1].Ending != recording.Cut || string(all[1].Body) != firstEvent || all[2].Ending != recording.Whole {
		t.Errorf("%+v", all)
	}
}

// A last line that was torn is cut off before the recording goes on.
func TestTornRecording(t *testing.T) {
	service, h, dir := moody(t), newHouse(t), t.TempDir()
	h.open("old", service.URL, recorded(dir, gateway.Record, oldTree, "old"))
	_ = ask(h.through("old"), "POST", chat, saying("fine"))
	h.shut("old")
	path := filepath.Join(dir, "task.1.jsonl")
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(data, `{"k":"ask","id":2,"as`...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.open("old", service.URL, recorded(dir, gateway.Record, oldTree, "old"))
	_ = ask(h.through("old"), "POST", chat, saying("more"))
	h.shut("old")
	if all := parsed(t, dir); len(all) != 2 || all[1].Ending != recording.Whole {
		t.Errorf("%+v", all)
	}
}

// TestHostileRecording: nothing outside of its folder is read or written, and
// nothing that is no recording is taken for one.
func TestHostileRecording(t *testing.T) {
	h, outside := newHouse(t), filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		make func(path string) error
		kind fault.Kind
		want string
		mode gateway.Mode
	}{
		"nothing there":       {func(string) error { return nil }, fault.NotFound, "no such attempt", gateway.Replay},
		"a link out":          {func(p string) error { return os.Symlink(outside, p) }, fault.Refused, "task.1.jsonl", gateway.Replay},
		"a pipe":              {func(p string) error { return syscall.Mkfifo(p, 0o600) }, fault.Refused, "no plain file", gateway.Replay},
		"a folder":            {func(p string) error { return os.Mkdir(p, 0o700) }, fault.Refused, "no plain file", gateway.Replay},
		"no recording":        {func(p string) error { return os.WriteFile(p, []byte("hello\n"), 0o600) }, fault.Invalid, "line 1", gateway.Replay},
		"too large":           {func(p string) error { return sparse(p, recording.MaxFile+1) }, fault.Refused, "larger than", gateway.Replay},
		"writing by a link":   {func(p string) error { return os.Symlink(outside, p) }, fault.Refused, "record into", gateway.Record},
		"writing into a pipe": {func(p string) error { return syscall.Mkfifo(p, 0o600) }, fault.Refused, "record into", gateway.Record},
		"writing after hello": {func(p string) error { return os.WriteFile(p, []byte("hello\n"), 0o600) }, fault.Invalid, "line 1", gateway.Record},
		"another mode":        {func(string) error { return nil }, fault.Invalid, "nothing to be done", "other"},
	} {
		dir := t.TempDir()
		if err := c.make(filepath.Join(dir, "task.1.jsonl")); err != nil {
			t.Fatal(err)
		}
		d := gateway.Door{Name: "bad", Providers: map[string]gateway.Provider{}}
		recorded(dir, c.mode, oldTree, "old")(&d)
		if err := h.client.Open(h.ctx(), d); err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v (%s)", name, err, fault.KindOf(err))
		}
	}
	d := gateway.Door{Name: "bad", Providers: map[string]gateway.Provider{}}
	recorded("relative", gateway.Replay, oldTree, "old")(&d)
	if err := h.client.Open(h.ctx(), d); err == nil || !strings.Contains(err.Error(), "no absolute path") {
		t.Error(err)
	}
	if data, err := os.ReadFile(outside); err != nil || len(data) > 0 {
		t.Errorf("%q was written outside: %v", data, err)
	}
}

func sparse(path string, size int64) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(path, size)
}
