package linters

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

// badLines is a tool that speaks of every line with "bad" in any file.
func badLines(t *testing.T, say func(dir, name string, line int, text string) string) checktest.ExecFunc {
	return func(_ context.Context, c job.Command) (job.Output, error) {
		var out []string
		err := filepath.WalkDir(c.Dir, func(p string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(p)
			name, _ := filepath.Rel(c.Dir, p)
			for i, l := range strings.Split(string(data), "\n") {
				if strings.Contains(l, "bad") {
					out = append(out, say(c.Dir, name, i+1, l))
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		code := 0
		if len(out) > 0 {
			code = 1
		}
		return job.Output{Stdout: strings.Join(out, ""), Code: code}, nil
	}
}

func asText(_, name string, line int, _ string) string {
	return fmt.Sprintf("%s:%d:1: error: this is bad\n", name, line)
}

func textTool() evidence.Linter {
	return evidence.Linter{Name: "lint", Run: plan.Command{Argv: []string{"lint"}}, Format: "errorformat", Lines: []string{"%f:%l:%c: %trror: %m", "%f:%l:%c: %tarning: %m"}}
}

func run(t *testing.T, l evidence.Linter, x checktest.ExecFunc, base, head checktest.Files) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	req := checktest.Request(evidence.OfTask)
	req.Linters = []evidence.Linter{l}
	return checktest.Run(t, New(), trees, x, req)
}

func show(r evidence.Result) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %s:%d", f.Level, f.Rule, f.Path, f.StartLine))
	}
	return strings.Join(out, "\n")
}

func TestOnlyWhatIsNew(t *testing.T) {
	base := checktest.Files{"a.txt": "one\nbad\n", "b.txt": "bad\n"}
	for _, tt := range []struct {
		name string
		head checktest.Files
		want string
	}{
		{"nothing new", checktest.Files{"c.txt": "good\n"}, ""},
		{"a new line", checktest.Files{"a.txt": "one\nbad\nbad too\n"}, "locator lint a.txt:3"},
		{"the same line once more", checktest.Files{"a.txt": "bad\none\nbad\n"}, "locator lint a.txt:1"},
		{"other words on its line", checktest.Files{"a.txt": "one\nbad now\n"}, "locator lint a.txt:2"},
		{"moved down", checktest.Files{"a.txt": "zero\none\nhalf\nbad\n"}, ""},
		{"mended", checktest.Files{"a.txt": "one\n"}, ""},
		{"renamed", checktest.Files{"a.txt": "", "c.txt": "one\nbad\n"}, ""},
		{"a new file", checktest.Files{"c.txt": "bad\n"}, "locator lint c.txt:1"},
		{"gone", checktest.Files{"a.txt": "", "b.txt": ""}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, textTool(), badLines(t, asText), base, base.With(tt.head))
			if show(got) != tt.want || len(got.NotRun) != 0 {
				t.Errorf("%s %s %q\n%s", got.Status, got.Why, got.NotRun, show(got))
			}
		})
	}
}

func TestLevels(t *testing.T) {
	warn := badLines(t, func(_, name string, line int, _ string) string {
		return fmt.Sprintf("%s:%d:1: warning: this is bad\n", name, line)
	})
	if got := run(t, textTool(), warn, checktest.Files{"a": "x\n"}, checktest.Files{"a": "bad\n"}); show(got) != "context lint a:1" || got.Status != evidence.Passed {
		t.Errorf("%s %s", got.Status, show(got))
	}
	// What the change causes in a file that it does not touch is context.
	elsewhere := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		if _, err := os.Stat(filepath.Join(c.Dir, "a")); err != nil {
			return job.Output{Stdout: "b:1:1: error: unused\n", Code: 1}, nil //nolint:nilerr // a missing file is what the tool finds
		}
		return job.Output{}, nil
	})
	if got := run(t, textTool(), elsewhere, checktest.Files{"a": "x\n", "b": "y\n"}, checktest.Files{"b": "y\n"}); show(got) != "context lint b:1" {
		t.Errorf("%s", show(got))
	}
}

func asSARIF(results string) string {
	return `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x","rules":[{"id":"R1","defaultConfiguration":{"level":"error"}},{"id":"R2"}]}},"results":[` + results + `]}]}`
}

