package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Client speaks to the gateway of a folder, and starts it when it is not
// there. Its methods may be called by several goroutines.
type Client struct {
	dir  string
	argv []string // starts it, without the folder
	env  []string
	http *http.Client

	mu    sync.Mutex
	doors map[string]Door // that this process has opened, with their secrets
	keeps bool
	ended chan struct{}
}

// NewClient gives a client. Argv starts the gateway when the folder is added
// to it; env is its whole environment.
func NewClient(dir string, argv, env []string) *Client {
	socket := filepath.Join(dir, controlSock)
	dial := func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
		err = short(socket, func(address string) error {
			conn, err = (&net.Dialer{}).DialContext(ctx, "unix", address)
			return err
		})
		return conn, err
	}
	return &Client{
		dir: dir, argv: argv, env: env, doors: map[string]Door{}, ended: make(chan struct{}),
		http: &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConns: 4}},
	}
}

// Close ends what the client does in the background. Doors stay open.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.ended:
	default:
		close(c.ended)
	}
	c.http.CloseIdleConnections()
}

// Keeper is the argv that makes sure that the gateway runs.
func (c *Client) Keeper() []string { return append(slices.Clone(c.argv), c.dir) }

// leave leaves this client's environment, if it has one.
func (c *Client) leave() error {
	if len(c.env) == 0 {
		return nil
	}
	return leaveEnvironment(c.dir, c.env)
}

const (
	startTime = 15 * time.Second // for the gateway to be there
	startLook = 20 * time.Millisecond
)

// ensure starts the gateway unless it answers, and leaves what another would be
// started with.
func (c *Client) ensure(ctx context.Context) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fault.Wrap(fault.Refused, err, "make the gateway's folder %s", c.dir)
	}
	if err := c.leave(); err != nil {
		return fault.Wrap(fault.Refused, err, "leave the environment of a gateway in %s", c.dir)
	}
	if c.call(ctx, http.MethodGet, "/state", nil, nil) == nil {
		return nil
	}
	log, err := openLog(filepath.Join(c.dir, logFile))
	if err != nil {
		return err
	}
	defer log.Close()
	argv := c.Keeper()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), argv[0], argv[1:]...) // it outlives this process
	cmd.Dir, cmd.Env, cmd.Stderr = "/", c.env, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fault.Wrap(fault.Internal, err, "start the gateway")
	}
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it may be another's turn; what counts is that one answers
		close(gone)
	}()
	for began := time.Now(); ; {
		if err = c.call(ctx, http.MethodGet, "/state", nil, nil); err == nil {
			return nil
		}
		if ctx.Err() != nil || time.Since(began) > startTime {
			return fault.WithHint(fault.Wrap(fault.Transient, err, "start the gateway"), "its log is %s", filepath.Join(c.dir, logFile))
		}
		select {
		case <-gone:
			gone = nil // a receive from nil waits for ever
			if code := cmd.ProcessState.ExitCode(); code != 0 {
				return fault.New(fault.Internal, "start the gateway: it ended with exit code %d", code).
					WithHint("its log is %s", filepath.Join(c.dir, logFile))
			}
		case <-time.After(startLook):
		}
	}
}

// Open opens a door, or sets anew what an open one may reach and spend, and
// keeps it open while this process lives: a gateway that dies is started
// again, and given the keys.
func (c *Client) Open(ctx context.Context, d Door) error {
	if err := c.ensure(ctx); err != nil {
		return err
	}
	if err := c.put(ctx, d); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doors[d.Name] = d
	if !c.keeps {
		c.keeps = true
		go c.keep() //nolint:contextcheck // it lives as long as the client
	}
	return nil
}

func (c *Client) put(ctx context.Context, d Door) error {
	return fault.Wrap(fault.Transient, c.call(ctx, http.MethodPut, "/doors", opening{Door: d, Secrets: d.Secrets, Telemetry: d.Telemetry}, nil), "open the door of %s", d.Name)
}

