package walls

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// person lays out a home, and gives walls whose state is below it.
func person(t *testing.T) (home string, w *Walls) {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{".config/bot/settings", ".config/muster/person.yaml", ".ssh/id", "docs/a", ".local/state/muster/repo/muster.db"} {
		put(t, filepath.Join(home, p), "x")
	}
	for at, to := range map[string]string{"state": ".local/state/muster", "safe": ".ssh", "manual": "docs", "me": "."} {
		if err := os.Symlink(to, filepath.Join(home, at)); err != nil {
			t.Fatal(err)
		}
	}
	return home, New(Host{State: filepath.Join(home, ".local/state/muster/repo"), Shim: []string{"/opt/muster", "shim"}, Env: []string{"HOME=" + home, "PATH=/bin"}})
}

func TestReads(t *testing.T) {
	home, w := person(t)
	for entry, want := range map[string]string{"~/docs": "docs", "~/.config/bot/": ".config/bot", home + "/docs/a": "docs/a", "~/manual": "manual", "~/.ssh": ".ssh"} {
		if at, isThere, err := w.Reads(entry); err != nil || !isThere || at != filepath.Join(home, want) {
			t.Errorf("%s: %s, %v, %v", entry, at, isThere, err)
		}
	}
	if at, isThere, err := w.Reads("~/none"); err != nil || isThere || at != filepath.Join(home, "none") {
		t.Errorf("what is not there: %s, %v, %v", at, isThere, err)
	}
	for entry, why := range map[string]string{
		home: "whole home", "~/me": "whole home", filepath.Dir(home): "whole home", "/": "whole home",
		"~/.local": "Muster's own", "~/.local/state/muster": "Muster's own", "~/.local/state/muster/keys": "Muster's own", "~/state": "Muster's own",
		"~/state/repo/muster.db": "Muster's own", "~/.config": "Muster's own", "~/.config/muster/person.yaml": "Muster's own",
		"~/safe": "where secrets are kept",
	} {
		if _, _, err := w.Reads(entry); fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), why) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", entry, err)
		}
	}
	homeless := New(Host{State: "/state/repo", Shim: []string{"/opt/muster", "shim"}})
	if _, _, err := homeless.Reads("~/docs"); fault.KindOf(err) != fault.Refused {
		t.Errorf("without a home: %v", err)
	}
	if at, _, err := homeless.Reads("/usr"); err != nil || at != "/usr" {
		t.Errorf("an absolute path without a home: %s, %v", at, err)
	}
}

// An agent gets what its configuration names: of the home at the same place of
// its own.
func TestAgentReads(t *testing.T) {
	home, w := person(t)
	w.known["strict"] = choice{form: &job.Confinement{Level: job.LevelStrict}}
	attempt := func(reads ...string) job.Attempt {
		return job.Attempt{Agent: job.Agent{Name: "bot", Driver: "command", Reads: reads}, Sandbox: "strict", Dir: t.TempDir(), Scratch: t.TempDir()}
	}
	a := attempt("~/.config/bot", "/usr/share", "~/none")
	spec, err := w.Agent(t.Context(), a, job.Spec{}, AgentPlace{CommonDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{filepath.Join(home, ".config/bot"), "/usr/share"} {
		if !slices.Contains(spec.Confine.Readable, p) || slices.Contains(spec.Confine.Writable, p) {
			t.Errorf("%s cannot be read, or can be written: %+v", p, spec.Confine)
		}
	}
	if slices.Contains(spec.Confine.Readable, filepath.Join(home, "none")) {
		t.Error("what is not there is in the list")
	}
	if data, err := os.ReadFile(filepath.Join(a.Scratch, ownHome, ".config/bot/settings")); err != nil || string(data) != "x" {
		t.Errorf("in its own home: %q, %v", data, err)
	}
	plain, err := w.Agent(t.Context(), attempt(), job.Spec{}, AgentPlace{CommonDir: t.TempDir()})
	if err != nil || slices.Contains(plain.Confine.Readable, filepath.Join(home, ".config/bot")) {
		t.Errorf("nothing is named, and it can be read: %v", err)
	}
	if _, err := w.Agent(t.Context(), attempt("~/state"), job.Spec{}, AgentPlace{CommonDir: t.TempDir()}); fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), `agent "bot"`) {
		t.Errorf("Muster's own folder: %v", err)
	}
}

func TestDoubts(t *testing.T) {
	_, w := person(t)
	got := w.Doubts([]job.Agent{{Name: "a"}, {Name: "b", Reads: []string{"~/docs", "~/none", "~/state"}}})
	if len(got) != 2 || got[0].Level != worth || !strings.Contains(got[0].Text, "agent b: ") || !strings.Contains(got[0].Text, "/none") || got[1].Level != bad || got[1].Hint == "" {
		t.Errorf("%+v", got)
	}
}
