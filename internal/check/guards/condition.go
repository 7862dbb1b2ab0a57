package guards

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// tokens splits a condition into identifiers, numbers, strings and marks.
// Unknown text becomes marks of one byte each; it never fails.
func tokens(text string) []string {
	var out []string
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case unicode.IsSpace(rune(c)):
			i++
		case c == '"' || c == '\'' || c == '`':
			j := i + 1
			for j < len(text) && text[j] != c {
				if text[j] == '\\' {
					j++
				}
				j++
			}
			j = min(j+1, len(text))
			out = append(out, text[i:j])
			i = j
		case isWord(c):
			j := i
			for j < len(text) && isWord(text[j]) {
				j++
			}
			out = append(out, text[i:j])
			i = j
		default:
			n := 1
			for _, op := range []string{"===", "!==", "==", "!=", "<=", ">=", "&&", "||", "?.", "::", "->"} {
				if strings.HasPrefix(text[i:], op) {
					n = len(op)
					break
				}
			}
			out = append(out, text[i:i+n])
			i += n
		}
	}
	return out
}

// split cuts tokens at the given words where no bracket is open, and takes
// brackets off that go around a whole part.
func split(toks []string, at ...string) [][]string {
	var out [][]string
	depth, from := 0, 0
	for i, t := range toks {
		switch t {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		default:
			if depth == 0 && slices.Contains(at, t) {
				out = append(out, unwrap(toks[from:i]))
				from = i + 1
			}
		}
	}
	return append(out, unwrap(toks[from:]))
}

func unwrap(toks []string) []string {
	for len(toks) >= 2 && toks[0] == "(" {
		depth := 0
		for i, t := range toks {
			switch t {
			case "(":
				depth++
			case ")":
				depth--
			}
			if depth == 0 && i < len(toks)-1 {
				return toks
			}
		}
		toks = toks[1 : len(toks)-1]
	}
	return toks
}

// formula is a condition as alternatives, each of which is a list of parts
// that must all hold. Each part is its tokens joined with a space.
type formula [][]string

func formulaOf(text string) formula {
	var f formula
	// What stands before a semicolon is a statement: if v, err := f(); err != nil
	if at := strings.LastIndex(text, ";"); at >= 0 {
		text = text[at+1:]
	}
	for _, alternative := range split(unwrap(tokens(text)), "||", "or") {
		var parts []string
		for _, part := range split(alternative, "&&", "and") {
			parts = append(parts, strings.Join(part, " "))
		}
		f = append(f, parts)
	}
	return f
}

// What weaker begins with.
const (
	opposite = "refuses the opposite"
	alsoOnly = "refuses only when also"
)

// weaker says how the head's condition refuses less than the base's, or "".
// Only a difference in one place is judged: more than that is a rewriting, of
// which nothing certain can be said.
func weaker(base, head string) string {
	b, h := formulaOf(base), formulaOf(head)
	onlyBase, onlyHead := difference(b, h), difference(h, b)
	switch {
	case len(onlyBase) == 1 && len(onlyHead) == 0 && len(h) > 0:
		return "no longer refuses when `" + pretty(onlyBase[0]) + "`"
	case len(onlyBase) != 1 || len(onlyHead) != 1:
		return ""
	}
	was, is := difference1(onlyBase[0], onlyHead[0]), difference1(onlyHead[0], onlyBase[0])
	switch {
	case len(was) == 0 && len(is) > 0:
		return alsoOnly + " `" + pretty(is) + "`"
	case len(was) == 1 && len(is) == 1:
		return weakerPart(was[0], is[0])
	}
	return ""
}

func difference(a, b formula) [][]string {
	return slices.DeleteFunc(slices.Clone(a), func(x []string) bool {
		return slices.ContainsFunc(b, func(y []string) bool { return slices.Equal(x, y) })
	})
}

func difference1(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return slices.Contains(b, x) })
}

