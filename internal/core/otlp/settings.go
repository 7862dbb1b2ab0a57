package otlp

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Settings say where to send what, as OpenTelemetry's own variables do.
type Settings struct {
	Traces    string // URL; empty: no spans are sent
	Metrics   string // URL; empty: no metrics are sent
	Headers   map[Signal][][2]string
	TimeoutMS int64 // of one request
	DelayMS   int64 // at most between a span's end and its being sent
	EveryMS   int64 // between two times that metrics are sent
	Service   string
	Attrs     []Attr // of the resource, beside the service's name
}

// Signal is a sort of what is sent.
type Signal string

// The signals.
const (
	Traces   Signal = "TRACES"
	Measures Signal = "METRICS"
)

// Names gives the variables that ReadSettings reads. Some hold keys.
func Names() []string {
	names := []string{
		"OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER",
		"OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL",
	}
	for _, what := range []string{"ENDPOINT", "HEADERS", "TIMEOUT", "PROTOCOL"} {
		names = append(names, "OTEL_EXPORTER_OTLP_"+what, "OTEL_EXPORTER_OTLP_TRACES_"+what, "OTEL_EXPORTER_OTLP_METRICS_"+what)
	}
	return names
}

// ReadSettings reads OpenTelemetry's variables. It gives false when nothing is
// to be sent, and what of them cannot be followed: telemetry that is set wrongly
// is no reason to do no work.
func ReadSettings(env map[string]string) (s Settings, isOn bool, problems []string) {
	if strings.EqualFold(strings.TrimSpace(env["OTEL_SDK_DISABLED"]), "true") {
		return Settings{}, false, nil
	}
	r := reader{env: env}
	s = Settings{
		Traces: r.endpoint("TRACES", "/v1/traces"), Metrics: r.endpoint("METRICS", "/v1/metrics"), Headers: map[Signal][][2]string{},
		DelayMS: r.millis("OTEL_BSP_SCHEDULE_DELAY", 5_000), EveryMS: r.millis("OTEL_METRIC_EXPORT_INTERVAL", 60_000),
		TimeoutMS: r.millis("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000), Service: "muster",
	}
	if s.Traces == "" && s.Metrics == "" {
		return Settings{}, false, r.problems
	}
	for _, signal := range []Signal{Traces, Measures} {
		name := "OTEL_EXPORTER_OTLP_" + string(signal) + "_HEADERS"
		if env[name] == "" {
			name = "OTEL_EXPORTER_OTLP_HEADERS"
		}
		s.Headers[signal] = r.pairs(name)
	}
	for _, p := range r.pairs("OTEL_RESOURCE_ATTRIBUTES") {
		if p[0] == "service.name" {
			s.Service = p[1]
			continue
		}
		s.Attrs = append(s.Attrs, Text(p[0], p[1]))
	}
	if v := strings.TrimSpace(env["OTEL_SERVICE_NAME"]); v != "" {
		s.Service = v
	}
	return s, true, r.problems
}

// reader reads variables, and keeps what is wrong with them.
type reader struct {
	env      map[string]string
	problems []string
}

// endpoint gives the address of a signal: its own as it is, the common one with
// the signal's path.
func (r *reader) endpoint(signal, path string) string {
	if v := strings.TrimSpace(r.env["OTEL_"+signal+"_EXPORTER"]); v != "" && v != "otlp" {
		if v != "none" {
			r.problems = append(r.problems, "OTEL_"+signal+"_EXPORTER is "+strconv.Quote(v)+"; otlp and none are known")
		}
		return ""
	}
	name, text := "OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT", strings.TrimSpace(r.env["OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT"])
	if text == "" {
		if name, text = "OTEL_EXPORTER_OTLP_ENDPOINT", strings.TrimSpace(r.env["OTEL_EXPORTER_OTLP_ENDPOINT"]); text == "" {
			return ""
		}
	} else {
		path = ""
	}
	if p := firstOf(r.env["OTEL_EXPORTER_OTLP_"+signal+"_PROTOCOL"], r.env["OTEL_EXPORTER_OTLP_PROTOCOL"]); p == "grpc" {
		r.problems = append(r.problems, "the protocol grpc is not spoken; give the collector's address for HTTP (port 4318) and OTEL_EXPORTER_OTLP_PROTOCOL=http/json")
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		r.problems = append(r.problems, name+" is no address that begins with http:// or https://")
		return ""
	}
	if path != "" {
		u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/")+path, ""
	}
	return u.String()
}

func firstOf(texts ...string) string {
	i := slices.IndexFunc(texts, func(t string) bool { return strings.TrimSpace(t) != "" })
	if i < 0 {
		return ""
	}
	return strings.TrimSpace(texts[i])
}

// millis reads milliseconds, between 10 ms and an hour.
func (r *reader) millis(name string, otherwise int64) int64 {
	text := strings.TrimSpace(r.env[name])
	if text == "" {
		return otherwise
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 10 || ms > 3_600_000 {
		r.problems = append(r.problems, name+" is no number of milliseconds between 10 and 3600000")
		return otherwise
	}
	return ms
}

const maxPairs = 64

// pairs reads key=value,key=value, with values in percent encoding.
func (r *reader) pairs(name string) [][2]string {
	var out [][2]string
	for part := range strings.SplitSeq(r.env[name], ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		key, text, ok := strings.Cut(part, "=")
		v, err := url.PathUnescape(strings.TrimSpace(text))
		key = strings.TrimSpace(key)
		if !ok || err != nil || key == "" || len(out) >= maxPairs || strings.ContainsAny(v+key, "\r\n\x00") {
			r.problems = append(r.problems, name+" is no list of key=value, separated by commas") // its values may be keys
			return out
		}
		out = append(out, [2]string{key, v})
	}
	return out
}
