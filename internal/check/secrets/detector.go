package secrets

import (
	_ "embed" // the rules
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"muster/internal/core/evidence"
)

// gitleaks holds the rules of gitleaks 8.30.1 (MIT, data/gitleaks.LICENSE), as
// they are. They are taken as data: linking the program's packages would make
// this one 7 MB larger and double the time it takes to start.
//
//go:embed data/gitleaks.toml
var gitleaks string

// match is one secret in added text.
type match struct {
	rule   string
	what   string // completes "adds ..."
	secret string
	line   int // of the text, from 0
	column int // bytes before the secret on its line
	level  evidence.Level
}

// ruleFile is the form of gitleaks' rules.
type ruleFile struct {
	Allowlist allowed   `toml:"allowlist"`
	Rules     []rawRule `toml:"rules"`
}

type rawRule struct {
	ID         string
	Regex      string
	Path       string
	Entropy    float64
	Group      int `toml:"secretGroup"`
	Keywords   []string
	Allowlists []allowed
}

type allowed struct {
	Condition string
	Target    string `toml:"regexTarget"`
	Regexes   []string
	Paths     []string
	StopWords []string `toml:"stopwords"`
}

// detector finds secrets in text. Its rules are read at the first use, and
// each expression is compiled when one of its keywords is met.
type detector struct {
	mu       sync.Mutex
	rules    []rule
	global   allowed
	compiled map[string]*regexp.Regexp
}

type rule struct {
	rawRule
	sure bool // the form alone tells: a prefix of the provider's own
}

// read reads the rules; what is not in their form is a defect of the build,
// which a test finds.
func (d *detector) read() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rules != nil {
		return
	}
	var f ruleFile
	if _, err := toml.Decode(gitleaks, &f); err != nil {
		panic(err)
	}
	d.global = f.Allowlist
	for _, r := range f.Rules {
		switch r.ID {
		case "generic-api-key", "jwt", "jwt-base64", "private-key", "kubernetes-secret-yaml", "hashicorp-tf-password": // done by rules of our own
			continue
		}
		if r.Regex != "" {
			d.rules = append(d.rules, rule{rawRule: r, sure: hasPrefix(r)})
		}
	}
}

// hasPrefix reports whether the keywords of a rule are part of the secret
// itself: "ghp_", "akia", "xoxb", "sk_live". Other rules look for a provider's
// name near something that looks like a key.
func hasPrefix(r rawRule) bool {
	for _, k := range r.Keywords {
		if strings.ContainsAny(k, "_-.") && len(k) >= 3 || strings.HasPrefix(k, "akia") || strings.HasPrefix(k, "aiza") || strings.HasPrefix(k, "xox") {
			return true
		}
	}
	return false
}

// regexp gives a compiled expression. All are of this program, and compile.
func (d *detector) regexp(pattern string) *regexp.Regexp {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.compiled[pattern]
	if r == nil {
		if d.compiled == nil {
			d.compiled = map[string]*regexp.Regexp{}
		}
		r = regexp.MustCompile(pattern)
		d.compiled[pattern] = r
	}
	return r
}

// find gives the secrets of added text, each with its level.
func (d *detector) find(name, text string, kind sort) []match {
	d.read()
	lower := small(text)
	var out []match
	for _, r := range d.rules {
		if kind != code && !r.sure || !holdsAny(lower, r.Keywords) { // a provider's name in prose is near to everything
			continue
		}
		if r.Path != "" && !d.regexp(r.Path).MatchString(name) {
			continue
		}
		for _, part := range around(lower, r.Keywords) {
			for _, m := range d.provider(name, text[part[0]:part[1]], r) {
				m.line += strings.Count(text[:part[0]], "\n")
				out = append(out, m)
			}
		}
	}
	out = append(out, d.keys(text, lower)...)
	if kind != written {
		out = append(out, d.assignments(name, text)...)
	}
	var kept []match
	for _, m := range out {
		if m.level = levelOf(m, kind); m.level != "" {
			kept = append(kept, m)
		}
	}
	return kept
}

// small gives a text in small letters, as far as ASCII goes: other letters may
// change their length, and places in the text would move.
func small(text string) string {
	out := []byte(text)
	for i, b := range out {
		if b >= 'A' && b <= 'Z' {
			out[i] = b + 'a' - 'A'
		}
	}
	return string(out)
}

