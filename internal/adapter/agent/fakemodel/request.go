package fakemodel

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// object is a decoded JSON object.
type object = map[string]any

// ask is a request in terms that all dialects share.
type ask struct {
	dialect  dialect
	model    string
	isStream bool
	tools    []tool
	entries  []entry
	scenario string
	step     int
	cwd      string // the agent's working directory, as its prompt says
	schema   object // of the structured answer asked for, or nil
}

// tool is one tool that the agent offers.
type tool struct {
	name      string
	namespace string
	isCustom  bool // takes free text instead of parameters
	schema    object
}

// entry is one message of the conversation, as far as steps depend on it.
type entry struct {
	isUser bool
	text   string
	calls  int // tool calls in an answer of the model
}

// locate finds the scenario and the step in the conversation.
func (a *ask) locate(cues []Cue) {
	for i, e := range slices.Backward(a.entries) {
		if !e.isUser {
			continue
		}
		if a.scenario = named(e.text, cues); a.scenario == "" {
			continue
		}
		for _, e := range a.entries[i+1:] {
			if e.calls > 0 {
				a.step++
			}
		}
		return
	}
}

// named gives the scenario that a message names last, by a tag or by a cue:
// an agent may send two messages as one. It gives "" when there is none.
func named(message string, cues []Cue) string {
	tag := regexp.MustCompile(`\[\[scenario:([A-Za-z0-9_.-]+)\]\]`)
	scenario, at := "", -1
	for _, m := range tag.FindAllStringSubmatchIndex(message, -1) {
		scenario, at = message[m[2]:m[3]], m[0]
	}
	for _, c := range cues {
		if i := strings.LastIndex(message, c.Text); i > at {
			scenario, at = c.Scenario, i
		}
	}
	return scenario
}

// workingDir finds the agent's working directory in the text of its prompt.
func workingDir(body string) string {
	body = strings.NewReplacer(`\n`, "\n", `\u003c`, "<", `\u003e`, ">").Replace(body)
	for _, pattern := range []string{
		`<cwd>(/[^<\s]+)</cwd>`,
		`(?i)working directory(?: is)?:\s*` + "`?" + `(/[^\s"'<\x60\\]+)`,
		`(?i)working in the directory:\s*(/[^\s"'<\x60\\]+)`,
		`(?i)\bcwd[:=]\s*` + "`?" + `(/[^\s"'<\x60\\,]+)`,
	} {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(body); m != nil {
			return strings.TrimRight(m[1], ".,;)")
		}
	}
	return ""
}

func decode(body []byte) object {
	var o object
	if json.Unmarshal(body, &o) != nil || o == nil {
		return object{}
	}
	return o
}

func text(v any) string   { s, _ := v.(string); return s }
func truth(v any) bool    { b, _ := v.(bool); return b }
func fields(v any) object { o, _ := v.(object); return o }

// items gives the objects of a list.
func items(v any) []object {
	list, _ := v.([]any)
	var out []object
	for _, x := range list {
		if o, ok := x.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

// said gives the text of a message's content, which is a string or a list of
// parts.
func said(content any) string {
	if s, ok := content.(string); ok {
		return s
	}
	var b strings.Builder
	for _, part := range items(content) {
		if part["type"] != "tool_result" {
			b.WriteString(text(part["text"]) + "\n")
		}
	}
	return b.String()
}
