package otlp

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"muster/internal/core/job"
)

// Request is one request to a model that was sent, and what came of it.
type Request struct {
	Attempt string // RUN.TASK.ATTEMPT
	Number  string // what tells it from others of the attempt
	Gemini  bool   // it is of the dialect whose operation has a name of its own
	Vendor  string // whose conventions hold: anthropic, openai, gemini
	Base    string // URL of the service
	Model   string // that was asked for
	Answers string // the model that answered, as the service names it; empty when it does not
	Limit   int64  // tokens that the answer may have; 0 when the request does not say
	BeginUS int64
	EndUS   int64
	Usage   job.Usage
	Guess   bool   // nobody said what it took, so its tokens are not told
	Failed  string // what went wrong: a status, or a word of the Fail constants; empty when nothing did
}

// What can go wrong with a request besides a status of the service.
const (
	FailUnreachable = "unreachable" // the service was not reached, or did not answer
	FailCanceled    = "canceled"    // the agent left before the answer came
	FailCut         = "cut"         // the answer did not come to its end
)

// common gives the attributes that the span and the metrics share.
func (r Request) common() []Attr {
	op, provider := "chat", r.Vendor
	if r.Gemini {
		op = "generate_content"
	}
	if provider == "gemini" {
		provider = "gcp.gemini"
	}
	out := []Attr{Text("gen_ai.operation.name", op), Text("gen_ai.provider.name", provider)}
	if r.Model != "" {
		out = append(out, Text("gen_ai.request.model", r.Model))
	}
	if r.Answers != "" {
		out = append(out, Text("gen_ai.response.model", r.Answers))
	}
	return append(out, server(r.Base)...)
}

// server gives where a service is, without what else its address holds.
func server(base string) []Attr {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	port, err := strconv.ParseInt(u.Port(), 10, 32)
	if err != nil {
		port = 443
		if u.Scheme == "http" {
			port = 80
		}
	}
	return []Attr{Text("server.address", u.Hostname()), Whole("server.port", port)}
}

// Span gives the request as a span below its attempt's.
func (r Request) Span() Span {
	run, _, _ := strings.Cut(r.Attempt, ".")
	attrs := r.common()
	if r.Limit > 0 {
		attrs = append(attrs, Whole("gen_ai.request.max_tokens", r.Limit))
	}
	if r.Guess {
		attrs = append(attrs, Is("muster.usage.estimated", true))
	} else if r.Failed == "" {
		attrs = append(attrs, UsageAttrs(r.Usage)...)
	}
	if !r.Usage.CostUnknown {
		attrs = append(attrs, Number("muster.cost.usd", float64(r.Usage.CostMicroUSD)/1e6))
	}
	if r.Failed != "" {
		attrs = append(attrs, Text("error.type", r.Failed))
	}
	name := "chat"
	if r.Gemini {
		name = "generate_content"
	}
	return Span{
		Trace: TraceOf(run), ID: SpanOf(r.Attempt + "/" + r.Number), Parent: SpanOf(r.Attempt), Name: strings.TrimSpace(name + " " + cut(r.Model)), Kind: Client,
		BeginUS: r.BeginUS, EndUS: r.EndUS, Attrs: attrs, Failed: r.Failed != "",
	}
}

func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), 100)], "") }

// UsageAttrs gives tokens as the conventions count them: what was read from a cache
// or written to one is part of the input.
func UsageAttrs(u job.Usage) []Attr {
	out := []Attr{Whole("gen_ai.usage.input_tokens", u.Input+u.CacheRead+u.CacheWrite), Whole("gen_ai.usage.output_tokens", u.Output)}
	for _, more := range []struct {
		key string
		n   int64
	}{
		{"gen_ai.usage.cache_read.input_tokens", u.CacheRead}, {"gen_ai.usage.cache_creation.input_tokens", u.CacheWrite}, {"gen_ai.usage.reasoning.output_tokens", u.Reasoning},
	} {
		if more.n > 0 {
			out = append(out, Whole(more.key, more.n))
		}
	}
	return out
}

// Add counts a request.
func (m *Metrics) Add(r Request) {
	attrs := r.common()
	took := slices.Clip(attrs)
	if r.Failed != "" {
		took = append(took, Text("error.type", r.Failed))
	}
	m.duration.Add(float64(max(r.EndUS-r.BeginUS, 0))/1e6, took)
	if r.Guess || r.Failed != "" {
		return
	}
	of := func(kind string) []Attr {
		return append(slices.Clip(attrs), Text("gen_ai.token.type", kind))
	}
	m.tokens.Add(float64(r.Usage.Input+r.Usage.CacheRead+r.Usage.CacheWrite), of("input"))
	m.tokens.Add(float64(r.Usage.Output), of("output"))
}
