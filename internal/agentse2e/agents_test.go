package agentse2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

// TestAgents runs every case with every agent that AGENTS_E2E names.
func TestAgents(t *testing.T) {
	asked := os.Getenv("AGENTS_E2E")
	if asked == "" {
		t.Skip("AGENTS_E2E names no agents; scripts/agents-e2e.sh installs them and sets it")
	}
	for name := range strings.SplitSeq(asked, ",") {
		agents := named(name)
		if len(agents) == 0 {
			t.Fatalf("AGENTS_E2E names %q; there are %s", name, names())
		}
		for _, agent := range agents {
			for _, c := range cases() {
				t.Run(agent.name+" "+c.name, func(t *testing.T) {
					t.Parallel()
					c.run(t, agent)
				})
			}
		}
	}
}

type agentCase struct {
	name string
	run  func(t *testing.T, agent who)
}

func cases() []agentCase {
	return []agentCase{
		{"reworks and lands", reworks},
		{"works three times at once", abreast},
		{"is denied", denied},
		{"has no key", noKey},
		{"has trouble with its provider", trouble},
		{"hangs and is stopped", hangs},
		{"loses its shim", losesShim},
		{"runs out of time", runsOut},
		{"works in a hostile repository", hostile},
		{"is given what was approved", approved},
	}
}

// What Muster tells a session that goes on, as the engine words it.
func cues() []fakemodel.Cue {
	return []fakemodel.Cue{
		{Text: "Your change was checked and is not right yet", Scenario: "mend"},
		{Text: "You were interrupted before you had finished", Scenario: "go-on"},
	}
}

// script is a model that begins with the steps and knows what to do when it
// is interrupted.
func script(first ...fakemodel.Step) fakemodel.Script {
	return fakemodel.Script{Default: "No scenario.", Cues: cues(), Scenarios: map[string][]fakemodel.Step{
		"first": first, "go-on": goes(),
	}}
}

// checkAsides demands that the usage of an attempt that made three requests is
// that of three, or of one or two more.
func checkAsides(t *testing.T, u, each job.Usage) {
	t.Helper()
	for n := 3; n <= 5; n++ {
		if tokens(u) == times(n, each) {
			return
		}
	}
	t.Errorf("usage %+v, want some times %+v", u, each)
}

func times(n int, u job.Usage) job.Usage {
	var sum job.Usage
	for range n {
		sum = sum.Add(u)
	}
	return sum
}

// tokens is a usage without its price and its turns.
func tokens(u job.Usage) job.Usage {
	u.CostMicroUSD, u.CostUnknown, u.Turns, u.TurnsUnknown = 0, false, 0, false
	return u
}

