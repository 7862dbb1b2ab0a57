package walls

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/core/job"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRegistryLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".npmrc")
	put(t, file, "registry=https://r.example/\n//r.example/:_authToken=hidden\n@own:registry = https://o.example/\nregistry=https://me:pw@r.example/\nuser=x\n")
	if got, want := registryLines(file), "registry=https://r.example/\n@own:registry = https://o.example/\n"; got != want {
		t.Errorf("%q", got)
	}
	if got := registryLines(file + ".none"); got != "" {
		t.Errorf("%q", got)
	}
}

// Toolchains are read, and never the home itself or where programs keep secrets.
func TestToolchains(t *testing.T) {
	w := New(Host{State: "/state", Shim: []string{"/opt/muster", "shim"}, Env: []string{
		"HOME=/home/me", "PATH=/home/me:/home:/home/me/bin:/home/me/.local/bin:/home/me/.cargo/bin:/home/me/.nvm/v1/bin:/home/me/go/bin:rel:/sw/x/bin:/bin", "GOROOT=/sw/go", "SSL_CERT_FILE=rel",
	}})
	got := w.toolchains()
	for _, p := range []string{"/opt/muster", "/home/me/bin", "/home/me/.local/bin", "/home/me/.nvm/v1", "/sw/x", "/sw/go", "/home/me/go/pkg/mod", "/home/me/.cache/go-build"} {
		if !slices.Contains(got, p) {
			t.Errorf("%s cannot be read", p)
		}
	}
	for _, p := range []string{"/", "/home", "/home/me", "/home/me/.local", "/home/me/.cargo", "/home/me/go", "/home/me/.ssh", "rel"} {
		if slices.Contains(got, p) {
			t.Errorf("%s can be read", p)
		}
	}
}

// Of the person's home an agent sees its own program's files only, and of the
// one with its login a copy.
func TestPersonsFiles(t *testing.T) {
	home := t.TempDir()
	for _, p := range []string{".claude/.credentials.json", ".claude/settings.json", ".claude.json", ".codex/auth.json", ".ssh/id", "else/auth.json", "else/.gemini/oauth_creds.json", "else/.gemini/installation_id"} {
		put(t, filepath.Join(home, p), "x")
	}
	for _, tt := range []struct {
		agent job.Agent
		env   map[string]string
		want  string
	}{
		{job.Agent{Driver: "claude"}, nil, "+.claude/.credentials.json -.claude/settings.json"},
		{job.Agent{Driver: "codex"}, nil, "+.codex/auth.json"},
		{job.Agent{Driver: "codex"}, map[string]string{"CODEX_HOME": filepath.Join(home, "else")}, "+.codex/auth.json"},
		{job.Agent{Driver: "command", Command: []string{"claude"}}, nil, ""},
		{job.Agent{Driver: "acp", Command: []string{"/x/codex-acp"}}, nil, "+.codex/auth.json"},
		{job.Agent{Driver: "gemini"}, nil, ""},
		{job.Agent{Driver: "gemini"}, map[string]string{"GEMINI_CLI_HOME": filepath.Join(home, "else")}, "+.gemini/oauth_creds.json -.gemini/installation_id"},
	} {
		env := map[string]string{"HOME": home}
		maps.Copy(env, tt.env)
		var got []string
		for _, l := range personsFiles(tt.agent, env) {
			sign := "-"
			if l.kept {
				sign = "+"
			}
			got = append(got, sign+l.at)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%+v: %q, want %q", tt.agent, got, tt.want)
		}
	}
}

// Logins whose tokens are renewed are copied by the shim; the others here, anew
// for each attempt.
func TestLogins(t *testing.T) {
	w := New(Host{State: "/var/state/repo", Shim: []string{"/opt/muster", "shim"}})
	home, scratch := t.TempDir(), t.TempDir()
	for _, p := range []string{".claude/.credentials.json", ".gemini/oauth_creds.json", ".copilot/config.json"} {
		put(t, filepath.Join(home, p), "mine")
	}
	for driver, want := range map[string]string{"claude": "home/.claude/.credentials.json", "gemini": "gemini/.gemini/oauth_creds.json", "copilot": ""} {
		attempt := job.Attempt{Agent: job.Agent{Driver: driver}, Scratch: scratch}
		links := personsFiles(attempt.Agent, map[string]string{"HOME": home})
		put(t, filepath.Join(scratch, ownHome, ".copilot", "config.json"), "what an earlier attempt has made of it")
		if err := layLinks(scratch, links); err != nil {
			t.Fatal(err)
		}
		got := w.logins(attempt, links)
		if want == "" {
			data, err := os.ReadFile(filepath.Join(scratch, ownHome, ".copilot", "config.json"))
			if info, _ := os.Lstat(filepath.Join(scratch, ownHome, ".copilot", "config.json")); len(got) != 0 || string(data) != "mine" || !info.Mode().IsRegular() {
				t.Errorf("%s: %v %q %v", driver, got, data, err)
			}
			continue
		}
		if len(got) != 1 || got[0] != (job.Login{Program: driver, File: links[0].from, Root: scratch, Copy: want, Locks: "/var/state/logins"}) {
			t.Errorf("%s: %+v", driver, got)
		}
		if _, err := os.Lstat(filepath.Join(scratch, ownHome, links[0].at)); !os.IsNotExist(err) {
			t.Errorf("%s: something is there already: %v", driver, err)
		}
	}
}