// keep waits for the end of the gateway, and gives a new one the doors of this
// process.
func (c *Client) keep() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-c.ended
		cancel()
	}()
	for ctx.Err() == nil {
		c.watch(ctx)
		if c.isClosed() {
			return
		}
		c.mu.Lock()
		doors := make([]Door, 0, len(c.doors))
		for _, d := range c.doors {
			doors = append(doors, d)
		}
		if len(doors) == 0 {
			c.keeps = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		var err error
		if ctx.Err() == nil {
			err = c.ensure(ctx)
		}
		for _, d := range doors {
			c.mu.Lock()
			_, isOpen := c.doors[d.Name] // it may have been closed meanwhile
			c.mu.Unlock()
			if err == nil && ctx.Err() == nil && isOpen {
				err = c.put(ctx, d)
			}
		}
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// isClosed says so from the moment on at which Close returns.
func (c *Client) isClosed() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// watch returns when the gateway has ended.
func (c *Client) watch(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/alive", nil)
	if err != nil {
		return
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // its end is all that matters
}

// Shut closes a door, and gives what was spent through it. Without a gateway
// it is read from the journal. Outcome is how the attempt ended, for a
// recording; empty where that is not known.
func (c *Client) Shut(ctx context.Context, name string, outcome job.OutcomeKind) (Spend, error) {
	c.mu.Lock()
	delete(c.doors, name)
	c.mu.Unlock()
	if _, err := os.Stat(filepath.Join(doorDir(c.dir, name), doorFile)); err == nil {
		if err := c.ensure(ctx); err != nil {
			return Spend{}, err
		}
	}
	var s Spend
	err := c.call(ctx, http.MethodDelete, "/doors/"+url.PathEscape(name)+"?outcome="+url.QueryEscape(string(outcome)), nil, &s)
	if isDown(err) {
		return offline(c, func(l *ledger) Spend { return *l.door(name) })
	}
	return s, fault.Wrap(fault.Transient, err, "close the door of %s", name)
}

// Had reports whether a door of that name is open, or was lately.
func (c *Client) Had(name string) bool {
	_, err := os.Stat(doorDir(c.dir, name))
	return checkName(name) == nil && err == nil
}

// Spend gives what was spent through a door.
func (c *Client) Spend(ctx context.Context, name string) (Spend, error) {
	var s Spend
	err := c.call(ctx, http.MethodGet, "/doors/"+url.PathEscape(name), nil, &s)
	if isDown(err) {
		return offline(c, func(l *ledger) Spend { return *l.door(name) })
	}
	return s, fault.Wrap(fault.Transient, err, "ask what %s has spent", name)
}

// Spent gives what was spent in a scope.
func (c *Client) Spent(ctx context.Context, scope string) (Spent, error) {
	var s Spent
	err := c.call(ctx, http.MethodGet, "/scopes?name="+url.QueryEscape(scope), nil, &s)
	if isDown(err) {
		return offline(c, func(l *ledger) Spent { return l.spent(scope, none) })
	}
	return s, fault.Wrap(fault.Transient, err, "ask what was spent")
}

// State gives how the gateway is; false when none runs.
func (c *Client) State(ctx context.Context) (State, bool) {
	var st State
	return st, c.call(ctx, http.MethodGet, "/state", nil, &st) == nil
}

// offline reads the journal while no gateway runs. What a dead one left open
// counts as what it was likely to take.
func offline[T any](c *Client, get func(*ledger) T) (none T, err error) {
	f, err := os.Open(filepath.Join(c.dir, journalFile))
	if errors.Is(err, os.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, fault.Wrap(fault.Internal, err, "read the gateway's journal")
	}
	defer f.Close()
	l := newLedger()
	if _, err := readJournal(f, l.apply); err != nil {
		return none, err
	}
	for id, e := range l.open {
		l.apply(entry{Kind: settled, ID: id, Usage: e.Estimate.Booked(job.Usage{}), Guess: true})
	}
	return get(l), nil
}

// down says that no gateway answers.
type down struct{ error }

func isDown(err error) bool { return errors.As(err, &down{}) }

const callTime = 30 * time.Second

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return down{err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxControl))
	if err != nil {
		return down{err}
	}
	if resp.StatusCode != http.StatusOK {
		var said struct{ Error, Kind, Hint string }
		if json.Unmarshal(data, &said) != nil || said.Error == "" {
			said.Error, said.Kind = resp.Status, string(fault.Internal)
		}
		return fault.New(fault.Kind(said.Kind), "%s", said.Error).WithHint("%s", said.Hint)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}
