package gateway_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"muster/internal/adapter/gateway"
	"muster/internal/adapter/gateway/gatewaytest"
)

// newProcess gives a gateway that is a process of its own, once a door of it is
// opened. It is ended with the test.
func newProcess(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "gateway")}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h.client = gateway.NewClient(h.dir, []string{self, "gateway"}, []string{"PATH=" + os.Getenv("PATH")})
	t.Cleanup(func() {
		h.client.Close()
		gatewaytest.End(t, h.dir)
	})
	return h
}

// TestKilledInMidStream: a gateway that is killed while answers pass loses no
// request and doubles none: the one that had ended is booked as it was, those
// under way as estimates. The client starts another, with the same doors and
// keys, and what follows is metered.
func TestKilledInMidStream(t *testing.T) {
	hold := make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+realKey {
			t.Errorf("asked with %q", r.Header.Get("Authorization"))
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: {\"choices\":[{}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		if strings.Contains(string(body), "hang") {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
			return
		}
		_, _ = io.WriteString(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n")
	}))
	defer service.Close()
	defer close(hold)
	h := newProcess(t)
	h.open("run.task.1", service.URL, nil)
	first, ok := h.client.State(h.ctx())
	if !ok {
		t.Fatal("no gateway runs")
	}
	c := h.through("run.task.1")
	whole := `{"model":"fake-model","stream":true}`
	if got := ask(c, "POST", chat, whole); got.status != 200 {
		t.Fatalf("%+v", got)
	}
	var hanging sync.WaitGroup
	for range 3 {
		req, err := http.NewRequest("POST", "http://door"+chat, strings.NewReader(`{"model":"fake-model","stream":true,"x":"hang"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || !strings.Contains(line, "choices") {
			t.Fatalf("%q %v", line, err)
		}
		hanging.Go(func() {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		})
	}
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	hanging.Wait()
	h.wait(func() bool { st, ok := h.client.State(h.ctx()); return ok && st.PID != first.PID })
	h.wait(func() bool { return ask(c, "POST", chat, whole).status == 200 })
	s := h.shut("run.task.1")
	if s.Requests != 5 || s.Estimated != 3 || s.Usage.Input+s.Usage.Output < 3*4096 {
		t.Errorf("%+v", s)
	}
	known := s
	for range 2 { // nothing of it comes twice, whoever reads
		if again, err := h.client.Spend(h.ctx(), "run.task.1"); err != nil || again.Usage != known.Usage || again.Requests != known.Requests {
			t.Errorf("%+v %v", again, err)
		}
	}
	if st, _ := h.client.State(h.ctx()); len(st.Doors) != 0 {
		t.Errorf("doors are left: %v", st.Doors)
	}
}

// The client of another process reads what was spent, also when no gateway
// runs.
func TestReadsWithoutGateway(t *testing.T) {
	h, m := newHouse(t), model(t)
	h.open("run.task.1", m.URL, nil)
	if got := ask(h.through("run.task.1"), "POST", chat, `{"model":"fake-model"}`); got.status != 200 {
		t.Fatalf("%+v", got)
	}
	want := h.shut("run.task.1")
	data, err := os.ReadFile(filepath.Join(h.dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "journal"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	c := gateway.NewClient(dir, []string{"/nonexistent"}, nil)
	got, err := c.Spend(h.ctx(), "run.task.1")
	all, err2 := c.Spent(h.ctx(), "run/r")
	if err != nil || err2 != nil || got.Usage != want.Usage || all.All.Usage != want.Usage || all.Ended.Usage != want.Usage || want.Requests != 1 {
		t.Errorf("%+v %v, %+v %v, want %+v", got, err, all, err2, want)
	}
	if got, err := gateway.NewClient(t.TempDir(), nil, nil).Spend(h.ctx(), "x"); err != nil || got.Requests != 0 {
		t.Errorf("without a journal: %+v %v", got, err)
	}
	if err := gateway.NewClient(filepath.Join(t.TempDir(), "g"), []string{"/bin/false"}, nil).Open(h.ctx(), gateway.Door{Name: "a"}); err == nil || !strings.Contains(err.Error(), "exit code 1") {
		t.Errorf("a gateway that cannot start: %v", err)
	}
}

// Only one process serves a folder.
func TestOneGateway(t *testing.T) {
	h := newHouse(t)
	if err := gateway.Serve(context.Background(), h.dir, gateway.Options{}); err != nil {
		t.Errorf("a second gateway: %v", err)
	}
	if _, ok := h.client.State(h.ctx()); !ok {
		t.Error("the first one has ended")
	}
}

func TestDoorNames(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"", ".", "..", "a/b", "../x", "a b", strings.Repeat("a", 300)} {
		if err := h.client.Open(h.ctx(), gateway.Door{Name: name}); err == nil {
			t.Errorf("%q is opened", name)
		}
	}
}

// Checks that start at once open the door of commands, which they share.
func TestDoorOpenedByManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := gateway.WriteDoor(dir, gateway.Door{Name: "commands"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	entries, err := os.ReadDir(filepath.Join(dir, "doors", "commands"))
	if err != nil || len(entries) != 1 {
		t.Errorf("the door's folder: %v %v", entries, err)
	}
}
