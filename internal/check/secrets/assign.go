package secrets

import (
	"path"
	"regexp"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// Names under which secrets are kept: passwords may be short, keys are random.
const (
	passwordNames = `passw(?:or)?d|passwd|pwd|passphrase|passcode|pass`
	keyNames      = `secret|token|api[_-]?key|apikey|access[_-]?key|auth[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|master[_-]?key|account[_-]?key|shared[_-]?key|credentials?|client[_-]?secret|webhook[_-]?key|license[_-]?key|app[_-]?key|crypto?[_-]?key|cipher[_-]?key|session[_-]?key|hmac[_-]?key|jwt[_-]?key`
)

// "pass" is short for password only where a word ends with it: DB_PASS, dbPass.
const passWord = `(?i:passw|passwd|pwd|passphrase|passcode)|(?:^|[_.-])(?i:pass)(?:$|[_.-]|\d)|[a-z]Pass$`

// names that hold one of these and are no secrets: what is said about one.
const notSecret = `(?i)(?:_|-|\b|[a-z])(?:url|uri|endpoint|path|file|filename|dir|name|field|label|header|prefix|suffix|regex|pattern|type|kind|id|ids|hash|hashed|digest|sha\d*|length|size|len|min|max|count|limit|ttl|expiry|expires|expiration|timeout|policy|rule|rules|message|msg|error|errors|hint|title|text|description|placeholder|prompt|input|reset|forgot|confirm|column|key_?id|index|provider|manager|store|version|format|template|selector|class|event|action|algorithm|ref|arn|env|var|variable|param|parameter|issuer|audience|scope|scopes|grant|strategy|status|state|separator|delimiter)s?["'\]]*$|(?i)(?:public|tokeni[sz]|max_?tokens|csrf|xsrf|(?:page|next|continuation|sync|cursor|cancel|eos|bos|pad|sep|mask|unk|special|stop|design|color|theme|idempotency)[_-]?token|translation|i18n|key_?press|key_?code|primary_?key|foreign_?key|sort_?key|partition_?key|cache_?key|site_?key|publishable)`

// assignments finds names of secrets that are given a value of their own.
func (d *detector) assignments(name, text string) []match {
	var out []match
	quoted := d.regexp(`(?i)(["'\[]?[\w.$-]{0,60}?(?:` + passwordNames + `|` + keyNames + `)[\w-]{0,30})["'\])]{0,3}\s*(?::\s*(?:&?'?[\w<>\[\]. ]{1,30})\s*)?(?::=|={1,3}>?|:|,|\?\?|\|\||=>)\s*(?:[\w.:]{0,30}\()?\s*(?:b|r|u|f|@|\$)?(?:"((?:[^"\\\n]|\\.){4,200})"|'((?:[^'\\\n]|\\.){4,200})'|` + "`([^`\n]{4,200})`)")
	element := d.regexp(`(?i)<((?:[\w.-]{0,40})(?:` + passwordNames + `|` + keyNames + `)[\w.-]{0,20})>([^<>\s]{6,200})</|(?:key|name)="([\w.:-]{0,60}(?:` + passwordNames + `|` + keyNames + `)[\w.-]{0,20})"\s+value="([^"]{6,200})"`)
	bare := d.regexp(`(?i)^\s*(?:export\s+|set\s+|-\s+|ENV\s+|ARG\s+|--)?["']?([\w.-]{0,60}?(?:` + passwordNames + `|` + keyNames + `)[\w-]{0,30})["']?(?:\s*(?::=|[:=])\s*|\s+)([^\s"'#` + "`" + `][^\s"'` + "`" + `]{3,200})\s*(?:#.*)?$`)
	setter := d.regexp(`(?i)\b((?:set|with|use)_?(?:\w{0,20}_)?(?:` + passwordNames + `|` + keyNames + `))\(\s*["']([^"'\n]{4,200})["']\s*\)`)
	inline := d.regexp(`(?:^|[\s;"'])([A-Z][A-Z0-9_]{0,40}?(?:PASSWORD|PASSWD|PASS|PWD|SECRET|TOKEN|KEY)[A-Z0-9_]{0,20})=([^\s"'$` + "`" + `&|;]{6,200})(?:[\s;"']|$)`)
	isSettings := takesBare(name)
	last := "" // a name on the line before: "name: DB_PASSWORD", then "value: ..."
	at := 0
	for line := range strings.SplitSeq(text, "\n") {
		start := at
		at += len(line) + 1
		lower := strings.ToLower(line)
		if len(line) > 1000 || len(line) < 8 || !holdsAny(lower, []string{"pass", "pwd", "secret", "token", "key", "credential", "value"}) {
			last = ""
			continue
		}
		var found [][]int
		found = append(found, overlapping(quoted, line)...)
		found = append(found, overlapping(element, line)...)
		found = append(found, setter.FindAllStringSubmatchIndex(line, -1)...)
		if isSettings {
			found = append(found, inline.FindAllStringSubmatchIndex(line, -1)...)
			found = append(found, bare.FindAllStringSubmatchIndex(line, -1)...)
		}
		for _, ix := range found {
			key, from, to := keyAndValue(line, ix)
			if m, ok := d.assigned(key, line[from:to]); ok {
				out = append(out, place(m, text, start+from))
			}
		}
		if isSettings {
			if m, column, ok := d.separate(last, line); ok {
				out = append(out, place(m, text, start+column))
			}
			last = line
		}
	}
	return out
}

// overlapping gives the matches in a line of which the value of one may be the
// name of the next: SECRET = get("SECRET", "value").
func overlapping(re *regexp.Regexp, line string) [][]int {
	const most = 20
	var out [][]int
	for at := 0; at < len(line) && len(out) < most; {
		ix := re.FindStringSubmatchIndex(line[at:])
		if ix == nil {
			break
		}
		for i := range ix {
			if ix[i] >= 0 {
				ix[i] += at
			}
		}
		out = append(out, ix)
		_, from, _ := keyAndValue(line, ix)
		at = max(from-1, ix[0]+1)
	}
	return out
}

// keyAndValue gives the first group as the key and the next one that is set as
// the value.
func keyAndValue(line string, ix []int) (key string, from, to int) {
	for g := 2; g+1 < len(ix); g += 2 {
		switch {
		case ix[g] < 0:
		case key == "":
			key = line[ix[g]:ix[g+1]]
		default:
			return key, ix[g], ix[g+1]
		}
	}
	return key, 0, 0
}

// separate finds a value whose name stands on the line before, as in the
// environment of a container.
func (d *detector) separate(before, line string) (m match, column int, ok bool) {
	name := d.regexp(`(?i)^\s*-?\s*["']?name["']?\s*:\s*["']?([\w.-]*(?:` + passwordNames + `|` + keyNames + `)[\w-]*)["']?,?\s*$`).FindStringSubmatch(before)
	value := d.regexp(`^\s*["']?value["']?\s*:\s*["']?([^\s"']{6,200})["']?,?\s*$`).FindStringSubmatchIndex(line)
	if name == nil || value == nil {
		return m, 0, false
	}
	m, ok = d.assigned(name[1], line[value[2]:value[3]])
	return m, value[2], ok
}

// assigned judges one name and its value.
func (d *detector) assigned(key, value string) (match, bool) {
	key = strings.Trim(key, `"'[]()`)
	m := match{rule: "assignment", what: "the value of " + key, secret: value}
	if value == "" || isPlaceholder(value) || isCommonWord(value) || isUUID(value) || d.regexp(notSecret).MatchString(key) || d.isReference(value) ||
		strings.EqualFold(squash(key), squash(value)) {
		return m, false
	}
	isPassword := d.regexp(passWord).MatchString(key)
	if !isPassword && !d.regexp(`(?i)`+keyNames+`|key\b`).MatchString(key) {
		return m, false // compass, passport
	}
	n, digits := classes(value)
	switch {
	case d.regexp(`^\$(2[aby]?|argon2\w*|6|5|1|pbkdf2[\w-]*|scrypt)\$`).MatchString(value):
		m.level = evidence.Context // the hash of a password
	case isPassword && digits && len(value) >= 6 && len(value) < 10 && isName(value) && isWords(value):
		m.level = evidence.Locator // "hunter2"
	case isWords(value):
		return m, false
	case len(value) >= 16 && entropy(value) >= 3 && digits && (n >= 2 || isHex(value)):
		m.level = evidence.Gate
	case isPassword && len(value) >= 8 && n >= 2 && (digits || n >= 3), isPassword && len(value) >= 8 && len(value) < 40 && n == 3:
		m.level = evidence.Gate
	case isPassword && n >= 2 && len(value) >= 5:
		m.level = evidence.Locator
	case len(value) >= 10 && n >= 3 && digits && entropy(value) >= 2.8:
		m.level = evidence.Locator
	case len(value) >= 20 && entropy(value) >= 4 && n >= 2:
		m.level = evidence.Gate
	default:
		return m, false
	}
	return m, true
}

func squash(s string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(s)
}

// isReference reports whether a value says where the secret is: an expression,
// a path, an address, a name of a resource.
func (d *detector) isReference(s string) bool {
	switch {
	case strings.ContainsAny(s, "{}<>()") && !strings.ContainsAny(s, "!@#^&*"), strings.ContainsAny(s, " \t"):
		return true
	case strings.Contains(s, "://"), strings.HasPrefix(s, "/"), strings.HasPrefix(s, "./"), strings.HasPrefix(s, "~/"), strings.HasPrefix(s, "arn:"), strings.HasPrefix(s, "projects/"), strings.HasPrefix(s, "sha256:"), strings.HasPrefix(s, "op://"):
		return true
	case strings.HasSuffix(s, ".pem"), strings.HasSuffix(s, ".key"), strings.HasSuffix(s, ".json"), strings.HasSuffix(s, ".txt"), strings.HasSuffix(s, ".crt"):
		return true
	}
	if len(s) >= 32 && entropy(s) >= 4.2 {
		return false // in three parts, as some tokens are
	}
	return d.regexp(`^(?:[a-zA-Z_]\w*\.)+[a-zA-Z_]\w*(?:\(.*)?$|^[a-zA-Z_]\w*\(|^\\|^[&*]\w|^%[sdvq]`).MatchString(s)
}

// takesBare reports whether a file of that name has values without quotes.
func takesBare(name string) bool {
	base := strings.ToLower(path.Base(name))
	switch ext(name) {
	case ".yml", ".yaml", ".ini", ".cfg", ".conf", ".properties", ".env", ".sh", ".bash", ".zsh", ".service", ".cnf", ".config":
		return true
	}
	return strings.HasPrefix(base, ".env") || strings.Contains(base, "dockerfile") || strings.Contains(base, ".env.") ||
		base == "credentials" || base == ".pypirc" || base == ".my.cnf" || base == ".s3cfg" || base == ".boto" || base == ".npmrc" || base == ".envrc" || base == "kubeconfig" || base == "makefile" || strings.HasSuffix(base, ".mk")
}

// sortOf says how much the added lines of a file mean.
func (d *detector) sortOf(name string) sort {
	c := change.Classify(name, nil)
	lower := strings.ToLower(name)
	base := path.Base(lower)
	switch ext(name) {
	case ".svg", ".map", ".sum", ".lock", ".png", ".jpg", ".gif", ".pdf", ".woff", ".woff2", ".crt", ".cer", ".pub", ".ics", ".patch", ".diff", ".po", ".xlf":
		return skipped
	}
	switch {
	case c.Lockfile, base == "verification-metadata.xml":
		return skipped
	case c.Generated, strings.HasSuffix(base, ".min.js"), ext(name) == ".ipynb", ext(name) == ".snap":
		return written
	case c.Test, c.Fixture, c.Vendored, c.Document, d.isSample(lower):
		return aside
	}
	return code
}

// isSample reports whether a path is of a part of the tree that shows or
// tests, or of a file that is a pattern for another.
func (d *detector) isSample(lower string) bool {
	return d.regexp(`(^|/)(tests?|testing|testutils?|test[_-]?data|specs?|e2e|integration[_-]?tests?|fixtures?|examples?|samples?|demos?|docs?|documentation|tutorials?|mocks?|__mocks__|stubs?|benchmarks?|playground|cassettes?|locales?|i18n|translations|lang)(/|$)|(^|[._/-])(example|sample|template|tmpl|dist|mock|mocks|fixture|fixtures|stub|demo|test|tests|spec|testing)([._-]|$)|(^|/)(test_|testutil)|_tests?\.`).MatchString(lower)
}
