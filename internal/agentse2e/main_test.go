// Package agentse2e carries whole runs of the real program with real agents,
// each against a scripted model. It runs on request only;
// scripts/agents-e2e.sh installs the agents and asks for it.
//
// One case is one repository with a home and a state folder of its own, and
// one model. What is held against the script: what landed, what Muster
// recorded, what the model was told, and which processes still live.
package agentse2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"muster/internal/adapter/gateway"
	"muster/internal/adapter/inside"
	"muster/internal/adapter/sandbox"
	"muster/internal/app"
	"muster/internal/cli"
)

// TestMain lets the test binary be Muster or a shim, by its first argument.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "shim":
		os.Exit(sandbox.Shim(os.Args[2]))
	case len(os.Args) == 3 && os.Args[1] == "gateway":
		os.Exit(gateway.Main(os.Args[2:], gateway.Options{}, os.Stderr))
	case len(os.Args) > 2 && os.Args[1] == "agent-login":
		os.Exit(inside.Login(os.Args[2:], inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	case len(os.Args) > 2 && os.Args[1] == "agent-append":
		os.Exit(inside.Append(os.Args[2:], inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	case len(os.Args) > 2 && os.Args[1] == "agent-acp":
		dir, err := os.Getwd()
		if err != nil {
			panic(err)
		}
		os.Exit(inside.ACP(os.Args[2:], inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Getenv, dir))
	case len(os.Args) > 2 && os.Args[1] == "muster":
		os.Exit(muster(os.Args[2:]))
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
