package mirror

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"muster/internal/core/egress"
)

// connect answers a CONNECT: a tunnel to a host of the key egress, or the line
// of the configuration that would allow it.
func (x *exchange) connect() error {
	r := x.r
	x.c.Host = printable(r.Host, 300)
	name, port, why := egress.Target(r.Host)
	switch {
	case why != "":
		return refused("%s %s, and cannot be allowed", printable(r.Host, 300), why)
	case r.RequestURI != r.Host && r.RequestURI != "":
		return refused("a tunnel is to one host and port")
	case r.ContentLength > 0 || len(r.TransferEncoding) > 0:
		return refused("the request for a tunnel has no body")
	case !egress.Allowed(x.door.allow.Egress, name, port):
		return refused("%s is not let through; to allow it, write  %s  in %s", net.JoinHostPort(name, strconv.Itoa(port)), egress.Line(x.door.allow.Egress, name, port), configFile)
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*dialLimit)
	defer cancel()
	outside, err := x.door.mirror.reach(ctx, name, strconv.Itoa(port))
	switch {
	case err == errNotPublic: //nolint:errorlint // it is given as it is
		return refused("%s is not let through: %v; no line of the configuration changes that", r.Host, err)
	case err != nil:
		return failed(gatewayStatus(err), "%s cannot be reached: %v", r.Host, reason(err))
	}
	defer func() { _ = outside.Close() }() // both sides have been told
	hijacker, ok := x.w.(http.Hijacker)
	if !ok {
		return failed(http.StatusInternalServerError, "a tunnel needs HTTP/1.1")
	}
	inside, buffered, err := hijacker.Hijack()
	if err != nil {
		return failed(http.StatusInternalServerError, "a tunnel needs HTTP/1.1: %v", err)
	}
	defer func() { _ = inside.Close() }()
	x.started = true
	x.c.Status, x.c.Opened = http.StatusOK, true
	x.door.record(x.c)
	x.c.Opened = false
	if err := inside.SetDeadline(time.Time{}); err != nil { // the server's limits on requests are not those of tunnels
		return nil
	}
	if _, err := io.WriteString(inside, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return nil // the process went away
	}
	x.tunnel(inside, outside, buffered.Reader)
	return nil
}

// tunnel copies both ways until both sides have ended, or nothing has been said
// for long.
func (x *exchange) tunnel(inside, outside net.Conn, first *bufio.Reader) {
	limit := x.door.mirror.times.tunnel
	idle := time.AfterFunc(limit, func() {
		_ = inside.Close() // ends both copies
		_ = outside.Close()
	})
	defer idle.Stop()
	var both sync.WaitGroup
	both.Go(func() {
		copyOne(outside, &watched{Reader: first, read: func(n int) {
			x.c.Sent += int64(n)
			idle.Reset(limit)
		}})
	})
	copyOne(inside, &watched{Reader: outside, read: func(n int) {
		x.c.Received += int64(n)
		idle.Reset(limit)
	}})
	both.Wait()
}

// copyOne copies one way, and then says that no more will come.
func copyOne(to net.Conn, from io.Reader) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil {
		_ = to.Close()
	}
}
