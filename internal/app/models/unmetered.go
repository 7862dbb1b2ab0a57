package models

import (
	"fmt"
	"maps"
	"slices"

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

// Unmetered says of each of the named agents that does not ask its model
// through the gateway why that is so, and what follows.
func Unmetered(c config.Config, names []string, h Host) []string {
	var out []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		g, ok := c.Agent(name)
		if !ok {
			continue
		}
		_, services, why := login.Through(job.Attempt{Agent: g, Host: h.AgentEnv(wanted(g)), Gateway: job.Gateway{Off: c.Gateway == "off"}})
		if len(services) == 0 {
			out = append(out, fmt.Sprintf("agent %s does not ask its model through the gateway (%s): budgets of money and tokens hold between its attempts only, by what it reports", name, why))
		}
	}
	return out
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
