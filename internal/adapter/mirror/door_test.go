package mirror_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/adapter/mirror"
	"muster/internal/core/registries"
)

func TestOnlyPlainQuestions(t *testing.T) {
	g := serve(t, map[string]reply{"/pkg": {body: "{}"}})
	w := open(t, registries.Config{NPM: g.URL})
	if status, body := w.send(http.MethodHead, "/npm/pkg", ""); status != 200 || body != "" {
		t.Errorf("%d %s", status, body)
	}
	g.paths()
	w.recorded()
	for _, tt := range []struct{ method, path, body, header, want string }{
		{http.MethodPost, "/npm/-/npm/v1/security/audits/quick", "{}", "", "read-only"},
		{http.MethodPut, "/npm/pkg", "{}", "", "read-only"},
		{http.MethodDelete, "/npm/pkg", "", "", "read-only"},
		{http.MethodOptions, "/npm/pkg", "", "", "read-only"},
		{"PROPFIND", "/npm/pkg", "", "", "read-only"},
		{http.MethodGet, "/npm/pkg?write=true", "", "", "no query"},
		{http.MethodGet, "/npm/pkg?", "", "", "no query"},
		{http.MethodGet, "/npm/pkg", "data", "", "no body"},
		{http.MethodGet, "/npm/pkg", "", "Upgrade", "nothing to upgrade"},
		{http.MethodGet, "/npm/" + strings.Repeat("a", 1025), "", "", "more than 1024 bytes"},
	} {
		headers := []string{tt.header, "websocket", "Connection", "Upgrade"}
		if tt.header == "" {
			headers = nil
		}
		status, body := w.send(tt.method, tt.path, tt.body, headers...)
		records := w.recorded()
		if status != http.StatusForbidden || !strings.Contains(body, tt.want) || len(records) != 1 || !strings.Contains(records[0].Refused, tt.want) || records[0].Status != 403 || len(records[0].Path) > 512 {
			t.Errorf("%s %.40s: %d %s %+v", tt.method, tt.path, status, body, records)
		}
	}
	if got := g.paths(); len(got) != 0 {
		t.Errorf("what is refused was asked for: %v", got)
	}
	closed := httptest.NewServer(w.mirror.Door(mirror.Allow{}, w.record))
	defer closed.Close()
	w.door = closed
	if status, body := w.get("/npm/pkg"); status != 403 || !strings.Contains(body, "not let through for this process") {
		t.Error(status, body)
	}
}

// What a process sends beside a name goes nowhere.
func TestNothingElseIsPassedOn(t *testing.T) {
	g := serve(t, map[string]reply{"/pkg": {body: "{}"}})
	w := open(t, registries.Config{NPM: g.URL})
	w.get("/npm/pkg", "Authorization", "Bearer stolen", "Cookie", "stolen", "X-Data", "stolen", "User-Agent", "stolen", "Referer", "stolen", "Accept", "stolen", "If-None-Match", "stolen", "Range", "bytes=0-1")
	if len(g.asked) != 1 || strings.Contains(fmt.Sprint(g.asked[0].Header), "stolen") || g.asked[0].Header.Get("Range") != "" {
		t.Errorf("%v", g.asked)
	}
}

func TestNothingWithoutARecord(t *testing.T) {
	g := serve(t, map[string]reply{"/pkg": {body: "{}"}})
	w := open(t, registries.Config{NPM: g.URL})
	w.fails = errors.New("the disk is full")
	if status, _ := w.get("/npm/pkg"); status != 200 {
		t.Error(status)
	}
	g.paths()
	if status, body := w.get("/npm/pkg"); status != http.StatusServiceUnavailable || !strings.Contains(body, "cannot be recorded") || len(g.paths()) != 0 {
		t.Error(status, body)
	}
	w.fails = nil
	w.get("/npm/pkg") // recorded, and refused all the same
	if status, _ := w.get("/npm/pkg"); status != 200 {
		t.Error(status)
	}
}

