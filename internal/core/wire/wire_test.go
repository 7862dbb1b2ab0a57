package wire_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/internal/core/wire"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		method, path string
		want         wire.Call
		ok           bool
	}{
		{"POST", "/v1/messages", wire.Call{Dialect: wire.Messages, Costs: true}, true},
		{"POST", "/v1/messages/count_tokens", wire.Call{Dialect: wire.Messages}, true},
		{"POST", "/chat/completions", wire.Call{Dialect: wire.Chat, Costs: true}, true},
		{"POST", "/v1/responses", wire.Call{Dialect: wire.Responses, Costs: true}, true},
		{"POST", "/v1beta/models/g-2:streamGenerateContent", wire.Call{Dialect: wire.Gemini, Costs: true, Stream: true, Model: "g-2"}, true},
		{"POST", "/v1beta/models/g-2:generateContent", wire.Call{Dialect: wire.Gemini, Costs: true, Model: "g-2"}, true},
		{"POST", "/v1beta/models/g-2:countTokens", wire.Call{Dialect: wire.Gemini, Model: "g-2"}, true},
		{"GET", "/v1/models", wire.Call{}, true},
		{"GET", "/v1/models/gpt-5", wire.Call{}, true},
		{"HEAD", "/api/hello", wire.Call{}, true},
		{"POST", "/v1/files", wire.Call{}, false},
		{"GET", "/v1/files", wire.Call{}, false},
		{"POST", "/v1/messages/batches", wire.Call{}, false},
		{"POST", "/v1beta/models/g-2:batchGenerateContent", wire.Call{}, false},
		{"GET", "/v1/responses/resp_1", wire.Call{}, false},
		{"DELETE", "/v1/models/ft", wire.Call{}, false},
	} {
		if got, ok := wire.Of(c.method, c.path); got != c.want || ok != c.ok {
			t.Errorf("%s %s: %+v %v", c.method, c.path, got, ok)
		}
	}
}

func TestReadRequest(t *testing.T) {
	picture := strings.Repeat("iVBORw0KGgo", 400)
	text := strings.Repeat("some words ", 400)
	for _, c := range []struct {
		call wire.Call
		body string
		want wire.Request
	}{
		{
			wire.Call{Dialect: wire.Messages, Costs: true},
			`{"model":"m","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"}{\"model\":\"x\""}]}`,
			wire.Request{Model: "m", MaxOutput: 100, Stream: true, Bytes: 103},
		},
		{
			wire.Call{Dialect: wire.Chat},
			` {"stream" : true , "mod\u0065l":"m","stream_options":{"include_usage":true},"service_tier":"priority"} `,
			wire.Request{Model: "m", Stream: true, TellsUse: true, Fast: true, Bytes: 104},
		},
		{
			wire.Call{Dialect: wire.Gemini, Model: "g", Stream: true},
			`{"generationConfig":{"maxOutputTokens":5},"model":"other"}`,
			wire.Request{Model: "g", Stream: true, MaxOutput: 5, Bytes: 58},
		},
		{
			wire.Call{Dialect: wire.Messages},
			`{"model":"m","data":"` + picture + `"}`,
			wire.Request{Model: "m", Attached: 1, Bytes: 23},
		},
		{
			wire.Call{Dialect: wire.Chat},
			`{"model":"m","url":"data:image/png;base64,` + picture + `","text":"` + text + `"}`,
			wire.Request{Model: "m", Attached: 1, Bytes: int64(32 + len(text))},
		},
		{wire.Call{Dialect: wire.Responses}, `{"max_output_tokens":-5,"model":7,"n":1}`, wire.Request{Bytes: 40}},
	} {
		got, err := wire.ReadRequest(c.call, []byte(c.body))
		if err != nil || got != c.want {
			t.Errorf("%.80s: %+v %v, want %+v", c.body, got, err, c.want)
		}
	}
	for _, body := range []string{
		``, `[]`, `"x"`, `{`, `{"a":1`, `{"a" 1}`, `{"a":1}}`, `{"a":1} x`, `{"a":[}`, `{"a":"b}`, `{"a":}`, `{a:1}`, `{"a":1,}`,
		`{"model":"cheap","model":"dear"}`, `{"model":"a","mod\u0065l":"b"}`,
		`{"background":true}`, `{"n":2}`, `{"generationConfig":{"candidateCount":3}}`, `{"service_tier":"platinum"}`,
		`{"a":` + strings.Repeat("[", 100_000) + `}`,
	} {
		if got, err := wire.ReadRequest(wire.Call{Dialect: wire.Chat}, []byte(body)); err == nil {
			t.Errorf("%.60s is accepted: %+v", body, got)
		}
	}
}

