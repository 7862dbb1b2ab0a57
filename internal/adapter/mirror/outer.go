package mirror

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"muster/internal/core/registries"
)

// A person's network may let nothing out but by a proxy of its own
// (HTTPS_PROXY). That proxy looks names up itself, so that what is checked here
// is no more than what this machine knows of them: a name that leads inside
// here is refused, and one that is not known here is the proxy's to judge.

// proxyFor gives the proxy of the person's environment for a request.
func (m *Mirror) proxyFor(r *http.Request) (*url.URL, error) {
	p, err := m.proxy(r)
	if err != nil || p == nil {
		return nil, err
	}
	if !m.isTrusted(hostPort(r.URL)) {
		if err := m.mayLead(r.Context(), r.URL.Hostname()); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.proxies[hostPort(p)] = true
	return p, nil
}

// isProxy reports whether a host:port is a proxy of the person's environment.
func (m *Mirror) isProxy(address string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.proxies[address]
}

// mayLead says why a host must not be asked of an outer proxy.
func (m *Mirror) mayLead(ctx context.Context, host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return errNumber
	}
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	addresses, err := m.lookup(ctx, host)
	if err != nil {
		return nil // not known here
	}
	for _, a := range addresses {
		if !m.public(a.Unmap()) {
			return errNotPublic
		}
	}
	return nil
}

// connect gives a connection with a host of the outside, by the outer proxy
// where there is one.
func (m *Mirror) connect(ctx context.Context, host, port string) (net.Conn, error) {
	target := net.JoinHostPort(host, port)
	p, err := m.proxyFor((&http.Request{URL: &url.URL{Scheme: "https", Host: target}}).WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if p == nil {
		return m.reach(ctx, host, port)
	}
	if p.Scheme != "http" && p.Scheme != "https" {
		return nil, errors.New("the proxy of the environment is none of http or https")
	}
	conn, err := m.dial(ctx, "tcp", hostPort(p))
	if err != nil {
		return nil, err
	}
	if p.Scheme == "https" {
		conn = tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: p.Hostname()})
	}
	through, err := askProxy(conn, p, target, time.Now().Add(min(m.times.header, dialLimit)))
	if err != nil {
		_ = conn.Close() // of no use any more
		return nil, err
	}
	return through, nil
}

// askProxy asks an outer proxy for a tunnel.
func askProxy(conn net.Conn, p *url.URL, target string, until time.Time) (net.Conn, error) {
	if err := conn.SetDeadline(until); err != nil {
		return nil, err
	}
	login := ""
	if p.User != nil {
		login = "Proxy-Authorization: " + registries.Authorization(nil, p) + "\r\n"
	}
	if _, err := fmt.Fprintf(conn, "CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n%[2]s\r\n", target, login); err != nil {
		return nil, err
	}
	const most = 64 << 10 // bytes of its answer
	reader := bufio.NewReader(conn)
	// Whatever its header says of a body, a tunnel has none.
	answer := textproto.NewReader(bufio.NewReader(io.LimitReader(oneByOne{reader}, most)))
	line, err := answer.ReadLine()
	if err == nil {
		_, err = answer.ReadMIMEHeader()
	}
	fields := strings.Fields(line)
	switch {
	case err != nil || len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/1."):
		return nil, errors.New("the proxy of the environment gave no answer")
	case fields[1] != "200":
		return nil, fmt.Errorf("the proxy of the environment answered with status %.3q", fields[1])
	}
	return &begun{Conn: conn, reader: reader}, conn.SetDeadline(time.Time{})
}

// oneByOne gives single bytes, so that what is read of an answer ends where it
// ends.
type oneByOne struct{ io.Reader }

func (o oneByOne) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(len(p), 1)]) }

// begun is a connection of which something may have been read already.
type begun struct {
	net.Conn
	reader *bufio.Reader
}

func (b *begun) Read(p []byte) (int, error) { return b.reader.Read(p) }

// CloseWrite says that no more will come.
func (b *begun) CloseWrite() error {
	if half, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return b.Close()
}

// errNumber is said of an address of a network in the place of a name.
var errNumber = errors.New("it is an address of a network; hosts are named")
