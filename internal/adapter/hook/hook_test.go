package hook_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/hook"
	"muster/internal/core/fault"
)

func place(t *testing.T) hook.Place {
	dir := t.TempDir()
	return hook.Place{TopLevel: dir, HooksDir: filepath.Join(dir, ".git", "hooks"), Program: filepath.Join(dir, "it's muster")}
}

func write(t *testing.T, file, text string, perm os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), perm); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func want(t *testing.T, p hook.Place, h hook.Host, s hook.State) {
	t.Helper()
	got, err := hook.Look(p, h)
	if err != nil || got.State != s {
		t.Fatalf("%s: %+v, %v, want %s", h, got, err, s)
	}
}

func TestEveryHostIsReversible(t *testing.T) {
	for _, h := range hook.Hosts() {
		p := place(t)
		want(t, p, h, hook.Absent)
		for range 2 {
			if _, err := hook.Install(p, h, hook.Refuse); err != nil {
				t.Fatal(err)
			}
			want(t, p, h, hook.Installed)
		}
		for range 2 {
			if _, err := hook.Uninstall(p, h); err != nil {
				t.Fatal(err)
			}
			want(t, p, h, hook.Absent)
		}
		s, _ := hook.Look(p, h)
		if _, err := os.Stat(s.File); err == nil {
			t.Errorf("%s: %s is left", h, s.File)
		}
	}
}

// What others wrote stays as it was, in its order.
func TestAgentsOwnSettingsStay(t *testing.T) {
	const own = `{
  "zeta": {"b": 1, "a": [1.50, "x<y"]},
  "hooks": {
    "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "own.sh"}]}],
    "Stop": [{"hooks": [{"type": "command", "command": "notify.sh"}]}]
  },
  "alpha": true
}
`
	p := place(t)
	file := filepath.Join(p.TopLevel, ".claude", "settings.local.json")
	write(t, file, own, 0o644)
	if _, err := hook.Install(p, hook.Claude, hook.Refuse); err != nil {
		t.Fatal(err)
	}
	text := read(t, file)
	var got struct {
		Hooks map[string][]struct {
			Hooks []struct {
				Type, Command string
				Timeout       int
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Hooks["Stop"]) != 2 || len(got.Hooks["PreToolUse"]) != 1 {
		t.Fatalf("%v\n%s", err, text)
	}
	ours := got.Hooks["Stop"][1].Hooks[0]
	if ours.Type != "command" || ours.Timeout < 60 || !strings.HasSuffix(ours.Command, "muster' hook run claude") {
		t.Errorf("%+v", ours)
	}
	if strings.Index(text, "zeta") > strings.Index(text, "alpha") || !strings.Contains(text, "1.50") || !strings.Contains(text, "notify.sh") {
		t.Errorf("others' settings changed:\n%s", text)
	}
	if _, err := hook.Uninstall(p, hook.Claude); err != nil {
		t.Fatal(err)
	}
	var before, after any
	if json.Unmarshal([]byte(own), &before) != nil || json.Unmarshal([]byte(read(t, file)), &after) != nil {
		t.Fatal("not readable")
	}
	a, _ := json.Marshal(before)
	b, _ := json.Marshal(after)
	if string(a) != string(b) {
		t.Errorf("after uninstalling:\n%s\n%s", a, b)
	}
}

func TestSettingsThatCannotBeReadStay(t *testing.T) {
	for _, text := range []string{"{", `[]`, `{"hooks": 3}`, `{"hooks": {"Stop": {}}}`, `// comment`} {
		p := place(t)
		file := filepath.Join(p.TopLevel, ".claude", "settings.local.json")
		write(t, file, text, 0o644)
		if _, err := hook.Install(p, hook.Claude, hook.Refuse); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", text, err)
		}
		if read(t, file) != text {
			t.Errorf("%s was changed", text)
		}
	}
}

func TestAForeignPrePushHookIsKept(t *testing.T) {
	p := place(t)
	file := filepath.Join(p.HooksDir, "pre-push")
	write(t, file, "#!/bin/sh\necho \"foreign $1\"; cat\n", 0o755)
	if _, err := hook.Install(p, hook.PrePush, hook.Refuse); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.HintOf(err), "--chain") {
		t.Fatalf("%v", err)
	}
	s, err := hook.Install(p, hook.PrePush, hook.Chain)
	if err != nil || s.Kept == "" {
		t.Fatalf("%+v, %v", s, err)
	}
	// Both run, in order, with the same arguments and input.
	write(t, p.Program, "#!/bin/sh\necho \"muster $*\"; cat; exit 20\n", 0o755)
	cmd := exec.CommandContext(t.Context(), file, "origin", "url")
	cmd.Stdin = strings.NewReader("refs a b c\n")
	out, err := cmd.CombinedOutput()
	if got := string(out); got != "foreign origin\nrefs a b c\nmuster hook run pre-push origin url\nrefs a b c\n" || cmd.ProcessState.ExitCode() != 20 {
		t.Errorf("%q, %v", got, err)
	}
	if s, err = hook.Uninstall(p, hook.PrePush); err != nil || s.State != hook.Foreign || !strings.Contains(read(t, file), "foreign") {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestHooksPathOfAnotherTool(t *testing.T) {
	p := place(t)
	p.HooksPath = ".husky"
	if _, err := hook.Install(p, hook.PrePush, hook.Chain); fault.KindOf(err) != fault.Refused || !strings.Contains(fault.HintOf(err), "hook run pre-push") {
		t.Errorf("%v, %s", err, fault.HintOf(err))
	}
	want(t, p, hook.PrePush, hook.Foreign)
}
