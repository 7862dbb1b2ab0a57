// Package agent translates between Muster and the command line programs of
// AI agents: an attempt becomes the specification of a process, and what that
// process prints becomes events and an outcome.
//
// The package starts no agent. What an agent prints is hostile input: every
// text is made valid UTF-8, freed of control characters and of the secrets
// that the agent was given, and cut to 4 KiB.
//
// A driver is a file of its own and a row in the table below.
package agent

import (
	"sort"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Driver knows one kind of agent.
type Driver interface {
	// Spec says how the attempt's process is started. The prompt goes to
	// standard input, keys go into the environment; neither is ever an
	// argument.
	Spec(a job.Attempt) (job.Spec, error)
	// Reader reads what the attempt's process printed. One reader serves one
	// pass over the output of one attempt.
	Reader(a job.Attempt) Reader
	// Program names what must be on PATH (or is a path) for the agent to start.
	Program(g job.Agent) string
}

// Reader turns the standard output of one attempt into events and, at its
// end, an outcome. It is not safe for concurrent use.
type Reader interface {
	// Line takes one line without its line feed and gives what it says. It
	// accepts any bytes and keeps no reference to line.
	Line(line []byte) []job.AgentEvent
	// End gives the outcome after the last line. The tail is the end of
	// standard error; it only ever explains, it never decides that an attempt
	// is done.
	End(exit job.Exit, stderrTail string) job.Outcome
}

// named is a row of the table of drivers.
type named struct {
	name   string
	driver Driver
}

// table lists the drivers. The argument starts Muster itself, for drivers
// whose process is Muster running a program of package inside.
func table(self []string) []named {
	return []named{
		{"acp", acp{self: self}},
		{"claude", claude{}},
		{"codex", codex{}},
		{"command", command{}},
		{"copilot", copilot{self: self}},
		{"gemini", gemini{}},
		{"opencode", opencode{}},
		{"qwen", qwen{}},
		{"script", script{self: self}},
	}
}

// For gives a driver by its name in config.yaml. The script driver it gives
// starts "muster" from PATH; a Set knows better.
func For(driver string) (Driver, error) { return find(driver, nil) }

// Names gives the names of all drivers in order.
func Names() []string {
	var names []string
	for _, n := range table(nil) {
		names = append(names, n.name)
	}
	sort.Strings(names)
	return names
}

func find(driver string, self []string) (Driver, error) {
	for _, n := range table(self) {
		if n.name == driver {
			return n.driver, nil
		}
	}
	return nil, fault.New(fault.Invalid, "find the agent driver %q: there is no such driver", driver).
		WithHint("use one of: %s", strings.Join(Names(), ", "))
}
