package otlp_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/internal/core/job"
	"muster/internal/core/otlp"
)

const (
	run     = "01a22251-578e-7179-b059-a9f2715ccd08"
	attempt = run + ".task.1"
)

// A person who has a run's id has the id of its trace, and every process finds
// the same ids.
func TestIDs(t *testing.T) {
	if got := fmt.Sprintf("%x", otlp.TraceOf(run)); got != strings.ReplaceAll(run, "-", "") {
		t.Error(got)
	}
	for _, other := range []string{"", "r", "00000000-0000-0000-0000-000000000000", strings.ReplaceAll(run, "-", "")} {
		if got := otlp.TraceOf(other); got == (otlp.TraceID{}) || got == otlp.TraceOf(run) || got != otlp.TraceOf(other) {
			t.Errorf("of %q: %x", other, got)
		}
	}
	if otlp.SpanOf("a") == otlp.SpanOf("b") || otlp.SpanOf("") == (otlp.SpanID{}) {
		t.Error("spans cannot be told apart")
	}
}

func request() otlp.Request {
	return otlp.Request{
		Attempt: attempt, Number: "n-1", Vendor: "anthropic", Base: "https://api.anthropic.com/v1?key=hidden", Model: "claude-x", Answers: "claude-x-20260101", Limit: 64,
		BeginUS: 1_000_000, EndUS: 3_500_000, Usage: job.Usage{Input: 10, CacheRead: 20, CacheWrite: 30, Output: 40, Reasoning: 5, CostMicroUSD: 1_500_000},
	}
}

