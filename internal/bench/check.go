package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"muster/internal/app"
)

const (
	checkFiles = 5000
	checkLines = 2000
	firstAim   = 2 * time.Second
	againAim   = 200 * time.Millisecond
)

// checkRows measures "muster check --static" of a large change in a large
// repository: with nothing kept, not even the compiled grammars, and again with
// all that the first kept. Git's own time for the difference stands beside it.
func checkRows(ctx context.Context, w *workshop, n sizes) ([]row, error) {
	p, project, err := w.newCheckPlace(ctx)
	if err != nil {
		return nil, err
	}
	var first, again, compare []cost
	judge := func() (cost, error) {
		return p.timed(ctx, p.muster, "check", "HEAD~1..HEAD", "--static", "--fail-on", "never")
	}
	for range max(n.repeat/4, 3) {
		if err := os.RemoveAll(p.state()); err != nil {
			return nil, err
		}
		for _, one := range []struct {
			costs *[]cost
			run   func() (cost, error)
		}{
			{&first, judge},
			{&again, judge},
			{&compare, func() (cost, error) { return p.timed(ctx, "git", "diff", "--raw", "--numstat", "-M", "HEAD~1..HEAD") }},
		} {
			c, err := one.run()
			if err != nil {
				return nil, err
			}
			*one.costs = append(*one.costs, c)
		}
	}
	size, err := p.judged(ctx, project)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, r := range []struct {
		what  string
		costs []cost
		aim   time.Duration
	}{{"muster check --static, first", first, firstAim}, {"muster check --static, again", again, againAim}, {"git diff of the same", compare, 0}} {
		wall, processor := medians(r.costs)
		rows = append(rows, within(r.what, size, len(r.costs), wall, r.aim), within(r.what+": processor time", size, len(r.costs), processor, 0))
	}
	return rows, nil
}

// newCheckPlace makes the repository with the change as its last commit.
func (w *workshop) newCheckPlace(ctx context.Context) (*place, project, error) {
	project := newProject(checkFiles, checkLines)
	p, err := w.newPlaceOf(ctx, project.before)
	if err != nil {
		return nil, project, err
	}
	for name, text := range project.after {
		if err := p.write(name, text); err != nil {
			return nil, project, err
		}
	}
	for _, name := range project.gone {
		if err := os.Remove(filepath.Join(p.repo(), name)); err != nil {
			return nil, project, err
		}
	}
	for _, args := range [][]string{{"add", "-A"}, {"commit", "-q", "-m", "Raise limits"}} {
		if _, err := p.command(ctx, "git", args...); err != nil {
			return nil, project, err
		}
	}
	return p, project, nil
}

// profileCheck judges once in this process, with nothing kept, and writes its
// CPU profile. Git is another process and is not in it.
func profileCheck(ctx context.Context, w *workshop, file string) error {
	p, _, err := w.newCheckPlace(ctx)
	if err != nil {
		return err
	}
	s, err := app.Open(ctx, p.host())
	if err != nil {
		return err
	}
	defer s.Close()
	return profiled(file, func() error {
		_, err := s.Judge(ctx, app.Wanted{Range: "HEAD~1..HEAD", Depth: app.StaticOnly})
		return err
	})
}

// judged makes sure that every check that applies judged the whole change, and
// says how large it is.
func (p *place) judged(ctx context.Context, project project) (string, error) {
	out, err := p.command(ctx, p.muster, "check", "HEAD~1..HEAD", "--static", "--fail-on", "never", "--json")
	if err != nil {
		return "", err
	}
	var verdict struct {
		Checks []struct{ Name, Status, Why string }
	}
	if err := json.Unmarshal([]byte(out), &verdict); err != nil || len(verdict.Checks) == 0 {
		return "", fmt.Errorf("read the verdict: %w\n%s", err, tail(out))
	}
	for _, r := range verdict.Checks {
		if r.Status == "error" || r.Status == "timeout" {
			return "", fmt.Errorf("%s %s: %s", r.Name, r.Status, r.Why)
		}
	}
	return fmt.Sprintf("%d files, %d lines of %d changed", len(project.before), project.lines, len(project.after)+len(project.gone)), nil
}

// medians gives the middle of both times, each by itself.
func medians(costs []cost) (wall, processor time.Duration) {
	var walls, processors []time.Duration
	for _, c := range costs {
		walls, processors = append(walls, c.wall), append(processors, c.processor)
	}
	return median(walls), median(processors)
}
