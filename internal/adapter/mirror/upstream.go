package mirror

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"muster/internal/core/registries"
)

// base is the address of a registry.
type base struct {
	url    *url.URL // without user, query and slash at the end
	logins []registries.Login
	own    string // the header of the address's own user and password, or ""
}

// at gives the address below the base; the parts are escaped already.
func (b *base) at(below string) *url.URL {
	u := *b.url
	u.RawPath = strings.TrimSuffix(u.EscapedPath(), "/") + "/" + below
	if path, err := url.PathUnescape(u.RawPath); err == nil {
		u.Path = path
	}
	return &u
}

// login gives the header for an address, which is sent to the base's own host
// only.
func (b *base) login(u *url.URL) string {
	if u.Host != b.url.Host || u.Scheme != b.url.Scheme {
		return ""
	}
	if b.own != "" {
		return b.own
	}
	return registries.Authorization(b.logins, u)
}

// goBase is one entry of GOPROXY.
type goBase struct {
	*base
	always bool // the next one is asked after any failure
}

// upstreams is where packages are asked for.
type upstreams struct {
	config  registries.Config
	golang  []goBase
	sumName string // of the database of checksums; empty when there is none
	sum     *base  // its own address
	sumFrom *base  // who is asked for it, once that is known; under the mirror's lock
	npm     *base
	scopes  map[string]*base // nil: its address is none of http
	// npmPaths are the paths of npm registries that have one, the longest first.
	npmPaths [][]string
	pypi     []*base
	trusted  map[string]bool // host:port of all of them
}

func newUpstreams(c registries.Config) *upstreams {
	u := &upstreams{config: c, scopes: map[string]*base{}, trusted: map[string]bool{}}
	for _, p := range registries.Proxies(c.GoProxy) {
		if b := u.base(p.Base, c.Logins); b != nil {
			u.golang = append(u.golang, goBase{b, p.Always})
		}
	}
	if fields := strings.Fields(c.GoSum); len(fields) > 0 && fields[0] != "off" {
		u.sumName, _, _ = strings.Cut(fields[0], "+")
		address := "https://" + u.sumName
		if len(fields) > 1 {
			address = fields[1]
		}
		u.sum = u.base(address, c.Logins)
	}
	u.npm = u.base(c.NPM, c.NPMLogins)
	u.addPath(u.npm)
	for scope, address := range c.NPMScopes {
		u.scopes[scope] = u.base(address, c.NPMLogins) // one that is none of http is asked nowhere else
		u.addPath(u.scopes[scope])
	}
	slices.SortFunc(u.npmPaths, func(a, b []string) int { return cmp.Compare(len(b), len(a)) })
	for _, address := range c.PyPI {
		u.pypi = append(u.pypi, u.base(address, c.Logins)) // one that is none of http keeps its number
	}
	return u
}

func (u *upstreams) addPath(b *base) {
	if b == nil {
		return
	}
	if path, ok := split(b.url.EscapedPath()); ok {
		u.npmPaths = append(u.npmPaths, path)
	}
}

// base reads an address, or gives nil when it is none of http or https.
func (u *upstreams) base(address string, logins []registries.Login) *base {
	parsed, err := url.Parse(strings.TrimSpace(address))
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" {
		return nil
	}
	b := &base{logins: logins}
	if parsed.User != nil {
		b.own = registries.Authorization(nil, parsed)
	}
	parsed.User, parsed.RawQuery, parsed.Fragment = nil, "", ""
	b.url = parsed
	u.trusted[hostPort(parsed)] = true
	return b
}

// hostPort gives the host and the port of an address.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

const maxRedirects = 5

// newClient gives what asks registries. It connects with the hosts of the
// person's settings wherever they are, and with others in the public network
// only, and without encryption only with the former.
func (m *Mirror) newClient() *http.Client {
	t := &http.Transport{
		Proxy: m.proxyFor,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if at := strings.ToLower(address); m.isTrusted(at) || m.isProxy(at) {
				return m.dial(ctx, network, address)
			}
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return m.reach(ctx, host, port)
		},
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: dialLimit,
		ResponseHeaderTimeout: m.times.header, MaxResponseHeaderBytes: 64 << 10,
	}
	return &http.Client{Transport: t, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		r.Header.Del("Referer")
		if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
			r.Header.Del("Authorization")
		}
		if len(via) > maxRedirects {
			return errors.New("it was redirected too often")
		}
		return m.mayAsk(r.URL)
	}}
}

// mayAsk reports why an address that a registry names may not be asked.
func (m *Mirror) mayAsk(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil:
		return errors.New("it leads to an address that is none of http or https")
	case u.Scheme == "http" && !m.isTrusted(hostPort(u)):
		return errors.New("it leads to an address without encryption")
	}
	return nil
}

// wanted is one question to a registry.
type wanted struct {
	from   *base
	url    *url.URL
	accept string
	file   bool // the body is an archive, of which a compressed form is of no use
}

