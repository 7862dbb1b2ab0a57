package secrets

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"muster/internal/core/evidence"
)

// form is a form of secret that tells by itself, with a group for the secret.
type form struct {
	rule    string
	what    string
	keyword string // in small letters; without it the expression is not tried
	pattern string
	refuse  func(d *detector, secret, line string) bool // more to be asked; nil means nothing
	level   func(secret, line string) evidence.Level    // nil means gate
}

// forms are those that gitleaks has not, or has in a way that does not fit
// added lines.
func forms() []form {
	return []form{
		{"private_key", "a private key", "private key", `-----BEGIN[ A-Z0-9]{0,60}PRIVATE KEY(?: BLOCK)?-----(?:[\s"'+,` + "`" + `]|\\[nr]|[A-Z][A-Za-z-]+: [^\n]{0,200}\n)+([A-Za-z0-9+/=]{40,})`, nil, nil},
		{"private_key", "a private key", "private-lines", `(?m)^Private-Lines: \d+\r?\n([A-Za-z0-9+/=]{40,})`, nil, nil},
		{"private_key", "a private key", "client-key-data", `client-key-data["']?:\s*["']?([A-Za-z0-9+/=]{100,})`, nil, nil},
		{"private_key", "a private key", `"kty"`, `"d"\s*:\s*"([A-Za-z0-9_-]{40,})"`, nil, nil},
		{"token", "a signed token", "eyj", `\b(eyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,})`, sampleToken, tokenLevel},
		{"registry_token", "a token of a package registry", "_auth", `(?m)(?:^|:)_auth(?:Token)?\s*=\s*["']?([^\s"'$()][^\s"'()]{9,})`, nil, nil},
		{"registry_token", "a password of a package registry", "_password", `:_password\s*=\s*["']?([^\s"'$][^\s"']{7,})`, nil, nil},
		{"registry_token", "a login of a container registry", `"auth"`, `"auth"\s*:\s*"([A-Za-z0-9+/]{12,}={0,2})"`, notLogin, nil},
		{"header", "a login in a header", "basic ", `(?i)\bauthorization["']?\s*[:=,]\s*["']?Basic ([A-Za-z0-9+/]{12,}={0,2})`, notLogin, nil},
		{"header", "a token in a header", "bearer ", `(?i)\bauthorization["']?\s*[:=,]\s*["'` + "`" + `]?Bearer ([A-Za-z0-9._~+/-]{20,}=*)`, notRandom, nil},
		{"account_key", "a key of a storage account", "accountkey=", `(?i)AccountKey=([A-Za-z0-9+/]{60,}={0,2})`, nil, nil},
		{"connection", "a password in an address", "://", `\b[a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\s:/@"'<>{}]{0,60}:([^\s/@"'<>{}$%]{3,80})@[A-Za-z0-9\[][^\s"'` + "`" + `<>]{0,200}`, weakLogin, connectionLevel},
		{"connection", "a password in a connection string", "=", `(?i)(?:server|host|data source|user(?: id)?|uid|addr)\s*=[^"'\n]{1,200};\s*(?:password|pwd)\s*=\s*([^;"'\s{}<>$]{4,80})`, weakPassword, nil},
		{"connection", "a password in a connection string", "password=", `(?i)\bhost=\S{1,80}\s[^"'\n]{0,120}\bpassword=([^\s"'{}<>$]{4,80})`, weakPassword, nil},
		{"command", "a password in a command", "sshpass", `\bsshpass\s+-p\s*["']?([^\s"'$]{5,80})`, weakPassword, nil},
		{"command", "a password in a command", "mysql", `\bmysql(?:dump|admin)?\s[^|;\n]{0,200}\s-p([^\s"'$]{6,80})`, weakPassword, nil},
		{"command", "a password in a command", "convertto-securestring", `(?i)ConvertTo-SecureString\s+(?:-String\s+)?["']([^"'$]{6,80})["']\s+-AsPlainText`, weakPassword, nil},
		{"header", "a login in a header", "btoa(", `\bbtoa\(\s*["'` + "`" + `][^"':` + "`" + `]{1,60}:([^"'` + "`" + `$]{5,80})["'` + "`" + `]\s*\)`, weakPassword, nil},
		{"query", "a key in an address", "=", `(?i)[?&](?:api_?key|access_?token|auth_?token|token|secret|client_?secret|password|sig|subscription-key)=([A-Za-z0-9_.~+/-]{20,200})`, notRandom, nil},
		{"bot_token", "the token of a bot", ":aa", `\b(\d{8,10}:AA[A-Za-z0-9_-]{33})\b`, nil, nil},
		{"netrc", "a login", "password", `(?i)\bmachine\s+\S+\s+login\s+\S+\s+password\s+(\S{4,})`, nil, nil},
	}
}

