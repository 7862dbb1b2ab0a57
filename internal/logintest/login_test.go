package logintest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/adapter/gateway/gatewaytest"
	"muster/internal/slowtest"
)

const patience = 10 * time.Minute

// place is a repository of a person who is logged in.
type place struct {
	t       *testing.T
	kind    string
	root    string
	env     []string
	service *service
}

func newPlace(t *testing.T, kind, level, agentEnv string) *place {
	t.Helper()
	root := t.TempDir()
	p := &place{t: t, kind: kind, root: root, service: newService(t, filepath.Join(root, "home"), filepath.Join(root, "state", "muster", "*", "scratch", "*", "home"))}
	p.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(root, "home"), "XDG_STATE_HOME=" + filepath.Join(root, "state"), "USER=kim", "GIT_CONFIG_NOSYSTEM=1"}
	t.Cleanup(func() { gatewaytest.End(t, filepath.Join(root, "state", "muster", "gateway")) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "bin", "README"), "the program\n", 0o644)
	if err := os.Symlink(self, p.program()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "repo", ".muster", "config.yaml"), fmt.Sprintf("version: 1\nsandbox: %s\ndefault: a\nagents:\n  a: {driver: %s, command: [%s], login: subscription, env: {%s}}\n",
		level, kind, p.program(), strings.ReplaceAll(agentEnv, "ROOT", root)), 0o644)
	write(t, filepath.Join(root, "home", ".gitconfig"), "[user]\n\tname = Kim\n\temail = kim@localhost\n", 0o644)
	live, _, _ := p.service.now()
	write(t, p.kept(), string(format(kind, live)), 0o600)
	if err := os.MkdirAll(filepath.Dir(p.file()), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"commit", "-q", "-m", "first"}, {"checkout", "-q", "-b", "elsewhere"}} {
		p.command("git", args...)
	}
	return p
}

func (p *place) program() string { return filepath.Join(p.root, "bin", p.kind) }

// file is the person's own.
func (p *place) file() string {
	return fileOf(p.kind, func(name string) string {
		if name == "HOME" {
			return filepath.Join(p.root, "home")
		}
		return ""
	})
}

// command runs a program in the repository to its end, and gives what it
// printed.
func (p *place) command(program string, args ...string) string {
	p.t.Helper()
	out, err := p.try(program, args...)
	if err != nil {
		p.t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return out
}

func (p *place) try(program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = filepath.Join(p.root, "repo"), p.env, &out, &out
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	return out.String(), err
}

func (p *place) muster(args ...string) string {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	return p.command(self, append([]string{"muster"}, args...)...)
}

// holds demands that the login is whole: no token was used twice, and the
// person's file, mode 0600, has the live ones.
func (p *place) holds(least int) {
	p.t.Helper()
	live, renewed, reused := p.service.now()
	if reused != 0 || renewed < least {
		p.t.Errorf("the service renewed %d times, at least %d were wanted, and saw %d refresh tokens for the second time", renewed, least, reused)
	}
	data, err := os.ReadFile(p.file())
	if err != nil {
		p.t.Fatal(err)
	}
	if has, err := parse(p.kind, data); err != nil || has.Refresh != live.Refresh || has.Access != live.Access {
		p.t.Errorf("the person's file has not the live tokens: %v\n%s", err, data)
	}
	if info, err := os.Stat(p.file()); err != nil || info.Mode().Perm() != 0o600 {
		p.t.Errorf("the person's file: %v %v", info, err)
	}
	p.command(p.program())
	if _, _, reused := p.service.now(); reused != 0 {
		p.t.Error("the person is logged out")
	}
}

// left demands that nothing of the login is left anywhere else.
func (p *place) left() {
	p.t.Helper()
	err := filepath.WalkDir(p.root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path == p.file() || path == p.kept() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "rt-") {
			p.t.Errorf("tokens are left in %s", path)
		}
		return err
	})
	if err != nil {
		p.t.Error(err)
	}
	entries, err := os.ReadDir(filepath.Dir(p.file()))
	if err != nil || len(entries) != 1 {
		p.t.Errorf("beside the person's file: %v %v", entries, err)
	}
}

// in puts the login where its program looks for it.
func (p *place) in() {
	p.t.Helper()
	if err := os.Rename(p.kept(), p.file()); err != nil {
		p.t.Fatal(err)
	}
}

// kept is where a person who keeps settings elsewhere has the login.
func (p *place) kept() string { return filepath.Join(p.root, "home", "kept", "login") }

// run runs so many tasks at once, each with an agent of its own.
func (p *place) run(tasks int) string {
	p.t.Helper()
	plan := fmt.Sprintf("version: 1\nname: files\ngoal: Files\nbudget: {parallel: %d}\naccept: [[test, -f, t0/file]]\ntasks:\n", tasks)
	for i := range tasks {
		plan += fmt.Sprintf("  - {id: t%d, type: chore, title: File %d, prompt: \"Please write t%d/file now.\", scope: [t%d/**], accept: [[test, -f, t%d/file]]}\n", i, i, i, i, i)
	}
	name := filepath.Join(p.root, "plan.yaml")
	write(p.t, name, plan, 0o644)
	return p.muster("run", name)
}

// Four agents at once work with a login whose tokens hold for a second.
func TestFourAtOnce(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	for _, kind := range []string{"claude", "codex"} {
		for _, level := range []string{"strict", "standard", "off"} {
			t.Run(kind+" "+level, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t, kind, level, "")
				if kind == "claude" {
					p.in()
				} else if err := os.Symlink(p.kept(), p.file()); err != nil { // a person who keeps settings elsewhere
					t.Fatal(err)
				}
				p.run(4)
				p.holds(2)
				p.left()
				if info, err := os.Lstat(p.file()); err != nil || (info.Mode().Type() == os.ModeSymlink) != (kind == "codex") {
					t.Errorf("what was a link is one no more, or the reverse: %v %v", info, err)
				}
			})
		}
	}
}

// The person works with the same login meanwhile.
func TestBesideThePerson(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	p := newPlace(t, "claude", "auto", "")
	p.in()
	said := make(chan string, 1)
	go func() {
		out, err := p.try(p.program())
		said <- fmt.Sprint(out, err)
	}()
	p.run(2)
	if out := <-said; !strings.HasSuffix(out, "<nil>") {
		t.Errorf("the person's program: %s", out)
	}
	p.holds(2)
}

// A hijacked agent cannot open the person's file, and what it puts into its copy
// does not get there.
func TestHijacked(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	for _, level := range []string{"strict", "standard"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "codex", level, "HIJACKED: ROOT/home/.codex/auth.json")
			p.in()
			before, err := os.ReadFile(p.file())
			if err != nil {
				t.Fatal(err)
			}
			p.run(1)
			if after, err := os.ReadFile(p.file()); err != nil || !bytes.Equal(after, before) {
				t.Errorf("the person's file has become %s %v", after, err)
			}
			p.left()
		})
	}
}

// A shim is killed when an agent has renewed the tokens and nobody has seen it.
// The next attempt goes on with what lay in the copy.
func TestShimKilledAfterRenewal(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	const note = "KILL: ROOT/killed"
	p := newPlace(t, "codex", "off", note)
	p.in()
	out := p.run(2)
	if _, err := os.Stat(filepath.Join(p.root, "killed")); err != nil || !strings.Contains(out, "lost") {
		t.Errorf("no shim was killed: %v\n%s", err, out)
	}
	p.holds(2)
	p.left()
}
