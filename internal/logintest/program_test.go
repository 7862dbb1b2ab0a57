package logintest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// rounds is how often a program asks its model, and pace how long it works in
// between: three seconds, in which tokens that hold for one second have to be
// renewed twice at least, also by one that begins at once with fresh ones.
const (
	rounds = 20
	pace   = 150 * time.Millisecond
)

// jwt is an access token that says until when it holds, and whose it is.
func jwt(until int64) string {
	claims := fmt.Sprintf(`{"exp":%d,"n":%d,"https://api.openai.com/auth":{"chatgpt_account_id":"me"}}`, until/1000, time.Now().UnixNano())
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

// agent is an agent's program that handles its login as Claude Code 2.1.330 or
// Codex 0.169.0 does: what it has in memory counts until it has to be renewed;
// then the file is read again, and only if it still has the same tokens they
// are renewed. Claude Code does that under a lock of its own and renames a new
// file over the old one; Codex has no lock and writes its file in place.
type agent struct {
	kind string
	file string
	mail string
	has  tokens
}

// program runs an agent. It writes the file that its prompt names.
func program(kind string, args []string) int {
	var prompt []byte
	if len(args) > 0 {
		prompt, _ = io.ReadAll(os.Stdin)
	}
	session := "11111111-2222-4333-8444-555555555555"
	if i := slices.Index(args, "--session-id"); i >= 0 {
		session = args[i+1]
	}
	say(kind == "claude", map[string]any{"type": "system", "subtype": "init", "session_id": session}, map[string]any{"type": "thread.started", "thread_id": session})
	a := &agent{kind: kind, file: fileOf(kind, os.Getenv), mail: filepath.Join(os.Getenv("HOME"), mail)}
	err := a.work(prompt)
	usage := map[string]any{"input_tokens": 1, "output_tokens": 1}
	if err != nil {
		fmt.Fprintln(os.Stderr, kind+":", err)
		say(kind == "claude", map[string]any{"type": "result", "subtype": "success", "is_error": true, "api_error_status": 401, "result": err.Error(), "session_id": session, "usage": usage},
			map[string]any{"type": "turn.failed", "error": map[string]any{"message": "unexpected status 401 Unauthorized: " + err.Error()}})
		return 1
	}
	say(kind == "claude", map[string]any{"type": "result", "subtype": "success", "is_error": false, "terminal_reason": "completed", "result": "did it", "session_id": session, "usage": usage},
		map[string]any{"type": "turn.completed", "usage": usage})
	return 0
}

// say prints one of two lines.
func say(isFirst bool, first, second any) {
	if !isFirst {
		first = second
	}
	_ = json.NewEncoder(os.Stdout).Encode(first)
}

func (a *agent) work(prompt []byte) error {
	err := errors.Join(os.MkdirAll(a.mail, 0o700), a.load())
	if err == nil {
		err = a.write(prompt)
	}
	if err != nil {
		return err
	}
	if person := os.Getenv("HIJACKED"); person != "" {
		return a.attack(person)
	}
	for range rounds {
		if err := a.ask(); err != nil {
			return err
		}
		<-time.After(pace)
	}
	return nil
}

// attack tries to get at the person's file, at its path and by its copy. It is an
// error when the file could be opened.
func (a *agent) attack(person string) error {
	for _, how := range []int{os.O_RDONLY, os.O_WRONLY, os.O_WRONLY | os.O_CREATE | os.O_TRUNC} {
		if f, err := os.OpenFile(person, how, 0o600); err == nil {
			return errors.Join(fmt.Errorf("%s could be opened (%d)", person, how), f.Close())
		}
	}
	evil := tokens{Access: jwt(a.has.Until + 1000), Refresh: "rt-evil", Until: a.has.Until + 1000}
	text := strings.ReplaceAll(string(format(a.kind, evil)), `"me"`, `"you"`)
	for _, lay := range []func() error{
		func() error { return os.WriteFile(a.file, []byte(text), 0o600) },
		func() error { return os.WriteFile(a.file, bytes.Repeat([]byte("x"), 1<<20), 0o600) },
		func() error { return os.Symlink(person, a.file) },
		func() error { return os.Link(person, a.file) },
		func() error { return os.WriteFile(a.file, []byte(text), 0o600) },
	} {
		_ = os.Remove(a.file) // each in the place of the one before, where it can be
		_ = lay()
		<-time.After(pace)
	}
	return nil
}

// write writes the file that the prompt names, or the first one of the session
// did.
func (a *agent) write(prompt []byte) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	wanted := filepath.Join(a.mail, filepath.Base(dir)) // of the session, which is gone on with by another prompt
	if m := regexp.MustCompile(`write (\S+)`).FindSubmatch(prompt); m != nil {
		if err := os.WriteFile(wanted, m[1], 0o600); err != nil {
			return err
		}
	}
	if data, err := os.ReadFile(wanted); err == nil {
		name := string(data)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, []byte("here\n"), 0o644)
	}
	return nil
}

