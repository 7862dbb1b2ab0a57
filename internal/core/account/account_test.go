package account_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/internal/core/account"
	"muster/internal/core/fault"
)

const hour = 3600_000

// jwt is a token that says until when it holds, in milliseconds, and whose it is.
func jwt(until int64, who string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d,"https://api.openai.com/auth":{"chatgpt_account_id":%q}}`, until/1000, who)) + ".c2ln"
}

// file is a file of a program with these tokens.
func file(program, tokens string, until int64, who string) string {
	switch program {
	case "claude":
		return fmt.Sprintf(`{"claudeAiOauth":{"accessToken":"at-%s","refreshToken":"rt-%[1]s","expiresAt":%d,"scopes":["user:inference"],"subscriptionType":"max"},"mcpOAuth":{"x":1}}`, tokens, until)
	case "codex":
		return fmt.Sprintf(`{"auth_mode":"chatgpt","OPENAI_API_KEY":null,"tokens":{"id_token":"id-%s","access_token":%q,"refresh_token":"rt-%[1]s","account_id":%[3]q},"last_refresh":"2026-11-28T10:00:00Z"}`, tokens, jwt(until, who), who)
	case "opencode":
		return fmt.Sprintf(`{"anthropic":{"type":"oauth","access":"at-%s","refresh":"rt-%[1]s","expires":%d,"accountId":%q},"other":{"type":"api","key":"k"}}`, tokens, until, who)
	}
	return fmt.Sprintf(`{"access_token":"at-%s","refresh_token":"rt-%[1]s","expiry_date":%d,"resource_url":"model.example"}`, tokens, until)
}

func parse(t *testing.T, program, text string) account.File {
	t.Helper()
	f, err := account.Parse(program, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return f
}

func programs() []string { return []string{"claude", "codex", "gemini", "qwen", "opencode"} }

// What was renewed reaches the person's file, and nothing else does.
func TestRenew(t *testing.T) {
	const now = 1000 * hour
	for _, program := range programs() {
		person := parse(t, program, file(program, "old", now+hour, "me"))
		text := file(program, "new", now+9*hour, "me")
		evil := strings.NewReplacer(`"scopes":["user:inference"]`, `"scopes":["evil"]`, `"mcpOAuth":{"x":1}`, `"mcpOAuth":{"evil":1},"hooks":"evil"`, "model.example", "evil.example",
			`"auth_mode":"chatgpt"`, `"auth_mode":"evil"`, `"key":"k"`, `"key":"evil"`).Replace(text)
		if evil == text {
			t.Fatalf("%s: there is nothing evil in %s", program, evil)
		}
		data, err := account.Renew(person, parse(t, program, evil), now)
		if err != nil {
			t.Errorf("%s: %v", program, err)
			continue
		}
		if strings.Contains(string(data), "evil") || strings.Contains(string(data), "rt-old") || !strings.Contains(string(data), "rt-new") {
			t.Errorf("%s: the person's file has become %s", program, data)
		}
		if got, want := parse(t, program, string(data)), parse(t, program, text); got.Digest() != want.Digest() || got.Due(now, 0) != want.Due(now, 0) {
			t.Errorf("%s: not the tokens that were renewed: %s", program, data)
		}
		var have, want any
		if json.Unmarshal(data, &have) != nil || json.Unmarshal([]byte(text), &want) != nil || fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s: something was lost: %v, want %v", program, have, want)
		}
	}
}

// What cannot come of renewing is refused.
func TestRenewRefuses(t *testing.T) {
	const now = 1000 * hour
	until := int64(now + hour)
	for _, c := range []struct{ program, name, text, why string }{
		{"claude", "logged out", `{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0}}`, "logins of yours"},
		{"claude", "empty", `{}`, "logins of yours"},
		{"claude", "shorter", file("claude", "new", until-1, ""), "shorter"},
		{"claude", "for ever", file("claude", "new", now+1000*24*hour, ""), "longer than any"},
		{"claude", "control characters", file("claude", `x\nX-Header: y`, until, ""), "no tokens"},
		{"claude", "a refresh token of two lines", strings.Replace(file("claude", "new", until, ""), "rt-new", `rt\nnew`, 1), "no tokens"},
		{"claude", "a quote", file("claude", `a\"b`, until, ""), "no tokens"},
		{"claude", "a backslash", file("claude", `a\\b`, until, ""), "no tokens"},
		{"opencode", "a key in place of a login", strings.Replace(file("opencode", "new", until, "me"), `"type":"oauth"`, `"type":"api"`, 1), "logins of yours"},
		{"claude", "a whole disk", file("claude", strings.Repeat("x", 20<<10), until, ""), "no tokens"},
		{"codex", "another account", file("codex", "new", until, "you"), "another account"},
		{"codex", "another account's token", strings.ReplaceAll(file("codex", "new", until, "you"), `"account_id":"you"`, `"account_id":"me"`), "another account"},
		{"codex", "no token of the kind", strings.ReplaceAll(file("codex", "new", until, "me"), jwt(until, "me"), "opaque"), "another account"},
		{"opencode", "another account", file("opencode", "new", until, "you"), "another account"},
		{"opencode", "another service", strings.Replace(file("opencode", "new", until, "me"), "anthropic", "openai", 1), "another account"},
		{"opencode", "one more", strings.Replace(file("opencode", "new", until, "me"), `{"anthropic"`, `{"x":{"type":"oauth","access":"aaaa","refresh":"bbbb"},"anthropic"`, 1), "logins of yours"},
		{"gemini", "no refresh token", `{"access_token":"at-new","expiry_date":9999999999999}`, "logins of yours"},
	} {
		person := parse(t, c.program, file(c.program, "old", until, "me"))
		data, err := account.Renew(person, parse(t, c.program, c.text), now)
		if err == nil || !strings.Contains(err.Error(), c.why) || fault.KindOf(err) != fault.Refused || fault.HintOf(err) == "" {
			t.Errorf("%s, %s: %s %v, want %q", c.program, c.name, data, err, c.why)
		}
	}
	if data, err := account.Renew(parse(t, "gemini", file("gemini", "old", until, "")), parse(t, "qwen", file("qwen", "new", until, "")), now); err == nil {
		t.Errorf("of another program: %s", data)
	}
}

