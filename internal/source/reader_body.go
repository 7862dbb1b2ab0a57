package source

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/source/treesitter"
)

// code is a text that gives its parts in one form.
type code struct {
	text []byte
	cuts []span // comments, in the order of the text
}

// of gives the text of a node, squeezed and without comments.
func (c *code) of(n node) string {
	start, end := n.Span()
	return codeOf(c.text, span{start, end}, c.cuts)
}

// short is of for texts that may lie inside each other.
func (c *code) short(n node) string {
	start, end := n.Span()
	return strings.ToValidUTF8(codeOf(c.text, span{start, min(end, start+maxText)}, c.cuts), "")
}

// head gives the text of a node up to one of its parts.
func (c *code) head(n, part node) string {
	start, _ := n.Span()
	end, _ := part.Span()
	return codeOf(c.text, span{start, min(max(start, end), start+maxText)}, c.cuts) + " "
}

// maxDeclaration is how many bytes the text of a declaration takes at most.
const maxDeclaration = 1 << 16

// declaration gives the text of a type's declaration without the bodies of the
// functions in it.
func (c *code) declaration(n node) string {
	start, end := n.Span()
	end = min(end, start+maxDeclaration)
	cuts := slices.Clone(between(c.cuts, start, end))
	for inner := range n.Inside() {
		if inner.Field() == "body" && inner.Parent().Is("function_definition", "method_definition", "function_item", "method_declaration",
			"constructor_declaration", "compact_constructor_declaration", "arrow_function", "function_expression") {
			from, to := inner.Span()
			cuts = append(cuts, span{from, to})
		}
	}
	slices.SortFunc(cuts, func(a, b span) int { return a.start - b.start })
	return strings.ToValidUTF8(codeOf(c.text, span{start, end}, cuts), "")
}

// between gives the spans that begin between two bytes.
func between(list []span, start, end int) []span {
	by := func(s span, pos int) int { return s.start - pos }
	from, _ := slices.BinarySearchFunc(list, start, by)
	to, _ := slices.BinarySearchFunc(list, end, by)
	return list[from:to]
}

// blockOf gives the block of a handler or the like.
func blockOf(n node) node {
	if b := n.At("body"); !b.IsZero() {
		return b
	}
	return n.First("block", "statement_block")
}

// statementsOf gives the statements of a block; a statement without a block is
// its own only one.
func statementsOf(n node) []node {
	if n.IsZero() {
		return nil
	}
	if !n.Is("block", "statement_block", "constructor_body") {
		return []node{n}
	}
	return slices.Collect(n.Named())
}

// plain gives the expression of a statement that is nothing else.
func (d *dialect) plain(n node) node {
	for d.roles[n.Kind()] == statements {
		inner := first(n)
		if inner.IsZero() {
			return n
		}
		n = inner
	}
	return n
}

// exit says how a block leaves, by its last statement; "" when it does not.
func (d *dialect) exit(block node) string {
	list := statementsOf(block)
	if len(list) == 0 {
		return ""
	}
	last := d.plain(list[len(list)-1])
	if how := d.exits[last.Kind()]; how != "" {
		return how
	}
	if d.roles[last.Kind()] == callings {
		return exitOfCall(calledName(last, maxChain))
	}
	return ""
}

// exitOfCall says how a call leaves; "" when it comes back.
func exitOfCall(name string) string {
	switch name {
	case "sys.exit", "os._exit", "exit", "quit", "process.exit", "System.exit", "std::process::exit", "process::exit", "os.abort",
		"process.abort", "std::process::abort":
		return "exit"
	case "panic!", "unreachable!", "todo!", "unimplemented!":
		return "panic"
	case "bail!", "anyhow::bail!":
		return "return"
	}
	return ""
}

// handler reads what handles an error: a catch, an except, a match arm.
func (r *reader) handler(n, block node, s scope) {
	if lost := r.lost(block); lost != "" {
		r.swallow(s, Swallow{Kind: lost, Text: r.head(n, block) + r.short(block), Range: linesOf(n)})
		return
	}
	if exit := r.exit(block); exit != "" {
		r.guard(s, Guard{Kind: ErrorCheck, Text: strings.TrimRight(r.head(n, block), " {:"), Exit: exit, Range: linesOf(n)})
	}
}

