package offer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
)

// What is read of a file at most.
const (
	MaxSize   = 1 << 20 // bytes
	maxOffers = 200
)

type object = map[string]any

// Read gives what a settings file offers, sorted, and why it could not be read,
// in words that follow the file's name: "cannot be read as JSON: ...". A file
// that holds more than 200 offers has a problem as well.
func Read(name string, data []byte) (offers []Offer, problem string) {
	form, of := Known(name)
	switch form {
	case Program:
		return []Offer{{Kind: Code, Name: path.Base(name), Of: of, Path: name}}, ""
	case Settings:
	default:
		return nil, ""
	}
	if len(data) > MaxSize {
		return nil, fmt.Sprintf("is larger than %d bytes", MaxSize)
	}
	top, problem := decode(name, data)
	if problem != "" {
		return nil, problem
	}
	r := reading{path: name, of: of}
	r.servers(top)
	r.hooks(top)
	r.commands(top)
	r.rights(top)
	slices.SortStableFunc(r.found, func(a, b Offer) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name))
	})
	if len(r.found) > maxOffers {
		return r.found[:maxOffers], fmt.Sprintf("holds more than %d entries", maxOffers)
	}
	return r.found, r.problem
}

func decode(name string, data []byte) (object, string) {
	top := object{}
	if strings.HasSuffix(strings.ToLower(name), ".toml") {
		if err := toml.Unmarshal(data, &top); err != nil {
			return nil, "cannot be read as TOML: " + clean(err.Error())
		}
		return top, ""
	}
	if err := json.Unmarshal(plain(data), &top); err != nil {
		return nil, "cannot be read as JSON: " + clean(err.Error())
	}
	return top, ""
}

// plain takes comments and commas before closing brackets away, which most of
// the programs allow.
func plain(data []byte) []byte {
	out := make([]byte, 0, len(data))
	quoted := false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted:
			out = append(out, c)
			if c == '\\' && i+1 < len(data) {
				i++
				out = append(out, data[i])
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
			out = append(out, c)
		case c == '/' && i+1 < len(data) && data[i+1] == '/':
			for i+1 < len(data) && data[i+1] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(data) && data[i+1] == '*':
			i++
			for i+1 < len(data) && (data[i] != '*' || data[i+1] != '/') {
				i++
			}
			i++
		case c == '}' || c == ']':
			k := len(out)
			for k > 0 && strings.IndexByte(" \t\r\n", out[k-1]) >= 0 {
				k--
			}
			if k > 0 && out[k-1] == ',' {
				out = append(out[:k-1], out[k:]...)
			}
			out = append(out, c)
		default:
			out = append(out, c)
		}
	}
	return out
}

// reading is the reading of one file.
type reading struct {
	path    string
	of      []string
	found   []Offer
	problem string
}

func (r *reading) add(o Offer) {
	o.Path, o.Of = r.path, r.of
	r.found = append(r.found, o)
}

// servers reads MCP servers, whatever the program calls their list.
func (r *reading) servers(top object) {
	for _, key := range []string{"mcpServers", "mcp_servers", "mcp", "servers"} {
		list, _ := top[key].(object)
		for _, name := range sorted(list) {
			entry, ok := list[name].(object)
			if !ok || entry["enabled"] == false || entry["disabled"] == true {
				continue
			}
			o := Offer{Kind: Server, Name: name, Argv: words(entry["command"]), Dir: text(entry["cwd"]), Env: pairs(entry)}
			o.URL = cmp.Or(text(entry["url"]), text(entry["httpUrl"]), text(entry["serverUrl"]))
			if len(o.Argv) > 0 {
				o.Argv = append(o.Argv, words(entry["args"])...)
			}
			if len(o.Argv) > 0 || o.URL != "" {
				r.add(o)
			}
		}
	}
}

// hooks reads commands for events: with a matcher and a list below, as Claude
// Code, Codex, Gemini CLI and Qwen Code have them, or at once, as Copilot does.
func (r *reading) hooks(top object) {
	events, _ := top["hooks"].(object)
	for _, event := range sorted(events) {
		for _, group := range objects(events[event]) {
			inner := objects(group["hooks"])
			match := text(group["matcher"])
			if group["hooks"] == nil {
				inner = []object{group}
			}
			for _, h := range inner {
				o := Offer{Kind: Hook, Name: event, Match: match, URL: text(h["url"]), Dir: text(h["cwd"]), Env: pairs(h)}
				o.Shell = cmp.Or(text(h["command"]), text(h["bash"]))
				if args := words(h["args"]); len(args) > 0 && o.Shell != "" {
					o.Argv, o.Shell = append([]string{o.Shell}, args...), ""
				}
				if o.Runs() || o.URL != "" {
					r.add(o)
				}
			}
		}
	}
}

