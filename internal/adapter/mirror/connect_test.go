package mirror_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/adapter/mirror"
	"muster/internal/core/registries"
)

// echo answers everything with itself.
func echo(t *testing.T) (address string, opened *atomic.Int32) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opened = &atomic.Int32{}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			opened.Add(1)
			all.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().String(), opened
}

func TestTunnel(t *testing.T) {
	address, opened := echo(t)
	w := open(t, registries.Config{}, "api.example.com", "*.example.org:8443")
	var dialled []string
	w.mirror.Replace(mirror.Outside{
		Lookup: func(string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("1.1.1.1")}, nil },
		Dial: func(_, to string) (net.Conn, error) {
			dialled = append(dialled, to)
			return net.Dial("tcp", address)
		},
	})
	for _, host := range []string{"api.example.com:443", "a.example.org:8443"} {
		w.recorded()
		status, _, conn, r := w.raw("CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n\r\nearly ")
		if status != http.StatusOK {
			t.Fatal(status)
		}
		if _, err := io.WriteString(conn, "late"); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != "early late" {
			t.Errorf("%s: %s %v", host, got, err)
		}
		w.door.CloseClientConnections()
		records := w.recorded()
		for len(records) < 2 { // the end is recorded after the process has heard of it
			records = append(records, w.recorded()...)
		}
		want := []mirror.Connection{
			{StartUS: 7, Method: "CONNECT", Host: host, Status: 200, Opened: true},
			{StartUS: 7, Method: "CONNECT", Host: host, Status: 200, Sent: 10, Received: 10},
		}
		if !slices.Equal(records, want) {
			t.Errorf("%+v", records)
		}
	}
	if !slices.Equal(dialled, []string{"1.1.1.1:443", "1.1.1.1:8443"}) || opened.Load() != 2 {
		t.Errorf("%v %d", dialled, opened.Load())
	}
}

