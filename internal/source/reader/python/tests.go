package python

import (
	"slices"
	"strings"

	"muster/internal/source"
	"muster/internal/source/reader/syntax"
	"muster/internal/source/treesitter"
)

// tests gives the tests of a Python file, as pytest and unittest find
// them, and the functions beside them that assert something.
func tests(path string, tree *treesitter.Tree) []source.Test {
	r := &testReader{TestReader: syntax.NewTestReader(tree, "comment"), classes: map[string]bool{}, library: syntax.AmongTests(path)}
	r.survey(tree.Root())
	r.suite(tree.Root(), "", nil, true)
	real := false
	for _, t := range r.Tests {
		real = real || !t.Helper
	}
	if !real && !r.library {
		return nil // assertions of ordinary code
	}
	return r.Tests
}

type testReader struct {
	*syntax.TestReader
	library bool            // the file imports a test library, or stands among tests
	classes map[string]bool // classes of the file, and whether their tests are collected
}

// survey notes lists of the top level, and whether a test library is imported.
func (r *testReader) survey(root treesitter.Node) {
	for n := range root.Named() {
		switch n.Kind() {
		case "import_statement", "import_from_statement":
			text := n.Text()
			r.library = r.library || strings.Contains(text, "pytest") || strings.Contains(text, "unittest")
		case "expression_statement":
			r.bind(n.First("assignment"))
		}
	}
}

// bind notes the list that a name is bound to.
func (r *testReader) bind(a treesitter.Node) {
	if value := a.At("right"); value.Is("list", "tuple", "dictionary", "set") && a.At("left").Is("identifier") {
		r.Tables[a.At("left").Text()] = value
	}
}

// suite reads the definitions of a module or class.
func (r *testReader) suite(body treesitter.Node, outer string, marks []source.Mark, collected bool) {
	marks = append(slices.Clip(marks), r.suiteMarks(body)...)
	for n := range body.Named() {
		def, own := n, []source.Mark(nil)
		if n.Is("decorated_definition") {
			def = n.At("definition")
			own = r.decorators(n)
		}
		name := def.At("name").Text()
		switch def.Kind() {
		case "class_definition":
			bases := def.At("superclasses").Text()
			// What inherits is a TestCase by its names: the class itself may be elsewhere.
			is := strings.HasPrefix(name, "Test") || strings.Contains(bases, "Test") || strings.Contains(bases, "Case") || strings.Trim(bases, "()") != "" && bases != "(object)" && strings.Contains(name, "Test")
			for _, base := range strings.FieldsFunc(bases, func(c rune) bool { return strings.ContainsRune("(), .\n", c) }) {
				is = is || r.classes[base]
			}
			r.classes[name] = is
			r.suite(def.At("body"), syntax.JoinNames(outer, name, "."), append(slices.Clip(marks), own...), collected && is)
		case "function_definition":
			r.function(n, def, source.Test{Name: syntax.JoinNames(outer, name, "."), Helper: !collected || !strings.HasPrefix(name, "test")}, append(slices.Clip(marks), own...))
		case "if_statement", "try_statement", "with_statement":
			for c := range n.Inside() { // definitions below a condition
				if c.Is("block") && c.Parent() == n {
					r.suite(c, outer, marks, collected)
				}
			}
		}
	}
}

// suiteMarks reads "pytestmark = ..." and skips of the whole module.
func (r *testReader) suiteMarks(body treesitter.Node) []source.Mark {
	var out []source.Mark
	for n := range body.Named() {
		if !n.Is("expression_statement") {
			continue
		}
		if a := n.First("assignment"); a.At("left").Text() == "pytestmark" {
			value := a.At("right")
			list := []treesitter.Node{value}
			if value.Is("list", "tuple") {
				list = nil
				for x := range value.Named() {
					list = append(list, x)
				}
			}
			for _, x := range list {
				if m, ok := r.mark(x); ok {
					out = append(out, m)
				}
			}
		}
		if call := n.First("call"); strings.Contains(r.Code(call), "allow_module_level") || strings.HasSuffix(call.At("function").Text(), "importorskip") {
			out = append(out, source.Mark{Text: r.Code(call), Conditional: !strings.Contains(r.Code(call), "allow_module_level"), Line: syntax.LineOf(call)})
		}
	}
	return out
}

