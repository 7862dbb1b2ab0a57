// Package mirror is the only way from inside a confined process to package
// registries and to the hosts that a person allowed.
//
// A door is an http.Handler. Below /go/ it speaks the protocol of Go module
// proxies, below /npm/ that of npm registries, below /pypi/N/ that of Python's
// simple indexes (PEP 503 and 691; N counts the person's indexes from 0); a
// CONNECT reaches a host of the key egress. It is read-only: every path is read
// by a grammar, and what is asked of a registry is built anew from what was
// read, so that nothing of a request but names and versions leaves the machine.
// Everything else is refused with one sentence, and everything is recorded.
//
// Where the packages are asked for comes from the person's own settings
// (internal/core/registries), with their logins, which no client ever sees.
// This package keeps nothing on the disk.
package mirror

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/internal/core/egress"
	"muster/internal/core/fault"
	"muster/internal/core/registries"
)

// Connection is what is recorded of one request: what was wanted, and what came
// of it. Texts of the process are printable and bounded.
type Connection struct {
	StartUS  int64  `json:"start_us"` // microseconds since 1970
	Method   string `json:"method"`
	Host     string `json:"host,omitempty"`     // host:port that was asked, or that was wanted; empty when none was
	Path     string `json:"path,omitempty"`     // as it came to the door, at most 512 bytes
	Sent     int64  `json:"sent,omitempty"`     // bytes to the host; of a tunnel only
	Received int64  `json:"received,omitempty"` // bytes of bodies from the host, or all bytes of a tunnel
	Status   int    `json:"status"`             // what the process was answered
	Opened   bool   `json:"opened,omitempty"`   // a tunnel that begins; what is recorded at its end has the bytes
	Refused  string `json:"refused,omitempty"`  // why it was not let through; empty when it was
}

// Allow is what a door lets through beside registries.
type Allow struct {
	Egress     []egress.Host
	Registries bool // package registries may be asked
}

// Options are what a mirror is made of.
type Options struct {
	// Settings gives the person's settings. It is called when a registry is
	// first asked, and again until it succeeds: asking the tools takes time.
	Settings func(context.Context) (registries.Config, error)
	// Now gives the time for records; without it, the clock.
	Now func() time.Time
}

// Mirror is what the doors of one process share: connections to registries,
// and what these have said of where files are. Its methods may be called from
// several goroutines.
type Mirror struct {
	settings func(context.Context) (registries.Config, error)
	now      func() time.Time
	client   *http.Client
	times    times

	// What tests replace. No configuration reaches it.
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	public func(netip.Addr) bool
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	proxy  func(*http.Request) (*url.URL, error) // of the person's environment

	heavy chan struct{} // one for each large text in memory

	mu      sync.Mutex
	loaded  *upstreams
	proxies map[string]bool // host:port of proxies of the person's environment that were used
	places  places
}

// times bound how long registries are waited for.
type times struct {
	header time.Duration // until an answer begins
	idle   time.Duration // between two reads of its body
	text   time.Duration // until an answer that is read whole has ended
	file   time.Duration // until an answer that is passed on has ended
	tunnel time.Duration // a tunnel in which nothing is said
	linger time.Duration // the same, when one side has ended
}

// New gives a mirror.
func New(o Options) *Mirror {
	m := &Mirror{
		settings: o.Settings, now: o.Now,
		times: times{header: 30 * time.Second, idle: time.Minute, text: 2 * time.Minute, file: time.Hour, tunnel: 10 * time.Minute, linger: 30 * time.Second},
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		public: isPublic,
		dial:   (&net.Dialer{Timeout: dialLimit}).DialContext,
		proxy:  http.ProxyFromEnvironment, proxies: map[string]bool{}, heavy: make(chan struct{}, maxHeavy),
	}
	if m.now == nil {
		m.now = time.Now
	}
	m.client = m.newClient()
	return m
}

// Close ends the connections to registries that nobody uses.
func (m *Mirror) Close() { m.client.CloseIdleConnections() }

// upstreams gives where packages are asked for, and reads the settings when
// nobody has.
func (m *Mirror) upstreams(ctx context.Context) (*upstreams, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.loaded != nil {
		return m.loaded, nil
	}
	c, err := m.settings(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Transient, err, "read which package registries are asked")
	}
	m.loaded = newUpstreams(c)
	return m.loaded, nil
}

