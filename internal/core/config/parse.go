package config

import (
	"path"
	"slices"
	"strings"

	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
	"muster/internal/core/yamlfile"
)

// Version is the version of configuration files that this program reads.
const Version = 1

// Limits of a configuration.
const (
	maxAgents = 100
	maxText   = 16 << 10 // bytes of a text
	maxName   = 500      // bytes of a name
	maxReads  = 100      // files and folders that an agent may read beside
	maxRounds = 20
	maxCount  = 1_000_000_000 // lines, files
	dayMS     = 24 * 60 * 60 * 1000
)

// Keys gives the keys that a part of a configuration may have. The parts are
// config, agent, key, price, worktrees, checks, external, resources and land; a budget has those of a plan's run_budget.
func Keys(part string) []string {
	switch part {
	case "config":
		return []string{"version", "agents", "default", "rounds", "setup", "worktrees", "checks", "protect", "budget", "resources", "sandbox", "egress", "gateway", "prices", "land"}
	case "agent":
		return []string{"driver", "model", "command", "args", "env", "pass_env", "reads", "login", "key", "base_url", "roles"}
	case "key":
		return []string{"env", "file", "command"}
	case "price":
		return []string{"input", "output", "cache_read", "cache_write"}
	case "worktrees":
		return []string{"copy", "link", "inputs", "time"}
	case "resources":
		return []string{"agent_memory", "free_memory", "free_disk", "state_size"}
	case "checks":
		return []string{"time", "goal_time", "max_lines", "max_files", "build", "external"}
	case "external":
		return []string{"name", "run", "format", "lines"}
	case "land":
		return []string{"into", "protected"}
	}
	return nil
}

// Drivers gives the drivers that this version has.
func Drivers() []string {
	return []string{"acp", "claude", "codex", "command", "copilot", "gemini", "opencode", "qwen", "script"}
}

// SandboxAuto asks for the best sandbox that the machine has.
const SandboxAuto = "auto"

// Sandboxes gives the words for sandbox.
func Sandboxes() []string {
	return []string{SandboxAuto, job.LevelStrict, job.LevelStandard, job.LevelOff}
}

// Default gives what is in force where no file says otherwise.
func Default() Config {
	c := base()
	c.Origin = origins(c, "", nil)
	return c
}

// builtin are the agents that are always there, by name.
func builtin() []job.Agent {
	var out []job.Agent
	for _, name := range []string{"claude", "codex", "copilot", "gemini", "opencode", "qwen"} {
		out = append(out, job.Agent{Name: name, Driver: name})
	}
	return out
}

func base() Config {
	return Config{
		Version: Version,
		Agents:  builtin(),
		Checks:  Checks{TimeMS: 10 * 60 * 1000, GoalTimeMS: 2 * 60 * 60 * 1000, MaxLines: 800, MaxFiles: 40},
		Budget:  plan.Budget{Parallel: 4},
		Land:    Land{Into: IntoTarget},
		Rounds:  3,
		Default: "claude",
		Sandbox: SandboxAuto,
		Gateway: "auto",

		SetUp:     setup.Spec{TimeMS: 10 * 60 * 1000},
		Resources: resource.Default(),
	}
}

// Parse reads a configuration and names everything that is wrong with it. What
// the file does not say has its default; an empty file is fine. When there are
// errors among the problems, the configuration is zero and must not be used:
// half a configuration could protect less than a person asked for. The name is
// used in problems and origins only.
func Parse(name string, data []byte) (Config, []yamlfile.Problem) {
	f := yamlfile.Read(name, data)
	c := base()
	root := f.Root()
	if f.Map(root, Keys("config")...) {
		readConfig(f, root, &c)
	}
	if f.Failed() {
		return Config{}, f.Problems()
	}
	c.Origin = origins(c, name, root)
	return c, f.Problems()
}

