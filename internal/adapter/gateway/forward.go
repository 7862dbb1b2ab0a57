package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/meter"
	"muster/internal/core/otlp"
	"muster/internal/core/recording"
	"muster/internal/core/wire"
)

const (
	maxBody    = 64 << 20 // bytes of a request
	maxFailure = 1 << 20  // bytes of an answer that is an error
	fastTenths = 60       // what a dearer class of service costs at most, in tenths of the price (table of models.dev)
)

// ServeHTTP answers one request at a door.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	spec, end := d.begin()
	defer end()
	rest, isModel := strings.CutPrefix(r.URL.Path, "/model/")
	switch {
	case isModel:
		name, path, _ := strings.Cut(rest, "/")
		(&exchange{d: d, spec: spec, w: w, r: r, provider: name, path: "/" + path}).serve() //nolint:contextcheck // the request holds the context
	case d.other != nil:
		d.other.ServeHTTP(w, r)
	default:
		http.Error(w, "There is nothing at this path.", http.StatusNotFound)
	}
}

// exchange is one request and its answer.
type exchange struct {
	d        *door
	spec     Door
	w        http.ResponseWriter
	r        *http.Request
	provider string
	path     string // below the provider
	p        Provider
	call     wire.Call
	body     []byte
	ask      wire.Request
	key      string
	account  string
	entry    entry
	beganUS  int64 // when it was sent
	price    meter.Price
	isPriced bool
	taped    *taped // nil: it is not recorded
}

// fail answers with an error in the dialect's form.
func (x *exchange) fail(status int, message string) {
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(status)
	_, _ = x.w.Write(wire.Failure(x.call.Dialect, status, "Muster: "+message)) // a client that has left needs none
}

func (x *exchange) serve() {
	if x.r.Header.Get("Upgrade") != "" || strings.Contains(strings.ToLower(x.r.Header.Get("Connection")), "upgrade") {
		// The status with which Codex goes on by plain requests at once.
		x.fail(http.StatusUpgradeRequired, "there are no WebSockets here")
		return
	}
	var ok bool
	if x.p, ok = x.spec.Providers[x.provider]; !ok {
		x.fail(http.StatusNotFound, "the provider "+strconv.Quote(clip(x.provider))+" is not open for this attempt")
		return
	}
	if x.call, ok = wire.Of(x.r.Method, x.path); !ok {
		x.fail(http.StatusNotFound, x.r.Method+" "+strconv.Quote(clip(x.path))+" is not for agents; models can be asked and listed, and tokens counted")
		return
	}
	if !x.read() {
		return
	}
	if x.d.player != nil {
		x.play()
		return
	}
	end, ok := x.record()
	if !ok {
		return
	}
	defer end()
	if !x.findKey() {
		return
	}
	if !x.call.Costs {
		x.send(nil)
		return
	}
	if !x.admit() {
		return
	}
	x.send(x.meter)
}

