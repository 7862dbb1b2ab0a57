package walls

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/adapter/sandbox/gocache"
	"muster/internal/core/account"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// AgentPlace is what an agent's process needs of the machine beside what its
// attempt says.
type AgentPlace struct {
	CommonDir string   // of the repository, which git reads in the worktree
	Program   string   // path of the agent's own program; empty when it was not found
	Readable  []string // absolute
	IsMetered bool     // it asks its model through the gateway, and needs no login of the person's
	Account   bool     // it is logged in by an account of the person's
	Door      []string // variables by which tools find package registries behind the door, for a process without another network
}

// ownHome is the home of an agent's process, below its scratch folder. It
// stays for all attempts of a task, for sessions are kept in it.
const ownHome = "home"

// Agent confines an agent's process: it writes its worktree, its scratch folder
// and a home of its own in it, and reads its program, toolchains, the
// repository, and of the person's home only what its program is set up by
// and what its configuration names. At level off the spec stays as it is.
// Where a program would load code of the repository whatever it is told, it is
// kept from it, or refused.
func (w *Walls) Agent(ctx context.Context, t job.Attempt, spec job.Spec, p AgentPlace) (job.Spec, error) {
	form, _, err := w.Form(ctx, t.Sandbox, spec.Door)
	if err != nil {
		return spec, err
	}
	if form == nil || form.Plain {
		if err := refuseCode(t.Agent, t.Dir); err != nil {
			return spec, err
		}
	}
	env := map[string]string{}
	for _, entry := range spec.Env {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	env["GEMINI_CLI_HOME"] = t.Host["GEMINI_CLI_HOME"] // its driver has set another
	if form == nil {
		return w.unconfined(t, spec, env, p)
	}
	links := personsFiles(t.Agent, env)
	more, read, err := w.reads(t.Agent)
	if err != nil {
		return spec, err
	}
	links = append(links, more...)
	if p.IsMetered {
		links = slices.DeleteFunc(links, func(l link) bool { return l.kept && l.program != "opencode" }) // which may have logins beside keys
	}
	if err := layLinks(t.Scratch, links); err != nil {
		return spec, err
	}
	spec.Logins = w.logins(t, links)
	form.Home = filepath.Join(t.Scratch, ownHome)
	form.Writable = []string{t.Dir, t.Scratch}
	for _, shared := range t.Shares {
		form.Writable = append(form.Writable, filepath.Join(w.h.Checkout, filepath.FromSlash(shared)))
	}
	form.Readable = append(w.toolchains(), p.CommonDir)
	form.Readable = append(form.Readable, lent(p.CommonDir)...)
	form.Readable = append(form.Readable, p.Readable...)
	form.Readable = append(form.Readable, w.programFolders(p.Program)...)
	form.Readable = append(form.Readable, w.named(t.Agent.Command)...)
	form.Readable = append(form.Readable, read...)
	for _, l := range links {
		if !l.kept {
			form.Readable = append(form.Readable, l.from)
		}
	}
	form.Fixed = []string{filepath.Join(t.Dir, ".git")}
	keep(form, t.Agent, t.Dir)
	spec.Confine = form
	if !form.Open && spec.Door != nil {
		spec.Env = append(spec.Env, w.ThroughDoor(p.Door)...)
	}
	spec.Env = w.agentEnv(ctx, spec.Env, t.Scratch)
	return spec, nil
}

// unconfined gives an agent's process without walls. It has the person's own
// home, and so the locks by which its programs renew a login one at a time.
// Codex has none: it gets a folder of its own, as it has behind walls.
func (w *Walls) unconfined(t job.Attempt, spec job.Spec, env map[string]string, p AgentPlace) (job.Spec, error) {
	if t.Agent.Driver != "codex" || !p.Account {
		return spec, nil
	}
	links := personsFiles(t.Agent, env)
	if spec.Logins = w.logins(t, links); len(spec.Logins) == 0 || keepsElsewhere(links) {
		spec.Logins = nil
		return spec, nil
	}
	if err := layLinks(t.Scratch, links); err != nil {
		return spec, err
	}
	// Codex has no sandbox of its own where its folder is a temporary one.
	temp := filepath.Join(t.Scratch, "tmp")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return spec, fault.Wrap(fault.Transient, err, "make a folder for temporary files")
	}
	set := []string{"CODEX_HOME=" + filepath.Join(t.Scratch, ownHome, ".codex"), "TMPDIR=" + temp}
	spec.Env = slices.DeleteFunc(slices.Clone(spec.Env), func(entry string) bool {
		return strings.HasPrefix(entry, "CODEX_HOME=") || strings.HasPrefix(entry, "TMPDIR=")
	})
	spec.Env = append(spec.Env, set...)
	return spec, nil
}