// around gives the parts of a text, from the begin to the end of a line, that
// hold one of the words, each with a line before and after it. Expressions
// that look at nothing else take a tenth of the time.
func around(lower string, words []string) [][2]int {
	var out [][2]int
	for _, w := range words {
		for at := 0; at < len(lower); {
			i := strings.Index(lower[at:], w)
			if i < 0 {
				break
			}
			start, end := at+i, at+i+len(w)
			for range 2 {
				start = max(strings.LastIndexByte(lower[:max(start, 0)], '\n'), 0)
				if next := strings.IndexByte(lower[end:], '\n'); next >= 0 {
					end += next + 1
				} else {
					end = len(lower)
				}
			}
			if start > 0 {
				start++
			}
			out = append(out, [2]int{start, end})
			at = end
		}
	}
	slices.SortFunc(out, func(a, b [2]int) int { return a[0] - b[0] })
	merged := out[:0]
	for _, p := range out {
		if n := len(merged); n > 0 && p[0] < merged[n-1][1] {
			merged[n-1][1] = max(merged[n-1][1], p[1])
			continue
		}
		merged = append(merged, p)
	}
	return merged
}

func holdsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// provider applies one rule of gitleaks.
func (d *detector) provider(name, text string, r rule) []match {
	var out []match
	re := d.regexp(r.Regex)
	for _, at := range re.FindAllStringSubmatchIndex(text, -1) {
		start, end := at[0], at[1]
		if r.Group > 0 && len(at) > 2*r.Group+1 && at[2*r.Group] >= 0 {
			start, end = at[2*r.Group], at[2*r.Group+1]
		} else {
			for g := 2; g+1 < len(at) && r.Group == 0; g += 2 {
				if at[g] >= 0 && at[g+1] > at[g] {
					start, end = at[g], at[g+1]
					break
				}
			}
		}
		secret := strings.Trim(text[start:end], "\n\r\"'` ")
		start += max(strings.Index(text[start:end], secret), 0)
		line := lineAt(text, start)
		switch {
		case secret == "" || r.Entropy > 0 && entropy(secret) <= r.Entropy:
		case r.sure && isObvious(secret) || !r.sure && (isPlaceholder(secret) || isHash(line, secret)):
		case d.isAllowed(d.global, name, secret, text[at[0]:at[1]], line):
		case d.isAllowedBy(r.Allowlists, name, secret, text[at[0]:at[1]], line):
		default:
			rule := "provider"
			if !r.sure {
				rule = "near"
			}
			out = append(out, place(match{rule: rule, what: "a secret of the form " + strings.TrimSuffix(r.ID, "-id"), secret: secret}, text, start))
		}
	}
	return out
}

// isHash: next to a provider's name, a bare hash is more often the digest of
// an artefact than a key.
func isHash(line, secret string) bool {
	lower := strings.ToLower(line)
	return strings.Contains(lower, "sha") || strings.Contains(lower, "integrity") || strings.Contains(lower, "digest") || strings.Contains(lower, "checksum") || strings.Contains(lower, "://"+strings.ToLower(secret))
}

func (d *detector) isAllowedBy(lists []allowed, name, secret, match, line string) bool {
	for _, a := range lists {
		if d.isAllowed(a, name, secret, match, line) {
			return true
		}
	}
	return false
}

// isAllowed applies an allowlist as gitleaks does: one condition suffices,
// unless all are asked for.
func (d *detector) isAllowed(a allowed, name, secret, match, line string) bool {
	target := secret
	switch a.Target {
	case "match":
		target = match
	case "line":
		target = line
	}
	matches := func(patterns []string, text string) bool {
		for _, p := range patterns {
			if d.regexp(p).MatchString(text) {
				return true
			}
		}
		return false
	}
	stop := false
	for _, w := range a.StopWords {
		stop = stop || strings.Contains(strings.ToLower(secret), strings.ToLower(w))
	}
	byPath, byText := matches(a.Paths, name), matches(a.Regexes, target)
	if a.Condition == "AND" {
		return (len(a.Paths) == 0 || byPath) && (len(a.Regexes) == 0 || byText) && (len(a.StopWords) == 0 || stop)
	}
	return byPath || byText || stop
}

func lineAt(text string, at int) string {
	start := strings.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	return line
}

// place fills in where in the text a match stands.
func place(m match, text string, at int) match {
	m.line = strings.Count(text[:at], "\n")
	m.column = at - strings.LastIndexByte(text[:at], '\n') - 1
	return m
}

// sort says how much the lines of a file mean.
type sort int

const (
	code    sort = iota
	aside        // tests, fixtures, examples, prose, foreign code
	written      // written by a program: only forms that tell by themselves count
	skipped      // hashes and images
)

// levelOf gives what a match may do, or "" for nothing.
func levelOf(m match, kind sort) evidence.Level {
	live := hasChecksum(m.secret)
	trial := strings.Contains(m.secret, "_test_")
	switch {
	case live:
		return evidence.Gate
	case kind == code && m.level != "":
		return m.level // a rule of our own has decided
	case kind == code && trial:
		return evidence.Context
	case kind == code:
		return evidence.Gate
	case kind == written:
		return evidence.Locator
	case m.rule == "provider" && !trial && m.level == "":
		return evidence.Locator
	case m.level == evidence.Gate || m.level == "":
		return evidence.Context
	}
	return ""
}

// ext gives a file's extension in lower case.
func ext(name string) string { return strings.ToLower(path.Ext(name)) }
