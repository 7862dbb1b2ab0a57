package models_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/login"
	"muster/internal/app/models"
	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/recording"
)

func version(job.Agent) string { return "1.0" }

// taping is a run of two tasks by claude, which has a key.
func taping(record, replay string) (models.Taping, host) {
	t := models.NewTaping("/", record, replay)
	t.Config = config.Default()
	t.Plan = plan.Plan{Name: "p", Target: "main", Tasks: []plan.Task{{ID: "one", Agent: "claude"}, {ID: "two", Agent: "claude"}}}
	t.Base = change.Point{Commit: strings.Repeat("a", 40), Tree: strings.Repeat("b", 40)}
	return t, host{"ANTHROPIC_API_KEY": key}
}

func TestTaping(t *testing.T) {
	if r := models.NewTaping("/here", "there", ""); r.Record != "/here/there" || r.Replay != "" {
		t.Errorf("%+v", r)
	}
	if r := models.NewTaping("/here", "", "/there"); r.Record != "" || r.Replay != "/there" {
		t.Errorf("%+v", r)
	}
	dir := filepath.Join(t.TempDir(), "new", "folder")
	r, h := taping(dir, "")
	r.Plan.Tasks[1].Agent = "codex"
	m, warnings, err := r.Check(h, version)
	if err != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "not recorded: agent codex does not ask its model through the gateway") {
		t.Fatalf("%q %v", warnings, err)
	}
	if a := m.Agent("claude"); a == nil || a.Version != "1.0" || len(a.Services) != 1 || a.Services[0].Name != "anthropic" || m.Agent("codex") != nil {
		t.Errorf("%+v", m)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("looking has made the folder")
	}
	if err := r.Begin(m); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Check(h, version); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a folder that is not empty: %v", err)
	}
	if _, _, err := r.Check(host{}, version); err == nil || !strings.Contains(err.Error(), "no agent of the plan asks") {
		t.Errorf("without any agent: %v", err)
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ofFile, _ := taping(file, "")
	if _, _, err := ofFile.Check(h, version); fault.KindOf(err) != fault.Refused {
		t.Errorf("a file in place of a folder: %v", err)
	}

	// The same, replayed under another name and onto another branch.
	if err := os.WriteFile(filepath.Join(dir, "one.1.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	said := func(change func(*models.Taping), h host, v string) (string, error) {
		again, _ := taping("", dir)
		again.Plan.Name, again.Plan.Target, again.Plan.Tasks[1].Agent = "q", "other", "codex"
		change(&again)
		_, warnings, err := again.Check(h, func(job.Agent) string { return v })
		return strings.Join(warnings, "\n"), err
	}
	for name, c := range map[string]struct {
		change  func(*models.Taping)
		host    host
		version string
		want    string // warnings
	}{
		"the same":                         {func(*models.Taping) {}, h, "1.0", "not replayed: agent codex is not in the recording, and works as ever"},
		"without a key":                    {func(*models.Taping) {}, nil, "2.0", "not replayed: agent codex is not in the recording, and works as ever"},
		"another version":                  {func(*models.Taping) {}, h, "2.0", "agent claude is version 2.0, and was \"1.0\" when it was recorded: it may ask otherwise\nnot replayed: agent codex is not in the recording, and works as ever"},
		"another plan":                     {func(a *models.Taping) { a.Plan.Goal, a.Plan.Tasks = "x", a.Plan.Tasks[:1] }, h, "1.0", "the plan is another than the recorded one: agents may ask otherwise"},
		"another gate":                     {func(a *models.Taping) { a.Config.Rounds, a.Plan.Tasks = 7, a.Plan.Tasks[:1] }, h, "1.0", "the plan is another than the recorded one: agents may ask otherwise\nthe configuration is another than the recorded one"},
		"a task of which nothing is there": {func(a *models.Taping) { a.Plan.Tasks = []plan.Task{{ID: "two", Agent: "claude"}} }, h, "1.0", "the plan is another than the recorded one: agents may ask otherwise\nnothing was recorded of task two"},
	} {
		if got, err := said(c.change, c.host, c.version); err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", name, got, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		change func(*models.Taping)
		want   string
	}{
		"another base":     {func(a *models.Taping) { a.Base.Tree = strings.Repeat("c", 40) }, "git branch replayed aaaaaaaaaaaa"},
		"another driver":   {func(a *models.Taping) { a.Config.Agents = []job.Agent{{Name: "claude", Driver: "codex"}} }, "was one of the driver"},
		"no agent of it":   {func(a *models.Taping) { a.Plan.Tasks = a.Plan.Tasks[1:] }, "holds no agent of the plan"},
		"no gateway":       {func(a *models.Taping) { a.Config.Gateway = "off" }, "is off"},
		"no recording":     {func(a *models.Taping) { a.Replay = t.TempDir() }, "no recording"},
		"no folder at all": {func(a *models.Taping) { a.Replay = "/nonexistent" }, "no recording"},
		"a pipe": {func(a *models.Taping) {
			a.Replay = t.TempDir()
			if err := syscall.Mkfifo(filepath.Join(a.Replay, recording.ManifestFile), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "no plain file"},
	} {
		if _, err := said(c.change, h, "1.0"); err == nil || !strings.Contains(err.Error()+fault.HintOf(err), c.want) {
			t.Errorf("%s: %v (%s), want %q", name, err, fault.HintOf(err), c.want)
		}
	}
	played, err := models.Played(job.Attempt{Agent: job.Agent{Name: "claude", Driver: "claude"}, Gateway: job.Gateway{Replay: dir}})
	if err != nil || len(played.Gateway.Played) != 1 {
		t.Errorf("%+v %v", played.Gateway, err)
	}
	for _, a := range []job.Attempt{
		{Agent: job.Agent{Name: "claude", Driver: "claude"}},
		{Agent: job.Agent{Name: "codex", Driver: "codex"}, Gateway: job.Gateway{Replay: dir}},
		{Agent: job.Agent{Name: "claude", Driver: "codex"}, Gateway: job.Gateway{Replay: dir}},
	} {
		if got, err := models.Played(a); err != nil || len(got.Gateway.Played) != 0 {
			t.Errorf("%+v %v", got, err)
		}
	}
}

// What an attempt's recording calls its home is the agent's: below the scratch
// folder where it is confined.
func TestRecordedNames(t *testing.T) {
	p, ctx := newPlace(t), context.Background()
	for _, c := range []struct {
		isConfined bool
		number     int
		after      string
	}{{false, 1, ""}, {true, 2, `"after":"task.1.jsonl"`}} {
		a := p.attempt(fmt.Sprintf("run.task.%d", c.number))
		a.Dir, a.Scratch, a.Number, a.Confined, a.Host, a.Gateway.Record = "/w/1", "/s", c.number, c.isConfined, map[string]string{"HOME": "/home/kim"}, t.TempDir()
		if _, _, err := p.Open(ctx, a, p.services(), ""); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join(a.Gateway.Record, recording.File("task", c.number)))
		if err != nil || strings.Contains(string(file), "/home/kim") == c.isConfined || !strings.Contains(string(file), `"scratch":"/s"`) {
			t.Errorf("%s %v", file, err)
		}
		door, err := os.ReadFile(filepath.Join(p.root, "gateway", "doors", a.Op, "door.json"))
		if err != nil || strings.Contains(string(door), `"after"`) != (c.after != "") || !strings.Contains(string(door), c.after) {
			t.Errorf("%s %v", door, err)
		}
	}
}

// TestReplayedAttempt: what a replayed attempt takes is not spent, and what the
// recording lacks is what it ended of.
func TestReplayedAttempt(t *testing.T) {
	p, ctx, dir := newPlace(t), context.Background(), t.TempDir()
	a := p.attempt("run.task.1", job.Budget{Scope: job.OfRun})
	a.Dir, a.Gateway.Record = "/w/1", dir
	d, _, err := p.Open(ctx, a, p.services(), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, d); got != 200 {
		t.Fatal(got)
	}
	was, err := p.Book(ctx, a.Op, job.Outcome{Kind: job.Done}, p.services())
	if err != nil || was.Usage.Output != fakemodel.OutputTokens || was.Replayed != nil {
		t.Fatalf("%+v %v", was, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "task.1.jsonl")); err != nil {
		t.Error(err)
	}
	before := len(p.model.Requests())

	a = p.attempt("other.task.1", job.Budget{Scope: job.OfRun, Tokens: 1, Spent: job.Usage{Output: 5}})
	a.Dir, a.Gateway.Replay, a.Gateway.Played = "/w/2", dir, []string{"openai"}
	services := []login.Service{{Name: "openai"}}
	if d, _, err = p.Open(ctx, a, services, ""); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, d); got != 200 {
		t.Fatal(got)
	}
	if got := p.Spend(ctx, a.Op); got != (job.Usage{}) {
		t.Errorf("spent so far %+v", got)
	}
	reported := job.Usage{Input: 9, Turns: 2}
	o, err := p.Book(ctx, a.Op, job.Outcome{Kind: job.Done, Usage: reported}, nil)
	if err != nil || o.Kind != job.Done || o.Usage != (job.Usage{}) || o.Replayed == nil || *o.Replayed != was.Usage.Add(job.Usage{Turns: 2}) || *o.Reported != reported {
		t.Errorf("%+v %v", o, err)
	}

	a.Op = "third.task.1"
	if d, _, err = p.Open(ctx, a, services, ""); err != nil {
		t.Fatal(err)
	}
	if one, two := ask(t, d), ask(t, d); one != 200 || two != 400 {
		t.Errorf("%d, then %d", one, two)
	}
	for kind, want := range map[job.OutcomeKind]job.OutcomeKind{job.Crashed: job.Refused, job.Provider: job.Refused, job.Done: job.Done, job.Halted: job.Halted} {
		o, err := p.Book(ctx, a.Op, job.Outcome{Kind: kind, Message: "words"}, nil)
		if err != nil || o.Kind != want || (o.Message == "words") != (kind == want) || kind != want && !strings.HasPrefix(o.Message, "the recording has no answer") {
			t.Errorf("%s: %+v %v", kind, o, err)
		}
	}
	// The recorded attempt had been interrupted: another goes on.
	path := filepath.Join(dir, "task.1.jsonl")
	file, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(file), `"outcome":"done"`) {
		t.Fatalf("%v\n%s", err, file)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(file), `"outcome":"done"`, `"outcome":"lost"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Op = "fourth.task.1"
	if d, _, err = p.Open(ctx, a, services, ""); err != nil {
		t.Fatal(err)
	}
	if one, two := ask(t, d), ask(t, d); one != 200 || two != 400 {
		t.Errorf("%d, then %d", one, two)
	}
	if o, err := p.Book(ctx, a.Op, job.Outcome{Kind: job.Refused}, nil); err != nil || o.Kind != job.Crashed || !strings.Contains(o.Message, "interrupted here") {
		t.Errorf("%+v %v", o, err)
	}
	a.Op, a.Number = "third.task.2", 2
	if _, _, err := p.Open(ctx, a, services, ""); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "no such attempt") {
		t.Errorf("an attempt that was not recorded: %v", err)
	}
	if len(p.model.Requests()) != before {
		t.Error("a model was asked")
	}
}
