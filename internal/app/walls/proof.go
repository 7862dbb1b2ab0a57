package walls

import (
	"context"

	"muster/internal/adapter/sandbox"
	"muster/internal/core/config"
	"muster/internal/core/job"
)

// Line is one thing that a person is told of the sandbox.
type Line struct {
	Level string // one of the constants below
	Text  string
	Hint  string
}

// The levels of a line.
const (
	good  = "ok"   // as it should be
	worth = "note" // worth knowing
	bad   = "bad"  // an attempt succeeded that must not
)

// Prove says what confines agents and checks on this machine, and proves it by
// attacking: each attempt is a line. Home is the person's, which confined
// processes must not get at.
func (w *Walls) Prove(ctx context.Context, asked, home string) ([]Line, error) {
	form, why, err := w.Form(ctx, asked, nil)
	switch {
	case err != nil:
		return nil, err
	case form == nil && asked == job.LevelOff:
		return []Line{{Level: worth, Text: "off, as configured: agents and checks run with all your rights; run Muster where that is acceptable"}}, nil
	case form == nil:
		return []Line{{Level: worth, Text: "off: agents and checks run with all your rights, as this machine can confine nothing: " + why, Hint: sandbox.Hint}}, nil
	}
	text := form.InForce()
	if form.Plain {
		text += ", by Landlock and a filter of system calls alone"
	}
	attempts, err := w.exec.Prove(ctx, form, home, w.h.State)
	if err != nil {
		return nil, err
	}
	lines := []Line{{Level: good, Text: text}}
	for _, a := range attempts {
		switch {
		case a.Blocked:
			lines = append(lines, Line{Level: good, Text: "blocked: " + a.What})
		case a.Network && form.Open:
			lines = append(lines, Line{
				Level: worth, Text: "possible: " + a.What,
				Hint: "sandbox: " + job.LevelStrict + " in .muster/config.yaml closes the network; " + config.SandboxAuto + " leaves it open where there is no door to what is downloaded",
			})
		case form.Plain:
			lines = append(lines, Line{Level: worth, Text: "possible: " + a.What + ", as Landlock alone cannot prevent it"})
		default:
			lines = append(lines, Line{Level: bad, Text: "possible: " + a.What})
		}
	}
	return lines, nil
}
