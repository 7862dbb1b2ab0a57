// Package killtest kills Muster and its shims with SIGKILL, in real processes
// on a real repository, at every boundary between steps and at random moments,
// and then holds what became of the run against what would have without kills.
package killtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"muster/internal/adapter/sandbox"
	"muster/internal/app"
	"muster/internal/cli"
	"muster/internal/engine"
)

// TestMain lets the test binary be Muster or a shim. Its first argument then
// names a folder of marks: the process kills itself at the first boundary that
// has no mark there, after it has left the mark. "-" is no folder.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch marks := os.Args[1]; os.Args[2] {
		case "muster":
			os.Exit(muster(marks, os.Args[3:]))
		case "shim":
			os.Exit(shim(marks, os.Args[3]))
		}
	}
	os.Exit(m.Run())
}

// muster is the real command line, with a probe.
func muster(marks string, args []string) int {
	host, err := app.ThisHost()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	host.Self = append(host.Self, marks)
	if marks != "-" {
		host.Probe = func(s engine.Step, commands ...string) {
			for _, c := range commands {
				die(marks, "muster "+string(s)+" "+boundary(c))
			}
		}
	}
	return cli.Main(context.Background(), host, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, args)
}

// boundary names a command so that it is the same in every attempt: the number
// of an op grows with every attempt that was lost.
func boundary(command string) string {
	stream, op, _ := strings.Cut(command, "#")
	parts := strings.Split(stream, "/")
	_, kind, _ := strings.Cut(op, ".")
	return parts[0] + " " + parts[len(parts)-1] + " " + kind
}

// shim is the real shim, with a probe.
func shim(marks, dir string) int {
	if marks == "-" || dir == "-" { // the latter runs a check's command
		return sandbox.Shim(dir)
	}
	op := strings.Split(filepath.Base(dir), ".") // run, task, attempt
	return sandbox.ShimWith(dir, func(step string) { die(marks, "shim "+step+" "+op[1]) })
}

// die kills this process unless it, or one before it, was killed here already.
func die(dir, where string) {
	name := filepath.Join(dir, strings.ReplaceAll(where, " ", "_"))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return // marked before
	}
	_ = f.Close()
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
}
