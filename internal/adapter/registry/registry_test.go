package registry_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/adapter/registry"
	"muster/internal/check/checktest"
	"muster/internal/check/dependencies"
	"muster/internal/core/evidence"
	"muster/internal/core/registries"
)

// server answers by path; what it does not know is 404.
func server(t *testing.T, answers map[string]string) (address string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, ok := answers[r.URL.EscapedPath()]
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		case strings.HasPrefix(body, "status "):
			w.WriteHeader(map[string]int{"403": 403, "410": 410, "500": 500, "302": 302}[strings.TrimPrefix(body, "status ")])
		default:
			_, _ = w.Write([]byte(body))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

type question struct {
	ecosystem, name, version string
	want                     registry.Answer
	err                      string // part of the reason; empty when the answer is known
}

func check(t *testing.T, r *registry.Registry, list []question) {
	t.Helper()
	for _, q := range list {
		got, err := r.Look(t.Context(), q.ecosystem, q.name, q.version)
		if got != q.want {
			t.Errorf("%s %s %s: %+v", q.ecosystem, q.name, q.version, got)
		}
		if q.err == "" && err != nil || q.err != "" && (err == nil || !strings.Contains(err.Error(), q.err)) {
			t.Errorf("%s %s %s: error %v", q.ecosystem, q.name, q.version, err)
		}
	}
}

var (
	there   = registry.Answer{Known: true, Exists: true, HasVersion: true}
	missing = registry.Answer{Known: true}
	other   = registry.Answer{Known: true, Exists: true}
)

func TestGo(t *testing.T) {
	first, _ := server(t, map[string]string{
		"/example.org/a/@v/v1.0.0.info": `{"Version":"v1.0.0"}`, "/example.org/a/@latest": `{}`,
		"/example.org/!upper/@latest": `{}`, "/example.org/gone/@latest": "status 410",
		"/example.org/refused/@latest": "status 403", "/example.org/refused/@v/v1.0.0.info": "status 403", "/example.org/broken/@latest": "status 500",
	})
	second, _ := server(t, map[string]string{"/example.org/b/@latest": `{}`, "/example.org/refused/@latest": `{}`})
	private := registry.New(registries.Config{GoProxy: first + "," + second + ",direct", GoPrivate: "corp.example.org,*.secret.org"})
	check(t, private, []question{
		{"go", "example.org/a", "v1.0.0", there, ""},
		{"go", "example.org/a", "v9.0.0", other, ""},
		{"go", "example.org/a", "", there, ""},
		{"go", "example.org/Upper", "", there, ""},
		{"go", "example.org/b", "", there, ""},
		{"go", "example.org/none", "v1.0.0", missing, ""},
		{"go", "example.org/gone", "", missing, ""},
		{"go", "example.org/refused", "v1.0.0", registry.Answer{}, "403"},
		{"go", "example.org/broken", "", registry.Answer{}, "500"},
		{"go", "corp.example.org/x", "", registry.Answer{}, "private"},
		{"go", "no path", "", registry.Answer{}, "no path of a module"},
	})
	check(t, registry.New(registries.Config{GoProxy: first + "|" + second}), []question{{"go", "example.org/refused", "", there, ""}})
	check(t, registry.New(registries.Config{GoProxy: second + "|" + first}), []question{{"go", "example.org/broken", "", registry.Answer{}, "500"}})
	for _, off := range []string{"", "off", "direct", "off," + first} {
		check(t, registry.New(registries.Config{GoProxy: off}), []question{{"go", "example.org/a", "", registry.Answer{}, "no registry"}})
	}
}

func TestNPM(t *testing.T) {
	public, asked := server(t, map[string]string{
		"/r/a": `{"versions":{"1.0.0":{}},"time":{"created":"2020-01-02T03:04:05.678Z"}}`, "/r/@s%2Fb": `{"versions":{"1.0.0":{}}}`,
		"/r/taken-back": `{"time":{"created":"2020-01-02T03:04:05Z"}}`, "/r/odd": "<html>", "/r/huge": `{"versions":{"1.0.0":{}},"x":"` + strings.Repeat("x", 9<<20) + `"}`,
	})
	own, _ := server(t, map[string]string{"/@mine%2Fc": `{"versions":{"2.0.0":{}}}`})
	r := registry.New(registries.Config{NPM: public + "/r/", NPMScopes: map[string]string{"@mine": own}})
	dated := there
	dated.First = time.Date(2020, 1, 2, 3, 4, 5, 678e6, time.UTC)
	check(t, r, []question{
		{"npm", "a", "1.0.0", dated, ""},
		{"npm", "@s/b", "", there, ""},
		{"npm", "@s/b", "2.0.0", other, ""},
		{"npm", "@mine/c", "2.0.0", there, ""},
		{"npm", "@mine/none", "", missing, ""},
		{"npm", "none", "", missing, ""},
		{"npm", "taken-back", "", missing, ""},
		{"npm", "odd", "", registry.Answer{}, "no JSON"},
		{"npm", "huge", "3.0.0", there, ""},
	})
	before := asked.Load()
	check(t, r, []question{{"npm", "a", "1.0.0", dated, ""}, {"npm", "none", "", missing, ""}})
	if asked.Load() != before {
		t.Error("it was asked again")
	}
	check(t, registry.New(registries.Config{}), []question{{"npm", "a", "", registry.Answer{}, "no registry"}, {"maven", "a:b", "", registry.Answer{}, "no registry"}})
}

func TestPyPI(t *testing.T) {
	one, _ := server(t, map[string]string{
		"/simple/my-lib/": `{"versions":["1.0","2.0.0"],"files":[{"upload-time":"2021-05-01T00:00:00Z"},{"upload-time":"2020-05-01T00:00:00Z"}]}`, "/simple/page/": "<html></html>",
	})
	two, _ := server(t, map[string]string{"/extra/": `{}`})
	refusing, _ := server(t, map[string]string{"/none/": "status 403"})
	dated := there
	dated.First = time.Date(2020, 5, 1, 0, 0, 0, 0, time.UTC)
	wrong := other
	wrong.First = dated.First
	check(t, registry.New(registries.Config{PyPI: []string{one + "/simple", two}}), []question{
		{"pypi", "My_Lib", "1.0.0", dated, ""},
		{"pypi", "my.lib", "3.0", wrong, ""},
		{"pypi", "page", "1.0", there, ""},
		{"pypi", "extra", "", there, ""},
		{"pypi", "none", "", missing, ""},
	})
	check(t, registry.New(registries.Config{PyPI: []string{one, refusing}}), []question{{"pypi", "none", "", registry.Answer{}, "403"}})
	check(t, registry.New(registries.Config{}), []question{{"pypi", "a", "", registry.Answer{}, "no registry"}})
}

func TestCargo(t *testing.T) {
	index, _ := server(t, map[string]string{
		"/1/a": `{"vers":"1.0.0"}`, "/2/ab": `{"vers":"1.0.0"}`, "/3/a/abc": `{"vers":"1.0.0"}`,
		"/se/rd/serde_json": "{\"vers\":\"1.0.0\",\"pubtime\":\"2017-01-01T00:00:00Z\"}\n{\"vers\":\"1.0.1\"}\nrubbish\n",
	})
	dated := there
	dated.First = time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
	check(t, registry.New(registries.Config{Cargo: "sparse+" + index}), []question{
		{"cargo", "a", "", there, ""},
		{"cargo", "ab", "", there, ""},
		{"cargo", "abc", "1.0.0", there, ""},
		{"cargo", "abc", "2.0.0", other, ""},
		{"cargo", "Serde-Json", "1.0.1", dated, ""},
		{"cargo", "none-such", "", missing, ""},
	})
	check(t, registry.New(registries.Config{}), []question{{"cargo", "a", "", registry.Answer{}, "no registry"}})
}

// A password in an address is used and never shown.
func TestPasswordStaysSecret(t *testing.T) {
	var user, pass string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ = r.BasicAuth()
		w.WriteHeader(http.StatusForbidden)
	}))
	address := strings.Replace(s.URL, "http://", "http://me:hunter2@", 1)
	r := registry.New(registries.Config{NPM: address, Cargo: strings.Replace(address, "http:", "ftp:", 1)})
	_, err := r.Look(t.Context(), "npm", "a", "")
	if err == nil || strings.Contains(err.Error(), "hunter2") || user != "me" || pass != "hunter2" {
		t.Errorf("%v, %s %s", err, user, pass)
	}
	if _, err := r.Look(t.Context(), "cargo", "abc", ""); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
	s.Close()
	if _, err := r.Look(t.Context(), "npm", "b", ""); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v", err)
	}
}

func TestRedirects(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }))
	defer s.Close()
	check(t, registry.New(registries.Config{NPM: s.URL}), []question{{"npm", "a", "", registry.Answer{}, "too often"}})
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	check(t, registry.New(registries.Config{NPM: secure.URL}), []question{{"npm", "a", "", registry.Answer{}, "no answer"}})
}

func TestCancelled(t *testing.T) {
	address, _ := server(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a, err := registry.New(registries.Config{NPM: address}).Look(ctx, "npm", "a", ""); err == nil || a.Known {
		t.Errorf("%+v, %v", a, err)
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
	c := dependencies.New(asks{registry.New(registries.Config{NPM: address})}, time.Now)
	got := checktest.Run(t, c, trees, checktest.NoExec(t), checktest.Request(evidence.OfRange))
	if len(got.Findings) != 1 || got.Findings[0].Rule != "missing" || got.Findings[0].StartLine != 3 || len(got.NotRun) != 1 || !strings.Contains(got.NotRun[0], "refused") {
		t.Errorf("%+v", got)
	}
}
