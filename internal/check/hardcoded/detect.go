package hardcoded

import (
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/source"
)

// probe is a way in which code finds out that it is being tested.
type probe struct {
	languages string // first letters of those it is for; empty for all
	line      *check.Pattern
	what      string
}

// probes gives the ways that the test tools of each language can be noticed.
func probes() []probe {
	re := check.Lazy
	return []probe{
		{"g", re(`\btesting\.Testing\(\)`), "testing.Testing()"},
		{"g", re(`flag\.Lookup\("test\.`), "the flags of go test"},
		{"g", re(`os\.Args\b.*(\.test\b|-test\.)|strings\.(HasSuffix|Contains)\([^)]*(os\.Args|os\.Executable|exe\b|argv0)[^)]*"[^"]*test`), "the name of the test program"},
		{"p", re(`["'](pytest|unittest|nose|_pytest|doctest)["']\s+(not\s+)?in\s+sys\.modules|sys\.modules\.get\(["'](pytest|unittest)`), "the test tool's module"},
		{"p", re(`\bsys\.argv\b.*(pytest|unittest|["']test["'])`), "the test tool's name"},
		{"", re(`PYTEST_CURRENT_TEST|PYTEST_VERSION|JEST_WORKER_ID|VITEST_WORKER_ID|VITEST_POOL_ID|\bprocess\.env\.VITEST\b|GO_TEST_ENV|CARGO_TARGET_TMPDIR|surefire\.test\.class\.path`), "a variable that the test tool sets"},
		{"jt", re(`process\.env(\.NODE_ENV|\[['"]NODE_ENV['"]\])\s*={2,3}\s*['"]test['"]|['"]test['"]\s*={2,3}\s*process\.env\.NODE_ENV|import\.meta\.env\.MODE\s*={2,3}\s*['"]test['"]`), "NODE_ENV"},
		{"jt", re(`typeof\s+(globalThis\.|global\.|window\.)?(jest|describe|it|vi|expect|mocha)\b\s*!={1,2}|globalThis\.(jest|describe|expect|vi)\b`), "the test tool's globals"},
		{"", re(`(?:os\.Getenv|os\.LookupEnv|os\.environ(?:\.get)?|os\.getenv|System\.getenv|env::var|process\.env)[\[(.]{1,2}["']?(?:CI|GITHUB_ACTIONS|GITLAB_CI|TRAVIS|CIRCLECI|BUILDKITE|JENKINS_URL|TEST_ENV|TESTING|UNIT_TEST|IS_TEST|RUNNING_TESTS|GO_TESTING|APP_TESTING)\b`), "a variable that says where tests run"},
		{"j", re(`Class\.forName\("org\.(junit|testng)|getStackTrace\(\).*(junit|[Tt]est)`), "the test tool's classes"},
		{"", re(`(?:runtime\.Callers?|inspect\.(?:stack|currentframe|getouterframes)|sys\._getframe|new Error\(.*\)\.stack|getStackTrace|traceback\.(?:extract|format)_stack)\b.*[Tt]est`), "who calls it"},
	}
}

// caller finds code that looks at its callers, and tested a mention of tests
// shortly after.
var (
	caller = check.Lazy(`runtime\.Callers?\(|runtime\.CallersFrames|inspect\.(stack|currentframe|getouterframes)\(|sys\._getframe\(|\bError\(.*\)\.stack|getStackTrace\(|extract_stack\(`)
	tested = check.Lazy(`["'` + "`" + `/.](_test\.go|test_|[^"']*_test\b|\.test\.|\.spec\.|pytest|unittest|jest|Test["'])`)
)

// outside names files that are about tests or building by their nature.
var outside = check.Lazy(`(?i)(^|/)(scripts?|tools?|hack|build|ci|benchmarks?|examples?|e2e|testing|testutils?|testlib|testhelpers?|test-utils|\.\w[^/]*|docs?)/|\.config\.[cm]?[jt]s$|(^|/)(conftest|noxfile|setup|tasks|webpack[^/]*|babel[^/]*|gulpfile|gruntfile|vite[^/]*|rollup[^/]*|jest[^/]*|karma[^/]*)\.\w+$|test_?(util|help|support|suite)`)

// detections gives the added lines in which code asks whether it is tested.
func detections(path string, lang source.Language, base []byte, patch change.Patch) []change.Line {
	if outside.MatchString(path) {
		return nil
	}
	old := map[string]bool{}
	for l := range strings.Lines(string(base)) {
		old[strings.TrimSpace(l)] = true
	}
	var out []change.Line
	looked := -100
	for _, l := range patch.Added() {
		code := strings.TrimSpace(l.Text)
		if len(code) > 2000 || old[code] || strings.HasPrefix(code, "//") || strings.HasPrefix(code, "#") || strings.HasPrefix(code, "*") {
			continue
		}
		if caller.MatchString(code) {
			looked = l.Number
		}
		if p, ok := probing(code, lang); ok || l.Number-looked <= 10 && tested.MatchString(code) {
			what := "who calls it"
			if ok {
				what = p.what
			}
			out = append(out, change.Line{Number: l.Number, Text: what})
		}
	}
	return out
}

func probing(code string, lang source.Language) (probe, bool) {
	for _, p := range all {
		if (p.languages == "" || lang != "" && strings.Contains(p.languages, string(lang[0]))) && p.line.MatchString(code) {
			return p, true
		}
	}
	return probe{}, false
}

var all = probes() //nolint:gochecknoglobals // patterns are compiled once; they never change
