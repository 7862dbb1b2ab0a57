package models_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/app/models"
	"muster/internal/core/config"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

// turners is a configuration with agents that tell of their turns and such that
// may not.
func turners() config.Config {
	c := config.Default()
	c.Agents = []job.Agent{{Name: "by-acp", Driver: "acp"}, {Name: "claude", Driver: "claude"}, {Name: "own", Driver: "command"}}
	return c
}

func TestWhoMayNotTellOfTurns(t *testing.T) {
	names := []string{"own", "claude", "by-acp", "own", "none"}
	got := models.MayNotTell(turners(), names)
	if len(got) != 2 || !strings.HasPrefix(got[0], "agent by-acp may not tell how many turns it takes (driver acp)") || !strings.HasPrefix(got[1], "agent own ") {
		t.Errorf("%q", got)
	}
	nodes := []flow.Node{{ID: "a", Agent: "own"}}
	bounded := []flow.Node{{ID: "a", Agent: "own", Turns: 3}, {ID: "b", Agent: "claude"}}
	for _, c := range []struct {
		name string
		d    flow.RunStarted
		want int // sentences
	}{
		{"nothing is bounded", flow.RunStarted{Nodes: nodes}, 0},
		{"time is", flow.RunStarted{Nodes: nodes, Limits: flow.Limits{TimeMS: 1}}, 0},
		{"turns are", flow.RunStarted{Nodes: nodes, Limits: flow.Limits{Turns: 1}}, 1},
		{"turns of a task are", flow.RunStarted{Nodes: bounded}, 1},
		{"money is", flow.RunStarted{Nodes: nodes, Limits: flow.Limits{MicroUSD: 1}}, 1},
		{"tokens and turns are", flow.RunStarted{Nodes: nodes, Limits: flow.Limits{Tokens: 1, Turns: 1}}, 2},
	} {
		if got := models.NotBounded(turners(), c.d, host{}); len(got) != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestTurnsThatAreNotHeld(t *testing.T) {
	attempt := func(u job.Usage) report.Attempt { return report.Attempt{Outcome: &job.Outcome{Usage: u}} }
	told, untold, former := attempt(job.Usage{Turns: 3}), attempt(job.Usage{TurnsUnknown: true}), attempt(job.Usage{Input: 9})
	runs := report.Attempt{}
	for _, c := range []struct {
		name     string
		limit    int64
		stage    flow.Stage
		agent    string
		attempts []report.Attempt
		want     string // beginning of the only sentence
	}{
		{"no bound", 0, flow.Running, "own", []report.Attempt{untold}, ""},
		{"it has not begun", 9, flow.Running, "own", nil, "agent own may not tell"},
		{"its first attempt runs", 9, flow.Running, "own", []report.Attempt{runs}, "agent own may not tell"},
		{"it never began", 9, flow.Finished, "own", nil, ""},
		{"it never will", 9, flow.Abandoned, "own", []report.Attempt{runs}, ""},
		{"it tells", 9, flow.Running, "own", []report.Attempt{told, runs}, ""},
		{"it does not", 9, flow.Finished, "own", []report.Attempt{told, untold, runs}, "of agent own the turns of 1 of 2 ended attempts are not known"},
		{"another driver", 9, flow.Running, "claude", []report.Attempt{runs}, ""},
		{"another driver that lost some", 9, flow.Running, "claude", []report.Attempt{untold, untold}, "of agent claude the turns of 2 of 2"},
		{"records that count none", 9, flow.Running, "claude", []report.Attempt{former}, "of agent claude the turns of 1 of 1"},
	} {
		r := &report.Run{Stage: c.stage, Limits: flow.Limits{Turns: c.limit}, Tasks: []report.Task{{ID: "a", Agent: c.agent, Attempts: c.attempts}}}
		got := models.TurnsNotHeld(turners(), r)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	// Two tasks of one agent are counted together.
	r := &report.Run{Limits: flow.Limits{Turns: 9}, Tasks: []report.Task{
		{Agent: "own", Attempts: []report.Attempt{untold}}, {Agent: "own", Attempts: []report.Attempt{untold, told}}, {Agent: "by-acp"},
	}}
	got := models.TurnsNotHeld(turners(), r)
	if !slices.IsSorted(got) || len(got) != 2 || !strings.HasPrefix(got[1], "of agent own the turns of 2 of 3") {
		t.Errorf("%q", got)
	}
}