func TestAskUse(t *testing.T) {
	for body, want := range map[string]string{
		`{"model":"m"}`:                          `{"stream_options":{"include_usage":true},"model":"m"}`,
		` { } `:                                  ` {"stream_options":{"include_usage":true} } `,
		`{"a":1,"stream_options":null,"b":2}`:    `{"a":1,"stream_options":{"include_usage":true},"b":2}`,
		`{"stream_options":{"x":1},"b":"é"}`:     `{"stream_options":{"include_usage":true,"x":1},"b":"é"}`,
		`{"stream_options":{"include_usage":0}}`: `{"stream_options":{"include_usage":true}}`,
		`nonsense`:                               `nonsense`,
	} {
		if got := string(wire.AskUse([]byte(body))); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// streams has an answer of each dialect, whole and as a stream. The numbers
// are the same in both.
func streams() map[string]struct {
	dialect wire.Dialect
	stream  bool
	text    string
} {
	type answer = struct {
		dialect wire.Dialect
		stream  bool
		text    string
	}
	chatUse := `"usage":{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":30},"completion_tokens_details":{"reasoning_tokens":7}}`
	respUse := `"usage":{"input_tokens":100,"output_tokens":50,"input_tokens_details":{"cached_tokens":30},"output_tokens_details":{"reasoning_tokens":7}}`
	gemUse := `"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":30,"candidatesTokenCount":43,"thoughtsTokenCount":7}`
	return map[string]answer{
		"messages": {wire.Messages, false, `{"type":"message","usage":{"input_tokens":70,"cache_read_input_tokens":30,"cache_creation_input_tokens":9,"output_tokens":50,"cache_creation":{"ephemeral_1h_input_tokens":4}}}`},
		"messages stream": {wire.Messages, true, "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":70,\"cache_read_input_tokens\":30,\"cache_creation_input_tokens\":9,\"output_tokens\":1,\"cache_creation\":{\"ephemeral_1h_input_tokens\":4}}}}\r\n\r\n" +
			"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"usage\"}}\n\n: ping\n\n" +
			"data: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":50}}\n\ndata: {\"type\":\"message_stop\"}\n\n"},
		"chat":             {wire.Chat, false, `{"choices":[{"message":{}}],` + chatUse + `}`},
		"chat stream":      {wire.Chat, true, "data: {\"choices\":[{\"delta\":{}}],\"usage\":null}\n\ndata: {\"choices\":[]," + chatUse + "}\n\ndata: [DONE]\n\n"},
		"responses":        {wire.Responses, false, `{"object":"response",` + respUse + `}`},
		"responses stream": {wire.Responses, true, "event: response.created\ndata: {\"response\":{\"usage\":null}}\n\nevent: response.completed\ndata: {\"response\":{" + respUse + "}}\n\n"},
		"gemini":           {wire.Gemini, false, `{"candidates":[{"finishReason":"STOP"}],` + gemUse + `}`},
		"gemini list":      {wire.Gemini, false, `[{"candidates":[{}]},{"candidates":[{"finishReason":"STOP"}],` + gemUse + `}]`},
		"gemini stream":    {wire.Gemini, true, "data: {\"candidates\":[{}]," + gemUse + "}\n\ndata: {\"candidates\":[{\"finishReason\":\"STOP\"}]," + gemUse + "}"},
	}
}

func read(d wire.Dialect, isStream bool, text string, step int) (wire.Use, string) {
	r, out := wire.NewReader(d, isStream), ""
	for len(text) > 0 {
		n := min(step, len(text))
		for _, e := range r.Write([]byte(text[:n])) {
			if !e.UseOnly {
				out += string(e.Raw)
			}
		}
		text = text[n:]
	}
	out += string(r.Rest())
	return r.End(), out
}

func TestReaderCountsEveryDialect(t *testing.T) {
	for name, a := range streams() {
		for _, step := range []int{1, 7, 1 << 20} {
			u, out := read(a.dialect, a.stream, a.text, step)
			want := [6]int64{70, 30, 0, 50, 7, 0}
			if a.dialect == wire.Messages {
				want = [6]int64{70, 30, 9, 50, 0, 4}
			}
			if got := [6]int64{u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.WriteHour}; got != want || !u.Known {
				t.Errorf("%s, %d bytes at a time: %v known %v, want %v", name, step, got, u.Known, want)
			}
			if a.stream && a.dialect != wire.Chat && out != a.text {
				t.Errorf("%s: the events are not what came: %q", name, out)
			}
			if name == "chat stream" && (strings.Contains(out, `"completion_tokens"`) || !strings.Contains(out, "[DONE]") || !strings.Contains(out, "delta")) {
				t.Errorf("%s: what is left is %q", name, out)
			}
		}
	}
}

// A stream that ends early is never taken for one whose usage is known.
func TestCutStreamIsNotKnown(t *testing.T) {
	for name, a := range streams() {
		last := strings.LastIndex(a.text, "usage")
		if u, _ := read(a.dialect, a.stream, a.text[:last], 9); u.Known {
			t.Errorf("%s, cut before its usage, is known: %+v", name, u)
		}
	}
	u, _ := read(wire.Messages, true, streams()["messages stream"].text[:300], 50)
	if u.Known || u.Input != 70 {
		t.Errorf("of a stream that was cut after its beginning is known %+v", u)
	}
}

func TestMalformedAnswersCountNothing(t *testing.T) {
	for _, text := range []string{
		"", "\n\n\n", "data:", "data: {\"usage\":", "data: {\"usage\":[1]}\n\n", "data: {\"usage\":{\"prompt_tokens\":\"many\",\"completion_tokens\":-4}}\n\n",
		"<html>usage</html>", "data: {\"usage\":{\"prompt_tokens\":1e300}}\n\n", "\x00\xff\n\n", `{"usage":{"input_tokens":1e400}}`,
	} {
		for _, d := range []wire.Dialect{wire.Messages, wire.Chat, wire.Responses, wire.Gemini} {
			for _, isStream := range []bool{true, false} {
				u, _ := read(d, isStream, text, 3)
				if u.Input > 1e12 || u.Input < 0 || u.Output != 0 {
					t.Errorf("%s %q: %+v", d, text, u)
				}
			}
		}
	}
}

func TestFailureHasTheDialectsForm(t *testing.T) {
	for d, want := range map[wire.Dialect]string{
		wire.Messages:  `{"error":{"message":"no \"money\"","type":"invalid_request_error"},"type":"error"}`,
		wire.Chat:      `{"error":{"code":"invalid_request_error","message":"no \"money\"","param":null,"type":"invalid_request_error"}}`,
		wire.Responses: `{"error":{"code":"invalid_request_error","message":"no \"money\"","param":null,"type":"invalid_request_error"}}`,
		wire.Gemini:    `{"error":{"code":400,"message":"no \"money\"","status":"INVALID_ARGUMENT"}}`,
	} {
		if got := string(wire.Failure(d, 400, `no "money"`)); got != want {
			t.Errorf("%s: %s", d, got)
		}
	}
	if got := string(wire.Failure(wire.Gemini, 429, "x")); !strings.Contains(got, "RESOURCE_EXHAUSTED") {
		t.Error(got)
	}
}

func FuzzReadRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","stream":true,"a":[1,{"b":"\\\""}]}`))
	f.Add([]byte(`{"stream_options":{"a":1}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := wire.ReadRequest(wire.Call{Dialect: wire.Chat}, body)
		if err == nil && (r.Bytes < 0 || r.Attached < 0 || r.MaxOutput < 0) {
			t.Errorf("%+v", r)
		}
		if json.Valid(body) && err == nil && !json.Valid(wire.AskUse(body)) {
			t.Errorf("%q became %q", body, wire.AskUse(body))
		}
	})
}

func FuzzReader(f *testing.F) {
	for _, a := range streams() {
		f.Add(string(a.dialect), a.stream, a.text, 5)
	}
	f.Fuzz(func(t *testing.T, d string, isStream bool, text string, step int) {
		u, out := read(wire.Dialect(d), isStream, text, max(step, 1))
		if isStream && wire.Dialect(d) != wire.Chat && out != text {
			t.Errorf("%q became %q", text, out)
		}
		if s := fmt.Sprint(u.Input, u.CacheRead, u.CacheWrite, u.Output); strings.Contains(s, "-") {
			t.Error(s)
		}
	})
}
