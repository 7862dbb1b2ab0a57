package golang

import (
	"context"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/job"
)

const goReport = `go: downloading example.com/x v1.0.0
{"Action":"build-output","ImportPath":"m/b [m/b.test]","Output":"b.go:1: undefined: x\n"}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b [build failed]\n"}
{"Action":"fail","Package":"m/b","FailedBuild":"m/b [m/b.test]"}
{"Action":"fail","Package":"m/new","FailedBuild":"m/new"}
{"Action":"output","Package":"m/old","Output":"FAIL\tm/old [setup failed]\n"}
{"Action":"fail","Package":"m/old"}
{"Action":"run","Package":"m/a","Test":"TestA"}
{"Action":"output","Package":"m/a","Test":"TestA/x/y","Output":"said\n"}
{"Action":"fail","Package":"m/a","Test":"TestA/x/y"}
{"Action":"fail","Package":"m/a","Test":"TestA"}
{"Action":"run","Package":"m/a","Test":"TestB"}
{"Action":"output","Package":"m/a","Output":"FAIL\n"}
{"Action":"fail","Package":"m/a"}
{"Action":"start","Package":"m/c"}
{broken
`

func TestParseGo(t *testing.T) {
	r := parseGo(goReport)
	if r.Noise != "go: downloading example.com/x v1.0.0\n{broken\n" {
		t.Errorf("noise %q", r.Noise)
	}
	for _, tt := range []struct {
		id      string
		end     suite.Outcome
		unbuilt bool
		output  string
	}{
		{"m/a", suite.Fail, false, "FAIL\n"},
		{"m/b", suite.Fail, true, "b.go:1: undefined: x\n"},
		{"m/new", suite.Fail, true, ""},
		{"m/old", suite.Fail, true, "FAIL\tm/old [setup failed]\n"},
		{"m/c", "", false, ""},
	} {
		if u := r.Units[tt.id]; u == nil || u.End != tt.end || u.Unbuilt != tt.unbuilt || u.Output != tt.output {
			t.Errorf("%s: %+v", tt.id, u)
		}
	}
	if len(r.Units) != 5 {
		t.Errorf("%d packages", len(r.Units))
	}
	a := r.Units["m/a"]
	if y := a.Tests["TestA/x/y"]; y.End != suite.Fail || y.Parent != "TestA/x" || y.Top != "TestA" || y.Output != "said\n" {
		t.Errorf("%+v", y)
	}
	if top := a.Tests["TestA"]; top.End != suite.Fail || top.Runs != 1 || top.Parent != "" || top.Top != "" {
		t.Errorf("%+v", top)
	}
	if b := a.Tests["TestB"]; b.End != "" || b.Runs != 0 {
		t.Errorf("%+v", b)
	}
}

func TestGoRun(t *testing.T) {
	passed := `{"Action":"pass","Package":"m/a"}` + "\n"
	begun := `{"Action":"start","Package":"m/a"}` + "\n"
	a, b := suite.Unit{ID: "m/a", Path: "sub/a"}, suite.Unit{ID: "m/b", Path: "sub/b"}
	for _, tt := range []struct {
		name  string
		order suite.Order
		out   job.Output
		argv  string // what must be in the command
		not   string // what must not
		units int
		late  bool
		why   string // what is said when there is no report
	}{
		{"a package", suite.Order{Units: []suite.Unit{a}}, job.Output{Stdout: passed}, "./a", "-run", 1, false, ""},
		{"tests by name", suite.Order{Units: []suite.Unit{a}, Only: []string{"TestB", "TestA"}}, job.Output{Stdout: passed}, "-run ^(TestA|TestB)$ ./a", "-timeout", 1, false, ""},
		{"within a limit", suite.Order{Units: []suite.Unit{a}, LimitMS: 1000}, job.Output{Stdout: passed}, "-timeout=0", "-run", 1, false, ""},
		{"a package that is not reported on", suite.Order{Units: []suite.Unit{a, b}}, job.Output{Stdout: passed, Stderr: "no space left"}, "./b", "-run", 1, false, "sub/b: no space left"},
		{"a package that did not end", suite.Order{Units: []suite.Unit{a}}, job.Output{Stdout: begun}, "./a", "-run", 1, false, "sub/a"},
		{"a report that is cut", suite.Order{Units: []suite.Unit{a}}, job.Output{Stdout: passed, Capped: true}, "./a", "-run", 0, false, "more than can be kept"},
		{"out of time", suite.Order{Units: []suite.Unit{a}}, job.Output{Stdout: passed, TimedOut: true, Code: -1}, "./a", "-run", 0, false, "time"},
		{"out of time, a part is enough", suite.Order{Units: []suite.Unit{a, b}, Partial: true}, job.Output{Stdout: passed + strings.ReplaceAll(begun, "m/a", "m/b"), TimedOut: true, Code: -1}, "./a", "-run", 1, true, ""},
		{"out of time before anything ended", suite.Order{Units: []suite.Unit{a}, Partial: true}, job.Output{Stdout: begun, TimedOut: true, Code: -1}, "./a", "-run", 0, false, "time"},
		{"in time, where a part is enough", suite.Order{Units: []suite.Unit{a}, Partial: true}, job.Output{Stdout: passed}, "./a", "-run", 1, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.order.Tree = "/tree"
			r, why := goTool{}.Run(t.Context(), checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
				if argv := strings.Join(c.Argv, " "); !strings.Contains(argv, tt.argv) || strings.Contains(argv, tt.not) || c.Dir != "/tree/sub" {
					t.Errorf("%s in %s", argv, c.Dir)
				}
				return tt.out, nil
			}), suite.Group{Dir: "sub"}, tt.order)
			if len(r.Units) != tt.units || r.Late != tt.late || (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
				t.Errorf("%d packages, late %v, why %q", len(r.Units), r.Late, why)
			}
		})
	}
}

func TestGoTyped(t *testing.T) {
	for _, tt := range []struct {
		dir, unit, test string
		want            []string
	}{
		{"sub", "sub/a", "", []string{"go", "test", "-count=1", "-vet=off", "./a"}},
		{"sub", "sub", "TestA", []string{"go", "test", "-count=1", "-vet=off", "-run", "^(TestA)$", "."}},
	} {
		if got := (goTool{}).Typed(suite.Group{Dir: tt.dir}, suite.Unit{Path: tt.unit}, tt.test).Argv; !slices.Equal(got, tt.want) {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
