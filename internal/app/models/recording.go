package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/adapter/gateway"
	"muster/internal/adapter/login"
	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/recording"
)

// Taping is a run that is to be recorded or replayed. Exactly one of Record
// and Replay is set, and absolute.
type Taping struct {
	Record, Replay string
	Plan           plan.Plan
	Config         config.Config
	Base           change.Point
}

// NewTaping gives a run that is recorded into a folder, or replayed from one,
// each as named in dir, or empty.
func NewTaping(dir, record, replay string) Taping {
	var t Taping
	for _, f := range []struct {
		name string
		into *string
	}{{record, &t.Record}, {replay, &t.Replay}} {
		if *f.into = f.name; f.name != "" && !filepath.IsAbs(f.name) {
			*f.into = filepath.Join(dir, f.name)
		}
	}
	return t
}

// agents gives the agents of the plan, each once.
func (t Taping) agents() []job.Agent {
	var out []job.Agent
	for _, task := range t.Plan.Tasks {
		if g, ok := t.Config.Choose(task); ok && !slices.ContainsFunc(out, func(o job.Agent) bool { return o.Name == g.Name }) {
			out = append(out, g)
		}
	}
	return out
}

// Check says what is against it, and what people have to know: which agents
// ask their models past the gateway, and what differs from what was recorded.
// It changes nothing. Version asks an agent's program for its version.
func (t Taping) Check(h Host, version func(job.Agent) string) (recording.Manifest, []string, error) {
	now, past, err := t.manifest(h, version)
	if err != nil {
		return now, nil, err
	}
	if t.Replay != "" {
		then, err := readManifest(t.Replay)
		if err != nil {
			return now, nil, err
		}
		warnings, err := t.compare(then, now)
		return now, warnings, err
	}
	if len(now.Agents) == 0 {
		return now, nil, fault.New(fault.Invalid, "record the run into %s: no agent of the plan asks its model through the gateway: %s", t.Record, strings.Join(past, "; ")).
			WithHint("see docs/gateway.md for which agents do")
	}
	for i, text := range past {
		past[i] = "not recorded: " + text
	}
	names, err := os.ReadDir(t.Record)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return now, nil, fault.Wrap(fault.Refused, err, "record the run into %s", t.Record)
	}
	if len(names) > 0 {
		return now, nil, fault.New(fault.Conflict, "record the run into %s: the folder is not empty", t.Record).WithHint("name a new folder")
	}
	return now, past, nil
}

// manifest says how the run would be recorded now, and which agents would not
// be.
func (t Taping) manifest(h Host, version func(job.Agent) string) (m recording.Manifest, past []string, err error) {
	p := t.Plan
	m = recording.Manifest{Version: recording.Version, Name: p.Name, Commit: t.Base.Commit, Tree: t.Base.Tree}
	p.Name, p.Target = "", "" // another name and another branch make no other work
	if m.Plan, err = digest(p); err != nil {
		return m, nil, err
	}
	if m.Config, err = digest(t.Config); err != nil {
		return m, nil, err
	}
	for _, g := range t.agents() {
		_, services, why := login.Through(job.Attempt{Agent: g, Host: h.AgentEnv(wanted(g)), Gateway: job.Gateway{Off: t.Config.Gateway == "off"}})
		if len(services) == 0 {
			past = append(past, fmt.Sprintf("agent %s does not ask its model through the gateway (%s)", g.Name, why))
			continue
		}
		a := recording.Agent{Name: g.Name, Driver: g.Driver, Version: version(g)}
		for _, s := range services {
			a.Services = append(a.Services, recording.Service{Name: s.Name})
		}
		m.Agents = append(m.Agents, a)
	}
	return m, past, nil
}

func digest(v any) (string, error) {
	data, err := json.Marshal(v)
	return evidence.Hash(data), fault.Wrap(fault.Internal, err, "digest what the run is")
}

