package machine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/fault"
)

func TestAgentsSeeOnlyWhatIsListed(t *testing.T) {
	h := Host{Env: map[string]string{
		"PATH": "/bin", "HOME": "/h", "ANTHROPIC_API_KEY": "a", "CODEX_HOME": "c", "https_proxy": "p",
		"AWS_SECRET_ACCESS_KEY": "s", "GITHUB_TOKEN": "g", "SSH_AUTH_SOCK": "x", "WANTED": "w",
	}}
	got := h.AgentEnv([]string{"WANTED", "ABSENT"})
	for _, name := range []string{"PATH", "HOME", "ANTHROPIC_API_KEY", "CODEX_HOME", "https_proxy", "WANTED"} {
		if got[name] != h.Env[name] {
			t.Errorf("%s is %q", name, got[name])
		}
	}
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "ABSENT"} {
		if v, ok := got[name]; ok {
			t.Errorf("an agent sees %s=%q", name, v)
		}
	}
	if all := strings.Join(h.CheckEnv(), "\n"); strings.Contains(all, "ANTHROPIC") || strings.Contains(all, "TOKEN") || !strings.Contains(all, "PATH=/bin") {
		t.Errorf("checks see %s", all)
	}
}

func TestStateRoot(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
		kind fault.Kind
	}{
		{map[string]string{"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/muster", ""},
		{map[string]string{"HOME": "/h"}, "/h/.local/state/muster", ""},
		{map[string]string{"XDG_STATE_HOME": "s", "HOME": "/h"}, "", fault.Invalid},
		{map[string]string{}, "", fault.Invalid},
		{map[string]string{"HOME": "h"}, "", fault.Invalid},
	} {
		got, err := Host{Env: c.env}.StateRoot()
		if got != c.want || fault.KindOf(err) != c.kind {
			t.Errorf("%v: %q, %v", c.env, got, err)
		}
	}
}

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"tool": 0o755, "text": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	h := Host{Env: map[string]string{"PATH": "relative:" + dir}}
	for program, want := range map[string]bool{
		"tool": true, "text": false, "none": false, dir + "/tool": true, "./tool": true, "../nowhere/tool": false,
	} {
		if _, ok := h.LookPath(program, dir); ok != want {
			t.Errorf("LookPath(%q) = %v", program, ok)
		}
	}
}

func TestActorIsOneLine(t *testing.T) {
	h := Host{Env: map[string]string{"USER": "te\nss\x1b[2J"}}
	if got := h.Actor(); got != "person:tess[2J" {
		t.Errorf("Actor is %q", got)
	}
	if got := (Host{}).Actor(); !strings.HasPrefix(got, "person:") || got == "person:" {
		t.Errorf("without USER: %q", got)
	}
}

func TestAtChangesNothingElse(t *testing.T) {
	h := Host{Dir: "/a", Env: map[string]string{"XDG_STATE_HOME": "/s"}, Self: []string{"/m"}}
	moved := h.At("/b", "/t")
	if h.Env["XDG_STATE_HOME"] != "/s" || h.Dir != "/a" || moved.Dir != "/b" || moved.Env["XDG_STATE_HOME"] != "/t" || !slices.Equal(moved.Self, h.Self) {
		t.Errorf("%+v became %+v", h, moved)
	}
}