// decorators reads the marks before a definition.
func (r *testReader) decorators(n treesitter.Node) []source.Mark {
	var out []source.Mark
	for d := range n.Named() {
		if !d.Is("decorator") {
			continue
		}
		for x := range d.Named() {
			if m, ok := r.mark(x); ok {
				out = append(out, m)
			}
		}
	}
	return out
}

// mark reads one mark by which a test does not run or does not count.
func (r *testReader) mark(x treesitter.Node) (source.Mark, bool) {
	name, call := x.Text(), treesitter.Node{}
	if x.Is("call") {
		call = x
		name = x.At("function").Text()
	}
	m := source.Mark{Text: "@" + r.Code(x), Line: syntax.LineOf(x)}
	given := syntax.Args(call)
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "skip", "expectedFailure":
		if !strings.Contains(name, "mark") && !strings.Contains(name, "unittest") && name != "skip" && name != "expectedFailure" {
			return m, false
		}
	case "xfail":
		m.Conditional = len(given) > 0 && !given[0].Is("string") || strings.Contains(r.Code(call), "condition=")
	case "skipif", "skipIf":
		m.Conditional = len(given) == 0 || !r.truthy(given[0])
	case "skipUnless":
		m.Conditional = len(given) == 0 || !given[0].Is("false")
	default:
		return m, false
	}
	return m, true
}

func (r *testReader) truthy(n treesitter.Node) bool {
	value, known := r.constant(n)
	return known && value
}

// function reads one function: a test, or a helper when it asserts something.
func (r *testReader) function(whole, def treesitter.Node, t source.Test, marks []source.Mark) {
	t.Range = syntax.LinesOf(whole)
	if !t.Helper {
		t.Skips = append(t.Skips, marks...)
	}
	done := r.Begin(t)
	at := r.At
	if whole != def {
		r.parameters(whole)
	}
	r.block(def.At("body"))
	done()
	if own := r.Tests[at]; own.Helper && len(own.Assertions) == 0 && at == len(r.Tests)-1 {
		r.Tests = r.Tests[:at]
	}
}

// parameters reads what decorators say besides marks: cases, times, doubles.
func (r *testReader) parameters(n treesitter.Node) {
	for d := range n.Named() {
		call := d.First("call")
		if !d.Is("decorator") || call.IsZero() {
			continue
		}
		name := call.At("function").Text()
		given := syntax.Args(call)
		switch {
		case strings.HasSuffix(name, "parametrize") || strings.HasSuffix(name, "parameterized.expand") || strings.HasSuffix(name, "data"):
			if len(given) > 0 {
				r.cases(given[len(given)-1])
			}
		case strings.HasSuffix(name, "mark.timeout") && len(given) > 0:
			if ms, ok := syntax.Seconds(given[0].Text()); ok {
				r.Test().Timeouts = append(r.Test().Timeouts, source.Timeout{Millis: ms, Text: r.Code(call), Line: syntax.LineOf(call)})
			}
		case strings.HasSuffix(name, "patch") || strings.Contains(name, "patch."):
			r.Test().Doubles++
		}
	}
}

// cases reads the entries of a list.
func (r *testReader) cases(list treesitter.Node) {
	if list.Is("identifier") {
		list = r.Tables[list.Text()]
	}
	if !list.Is("list", "tuple", "set", "dictionary") {
		return
	}
	for n := range list.Named() {
		c := source.Case{Text: r.Code(n), Range: syntax.LinesOf(n)}
		body := n
		if n.Is("pair") {
			c.Name = strings.Trim(n.At("key").Text(), `"'`)
			body = n.At("value")
		}
		if body.Is("call") {
			for k := range body.At("arguments").Named() {
				if !k.Is("keyword_argument") {
					continue
				}
				switch value := k.At("value"); k.At("name").Text() {
				case "id":
					c.Name = strings.Trim(value.Text(), `"'`)
				case "marks":
					r.Test().Skips = append(r.Test().Skips, source.Mark{Text: r.Code(k), Conditional: true, Line: syntax.LineOf(k)})
				}
			}
		}
		r.Test().Cases = append(r.Test().Cases, c)
	}
}
