// Package cli is the command line: it reads arguments, asks app to do what
// they say, and shows what came of it. It has no rules of its own about runs.
//
// Each verb is one file: its options, the constructor of its command, and the
// function that runs it. Output goes through the printer, which strips control
// characters from everything that comes from agents and repositories.
package cli

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"muster/internal/app"
	"muster/internal/cli/begin"
	"muster/internal/cli/complete"
	"muster/internal/cli/prices"
	"muster/internal/cli/proof"
	"muster/internal/core/fault"
)

// Streams are where a command reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Format says how results are written.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json"
)

// cli is one invocation.
type cli struct {
	ctx    context.Context //nolint:containedctx // of the whole process; cobra would carry it the same way
	host   app.Host
	out    *printer
	err    *printer
	isJSON bool
	live   *os.File // the terminal for a screen that is redrawn; nil when there is none
	code   int      // exit code when there is no error
}

// Main carries out one command line and gives its exit code.
func Main(ctx context.Context, h app.Host, s Streams, args []string) int {
	c := &cli{ctx: ctx, host: h}
	c.out, c.err = newPrinter(s.Out, h.Env), newPrinter(s.Err, h.Env)
	if f, ok := s.Out.(*os.File); ok && c.out.isTerminal && h.Env["TERM"] != "dumb" {
		c.live = f
	}
	root := c.root() //nolint:contextcheck // the commands have the context from c
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	if err := root.ExecuteContext(ctx); err != nil {
		c.fail(err)
		return codeOfError(err)
	}
	return c.code
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "muster",
		Short: "Direct a team of AI coding agents on a Git repository; land only what passes muster",
		Long: "Muster runs AI coding agents on the tasks of a plan, each in a worktree of its own, checks every\n" +
			"change, asks a person where the evidence is thin, and lands the rest on a branch of the run.\n\n" +
			"Exit codes:\n" + exitHelp(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return noCommand(cmd, args[0])
		},
	}
	root.PersistentFlags().BoolVar(&c.isJSON, "json", false, "print JSON")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fault.WithHint(fault.Wrap(fault.Invalid, err, "read the flags of %s", cmd.CommandPath()), "%s --help shows them", cmd.CommandPath())
	})
	root.AddCommand(
		newCheck(c), newDismiss(c), newHook(c), begin.Plan(shell{c}), newRun(c), newStatus(c), newLog(c), newShow(c), newDiff(c), newApprove(c), newReject(c), newRetry(c),
		newAttach(c), newNudge(c), newCheckout(c), newSubmit(c),
		newStop(c), newResume(c), newGC(c), newDemo(c), begin.Doctor(shell{c}, thisVersion()), proof.Ledger(shell{c}), proof.Attest(shell{c}, thisVersion().Version), proof.Trust(shell{c}), prices.Prices(shell{c}), newVersion(c), newMan(c),
	)
	complete.Add(c.ctx, c.host, root)
	return root
}

// open opens the repository that the person is in.
func (c *cli) open() (*app.Session, error) { return app.Open(c.ctx, c.host) }

// noCommand says which command may be meant by a word that is none.
func noCommand(parent *cobra.Command, word string) error {
	e := fault.New(fault.Invalid, "there is no command %q", strings.TrimPrefix(parent.CommandPath()+" "+word, "muster "))
	parent.SuggestionsMinimumDistance = max(parent.SuggestionsMinimumDistance, 2)
	if near := parent.SuggestionsFor(word); len(near) > 0 {
		return e.WithHint("did you mean %s?", parent.CommandPath()+" "+strings.Join(near, " or "+parent.CommandPath()+" "))
	}
	return e.WithHint("%s --help lists the commands", parent.CommandPath())
}

// between accepts from low to high arguments.
func between(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < low:
			return fault.New(fault.Invalid, "%s: %s is missing", cmd.CommandPath(), what).WithHint("usage: %s", cmd.UseLine())
		case len(args) > high:
			if cmd.HasSubCommands() {
				return noCommand(cmd, args[high])
			}
			return fault.New(fault.Invalid, "%s: %q is one argument too many", cmd.CommandPath(), args[high]).WithHint("usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// first gives the first argument, or "".
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// fail says what went wrong: what was tried and the cause on one line, what to
// do on another.
func (c *cli) fail(err error) {
	if c.isJSON {
		c.out.json(map[string]any{"type": "error", "kind": fault.KindOf(err), "error": err.Error(), "hint": fault.HintOf(err)})
	}
	c.err.f("muster: %s\n", err)
	if hint := fault.HintOf(err); hint != "" {
		c.err.f("hint: %s\n", hint)
	}
}

// width gives the columns and rows of the live terminal.
func (c *cli) size() (columns, rows int) {
	columns, rows, err := term.GetSize(int(c.live.Fd()))
	if err != nil || columns < 20 || rows < 5 {
		return 80, 24
	}
	return columns, rows
}