// read takes in the request's body, and what it says of itself.
func (x *exchange) read() bool {
	if e := x.r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		x.fail(http.StatusUnsupportedMediaType, "requests are taken in identity encoding only")
		return false
	}
	var err error
	if x.body, err = io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody)); err != nil {
		if too := (*http.MaxBytesError)(nil); errors.As(err, &too) {
			x.fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is larger than %d MiB", maxBody>>20))
		}
		return false // else the client has left
	}
	if !x.call.Costs {
		return true
	}
	if x.ask, err = wire.ReadRequest(x.call, x.body); err != nil {
		x.fail(http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

func (x *exchange) findKey() bool {
	var err error
	x.key, err = x.d.s.keys.find(x.r.Context(), x.p, func(ctx context.Context) string { return x.d.secret(ctx, x.provider) })
	if err != nil {
		x.d.s.log.Warn("key", "door", x.spec.Name, "error", err.Error())
		x.fail(http.StatusUnauthorized, err.Error())
		return false
	}
	x.account = accountOf(x.p, x.key)
	x.d.uses(x.account)
	return true
}

// admit waits until the account may be asked and the budgets have room.
func (x *exchange) admit() bool {
	s := x.d.s
	far, err := s.quota.pass(x.r.Context(), x.account)
	if err != nil {
		return false
	}
	if far > 0 {
		x.w.Header().Set("Retry-After", strconv.Itoa(int(far.Seconds())+1))
		x.fail(http.StatusTooManyRequests, "rate limit: the account's quota is used up until "+time.Now().Add(far).Format("2006-01-02 15:04 MST"))
		return false
	}
	x.price, x.isPriced = x.d.prices(x.p.Free).Find(x.p.Vendor, x.ask.Model)
	if x.ask.Fast {
		x.price = x.price.Times(fastTenths)
	}
	x.entry = entry{
		Kind: reserved, ID: fmt.Sprintf("%s-%x-%d", x.spec.Name, s.nonce, s.count.Add(1)), AtUS: time.Now().UnixMicro(), Door: x.spec.Name,
		Model: clip(x.ask.Model), Estimate: meter.Guess(meter.Request{Bytes: x.ask.Bytes, Attached: x.ask.Attached, MaxOutput: x.ask.MaxOutput}, x.price),
	}
	for _, c := range x.spec.Scopes {
		x.entry.Scopes = append(x.entry.Scopes, c.Name)
		if c.Limit.MicroUSD > 0 && !x.isPriced {
			x.refuse(&Limit{Scope: c.Name, Why: fmt.Sprintf("the price of the model %q is not known, so %s cannot be kept within %s; set it in .muster/config.yaml: prices: {%q: {input: 1.25, output: 10}}, in US dollars for a million tokens, or bound tokens instead of money",
				clip(x.ask.Model), c.Title, usd(c.Limit.MicroUSD), clip(x.ask.Model))})
			return false
		}
	}
	limit, err := s.reserve(x.r.Context(), x.entry, x.spec.Scopes)
	switch {
	case limit != nil:
		x.limited(limit)
		return false
	case err != nil:
		s.log.Error("reserve", "door", x.spec.Name, "error", err.Error())
		x.fail(http.StatusServiceUnavailable, "the request cannot be recorded, so it is not sent")
		return false
	}
	return true
}

// refuse records that a budget keeps a request back.
func (x *exchange) refuse(l *Limit) {
	if err := x.d.s.journal.append(entry{Kind: refused, AtUS: time.Now().UnixMicro(), Door: x.spec.Name, Limit: l}); err != nil {
		x.d.s.log.Error("journal", "error", err.Error())
	}
	x.limited(l)
}

// limited tells the agent that a budget has no room.
func (x *exchange) limited(l *Limit) {
	if x.taped != nil {
		x.taped.limit = &recording.Limit{Scope: scopeWord(l.Scope), Why: l.Why}
	}
	x.fail(http.StatusBadRequest, l.Why)
}

// settle books what the request took.
func (x *exchange) settle(t taken) {
	t.usage.CostUnknown = !x.isPriced
	if x.taped != nil {
		x.taped.usage = &t.usage
	}
	x.tell(t, x.d.s.settle(x.entry, t))
}

// send forwards the request. Pass carries the answer of a request that is
// paid for; without it the answer costs nothing.
func (x *exchange) send(pass func(*http.Response)) {
	var isSent atomic.Bool
	req, err := x.outgoing(&isSent)
	if err != nil {
		x.fail(http.StatusBadGateway, err.Error())
		if pass != nil {
			x.settle(taken{failed: otlp.FailUnreachable})
		}
		return
	}
	x.beganUS = time.Now().UnixMicro()
	resp, err := x.d.s.service.RoundTrip(req)
	if err != nil {
		if pass != nil {
			x.settle(taken{isGuess: isSent.Load(), failed: x.gone(otlp.FailUnreachable)}) // what the service made of it is not known
		}
		x.d.s.log.Info("service", "door", x.spec.Name, "error", x.clean(err.Error()))
		x.fail(http.StatusBadGateway, "the service of the model cannot be reached: "+x.clean(err.Error()))
		return
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= 300:
		if pass != nil {
			x.settle(taken{status: resp.StatusCode, failed: strconv.Itoa(resp.StatusCode)}) // errors cost nothing
		}
		x.failed(resp)
	case pass != nil:
		pass(resp)
	default:
		copyHeader(x.w.Header(), resp.Header)
		if !copyAll(x.w, resp.Body, func([]byte) {}) {
			x.cut(false)
		}
	}
}

// outgoing makes the request for the service.
func (x *exchange) outgoing(isSent *atomic.Bool) (*http.Request, error) {
	base, err := url.Parse(x.p.Base)
	if err != nil || base.Host == "" {
		return nil, fault.New(fault.Invalid, "the address of the service is none")
	}
	u := *base
	u.Path, u.RawPath = strings.TrimSuffix(base.Path, "/")+x.path, ""
	query := x.r.URL.Query()
	query.Del("key") // Gemini: another way to send one
	u.RawQuery = query.Encode()
	body := x.body
	if x.call.Dialect == wire.Chat && x.ask.Stream && !x.ask.TellsUse {
		body = wire.AskUse(body)
	}
	ctx := httptrace.WithClientTrace(x.r.Context(), &httptrace.ClientTrace{WroteHeaders: func() { isSent.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, x.r.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fault.New(fault.Invalid, "the request cannot be sent to the service")
	}
	copyHeader(req.Header, x.r.Header)
	req.Header.Del("Content-Length")
	req.Header.Set("Accept-Encoding", "identity")
	x.p.Auth.put(req.Header, x.key)
	return req, nil
}

// failed passes an error of the service on.
func (x *exchange) failed(resp *http.Response) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxFailure))
	x.d.s.quota.learn(x.account, resp.StatusCode, resp.Header, body)
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		x.d.s.keys.forget()
	}
	if resp.StatusCode < 400 || err != nil {
		x.fail(http.StatusBadGateway, fmt.Sprintf("the service of the model answered with status %d, which leads elsewhere or was cut off", resp.StatusCode))
		return
	}
	copyHeader(x.w.Header(), resp.Header)
	x.w.Header().Del("Content-Length")
	x.w.WriteHeader(resp.StatusCode)
	_, _ = x.w.Write([]byte(x.clean(string(body)))) // a client that has left needs none
}

