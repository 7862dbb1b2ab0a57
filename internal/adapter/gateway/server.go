package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/meter"
	"muster/internal/core/otlp"
)

// server is the running gateway.
type server struct {
	dir     string
	journal *journal
	log     *slog.Logger
	others  func(Door) http.Handler // serves what is not of models; may be nil
	newer   func() (meter.Table, error)
	tell    func(map[string]string) func(otlp.Request) // may be nil
	keys    *keyring
	quota   *quota
	service http.RoundTripper
	nonce   int64
	count   atomic.Int64

	mu      sync.Mutex
	book    *meter.Book
	known   map[string]bool // scopes whose former spend is in the book
	changed chan struct{}   // closed and replaced when a request ends or a limit is set
	doors   map[string]*door
	used    time.Time // when a door was last used
}

func newServer(dir string, j *journal, o Options) *server {
	return &server{
		dir: dir, journal: j, others: o.Others, newer: o.newer(), tell: o.Tell, log: o.log(), keys: &keyring{most: keyTime, known: map[string]timedKey{}}, quota: newQuota(),
		service: transport(), nonce: time.Now().UnixNano(), book: meter.NewBook(), known: map[string]bool{},
		changed: make(chan struct{}), doors: map[string]*door{}, used: time.Now(),
	}
}

// transport asks services. It takes answers as they come, in identity
// encoding, and follows nothing.
func transport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  20 * time.Minute, // models think
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

// door is an open door.
type door struct {
	s       *server
	http    *http.Server
	running sync.WaitGroup
	other   http.Handler

	recorder *recorder // nil: nothing is recorded
	player   *player   // nil: answers are a service's

	mu    sync.Mutex
	spec  Door
	cost  map[bool]meter.Prices // by whether a model without a price costs nothing
	newer meter.Table           // prices as they were fetched last when the door was opened
	keys  chan struct{}         // closed and replaced when keys are handed over
	used  time.Time
	tell  func(otlp.Request) // nil: nothing is told
	busy  int
	last  string // the account that was asked last
}

