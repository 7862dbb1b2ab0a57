package collector_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/adapter/collector"
	"muster/internal/core/otlp"
)

const patience = 30 * time.Second

// place is a collector that answers as it is told, and keeps what it was sent.
type place struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string][]string // by path
	header http.Header
	came   chan string // paths
}

func newPlace(t *testing.T, answer func(n int, w http.ResponseWriter)) *place {
	t.Helper()
	p := &place{bodies: map[string][]string{}, came: make(chan string, 10_000)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.bodies[r.URL.Path] = append(p.bodies[r.URL.Path], string(body))
		p.header = r.Header
		n := len(p.bodies[r.URL.Path])
		p.mu.Unlock()
		if answer != nil {
			answer(n, w)
		}
		p.came <- r.URL.Path
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *place) wait(t *testing.T, path string) {
	t.Helper()
	for limit := time.After(patience); ; {
		select {
		case got := <-p.came:
			if got == path {
				return
			}
		case <-limit:
			t.Fatalf("nothing came to %s", path)
		}
	}
}

func (p *place) all(path string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.bodies[path], "\n")
}

// paper is a log that can be read while it is written.
type paper struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

func exporter(t *testing.T, base string, change func(*otlp.Settings)) (*collector.Exporter, *paper) {
	t.Helper()
	s := otlp.Settings{
		Traces: base + "/t", Metrics: base + "/m", TimeoutMS: 10_000, DelayMS: 10, EveryMS: 3_600_000, Service: "muster",
		Headers: map[otlp.Signal][][2]string{otlp.Traces: {{"X-Key", "k"}}},
	}
	if change != nil {
		change(&s)
	}
	log := &paper{}
	e := collector.New(s, "1", slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(e.Close)
	return e, log
}

func span(name string) otlp.Span { return otlp.Span{Name: name, Trace: otlp.TraceOf("r")} }

// What is told arrives, with what the settings add; the rest when it closes.
func TestArrives(t *testing.T) {
	p := newPlace(t, nil)
	e, log := exporter(t, p.URL, nil)
	e.Send(span("one"))
	p.wait(t, "/t")
	if p.header.Get("X-Key") != "k" || p.header.Get("Content-Type") != "application/json" || p.all("/m") != "" {
		t.Errorf("%v, %s", p.header, p.all("/m"))
	}
	e.Request(otlp.Request{Attempt: "r.t.1", Number: "1", Vendor: "openai", Model: "gpt-5"})
	for i := range 700 {
		e.Send(span(fmt.Sprint("many-", i)))
	}
	e.Close()
	e.Close()
	for _, want := range []string{`"one"`, `"chat gpt-5"`, `"many-0"`, `"many-699"`, `"service.name"`, `"service.instance.id"`} {
		if !strings.Contains(p.all("/t"), want) {
			t.Errorf("%s did not arrive", want)
		}
	}
	if got := p.all("/m"); strings.Count(got, "gen_ai.client.operation.duration") != 1 || !strings.Contains(got, "gpt-5") {
		t.Errorf("metrics: %s", got)
	}
	if p.header.Get("X-Key") != "" || log.String() != "" {
		t.Errorf("%v, %s", p.header, log)
	}
}

// What is switched off is not sent.
func TestSwitchedOff(t *testing.T) {
	p := newPlace(t, nil)
	for _, change := range []func(*otlp.Settings){func(s *otlp.Settings) { s.Traces = "" }, func(s *otlp.Settings) { s.Metrics = "" }} {
		e, _ := exporter(t, p.URL, change)
		e.Request(otlp.Request{Attempt: "r.t.1"})
		e.Close()
	}
	if n, m := strings.Count(p.all("/t"), "resourceSpans"), strings.Count(p.all("/m"), "resourceMetrics"); n != 1 || m != 1 {
		t.Errorf("%d and %d", n, m)
	}
}

// Metrics are sent again and again, from the beginning on.
func TestMetricsAreSentAgain(t *testing.T) {
	p := newPlace(t, nil)
	e, _ := exporter(t, p.URL, func(s *otlp.Settings) { s.Traces, s.EveryMS = "", 10 })
	e.Request(otlp.Request{Attempt: "r.t.1"})
	p.wait(t, "/m")
	p.wait(t, "/m")
}

// A collector that hangs delays nobody: whoever tells goes on at once, what is
// too much is dropped and counted, and the end comes all the same.
func TestHangs(t *testing.T) {
	hang := make(chan struct{})
	p := newPlace(t, func(int, http.ResponseWriter) { <-hang })
	defer close(hang)
	e, log := exporter(t, p.URL, nil)
	const all, waiting = 10_000, 2048 + 512 + 512
	for i := range all {
		e.Send(span(fmt.Sprint(i))) // would block for ten seconds if it waited
	}
	e.Close() // after two seconds
	if got := log.String(); !strings.Contains(got, "did not take it") || !strings.Contains(got, "spans were dropped") {
		t.Fatalf("the log says %q", got)
	}
	if n := strings.Count(p.all("/t"), `"spanId"`); n > waiting {
		t.Errorf("%d spans were kept", n)
	}
	_, count, _ := strings.Cut(log.String(), "altogether=")
	if n, err := strconv.Atoi(strings.Fields(count + " ")[0]); err != nil || n < all-waiting {
		t.Errorf("%d are said to be dropped: %v", n, err)
	}
}

// A collector that is busy is asked again; one that says no is not.
func TestAsksAgain(t *testing.T) {
	p := newPlace(t, func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	e, log := exporter(t, p.URL, nil)
	e.Send(span("kept"))
	p.wait(t, "/t")
	p.wait(t, "/t")
	e.Close()
	if strings.Count(p.all("/t"), `"kept"`) != 2 || log.String() != "" {
		t.Errorf("%s, %s", p.all("/t"), log)
	}
	p = newPlace(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) })
	e, log = exporter(t, p.URL, nil)
	e.Send(span("refused"))
	p.wait(t, "/t")
	e.Close()
	if strings.Count(p.all("/t"), `"refused"`) != 1 || !strings.Contains(log.String(), "status 400") {
		t.Errorf("%s, %s", p.all("/t"), log)
	}
}

// Keys are not carried to where a collector leads; one that is not there is
// said.
func TestLeadsElsewhere(t *testing.T) {
	other := newPlace(t, nil)
	p := newPlace(t, func(_ int, w http.ResponseWriter) {
		w.Header().Set("Location", other.URL+"/t")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	e, log := exporter(t, p.URL, nil)
	e.Send(span("x"))
	e.Close()
	if other.all("/t") != "" || !strings.Contains(log.String(), "status 307") {
		t.Errorf("%s, %s", other.all("/t"), log)
	}
	e, log = exporter(t, "http://127.0.0.1:1/?key=X-Key", nil)
	e.Send(span("x"))
	e.Close()
	if !strings.Contains(log.String(), "refused") || strings.Contains(log.String(), "X-Key") {
		t.Error(log)
	}
}
