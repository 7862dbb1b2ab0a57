// Package account understands the files in which the programs of agents keep
// the tokens of a person's login: what is in them, when their program will
// renew it, and what of a renewed file may be taken over into the person's.
//
// The shapes are those that the programs at the versions in
// internal/adapter/login were seen to read and write.
package account

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"muster/internal/core/fault"
)

// Limits of what is taken for an account's file.
const (
	MaxBytes = 128 << 10 // of a file
	maxToken = 16 << 10  // of a token
	longest  = 400 * 24 * 3600_000
)

// form says where a program's file has its tokens.
type form struct {
	program string
	at      string   // the object that holds them; empty for the whole file, "*" for each object in it whose type is oauth
	access  string   // fields of that object
	refresh string   //
	until   string   // milliseconds since 1970; empty: the access token says it itself
	also    []string // renewed with the tokens, texts or numbers
	top     string   // a field of the whole file that is renewed with them
	who     string   // names the account, and never changes
	early   int64    // milliseconds before the end from which on the program renews
}

const minute = 60_000

// forms lists the programs whose tokens are renewed. Copilot's are not.
func forms() []form {
	return []form{
		{program: "claude", at: "claudeAiOauth", access: "accessToken", refresh: "refreshToken", until: "expiresAt", also: []string{"refreshTokenExpiresAt"}, early: 5 * minute},
		{program: "codex", at: "tokens", access: "access_token", refresh: "refresh_token", also: []string{"id_token"}, top: "last_refresh", who: "account_id", early: 5 * minute},
		{program: "gemini", access: "access_token", refresh: "refresh_token", until: "expiry_date", also: []string{"id_token"}, early: 5 * minute},
		{program: "qwen", access: "access_token", refresh: "refresh_token", until: "expiry_date", early: minute},
		{program: "opencode", at: "*", access: "access", refresh: "refresh", until: "expires", who: "accountId", early: minute},
	}
}

// Renews reports whether the tokens of a program are renewed in its file.
func Renews(program string) bool {
	return slices.ContainsFunc(forms(), func(f form) bool { return f.program == program })
}

// File is an account's file that was read.
type File struct {
	form form
	doc  map[string]any
}

// grant is one login in a file.
type grant struct {
	name            string // of its object
	object          map[string]any
	access, refresh string
	until           int64 // milliseconds since 1970; 0 when nothing says it
	who             string
}

// Parse reads an account's file. A file without tokens, with a key alone, is
// one too: nothing in it is ever renewed.
func Parse(program string, data []byte) (File, error) {
	i := slices.IndexFunc(forms(), func(f form) bool { return f.program == program })
	if i < 0 {
		return File{}, fault.New(fault.Invalid, "no account's file of the program %q is known", program)
	}
	if len(data) > MaxBytes {
		return File{}, fault.New(fault.Invalid, "an account's file of %s with more than %d bytes", program, MaxBytes)
	}
	f := File{form: forms()[i]}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&f.doc); err != nil || f.doc == nil {
		return File{}, fault.New(fault.Invalid, "the account's file of %s is no object of JSON", program) // the error of JSON may quote a token
	}
	if _, err := d.Token(); err != io.EOF {
		return File{}, fault.New(fault.Invalid, "the account's file of %s goes on after its object", program)
	}
	return f, nil
}

// grants gives the logins in a file that have both tokens, by name.
func (f File) grants() []grant {
	objects := map[string]map[string]any{}
	switch f.form.at {
	case "":
		objects[""] = f.doc
	case "*":
		for _, name := range slices.Sorted(maps.Keys(f.doc)) {
			if o, ok := f.doc[name].(map[string]any); ok && o["type"] == "oauth" {
				objects[name] = o
			}
		}
	default:
		if o, ok := f.doc[f.form.at].(map[string]any); ok {
			objects[f.form.at] = o
		}
	}
	var out []grant
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if g := f.grant(name, objects[name]); g.access != "" && g.refresh != "" {
			out = append(out, g)
		}
	}
	return out
}

