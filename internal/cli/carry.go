package cli

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/cli/words"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// redraw is how often a live screen is drawn at most.
const redraw = 200 * time.Millisecond

// progress shows how a run goes on.
type progress interface {
	see(n app.Notice)
	end() // before anything else is printed
}

// carry carries a run on, shows how it goes, and ends with what came of it.
func (c *cli) carry(s *app.Session, w app.Carry) error {
	p := c.progress()
	if _, ok := p.(*screen); ok {
		w.Tick = redraw
	}
	w.See = p.see
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	w.Interrupts = c.announce(signals, p)
	done, err := s.Carry(c.ctx, w)
	p.end()
	if err != nil {
		return err
	}
	c.code = codeOfCarried(done)
	return c.finish(s, done)
}

// announce passes signals on and says what each of them does.
func (c *cli) announce(signals <-chan os.Signal, p progress) <-chan os.Signal {
	out := make(chan os.Signal)
	go func() {
		say := "stopping: agents are asked to end; once more to leave at once"
		for sig := range signals {
			if s, ok := p.(*screen); ok {
				s.note(say)
			} else {
				c.err.f("muster: %s\n", say)
			}
			say = "leaving"
			select {
			case out <- sig:
			case <-c.ctx.Done():
				return
			}
		}
	}()
	return out
}

func (c *cli) progress() progress {
	switch {
	case c.isJSON:
		return stream{c.out}
	case c.live != nil:
		return newScreen(c.out, c.size)
	}
	return lines{c.out}
}

// stream prints each event as JSON.
type stream struct{ p *printer }

type eventJSON struct {
	Type string `json:"type"`
	flow.Record
}

type agentJSON struct {
	Type string     `json:"type"`
	Task string     `json:"task"`
	Now  report.Now `json:"now"`
}

func (s stream) see(n app.Notice) {
	switch {
	case n.Record != nil:
		s.p.json(eventJSON{"event", *n.Record})
	case n.Now != nil:
		s.p.json(agentJSON{"agent", n.Task, *n.Now})
	}
}

func (stream) end() {}

// lines prints a line for each event that matters.
type lines struct{ p *printer }

func (l lines) see(n app.Notice) {
	if n.Now != nil && words.NeedsAttention(*n.Now) {
		at := time.Now().UnixMicro()
		l.p.f("%s %s: %s\n", unit.ClockTime(at), n.Task, l.p.paint(yellow, "its agent "+words.Now(*n.Now, at)))
	}
	if n.Record == nil {
		return
	}
	if t := words.Tell(*n.Record, n.Run); t.Weight == words.News {
		l.p.f("%s %s: %s\n", unit.ClockTime(n.Record.AtUS), t.About, l.p.paint(t.Color, t.Text))
	}
}

func (lines) end() {}

type resultJSON struct {
	Type   string      `json:"type"`
	Reason app.Leaving `json:"reason"`
	app.View
}

// finish says what came of a run.
func (c *cli) finish(s *app.Session, done app.Carried) error {
	view, err := s.View(c.ctx, done.Run.ID)
	if err != nil {
		return err
	}
	if c.isJSON {
		c.out.json(resultJSON{"result", done.Reason, view})
		return nil
	}
	if view.End == report.EndFailed {
		return fault.New(fault.Conflict, "begin run %s: %s", view.Name, view.Why).WithHint("%s", view.Hint)
	}
	switch done.Reason {
	case app.ToOther:
		c.out.f("taken in; the muster with process id %d drives run %s on\n", driverPID(view), view.Name)
		return nil
	case app.ByAbandon:
		c.out.f("left; agents that were running go on, and are taken up again by: muster resume %s\n", view.Name)
		return nil
	case app.ByStop:
		c.summary(view)
		c.out.f("interrupted; go on with: muster resume %s\n", view.Name)
		return nil
	case app.AtRest, app.ByEnough:
	}
	c.summary(view)
	return c.others(s, view.ID)
}

func driverPID(v app.View) int {
	if v.Driver == nil {
		return 0
	}
	return v.Driver.PID
}

// others names runs that this process has driven along and leaves unfinished.
func (c *cli) others(s *app.Session, id string) error {
	runs, err := s.Runs(c.ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.ID == id || r.Done {
			continue
		}
		v, err := s.View(c.ctx, r.ID)
		if err != nil {
			return err
		}
		if v.End == report.EndGoing && v.Driver == nil {
			c.out.f("run %s is not finished and nobody drives it: muster resume %s\n", r.Name, r.Name)
		}
	}
	return nil
}
