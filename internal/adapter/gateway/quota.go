package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strconv"
	"sync"
	"time"
)

const (
	quotaPatience = 2 * time.Minute       // requests wait that long in the gateway; a longer end is told to the agent
	quotaLongest  = 8 * 24 * time.Hour    // no service asks for more in earnest
	quotaFirst    = 1 * time.Second       // after a refusal that names no time; doubled each time
	quotaMost     = 1 * time.Minute       // of those
	quotaStagger  = 50 * time.Millisecond // between requests that have waited for the same moment
)

// Account is what is known of the limits of one account at a service. The key
// is not in it.
type Account struct {
	Name    string `json:"name"`     // the service's host, and a few digits that tell keys apart
	UntilUS int64  `json:"until_us"` // it answers nothing before
	Waiting int    `json:"waiting"`  // requests
}

// quota shares among all requests of an account what its service said of
// limits. Waits use the monotonic clock, so that a clock that is set does no
// harm.
type quota struct {
	mu       sync.Mutex
	accounts map[string]*account
}

type account struct {
	until   time.Time
	backoff time.Duration
	waiting int
}

func newQuota() *quota { return &quota{accounts: map[string]*account{}} }

// accountOf names an account by the service's host and a digest of the key.
func accountOf(p Provider, key string) string {
	host := p.Base
	if u, err := url.Parse(p.Base); err == nil {
		host = u.Host
	}
	sum := sha256.Sum256([]byte("muster account\x00" + key))
	return host + " #" + hex.EncodeToString(sum[:3])
}

func (q *quota) of(name string) *account {
	a := q.accounts[name]
	if a == nil {
		a = &account{}
		q.accounts[name] = a
	}
	return a
}

// pass waits until the account may be asked. When that is far off, it gives
// for how long instead.
func (q *quota) pass(ctx context.Context, name string) (far time.Duration, err error) {
	isWaiting := false
	defer func() {
		if isWaiting {
			q.mu.Lock()
			q.of(name).waiting--
			q.mu.Unlock()
		}
	}()
	for {
		q.mu.Lock()
		a := q.of(name)
		left := time.Until(a.until)
		if left > 0 && left <= quotaPatience && !isWaiting {
			isWaiting = true
			a.waiting++
			left += time.Duration(a.waiting-1) * quotaStagger
		}
		q.mu.Unlock()
		if left <= 0 {
			return 0, nil
		}
		if left > quotaPatience+time.Minute {
			return left, nil
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return 0, ctx.Err()
		}
	}
}

// learn takes what an answer says of the account's limits.
func (q *quota) learn(name string, status int, h http.Header, body []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.of(name)
	isLimit := status == http.StatusTooManyRequests
	wait, named := retryAfter(h, body, time.Now())
	switch {
	case isLimit && !named:
		a.backoff = min(max(2*a.backoff, quotaFirst), quotaMost)
		wait = a.backoff
	case isLimit || named && (status == http.StatusServiceUnavailable || status == 529):
	case status < 400:
		a.backoff = 0
		return
	default:
		return
	}
	if until := time.Now().Add(min(wait, quotaLongest)); until.After(a.until) {
		a.until = until
	}
}

// retryAfter reads after which time a service may be asked again.
func retryAfter(h http.Header, body []byte, now time.Time) (time.Duration, bool) {
	if v := h.Get("Retry-After-Ms"); v != "" {
		if ms, err := strconv.ParseFloat(v, 64); err == nil && ms >= 0 && ms < 1e12 {
			return time.Duration(ms * float64(time.Millisecond)), true
		}
	}
	if v := h.Get("Retry-After"); v != "" {
		if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 && s < 1e9 {
			return time.Duration(s * float64(time.Second)), true
		}
		if at, err := http.ParseTime(v); err == nil {
			return max(at.Sub(now), 0), true
		}
	}
	// Google says it in the body, Codex's service too.
	said := regexp.MustCompile(`"(?:retryDelay"\s*:\s*"([0-9]{1,9}(?:\.[0-9]+)?)s"|resets_in_seconds"\s*:\s*([0-9]{1,9}))`)
	if m := said.FindSubmatch(body); m != nil {
		if s, err := strconv.ParseFloat(string(m[1])+string(m[2]), 64); err == nil {
			return time.Duration(s * float64(time.Second)), true
		}
	}
	return 0, false
}

// state gives the accounts that have to be waited for, by name.
func (q *quota) state() []Account {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := []Account{}
	for name, a := range q.accounts {
		if left := time.Until(a.until); left > 0 {
			out = append(out, Account{Name: name, UntilUS: time.Now().Add(left).UnixMicro(), Waiting: a.waiting})
		}
	}
	sort.Slice(out, func(i, k int) bool { return out[i].Name < out[k].Name })
	return out
}
