package registries_test

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"testing"

	"muster/internal/core/registries"
)

func TestFromSettings(t *testing.T) {
	got := registries.FromSettings(registries.Settings{
		Go:      map[string]string{"GOPROXY": "https://go.test,direct", "GOPRIVATE": "corp.test"},
		Npmrc:   []byte("registry=https://npm.test/\n@mine:registry = https://own.test/\n//npm.test/:_authToken=x\n"),
		PipConf: []byte("[global]\nindex-url = https://pip.test/simple\nextra-index-url = https://a.test https://b.test\n"),
		Cargo:   []byte("[source.mirror]\nregistry = \"sparse+https://crates.test/\"\n"),
	})
	want := registries.Config{
		GoProxy: "https://go.test,direct", GoPrivate: "corp.test", GoNoSum: "corp.test", NPM: "https://npm.test/", NPMScopes: map[string]string{"@mine": "https://own.test/"},
		NPMLogins: []registries.Login{{Prefix: "//npm.test/", Header: "Bearer x"}},
		PyPI:      []string{"https://pip.test/simple", "https://a.test", "https://b.test"}, Cargo: "https://crates.test/",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	env := registries.FromSettings(registries.Settings{
		Env:   map[string]string{"npm_config_registry": "https://env.test/", "PIP_INDEX_URL": "https://envpip.test/"},
		Npmrc: []byte("registry=https://npm.test/\n"), PipConf: []byte("index-url = https://pip.test/simple\n"),
	})
	if env.NPM != "https://env.test/" || len(env.PyPI) != 1 || env.PyPI[0] != "https://envpip.test/" {
		t.Errorf("%+v", env)
	}
	none := registries.FromSettings(registries.Settings{PipConf: []byte("extra-index-url = https://a.test\n")})
	if none.NPM != "" || none.PyPI != nil || none.Cargo != "" || none.GoProxy != "" {
		t.Errorf("%+v", none)
	}
}

func TestDefaultsAreAskedOfTheTools(t *testing.T) {
	help := []byte("Package Index Options:\n  -i, --index-url <url>       Base URL of the Python Package Index\n      (default https://default.test/simple). This\n  --extra-index-url <url>  Extra (default https://no.test/)\n")
	if got := registries.FromSettings(registries.Settings{PipHelp: help}); !reflect.DeepEqual(got.PyPI, []string{"https://default.test/simple"}) {
		t.Errorf("%v", got.PyPI)
	}
	list := []byte(":env:.timeout='180'\nglobal.index-url='https://own.test/simple'\nglobal.extra-index-url='https://a.test'\n")
	if got := registries.FromSettings(registries.Settings{PipHelp: help, PipConf: list}); !reflect.DeepEqual(got.PyPI, []string{"https://own.test/simple", "https://a.test"}) {
		t.Errorf("%v", got.PyPI)
	}
	starred := []byte("--index-url <url> Base (default https://me:****@own.test/simple). This")
	if got := registries.FromSettings(registries.Settings{PipHelp: starred}); got.PyPI != nil {
		t.Errorf("%v", got.PyPI)
	}
	if got := registries.FromSettings(registries.Settings{PipHelp: []byte("--index-url <url> Base URL")}); got.PyPI != nil {
		t.Errorf("%v", got.PyPI)
	}
}

func TestLogins(t *testing.T) {
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	c := registries.FromSettings(registries.Settings{
		Env: map[string]string{"TOKEN": "from-env"},
		Npmrc: []byte("//npm.test/:_authToken=${TOKEN}\n//npm.test/team/:_authToken=\"longer\"\n//old.test:8080/:_auth=" + "dTpw" +
			"\n//two.test/:username=u\n//two.test/:_password=cGFzcw==\n//half.test/:username=u\n//bad.test/:username=u\n//bad.test/:_password=%%\n"),
		Netrc: []byte("machine go.test login me password secret\nmachine\nb.test\n login x\n password y\ndefault login anonymous password z\n"),
	})
	for address, want := range map[string]string{
		"https://npm.test/a":                "Bearer from-env",
		"https://npm.test/team/a":           "Bearer longer",
		"https://npm.test/team":             "Bearer longer",
		"https://npm.test/teams/a":          "Bearer from-env",
		"https://npm.test:444/a":            "",
		"https://old.test:8080/a":           "Basic dTpw",
		"https://two.test/a":                basic("u:pass"),
		"https://half.test/a":               "",
		"https://bad.test/a":                "",
		"https://npm.test.evil.test/a":      "",
		"https://user:word@npm.test/team/a": basic("user:word"),
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := registries.Authorization(c.NPMLogins, u); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	for host, want := range map[string]string{"go.test": basic("me:secret"), "b.test": basic("x:y"), "other.test": ""} {
		if got := registries.Authorization(c.Logins, &url.URL{Host: host}); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

func TestProxies(t *testing.T) {
	for list, want := range map[string][]registries.Proxy{
		"https://a.test,direct":             {{Base: "https://a.test"}},
		"https://a.test|https://b.test,off": {{Base: "https://a.test", Always: true}, {Base: "https://b.test"}},
		" https://a.test , ,https://b.test": {{Base: "https://a.test"}, {Base: "https://b.test"}},
		"off":                               nil, "direct": nil, "": nil, "off,https://a.test": nil,
	} {
		if got := registries.Proxies(list); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v", list, got)
		}
	}
}