func readConfig(f *yamlfile.File, root *yamlfile.Node, c *Config) {
	f.Version(root.Get("version"), Version)
	readAgents(f, root.Get("agents"), c)
	readDefault(f, root, c)
	if n := root.Get("rounds"); n != nil {
		c.Rounds = int(f.Int(n, 0, maxRounds))
	}
	c.SetUp.Run = plan.ReadCommands(f, root.Get("setup"))
	readWorktrees(f, root.Get("worktrees"), &c.SetUp)
	readResources(f, root.Get("resources"), &c.Resources)
	readChecks(f, root.Get("checks"), &c.Checks)
	c.Protect = plan.ReadGlobs(f, root.Get("protect"))
	budget := plan.ReadBudget(f, root.Get("budget"), plan.Keys("run_budget"))
	if budget.Parallel == 0 {
		budget.Parallel = c.Budget.Parallel
	}
	c.Budget = budget
	if n := root.Get("sandbox"); n != nil {
		c.Sandbox = f.OneOf(n, Sandboxes()...)
		c.SetUp.Sandbox = c.Sandbox
	}
	c.Egress = readEgress(f, root.Get("egress"))
	for _, h := range c.Egress {
		c.SetUp.Egress = append(c.SetUp.Egress, h.String())
	}
	if n := root.Get("gateway"); n != nil {
		c.Gateway = f.OneOf(n, "auto", "off")
	}
	c.Prices = readPrices(f, root.Get("prices"))
	readLand(f, root.Get("land"), &c.Land)
}

// available reads one of the words of this version. A word that only a later
// version knows is an error of its own: it is never ignored.
func available(f *yamlfile.File, n *yamlfile.Node, now, later []string) string {
	if n.Kind == yamlfile.Scalar && slices.Contains(later, n.Text) {
		f.Errorf(n, "one of "+strings.Join(now, ", "), "%s is not available in this version", yamlfile.Quote(n.Text))
		return ""
	}
	return f.OneOf(n, now...)
}

func readAgents(f *yamlfile.File, n *yamlfile.Node, c *Config) {
	if !f.Map(n) {
		return
	}
	if len(n.Entries) > maxAgents {
		f.Errorf(n, "", "has %d agents; at most %d are accepted", len(n.Entries), maxAgents)
		return
	}
	for _, e := range n.Entries {
		if f.Filled(e.Key, e.Key.Text) && plan.ReadAgentName(f, e.Key) == "" {
			continue
		}
		at := slices.IndexFunc(c.Agents, func(a job.Agent) bool { return a.Name == e.Key.Text })
		if at < 0 {
			at = len(c.Agents)
			c.Agents = append(c.Agents, job.Agent{Name: e.Key.Text})
		}
		if roles := readAgent(f, e, &c.Agents[at]); len(roles) > 0 {
			c.Roles = append(c.Roles, Role{Agent: e.Key.Text, Roles: roles})
		}
	}
	slices.SortFunc(c.Agents, func(a, b job.Agent) int { return strings.Compare(a.Name, b.Name) })
}

// readAgent fills in an agent and gives its roles.
func readAgent(f *yamlfile.File, e yamlfile.Entry, a *job.Agent) (roles []string) {
	n := e.Value
	if n.Kind == yamlfile.Null {
		if a.Driver == "" {
			f.Errorf(e.Key, "one of "+strings.Join(Drivers(), ", "), "the agent %s has no driver", yamlfile.Quote(a.Name))
		}
		return nil
	}
	if !f.Map(n, Keys("agent")...) {
		return nil
	}
	driver := n.Get("driver")
	if driver == nil && a.Driver == "" {
		f.Need(n, "driver", "one of "+strings.Join(Drivers(), ", "))
	}
	if driver != nil {
		a.Driver = f.OneOf(driver, Drivers()...)
	}
	a.Model = f.Line(n.Get("model"), maxName)
	if command := n.Get("command"); command != nil {
		a.Command = plan.ReadArgv(f, command)
	} else if a.Driver == "command" || a.Driver == "script" || a.Driver == "acp" {
		f.Need(n, "command", "the driver "+a.Driver+" needs it; write a list: [./agent.sh]")
	}
	for _, item := range f.List(n.Get("args")) {
		a.Args = append(a.Args, f.Text(item, maxText))
	}
	a.Env = readEnv(f, n.Get("env"))
	for _, item := range f.List(n.Get("pass_env")) {
		if checkVariable(f, item) {
			a.PassEnv = append(a.PassEnv, item.Text)
		}
	}
	a.Reads = readReads(f, n.Get("reads"))
	readLogin(f, n, a)
	return readRoles(f, n.Get("roles"))
}

