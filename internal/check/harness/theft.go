package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// payloads finds code that is hidden from its reader and then run, and lines
// that are opened to somebody else.
func (j codeRules) payloads(f *file) {
	if f.class.Document || f.class.Fixture {
		return
	}
	for _, l := range f.added {
		code := l.Text
		switch {
		case !isCode(f) && !strings.HasSuffix(f.base, ".json") && !isWorkflow(f.lower) && !strings.Contains(f.base, "dockerfile"):
			continue
		case isCode(f) && !isShell(f):
			code = bare(l.Text, f)
		}
		trimmed := strings.TrimSpace(code)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") && isShell(f) {
			continue
		}
		if j.patterns.get(`\bdup2\(\s*\w+\.fileno\(\)\s*,\s*[012]`).MatchString(l.Text) && (isShell(f) || strings.Contains(code, "dup2")) {
			j.find(f.quiet(evidence.Gate), "remote_shell", f, l, "opens a shell to another machine: "+show(l.Text))
			continue
		}
		if what := j.patterns.get(`(?i)\b(?:eval|exec|execfile|Function|setTimeout)\s*\(\s*(?:compile\s*\(\s*)?(?:atob|unescape|Buffer\.from|base64\.\w+|b64decode|bytes\.fromhex|codecs\.decode|zlib\.decompress|marshal\.loads|gzip\.decompress|__import__\s*\(\s*["']+\s*\)\s*\.\s*b64decode|base64_decode|gzinflate|str_rot13|String\.fromCharCode)|\b(?:exec|eval)\s*\(\s*(?:requests|urllib|urlopen|httpx)\b|\b(?:exec|eval)\s*\([^)]{0,80}\.(?:b64decode|decompress|fromhex|loads)\s*\(|\b(?:pickle|marshal)\.loads\s*\(\s*(?:base64|b64decode|zlib|requests)`).FindString(code); what != "" {
			j.find(f.quiet(evidence.Gate), "encoded", f, l, "runs code that is encoded or comes from the network, so that nobody can read it: "+show(l.Text))
			continue
		}
		shellish := isShell(f) || isWorkflow(f.lower) || strings.HasSuffix(f.base, ".json") || strings.Contains(f.base, "dockerfile")
		text := l.Text
		if !shellish && !j.patterns.get(`(?i)\b(?:system|popen|exec\w*|spawn\w*|run|call|check_output|Command|Start-Process|shell)\b[^"'`+"`"+`]{0,30}\(`).MatchString(code) {
			continue // a text that says such a thing, and does not do it
		}
		switch {
		case j.patterns.get(`(?i)base64\s+(?:-d|-D|--decode|-di)\b[^|\n]*\|\s*(?:sudo\s+)?(?:(?:ba|z|da)?sh|python3?|node|perl)\b|\beval\s+["']?\$\([^)]*base64\s+(?:-d|-D|--decode)|xxd\s+-r[^|\n]*\|\s*(?:ba)?sh\b|powershell[^\n]*-e(?:nc|ncodedcommand)?\s+[A-Za-z0-9+/=]{20,}|\bIEX\s*\(?.*(?:DownloadString|FromBase64String|iwr|irm)`).MatchString(text):
			j.find(f.quiet(evidence.Gate), "encoded", f, l, "runs code that is encoded or comes from the network, so that nobody can read it: "+show(text))
		case j.patterns.get(`(?i)\bbash\s+-i\b[^\n]*/dev/(?:tcp|udp)/|/dev/(?:tcp|udp)/[\w.$-]+/\d+[^\n]*0[<>]&1|\bnc(?:at)?\s+[^|\n]*-(?:e|c)\s+\S*sh\b|mkfifo\s[^\n]*\bnc(?:at)?\b|socat\s[^\n]*exec:`).MatchString(text):
			j.find(f.quiet(evidence.Gate), "remote_shell", f, l, "opens a shell to another machine: "+show(text))
		case !shellish && j.piped(text):
			j.find(f.quiet(evidence.Locator), "download", f, l, "runs what it downloads: "+show(text))
		case isShell(f) && j.piped(text) && f.base != "makefile" && !strings.HasSuffix(f.base, ".mk") && !isHook(f):
			j.find(f.quiet(evidence.Context), "download", f, l, "runs what it downloads: "+show(text))
		}
	}
}

// holdsAny reports whether a text in small letters holds one of the words. It
// spares most lines the expressions.
func holdsAny(lower string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
}

// window is how many lines apart what is gathered and where it is sent may
// stand.
const window = 25

