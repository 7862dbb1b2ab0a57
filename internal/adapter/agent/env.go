package agent

import (
	"maps"
	"sort"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// environment is the whole environment of an agent's process.
type environment map[string]string

// common are the variables of Muster's own environment that every agent gets.
// None of them holds a key to a model.
func common() []string { return []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ"} }

// network are the variables that programs which talk to a model need where
// the network is reached through a proxy or has its own certificates.
func network() []string {
	return []string{
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
	}
}

// newEnvironment gives an environment of, each overriding the ones before it:
// fixed values, the host's variables that allow accepts, those the agent's
// configuration passes on by name, and those it sets.
func newEnvironment(a job.Attempt, fixed map[string]string, allow func(name string) bool) environment {
	env := environment{"TERM": "dumb", "NO_COLOR": "1", "LANG": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "TMPDIR": a.Scratch}
	maps.Copy(env, fixed)
	for k, v := range a.Host {
		if allow(k) {
			env[k] = v
		}
	}
	for _, k := range a.Agent.PassEnv {
		if v, ok := a.Host[k]; ok {
			env[k] = v
		}
	}
	maps.Copy(env, a.Agent.Env)
	return env
}

// allowNames accepts exactly the given names.
func allowNames(lists ...[]string) func(string) bool {
	set := map[string]bool{}
	for _, l := range lists {
		for _, n := range l {
			set[n] = true
		}
	}
	return func(name string) bool { return set[name] }
}

// list gives the environment as NAME=value lines by name.
func (e environment) list() ([]string, error) {
	names := make([]string, 0, len(e))
	for n := range e {
		names = append(names, n)
	}
	sort.Strings(names)
	lines := make([]string, 0, len(names))
	for _, n := range names {
		if n == "" || strings.ContainsAny(n, "=\x00") || strings.Contains(e[n], "\x00") {
			return nil, fault.New(fault.Invalid, "the environment variable %q has a name or value that no process can be given", n).
				WithHint("correct env of the agent in .muster/config.yaml")
		}
		lines = append(lines, n+"="+e[n])
	}
	return lines, nil
}