// Without walls Codex alone has a folder of its own, when it uses a login.
func TestUnconfined(t *testing.T) {
	w := New(Host{State: "/var/state/repo", Shim: []string{"/opt/muster", "shim"}})
	home, scratch := t.TempDir(), t.TempDir()
	put(t, filepath.Join(home, ".codex", "auth.json"), "{}")
	put(t, filepath.Join(home, ".codex", "config.toml"), "")
	put(t, filepath.Join(home, ".claude", ".credentials.json"), "{}")
	for _, tt := range []struct {
		driver    string
		isAccount bool
		logins    int
	}{{"codex", true, 1}, {"codex", false, 0}, {"claude", true, 0}} {
		attempt := job.Attempt{Agent: job.Agent{Driver: tt.driver}, Scratch: scratch, Sandbox: "off"}
		spec, err := w.Agent(t.Context(), attempt, job.Spec{Env: []string{"HOME=" + home, "CODEX_HOME=" + filepath.Join(home, ".codex"), "TMPDIR=" + scratch}}, AgentPlace{Account: tt.isAccount})
		own := "CODEX_HOME=" + filepath.Join(scratch, ownHome, ".codex")
		if err != nil || spec.Confine != nil || len(spec.Logins) != tt.logins || slices.Contains(spec.Env, own) != (tt.logins == 1) || slices.Contains(spec.Env, "TMPDIR="+scratch) == (tt.logins == 1) || len(spec.Env) != 3 {
			t.Errorf("%+v: %+v %v", tt, spec, err)
		}
	}
	put(t, filepath.Join(home, ".codex", "config.toml"), "cli_auth_credentials_store = \"keyring\"\n")
	spec, err := w.Agent(t.Context(), job.Attempt{Agent: job.Agent{Driver: "codex"}, Scratch: scratch, Sandbox: "off"}, job.Spec{Env: []string{"HOME=" + home}}, AgentPlace{Account: true})
	if err != nil || len(spec.Logins) != 0 || len(spec.Env) != 1 {
		t.Errorf("with its login in a keyring: %+v %v", spec, err)
	}
	if to, err := os.Readlink(filepath.Join(scratch, ownHome, ".codex", "config.toml")); err != nil || to != filepath.Join(home, ".codex", "config.toml") {
		t.Errorf("its settings: %q %v", to, err)
	}
}

// An agent behind walls cannot open the person's login, and one that asks its
// model through the gateway has no copy either.
func TestConfinedAgentsLogin(t *testing.T) {
	w := New(Host{State: filepath.Join(t.TempDir(), "repo"), Shim: []string{"/opt/muster", "shim"}, Env: []string{"PATH=/bin"}})
	w.known["auto"] = choice{form: &job.Confinement{Level: job.LevelStrict}}
	home := t.TempDir()
	put(t, filepath.Join(home, ".claude", ".credentials.json"), "{}")
	put(t, filepath.Join(home, ".claude", "settings.json"), "{}")
	for _, isMetered := range []bool{false, true} {
		attempt := job.Attempt{Agent: job.Agent{Driver: "claude"}, Scratch: t.TempDir(), Dir: t.TempDir()}
		spec, err := w.Agent(t.Context(), attempt, job.Spec{Env: []string{"HOME=" + home}}, AgentPlace{IsMetered: isMetered})
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(append(spec.Confine.Writable, spec.Confine.Readable...), " ")
		if (len(spec.Logins) == 1) == isMetered || strings.Contains(all, ".credentials.json") || !strings.Contains(all, "settings.json") || strings.Contains(strings.Join(spec.Confine.Writable, " "), home) {
			t.Errorf("metered %v: %+v, sees %s", isMetered, spec.Logins, all)
		}
	}
}

