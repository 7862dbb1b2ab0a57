package syntax

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/treesitter"
)

// code is a text that gives its parts in one form.
type code struct {
	text []byte
	cuts []form.Span // comments, in the order of the text
}

// Of gives the text of a node, squeezed and without comments.
func (c *code) Of(n node) string {
	start, end := n.Span()
	return form.CodeOf(c.text, form.Span{Start: start, End: end}, c.cuts)
}

// Short is of for texts that may lie inside each other.
func (c *code) Short(n node) string {
	start, end := n.Span()
	return strings.ToValidUTF8(form.CodeOf(c.text, form.Span{Start: start, End: min(end, start+form.MaxText)}, c.cuts), "")
}

// Head gives the text of a node up to one of its parts.
func (c *code) Head(n, part node) string {
	start, _ := n.Span()
	end, _ := part.Span()
	return form.CodeOf(c.text, form.Span{Start: start, End: min(max(start, end), start+form.MaxText)}, c.cuts) + " "
}

// maxDeclaration is how many bytes the text of a declaration takes at most.
const maxDeclaration = 1 << 16

// Declaration gives the text of a type's declaration without the bodies of the
// functions in it.
func (c *code) Declaration(n node) string {
	start, end := n.Span()
	end = min(end, start+maxDeclaration)
	cuts := slices.Clone(between(c.cuts, start, end))
	for inner := range n.Inside() {
		if inner.Field() == "body" && inner.Parent().Is("function_definition", "method_definition", "function_item", "method_declaration",
			"constructor_declaration", "compact_constructor_declaration", "arrow_function", "function_expression") {
			from, to := inner.Span()
			cuts = append(cuts, form.Span{Start: from, End: to})
		}
	}
	slices.SortFunc(cuts, func(a, b form.Span) int { return a.Start - b.Start })
	return strings.ToValidUTF8(form.CodeOf(c.text, form.Span{Start: start, End: end}, cuts), "")
}

