package cli

import (
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/core/fault"
)

func newHook(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Judge changes before a push, or when an agent believes to be done",
		Long: "Puts muster check into the pre-push hook of this repository, or into the hook that Claude Code, Codex or\n" +
			"Gemini CLI runs when the agent believes to be done: findings that block then go back to the agent.\n\n" +
			"Hosts: pre-push, claude, codex, gemini",
		Args: between(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	chain := false
	install := &cobra.Command{
		Use: "install HOST", Short: "Install the hook of a host", Args: between(1, 1, "the host"),
		RunE: func(_ *cobra.Command, args []string) error {
			what := app.HookInstall
			if chain {
				what = app.HookChain
			}
			return changeHook(c, args[0], what)
		},
	}
	install.Flags().BoolVar(&chain, "chain", false, "keep a pre-push hook that is there, and run it first")
	cmd.AddCommand(
		install,
		&cobra.Command{
			Use: "uninstall HOST", Short: "Take the hook of a host out again", Args: between(1, 1, "the host"),
			RunE: func(_ *cobra.Command, args []string) error { return changeHook(c, args[0], app.HookUninstall) },
		},
		&cobra.Command{
			Use: "list", Short: "Show which hooks are installed", Args: between(0, 0, ""),
			RunE: func(*cobra.Command, []string) error { return listHooks(c) },
		},
		&cobra.Command{
			Use: "run HOST", Short: "What an installed hook runs", Hidden: true, Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return runHook(c, cmd.InOrStdin(), args[0]) },
		},
	)
	return cmd
}

func hostNamed(name string) (app.Hook, error) {
	if !slices.Contains(app.Hooks(), app.Hook(name)) {
		return "", fault.New(fault.Invalid, "there is no hook for %q", name).WithHint("one of pre-push, claude, codex, gemini")
	}
	return app.Hook(name), nil
}

func changeHook(c *cli, name, what string) error {
	h, err := hostNamed(name)
	if err != nil {
		return err
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	st, err := app.ChangeHook(c.ctx, s, h, what)
	if err != nil {
		return err
	}
	printHook(c, st)
	return nil
}

func listHooks(c *cli) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	for _, h := range app.Hooks() {
		st, err := app.ChangeHook(c.ctx, s, h, app.HookLook)
		if err != nil {
			c.err.f("%s: %s\n", h, err)
			continue
		}
		printHook(c, st)
	}
	return nil
}

func printHook(c *cli, st app.HookStatus) {
	if c.isJSON {
		c.out.json(st)
		return
	}
	c.out.f("%-9s %-10s %s\n", st.Host, st.State, st.File)
	if st.Kept != "" {
		c.out.f("          the hook that was there is kept and runs first: %s\n", st.Kept)
	}
}

// maxHookInput bounds what a host may say.
const maxHookInput = 4 << 20

func runHook(c *cli, in io.Reader, name string) error {
	h, err := hostNamed(name)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(in, maxHookInput))
	if err != nil {
		return fault.Wrap(fault.Internal, err, "read what %s says", name)
	}
	ctx, stop := signal.NotifyContext(c.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	c.ctx = ctx
	if name == "pre-push" {
		return runPrePush(c, string(data))
	}
	var f app.Finished
	if err := json.Unmarshal(data, &f); err != nil {
		return fault.WithHint(fault.Wrap(fault.Invalid, err, "read what %s says", name), "the agent starts this command; run muster check by hand instead")
	}
	return runAgentHook(c, h, f)
}

// runPrePush judges everything that is pushed. Only what blocks stops a push:
// what a person should look at is what the push asks people for.
func runPrePush(c *cli, lines string) error {
	wanted, err := app.Pushed(lines)
	if err != nil {
		return err
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	c.out = c.err // Git shows only this
	for _, w := range wanted {
		j, err := s.Judge(c.ctx, w)
		if err != nil {
			return err
		}
		checkOptions{}.print(c, j)
		c.code = max(c.code, codeOfRoute(j.Route, "rework"))
	}
	if c.code == exitRejected {
		c.err.f("\nmuster: the push was stopped; git push --no-verify goes past this hook\n")
	}
	return nil
}

// decision is the answer that all three agents' programs read from standard
// output. They go on with the reason as the next instruction.
type decision struct {
	Decision string `json:"decision,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Message  string `json:"systemMessage,omitempty"`
}

// runAgentHook answers an agent's program. The answer is on standard output
// with exit code 0: other exit codes mean other things to each of them.
func runAgentHook(c *cli, h app.Hook, f app.Finished) error {
	if f.Dir != "" {
		c.host.Dir = f.Dir
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	a, err := app.AnswerFinished(c.ctx, s, f, app.Wanted{Depth: app.Whole})
	if err != nil {
		return err
	}
	d := decision{Message: a.Text}
	if a.Block {
		d = decision{Decision: "block", Reason: a.Text}
		if h == "gemini" {
			d.Decision = "deny"
		}
	}
	c.out.json(d)
	return nil
}