// keepsElsewhere reports whether Codex's settings say where it keeps its login:
// in a keyring it has one for each folder, and would move a copy there.
func keepsElsewhere(links []link) bool {
	const most = 1 << 20
	for _, l := range links {
		if filepath.Base(l.from) != "config.toml" {
			continue
		}
		data, err := os.ReadFile(l.from)
		if err != nil || len(data) > most || strings.Contains(string(data), "cli_auth_credentials_store") {
			return true
		}
	}
	return false
}

// logins gives the logins of the person's with copies of which an agent works.
func (w *Walls) logins(t job.Attempt, links []link) []job.Login {
	var out []job.Login
	for _, l := range links {
		if !l.kept || !account.Renews(l.program) {
			continue
		}
		at := filepath.Join(ownHome, l.at)
		if t.Agent.Driver == "gemini" {
			at = l.program + string(filepath.Separator) + l.at // the home that its driver lays
		}
		out = append(out, job.Login{Program: l.program, File: l.from, Root: t.Scratch, Copy: at, Locks: filepath.Join(filepath.Dir(w.h.State), "logins")})
	}
	return out
}

// agentEnv leaves out what leads to the person's own folders, and adds where
// toolchains keep what they build for this task. What is set already stays.
func (w *Walls) agentEnv(ctx context.Context, env []string, scratch string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		led := strings.HasPrefix(name, "XDG_") || slices.Contains([]string{"CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME", "QWEN_HOME"}, name)
		return led && !within(value, scratch)
	})
	set := map[string]bool{}
	for _, entry := range out {
		name, _, _ := strings.Cut(entry, "=")
		set[name] = true
	}
	for _, entry := range (caches{root: filepath.Join(scratch, "caches")}).env(ctx, w) {
		if name, _, _ := strings.Cut(entry, "="); !set[name] {
			out = append(out, entry)
		}
	}
	return append(out, gocache.OwnVariable+"="+filepath.Join(scratch, "caches", "go-build"))
}

// link is a file or folder of the person's that appears in the own home: as a
// link to it, or as a copy when its program writes it.
type link struct {
	program string
	from    string // absolute
	at      string // below the home
	kept    bool   // its program keeps the tokens of a login in it: a copy
}

// personsFiles gives what an agent's program is set up by: settings, which are
// read, and the file with the tokens of its login, of which it has a copy.
// Nothing else of the person's home is there.
func personsFiles(g job.Agent, env map[string]string) []link {
	var out []link
	var program string
	addFrom := func(from, folder, kept string, read ...string) {
		if kept != "" {
			out = append(out, link{program: program, from: filepath.Join(from, kept), at: filepath.Join(folder, kept), kept: true})
		}
		for _, name := range read {
			out = append(out, link{program: program, from: filepath.Join(from, name), at: filepath.Join(folder, name)})
		}
	}
	add := func(variable, folder, kept string, read ...string) {
		switch home := env["HOME"]; {
		case filepath.IsAbs(env[variable]):
			addFrom(env[variable], folder, kept, read...)
		case filepath.IsAbs(home):
			addFrom(filepath.Join(home, folder), folder, kept, read...)
		}
	}
	for _, program = range kindsOf(g) {
		switch program {
		case "claude":
			add("CLAUDE_CONFIG_DIR", ".claude", ".credentials.json", "settings.json", "CLAUDE.md", "agents", "commands", "skills")
		case "codex":
			add("CODEX_HOME", ".codex", "auth.json", "config.toml", "AGENTS.md", "prompts", "skills")
		case "gemini":
			// Its home is laid by its driver, with links to these.
			if home := cmp.Or(env["GEMINI_CLI_HOME"], env["HOME"]); filepath.IsAbs(home) {
				addFrom(filepath.Join(home, ".gemini"), ".gemini", "oauth_creds.json", "google_accounts.json", "gemini-credentials.json", "installation_id")
			}
		case "copilot":
			add("COPILOT_HOME", ".copilot", "config.json", "mcp-config.json")
		case "qwen":
			add("QWEN_HOME", ".qwen", "oauth_creds.json", "settings.json", "QWEN.md")
		case "opencode":
			add("", ".local/share/opencode", "auth.json")
			add("", ".config/opencode", "", "opencode.json", "opencode.jsonc", "AGENTS.md")
		}
	}
	return slices.DeleteFunc(out, func(l link) bool {
		info, err := os.Stat(l.from)
		return err != nil || l.kept && !info.Mode().IsRegular()
	})
}

