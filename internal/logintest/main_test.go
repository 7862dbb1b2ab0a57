// Package logintest holds whole runs of the real program to what it promises of
// a person's login: several agents at once renew it, one at a time, and nobody
// is logged out. The service, which takes every refresh token once, and the
// agents' programs are of the test; all else is real, processes among it.
package logintest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"muster/internal/adapter/gateway"
	"muster/internal/adapter/inside"
	"muster/internal/adapter/sandbox"
	"muster/internal/app"
	"muster/internal/cli"
)

// TestMain lets the test binary be an agent's program, by its name, and Muster
// or a shim, by its first argument.
func TestMain(m *testing.M) {
	streams := inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	switch name := filepath.Base(os.Args[0]); {
	case name == "claude" || name == "codex":
		os.Exit(program(name, os.Args[1:]))
	case len(os.Args) == 3 && os.Args[1] == "shim":
		os.Exit(sandbox.Shim(os.Args[2]))
	case len(os.Args) == 3 && os.Args[1] == "gateway":
		os.Exit(gateway.Main(os.Args[2:], gateway.Options{}, os.Stderr))
	case len(os.Args) > 2 && os.Args[1] == "agent-login":
		os.Exit(inside.Login(os.Args[2:], streams))
	case len(os.Args) > 1 && os.Args[1] == "muster":
		os.Exit(muster(os.Args[2:]))
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // they mostly wait
		panic(err)
	}
	os.Exit(m.Run())
}

// muster is the real command line.
func muster(args []string) int {
	host, err := app.ThisHost()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return cli.Main(context.Background(), host, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, args)
}
