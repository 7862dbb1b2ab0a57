// Package complete gives what a shell proposes for the arguments of commands:
// names of plans, runs and tasks of the repository that the person is in.
package complete

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/app"
)

// Add gives the commands below root their proposals.
func Add(ctx context.Context, h app.Host, root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if list := names(cmd.CommandPath()); list != nil {
			cmd.ValidArgsFunction = propose(ctx, h, list)
		}
		Add(ctx, h, cmd)
	}
}

// lister lists names of a repository.
type lister func(context.Context, *app.Session) []string

// names gives what lists the first argument of a command, or nil.
func names(command string) lister {
	switch command {
	case "muster run", "muster plan lint":
		return plans
	case "muster status", "muster resume", "muster stop":
		return runs
	case "muster show", "muster diff", "muster retry", "muster reject", "muster attest create":
		return tasks
	case "muster approve", "muster log":
		return func(ctx context.Context, s *app.Session) []string { return append(tasks(ctx, s), runs(ctx, s)...) }
	}
	return nil
}

// propose gives the names that begin as what was typed. A file may be named
// where a plan may; where nothing can be listed, nothing is proposed.
func propose(ctx context.Context, h app.Host, list lister) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		directive := cobra.ShellCompDirectiveNoFileComp
		if cmd.Name() == "run" || cmd.Name() == "lint" {
			directive = cobra.ShellCompDirectiveDefault
		}
		if len(args) > 0 {
			return nil, directive
		}
		s, err := app.Open(ctx, h)
		if err != nil {
			return nil, directive
		}
		defer s.Close()
		var out []string
		for _, name := range list(ctx, s) {
			if strings.HasPrefix(name, typed) {
				out = append(out, name)
			}
		}
		return out, directive
	}
}

func plans(_ context.Context, s *app.Session) []string { return app.PlanNames(s) }

// runs gives the names of the runs, the newest first, each once.
func runs(ctx context.Context, s *app.Session) []string {
	all, err := s.Runs(ctx)
	if err != nil {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, r := range all {
		if !seen[r.Name] {
			seen[r.Name] = true
			out = append(out, r.Name)
		}
	}
	return out
}

// tasks gives the tasks of the newest run: by themselves, and with the run.
func tasks(ctx context.Context, s *app.Session) []string {
	info, err := s.FindRun(ctx, "")
	if err != nil {
		return nil
	}
	r, err := s.Report(ctx, info.ID)
	if err != nil || r == nil {
		return nil
	}
	var alone, named []string
	for _, t := range r.Tasks {
		alone, named = append(alone, t.ID), append(named, r.Name+"/"+t.ID)
	}
	return append(alone, named...)
}
