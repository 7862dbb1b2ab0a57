package mirror

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

const (
	dialLimit   = 10 * time.Second // one connection
	lookupLimit = 10 * time.Second
)

// reach connects with a host of the outside: its name is looked up once, every
// address that the answer has must be of the public network, and one of those
// very addresses is dialled, so that a second answer changes nothing.
func (m *Mirror) reach(ctx context.Context, host, port string) (net.Conn, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil, errNumber
	}
	lctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	addresses, err := m.lookup(lctx, host)
	if err != nil || len(addresses) == 0 {
		return nil, errors.New("its name is not known")
	}
	for _, a := range addresses {
		if !m.public(a.Unmap()) {
			return nil, errNotPublic
		}
	}
	var last error
	for _, a := range addresses[:min(len(addresses), maxAddresses)] {
		conn, err := m.dial(ctx, "tcp", net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

// maxAddresses bounds how many addresses of one host are tried.
const maxAddresses = 4

var errNotPublic = errors.New("its name leads into this machine or a private network")

// isPublic reports whether an address is one that everybody in the public
// network can reach (IANA's registries of special-purpose addresses), and not
// one of this machine's own.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" || slices.ContainsFunc(special(), func(p netip.Prefix) bool { return p.Contains(a) }) {
		return false
	}
	if a.Is6() && !netip.MustParsePrefix("2000::/3").Contains(a) {
		return false
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, o := range own {
		if p, err := netip.ParsePrefix(o.String()); err == nil && p.Addr().Unmap() == a {
			return false
		}
	}
	return true
}

// special are the ranges that netip has no name for. Those of IPv6 carry an
// address of IPv4 in them, or are for examples.
func special() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	} {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}