// readReads reads the files and folders of the person that an agent may read.
func readReads(f *yamlfile.File, list *yamlfile.Node) []string {
	var out []string
	for _, n := range f.List(list) {
		p := f.Line(n, maxText)
		switch {
		case !f.Filled(n, p):
		case len(out) == maxReads:
			f.Errorf(n, "name a folder that holds them", "more than %d entries are not accepted", maxReads)
			return out
		case !path.IsAbs(p) && !strings.HasPrefix(p, "~/"):
			f.Errorf(n, "write ~/docs, or an absolute path", "%s is no absolute path", yamlfile.Quote(p))
		case slices.Contains(strings.Split(p, "/"), ".."):
			f.Errorf(n, "write the path that it leads to", "%s goes up by ..", yamlfile.Quote(p))
		case path.Clean(p) == "/" || path.Clean(p) == "~":
			f.Errorf(n, "name the folders that it needs", "%s is more than an agent may read", yamlfile.Quote(p))
		default:
			out = append(out, p)
		}
	}
	return out
}

// readLogin reads how the agent is logged in, and at which server.
func readLogin(f *yamlfile.File, n *yamlfile.Node, a *job.Agent) {
	way, server, key := n.Get("login"), n.Get("base_url"), n.Get("key")
	isKnown := slices.Contains([]string{"claude", "codex", "copilot", "gemini", "opencode", "qwen"}, a.Driver)
	for _, at := range []*yamlfile.Node{way, server, key} {
		if at != nil && a.Driver != "" && !isKnown {
			f.Errorf(at, "set it by env, pass_env or args", "the login of agents with the driver %s is not known", a.Driver)
			return
		}
	}
	if way != nil {
		a.Login = f.OneOf(way, job.Logins()...)
	}
	if a.Key = readKey(f, key); a.Key != nil && a.Login == job.LoginSubscription {
		f.Errorf(key, "leave out key or login", "a subscription needs no key")
	}
	if server == nil {
		return
	}
	a.BaseURL = f.Line(server, maxText)
	scheme, rest, _ := strings.Cut(a.BaseURL, "://")
	host, _, _ := strings.Cut(rest, "/")
	switch {
	case !f.Filled(server, a.BaseURL):
	case scheme != "http" && scheme != "https" || host == "" || strings.ContainsAny(rest, " \t\"\\"):
		f.Errorf(server, "as in http://localhost:11434/v1", "%s is no address of a server", yamlfile.Quote(a.BaseURL))
	case strings.ContainsAny(rest, "@?#"):
		f.Errorf(server, "put a key into a variable, and name it in pass_env", "an address holds no user, no query and no fragment")
	case a.Login == job.LoginSubscription:
		f.Errorf(server, "leave out base_url or login", "a subscription is of no use at another server")
	case a.Model == "":
		f.Errorf(server, "add model, as the server spells it", "the agent %s needs a model at its own server", yamlfile.Quote(a.Name))
	case a.Driver == "opencode" && !strings.HasPrefix(a.Model, "own/"):
		f.Errorf(server, "write model: own/"+a.Model, "OpenCode calls the server of base_url own")
	}
}

func readEnv(f *yamlfile.File, n *yamlfile.Node) map[string]string {
	if !f.Map(n) || len(n.Entries) == 0 {
		return nil
	}
	env := make(map[string]string, len(n.Entries))
	for _, e := range n.Entries {
		value := e.Value
		if value.Kind == yamlfile.Null {
			f.Errorf(value, `write "" for an empty value`, "the variable has no value")
			continue
		}
		if checkVariable(f, e.Key) {
			env[e.Key.Text] = f.Text(value, maxText)
		}
	}
	return env
}

// checkVariable reports whether n is a name that a person may set in an
// agent's environment. Muster finds an agent's processes by its own variables.
func checkVariable(f *yamlfile.File, n *yamlfile.Node) bool {
	s := f.Line(n, maxName)
	switch {
	case !f.Filled(n, s):
		return false
	case !isVariable(s):
		f.Errorf(n, "letters, digits and '_', not beginning with a digit", "%s cannot be the name of a variable", yamlfile.Quote(s))
		return false
	case strings.HasPrefix(s, "MUSTER_"):
		f.Errorf(n, "choose another name", "the variables MUSTER_... are Muster's own")
		return false
	}
	return true
}