func TestSplit(t *testing.T) {
	for path, want := range map[string][]string{
		"/a/b": {"a", "b"}, "/a/b/": {"a", "b"}, "/@s%2fn": {"@s", "n"}, "/%61": {"a"}, "/a!b": {"a!b"},
		"a": nil, "": nil, "/": nil, "//": nil, "/a//b": nil, "/./a": nil, "/a/..": nil, "/%2e%2e": nil, "/a%2fb": nil, "/a%5cb": nil, "/a%00": nil, "/a%0a": nil, "/a%25": nil, "/%zz": nil, "/@s%2f": nil, "/@s%2f..": nil, "/@s%2f%2e": nil, "/é": nil,
	} {
		got, ok := mirror.Split(path)
		if ok != (want != nil) || ok && !slices.Equal(got, want) {
			t.Errorf("%q: %q %v", path, got, ok)
		}
	}
}

func TestNamesThatDoNotExist(t *testing.T) {
	g := serve(t, map[string]reply{"/real": {body: "{}"}})
	w := open(t, registries.Config{NPM: g.URL})
	if status, _ := w.get("/npm/real"); status != 200 {
		t.Fatal(status)
	}
	for i := range mirror.MaxMissing {
		if status, _ := w.get(fmt.Sprintf("/npm/none-%d", i)); status != 404 {
			t.Fatal(i, status)
		}
	}
	if status, body := w.get("/npm/more"); status != 403 || !strings.Contains(body, "do not exist") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := w.get("/npm/none-0"); status != 403 {
		t.Error("a name that does not exist is asked for again and again")
	}
	if status, _ := w.get("/npm/real"); status != 200 {
		t.Error("a package that exists is refused")
	}
	for i := range mirror.MaxMissing {
		if status, _ := w.get(fmt.Sprintf("/npm/real/0.0.%d", i)); status != 404 {
			t.Fatal(i, status)
		}
	}
	if status, _ := w.get("/npm/real"); status != 403 {
		t.Error("versions that do not exist are asked for without end")
	}
	// Another door has its own count.
	second := httptest.NewServer(w.mirror.Door(mirror.Allow{Registries: true}, w.record))
	defer second.Close()
	w.door = second
	if status, _ := w.get("/npm/none-0"); status != 404 {
		t.Error(status)
	}
}

func TestTooManyNames(t *testing.T) {
	g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/p0" {
			w.WriteHeader(http.StatusInternalServerError) // of which nobody knows whether they exist
			return
		}
		_, _ = io.WriteString(w, "{}")
	}))
	defer g.Close()
	w := open(t, registries.Config{NPM: g.URL})
	handler := w.mirror.Door(mirror.Allow{Registries: true}, w.record)
	ask := func(name string) int {
		to := httptest.NewRecorder()
		handler.ServeHTTP(to, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/npm/"+name, nil))
		return to.Code
	}
	for i := range mirror.MaxNames {
		if status := ask(fmt.Sprintf("p%d", i)); status == 403 {
			t.Fatal(i, status)
		}
	}
	if ask("one-more") != 403 || ask("p0") != 200 {
		t.Error("the number of names has no bound")
	}
}

func TestHugeAnswers(t *testing.T) {
	more := strings.Repeat("x", 1<<20)
	g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "declared.tgz") || strings.HasSuffix(r.URL.Path, "declared-1.0.0.tgz") {
			w.Header().Set("Content-Length", fmt.Sprint(int64(2)<<30))
			w.WriteHeader(http.StatusOK)
			return
		}
		if strings.HasSuffix(r.URL.Path, "cut-1.0.0.tgz") {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			return
		}
		for range 20 {
			if _, err := io.WriteString(w, more); err != nil {
				return
			}
		}
	}))
	defer g.Close()
	w := open(t, registries.Config{NPM: g.URL, GoProxy: g.URL})
	if status, body := w.get("/go/example.test/m/@v/list"); status != http.StatusBadGateway || !strings.Contains(body, "more than 16777216 bytes") {
		t.Errorf("%d %.100s", status, body)
	}
	if status, body := w.get("/npm/declared/-/declared-1.0.0.tgz"); status != http.StatusBadGateway || !strings.Contains(body, "at most 1073741824 are let through") {
		t.Errorf("%d %.100s", status, body)
	}
	w.recorded()
	// What breaks off cannot be taken for the whole.
	if status, body := w.get("/npm/cut/-/cut-1.0.0.tgz"); status != -1 {
		t.Errorf("%d %.100s", status, body)
	}
	if got := w.recorded(); len(got) != 1 || got[0].Status != http.StatusBadGateway || got[0].Received != 4 {
		t.Errorf("%+v", got)
	}
}

