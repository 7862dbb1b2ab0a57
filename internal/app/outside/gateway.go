package outside

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"muster/internal/adapter/gateway"
	"muster/internal/adapter/pricelist"
	"muster/internal/adapter/sandbox"
	"muster/internal/app/machine"
	"muster/internal/app/telemetry"
	"muster/internal/check"
	"muster/internal/core/egress"
	"muster/internal/core/job"
	"muster/internal/core/meter"
)

// connectionsFile holds what was asked of doors beside models, in the folder of
// the gateway.
const connectionsFile = "connections"

// Gateway is the process "muster gateway DIR": what serves the doors of
// attempts. It returns the exit code.
func Gateway(h machine.Host, args []string, stderr io.Writer) int {
	if len(args) != 1 {
		return gateway.Main(args, gateway.Options{}, stderr)
	}
	if h.Env[job.KeptVariable] != "" {
		dress(h, args[0], stderr)
	}
	packages := &Packages{Env: h.Env, Has: h.Has, Dir: args[0], Exec: func() check.Exec {
		return sandbox.NewExecutor(h.CheckEnv(), append(append([]string{}, h.Self...), "shim"))
	}}
	doors := NewDoors(packages.Registries, filepath.Join(args[0], connectionsFile))
	defer func() { _ = doors.Close() }()
	others := func(d gateway.Door) http.Handler { return doors.Open(d.Name, allowed(d.Egress)) }
	exporters := telemetry.NewExporters(filepath.Join(filepath.Dir(args[0]), telemetry.LogFile))
	defer exporters.Close()
	newer := func() (meter.Table, error) { return pricelist.Read(filepath.Dir(args[0])) } // the gateway's folder is in the state root
	return gateway.Main(args, gateway.Options{Others: others, Newer: newer, Tell: exporters.Tell}, stderr)
}

// dress has a gateway that a shim started begin again with the environment that
// Muster left for it. It returns only where that cannot be: a gateway without it
// still serves whom it can reach.
func dress(h machine.Host, dir string, stderr io.Writer) {
	env, without, err := gateway.Environment(dir)
	if len(without) > 0 {
		_, _ = fmt.Fprintf(stderr, "muster gateway: started again without %s: a login stands there, which is not kept on the disk; end it while Muster runs to have it back\n", strings.Join(without, ", "))
	}
	if err == nil && len(env) > 0 && len(h.Self) > 0 {
		err = syscall.Exec(h.Self[0], append(slices.Clone(h.Self), "gateway", dir), env)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "muster gateway: started again with nothing of your environment:", err)
	}
}

// allowed reads hosts that were written from what was read; what is none
// allows nothing.
func allowed(texts []string) []egress.Host {
	var hosts []egress.Host
	for _, t := range texts {
		if h, why := egress.Parse(t); why == "" {
			hosts = append(hosts, h)
		}
	}
	return hosts
}
