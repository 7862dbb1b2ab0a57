package mirror

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"muster/internal/core/registries"
)

// Env gives the variables with which go, npm and pip in a confined process use
// the door at an address (host:port, or what will stand for one), and with
// which everything that knows proxies gets to hear what the door says of a
// host. The settings are the person's; none of their addresses and logins is
// among the variables. What a person has not set up has no variables.
func Env(address string, c registries.Config) []string {
	door := "http://" + address
	proxy, direct := door, "127.0.0.1,localhost,::1"
	env := []string{
		"HTTP_PROXY=" + proxy, "http_proxy=" + proxy, "HTTPS_PROXY=" + proxy, "https_proxy=" + proxy,
		"NO_PROXY=" + direct, "no_proxy=" + direct,
	}
	if len(registries.Proxies(c.GoProxy)) > 0 {
		// The door is asked for private modules too, to say why there are none.
		env = append(env, "GOPROXY="+door+"/go", "GONOPROXY=none", "GONOSUMDB="+first(c.GoNoSum, "none"))
		if c.GoSum != "" {
			env = append(env, "GOSUMDB="+c.GoSum)
		}
	}
	if c.NPM != "" || len(c.NPMScopes) > 0 {
		// Lockfiles name the true addresses; npm takes the files from the door.
		env = append(env, "npm_config_registry="+door+"/npm/", "npm_config_replace_registry_host=always",
			"npm_config_audit=false", "npm_config_fund=false", "npm_config_update_notifier=false",
			"YARN_NPM_REGISTRY_SERVER="+door+"/npm", "YARN_UNSAFE_HTTP_WHITELIST=127.0.0.1") // of Yarn from version 2 on
		for _, scope := range slices.Sorted(maps.Keys(c.NPMScopes)) {
			env = append(env, "npm_config_"+scope+":registry="+door+"/npm/")
		}
	}
	var indexes []string
	for i := range c.PyPI {
		indexes = append(indexes, fmt.Sprintf("%s/pypi/%d/", door, i))
	}
	if len(indexes) > 0 {
		more := strings.Join(indexes[1:], " ")
		env = append(env, "PIP_INDEX_URL="+indexes[0], "PIP_EXTRA_INDEX_URL="+more, "PIP_DISABLE_PIP_VERSION_CHECK=1",
			"UV_DEFAULT_INDEX="+indexes[0], "UV_INDEX="+more)
	}
	return env
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
