package mirror_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/mirror"
	"muster/internal/core/registries"
	"muster/internal/slowtest"
)

// tarball gives a package as npm packs it, and its integrity.
func tarball(t *testing.T, name, version string) (body, integrity string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for file, text := range map[string]string{
		"package/package.json": fmt.Sprintf(`{"name":%q,"version":%q,"main":"i.js"}`, name, version), "package/i.js": "module.exports = '" + name + "'\n",
	} {
		if err := w.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(b.Bytes())
	return b.String(), "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// packument is what a registry says of a package with one version.
func packument(name, version, address, integrity string) reply {
	return reply{kind: "application/json", body: fmt.Sprintf(
		`{"name":%[1]q, "dist-tags" : {"latest":%[2]q},"versions":{%[2]q:{"name":%[1]q,"version":%[2]q,"dist":{"tarball": %[3]q,"integrity":%[4]q}}},"readme":"\u003c \"tarball\": x"}`,
		name, version, address, integrity)}
}

// add puts a package at the usual place of a registry whose public address is
// another one.
func (g *registry) add(t *testing.T, base, public, name, version string) (integrity string) {
	t.Helper()
	body, integrity := tarball(t, name, version)
	short := name[strings.LastIndexByte(name, '/')+1:]
	file := "/" + name + "/-/" + short + "-" + version + ".tgz"
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answers[base+"/"+strings.ReplaceAll(name, "/", "%2F")] = packument(name, version, public+file, integrity)
	g.answers[base+file] = reply{kind: "application/octet-stream", body: body}
	return integrity
}

// A whole npm ci with a lockfile that names the public address of the registry,
// a scope with a registry of its own that wants a login, and an install whose
// lockfile must not name the door.
func TestNPM(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	needs(t, "npm")
	main, own := serve(t, map[string]reply{}), serve(t, map[string]reply{})
	left := main.add(t, "", main.URL, "left", "1.0.0")
	main.add(t, "", main.URL, "right", "2.0.0")
	mine := own.add(t, "/npm/team", own.URL+"/npm/team", "@mine/secret", "3.0.0")
	guarded := own.Config.Handler
	own.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hidden-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		guarded.ServeHTTP(w, r)
	})
	w := open(t, registries.FromSettings(registries.Settings{Npmrc: []byte(
		"registry=" + main.URL + "/\n@mine:registry=" + own.URL + "/npm/team/\n" + strings.TrimPrefix(own.URL, "http:") + "/npm/team/:_authToken=hidden-token\n")}))
	dir := t.TempDir()
	write(t, dir, "package.json", `{"name":"x","version":"1.0.0","dependencies":{"left":"1.0.0","@mine/secret":"3.0.0"}}`)
	write(t, dir, "package-lock.json", fmt.Sprintf(`{"name":"x","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
		"":{"name":"x","version":"1.0.0","dependencies":{"left":"1.0.0","@mine/secret":"3.0.0"}},
		"node_modules/left":{"version":"1.0.0","resolved":"%s/left/-/left-1.0.0.tgz","integrity":%q},
		"node_modules/@mine/secret":{"version":"3.0.0","resolved":"%s/npm/team/@mine/secret/-/secret-3.0.0.tgz","integrity":%q}}}`, main.URL, left, own.URL, mine))
	if out, err := w.run(dir, nil, "npm", "ci"); err != nil {
		t.Fatal(err, out, w.recorded())
	}
	for _, name := range []string{"left", "@mine/secret"} {
		if got, err := os.ReadFile(filepath.Join(dir, "node_modules", name, "i.js")); err != nil || string(got) != "module.exports = '"+name+"'\n" {
			t.Errorf("%s %v", got, err)
		}
	}
	for _, c := range w.recorded() {
		if c.Refused != "" || c.Status != 200 {
			t.Errorf("%+v", c)
		}
	}
	// What the repository says of a scope does not lead past the door.
	write(t, dir, ".npmrc", "@mine:registry="+own.URL+"/npm/team/\n")
	own.add(t, "/npm/team", own.URL+"/npm/team", "@mine/more", "1.0.0")
	if out, err := w.run(dir, nil, "npm", "install", "right", "@mine/more"); err != nil {
		t.Fatal(err, out, w.recorded())
	}
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil || !strings.Contains(string(lock), main.URL+"/right/-/right-2.0.0.tgz") || !strings.Contains(string(lock), main.URL+"/left/-/left-1.0.0.tgz") ||
		strings.Contains(string(lock), w.address()) || strings.Contains(string(lock), "hidden-token") {
		t.Errorf("%s %v", lock, err)
	}
}

