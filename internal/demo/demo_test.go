package demo_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
	"muster/internal/demo"
	"muster/internal/slowtest"
)

// turn is what these tests need of the script format.
type turn struct {
	Round   *int   `json:"round"`
	Attempt *int   `json:"attempt"`
	Do      []step `json:"do"`
}

type step struct {
	Say    string                           `json:"say"`
	WaitMS int                              `json:"wait_ms"`
	Write  *struct{ Path, Text string }     `json:"write"`
	Edit   *struct{ Path, Old, New string } `json:"edit"`
	Run    []string                         `json:"run"`
	Usage  *struct {
		Input     int64 `json:"input"`
		CacheRead int64 `json:"cache_read"`
		Output    int64 `json:"output"`
		Cost      int64 `json:"cost_micro_usd"`
	} `json:"usage"`
	End *struct{ Kind, Message string } `json:"end"`
	Die string                          `json:"die"`
}

// tree is the content of a work tree, by path.
type tree map[string]string

// extract gives the demo, its files and its scripts.
func extract(t *testing.T) (demo.Demo, tree, map[string][]turn) {
	t.Helper()
	d, err := demo.Extract(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	base := tree{}
	err = filepath.WalkDir(d.Repo, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(d.Repo, name)
		base[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	scripts := map[string][]turn{}
	entries, err := os.ReadDir(d.Scripts)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(d.Scripts, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.DisallowUnknownFields()
		var doc struct{ Turns []turn }
		if err := dec.Decode(&doc); err != nil {
			t.Fatalf("%s: %v", e.Name(), err)
		}
		scripts[strings.TrimSuffix(e.Name(), ".json")] = doc.Turns
	}
	return d, base, scripts
}

// play applies the turn that a script has for a round and an attempt. It says
// whether the agent ended by itself, claiming to be done.
func play(t *testing.T, turns []turn, in tree, round, attempt int) (out tree, claims bool) {
	t.Helper()
	i := slices.IndexFunc(turns, func(u turn) bool {
		return (u.Round == nil || *u.Round == round) && (u.Attempt == nil || *u.Attempt == attempt)
	})
	if i < 0 {
		t.Fatalf("no turn for round %d, attempt %d", round, attempt)
	}
	out = maps.Clone(in)
	for _, s := range turns[i].Do {
		switch {
		case s.Write != nil:
			out[s.Write.Path] = s.Write.Text
		case s.Edit != nil:
			if n := strings.Count(out[s.Edit.Path], s.Edit.Old); n != 1 {
				t.Fatalf("round %d, attempt %d: %q occurs %d times in %s", round, attempt, s.Edit.Old, n, s.Edit.Path)
			}
			out[s.Edit.Path] = strings.Replace(out[s.Edit.Path], s.Edit.Old, s.Edit.New, 1)
		case s.End != nil:
			claims = s.End.Kind == "done"
		}
	}
	return out, claims
}

// touched gives the paths that differ.
func touched(a, b tree) []string {
	var out []string
	for _, p := range slices.Sorted(maps.Keys(b)) {
		if old, ok := a[p]; !ok || old != b[p] {
			out = append(out, p)
		}
	}
	return out
}

// lab runs the go command on trees, all in one folder: the go command then
// builds again only what differs.
type lab struct {
	dir     string
	base    tree
	scripts map[string][]turn
}

// run lays the tree out and runs the go command there.
func (l *lab) run(t *testing.T, content tree, args ...string) (string, error) {
	t.Helper()
	if err := os.RemoveAll(l.dir); err != nil {
		t.Fatal(err)
	}
	for name, text := range content {
		name = filepath.Join(l.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = l.dir
	// Without a network the service must build all the same.
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must fails the test when the go command does.
func (l *lab) must(t *testing.T, content tree, args ...string) {
	t.Helper()
	if out, err := l.run(t, content, args...); err != nil {
		t.Errorf("go %v: %v\n%s", args, err, out)
	}
}

// mustFail fails the test unless the go command fails with this output.
func (l *lab) mustFail(t *testing.T, want string, content tree, args ...string) {
	t.Helper()
	out, err := l.run(t, content, args...)
	if err == nil || !strings.Contains(out, want) {
		t.Errorf("go %v: %v, want a failure with %q\n%s", args, err, want, out)
	}
}

// TestScripts plays the scripts in the order of a run and lets the go command
// say what becomes of each change.
func TestScripts(t *testing.T) {
	slowtest.Only(t)
	_, base, scripts := extract(t)
	l := &lab{dir: filepath.Join(t.TempDir(), "tree"), base: base, scripts: scripts}
	for _, tt := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"service is sound", l.serviceIsSound},
		{"clean", l.clean},
		{"retargeted test", l.retargetedTest},
		{"out of scope", l.outOfScope},
		{"killed", l.killed},
		{"broken build of a dependent", l.brokenBuildOfADependent},
		{"claim without change", l.claimWithoutChange},
		{"conflict", l.conflict},
		{"all together", l.allTogether},
	} {
		t.Run(tt.name, tt.run)
	}
}

func (l *lab) serviceIsSound(t *testing.T) {
	l.must(t, l.base, "test", "./...")
	if _, ok := l.base["go.mod"]; !ok || strings.Contains(l.base["go.mod"], "require") {
		t.Errorf("go.mod is missing, or needs other modules: %q", l.base["go.mod"])
	}
}

func TestExtractNeverWritesOver(t *testing.T) {
	dir := t.TempDir()
	d, err := demo.Extract(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.Plan, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = demo.Extract(dir)
	if fault.KindOf(err) != fault.Conflict || fault.HintOf(err) == "" {
		t.Errorf("second Extract: %v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	if data, err := os.ReadFile(d.Plan); err != nil || string(data) != "mine" {
		t.Errorf("the earlier plan is now %q, %v", data, err)
	}
}

func TestExtractIntoAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Extract(name); fault.HintOf(err) == "" || !errors.As(err, new(*fault.Error)) {
		t.Errorf("Extract into a file: %v, without a hint", err)
	}
}

// The configuration must hold for a folder of any name.
func TestConfigNamesTheScripts(t *testing.T) {
	d, err := demo.Extract(filepath.Join(t.TempDir(), `a "b": c`))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(d.Repo, ".muster", "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	folder, _ := json.Marshal(d.Scripts)
	if !strings.Contains(string(data), "command: ["+string(folder)+"]") {
		t.Errorf("configuration:\n%s", data)
	}
	cfg, problems := config.Parse("config.yaml", data)
	if len(problems) > 0 {
		t.Fatal(yamlfile.Format(problems))
	}
	a, ok := cfg.Agent(cfg.Default)
	if !ok || a.Name != demo.AgentName || a.Driver != "script" || !slices.Equal(a.Command, []string{d.Scripts}) {
		t.Errorf("the default agent is %+v, %v", a, ok)
	}
}

// The plan must hold for a run, and every task must have a script and the
// other way round. The one warning is meant: health and stats overlap.
func TestPlan(t *testing.T) {
	d, _, scripts := extract(t)
	data, err := os.ReadFile(d.Plan)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := plan.Parse("demo.yaml", data)
	if p == nil {
		t.Fatal(yamlfile.Format(problems))
	}
	if len(problems) != 1 || !strings.Contains(problems[0].String(), "health") || !strings.Contains(problems[0].String(), "stats") {
		t.Errorf("problems:\n%s", yamlfile.Format(problems))
	}
	var tasks []string
	for _, task := range p.Tasks {
		tasks = append(tasks, task.ID)
	}
	slices.Sort(tasks)
	if got := slices.Sorted(maps.Keys(scripts)); !slices.Equal(got, tasks) {
		t.Errorf("scripts for %v, tasks %v", got, tasks)
	}
	// Both of the pair start from the same base only when they start at once.
	if p.Budget.Parallel < 3 {
		t.Errorf("%d agents at once", p.Budget.Parallel)
	}
}

// What a script leaves in the end is within the scope of its task; what the
// one that leaves its scope touches in between is not.
func TestScopes(t *testing.T) {
	d, base, scripts := extract(t)
	data, err := os.ReadFile(d.Plan)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := plan.Parse("demo.yaml", data)
	if p == nil {
		t.Fatal("the plan does not hold")
	}
	for _, task := range p.Tasks {
		head := base
		for i := range scripts[task.ID] {
			head, _ = play(t, scripts[task.ID], head, i, i+1)
			for _, path := range touched(base, head) {
				strays := task.ID == "timeouts" && i == 0 && path == "cmd/pantry/main.go"
				if plan.MatchAny(task.Scope, path) == strays {
					t.Errorf("%s, turn %d: %s, scope %v", task.ID, i, path, task.Scope)
				}
			}
		}
	}
}

// Every turn but the one that dies must end with a claim and a usage, and the
// whole demo must not spend its time waiting.
func TestScriptsAreComplete(t *testing.T) {
	_, _, scripts := extract(t)
	for task, turns := range scripts {
		wait := 0
		for i, u := range turns {
			var usage, ends, dies bool
			for _, s := range u.Do {
				wait += s.WaitMS
				usage = usage || s.Usage != nil && s.Usage.Input > 0 && s.Usage.CacheRead > 0 && s.Usage.Output > 0 && s.Usage.Cost > 0
				ends = ends || s.End != nil && s.End.Message != ""
				dies = dies || s.Die == "kill"
			}
			if !usage || ends == dies {
				t.Errorf("%s, turn %d: usage %v, ends %v, dies %v", task, i, usage, ends, dies)
			}
		}
		if wait > 3000 {
			t.Errorf("%s waits %d ms", task, wait)
		}
	}
}

// A prompt that named a recorded mistake would lead a real agent to it.
func TestPlanKeepsTheMistakesToItself(t *testing.T) {
	d, _, _ := extract(t)
	data, err := os.ReadFile(d.Plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"script", "mistake", "demo run", "conflict", "reject", "kill", "protected", "feedback"} {
		if strings.Contains(strings.ToLower(string(data)), word) {
			t.Errorf("the plan says %q", word)
		}
	}
}

func (l *lab) clean(t *testing.T) {
	head, claims := play(t, l.scripts["search"], l.base, 0, 1)
	if !claims || len(touched(l.base, head)) != 2 {
		t.Errorf("claims %v, touches %v", claims, touched(l.base, head))
	}
	l.must(t, head, "test", "./internal/store/")

	head, claims = play(t, l.scripts["ci"], l.base, 0, 1)
	if got := touched(l.base, head); !claims || !slices.Equal(got, []string{".github/workflows/test.yml"}) {
		t.Errorf("ci: claims %v, touches %v", claims, got)
	}
}

func (l *lab) retargetedTest(t *testing.T) {
	const name, test = "internal/amount/amount_test.go", "./internal/amount/"
	head, claims := play(t, l.scripts["amounts"], l.base, 0, 1)
	if !claims {
		t.Error("does not claim to be done")
	}
	l.must(t, head, "test", test)
	hybrid := maps.Clone(head)
	hybrid[name] = l.base[name]
	l.mustFail(t, `Parse("2.5g") = 2`, hybrid, "test", test)

	head, _ = play(t, l.scripts["amounts"], head, 1, 2)
	l.must(t, head, "test", test)
	hybrid = maps.Clone(head)
	hybrid[name] = l.base[name]
	l.must(t, hybrid, "test", test)
	// The case that the task is about, which the base gets wrong.
	wrong := maps.Clone(l.base)
	wrong[name] = head[name]
	l.mustFail(t, `Parse("4.0005kg") = 4000`, wrong, "test", test)
}

func (l *lab) outOfScope(t *testing.T) {
	head, _ := play(t, l.scripts["timeouts"], l.base, 0, 1)
	if got := touched(l.base, head); !slices.Contains(got, "cmd/pantry/main.go") {
		t.Errorf("round 0 touches %v", got)
	}
	l.must(t, head, "test", "./cmd/...", "./internal/config/") // only its scope is wrong
	head, _ = play(t, l.scripts["timeouts"], head, 1, 2)
	if got := touched(l.base, head); !slices.Equal(got, []string{"internal/config/config.go", "internal/config/timeout_test.go"}) {
		t.Errorf("round 1 touches %v", got)
	}
}

func (l *lab) killed(t *testing.T) {
	half, claims := play(t, l.scripts["idle-keys"], l.base, 0, 1)
	if claims || len(touched(l.base, half)) == 0 {
		t.Errorf("attempt 1: claims %v, touches %v", claims, touched(l.base, half))
	}
	l.mustFail(t, "undefined", half, "vet", "./internal/limit/")
	// The second attempt finds what the first one left, or a clean worktree.
	head, claims := play(t, l.scripts["idle-keys"], half, 0, 2)
	again, _ := play(t, l.scripts["idle-keys"], l.base, 0, 2)
	if !claims || !maps.Equal(head, again) {
		t.Errorf("attempt 2: claims %v; on a clean worktree it touches %v", claims, touched(l.base, again))
	}
}

func (l *lab) brokenBuildOfADependent(t *testing.T) {
	searched, _ := play(t, l.scripts["search"], l.base, 0, 1)
	head, claims := play(t, l.scripts["filter"], searched, 0, 1)
	if !claims {
		t.Error("does not claim to be done")
	}
	l.mustFail(t, "undefined: r", head, "build", "./...")
	alone, _ := play(t, l.scripts["filter"], l.base, 0, 1)
	alone, _ = play(t, l.scripts["filter"], alone, 1, 2)
	l.mustFail(t, "Search", alone, "build", "./...") // it does need the other task
}

func (l *lab) claimWithoutChange(t *testing.T) {
	for round := range 2 {
		head, claims := play(t, l.scripts["api-docs"], l.base, round, round+1)
		if !claims || len(touched(l.base, head)) != 0 {
			t.Errorf("round %d: claims %v, touches %v", round, claims, touched(l.base, head))
		}
	}
	// A person who has it tried again counts rounds anew, attempts not.
	head, claims := play(t, l.scripts["api-docs"], l.base, 0, 3)
	if got := touched(l.base, head); !claims || !slices.Equal(got, []string{"README.md"}) {
		t.Errorf("attempt 3: claims %v, touches %v", claims, got)
	}
}

func (l *lab) conflict(t *testing.T) {
	const routes = "internal/api/routes.go"
	health, _ := play(t, l.scripts["health"], l.base, 0, 1)
	stats, _ := play(t, l.scripts["stats"], l.base, 0, 1)
	dir := t.TempDir()
	for name, content := range map[string]tree{"base": l.base, "health": health, "stats": stats} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content[routes]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "git", "merge-file", "-p", "health", "base", "stats")
	cmd.Dir = dir
	marked, err := cmd.Output()
	if err == nil || !strings.Contains(string(marked), "<<<<<<<") {
		t.Fatalf("no conflict: %v\n%s", err, marked)
	}
	// Whichever lands second resolves the conflict, wherever it starts from.
	for _, second := range []string{"health", "stats"} {
		for _, content := range []string{string(marked), health[routes], stats[routes]} {
			merged := maps.Clone(health)
			maps.Copy(merged, stats)
			merged[routes] = content
			merged, _ = play(t, l.scripts[second], merged, 1, 2)
			if regexp.MustCompile(`[<>=]{7}`).MatchString(merged[routes]) || strings.Count(merged[routes], "HandleFunc") != 6 {
				t.Errorf("%s: routes are\n%s", second, merged[routes])
			}
		}
	}
	// Without a conflict the second one starts from the first one's work.
	play(t, l.scripts["stats"], health, 0, 1)
	play(t, l.scripts["health"], stats, 0, 1)
}

// What lands, lands in some order; together it must build and pass.
func (l *lab) allTogether(t *testing.T) {
	head := l.base
	for _, task := range []string{"search", "health", "stats", "amounts", "timeouts", "idle-keys", "filter", "ci"} {
		last := 0
		if u := l.scripts[task]; len(u) > 1 && u[0].Round != nil && task != "health" && task != "stats" {
			last = 1
		}
		if task == "idle-keys" {
			head, _ = play(t, l.scripts[task], head, 0, 2)
			continue
		}
		for round := range last + 1 {
			head, _ = play(t, l.scripts[task], head, round, round+1)
		}
	}
	l.must(t, head, "test", "./...")
	for name, text := range l.base {
		if strings.HasSuffix(name, "_test.go") {
			head[name] = text
		}
	}
	l.must(t, head, "test", "./...") // the base's tests hold as well
}
