package taint

import (
	"cmp"
	"strings"
)

// Rights are what a process may do on the machine.
type Rights struct {
	Confined bool     // to its worktree and folders of its own; else it has all rights of the person
	Network  bool     // reaches any host
	Hosts    []string // that it reaches by name beside; registries of packages are no such hosts
	Packages bool     // takes packages from registries, which run code when they are installed
}

// Agent is an agent as it would be started.
type Agent struct {
	Name   string
	Rights Rights
	Key    string   // the variable that holds its provider's key, in its own environment; empty when the gateway keeps it
	Files  []string // places of secrets that its configuration lets it read
	Login  string   // the file of a person's login that it can read; empty when it has none
}

// Situation is what is known about how agents and checks would run.
type Situation struct {
	Agents   []Agent
	Commands Rights // of checks and of what sets worktrees up
	Target   string // the branch that a run moves by itself; empty when a person moves it
	Tools    []Tool
}

// Tool is a program that an agent starts by itself, an MCP server for example.
type Tool struct {
	Agent string
	Name  string
	Cut   string // what takes it away; empty when the agent's args do
}

// Names of the nodes that are no agents.
const (
	Commands = "checks and set-up"
	Landing  = "landing"
)

// Of gives the graph of a situation: agents hand changes to checks, to the
// landing and, once landed, to the agents after them.
func Of(s Situation) Graph {
	g := Graph{}
	for _, a := range s.Agents {
		name := "agent " + a.Name
		facts := []Fact{{Untrusted, "reads the repository, its dependencies and what commands print", "", []string{"ASI01", "ASI06"}}}
		facts = append(facts, answers(s.Tools, a.Name)...)
		facts = append(facts, a.secrets()...)
		facts = append(facts, a.Rights.facts()...)
		g.Nodes = append(g.Nodes, Node{name, facts})
		g.Edges = append(g.Edges, Edge{From: name, To: Commands, What: "code that is built and tested"}, Edge{From: name, To: Landing, What: "a change that checks pass"})
		for _, b := range s.Agents {
			if b.Name != a.Name {
				g.Edges = append(g.Edges, Edge{From: name, To: "agent " + b.Name, What: "landed work that it goes on from"})
			}
		}
	}
	g.Nodes = append(g.Nodes, Node{Commands, s.Commands.facts()})
	landing := Node{Name: Landing}
	if s.Target != "" {
		landing.Facts = []Fact{{Outward, "moves " + s.Target + " without a person when checks find nothing", "land: {into: branch}", []string{"ASI08", "ASI10"}}}
	}
	g.Nodes = append(g.Nodes, landing)
	return g
}

// answers gives what an agent takes in from its tools.
func answers(tools []Tool, agent string) []Fact {
	var facts []Fact
	for _, tool := range tools {
		if tool.Agent == agent {
			facts = append(facts, Fact{Untrusted, "takes in what " + tool.Name + " answers", cmp.Or(tool.Cut, "remove it from args of the agent"), []string{"ASI02", "ASI04"}})
		}
	}
	return facts
}

func (a Agent) secrets() []Fact {
	var facts []Fact
	if a.Key != "" {
		facts = append(facts, Fact{Sensitive, "holds the key in " + a.Key, "gateway: auto", []string{"ASI03"}})
	}
	if len(a.Files) > 0 {
		facts = append(facts, Fact{Sensitive, "can read " + strings.Join(a.Files, ", "), "remove that from reads of the agent", []string{"ASI03"}})
	}
	if a.Login != "" {
		facts = append(facts, Fact{Sensitive, "can read the login in " + a.Login, "log in by a key, which the gateway keeps", []string{"ASI03"}})
	}
	return facts
}

// facts gives what rights mean for secrets and acts.
func (r Rights) facts() []Fact {
	var facts []Fact
	if r.Packages {
		facts = append(facts, Fact{Untrusted, "runs code of packages", "", []string{"ASI04", "ASI05"}})
	}
	if !r.Confined {
		facts = append(
			facts,
			Fact{Sensitive, "can read all files of the person: keys, logins, other projects", "sandbox: standard", []string{"ASI03", "ASI05"}},
			Fact{Outward, "can write all files of the person and use their programs", "sandbox: standard", []string{"ASI02", "ASI05"}},
		)
	}
	switch {
	case r.Network:
		facts = append(facts, Fact{Outward, "reaches any host", "sandbox: standard", []string{"ASI02"}})
	case len(r.Hosts) > 0:
		facts = append(facts, Fact{Outward, "reaches " + strings.Join(r.Hosts, ", "), "remove hosts from egress", []string{"ASI02"}})
	}
	return facts
}