// weakerPart compares two parts of conditions that differ.
func weakerPart(was, is string) string {
	if was == "" || is == "" {
		return ""
	}
	if negated(was) == is || negated(is) == was {
		return opposite + ": `" + tidy(is) + "` where it was `" + tidy(was) + "`"
	}
	wl, wop, wr := comparison(was)
	il, iop, ir := comparison(is)
	if wop == "" || wl != il {
		return ""
	}
	change := "refuses less: `" + tidy(is) + "` where it was `" + tidy(was) + "`"
	if wr == ir && (wop == ">=" && iop == ">" || wop == "<=" && iop == "<") {
		return change
	}
	a, err1 := number(wr)
	b, err2 := number(ir)
	if err1 != nil || err2 != nil {
		return ""
	}
	up, down := strings.HasPrefix(wop, ">") && strings.HasPrefix(iop, ">"), strings.HasPrefix(wop, "<") && strings.HasPrefix(iop, "<")
	if up && b > a || down && b < a {
		return change
	}
	return ""
}

// negated gives the opposite of a part that is written without a comparison,
// or with one of equality.
func negated(part string) string {
	for _, not := range []string{"! ", "not "} {
		if rest, ok := strings.CutPrefix(part, not); ok {
			return strings.Join(unwrap(strings.Fields(rest)), " ")
		}
	}
	for _, eq := range [][2]string{{" == ", " != "}, {" != ", " == "}, {" === ", " !== "}, {" !== ", " === "}} {
		if strings.Count(part, eq[0]) == 1 {
			return strings.Replace(part, eq[0], eq[1], 1)
		}
	}
	return ""
}

func comparison(part string) (left, op, right string) {
	toks := strings.Fields(part)
	for i, t := range toks {
		if slices.Contains([]string{"<", "<=", ">", ">="}, t) {
			return strings.Join(toks[:i], " "), t, strings.Join(toks[i+1:], " ")
		}
	}
	return "", "", ""
}

func number(text string) (float64, error) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "_", ""), " ", "")
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(n), nil
	}
	return strconv.ParseFloat(text, 64)
}

func pretty(parts []string) string { return tidy(strings.Join(parts, " && ")) }

// tidy writes joined tokens the way people do.
func tidy(text string) string {
	r := strings.NewReplacer(" . ", ".", " ( ", "(", "( ", "(", " )", ")", " ,", ",", " [ ", "[", "[ ", "[", " ]", "]", "! ", "!", " ?. ", "?.", " :: ", "::")
	return clip(r.Replace(text))
}

const maxShown = 100

// clip shortens code for a message.
func clip(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "`", "'"), "\uFFFD")
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown-3]) + "..."
	}
	return text
}

// chains gives what a condition is about: names with their fields, without
// keywords, literals and the functions of the language.
func chains(text string) []string {
	var out []string
	toks := tokens(text)
	for i := 0; i < len(toks); i++ {
		if !isName(toks[i]) {
			continue
		}
		var chain strings.Builder
		chain.WriteString(toks[i])
		for i+2 < len(toks) && (toks[i+1] == "." || toks[i+1] == "?.") && isName(toks[i+2]) {
			chain.WriteString("." + toks[i+2])
			i += 2
		}
		if !common(chain.String()) && !slices.Contains(out, chain.String()) {
			out = append(out, chain.String())
		}
	}
	return out
}

func isName(tok string) bool {
	c := tok[0]
	return isWord(c) && (c < '0' || c > '9')
}

func common(name string) bool {
	switch name {
	case "nil", "null", "None", "true", "false", "True", "False", "undefined", "not", "and", "or", "is", "in", "if", "case", "len", "cap",
		"typeof", "instanceof", "isinstance", "hasattr", "type", "this", "self", "new", "err", "error", "ok", "await", "int", "string", "str", "bool":
		return true
	}
	return false
}

// shape gives a condition with names shortened to their last part and in one
// spelling, so that it is the same after it moved to another receiver or was
// exported.
func shape(text string) string {
	toks := tokens(text)
	var out []string
	for i, t := range toks {
		if i+1 < len(toks) && (toks[i+1] == "." || toks[i+1] == "?.") || t == "." || t == "?." {
			continue
		}
		if isName(t) {
			t = strings.ToLower(strings.Trim(strings.ReplaceAll(t, "_", ""), "$"))
		}
		out = append(out, t)
	}
	return strings.Join(out, " ")
}

// form is shape without the names of what is looked at: functions, marks and
// literals are left. It is the same after variables were renamed.
func form(text string) string {
	toks := strings.Fields(shape(text))
	for i, t := range toks {
		if isName(t) && !common(t) && (i+1 == len(toks) || toks[i+1] != "(") {
			toks[i] = "_"
		}
	}
	return strings.Join(toks, " ")
}