func TestNPMPaths(t *testing.T) {
	g := serve(t, map[string]reply{})
	g.add(t, "/reg", g.URL+"/reg", "@s/pkg", "1.0.0")
	g.add(t, "/reg", g.URL+"/reg", "pkg", "1.0.0")
	g.answers["/reg/pkg/latest"] = reply{body: `{"name":"pkg","version":"1.0.0","dist":{"tarball":"` + g.URL + `/reg/pkg/-/pkg-1.0.0.tgz"}}`}
	w := open(t, registries.Config{NPM: g.URL + "/reg/"})
	for path, to := range map[string]string{
		"/npm/pkg": "/reg/pkg", "/npm/@s%2fpkg": "/reg/@s%2Fpkg", "/npm/@s%2Fpkg": "/reg/@s%2Fpkg", "/npm/@s/pkg": "/reg/@s%2Fpkg", "/npm/pkg/latest": "/reg/pkg/latest",
		"/npm/pkg/-/pkg-1.0.0.tgz": "/reg/pkg/-/pkg-1.0.0.tgz", "/npm/@s/pkg/-/pkg-1.0.0.tgz": "/reg/@s/pkg/-/pkg-1.0.0.tgz",
		// What npm makes of an address in a lockfile: below its registry, or in its place.
		"/npm/reg/pkg/-/pkg-1.0.0.tgz": "/reg/pkg/-/pkg-1.0.0.tgz", "/reg/pkg/-/pkg-1.0.0.tgz": "/reg/pkg/-/pkg-1.0.0.tgz", "/pkg/-/pkg-1.0.0.tgz": "/reg/pkg/-/pkg-1.0.0.tgz",
	} {
		if status, body := w.get(path); status != http.StatusOK || body == "" {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if got := g.paths(); !slices.Equal(got, []string{to}) {
			t.Errorf("%s was asked as %v", path, got)
		}
	}
	w.recorded()
	for _, path := range []string{
		"/", "/pkg", "/npm", "/npm/", "/npm/-/v1/search", "/npm/-/whoami", "/npm/-/ping", "/npm/-/npm/v1/security/advisories/bulk", "/npm/-/npm/v1/keys", "/npm/-/user/org.couchdb.user:x",
		"/npm/-/package/pkg/dist-tags", "/npm/.pkg", "/npm/_all", "/npm/pkg/1.0.0/x", "/npm/pkg/-/other-1.0.0.tgz", "/npm/pkg/-/pkg-1.0.0.zip", "/npm/pkg/-/pkg-.tgz", "/npm/@s", "/npm/@s/",
		"/npm/../go/x", "/npm/%2e%2e/x", "/npm/pkg%2f..%2fx", "/npm/@s%2f..", "/npm/@s%2fa%2fb", "/npm/@s%5cpkg", "/npm/pkg/-/-/pkg-1.0.0.tgz", "/npm/a%20b", "/npm/" + strings.Repeat("a", 215),
		"/npm/pkg%00", "/npm/p%C3%A4ckage", "/npm/pkg/../../x/-/x-1.0.0.tgz", "/a/b/c/d/e/f/g/h/i/j/k/pkg/-/pkg-1.0.0.tgz", "/model/x", "/NPM/pkg", "/npm//pkg", "/%6epm%2fpkg",
	} {
		status, body := w.get(path)
		records := w.recorded()
		if status != http.StatusForbidden || len(records) != 1 || records[0].Refused == "" || records[0].Host != "" || !strings.Contains(body, records[0].Refused) {
			t.Errorf("%s: %d %s %+v", path, status, body, records)
		}
	}
	if got := g.paths(); len(got) != 0 {
		t.Errorf("what is refused was asked for: %v", got)
	}
	none := open(t, registries.Config{})
	if status, body := none.get("/npm/pkg"); status != http.StatusForbidden || !strings.Contains(body, "no npm registry is configured for it") {
		t.Error(status, body)
	}
}

// Other clients than npm take tarballs from where they are said to be: at the
// door. A client that is refused a place gets to know nothing of the login.
func TestNPMAddresses(t *testing.T) {
	files := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != "" {
			t.Errorf("a login or an address was sent on: %v", r.Header)
		}
		_, _ = w.Write([]byte("far " + r.URL.Path))
	}))
	t.Cleanup(files.Close)
	far := strings.Replace(files.URL, "127.0.0.1", "example.com", 1) // what its certificate is for
	g := serve(t, map[string]reply{})
	g.add(t, "", g.URL, "near", "1.0.0")
	g.answers["/@s%2Fodd"] = packument("@s/odd", "1.0.0", g.URL+"/download/@s/odd/1.0.0/abc123", "")
	g.answers["/download/@s/odd/1.0.0/abc123"] = reply{body: "odd"}
	g.answers["/far"] = packument("far", "1.0.0", far+"/cdn/far-file.tgz", "")
	g.answers["/moved/-/moved-1.0.0.tgz"] = reply{to: far + "/moved"}
	g.answers["/evil"] = packument("evil", "1.0.0", far+"/near/-/near-1.0.0.tgz", "")
	g.answers["/plain"] = packument("plain", "1.0.0", "http://example.com/plain.tgz", "")
	address := strings.TrimPrefix(g.URL, "http://")
	w := open(t, registries.Config{NPM: "http://me:word@" + address})
	w.mirror.Replace(mirror.Outside{
		Public: func(netip.Addr) bool { return true }, Roots: files.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		Lookup: func(string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil },
	})
	for _, name := range []string{"near", "@s%2fodd", "far", "evil"} {
		status, body := w.get("/npm/" + name)
		short := name[strings.LastIndexByte(name, 'f')+1:]
		if status != 200 || strings.Contains(body, address) || strings.Contains(body, "example.com") || !strings.Contains(body, `"tarball": "http://`+w.address()+"/npm/") || strings.Contains(body, "word") {
			t.Errorf("%s %s: %d %s", name, short, status, body)
		}
		if !strings.Contains(body, `"readme":"\u003c \"tarball\": x"`) {
			t.Errorf("more than the address was changed: %s", body)
		}
		if _, same := w.get("/npm/"+name, "User-Agent", "npm/11.0.0 node/v20.0.0"); !strings.Contains(same, `"tarball": "`+g.URL) && !strings.Contains(same, `"tarball": "`+far) {
			t.Errorf("for npm: %s", same)
		}
	}
	for path, want := range map[string]string{
		"/npm/@s/odd/-/odd-1.0.0.tgz": "odd", "/download/@s/odd/1.0.0/abc123": "odd", "/npm/download/@s/odd/1.0.0/abc123": "odd",
		"/npm/far/-/far-1.0.0.tgz": "far /cdn/far-file.tgz", "/npm/moved/-/moved-1.0.0.tgz": "far /moved",
	} {
		if status, body := w.get(path); status != 200 || body != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	// What is said of one package is not believed of another.
	if status, body := w.get("/npm/near/-/near-1.0.0.tgz"); status != 200 || strings.HasPrefix(body, "far") {
		t.Errorf("%d %.20q", status, body)
	}
	w.recorded()
	if status, _ := w.get("/npm/plain"); status != 200 {
		t.Error(status)
	}
	if status, body := w.get("/npm/plain/-/plain-1.0.0.tgz"); status != http.StatusBadGateway || !strings.Contains(body, "without encryption") {
		t.Errorf("%d %s", status, body)
	}
	for _, r := range g.asked {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "word" {
			t.Errorf("%s was asked without the login", r.RequestURI)
		}
	}
	// An odd address that nothing has been said of yet is looked up.
	again := open(t, registries.Config{NPM: g.URL})
	if status, body := again.get("/npm/download/@s/odd/1.0.0/abc123"); status != 200 || body != "odd" {
		t.Errorf("%d %s", status, body)
	}
	if status, body := again.get("/npm/download/@s/odd/1.0.0/other"); status != 404 || !strings.Contains(body, "lists no such file") {
		t.Errorf("%d %s", status, body)
	}
}