// What is sent for a request, whole: a collector reads exactly this.
func TestSpanOfARequest(t *testing.T) {
	r := otlp.Resource{Version: "1.2", Attrs: []otlp.Attr{otlp.Text("service.name", "muster")}}
	got := string(otlp.EncodeSpans(r, []otlp.Span{request().Span()}))
	id := func(name string) string { return fmt.Sprintf("%x", otlp.SpanOf(name)) }
	want := `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"muster"}}]},"scopeSpans":[{"schemaUrl":"https://opentelemetry.io/schemas/1.41.0","scope":{"name":"muster","version":"1.2"},"spans":[` +
		`{"traceId":"` + strings.ReplaceAll(run, "-", "") + `","spanId":"` + id(attempt+"/n-1") + `","parentSpanId":"` + id(attempt) + `","name":"chat claude-x","kind":3,"startTimeUnixNano":"1000000000","endTimeUnixNano":"3500000000","attributes":[` +
		`{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"anthropic"}},{"key":"gen_ai.request.model","value":{"stringValue":"claude-x"}},{"key":"gen_ai.response.model","value":{"stringValue":"claude-x-20260101"}},` +
		`{"key":"server.address","value":{"stringValue":"api.anthropic.com"}},{"key":"server.port","value":{"intValue":"443"}},{"key":"gen_ai.request.max_tokens","value":{"intValue":"64"}},` +
		`{"key":"gen_ai.usage.input_tokens","value":{"intValue":"60"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"40"}},{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"20"}},` +
		`{"key":"gen_ai.usage.cache_creation.input_tokens","value":{"intValue":"30"}},{"key":"gen_ai.usage.reasoning.output_tokens","value":{"intValue":"5"}},{"key":"muster.cost.usd","value":{"doubleValue":1.5}}],"status":{}}]}]}]}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is not known is not told, and what went wrong is.
func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*otlp.Request)
		has, not string
	}{
		{"of Gemini", func(r *otlp.Request) { r.Gemini, r.Vendor = true, "gemini" }, `"gcp.gemini"`, `"chat`},
		{"of a server of one's own", func(r *otlp.Request) { r.Base = "http://localhost:11434/v1" }, `"localhost"}},{"key":"server.port","value":{"intValue":"11434"}}`, "v1"},
		{"without a port", func(r *otlp.Request) { r.Base = "http://house/" }, `{"intValue":"80"}`, "443"},
		{"without an address", func(r *otlp.Request) { r.Base = ":" }, "gen_ai", "server."},
		{"of a model that is not named", func(r *otlp.Request) { r.Model, r.Answers = "", "" }, `"name":"chat"`, "model"},
		{"of which nobody said what it took", func(r *otlp.Request) { r.Guess = true }, "muster.usage.estimated", "gen_ai.usage"},
		{"that failed", func(r *otlp.Request) { r.Failed = "429" }, `{"key":"error.type","value":{"stringValue":"429"}}],"status":{"code":2}`, "gen_ai.usage"},
		{"without a price", func(r *otlp.Request) { r.Usage.CostUnknown = true }, "gen_ai.usage.input_tokens", "muster.cost"},
		{"of an agent that lies", func(r *otlp.Request) { r.Model = strings.Repeat("é", 500) }, "gen_ai.request.model", strings.Repeat("é", 130)},
		{"whose clock went back", func(r *otlp.Request) { r.EndUS = 5 }, `"endTimeUnixNano":"1000000000"`, `"5000"`},
	} {
		r := request()
		c.change(&r)
		got := string(otlp.EncodeSpans(otlp.Resource{}, []otlp.Span{r.Span()}))
		if !strings.Contains(got, c.has) || strings.Contains(got, c.not) || strings.Contains(got, "hidden") || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

type point struct {
	Attributes []struct {
		Key   string
		Value map[string]any
	}
	Count          string
	Sum, Min, Max  float64
	BucketCounts   []string
	ExplicitBounds []float64
	Start          string `json:"startTimeUnixNano"`
	Time           string `json:"timeUnixNano"`
}

func metrics(t *testing.T, m *otlp.Metrics) map[string][]point {
	t.Helper()
	var body struct {
		ResourceMetrics []struct {
			ScopeMetrics []struct {
				SchemaURL string `json:"schemaUrl"`
				Metrics   []struct {
					Name, Unit string
					Histogram  struct {
						AggregationTemporality int
						DataPoints             []point
					}
				}
			}
		}
	}
	if err := json.Unmarshal(m.Encode(otlp.Resource{}, 9), &body); err != nil {
		t.Fatal(err)
	}
	out := map[string][]point{}
	for _, s := range body.ResourceMetrics[0].ScopeMetrics {
		for _, h := range s.Metrics {
			if h.Histogram.AggregationTemporality != 2 || s.SchemaURL != otlp.SchemaURL {
				t.Errorf("%+v", s)
			}
			out[h.Name+" "+h.Unit] = h.Histogram.DataPoints
		}
	}
	return out
}

func TestMetrics(t *testing.T) {
	m := otlp.NewMetrics(7)
	if !m.Empty() {
		t.Error("something was counted before anything happened")
	}
	m.Add(request())
	m.Add(request())
	failed, guessed := request(), request()
	failed.Failed, guessed.Guess = "500", true
	m.Add(failed)
	m.Add(guessed)
	got := metrics(t, m)
	tokens, took := got["gen_ai.client.token.usage {token}"], got["gen_ai.client.operation.duration s"]
	if len(tokens) != 2 || tokens[0].Count != "2" || tokens[0].Sum != 120 || tokens[1].Sum != 80 || tokens[0].Start != "7000" || tokens[0].Time != "9000" {
		t.Errorf("tokens: %+v", tokens)
	}
	for i, want := range []string{"input", "output"} {
		if a := tokens[i].Attributes; a[len(a)-1].Key != "gen_ai.token.type" || a[len(a)-1].Value["stringValue"] != want {
			t.Errorf("%+v", a)
		}
	}
	// 60 tokens are above 16 and at most 64: the fourth bucket.
	if n := tokens[0].BucketCounts; len(n) != len(tokens[0].ExplicitBounds)+1 || n[3] != "2" {
		t.Errorf("%v", n)
	}
	if len(took) != 2 || took[0].Count != "3" || took[0].Sum != 7.5 || took[0].Min != 2.5 || took[0].Max != 2.5 || took[1].Count != "1" {
		t.Errorf("durations: %+v", took)
	}
	if a := took[1].Attributes; a[len(a)-1].Key != "error.type" {
		t.Errorf("%+v", a)
	}
}

// A value on a bound is within its bucket, and one above all is counted.
func TestBuckets(t *testing.T) {
	m := otlp.NewMetrics(0)
	for _, n := range []int64{0, 1, 2, 67108864, 67108865} {
		r := request()
		r.Usage = job.Usage{Output: n}
		m.Add(r)
	}
	got := metrics(t, m)["gen_ai.client.token.usage {token}"][1].BucketCounts
	if got[0] != "2" || got[1] != "1" || got[13] != "1" || got[14] != "1" {
		t.Error(got)
	}
}

// However many models an agent names, what is kept is bounded.
func TestSeriesAreBounded(t *testing.T) {
	m := otlp.NewMetrics(0)
	for i := range 1000 {
		r := request()
		r.Model = fmt.Sprint("model-", i)
		m.Add(r)
	}
	for name, points := range metrics(t, m) {
		last := points[len(points)-1]
		if len(points) > 201 || last.Attributes[0].Key != "otel.metric.overflow" || last.Count == "1" {
			t.Errorf("%s: %d, %+v", name, len(points), last)
		}
	}
}

func TestReadSettings(t *testing.T) {
	const at = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, c := range []struct {
		name             string
		env              map[string]string
		traces, measures string
		problem          string
	}{
		{"nothing", map[string]string{"PATH": "/bin"}, "", "", ""},
		{"an address", map[string]string{at: "http://c:4318/"}, "http://c:4318/v1/traces", "http://c:4318/v1/metrics", ""},
		{"an address with a path", map[string]string{at: "https://c/otlp"}, "https://c/otlp/v1/traces", "https://c/otlp/v1/metrics", ""},
		{"an address with a query", map[string]string{at: "https://c/otlp?k=v"}, "https://c/otlp/v1/traces?k=v", "https://c/otlp/v1/metrics?k=v", ""},
		{"of traces alone", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/x/"}, "http://t/x/", "", ""},
		{"both, and one apart", map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://m/y"}, "http://c/v1/traces", "http://m/y", ""},
		{"switched off", map[string]string{at: "http://c", "OTEL_SDK_DISABLED": "True"}, "", "", ""},
		{"metrics switched off", map[string]string{at: "http://c", "OTEL_METRICS_EXPORTER": "none"}, "http://c/v1/traces", "", ""},
		{"sent otherwise", map[string]string{at: "http://c", "OTEL_TRACES_EXPORTER": "zipkin"}, "", "http://c/v1/metrics", "zipkin"},
		{"gRPC", map[string]string{at: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", "", "4318"},
		{"the usual protocol", map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "http://c/v1/traces", "http://c/v1/metrics", ""},
		{"no address", map[string]string{at: "c:4318"}, "", "", at},
		{"headers", map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "a=hidden%20key, b=2"}, "http://c/v1/traces", "http://c/v1/metrics", ""},
		{"headers that are none", map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "hidden"}, "http://c/v1/traces", "http://c/v1/metrics", "OTEL_EXPORTER_OTLP_HEADERS is no list"},
		{"a header in two lines", map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "a=x%0d%0ahidden"}, "http://c/v1/traces", "http://c/v1/metrics", "OTEL_EXPORTER_OTLP_HEADERS is no list"},
		{"a time that is none", map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT": "-1"}, "http://c/v1/traces", "http://c/v1/metrics", "OTEL_EXPORTER_OTLP_TIMEOUT"},
	} {
		s, isOn, problems := otlp.ReadSettings(c.env)
		text := strings.Join(problems, "\n")
		if s.Traces != c.traces || s.Metrics != c.measures || isOn != (c.traces+c.measures != "") || !strings.Contains(text, c.problem) || (c.problem == "") != (text == "") || strings.Contains(text, "hidden") {
			t.Errorf("%s: %+v %v %q", c.name, s, isOn, problems)
		}
	}
	s, _, _ := otlp.ReadSettings(map[string]string{
		at: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "a=hidden%20key, b=2", "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "c=3", "OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "70",
		"OTEL_RESOURCE_ATTRIBUTES": "service.name=other,deployment.environment.name=house", "OTEL_SERVICE_NAME": "agents",
	})
	if fmt.Sprint(s.Headers) != "map[METRICS:[[c 3]] TRACES:[[a hidden key] [b 2]]]" || s.DelayMS != 50 || s.EveryMS != 70 || s.TimeoutMS != 10_000 || s.Service != "agents" || len(s.Attrs) != 1 {
		t.Errorf("%+v", s)
	}
}
