// Package telemetry tells a collector of OpenTelemetry what happens, where a
// person has set one: the gateway's process tells of each request to a model,
// and whoever records that an attempt, a task or a run has ended tells of that.
// Nothing waits for it, and where none is set nothing of it is there: no
// goroutine, no file, no connection.
package telemetry

import (
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"muster/internal/adapter/collector"
	"muster/internal/core/otlp"
)

// Variables gives OpenTelemetry's variables of an environment where they ask
// for something to be sent, or name something that cannot be followed; nil
// otherwise. Some may hold keys.
func Variables(env map[string]string) map[string]string {
	if _, isOn, problems := otlp.ReadSettings(env); !isOn && len(problems) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, name := range otlp.Names() {
		if v := env[name]; v != "" {
			out[name] = v
		}
	}
	return out
}

// Text says where an environment has telemetry sent, without what may be a key,
// and what of it cannot be followed; both are empty where none is set.
func Text(env map[string]string) (text string, problems []string) {
	s, isOn, problems := otlp.ReadSettings(env)
	if !isOn {
		return "", problems
	}
	var to []string
	for _, c := range []struct{ what, at string }{{"spans to ", s.Traces}, {"metrics to ", s.Metrics}} {
		if u, err := url.Parse(c.at); err == nil && c.at != "" {
			to = append(to, c.what+u.Scheme+"://"+u.Host+u.Path)
		}
	}
	return strings.Join(to, ", ") + "; never content", problems
}

// LogFile is where what cannot be sent is said, below the state root.
const LogFile = "telemetry.log"

// maxExporters bounds for how many different settings one gateway sends.
const maxExporters = 16

// Exporters are those of a process, one for each of the settings that doors are
// opened with.
type Exporters struct {
	log *slog.Logger

	mu   sync.Mutex
	byID map[string]*collector.Exporter
}

// NewExporters gives none yet. What cannot be sent is said in the file.
func NewExporters(file string) *Exporters {
	return &Exporters{log: logTo(file), byID: map[string]*collector.Exporter{}}
}

// Tell gives what is told of each request of a door that was opened with these
// variables; nil when nothing is.
func (x *Exporters) Tell(vars map[string]string) func(otlp.Request) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		fmt.Fprintf(&b, "%q=%q\n", name, vars[name])
	}
	id := b.String()
	x.mu.Lock()
	defer x.mu.Unlock()
	e, ok := x.byID[id]
	if !ok && len(x.byID) < maxExporters {
		e = exporter(vars, x.log)
		x.byID[id] = e
	}
	if e == nil {
		return nil
	}
	return e.Request
}

// Close sends what is left, for two seconds at most.
func (x *Exporters) Close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all sync.WaitGroup
	for _, e := range x.byID {
		if e != nil {
			all.Go(e.Close)
		}
	}
	all.Wait()
}

// exporter gives what sends as variables say, or nil.
func exporter(vars map[string]string, log *slog.Logger) *collector.Exporter {
	s, isOn, problems := otlp.ReadSettings(vars)
	for _, p := range problems {
		log.Warn("telemetry: " + p)
	}
	if !isOn {
		return nil
	}
	return collector.New(s, version(), log)
}

// version names this program.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// logTo gives a log in a file that is made when there is something to say.
func logTo(file string) *slog.Logger { return slog.New(slog.NewTextHandler(lateFile(file), nil)) }

// lateFile is a file that is opened for each line: there are few.
type lateFile string

const maxLog = 1 << 20 // bytes after which the log begins anew

// Write implements io.Writer.
func (f lateFile) Write(p []byte) (int, error) {
	path := string(f)
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		_ = os.Rename(path, path+".old") // else the log goes on growing
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer out.Close()
	return out.Write(p)
}
