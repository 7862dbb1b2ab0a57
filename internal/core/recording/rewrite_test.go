package recording_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/internal/core/recording"
	"muster/internal/core/wire"
)

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// piece gives the form of an event that holds a piece of a text.
func pieces() map[string]struct {
	dialect wire.Dialect
	form    string
} {
	return map[string]struct {
		dialect wire.Dialect
		form    string
	}{
		"text of messages":       {wire.Messages, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":%s}}`},
		"thoughts of messages":   {wire.Messages, `{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":%s}}`},
		"arguments of messages":  {wire.Messages, `{"type":"content_block_delta","index":1,"delta":{"partial_json":%s,"type":"input_json_delta"}}`},
		"text of chat":           {wire.Chat, `{"id":"c","choices":[{"index":0,"delta":{"content":%s}}]}`},
		"arguments of chat":      {wire.Chat, `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":%s}}]},"index":0}]}`},
		"text of responses":      {wire.Responses, `{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":%s}`},
		"arguments of responses": {wire.Responses, `{"type":"response.function_call_arguments.delta","delta":%s,"item_id":"i","output_index":1}`},
		"input of responses":     {wire.Responses, `{"type":"response.custom_tool_call_input.delta","item_id":"i","delta":%s}`},
		"text of gemini":         {wire.Gemini, `{"candidates":[{"content":{"parts":[{"text":%s}]}}]}`},
	}
}

// text gives the pieces of a stream as one.
func text(t *testing.T, form string, events [][]byte) string {
	t.Helper()
	before, after, _ := strings.Cut(form, "%s")
	var out strings.Builder
	for _, e := range events {
		for line := range bytes.Lines(e) {
			data, ok := strings.CutPrefix(strings.TrimRight(string(line), "\r\n"), "data: ")
			if !ok {
				continue
			}
			var s string
			if err := json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimPrefix(data, before), after)), &s); err != nil {
				t.Fatalf("%v in %s", err, data)
			}
			out.WriteString(s)
		}
	}
	return out.String()
}

// A path that is divided at any place is exchanged; the rest is as it was.
func TestRewriteDivided(t *testing.T) {
	swap := recording.NewSwap(recording.Names{Worktree: "/w/tree/1"}, recording.Names{Worktree: `/srv/"new"/2`})
	for name, p := range pieces() {
		isJSON := strings.HasPrefix(name, "arguments")
		said, want := "see /w/tree/1/a.go.", `see /srv/"new"/2/a.go.`
		if isJSON {
			said, want = `{"path":"/w/tree/1/a.go"}`, `{"path":"/srv/\"new\"/2/a.go"}`
		}
		for first := range len(said) {
			for _, end := range []string{"\n\n", "\r\n\r\n"} {
				second := min(first+3, len(said))
				var stream strings.Builder
				for _, part := range []string{said[:first], said[first:second], said[second:]} {
					fmt.Fprintf(&stream, "event: x%sdata: %s%s", end[:len(end)/2], fmt.Sprintf(p.form, quote(part)), end)
				}
				events := swap.Rewrite(p.dialect, recording.Events, []byte(stream.String()))
				if n := bytes.Count(bytes.Join(events, nil), []byte("event: x")); n != 3 {
					t.Fatalf("%s, divided at %d: %d of 3 events have their names", name, first, n)
				}
				if got := text(t, p.form, events); got != want || len(events) != 3 {
					t.Fatalf("%s, divided at %d: %q in %d events, want %q", name, first, got, len(events), want)
				}
			}
		}
	}
}

