package imports

import "strings"

// word is one piece of JavaScript: a name, a mark, or a string.
type word struct {
	text   string
	line   int
	string bool
}

// jsReader reads words and remembers the last few, and which of the open
// braces belong to a try.
type jsReader struct {
	text   string
	at     int
	line   int
	last   [4]word // the newest first
	braces []brace
	out    []Import
	typed  bool // "import type" or "export type" began the statement
}

type brace struct {
	soft     bool
	template bool // it closes a ${ and the template goes on
}

func readJS(text string) []Import {
	r := &jsReader{text: text, line: 1}
	for r.at < len(r.text) {
		r.step()
	}
	return r.out
}

func (r *jsReader) step() {
	c := r.text[r.at]
	switch {
	case c == '\n':
		r.line++
		r.at++
	case c == ' ' || c == '\t' || c == '\r':
		r.at++
	case strings.HasPrefix(r.text[r.at:], "//"):
		r.skipTo("\n", 0)
	case strings.HasPrefix(r.text[r.at:], "/*"):
		r.skipTo("*/", 2)
	case c == '"' || c == '\'':
		r.quoted(c)
	case c == '`':
		r.at++
		r.template()
	case c == '/' && r.regexpMayStand():
		r.regexp()
	case isWord(c):
		start := r.at
		for r.at < len(r.text) && isWord(r.text[r.at]) {
			r.at++
		}
		r.push(word{text: r.text[start:r.at], line: r.line})
	default:
		r.at++
		r.mark(c)
	}
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func (r *jsReader) push(w word) {
	if !w.string && w.text == "type" && (r.last[0].text == "import" || r.last[0].text == "export") {
		r.typed = true
	} else if !w.string && (w.text == "import" || w.text == "export" || w.text == ";") {
		r.typed = false
	}
	copy(r.last[1:], r.last[:3])
	r.last[0] = w
}

// skipTo moves behind the next mark, or to it when keep is 0.
func (r *jsReader) skipTo(mark string, keep int) {
	rest := r.text[r.at:]
	i := strings.Index(rest[min(2, len(rest)):], mark)
	if i < 0 {
		r.at = len(r.text)
		return
	}
	i += min(2, len(rest)) + keep
	r.line += strings.Count(rest[:i], "\n")
	r.at += i
}

func (r *jsReader) mark(c byte) {
	soft := len(r.braces) > 0 && r.braces[len(r.braces)-1].soft
	switch c {
	case '{':
		r.braces = append(r.braces, brace{soft: soft || r.last[0].text == "try" || r.last[0].text == "catch"})
	case '}':
		if n := len(r.braces); n > 0 {
			closed := r.braces[n-1]
			r.braces = r.braces[:n-1]
			if closed.template {
				r.template()
				return
			}
		}
	}
	r.push(word{text: string(c), line: r.line})
}

// quoted reads a string, which ends with its line at the latest.
func (r *jsReader) quoted(quote byte) {
	start := r.at + 1
	for r.at++; r.at < len(r.text) && r.text[r.at] != quote && r.text[r.at] != '\n'; r.at++ {
		if r.text[r.at] == '\\' {
			r.at++
			if r.at < len(r.text) && r.text[r.at] == '\n' {
				r.line++
			}
		}
	}
	end := min(r.at, len(r.text))
	w := word{text: r.text[start:end], line: r.line, string: true}
	if end < len(r.text) && r.text[end] == quote {
		r.at++
	}
	r.take(w)
	r.push(w)
}

// take notes a string that is imported.
func (r *jsReader) take(w word) {
	a, b, c := r.last[0], r.last[1], r.last[2]
	if a.string || w.text == "" || strings.Contains(w.text, "\\") {
		return
	}
	called := a.text == "(" && !b.string && (b.text == "require" || b.text == "import") && c.text != "." && c.text != "function"
	resolved := a.text == "(" && b.text == "." // require.resolve and import.meta.resolve name files as well
	from := a.text == "from" && (b.text == "}" || b.text == "*" || !b.string && b.text != "" && isWord(b.text[0]))
	if resolved || !called && !from && a.text != "import" {
		return
	}
	soft := len(r.braces) > 0 && r.braces[len(r.braces)-1].soft
	r.out = append(r.out, Import{Path: w.text, Line: w.line, Soft: soft || from && r.typed})
}

// template reads on in a template until it ends or an expression begins.
func (r *jsReader) template() {
	for ; r.at < len(r.text); r.at++ {
		switch {
		case r.text[r.at] == '\n':
			r.line++
		case r.text[r.at] == '\\':
			r.at++
			if r.at < len(r.text) && r.text[r.at] == '\n' {
				r.line++
			}
		case r.text[r.at] == '`':
			r.at++
			r.push(word{line: r.line, string: true})
			return
		case strings.HasPrefix(r.text[r.at:], "${"):
			r.at += 2
			r.braces = append(r.braces, brace{template: true, soft: len(r.braces) > 0 && r.braces[len(r.braces)-1].soft})
			r.push(word{text: "{", line: r.line})
			return
		}
	}
}

// regexpMayStand tells a regular expression from a division by what stands
// before it.
func (r *jsReader) regexpMayStand() bool {
	a := r.last[0]
	if a.string || a.text == "" {
		return a.text == "" && !a.string
	}
	switch a.text {
	case ")", "]", "}":
		return false
	case "return", "typeof", "case", "in", "of", "do", "else", "void", "delete", "throw", "new", "await", "yield":
		return true
	}
	return !isWord(a.text[0])
}

// regexp skips a regular expression, which ends with its line at the latest.
func (r *jsReader) regexp() {
	class := false
	for r.at++; r.at < len(r.text) && r.text[r.at] != '\n'; r.at++ {
		switch c := r.text[r.at]; {
		case c == '\\':
			r.at++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			r.at++
			r.push(word{line: r.line, string: true})
			return
		}
	}
	r.at = min(r.at, len(r.text))
}