func TestTunnelsThatAreRefused(t *testing.T) {
	w := open(t, registries.Config{}, "api.example.com", "*.example.org:8443")
	w.mirror.Replace(mirror.Outside{
		Lookup: func(host string) ([]netip.Addr, error) { t.Error("looked up " + host); return nil, errors.New("no") },
		Dial:   func(_, to string) (net.Conn, error) { t.Error("dialled " + to); return nil, errors.New("no") },
	})
	const line = `egress: [api.example.com, "*.example.org:8443", %s]  in .muster/config.yaml`
	for host, want := range map[string]string{
		"evil.test:443": fmt.Sprintf(line, "evil.test"), "api.example.com:80": fmt.Sprintf(line, `"api.example.com:80"`), "example.org:8443": fmt.Sprintf(line, `"example.org:8443"`),
		"api.example.com.evil.test:443": "evil.test", "127.0.0.1:443": "address of a network", "[::1]:443": "address of a network", "2130706433:443": "address of a network", "0x7f.1:443": "address of a network",
		"localhost:443": "this machine", "api.example.com": "no port", "api.example.com.:443": "no name", "api.example.com:": "no port", "metadata.internal:443": "this machine",
	} {
		w.recorded()
		status, body, _, _ := w.raw("CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
		records := w.recorded()
		if status == http.StatusBadRequest && len(records) == 0 {
			continue // the server itself takes it for no target
		}
		if status != http.StatusForbidden || !strings.Contains(body, want) || len(records) != 1 || records[0].Host != host || !strings.Contains(records[0].Refused, want) || records[0].Path != "" {
			t.Errorf("%s: %d %s %+v", host, status, body, records)
		}
	}
	// The target counts, not what the header Host says.
	if status, _, _, _ := w.raw("CONNECT evil.test:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n"); status != http.StatusForbidden {
		t.Error(status)
	}
	status, _, _, _ := w.raw("CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\nContent-Length: 3\r\n\r\nabc")
	if status != http.StatusForbidden {
		t.Error(status)
	}
	for target, want := range map[string]string{
		"http://api.example.com/x": `https is with the line  egress: [api.example.com, "*.example.org:8443", api.example.com]`, "http://127.0.0.1/x": "without encryption", "http://evil.test/npm/pkg": "evil.test",
	} {
		w.recorded()
		status, body, _, _ := w.raw("GET " + target + " HTTP/1.1\r\nHost: x.test\r\n\r\n")
		if records := w.recorded(); status != http.StatusForbidden || !strings.Contains(body, want) || len(records) != 1 || records[0].Host == "" {
			t.Errorf("%s: %d %s %+v", target, status, body, records)
		}
	}
}

// A name that is allowed and leads inside is refused, whatever is said the
// second time: what was checked is what is dialled.
func TestNamesThatLeadInside(t *testing.T) {
	w := open(t, registries.Config{}, "api.example.com")
	const public = "1.1.1.1"
	var lookups int
	var answers [][]string
	var dialled []string
	w.mirror.Replace(mirror.Outside{
		Lookup: func(string) ([]netip.Addr, error) {
			var out []netip.Addr
			for _, a := range answers[min(lookups, len(answers)-1)] {
				out = append(out, netip.MustParseAddr(a))
			}
			lookups++
			return out, nil
		},
		Dial: func(_, to string) (net.Conn, error) { dialled = append(dialled, to); return nil, errors.New("closed") },
	})
	ask := func(list ...[]string) (int, string) {
		lookups, answers, dialled = 0, list, nil
		status, body, _, _ := w.raw("CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
		return status, body
	}
	for _, inside := range []string{"127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "255.255.255.255"} {
		for _, list := range [][]string{{inside}, {public, inside}, {inside, public}} {
			if status, body := ask(list); status != http.StatusForbidden || !strings.Contains(body, "this machine or a private network") || len(dialled) != 0 {
				t.Errorf("%v: %d %s %v", list, status, body, dialled)
			}
		}
	}
	if status, _ := ask([]string{public}, []string{"127.0.0.1"}); status != http.StatusBadGateway || lookups != 1 || !slices.Equal(dialled, []string{public + ":443"}) {
		t.Errorf("%d, %d lookups, dialled %v", status, lookups, dialled)
	}
	if status, _ := ask(nil); status != http.StatusBadGateway {
		t.Error("a name without addresses", status)
	}
	if status, _ := ask([]string{"1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5"}); status != http.StatusBadGateway || len(dialled) != 4 {
		t.Error(status, dialled)
	}
}

func TestIsPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "2606:4700::1111": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.0.1": true, "100.128.0.1": true,
		"192.0.0.1": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "240.0.0.1": false, "2001:db8::1": false, "2001::1": false, "3fff::1": false, "fec0::1": false, "::": false, "::127.0.0.1": false, "::ffff:1.1.1.1": true, "ff02::1": false,
	} {
		if got := mirror.IsPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range own {
		if p, err := netip.ParsePrefix(a.String()); err == nil && mirror.IsPublic(p.Addr()) {
			t.Errorf("%s is an address of this machine", a)
		}
	}
}

// The answers of registries lead nowhere inside either.
func TestRegistriesThatLeadInside(t *testing.T) {
	g := serve(t, map[string]reply{"/moved": {to: "https://cdn.example.com/x"}})
	w := open(t, registries.Config{NPM: g.URL})
	w.mirror.Replace(mirror.Outside{Lookup: func(string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil }})
	if status, body := w.get("/npm/moved"); status != http.StatusForbidden || !strings.Contains(body, "this machine or a private network") {
		t.Errorf("%d %s", status, body)
	}
	if got := w.recorded(); len(got) != 1 || got[0].Refused == "" {
		t.Errorf("%+v", got)
	}
}

// A closed door leaves no tunnel open, and opens none.
func TestClosedDoor(t *testing.T) {
	address, _ := echo(t)
	w := open(t, registries.Config{}, "api.example.com")
	w.mirror.Replace(mirror.Outside{
		Lookup: func(string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("1.1.1.1")}, nil },
		Dial:   func(_, _ string) (net.Conn, error) { return net.Dial("tcp", address) },
	})
	const ask = "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n"
	status, _, conn, r := w.raw(ask)
	if _, err := io.WriteString(conn, "x"); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	if b, err := r.ReadByte(); err != nil || b != 'x' {
		t.Fatal(b, err)
	}
	if err := w.handler.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadByte(); err == nil {
		t.Error("the tunnel is still open")
	}
	conn, err := net.Dial("tcp", w.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, ask); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); len(got) != 0 {
		t.Errorf("%s %v", got, err)
	}
}

// A process that has gone does not keep a tunnel open that is silent.
func TestSilentTunnel(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := open(t, registries.Config{}, "api.example.com")
	w.mirror.Hurry(50 * time.Millisecond)
	w.mirror.Replace(mirror.Outside{
		Lookup: func(string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("1.1.1.1")}, nil },
		Dial:   func(_, _ string) (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) },
	})
	status, _, _, r := w.raw("CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
	far, err := l.Accept()
	if err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	defer far.Close()
	if _, err := r.ReadByte(); err == nil {
		t.Error("something came through")
	}
	if _, err := far.Read(make([]byte, 1)); err == nil {
		t.Error("something came through")
	}
}