// reworks: the first round breaks the tests of two packages, the findings go
// back to the same session, and the second round lands on the target.
func reworks(t *testing.T, agent who) {
	const right, wrong = "\treturn sum\n", "\treturn WithTax(sum)\n"
	change := func(from, to string, then ...fakemodel.Op) []fakemodel.Step {
		return []fakemodel.Step{
			{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Read, Path: "price/price.go"}}},
			{Text: "Changing.", Do: append([]fakemodel.Op{{Kind: fakemodel.Edit, Path: "price/price.go", Old: from, Text: to}}, then...)},
			{Text: "CHANGED"},
		}
	}
	p := newPlace(t, agent, fakemodel.Script{Cues: cues(), Scenarios: map[string][]fakemodel.Step{
		"first": change(right, wrong,
			fakemodel.Op{Kind: fakemodel.Write, Path: taxPath, Text: taxText},
			fakemodel.Op{Kind: fakemodel.Write, Path: testPath, Text: testText}),
		"mend": change(wrong, right),
	}}, set{elsewhere: true})
	p.run().ends(done)
	r := p.view()
	task := r.Tasks[0]
	p.landed(task)
	if r.Advanced == nil || !r.Advanced.Done || p.git("rev-parse", "main") != task.Head.Commit {
		t.Errorf("main was not moved to %s: %+v", task.Head.Commit, r.Advanced)
	}
	if task.Round != 1 {
		t.Fatalf("%d rework rounds, want 1\n%s", task.Round, p.describe())
	}
	one := p.attempt(task, 1, job.Done)
	two := p.follows(task, one)
	firsts, mends := p.requests("first"), p.requests("mend")
	isRight := func(n int, more bool) bool { return n == 3 || more && n > 3 }
	if !isRight(len(firsts), agent.asides && agent.countsLess) || !isRight(len(mends), agent.asides) {
		t.Fatalf("%d requests in the first round and %d in the second, want 3 each\n%s", len(firsts), len(mends), p.describe())
	}
	for _, want := range []string{"Add WithTax, with a test", "acceptance command go test ./... fails", "TestSum", "TestTotal", "Mend the cause"} {
		if !strings.Contains(mends[0].Body, want) {
			t.Errorf("the second round did not tell the model %q", want)
		}
	}
	checkUsage(t, agent, one, two)
	if task.Spent != one.Usage.Add(two.Usage) || r.Spent != task.Spent {
		t.Errorf("the task spent %+v and the run %+v, want the sum of its attempts", task.Spent, r.Spent)
	}
}

// checkUsage demands what two attempts of three requests each used.
func checkUsage(t *testing.T, agent who, one, two job.Outcome) {
	t.Helper()
	each := times(3, agent.each)
	switch {
	case agent.countsLess:
		for _, u := range []job.Usage{one.Usage, two.Usage} {
			if u.Input == 0 || u.Output == 0 {
				t.Errorf("usage %+v", u)
			}
		}
	case agent.asides:
		checkAsides(t, two.Usage, agent.each)
	case tokens(one.Usage) != each || tokens(two.Usage) != each || tokens(two.Total) != each.Add(each):
		t.Errorf("usage %+v, then %+v, in all %+v; want %+v twice", one.Usage, two.Usage, two.Total, each)
	}
	untold := strings.HasPrefix(agent.name, "acp")
	most := int64(3)
	if agent.name == "codex" {
		most = 5 // it does not say that one answer called three tools
	}
	for _, u := range []job.Usage{one.Usage, two.Usage} {
		if u.TurnsUnknown != untold || !untold && (u.Turns < 3 || u.Turns > most) {
			t.Errorf("%d turns, unknown %v; want 3 of each attempt, or at most %d", u.Turns, u.TurnsUnknown, most)
		}
	}
	isKnown := !one.Usage.CostUnknown
	switch {
	case one.Reported != nil && !agent.isPriced: // metered: it has the table's price, or none on this machine
		if !isKnown {
			t.Errorf("metered cost %+v", one.Usage)
		}
	case isKnown != agent.isPriced || isKnown && one.Usage.CostMicroUSD == 0:
		t.Errorf("cost %+v", one.Usage)
	}
}

// follows gives the attempt that was done after the first. It must have gone
// on with the session of the first, where the agent can.
func (p *place) follows(t report.Task, first job.Outcome) job.Outcome {
	p.t.Helper()
	n, forgot := 2, false
	if o := t.Attempts[min(1, len(t.Attempts)-1)].Outcome; p.agent.forgets && o != nil && o.Kind == job.Crashed {
		if o.Session != "" || !strings.Contains(o.Message, "no conversation found") {
			p.t.Errorf("the attempt that cannot go on ended as %+v", o)
		}
		n, forgot = 3, true
	}
	if p.agent.forgets {
		began, again := p.exit(1), p.exit(2)
		minute := func(us int64) int64 { return us / time.Minute.Microseconds() }
		switch {
		case forgot && minute(again.StartedUS) > minute(began.EndedUS):
			p.t.Errorf("it has forgotten a session of a minute that was over")
		case !forgot && minute(again.EndedUS) == minute(began.StartedUS):
			p.t.Errorf("it goes on with a session of the same minute: say so in docs/agents.md")
		}
	}
	if len(t.Attempts) != n {
		p.t.Errorf("%d attempts, want %d\n%s", len(t.Attempts), n, p.describe())
	}
	last := p.attempt(t, n, job.Done)
	if first.Session == "" || last.Session == "" || (last.Session == first.Session) == forgot {
		p.t.Errorf("session %q went on as %q", first.Session, last.Session)
	}
	return last
}