func TestSARIF(t *testing.T) {
	result := func(rest, uri string, line int) string {
		return fmt.Sprintf(`{%s"message":{"text":"bad"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":%q},"region":{"startLine":%d}}}]}`, rest, uri, line)
	}
	for _, tt := range []struct{ name, results, want string }{
		{"level of the rule", result(`"ruleId":"R1",`, "a b.txt", 1), "locator scan/R1 a b.txt:1"},
		{"level of the result", result(`"ruleId":"R1","level":"note",`, "a%20b.txt", 1), "context scan/R1 a b.txt:1"},
		{"by index", result(`"ruleIndex":0,`, "./a%20b.txt", 1), "locator scan/R1 a b.txt:1"},
		{"a warning by default", result(`"ruleId":"R2",`, "a%20b.txt", 1), "context scan/R2 a b.txt:1"},
		{"an absolute path", result(`"ruleId":"R1",`, "file://DIR/a%20b.txt", 1), "locator scan/R1 a b.txt:1"},
		{"a path elsewhere", result(`"ruleId":"R1",`, "file:///etc/passwd", 1), "context scan/R1 :1"},
		{"a path that leads out", result(`"ruleId":"R1",`, "../../etc/passwd", 1), "context scan/R1 :1"},
		{"suppressed", result(`"ruleId":"R1","suppressions":[{"kind":"inSource"}],`, "a%20b.txt", 1), ""},
		{"passed", result(`"ruleId":"R1","kind":"pass",`, "a%20b.txt", 1), ""},
		{"nothing", "", ""},
	} {
		for _, toFile := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, toFile), func(t *testing.T) {
				x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
					log := asSARIF(strings.ReplaceAll(tt.results, "DIR", c.Dir))
					if data, err := os.ReadFile(filepath.Join(c.Dir, "a b.txt")); err != nil || string(data) == "old\n" {
						log = asSARIF("")
					}
					if !toFile {
						return job.Output{Stdout: log, Code: 1}, nil
					}
					i := slices.IndexFunc(c.Env, func(e string) bool { return strings.HasPrefix(e, "MUSTER_SARIF=") })
					return job.Output{Stdout: "scanning", Code: 1}, os.WriteFile(strings.TrimPrefix(c.Env[i], "MUSTER_SARIF="), []byte(log), 0o644)
				})
				l := evidence.Linter{Name: "scan", Run: plan.Command{Shell: "scan > $MUSTER_SARIF"}, Format: "sarif"}
				got := run(t, l, x, checktest.Files{"a b.txt": "old\n"}, checktest.Files{"a b.txt": "new\n"})
				if show(got) != tt.want || len(got.NotRun) != 0 {
					t.Errorf("%s %s %q\n%s", got.Status, got.Why, got.NotRun, show(got))
				}
			})
		}
	}
}

// A file of the change does not pass for what the tool wrote.
func TestFileOfTheChangeIsNotRead(t *testing.T) {
	x := checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) { return job.Output{Code: 2}, nil })
	l := evidence.Linter{Name: "scan", Run: plan.Command{Argv: []string{"scan"}}, Format: "sarif"}
	got := run(t, l, x, checktest.Files{"a": "x\n"}, checktest.Files{"a": "y\n", outFile: asSARIF("")})
	if got.Status != evidence.CouldNot || !strings.Contains(got.Why, "it wrote no SARIF") {
		t.Errorf("%s %s", got.Status, got.Why)
	}
	got = run(t, l, x, checktest.Files{"a": "x\n"}, checktest.Files{"a": "y\n", outFile: checktest.Link("/etc/passwd")})
	if got.Status != evidence.CouldNot || !strings.Contains(got.Why, "no SARIF") {
		t.Errorf("%s %s", got.Status, got.Why)
	}
}

