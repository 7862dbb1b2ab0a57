// Package exposure says what agents, checks and set-ups could do to a person on
// this machine with this configuration, for core/taint to look for ways to harm.
package exposure

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"muster/internal/adapter/login"
	"muster/internal/app/models"
	"muster/internal/core/config"
	"muster/internal/core/job"
	"muster/internal/core/taint"
)

// Walls decides how processes are confined.
type Walls interface {
	// Form gives how a process with a door, or without one, is confined at a
	// level; nil when it is not.
	Form(ctx context.Context, asked string, door *job.Door) (form *job.Confinement, why string, err error)
}

// Ways gives the ways on which what strangers wrote, a secret and an act
// outside can come together. Agents are those that can be started here. An
// error means that a level that was asked for cannot be had.
func Ways(ctx context.Context, c config.Config, agents []job.Agent, h models.Host, w Walls) ([]taint.Path, error) {
	s := taint.Situation{}
	closes := job.Closes(c.Sandbox)
	rights := func(hasDoor bool) (taint.Rights, error) {
		var door *job.Door
		if hasDoor {
			door = &job.Door{}
		}
		form, _, err := w.Form(ctx, c.Sandbox, door)
		return rightsOf(form, c), err
	}
	for _, g := range agents {
		isMetered := models.Metered(c, g, h)
		r, err := rights(isMetered || closes)
		if err != nil {
			return nil, err
		}
		a := taint.Agent{Name: g.Name, Rights: r}
		if !isMetered {
			equipped, _ := models.Equip(job.Attempt{Agent: g, Gateway: job.Gateway{Off: c.Gateway == "off"}}, h)
			found := login.Look(equipped.Agent, models.Seen(equipped))
			a.Key, a.Login = strings.Join(found.Keys, ", "), found.File
		}
		if names := secrets(g); a.Key == "" {
			a.Key = strings.Join(names, ", ")
		}
		a.Files = secretFiles(g, h.AgentEnv(nil)["HOME"])
		s.Agents = append(s.Agents, a)
		s.Tools = append(s.Tools, tools(g, c.Tools)...)
	}
	var err error
	if s.Commands, err = rights(closes); err != nil {
		return nil, err
	}
	s.Commands.Packages = true
	if c.Land.Into == config.IntoTarget {
		s.Target = "the target branch"
	}
	return taint.Paths(taint.Of(s)), nil
}

// rightsOf gives what a form of confinement leaves.
func rightsOf(form *job.Confinement, c config.Config) taint.Rights {
	r := taint.Rights{Confined: form != nil, Network: form == nil || form.Open}
	for _, h := range c.Egress {
		if !r.Network {
			r.Hosts = append(r.Hosts, h.String())
		}
	}
	return r
}

// secrets gives the variables that a configuration hands an agent and that, by
// their names, hold a secret.
func secrets(g job.Agent) []string {
	var out []string
	for _, name := range g.PassEnv {
		if regexp.MustCompile(`(?i)key|token|secret|passw|credential`).MatchString(name) {
			out = append(out, name)
		}
	}
	return out
}

// secretFiles gives what of an agent's reads is a place of secrets, itself or
// where its links lead.
func secretFiles(g job.Agent, home string) []string {
	var out []string
	for _, p := range g.Reads {
		at := p
		if rest, ok := strings.CutPrefix(p, "~/"); ok {
			at = filepath.Join(home, rest)
		}
		at = filepath.Clean(at)
		if taint.IsSecret(at, home) || taint.IsSecret(resolved(at), resolved(home)) {
			out = append(out, p)
		}
	}
	return out
}

// resolved gives a path without links, or as it is when it is not there.
func resolved(p string) string {
	if real, err := filepath.EvalSymlinks(p); err == nil {
		return real
	}
	return p
}

// tools gives the programs that an agent is told to start: those of the
// repository that are approved, and those of its arguments.
func tools(g job.Agent, approved []job.Tool) []taint.Tool {
	var out []taint.Tool
	for _, t := range approved {
		if slices.Contains(t.For, g.Driver) {
			out = append(out, taint.Tool{Agent: g.Name, Name: "the repository's " + t.Kind + " " + t.Name, Cut: "muster trust revoke " + t.ID})
		}
	}
	for i, arg := range g.Args {
		name, value, has := strings.Cut(arg, "=")
		if name != "--mcp-config" && name != "--additional-mcp-config" {
			continue
		}
		if !has && i+1 < len(g.Args) {
			value = g.Args[i+1]
		}
		out = append(out, taint.Tool{Agent: g.Name, Name: "the MCP servers of " + value})
	}
	return out
}
