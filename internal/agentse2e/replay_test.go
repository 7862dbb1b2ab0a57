package agentse2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

// TestReplay records a run of all agents that are asked for, at once, with a
// rework round, and plays it again in another clone, with another home and
// another state folder, without a model and without a key: the same trees.
func TestReplay(t *testing.T) {
	crew := recordedCrew(t)
	t.Parallel()
	p := newPlace(t, crew[0], crewScript(crew), set{elsewhere: true})
	p.put("repo/.muster/config.yaml", crewConfig(p, crew))
	p.git("checkout", "-q", "main")
	p.git("commit", "-q", "-a", "-m", "agents")
	base := p.git("rev-parse", "HEAD")
	p.git("checkout", "-q", "elsewhere")
	p.put("tax.yaml", crewPlan(crew))
	rec := filepath.Join(p.root, "recording")
	if out := p.start("run", filepath.Join(p.root, "tax.yaml"), "--record", rec).ends(done); !strings.Contains(out, "recorded into "+rec) {
		t.Errorf("the run does not say that it is recorded:\n%s", out)
	}
	first := p.view()
	if n := len(first.Tasks[0].Attempts); n < 2 {
		t.Errorf("%d attempts of %s, want a rework round", n, first.Tasks[0].ID)
	}
	noSecrets(t, rec)
	before := len(p.model.Requests())
	p.model.Close()

	q := colleague(p, base)
	out := q.start("run", filepath.Join(p.root, "tax.yaml"), "--replay", rec).ends(done)
	second := q.view()
	sameTrees(t, p, q)
	if len(p.model.Requests()) != before {
		t.Error("a model was asked")
	}
	if !strings.Contains(out, "a replay") || second.Replay != rec || second.Spent != (job.Usage{}) || second.Advanced == nil || second.Advanced.Done {
		t.Errorf("replay %q, spent %+v, advanced %+v\n%s", second.Replay, second.Spent, second.Advanced, out)
	}
	for i, task := range second.Tasks {
		if task.State != report.Landed || len(task.Attempts) != len(first.Tasks[i].Attempts) {
			t.Errorf("task %s is %s after %d attempts, and was recorded with %d", task.ID, task.State, len(task.Attempts), len(first.Tasks[i].Attempts))
		}
		for n, a := range task.Attempts {
			was := first.Tasks[i].Attempts[n].Outcome
			if o := a.Outcome; o == nil || o.Replayed == nil || *o.Replayed != was.Usage {
				t.Errorf("attempt %d of %s: %+v, recorded %+v", n+1, task.ID, a.Outcome, was)
			}
		}
	}
}

// recordedCrew gives the agents that are asked for and whose models are asked
// through the gateway.
func recordedCrew(t *testing.T) []who {
	t.Helper()
	asked := os.Getenv("AGENTS_E2E")
	if asked == "" {
		t.Skip("AGENTS_E2E names no agents; scripts/agents-e2e.sh installs them and sets it")
	}
	var crew []who
	for name := range strings.SplitSeq(asked, ",") {
		for _, agent := range native() {
			if agent.name == name {
				crew = append(crew, agent)
			}
		}
	}
	if len(crew) == 0 {
		t.Skip("no agent is asked for whose model is asked through the gateway")
	}
	return crew
}

// TestReplayOfStopped records a run that is stopped in mid-answer and goes on;
// its replay goes on by itself. Where the recording lacks an answer the replay
// ends, and says which.
func TestReplayOfStopped(t *testing.T) {
	for _, agent := range recordedCrew(t) {
		agent.settings = atServer
		t.Run(agent.name, func(t *testing.T) { t.Parallel(); replaysStopped(t, agent) })
	}
}

func replaysStopped(t *testing.T, agent who) {
	steps := append([]fakemodel.Step{{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "price/price.go"}}}}, goes()...)
	steps[2].Hang = true
	p := newPlace(t, agent, fakemodel.Script{Cues: cues(), Scenarios: map[string][]fakemodel.Step{"first": steps, "go-on": goes()}}, set{elsewhere: true})
	base := p.git("rev-parse", "main")
	rec := filepath.Join(p.root, "recording")
	r := p.start("run", filepath.Join(p.root, "tax.yaml"), "--record", rec)
	p.asked("hang")
	p.start("stop").ends(done)
	_ = r.wait()
	p.start("resume", "tax").ends(done)
	p.landed(p.task())
	p.model.Close()

	q := colleague(p, base)
	q.start("run", filepath.Join(p.root, "tax.yaml"), "--replay", rec).ends(done)
	task := q.task()
	if a, b := p.git("rev-parse", "muster/tax^{tree}"), q.git("rev-parse", "muster/tax^{tree}"); a != b {
		t.Errorf("the recorded run came to tree %s and its replay to %s", a, b)
	}
	q.attempt(task, 1, job.Crashed)
	q.attempt(task, 2, job.Done)

	name := filepath.Join(rec, "tax.2.jsonl")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if err := os.WriteFile(name, []byte(first+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	q = colleague(p, base)
	out := q.start("run", filepath.Join(p.root, "tax.yaml"), "--replay", rec).ends(needsPerson)
	o := q.attempt(q.task(), 2, job.Refused)
	if !strings.Contains(o.Message, "the recording has no answer to this request") || !strings.Contains(out, "the recording has no answer") {
		t.Errorf("%+v\n%s", o, out)
	}
}

// colleague gives the same repository as somebody else has it.
func colleague(p *place, base string) *place {
	p.t.Helper()
	q := *p
	q.root = p.t.TempDir()
	for i, v := range q.env {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case name == "HOME":
			v = "HOME=" + q.home()
		case name == "XDG_STATE_HOME":
			v = "XDG_STATE_HOME=" + filepath.Join(q.root, "state")
		case strings.HasSuffix(name, "_KEY"):
			v = name + "="
		}
		q.env = append(q.env[:i:i], append([]string{v}, q.env[i+1:]...)...)
	}
	q.put("home/.gitconfig", "[user]\n\tname = Lou\n\temail = lou@localhost\n")
	q.put("repo/none", "")
	if err := os.RemoveAll(filepath.Join(q.repo(), "none")); err != nil {
		p.t.Fatal(err)
	}
	q.git("clone", "-q", p.repo(), ".")
	q.git("checkout", "-q", "-B", "elsewhere", base)
	q.git("branch", "-f", "main", base)
	p.t.Cleanup(q.end)
	return &q
}

