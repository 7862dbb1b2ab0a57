// Package walls decides how the processes of agents, checks and set-ups are
// confined, and what each of them may see of the machine.
package walls

import (
	"bufio"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/internal/adapter/sandbox"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// What one confined process may use. Generous: a limit is for what runs away,
// not for what is large.
const (
	mostProcesses = 8192
	mostFiles     = 64 << 10
	mostFileSize  = 64 << 30
)

// Walls decides how the processes of a repository are confined. What a machine
// can do is tried once.
type Walls struct {
	exec *sandbox.Executor
	h    Host
	env  environment // of h.Env

	swept sync.Once // homes and caches that a crash has left
	apart ofChanges // caches of changes
	mu    sync.Mutex
	known map[string]choice // by the level that was asked for

	asked sync.Once
	proxy string // what the go command says of where modules are from
}

// choice is what came of asking for a level.
type choice struct {
	form *job.Confinement
	why  string
	err  error
}

// Host is what walls know of the machine.
type Host struct {
	State    string   // the repository's state folder
	Checkout string   // the person's work tree; empty when there is none
	Env      []string // that commands of checks start from
	Shim     []string // starts a shim

	// Door gives the door of commands whose network is closed and which may
	// reach these hosts, and the variables with which they use it. Nil: there
	// is none.
	Door func(ctx context.Context, hosts []string) (door *job.Door, keeper, env []string, err error)
}

// New gives the walls of a repository's processes.
func New(h Host) *Walls {
	if real, err := filepath.EvalSymlinks(h.State); err == nil {
		h.State = real // as Git's part names folders
	}
	w := &Walls{exec: sandbox.NewExecutor(h.Env, h.Shim), h: h, env: environment{}, known: map[string]choice{}}
	w.apart.root = filepath.Join(h.State, changesFolder, rand.Text())
	for _, entry := range h.Env {
		name, value, _ := strings.Cut(entry, "=")
		w.env[name] = value
	}
	return w
}

// Form gives how processes are confined for a level that was asked for, a word
// of the configuration or empty for its default. It is nil for off, and for
// auto on a machine that can confine nothing; why then says what is missing. A
// level that was asked for by name and cannot be had is an error.
//
// Without a door a process at auto keeps the machine's network: there is no
// other way yet to what it downloads. This is the one place that says so.
func (w *Walls) Form(ctx context.Context, asked string, door *job.Door) (form *job.Confinement, why string, err error) {
	if asked == "" {
		asked = config.SandboxAuto
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.known[asked]
	if !ok {
		c.form, c.why, c.err = w.exec.Choose(ctx, asked)
		if ctx.Err() == nil {
			w.known[asked] = c
		}
	}
	if c.form == nil {
		return nil, c.why, c.err
	}
	f := *c.form
	f.Open = asked == config.SandboxAuto && door == nil
	f.Processes, f.Files, f.FileSize = mostProcesses, mostFiles, mostFileSize
	return &f, "", nil
}

// Confines says whether processes are confined for a level that was asked for.
func (w *Walls) Confines(ctx context.Context, asked string) (bool, error) {
	form, _, err := w.Form(ctx, asked, nil)
	return form != nil, err
}

// Command confines a command of a check or of a set-up: it reads the toolchains
// and writes its tree, caches, and a home that is removed by release. Release
// is called when the command has ended.
func (w *Walls) Command(ctx context.Context, c job.Command, folder string) (job.Command, func(), error) {
	var doorEnv []string
	if c.Door == nil && w.h.Door != nil && job.Closes(c.Sandbox) {
		var err error
		if c.Door, c.DoorKeeper, doorEnv, err = w.h.Door(ctx, c.Egress); err != nil {
			return c, func() {}, err
		}
	}
	form, _, err := w.Form(ctx, c.Sandbox, c.Door)
	if err != nil || form == nil {
		return c, func() {}, err
	}
	w.swept.Do(func() {
		sweep(filepath.Join(w.h.State, "boxes"))
		sweep(filepath.Join(w.h.State, changesFolder))
	})
	home := filepath.Join(w.h.State, "boxes", rand.Text())
	release := func() { _ = remove(home) }
	if err := w.layHome(home); err != nil {
		return c, release, err
	}
	caches, giveBack := cachesFor(w, c)
	release = func() {
		_ = remove(home)
		giveBack()
	}
	for _, dir := range caches.dirs() {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return c, release, fault.Wrap(fault.Refused, err, "make a cache for confined processes")
		}
	}
	form.Home, form.Writable = home, []string{folder, caches.root}
	form.Readable = append(w.toolchains(), c.Reads...)
	if caches.under != "" {
		form.Readable = append(form.Readable, caches.under)
	}
	for _, shared := range c.Shares {
		form.Writable = append(form.Writable, filepath.Join(w.h.Checkout, filepath.FromSlash(shared)))
	}
	c.Confine = form
	c.Env = slices.Concat(caches.env(ctx, w), w.ThroughDoor(doorEnv), c.Env)
	return c, release, nil
}

// ThroughDoor gives the variables of a door as they are for a process behind
// walls: modules that the person has are read where they are, and only others
// asked for at the door.
func (w *Walls) ThroughDoor(env []string) []string {
	out := slices.Clone(env)
	for i, entry := range out {
		if value, ok := strings.CutPrefix(entry, "GOPROXY="); ok && w.env.goModules() != "" {
			out[i] = "GOPROXY=file://" + filepath.ToSlash(filepath.Join(w.env.goModules(), "cache", "download")) + "," + value
		}
	}
	return out
}

// leftAfter is how old a home is that nobody uses any more: no command runs for
// so long.
const leftAfter = 24 * time.Hour

// sweep removes the homes, or caches, that were left by a crash.
func sweep(boxes string) {
	list, err := os.ReadDir(boxes)
	if err != nil {
		return
	}
	for _, e := range list {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > leftAfter {
			_ = remove(filepath.Join(boxes, e.Name()))
		}
	}
}

// layHome makes the home of one confined process, with what tools need to know
// of the person and must not read in the person's own files.
func (w *Walls) layHome(home string) error {
	err := os.MkdirAll(home, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(home, ".gitconfig"), []byte("[user]\n\tname = Muster\n\temail = muster@localhost\n[safe]\n\tdirectory = *\n"), 0o600)
	}
	if lines := registryLines(filepath.Join(w.env["HOME"], ".npmrc")); err == nil && lines != "" {
		err = os.WriteFile(filepath.Join(home, ".npmrc"), []byte(lines), 0o600)
	}
	return fault.Wrap(fault.Refused, err, "make a home for a confined process")
}

