// Package login knows how the programs of agents are logged in: by a key in
// the environment, by a subscription whose tokens lie in a file, or at a
// server of the person's own. It looks at names and at whether files are
// there. It never reads a file that holds a secret, and gives no secret out.
package login

import (
	"cmp"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/core/job"
)

// program is what is known of one driver's program.
type program struct {
	driver string
	tested string   // the version that the driver was tested with
	keys   []string // variables that hold a key or a token; one is enough
	clouds []string // variables that switch to a cloud's own login
	server string   // the variable that names another server for the model
	home   []string // variables that name the folder of account, in order
	folder string   // that folder below the home folder otherwise
	file   string   // the file below it that a subscription keeps its tokens in
	hint   string   // how a person logs in
}

// programs lists the drivers whose programs people log in. The versions are
// those that scripts/agents-install.sh installs.
func programs() []program {
	return []program{
		{
			driver: "claude", tested: "2.1.330", keys: []string{"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"},
			clouds: []string{"CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX"}, server: "ANTHROPIC_BASE_URL",
			home: []string{"CLAUDE_CONFIG_DIR"}, folder: ".claude", file: ".credentials.json", hint: "start claude and type /login, or set ANTHROPIC_API_KEY",
		},
		{
			driver: "codex", tested: "0.169.0", keys: []string{"CODEX_API_KEY", "OPENAI_API_KEY"}, server: "OPENAI_BASE_URL",
			home: []string{"CODEX_HOME"}, folder: ".codex", file: "auth.json", hint: "run codex login, or set OPENAI_API_KEY",
		},
		{
			driver: "gemini", tested: "0.61.0", keys: []string{"GEMINI_API_KEY", "GOOGLE_API_KEY"},
			clouds: []string{"GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA"}, server: "GOOGLE_GEMINI_BASE_URL",
			home: []string{"GEMINI_CLI_HOME"}, folder: ".gemini", file: "oauth_creds.json", hint: "start gemini and log in, or set GEMINI_API_KEY",
		},
		{
			driver: "copilot", tested: "1.0.102", keys: []string{"COPILOT_PROVIDER_API_KEY", "COPILOT_PROVIDER_BEARER_TOKEN", "COPILOT_GITHUB_TOKEN"},
			server: "COPILOT_PROVIDER_BASE_URL", home: []string{"COPILOT_HOME"}, folder: ".copilot", file: "config.json", hint: "run copilot login, or set COPILOT_GITHUB_TOKEN",
		},
		{
			driver: "qwen", tested: "0.24.4", keys: []string{"OPENAI_API_KEY"}, server: "OPENAI_BASE_URL",
			home: []string{"QWEN_HOME"}, folder: ".qwen", file: "oauth_creds.json", hint: "start qwen and log in, or set OPENAI_API_KEY and OPENAI_BASE_URL",
		},
		{
			driver: "opencode", tested: "1.18.33", keys: []string{"OPENCODE_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"},
			folder: ".local/share/opencode", file: "auth.json", hint: "run opencode auth login, or name a provider with its key in its own configuration",
		},
	}
}

func find(driver string) (program, bool) {
	all := programs()
	i := slices.IndexFunc(all, func(p program) bool { return p.driver == driver })
	if i < 0 {
		return program{}, false
	}
	return all[i], true
}

// Tested gives the version of a driver's program that the driver was tested
// with, or nothing.
func Tested(driver string) string {
	p, _ := find(driver)
	return p.tested
}

// Install gives the command that installs a driver's program, or nothing.
func Install(driver string) string {
	name := map[string]string{
		"claude": "@anthropic-ai/claude-code", "codex": "@openai/codex", "gemini": "@google/gemini-cli",
		"copilot": "@github/copilot", "qwen": "@qwen-code/qwen-code", "opencode": "opencode-ai",
	}[driver]
	if name == "" {
		return ""
	}
	return "npm install -g " + name
}

// Found is how an agent is logged in, as far as it can be seen from outside.
type Found struct {
	Known  bool     // whether anything is known of the agent's program
	Keys   []string // names of variables that hold a key
	Cloud  string   // the variable that chooses a cloud's login
	File   string   // the file with the tokens of a subscription, when it is there
	Server string   // the server of the model, when it is another than the usual; without user and query
	Hint   string   // how a person logs in
}

// Look says how the agent would be logged in with these variables, which are
// those of its process.
func Look(g job.Agent, env map[string]string) Found {
	p, ok := find(g.Driver)
	if !ok {
		return Found{}
	}
	f := Found{Known: true, Hint: p.hint}
	for _, name := range p.keys {
		if env[name] != "" && env[name] != noKey {
			f.Keys = append(f.Keys, name)
		}
	}
	for _, name := range p.clouds {
		if v := env[name]; v != "" && v != "0" && v != "false" {
			f.Cloud = name
		}
	}
	if p.server != "" {
		f.Server = shownURL(env[p.server])
	}
	if file := p.account(env); file != "" {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			f.File = file
		}
	}
	return f
}

// Is reports whether anything was found by which the agent could be logged
// in. A server of one's own may need nothing.
func (f Found) Is() bool {
	return len(f.Keys) > 0 || f.Cloud != "" || f.File != "" || f.Server != ""
}

// String says it in words. A key is used before a subscription, as the
// programs do.
func (f Found) String() string {
	var parts []string
	switch {
	case len(f.Keys) > 0:
		parts = append(parts, "a key in "+strings.Join(f.Keys, ", "))
	case f.Cloud != "":
		parts = append(parts, "a cloud's login ("+f.Cloud+")")
	case f.File != "":
		parts = append(parts, "a login in "+f.File)
	}
	if f.Server != "" {
		parts = append(parts, "the server "+f.Server)
	}
	return cmp.Or(strings.Join(parts, ", at "), "no login was found")
}

// Account gives the file in which the tokens of a subscription are kept and
// renewed, when these variables make the agent use one. Whether the file is
// there is not looked at.
func Account(g job.Agent, env map[string]string) string {
	p, ok := find(g.Driver)
	if !ok {
		return ""
	}
	for _, name := range slices.Concat(p.keys, p.clouds, []string{p.server}) {
		if name != "" && env[name] != "" && g.Login != job.LoginSubscription {
			return ""
		}
	}
	return p.account(env)
}

func (p program) account(env map[string]string) string {
	for _, name := range p.home {
		dir := env[name]
		if name == "GEMINI_CLI_HOME" && dir != "" {
			dir = filepath.Join(dir, p.folder)
		}
		if filepath.IsAbs(dir) {
			return filepath.Join(dir, p.file)
		}
	}
	if p.driver == "opencode" && filepath.IsAbs(env["XDG_DATA_HOME"]) {
		return filepath.Join(env["XDG_DATA_HOME"], "opencode", p.file)
	}
	if !filepath.IsAbs(env["HOME"]) {
		return ""
	}
	return filepath.Join(env["HOME"], filepath.FromSlash(p.folder), p.file)
}

// shownURL gives a URL without what may be secret in it.
func shownURL(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "an address that is no URL"
	}
	return u.Scheme + "://" + u.Host + u.Path
}