// A person's network may let nothing out but by a proxy of its own.
func TestOuterProxy(t *testing.T) {
	address, _ := echo(t)
	status := http.StatusOK
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization"))
		if r.Method != http.MethodConnect {
			_, _ = io.WriteString(w, "{}")
			return
		}
		if status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") // the header is of no meaning
		far, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(far, conn); _ = far.(*net.TCPConn).CloseWrite() }()
		_, _ = io.Copy(conn, far)
	}))
	defer proxy.Close()
	w := open(t, registries.Config{NPM: "http://npm.corp.example"}, "api.example.com", "inside.example.com")
	w.mirror.Replace(mirror.Outside{
		Lookup: func(host string) ([]netip.Addr, error) {
			if host == "inside.example.com" {
				return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
			}
			return nil, errors.New("not known here")
		},
		Proxy: func(*http.Request) (*url.URL, error) {
			u, err := url.Parse(proxy.URL)
			u.User = url.UserPassword("me", "word")
			return u, err
		},
	})
	const ask = "CONNECT %[1]s:443 HTTP/1.1\r\nHost: %[1]s:443\r\n\r\n"
	got, _, conn, r := w.raw(fmt.Sprintf(ask, "api.example.com"))
	if got != http.StatusOK {
		t.Fatal(got)
	}
	if _, err := io.WriteString(conn, "through"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != "through" {
		t.Errorf("%s %v", text, err)
	}
	if got, body, _, _ := w.raw(fmt.Sprintf(ask, "inside.example.com")); got != http.StatusForbidden || !strings.Contains(body, "private network") {
		t.Error(got, body)
	}
	if got, body := w.get("/npm/pkg"); got != 200 || body != "{}" {
		t.Error(got, body)
	}
	status = http.StatusProxyAuthRequired
	if got, body, _, _ := w.raw(fmt.Sprintf(ask, "api.example.com")); got != http.StatusBadGateway || !strings.Contains(body, `status "407"`) || strings.Contains(body, "word") {
		t.Error(got, body)
	}
	want := []string{"CONNECT api.example.com:443 Basic bWU6d29yZA==", "GET http://npm.corp.example/pkg Basic bWU6d29yZA==", "CONNECT api.example.com:443 Basic bWU6d29yZA=="}
	if !slices.Equal(asked, want) {
		t.Errorf("%q", asked)
	}
}

func TestSilentOuterProxy(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := open(t, registries.Config{}, "api.example.com")
	w.mirror.Hurry(50 * time.Millisecond)
	w.mirror.Replace(mirror.Outside{
		Lookup: func(string) ([]netip.Addr, error) { return nil, errors.New("not known here") },
		Proxy:  func(*http.Request) (*url.URL, error) { return url.Parse("http://" + l.Addr().String()) },
	})
	status, body, _, _ := w.raw("CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
	if status != http.StatusBadGateway || !strings.Contains(body, "the proxy of the environment gave no answer") {
		t.Error(status, body)
	}
	w.mirror.Replace(mirror.Outside{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("socks5://" + l.Addr().String()) }})
	status, body, _, _ = w.raw("CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
	if status != http.StatusBadGateway || !strings.Contains(body, "none of http or https") {
		t.Error(status, body)
	}
}

// A server that cannot hand its connection over says so.
func TestTunnelWithoutConnection(t *testing.T) {
	address, _ := echo(t)
	w := open(t, registries.Config{}, "api.example.com")
	w.mirror.Replace(mirror.Outside{
		Lookup: func(string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("1.1.1.1")}, nil },
		Dial:   func(_, _ string) (net.Conn, error) { return net.Dial("tcp", address) },
	})
	to := httptest.NewRecorder()
	w.handler.ServeHTTP(to, httptest.NewRequestWithContext(t.Context(), http.MethodConnect, "api.example.com:443", nil))
	if to.Code != http.StatusInternalServerError || !strings.Contains(to.Body.String(), "needs HTTP/1.1") {
		t.Error(to.Code, to.Body)
	}
}

// A login goes to the place that it is for: on a redirect there, too, and not
// to another port of the same machine.
func TestLoginOnRedirects(t *testing.T) {
	other := serve(t, map[string]reply{"/there": {body: "{}"}})
	g := serve(t, map[string]reply{"/near": {to: "/there"}, "/there": {body: "{}"}, "/far": {to: other.URL + "/there"}})
	w := open(t, registries.Config{NPM: strings.Replace(g.URL, "//", "//me:word@", 1), PyPI: []string{other.URL}})
	for _, name := range []string{"near", "far"} {
		if status, body := w.get("/npm/" + name); status != 200 {
			t.Error(status, body)
		}
	}
	if n := len(g.asked); n != 3 || len(other.asked) != 1 {
		t.Fatal(n, other.asked)
	}
	for _, r := range g.asked {
		if r.Header.Get("Authorization") == "" {
			t.Errorf("%s was asked without the login", r.RequestURI)
		}
	}
	if r := other.asked[0]; r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != "" {
		t.Errorf("%v", r.Header)
	}
}
