package registry_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/adapter/registry"
	"muster/internal/check/checktest"
	"muster/internal/check/dependencies"
	"muster/internal/core/evidence"
)

func TestFromSettings(t *testing.T) {
	got := registry.FromSettings(registry.Settings{
		Go:      map[string]string{"GOPROXY": "https://go.test,direct", "GOPRIVATE": "corp.test"},
		Npmrc:   []byte("registry=https://npm.test/\n@mine:registry = https://own.test/\n//npm.test/:_authToken=x\n"),
		PipConf: []byte("[global]\nindex-url = https://pip.test/simple\nextra-index-url = https://a.test https://b.test\n"),
		Cargo:   []byte("[source.mirror]\nregistry = \"sparse+https://crates.test/\"\n"),
	})
	want := registry.Config{
		GoProxy: "https://go.test,direct", GoPrivate: "corp.test", NPM: "https://npm.test/", NPMScopes: map[string]string{"@mine": "https://own.test/"},
		PyPI: []string{"https://pip.test/simple", "https://a.test", "https://b.test"}, Cargo: "https://crates.test/",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	env := registry.FromSettings(registry.Settings{
		Env:   map[string]string{"npm_config_registry": "https://env.test/", "PIP_INDEX_URL": "https://envpip.test/"},
		Npmrc: []byte("registry=https://npm.test/\n"), PipConf: []byte("index-url = https://pip.test/simple\n"),
	})
	if env.NPM != "https://env.test/" || len(env.PyPI) != 1 || env.PyPI[0] != "https://envpip.test/" {
		t.Errorf("%+v", env)
	}
	none := registry.FromSettings(registry.Settings{PipConf: []byte("extra-index-url = https://a.test\n")})
	if none.NPM != "" || none.PyPI != nil || none.Cargo != "" || none.GoProxy != "" {
		t.Errorf("%+v", none)
	}
}

// asks is how the check is given the registries.
type asks struct{ *registry.Registry }

func (a asks) Look(ctx context.Context, ecosystem, name, version string) (dependencies.Answer, error) {
	answer, err := a.Registry.Look(ctx, ecosystem, name, version)
	return dependencies.Answer(answer), err
}

func TestWithTheCheck(t *testing.T) {
	address, _ := server(t, map[string]string{"/pleasant-widget": `{"versions":{"1.0.0":{}},"time":{"created":"2020-01-02T03:04:05Z"}}`, "/refused": "status 403"})
	trees := checktest.New(t, map[string]checktest.Files{
		"base": {"package.json": "{\"dependencies\": {}}"},
		"head": {"package.json": "{\"dependencies\": {\n\"pleasant-widget\": \"1.0.0\",\n\"made-up-here\": \"1.0.0\",\n\"refused\": \"1.0.0\"\n}}"},
	})
	c := dependencies.New(asks{registry.New(registry.Config{NPM: address})}, time.Now)
	got := checktest.Run(t, c, trees, checktest.NoExec(t), checktest.Request(evidence.OfRange))
	if len(got.Findings) != 1 || got.Findings[0].Rule != "missing" || got.Findings[0].StartLine != 3 || len(got.NotRun) != 1 || !strings.Contains(got.NotRun[0], "refused") {
		t.Errorf("%+v", got)
	}
}