// between gives the spans that begin between two bytes.
func between(list []form.Span, start, end int) []form.Span {
	by := func(s form.Span, pos int) int { return s.Start - pos }
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
func (d *Dialect) plain(n node) node {
	for d.Roles[n.Kind()] == Statements {
		inner := First(n)
		if inner.IsZero() {
			return n
		}
		n = inner
	}
	return n
}

// Exit says how a block leaves, by its last statement; "" when it does not.
func (d *Dialect) Exit(block node) string {
	list := statementsOf(block)
	if len(list) == 0 {
		return ""
	}
	last := d.plain(list[len(list)-1])
	if how := d.Exits[last.Kind()]; how != "" {
		return how
	}
	if d.Roles[last.Kind()] == Callings {
		return exitOfCall(CalledName(last, form.MaxChain))
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

// Handler reads what handles an error: a catch, an except, a match arm.
func (r *Reader) Handler(n, block node, s Scope) {
	if lost := r.Lost(block); lost != "" {
		r.Swallow(s, source.Swallow{Kind: lost, Text: r.Head(n, block) + r.Short(block), Range: LinesOf(n)})
		return
	}
	if exit := r.Exit(block); exit != "" {
		r.Guard(s, source.Guard{Kind: source.ErrorCheck, Text: strings.TrimRight(r.Head(n, block), " {:"), Exit: exit, Range: LinesOf(n)})
	}
}

// Lost says how a block that follows an error loses it; "" when it does not.
func (d *Dialect) Lost(block node) source.SwallowKind {
	if block.IsZero() {
		return ""
	}
	list := statementsOf(block)
	logged := 0
	for len(list) > 0 {
		x := d.plain(list[0])
		switch {
		case x.Is("pass_statement", "ellipsis", "empty_statement", ";", "unit_expression"):
		case d.Roles[x.Kind()] == Callings && form.IsLogging(CalledName(x, form.MaxChain)):
			logged++
		default:
			if len(list) > 1 || !d.isFixedResult(x) {
				return ""
			}
			if logged > 0 && First(x).IsZero() && d.Exits[x.Kind()] != "" { // it tells, and leaves without a result
				return ""
			}
			return source.Replaced
		}
		list = list[1:]
	}
	if logged > 0 {
		return source.Logged
	}
	return source.Emptied
}

// isFixedResult reports whether a last statement gives back, or sets, a value
// that is the same whatever happened.
func (d *Dialect) isFixedResult(n node) bool {
	switch n.Kind() {
	case "return_statement", "return_expression":
		value := First(n)
		return value.IsZero() || d.IsFixed(value)
	case "assignment", "assignment_expression":
		return d.IsFixed(n.At("right"))
	}
	return d.IsFixed(n)
}

// IsFixed reports whether an expression is made of literals only.
func (d *Dialect) IsFixed(n node) bool {
	switch n.Kind() {
	case "none", "true", "false", "null", "undefined", "null_literal", "boolean_literal", "unit_expression":
		return true
	case "identifier":
		return n.Text() == "undefined" || n.Text() == "None"
	case "list", "dictionary", "tuple", "set", "array", "object", "array_expression", "tuple_expression", "pair", "unary_operator",
		"unary_expression", "parenthesized_expression", "expression_list":
		for c := range n.Named() {
			if !c.Is("property_identifier") && !d.IsFixed(c) {
				return false
			}
		}
		return true
	}
	if role := d.Roles[n.Kind()]; role == Texts || role == Numbers {
		for c := range n.Inside() {
			if c.Is("interpolation", "template_substitution") {
				return false
			}
		}
		return true
	}
	return d.Fixed(n)
}

// CalledName writes what a call calls without arguments, "os.Remove",
// "a().b", "new Map", "println!"; "" for a function without a name.
func CalledName(n node, parts int) string {
	if parts == 0 {
		return ""
	}
	switch n.Kind() {
	case "call", "call_expression":
		return NameOf(n.At("function"), parts)
	case "method_invocation":
		return dotted(n.At("object"), n.At("name").Text(), parts)
	case "new_expression":
		return "new " + NameOf(n.At("constructor"), parts)
	case "object_creation_expression":
		return "new " + NameOf(n.At("type"), parts)
	case "macro_invocation":
		return NameOf(n.At("macro"), parts) + "!"
	}
	return ""
}

func dotted(object node, last string, parts int) string {
	if before := NameOf(object, parts-1); before != "" {
		return before + "." + last
	}
	return last
}

// NameOf writes a name with what it is a part of, "os.path.join", at most so
// many parts deep; "" for what is no name.
func NameOf(n node, parts int) string {
	if parts <= 0 {
		return ""
	}
	switch n.Kind() {
	case "identifier", "type_identifier", "property_identifier", "private_property_identifier", "this", "self", "super", "crate", "import",
		"scoped_identifier", "scoped_type_identifier", "field_identifier", "integer_literal":
		name := n.Text()
		return strings.Join(strings.Fields(name[:min(len(name), form.MaxText)]), "")
	case "attribute":
		return dotted(n.At("object"), n.At("attribute").Text(), parts)
	case "member_expression":
		return dotted(n.At("object"), n.At("property").Text(), parts)
	case "field_expression":
		return dotted(n.At("value"), n.At("field").Text(), parts)
	case "field_access":
		return dotted(n.At("object"), n.At("field").Text(), parts)
	case "call", "call_expression", "method_invocation", "new_expression", "object_creation_expression", "macro_invocation":
		if name := CalledName(n, parts-1); name != "" {
			return name + "()"
		}
		return ""
	case "subscript":
		return NameOf(n.At("value"), parts-1)
	case "subscript_expression":
		return NameOf(n.At("object"), parts-1)
	case "generic_function":
		return NameOf(n.At("function"), parts-1)
	case "parenthesized_expression", "await_expression", "await", "non_null_expression", "generic_type", "try_expression", "index_expression",
		"as_expression", "satisfies_expression", "reference_expression":
		return NameOf(First(n), parts-1)
	}
	return ""
}

func (r *Reader) literal(n node, kind source.LiteralKind, value string) {
	line, _ := n.Lines()
	r.File.Literals = append(r.File.Literals, source.Literal{Kind: kind, Value: value, Line: line})
}

func (r *Reader) number(n node) {
	value := n.Text()
	if up := n.Parent(); r.Roles[up.Kind()] == Negates && strings.HasPrefix(up.Text(), "-") {
		value = "-" + value
	}
	r.literal(n, source.Number, value)
}

// StringValue gives the content of a literal string with its escapes resolved
// where they are of the common sort.
func StringValue(n node) string {
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
func (r *Reader) comments(tree *treesitter.Tree) {
	var parts []string // of the last comment
	joinable := false  // the last comment is of line comments
	end := func() {
		if last := len(r.File.Comments) - 1; last >= 0 {
			r.File.Comments[last].Text = strings.Join(parts, " ")
		}
		parts = nil
	}
	for n := range tree.Root().Inside() {
		if r.Roles[n.Kind()] != Comments || r.Roles[n.Parent().Kind()] == Comments {
			continue
		}
		from, to := n.Span()
		r.cuts = append(r.cuts, form.Span{Start: from, End: to})
		lines := LinesOf(n)
		isLine := !strings.HasPrefix(string(r.text[from:min(from+2, to)]), "/*")
		last := len(r.File.Comments) - 1
		if joinable && isLine && r.File.Comments[last].End+1 == lines.Start && alone(r.text, from) {
			r.File.Comments[last].End = lines.End
		} else {
			end()
			r.File.Comments = append(r.File.Comments, source.Comment{Range: lines})
		}
		parts = append(parts, form.CommentText(n.Text()))
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

// LinesOf gives the lines of a node.
func LinesOf(n treesitter.Node) source.Range {
	first, last := n.Lines()
	return source.Range{Start: first, End: last}
}

// Imported adds an import to the facts of the file.
func (r *Reader) Imported(path, name string, at node) {
	r.File.Imports = append(r.File.Imports, source.Import{Path: path, Name: name, Range: LinesOf(at)})
}