// isTrusted reports whether a host:port is a registry that the person's
// settings name, which may be in their own network.
func (m *Mirror) isTrusted(address string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loaded != nil && m.loaded.trusted[address]
}

// Bounds of one door.
const (
	maxTarget   = 1024 // bytes of a request's target
	maxTogether = 64   // requests to registries at once; more wait
	maxHeavy    = 4    // large texts in memory at once, of all doors; more wait
)

// Door gives the handler of one door. The record function is called for every
// request, at its end, from several goroutines. When it fails, the door lets
// nothing through until it works again.
//
// The handler must get requests as they came: a ServeMux would clean their
// paths first. It needs HTTP/1.1, for tunnels. A server that ends does not end
// tunnels: Close does.
func (m *Mirror) Door(a Allow, record func(Connection) error) *Door {
	return &Door{mirror: m, allow: a, record: record, slots: make(chan struct{}, maxTogether), names: newNames()}
}

// Door is the handler of one door.
type Door struct {
	mirror  *Mirror
	allow   Allow
	record  func(Connection) error
	slots   chan struct{}
	names   *names
	tunnels tunnels

	unrecorded atomic.Bool // the last record could not be written
}

// note records what came of a request.
func (d *Door) note(c Connection) {
	d.unrecorded.Store(d.record(c) != nil)
}

// Close ends the tunnels of the door, and lets no more begin.
func (d *Door) Close() error {
	d.tunnels.close()
	return nil
}

// ServeHTTP answers one request and records it.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{door: d, w: w, r: r, c: Connection{
		StartUS: d.mirror.now().UnixMicro(), Method: printable(r.Method, 16), Path: printable(r.RequestURI, 512),
	}}
	defer func() { d.note(x.c) }()
	if d.unrecorded.Load() {
		x.end(failed(http.StatusServiceUnavailable, "nothing is let through, because connections cannot be recorded"))
		return
	}
	if r.Method == http.MethodConnect {
		x.c.Path = ""
		x.end(x.connect()) //nolint:contextcheck // the exchange has the request, and with it the context
		return
	}
	x.end(x.fetch()) //nolint:contextcheck // the exchange has the request, and with it the context
}

// fetch answers a request for something of a registry.
func (x *exchange) fetch() error {
	parts, err := x.read()
	if err != nil {
		return err
	}
	select {
	case x.door.slots <- struct{}{}:
		defer func() { <-x.door.slots }()
	case <-x.r.Context().Done():
		return failed(http.StatusServiceUnavailable, "the request was given up")
	}
	u, err := x.door.mirror.upstreams(x.r.Context())
	if err != nil {
		return failed(http.StatusBadGateway, "%v", err)
	}
	switch parts[0] {
	case "go":
		return x.golang(u, parts[1:])
	case "pypi":
		return x.python(u, parts[1:])
	}
	return x.npm(u, parts)
}

// read checks everything of a request that is alike for all registries, and
// gives the parts of its path, decoded.
func (x *exchange) read() ([]string, error) {
	r := x.r
	switch {
	case r.URL.IsAbs() || r.URL.Host != "":
		return nil, x.refuseAbsolute()
	case len(r.RequestURI) > maxTarget:
		return nil, refused("the path has more than %d bytes", maxTarget)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return nil, refused("package registries are read-only here: GET and HEAD are let through, %s is not; no line of the configuration changes that", printable(r.Method, 16))
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return nil, refused("a request for a package has no body")
	case r.URL.RawQuery != "" || r.URL.ForceQuery:
		return nil, refused("a request for a package has no query: it could carry data out")
	case r.Header.Get("Upgrade") != "":
		return nil, refused("there is nothing to upgrade to")
	}
	parts, ok := split(r.URL.EscapedPath())
	switch {
	case !ok:
		return nil, refused("the path is not one of a package")
	case !x.door.allow.Registries:
		return nil, refused("package registries are not let through for this process")
	}
	return parts, nil
}

// refuseAbsolute answers a request to a proxy for an address without
// encryption.
func (x *exchange) refuseAbsolute() error {
	host := strings.ToLower(x.r.URL.Hostname())
	x.c.Host = printable(x.r.URL.Host, 300)
	if _, port, why := egress.Target(host + ":443"); why == "" {
		return refused("addresses without encryption are not let through; https is with the line  %s  in %s", egress.Line(x.door.allow.Egress, host, port), configFile)
	}
	return refused("addresses without encryption are not let through")
}