// lost says how a block that follows an error loses it; "" when it does not.
func (d *dialect) lost(block node) SwallowKind {
	if block.IsZero() {
		return ""
	}
	list := statementsOf(block)
	logged := 0
	for len(list) > 0 {
		x := d.plain(list[0])
		switch {
		case x.Is("pass_statement", "ellipsis", "empty_statement", ";", "unit_expression"):
		case d.roles[x.Kind()] == callings && isLogging(calledName(x, maxChain)):
			logged++
		default:
			if len(list) > 1 || !d.isFixedResult(x) {
				return ""
			}
			if logged > 0 && first(x).IsZero() && d.exits[x.Kind()] != "" { // it tells, and leaves without a result
				return ""
			}
			return Replaced
		}
		list = list[1:]
	}
	if logged > 0 {
		return Logged
	}
	return Emptied
}

// isFixedResult reports whether a last statement gives back, or sets, a value
// that is the same whatever happened.
func (d *dialect) isFixedResult(n node) bool {
	switch n.Kind() {
	case "return_statement", "return_expression":
		value := first(n)
		return value.IsZero() || d.isFixed(value)
	case "assignment", "assignment_expression":
		return d.isFixed(n.At("right"))
	}
	return d.isFixed(n)
}

// isFixed reports whether an expression is made of literals only.
func (d *dialect) isFixed(n node) bool {
	switch n.Kind() {
	case "none", "true", "false", "null", "undefined", "null_literal", "boolean_literal", "unit_expression":
		return true
	case "identifier":
		return n.Text() == "undefined" || n.Text() == "None"
	case "list", "dictionary", "tuple", "set", "array", "object", "array_expression", "tuple_expression", "pair", "unary_operator",
		"unary_expression", "parenthesized_expression", "expression_list":
		for c := range n.Named() {
			if !c.Is("property_identifier") && !d.isFixed(c) {
				return false
			}
		}
		return true
	}
	if role := d.roles[n.Kind()]; role == texts || role == numbers {
		for c := range n.Inside() {
			if c.Is("interpolation", "template_substitution") {
				return false
			}
		}
		return true
	}
	return d.fixed(n)
}

// calledName writes what a call calls without arguments, "os.Remove",
// "a().b", "new Map", "println!"; "" for a function without a name.
func calledName(n node, parts int) string {
	if parts == 0 {
		return ""
	}
	switch n.Kind() {
	case "call", "call_expression":
		return nameOf(n.At("function"), parts)
	case "method_invocation":
		return dotted(n.At("object"), n.At("name").Text(), parts)
	case "new_expression":
		return "new " + nameOf(n.At("constructor"), parts)
	case "object_creation_expression":
		return "new " + nameOf(n.At("type"), parts)
	case "macro_invocation":
		return nameOf(n.At("macro"), parts) + "!"
	}
	return ""
}

func dotted(object node, last string, parts int) string {
	if before := nameOf(object, parts-1); before != "" {
		return before + "." + last
	}
	return last
}

func nameOf(n node, parts int) string {
	if parts <= 0 {
		return ""
	}
	switch n.Kind() {
	case "identifier", "type_identifier", "property_identifier", "private_property_identifier", "this", "self", "super", "crate", "import",
		"scoped_identifier", "scoped_type_identifier", "field_identifier", "integer_literal":
		name := n.Text()
		return strings.Join(strings.Fields(name[:min(len(name), maxText)]), "")
	case "attribute":
		return dotted(n.At("object"), n.At("attribute").Text(), parts)
	case "member_expression":
		return dotted(n.At("object"), n.At("property").Text(), parts)
	case "field_expression":
		return dotted(n.At("value"), n.At("field").Text(), parts)
	case "field_access":
		return dotted(n.At("object"), n.At("field").Text(), parts)
	case "call", "call_expression", "method_invocation", "new_expression", "object_creation_expression", "macro_invocation":
		if name := calledName(n, parts-1); name != "" {
			return name + "()"
		}
		return ""
	case "subscript":
		return nameOf(n.At("value"), parts-1)
	case "subscript_expression":
		return nameOf(n.At("object"), parts-1)
	case "generic_function":
		return nameOf(n.At("function"), parts-1)
	case "parenthesized_expression", "await_expression", "await", "non_null_expression", "generic_type", "try_expression", "index_expression",
		"as_expression", "satisfies_expression", "reference_expression":
		return nameOf(first(n), parts-1)
	}
	return ""
}

