package mirror_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"muster/internal/adapter/mirror"
	"muster/internal/core/registries"
)

// asked is every form that a question to a registry may have.
var asked = regexp.MustCompile(`^/base(/[A-Za-z0-9!~_][A-Za-z0-9!~._+-]*)+/(@v/list|@latest|@v/[A-Za-z0-9!._+~-]+\.(info|mod|zip))$` +
	`|^/base/sumdb/sums\.test/(supported|latest|tile/[0-9x/.pdat]+|lookup/[A-Za-z0-9!~._+/-]+@v[A-Za-z0-9!.+-]+)$` +
	`|^/base/(@[A-Za-z0-9~-][A-Za-z0-9~._-]*%2F)?[A-Za-z0-9~][A-Za-z0-9~._-]*(/[A-Za-z0-9.+-]+)?$` +
	`|^/base(/[@A-Za-z0-9~._+-]+)+$` +
	`|^/base/[a-z0-9-]+/$`)

// FuzzPaths holds that nothing of a request leaves but what has one of these
// forms, below the address of the registry, whatever is asked of the door.
func FuzzPaths(f *testing.F) {
	for _, seed := range []string{
		"/go/example.test/m/@v/list", "/go/example.test/%21m/@v/v1.0.0.zip", "/go/example.test/m/@v/main.info", "/go/sumdb/sums.test/lookup/example.test/m@v1.0.0", "/go/sumdb/sums.test/tile/8/0/x001/234.p/5",
		"/npm/pkg", "/npm/@s%2fpkg", "/npm/@s/pkg/latest", "/npm/pkg/-/pkg-1.0.0.tgz", "/base/@s/pkg/-/pkg-1.0.0.tgz", "/npm/download/@s/pkg/1.0.0/abc", "/pypi/0/a.b_c/", "/pypi/0/p/p-1.0.whl",
		"/npm/../x", "/go/%2e%2e/x", "/npm/pkg?x=1", "/npm/pkg%3fx", "/npm/pkg%23x", "/npm//x", "/npm/@s%2f..%2fx", "/go/example.test/m/@v/v1.0.0%0d%0a.info", "http://x/y", "*",
	} {
		f.Add(seed)
	}
	var seen []string
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.RequestURI)
		if len(r.Header.Get("User-Agent")) != len("muster") {
			seen = append(seen, "a header of the process")
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	f.Cleanup(registry.Close)
	at := registry.URL + "/base"
	m := mirror.New(mirror.Options{Settings: func(context.Context) (registries.Config, error) {
		return registries.Config{GoProxy: at, GoSum: "sums.test " + at, NPM: at, PyPI: []string{at}}, nil
	}})
	f.Cleanup(m.Close)
	m.Replace(mirror.Outside{
		Lookup: func(host string) ([]netip.Addr, error) { return nil, &net.DNSError{Name: host} },
	})
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return // the server answers
		}
		seen = nil
		var records []mirror.Connection
		door := m.Door(mirror.Allow{Registries: true}, func(c mirror.Connection) error {
			records = append(records, c)
			return nil
		})
		w := httptest.NewRecorder()
		r := (&http.Request{Method: http.MethodGet, URL: u, RequestURI: path, Host: "127.0.0.1:1", Header: http.Header{"User-Agent": {"process"}}}).WithContext(t.Context())
		door.ServeHTTP(w, r)
		for _, uri := range seen {
			if !asked.MatchString(uri) || strings.Contains(uri, "..") && !strings.Contains(path, "..") || strings.Contains(uri, "/../") || len(uri) > 700 {
				t.Errorf("%q was asked as %q", path, uri)
			}
		}
		if len(records) != 1 || records[0].Status != w.Code || (records[0].Refused != "") != (w.Code == http.StatusForbidden) || w.Code == http.StatusForbidden && len(seen) > 0 {
			t.Errorf("%q: %d, asked %q, recorded %+v", path, w.Code, seen, records)
		}
	})
}
