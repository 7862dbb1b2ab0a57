// Package accept runs the acceptance commands of a task or a plan on the
// head. They are a person's own words for "done".
package accept

import (
	"context"
	"fmt"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// Name is the check's name.
const Name = "accept"

type accept struct{}

// New gives the check.
func New() check.Check { return accept{} }

func (accept) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Running, Needs: []string{"build"}}
}

func (accept) Applies(req evidence.Request) string {
	if len(req.Accept) == 0 {
		return "no acceptance commands were given"
	}
	return ""
}

func (accept) Settings(req evidence.Request) any {
	return struct {
		Commands []plan.Command
		Env      []string
	}{req.Accept, req.Env}
}

// Run runs the commands one after another in the same folder, as a person
// would, so that a later one sees what an earlier one made. All of them run:
// an agent mends three failures at once sooner than one at a time.
func (accept) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	dir, err := s.Head(ctx)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	var findings []evidence.Finding
	var broken []string
	for _, c := range s.Request.Accept {
		ran := check.Do(ctx, x, check.Command(c, dir, s.Request.Env))
		if ctx.Err() != nil {
			return check.CouldNot("it was ended while %s ran", c)
		}
		switch {
		case ran.Why != "":
			broken = append(broken, ran.Why)
		case ran.Failed():
			findings = append(findings, finding(c, ran, dir))
		}
	}
	return check.Partly(findings, broken)
}

func finding(c plan.Command, ran check.Ran, dir string) evidence.Finding {
	text := ran.Text(dir)
	how := fmt.Sprintf("exit code %d", ran.Output.Code)
	if ran.Output.Signal != "" {
		how = "signal " + ran.Output.Signal
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: "failed", Level: evidence.Gate, Grade: evidence.Verified,
		Message:   fmt.Sprintf("The acceptance command %s fails (%s).", check.Clip(c.String(), 300), how),
		Detail:    check.Clip(text, check.MaxDetail),
		Reproduce: c.String(),
	}, c.String()+"\n"+check.FailureAnchor(text))
}
