package repeat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

const plainTest = "package %s\n\nimport \"testing\"\n\nfunc TestIt(t *testing.T) {\n\t%s\n}\n"

func base() checktest.Files {
	return checktest.Files{
		"go.mod":            "module example.org/m\n\ngo 1.24\n",
		"race/race.go":      "package race\n\nfunc Count() int { return 2 }\n",
		"race/race_test.go": fmt.Sprintf(plainTest, "race", "_ = Count()"),
		"old/old.go":        "package old\n\nfunc Count() int {\n\tn := 0\n\tdone := make(chan bool)\n\tgo func() { n++; close(done) }()\n\tn++\n\t<-done\n\treturn n\n}\n",
		"old/old_test.go":   fmt.Sprintf(plainTest, "old", "_ = Count()"),
		"wave/wave.go":      "package wave\n\nfunc Once() bool { return true }\n",
		"wave/wave_test.go": fmt.Sprintf(plainTest, "wave", "if !Once() {\n\t\tt.Fatal()\n\t}"),
		"red/red.go":        "package red\n",
		"red/red_test.go":   fmt.Sprintf(plainTest, "red", "t.Fatal()"),
		"calm/calm.go":      "package calm\n",
		"calm/calm_test.go": fmt.Sprintf(plainTest, "calm", ""),
		"bare/bare.go":      "package bare\n",
	}
}

func briefly(r evidence.Result) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %s:%d", f.Level, f.Rule, f.Path, f.StartLine))
	}
	slices.Sort(out)
	return out
}

func TestRacesAndWavering(t *testing.T) {
	checktest.Needs(t, "gcc")
	old := base()["old/old.go"]
	head := base().With(checktest.Files{
		"race/race.go": strings.Replace(old, "package old", "package race", 1),
		"old/old.go":   old + "\n// more\n",
		"wave/wave.go": "package wave\n\nvar n int\n\nfunc Once() bool { n++; return n > 1 }\n",
		"red/red.go":   "package red // more\n",
		"calm/calm.go": "package calm // more\n",
	})
	trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": head})
	got := checktest.Run(t, New(), trees, &checktest.OSExec{}, checktest.Request(evidence.OfTask))
	if have, want := briefly(got), []string{"locator race race/race.go:6", "locator wavers wave/wave_test.go:5"}; !slices.Equal(have, want) {
		t.Errorf("%s (%s) %q, want %q, not run %q", got.Status, got.Why, have, want, got.NotRun)
	}
	if want := "TestIt in old shows a data race at the base too"; !slices.Contains(got.NotRun, want) {
		t.Errorf("%q is not among %q", want, got.NotRun)
	}
	for _, f := range got.Findings {
		if !strings.HasPrefix(f.Reproduce, "go test -count=3 -shuffle=on -race -run '^(TestIt)$' ./") {
			t.Error(f.Reproduce)
		}
	}
}

func TestSkips(t *testing.T) {
	for name, tt := range map[string]struct {
		head checktest.Files
		why  string
	}{
		"no Go":    {checktest.Files{"x.py": "1\n"}, "touches no Go package"},
		"no tests": {checktest.Files{"bare/bare.go": "package bare // x\n"}, "have no tests"},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(tt.head)})
		got := checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask))
		if got.Status != evidence.Skipped || !strings.Contains(got.Why, tt.why) {
			t.Errorf("%s: %s: %s", name, got.Status, got.Why)
		}
	}
}

// Changed tests that end neither together nor alone do not pass: no other check
// runs tests that come without code.
func TestChangedTestsThatDoNotEnd(t *testing.T) {
	late, pass := job.Output{Code: -1, TimedOut: true}, job.Output{Stdout: `{"Action":"pass","Package":"example.org/m/calm","Test":"TestIt"}` + "\n" + `{"Action":"pass","Package":"example.org/m/calm"}` + "\n"}
	for name, tt := range map[string]struct {
		file   string
		runs   []job.Output
		status evidence.Status
	}{
		"never":          {"calm/calm_test.go", []job.Output{late, late}, evidence.CouldNot},
		"once":           {"calm/calm_test.go", []job.Output{late, pass}, evidence.Skipped},
		"no test edited": {"calm/calm.go", []job.Output{late}, evidence.Skipped},
		"a new test":     {"calm/more_test.go", []job.Output{late, late}, evidence.CouldNot},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(checktest.Files{tt.file: "package calm // x\n"})})
		next := tt.runs
		var argvs []string
		x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
			argvs = append(argvs, strings.Join(c.Argv, " "))
			if len(next) == 0 {
				return job.Output{Code: 127}, nil
			}
			out := next[0]
			next = next[1:]
			return out, nil
		})
		got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask))
		if got.Status != tt.status || len(argvs) != len(tt.runs) || !strings.Contains(got.Why, "time limit") {
			t.Errorf("%s: %s: %s, %q", name, got.Status, got.Why, argvs)
		}
		if len(argvs) == 2 && (strings.Contains(argvs[1], "-race") || strings.Contains(argvs[1], "-count=3")) {
			t.Errorf("%s: it is run again as %s", name, argvs[1])
		}
	}
}

// What it does not come to is said, and is no alarm.
func TestWhatIsLeft(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(checktest.Files{"calm/calm.go": "package calm // x\n"})})
	pass := `{"Action":"pass","Package":"example.org/m/calm","Test":"TestIt"}` + "\n" + `{"Action":"pass","Package":"example.org/m/calm"}` + "\n"
	fail := strings.ReplaceAll(pass, "pass", "fail")
	for name, tt := range map[string]struct {
		runs   []job.Output
		status evidence.Status
		said   string
	}{
		"no time":           {[]job.Output{{Code: -1, TimedOut: true}}, evidence.Skipped, "time limit"},
		"no go":             {[]job.Output{{Code: 127, Stderr: "go: not found"}}, evidence.Skipped, "go: not found"},
		"no C compiler":     {[]job.Output{{Code: 2, Stderr: "go: -race requires cgo; enable cgo by setting CGO_ENABLED=1"}, {Stdout: pass}}, evidence.Passed, "the race detector was not used"},
		"always red":        {[]job.Output{{Code: 1, Stdout: fail}}, evidence.Passed, ""},
		"no answer at base": {[]job.Output{{Code: 1, Stdout: fail + pass}, {Code: -1, TimedOut: true}}, evidence.Passed, "could not be compared with the base"},
		"wavers at base":    {[]job.Output{{Code: 1, Stdout: fail + pass}, {Code: 1, Stdout: pass + fail}}, evidence.Passed, "TestIt in calm wavers at the base too"},
		"wavers":            {[]job.Output{{Code: 1, Stdout: fail + pass}, {Stdout: pass}}, evidence.Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			next := tt.runs
			x := checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) {
				if len(next) == 0 {
					t.Error("a command too many")
					return job.Output{Code: 127}, nil
				}
				out := next[0]
				next = next[1:]
				return out, nil
			})
			got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask))
			if got.Status != tt.status || len(next) > 0 || !strings.Contains(got.Why+strings.Join(got.NotRun, "\n"), tt.said) {
				t.Errorf("%s: %s, %q, %d to go", got.Status, got.Why, got.NotRun, len(next))
			}
		})
	}
}
