package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Outcome is what Muster said of one case.
type Outcome struct {
	Case
	Route    string   `json:"route"`
	Gates    []string `json:"gates,omitempty"`    // check/rule of what blocks
	Locators []string `json:"locators,omitempty"` // check/rule of what points
	Context  int      `json:"context"`            // findings that are folded away
	First    bool     `json:"first"`              // a finding among the first five lies where the mistake is
	Silent   []string `json:"silent,omitempty"`   // checks that gave no answer
	MS       int64    `json:"ms"`
	Error    string   `json:"error,omitempty"` // Muster failed
}

// blocked reports whether something blocks the change.
func (o Outcome) blocked() bool { return len(o.Gates) > 0 }

// sent reports whether the change is blocked or sent to a person by a finding.
// What only could not run does not count: it says nothing about the change.
func (o Outcome) sent() bool { return len(o.Gates)+len(o.Locators) > 0 }

// verdict is what is read of muster check --json.
type verdict struct {
	Route    string
	Findings []struct {
		Check, Rule, Level, Path string
		StartLine                int `json:"start_line"`
		EndLine                  int `json:"end_line"`
	}
	Checks []struct{ Name, Status string }
}

// runner judges cases with a built program.
type runner struct {
	muster   string
	repos    string
	state    string
	static   bool
	limit    time.Duration
	parallel int
}

// buildMuster builds the program that is measured.
func buildMuster(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "muster")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "muster/cmd/muster")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build muster/cmd/muster: %w\n%s", err, out)
	}
	return program, nil
}

// all judges every case and calls done for each, in any order.
func (r runner) all(ctx context.Context, cases []Case, done func(Outcome)) []Outcome {
	out := make([]Outcome, len(cases))
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range max(r.parallel, 1) {
		wg.Go(func() {
			for i := range next {
				o := r.one(ctx, cases[i])
				mu.Lock()
				out[i] = o
				done(o)
				mu.Unlock()
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// one judges one case. Cases of a repository share its cache: the same trees
// give the same results.
func (r runner) one(ctx context.Context, c Case) Outcome {
	o := Outcome{Case: c}
	args := []string{"check", "--json", "--time", r.limit.String()}
	if r.static {
		args = append(args, "--static")
	}
	if c.Claim != "" {
		args = append(args, "--claim", c.Claim)
	}
	cmd := exec.CommandContext(ctx, r.muster, append(args, c.Base+".."+c.Head)...)
	cmd.Dir = filepath.Join(r.repos, c.Repo)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+r.state)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	o.MS = time.Since(began).Milliseconds()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 10 && exit.ExitCode() != 20) {
		o.Error = strings.TrimSpace(fmt.Sprintf("%v: %s", err, stderr.String()))
		return o
	}
	var v verdict
	if err := json.Unmarshal(stdout.Bytes(), &v); err != nil {
		o.Error = fmt.Sprintf("read the verdict: %v", err)
		return o
	}
	o.read(v)
	return o
}

// firstShown is how many findings are put before a person.
const firstShown = 5

func (o *Outcome) read(v verdict) {
	o.Route = v.Route
	where := readPlaces(o.Lines)
	for i, f := range v.Findings {
		name := f.Check + "/" + f.Rule
		switch f.Level {
		case "gate":
			o.Gates = append(o.Gates, name)
		case "locator":
			o.Locators = append(o.Locators, name)
		default:
			o.Context++
			continue
		}
		for _, p := range where {
			o.First = o.First || i < firstShown && p.holds(f.Path, f.StartLine, f.EndLine)
		}
	}
	for _, c := range v.Checks {
		if c.Status == "error" || c.Status == "timeout" || c.Status == "flaky" {
			o.Silent = append(o.Silent, c.Name)
		}
	}
}
