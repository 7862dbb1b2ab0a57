package gateway_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/adapter/gateway"
	"muster/internal/core/meter"
)

// TestMain lets the test binary be a gateway.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "gateway" {
		os.Exit(gateway.Main(os.Args[2:], gateway.Options{}, os.Stderr))
	}
	os.Exit(m.Run())
}

const (
	realKey  = "sk-real-key-0123456789"
	dummyKey = "dummy"
	patience = 30 * time.Second
)

// house is a folder with a gateway that runs in this process.
type house struct {
	t      *testing.T
	dir    string
	client *gateway.Client
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseWith(t, gateway.Options{})
}

func newHouseWith(t *testing.T, o gateway.Options) *house {
	t.Helper()
	h := &house{t: t, dir: filepath.Join(t.TempDir(), strings.Repeat("long", 30))}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Serve(ctx, h.dir, o) }()
	h.client = gateway.NewClient(h.dir, []string{"/nonexistent/muster"}, nil)
	h.wait(func() bool { _, ok := h.client.State(h.ctx()); return ok })
	t.Cleanup(func() {
		h.client.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	h.t.Cleanup(cancel)
	return ctx
}

func (h *house) wait(until func() bool) {
	h.t.Helper()
	for began := time.Now(); !until(); {
		if time.Since(began) > patience {
			h.t.Fatal("it did not come to that")
		}
		<-time.After(5 * time.Millisecond)
	}
}

// open opens a door to services at base.
func (h *house) open(name, base string, change func(*gateway.Door)) {
	h.t.Helper()
	d := gateway.Door{
		Name: name, Secrets: map[string]string{"anthropic": realKey, "openai": realKey, "gemini": realKey},
		Scopes: []gateway.Scope{{Name: "task/" + name, Title: "task " + name}, {Name: "run/r", Title: "run r"}},
		Prices: map[string]meter.Price{"fake-model": {Input: 1e6, Output: 10e6, CacheRead: 100_000, CacheWrite: 2e6}},
		Providers: map[string]gateway.Provider{
			"anthropic": {Base: base, Auth: gateway.APIKey, Vendor: "anthropic", Key: gateway.Key{Env: "K"}},
			"openai":    {Base: base + "/v1", Auth: gateway.Bearer, Vendor: "openai", Key: gateway.Key{Env: "K"}},
			"gemini":    {Base: base, Auth: gateway.GoogKey, Vendor: "gemini", Key: gateway.Key{Env: "K"}},
		},
	}
	if change != nil {
		change(&d)
	}
	if err := h.client.Open(h.ctx(), d); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) shut(name string) gateway.Spend {
	h.t.Helper()
	s, err := h.client.Shut(h.ctx(), name, "")
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// through gives a client whose connections all go to a door.
func (h *house) through(name string) *http.Client {
	c := throughDoor(h.dir, name)
	h.t.Cleanup(c.CloseIdleConnections)
	return c
}

func throughDoor(dir, name string) *http.Client {
	socket := gateway.Socket(dir, name)
	tr := &http.Transport{MaxIdleConnsPerHost: 256, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		dir, err := os.Open(filepath.Dir(socket))
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		return (&net.Dialer{}).DialContext(ctx, "unix", gateway.ShortPath(dir, filepath.Base(socket)))
	}}
	return &http.Client{Transport: tr, Timeout: patience}
}

// said is an answer, read to its end.
type said struct {
	status int
	header http.Header
	body   string
	err    error
}

func ask(c *http.Client, method, path, body string, header ...string) said {
	req, err := http.NewRequest(method, "http://door"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return said{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+dummyKey)
	req.Header.Set("X-Api-Key", dummyKey)
	req.Header.Set("X-Goog-Api-Key", dummyKey)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		return said{err: err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return said{resp.StatusCode, resp.Header, string(data), err}
}

const (
	messages  = "/model/anthropic/v1/messages"
	chat      = "/model/openai/chat/completions"
	responses = "/model/openai/responses"
	gemini    = "/model/gemini/v1beta/models/fake-model:generateContent"
	geminiSSE = "/model/gemini/v1beta/models/fake-model:streamGenerateContent?alt=sse&key=" + dummyKey
)
