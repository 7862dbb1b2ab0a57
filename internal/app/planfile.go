package app

import (
	"context"
	"slices"

	"muster/internal/adapter/sandbox"
	"muster/internal/app/plans"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

// Drafted is a plan that was written.
type Drafted = plans.Drafted

// Measure says whether commands of the repository are run to see how long they
// take.
type Measure string

// The ways to measure.
const (
	NoMeasure Measure = ""
	RunToKnow Measure = "run"
)

// DraftPlan writes a first plan for the repository, of the name unless that is
// empty. Ready is told of the commands that are measured, before they run.
func DraftPlan(ctx context.Context, s *Session, name string, m Measure, ready func(lines []string)) (Drafted, error) {
	repo, err := s.git(ctx)
	if err != nil {
		return Drafted{}, err
	}
	w := plans.Draft{
		Name: name, Place: s.place, Repo: repo, Ready: ready,
		Found: func(g job.Agent) bool { return s.checkAgent(g, "") == nil },
		Config: func(ctx context.Context, commit string) (config.Config, error) {
			c, _, err := plans.Config(ctx, repo, commit)
			return c, err
		},
	}
	if m == RunToKnow {
		w.Measure = sandbox.NewExecutor(s.host.CheckEnv(), append(append([]string{}, s.host.Self...), "shim"))
	}
	out, err := plans.Write(ctx, w)
	if text := plans.Unsaved(ctx, repo); text != "" {
		out.Warnings = append(out.Warnings, text)
	}
	return out, err
}

// PlanNames lists the plans of the repository.
func PlanNames(s *Session) []string { return plans.Names(s.place.TopLevel) }

// Linted is what is wrong with a plan file.
type Linted struct {
	Plan     string             `json:"plan"` // the file, as the person would name it
	Name     string             `json:"name,omitempty"`
	Tasks    int                `json:"tasks"`
	OK       bool               `json:"ok"`                 // a run of it could be started
	Problems []yamlfile.Problem `json:"problems"`           // of the file itself
	Error    string             `json:"error,omitempty"`    // what else would keep a run from starting
	Hint     string             `json:"hint,omitempty"`     // what to do about that
	Warnings []string           `json:"warnings,omitempty"` // what would be said when a run starts
}

// LintPlan reads a plan and says everything that is wrong with it. In a
// repository that includes what can be known there: the target, the agents.
// Nothing is changed and nothing is started.
func LintPlan(ctx context.Context, h Host, name string) (Linted, error) {
	s, openErr := Open(ctx, h)
	at := plans.Place{Dir: h.Dir}
	if openErr == nil {
		defer s.Close()
		at.Top = s.place.TopLevel
	} else if fault.KindOf(openErr) != fault.NotFound {
		return Linted{}, openErr
	}
	shown, data, err := plans.Load(at, name)
	if err != nil {
		return Linted{}, err
	}
	p, problems := plan.Parse(shown, data)
	out := Linted{Plan: shown, OK: p != nil, Problems: append([]yamlfile.Problem{}, problems...)}
	if p == nil {
		return out, nil
	}
	out.Name, out.Tasks = p.Name, len(p.Tasks)
	if openErr != nil {
		out.Warnings = []string{"this is no repository, so its target and its agents were not looked for"}
		return out, nil
	}
	ready, err := prepare(ctx, s, Start{Plan: name})
	if err != nil {
		out.OK, out.Error, out.Hint = false, err.Error(), fault.HintOf(err)
	}
	said := yamlfile.Texts(problems)
	out.Warnings = slices.DeleteFunc(ready.warnings, func(w string) bool { return slices.Contains(said, w) })
	return out, nil
}

// readPlan reads the plan that a person names, with its warnings and its name
// as people are shown it.
func readPlan(s *Session, name string) (string, *plan.Plan, []string, error) {
	shown, data, err := plans.Load(plans.Place{Dir: s.host.Dir, Top: s.place.TopLevel}, name)
	if err != nil {
		return "", nil, nil, err
	}
	p, problems := plan.Parse(shown, data)
	if err := yamlfile.AsError("read the plan "+shown, problems); err != nil {
		return "", nil, nil, err
	}
	return shown, p, yamlfile.Texts(problems), nil
}