// ask asks the model once.
func (a *agent) ask() error {
	if a.has.Until-early.Milliseconds() <= time.Now().UnixMilli() {
		if err := a.renew(); err != nil {
			return err
		}
	}
	// Each time there may be newer tokens by now: these hold for a second, and
	// the machine may be slow.
	for began := time.Now(); time.Since(began) < time.Minute; {
		said, err := a.post("/model", a.has.Access)
		if err != nil || said.Status == 200 {
			return err
		}
		if err := a.renew(); err != nil { // it was refused before its time
			return err
		}
	}
	return errors.New("refused for a minute")
}

// renew gets fresh tokens: those of the file, or new ones for the file.
func (a *agent) renew() error {
	if a.kind == "claude" {
		lock := filepath.Join(filepath.Dir(a.file), ".oauth_refresh.lock")
		for began := time.Now(); os.Mkdir(lock, 0o700) != nil; <-time.After(50 * time.Millisecond) {
			if time.Since(began) > time.Minute {
				return errors.New("the lock is held for ever")
			}
		}
		defer func() { _ = os.Remove(lock) }()
	}
	before := a.has
	if err := a.load(); err != nil || a.has.Access != before.Access {
		return err
	}
	said, err := a.post("/token", a.has.Refresh)
	if err != nil {
		return err
	}
	if said.Status != 200 {
		if a.kind == "claude" {
			_ = a.save(tokens{}) // it writes down that it is logged out
		}
		return errors.New("logged out")
	}
	a.has = said.Tokens
	if err := a.save(a.has); err != nil {
		return err
	}
	a.killShim()
	return nil
}

// killShim kills the shim and this process, once, when the variable KILL names
// a file to note it in: nobody has seen yet that the tokens are renewed.
func (a *agent) killShim() {
	name := os.Getenv("KILL")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	_ = f.Close()
	_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
}

// post asks the service.
func (a *agent) post(path, bearer string) (answer, error) {
	name := filepath.Join(a.mail, rand.Text())
	send(name+question, request{path, bearer})
	for began := time.Now(); time.Since(began) < time.Minute; <-time.After(5 * time.Millisecond) {
		data, err := os.ReadFile(name + reply)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		var said answer
		if err == nil {
			err = json.Unmarshal(data, &said)
		}
		return said, errors.Join(err, os.Remove(name+reply))
	}
	return answer{}, errors.New("the service does not answer")
}

// load reads the file.
func (a *agent) load() error {
	data, err := os.ReadFile(a.file)
	if err != nil {
		return err
	}
	a.has, err = parse(a.kind, data)
	if err == nil && a.has.Refresh == "" {
		err = errors.New("not logged in")
	}
	return err
}

// save writes the file, each program in its own way.
func (a *agent) save(has tokens) error {
	data := format(a.kind, has)
	if a.kind == "codex" {
		return os.WriteFile(a.file, data, 0o600)
	}
	temp := fmt.Sprintf("%s.tmp.%d", a.file, os.Getpid())
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, a.file)
}

func fileOf(kind string, env func(string) string) string {
	if kind == "claude" {
		return filepath.Join(env("HOME"), ".claude", ".credentials.json")
	}
	if dir := env("CODEX_HOME"); dir != "" {
		return filepath.Join(dir, "auth.json")
	}
	return filepath.Join(env("HOME"), ".codex", "auth.json")
}

// format gives a program's file.
func format(kind string, has tokens) []byte {
	if kind == "claude" {
		return fmt.Appendf(nil, `{"claudeAiOauth":{"accessToken":%q,"refreshToken":%q,"expiresAt":%d,"scopes":["user:inference"],"subscriptionType":"max"}}`, has.Access, has.Refresh, has.Until)
	}
	return fmt.Appendf(nil, `{"OPENAI_API_KEY":null,"tokens":{"id_token":"id-token","access_token":%q,"refresh_token":%q,"account_id":"me"},"last_refresh":%q}`+"\n",
		has.Access, has.Refresh, time.Now().UTC().Format(time.RFC3339Nano))
}

func parse(kind string, data []byte) (tokens, error) {
	var f struct {
		Claude struct {
			AccessToken, RefreshToken string
			ExpiresAt                 int64
		} `json:"claudeAiOauth"`
		Codex struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		} `json:"tokens"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return tokens{}, err
	}
	if kind == "claude" {
		return tokens{f.Claude.AccessToken, f.Claude.RefreshToken, f.Claude.ExpiresAt}, nil
	}
	has := tokens{Access: f.Codex.Access, Refresh: f.Codex.Refresh}
	var claims struct{ Exp int64 }
	if parts := regexp.MustCompile(`\.`).Split(has.Access, 3); len(parts) == 3 {
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil {
			err = json.Unmarshal(payload, &claims)
		}
		if err != nil {
			return has, err
		}
	}
	has.Until = claims.Exp * 1000
	return has, nil
}
