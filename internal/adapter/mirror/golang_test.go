package mirror_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/zip"

	"muster/internal/adapter/mirror"
	"muster/internal/core/registries"
)

type connection = mirror.Connection

// goModule gives the answers of a module proxy for one version of a module.
func goModule(t *testing.T, path, version string, files map[string]string) (answers map[string]reply, sums string) {
	t.Helper()
	dir := t.TempDir()
	mod := "module " + path + "\n"
	files["go.mod"] = mod
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var archive bytes.Buffer
	v := module.Version{Path: path, Version: version}
	if err := zip.CreateFromDir(&archive, v, dir); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "m.zip")
	if err := os.WriteFile(packed, archive.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := dirhash.HashZip(packed, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	hm, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(mod)), nil })
	if err != nil {
		t.Fatal(err)
	}
	escaped, err := module.EscapePath(path)
	if err != nil {
		t.Fatal(err)
	}
	at := "/" + escaped + "/@v/"
	return map[string]reply{
		at + "list":                {body: version + "\n"},
		at + version + ".info":     {body: `{"Version":"` + version + `","Time":"2024-01-02T03:04:05Z"}`},
		at + version + ".mod":      {body: mod},
		at + version + ".zip":      {body: archive.String()},
		"/" + escaped + "/@latest": {body: `{"Version":"` + version + `","Time":"2024-01-02T03:04:05Z"}`},
	}, path + " " + version + " " + h + "\n" + path + " " + version + "/go.mod " + hm + "\n"
}

// A whole download by the go command: two proxies of which the first has
// nothing, and the database of checksums behind the second.
func TestGoModDownload(t *testing.T) {
	t.Parallel()
	const path, version = "example.test/Some/widget", "v1.2.3"
	answers, sums := goModule(t, path, version, map[string]string{"w.go": "package widget\n"})
	signer, verifier, err := note.GenerateKey(nil, "sums.example.test")
	if err != nil {
		t.Fatal(err)
	}
	database := sumdb.NewServer(sumdb.NewTestServer(signer, func(p, v string) ([]byte, error) {
		if p != path || v != version {
			return nil, errors.New("unknown")
		}
		return []byte(sums), nil
	}))
	empty, full := serve(t, nil), serve(t, answers)
	full.Config.Handler = both(full, database, "/sumdb/sums.example.test")
	w := open(t, registries.Config{GoProxy: empty.URL + "," + full.URL + ",direct", GoSum: verifier})

	dir := t.TempDir()
	write(t, dir, "go.mod", "module main.test\n\ngo 1.21\n\nrequire "+path+" "+version+"\n")
	write(t, dir, "main.go", "package main\n\nimport _ \""+path+"\"\n\nfunc main() {}\n")
	cache := t.TempDir()
	tool := []string{"GOFLAGS=-modcacherw", "GOTOOLCHAIN=local", "GOMODCACHE=" + cache, "GOCACHE=" + t.TempDir()}
	if out, err := w.run(dir, tool, "go", "mod", "download", "-x", path); err != nil {
		t.Fatal(err, out)
	}
	if got, err := os.ReadFile(filepath.Join(cache, "example.test", "!some", "widget@"+version, "w.go")); err != nil || string(got) != "package widget\n" {
		t.Errorf("%s %v", got, err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "go.sum")); err != nil || string(got) != sums {
		t.Errorf("go.sum: %s %v", got, err)
	}
	if out, err := w.run(dir, tool, "go", "list", "-m", "-versions", path); err != nil || !strings.Contains(out, version) {
		t.Error(err, out)
	}
	records := w.recorded()
	host := strings.TrimPrefix(full.URL, "http://")
	if !slices.ContainsFunc(records, func(c connection) bool {
		return c.Method == http.MethodGet && c.Host == host && strings.HasSuffix(c.Path, "/@v/"+version+".zip") && c.Received > 100 && c.Status == 200 && c.Refused == "" && c.StartUS == 7
	}) {
		t.Errorf("the archive is not among what was recorded: %+v", records)
	}
	if !slices.ContainsFunc(records, func(c connection) bool {
		return strings.Contains(c.Path, "/sumdb/sums.example.test/lookup/") && c.Status == 200
	}) {
		t.Errorf("the database of checksums was not asked: %+v", records)
	}
	// A module that nobody has: the go command shows what the door says.
	if out, err := w.run(dir, tool, "go", "mod", "download", "example.test/none@v1.0.0"); err == nil || !strings.Contains(out, "version control is not asked from here") {
		t.Errorf("%v %s", err, out)
	}
}