// kindsOf gives the programs whose settings an agent needs: its driver's, and
// with acp those that its command names.
func kindsOf(g job.Agent) []string {
	if g.Driver != "acp" {
		return []string{g.Driver}
	}
	var out []string
	for _, kind := range []string{"claude", "codex", "gemini", "copilot", "qwen", "opencode"} {
		if len(g.Command) > 0 && strings.Contains(filepath.Base(g.Command[0]), kind) {
			out = append(out, kind)
		}
	}
	return out
}

// layLinks makes the own home with its links, and with copies that nothing is
// brought home of. An earlier attempt may have left anything in the scratch
// folder: nothing that it linked is followed.
func layLinks(scratch string, links []link) error {
	root, err := os.OpenRoot(scratch)
	if err != nil {
		return fault.Wrap(fault.Transient, err, "open the scratch folder of an agent")
	}
	defer root.Close()
	if info, err := root.Lstat(ownHome); err == nil && !info.IsDir() {
		_ = root.Remove(ownHome)
	}
	err = root.MkdirAll(ownHome, 0o700)
	for _, l := range links {
		switch at := filepath.Join(ownHome, l.at); {
		case err != nil:
		case !l.kept:
			err = layLink(root, at, l.from)
		case !account.Renews(l.program):
			err = layCopy(root, at, l.from)
		}
	}
	return fault.Wrap(fault.Transient, err, "make the home of an agent")
}

// layCopy puts a copy of a file in the place of whatever is there.
func layCopy(root *os.Root, at, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, account.MaxBytes))
	if err == nil {
		err = root.MkdirAll(filepath.Dir(at), 0o700)
	}
	if err == nil {
		err = root.RemoveAll(at)
	}
	if err != nil {
		return err
	}
	return root.WriteFile(at, data, 0o600)
}

// layLink makes a link, and leaves alone what an agent's program has put in its
// place.
func layLink(root *os.Root, at, from string) error {
	if to, err := root.Readlink(at); err == nil && to == from {
		return nil
	}
	if err := root.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return err
	}
	err := root.Symlink(from, at)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// programFolders gives what an agent's program reads of itself: its own folder,
// the one that it is linked from, and the packages beside it. Of a program that
// lies in the person's home itself, or above it, it is the program alone.
func (w *Walls) programFolders(program string) []string {
	if program == "" {
		return nil
	}
	out := []string{program, filepath.Dir(program)}
	real, err := filepath.EvalSymlinks(program)
	if err != nil {
		return slices.DeleteFunc(out, w.isTooMuch)
	}
	for _, p := range []string{program, real} {
		const packages = "/node_modules"
		if i := strings.Index(filepath.ToSlash(p)+"/", packages+"/"); i >= 0 {
			out = append(out, p[:i+len(packages)])
		}
	}
	return slices.DeleteFunc(append(out, real, filepath.Dir(real)), w.isTooMuch)
}

// isTooMuch reports whether a path holds the person's home, which is more than
// anybody means who names a program or a script in it, or is or holds Muster's
// own folders, which are nobody's.
func (w *Walls) isTooMuch(p string) bool {
	own := filepath.Dir(w.h.State) // of all repositories, with the keys
	home := w.env["HOME"]
	real, err := filepath.EvalSymlinks(home)
	return within(home, p) || err == nil && within(real, p) || within(w.h.State, p) || within(p, own)
}

// named gives what the configuration's command of an agent names by its whole
// path: a script, a folder of instructions.
func (w *Walls) named(command []string) []string {
	var out []string
	for _, p := range command {
		if filepath.IsAbs(p) && !w.isTooMuch(p) {
			out = append(out, p)
		}
	}
	return out
}

// lent gives the folders of objects that a repository borrows.
func lent(commonDir string) []string {
	data, err := os.ReadFile(filepath.Join(commonDir, "objects", "info", "alternates"))
	if err != nil || len(data) > 64<<10 {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && !filepath.IsAbs(line) {
			line = filepath.Join(commonDir, "objects", line)
		}
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}