// open opens a door, or changes one that is open: with new budgets, and with
// keys that a gateway started anew does not have.
func (s *server) open(spec Door) error {
	if err := checkName(spec.Name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit(spec.Scopes)
	if d := s.doors[spec.Name]; d != nil {
		d.change(spec)
		return nil
	}
	var newer meter.Table
	var err error
	if len(spec.Providers) > 0 {
		if newer, err = s.newer(); err != nil {
			return err
		}
	}
	d := &door{s: s, spec: spec, newer: newer, cost: map[bool]meter.Prices{}, keys: make(chan struct{}), used: time.Now()}
	if err := d.openRecording(); err != nil {
		return err
	}
	l, err := listen(Socket(s.dir, spec.Name))
	if err != nil {
		d.closeRecording("")
		return fault.Wrap(fault.Transient, err, "open the door of %s", spec.Name)
	}
	if s.others != nil {
		d.other = s.others(spec)
	}
	d.tell = s.telling(spec)
	d.http = &http.Server{
		Handler: d, ReadHeaderTimeout: time.Minute, IdleTimeout: 10 * time.Minute, MaxHeaderBytes: 256 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.doors[spec.Name] = d
	go func() { _ = d.http.Serve(l) }() // ends when the door is closed
	return nil
}

// telling gives what is told of each request at a door, or nil.
func (s *server) telling(spec Door) func(otlp.Request) {
	if s.tell == nil || len(spec.Telemetry) == 0 {
		return nil
	}
	return s.tell(spec.Telemetry)
}

// change gives a door another specification. Keys that are not handed over
// again stay.
func (d *door) change(spec Door) {
	tell := d.s.telling(spec)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(spec.Secrets) == 0 {
		spec.Secrets = d.spec.Secrets
	}
	d.tell = tell
	d.spec, d.cost = spec, map[bool]meter.Prices{}
	close(d.keys)
	d.keys = make(chan struct{})
}

// limit sets the budgets of scopes. A limit counts all that its scope spends,
// so what was spent elsewhere is taken off. The caller holds the lock.
func (s *server) limit(scopes []Scope) {
	for _, c := range scopes {
		if !s.known[c.Name] {
			s.known[c.Name] = true
			s.book.Spend([]string{c.Name}, meter.AmountOf(s.journal.spent(c.Name, none).All.Usage))
		}
		left := func(limit, elsewhere int64) int64 {
			if limit <= 0 {
				return 0
			}
			return max(limit-max(elsewhere, 0), 1)
		}
		s.book.Limit(c.Name, meter.Amount{
			MicroUSD: left(c.Limit.MicroUSD, c.Elsewhere.MicroUSD), Tokens: left(c.Limit.Tokens, c.Elsewhere.Tokens),
		})
	}
	s.wake()
}

// wake tells requests that wait for a budget to look again. The caller holds
// the lock.
func (s *server) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// reserve waits until the budgets have room for a request, and records that
// it is about to be sent. Limit is set when there is no room.
func (s *server) reserve(ctx context.Context, e entry, scopes []Scope) (*Limit, error) {
	for {
		s.mu.Lock()
		d, err := s.book.Reserve(e.ID, e.Scopes, e.Estimate)
		changed := s.changed
		s.mu.Unlock()
		switch {
		case err != nil:
			return nil, fault.Wrap(fault.Internal, err, "reserve for a request")
		case d.Answer == meter.Admitted:
			if err := s.journal.append(e); err != nil {
				s.release(e.ID, job.Usage{})
				return nil, err
			}
			return nil, nil
		case d.Answer == meter.Refused:
			limit := &Limit{Scope: d.Scope, Why: refusal(d, scopes)}
			return limit, s.journal.append(entry{Kind: refused, AtUS: time.Now().UnixMicro(), Door: e.Door, Limit: limit})
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// refusal says why a budget has no room, for agents and people.
func refusal(d meter.Decision, scopes []Scope) string {
	title, limit, spent := d.Scope, d.Limit, d.Spent
	for _, c := range scopes {
		if c.Name == d.Scope {
			title, limit, spent = c.Title, c.Limit, spent.Add(c.Elsewhere)
		}
	}
	if limit.MicroUSD > 0 && d.Spent.MicroUSD+d.Needs.MicroUSD > d.Limit.MicroUSD {
		return fmt.Sprintf("the budget of %s, %s, is used up: %s are spent, and the next request would take about %s", title, usd(limit.MicroUSD), usd(spent.MicroUSD), usd(d.Needs.MicroUSD))
	}
	return fmt.Sprintf("the budget of %s, %d tokens, is used up: %d are spent, and the next request would take about %d", title, limit.Tokens, spent.Tokens, d.Needs.Tokens)
}

func usd(micro int64) string {
	if micro < 10_000 {
		return fmt.Sprintf("$%.4f", float64(micro)/1e6)
	}
	return fmt.Sprintf("$%.2f", float64(micro)/1e6)
}

// taken is what a request took.
type taken struct {
	usage   job.Usage
	isGuess bool   // nobody said what it took; usage is what is known
	status  int    // of the answer; 0 when there was none
	answers string // the model that answered, as the service names it
	failed  string // as in otlp.Request
}

// settle records what a request took, and gives back what was kept for it. It
// gives what was booked.
func (s *server) settle(e entry, t taken) job.Usage {
	if t.isGuess {
		t.usage = e.Estimate.Booked(t.usage)
	}
	line := entry{Kind: settled, ID: e.ID, AtUS: time.Now().UnixMicro(), Usage: t.usage, Guess: t.isGuess, Status: t.status}
	if err := s.journal.append(line); err != nil {
		s.log.Error("journal", "error", err.Error())
	}
	s.release(e.ID, t.usage)
	return t.usage
}

func (s *server) release(id string, u job.Usage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.Settle(id, u)
	s.wake()
}

// end cuts whatever is under way at a door. Tunnels are not the server's any
// more: who serves them ends them.
func (d *door) end() {
	_ = d.http.Close()
	if c, ok := d.other.(io.Closer); ok {
		_ = c.Close()
	}
}

// closeDoor closes a door once its requests have ended. Outcome is how its
// attempt did, for a recording. Its folder stays for a
// while, so that it can be seen that there was one.
func (s *server) closeDoor(name string, outcome job.OutcomeKind) (untilUS int64, err error) {
	if err := checkName(name); err != nil {
		return 0, err
	}
	s.mu.Lock()
	d := s.doors[name]
	delete(s.doors, name)
	s.mu.Unlock()
	if d != nil {
		d.end() // the attempt has ended: what is under way is of no use to anybody
		d.running.Wait()
		d.closeRecording(outcome)
		untilUS = s.quota.far(d.last)
		if d.player != nil {
			untilUS = d.player.untilUS()
		}
	}
	dir := doorDir(s.dir, name)
	err = os.Rename(filepath.Join(dir, doorFile), filepath.Join(dir, closedFile))
	if errors.Is(err, os.ErrNotExist) {
		err = nil // it was closed before
	}
	_ = os.Remove(filepath.Join(dir, doorSock)) // nobody listens there
	return untilUS, fault.Wrap(fault.Transient, err, "close the door of %s", name)
}

// uses notes which account the door asks.
func (d *door) uses(account string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = account
}

// isOpen gives a function that says whether a door is open now.
func (s *server) isOpen() func(string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]bool{}
	for name := range s.doors {
		names[name] = true
	}
	return func(name string) bool { return names[name] }
}

// begin notes that a request is at work.
func (d *door) begin() (spec Door, end func()) {
	d.running.Add(1)
	d.mu.Lock()
	d.busy++
	d.used = time.Now()
	spec = d.spec
	d.mu.Unlock()
	d.s.mu.Lock()
	d.s.used = time.Now()
	d.s.mu.Unlock()
	return spec, func() {
		d.mu.Lock()
		d.busy--
		d.used = time.Now()
		d.mu.Unlock()
		d.running.Done()
	}
}

// secret gives the key that was handed over for a provider. A gateway that was
// started anew does not have it until Muster hands it over again.
func (d *door) secret(ctx context.Context, provider string) string {
	patience := time.NewTimer(keyPatience)
	defer patience.Stop()
	for {
		d.mu.Lock()
		key, keys := d.spec.Secrets[provider], d.keys
		d.mu.Unlock()
		if key != "" {
			return key
		}
		select {
		case <-keys:
		case <-patience.C:
			return ""
		case <-ctx.Done():
			return ""
		}
	}
}

// prices gives what models cost at this door.
func (d *door) prices(free bool) meter.Prices {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.cost[free]
	if !ok {
		p = meter.NewPrices(meter.Lists{Own: d.spec.Prices, Newer: d.newer, Free: free})
		d.cost[free] = p
	}
	return p
}