// commands reads other settings that run or load something.
func (r *reading) commands(top object) {
	for _, key := range []string{"apiKeyHelper", "awsAuthRefresh", "awsCredentialExport", "otelHeadersHelper", "gcpAuthRefresh"} {
		r.command(key, top[key])
	}
	for _, key := range []string{"statusLine", "subagentStatusLine", "fileSuggestion"} {
		at, _ := top[key].(object)
		r.command(key, at["command"])
	}
	tools, _ := top["tools"].(object)
	for _, key := range []string{"discoveryCommand", "callCommand"} {
		r.command("tools."+key, tools[key])
	}
	r.command("notify", top["notify"])
	for _, key := range []string{"formatter", "lsp", "lspServers"} {
		list, _ := top[key].(object)
		r.named(key, list)
	}
	if path.Base(strings.ToLower(r.path)) == ".lsp.json" {
		r.named("lsp", top)
	}
	for _, key := range []string{"plugin", "plugins"} {
		list, _ := top[key].([]any)
		for _, p := range list {
			name := text(p)
			if at, ok := p.(object); ok {
				name = text(at["package"])
			}
			if name != "" {
				r.add(Offer{Kind: Code, Name: name})
			}
		}
	}
}

// named reads a list of commands by name.
func (r *reading) named(key string, list object) {
	for _, name := range sorted(list) {
		if at, ok := list[name].(object); ok && at["disabled"] != true {
			if argv := words(at["command"]); len(argv) > 0 {
				r.add(Offer{Kind: Hook, Name: key + "." + name, Argv: append(argv, words(at["args"])...), Env: pairs(at)})
			}
		}
	}
}

func (r *reading) command(key string, v any) {
	if argv, ok := v.([]any); ok && len(argv) > 0 {
		r.add(Offer{Kind: Hook, Name: key, Argv: words(argv)})
	} else if line := text(v); line != "" {
		r.add(Offer{Kind: Hook, Name: key, Shell: line})
	}
}

// rights reads settings that give an agent more rights, tell it something, or
// send its requests elsewhere.
func (r *reading) rights(top object) {
	set := func(name string, v any) {
		if s := shown(v); s != "" {
			r.add(Offer{Kind: Setting, Name: name, Value: s})
		}
	}
	for _, key := range []string{
		"permissions", "permission", "permissionMode", "approval_policy", "sandbox_mode", "projects", "enableAllProjectMcpServers",
		"enabledMcpjsonServers", "model_provider", "model_providers", "openai_base_url", "provider", "sandbox", "skipDangerousModePermissionPrompt",
		"enabledPlugins", "extraKnownMarketplaces", "instructions", "context", "contextFileName", "developer_instructions", "model_instructions_file",
		"project_doc_fallback_filenames",
	} {
		set(key, top[key])
	}
	env, _ := top["env"].(object)
	for _, name := range sorted(env) {
		set("env."+name, env[name])
	}
	security, _ := top["security"].(object)
	set("security", security)
	if tools, _ := top["tools"].(object); tools != nil {
		for _, key := range []string{"allowed", "approvalMode", "autoAccept", "core", "sandbox"} {
			set("tools."+key, tools[key])
		}
	}
}

func sorted(m object) []string {
	names := make([]string, 0, len(m))
	for n := range m { //nolint:maprange // sorted below
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// objects gives those of a list. TOML has a type of its own for lists that hold
// nothing else.
func objects(v any) []object {
	if all, ok := v.([]object); ok {
		return all
	}
	list, _ := v.([]any)
	var out []object
	for _, v := range list {
		if o, ok := v.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

// text gives a text whole: what is approved of it must not end before it does.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// words gives a list of texts; one text is a list of one.
func words(v any) []string {
	if s := text(v); s != "" {
		return []string{s}
	}
	list, _ := v.([]any)
	var out []string
	for _, w := range list {
		if s, ok := w.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// pairs gives the variables of an entry.
func pairs(entry object) []string {
	var out []string
	for _, key := range []string{"env", "environment"} {
		env, _ := entry[key].(object)
		for _, name := range sorted(env) {
			out = append(out, name+"="+shown(env[name]))
		}
	}
	sort.Strings(out)
	return out
}

// shown gives any value as a text; nothing is empty.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case object:
		if len(v) == 0 {
			return ""
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v) // a number of TOML that JSON does not have
	}
	return string(b)
}