// compare says how the run differs from the recorded one. Another base is
// other work, and is refused.
func (t Taping) compare(then, now recording.Manifest) (warnings []string, err error) {
	if t.Config.Gateway == "off" {
		return nil, fault.New(fault.Invalid, "replay %s: the gateway, which answers in the models' place, is off", t.Replay).
			WithHint("take gateway: off out of .muster/config.yaml")
	}
	if then.Tree != now.Tree {
		return nil, fault.New(fault.Conflict, "replay %s: it begins from commit %.12s, and the target is at %.12s, which holds other files", t.Replay, then.Commit, now.Commit).
			WithHint("make a branch there, git branch replayed %.12s, and say target: replayed in the plan; give the plan another name where its branch is taken", then.Commit)
	}
	isAny := false
	for _, g := range t.agents() {
		was := then.Agent(g.Name)
		if was == nil || len(was.Services) == 0 {
			warnings = append(warnings, fmt.Sprintf("not replayed: agent %s is not in the recording, and works as ever", g.Name))
			continue
		}
		isAny = true
		if was.Driver != g.Driver {
			return nil, fault.New(fault.Conflict, "replay %s: agent %s was one of the driver %.40q, and is one of the driver %s", t.Replay, g.Name, was.Driver, g.Driver)
		}
		for _, is := range now.Agents {
			if is.Name == g.Name && is.Version != was.Version {
				warnings = append(warnings, fmt.Sprintf("agent %s is version %s, and was %.60q when it was recorded: it may ask otherwise", g.Name, is.Version, was.Version))
			}
		}
	}
	if !isAny {
		return nil, fault.New(fault.Invalid, "replay %s: it holds no agent of the plan", t.Replay).WithHint("replay the plan that was recorded")
	}
	if then.Plan != now.Plan {
		warnings = append(warnings, "the plan is another than the recorded one: agents may ask otherwise")
	}
	if then.Config != now.Config {
		warnings = append(warnings, "the configuration is another than the recorded one")
	}
	for _, task := range t.Plan.Tasks {
		g, ok := t.Config.Choose(task)
		if !ok || then.Agent(g.Name) == nil {
			continue
		}
		if !isThere(t.Replay, recording.File(task.ID, 1)) {
			warnings = append(warnings, "nothing was recorded of task "+task.ID)
		}
	}
	return warnings, nil
}

func isThere(dir, name string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	_, err = root.Lstat(name)
	return err == nil
}

// Begin makes the folder of a recording.
func (t Taping) Begin(m recording.Manifest) error {
	if t.Record == "" {
		return nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	if err == nil {
		err = os.MkdirAll(t.Record, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(t.Record, recording.ManifestFile), b.Bytes(), 0o644)
	}
	return fault.WithHint(fault.Wrap(fault.Refused, err, "make the recording %s", t.Record), "name a folder that can be made and written")
}

// readManifest reads the manifest of a recording that may be somebody else's.
func readManifest(dir string) (recording.Manifest, error) {
	data, err := readIn(dir, recording.ManifestFile)
	if errors.Is(err, os.ErrNotExist) {
		return recording.Manifest{}, fault.New(fault.NotFound, "replay %s: it is no recording, for it has no file %s", dir, recording.ManifestFile).
			WithHint("muster run PLAN --record DIR makes one")
	}
	if err != nil {
		return recording.Manifest{}, fault.Wrap(fault.Refused, err, "replay %s", dir)
	}
	return recording.ParseManifest(data)
}

func readIn(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if info, err := root.Lstat(name); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fault.New(fault.Refused, "%s is no plain file", name)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, recording.MaxManifest+1))
	if err == nil && len(data) > recording.MaxManifest {
		err = fault.New(fault.Refused, "%s is larger than %d bytes", name, recording.MaxManifest)
	}
	return data, err
}

// Played fills in which services of the attempt's agent a recording stands
// for.
func Played(a job.Attempt) (job.Attempt, error) {
	if a.Gateway.Replay == "" {
		return a, nil
	}
	m, err := readManifest(a.Gateway.Replay)
	if err != nil {
		return a, err
	}
	if g := m.Agent(a.Agent.Name); g != nil && g.Driver == a.Agent.Driver {
		for _, s := range g.Services {
			a.Gateway.Played = append(a.Gateway.Played, s.Name)
		}
	}
	return a, nil
}

// IsPlayed reports whether a recording stands for the models of the attempt's
// agent.
func IsPlayed(a job.Attempt) bool {
	played, err := Played(a)
	return err == nil && len(played.Gateway.Played) > 0
}

// recordingOf gives what an attempt's door does with a recording; nil when it
// does nothing.
func recordingOf(a job.Attempt) *gateway.Recording {
	r := gateway.Recording{File: recording.File(a.Task, a.Number), Names: recording.Names{
		Worktree: a.Dir, Scratch: a.Scratch, Home: a.Host["HOME"], Session: a.NewID, Op: a.Op,
	}}
	if a.Number > 1 {
		r.After = recording.File(a.Task, a.Number-1)
	}
	switch {
	case len(a.Gateway.Played) > 0:
		r.Mode, r.Dir = gateway.Replay, a.Gateway.Replay
	case a.Gateway.Record != "":
		r.Mode, r.Dir = gateway.Record, a.Gateway.Record
	default:
		return nil
	}
	if a.Confined { // its home is below its scratch folder
		r.Names.Home = ""
	}
	return &r
}
