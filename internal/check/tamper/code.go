package tamper

import (
	"maps"
	"slices"
	"strings"

	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// code is what the change did to the code that is not tests.
type code struct {
	gone        map[string]bool // names that the base defined and that no changed file of the head has
	lost        map[string]bool // strings that the code had and has no more
	gained      map[string]bool // values that the code has anew
	dropped     map[string]bool // values that the code had and has no more, or less often
	changed     map[string]bool // names whose definition differs, and of what calls them
	gainedWords map[string]bool // words that the code has anew
	differs     bool            // something other than comments and layout differs
	shrank      bool            // there is less code than before
	rewrote     map[string]bool // stems of files that were written anew
	texts       [2]string       // all code of base and head, without layout
	defined     map[string]bool // names that changed files of the head define
}

// readCode compares the code of both sides.
func readCode(b *both) *code {
	c := &code{
		gone: map[string]bool{}, lost: map[string]bool{}, gained: map[string]bool{}, dropped: map[string]bool{},
		changed: map[string]bool{}, defined: map[string]bool{},
	}
	was, is := sumUp(b.base.code), sumUp(b.head.code)
	for name, body := range was.bodies {
		if _, kept := is.bodies[name]; !kept && !is.words[name] && !renamed(body, was, is) {
			c.gone[name] = true
		}
	}
	for member := range was.members {
		if !is.words[member] {
			c.gone[member] = true
		}
	}
	for name, body := range is.bodies {
		c.defined[name] = true
		if before, ok := was.bodies[name]; !ok || before.text != body.text {
			c.changed[name] = true
		}
	}
	for name := range was.bodies {
		if _, kept := is.bodies[name]; !kept {
			c.changed[name] = true
		}
	}
	c.spread(is)
	for v, n := range was.values {
		if is.values[v] < n {
			c.dropped[v] = true
			if is.values[v] == 0 && len(v) >= 3 {
				c.lost[v] = true
			}
		}
	}
	c.gainedWords = map[string]bool{}
	for w := range is.words {
		c.gainedWords[w] = !was.words[w]
	}
	for v, n := range is.values {
		if was.values[v] < n {
			c.gained[v] = true
		}
	}
	c.differs, c.shrank = was.all != is.all, len(is.all) < len(was.all)
	c.texts = [2]string{was.all, is.all}
	c.rewrote = map[string]bool{}
	for _, f := range b.base.code {
		if f.other == nil || words.Alike(words.Grams(words.Scan(f.between(1, len(f.lines)), f.lang)), words.Grams(words.Scan(f.other.between(1, len(f.other.lines)), f.lang))) < 0.5 {
			c.rewrote[stem(f.path)] = true
		}
	}
	return c
}

// body is one definition: its text without layout, and its tokens.
type body struct {
	text  string
	grams map[string]int
}

// sum is what the code files of one side hold together.
type sum struct {
	bodies    map[string]body // by the last part of the name
	members   map[string]bool // names inside of types
	words     map[string]bool // every word
	values    map[string]int  // every string and number
	calls     map[string][]string
	constants map[string]bool // names of values
	all       string
}

func sumUp(files []*file) sum {
	s := sum{bodies: map[string]body{}, members: map[string]bool{}, words: map[string]bool{}, values: map[string]int{}, calls: map[string][]string{}, constants: map[string]bool{}}
	var all strings.Builder
	for _, f := range files {
		tests := func(line int) bool { // Rust keeps tests beside the code
			_, in := f.facts.TestAt(line)
			return in && f.lang == source.Rust
		}
		for _, fn := range f.facts.Functions {
			if !tests(fn.Start) {
				s.define(last(fn.Name), f, fn.Range)
				for _, call := range fn.Calls {
					s.calls[last(fn.Name)] = append(s.calls[last(fn.Name)], last(call.Name))
				}
			}
		}
		for _, t := range f.facts.Types {
			s.define(last(t.Name), f, t.Range)
			for _, tok := range words.Scan(t.Signature, f.lang) {
				if tok.Kind == words.Word && len(tok.Text) > 2 {
					s.members[tok.Text] = true
				}
			}
		}
		for _, v := range f.facts.Values {
			s.define(last(v.Name), f, v.Range)
			s.constants[last(v.Name)] = true
		}
		tokens := words.Scan(withoutTests(f), f.lang)
		for i, tok := range tokens {
			if words.Defines(tokens, i) {
				s.members[tok.Text] = true
			}
			all.WriteString(tok.Text)
			all.WriteByte(' ')
			switch tok.Kind {
			case words.Word:
				s.words[tok.Text] = true
			case words.Number, words.Text:
				s.values[words.Bare(tok.Text)]++
			case words.Mark:
			}
		}
	}
	s.all = all.String()
	return s
}

// withoutTests gives the text of a file without the tests that Rust keeps
// beside the code.
func withoutTests(f *file) string {
	if f.lang != source.Rust || len(f.tests) == 0 {
		return strings.Join(f.lines, "\n")
	}
	var out []string
	for i, line := range f.lines {
		if _, in := f.facts.TestAt(i + 1); !in {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func (s *sum) define(name string, f *file, r source.Range) {
	if name == "" || name == "_" {
		return
	}
	tokens := words.Scan(f.between(r.Start, r.End), f.lang)
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Text)
		b.WriteByte(' ')
	}
	had := s.bodies[name] // several of one name count as one
	s.bodies[name] = body{text: had.text + b.String(), grams: words.Grams(tokens)}
}

// renamed reports whether a definition that is gone stands at the head under a
// name that is new.
func renamed(of body, was, is sum) bool {
	const compared = 2000
	n := 0
	for name, b := range is.bodies {
		if _, old := was.bodies[name]; old {
			continue
		}
		if n++; n > compared {
			return false
		}
		if words.Alike(of.grams, b.grams) >= same {
			return true
		}
	}
	return false
}

// spread adds what calls a changed function, over as many steps as it takes.
func (c *code) spread(s sum) {
	constants := map[string]bool{}
	for v := range s.constants {
		constants[v] = c.changed[v] && len(v) > 2
	}
	for name, b := range s.bodies {
		for v := range strings.FieldsSeq(b.text) {
			if constants[v] && name != v {
				c.changed[name] = true
				break
			}
		}
	}
	for again := true; again; {
		again = false
		for name, calls := range s.calls {
			if c.changed[name] {
				continue
			}
			for _, call := range calls {
				if c.changed[call] && len(call) > 2 {
					c.changed[name], again = true, true
					break
				}
			}
		}
	}
}

// rewritten reports whether the code file that a test file is named after was
// written anew, or is gone.
func (c *code) rewritten(testPath string) bool { return c.rewrote[stem(testPath)] }

// stem gives the name of a file without folder, extension and what marks it as
// a test.
func stem(p string) string {
	name, _, _ := strings.Cut(p[strings.LastIndexByte(p, '/')+1:], ".")
	name = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(name, "_test"), "Test"), "test_")
	return strings.ToLower(name)
}

func last(name string) string {
	if i := strings.LastIndexAny(name, ".:#"); i >= 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return name
}

// about reports whether code mentions a name of the list that says something.
func about(tokens []words.Token, names map[string]bool) bool {
	for _, t := range tokens {
		if t.Kind == words.Word && len(t.Text) > 2 && names[t.Text] {
			return true
		}
	}
	return false
}

// subjectGone reports whether code looks at something that the change took out
// of the project: a name it defined.
func (c *code) subjectGone(tokens []words.Token) bool {
	return len(c.gone) > 0 && slices.ContainsFunc(tokens, func(t words.Token) bool { return t.Kind == words.Word && c.gone[t.Text] })
}

// inputGone reports whether a test works with a string that only the code had
// and has no more: a route, a flag, a key.
func (c *code) inputGone(t *test) bool {
	n := 0
	given := maps.Clone(t.values)
	for _, a := range t.Assertions {
		for v := range words.Values(words.Scan(a.Expected, t.file.lang)) {
			delete(given, v)
		}
	}
	for v := range given {
		if c.lost[v] {
			n++
			if len(v) >= 6 {
				return true
			}
		}
	}
	return n > 1
}
