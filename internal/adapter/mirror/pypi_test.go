package mirror_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/mirror"
	"muster/internal/core/registries"
	"muster/internal/slowtest"
)

// wheel gives a wheel that pip takes, and its sha256.
func wheel(t *testing.T, name, version string) (body, sum string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	info := name + "-" + version + ".dist-info/"
	for _, f := range []struct{ name, text string }{
		{name + ".py", "x = 1\n"},
		{info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", name + ".py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n"},
	} {
		w, err := z.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(b.Bytes())
	return b.String(), hex.EncodeToString(h[:])
}

// A whole pip download: one package from an index in HTML, another from a
// second one in JSON.
func TestPip(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	needs(t, "python3")
	one, sumOne := wheel(t, "one_pkg", "1.0")
	two, sumTwo := wheel(t, "two", "2.0")
	html := serve(t, map[string]reply{
		"/simple/one-pkg/":                    {kind: "text/html", body: "<html><a data-requires-python='>=3.0' href=\"../../files/one_pkg-1.0-py3-none-any.whl#sha256=" + sumOne + "\">one_pkg-1.0-py3-none-any.whl</a></html>"},
		"/files/one_pkg-1.0-py3-none-any.whl": {body: one},
	})
	json := serve(t, map[string]reply{
		"/two/":  {kind: "application/vnd.pypi.simple.v1+json", body: fmt.Sprintf(`{"meta":{"api-version":"1.1"},"name":"two","versions":["2.0"],"files":[{"filename":"two-2.0-py3-none-any.whl","url":"/f/two","hashes":{"sha256":%q},"yanked":false,"size":%d}]}`, sumTwo, len(two))},
		"/f/two": {body: two},
	})
	w := open(t, registries.Config{PyPI: []string{html.URL + "/simple", json.URL}})
	dir := t.TempDir()
	if out, err := w.run(dir, nil, "python3", "-m", "pip", "download", "--no-cache-dir", "--dest", dir, "one.pkg==1.0", "two"); err != nil {
		if strings.Contains(out, "No module named pip") {
			t.Skip(out)
		}
		t.Fatal(err, out, w.recorded())
	}
	for name, want := range map[string]string{"one_pkg-1.0-py3-none-any.whl": one, "two-2.0-py3-none-any.whl": two} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	for _, c := range w.recorded() {
		if c.Refused != "" {
			t.Errorf("%+v", c)
		}
	}
}

const jsonType = "application/vnd.pypi.simple.v1+json"

func TestPythonPages(t *testing.T) {
	page := `<!DOCTYPE html><a href="/f/p-1.0.tar.gz#sha256=abc123" data-requires-python="&gt;=3.8" data-dist-info-metadata="sha256=def456" rel=nofollow>p</a>
		<A HREF='https://evil.test/p-2.0.whl' data-yanked="bad &quot;one&quot;" data-core-metadata="true">x</A><a name=n>no link</a><a href="../up/">a folder</a><a href="javascript:x">no</a>
		<script>alert("x")</script><a href="/f/bad%0aname.whl">y</a>`
	g := serve(t, map[string]reply{
		"/p/": {kind: "text/html; charset=utf-8", body: page}, "/f/p-1.0.tar.gz": {body: "file"}, "/f/p-1.0.tar.gz.metadata": {body: "meta"},
		"/q/":      {kind: jsonType, body: `{"meta":{"api-version":"1.0","_last-serial":1},"name":"other","files":[{"filename":"q-1.whl","url":"` + "/f/q-1.whl" + `","hashes":{"sha256":"aa","md5":"bb"},"dist-info-metadata":{"sha256":"cc"},"yanked":"why","gpg-sig":true,"upload-time":"2024-01-02T03:04:05Z"},{"filename":"../q-2.whl","url":"/f/q-2.whl"}]}`},
		"/broken/": {kind: jsonType, body: `{"files":`}, "/future/": {kind: jsonType, body: `{"meta":{"api-version":"2.0"},"files":[]}`}, "/none/": {kind: jsonType, body: `{"meta":{"api-version":"1.0"}}`},
	})
	w := open(t, registries.Config{PyPI: []string{g.URL + "/", "ftp://x.test"}})
	for _, tt := range []struct{ path, accept, want string }{
		{"/pypi/0/P/", "", "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"><title>p</title></head><body>\n" +
			"<a href=\"/pypi/0/p/p-1.0.tar.gz#sha256=abc123\" data-requires-python=\"&gt;=3.8\" data-dist-info-metadata=\"sha256=def456\" data-core-metadata=\"sha256=def456\">p-1.0.tar.gz</a><br>\n" +
			"<a href=\"/pypi/0/p/p-2.0.whl\" data-yanked=\"bad &#34;one&#34;\" data-dist-info-metadata=\"true\" data-core-metadata=\"true\">p-2.0.whl</a><br>\n</body></html>\n"},
		{"/pypi/0/p", jsonType, `{"meta":{"api-version":"1.0"},"name":"p","files":[{"filename":"p-1.0.tar.gz","url":"/pypi/0/p/p-1.0.tar.gz","hashes":{"sha256":"abc123"},"requires-python":"\u003e=3.8","core-metadata":{"sha256":"def456"}},` +
			`{"filename":"p-2.0.whl","url":"/pypi/0/p/p-2.0.whl","hashes":{},"core-metadata":true,"yanked":"bad \"one\""}]}`},
		{"/pypi/0/q/", "text/html;q=0.1, " + jsonType, `{"meta":{"api-version":"1.0"},"name":"q","files":[{"filename":"q-1.whl","url":"/pypi/0/q/q-1.whl","hashes":{"md5":"bb","sha256":"aa"},"core-metadata":{"sha256":"cc"},"yanked":"why","upload-time":"2024-01-02T03:04:05Z"}]}`},
		{"/pypi/0/q/", "", "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"><title>q</title></head><body>\n" +
			"<a href=\"/pypi/0/q/q-1.whl#sha256=aa\" data-yanked=\"why\" data-dist-info-metadata=\"sha256=cc\" data-core-metadata=\"sha256=cc\">q-1.whl</a><br>\n</body></html>\n"},
		{"/pypi/0/none/", jsonType, `{"meta":{"api-version":"1.0"},"name":"none","files":[]}`},
		{"/pypi/0/p/p-1.0.tar.gz", "", "file"},
		{"/pypi/0/p/p-1.0.tar.gz.metadata", "", "meta"},
	} {
		if status, body := w.get(tt.path, "Accept", tt.accept); status != 200 || body != tt.want {
			t.Errorf("%s: %d\ngot  %s\nwant %s", tt.path, status, body, tt.want)
		}
	}
	for path, want := range map[string]int{
		"/pypi/0/broken/": 502, "/pypi/0/future/": 502, "/pypi/0/absent/": 404, "/pypi/0/p/p-3.0.whl": 404, "/pypi/0/absent/x.whl": 404, "/pypi/0/q/q-2.whl": 404,
		"/pypi/0/q/q-1.whl": 404, // listed, and not there
		"/pypi":             403, "/pypi/0/": 403, "/pypi/0": 403, "/pypi/1/p/": 403, "/pypi/2/p/": 403, "/pypi/00/p/": 403, "/pypi/-1/p/": 403, "/pypi/simple/p/": 403, "/pypi/0/-p/": 403, "/pypi/0/p/../x": 403,
		"/pypi/0/p/%2e%2e": 403, "/pypi/0/p/.x": 403, "/pypi/0/p/a%2fb": 403, "/pypi/0/p/a/b": 403, "/pypi/0/p%20x/": 403, "/pypi/0/@s%2fp/": 403, "/pypi/0/p/p-1.0.tar.gz?x": 403,
	} {
		if status, body := w.get(path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	// A door that has shown no page yet looks for the file on it.
	fresh := open(t, registries.Config{PyPI: []string{g.URL}})
	g.paths()
	if status, body := fresh.get("/pypi/0/p/p-1.0.tar.gz"); status != 200 || body != "file" || !slices.Equal(g.paths(), []string{"/p/", "/f/p-1.0.tar.gz"}) {
		t.Error(status, body)
	}
	none := open(t, registries.Config{})
	if status, body := none.get("/pypi/0/p/"); status != http.StatusForbidden || !strings.Contains(body, "no Python index is configured") {
		t.Error(status, body)
	}
}

func TestNamesOfPython(t *testing.T) {
	g := serve(t, map[string]reply{"/p/": {kind: "text/html", body: "<a href=p-1.whl>p</a>"}})
	w := open(t, registries.Config{PyPI: []string{g.URL}})
	if status, _ := w.get("/pypi/0/p/"); status != 200 {
		t.Fatal(status)
	}
	for i := range mirror.MaxMissing {
		if status, _ := w.get(fmt.Sprintf("/pypi/0/none%d/", i)); status != 404 {
			t.Fatal(i, status)
		}
	}
	known, _ := w.get("/pypi/0/p/")
	if more, _ := w.get("/pypi/0/more/"); more != 403 || known != 200 {
		t.Error(more, known)
	}
}

// A text that is longer than it may be, and does not say so, is broken off.
func TestLongFile(t *testing.T) {
	g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/p/" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<a href=p-1.whl>p</a>"))
			return
		}
		for range 17 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}))
	defer g.Close()
	w := open(t, registries.Config{PyPI: []string{g.URL}})
	if status, body := w.get("/pypi/0/p/p-1.whl.metadata"); status != -1 {
		t.Errorf("%d, %d bytes", status, len(body))
	}
	if status, body := w.get("/pypi/0/p/p-1.whl"); status != 200 || len(body) != 17<<20 {
		t.Errorf("%d, %d bytes", status, len(body))
	}
}
