// Package registries reads from a person's own settings which package
// registries their tools ask, and how they are logged in there.
//
// No address is built in, and nothing is read from a repository: what the
// settings do not say, the tools are asked by the caller.
package registries

import (
	"encoding/base64"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Settings are the user's own settings, as the caller read them. A setting
// that is not there leaves its registry unasked.
type Settings struct {
	Go      map[string]string // of "go env": GOPROXY, GONOPROXY, GOPRIVATE, GOSUMDB, GONOSUMDB
	Env     map[string]string // of the environment: npm_config_registry, PIP_INDEX_URL, UV_INDEX_URL, PIP_EXTRA_INDEX_URL ...
	Npmrc   []byte            // ~/.npmrc; never the repository's
	PipConf []byte            // ~/.config/pip/pip.conf, or what "pip config list" prints
	PipHelp []byte            // what "pip download --help" prints, which names the index that pip asks, from whatever file; one with a password is starred out there, and not taken
	Cargo   []byte            // ~/.cargo/config.toml
	Netrc   []byte            // ~/.netrc
}

// Config says where to ask. Addresses are absolute, with http or https; user
// and password in them, and the logins, are used and never shown. An empty
// address is not asked.
type Config struct {
	GoProxy   string            // GOPROXY: addresses separated by "," or "|"; "direct" and "off" end the list
	GoPrivate string            // GONOPROXY or GOPRIVATE: globs of modules that no proxy knows
	GoSum     string            // GOSUMDB: name, with or without key, and perhaps an address; or "off"
	GoNoSum   string            // GONOSUMDB or GOPRIVATE: globs of modules that the database of checksums is not asked about
	NPM       string            // npm's registry
	NPMScopes map[string]string // registries of scopes: "@mine"
	NPMLogins []Login
	PyPI      []string // simple indexes: index-url and extra-index-url
	Cargo     string   // sparse index, without "sparse+"
	Logins    []Login  // for Go proxies and Python indexes
}

// Login is how the person is logged in at the addresses below a prefix.
type Login struct {
	Prefix string // "//host/path/" or "//host:port/path/"
	Header string // value of the header Authorization
}

// Authorization gives the header for an address: its own user and password,
// else the login with the longest prefix of it, else "".
func Authorization(logins []Login, u *url.URL) string {
	if u.User != nil {
		password, _ := u.User.Password()
		return basic(u.User.Username(), password)
	}
	at := "//" + u.Host + strings.TrimSuffix(u.EscapedPath(), "/") + "/"
	best := Login{}
	for _, l := range logins {
		if strings.HasPrefix(at, l.Prefix) && len(l.Prefix) > len(best.Prefix) {
			best = l
		}
	}
	return best.Header
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// FromSettings gives where to ask. The environment goes before files, as with
// the package managers themselves.
func FromSettings(s Settings) Config {
	c := Config{
		GoProxy: s.Go["GOPROXY"], GoPrivate: first(s.Go["GONOPROXY"], s.Go["GOPRIVATE"]),
		GoSum: s.Go["GOSUMDB"], GoNoSum: first(s.Go["GONOSUMDB"], s.Go["GOPRIVATE"]),
		NPM: first(s.Env["npm_config_registry"], s.Env["NPM_CONFIG_REGISTRY"]), NPMScopes: map[string]string{},
		Cargo:     first(s.Env["CARGO_REGISTRIES_CRATES_IO_INDEX"], s.Env["CARGO_REGISTRY_INDEX"]),
		NPMLogins: npmLogins(s.Npmrc, s.Env), Logins: netrcLogins(s.Netrc),
	}
	for _, m := range find(s.Npmrc, `(?m)^\s*(?:(@[^:\s]+):)?registry\s*=\s*["']?(https?://[^\s"']+)`) {
		switch {
		case m[1] != "":
			c.NPMScopes[m[1]] = m[2]
		case c.NPM == "":
			c.NPM = m[2]
		}
	}
	index := first(s.Env["PIP_INDEX_URL"], s.Env["UV_DEFAULT_INDEX"], s.Env["UV_INDEX_URL"])
	extra := first(s.Env["PIP_EXTRA_INDEX_URL"], s.Env["UV_EXTRA_INDEX_URL"])
	for _, m := range find(s.PipConf, `(?m)^\s*(?:[a-z:]+\.)?(index-url|extra-index-url)\s*=\s*'?([^\n']+)`) {
		if m[1] == "index-url" {
			index = first(index, m[2])
		} else {
			extra = first(extra, m[2])
		}
	}
	for _, m := range find(s.PipHelp, `--index-url[^(]*\(default\s+(https?://[^\s)*]+)\)`) {
		index = first(index, m[1])
	}
	// Packages that only an extra index has are not at the first one, so the
	// extra ones are asked only together with it.
	if index = strings.TrimSpace(index); index != "" {
		c.PyPI = append([]string{index}, strings.Fields(extra)...)
	}
	for _, m := range find(s.Cargo, `(?m)^\s*(registry|index)\s*=\s*"sparse\+([^"]+)"`) {
		c.Cargo = first(c.Cargo, m[2])
	}
	return c
}

// npmLogins reads the lines //host/path/:_authToken, :_auth, and :username with
// :_password, which is in base64. ${NAME} stands for a variable.
func npmLogins(npmrc []byte, env map[string]string) []Login {
	users, passwords := map[string]string{}, map[string]string{}
	var out []Login
	for _, m := range find(npmrc, `(?m)^\s*(//[^\s=]+?):(_authToken|_auth|username|_password)\s*=\s*["']?([^\s"']+)`) {
		prefix, value := strings.TrimSuffix(m[1], "/")+"/", expand(m[3], env)
		switch m[2] {
		case "_authToken":
			out = append(out, Login{prefix, "Bearer " + value})
		case "_auth":
			out = append(out, Login{prefix, "Basic " + value})
		case "username":
			users[prefix] = value
		case "_password":
			if plain, err := base64.StdEncoding.DecodeString(value); err == nil {
				passwords[prefix] = string(plain)
			}
		}
	}
	for _, prefix := range slices.Sorted(maps.Keys(users)) {
		if password, ok := passwords[prefix]; ok {
			out = append(out, Login{prefix, basic(users[prefix], password)})
		}
	}
	return out
}

// expand puts variables in the place of ${NAME}, and nothing in the place of
// one that is not there.
func expand(text string, env map[string]string) string {
	return regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllStringFunc(text, func(v string) string { return env[v[2:len(v)-1]] })
}

// netrcLogins reads "machine HOST login USER password PASSWORD", in this order
// and over any lines. What a macro or "default" says is left out.
func netrcLogins(netrc []byte) []Login {
	var out []Login
	for _, m := range find(netrc, `(?:^|\s)machine\s+(\S+)\s+login\s+(\S+)\s+password\s+(\S+)`) {
		out = append(out, Login{"//" + m[1] + "/", basic(m[2], m[3])})
	}
	return out
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func find(text []byte, pattern string) [][]string {
	const most = 1 << 20 // bytes of a file of settings
	return regexp.MustCompile(pattern).FindAllStringSubmatch(string(text[:min(len(text), most)]), -1)
}
