package recording

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"muster/internal/core/wire"
)

// Ask is what is kept of a request: digests, and its shape. What the request
// says is not kept, for it holds all that the agent has read.
type Ask struct {
	Method  string       `json:"method"`
	Path    string       `json:"path"` // below the provider, without the query
	Dialect wire.Dialect `json:"dialect,omitempty"`
	Model   string       `json:"model,omitempty"`

	Whole    string `json:"whole"`           // digest of all of it
	Turns    string `json:"turns,omitempty"` // digest of what the person and the model said in it
	Said     string `json:"said,omitempty"`  // digest of what the model said in it: it is what was answered before
	Tools    string `json:"tools,omitempty"` // digest of the names of the tools that are offered
	Offered  int    `json:"offered,omitempty"`
	Messages int    `json:"messages,omitempty"`
}

// Call is a request as it came.
type Call struct {
	Method string
	Path   string // below the provider, without the query
	wire.Call
	Model string // as the body or the path names it
	Body  []byte
}

// Describe gives what is kept of a request. Names are those of the attempt
// that sent it: they, numbers, ids and dates count for nothing.
func Describe(c Call, names Names) Ask {
	a := Ask{Method: c.Method, Path: in(names.masked().plain, c.Path), Dialect: c.Dialect, Model: c.Model}
	e := essence{swap: names.masked()}
	var body map[string]json.RawMessage
	if json.Unmarshal(c.Body, &body) != nil || c.Dialect == "" {
		a.Whole = e.digest(c.Body)
		return a
	}
	var whole []byte
	for _, key := range slices.Sorted(maps.Keys(body)) {
		if !slices.Contains(passing(), key) {
			whole = e.add(e.add(whole, []byte(key)), body[key])
		}
	}
	a.Whole = sum(whole)
	if !c.Costs {
		return a
	}
	e.turns(&a, body)
	tools := toolNames(body["tools"])
	a.Tools, a.Offered = e.digest([]byte(strings.Join(tools, "\n"))), len(tools)
	return a
}

// passing are the parts of a request that say nothing of what is asked: ids of
// sessions, and keys of caches.
func passing() []string {
	return []string{"metadata", "client_metadata", "prompt_cache_key", "user", "safety_identifier", "session_id"}
}

// turns reads the conversation.
func (e essence) turns(a *Ask, body map[string]json.RawMessage) {
	var items []json.RawMessage
	for _, key := range []string{"messages", "input", "contents"} {
		if raw, ok := body[key]; ok && json.Unmarshal(raw, &items) != nil {
			items = []json.RawMessage{raw} // a text
		}
	}
	a.Messages = len(items)
	var all, said []byte
	for _, item := range items {
		switch whose(item) {
		case byModel:
			all, said = e.add(all, item), e.add(said, item)
		case byPerson:
			all = e.add(all, item)
		case byOthers:
		}
	}
	a.Turns, a.Said = sum(all), sum(said)
}

type speaker int

const (
	byOthers speaker = iota // tools, and the program itself
	byPerson
	byModel
)

// whose says who speaks in one item of a conversation.
func whose(item json.RawMessage) speaker {
	var i struct {
		Role string `json:"role"`
		Type string `json:"type"`
	}
	if json.Unmarshal(item, &i) != nil {
		return byPerson
	}
	switch {
	case i.Role == "assistant", i.Role == "model", strings.HasSuffix(i.Type, "_call"), i.Type == "reasoning":
		return byModel
	case i.Role == "user" && !bytes.Contains(item, []byte(`"tool_result"`)) && !bytes.Contains(item, []byte(`"functionResponse"`)):
		return byPerson
	}
	return byOthers
}

// toolNames gives the names of the tools that a request offers, in order.
func toolNames(tools json.RawMessage) []string {
	type named struct {
		Name     string `json:"name"`
		Type     string `json:"type"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
		Declarations []struct {
			Name string `json:"name"`
		} `json:"functionDeclarations"`
	}
	var list []named
	if json.Unmarshal(tools, &list) != nil {
		return nil
	}
	var out []string
	for _, t := range list {
		for _, d := range t.Declarations {
			out = append(out, d.Name)
		}
		if len(t.Declarations) == 0 {
			out = append(out, t.Type+" "+t.Name+t.Function.Name)
		}
	}
	return out
}

// essence digests texts without what passes: the attempt's names, and every
// word with a digit in it, which is a number, a date or an id.
type essence struct{ swap Swap }

func (e essence) digest(b []byte) string { return sum(e.add(nil, b)) }

// add appends what is left of a text.
func (e essence) add(to, b []byte) []byte {
	text := in(e.swap.coded, string(b))
	for i := 0; i < len(text); {
		end, digits := i, false
		for end < len(text) && isName(text[end]) && text[end] != '_' {
			digits = digits || text[end] >= '0' && text[end] <= '9'
			end++
		}
		switch {
		case end == i:
			to = append(to, text[i])
			end++
		case digits:
			to = append(to, '#')
		default:
			to = append(to, text[i:end]...)
		}
		i = end
	}
	return append(to, 0)
}

func sum(b []byte) string {
	all := sha256.Sum256(b)
	return hex.EncodeToString(all[:12])
}