// sameTrees demands that each task, and the whole, came to the same files.
func sameTrees(t *testing.T, p, q *place) {
	t.Helper()
	if a, b := p.git("rev-parse", "muster/tax^{tree}"), q.git("rev-parse", "muster/tax^{tree}"); a != b {
		t.Errorf("the recorded run came to tree %s and its replay to %s\n%s", a, b, q.git("diff", "--stat", "main", "muster/tax"))
	}
	first, second := p.view(), q.view()
	for i, task := range second.Tasks {
		for _, path := range []string{task.ID + "/a.go", task.ID + "/a_test.go"} {
			if a, b := p.git("show", first.Tasks[i].Head.Commit+":"+path), q.git("show", task.Head.Commit+":"+path); a != b {
				t.Errorf("%s was recorded as\n%s\nand came to\n%s", path, a, b)
			}
		}
	}
}

// noSecrets demands that no file of a recording holds the test's key, and that
// what agents were told is not there.
func noSecrets(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files in the recording: %v", len(files), err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{testKey, "Do not commit, push, switch branches"} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s holds %q", f.Name(), secret)
			}
		}
	}
}

func crewConfig(p *place, crew []who) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\ndefault: %s\n%sagents:\n", crew[0].name, prices)
	for _, agent := range crew {
		q := *p
		q.agent = agent
		fmt.Fprintf(&b, "  %s: %s\n", agent.name, p.json(atServer(&q)))
	}
	return b.String()
}

// crewPlan has a task for each agent, all at once.
func crewPlan(crew []who) string {
	var b strings.Builder
	b.WriteString("version: 1\nname: tax\ngoal: Prices with taxes\ntarget: main\ntasks:\n")
	for _, agent := range crew {
		fmt.Fprintf(&b, "  - id: %[1]s\n    agent: %[1]s\n    type: feature\n    title: Tax of %[1]s\n    prompt: \"[[scenario:%[1]s]] Add Tax, with a test, to a new package %[1]s.\"\n    scope: [%[1]s/**]\n    accept: [[go, test, ./%[1]s]]\n", agent.name)
	}
	return b.String()
}

// crewScript has each agent look around, with a command that says something
// else each time, and write; the first gets it wrong at first.
func crewScript(crew []who) fakemodel.Script {
	code := func(name, part string) string {
		return fmt.Sprintf("// Package %[1]s has a tax.\npackage %[1]s\n\n// Tax is 20 %%.\nfunc Tax(cents int) int { return cents / %[2]s }\n", name, part)
	}
	s := fakemodel.Script{Default: "No scenario.", Cues: cues(), Scenarios: map[string][]fakemodel.Step{}}
	for i, agent := range crew {
		name, part := agent.name, "5"
		if i == 0 {
			part = "4"
		}
		s.Scenarios[name] = []fakemodel.Step{
			{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "price/price.go"}}},
			{Text: "Looking around.", Do: []fakemodel.Op{{Kind: fakemodel.Shell, Command: "pwd; date +%N; mktemp -u; mkdir -p " + name}}},
			{Text: "Writing.", Do: []fakemodel.Op{
				{Kind: fakemodel.Write, Path: name + "/a.go", Text: code(name, part)},
				{Kind: fakemodel.Write, Path: name + "/a_test.go", Text: fmt.Sprintf("package %s\n\nimport \"testing\"\n\nfunc TestTax(t *testing.T) {\n\tif got := Tax(1000); got != 200 {\n\t\tt.Errorf(\"Tax(1000) = %%d, want 200\", got)\n\t}\n}\n", name)},
			}},
			{Text: "WROTE"},
		}
	}
	line := func(part string) string { return "func Tax(cents int) int { return cents / " + part + " }\n" }
	s.Scenarios["mend"] = []fakemodel.Step{
		{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: crew[0].name + "/a.go"}}},
		{Text: "Changing.", Do: []fakemodel.Op{{Kind: fakemodel.Edit, Path: crew[0].name + "/a.go", Old: line("4"), Text: line("5")}}},
		{Text: "CHANGED"},
	}
	return s
}
