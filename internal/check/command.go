package check

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

// Command gives the process for a command that a person wrote. Go keeps to
// the toolchain at hand: a change must not make it fetch another one. The
// request's own environment comes last and wins.
func Command(c plan.Command, dir string, env []string) job.Command {
	return job.Command{
		Argv:  c.Argv,
		Shell: c.Shell,
		Dir:   dir,
		Env:   append([]string{"GOTOOLCHAIN=local"}, env...),
	}
}

// Ran is what a command did.
type Ran struct {
	Output job.Output
	Why    string // why it gives no answer: not executed, killed, timed out; empty when it ended by itself
}

// Failed reports whether the command ran to its end and said no.
func (r Ran) Failed() bool { return r.Why == "" && r.Output.Code != 0 }

// Text gives both streams of the command, without the folders it ran in.
func (r Ran) Text(dirs ...string) string {
	out := strings.TrimRight(r.Output.Stdout, "\n")
	if out != "" && r.Output.Stderr != "" {
		out += "\n"
	}
	return Relative(out+r.Output.Stderr, dirs...)
}

// Do runs a command and tells apart an answer from the lack of one: a command
// that could not be executed or was killed from outside says nothing about
// the change.
func Do(ctx context.Context, x Exec, c job.Command) Ran {
	out, err := x.Run(ctx, c)
	return Ran{Output: out, Why: noAnswer(c, out, err)}
}

func noAnswer(c job.Command, out job.Output, err error) string {
	name := plan.Command{Argv: c.Argv, Shell: c.Shell}.String()
	switch {
	case err != nil:
		why := fmt.Sprintf("%s could not be executed: %v", name, err)
		if hint := fault.HintOf(err); hint != "" {
			why += " (" + hint + ")"
		}
		return why
	case out.TimedOut:
		return name + " was ended at its time limit"
	case strings.Contains(strings.ToUpper(out.Signal), "KILL"):
		return name + " was killed from outside, perhaps for want of memory"
	case out.Code < 0 && out.Signal == "":
		return name + " did not end by itself"
	case out.Code == 126 || out.Code == 127:
		return fmt.Sprintf("%s could not be executed: exit code %d: %s", name, out.Code, lastLine(out.Stderr))
	}
	return ""
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return Clip(lines[len(lines)-1], 300)
}

// InDir gives a shell line that runs line in a folder of the repository.
func InDir(dir, line string) string {
	if dir = path.Clean(dir); dir == "." {
		return line
	}
	return plan.Command{Argv: []string{"cd", dir}}.String() + " && " + line
}

// DiffCommand gives the command that shows what the change did to the paths.
func DiffCommand(baseTree, headTree string, paths ...string) string {
	argv := []string{"git", "--literal-pathspecs", "diff", "--no-renames", "--name-status", baseTree, headTree}
	if len(paths) > 0 {
		argv = append(append(argv, "--"), slices.Clip(paths)...)
	}
	return plan.Command{Argv: argv}.String()
}

// LineCommand gives the command that shows one line of a file of a tree, or
// with line 0 the whole file.
func LineCommand(tree, path string, line int) string {
	read := plan.Command{Argv: []string{"git", "cat-file", "-p", tree + ":" + path}}.String()
	if line == 0 {
		return read
	}
	return fmt.Sprintf("%s | sed -n %dp | cat -v", read, line)
}