// denied: the agent tries to write into the person's checkout and beside it,
// and to commit; what it does in its worktree lands all the same.
func denied(t *testing.T, agent who) {
	places := []string{"repo/outside.txt", "outside.txt"}
	root := t.TempDir()
	var tries []fakemodel.Op
	for _, path := range places {
		tries = append(tries, fakemodel.Op{Kind: fakemodel.Write, Path: filepath.Join(root, path), Text: "outside\n"})
	}
	commit := fakemodel.Op{Kind: fakemodel.Shell, Command: "git commit --allow-empty -qm stolen"}
	p := newPlace(t, agent, script(
		fakemodel.Step{Text: "Trying.", Do: tries}, goes()[0],
		fakemodel.Step{Text: "Committing.", Do: []fakemodel.Op{commit}}, fakemodel.Step{Text: "TRIED"},
	), set{root: root})
	out := p.run().ends(done)
	task := p.task()
	p.landed(task)
	for _, path := range places {
		if _, err := os.Lstat(filepath.Join(p.root, path)); err == nil {
			t.Errorf("the agent wrote %s", path)
		}
	}
	if got := p.git("status", "--porcelain"); got != "" {
		t.Errorf("the person's checkout has changed:\n%s", got)
	}
	// Behind Muster's sandbox a program need not refuse what cannot be reached;
	// commits it refuses, unless its own sandbox would have kept it from them.
	if agent.givesUp { // at the first refusal; a second attempt does the task
		if o := p.attempt(task, 1, job.Crashed); len(o.Denied) == 0 {
			t.Error("nothing was denied")
		}
		p.goesOn(task, p.attempt(task, 1, job.Crashed))
	} else if o := p.attempt(task, 1, job.Done); (len(o.Denied) == 0) != agent.sandboxed {
		t.Errorf("denied: %q", o.Denied)
	}
	p.takesIt(out)
}

// takesIt types the command that Muster gave because the target is checked
// out.
func (p *place) takesIt(out string) {
	p.t.Helper()
	_, command, found := strings.Cut(out, "take it with: ")
	if !found {
		p.t.Fatalf("no command that moves main:\n%s", out)
	}
	command, _, _ = strings.Cut(command, "\n")
	cmd := exec.CommandContext(p.t.Context(), "sh", "-c", command)
	cmd.Dir, cmd.Env = p.repo(), p.env
	if said, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", command, err, said)
	}
	if data, err := os.ReadFile(filepath.Join(p.repo(), taxPath)); err != nil || string(data) != taxText {
		p.t.Errorf("after %s: %q, %v", command, data, err)
	}
}

