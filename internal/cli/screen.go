package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"muster/internal/app"
	"muster/internal/cli/unit"
	"muster/internal/cli/words"
	"muster/internal/core/flow"
	"muster/internal/core/report"
)

// screen is a table of the tasks that is drawn again in place.
type screen struct {
	p     *printer
	size  func() (columns, rows int)
	doing map[string]string // by task: what its agent was last seen to do
	now   map[string]report.Now
	drawn int // lines on the terminal now
	last  time.Time
	run   *report.Run

	mu   sync.Mutex // guards hint alone, which another goroutine sets
	hint string
}

func newScreen(p *printer, size func() (int, int)) *screen {
	return &screen{p: p, size: size, doing: map[string]string{}, now: map[string]report.Now{}}
}

func (s *screen) see(n app.Notice) {
	s.run = n.Run
	switch {
	case n.Agent != nil:
		s.doing[n.Task] = words.Doing(*n.Agent)
		return // the next tick shows it
	case n.Now != nil:
		s.now[n.Task] = *n.Now
	}
	if now := time.Now(); now.Sub(s.last) >= redraw {
		s.last = now
		s.draw(now)
	}
}

// note shows a line below the table until the end.
func (s *screen) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hint = text
}

// end clears the table: the summary says all that it said.
func (s *screen) end() {
	if s.drawn > 0 {
		fmt.Fprintf(s.p.w, "\x1b[%dA\r\x1b[J", s.drawn) //nolint:errcheck // nobody to tell
		s.drawn = 0
	}
}

func (s *screen) draw(now time.Time) {
	columns, rows := s.size()
	out := s.table(now, columns, rows-1)
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", s.drawn)
	}
	for _, l := range out {
		b.WriteString(l + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	s.drawn = len(out)
	fmt.Fprint(s.p.w, b.String()) //nolint:errcheck // nobody to tell
}

// table gives the lines of the screen, none wider than columns and no more
// than rows of them.
func (s *screen) table(now time.Time, columns, rows int) []string {
	r := s.run
	landed, width := 0, 4
	for _, t := range r.Tasks {
		if t.State == report.Landed {
			landed++
		}
		width = max(width, len(t.ID))
	}
	width = min(width, 24)
	head := fmt.Sprintf("%s  %s  %d/%d landed  %s  %s", r.Name, stageOf(r), landed, len(r.Tasks), unit.Cost(r.Spent), unit.Span(now.UnixMicro()-r.BegunUS))
	out := []string{string(s.p.paint(bold, cut(head, columns)))}
	s.mu.Lock()
	hint := s.hint
	s.mu.Unlock()
	room := max(rows-len(out)-1, 1)
	if hint != "" {
		room = max(room-1, 1)
	}
	shown := pick(r.Tasks, room)
	for _, t := range shown {
		out = append(out, s.row(t, now, width, columns))
	}
	if n := len(r.Tasks) - len(shown); n > 0 {
		out = append(out, string(s.p.paint(faint, cut(fmt.Sprintf("  and %d more", n), columns))))
	}
	if hint != "" {
		out = append(out, string(s.p.paint(yellow, cut(hint, columns))))
	}
	return out
}

func stageOf(r *report.Run) string {
	if r.Stage == flow.Paused && r.Reason != "" {
		return string(r.Stage) + " (" + string(r.Reason) + ")"
	}
	return string(r.Stage)
}

// pick gives the tasks to show where there is no room for all: those on which
// something happens or that need the person first, each group in order.
func pick(tasks []report.Task, room int) []report.Task {
	if len(tasks) <= room {
		return tasks
	}
	chosen := make([]bool, len(tasks))
	for _, want := range [][]report.State{
		{report.Working, report.Review, report.Taken, report.Failed},
		{report.Checking, report.Queued, report.Rejected, report.Stopped},
		{report.Waiting},
		{report.Landed, report.Blocked, report.Closed},
	} {
		for i, t := range tasks {
			for _, state := range want {
				if t.State == state && room > 0 {
					chosen[i] = true
					room--
				}
			}
		}
	}
	var out []report.Task
	for i, t := range tasks {
		if chosen[i] {
			out = append(out, t)
		}
	}
	return out
}

func (s *screen) row(t report.Task, now time.Time, width, columns int) string {
	state := fmt.Sprintf("%-8s", t.State)
	rest := fmt.Sprintf(" %-*s %7s %8s", width, cut(t.ID, width), elapsed(t, now), unit.Cost(t.Spent))
	if n := len(t.Attempts); n > 0 {
		rest += fmt.Sprintf("  #%d", n)
		if t.Round > 0 {
			rest += fmt.Sprintf(" r%d", t.Round)
		}
	}
	condition, isNow := s.now[t.ID]
	switch {
	case isNow && words.NeedsAttention(condition) && (t.State == report.Working || t.State == report.Waiting || t.State == report.Stopped):
		rest += "  " + words.Now(condition, now.UnixMicro())
	case t.State == report.Working && s.doing[t.ID] != "":
		rest += "  " + s.doing[t.ID]
	case t.Why != "":
		rest += "  " + line(t.Why, columns)
	case t.State == report.Working || t.State == report.Checking:
		rest += "  " + string(t.Phase)
	}
	rest = cut(clean(strings.ReplaceAll(rest, "\n", " ")), columns-len(state)-2)
	return " " + string(s.p.paint(stateColor(t.State), state)) + rest
}

// elapsed is the agents' time of a task, the running attempt included.
func elapsed(t report.Task, now time.Time) string {
	us := t.AgentUS
	if n := len(t.Attempts); n > 0 && t.Attempts[n-1].Outcome == nil && t.State == report.Working {
		us += now.UnixMicro() - t.Attempts[n-1].BegunUS
	}
	if us == 0 {
		return "-"
	}
	return unit.Span(us)
}
