package mirror_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/adapter/mirror"
	"muster/internal/core/egress"
	"muster/internal/core/registries"
)

// world is a door with what was recorded of it.
type world struct {
	t       *testing.T
	mirror  *mirror.Mirror
	handler *mirror.Door
	door    *httptest.Server
	config  registries.Config
	mu      sync.Mutex
	records []mirror.Connection
	fails   error // of recording
}

func open(t *testing.T, c registries.Config, hosts ...string) *world {
	t.Helper()
	w := &world{t: t, config: c}
	w.mirror = mirror.New(mirror.Options{Settings: func(context.Context) (registries.Config, error) { return c, nil }, Now: func() time.Time { return time.UnixMicro(7) }})
	t.Cleanup(w.mirror.Close)
	allow := mirror.Allow{Registries: true}
	for _, text := range hosts {
		h, why := egress.Parse(text)
		if why != "" {
			t.Fatal(text, why)
		}
		allow.Egress = append(allow.Egress, h)
	}
	w.handler = w.mirror.Door(allow, w.record)
	w.door = httptest.NewServer(w.handler)
	t.Cleanup(w.door.Close)
	return w
}

func (w *world) record(c mirror.Connection) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, c)
	return w.fails
}

// recorded gives what was recorded so far, and forgets it.
func (w *world) recorded() []mirror.Connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.records
	w.records = nil
	return out
}

// address is host:port of the door.
func (w *world) address() string { return strings.TrimPrefix(w.door.URL, "http://") }

// get asks the door for a path, as it is.
func (w *world) get(path string, headers ...string) (status int, body string) {
	w.t.Helper()
	return w.send(http.MethodGet, path, "", headers...)
}

func (w *world) send(method, path, body string, headers ...string) (status int, answer string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.door.URL, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.URL.Opaque = path // sent as it is
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := (&http.Transport{DisableCompression: true}).RoundTrip(r)
	if err != nil {
		return -1, err.Error() // broken off
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return -1, err.Error()
	}
	return res.StatusCode, string(data)
}

// run runs a tool with nothing but the door's variables, and gives what it
// printed.
func (w *world) run(dir string, extra []string, argv ...string) (string, error) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), argv[0], argv[1:]...)
	cmd.Dir = dir
	home := w.t.TempDir()
	write(w.t, home, ".config/go/telemetry/mode", "off") // else a process that outlives the go command writes there
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + w.t.TempDir()}, mirror.Env(w.address(), w.config)...)
	cmd.Env = append(cmd.Env, extra...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// needs skips a test where a tool is not there.
func needs(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(err)
	}
}

// registry answers by path, and notes what it was asked.
type registry struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]reply
	asked   []*http.Request
}

type reply struct {
	status int // 0 is 200
	kind   string
	body   string
	to     string // redirects there
}

func serve(t *testing.T, answers map[string]reply) *registry {
	t.Helper()
	g := &registry{answers: answers}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.asked = append(g.asked, r)
	a, ok := g.answers[r.URL.EscapedPath()]
	g.mu.Unlock()
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		return
	case a.to != "":
		http.Redirect(w, r, a.to, http.StatusFound)
		return
	}
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, a.body)
}

// paths gives what was asked so far, and forgets it.
func (g *registry) paths() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, r := range g.asked {
		out = append(out, r.RequestURI)
	}
	g.asked = nil
	return out
}
