package cli

import (
	"github.com/spf13/cobra"

	"muster/internal/core/fault"
)

func newLedger(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Verify or export the record of everything that happened",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fault.New(fault.Invalid, "muster ledger: there is no command %q", args[0]).WithHint("there are verify and export")
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "verify", Short: "Hash every record and blob again, and compare", Args: between(0, 0, ""),
			RunE: func(*cobra.Command, []string) error { return verifyLedger(c) },
		},
		&cobra.Command{
			Use: "export [RUN]", Short: "Print every record as a line of JSON; of one run when it is named", Args: between(0, 1, "the run"),
			RunE: func(_ *cobra.Command, args []string) error { return exportLedger(c, first(args)) },
		},
	)
	return cmd
}

func verifyLedger(c *cli) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := s.Verify(c.ctx)
	if err != nil {
		return err
	}
	if !r.OK() {
		c.code = exitInternal
	}
	if c.isJSON {
		c.out.json(r)
		return nil
	}
	c.out.f("%d records in %d streams, %d seals, %d blobs\n", r.Records, r.Streams, r.Seals, r.Blobs)
	for _, p := range r.Problems {
		where := string(p.Stream)
		if p.Blob != "" {
			where = "blob " + p.Blob
		}
		c.out.f("%s %s #%d: %s\n", c.out.paint(red, "problem:"), where, p.Seq, p.What)
	}
	if r.OK() {
		c.out.f("%s, up to seal %d: %s\n", c.out.paint(green, "whole"), r.Head.Seq, r.Head.Hash)
	}
	return nil
}

func exportLedger(c *cli, run string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Export(c.ctx, run, func(row any) error {
		c.out.json(row)
		return nil
	})
}
