package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/core/egress"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

// FromDefault is the source of values that no file gives.
const FromDefault = "default"

// Note records that a value now comes from elsewhere, a flag for example. The
// caller has changed the value itself.
func (c *Config) Note(o Origin) {
	at := slices.IndexFunc(c.Origin, func(have Origin) bool { return have.Key == o.Key })
	c.Origin = slices.Clone(c.Origin) // configurations are copied and share it
	if at < 0 {
		c.Origin = append(c.Origin, o)
		return
	}
	c.Origin[at] = o
}

// origins lists every value in force and where it comes from, in the order of
// the documentation. Of environment variables only the names are listed: the
// values may be secrets.
func origins(c Config, file string, root *yamlfile.Node) []Origin {
	w := originWriter{file: file, root: root}
	w.value("version", strconv.Itoa(c.Version))
	for _, a := range c.Agents {
		w.agent(a, c.Roles)
	}
	w.value("default", c.Default)
	w.value("rounds", strconv.Itoa(c.Rounds))
	w.value("setup", commands(c.SetUp.Run))
	w.value("worktrees.copy", list(c.SetUp.Copy))
	w.value("worktrees.link", list(c.SetUp.Link))
	w.value("worktrees.inputs", list(c.SetUp.Inputs))
	w.value("worktrees.time", span(c.SetUp.TimeMS))
	w.value("checks.time", span(c.Checks.TimeMS))
	w.value("checks.goal_time", span(c.Checks.GoalTimeMS))
	w.value("checks.max_lines", limit(int64(c.Checks.MaxLines)))
	w.value("checks.max_files", limit(int64(c.Checks.MaxFiles)))
	w.value("checks.build", commands(c.Checks.Build))
	w.value("checks.external", linters(c.Checks.External))
	w.value("protect", list(c.Protect))
	w.value("budget.usd", dollars(c.Budget.MicroUSD))
	w.value("budget.minutes", minutes(c.Budget.TimeMS))
	w.value("budget.tokens", limit(c.Budget.Tokens))
	w.value("budget.turns", limit(c.Budget.Turns))
	w.value("budget.parallel", strconv.Itoa(c.Budget.Parallel))
	w.value("resources.agent_memory", size(c.Resources.AgentMemory))
	w.value("resources.free_memory", size(c.Resources.FreeMemory))
	w.value("resources.free_disk", size(c.Resources.FreeDisk))
	w.value("resources.state_size", size(c.Resources.StateSize))
	w.value("sandbox", c.Sandbox)
	w.value("egress", hosts(c.Egress))
	w.value("gateway", c.Gateway)
	w.value("prices", priced(c.Prices))
	w.value("land.into", string(c.Land.Into))
	w.value("land.protected", list(c.Land.Protected))
	return w.out
}

type originWriter struct {
	file string
	root *yamlfile.Node
	out  []Origin
}

func (w *originWriter) value(key, value string) {
	o := Origin{Key: key, Value: value, Source: FromDefault}
	at := w.root
	for step := range strings.SplitSeq(key, ".") {
		at = at.Get(step)
	}
	if at == nil && key == "default" {
		at = onlyAgent(w.root)
	}
	if at != nil {
		o.Source = w.file + ":" + strconv.Itoa(at.Line)
	}
	w.out = append(w.out, o)
}

// onlyAgent gives the place of the one agent in the file, which makes it the
// default.
func onlyAgent(root *yamlfile.Node) *yamlfile.Node {
	if agents := root.Get("agents"); agents != nil && len(agents.Entries) == 1 {
		return agents.Entries[0].Key
	}
	return nil
}

// agent lists what is set of an agent.
func (w *originWriter) agent(a job.Agent, roles []Role) {
	var names []string
	for name := range a.Env {
		names = append(names, name)
	}
	slices.Sort(names)
	var of []string
	for _, r := range roles {
		if r.Agent == a.Name {
			of = r.Roles
		}
	}
	prefix := "agents." + a.Name + "."
	w.value(prefix+"driver", a.Driver)
	for _, v := range []struct{ key, value string }{
		{"model", a.Model},
		{"command", plan.Command{Argv: a.Command}.String()},
		{"args", plan.Command{Argv: a.Args}.String()},
		{"env", strings.Join(names, ", ")},
		{"pass_env", strings.Join(a.PassEnv, ", ")},
		{"reads", strings.Join(a.Reads, ", ")},
		{"login", a.Login},
		{"key", keyFrom(a.Key)},
		{"base_url", a.BaseURL},
		{"roles", strings.Join(of, ", ")},
	} {
		if v.value != "" {
			w.value(prefix+v.key, v.value)
		}
	}
}

func list(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	return strings.Join(values, ", ")
}

func hosts(values []egress.Host) string {
	var out []string
	for _, h := range values {
		out = append(out, h.String())
	}
	return list(out)
}

func commands(values []plan.Command) string {
	var out []string
	for _, c := range values {
		out = append(out, c.String())
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, "; ")
}

func linters(tools []evidence.Linter) string {
	var names []string
	for _, l := range tools {
		names = append(names, l.Name)
	}
	return list(names)
}

func limit(n int64) string {
	if n == 0 {
		return "no limit"
	}
	return strconv.FormatInt(n, 10)
}

func span(ms int64) string {
	s := (time.Duration(ms) * time.Millisecond).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func minutes(ms int64) string {
	if ms == 0 {
		return "no limit"
	}
	return span(ms)
}

func dollars(micro int64) string {
	if micro == 0 {
		return "no limit"
	}
	return strings.TrimSuffix(fmt.Sprintf("%d.%06d", micro/1e6, micro%1e6), "0000")
}