func TestDue(t *testing.T) {
	const until = 1000 * hour
	for program, early := range map[string]int64{"claude": 5 * 60_000, "codex": 5 * 60_000, "gemini": 5 * 60_000, "qwen": 60_000, "opencode": 60_000} {
		f := parse(t, program, file(program, "old", until, "me"))
		for now, want := range map[int64]bool{0: false, until - early - 1001: false, until - early - 1000: true, until: true, until + hour: true} {
			if f.Due(now, 1000) != want {
				t.Errorf("%s: due at %d of %d is %v", program, now, int64(until), !want)
			}
		}
		if f.Due(until-early-1, 0) || !f.Due(until-early, 0) {
			t.Errorf("%s: due at another time than its program says", program)
		}
	}
	for program, text := range map[string]string{"claude": `{"claudeAiOauth":{"accessToken":"aaaa","refreshToken":"bbbb","expiresAt":null}}`, "codex": `{"OPENAI_API_KEY":"sk-x"}`, "opencode": `{"openai":{"type":"api","key":"k"}}`} {
		f := parse(t, program, text)
		if f.Due(until, hour) || (f.Digest() != "") != (program == "claude") {
			t.Errorf("%s: %s is due, or has the digest %q", program, text, f.Digest())
		}
	}
}

func TestDigestNamesTheTokens(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{file("claude", "one", 1, ""), file("claude", "two", 1, ""), strings.Replace(file("claude", "one", 1, ""), "at-one", "at-two", 1)} {
		d := parse(t, "claude", text).Digest()
		if seen[d] != "" || strings.Contains(d, "one") {
			t.Errorf("%s has the digest of %s", text, seen[d])
		}
		seen[d] = text
	}
	if parse(t, "claude", file("claude", "one", 1, "")).Digest() != parse(t, "claude", file("claude", "one", 2, "")).Digest() {
		t.Error("the digest depends on more than tokens")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ program, text string }{
		{"claude", ""},
		{"claude", "null"},
		{"claude", "[]"},
		{"claude", `{"claudeAiOauth":{"accessToken":"secret`},
		{"claude", "{} {}"},
		{"claude", "{\"a\":\"" + strings.Repeat("x", account.MaxBytes) + "\"}"},
		{"copilot", "{}"},
		{"command", "{}"},
	} {
		if f, err := account.Parse(c.program, []byte(c.text)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s %.40q: %v %v", c.program, c.text, f, err)
		}
	}
	if account.Renews("copilot") || !account.Renews("codex") {
		t.Error("what is renewed")
	}
	if a, b := account.Name("/a"), account.Name("/b"); a == b || len(a) != 32 {
		t.Error(a, b)
	}
}

// Whatever is in a file, reading it ends, and what comes of it can be read.
func FuzzRenew(f *testing.F) {
	for _, program := range programs() {
		f.Add(program, file(program, "old", 5, "me"), file(program, "new", 9, "me"))
	}
	f.Fuzz(func(t *testing.T, program, person, renewed string) {
		p, err := account.Parse(program, []byte(person))
		r, err2 := account.Parse(program, []byte(renewed))
		if err != nil || err2 != nil {
			return
		}
		want := r.Digest()
		data, err := account.Renew(p, r, 7)
		if err != nil {
			return
		}
		back, err := account.Parse(program, data)
		if err != nil || back.Digest() != want {
			t.Errorf("%s gives %s: %v", renewed, data, err)
		}
	})
}
