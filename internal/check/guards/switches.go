package guards

import (
	"math"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
)

// setting is a way to switch a protection off, or to take it away, that can be
// seen in one line.
type setting struct {
	line   *check.Pattern
	say    string
	weight float64
}

// unsafe gives the settings that make code unsafe wherever they stand.
func unsafe() []setting {
	re := check.Lazy
	const tls = "switches the verification of TLS certificates off"
	return []setting{
		{re(`\bInsecureSkipVerify\s*[:=]\s*true\b`), tls, 1.6},
		{re(`\bverify\s*=\s*False\b|\bverify_ssl\s*=\s*False\b|\bcheck_hostname\s*=\s*False\b|(^|[^=!])=\s*ssl\.CERT_NONE\b|_create_unverified_context\b`), tls, 1.6},
		{re(`\brejectUnauthorized\s*[:=]\s*false\b|NODE_TLS_REJECT_UNAUTHORIZED`), tls, 1.6},
		{re(`danger_accept_invalid_(certs|hostnames)\(true\)|\bNoopHostnameVerifier\b|\bALLOW_ALL_HOSTNAME_VERIFIER\b`), tls, 1.6},
		{re(`\bssh\.InsecureIgnoreHostKey\(|StrictHostKeyChecking[= ]+no\b|\bAutoAddPolicy\(`), "accepts any host key", 1.6},
		{re(`\bautoescape\s*[=:]\s*(False|false)\b`), "switches escaping in templates off", 1.5},
		{re(`(?i)['"]?alg(orithm)?s?['"]?\s*[:=]\s*\[?['"]none['"]|verify_signature['"]?\s*[:=]\s*False|SigningMethodNone`), "accepts tokens that nobody signed", 1.6},
		{re(`@csrf_exempt\b|\bcsrf\(\)\.disable\(|WTF_CSRF_ENABLED['"\]]*\s*=\s*False|\bcsrf\s*:\s*false\b`), "switches the protection against forged requests off", 1.5},
	}
}

var switchedOff = unsafe() //nolint:gochecknoglobals // patterns are compiled once; they never change

// decorators is the marks above functions that decide who may call, or bound
// what is done.
var decorators = check.Lazy(`(?i)^@(?:\w+\.)*(login_required|permission_required|permission_classes|user_passes_test|staff_member_required|superuser_required|requires?_?(?:auth|login|permission|role|scope|admin)\w*|auth(?:enticat|oriz|oris)\w*|jwt_required\w*|token_required|admin_required|roles?_(?:required|allowed|accepted)\w*|UseGuards|Roles|Permissions?|PreAuthorize|PostAuthorize|Secured|RolesAllowed|csrf_protect|limit|rate_?limit\w*|Throttle\w*|validate\w*|Transactional|atomic)\b`)

// middleware is what is put before the handlers of a server.
var middleware = check.Lazy(`^\w[\w.]*\.(?:use|Use|With)\((?:\w+\.)*(\w*)`)

var protecting = check.Lazy(`(?i)auth|csrf|helmet|limit|throttl|guard|permission|verif|cors|sanitiz|secure|jwt`)

// mark gives the name of the decorator or the middleware of a line, or "".
func mark(text string) string {
	if len(text) > 1000 {
		return ""
	}
	if m := decorators.FindStringSubmatch(text); m != nil {
		return strings.ToLower(m[1])
	}
	if m := middleware.FindStringSubmatch(text); m != nil && protecting.MatchString(m[1]) {
		return strings.ToLower(m[1])
	}
	return ""
}

// settings gives what lines of a file switch off, and which marks that decide
// who may call are gone. Lines that moved within the change do not count.
func settings(p *check.Pair, patch change.Patch, moved map[string]int) []loss {
	var out []loss
	had := lineCounts(p.Base.Text)
	for _, l := range patch.Added() {
		text := strings.TrimSpace(l.Text)
		if had[text] > 0 || strings.HasPrefix(text, "//") || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "*") || len(text) > 1000 {
			continue
		}
		for _, s := range switchedOff {
			if s.line.MatchString(text) && !anyMatch(s.line, patch) {
				out = append(out, loss{rule: ruleSwitch, say: s.say + ": `" + clip(text) + "`", text: text, weight: s.weight, line: l.Number})
				break
			}
		}
	}
	for _, l := range patch.Removed() {
		text := strings.TrimSpace(l.Text)
		key := mark(text)
		if key == "" || !p.Head.Found {
			continue
		}
		if moved[key] > 0 {
			moved[key]--
			continue
		}
		out = append(out, loss{rule: ruleSwitch, say: "no longer carries `" + clip(text) + "`", text: text, weight: 1.4, old: l.Number})
	}
	return out
}

// anyMatch reports whether a removed line did the same already.
func anyMatch(re *check.Pattern, patch change.Patch) bool {
	for _, l := range patch.Removed() {
		if len(l.Text) <= 1000 && re.MatchString(l.Text) {
			return true
		}
	}
	return false
}

// marksGained counts the marks that the head's added lines carry.
func marksGained(patches []change.Patch) map[string]int {
	out := map[string]int{}
	for _, p := range patches {
		for _, l := range p.Added() {
			if key := mark(strings.TrimSpace(l.Text)); key != "" {
				out[key]++
			}
		}
	}
	return out
}

func lineCounts(text []byte) map[string]int {
	out := map[string]int{}
	for l := range strings.Lines(string(text)) {
		out[strings.TrimSpace(l)]++
	}
	return out
}

var (
	limiting = check.Lazy(`(?i)max|limit|timeout|deadline|quota|ceiling`)
	strength = check.Lazy(`(?i)iteration|bcrypt|cost|rounds|key_?(size|len|bits)|min_?(len|length|size|pass\w*)`)
	constant = check.Lazy(`=\s*([0-9][0-9_.xXa-fA-F]*(?:\s*(?:<<|\*)\s*[0-9]+)*)\s*;?$`)
)

// limits gives the constants of a file that bound less than they did: a
// greatest value raised, a least one lowered.
func limits(p *check.Pair) []loss {
	was := map[string]float64{}
	for _, v := range p.Base.Values {
		if n, ok := constantOf(v.Text); ok {
			was[v.Name] = n
		}
	}
	var out []loss
	for _, v := range p.Head.Values {
		old, had := was[v.Name]
		n, ok := constantOf(v.Text)
		if !had || !ok {
			continue
		}
		switch {
		case limiting.MatchString(v.Name) && n > old:
			out = append(out, loss{rule: ruleWeakened, say: "raises the limit `" + clip(v.Text) + "`", text: v.Name, weight: 0.5, line: v.Start})
		case strength.MatchString(v.Name) && n < old:
			out = append(out, loss{rule: ruleWeakened, say: "lowers the least that is asked for: `" + clip(v.Text) + "`", text: v.Name, weight: 0.8, line: v.Start})
		}
	}
	return out
}

// constantOf gives the number that a declaration sets, with shifts and
// products of plain numbers worked out.
func constantOf(text string) (float64, bool) {
	m := constant.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	value, op := 0.0, ""
	for i, tok := range strings.Fields(strings.NewReplacer("<<", " << ", "*", " * ").Replace(m[1])) {
		if tok == "<<" || tok == "*" {
			op = tok
			continue
		}
		n, err := number(tok)
		switch {
		case err != nil:
			return 0, false
		case i == 0:
			value = n
		case op == "*":
			value *= n
		default:
			value *= math.Pow(2, n)
		}
	}
	return value, true
}
