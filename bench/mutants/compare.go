package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/check/mutation"
)

// compare runs a sample of the mutants by hand: the file as a person would
// write it, and a whole "go test" of the mutant's package.
func (b bench) compare(ctx context.Context, r mutation.Report, sample int) error {
	chosen := spread(r, sample)
	if len(chosen) == 0 {
		return nil
	}
	work, err := os.MkdirTemp("", "muster-mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // a temporary folder
	base, err := b.plain(ctx, chosen)
	if err != nil {
		return err
	}
	var wall time.Duration
	differ := 0
	for _, j := range chosen {
		began := time.Now()
		got, text, err := b.byHand(ctx, work, r, j)
		if err != nil {
			return err
		}
		wall += time.Since(began)
		if got != j.Outcome {
			differ++
			say(b.out, "DIFFERS %s:%d %s: %s, by hand %s\n%s\n", j.File, j.Line, j.Op, j.Outcome, got, tail(text))
		}
	}
	judged := 0
	for _, j := range r.Judged {
		judged += len(j.By)
	}
	of := func(d time.Duration) time.Duration { return d / time.Duration(max(judged, 1)) }
	each, tests := of(r.Times.Mutants), of(r.Times.Tests)
	all := of(r.Times.Prepare + r.Times.Build + r.Times.Plain + r.Times.Mutants)
	hand := wall / time.Duration(len(chosen))
	say(b.out, "one go test without a mutant   %s (mean over the sample's packages)\n", ms(base))
	say(b.out, "one go test for each mutant    %s each, %d mutants\n", ms(hand), len(chosen))
	say(b.out, "woven, all that it takes       %s each, %d runs: finding, building, plain runs, runs with a mutant\n", ms(all), judged)
	say(b.out, "woven, the runs                %s each; they end at the first test that notices\n", ms(each))
	say(b.out, "the same tests, no mutant      %s\n", ms(tests))
	say(b.out, "beyond the tests' own time     %s each (aim: 200 ms)\n", ms(max(all-tests, 0)))
	say(b.out, "ratio                          %.1f\n", float64(hand)/float64(all))
	say(b.out, "both ways agree on             %d of %d\n", len(chosen)-differ, len(chosen))
	if differ > 0 {
		return fmt.Errorf("the two ways disagree on %d mutants", differ)
	}
	return nil
}

// spread takes mutants that were judged by their own package's tests alone,
// evenly from the whole list.
func spread(r mutation.Report, n int) []mutation.Judged {
	var all []mutation.Judged
	for _, j := range r.Judged {
		if len(j.By) == 1 && j.By[0] == j.Package && (j.Outcome == mutation.Killed || j.Outcome == mutation.Survived) {
			all = append(all, j)
		}
	}
	if len(all) <= n {
		return all
	}
	var out []mutation.Judged
	for i := range n {
		out = append(out, all[i*len(all)/n])
	}
	return out
}

// plain gives the mean time of a "go test" of the sample's packages.
func (b bench) plain(ctx context.Context, chosen []mutation.Judged) (time.Duration, error) {
	seen := map[string]bool{}
	var wall time.Duration
	for _, j := range chosen {
		if seen[j.Package] {
			continue
		}
		seen[j.Package] = true
		began := time.Now()
		if text, ok, err := b.goTest(ctx, j.Package, ""); err != nil || !ok {
			return 0, errors.Join(fmt.Errorf("%s does not pass without a mutant: %s", j.Package, tail(text)), err)
		}
		wall += time.Since(began)
	}
	return wall / time.Duration(len(seen)), nil
}

// byHand runs the tests of the mutant's package with the mutant in its file.
func (b bench) byHand(ctx context.Context, work string, r mutation.Report, j mutation.Judged) (mutation.Outcome, string, error) {
	file, overlay := filepath.Join(work, "mutant.go"), filepath.Join(work, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(b.dir, filepath.FromSlash(j.File)): file}})
	if err != nil {
		return "", "", err
	}
	if err := errors.Join(os.WriteFile(file, j.Apply(r.Texts[j.File]), 0o600), os.WriteFile(overlay, list, 0o600)); err != nil {
		return "", "", err
	}
	text, ok, err := b.goTest(ctx, j.Package, overlay)
	switch {
	case err != nil:
		return "", text, err
	case ok:
		return mutation.Survived, text, nil
	case strings.Contains(text, "[build failed]"), strings.Contains(text, "[setup failed]"):
		return mutation.Unjudged, text, nil
	case strings.Contains(text, "panic: test timed out"):
		return mutation.TimedOut, text, nil
	case !strings.Contains(text, "=== RUN"):
		return mutation.Broken, text, nil
	}
	return mutation.Killed, text, nil
}

func (b bench) goTest(ctx context.Context, pkg, overlay string) (text string, ok bool, err error) {
	args := []string{"test", "-count=1", "-vet=off", "-failfast", "-v", "-timeout=5m"}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && ctx.Err() == nil {
		return string(out), false, nil
	}
	return string(out), err == nil, err
}

// output runs a program and gives what it prints.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(out), nil
}

func tail(s string) string {
	const most = 1500
	if len(s) > most {
		return "..." + s[len(s)-most:]
	}
	return s
}
