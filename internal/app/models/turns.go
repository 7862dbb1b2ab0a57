package models

import (
	"fmt"
	"slices"

	"muster/internal/core/config"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// MayNotTell says of each of the named agents that may not tell how many turns
// it takes what follows for a budget of turns.
func MayNotTell(c config.Config, names []string) []string {
	var out []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if g, ok := c.Agent(name); ok && (g.Driver == "acp" || g.Driver == "command") {
			out = append(out, fmt.Sprintf("agent %s may not tell how many turns it takes (driver %s): a budget of turns holds only as far as it does", name, g.Driver))
		}
	}
	return out
}

// NotBounded says which budgets of a run that begins will not hold, or not hold
// all the time, for its agents.
func NotBounded(c config.Config, d flow.RunStarted, h Host) []string {
	var names, out []string
	turns := d.Limits.Turns > 0
	for _, n := range d.Nodes {
		names, turns = append(names, n.Agent), turns || n.Turns > 0
	}
	if d.Limits.MicroUSD > 0 || d.Limits.Tokens > 0 {
		out = Texts(PastGateway(c, names, h))
	}
	if turns {
		out = append(out, MayNotTell(c, names)...)
	}
	return out
}

// TurnsNotHeld says for which agents the budgets of turns of a run do not hold,
// as far as that is known; nothing where turns are not bounded.
func TurnsNotHeld(c config.Config, r *report.Run) []string {
	if !report.BoundsTurns(r) {
		return nil
	}
	ended, untold := map[string]int{}, map[string]int{}
	var begins, all []string // agents whose first attempt has yet to end; all
	for _, t := range r.Tasks {
		for _, a := range t.Attempts {
			if a.Outcome == nil {
				continue
			}
			if ended[t.Agent]++; a.Outcome.Usage.UntoldTurns() {
				untold[t.Agent]++
			}
		}
		all = append(all, t.Agent)
	}
	var out []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(all))) {
		switch n := untold[name]; {
		case ended[name] == 0 && r.Stage != flow.Finished && r.Stage != flow.Abandoned:
			begins = append(begins, name)
		case n > 0:
			out = append(out, fmt.Sprintf("of agent %s the turns of %d of %d ended attempts are not known, or not all: the budget of turns holds only for what it tells", name, n, ended[name]))
		}
	}
	return append(MayNotTell(c, begins), out...)
}
