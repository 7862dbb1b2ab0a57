// Package fairtest carries one whole run in a repository where much is red
// through nobody's fault, with the real command line, and holds that no agent
// was sent back for any of it.
//
// The repository is made by the test: a Go module with a test that is red from
// the start and a suite that takes longer than the checks of a change may, and
// a package of JavaScript whose tests need a dependency from npm, one of which
// fails every fifth time. It needs go, node and npm, and no network.
package fairtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"muster/internal/adapter/inside"
	"muster/internal/adapter/sandbox"
	"muster/internal/app"
	"muster/internal/cli"
)

// TestMain lets the test binary be Muster, a shim or the recorded agent.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "muster":
			os.Exit(muster(os.Args[2:]))
		case "shim":
			os.Exit(sandbox.Shim(os.Args[2]))
		case "agent-script":
			dir, err := os.Getwd()
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(inside.Script(os.Args[2:], os.Stdin, os.Stdout, os.Getenv, dir))
		}
	}
	os.Exit(m.Run())
}

func muster(args []string) int {
	host, err := app.ThisHost()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return cli.Main(context.Background(), host, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, args)
}