// both lets a second handler answer below a prefix.
func both(main, other http.Handler, prefix string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", main)
	mux.Handle(prefix+"/", http.StripPrefix(prefix, other))
	mux.HandleFunc(prefix+"/supported", func(http.ResponseWriter, *http.Request) {})
	return mux
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestGoPaths(t *testing.T) {
	g := serve(t, map[string]reply{
		"/example.test/m/@v/list": {body: "v1.0.0\n"}, "/example.test/m/@v/v1.0.0.info": {body: "{}"}, "/example.test/m/@v/v1.0.0+incompatible.mod": {body: "module m\n"},
		"/example.test/!m/@latest": {body: "{}"}, "/example.test/m/@v/main.info": {body: "{}"},
	})
	w := open(t, registries.Config{GoProxy: g.URL + ",direct", GoPrivate: "corp.test,*.own.test"})
	for path, to := range map[string]string{
		"/go/example.test/m/@v/list": "/example.test/m/@v/list", "/go/example.test/m/@v/v1.0.0.info": "/example.test/m/@v/v1.0.0.info",
		"/go/example.test/%21m/@latest": "/example.test/!m/@latest", "/go/example.test/!m/@latest": "/example.test/!m/@latest",
		"/go/example.test/m/@v/v1.0.0+incompatible.mod": "/example.test/m/@v/v1.0.0+incompatible.mod", "/go/example.test/m/@v/main.info": "/example.test/m/@v/main.info",
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
		"/go", "/go/", "/go/x", "/go/example.test/m", "/go/example.test/m/@v", "/go/example.test/m/@v/v1.0.0", "/go/example.test/m/@v/v1.0.0.exe",
		"/go/example.test/m/@v/main.zip", "/go/example.test/m/@v/main.mod", "/go/nodots/m/@v/list", "/go/example.test/M/@v/list", "/go/example.test/../m/@v/list",
		"/go/example.test/%2e%2e/m/@v/list", "/go/example.test/m%2fn/@v/list", "/go/example.test/m/@v/v1.0.0%2f..%2fx.info", "/go/example.test//m/@v/list",
		"/go/example.test/m%5cn/@v/list", "/go/example.test/m%00/@v/list", "/go/example.test/m%252fn/@v/list", "/go/example.test/" + strings.Repeat("a/", 200) + "@v/list",
		"/go/corp.test/secret/@v/list", "/go/git.own.test/x/@latest", "/go/sumdb/x.test/tile/8/0/1000", "/go/sumdb/x.test/lookup/example.test/m", "/go/sumdb/x/supported",
		"/go/sumdb/x.test/lookup/example.test/m@main", "/go/example.test/m/@v/" + strings.Repeat("a", 129) + ".info", "/go/-x.test/m/@v/list",
	} {
		status, body := w.get(path)
		records := w.recorded()
		if status != http.StatusForbidden || len(records) != 1 || records[0].Refused == "" || !strings.Contains(body, records[0].Refused) {
			t.Errorf("%s: %d %s %+v", path, status, body, records)
		}
	}
	if got := g.paths(); len(got) != 0 {
		t.Errorf("what is refused was asked for: %v", got)
	}
	if _, body := w.get("/go/corp.test/secret/@v/list"); !strings.Contains(body, "is private by your settings") {
		t.Error(body)
	}
}

func TestGoProxyList(t *testing.T) {
	const path = "/example.test/m/@v/list"
	has, lacks, fails := serve(t, map[string]reply{path: {body: "v1.0.0\n"}}), serve(t, nil), serve(t, map[string]reply{path: {status: 500}})
	for list, want := range map[string]int{
		lacks.URL + "," + has.URL: 200, fails.URL + "|" + has.URL: 200, fails.URL + "," + has.URL: 502, lacks.URL: 404, lacks.URL + ",off," + has.URL: 404,
		has.URL + "," + fails.URL: 200, "off": 403, "direct": 403, "": 403, "file:///tmp/proxy": 403, lacks.URL + "|" + lacks.URL: 404,
	} {
		w := open(t, registries.Config{GoProxy: list})
		if status, body := w.get("/go" + path); status != want {
			t.Errorf("%s: %d %s, want %d", list, status, body, want)
		}
	}
}

func TestGoSumDB(t *testing.T) {
	lookup := map[string]reply{"/lookup/example.test/m@v1.0.0": {body: "sums"}, "/latest": {body: "tree"}, "/tile/8/0/x001/234.p/5": {body: "tile"}}
	database, proxy := serve(t, lookup), serve(t, nil)
	w := open(t, registries.Config{GoProxy: proxy.URL, GoSum: "sums.test+key " + database.URL, GoNoSum: "corp.test"})
	for path, want := range map[string]int{
		"/go/sumdb/sums.test/supported": 200, "/go/sumdb/sums.test/latest": 200, "/go/sumdb/sums.test/lookup/example.test/m@v1.0.0": 200, "/go/sumdb/sums.test/tile/8/0/x001/234.p/5": 200,
		"/go/sumdb/other.test/supported": 404, "/go/sumdb/other.test/latest": 404, "/go/sumdb/sums.test/lookup/corp.test/m@v1.0.0": 403, "/go/sumdb/sums.test/lookup/example.test/n@v1.0.0": 404,
	} {
		if status, body := w.get(path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if got := proxy.paths(); !slices.Equal(got, []string{"/sumdb/sums.test/supported"}) {
		t.Errorf("the proxy was asked %v", got)
	}
	// The proxy knows it, and does not have one module: the database itself is
	// not asked behind its back.
	proxy = serve(t, map[string]reply{"/sumdb/sums.test/supported": {}})
	w = open(t, registries.Config{GoProxy: proxy.URL, GoSum: "sums.test+key " + database.URL})
	database.paths()
	if status, _ := w.get("/go/sumdb/sums.test/lookup/example.test/m@v1.0.0"); status != 404 || len(database.paths()) != 0 {
		t.Error(status)
	}
	off := open(t, registries.Config{GoProxy: proxy.URL, GoSum: "off"})
	if status, _ := off.get("/go/sumdb/off/supported"); status == 200 {
		t.Error("there is no database, and it is supported")
	}
}

func TestNamesOfSums(t *testing.T) {
	database := serve(t, map[string]reply{"/lookup/example.test/m@v1.0.0": {body: "sums"}, "/latest": {body: "tree"}})
	proxy := serve(t, nil)
	w := open(t, registries.Config{GoProxy: proxy.URL, GoSum: "sums.test " + database.URL})
	ask := func(module string) int {
		status, _ := w.get("/go/sumdb/sums.test/lookup/" + module + "@v1.0.0")
		return status
	}
	if ask("example.test/m") != 200 {
		t.Fatal("not found")
	}
	for i := range mirror.MaxMissing {
		if status := ask(fmt.Sprintf("example.test/none%d", i)); status != 404 {
			t.Fatal(i, status)
		}
	}
	if ask("example.test/more") != 403 || ask("example.test/m") != 200 {
		t.Error("names are not counted")
	}
	if status, _ := w.get("/go/sumdb/sums.test/latest"); status != 200 {
		t.Error("what names no module is counted as one")
	}
	// A proxy that fails has said nothing: the database is not asked behind its
	// back.
	broken := serve(t, map[string]reply{"/sumdb/sums.test/supported": {status: 500}})
	w = open(t, registries.Config{GoProxy: broken.URL, GoSum: "sums.test " + database.URL})
	database.paths()
	if ask("example.test/m") != 502 || len(database.paths()) != 0 {
		t.Error("the database was asked")
	}
}
