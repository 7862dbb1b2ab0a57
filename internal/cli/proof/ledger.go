// Package proof holds the commands about what is recorded and proven: the
// ledger, and attestations of what landed.
package proof

import (
	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/begin"
	"muster/internal/core/fault"
	"muster/internal/core/provenance"
)

// Shell is the command line that the commands are part of.
type Shell interface {
	begin.Shell
	Exit(code int) // what the program ends with, when there is no error
	Line(v any)    // prints v as a line of JSON, whatever is wanted

	Bytes(data []byte) error // on standard output, as they are
}

// The exit codes of what is proven.
const (
	exitCouldNot = 1
	exitRefuted  = 20
)

// Ledger gives the command muster ledger.
func Ledger(s Shell) *cobra.Command {
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
	var keys []string
	verify := &cobra.Command{
		Use: "verify", Short: "Hash every record and blob again, compare, and check the signatures", Args: s.Arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return verifyLedger(s, keys) },
	}
	keyFlag(verify, &keys)
	cmd.AddCommand(
		verify,
		&cobra.Command{
			Use: "export [RUN]", Short: "Print every record as a line of JSON; of one run when it is named", Args: s.Arguments(0, 1, "the run"),
			RunE: func(_ *cobra.Command, args []string) error { return exportLedger(s, args) },
		},
	)
	return cmd
}

// keyFlag adds the flag that names keys one trusts.
func keyFlag(cmd *cobra.Command, into *[]string) {
	cmd.Flags().StringArrayVar(into, "key", nil, "trust this key, a .pub file or a fingerprint, instead of those that have signed on this machine; may be repeated")
}

func verifyLedger(sh Shell, keys []string) error {
	s, err := app.Open(sh.Context(), sh.Host())
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := s.Verify(sh.Context(), keys...)
	if err != nil {
		return err
	}
	if !r.OK() {
		sh.Exit(exitCouldNot)
	}
	if sh.JSON(r) {
		return nil
	}
	sh.Print("%d records in %d streams, %d seals, %d blobs\n", r.Records, r.Streams, r.Seals, r.Blobs)
	for _, p := range r.Problems {
		where := string(p.Stream)
		if p.Blob != "" {
			where = "blob " + p.Blob
		}
		sh.Print("%s %s #%d: %s\n", sh.Paint(begin.Wrong, "problem:"), where, p.Seq, p.What)
	}
	printSigned(sh, r.Seals, r.Signed)
	if r.OK() {
		sh.Print("%s, up to seal %d: %s\n", sh.Paint(begin.Fine, "whole"), r.Head.Seq, r.Head.Hash)
	}
	return nil
}

// printSigned says who signed which seals.
func printSigned(p Shell, seals int64, s provenance.Signed) {
	switch {
	case seals == 0:
	case s.Seals == 0:
		p.Print("%s: whoever can write the ledger could have rewritten it as a whole\n", p.Paint(begin.Caution, "no seal is signed"))
	case s.From > 1:
		p.Print("signed from seal %d on; the %d before it are older than signatures\n", s.From, s.From-1)
	}
	for _, k := range s.Keys {
		note := ""
		if !k.Trusted {
			note = ", which nobody here has named as trusted"
		}
		p.Print("seals %d to %d are signed by %s%s\n", k.From, k.To, k.Key, note)
	}
}

func exportLedger(sh Shell, args []string) error {
	s, err := app.Open(sh.Context(), sh.Host())
	if err != nil {
		return err
	}
	defer s.Close()
	run := ""
	if len(args) > 0 {
		run = args[0]
	}
	return s.Export(sh.Context(), run, func(row any) error {
		sh.Line(row)
		return nil
	})
}
