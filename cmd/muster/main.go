// Command muster directs a team of AI coding agents on a Git repository.
package main

import (
	"context"
	"fmt"
	"os"

	"muster/internal/adapter/inside"
	"muster/internal/adapter/sandbox"
	"muster/internal/app"
	"muster/internal/app/outside"
	"muster/internal/cli"
)

func main() { os.Exit(run(os.Args[1:])) }

// run carries out one command line and gives its exit code. The hidden commands
// come first: every operation starts a shim, so a shim must start fast.
func run(args []string) int {
	if len(args) == 2 && args[0] == "shim" {
		return sandbox.Shim(args[1])
	}
	if len(args) >= 1 && args[0] == "gateway" {
		host, err := app.ThisHost()
		if err != nil {
			fmt.Fprintln(os.Stderr, "muster gateway:", err)
			return 1
		}
		return outside.Gateway(host, args[1:], os.Stderr)
	}
	if len(args) >= 1 && args[0] == "agent-script" {
		dir, err := os.Getwd()
		if err != nil {
			fmt.Fprintln(os.Stderr, "muster agent-script:", err)
			return 1
		}
		return inside.Script(args[1:], os.Stdin, os.Stdout, os.Getenv, dir)
	}
	if len(args) >= 1 && args[0] == "agent-acp" {
		dir, err := os.Getwd()
		if err != nil {
			fmt.Fprintln(os.Stderr, "muster agent-acp:", err)
			return 1
		}
		return inside.ACP(args[1:], inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Getenv, dir)
	}
	if len(args) >= 1 && args[0] == "agent-login" {
		return inside.Login(args[1:], inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	}
	if len(args) >= 1 && args[0] == "agent-append" {
		return inside.Append(args[1:], inside.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	}
	host, err := app.ThisHost()
	if err != nil {
		fmt.Fprintln(os.Stderr, "muster:", err)
		return 1
	}
	return cli.Main(context.Background(), host, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, args)
}