func TestRewriteWhole(t *testing.T) {
	swap := recording.NewSwap(
		recording.Names{Worktree: "/w/1", Scratch: "/w/1/scratch", Home: "/home/kim", Session: "0000-1111", Op: "r.t.1"},
		recording.Names{Worktree: "/new", Scratch: "/s", Home: "/home/lee", Session: "2222-3333", Op: "q.t.1"},
	)
	for in, want := range map[string]string{
		`{"type":"message","content":[{"text":"/w/1/a /w/10 /w/1.go /w/1. /x/w/1 x/w/1 ./w/1"}]}`:    `{"type":"message","content":[{"text":"/new/a /w/10 /w/1.go /new. /x/w/1 x/w/1 ./w/1"}]}`,
		`{"a":["/w/1/scratch/x","/home/kim","/home/kimberly","0000-1111","r.t.1","/w/1-x","/w/1-"]}`: `{"a":["/s/x","/home/lee","/home/kimberly","2222-3333","q.t.1","/w/1-x","/new-"]}`,
		`{"arguments":"{\"p\":\"a\\n/w/1\"}", "/w/1": 1.50, "n": [null, true, {"x":[]}]}`:            `{"arguments":"{\"p\":\"a\\n/new\"}", "/w/1": 1.50, "n": [null, true, {"x":[]}]}`,
		`{"text":"/home/kim/.claude/projects/-w-1/x"}`:                                               `{"text":"/home/lee/.claude/projects/-new/x"}`,
		`{"text":"\u002fw\u002f1 <&> ü"}`:                                                            `{"text":"/new <&> ü"}`,
		`not JSON /w/1`:                                                                              `not JSON /new`,
		`{"text":"/w/1"} {"text":"/w/1"}`:                                                            `{"text":"/new"} {"text":"/new"}`,
		`{"text":"/w/1"`:                                                                             `{"text":"/new"`,
		`"/w/1"`:                                                                                     `"/new"`,
		``:                                                                                           ``,
	} {
		if got := string(bytes.Join(swap.Rewrite(wire.Messages, recording.OnePiece, []byte(in)), nil)); got != want {
			t.Errorf("%s\nis %s\nwant %s", in, got, want)
		}
	}
	// Gemini may stream a list.
	list := `[{"candidates":[{"content":{"parts":[{"text":"/w"}]}}]},{"candidates":[{"content":{"parts":[{"text":"/1/a"}]}}]}]`
	want := strings.Replace(strings.Replace(list, `"/w"`, `"/new"`, 1), `"/1/a"`, `"/a"`, 1)
	if got := string(bytes.Join(swap.Rewrite(wire.Gemini, recording.OnePiece, []byte(list)), nil)); got != want {
		t.Error(got)
	}
	// Texts of two streams are no pieces of one.
	two := `data: {"type":"content_block_delta","index":0,"delta":{"text":"/w"}}` + "\n\n" + `data: {"type":"content_block_delta","index":1,"delta":{"text":"/1"}}` + "\n\n: ping\n\ndata: [DONE]\n\n"
	if got := string(bytes.Join(swap.Rewrite(wire.Messages, recording.Events, []byte(two)), nil)); got != two {
		t.Error(got)
	}
	none := recording.NewSwap(recording.Names{Home: "/ab"}, recording.Names{Home: "/x"})
	if got := string(none.Rewrite(wire.Chat, recording.OnePiece, []byte(`{"a":"/ab"}`))[0]); got != `{"a":"/ab"}` {
		t.Errorf("a name of three letters is exchanged: %s", got)
	}
}

const secret = "sk-secret-0123456789"

// A secret is taken out wherever it is divided, by events and by reads, before
// anything of it is given on; and nothing else is kept back for ever.
func TestRedactor(t *testing.T) {
	for name, p := range pieces() {
		for at := range len(secret) + 1 {
			var stream strings.Builder
			for _, part := range []string{"it is " + secret[:at], secret[at:] + " and", " so on"} {
				fmt.Fprintf(&stream, "data: %s\n\n", fmt.Sprintf(p.form, quote(part)))
			}
			r := recording.NewRedactor([]string{"", "sk-other-key", secret}, p.dialect, recording.Events)
			var out []byte
			whole := stream.String()
			for i := 0; i < len(whole); i += 7 {
				out = append(out, r.Write([]byte(whole[i:min(i+7, len(whole))]))...)
				if got := text(t, p.form, [][]byte{out}); strings.Contains(got, secret[:min(at+1, 6)]) && at > 5 {
					t.Fatalf("%s, divided at %d: %q was given on", name, at, got)
				}
			}
			if got := text(t, p.form, [][]byte{out}); got != "it is [key] and so on" {
				t.Fatalf("%s, divided at %d: %q before the end", name, at, got)
			}
			if rest := r.End(); len(rest) != 0 {
				t.Errorf("%s: %q was kept back", name, rest)
			}
		}
	}
}