func TestCannotRun(t *testing.T) {
	sarif := evidence.Linter{Name: "scan", Run: plan.Command{Argv: []string{"scan"}}, Format: "sarif"}
	bad := textTool()
	bad.Lines = []string{"%f:%"}
	for name, tt := range map[string]struct {
		l    evidence.Linter
		out  job.Output
		err  error
		want string
	}{
		"no such program": {textTool(), job.Output{Code: 127, Stderr: "not found"}, nil, "could not be executed"},
		"refused":         {textTool(), job.Output{}, errors.New("no sandbox"), "no sandbox"},
		"too slow":        {textTool(), job.Output{TimedOut: true}, nil, "time limit"},
		"crashed":         {textTool(), job.Output{Code: 2, Stderr: "panic: x"}, nil, "panic: x"},
		"no SARIF":        {sarif, job.Output{Stdout: "all good"}, nil, "no SARIF"},
		"other JSON":      {sarif, job.Output{Stdout: "{}"}, nil, "no runs"},
		"too much":        {sarif, job.Output{Stdout: "{", Capped: true}, nil, "more than is kept"},
		"bad patterns":    {bad, job.Output{}, nil, "patterns"},
	} {
		t.Run(name, func(t *testing.T) {
			x := checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) { return tt.out, tt.err })
			got := run(t, tt.l, x, checktest.Files{"a": "x\n"}, checktest.Files{"a": "y\n"})
			if got.Status != evidence.CouldNot || !strings.Contains(got.Why, tt.want) || !strings.HasPrefix(got.Why, tt.l.Name+": ") {
				t.Errorf("%s: %s", got.Status, got.Why)
			}
		})
	}
}

// A tool that does not run on the base shows what it says of changed lines.
func TestNotComparable(t *testing.T) {
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		if data, _ := os.ReadFile(filepath.Join(c.Dir, "a")); string(data) == "x\ny\n" {
			return job.Output{Code: 2, Stderr: "no config"}, nil
		}
		return job.Output{Stdout: "a:1:1: error: old\na:2:1: error: new\n", Code: 1}, nil
	})
	got := run(t, textTool(), x, checktest.Files{"a": "x\ny\n"}, checktest.Files{"a": "x\nz\n"})
	if show(got) != "context lint a:2" || len(got.NotRun) != 1 || !strings.Contains(got.NotRun[0], "compared") {
		t.Errorf("%s %q", show(got), got.NotRun)
	}
}

// What blocks comes first, then it goes by path and line.
func TestOrder(t *testing.T) {
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		if _, err := os.Stat(filepath.Join(c.Dir, "b")); err != nil {
			return job.Output{}, nil //nolint:nilerr // the base has nothing to speak of
		}
		return job.Output{Stdout: "b:1:1: error: w\na:2:1: warning: x\na:3:1: error: y\na:1:1: error: z\n", Code: 1}, nil
	})
	got := run(t, textTool(), x, checktest.Files{"c": "x\n"}, checktest.Files{"c": "x\n", "a": "1\n2\n3\n", "b": "1\n"})
	if want := "locator lint a:1\nlocator lint a:3\nlocator lint b:1\ncontext lint a:2"; show(got) != want {
		t.Errorf("%s", show(got))
	}
	if want := "lint says of line 1 of a, and not of the base: z"; len(got.Findings) == 0 || got.Findings[0].Message != want {
		t.Errorf("%+v, want %q", got.Findings, want)
	}
}

// A message in Markdown alone is shown, and one about no place names none.
func TestMarkdown(t *testing.T) {
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		if _, err := os.Stat(filepath.Join(c.Dir, "b")); err != nil {
			return job.Output{Stdout: asSARIF("")}, nil //nolint:nilerr // the base has nothing to speak of
		}
		return job.Output{Stdout: asSARIF(`{"ruleId":"R1","message":{"markdown":"**worse**"}}`)}, nil
	})
	l := evidence.Linter{Name: "scan", Run: plan.Command{Argv: []string{"scan"}}, Format: "sarif"}
	got := run(t, l, x, checktest.Files{"a": "x\n"}, checktest.Files{"a": "x\n", "b": "x\n"})
	if want := "scan says, and not of the base: **worse**"; len(got.Findings) != 1 || got.Findings[0].Message != want {
		t.Errorf("%+v, want %q", got.Findings, want)
	}
}

// A tool may name files by where the folder really is.
func TestInTree(t *testing.T) {
	real, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	real = realPath(real)
	for name, want := range map[string]string{real + "/a/b": "a/b", link + "/a/b": "a/b", "./a": "a", "/elsewhere/a": "", "../a": "", ".": ""} {
		if got := inTree(name, link); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestDoesNotApply(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "x\n"}, "head": {"a": "y\n"}})
	if got := checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask)); got.Status != evidence.Skipped {
		t.Errorf("%s", got.Status)
	}
}

func TestManyAreFolded(t *testing.T) {
	var text strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, "bad %d\n", i)
	}
	if got := run(t, textTool(), badLines(t, asText), checktest.Files{"a": "x\n"}, checktest.Files{"a": text.String()}); len(got.Findings) != maxFindings+1 {
		t.Errorf("%d findings", len(got.Findings))
	}
}