// theft finds code that gathers secrets of the machine and sends them away.
func (j codeRules) theft(f *file) {
	if f.class.Document || f.class.Fixture || !isCode(f) && !isWorkflow(f.lower) {
		return
	}
	everything := `json\.dumps\(\s*(?:dict\(\s*)?os\.environ\b|\b(?:dict|str|repr|list)\(\s*os\.environ\b|os\.environ\.(?:copy|items)\(\)|(?:json|data|params|body)\s*=\s*(?:dict\()?\s*os\.environ\b|JSON\.stringify\(\s*process\.env\s*[,)]|(?:body|data|json)\s*:\s*process\.env\b|\.\.\.process\.env\b|\bprocess\.env\s*(?:[,})\]]|$)|Object\.(?:entries|keys)\(\s*process\.env\s*\)|\bos\.Environ\(\)|\benv::vars\(\)|System\.getenv\(\)|/proc/self/environ|\bprintenv\b|\$\(\s*env\s*\)|(?:^|[;&|(]\s*|\s)env\s*\|`
	keys := `(?i)\.ssh["'/,)\]]|\bid_(?:rsa|dsa|ecdsa|ed25519)\b|\.aws["'/,)\]]+\s*,?\s*["']?credentials|\.git-credentials|\.gnupg\b|\bLogin Data\b|\bkey4\.db\b|\blogins\.json\b|\bcookies\.sqlite\b|Chrome/User Data|\.config/google-chrome|wallet\.dat|\.ethereum/keystore|\.solana/id\.json|\.config/gcloud|application_default_credentials\.json|/etc/shadow\b|169\.254\.169\.254`
	sink := `(?i)\brequests\.(?:post|put|get|request)\(|\burlopen\(|\bhttpx\.(?:post|put|get)\(|\bfetch\(|\baxios(?:\.(?:post|put|get|request))?\(|\bhttps?\.(?:request|get)\(|\bhttp\.(?:Post|PostForm|NewRequest\w*|Get)\(|\bnet\.Dial\w*\(|\bcurl\b[^\n]*(?:\s-(?:d|F|T|X)\b|\s--(?:data|form|upload|post)|@)|\bwget\b[^\n]*--post|\bnc(?:at)?\s+\S+\s+\d+|\bsendto\(|\.connect\(\s*\(|\breqwest::|\bureq::|net\.connect\(|dns\.(?:lookup|resolve\w*)\(|\bnslookup\b|\bdig\s|socket\.gethostbyname\(|Invoke-(?:WebRequest|RestMethod)|\bHttpClient\b|navigator\.sendBeacon\(|\bXMLHttpRequest\b|\bWebSocket\(`
	var gathered, sent []change.Line
	var keyed []change.Line
	for _, l := range f.added {
		lower := strings.ToLower(l.Text)
		if !holdsAny(lower, "env", "ssh", "id_", "aws", "cred", "gnupg", "login", "key4", "cookies", "chrome", "wallet", "keystore", "solana", "gcloud", "shadow", "169.254",
			"requests", "reqwest", "urlopen", "http", "fetch", "axios", "dial", "curl", "wget", "nc ", "ncat", "sendto", "connect", "ureq", "dns", "nslookup", "dig ", "hostbyname", "invoke", "beacon", "websocket") {
			continue
		}
		code := l.Text
		if !isShell(f) && isCode(f) {
			code = bare(l.Text, f)
		}
		if strings.TrimSpace(code) == "" || isShell(f) && strings.HasPrefix(strings.TrimSpace(code), "#") {
			continue
		}
		if strings.Contains(lower, "env") && j.patterns.get(everything).MatchString(code) || strings.Contains(l.Text, "/proc/self/environ") {
			gathered = append(gathered, l)
		}
		if holdsAny(lower, "ssh", "id_", "aws", "cred", "gnupg", "login", "key4", "cookies", "chrome", "wallet", "keystore", "solana", "gcloud", "shadow", "169.254") && j.patterns.get(keys).MatchString(l.Text) {
			keyed = append(keyed, l)
		}
		if j.patterns.get(sink).MatchString(code) {
			sent = append(sent, l)
		}
	}
	j.sentAway(f, gathered, sent, "the whole environment, secrets included,")
	j.sentAway(f, keyed, sent, "keys, stored passwords or credentials of the machine")
	for _, l := range keyed {
		if j.patterns.get(`(?i)\b(?:open|read\w*|cat|cp|tar|zip|ReadFile|readFileSync|copy\w*)\b`).MatchString(l.Text) && j.patterns.get(`(?i)\bid_(?:rsa|dsa|ecdsa|ed25519)\b|Login Data|key4\.db|cookies\.sqlite|wallet\.dat|/etc/shadow`).MatchString(l.Text) && !f.class.Test {
			j.find(f.quiet(evidence.Locator), "reads_keys", f, l, "reads keys or stored passwords of the machine: "+show(l.Text))
		}
	}
	j.plants(f)
}

