package otlp

import (
	"slices"
	"strconv"
	"strings"
)

// maxSeries bounds the series of one histogram. Agents name models, so that
// there could be any number; what is beyond is counted together.
const maxSeries = 200

// Histogram counts values by their size, apart for each set of attributes.
type Histogram struct {
	Name   string
	Unit   string
	Help   string
	Bounds []float64 // upper ones, ascending

	index  map[string]int
	series []series
}

type series struct {
	attrs   []Attr
	count   uint64
	sum     float64
	least   float64
	most    float64
	buckets []uint64 // one more than bounds
}

// Add counts a value.
func (h *Histogram) Add(v float64, attrs []Attr) {
	if h.index == nil {
		h.index = map[string]int{}
	}
	key := keyOf(attrs)
	i, ok := h.index[key]
	if !ok && len(h.series) >= maxSeries {
		attrs = []Attr{Is("otel.metric.overflow", true)}
		key = keyOf(attrs)
		i, ok = h.index[key]
	}
	if !ok {
		i = len(h.series)
		h.index[key] = i
		h.series = append(h.series, series{attrs: attrs, least: v, most: v, buckets: make([]uint64, len(h.Bounds)+1)})
	}
	s := &h.series[i]
	s.count++
	s.sum += v
	s.least, s.most = min(s.least, v), max(s.most, v)
	at, _ := slices.BinarySearch(h.Bounds, v) // a bound is within its bucket
	s.buckets[at]++
}

// keyOf tells a set of attributes from others. Texts are cut off and hold no
// byte that is not of a text, so the separators are none of them.
func keyOf(attrs []Attr) string {
	var b strings.Builder
	for _, a := range attrs {
		b.WriteString(a.Key + "\xff")
		switch {
		case a.String != nil:
			b.WriteString(*a.String)
		case a.Int != nil:
			b.WriteString(*a.Int)
		case a.Bool != nil:
			b.WriteString(strconv.FormatBool(*a.Bool))
		}
		b.WriteString("\xfe")
	}
	return b.String()
}

type pointJSON struct {
	Attributes []Attr    `json:"attributes,omitempty"`
	Start      string    `json:"startTimeUnixNano"`
	Time       string    `json:"timeUnixNano"`
	Count      string    `json:"count"`
	Sum        float64   `json:"sum"`
	Buckets    []string  `json:"bucketCounts"`
	Bounds     []float64 `json:"explicitBounds"`
	Min        float64   `json:"min"`
	Max        float64   `json:"max"`
}

// cumulative says that counts are from the beginning on, by the protocol's
// number.
const cumulative = 2

func (h *Histogram) json(beginUS, nowUS int64) map[string]any {
	points := make([]pointJSON, 0, len(h.series))
	for _, s := range h.series {
		p := pointJSON{
			Attributes: s.attrs, Start: nanos(beginUS), Time: nanos(nowUS), Count: strconv.FormatUint(s.count, 10), Sum: s.sum,
			Bounds: h.Bounds, Min: s.least, Max: s.most,
		}
		for _, n := range s.buckets {
			p.Buckets = append(p.Buckets, strconv.FormatUint(n, 10))
		}
		points = append(points, p)
	}
	return map[string]any{
		"name": h.Name, "unit": h.Unit, "description": h.Help,
		"histogram": map[string]any{"aggregationTemporality": cumulative, "dataPoints": points},
	}
}

// Metrics are what is counted of requests to models, from a moment on.
type Metrics struct {
	BeginUS  int64
	tokens   Histogram
	duration Histogram
}

// NewMetrics begins to count.
func NewMetrics(beginUS int64) *Metrics {
	return &Metrics{
		BeginUS: beginUS,
		tokens: Histogram{
			Name: "gen_ai.client.token.usage", Unit: "{token}", Help: "Number of input and output tokens used.",
			Bounds: []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864},
		},
		duration: Histogram{
			Name: "gen_ai.client.operation.duration", Unit: "s", Help: "GenAI operation duration.",
			Bounds: []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92},
		},
	}
}

// Empty reports that nothing was counted.
func (m *Metrics) Empty() bool { return len(m.duration.series) == 0 }

// Encode gives the body of a request to the path /v1/metrics: all that was
// counted since the beginning.
func (m *Metrics) Encode(r Resource, nowUS int64) []byte {
	var list []any
	for _, h := range []*Histogram{&m.tokens, &m.duration} {
		if len(h.series) > 0 {
			list = append(list, h.json(m.BeginUS, nowUS))
		}
	}
	return encode(map[string]any{"resourceMetrics": []any{map[string]any{
		"resource":     r.json(),
		"scopeMetrics": []any{map[string]any{"scope": r.scope(), "metrics": list, "schemaUrl": SchemaURL}},
	}}})
}