// registryLines gives the lines of an .npmrc that say which registry is used,
// and no secrets: no user in the address, no token.
func registryLines(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	var out strings.Builder
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if ok && (key == "registry" || strings.HasPrefix(key, "@") && strings.HasSuffix(key, ":registry")) && !strings.Contains(value, "@") {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

// toolchains gives what programs on PATH and their languages read beyond the
// system's folders.
func (w *Walls) toolchains() []string {
	out := []string{w.h.Shim[0]}
	home := w.env["HOME"]
	for _, dir := range filepath.SplitList(w.env["PATH"]) {
		if !filepath.IsAbs(dir) || within(home, dir) {
			continue
		}
		out = append(out, dir)
		// A program finds its own files beside its folder, unless that is the
		// home itself or one where programs keep all sorts of things.
		parent := filepath.Dir(dir)
		if name := filepath.Base(dir); slices.Contains([]string{"bin", "sbin", "shims"}, name) && !slices.Contains([]string{home, filepath.Join(home, ".local"), filepath.Join(home, ".cargo"), filepath.Join(home, "go"), "/"}, parent) && !within(home, parent) {
			out = append(out, parent)
		}
	}
	for _, name := range []string{"GOROOT", "JAVA_HOME", "RUSTUP_HOME", "NVM_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"} {
		if p := w.env[name]; filepath.IsAbs(p) {
			out = append(out, p)
		}
	}
	if filepath.IsAbs(home) {
		for p := range strings.FieldsSeq(".rustup .cargo/bin .nvm .pyenv .rbenv .asdf/installs .asdf/shims .volta .sdkman/candidates .deno/bin .bun/bin .dotnet " +
			".local/lib .local/bin .local/pipx .local/share/pipx .local/share/uv .local/share/mise .local/share/fnm .cache/ms-playwright") {
			out = append(out, filepath.Join(home, p))
		}
	}
	return append(out, w.env.goFolders()...)
}

// within says whether path is dir or below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// askedProxy gives where the person's go command gets modules. It is asked once,
// in the state folder, where no repository can say anything.
func (w *Walls) askedProxy(ctx context.Context) string {
	if p := w.env["GOPROXY"]; p != "" {
		return p
	}
	w.asked.Do(func() {
		out, err := w.exec.Run(context.WithoutCancel(ctx), job.Command{Argv: []string{"go", "env", "GOPROXY"}, Dir: w.h.State, LimitMS: askGoMS, OutputCap: 4 << 10})
		if w.proxy = "direct"; err == nil && out.Code == 0 && strings.TrimSpace(out.Stdout) != "" {
			w.proxy = strings.TrimSpace(out.Stdout)
		}
	})
	return w.proxy
}

const askGoMS = 20_000

// goProxy puts the person's module cache before where modules come from.
func (w *Walls) goProxy(ctx context.Context, downloads string) string {
	after := w.askedProxy(ctx)
	if w.env["GOPRIVATE"]+w.env["GONOPROXY"] != "" {
		after = "off"
	}
	if info, err := os.Stat(downloads); err != nil || !info.IsDir() {
		return after
	}
	return "file://" + filepath.ToSlash(downloads) + "," + after
}