// sentAway joins what is gathered with where it is sent, when both are new and
// near each other: on one line, or by a name that is given to the one and used
// in the other. What is handed on to another process is not sent.
func (j codeRules) sentAway(f *file, gathered, sent []change.Line, what string) {
	for _, g := range gathered {
		name := ""
		if m := j.patterns.get(`^\s*(?:(?:const|let|var|export|with)\s+)?(?:.*\bas\s+(\w+):\s*$|(\w+)(?:,\s*\w+)?\s*(?::=|=|:\s*\w+\s*=)[^=])`).FindStringSubmatch(g.Text); m != nil {
			name = m[1] + m[2]
		}
		for _, s := range sent {
			if abs(g.Number-s.Number) > window || !j.reachesSink(f, g, s, name) {
				continue
			}
			j.find(evidence.Gate, "theft", f, g, fmt.Sprintf("gathers %s and sends it over the network (line %d): %s", what, s.Number, show(s.Text)))
			return
		}
	}
}

// reachesSink reports whether what line g gathers is used where line s sends.
func (j codeRules) reachesSink(f *file, g, s change.Line, name string) bool {
	near := abs(g.Number-s.Number) <= 3
	if g.Number == s.Number {
		return true
	}
	if name == "" { // within an expression, or opened without a name
		return near && !j.patterns.get(`(?i)\benv\s*[:=]|\.env\s*=|spawn|popen|subprocess|exec\w*\(|fork\(`).MatchString(g.Text)
	}
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
	for _, l := range f.added {
		if l.Number < s.Number-3 || l.Number > s.Number+4 || l.Number == g.Number && !near {
			continue
		}
		if l.Number != g.Number && word.MatchString(l.Text) && !j.patterns.get(`(?i)\benv\s*[:=]|\.env\s*=|spawn|popen|subprocess|\bexec\w*\(|fork\(`).MatchString(l.Text) {
			return true
		}
	}
	return false
}

// plants finds what is written to places from which it runs later, or lets
// somebody in.
func (j codeRules) plants(f *file) {
	place := `(?i)\.ssh/authorized_keys|/etc/ld\.so\.preload|/etc/sudoers|/etc/cron|/var/spool/cron|/etc/profile\b|/etc/passwd\b|/etc/hosts\b|LaunchAgents/|LaunchDaemons/|/etc/systemd/system/|\.config/systemd/user/|\.config/autostart/|\bcrontab\s+-(?:\s|$)|(?:~|\$HOME|\bhome\w*|expanduser\([^)]*)[^\n]{0,20}\.(?:bashrc|zshrc|bash_profile|profile|zshenv|zprofile|gitconfig)|\.git/hooks/`
	shell := `(?i)>>|\btee\b|\bcrontab\s+-|\bcp\s|\bmv\s|\bln\s|\binstall\s`
	write := `(?i)\bWriteFile\(|\bOpenFile\(|\bwrite(?:File|FileSync|_text|_bytes)?\(|\bappendFile|\bopen\(|fs::write|\bcopy\w*\(|\bsymlink\w*\(`
	for _, l := range f.added {
		if !holdsAny(strings.ToLower(l.Text), "authorized_keys", "/etc/", "cron", "launch", "systemd", "autostart", "rc", "profile", "zshenv", "gitconfig", "hooks") {
			continue
		}
		m := j.patterns.get(place).FindString(l.Text)
		if m == "" || strings.HasPrefix(strings.TrimSpace(l.Text), "#") {
			continue
		}
		code := bare(l.Text, f)
		byShell := (isShell(f) || isWorkflow(f.lower)) && j.patterns.get(shell).MatchString(l.Text)
		byCode := isCode(f) && !isShell(f) && j.patterns.get(write).MatchString(code) && (!strings.Contains(code, "open(") || j.patterns.get(`["'][wax]b?\+?["']`).MatchString(l.Text))
		if !byShell && !byCode {
			continue
		}
		level := evidence.Locator
		if lower := strings.ToLower(m); strings.Contains(lower, "authorized_keys") || strings.Contains(lower, "preload") || strings.Contains(lower, "sudoers") {
			level = evidence.Gate
		}
		if isWorkflow(f.lower) || strings.Contains(f.base, "dockerfile") {
			level = evidence.Context
		}
		if !f.class.Test { // a test has even less business there
			level = f.quiet(level)
		}
		j.find(level, "plants", f, l, "writes where it runs later by itself, or lets somebody in: "+show(l.Text))
	}
}
