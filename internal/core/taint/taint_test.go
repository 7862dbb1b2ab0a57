package taint_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/core/taint"
)

func fact(t taint.Trait, what string) taint.Fact { return taint.Fact{Trait: t, What: what} }

func node(name string, facts ...taint.Fact) taint.Node { return taint.Node{Name: name, Facts: facts} }

func edge(from, to string) taint.Edge {
	return taint.Edge{From: from, To: to, What: from + to}
}

// told gives paths as text: nodes, the place of the secret, secret and act.
func told(paths []taint.Path) string {
	var out []string
	for _, p := range paths {
		out = append(out, strings.Join(p.Nodes, ">")+" "+p.Untrusted.What+" "+p.At+":"+p.Sensitive.What+" "+p.Outward.What)
	}
	return strings.Join(out, "; ")
}

func TestPaths(t *testing.T) {
	in, key, net := fact(taint.Untrusted, "web"), fact(taint.Sensitive, "key"), fact(taint.Outward, "net")
	for name, tt := range map[string]struct {
		graph taint.Graph
		want  string
	}{
		"all in one":                {taint.Graph{Nodes: []taint.Node{node("a", in, key, net)}}, "a web a:key net"},
		"two of three":              {taint.Graph{Nodes: []taint.Node{node("a", in, key), node("b", key, net), node("c", in, net)}}, ""},
		"spread":                    {taint.Graph{Nodes: []taint.Node{node("a", in), node("b", key), node("c", net)}, Edges: []taint.Edge{edge("a", "b"), edge("b", "c")}}, "a>b>c web b:key net"},
		"the act before the secret": {taint.Graph{Nodes: []taint.Node{node("a", in), node("b", net), node("c", key)}, Edges: []taint.Edge{edge("a", "b"), edge("b", "c")}}, ""},
		"and back":                  {taint.Graph{Nodes: []taint.Node{node("a", in), node("b", net), node("c", key)}, Edges: []taint.Edge{edge("a", "b"), edge("b", "c"), edge("c", "b")}}, "a>b>c>b web c:key net"},
		"a text that comes later":   {taint.Graph{Nodes: []taint.Node{node("a", key), node("b", in), node("c", net)}, Edges: []taint.Edge{edge("a", "b"), edge("b", "c")}}, ""},
		"a person between":          {taint.Graph{Nodes: []taint.Node{node("a", in, key), node("b", net)}, Edges: []taint.Edge{{From: "a", To: "b", Person: true}}}, ""},
		"a person on one of two":    {taint.Graph{Nodes: []taint.Node{node("a", in, key), node("b", net)}, Edges: []taint.Edge{{From: "a", To: "b", Person: true}, edge("a", "b")}}, "a>b web a:key net"},
		"a circle":                  {taint.Graph{Nodes: []taint.Node{node("a", in), node("b", key)}, Edges: []taint.Edge{edge("a", "b"), edge("b", "a")}}, ""},
		"to nobody":                 {taint.Graph{Nodes: []taint.Node{node("a", in, key)}, Edges: []taint.Edge{edge("a", "x")}}, ""},
		"the shortest way": {
			taint.Graph{Nodes: []taint.Node{node("a", in), node("b", in, key), node("c", net)}, Edges: []taint.Edge{edge("a", "b"), edge("b", "c")}},
			"b>c web b:key net",
		},
		"each secret and each act": {
			taint.Graph{Nodes: []taint.Node{node("a", in, key, fact(taint.Sensitive, "login"), net, fact(taint.Outward, "push"))}},
			"a web a:key net; a web a:key push; a web a:login net; a web a:login push",
		},
	} {
		if got := told(taint.Paths(tt.graph)); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestHandedAndRefsAndCuts(t *testing.T) {
	g := taint.Graph{
		Nodes: []taint.Node{
			node("a", taint.Fact{Trait: taint.Untrusted, What: "web", Refs: []string{"ASI06", "ASI01"}}),
			node("b", taint.Fact{Trait: taint.Sensitive, What: "key", Cut: "one", Refs: []string{"ASI03"}}, taint.Fact{Trait: taint.Outward, What: "net", Cut: "two", Refs: []string{"ASI01"}}),
		},
		Edges: []taint.Edge{edge("a", "b")},
	}
	p := taint.Paths(g)[0]
	if !slices.Equal(p.Handed, []string{"ab"}) || !slices.Equal(p.Refs(), []string{"ASI01", "ASI03", "ASI06"}) || !slices.Equal(p.Cuts(), []string{"two", "one"}) {
		t.Errorf("%q %q %q", p.Handed, p.Refs(), p.Cuts())
	}
}

func TestOf(t *testing.T) {
	confined := taint.Rights{Confined: true}
	for name, tt := range map[string]struct {
		s    taint.Situation
		want []string // parts that some path tells, or nothing at all
	}{
		"confined, keys with the gateway": {taint.Situation{Agents: []taint.Agent{{Name: "x", Rights: confined}}, Commands: taint.Rights{Confined: true, Packages: true}, Target: "main"}, nil},
		"hosts but no secret":             {taint.Situation{Agents: []taint.Agent{{Name: "x", Rights: taint.Rights{Confined: true, Hosts: []string{"h"}}}}, Commands: confined}, nil},
		"a key and a host": {
			taint.Situation{Agents: []taint.Agent{{Name: "x", Key: "K", Rights: taint.Rights{Confined: true, Hosts: []string{"h"}}}}, Commands: confined},
			[]string{"agent x reads the repository, its dependencies and what commands print agent x:holds the key in K reaches h"},
		},
		"a login in an open network": {
			taint.Situation{Agents: []taint.Agent{{Name: "x", Login: "f", Rights: taint.Rights{Confined: true, Network: true}}}, Commands: confined},
			[]string{"can read the login in f reaches any host"},
		},
		"a key that lands": {
			taint.Situation{Agents: []taint.Agent{{Name: "x", Key: "K", Rights: confined}}, Commands: confined, Target: "main"},
			[]string{"agent x>landing reads the repository, its dependencies and what commands print agent x:holds the key in K moves main"},
		},
		"one without a key, the next with one and a host": {
			taint.Situation{Agents: []taint.Agent{{Name: "x", Rights: confined}, {Name: "y", Key: "K", Rights: confined}}, Commands: taint.Rights{Confined: true, Network: true}},
			[]string{"agent y>checks and set-up", "holds the key in K reaches any host"},
		},
		"not confined": {
			taint.Situation{Agents: []taint.Agent{{Name: "x"}}, Commands: confined},
			[]string{"can read all files of the person", "can write all files of the person"},
		},
		"checks not confined": {
			taint.Situation{Agents: []taint.Agent{{Name: "x", Rights: confined}}},
			[]string{"agent x>checks and set-up", "checks and set-up:can read all files"},
		},
		"packages that run where all can be read": {taint.Situation{Commands: taint.Rights{Packages: true}}, []string{"runs code of packages checks and set-up:can read all files"}},
		"a tool": {
			taint.Situation{Agents: []taint.Agent{{Name: "x", Key: "K", Rights: taint.Rights{Confined: true, Network: true}}}, Commands: confined, Tools: []taint.Tool{{Agent: "x", Name: "tickets"}, {Agent: "y", Name: "wiki"}}},
			[]string{"holds the key in K reaches any host"},
		},
	} {
		got := told(taint.Paths(taint.Of(tt.s)))
		if len(tt.want) == 0 && got != "" {
			t.Errorf("%s: %q", name, got)
		}
		for _, w := range tt.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is not in %q", name, w, got)
			}
		}
	}
	g := taint.Of(taint.Situation{Agents: []taint.Agent{{Name: "x"}}, Tools: []taint.Tool{{Agent: "x", Name: "tickets"}, {Agent: "y", Name: "wiki"}}})
	if n := g.Nodes[0]; !slices.ContainsFunc(n.Facts, func(f taint.Fact) bool { return strings.Contains(f.What, "tickets") }) ||
		slices.ContainsFunc(n.Facts, func(f taint.Fact) bool { return strings.Contains(f.What, "wiki") }) {
		t.Errorf("%+v", n)
	}
}
