package script

import (
	"slices"
	"strconv"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/form"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// tests gives the tests of a JavaScript or TypeScript file, as Jest,
// Vitest, Mocha, Jasmine, node:test, AVA and Playwright declare them, and the
// functions beside them that assert something.
func tests(path string, tree *treesitter.Tree) []source.Test {
	r := &testReader{TestReader: syntax.NewTestReader(tree, "comment"), library: syntax.AmongTests(path)}
	r.bind(tree.Root())
	r.body(tree.Root())
	real := false
	for _, t := range r.Tests {
		real = real || !t.Helper
	}
	if !real && !r.library {
		return nil
	}
	for i := range r.Tests {
		r.Tests[i].Timeouts = append(r.Tests[i].Timeouts, r.limits...)
	}
	return r.Tests
}

type testReader struct {
	*syntax.TestReader
	library bool             // the file imports a test library, or stands among tests
	limits  []source.Timeout // of the whole file
	outer   block            // the block of tests that is read
	given   map[string]bool
	names   names
}

// names is what the names of a file stand for.
type names struct {
	lists   map[string][]table // tables by the name they are bound to
	asserts map[string]string  // what a name is that was imported from a library of assertions: "assert.equal"
}

// table is a list or an object that a name stands for in a part of the file.
type table struct {
	value, scope treesitter.Node
}

// block is what a block of tests hands on to the tests in it.
type block struct {
	name     string
	skips    []source.Mark
	focuses  []source.Mark
	timeouts []source.Timeout
	cases    []source.Case
}

// bind notes tables that names are bound to, and imported test libraries.
func (r *testReader) bind(root treesitter.Node) {
	r.names = names{map[string][]table{}, map[string]string{}}
	for n := range root.Inside() {
		switch n.Kind() {
		case "variable_declarator":
			value := plainValue(n.At("value"))
			if value.Is("array", "object", "call_expression") && n.At("name").Is("identifier") {
				name := n.At("name").Text()
				r.names.lists[name] = append(r.names.lists[name], table{value, scopeOf(n)})
			}
			r.names.required(n)
		case "import_statement":
			r.library = r.library || isTestLibrary(n.At("source").Text())
			if isAssertLibrary(n.At("source").Text()) {
				r.names.imported(n)
			}
		case "call_expression":
			if n.At("function").Text() == "require" {
				r.library = r.library || isTestLibrary(n.At("arguments").Text())
			}
		}
	}
}

// plainValue gives a value without what TypeScript says of its type.
func plainValue(value treesitter.Node) treesitter.Node {
	if value.Is("as_expression", "satisfies_expression") {
		for c := range value.Named() {
			return c
		}
	}
	return value
}

// scopeOf gives the block that a name is known in.
func scopeOf(n treesitter.Node) treesitter.Node {
	for !n.IsZero() && !n.Is("statement_block", "program") {
		n = n.Parent()
	}
	return n
}

// listOf gives the table that a name stands for where it is used: of several
// of one name, the one of the smallest block around.
func (k names) listOf(name treesitter.Node) treesitter.Node {
	var best table
	at, _ := name.Span()
	size := -1
	for _, b := range k.lists[name.Text()] {
		start, end := b.scope.Span()
		if start <= at && at < end && (size < 0 || end-start < size) {
			best, size = b, end-start
		}
	}
	return best.value
}

func isAssertLibrary(name string) bool {
	switch strings.TrimPrefix(strings.Trim(name, "()\"'`"), "node:") {
	case "assert", "assert/strict", "power-assert":
		return true
	}
	return false
}

// imported notes the names of import { equal as same } from "node:assert".
func (k names) imported(n treesitter.Node) {
	for x := range n.Inside() {
		switch x.Kind() {
		case "import_specifier":
			name := x.At("name").Text()
			local := name
			if as := x.At("alias"); !as.IsZero() {
				local = as.Text()
			}
			k.asserts[local] = "assert." + name
		case "import_clause", "namespace_import":
			for c := range x.Named() {
				if c.Is("identifier") {
					k.asserts[c.Text()] = "assert"
				}
			}
		}
	}
}

// required notes the names of const { equal } = require("assert").
func (k names) required(n treesitter.Node) {
	call := n.At("value")
	if !call.Is("call_expression") || call.At("function").Text() != "require" || !isAssertLibrary(call.At("arguments").Text()) {
		return
	}
	if name := n.At("name"); name.Is("identifier") {
		k.asserts[name.Text()] = "assert"
	}
	for x := range n.At("name").Inside() {
		switch x.Kind() {
		case "shorthand_property_identifier_pattern":
			k.asserts[x.Text()] = "assert." + x.Text()
		case "pair_pattern":
			k.asserts[x.At("value").Text()] = "assert." + x.At("key").Text()
		}
	}
}

// full gives the name of a function of a library of assertions as the library
// has it.
func (k names) full(name string) string {
	first, rest, cut := strings.Cut(name, ".")
	known, ok := k.asserts[first]
	switch {
	case !ok:
		return name
	case cut:
		return known + "." + rest
	}
	return known
}

func isTestLibrary(name string) bool {
	name = strings.Trim(name, "()\"'`")
	for _, lib := range []string{"vitest", "jest", "mocha", "chai", "node:test", "node:assert", "assert", "ava", "tape", "tap", "@playwright/test", "supertest", "sinon", "uvu", "cypress", "bun:test", "@testing-library", "should", "power-assert"} {
		if name == lib || strings.HasPrefix(name, lib+"/") || strings.HasPrefix(name, "@"+lib+"/") {
			return true
		}
	}
	return false
}

// declares says what a function of a test library declares.
func declares(name string) (what string, skip, focus, ok bool) {
	parts := strings.Split(name, ".")
	switch parts[0] {
	case "xit", "xtest", "xspecify":
		what, skip = "it", true
	case "fit", "ftest":
		what, focus = "it", true
	case "xdescribe", "xcontext":
		what, skip = "describe", true
	case "fdescribe", "fcontext":
		what, focus = "describe", true
	case "it", "test", "specify", "bench", "t":
		what = "it"
	case "describe", "context", "suite", "feature", "module":
		what = "describe"
	default:
		return "", false, false, false
	}
	if parts[0] == "t" && (len(parts) != 2 || parts[1] != "test") {
		return "", false, false, false
	}
	for _, p := range parts[1:] {
		switch p {
		case "skip", "todo", "failing", "fails", "fixme", "skipIf", "runIf", "ignore", "fail", "if":
			skip = true
		case "only":
			focus = true
		case "describe", "suite":
			what = "describe"
		case "each", "concurrent", "serial", "sequential", "parallel", "extend", "for", "test", "cb", "failsOn", "shuffle":
		default:
			return "", false, false, false // test.beforeEach, test.use
		}
	}
	return what, skip, focus, true
}

// declared takes a call apart that declares a test or a block of tests:
// it("name", ...), it.each(table)("name", ...), it.skipIf(x)("name", ...).
func (r *testReader) declared(call treesitter.Node) (name string, head treesitter.Node, ok bool) {
	f := call.At("function")
	if f.Is("call_expression") { // it.each(table)(...)
		head, f = f, f.At("function")
	}
	if !f.Is("identifier", "member_expression") {
		return "", head, false
	}
	name = f.Text()
	if len(name) > 60 {
		return "", head, false
	}
	_, _, _, ok = declares(name)
	return name, head, ok
}

// declaration reads a test or a block of tests.
func (r *testReader) declaration(call treesitter.Node) bool {
	name, head, ok := r.declared(call)
	list := syntax.Args(call)
	if !ok || len(list) == 0 || !list[0].Is("string", "template_string", "identifier", "binary_expression", "member_expression", "call_expression") {
		return false
	}
	callback := treesitter.Node{}
	for _, a := range list[1:] {
		if a.Is("arrow_function", "function_expression", "generator_function") {
			callback = a
		}
		if a.Is("call_expression") && !inner(a).IsZero() { // it("name", wrap(() => ...))
			callback = inner(a)
		}
	}
	what, skip, focus, _ := declares(name)
	if callback.IsZero() && len(list) > 1 && !list[1].Is("object", "identifier") {
		return false
	}
	b := r.inherited(name+"("+r.Code(list[0])+")", call, skip, focus)
	if skip && !head.IsZero() && (strings.HasSuffix(name, "If") || strings.HasSuffix(name, ".if")) {
		b.skips[len(b.skips)-1] = source.Mark{Text: r.Code(head), Conditional: true, Line: syntax.LineOf(call)}
	}
	if callback.IsZero() && what == "it" && len(list) == 1 && !skip && strings.Count(name, ".") == 0 {
		b.skips = append(b.skips, source.Mark{Text: name + " without a body", Line: syntax.LineOf(call)})
	}
	if !head.IsZero() && strings.HasSuffix(name, ".each") || strings.HasSuffix(name, ".for") {
		b.cases = append(slices.Clone(b.cases), r.rows(head.At("arguments"))...)
	}
	r.options(&b, list[1:])
	title := strings.Trim(r.Code(list[0]), "\"'`")
	if r.At >= 0 { // a subtest of node:test
		b.name = syntax.JoinNames(r.Test().Name, title, " > ")
	} else {
		b.name = syntax.JoinNames(r.outer.name, title, " > ")
	}
	if what == "describe" {
		outer := r.outer
		r.outer = b
		r.body(callback.At("body"))
		r.outer = outer
		return true
	}
	done := r.Begin(source.Test{Name: b.name, Range: syntax.LinesOf(call), Skips: b.skips, Focuses: b.focuses, Timeouts: b.timeouts, Cases: b.cases})
	given := r.given
	r.given = map[string]bool{}
	for p := range callback.At("parameters").Inside() {
		if p.Is("identifier") {
			r.given[p.Text()] = true
		}
	}
	if p := callback.At("parameter"); p.Is("identifier") { // t => ...
		r.given[p.Text()] = true
	}
	r.body(callback.At("body"))
	r.given = given
	done()
	return true
}

// inner gives the function in the arguments of a call that wraps it.
func inner(call treesitter.Node) treesitter.Node {
	for _, a := range syntax.Args(call) {
		if a.Is("arrow_function", "function_expression", "generator_function") {
			return a
		}
	}
	return treesitter.Node{}
}

func (r *testReader) inherited(text string, call treesitter.Node, skip, focus bool) block { //nolint:revive // what the name of the call says, not a choice of the caller
	b := block{skips: slices.Clone(r.outer.skips), focuses: slices.Clone(r.outer.focuses), timeouts: slices.Clone(r.outer.timeouts), cases: r.outer.cases}
	if skip {
		b.skips = append(b.skips, source.Mark{Text: text, Line: syntax.LineOf(call)})
	}
	if focus {
		b.focuses = append(b.focuses, source.Mark{Text: text, Line: syntax.LineOf(call)})
	}
	return b
}

// options reads what stands beside the name and the function: a time, or
// { skip: true, only: true, timeout: 100 }.
func (r *testReader) options(b *block, list []treesitter.Node) {
	for _, a := range list {
		if a.Is("number") {
			r.limit(&b.timeouts, a, r.Code(a))
		}
		if !a.Is("object") {
			continue
		}
		for p := range a.Named() {
			key, value := p.At("key").Text(), p.At("value")
			m := source.Mark{Text: r.Code(p), Line: syntax.LineOf(p)}
			switch {
			case key == "timeout":
				r.limit(&b.timeouts, value, r.Code(p))
			case value.IsZero() || value.Is("false"):
			case key == "skip" || key == "todo" || key == "fails":
				m.Conditional = !value.Is("true", "string")
				b.skips = append(b.skips, m)
			case key == "only":
				b.focuses = append(b.focuses, m)
			}
		}
	}
}

func (r *testReader) limit(into *[]source.Timeout, n treesitter.Node, text string) {
	if ms, err := strconv.ParseInt(strings.ReplaceAll(n.Text(), "_", ""), 10, 64); err == nil && ms >= 0 {
		*into = append(*into, source.Timeout{Millis: ms, Text: text, Line: syntax.LineOf(n)})
	}
}

// rows gives the cases of it.each: of a list, or of a tagged table.
func (r *testReader) rows(list treesitter.Node) []source.Case {
	if list.Is("arguments") {
		for a := range list.Named() {
			list = a
			break
		}
	}
	list = r.names.tableOf(list, 0)
	var out []source.Case
	if list.Is("template_string") {
		first := syntax.LineOf(list)
		for i, row := range strings.Split(list.Text(), "\n") {
			if i > 1 && strings.Contains(row, "${") {
				out = append(out, source.Case{Text: form.Squeeze(row), Range: source.Range{Start: first + i, End: first + i}})
			}
		}
		return out
	}
	if !list.Is("array", "object") {
		return nil
	}
	for n := range list.Named() {
		c := source.Case{Text: r.Code(n), Range: syntax.LinesOf(n)}
		if n.Is("pair") {
			c.Name = strings.Trim(n.At("key").Text(), `"'`)
		}
		for p := range n.Named() {
			switch strings.Trim(p.At("key").Text(), `"'`) {
			case "name", "title", "desc", "description", "label", "scenario", "it":
				c.Name = strings.Trim(p.At("value").Text(), "\"'`")
			}
		}
		out = append(out, c)
	}
	return out
}

// maxNames bounds the names and calls that lead to a table.
const maxNames = 5

// tableOf gives the list or object that an expression goes through: by its
// name, with what is filtered, sorted or mapped from it, and what
// Object.entries gives of it.
func (k names) tableOf(list treesitter.Node, depth int) treesitter.Node {
	list = plainValue(list)
	switch {
	case depth == maxNames:
		return treesitter.Node{}
	case list.Is("identifier"):
		return k.tableOf(k.listOf(list), depth+1)
	case list.Is("call_expression"):
		f := list.At("function")
		switch f.At("property").Text() {
		case "filter", "slice", "splice", "map", "flatMap", "concat", "toSorted", "sort", "reverse":
			return k.tableOf(f.At("object"), depth+1)
		case "entries", "keys", "values", "freeze":
			if args := syntax.Args(list); f.At("object").Text() == "Object" && len(args) == 1 {
				return k.tableOf(args[0], depth+1)
			}
		}
		return treesitter.Node{}
	}
	return list
}