// keys finds what tells by its form.
func (d *detector) keys(text, lower string) []match {
	var out []match
	for _, f := range forms() {
		if !strings.Contains(lower, f.keyword) {
			continue
		}
		for _, at := range d.regexp(f.pattern).FindAllStringSubmatchIndex(text, -1) {
			secret, line := text[at[2]:at[3]], lineAt(text, at[2])
			if isPlaceholder(secret) || f.refuse != nil && f.refuse(d, secret, line+" "+text[at[0]:at[1]]) {
				continue
			}
			m := match{rule: f.rule, what: f.what, secret: secret, level: evidence.Gate}
			if f.level != nil {
				m.level = f.level(secret, text[at[0]:at[1]])
			}
			out = append(out, place(m, text, at[2]))
		}
	}
	return out
}

// claims reads the second part of a signed token.
func claims(token string) (map[string]any, bool) {
	parts := strings.Split(token, ".")
	if len(parts) < 2 {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil, false
	}
	var c map[string]any
	return c, json.Unmarshal(raw, &c) == nil
}

// sampleToken: the token of the format's documentation, or no token at all.
func sampleToken(_ *detector, token, _ string) bool {
	c, ok := claims(token)
	return !ok || c["sub"] == "1234567890" || c["name"] == "John Doe" || c["role"] == "anon"
}

// tokenLevel: a token that had no time left in 2026 is of no use to anybody.
func tokenLevel(token, _ string) evidence.Level {
	const start2026 = 1767225600
	c, _ := claims(token)
	if exp, ok := c["exp"].(float64); ok && exp < start2026 {
		return evidence.Context
	}
	return evidence.Gate
}

func notLogin(_ *detector, secret, _ string) bool {
	raw, err := base64.StdEncoding.DecodeString(secret)
	_, password, ok := strings.Cut(string(raw), ":")
	return err != nil || !ok || len(password) < 4 || isPlaceholder(password) || isCommonWord(password)
}

func notRandom(_ *detector, secret, _ string) bool {
	_, digits := classes(secret)
	return isWords(secret) || entropy(secret) < 3 || !digits
}

// weakLogin: names that stand for a password in every manual.
func weakLogin(_ *detector, secret, line string) bool {
	return isCommonWord(secret) || strings.Contains(line, "://"+secret+":"+secret+"@") || strings.Contains(line, "example.") || strings.Contains(line, "@host")
}

func weakPassword(_ *detector, secret, _ string) bool { return isCommonWord(secret) }

// connectionLevel: a database of the developer's own machine has a password
// that protects nothing.
func connectionLevel(secret, address string) evidence.Level {
	_, host, _ := strings.Cut(address[strings.LastIndex(address, secret):], "@")
	host, _, _ = strings.Cut(host, "/")
	host, _, _ = strings.Cut(host, ":")
	local := host == "localhost" || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "[") || strings.HasPrefix(host, "0.0.0.0") || !strings.Contains(host, ".")
	n, digits := classes(secret)
	switch {
	case local && (n < 3 || len(secret) < 10):
		return evidence.Context
	case len(secret) >= 8 && n >= 2 && digits || len(secret) >= 10 && n >= 3:
		return evidence.Gate
	}
	return evidence.Locator
}

// isCommonWord reports whether a password is one of those that manuals use.
func isCommonWord(s string) bool {
	switch strings.ToLower(strings.Trim(s, "0123456789!@#")) {
	case "", "password", "passwd", "pass", "pwd", "passw", "secret", "mysecret", "topsecret", "user", "username", "admin", "administrator", "root", "test", "testing",
		"guest", "postgres", "mysql", "mongo", "redis", "rabbitmq", "default", "demo", "token", "key", "apikey", "mypassword", "mypass", "userpass", "abc", "none",
		"null", "true", "false", "changeit", "letmein", "welcome", "pw", "p", "pa", "foo", "bar", "baz", "qux", "bob", "alice", "hello", "world", "db", "app", "dev", "local", "minioadmin", "minio",
		"yourpassword", "super", "secure", "supersecret", "s3cr3t", "p@ssw0rd", "testpass", "testpassword", "development", "dummy", "some", "string", "value", "correct", "wrong", "invalid":
		return true
	}
	return false
}
