package agent

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"muster/internal/core/job"
)

const (
	maxText   = 4 << 10 // bytes of an event's text and of an outcome's message
	maxName   = 256     // bytes of a tool's or model's name
	maxDenied = 20      // refused tool uses kept in an outcome
)

// view turns what an agent says into what may be shown and recorded.
type view struct {
	dir     string // worktree; paths below it are shown relative to it
	secrets *strings.Replacer
}

func newView(a job.Attempt) view {
	return view{dir: filepath.Clean(a.Dir), secrets: strings.NewReplacer(redactions(a)...)}
}

// redactions pairs every secret that the attempt's environment may hold with
// its replacement. A secret is recognised by the name of its variable; short
// values are left alone because replacing them would mangle ordinary text.
func redactions(a job.Attempt) []string {
	var found []string
	for _, vars := range []map[string]string{a.Host, a.Agent.Env} {
		for name, value := range vars {
			if len(value) >= 8 && isSecretName(name) {
				found = append(found, value)
			}
		}
	}
	// The replacer takes the first match in order: the longest goes first so
	// that a secret which contains another is not replaced in part.
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, v := range found {
		pairs = append(pairs, v, "[redacted]")
	}
	return pairs
}

func isSecretName(name string) bool {
	name = strings.ReplaceAll(strings.ToUpper(name), "AUTHOR", "") // GIT_AUTHOR_NAME is no secret
	for _, mark := range []string{"KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "AUTH"} {
		if strings.Contains(name, mark) {
			return true
		}
	}
	return false
}

// text gives s redacted, in valid UTF-8, without control characters (they
// could drive a terminal) other than line feed and tab, at most 4 KiB.
func (v view) text(s string) string { return clip(clean(v.secrets.Replace(s)), maxText) }

// name gives s as one short line, for names of tools and models.
func (v view) name(s string) string {
	return clip(strings.Join(strings.Fields(clean(v.secrets.Replace(s))), " "), maxName)
}

// path gives p relative to the worktree when it lies below it.
func (v view) path(p string) string {
	if rest, ok := strings.CutPrefix(p, v.dir+"/"); ok && v.dir != "/" {
		p = rest
	}
	return v.name(p)
}

// target says in one line what a tool was used on.
func (v view) target(s string) string {
	if strings.HasPrefix(s, v.dir+"/") {
		return v.path(s)
	}
	return v.text(s)
}

func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			return -1
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return -1 // direction overrides show a text as something it is not
		}
		return r
	}, s)
}

// clip cuts s to at most n bytes at the start of a character and marks the
// cut.
func clip(s string, n int) string {
	const mark = "…"
	if len(s) <= n {
		return s
	}
	end := n - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

// isSession reports whether s can be handed back to an agent's program as the
// name of a session. A session comes out of the agent's own output, so it
// must not be able to pose as an option or a path.
func isSession(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		isWord := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !isWord && (i == 0 || c != '-' && c != '_' && c != '.') {
			return false
		}
	}
	return true
}

// session gives s when it is usable as a session, else "".
func session(s string) string {
	if isSession(s) {
		return s
	}
	return ""
}