func isVariable(s string) bool {
	return strings.Trim(s[:1], "0123456789") != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
	}) < 0
}

func readRoles(f *yamlfile.File, list *yamlfile.Node) []string {
	var out []string
	for _, n := range f.List(list) {
		role := f.OneOf(n, Roles()...)
		switch {
		case role == "" || slices.Contains(out, role):
			continue
		case role == RoleReview:
			f.Warnf(n, "", "the role %s is not used in this version", yamlfile.Quote(role))
		}
		out = append(out, role)
	}
	return out
}

// readDefault reads the default agent; without one, the only agent that the
// file configures serves.
func readDefault(f *yamlfile.File, root *yamlfile.Node, c *Config) {
	n := root.Get("default")
	if n == nil {
		if agents := root.Get("agents"); agents != nil && len(agents.Entries) == 1 {
			c.Default = agents.Entries[0].Key.Text
		}
		return
	}
	name := f.Line(n, maxName)
	if !f.Filled(n, name) {
		return
	}
	if _, known := c.Agent(name); !known {
		f.Errorf(n, f.DidYouMean(name, c.Names()), "there is no agent %s", yamlfile.Quote(name))
	}
	c.Default = name
}

func readChecks(f *yamlfile.File, n *yamlfile.Node, c *Checks) {
	if !f.Map(n, Keys("checks")...) {
		return
	}
	if t := n.Get("time"); t != nil {
		if c.TimeMS = f.Millis(t); c.TimeMS > dayMS {
			f.Errorf(t, "", "the checks of one change may take a day at most")
		}
	}
	if t := n.Get("goal_time"); t != nil {
		if c.GoalTimeMS = f.Millis(t); c.GoalTimeMS > dayMS {
			f.Errorf(t, "", "the checks of a run may take a day at most")
		}
	}
	if v := n.Get("max_lines"); v != nil {
		c.MaxLines = int(f.Int(v, 0, maxCount))
	}
	if v := n.Get("max_files"); v != nil {
		c.MaxFiles = int(f.Int(v, 0, maxCount))
	}
	c.Build = plan.ReadCommands(f, n.Get("build"))
	c.External = readExternal(f, n.Get("external"))
}

// readExternal reads the outside tools whose findings are taken in.
func readExternal(f *yamlfile.File, list *yamlfile.Node) []evidence.Linter {
	var out []evidence.Linter
	for _, n := range f.List(list) {
		if !f.Map(n, Keys("external")...) {
			continue
		}
		name, run := f.Need(n, "name", "a short name for the tool"), f.Need(n, "run", "the command, as a list or a line for sh")
		format := f.Need(n, "format", "sarif, or errorformat with lines")
		if name == nil || run == nil || format == nil {
			continue
		}
		l := evidence.Linter{Name: plan.ReadAgentName(f, name), Run: plan.ReadCommand(f, run), Format: f.OneOf(format, evidence.SARIF, evidence.ErrorFormat)}
		for _, pattern := range f.List(n.Get("lines")) {
			if text := f.Line(pattern, maxName); f.Filled(pattern, text) {
				l.Lines = append(l.Lines, text)
			}
		}
		switch {
		case l.Format == evidence.ErrorFormat && len(l.Lines) == 0:
			f.Errorf(n, `as in lines: ["%f:%l:%c: %m"]`, "the format errorformat needs lines")
		case slices.ContainsFunc(out, func(o evidence.Linter) bool { return o.Name == l.Name }):
			f.Errorf(name, "choose another name", "there is another tool named %s", yamlfile.Quote(l.Name))
		}
		out = append(out, l)
	}
	return out
}

func readLand(f *yamlfile.File, n *yamlfile.Node, l *Land) {
	if !f.Map(n, Keys("land")...) {
		return
	}
	if into := n.Get("into"); into != nil {
		l.Into = Into(available(f, into, []string{string(IntoBranch), string(IntoTarget)}, []string{"pull-request"}))
	}
	l.Protected = plan.ReadGlobs(f, n.Get("protected"))
}
