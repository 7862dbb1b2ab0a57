package imports

import (
	"regexp"
	"strings"
)

// block is a Python block whose imports are soft.
type block struct {
	indent int
	soft   bool
}

// readPython looks at each line outside strings. A block under if, try or
// except makes what it imports soft, also in blocks below it.
func readPython(text []byte) []Import {
	opens := regexp.MustCompile(`^(try|except|finally|else|elif|if|with\s+.*\bsuppress\b|def|class|for|while|async|with|match|case)\b`)
	softens := regexp.MustCompile(`^(try|except|else|elif|if|with\s+.*\bsuppress\b)`)
	imports := regexp.MustCompile(`^import\s+(.+)$`)
	from := regexp.MustCompile(`^from\s+([.\w]+)\s+import\b`)
	var out []Import
	var blocks []block
	for i, line := range blankPython(string(text)) {
		code := strings.TrimSpace(line)
		if code == "" {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		for len(blocks) > 0 && blocks[len(blocks)-1].indent >= indent {
			blocks = blocks[:len(blocks)-1]
		}
		soft := len(blocks) > 0 && blocks[len(blocks)-1].soft
		if opens.MatchString(code) {
			soft = soft || softens.MatchString(code)
			blocks = append(blocks, block{indent, soft})
			_, code, _ = strings.Cut(code, ":") // try: import x
		}
		for part := range strings.SplitSeq(code, ";") {
			part = strings.TrimSpace(part)
			if m := from.FindStringSubmatch(part); m != nil {
				out = append(out, Import{m[1], i + 1, soft})
			} else if m := imports.FindStringSubmatch(part); m != nil {
				for name := range strings.SplitSeq(m[1], ",") {
					name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
					if name != "" {
						out = append(out, Import{strings.Trim(name, `\`), i + 1, soft})
					}
				}
			}
		}
	}
	return out
}

// blankPython gives the lines without comments and without what strings hold.
func blankPython(text string) []string {
	var b strings.Builder
	quote := "" // what ends the string that is open
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\n':
			if len(quote) == 1 {
				quote = "" // a string on one line that was not closed
			}
			b.WriteByte(c)
		case quote != "":
			if c == '\\' && i+1 < len(text) && text[i+1] != '\n' {
				i++
			} else if strings.HasPrefix(text[i:], quote) {
				i += len(quote) - 1
				quote = ""
				b.WriteByte('"')
			}
		case c == '#':
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case c == '"' || c == '\'':
			quote = text[i : i+1]
			if three := strings.Repeat(quote, 3); strings.HasPrefix(text[i:], three) {
				quote = three
				i += 2
			}
			b.WriteByte('"')
		default:
			b.WriteByte(c)
		}
	}
	return strings.Split(b.String(), "\n")
}
