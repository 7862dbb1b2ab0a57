package check

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDetail is the most a finding's detail holds, in bytes.
const MaxDetail = 8 << 10

// ShowPath gives a path as a message shows it: quoted when it holds anything
// that a terminal or a reader could take for something else.
func ShowPath(path string) string {
	for _, r := range path {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			return strconv.Quote(path)
		}
	}
	return path
}

// Clip shortens text to at most limit bytes of valid UTF-8. It keeps the first
// quarter, which names the first error of a compiler, and the end, which sums
// up a test run, and says how much it left out.
func Clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= limit {
		return text
	}
	const room = 48 // for the line that says what is missing
	if limit <= room {
		return strings.ToValidUTF8(text[:max(limit, 0)], "")
	}
	first := (limit - room) / 4
	last := limit - room - first
	head := strings.ToValidUTF8(text[:first], "")
	tail := strings.ToValidUTF8(text[len(text)-last:], "")
	return fmt.Sprintf("%s\n... %d bytes left out ...\n%s", head, len(text)-len(head)-len(tail), tail)
}

// Relative rewrites the given folders in a command's output to ".", so that
// paths of this machine reach neither the evidence nor an agent.
func Relative(text string, dirs ...string) string {
	for _, dir := range dirs {
		spellings := []string{dir}
		if real, err := filepath.EvalSymlinks(dir); err == nil && real != dir {
			spellings = append(spellings, real)
		}
		for _, d := range spellings {
			// Not the beginning of another folder's name.
			whole := regexp.MustCompile(regexp.QuoteMeta(d) + `(/|[^\w./-]|\.?$|\.\s)`)
			text = whole.ReplaceAllStringFunc(text, func(m string) string {
				if rest := m[len(d):]; rest != "/" {
					return "." + rest
				}
				return ""
			})
		}
	}
	return text
}

// Stable removes from output what differs between two runs of the same thing,
// or when lines move: terminal colours, addresses, durations, times of day,
// temporary folders, goroutine numbers, and line and column numbers. What is
// left serves as the anchor of a finding, never to be shown.
func Stable(text string) string {
	for _, r := range []struct{ pattern, with string }{
		{`\x1b\[[0-9;?]*[A-Za-z]`, ""},
		{`\r`, ""},
		{`(/private)?(/var)?/tmp/[^\s:'")]+`, "TMP"},
		{`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?`, "TIME"},
		{`\b\d\d:\d\d:\d\d(\.\d+)?\b`, "TIME"},
		{`\b0x[0-9a-fA-F]+\b`, "ADDR"},
		{`\bgoroutine \d+\b`, "goroutine N"},
		{`\bpid[ =:]+\d+\b`, "pid N"},
		{`\b\d+(\.\d+)?(ns|µs|us|ms|s|m|h)\b`, "DURATION"},
		{`\b(\d+(\.\d+)?) (seconds?|minutes?|milliseconds?)\b`, "DURATION"},
		{`(\.[A-Za-z]\w*)(:\d+)+`, "$1"},
		{`\bline \d+\b`, "line N"},
		{`\+?ADDR\b`, "ADDR"},
		{`[ \t]+`, " "},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	return text
}

// FailureAnchor gives the anchor of a failed command: the lines of its output
// that speak of a failure, made stable and put in order, since parallel tests
// print in any order. Without such lines it is the output's last twenty.
func FailureAnchor(output string) string {
	speaks := regexp.MustCompile(`(?i)fail|error|panic|undefined|cannot|not found|missing|expect|assert|exception|\bgot\b|\bwant\b|:\d+:`)
	var all, lines []string
	for line := range strings.Lines(output) {
		stable := strings.TrimSpace(Stable(line))
		if stable == "" {
			continue
		}
		all = append(all, stable)
		if speaks.MatchString(line) {
			lines = append(lines, stable)
		}
	}
	if len(lines) == 0 {
		return strings.Join(all[max(0, len(all)-20):], "\n")
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

// Located finds the first "file:line" of a compiler's output, relative to the
// folder the compiler ran in, or "" and 0.
func Located(output string) (path string, line int) {
	m := regexp.MustCompile(`(?m)^\s*(?:\./)?([^\s:]+\.\w+):(\d+)(?::\d+)?(?::|\s|$)`).FindStringSubmatch(output)
	if m == nil || !filepath.IsLocal(m[1]) {
		return "", 0
	}
	line, err := strconv.Atoi(m[2])
	if err != nil {
		return "", 0
	}
	return m[1], line
}
