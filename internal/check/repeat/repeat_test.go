package repeat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/slowtest"
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
	slowtest.Only(t) // the race detector needs the standard library compiled anew
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
		x := compiles(func(_ context.Context, c job.Command) (job.Output, error) {
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

// compiles gives an executor that has a C compiler; everything else is asked
// of run.
func compiles(run checktest.ExecFunc) checktest.ExecFunc {
	return func(ctx context.Context, c job.Command) (job.Output, error) {
		switch strings.Join(c.Argv, " ") {
		case "go env CC":
			return job.Output{Stdout: "ccache gcc\n"}, nil
		case "ccache gcc --version":
			return job.Output{}, nil
		}
		return run(ctx, c)
	}
}

// Without a C compiler the race detector is not tried: the go command says
// that it needs one only when it has compiled the standard library.
func TestCompiler(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(checktest.Files{"calm/calm.go": "package calm // x\n"})})
	pass := `{"Action":"pass","Package":"example.org/m/calm","Test":"TestIt"}` + "\n" + `{"Action":"pass","Package":"example.org/m/calm"}` + "\n"
	for name, tt := range map[string]struct {
		env, version job.Output
		races        bool
	}{
		"one":                   {job.Output{Stdout: "gcc\n"}, job.Output{}, true},
		"one that is strict":    {job.Output{Stdout: "gcc\n"}, job.Output{Code: 1}, true},
		"none":                  {job.Output{Stdout: "gcc\n"}, job.Output{Code: 127}, false},
		"nobody knows":          {job.Output{Code: 127}, job.Output{Code: 127}, true},
		"nobody knows its name": {job.Output{}, job.Output{Code: 127}, true},
	} {
		x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
			switch {
			case c.Argv[0] == "gcc":
				return tt.version, nil
			case c.Argv[1] == "env":
				return tt.env, nil
			case slices.Contains(c.Argv, "-race") != tt.races:
				t.Errorf("%s: %q", name, c.Argv)
			}
			return job.Output{Stdout: pass}, nil
		})
		got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask))
		if said := strings.Contains(strings.Join(got.NotRun, "\n"), "the race detector was not used"); got.Status != evidence.Passed || said == tt.races {
			t.Errorf("%s: %s %s %q", name, got.Status, got.Why, got.NotRun)
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
			x := compiles(func(context.Context, job.Command) (job.Output, error) {
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

// What is found is told of where it shows, with the command that shows it;
// what is known to waver is not told of again.
func TestWhatIsSaid(t *testing.T) {
	event := func(action, more string) string {
		return `{"Action":"` + action + `","Package":"example.org/m/calm","Test":"TestIt"` + more + "}\n"
	}
	passed := event("pass", "") + `{"Action":"pass","Package":"example.org/m/calm"}` + "\n"
	failed := func(output string) string {
		return event("run", "") + event("output", `,"Output":`+strconv.Quote(output)) + event("fail", "") + `{"Action":"fail","Package":"example.org/m/calm"}` + "\n"
	}
	race := func(at string) string { return failed("WARNING: DATA RACE\n      " + at + " +0x1\n") }
	noRace := "go: -race requires cgo; enable cgo by setting CGO_ENABLED=1"
	known := []evidence.Known{{Test: evidence.Test{In: "example.org/m/calm", Name: "TestIt"}, Rate: evidence.Rate{Red: 2, Runs: 10}}}
	for name, tt := range map[string]struct {
		runs      []string
		known     []evidence.Known
		found     string
		reproduce string
		left      string
	}{
		"wavers":               {[]string{failed("no") + passed, passed}, nil, "locator wavers calm/calm_test.go:5", "go test -count=3 -shuffle=on -race -run '^(TestIt)$' ./calm", ""},
		"without the detector": {[]string{noRace, failed("no") + passed, passed}, nil, "locator wavers calm/calm_test.go:5", "go test -count=3 -shuffle=on -run '^(TestIt)$' ./calm", "the race detector was not used"},
		"races":                {[]string{race("DIR/calm/calm.go:1"), passed}, nil, "locator race calm/calm.go:1", "go test -count=3 -shuffle=on -race -run '^(TestIt)$' ./calm", ""},
		"races elsewhere":      {[]string{race("/usr/lib/go/time.go:9"), passed}, nil, "locator race calm/calm_test.go:5", "", ""},
		"wavers, on record":    {[]string{failed("no") + passed, passed}, known, "", "", "it was red in 2 of 10 runs"},
		"races, on record":     {[]string{race("DIR/calm/calm.go:1"), passed}, known, "locator race calm/calm.go:1", "", ""},
		"races at the base":    {[]string{race("DIR/calm/calm.go:1"), race("DIR/calm/calm.go:1")}, nil, "", "", "shows a data race at the base too"},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(checktest.Files{"calm/calm.go": "package calm // x\n"})})
		next := tt.runs
		x := compiles(func(_ context.Context, c job.Command) (job.Output, error) {
			if len(next) == 0 {
				return job.Output{Code: 127}, nil
			}
			text := strings.ReplaceAll(next[0], "DIR", c.Dir)
			next = next[1:]
			if text == noRace {
				return job.Output{Code: 2, Stderr: text}, nil
			}
			return job.Output{Code: strings.Count(text, `"fail"`), Stdout: text}, nil
		})
		req := checktest.Request(evidence.OfTask)
		req.Known = tt.known
		got := checktest.Run(t, New(), trees, x, req)
		if have := strings.Join(briefly(got), "; "); have != tt.found || !strings.Contains(strings.Join(got.NotRun, "; "), tt.left) || len(got.NotRun) > 0 != (tt.left != "") {
			t.Errorf("%s: %s (%s) %q, left %q", name, got.Status, got.Why, have, got.NotRun)
		}
		if tt.reproduce != "" && len(got.Findings) == 1 && got.Findings[0].Reproduce != tt.reproduce {
			t.Errorf("%s: %s", name, got.Findings[0].Reproduce)
		}
	}
}

func TestRacing(t *testing.T) {
	for text, want := range map[string]string{
		"  a/a_test.go:3 +0x1\n  a/x.go:9\n  a/w.go:7\n  a/w.go:20\n": "a/w.go:7",
		"  a/x_test.go:3 +0x1\n  b/x.go:9\n":                          "a/x_test.go:3",
		"  b/x.go:9\n":                                                ":0",
		"  a/x.go:99999999999999999999\n":                             ":0",
	} {
		file, line, ok := racing(text, "a")
		if got := fmt.Sprintf("%s:%d", file, line); got != want || ok != (file != "") {
			t.Errorf("%q: %s, %v", text, got, ok)
		}
	}
}

// One command takes at most a third of the time that is left.
func TestLimit(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(checktest.Files{"calm/calm.go": "package calm // x\n"})})
	for left, want := range map[int64]int64{0: longest, 60_000: 20_000, 6_000_000: longest} {
		var limits []int64
		x := compiles(func(_ context.Context, c job.Command) (job.Output, error) {
			limits = append(limits, c.LimitMS)
			return job.Output{Code: 127}, nil
		})
		req := checktest.Request(evidence.OfTask)
		req.TimeMS = left
		checktest.Run(t, New(), trees, x, req)
		if len(limits) != 1 || limits[0] > want || limits[0] <= want/2 {
			t.Errorf("of %d ms left: %d, want %d", left, limits, want)
		}
	}
}