// abreast: three tasks of one run are done by three agents at once, with one
// home; each lands.
func abreast(t *testing.T, agent who) {
	steps := map[string][]fakemodel.Step{}
	tasks := ""
	for _, id := range []string{"a", "b", "c"} {
		path := "price/" + id + ".go"
		steps["make-"+id] = []fakemodel.Step{
			{Do: []fakemodel.Op{{Kind: fakemodel.Write, Path: path, Text: "package price\n\n// " + strings.ToUpper(id) + " is a price.\nconst " + strings.ToUpper(id) + " = 1\n"}}},
			{Text: "WROTE"},
		}
		tasks += "  - id: " + id + "\n    type: chore\n    title: Price " + id + "\n    prompt: \"[[scenario:make-" + id + "]] Add a constant.\"\n    scope: [" + path + "]\n"
	}
	p := newPlace(t, agent, fakemodel.Script{Default: "No scenario.", Cues: cues(), Scenarios: steps}, set{})
	// Other cases run beside this one: memory would keep the third agent back.
	p.put("repo/.muster/config.yaml", "resources: {agent_memory: 0}\n"+p.config(set{}))
	p.git("commit", "-q", "-a", "-m", "room for all")
	p.put("tax.yaml", "version: 1\nname: tax\ngoal: Three prices\ntarget: main\naccept: [[go, test, ./...]]\ntasks:\n"+tasks)
	p.run().ends(done)
	r := p.view()
	var begun, ended int64
	for i, task := range r.Tasks {
		p.attempt(task, 1, job.Done)
		if task.State != report.Landed || len(task.Attempts) != 1 {
			t.Errorf("%s is %s after %d attempts\n%s", task.ID, task.State, len(task.Attempts), p.describe())
		}
		begun = max(begun, task.Attempts[0].BegunUS)
		if end := task.Attempts[0].EndedUS; i == 0 || end < ended {
			ended = end
		}
	}
	if begun >= ended {
		t.Error("the agents did not work at the same time")
	}
	if got := p.git("diff", "--name-only", r.Base.Commit, "muster/tax"); got != "price/a.go\nprice/b.go\nprice/c.go" {
		t.Errorf("these files landed: %q", got)
	}
}

// noKey: a refused key fails the task at once and asks for a person.
func noKey(t *testing.T, agent who) {
	p := newPlace(t, agent, script(fakemodel.Step{Fail: &fakemodel.Failure{Status: 401}}), set{})
	out := p.run().ends(needsPerson)
	task := p.task()
	o := p.attempt(task, 1, job.Auth)
	if task.State != report.Failed || len(task.Attempts) != 1 {
		t.Errorf("the task is %s after %d attempts, want failed after 1", task.State, len(task.Attempts))
	}

	for _, want := range []string{"auth: ", "log the agent in", "muster retry tax"} {
		if !strings.Contains(out, want) {
			t.Errorf("the person is not told %q:\n%s", want, out)
		}
	}
	if strings.Contains(out+o.Message, testKey) {
		t.Error("the key was shown")
	}
}

// trouble: when the agent's own retries are used up, Muster waits, and then
// goes on with the same session.
func trouble(t *testing.T, agent who) {
	fails := []fakemodel.Step{{Fail: &fakemodel.Failure{Status: 500}}}
	if agent.tries > 0 { // its next session begins anew
		fails = goes()
		fails[0].Fail = &fakemodel.Failure{Status: 500, Times: agent.tries}
	}
	p := newPlace(t, agent, script(fails...), set{})
	p.run().ends(done)
	task := p.task()
	p.goesOn(task, p.attempt(task, 1, job.Provider))
	const pause = 10e6 // microseconds
	if waited := task.Attempts[1].BegunUS - task.Attempts[0].EndedUS; waited < pause {
		t.Errorf("tried again after %d us, want a pause of %d at least", waited, int64(pause))
	}
}

// goesOn demands that another attempt went on with the session of the first
// and landed.
func (p *place) goesOn(t report.Task, first job.Outcome) {
	p.t.Helper()
	p.landed(t)
	if first.Session == "" && (p.agent.tries > 0 || p.agent.silent) {
		if p.attempt(t, 2, job.Done); len(t.Attempts) != 2 {
			p.t.Errorf("%d attempts, want 2", len(t.Attempts))
		}
		return
	}
	p.follows(t, first)
	if again := p.requests("go-on"); len(again) == 0 || !strings.Contains(again[0].Body, "Add WithTax, with a test") {
		p.t.Errorf("the session that goes on does not know its task\n%s", p.describe())
	}
}