// What an attempt planted in its scratch folder leads nowhere.
func TestLayLinksIsNotLedAway(t *testing.T) {
	scratch, outside := t.TempDir(), t.TempDir()
	put(t, filepath.Join(outside, "settings.json"), "mine")
	links := []link{{from: filepath.Join(outside, "settings.json"), at: ".claude/settings.json"}}
	if err := os.Symlink(outside, filepath.Join(scratch, ownHome)); err != nil {
		t.Fatal(err)
	}
	if err := layLinks(scratch, links); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(filepath.Join(scratch, ownHome)); err != nil || !info.IsDir() {
		t.Errorf("the home is still a link: %v, %v", info, err)
	}
	if to, err := os.Readlink(filepath.Join(scratch, ownHome, ".claude", "settings.json")); err != nil || to != links[0].from {
		t.Errorf("%q, %v", to, err)
	}
	folder := filepath.Join(scratch, ownHome, ".claude")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, folder); err != nil {
		t.Fatal(err)
	}
	_ = layLinks(scratch, links) // whether it fails or not
	if list, err := os.ReadDir(outside); err != nil || len(list) != 1 {
		t.Errorf("outside: %v, %v", list, err)
	}
}

func TestAgentEnv(t *testing.T) {
	w := New(Host{State: "/state", Shim: []string{"/opt/muster", "shim"}, Env: []string{"HOME=/home/me"}})
	got := w.agentEnv(t.Context(), []string{"A=1", "CODEX_HOME=/home/me/.codex", "XDG_CACHE_HOME=/s/cache", "XDG_DATA_HOME=/home/me/d", "GOCACHE=/mine"}, "/s")
	for _, want := range []string{"A=1", "XDG_CACHE_HOME=/s/cache", "GOCACHE=/mine", "GOMODCACHE=/s/caches/go-mod", "RUSTUP_HOME=/home/me/.rustup"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing: %q", want, got)
		}
	}
	for _, entry := range got {
		if strings.HasPrefix(entry, "CODEX_HOME") || strings.HasPrefix(entry, "XDG_DATA_HOME") {
			t.Errorf("%s leads to the person's folders", entry)
		}
	}
}

func TestGoProxy(t *testing.T) {
	mods := t.TempDir()
	for env, want := range map[string]string{
		"": "file://" + mods + ",direct", "GOPROXY=https://p": "file://" + mods + ",https://p", "GOPRIVATE=x.example": "file://" + mods + ",off",
	} {
		if got := New(Host{Env: []string{env}}).goProxy(t.Context(), mods); got != want {
			t.Errorf("%s: %q", env, got)
		}
	}
	if got := New(Host{}).goProxy(t.Context(), mods+"/none"); got != "direct" {
		t.Errorf("%q", got)
	}
}

func TestProgramFoldersAndLent(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "node_modules", "a", "bin", "a")
	put(t, real, "")
	link := filepath.Join(dir, "bin", "a")
	put(t, filepath.Join(dir, "bin", ".keep"), "")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(dir, "home")
	w := New(Host{State: filepath.Join(dir, "state", "repo"), Env: []string{"HOME=" + home}})
	if got := w.programFolders(link); !slices.Contains(got, filepath.Join(dir, "node_modules")) || !slices.Contains(got, filepath.Dir(link)) {
		t.Errorf("%q", got)
	}
	if got := w.programFolders(""); got != nil {
		t.Errorf("%q", got)
	}
	put(t, filepath.Join(home, "agent"), "")
	if err := os.Symlink(home, filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	byLink := New(Host{State: filepath.Join(dir, "state", "repo"), Env: []string{"HOME=" + filepath.Join(dir, "other")}})
	for _, w := range []*Walls{w, byLink} { // the home is not given for a program in it, nor is what holds it
		for _, program := range []string{filepath.Join(home, "agent"), filepath.Join(dir, "node_modules", "..", "agent")} {
			for _, p := range w.programFolders(program) {
				if p != program {
					t.Errorf("%s may be read for %s", p, program)
				}
			}
		}
		if got := w.programFolders(filepath.Join(home, "agent")); !slices.Contains(got, filepath.Join(home, "agent")) {
			t.Errorf("%q", got)
		}
	}
	put(t, filepath.Join(dir, "objects", "info", "alternates"), "/lent/objects\n../near\n")
	if got := lent(dir); !slices.Equal(got, []string{"/lent/objects", filepath.Join(dir, "near")}) {
		t.Errorf("%q", got)
	}
}

func TestSweep(t *testing.T) {
	boxes := t.TempDir()
	put(t, filepath.Join(boxes, "old", "a"), "")
	put(t, filepath.Join(boxes, "new", "a"), "")
	past := time.Now().Add(-2 * leftAfter)
	if err := os.Chtimes(filepath.Join(boxes, "old"), past, past); err != nil {
		t.Fatal(err)
	}
	sweep(boxes)
	if list, err := os.ReadDir(boxes); err != nil || len(list) != 1 || list[0].Name() != "new" {
		t.Errorf("%v, %v", list, err)
	}
}
