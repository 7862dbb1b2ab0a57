package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/adapter/git"
	"muster/internal/check"
	"muster/internal/check/mutation"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// history judges the last commits of a repository that touch both Go code and
// Go tests, as the check would, and counts what it says of them. They are what
// people did; so each gate is taken for a false alarm until somebody has
// looked at it.
func (b bench) history(ctx context.Context, repoDir string, n int) error {
	state, err := os.MkdirTemp("", "muster-history-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(state) }() // a temporary folder
	repo, err := git.Open(ctx, repoDir, state)
	if err != nil {
		return err
	}
	defer repo.Close()
	commits, err := candidates(ctx, repoDir)
	if err != nil {
		return err
	}
	count := map[string]int{}
	judged := 0
	for _, c := range commits {
		if judged >= n || ctx.Err() != nil {
			break
		}
		base, err := repo.Resolve(ctx, c+"^")
		if err != nil {
			return err
		}
		head, err := repo.Resolve(ctx, c)
		if err != nil {
			return err
		}
		began := time.Now()
		r := check.New(check.Tools{Trees: trees{repo}, Exec: b.exec}, []check.Check{builds{}, mutation.New()}, 2)
		e, err := r.Judge(ctx, evidence.Request{Subject: evidence.OfRange, Base: base, Head: head, TimeMS: (10 * time.Minute).Milliseconds()})
		if err != nil {
			return err
		}
		res := e.Results[1]
		worst := "quiet"
		for _, f := range res.Findings {
			if worst == "quiet" || f.Level == evidence.Gate || f.Level == evidence.Locator && worst == string(evidence.Context) {
				worst = string(f.Level)
			}
		}
		if res.Status == evidence.Skipped || res.Status == evidence.CouldNot || res.Status == evidence.TimedOut {
			worst = string(res.Status)
		} else {
			judged++
		}
		count[worst]++
		say(b.out, "%s %-8s %s %d findings, %d places, %s %s\n", c[:10], worst, ms(time.Since(began)), len(res.Findings), len(res.Unverified), res.Why, strings.Join(res.NotRun, " | "))
		for _, f := range res.Findings {
			if f.Level != evidence.Context {
				say(b.out, "   %s %s:%d %s\n%s", f.Level, f.Path, f.StartLine, f.Message, indent(f.Detail))
			}
		}
	}
	say(b.out, "%s: %d judged: %v\n", filepath.Base(repoDir), judged, count)
	return ctx.Err()
}

func indent(text string) string {
	return "      " + strings.TrimSuffix(strings.ReplaceAll(text, "\n", "\n      "), "      ")
}

// candidates gives commits with one parent that touch Go code and Go tests.
func candidates(ctx context.Context, dir string) ([]string, error) {
	log, err := output(ctx, dir, "git", "log", "--no-merges", "-n", "3000", "--format=%x00%H", "--name-only")
	if err != nil {
		return nil, err
	}
	var out []string
	for part := range strings.SplitSeq(log, "\x00") {
		id, files, _ := strings.Cut(part, "\n")
		code, tests := false, false
		for f := range strings.Lines(files) {
			f = strings.TrimSpace(f)
			tests = tests || strings.HasSuffix(f, "_test.go")
			code = code || strings.HasSuffix(f, ".go") && !strings.HasSuffix(f, "_test.go")
		}
		if code && tests {
			out = append(out, id)
		}
	}
	return out, nil
}

// builds stands for the check of that name, which the mutants need.
type builds struct{}

func (builds) Info() check.Info                { return check.Info{Name: "build", Version: "0"} }
func (builds) Applies(evidence.Request) string { return "" }
func (builds) Settings(evidence.Request) any   { return nil }
func (builds) Run(context.Context, *check.Subject, check.Exec) evidence.Result {
	return check.Judged(nil)
}

// trees lays out what the check looks at.
type trees struct{ *git.Repo }

func (t trees) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	return t.ReadFileOrLink(ctx, tree, path)
}

func (t trees) List(ctx context.Context, tree string) ([]change.Entry, error) {
	return t.Files(ctx, tree)
}

func (t trees) Lease(ctx context.Context, tree string) (string, func(), error) {
	return t.Repo.Lease(ctx, tree)
}
