package check

import (
	"strings"

	"muster/internal/source"
)

// piece is a word, a number, a run of operators or any other sign.
var piece = Lazy(`[A-Za-z_]\w*|\d[\w.]*|[<>=!&|+*/%^-]+|\S`)

// Code gives the words and signs of a file's code, without comments and, for
// Python, without the texts that document a module, class or function.
func Code(f source.File, text []byte) []string {
	lines := strings.Split(string(text), "\n")
	starts := map[int][]source.Comment{}
	covered := map[int]bool{}
	for _, c := range f.Comments {
		starts[c.Start] = append(starts[c.Start], c)
		for n := c.Start + 1; n <= c.End; n++ {
			covered[n] = true
		}
	}
	mark := "//"
	if f.Language == source.Python {
		mark = "#"
	}
	var b strings.Builder
	for i, line := range lines {
		switch n := i + 1; {
		case starts[n] != nil:
			if f.Language == source.Python {
				line = withoutDocstring(line)
			}
			b.WriteString(beforeComment(line, mark) + "\n")
		case covered[n]:
			b.WriteString(afterComment(line) + "\n")
		default:
			b.WriteString(line + "\n")
		}
	}
	return piece.FindAllString(b.String(), -1)
}

// docstring is a text in three quotes at the begin of a line, which may go on
// in the next ones.
var docstring = Lazy(`^\s*[rRuU]?(?:"""(?:[^\\]|\\.)*?(?:"""|$)|'''(?:[^\\]|\\.)*?(?:'''|$))`)

// withoutDocstring gives a line that is known to hold the start of a comment
// or of a text that documents, without the latter.
func withoutDocstring(line string) string {
	return docstring.ReplaceAllString(line, "")
}

// beforeComment gives what stands before the comment in a line that is known
// to hold the start of one: the first mark of a comment outside quotes.
func beforeComment(line, mark string) string {
	var quote byte
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case strings.HasPrefix(line[i:], mark):
			return line[:i]
		case mark == "//" && strings.HasPrefix(line[i:], "/*"):
			rest := ""
			if end := strings.Index(line[i+2:], "*/"); end >= 0 {
				rest = beforeComment(line[i+2+end+2:], mark)
			}
			return line[:i] + rest
		}
	}
	return line
}

// afterComment gives what stands after a comment that ends in a line.
func afterComment(line string) string {
	if _, rest, ok := strings.Cut(line, "*/"); ok {
		return rest
	}
	return ""
}
