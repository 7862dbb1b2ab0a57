package login

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"muster/internal/core/job"
)

// Dummy stands for the key in what an agent sees: the gateway puts the real
// one in its place.
const Dummy = "muster-gateway"

// Service is one service of models that an attempt reaches through its door.
type Service struct {
	Name   string // below /model/ of the door
	Base   string // the real address; the rest of a request's path is appended to it
	Header string // how the key is sent: "bearer", "x-api-key", "x-goog-api-key"; empty: none is
	Vendor string // whose prices count
	Own    bool   // it runs on this machine
	Key    job.Key
	Secret string // with Key.Env: the key
}

// The names of services.
const (
	anthropic = "anthropic"
	openai    = "openai"
	gemini    = "gemini"
)

// vendor is what is known of a service.
type vendor struct {
	name   string
	base   string
	header string
}

func vendors() []vendor {
	return []vendor{
		{name: anthropic, base: "https://api.anthropic.com", header: "x-api-key"},
		{name: openai, base: "https://api.openai.com/v1", header: "bearer"},
		{name: gemini, base: "https://generativelanguage.googleapis.com", header: "x-goog-api-key"},
	}
}

func vendorOf(name string) vendor {
	all := vendors()
	return all[slices.IndexFunc(all, func(v vendor) bool { return v.name == name })]
}

// Through points the attempt's agent at the door of the gateway, and takes
// every key from what it sees. It must be called before Apply. Without
// services the agent asks its model itself, and why says so: it is logged in
// by an account, or in a way that the gateway does not know.
func Through(a job.Attempt) (through job.Attempt, services []Service, why string) {
	p, ok := find(a.Agent.Driver)
	switch {
	case a.Gateway.Off:
		return a, nil, "the gateway is off"
	case !ok:
		return a, nil, "how the driver " + a.Agent.Driver + " reaches a model is not known"
	case len(a.Gateway.Played) > 0:
		out, services := turn{a: a, p: p, env: seen(a)}.played()
		return out, services, ""
	case a.Agent.Login == job.LoginSubscription:
		return a, nil, ByAccount
	}
	env := seen(a)
	for _, name := range p.clouds {
		if v := env[name]; v != "" && v != "0" && v != "false" {
			return a, nil, "it uses a cloud's login (" + name + ")"
		}
	}
	t := turn{a: a, p: p, env: env}
	if p.driver == "opencode" && a.Agent.BaseURL == "" {
		return t.opencode()
	}
	return t.one()
}

func seen(a job.Attempt) map[string]string {
	env := map[string]string{}
	maps.Copy(env, a.Host)
	maps.Copy(env, a.Agent.Env)
	return env
}

// ByAccount is why an agent does not go through the gateway whose program
// keeps the tokens of a person's account.
const ByAccount = "it is logged in by an account of the person's own"

// turn is an attempt on its way to the gateway.
type turn struct {
	a   job.Attempt
	p   program
	env map[string]string
}

// one turns an agent that asks one service.
func (t turn) one() (job.Attempt, []Service, string) {
	v := vendorOf(openai)
	switch t.p.driver {
	case "claude":
		v = vendorOf(anthropic)
	case "gemini":
		v = vendorOf(gemini)
	}
	base := t.a.Agent.BaseURL
	if base == "" && t.p.server != "" {
		base = t.env[t.p.server]
	}
	switch t.p.driver {
	case "codex":
		if slices.ContainsFunc(t.a.Agent.Args, func(s string) bool { return strings.HasPrefix(s, "model_provider") || s == "--oss" }) {
			return t.a, nil, "its args choose a service that the gateway does not know"
		}
	case "qwen":
		if kind, given := authType(t.a.Agent.Args); given && kind != openai {
			return t.a, nil, "its args choose the login " + kind
		}
	case "copilot":
		if base == "" {
			return t.a, nil, ByAccount
		}
		if kind := t.env["COPILOT_PROVIDER_TYPE"]; kind == anthropic {
			v = vendorOf(anthropic)
		} else if kind != "" && kind != openai {
			return t.a, nil, "the gateway does not speak to services of the type " + kind
		}
	}
	name, secret := t.key()
	if name == "" && t.a.Agent.Key == nil && base == "" {
		return t.a, nil, ByAccount
	}
	if name == "CLAUDE_CODE_OAUTH_TOKEN" || name == "COPILOT_GITHUB_TOKEN" {
		return t.a, nil, ByAccount
	}
	s := service(v, base)
	s.Key, s.Secret = job.Key{Env: name}, secret
	switch {
	case t.a.Agent.Key != nil:
		s.Key = *t.a.Agent.Key
		s.Secret = t.env[s.Key.Env]
	case name == "ANTHROPIC_AUTH_TOKEN", name == "COPILOT_PROVIDER_BEARER_TOKEN":
		s.Header = "bearer"
	case name == "":
		s.Header = ""
	}
	return t.at(s.Name), []Service{s}, ""
}

