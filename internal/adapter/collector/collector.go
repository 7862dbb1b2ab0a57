// Package collector sends spans and metrics to a collector of OpenTelemetry. A
// collector that is slow, dead or hangs delays nobody: what cannot be sent in
// time is dropped, counted and said in the log.
package collector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"muster/internal/core/otlp"
)

const (
	maxQueue  = 2048 // spans that wait; more are dropped
	maxBatch  = 512  // spans of one request
	tries     = 3    // of one request
	firstWait = time.Second
	mostWait  = 30 * time.Second // that a collector may ask for
	maxAnswer = 64 << 10         // bytes of an answer that are read, so that the connection can be used again
	lastTime  = 2 * time.Second  // for what is left when the process ends
)

// Exporter sends in the background. Its methods may be called by several
// goroutines, and never wait for the collector.
type Exporter struct {
	s        otlp.Settings
	resource otlp.Resource
	log      *slog.Logger
	http     *http.Client

	queue   chan otlp.Span
	dropped atomic.Int64 // spans, since the beginning
	last    context.Context
	leave   context.CancelFunc // ends requests under way
	closing chan struct{}
	closed  chan struct{}
	once    sync.Once

	mu      sync.Mutex
	metrics *otlp.Metrics
}

// New begins to send as the settings say. Version is the program's.
func New(s otlp.Settings, version string, log *slog.Logger) *Exporter {
	now := time.Now()
	attrs := append([]otlp.Attr{
		otlp.Text("service.name", s.Service), otlp.Text("service.version", version), otlp.Text("service.instance.id", fmt.Sprintf("%d-%d", os.Getpid(), now.UnixNano())),
		otlp.Whole("process.pid", int64(os.Getpid())),
	}, s.Attrs...)
	e := &Exporter{
		s: s, resource: otlp.Resource{Version: version, Attrs: attrs}, log: log, metrics: otlp.NewMetrics(now.UnixMicro()),
		queue: make(chan otlp.Span, maxQueue), closing: make(chan struct{}), closed: make(chan struct{}),
		http: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
				ForceAttemptHTTP2: true, MaxIdleConns: 2, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 5 * time.Second,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // keys are not carried elsewhere
		},
	}
	e.last, e.leave = context.WithCancel(context.Background())
	go e.run()
	return e
}

// Send queues a span. It is dropped when too many wait.
func (e *Exporter) Send(s otlp.Span) {
	if e.s.Traces == "" {
		return
	}
	select {
	case e.queue <- s:
	default:
		e.dropped.Add(1)
	}
}

// Request tells of a request to a model: its span, and what is counted of it.
func (e *Exporter) Request(r otlp.Request) {
	e.Send(r.Span())
	if e.s.Metrics == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.metrics.Add(r)
}

// Close sends what is left, for two seconds at most.
func (e *Exporter) Close() {
	e.once.Do(func() {
		close(e.closing)
		t := time.AfterFunc(lastTime, e.leave)
		<-e.closed
		t.Stop()
		e.leave()
		e.http.CloseIdleConnections()
	})
}

// run sends until the exporter is closed.
func (e *Exporter) run() {
	defer close(e.closed)
	tick := time.NewTicker(time.Duration(e.s.DelayMS) * time.Millisecond)
	defer tick.Stop()
	measure := time.NewTicker(time.Duration(e.s.EveryMS) * time.Millisecond)
	defer measure.Stop()
	var batch []otlp.Span
	var told int64
	for isClosing := false; ; {
		isDue := false
		select {
		case s := <-e.queue:
			batch = append(batch, s)
		case <-tick.C:
			isDue = true
		case <-measure.C:
			e.measure()
		case <-e.closing:
			isClosing = true
		}
		isDue = isDue || isClosing
		for more := true; more && isDue && len(batch) < maxBatch; {
			select {
			case s := <-e.queue:
				batch = append(batch, s)
			default:
				more = false
			}
		}
		if len(batch) > 0 && (isDue || len(batch) >= maxBatch) {
			e.post(otlp.Traces, e.s.Traces, otlp.EncodeSpans(e.resource, batch), len(batch))
			batch = nil
		}
		if n := e.dropped.Load(); n > told && isDue {
			e.log.Warn("telemetry: spans were dropped", "spans", n-told, "altogether", n)
			told = n
		}
		if isClosing && len(e.queue) == 0 {
			e.measure()
			return
		}
	}
}

// measure sends what was counted so far.
func (e *Exporter) measure() {
	if e.s.Metrics == "" {
		return
	}
	e.mu.Lock()
	if e.metrics.Empty() {
		e.mu.Unlock()
		return
	}
	body := e.metrics.Encode(e.resource, time.Now().UnixMicro())
	e.mu.Unlock()
	e.post(otlp.Measures, e.s.Metrics, body, 0) // the next time tells what this one could not
}

// post sends a body, again after a while where that may help.
func (e *Exporter) post(signal otlp.Signal, to string, body []byte, spans int) {
	wait := firstWait
	for try := 1; ; try++ {
		again, after, err := e.try(signal, to, body)
		if err == nil {
			return
		}
		if !again || try == tries || e.isClosing() || e.last.Err() != nil {
			e.dropped.Add(int64(spans))
			e.log.Warn("telemetry: the collector did not take it", "signal", string(signal), "error", err.Error())
			return
		}
		select {
		case <-time.After(max(wait, min(after, mostWait))):
		case <-e.closing: // once more, and no more waiting
		}
		wait *= 2
	}
}

func (e *Exporter) isClosing() bool {
	select {
	case <-e.closing:
		return true
	default:
		return false
	}
}

// try sends a body once. Again says whether the same may be taken another time.
func (e *Exporter) try(signal otlp.Signal, to string, body []byte) (again bool, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(e.last, time.Duration(e.s.TimeoutMS)*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return false, 0, errors.New("its address cannot be used")
	}
	for _, h := range e.s.Headers[signal] {
		req.Header.Set(h[0], h[1])
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "muster")
	resp, err := e.http.Do(req)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err // without the address, which may hold a key
		}
		return true, 0, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode < 300 {
		return false, 0, nil
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		after = time.Duration(max(s, 0)) * time.Second
	}
	return again, after, fmt.Errorf("it answers with status %d", resp.StatusCode)
}
