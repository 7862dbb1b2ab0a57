// Package accept runs the acceptance commands of a task or a plan on the
// head. They are a person's own words for "done".
//
// A command that fails blocks when it fails again and again on the head and
// not in the same way at the base. A test that ends both ways is flaky, and
// one that is red at the base is not the change's fault: both are named and
// go to a person, unless the task asks for the latter to be mended. Which
// tests a command runs is read from its output where a known test program
// wrote it; otherwise the command counts as one test.
package accept

import (
	"context"

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
	return check.Info{Name: Name, Version: "2", Kind: check.Running, Needs: []string{"build"}}
}

func (accept) Applies(req evidence.Request) string {
	if len(req.Accept) == 0 {
		return "no acceptance commands were given"
	}
	return ""
}

// Settings hold what was asked for, which decides what a failure that the base
// has too means. What is known of flaky tests is left out: what is kept stays
// right when more is known.
func (accept) Settings(req evidence.Request) any {
	return struct {
		Commands []plan.Command
		Env      []string
		Task     string
	}{req.Accept, req.Env, req.Task}
}

// Run runs the commands one after another in the same folder, as a person
// would, so that a later one sees what an earlier one made. All of them run:
// an agent mends three failures at once sooner than one at a time.
func (accept) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	dir, err := s.Head(ctx)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	j := judge{subject: s, exec: x, head: dir}
	for i, c := range s.Request.Accept {
		j.judge(ctx, i)
		if ctx.Err() != nil {
			return check.CouldNot("it was ended while %s ran", c)
		}
	}
	return j.result()
}
