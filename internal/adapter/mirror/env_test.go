package mirror_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/mirror"
	"muster/internal/core/registries"
)

func TestEnv(t *testing.T) {
	const door = "127.0.0.1:MUSTER_DOOR"
	proxies := []string{
		"HTTP_PROXY=http://" + door, "http_proxy=http://" + door, "HTTPS_PROXY=http://" + door, "https_proxy=http://" + door, "NO_PROXY=127.0.0.1,localhost,::1", "no_proxy=127.0.0.1,localhost,::1",
	}
	if got := mirror.Env(door, registries.Config{GoProxy: "off", GoSum: "sums.test"}); !slices.Equal(got, proxies) {
		t.Errorf("%q", got)
	}
	got := mirror.Env(door, registries.Config{
		GoProxy: "https://u:secret@go.test,direct", GoPrivate: "corp.test", GoNoSum: "corp.test", GoSum: "sums.test+key", NPM: "https://npm.test", NPMScopes: map[string]string{"@b": "https://b.test", "@a": "https://a.test"},
		NPMLogins: []registries.Login{{Prefix: "//npm.test/", Header: "Bearer secret"}}, PyPI: []string{"https://u:secret@one.test", "https://two.test", "https://three.test"},
	})
	want := append(slices.Clone(proxies), "GOPROXY=http://"+door+"/go", "GONOPROXY=none", "GONOSUMDB=corp.test", "GOSUMDB=sums.test+key",
		"npm_config_registry=http://"+door+"/npm/", "npm_config_replace_registry_host=always", "npm_config_audit=false", "npm_config_fund=false", "npm_config_update_notifier=false",
		"YARN_NPM_REGISTRY_SERVER=http://"+door+"/npm", "YARN_UNSAFE_HTTP_WHITELIST=127.0.0.1",
		"npm_config_@a:registry=http://"+door+"/npm/", "npm_config_@b:registry=http://"+door+"/npm/",
		"PIP_INDEX_URL=http://"+door+"/pypi/0/", "PIP_EXTRA_INDEX_URL=http://"+door+"/pypi/1/ http://"+door+"/pypi/2/", "PIP_DISABLE_PIP_VERSION_CHECK=1",
		"UV_DEFAULT_INDEX=http://"+door+"/pypi/0/", "UV_INDEX=http://"+door+"/pypi/1/ http://"+door+"/pypi/2/")
	if !slices.Equal(got, want) || strings.Contains(strings.Join(got, " "), "secret") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := mirror.Env(door, registries.Config{GoProxy: "https://go.test"}); !slices.Contains(got, "GONOSUMDB=none") || slices.ContainsFunc(got, func(v string) bool { return strings.HasPrefix(v, "GOSUMDB=") }) {
		t.Errorf("%q", got)
	}
}