// ask sends a question. The answer has status 200; all others are errors.
func (x *exchange) ask(ctx context.Context, q wanted) (*http.Response, error) {
	m := x.door.mirror
	x.c.Host = hostPort(q.url)
	if err := m.mayAsk(q.url); err != nil {
		return nil, failed(http.StatusBadGateway, "%s is not asked: %v", x.c.Host, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url.String(), http.NoBody)
	if err != nil {
		return nil, failed(http.StatusBadGateway, "the address for it could not be built")
	}
	req.Header.Set("User-Agent", "muster")
	req.Header.Set("Accept", q.accept)
	if q.file {
		req.Header.Set("Accept-Encoding", "identity")
	}
	if login := q.from.login(q.url); login != "" {
		req.Header.Set("Authorization", login)
	}
	res, err := m.client.Do(req)
	switch {
	case errors.Is(err, errNotPublic):
		return nil, refused("what %s leads to is not asked: %v", x.c.Host, errNotPublic)
	case err != nil:
		return nil, failed(gatewayStatus(err), "%s gave no answer: %v", x.c.Host, reason(err))
	}
	x.c.Host = hostPort(res.Request.URL)
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	_ = res.Body.Close() // nothing of it is wanted
	switch res.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return nil, failed(http.StatusNotFound, "%s does not have it", x.c.Host)
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, failed(http.StatusBadGateway, "%s refused it with status %d; the login for it comes from your own settings, outside", x.c.Host, res.StatusCode)
	case http.StatusTooManyRequests:
		return nil, failed(http.StatusTooManyRequests, "%s wants to be asked more slowly", x.c.Host)
	}
	return nil, failed(http.StatusBadGateway, "%s answered with status %d", x.c.Host, res.StatusCode)
}

// whole asks and reads an answer of at most limit bytes. What is given with it
// is the address that it came from, after redirects.
func (x *exchange) whole(q wanted, limit int64) (body []byte, header http.Header, from *url.URL, err error) {
	ctx, cancel := context.WithTimeout(x.r.Context(), x.door.mirror.times.text)
	defer cancel()
	res, err := x.ask(ctx, q)
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { _ = res.Body.Close() }() // all that is wanted has been read
	body, err = io.ReadAll(io.LimitReader(res.Body, limit+1))
	x.c.Received += int64(len(body))
	switch {
	case err != nil:
		return nil, nil, nil, failed(gatewayStatus(err), "the answer of %s broke off: %v", x.c.Host, reason(err))
	case int64(len(body)) > limit:
		return nil, nil, nil, failed(http.StatusBadGateway, "the answer of %s has more than %d bytes", x.c.Host, limit)
	}
	return body, res.Header, res.Request.URL, nil
}

// file asks for an archive and passes it on as it comes.
func (x *exchange) file(from *base, at *url.URL, contentType string, limit int64) error {
	return x.pass(wanted{from: from, url: at, accept: "*/*", file: true}, limit, func(string) string { return contentType })
}

// pass asks and passes an answer of at most limit bytes on as it comes. Its
// content type is made of that of the registry.
func (x *exchange) pass(q wanted, limit int64, contentType func(string) string) error {
	times := x.door.mirror.times
	ctx, cancel := context.WithTimeout(x.r.Context(), times.file)
	defer cancel()
	res, err := x.ask(ctx, q)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read as far as anybody wants
	if res.ContentLength > limit {
		return failed(http.StatusBadGateway, "%s has %d bytes of it; at most %d are let through", x.c.Host, res.ContentLength, limit)
	}
	x.started = true
	x.c.Status = http.StatusOK
	x.header(contentType(res.Header.Get("Content-Type")))
	if res.Header.Get("Content-Encoding") == "gzip" { // although it was not asked for
		x.w.Header().Set("Content-Encoding", "gzip")
	}
	if res.ContentLength >= 0 {
		x.w.Header().Set("Content-Length", fmt.Sprint(res.ContentLength))
	}
	x.w.WriteHeader(http.StatusOK)
	if x.r.Method == http.MethodHead {
		return nil
	}
	idle := time.AfterFunc(times.idle, cancel)
	defer idle.Stop()
	body := &watched{Reader: io.LimitReader(res.Body, limit+1), read: func(n int) {
		x.c.Received += int64(n)
		idle.Reset(times.idle)
	}}
	if _, err := io.Copy(x.w, body); err != nil {
		return failed(gatewayStatus(err), "the answer of %s broke off: %v", x.c.Host, reason(err))
	}
	if x.c.Received > limit {
		return failed(http.StatusBadGateway, "%s has more than %d bytes of it", x.c.Host, limit)
	}
	return nil
}

// watched tells of every read.
type watched struct {
	io.Reader
	read func(int)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.read(n)
	return n, err
}

func gatewayStatus(err error) int {
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// reason leaves the address out of an error.
func reason(err error) error {
	if gatewayStatus(err) == http.StatusGatewayTimeout {
		return errors.New("it took too long")
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
