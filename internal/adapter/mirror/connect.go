package mirror

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
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
	outside, err := x.door.mirror.connect(ctx, name, strconv.Itoa(port))
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
	x.door.note(x.c)
	x.c.Opened = false
	forget, open := x.door.tunnels.add(inside, outside)
	if !open {
		return nil // the door was closed meanwhile
	}
	defer forget()
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
// for long. A side that has ended may have gone altogether, which shows only
// when it is written to: the other one gets less time then.
func (x *exchange) tunnel(inside, outside net.Conn, first *bufio.Reader) {
	times := x.door.mirror.times
	var limit atomic.Int64
	limit.Store(int64(times.tunnel))
	idle := time.AfterFunc(times.tunnel, func() { closeBoth(inside, outside) }) // ends both copies
	defer idle.Stop()
	one := func(to net.Conn, from io.Reader, count *int64) {
		copyOne(to, &watched{Reader: from, read: func(n int) {
			*count += int64(n)
			idle.Reset(time.Duration(limit.Load()))
		}})
		limit.Store(int64(min(times.tunnel, times.linger)))
		idle.Reset(time.Duration(limit.Load()))
	}
	var both sync.WaitGroup
	both.Go(func() { one(outside, first, &x.c.Sent) })
	one(inside, outside, &x.c.Received)
	both.Wait()
}

func closeBoth(inside, outside net.Conn) {
	_ = inside.Close() // whoever reads or writes notices
	_ = outside.Close()
}

// tunnels are those of one door that are open.
type tunnels struct {
	mu     sync.Mutex
	closed bool
	ends   map[net.Conn]net.Conn
}

// add notes a tunnel. It gives false when the door is closed.
func (t *tunnels) add(inside, outside net.Conn) (forget func(), open bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, false
	}
	if t.ends == nil {
		t.ends = map[net.Conn]net.Conn{}
	}
	t.ends[inside] = outside
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.ends, inside)
	}, true
}

// close ends all of them, and every later one.
func (t *tunnels) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for inside, outside := range t.ends {
		closeBoth(inside, outside)
	}
}

// copyOne copies one way, and then says that no more will come.
func copyOne(to net.Conn, from io.Reader) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil {
		_ = to.Close()
	}
}
