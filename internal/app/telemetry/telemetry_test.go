package telemetry_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/gateway"
	"muster/internal/app/telemetry"
	"muster/internal/core/job"
	"muster/internal/core/meter"
)

// taken is a collector that keeps what it was sent, by path.
type taken struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string]string
}

func newTaken(t *testing.T) *taken {
	t.Helper()
	p := &taken{bodies: map[string]string{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.bodies[r.URL.Path] += string(body) + "\n"
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *taken) all(path string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bodies[path]
}

func TestVariables(t *testing.T) {
	if got := telemetry.Variables(map[string]string{"PATH": "/bin", "OTEL_SERVICE_NAME": "x"}); got != nil {
		t.Errorf("where nothing is set: %v", got)
	}
	if got := telemetry.Variables(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}); got != nil {
		t.Errorf("where it is switched off: %v", got)
	}
	got := telemetry.Variables(map[string]string{"PATH": "/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_LOG_LEVEL": "debug"})
	if len(got) != 1 || got["OTEL_EXPORTER_OTLP_ENDPOINT"] != "http://c" {
		t.Errorf("%v", got)
	}
}

// Where telemetry goes is told, and what cannot be followed; no key is.
func TestText(t *testing.T) {
	text, problems := telemetry.Text(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:hidden@c:4318?key=hidden", "OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_TIMEOUT": "x"})
	if text != "spans to http://c:4318/v1/traces; never content" || len(problems) != 1 {
		t.Errorf("%q %q", text, problems)
	}
	if text, problems := telemetry.Text(map[string]string{"OTEL_SERVICE_NAME": "x"}); text != "" || problems != nil {
		t.Errorf("%q %q", text, problems)
	}
	text, problems = telemetry.Text(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
	if text != "" || len(problems) == 0 || !strings.Contains(problems[0], "4318") {
		t.Errorf("%q %q", text, problems)
	}
}

// Through a real gateway: what agents ask is told to the collector that the
// door was opened with, once; at a door without, nothing is; what is set
// wrongly is said in the log.
func TestGatewayTells(t *testing.T) {
	root := t.TempDir()
	dir, log := filepath.Join(root, "gateway"), filepath.Join(root, telemetry.LogFile)
	exporters := telemetry.NewExporters(log)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Serve(ctx, dir, gateway.Options{Tell: exporters.Tell}) }()
	m, err := fakemodel.Start(fakemodel.Script{Default: "secret answer"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	c := gateway.NewClient(dir, nil, nil)
	t.Cleanup(c.Close)
	for began := time.Now(); ; <-time.After(5 * time.Millisecond) {
		if _, ok := c.State(ctx); ok {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatal("there is no gateway")
		}
	}
	p := newTaken(t)
	const run = "01a22251-578e-7179-b059-a9f2715ccd08"
	for name, vars := range map[string]map[string]string{
		run + ".a.1": {"OTEL_EXPORTER_OTLP_ENDPOINT": p.URL}, run + ".b.1": {"OTEL_EXPORTER_OTLP_ENDPOINT": p.URL}, run + ".off.1": nil,
		run + ".wrong.1": {"OTEL_EXPORTER_OTLP_ENDPOINT": "nowhere"},
	} {
		door := gateway.Door{
			Name: name, Telemetry: vars, Secrets: map[string]string{"openai": "secret-key-0123456789"}, Prices: map[string]meter.Price{"fake-model": {Output: 1e6}},
			Providers: map[string]gateway.Provider{"openai": {Base: m.URL + "/v1", Auth: gateway.Bearer, Vendor: "openai", Key: gateway.Key{Env: "K"}}},
		}
		if err := c.Open(ctx, door); err != nil {
			t.Fatal(err)
		}
		ask(t, gateway.Socket(dir, name))
		if _, err := c.Shut(ctx, name, job.Done); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	exporters.Close()
	spans, metrics := p.all("/v1/traces"), p.all("/v1/metrics")
	if strings.Count(spans, `"spanId"`) != 2 || strings.Count(spans, strings.ReplaceAll(run, "-", "")) != 2 || strings.Contains(spans+metrics, "secret") {
		t.Errorf("spans: %s", spans)
	}
	var body struct {
		ResourceMetrics []struct {
			ScopeMetrics []struct {
				Metrics []struct {
					Name      string
					Histogram struct {
						DataPoints []struct {
							Count string
							Sum   float64
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(metrics), &body); err != nil {
		t.Fatalf("%v: %s", err, metrics)
	}
	for _, h := range body.ResourceMetrics[0].ScopeMetrics[0].Metrics {
		last := h.Histogram.DataPoints[len(h.Histogram.DataPoints)-1]
		if last.Count != "2" || h.Name == "gen_ai.client.token.usage" && last.Sum != 2*fakemodel.OutputTokens {
			t.Errorf("%+v", h)
		}
	}
	if said, err := os.ReadFile(log); err != nil || !strings.Contains(string(said), "OTEL_EXPORTER_OTLP_ENDPOINT is no address") {
		t.Errorf("the log: %s %v", said, err)
	}
}

func ask(t *testing.T, socket string) {
	t.Helper()
	dir, name := filepath.Split(socket)
	t.Chdir(dir)
	c := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", name)
	}}}
	resp, err := c.Post("http://door/model/openai/chat/completions", "application/json", strings.NewReader(`{"model":"fake-model","messages":[{"role":"user","content":"secret words"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
		t.Errorf("status %d, %v", resp.StatusCode, err)
	}
}

// However many settings doors come with, what is kept is bounded.
func TestExportersAreBounded(t *testing.T) {
	x := telemetry.NewExporters(filepath.Join(t.TempDir(), "log"))
	defer x.Close()
	n := 0
	for i := range 100 {
		if tell := x.Tell(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SERVICE_NAME": strings.Repeat("x", i+1)}); tell != nil {
			n++
		}
	}
	if n != 16 {
		t.Errorf("%d exporters", n)
	}
	if tell := x.Tell(nil); tell != nil {
		t.Error("nothing is set, and something is told")
	}
	var none *telemetry.Tracer
	none.Committed(nil) // where it is off nothing happens
	none.Close()
}
