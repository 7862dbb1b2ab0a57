package models

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"muster/internal/adapter/login"
	"muster/internal/core/config"
	"muster/internal/core/job"
)

// Host gives the variables of this machine that an agent may see, and those
// that are named.
type Host interface {
	AgentEnv(pass []string) map[string]string
}

// Equip fills in how the attempt's agent reaches its model: by variables of the
// machine and what the configuration says of its login. Where it goes through
// the gateway, it gives the services.
func Equip(a job.Attempt, h Host) (job.Attempt, []login.Service) {
	a.Host = h.AgentEnv(wanted(a.Agent))
	a, services, _ := login.Through(a)
	return login.Apply(a), services
}

// wanted names the variables that an agent is to have. Through takes the one
// that holds a key out again.
func wanted(g job.Agent) []string {
	if g.Key != nil && g.Key.Env != "" {
		return append(slices.Clone(g.PassEnv), g.Key.Env)
	}
	return g.PassEnv
}

// Seen gives the variables that an agent may see.
func Seen(a job.Attempt) map[string]string {
	env := map[string]string{}
	maps.Copy(env, a.Host)
	maps.Copy(env, a.Agent.Env)
	return env
}

// Past is an agent that does not ask its model through the gateway.
type Past struct {
	Agent     string
	Why       string
	ByAccount bool // it is logged in by an account of the person's own
}

// String says what follows for budgets.
func (p Past) String() string {
	return fmt.Sprintf("agent %s does not ask its model through the gateway (%s): budgets of money and tokens hold between its attempts only, by what it reports", p.Agent, p.Why)
}

// PastGateway gives those of the named agents that do not ask their models
// through the gateway.
func PastGateway(c config.Config, names []string, h Host) []Past {
	var out []Past
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		g, ok := c.Agent(name)
		if !ok {
			continue
		}
		_, services, why := login.Through(job.Attempt{Agent: g, Host: h.AgentEnv(wanted(g)), Gateway: job.Gateway{Off: c.Gateway == "off"}})
		if len(services) == 0 {
			out = append(out, Past{name, why, why == login.ByAccount})
		}
	}
	return out
}

// Texts says of each agent what follows for budgets.
func Texts(past []Past) []string {
	var out []string
	for _, p := range past {
		out = append(out, p.String())
	}
	return out
}

// NotHeld says in one line which promises do not hold for agents that are
// logged in by an account of the person's own; nothing when there are none.
func NotHeld(past []Past) string {
	var names []string
	for _, p := range past {
		if p.ByAccount {
			names = append(names, p.Agent)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "logged in by an account of your own: " + strings.Join(names, ", ") +
		"; so the account's tokens are within reach of the agent, budgets of money and tokens hold between attempts only, by what it reports, and a limit that one attempt meets holds no other back (docs/gateway.md)"
}

// Metered reports whether an agent asks its model through the gateway.
func Metered(c config.Config, g job.Agent, h Host) bool {
	_, services, _ := login.Through(job.Attempt{Agent: g, Host: h.AgentEnv(wanted(g)), Gateway: job.Gateway{Off: c.Gateway == "off"}})
	return len(services) > 0
}

// Way says how an agent reaches its model.
func Way(c config.Config, g job.Agent, h Host) string {
	_, services, why := login.Through(job.Attempt{Agent: g, Host: h.AgentEnv(wanted(g)), Gateway: job.Gateway{Off: c.Gateway == "off"}})
	if len(services) == 0 {
		return "past the gateway: " + why
	}
	return "through the gateway"
}
