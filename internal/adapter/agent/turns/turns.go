// Package turns counts the turns of an agent in what its program prints: the
// answers that its model gave. Each program has its own events for that; none
// of them says it of every attempt, so that the answers themselves are counted.
package turns

import (
	"encoding/json"
	"errors"
	"io"

	"muster/internal/adapter/agent/lines"
	"muster/internal/core/job"
)

// Bounds of what is remembered and counted.
const (
	maxKnown = 10_000        // answers and tools that are told apart by their ids
	maxTurns = 1_000_000_000 // of one attempt
)

// Counter counts the turns of one attempt. A turn begins with the model's
// answer. It is over when all tools that the answer asked for have ended. An
// answer that asks for no tool ends with the attempt, or with the next one.
type Counter struct {
	read   func(*Counter, []byte) // nil for a driver that is not known
	tells  bool                   // it tells of every turn
	begun  int64
	inside bool            // a turn is under way
	said   bool            // the answer under way has a text
	known  map[string]bool // ids of answers
	tools  map[string]bool // that were begun and have not ended
}

// New gives a counter for a driver, by its name in the configuration.
func New(driver string) *Counter {
	c := &Counter{known: map[string]bool{}, tools: map[string]bool{}}
	switch driver {
	case "claude":
		c.read, c.tells = claude, true
	case "qwen":
		c.read, c.tells = qwen, true
	case "codex":
		c.read, c.tells = codex, true
	case "gemini":
		c.read, c.tells = gemini, true
	case "copilot":
		c.read, c.tells = copilot, true
	case "opencode":
		c.read, c.tells = opencode, true
	case "script":
		c.read, c.tells = told, true
	case "acp", "command": // told only by what wants to tell
		c.read = told
	}
	return c
}

// Line takes one line of the program's standard output, any bytes. It keeps no
// reference to it.
func (c *Counter) Line(line []byte) {
	if c.read != nil {
		c.read(c, line)
	}
}

// Begun gives how many turns have begun.
func (c *Counter) Begun() int64 { return c.begun }

// Ended gives how many turns are over.
func (c *Counter) Ended() int64 {
	if c.inside {
		return c.begun - 1
	}
	return c.begun
}

// Taken gives the turns of an attempt that has ended so, and whether there may
// have been more: because its program does not tell, or because part of what
// it printed is missing.
func (c *Counter) Taken(exit job.Exit, isCapped bool) (n int64, isUnknown bool) {
	if exit.State == job.NotStarted {
		return 0, false
	}
	return c.begun, isCapped || exit.State == job.Lost || !c.tells
}

// Watch reads what an agent prints until it ends, or until full, which is told
// how many turns have begun and how many of them are over each time that
// changes, says so.
func Watch(driver string, r io.Reader, full func(begun, ended int64) bool) error {
	c, enough := New(driver), errors.New("enough")
	begun, ended := int64(0), int64(0)
	err := lines.Each(&asking{r: r, first: func() error {
		if c.Begun() == begun && c.Ended() == ended {
			return nil
		}
		if begun, ended = c.Begun(), c.Ended(); full(begun, ended) {
			return enough
		}
		return nil
	}}, c.Line, func(int64) {})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// asking is a reader that asks first, each time before more is read, which may
// take until the agent prints again.
type asking struct {
	r     io.Reader
	first func() error
}

func (u *asking) Read(p []byte) (int, error) {
	if err := u.first(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// answer says that part of an answer was seen. With an id it is the same
// answer as before when the id is; without one, while a turn is under way.
func (c *Counter) answer(id string) {
	isNew := !c.inside
	if id != "" {
		isNew = !c.known[id]
		if len(c.known) < maxKnown {
			c.known[id] = true
		}
	}
	if isNew {
		c.begun, c.said = min(c.begun+1, maxTurns), false
	}
	c.inside = true
}

// call says that a tool was begun.
func (c *Counter) call(id string) {
	if c.answer(""); len(c.tools) < maxKnown {
		c.tools[id] = true
	}
}

// back says that a tool has ended.
func (c *Counter) back(id string) {
	if !c.tools[id] {
		return
	}
	if delete(c.tools, id); len(c.tools) == 0 {
		c.over()
	}
}

// over ends the turn under way.
func (c *Counter) over() {
	c.inside = false
	clear(c.tools)
}

// none takes over what a program says of its turns where none was seen.
func (c *Counter) none(says float64) {
	if c.begun == 0 && says > 0 {
		c.begun = int64(min(says, maxTurns))
	}
	c.over()
}

// decode reads as much of a line as fits, and reports whether it is JSON.
func decode(line []byte, v any) bool {
	err := json.Unmarshal(line, v)
	var mistyped *json.UnmarshalTypeError
	return err == nil || errors.As(err, &mistyped)
}
