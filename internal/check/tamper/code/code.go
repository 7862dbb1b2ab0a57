// Package code tells what a change did to the code of a project that is not
// tests: which names and values went and came, and what depends on them. It
// compares all changed files of both sides together, so that what moved from
// one to another did not change.
package code

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// File is one changed file of code of one side.
type File struct {
	Path  string
	Lang  source.Language
	Lines []string
	Facts source.File
	Other *File // what the same file is on the other side; nil when it is not there
}

// Change is what the change did to the code that is not tests.
type Change struct {
	Gone        map[string]bool   // names that the base defined and that no changed file of the head has
	Renamed     map[string]string // what a name is called now that the base defined and no code of the head mentions
	Lost        map[string]bool   // strings that the code had and has no more
	Gained      map[string]bool   // values that the code has anew
	Dropped     map[string]bool   // values that the code had and has no more, or less often
	Changed     map[string]bool   // names whose definition differs, and of what calls them
	GainedWords map[string]bool   // words that the code has anew
	Differs     bool              // something other than comments and layout differs
	Shrank      bool              // there is less code than before
	Rewrote     map[string]bool   // stems of files that were written anew
	Texts       [2]string         // all code of base and head, without layout
	Defined     map[string]bool   // names that changed files of the head define
}

// Read compares the code of both sides.
func Read(base, head []*File) *Change {
	c := &Change{
		Gone: map[string]bool{}, Lost: map[string]bool{}, Gained: map[string]bool{}, Dropped: map[string]bool{},
		Changed: map[string]bool{}, Defined: map[string]bool{},
	}
	was, is := sumUp(base), sumUp(head)
	c.Renamed = renamed(was, is)
	for name := range was.bodies {
		if _, kept := is.bodies[name]; !kept && !is.words[name] && c.Renamed[name] == "" {
			c.Gone[name] = true
		}
	}
	for member := range was.members {
		if !is.words[member] && c.Renamed[member] == "" {
			c.Gone[member] = true
		}
	}
	for name, body := range is.bodies {
		c.Defined[name] = true
		if before, ok := was.bodies[name]; !ok || before.text != body.text {
			c.Changed[name] = true
		}
	}
	for name := range was.bodies {
		if _, kept := is.bodies[name]; !kept {
			c.Changed[name] = true
		}
	}
	c.spread(is)
	for v, n := range was.values {
		if is.values[v] < n {
			c.Dropped[v] = true
			if is.values[v] == 0 && len(v) >= 3 {
				c.Lost[v] = true
			}
		}
	}
	c.GainedWords = map[string]bool{}
	for w := range is.words {
		c.GainedWords[w] = !was.words[w]
	}
	for v, n := range is.values {
		if was.values[v] < n {
			c.Gained[v] = true
		}
	}
	c.Differs, c.Shrank = was.all != is.all, len(is.all) < len(was.all)
	c.Texts = [2]string{was.all, is.all}
	c.Rewrote = map[string]bool{}
	for _, f := range base {
		if f.Other == nil || words.Alike(words.Grams(words.Scan(between(f.Lines, 1, len(f.Lines)), f.Lang)), words.Grams(words.Scan(between(f.Other.Lines, 1, len(f.Other.Lines)), f.Lang))) < 0.5 {
			c.Rewrote[stem(f.Path)] = true
		}
	}
	return c
}

// alike is how alike two bodies are that are one definition under two names.
const alike = 0.62

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
	types     map[string][]words.Token
	all       string
}

