package cli

import (
	"slices"
	"strings"

	"muster/internal/app"
)

// checkWatch shows which checks run: on a terminal in one line that is written
// over, elsewhere not at all, since the verdict lists every check.
type checkWatch struct {
	p       *printer
	running []string
	shown   bool
}

func newCheckWatch(c *cli) *checkWatch {
	w := &checkWatch{}
	if c.err.isTerminal && !c.isJSON {
		w.p = c.err
	}
	return w
}

// see takes the beginning or the end of a check.
func (w *checkWatch) see(p app.Progress) {
	if w.p == nil {
		return
	}
	if p.Result == nil {
		w.running = append(w.running, p.Check)
	} else {
		w.running = slices.DeleteFunc(w.running, func(name string) bool { return name == p.Check })
	}
	w.clear()
	if len(w.running) > 0 {
		w.p.f("%s", w.p.paint(faint, cut("checking: "+strings.Join(w.running, ", "), 78)))
		w.shown = true
	}
}

// clear removes the line.
func (w *checkWatch) clear() {
	if w.p != nil && w.shown {
		w.p.f("%s", painted("\r\x1b[K"))
		w.shown = false
	}
}
