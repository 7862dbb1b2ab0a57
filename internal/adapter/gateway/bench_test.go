package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/adapter/gateway"
	"muster/internal/core/meter"
	"muster/internal/core/recording"
)

// canned is a service that answers at once: a stream of events, with usage.
func canned(b *testing.B, events int, pause time.Duration) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		flush := http.NewResponseController(w).Flush
		for range events {
			_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"word word word word\"}}]}\n\n")
			_ = flush()
			if pause > 0 {
				<-time.After(pause)
			}
		}
		_, _ = io.WriteString(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n")
	}))
	b.Cleanup(s.Close)
	return s
}

// benchHouse is a gateway in this process, with one door, which may be recorded.
func benchHouse(b *testing.B, service string, r *gateway.Recording) (door *http.Client) {
	b.Helper()
	dir := b.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Serve(ctx, dir, gateway.Options{}) }()
	c := gateway.NewClient(dir, []string{"/nonexistent"}, nil)
	for {
		if _, ok := c.State(ctx); ok {
			break
		}
	}
	err := c.Open(ctx, gateway.Door{
		Name: "run.task.1", Scopes: []gateway.Scope{{Name: "task/x", Title: "task x", Limit: meter.Amount{MicroUSD: 1e15}}},
		Prices:    map[string]meter.Price{"m": {Input: 1, Output: 1}},
		Providers: map[string]gateway.Provider{"openai": {Base: service, Auth: gateway.Bearer, Key: gateway.Key{Env: "K"}, Vendor: "openai"}},
		Secrets:   map[string]string{"openai": realKey}, Recording: r,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		c.Close()
		cancel()
		<-ended
	})
	return throughDoor(dir, "run.task.1")
}

// stream asks for a stream, and gives the time to its first line and to its end.
func stream(b *testing.B, c *http.Client, url, body string) (first, whole time.Duration) {
	began := time.Now()
	resp, err := c.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		b.Error(err)
		return 0, 0
	}
	defer resp.Body.Close()
	br := bufio.NewReader(resp.Body)
	if _, err := br.ReadString('\n'); err != nil {
		b.Error(err)
	}
	first = time.Since(began)
	rest, err := io.ReadAll(br)
	if err != nil || !strings.Contains(string(rest), "[DONE]") {
		b.Errorf("the stream ended with %.80q %v", rest, err)
	}
	return first, time.Since(began)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkOverhead asks a service directly and through the gateway in turns,
// and prints what the gateway adds in the middle of all: to the first event,
// and to the end.
func BenchmarkOverhead(b *testing.B) { overhead(b, nil) }

// BenchmarkRecorded is the same, with the exchanges recorded.
func BenchmarkRecorded(b *testing.B) {
	overhead(b, &gateway.Recording{Mode: gateway.Record, Dir: b.TempDir(), File: "task.1.jsonl", Names: recording.Names{
		Worktree: "/home/kim/state/trees/1", Scratch: "/home/kim/state/scratch/1", Home: "/home/kim", Session: "0123456789", Op: "run.task.1",
	}})
}

func overhead(b *testing.B, r *gateway.Recording) {
	service := canned(b, 20, 0)
	door := benchHouse(b, service.URL, r)
	direct := &http.Client{Transport: &http.Transport{}}
	body := `{"model":"m","stream":true,"messages":["` + strings.Repeat("some words of a conversation ", 1500) + `"]}`
	var d, g [2][]time.Duration
	for b.Loop() {
		f, w := stream(b, direct, service.URL+"/chat/completions", body)
		d[0], d[1] = append(d[0], f), append(d[1], w)
		f, w = stream(b, door, "http://door/model/openai/chat/completions", body)
		g[0], g[1] = append(g[0], f), append(g[1], w)
	}
	b.ReportMetric(float64((median(g[0]) - median(d[0])).Microseconds()), "µs-first-p50")
	b.ReportMetric(float64((median(g[1]) - median(d[1])).Microseconds()), "µs-whole-p50")
	b.ReportMetric(float64(median(d[1]).Microseconds()), "µs-direct-p50")
}

// BenchmarkStreams carries 200 streams at once, of 50 events each, a hundredth
// of a second apart.
func BenchmarkStreams(b *testing.B) {
	for _, n := range []int{1, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			service := canned(b, 50, 10*time.Millisecond)
			door := benchHouse(b, service.URL, nil)
			var worst time.Duration
			for b.Loop() {
				var all sync.WaitGroup
				var mu sync.Mutex
				for range n {
					all.Go(func() {
						_, whole := stream(b, door, "http://door/model/openai/chat/completions", `{"model":"m","stream":true}`)
						mu.Lock()
						defer mu.Unlock()
						worst = max(worst, whole)
					})
				}
				all.Wait()
			}
			b.ReportMetric(float64(worst.Milliseconds()), "ms-slowest")
		})
	}
}