// cutOff is goesOn after a first attempt that reported nothing: what it used
// is not all known, and the sum has to say so, unless the gateway metered it.
func (p *place) cutOff(t report.Task, first job.Outcome) {
	p.t.Helper()
	p.goesOn(t, first)
	if !t.Spent.CostUnknown && first.Reported == nil {
		p.t.Errorf("spent %+v, as if all of it were known", t.Spent)
	}
}

// hangs: the model never answers; stop ends the agent, resume goes on with
// its session.
func hangs(t *testing.T, agent who) {
	first := []fakemodel.Step{{Hang: true}}
	if agent.silent { // its next session begins anew
		first = goes()
		first[0].Hang, first[0].Times = true, 1
	}
	p := newPlace(t, agent, script(first...), set{})
	r := p.run()
	p.asked("hang")
	mark := p.mark(1)
	if len(carrying(mark)) == 0 {
		t.Error("no process has the mark, so that it proves nothing")
	}
	p.start("stop").ends(done)
	r.ends(needsPerson)
	p.none("after the stop", mark)
	if e := p.exit(1); e.State != job.Stopped {
		t.Errorf("exit record %+v, want stopped", e)
	}
	task := p.task()
	o := p.attempt(task, 1, job.Halted)
	if task.State != report.Stopped {
		t.Errorf("the task is %s, want stopped", task.State)
	}
	p.start("resume").ends(done)
	p.cutOff(p.task(), o)
}

// block is a model that has the agent run a command that does not end, with
// one more that runs away from it.
func block(agent who) []fakemodel.Step {
	line := "(setsid sleep 3600 &) ; sleep 3600"
	if agent.silent {
		line = `[ -e "$HOME/blocked" ] || { touch "$HOME/blocked"; ` + line + "; }"
	}
	first := fakemodel.Step{Text: "Waiting.", Do: []fakemodel.Op{{Kind: fakemodel.Shell, Command: line}}}
	if agent.silent { // its next session begins anew
		return append([]fakemodel.Step{first}, goes()...)
	}
	return []fakemodel.Step{first, {Hang: true}} // should the agent take a running command for an answer
}

// blocked waits until both commands of block run, and gives the mark of the
// attempt.
func (p *place) blocked() string {
	p.t.Helper()
	p.await("two commands that block", func() bool {
		n := 0
		for _, found := range carrying(p.home()) {
			if slices.Equal(found.argv, []string{"sleep", "3600"}) {
				n++
			}
		}
		return n == 2
	})
	return p.mark(1)
}

// losesShim: after kill -9 of the shim in the middle of a command, nothing of
// the attempt lives on, it is recorded as lost, and its session goes on.
func losesShim(t *testing.T, agent who) {
	p := newPlace(t, agent, script(block(agent)...), set{})
	r := p.run()
	mark := p.blocked()
	p.kill(p.shim(1))
	task := p.until("the attempt is lost", func(t report.Task) bool { return len(t.Attempts) > 0 && t.Attempts[0].Outcome != nil })
	p.none("after the loss", mark)
	o := p.attempt(task, 1, job.Vanished)
	if e := p.exit(1); e.State != job.Lost {
		t.Errorf("exit record %+v, want lost", e)
	}
	r.ends(done)
	p.cutOff(p.task(), o)
}

// runsOut: at the task's time limit everything the agent started is ended.
func runsOut(t *testing.T, agent who) {
	limit := "1.5"
	if agent.slow {
		limit = "4"
	}
	p := newPlace(t, agent, script(block(agent)...), set{minutes: limit})
	r := p.run()
	mark := p.blocked()
	out := r.ends(needsPerson)
	p.none("after the time limit", mark)
	if e := p.exit(1); e.State != job.TimedOut {
		t.Errorf("exit record %+v, want timed out", e)
	}
	task := p.task()
	p.attempt(task, 1, job.Timeout)
	if task.State != report.Failed || !strings.Contains(out, "time limit") {
		t.Errorf("the task is %s, want failed for its time limit:\n%s", task.State, out)
	}
}
