package proof

import (
	"context"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/app/attest"
	"muster/internal/cli/begin"
	"muster/internal/core/fault"
)

// Attest gives the command muster attest of a program of this version.
func Attest(s Shell, version string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "attest",
		Short: "Attest what a landed commit came from, and check such attestations",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fault.New(fault.Invalid, "muster attest: there is no command %q", args[0]).WithHint("there are create, verify and trace")
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(create(s, version), verify(s), trace(s, version))
	return cmd
}

func create(s Shell, version string) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use:   "create CHANGE",
		Short: "Make a signed attestation of a change that landed: a task, RUN/TASK, or the commit",
		Long: "Writes an in-toto statement in a DSSE envelope: goal, task, agents, evidence, verdicts and people, bound\n" +
			"to the landed commit and signed with your key. It is kept beside the ledger; docs/provenance.md describes it.",
		Args: s.Arguments(1, 1, "the change"),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(s, args[0], version) },
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write the attestation to this file as well; - is standard output")
	cmd.Flags().BoolVar(&o.note, "note", false, "put it into a Git note on the commit as well, in refs/notes/muster")
	return cmd
}

type createOptions struct {
	output string
	note   bool
}

func (o createOptions) run(s Shell, named, version string) error {
	p, err := attest.Open(s.Context(), s.Host())
	if err != nil {
		return err
	}
	defer p.Close()
	made, err := attest.Create(s.Context(), p, named, finder(s), version)
	if err != nil {
		return err
	}
	if o.note {
		if err := attest.Annotate(s.Context(), p, &made); err != nil {
			return err
		}
	}
	if o.output == "-" {
		return s.Bytes(made.Envelope)
	}
	if o.output != "" {
		made.File = o.output
		if err := attest.WriteFile(o.output, made.Envelope); err != nil {
			return err
		}
	}
	if s.JSON(made) {
		return nil
	}
	s.Print("attested %s, task %s\n  signed by %s\n  in %s\n", made.Commit, made.Task, made.Key, made.File)
	if made.Note != "" {
		s.Print("  in the commit's note in %s\n", made.Note)
	}
	for _, sha := range made.Missing {
		s.Print("%s blob %s is gone; what it told is left out\n", s.Paint(begin.Caution, "note:"), sha)
	}
	s.Print("check it: %s\n", s.Paint(begin.Typed, "muster attest verify "+short(made.Commit)))
	return nil
}

// finder finds tasks as all other commands do.
func finder(sh Shell) attest.Find {
	return func(ctx context.Context, name string) (run, task string, err error) {
		s, err := app.Open(ctx, sh.Host())
		if err != nil {
			return "", "", err
		}
		defer s.Close()
		ref, err := s.FindTask(ctx, name)
		return ref.Run.ID, ref.Task, err
	}
}

func verify(s Shell) *cobra.Command {
	var keys []string
	cmd := &cobra.Command{
		Use:   "verify COMMIT|FILE",
		Short: "Check an attestation, without a network: signature, commit, and the ledger where there is one",
		Args:  s.Arguments(1, 1, "the commit, or the file of an attestation"),
		RunE:  func(_ *cobra.Command, args []string) error { return verifyOne(s, args[0], keys) },
	}
	keyFlag(cmd, &keys)
	return cmd
}

func verifyOne(s Shell, named string, keys []string) error {
	p, err := attest.Open(s.Context(), s.Host())
	if err != nil {
		return err
	}
	defer p.Close()
	all, err := attest.Verify(s.Context(), p, named, keys)
	if err != nil {
		return err
	}
	s.Exit(exitOf(all))
	if s.JSON(all) {
		return nil
	}
	colors := map[attest.Result]begin.Color{attest.Good: begin.Fine, attest.Refuted: begin.Wrong, attest.Unchecked: begin.Caution}
	for _, c := range all {
		s.Print("%s: %s\n", c.From, s.Paint(colors[c.Result], words(c.Result)))
		if c.Commit != "" {
			s.Print("  commit %s, task %s of run %s\n", c.Commit, c.Task, c.Run)
		}
		for _, q := range c.Points {
			s.Print("  %s %s: %s\n", s.Paint(colors[q.Result], string(q.Result)), q.About, q.Why)
		}
	}
	return nil
}

func trace(s Shell, version string) *cobra.Command {
	return &cobra.Command{
		Use:   "trace COMMIT",
		Short: "Print who wrote the lines of a landed commit, as a record of Agent Trace (JSON)",
		Args:  s.Arguments(1, 1, "the commit"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := attest.Open(s.Context(), s.Host())
			if err != nil {
				return err
			}
			defer p.Close()
			t, err := attest.Trace(s.Context(), p, args[0], version)
			if err == nil {
				s.Line(t)
			}
			return err
		},
	}
}

// exitOf gives the exit code: the worst of all.
func exitOf(all []attest.Checked) int {
	code := 0
	for _, c := range all {
		switch c.Result {
		case attest.Refuted:
			return exitRefuted
		case attest.Unchecked:
			code = exitCouldNot
		case attest.Good:
		}
	}
	return code
}

func words(r attest.Result) string {
	switch r {
	case attest.Good:
		return "holds"
	case attest.Refuted:
		return "refuted"
	case attest.Unchecked:
	}
	return "could not be checked"
}

func short(commit string) string { return commit[:min(len(commit), 12)] }
