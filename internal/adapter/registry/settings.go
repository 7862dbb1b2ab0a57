package registry

import (
	"regexp"
	"strings"
)

// Settings are the user's own settings, as the caller read them. A setting
// that is not there leaves its registry unasked: no address is built in.
type Settings struct {
	Go      map[string]string // of "go env": GOPROXY, GONOPROXY, GOPRIVATE
	Env     map[string]string // of the environment: npm_config_registry, PIP_INDEX_URL, UV_INDEX_URL, PIP_EXTRA_INDEX_URL ...
	Npmrc   []byte            // ~/.npmrc; never the repository's
	PipConf []byte            // ~/.config/pip/pip.conf
	Cargo   []byte            // ~/.cargo/config.toml
}

// FromSettings gives where to ask. The environment goes before files, as with
// the package managers themselves.
func FromSettings(s Settings) Config {
	c := Config{
		GoProxy: s.Go["GOPROXY"], GoPrivate: first(s.Go["GONOPROXY"], s.Go["GOPRIVATE"]),
		NPM: first(s.Env["npm_config_registry"], s.Env["NPM_CONFIG_REGISTRY"]), NPMScopes: map[string]string{},
		Cargo: first(s.Env["CARGO_REGISTRIES_CRATES_IO_INDEX"], s.Env["CARGO_REGISTRY_INDEX"]),
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
	for _, m := range find(s.PipConf, `(?m)^\s*(index-url|extra-index-url)\s*=\s*([^\n]+)`) {
		if m[1] == "index-url" {
			index = first(index, m[2])
		} else {
			extra = first(extra, m[2])
		}
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