func sumUp(files []*File) sum {
	s := sum{bodies: map[string]body{}, members: map[string]bool{}, words: map[string]bool{}, values: map[string]int{}, calls: map[string][]string{}, constants: map[string]bool{}, types: map[string][]words.Token{}}
	var all strings.Builder
	for _, f := range files {
		tests := func(line int) bool { // Rust keeps tests beside the code
			_, in := f.Facts.TestAt(line)
			return in && f.Lang == source.Rust
		}
		for _, fn := range f.Facts.Functions {
			if !tests(fn.Start) {
				s.define(words.Last(fn.Name), f, fn.Range)
				for _, call := range fn.Calls {
					s.calls[words.Last(fn.Name)] = append(s.calls[words.Last(fn.Name)], words.Last(call.Name))
				}
			}
		}
		for _, t := range f.Facts.Types {
			s.define(words.Last(t.Name), f, t.Range)
			s.types[words.Last(t.Name)] = words.Scan(t.Signature, f.Lang)
			for _, tok := range s.types[words.Last(t.Name)] {
				if tok.Kind == words.Word && len(tok.Text) > 2 {
					s.members[tok.Text] = true
				}
			}
		}
		for _, v := range f.Facts.Values {
			s.define(words.Last(v.Name), f, v.Range)
			s.constants[words.Last(v.Name)] = true
		}
		tokens := words.Scan(withoutTests(f), f.Lang)
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
func withoutTests(f *File) string {
	if f.Lang != source.Rust || len(f.Facts.Tests) == 0 {
		return strings.Join(f.Lines, "\n")
	}
	var out []string
	for i, line := range f.Lines {
		if _, in := f.Facts.TestAt(i + 1); !in {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func (s *sum) define(name string, f *File, r source.Range) {
	if name == "" || name == "_" {
		return
	}
	tokens := words.Scan(between(f.Lines, r.Start, r.End), f.Lang)
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Text)
		b.WriteByte(' ')
	}
	had := s.bodies[name] // several of one name count as one
	s.bodies[name] = body{text: had.text + b.String(), grams: words.Grams(tokens)}
}

// renamed gives the names that definitions and members have at the head which
// go on under another name, one that is new. What two definitions became goes on
// for the one that is most alike.
func renamed(was, is sum) map[string]string {
	type pair struct {
		from, to string
		score    float64
	}
	var pairs []pair
	fresh := slices.DeleteFunc(slices.Sorted(maps.Keys(is.bodies)), func(n string) bool { _, old := was.bodies[n]; return old })
	compared := 0
	for _, from := range slices.Sorted(maps.Keys(was.bodies)) {
		if _, kept := is.bodies[from]; kept || is.words[from] {
			continue
		}
		for _, to := range fresh {
			if compared++; compared > maxCompared {
				break
			}
			if score := words.Alike(was.bodies[from].grams, is.bodies[to].grams); score >= alike {
				pairs = append(pairs, pair{from, to, score})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	out, taken := map[string]string{}, map[string]bool{}
	for _, p := range pairs {
		if out[p.from] == "" && !taken[p.to] {
			out[p.from], taken[p.to] = p.to, true
		}
	}
	for name, before := range was.types {
		after, ok := is.types[name]
		if to := out[name]; !ok && to != "" {
			after = is.types[to]
		}
		members(before, after, was, is, out)
	}
	return out
}

// members adds the members of a type that have another name, where nothing else
// of it differs.
func members(before, after []words.Token, was, is sum, out map[string]string) {
	if len(before) != len(after) {
		return
	}
	for i := range before {
		a, b := before[i], after[i]
		if a == b || a.Kind != words.Word || b.Kind != words.Word || is.words[a.Text] || was.words[b.Text] || out[a.Text] != "" {
			continue
		}
		out[a.Text] = b.Text
	}
}

// maxCompared bounds the pairs of definitions whose bodies are compared.
const maxCompared = 200_000

// spread adds what calls a changed function, over as many steps as it takes.
func (c *Change) spread(s sum) {
	constants := map[string]bool{}
	for v := range s.constants {
		constants[v] = c.Changed[v] && len(v) > 2
	}
	for name, b := range s.bodies {
		for v := range strings.FieldsSeq(b.text) {
			if constants[v] && name != v {
				c.Changed[name] = true
				break
			}
		}
	}
	for again := true; again; {
		again = false
		for name, calls := range s.calls {
			if c.Changed[name] {
				continue
			}
			for _, call := range calls {
				if c.Changed[call] && len(call) > 2 {
					c.Changed[name], again = true, true
					break
				}
			}
		}
	}
}

// Rewritten reports whether the code file that a test file is named after was
// written anew, or is gone.
func (c *Change) Rewritten(testPath string) bool { return c.Rewrote[stem(testPath)] }

// stem gives the name of a file without folder, extension and what marks it as
// a test.
func stem(p string) string {
	name, _, _ := strings.Cut(p[strings.LastIndexByte(p, '/')+1:], ".")
	name = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(name, "_test"), "Test"), "test_")
	return strings.ToLower(name)
}

// SubjectGone reports whether code looks at something that the change took out
// of the project: a name it defined.
func (c *Change) SubjectGone(tokens []words.Token) bool {
	return len(c.Gone) > 0 && slices.ContainsFunc(tokens, func(t words.Token) bool { return t.Kind == words.Word && c.Gone[t.Text] })
}

// between gives lines, both included.
func between(lines []string, start, end int) string {
	start, end = max(start, 1), min(end, len(lines))
	if start > end {
		return ""
	}
	return strings.Join(lines[start-1:end], "\n")
}
