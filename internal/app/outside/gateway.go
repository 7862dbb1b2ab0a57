package outside

import (
	"io"
	"net/http"
	"path/filepath"

	"muster/internal/adapter/gateway"
	"muster/internal/adapter/pricelist"
	"muster/internal/adapter/sandbox"
	"muster/internal/app/machine"
	"muster/internal/app/telemetry"
	"muster/internal/check"
	"muster/internal/core/egress"
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
