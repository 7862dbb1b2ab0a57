package plan_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

func example(t testing.TB, name string) *plan.Plan {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	p, problems := plan.Parse(name, data)
	if p == nil {
		t.Fatalf("%s is refused:\n%s", name, yamlfile.Format(problems))
	}
	return p
}

func TestParseEveryKey(t *testing.T) {
	want := &plan.Plan{
		Version: 1,
		Name:    "rate-limit",
		Goal:    "Rate-limit the public API, so that one client cannot take it down.",
		Target:  "main",
		Why:     plan.Why{Metric: "api_error_budget", Expect: "-30 % overload incidents", Owner: "payments"},
		Accept:  []plan.Command{{Shell: "go test ./..."}, {Argv: []string{"go", "vet", "./..."}}},
		Decisions: []plan.Decision{{
			ID: "D1", Question: "Where does the state live?", Options: []string{"in-process", "redis"}, Chosen: "in-process",
			Because: "One process serves the API, and a restart may forget the counters.", Forbids: []string{"import:redis"},
		}},
		Budget: plan.Budget{MicroUSD: 20_000_000, TimeMS: 240 * 60_000, Tokens: 20_000_000, Turns: 600, Parallel: 3},
		Tasks: []plan.Task{{
			ID: "limiter", Type: plan.Feature, Title: "Token bucket per key", Line: 23,
			Prompt: "Write a token bucket in internal/limit.\n\n\tTabs in a block of text are kept.\n",
			Scope:  []string{"internal/limit/**"}, Agent: "claude",
			Accept: []plan.Command{{Argv: []string{"go", "test", "./internal/limit/..."}}},
			Budget: plan.Budget{MicroUSD: 2_500_000, TimeMS: 30*60_000 + 30_000, Tokens: 2_000_000, Turns: 60},
		}, {
			ID: "middleware", Type: plan.Feature, Title: "Middleware that answers 429", Line: 35,
			Prompt: "Use the token bucket in the HTTP handlers, and answer 429 with Retry-After.",
			Scope:  []string{"internal/http/", "cmd/server/main.go"}, Needs: []string{"limiter"},
		}, {
			ID: "handbook", Type: plan.Docs, Title: "Describe the limits in docs/limits.md for people who use the API, with…", Line: 42,
			Prompt: "Describe the limits in docs/limits.md for people who use the API, with one example of an answer.",
			Scope:  []string{"docs/**/*.md"},
		}},
	}
	if got := example(t, "rate-limit.yaml"); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	example(t, "small.yaml")
}

// withBudget gives a plan whose one task has the budget.
func withBudget(key, value string) []byte {
	return []byte("version: 1\nname: x\ngoal: g\ntasks: [{id: a, type: fix, prompt: p, scope: [a], budget: {" + key + ": " + value + "}}]\n")
}

func TestBudgetIsExact(t *testing.T) {
	for value, micro := range map[string]int64{
		"0.1": 100_000, "0.29": 290_000, "1.005": 1_005_000, "0.000001": 1, "+3": 3_000_000, "4.50": 4_500_000,
		"9007199254.740993": 9_007_199_254_740_993, // not a float64
		"1_000":             1_000_000_000, "0.1000000000": 100_000,
	} {
		p, problems := plan.Parse("p", withBudget("usd", value))
		if p == nil || p.Tasks[0].Budget.MicroUSD != micro {
			t.Errorf("usd %s: got %+v %s", value, p, yamlfile.Format(problems))
		}
	}
	for value, ms := range map[string]int64{"1": 60_000, "0.5": 30_000, "0.000001": 1, "1.5": 90_000, "0.1": 6_000} {
		p, problems := plan.Parse("p", withBudget("minutes", value))
		if p == nil || p.Tasks[0].Budget.TimeMS != ms {
			t.Errorf("minutes %s: got %+v %s", value, p, yamlfile.Format(problems))
		}
	}
}

// manyTasks writes a plan of n tasks; line gives what follows each task's id.
func manyTasks(n int, line func(i int) string) []byte {
	var b bytes.Buffer
	b.WriteString("version: 1\nname: x\ngoal: g\ntasks:\n")
	for i := range n {
		b.WriteString("- {id: t" + strconv.Itoa(i) + ", type: fix, prompt: p, " + line(i) + "}\n")
	}
	return b.Bytes()
}

