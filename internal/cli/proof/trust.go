package proof

import (
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/app/offers"
	"muster/internal/cli/begin"
	"muster/internal/cli/unit"
	"muster/internal/core/fault"
)

// Trust gives the command muster trust.
func Trust(s Shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Show what the repository offers agents: instructions, hooks, MCP servers; and which of it you approved",
		Long: "Lists what is committed at HEAD. Instructions are read by agents as prose. Nothing else runs unless you approve it:\n" +
			"an approval names the hash of the entry and of the repository's files that its command names, and lapses when any\n" +
			"of them changes. What is approved runs from a read-only copy, within the agent's own sandbox.",
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fault.New(fault.Invalid, "muster trust: there is no command %q", args[0]).WithHint("there are approve and revoke")
			}
			return with(s, func(p *offers.Place) error { return list(s, p) })
		},
	}
	cmd.AddCommand(answer(s, "approve", "Approve hooks or MCP servers of the repository, as they are committed at HEAD", func(p *offers.Place, ids []string) ([]offers.Approval, error) {
		return p.Approve(s.Context(), ids)
	}), answer(s, "revoke", "Take approvals back; agents that run keep what they have", (*offers.Place).Revoke))
	return cmd
}

func with(s Shell, do func(*offers.Place) error) error {
	p, err := offers.Open(s.Context(), s.Host())
	if err != nil {
		return err
	}
	defer p.Close()
	return do(p)
}

// answer is a command that changes approvals by their ids.
func answer(s Shell, verb, short string, do func(*offers.Place, []string) ([]offers.Approval, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID...", Short: short,
		Args: s.Arguments(1, 100, "the id"),
		RunE: func(_ *cobra.Command, ids []string) error {
			return with(s, func(p *offers.Place) error {
				done, err := do(p, ids)
				if err != nil || s.JSON(done) {
					return err
				}
				for _, a := range done {
					s.Print("%sd %s: %s, in %s\n", verb, a.ID, a.Said, a.Path)
				}
				return nil
			})
		},
	}
}

func list(s Shell, p *offers.Place) error {
	l, err := p.At(s.Context())
	if err != nil || s.JSON(l) {
		return err
	}
	if len(l.Instructions)+len(l.Offers)+len(l.Problems)+len(l.Lapsed) == 0 {
		s.Print("the repository offers agents nothing at %.9s\n", l.Commit)
		return nil
	}
	if len(l.Instructions) > 0 {
		s.Print("instructions that agents read:\n")
	}
	for _, i := range l.Instructions {
		s.Print("  %s  %s\n", i.Path, s.Paint(begin.Aside, "("+strings.Join(i.Of, ", ")+")"))
	}
	if len(l.Offers) > 0 {
		s.Print("\nwhat agents' programs would start or load, and what is set for them:\n")
	}
	for _, o := range l.Offers {
		one(s, o)
	}
	for _, a := range l.Lapsed {
		s.Print("  %s  %s  %s, in %s: it is gone, or it or a file that it names was changed\n", a.ID, s.Paint(begin.Wrong, "lapsed  "), a.Said, a.Path)
	}
	for _, p := range l.Problems {
		s.Print("  %s  %s %s\n", s.Paint(begin.Caution, "not looked at"), p.Path, p.Text)
	}
	return nil
}

func one(s Shell, o offers.Status) {
	state := s.Paint(begin.Aside, "off     ")
	if o.Approval != nil {
		state = s.Paint(begin.Fine, "approved")
	}
	s.Print("  %s  %s  %s, in %s\n", o.ID, state, o.Said, o.Path)
	say := func(text string) { s.Print("            %s\n", s.Paint(begin.Aside, text)) }
	if o.Approval != nil {
		say("by " + strings.TrimPrefix(o.Approval.By, "person:") + ", " + unit.DateTime(o.Approval.AtUS))
	}
	switch {
	case o.Refused != "":
		say("cannot be approved: " + o.Refused)
		return
	case len(o.Given) == 0:
		say("cannot be approved: Muster knows no way to give it to " + strings.Join(o.Of, ", "))
		return
	}
	var names []string
	for _, f := range o.Files {
		names = append(names, f.Path)
	}
	if len(names) == 0 {
		names = []string{"no file: what it runs beyond its command is not known from the repository"}
	}
	say("for " + strings.Join(o.Given, ", ") + "; pins " + strings.Join(names[:min(len(names), 5)], ", "))
	for _, program := range o.Of {
		if !strings.Contains(" "+strings.Join(o.Given, " ")+" ", " "+program+" ") {
			say("not for " + program + ": Muster knows no way to give it this")
		}
	}
}
