package runs

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// Conditional judges a skip that depends on something. Skips for a
// platform, a version or a missing tool are ordinary; a condition on the
// outcome or on a variable may keep the test from ever running.
func Conditional(t source.Test, lang source.Language, file string, m source.Mark) (evidence.Level, string) {
	text := strings.ToLower(because.ReplaceAllString(m.Text, ""))
	if strings.HasPrefix(text, "//go:build") {
		if ByDefault(m.Text) || OnPlatforms(text) {
			return evidence.Context, "runs on some platforms only now"
		}
		for _, old := range t.Skips {
			if strings.HasPrefix(old.Text, "//go:build") {
				return evidence.Locator, "runs under another build tag now"
			}
		}
		return evidence.Gate, "runs only with a build tag now"
	}
	if lang == source.Go && strings.HasPrefix(t.Name, "Fuzz") {
		return evidence.Context, "leaves inputs out now" // that are none for what is tested
	}
	if environment.MatchString(text) {
		return evidence.Locator, "is skipped under a condition now"
	}
	if m := imported.FindStringSubmatch(text); m != nil && strings.Contains(strings.ToLower(file), "import "+m[1]) {
		return evidence.Locator, "is skipped now where a part of the project is not there"
	}
	for _, usual := range []string{"os.name", "goos", "goarch", "windows", "win32", "darwin", "platform", "version", "short()", "lookpath", "importorskip", "import", "root", "geteuid", "getuid", "racedetector", "race.enabled", "pypy", "implementation", "hasattr", "linux", "network", "docker", "is none", "gomaxprocs", "available", "installed", "has_", "numcpu"} {
		if strings.Contains(text, usual) {
			return evidence.Context, "is skipped under a condition now"
		}
	}
	return evidence.Locator, "is skipped under a condition now"
}

// Otherwise reports whether a condition under which a test is skipped is one of
// the base with another comparison or another name in it; versions go up.
func Otherwise(had []source.Mark, m source.Mark) bool {
	name, _, _ := strings.Cut(m.Text, "(")
	is := words.Scan(m.Text, source.JavaScript)
	for _, old := range had {
		if before, _, _ := strings.Cut(old.Text, "("); before != name || !old.Conditional {
			continue
		}
		was := words.Scan(old.Text, source.JavaScript)
		if len(was) != len(is) {
			continue
		}
		for i := range was {
			if was[i] != is[i] && was[i].Kind != words.Number && (was[i].Kind == words.Mark || was[i].Kind == words.Text && compares(was, i-1)) {
				return true
			}
		}
	}
	return false
}

// compares reports whether a token is the end of a comparison for equality.
func compares(tokens []words.Token, at int) bool {
	if at < 1 || tokens[at].Kind != words.Mark {
		return false
	}
	two := tokens[at-1].Text + tokens[at].Text
	return tokens[at].Text == "==" || tokens[at].Text == "!=" || two == "==" || two == "!="
}

// because matches the reason that a mark gives: it is no condition.
var because = check.Lazy(`\breason ?= ?(?:"[^"]*"|'[^']*')`)

var imported = check.Lazy(`importorskip\(["'](\w+)\.`)

var environment = check.Lazy(`(?i)getenv\W+CI\b|getenv\("ci"\)|environ\S*["']ci["']|process\.env\.ci\b`)

// Versioned reports whether a test was for some versions of Go only.
func Versioned(skips []source.Mark) bool {
	return slices.ContainsFunc(skips, func(m source.Mark) bool {
		return strings.HasPrefix(m.Text, "//go:build") && strings.Contains(m.Text, "go1.")
	})
}