// Hostile plans, each against one bound.
func TestHostilePlans(t *testing.T) {
	spread := func(prefix string) func(int) string {
		return func(i int) string { return "scope: [\"" + prefix + strconv.Itoa(i) + "\"]" }
	}
	tests := map[string]struct {
		data []byte
		want string // in some problem; empty when there are none
	}{
		"most tasks":           {manyTasks(plan.MaxTasks, spread("dir")), ""},
		"too many tasks":       {manyTasks(plan.MaxTasks+1, spread("d")), "at most 10000 are accepted"},
		"all overlap":          {manyTasks(600, func(int) string { return `scope: ["**"]` }), "problems of this severity are not listed"},
		"no common prefix":     {manyTasks(3000, spread("**/x")), "too many scopes to compare"},
		"same task, all pairs": {manyTasks(300, func(int) string { return "scope: [" + strings.Repeat(`"*",`, 199) + "]" }), "too many scopes to compare"},
		"braces": {manyTasks(1000, func(i int) string {
			return `scope: ["{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}` + strings.Repeat("x", 200) + strconv.Itoa(i) + `"]`
		}), "too many scopes to compare"},
		"unknown needs":   {manyTasks(2000, func(i int) string { return "scope: [d" + strconv.Itoa(i) + "], needs: [q" + strconv.Itoa(i) + "]" }), "there is no task"},
		"one long cycle":  {manyTasks(3000, func(i int) string { return "scope: [d], needs: [t" + strconv.Itoa((i+1)%3000) + "]" }), "→ … → t0"},
		"a chain":         {manyTasks(3000, func(i int) string { return "scope: [d], needs: [t" + strconv.Itoa(max(i-1, 0)) + "]" }), "needs itself"},
		"many needs":      {manyTasks(2, func(int) string { return "scope: [d], needs: [" + strings.Repeat("a,", 30_000) + "]" }), "at most 1000"},
		"long prompt":     {manyTasks(1, func(int) string { return "scope: [d], title: t, prompt: " + strings.Repeat("p", 300_000) }), "given before"},
		"too long prompt": {[]byte("version: 1\nname: x\ngoal: g\ntasks:\n- {id: a, type: fix, scope: [d], prompt: " + strings.Repeat("p", 256<<10+1) + "}"), "at most 262144 are accepted"},
		"too large":       {bytes.Repeat([]byte("#"), yamlfile.MaxSize+1), "at most 1048576 are accepted"},
		"open brackets":   {bytes.Repeat([]byte("["), yamlfile.MaxSize), "not valid YAML"},
		"list of nothing": {bytes.Repeat([]byte("-\n"), yamlfile.MaxSize/16), "must be a mapping"},
		"unknown keys":    {unknownKeys(), "problems of this severity are not listed"},
		"comments":        {bytes.Repeat([]byte("# x\n"), yamlfile.MaxSize/4), "holds no plan"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, problems := plan.Parse("p", test.data)
			got := yamlfile.Format(problems)
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %.600s\nwant %q", got, test.want)
			}
		})
	}
}

func unknownKeys() []byte {
	var b bytes.Buffer
	for i := range 20_000 {
		b.WriteString("acept" + strconv.Itoa(i) + ": x\n")
	}
	return b.Bytes()
}

func TestLimitsHold(t *testing.T) {
	long := []byte("version: 1\nname: x\ngoal: g\ntasks:\n- {id: a, type: fix, scope: [d], prompt: " + strings.Repeat("p", 256<<10) + "}")
	p, problems := plan.Parse("p", long)
	if p == nil || len(p.Tasks[0].Prompt) != 256<<10 {
		t.Errorf("the longest prompt is refused: %.300s", yamlfile.Format(problems))
	}
}

func TestWarningsLeaveThePlan(t *testing.T) {
	p, problems := plan.Parse("p", manyTasks(2, func(int) string { return "scope: [d]" }))
	if p == nil || len(problems) != 1 || problems[0].Severity != yamlfile.Warning {
		t.Errorf("got %v, %s", p, yamlfile.Format(problems))
	}
}

func FuzzParse(f *testing.F) {
	names, _ := filepath.Glob("testdata/*/*")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, problems := plan.Parse("f.yaml", data)
		if (p == nil) != yamlfile.HasErrors(problems) {
			t.Fatalf("plan is nil: %v; problems:\n%s", p == nil, yamlfile.Format(problems))
		}
		sorted := slices.IsSortedFunc(problems, func(a, b yamlfile.Problem) int { return a.Line - b.Line })
		lines := strings.Count(yamlfile.Format(problems), "\n")
		if !sorted || lines != len(problems) {
			t.Fatalf("problems out of order or on several lines:\n%s", yamlfile.Format(problems))
		}
		if p == nil {
			return
		}
		if order := p.Order(); len(order) != len(p.Tasks) || len(order) == 0 {
			t.Fatalf("%d of %d tasks are in order", len(order), len(p.Tasks))
		}
		for _, task := range p.Tasks {
			plan.MatchAny(task.Scope, "a/b")
			if task.Prompt == "" || len(task.Scope) == 0 || strings.ContainsAny(task.ID+p.Name, "/\\\n\x00 ") {
				t.Fatalf("accepted %+v", task)
			}
		}
	})
}