func (f File) grant(name string, o map[string]any) grant {
	g := grant{name: name, object: o}
	g.access, _ = o[f.form.access].(string)
	g.refresh, _ = o[f.form.refresh].(string)
	g.who, _ = o[f.form.who].(string)
	if f.form.until != "" {
		g.until = whole(o[f.form.until])
		return g
	}
	claims := claimsOf(g.access)
	g.until = whole(claims["exp"]) * 1000
	if auth, ok := claims["https://api.openai.com/auth"].(map[string]any); ok {
		who, _ := auth["chatgpt_account_id"].(string)
		g.who = cmp.Or(g.who, who) + " " + who
	}
	return g
}

// whole gives a number without its fraction, or 0.
func whole(v any) int64 {
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	if i, err := n.Int64(); err == nil {
		return i
	}
	x, err := n.Float64()
	if err != nil || x < 0 || x > 1<<53 {
		return 0
	}
	return int64(x)
}

// claimsOf gives what a token that is a JWT says. Who signed it is not looked
// at: a token that says what is not so is worth nothing to its service.
func claimsOf(token string) map[string]any {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if d.Decode(&claims) != nil {
		return nil
	}
	return claims
}

// Digest names the tokens in a file without telling them: two files with the
// same tokens have the same. It is empty without tokens.
func (f File) Digest() string {
	var told []byte
	for _, g := range f.grants() {
		told = fmt.Appendf(told, "%q %q %q\n", g.name, g.access, g.refresh)
	}
	if len(told) == 0 {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(told))
}

// Due reports whether the program may renew the tokens now, or will within
// ahead; both are milliseconds, now since 1970.
func (f File) Due(now, ahead int64) bool {
	return slices.ContainsFunc(f.grants(), func(g grant) bool { return g.until != 0 && g.until-f.form.early-ahead <= now })
}

// Renew gives the content of the person's file with the tokens of another one
// that the program has renewed. Only tokens are taken over, and what says how
// long they hold. It refuses a file that cannot come of renewing: of another
// account, without a token, with one that holds for a shorter time. Now is
// milliseconds since 1970.
func Renew(person, renewed File, now int64) ([]byte, error) {
	refused := func(why string) ([]byte, error) {
		return nil, fault.New(fault.Refused, "take over the renewed login of %s: %s", person.form.program, why).
			WithHint("if %s asks for a login, log in again: %s was left as it was", person.form.program, "your own file")
	}
	before, after := person.grants(), renewed.grants()
	if person.form.program != renewed.form.program || len(before) == 0 || len(before) != len(after) {
		return refused("it does not have the logins of yours")
	}
	for i, old := range before {
		fresh := after[i]
		if why := old.not(fresh, now); why != "" {
			return refused(why)
		}
		old.object[person.form.access], old.object[person.form.refresh] = fresh.access, fresh.refresh
		for _, name := range append([]string{person.form.until}, person.form.also...) {
			if v, ok := fresh.object[name]; ok && name != "" && isPlain(v) {
				old.object[name] = v
			}
		}
	}
	if v, ok := renewed.doc[person.form.top]; ok && isPlain(v) {
		person.doc[person.form.top] = v
	}
	data, err := json.MarshalIndent(person.doc, "", "  ")
	if err != nil || len(data) > MaxBytes {
		return refused("it is too large")
	}
	return data, nil
}

// not says why fresh cannot be what old was renewed to, or nothing.
func (g grant) not(fresh grant, now int64) string {
	switch {
	case g.name != fresh.name || g.who != fresh.who:
		return "it is of another account"
	case !isToken(fresh.access) || !isToken(fresh.refresh):
		return "its tokens are no tokens"
	case fresh.until < g.until:
		return "it holds for a shorter time than yours"
	case fresh.until > max(g.until, now+longest):
		return "it says that it holds for longer than any token does"
	}
	return ""
}

// isToken reports whether s could be a token: text that fits into a header.
func isToken(s string) bool {
	return len(s) >= 4 && len(s) <= maxToken && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// isPlain reports whether v is a number, or a text that is no longer than a
// token.
func isPlain(v any) bool {
	switch v := v.(type) {
	case json.Number:
		return len(v) < 32
	case string:
		return isToken(v)
	}
	return false
}

// Name gives the name by which locks and records of an account's file are
// kept. The path is the file's, resolved.
func Name(path string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(path)))[:32] }
