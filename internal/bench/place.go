package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// workshop is the temporary folder of one bench with the muster built for it.
type workshop struct {
	root   string
	muster string // the program
	places int
}

func newWorkshop(ctx context.Context) (*workshop, error) {
	root, err := os.MkdirTemp("", "muster-bench-")
	if err != nil {
		return nil, err
	}
	w := &workshop{root: root, muster: filepath.Join(root, "bin", "muster")}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", w.muster, "muster/cmd/muster")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		w.close()
		return nil, fmt.Errorf("build muster: %w\n%s", err, out)
	}
	return w, nil
}

func (w *workshop) close() { _ = os.RemoveAll(w.root) }

// place is a repository with a state folder and a home of its own.
type place struct {
	root   string
	muster string
	env    []string
}

// agentLine is what the agent does: next to nothing, but each task something
// else, so that there is a change to land.
const agentLine = `echo "$MUSTER_TASK" >"d00/$MUSTER_TASK"`

// newPlace makes a repository of so many files, a hundred in each folder.
func (w *workshop) newPlace(ctx context.Context, files int) (*place, error) {
	content := map[string]string{
		".muster/config.yaml": "version: 1\ndefault: noop\nagents:\n  noop: {driver: command, command: [sh, -c, '" + agentLine + "']}\n",
	}
	for i := range files {
		content[fmt.Sprintf("d%02d/f%03d.txt", i/100, i)] = strings.Repeat(fmt.Sprintf("line of file %d\n", i), 40)
	}
	return w.newPlaceOf(ctx, content)
}

// newPlaceOf makes a repository with one commit of these files.
func (w *workshop) newPlaceOf(ctx context.Context, content map[string]string) (*place, error) {
	w.places++
	p := &place{root: filepath.Join(w.root, fmt.Sprint("place", w.places)), muster: w.muster}
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(p.root, "home"), "XDG_STATE_HOME=" + p.state(), "USER=bench",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=B", "GIT_AUTHOR_EMAIL=b@localhost", "GIT_COMMITTER_NAME=B", "GIT_COMMITTER_EMAIL=b@localhost",
	}
	if err := os.MkdirAll(filepath.Join(p.root, "home"), 0o755); err != nil {
		return nil, err
	}
	for name, text := range content {
		if err := p.write(name, text); err != nil {
			return nil, err
		}
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"commit", "-q", "-m", "first"}, {"gc", "-q"}} {
		if _, err := p.command(ctx, "git", args...); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *place) repo() string  { return filepath.Join(p.root, "repo") }
func (p *place) state() string { return filepath.Join(p.root, "state") }

// write writes a file of the repository.
func (p *place) write(name, text string) error {
	path := filepath.Join(p.repo(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// writeOutside writes a file beside the repository and gives its path.
func (p *place) writeOutside(name, text string) (string, error) {
	path := filepath.Join(p.root, name)
	return path, os.WriteFile(path, []byte(text), 0o755)
}

// cmd prepares a program to be run in the repository.
func (p *place) cmd(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = p.repo(), p.env
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// cost is what a program took. Processor time counts all processes that it
// started, and says more than wall time on a machine that has other work.
type cost struct{ wall, processor time.Duration }

// per divides a cost among n.
func (c cost) per(n int) cost { return cost{c.wall / time.Duration(n), c.processor / time.Duration(n)} }

// timed runs a program in the repository and gives its cost.
func (p *place) timed(ctx context.Context, name string, args ...string) (cost, error) {
	var out bytes.Buffer
	cmd := p.cmd(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, tail(out.String()))
	}
	return cost{time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

// command runs a program in the repository and gives what it printed.
func (p *place) command(ctx context.Context, name string, args ...string) (string, error) {
	var out, said bytes.Buffer
	cmd := p.cmd(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, tail(out.String()), tail(said.String()))
	}
	return out.String(), nil
}

// tail gives the end of a long text.
func tail(s string) string {
	const most = 2000
	if len(s) > most {
		return "..." + s[len(s)-most:]
	}
	return s
}
