package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/agent"
	"muster/internal/core/job"
)

// TestLay: files are written anew each time, a login is a link to the
// person's own file, and what an attempt left behind leads nowhere else.
func TestLay(t *testing.T) {
	base := t.TempDir()
	home, scratch := filepath.Join(base, "home"), filepath.Join(base, "scratch")
	for _, d := range []string{filepath.Join(home, ".gemini"), scratch} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	login := filepath.Join(home, ".gemini", "oauth_creds.json")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(login, "{}")
	a := job.Attempt{Op: "o", Scratch: scratch, Dir: base, Agent: job.Agent{Driver: "gemini"}, Host: map[string]string{"HOME": home}}
	lay := func() {
		t.Helper()
		if err := (agent.Set{}).Lay(a); err != nil {
			t.Fatal(err)
		}
	}
	lay()
	settings, link := filepath.Join(scratch, "gemini/.gemini/settings.json"), filepath.Join(scratch, "gemini/.gemini/oauth_creds.json")
	if b, err := os.ReadFile(settings); err != nil || !strings.Contains(string(b), "oauth-personal") {
		t.Errorf("settings %s, %v", b, err)
	}
	if to, err := os.Readlink(link); err != nil || to != login {
		t.Errorf("the login leads to %q, %v", to, err)
	}
	if _, err := os.Lstat(filepath.Join(scratch, "gemini/.gemini/google_accounts.json")); err == nil {
		t.Error("a link leads to a file that is not there")
	}
	// An attempt changed the settings, and put a link to the person's file.
	person := filepath.Join(home, "precious")
	write(person, "precious")
	if err := os.Remove(settings); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(person, settings); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(login); err != nil {
		t.Fatal(err)
	}
	lay()
	if b, err := os.ReadFile(person); err != nil || string(b) != "precious" {
		t.Errorf("the person's file holds %q, %v", b, err)
	}
	if b, err := os.ReadFile(settings); err != nil || !strings.Contains(string(b), "folderTrust") {
		t.Errorf("settings %q, %v", b, err)
	}
	if _, err := os.Lstat(link); err == nil {
		t.Error("a link to a login that is gone is left")
	}
	a.Scratch = filepath.Join(base, "none")
	if err := (agent.Set{}).Lay(a); err == nil {
		t.Error("files were written into a folder that is not there")
	}
	a.Agent.Driver = "claude" // needs no files
	if err := (agent.Set{}).Lay(a); err != nil {
		t.Error(err)
	}
}

// filesOf shows the files that the agent's program needs.
func filesOf(t *testing.T, driver string, a job.Attempt) string {
	t.Helper()
	d, err := agent.For(a.Agent.Driver)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := d.(interface {
		Files(a job.Attempt) []agent.File
	})
	if !ok {
		return ""
	}
	var out strings.Builder
	for _, file := range f.Files(a) {
		if strings.Contains(file.Text, "-key-1") {
			t.Errorf("%s: a key is written into %s", driver, file.Path)
		}
		out.WriteString("\n" + file.Path + ": " + file.Link + file.Text)
	}
	return out.String()
}