// at gives the attempt with one service, which is behind the door.
func (t turn) at(service string) job.Attempt {
	out := t.strip()
	out.Agent.BaseURL = "http://" + job.DoorAddress + "/model/" + service
	if out.Agent.Model == "" && t.p.driver == "qwen" {
		out.Agent.Model = t.env["OPENAI_MODEL"]
	}
	shown := t.p.keys[0]
	if t.p.driver == "codex" {
		shown = "OPENAI_API_KEY" // the one that Apply names
	}
	out.Agent.Env[shown] = Dummy
	return out
}

// played turns an agent whose models a recording stands for: it needs no key,
// and how it is logged in here does not matter.
func (t turn) played() (job.Attempt, []Service) {
	var services []Service
	for _, name := range t.a.Gateway.Played {
		services = append(services, Service{Name: name})
	}
	out := t.at(services[0].Name)
	if t.p.driver == "opencode" && t.a.Agent.BaseURL == "" {
		out = t.behind(services)
	}
	for _, name := range t.p.clouds {
		delete(out.Host, name)
		delete(out.Agent.Env, name)
	}
	if t.p.driver == "copilot" && services[0].Name == anthropic {
		out.Agent.Env["COPILOT_PROVIDER_TYPE"] = anthropic
	}
	if out.Agent.Login == job.LoginSubscription {
		out.Agent.Login = ""
	}
	return out, services
}

// key gives the variable that holds the agent's key, and the key.
func (t turn) key() (name, secret string) {
	for _, name := range t.p.keys {
		if v := t.env[name]; v != "" && v != noKey {
			return name, v
		}
	}
	return "", ""
}

// strip gives the attempt without any key, and without variables that name
// another server.
func (t turn) strip() job.Attempt {
	out := t.a
	out.Host, out.Agent.Env = maps.Clone(t.a.Host), maps.Clone(t.a.Agent.Env)
	if out.Agent.Env == nil {
		out.Agent.Env = map[string]string{}
	}
	names := slices.Concat(t.p.keys, []string{t.p.server})
	if k := t.a.Agent.Key; k != nil {
		names = append(names, k.Env)
	}
	for _, all := range programs() { // an agent has no use for the keys of others
		names = append(names, all.keys...)
	}
	for _, name := range names {
		delete(out.Host, name)
		delete(out.Agent.Env, name)
	}
	return out
}

// opencode turns OpenCode with the services whose keys it has: it knows them
// by name, and only their addresses are changed.
func (t turn) opencode() (job.Attempt, []Service, string) {
	if t.env["OPENCODE_CONFIG_CONTENT"] != "" || t.env["OPENCODE_API_KEY"] != "" {
		return t.a, nil, "its configuration names services that the gateway does not know"
	}
	var services []Service
	for _, c := range providers() {
		secret := t.env[c.variable]
		if secret == "" {
			continue
		}
		s := service(vendorOf(c.service), "")
		s.Key, s.Secret = job.Key{Env: c.variable}, secret
		services = append(services, s)
	}
	if len(services) == 0 {
		return t.a, nil, ByAccount
	}
	return t.behind(services), services, ""
}

// provider is a service as OpenCode knows it.
type provider struct{ service, name, variable, suffix string }

func providers() []provider {
	return []provider{
		{anthropic, "anthropic", "ANTHROPIC_API_KEY", "/v1"},
		{openai, "openai", "OPENAI_API_KEY", ""},
		{gemini, "google", "GEMINI_API_KEY", "/v1beta"},
	}
}

// behind gives the attempt of OpenCode with these services behind the door.
func (t turn) behind(services []Service) job.Attempt {
	type object = map[string]any
	settings := object{}
	out := t.strip()
	for _, p := range providers() {
		if !slices.ContainsFunc(services, func(s Service) bool { return s.Name == p.service }) {
			continue
		}
		settings[p.name] = object{"options": object{
			"baseURL": "http://" + job.DoorAddress + "/model/" + p.service + p.suffix, "apiKey": Dummy,
		}}
		out.Agent.Env[p.variable] = Dummy
	}
	out.Agent.Env["OPENCODE_CONFIG_CONTENT"] = quoted(object{"provider": settings})
	return out
}

func service(v vendor, base string) Service {
	s := Service{Name: v.name, Base: v.base, Header: v.header, Vendor: v.name}
	if base != "" {
		s.Base, s.Own = strings.TrimSuffix(base, "/"), isHere(base)
	}
	return s
}

// isHere reports whether an address is one of this machine.
func isHere(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
