// Package machine holds the machine and the person as Muster sees them: read
// once, so that nothing else depends on a process's environment by accident.
// What of it agents and checks may see is decided here.
package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/core/fault"
	"muster/internal/engine"
)

// Host is the machine and the person as Muster sees them. It is read once, so
// that nothing below depends on a process's environment by accident.
type Host struct {
	Dir  string            // where the person is
	Env  map[string]string // the environment of the process
	Self []string          // starts this program: absolute path and leading arguments

	Silence time.Duration // for how long an agent may give no sign before it is called silent; 0 means five minutes

	Probe engine.Probe // told of every boundary between the engine's steps; nil but in tests that crash there
}

// This reads the process that it is called in.
func This() (Host, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Host{}, fault.WithHint(fault.Wrap(fault.Internal, err, "find the current folder"), "change to a folder that exists")
	}
	self, err := os.Executable()
	if err != nil {
		return Host{}, fault.Wrap(fault.Internal, err, "find Muster's own program")
	}
	h := Host{Dir: dir, Env: map[string]string{}, Self: []string{self}}
	for _, entry := range os.Environ() {
		if name, value, ok := strings.Cut(entry, "="); ok && name != "" {
			h.Env[name] = value
		}
	}
	return h, nil
}

// StateRoot is the folder below which every repository has its own.
func (h Host) StateRoot() (string, error) {
	if dir := h.Env["XDG_STATE_HOME"]; dir != "" {
		if !filepath.IsAbs(dir) {
			return "", fault.New(fault.Invalid, "XDG_STATE_HOME is %q, which is not an absolute path", dir).
				WithHint("set it to an absolute path, or unset it")
		}
		return filepath.Join(dir, "muster"), nil
	}
	if home := h.Env["HOME"]; filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "muster"), nil
	}
	return "", fault.New(fault.Invalid, "neither XDG_STATE_HOME nor HOME says where Muster may keep its state").
		WithHint("set HOME, or XDG_STATE_HOME to an absolute path")
}

// StateFolder names the folder of one repository, whose common Git folder and
// name are given. Its name says which repository it is for; the hash keeps
// apart those of the same name.
func (h Host) StateFolder(common, name string) (string, error) {
	root, err := h.StateRoot()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(common))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if len(name) > 40 {
		name = name[:40]
	}
	return filepath.Join(root, name+"-"+hex.EncodeToString(sum[:6])), nil
}

// ConfigRoot is the folder of the person's own settings; empty when the
// environment names none.
func (h Host) ConfigRoot() string {
	if dir := h.Env["XDG_CONFIG_HOME"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, "muster")
	}
	if home := h.Env["HOME"]; filepath.IsAbs(home) {
		return filepath.Join(home, ".config", "muster")
	}
	return ""
}

// Actor names the person in the ledger.
func (h Host) Actor() string {
	for _, name := range []string{"USER", "LOGNAME"} {
		if v := h.Env[name]; v != "" {
			return "person:" + OneLine(v)
		}
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "person:" + OneLine(u.Username)
	}
	return "person:unknown"
}

// OneLine gives a text without what could drive a terminal.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// common are the variables that agents and checks may both see.
func common() []string {
	return []string{
		"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE",
	}
}

// AgentEnv gives the variables from which a driver chooses what its agent
// sees: no others ever reach an agent. Pass holds the names that the agent's
// configuration asks for.
func (h Host) AgentEnv(pass []string) map[string]string {
	allowed := append(append(common(), "TERM"), pass...)
	out := map[string]string{}
	for name, value := range h.Env {
		if slices.Contains(allowed, name) || hasPrefix(name, "ANTHROPIC_", "CLAUDE_", "OPENAI_", "CODEX_", "XDG_",
			"GEMINI_", "GOOGLE_", "QWEN_", "OPENCODE_", "COPILOT_") {
			out[name] = value
		}
	}
	return out
}

// CheckEnv gives the whole environment that the commands of checks start
// from. It holds no key of an agent.
func (h Host) CheckEnv() []string {
	allowed := append(common(), "TMPDIR", "GOPATH", "GOCACHE", "GOMODCACHE", "GOROOT", "GOFLAGS", "GOPROXY", "GOPRIVATE",
		"GONOPROXY", "GONOSUMDB", "GOSUMDB", "GOTOOLCHAIN", "CARGO_HOME", "RUSTUP_HOME", "JAVA_HOME", "NVM_DIR", "XDG_CACHE_HOME")
	out := []string{}
	for _, name := range allowed {
		if value, ok := h.Env[name]; ok {
			out = append(out, name+"="+value)
		}
	}
	return append(out, "LANG=C.UTF-8", "CI=1", "NO_COLOR=1", "TERM=dumb")
}

func hasPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// LookPath finds a program on the host's PATH; a name with a slash is a path,
// relative to dir.
func (h Host) LookPath(program, dir string) (string, bool) {
	if strings.Contains(program, "/") {
		if !filepath.IsAbs(program) {
			program = filepath.Join(dir, program)
		}
		return program, isProgram(program)
	}
	for _, folder := range filepath.SplitList(h.Env["PATH"]) {
		if path := filepath.Join(folder, program); filepath.IsAbs(folder) && isProgram(path) {
			return path, true
		}
	}
	return "", false
}

// Has reports whether a program is on the host's PATH.
func (h Host) Has(program string) bool {
	_, ok := h.LookPath(program, h.Dir)
	return ok
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// At gives the same host with the person in another folder, and with a state
// folder of its own.
func (h Host) At(dir, state string) Host {
	h.Dir, h.Env = dir, maps.Clone(h.Env)
	h.Env["XDG_STATE_HOME"] = state
	return h
}

// Clock is the clock of the machine.
type Clock struct{}

// NowUS gives the moment, in microseconds since 1970.
func (Clock) NowUS() int64 { return time.Now().UnixMicro() }

// After gives what is closed at a moment.
func (Clock) After(us int64) <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(time.Until(time.UnixMicro(us)), func() { close(done) })
	return done
}

// IDs makes ids for the engine.
type IDs struct{ New func() string }

// NewID gives the next id.
func (i IDs) NewID() string { return i.New() }