func (r *reader) literal(n node, kind LiteralKind, value string) {
	line, _ := n.Lines()
	r.file.Literals = append(r.file.Literals, Literal{Kind: kind, Value: value, Line: line})
}

func (r *reader) number(n node) {
	value := n.Text()
	if up := n.Parent(); r.roles[up.Kind()] == negates && strings.HasPrefix(up.Text(), "-") {
		value = "-" + value
	}
	r.literal(n, Number, value)
}

// stringValue gives the content of a literal string with its escapes resolved
// where they are of the common sort.
func stringValue(n node) string {
	text := n.Text()
	open := strings.IndexAny(text, "\"'`")
	if open < 0 {
		return text
	}
	prefix, text := strings.ToLower(text[:open]), text[open:]
	quote := text[:1]
	if strings.HasPrefix(text, strings.Repeat(quote, 3)) && len(text) >= 6 {
		quote = text[:3]
	}
	text = strings.TrimRight(text, "#")
	text = strings.TrimSuffix(strings.TrimPrefix(text, quote), quote)
	if strings.Contains(prefix, "r") || !strings.Contains(text, `\`) {
		return text
	}
	return unescape(text)
}

// unescape resolves \n, \t, \xNN, \uNNNN, \u{N} and the like; what it does not
// know stays as it is.
func unescape(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		if text[0] != '\\' || len(text) == 1 {
			out.WriteByte(text[0])
			text = text[1:]
			continue
		}
		if braced, ok := strings.CutPrefix(text, `\u{`); ok {
			if hex, rest, ok := strings.Cut(braced, "}"); ok && len(hex) <= 6 {
				if v, err := strconv.ParseUint(hex, 16, 32); err == nil {
					out.WriteRune(rune(v)) //nolint:gosec // at most six digits
					text = rest
					continue
				}
			}
		}
		if v, wide, rest, err := strconv.UnquoteChar(text, 0); err == nil {
			if wide || v < 0x80 {
				out.WriteRune(v)
			} else {
				out.WriteByte(byte(v))
			}
			text = rest
			continue
		}
		switch text[1] {
		case '\n':
		case '\'', '"', '`', '/', '$', '{':
			out.WriteByte(text[1])
		default:
			out.WriteString(text[:2])
		}
		text = text[2:]
	}
	return strings.ToValidUTF8(out.String(), "?")
}

// comments reads all comments; line comments on following lines are one.
func (r *reader) comments(tree *treesitter.Tree) {
	var parts []string // of the last comment
	joinable := false  // the last comment is of line comments
	end := func() {
		if last := len(r.file.Comments) - 1; last >= 0 {
			r.file.Comments[last].Text = strings.Join(parts, " ")
		}
		parts = nil
	}
	for n := range tree.Root().Inside() {
		if r.roles[n.Kind()] != comments || r.roles[n.Parent().Kind()] == comments {
			continue
		}
		from, to := n.Span()
		r.cuts = append(r.cuts, span{from, to})
		lines := linesOf(n)
		isLine := !strings.HasPrefix(string(r.text[from:min(from+2, to)]), "/*")
		last := len(r.file.Comments) - 1
		if joinable && isLine && r.file.Comments[last].End+1 == lines.Start && alone(r.text, from) {
			r.file.Comments[last].End = lines.End
		} else {
			end()
			r.file.Comments = append(r.file.Comments, Comment{Range: lines})
		}
		parts = append(parts, commentText(n.Text()))
		joinable = isLine
	}
	end()
}

// alone reports whether only white space stands before a byte on its line.
func alone(text []byte, pos int) bool {
	for pos > 0 && (text[pos-1] == ' ' || text[pos-1] == '\t') {
		pos--
	}
	return pos == 0 || text[pos-1] == '\n'
}
