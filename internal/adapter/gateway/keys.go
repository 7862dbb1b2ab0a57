package gateway

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"muster/internal/core/fault"
)

const (
	keyTime     = 20 * time.Second // for a command to print a key
	keyFresh    = 5 * time.Minute  // for which what a command printed is used again
	maxKey      = 8 << 10          // bytes
	keyPatience = 20 * time.Second // for Muster to hand a key over again after the gateway was started anew
)

// keyring finds keys, and remembers those of commands for a while.
type keyring struct {
	most time.Duration // for a command

	mu    sync.Mutex
	known map[string]timedKey // by the command's words
}

type timedKey struct {
	key string
	at  time.Time
}

// find gives the provider's key. What it says of a failure never holds what a
// command or a file said.
func (k *keyring) find(ctx context.Context, p Provider, secret func(context.Context) string) (string, error) {
	switch {
	case p.Auth == NoAuth:
		return "", nil
	case p.Key.File != "":
		f, err := os.Open(p.Key.File)
		if err != nil {
			return "", fault.WithHint(fault.Wrap(fault.Refused, err, "read the key of a model"), "correct key: of the agent in .muster/config.yaml")
		}
		defer f.Close()
		data := make([]byte, maxKey+1)
		n, err := f.Read(data)
		if err != nil {
			return "", fault.Wrap(fault.Refused, err, "read the key of a model in %s", p.Key.File)
		}
		return cleanKey(data[:n], "the file "+p.Key.File)
	case len(p.Key.Command) > 0:
		return k.command(ctx, p.Key.Command)
	}
	return cleanKey([]byte(secret(ctx)), "the variable "+p.Key.Env)
}

// command runs a program that prints a key. Its errors are not shown: they may
// hold the key.
func (k *keyring) command(ctx context.Context, argv []string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock() // one at a time: such programs may ask a person
	name := strings.Join(argv, "\x00")
	if had := k.known[name]; had.key != "" && time.Since(had.at) < keyFresh {
		return had.key, nil
	}
	ctx, cancel := context.WithTimeout(ctx, k.most)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	out := &capped{most: maxKey + 1}
	cmd.Stdout, cmd.WaitDelay = out, time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", fault.New(fault.Refused, "the command %s printed no key within %s", argv[0], k.most).
			WithHint("run it by hand; it must not ask anybody")
	}
	if err != nil {
		return "", fault.New(fault.Refused, "the command %s that prints the key of a model failed (%s)", argv[0], exitOf(err)).
			WithHint("run it by hand to see why; what it says is not shown, because it may hold the key")
	}
	key, err := cleanKey(out.data, "the command "+argv[0])
	if err == nil {
		k.known[name] = timedKey{key, time.Now()}
	}
	return key, err
}

func exitOf(err error) string {
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		return e.String()
	}
	return "it could not be started"
}

// forget drops what commands printed: a service has refused it.
func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.known)
}

// cleanKey takes the first line, and refuses what cannot be a key.
func cleanKey(data []byte, from string) (string, error) {
	line, _, _ := bytes.Cut(bytes.TrimSpace(data), []byte("\n"))
	line = bytes.TrimSpace(line)
	bad := bytes.ContainsFunc(line, func(r rune) bool { return r <= ' ' || r > '~' })
	switch {
	case len(line) == 0:
		return "", fault.New(fault.Refused, "%s holds no key for the model", from).WithHint("set it, and start again")
	case len(line) > maxKey || bad:
		return "", fault.New(fault.Refused, "what %s holds is no key: it is too long, or has other signs than a key may have", from)
	}
	return string(line), nil
}

// put sends the key the provider's way, in place of whatever the agent sent.
func (a Auth) put(h http.Header, key string) {
	for _, name := range []string{"Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key", "Cookie", "Proxy-Authorization"} {
		h.Del(name)
	}
	switch a {
	case Bearer:
		h.Set("Authorization", "Bearer "+key)
	case APIKey:
		h.Set("X-Api-Key", key)
	case GoogKey:
		h.Set("X-Goog-Api-Key", key)
	case NoAuth:
	}
}

// capped keeps the first bytes that are written to it.
type capped struct {
	data []byte
	most int
}

func (c *capped) Write(p []byte) (int, error) {
	c.data = append(c.data, p[:min(len(p), c.most-len(c.data))]...)
	return len(p), nil
}
