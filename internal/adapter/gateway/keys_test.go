package gateway

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/core/fault"
)

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	put := func(text string) Key {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Key{File: file}
	}
	sh := func(line string) Key { return Key{Command: []string{"/bin/sh", "-c", line}} }
	for _, c := range []struct {
		name string
		key  func() Key
		env  string
		want string // or what the error says
		ok   bool
	}{
		{"variable", func() Key { return Key{Env: "K"} }, "sk-1", "sk-1", true},
		{"variable that is not set", func() Key { return Key{Env: "K"} }, "", "the variable K holds no key", false},
		{"file", func() Key { return put("  sk-2\nmore\n") }, "", "sk-2", true},
		{"file that is empty", func() Key { return put("\n") }, "", "holds no key", false},
		{"file that is not there", func() Key { return Key{File: filepath.Join(dir, "none")} }, "", "read the key", false},
		{"file of something else", func() Key { return put("not a key\x01") }, "", "is no key", false},
		{"file that is too long", func() Key { return put(strings.Repeat("k", maxKey+1)) }, "", "is no key", false},
		{"command", func() Key { return sh("echo sk-3") }, "", "sk-3", true},
		{"command that says much on its error output", func() Key { return sh("echo sk-4; echo sk-secret >&2") }, "", "sk-4", true},
		{"command that fails and prints the key", func() Key { return sh("echo sk-secret; echo sk-secret >&2; exit 3") }, "", "exit status 3", false},
		{"command that is not there", func() Key { return Key{Command: []string{"/nonexistent"}} }, "", "could not be started", false},
		{"command that prints without end", func() Key {
			return sh("while :; do echo kkkkkkkkkkkkkkkkkkkkkkkkkkkkkk; done | head -c 1000000; exit 0")
		}, "", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &keyring{most: time.Minute, known: map[string]timedKey{}}
			got, err := k.find(context.Background(), Provider{Auth: Bearer, Key: c.key()}, func(context.Context) string { return c.env })
			if c.ok != (err == nil) || c.ok && got != c.want {
				t.Fatalf("%q, %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error()+fault.HintOf(err), "sk-secret")) {
				t.Errorf("it says %v (%s)", err, fault.HintOf(err))
			}
		})
	}
}

// A command that hangs is ended with all that it started, and says so.
func TestKeyCommandHangs(t *testing.T) {
	k := &keyring{most: 200 * time.Millisecond, known: map[string]timedKey{}}
	p := Provider{Auth: APIKey, Key: Key{Command: []string{"/bin/sh", "-c", "sleep 1000 & echo sk-secret; wait"}}}
	_, err := k.find(context.Background(), p, nil)
	if err == nil || !strings.Contains(err.Error(), "printed no key within") || strings.Contains(err.Error(), "sk-secret") {
		t.Errorf("%v", err)
	}
}

// What a command printed is used again until a service refuses it.
func TestKeyCommandRunsSeldom(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	k := &keyring{most: time.Minute, known: map[string]timedKey{}}
	p := Provider{Auth: APIKey, Key: Key{Command: []string{"/bin/sh", "-c", "echo x >> " + count + "; echo sk"}}}
	for _, again := range []bool{false, false, true} {
		if again {
			k.forget()
		}
		if _, err := k.find(context.Background(), p, nil); err != nil {
			t.Fatal(err)
		}
	}
	if data, _ := os.ReadFile(count); string(data) != "x\nx\n" {
		t.Errorf("it ran as %q", data)
	}
}

func TestAuth(t *testing.T) {
	for auth, want := range map[Auth]string{Bearer: "Bearer k||", APIKey: "|k|", GoogKey: "||k", NoAuth: "||"} {
		h := http.Header{}
		for _, name := range []string{"Authorization", "X-Api-Key", "X-Goog-Api-Key", "Cookie"} {
			h.Set(name, "dummy")
		}
		auth.put(h, "k")
		if got := h.Get("Authorization") + "|" + h.Get("X-Api-Key") + "|" + h.Get("X-Goog-Api-Key"); got != want || h.Get("Cookie") != "" {
			t.Errorf("%s: %s", auth, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value, body string
		want              time.Duration
		ok                bool
	}{
		{"Retry-After", "7", "", 7 * time.Second, true},
		{"Retry-After", "0.5", "", 500 * time.Millisecond, true},
		{"Retry-After-Ms", "250", "", 250 * time.Millisecond, true},
		{"Retry-After", "Sat, 28 Nov 2026 10:01:00 GMT", "", time.Minute, true},
		{"Retry-After", "Sat, 28 Nov 2026 09:00:00 GMT", "", 0, true}, // a clock that is set otherwise
		{"Retry-After", "-3", "", 0, false},
		{"Retry-After", "1e99", "", 0, false},
		{"X", "", `{"error":{"details":[{"retryDelay": "34.5s"}]}}`, 34500 * time.Millisecond, true},
		{"X", "", `{"error":{"resets_in_seconds":120}}`, 2 * time.Minute, true},
		{"X", "", `{"error":{"resets_in_seconds":"soon"}}`, 0, false},
	} {
		h := http.Header{}
		h.Set(c.name, c.value)
		if got, ok := retryAfter(h, []byte(c.body), now); got != c.want || ok != c.ok {
			t.Errorf("%s %s %s: %s %v", c.name, c.value, c.body, got, ok)
		}
	}
}
