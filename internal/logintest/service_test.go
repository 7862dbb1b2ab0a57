package logintest

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// early is how long before the end of an access token both programs renew
	// it, and life how long after that they have one that they take for fresh.
	early = 5 * time.Minute
	life  = 900 * time.Millisecond
	// slow is how long the answer of the service is on its way.
	slow = 100 * time.Millisecond
)

// tokens are what a login consists of.
type tokens struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"`
	Until   int64  `json:"until"` // milliseconds since 1970
}

// service renews tokens as real ones do: a refresh token is taken once, and
// who shows one for the second time ends the login. It is stricter in one
// thing: an access token ends when there is a new one.
//
// A process without a network cannot reach what listens on this machine, which
// is as it should be. So requests and answers are files, in a folder below the
// home of whoever asks.
type service struct {
	homes []string // patterns

	mu      sync.Mutex
	live    tokens
	renewed int
	reused  int // refresh tokens that came for the second time
	ended   bool
}

func newService(t *testing.T, homes ...string) *service {
	t.Helper()
	s := &service{homes: homes}
	s.live = fresh()
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				for _, home := range s.homes {
					found, _ := filepath.Glob(filepath.Join(home, mail, "*"+question))
					for _, name := range found {
						s.take(name)
					}
				}
			}
		}
	})
	t.Cleanup(func() { close(done); all.Wait() })
	return s
}

const (
	mail     = "mail"
	question = ".ask"
	reply    = ".answer"
)

// request is a question to the service, and answer what it says.
type request struct{ Path, Bearer string }

type answer struct {
	Status int
	Tokens tokens
}

// take answers a question.
func (s *service) take(name string) {
	data, err := os.ReadFile(name)
	var r request
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil || os.Remove(name) != nil {
		return
	}
	a := s.answer(r)
	wait := time.Duration(0)
	if r.Path == "/token" {
		wait = slow
	}
	time.AfterFunc(wait, func() { send(strings.TrimSuffix(name, question)+reply, a) })
}

// send makes a file appear, all at once.
func send(name string, v any) {
	data, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(name+".new", data, 0o600)
	}
	if err == nil {
		_ = os.Rename(name+".new", name)
	}
}

// fresh gives tokens of which nobody knows yet.
func fresh() tokens {
	until := time.Now().Add(early + life).UnixMilli()
	return tokens{Access: jwt(until), Refresh: "rt-" + rand.Text(), Until: until}
}

// answer renews tokens at /token, and is a model elsewhere.
func (s *service) answer(r request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return answer{Status: 401}
	case r.Path != "/token" && r.Bearer == s.live.Access:
		return answer{Status: 200}
	case r.Path != "/token":
		return answer{Status: 401}
	case r.Bearer == s.live.Refresh:
		s.live = fresh()
		s.renewed++
		return answer{Status: 200, Tokens: s.live}
	}
	s.reused++
	s.ended = true
	return answer{Status: 400}
}

// now is where the login stands.
func (s *service) now() (live tokens, renewed, reused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live, s.renewed, s.reused
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte(text), mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}
