package mirror

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Outside is a world of a test's own. Only tests can put it in the place of the
// real one: nothing that a configuration says reaches these fields.
type Outside struct {
	Lookup func(host string) ([]netip.Addr, error)
	Public func(netip.Addr) bool
	Dial   func(network, address string) (net.Conn, error)
	Proxy  func(*http.Request) (*url.URL, error)
	Roots  *x509.CertPool
}

// Replace puts it there.
func (m *Mirror) Replace(o Outside) {
	if o.Lookup != nil {
		m.lookup = func(_ context.Context, host string) ([]netip.Addr, error) { return o.Lookup(host) }
	}
	if o.Public != nil {
		m.public = o.Public
	}
	if o.Dial != nil {
		m.dial = func(_ context.Context, network, address string) (net.Conn, error) { return o.Dial(network, address) }
	}
	if o.Proxy != nil {
		m.proxy = o.Proxy
	}
	if t, ok := m.client.Transport.(*http.Transport); ok && o.Roots != nil {
		t.TLSClientConfig.RootCAs = o.Roots
	}
}

// Hurry makes the mirror wait for nobody longer than d.
func (m *Mirror) Hurry(d time.Duration) {
	m.times = times{header: d, idle: d, text: d, file: d, tunnel: d, linger: d}
	m.client = m.newClient()
}

// HurryFiles makes the mirror wait no longer than d for the rest of a file that
// has begun to come.
func (m *Mirror) HurryFiles(d time.Duration) { m.times.idle = d }

// Of the parts.
var (
	IsPublic        = isPublic
	RewriteTarballs = rewriteTarballs
	Split           = split
)

// MaxMissing is how often a process may ask for what is not there.
const MaxMissing = maxMissing

// MaxNames is how many names a process may ask for.
const MaxNames = maxNames