func TestRewriteTarballs(t *testing.T) {
	each := func(version, address string) string { return "<" + version + " " + address + ">" }
	for body, want := range map[string]string{
		`{"versions":{"1":{"dist":{"tarball":"a"}},"2":{"dist":{"x":["tarball"],"tarball" :  "b","y":{}}}}}`: `{"versions":{"1":{"dist":{"tarball":"\u003c1 a\u003e"}},"2":{"dist":{"x":["tarball"],"tarball" :  "\u003c2 b\u003e","y":{}}}}}`,
		`{"version":"3","dist":{"tarball":"c"}}`: `{"version":"3","dist":{"tarball":"\u003c3 c\u003e"}}`,
		`{"versions":{"1":{"dist":{"tarball":{"tarball":"a"},"deep":{"tarball":"a"}}}},"dist":"tarball","tarball":"x"}`: "",
		`{"other":{"1":{"dist":{"tarball":"a"}}}}`:  "",
		`{"versions":[{"dist":{"tarball":"a"}}]}`:   "",
		`{"a":"dist","b":"tarball","c":1,"d":null}`: "",
	} {
		got, err := mirror.RewriteTarballs([]byte(body), each)
		if want == "" {
			want = body
		}
		if err != nil || string(got) != want {
			t.Errorf("%s\ngot  %s %v\nwant %s", body, got, err, want)
		}
	}
	for _, body := range []string{"", "[]", "x", `{"versions":`, `{} {}x`, `{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}"} {
		if got, err := mirror.RewriteTarballs([]byte(body), each); err == nil {
			t.Errorf("%.30q gives %s", body, got)
		}
	}
}

func TestWhatNPMIsTold(t *testing.T) {
	const short = "application/vnd.npm.install-v1+json"
	g := serve(t, map[string]reply{"/short": {kind: short + "; charset=utf-8", body: "{}"}, "/full": {kind: "application/json", body: "{}"}, "/pkg/-/pkg-1.0.0.tgz": {body: "file"}})
	w := open(t, registries.Config{NPM: g.URL})
	for _, tt := range []struct{ path, agent, accept, asked, kind, encoding string }{
		{"/npm/short", "npm/11", short + "; q=1.0", short, short, "gzip"},
		{"/npm/full", "npm/11", "application/json", "application/json", "application/json", "gzip"},
		{"/npm/short", "pnpm/9", short, short, short, "gzip"},
		{"/npm/full", "pnpm/9", "*/*", "application/json", "application/json", "gzip"},
		{"/npm/pkg/-/pkg-1.0.0.tgz", "npm/11", "", "*/*", "application/octet-stream", "identity"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.door.URL+tt.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", tt.agent)
		r.Header.Set("Accept", tt.accept)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		last := g.asked[len(g.asked)-1].Header
		if got := last.Get("Accept"); !strings.HasPrefix(got, tt.asked) {
			t.Errorf("%s was asked for %s", tt.path, got)
		}
		if got := last.Get("Accept-Encoding"); got != tt.encoding {
			t.Errorf("%s was asked for as %s", tt.path, got)
		}
		if got := res.Header.Get("Content-Type"); got != tt.kind {
			t.Errorf("%s came as %s", tt.path, got)
		}
		if tt.encoding == "identity" && res.ContentLength != 4 {
			t.Errorf("the length of a file is not told: %v", res.Header)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, w.door.URL+"/npm/pkg/-/pkg-1.0.0.tgz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.ContentLength != 4 {
		t.Errorf("the length of a file is not told without it: %v", res.Header)
	}
	// A scope with an address of another sort is not asked for elsewhere.
	odd := open(t, registries.Config{NPM: g.URL, NPMScopes: map[string]string{"@mine": "ftp://x.test"}})
	g.paths()
	if status, body := odd.get("/npm/@mine/pkg"); status != http.StatusForbidden || len(g.paths()) != 0 {
		t.Error(status, body)
	}
}
