package rust

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/change"
)

// Lines is a run of lines, counted from 1, both ends included.
type Lines struct{ Start, End int }

// InlineTests gives the modules of tests inside a file of Rust code: those
// marked #[cfg(test)] that stand on lines of their own.
func InlineTests(text string) []Lines {
	var out []Lines
	mark := regexp.MustCompile(`^#\[cfg\(test\)\](\s*#\[[^\]\n]*\])*\s*(pub(\([^)]*\))?\s+)?mod\s+\w+\s*\{`)
	code := blanked(text)
	depth := 0
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '#':
			m := mark.FindString(code[i:])
			if depth != 0 || m == "" {
				continue
			}
			end := closing(code, i+len(m))
			if end < 0 {
				return out
			}
			before := code[strings.LastIndexByte(code[:i], '\n')+1 : i]
			after, _, _ := strings.Cut(code[end+1:], "\n")
			if strings.TrimSpace(before) == "" && strings.TrimSpace(after) == "" {
				out = append(out, Lines{1 + strings.Count(code[:i], "\n"), 1 + strings.Count(code[:end], "\n")})
			}
			i = end
		}
	}
	return out
}

// closing gives the place of the brace that closes a block which is open at
// from, or -1.
func closing(code string, from int) int {
	depth := 1
	for i := from; i < len(code); i++ {
		switch code[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// blanked gives Rust code with everything blank that is a comment or literal;
// line breaks stay.
func blanked(text string) string {
	token := regexp.MustCompile(`(?s)^(//[^\n]*|b?r(#{1,8})"|b?r"[^"]*"|b?"(\\.|[^"\\])*"|b?'(\\[^\n]{1,10}?|[^\\'\n])')`)
	out := []byte(text)
	blank := func(from, to int) {
		for k := from; k < to && k < len(out); k++ {
			if out[k] != '\n' {
				out[k] = ' '
			}
		}
	}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "/*"):
			end := i + commentEnd(text[i:])
			blank(i, end)
			i = end
			continue
		case c == '/' || c == '"' || c == '\'' || (c == 'r' || c == 'b') && (i == 0 || !isWord(text[i-1])):
			m := token.FindStringSubmatch(text[i:min(len(text), i+1<<20)])
			if m == nil {
				break
			}
			end := i + len(m[0])
			if m[2] != "" { // a raw string ends with as many marks as it began with
				close := strings.Index(text[end:], `"`+m[2])
				if close < 0 {
					close = len(text) - end
				}
				end = min(len(text), end+close+1+len(m[2]))
			}
			blank(i, end)
			i = end
			continue
		}
		i++
	}
	return string(out)
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// commentEnd gives the length of a block comment, which may hold others.
func commentEnd(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// Splice replaces the tests inside files of Rust code in the folder into by
// those of the folder from, as Lay does with whole files. Steps are shell
// lines that do the same in "$d/tree"; notes name files whose tests went with
// them.
func Splice(into, from string, c change.Change) (steps, notes []string, err error) {
	to, err := os.OpenRoot(into)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = to.Close() }() // nothing is lost when closing a folder fails
	source, err := os.OpenRoot(from)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = source.Close() }() // nothing is lost when closing a folder fails
	for _, f := range c.Files {
		old := f.OldPath
		if old == "" {
			old = f.Path
		}
		if path.Ext(f.Path) != ".rs" || f.Status == change.Added || f.Status == change.Retyped || (rust{}).Material(f.Path) {
			continue
		}
		theirs, _ := suite.ReadText(source.FS(), old)
		tests := InlineTests(theirs)
		if f.Status == change.Deleted {
			if len(tests) > 0 {
				notes = append(notes, fmt.Sprintf("the tests inside %s ran nowhere: the file is gone", check.ShowPath(old)))
			}
			continue
		}
		ours, ok := suite.ReadText(to.FS(), f.Path)
		if !ok {
			continue
		}
		own := InlineTests(ours)
		spliced := without(ours, own) + only(theirs, tests)
		if only(ours, own) == only(theirs, tests) {
			continue
		}
		if err := to.WriteFile(f.Path, []byte(spliced), 0o644); err != nil {
			return steps, notes, err
		}
		steps = append(steps, fmt.Sprintf(`{ git show %s | sed %s; git show %s | sed -n %s; } > "$d/tree/"%s`,
			suite.Quoted(c.Head.Tree+":"+f.Path), suite.Quoted(script(own, "d")), suite.Quoted(c.Base.Tree+":"+old), suite.Quoted(script(tests, "p")), suite.Quoted(f.Path)))
	}
	return steps, notes, nil
}

func script(runs []Lines, command string) string {
	var out []string
	for _, r := range runs {
		out = append(out, fmt.Sprintf("%d,%d%s", r.Start, r.End, command))
	}
	return strings.Join(out, ";")
}

func without(text string, runs []Lines) string { return pick(text, runs, false) }
func only(text string, runs []Lines) string    { return pick(text, runs, true) }

// pick gives the lines of a text that lie in one of the runs, or in none.
func pick(text string, runs []Lines, inside bool) string { //nolint:revive // its two callers name what they want
	var out strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		n++
		if slices.ContainsFunc(runs, func(r Lines) bool { return r.Start <= n && n <= r.End }) == inside {
			out.WriteString(line)
			if !strings.HasSuffix(line, "\n") {
				out.WriteString("\n")
			}
		}
	}
	return out.String()
}