func TestSlowAnswers(t *testing.T) {
	over := make(chan struct{})
	g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".tgz") {
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
		}
		<-over
	}))
	defer g.Close()
	defer close(over)
	w := open(t, registries.Config{NPM: g.URL})
	// First the file, whose beginning must come: however slow this machine is.
	w.mirror.HurryFiles(50 * time.Millisecond)
	if status, body := w.get("/npm/slow/-/slow-1.0.0.tgz"); status != -1 {
		t.Errorf("%d %s", status, body)
	}
	w.mirror.Hurry(50 * time.Millisecond)
	if status, body := w.get("/npm/slow"); status != http.StatusGatewayTimeout || !strings.Contains(body, "took too long") {
		t.Errorf("%d %s", status, body)
	}
}

func TestRedirects(t *testing.T) {
	other := serve(t, map[string]reply{"/x": {body: "secret of the own network"}})
	g := serve(t, map[string]reply{
		"/near": {to: "/there"}, "/there": {body: "{}"}, "/far": {to: other.URL + "/x"}, "/round": {to: "/round"}, "/secure": {to: "https://" + strings.TrimPrefix(other.URL, "http://") + "/x"},
		"/named": {to: "https://inside.example.com/x"}, "/user": {to: "http://a:b@" + "127.0.0.1/x"}, "/file": {to: "file:///etc/passwd"}, "/literal": {to: "https://169.254.169.254/x"},
	})
	w := open(t, registries.Config{NPM: g.URL})
	w.mirror.Replace(mirror.Outside{Lookup: func(host string) ([]netip.Addr, error) { return nil, errors.New(host) }})
	if status, body := w.get("/npm/near"); status != 200 || body != "{}" {
		t.Errorf("%d %s", status, body)
	}
	for path, want := range map[string]string{
		"far": "without encryption", "round": "too often", "secure": "address of a network", "named": "", "user": "none of http", "file": "none of http", "literal": "address of a network",
	} {
		if status, body := w.get("/npm/" + path); status == 200 || !strings.Contains(body, want) || strings.Contains(body, "secret") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if len(other.paths()) != 0 {
		t.Error("another place was asked")
	}
}

func TestSettingsFail(t *testing.T) {
	fails := true
	m := mirror.New(mirror.Options{Settings: func(context.Context) (registries.Config, error) {
		if fails {
			return registries.Config{}, errors.New("the tool hangs")
		}
		return registries.Config{}, nil
	}})
	defer m.Close()
	w := &world{t: t, mirror: m}
	w.door = httptest.NewServer(m.Door(mirror.Allow{Registries: true}, w.record))
	defer w.door.Close()
	if status, body := w.get("/npm/x"); status != 502 || !strings.Contains(body, "the tool hangs") {
		t.Errorf("%d %s", status, body)
	}
	fails = false
	if status, body := w.get("/npm/x"); status != 403 || !strings.Contains(body, "no npm registry is configured") {
		t.Errorf("%d %s", status, body)
	}
}

// raw sends bytes to the door and gives its answer, of which a refusal has a
// body.
func (w *world) raw(text string) (status int, body string, conn net.Conn, more *bufio.Reader) {
	w.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", w.address())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		w.t.Fatal(err)
	}
	more = bufio.NewReader(conn)
	res, err := http.ReadResponse(more, &http.Request{Method: strings.Fields(text)[0]})
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return res.StatusCode, "", conn, more
	}
	data, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, string(data), conn, more
}