// clean takes the key out of a text.
func (x *exchange) clean(s string) string {
	if x.key == "" {
		return s
	}
	return strings.ReplaceAll(s, x.key, "[key]")
}

// meter passes an answer on while it reads what was consumed.
func (x *exchange) meter(resp *http.Response) {
	s := x.d.s
	s.quota.learn(x.account, resp.StatusCode, resp.Header, nil)
	isStream := wire.IsEvents(resp.Header.Get("Content-Type"))
	hides := x.call.Dialect == wire.Chat && isStream && !x.ask.TellsUse
	reader := wire.NewReader(x.call.Dialect, isStream)
	copyHeader(x.w.Header(), resp.Header)
	if hides {
		x.w.Header().Del("Content-Length")
	}
	x.w.WriteHeader(resp.StatusCode)
	var whole bool
	if hides {
		whole = copyEvents(x.w, resp.Body, reader)
	} else {
		whole = copyAll(x.w, resp.Body, func(p []byte) { reader.Write(p) })
	}
	use := reader.End()
	if x.isPriced {
		use.CostMicroUSD = x.price.Cost(use.Tokens)
	}
	t := taken{usage: use.Usage, isGuess: !use.Known, status: resp.StatusCode, answers: use.Model}
	if !whole {
		t.failed = x.gone(otlp.FailCut)
	}
	x.settle(t)
	if !whole {
		x.cut(use.Known)
	}
}

// cut ends the answer so that the client does not take what it has for all.
// HasAll says that the client has what matters.
func (x *exchange) cut(hasAll bool) {
	if x.taped != nil {
		x.taped.cut(hasAll)
	}
	panic(http.ErrAbortHandler)
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 100)], "") }