func TestRedactorOfOthers(t *testing.T) {
	r := recording.NewRedactor([]string{secret}, wire.Messages, recording.Events)
	out := string(r.Write([]byte("data: " + fmt.Sprintf(pieces()["text of messages"].form, `"ends with sk-sec"`) + "\n\n")))
	if out != "" {
		t.Errorf("%q", out)
	}
	out = string(r.Write([]byte("data: " + fmt.Sprintf(pieces()["text of messages"].form, `"ond"`) + "\n\ndata: {\"a\":\"")))
	if !strings.Contains(out, "sk-sec") || !strings.Contains(out, "ond") {
		t.Errorf("%q", out)
	}
	if rest := string(r.End()); rest != `data: {"a":"` {
		t.Errorf("%q", rest)
	}
	plain := recording.NewRedactor([]string{secret}, wire.Chat, recording.OnePiece)
	if got := plain.Write([]byte(`{"error":"the key ` + secret[:9])); got != nil {
		t.Errorf("%q", got)
	}
	_ = plain.Write([]byte(secret[9:] + ` is bad"}`))
	if got := string(plain.End()); got != `{"error":"the key [key] is bad"}` {
		t.Error(got)
	}
	html := recording.NewRedactor([]string{secret}, wire.Chat, recording.OnePiece)
	_ = html.Write([]byte("<b>x" + secret + "x</b>"))
	if got := string(html.End()); got != "<b>x[key]x</b>" {
		t.Error(got)
	}
	word := recording.NewRedactor([]string{"ollama"}, wire.Chat, recording.OnePiece)
	_ = word.Write([]byte(`{"text":"ollama"}`))
	if got := string(word.End()); got != `{"text":"ollama"}` {
		t.Errorf("a word in place of a key: %s", got)
	}
	comment := recording.NewRedactor([]string{secret}, wire.Chat, recording.Events)
	if got := string(comment.Write([]byte(": " + secret + "\n\n"))); got != ": [key]\n\n" {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(lines(begun(), asked(1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := recording.Parse(data)
		if err == nil && a.Whole > len(data) {
			t.Error(a.Whole)
		}
	})
}

func FuzzRewrite(f *testing.F) {
	for _, p := range pieces() {
		f.Add([]byte("data: "+fmt.Sprintf(p.form, `"/w/tree/1"`)+"\n\n"), string(p.dialect))
	}
	swap := recording.NewSwap(recording.Names{Worktree: "/w/tree/1"}, recording.Names{Worktree: "/new"})
	same := recording.NewSwap(recording.Names{Worktree: "/none/of/these"}, recording.Names{Worktree: "/new"})
	f.Fuzz(func(t *testing.T, data []byte, dialect string) {
		for _, form := range []recording.Form{recording.Events, recording.OnePiece} {
			_ = swap.Rewrite(wire.Dialect(dialect), form, data)
			if got := bytes.Join(same.Rewrite(wire.Dialect(dialect), form, bytes.Clone(data)), nil); !bytes.Contains(data, []byte("none")) && !bytes.Equal(got, data) {
				t.Errorf("%q became %q", data, got)
			}
			_ = recording.Describe(recording.Call{Method: "POST", Call: wire.Call{Dialect: wire.Dialect(dialect), Costs: true}, Body: data}, recording.Names{Worktree: "/w/tree/1"})
		}
	})
}
