package claims

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// holdConduct weighs what speaks against the claim that the code does what it
// did: values and operators exchanged in place, guards and literals that are
// nowhere any more or were nowhere before.
func holdConduct(ctx context.Context, g *ground) verdict {
	const enough = 3
	pairs := sources(ctx, g)
	points := 0
	v := verdict{}
	note := func(n int, path string, line int, format string, args ...any) {
		points += n
		if v.rule == "" {
			v = locate("behaviour_changed", format, args...)
			v.path, v.line = path, line
		}
	}
	for _, p := range pairs {
		for _, x := range exchanges(p) {
			note(enough, p.file.Path, x.line, "line %d of %s now has %s where it had %s", x.line, check.ShowPath(p.file.Path), x.is, x.was)
		}
	}
	for _, lost := range lostGuards(pairs, g.added) {
		note(2, lost.path, 0, "the condition %s (line %d of %s at the base) is gone", check.Clip(lost.text, 80), lost.line, check.ShowPath(lost.path))
	}
	points += weighBalance(pairs)
	points += weighNew(g, pairs, note)
	if points < enough {
		return verdict{}
	}
	return v
}

type exchange struct {
	line    int
	was, is string
}

var (
	piece    = regexp.MustCompile(`[A-Za-z_]\w*|\d[\w.]*|[<>=!&|+*/%^-]+|\S`)
	number   = regexp.MustCompile(`^\d[\d._]*([eE]\d+)?$`)
	operator = regexp.MustCompile(`^(<|>|<=|>=|==|!=|&&|\|\||===|!==|\+|-|\*|/|%)$`)
)

// exchanges finds lines that differ from the ones they replace in exactly one
// number, truth value or operator.
func exchanges(p pair) []exchange {
	var out []exchange
	for _, h := range p.patch.Hunks {
		if len(h.Removed) != len(h.Added) {
			continue
		}
		for i := range h.Added {
			if inComment(p.head, h.NewStart+i) {
				continue
			}
			was, is := piece.FindAllString(h.Removed[i], 400), piece.FindAllString(h.Added[i], 400)
			if len(was) != len(is) {
				continue
			}
			at, n := 0, 0
			for k := range is {
				if was[k] != is[k] {
					at, n = k, n+1
				}
			}
			if n == 1 && isExchange(was[at], is[at]) && !inString(is, at) {
				out = append(out, exchange{h.NewStart + i, was[at], is[at]})
			}
		}
	}
	return out
}

// inString reports whether a piece of a line stands within quotes.
func inString(line []string, at int) bool {
	quotes := 0
	for _, t := range line[:at] {
		if t == `"` || t == "'" || t == "`" {
			quotes++
		}
	}
	return quotes%2 == 1
}

func isExchange(was, is string) bool {
	truth := []string{"true", "false", "True", "False"}
	return number.MatchString(was) && number.MatchString(is) ||
		operator.MatchString(was) && operator.MatchString(is) && was+"=" != is && is+"=" != was ||
		operator.MatchString(was) && operator.MatchString(is) && strings.ContainsAny(was, "<>") ||
		slices.Contains(truth, was) && slices.Contains(truth, is)
}

type lostGuard struct {
	path, text string
	line       int
}

// lostGuards finds guards of functions that both sides have which are neither
// in the head of any changed file nor in another form in the added lines, when
// the function has fewer guards than before.
func lostGuards(pairs []pair, added string) []lostGuard {
	texts := map[string]bool{}
	total := 0
	for _, p := range pairs {
		for _, f := range p.head.Functions {
			total += len(f.Guards)
			for _, x := range f.Guards {
				texts[x.Text] = true
			}
		}
		for _, f := range p.base.Functions {
			total -= len(f.Guards)
		}
	}
	if total >= 0 {
		return nil // what went from one place came to another
	}
	var out []lostGuard
	for _, p := range pairs {
		heads := map[string]int{}
		for _, f := range p.head.Functions {
			heads[f.Name] = len(f.Guards) + 1
		}
		for _, f := range p.base.Functions {
			if heads[f.Name] == 0 || heads[f.Name]-1 >= len(f.Guards) {
				continue
			}
			for _, x := range f.Guards {
				if !texts[x.Text] && !strings.Contains(added, fold(x.Text)) {
					out = append(out, lostGuard{oldPath(p.file), x.Text, x.Start})
				}
			}
		}
	}
	return out
}

// weighNew weighs what the code says now and did not say before in any changed
// file: conditions under which functions leave, values, calls, exported names.
// Each of them alone is what a refactoring may bring.
func weighNew(g *ground, pairs []pair, note func(int, string, int, string, ...any)) int {
	base := newVocabulary()
	for _, p := range pairs {
		base.take(p.base)
	}
	points := 0
	for _, sort := range []struct {
		each  func(source.File) []said
		known map[string]bool
		many  int
		what  string
	}{
		{guardsOf, base.guards, 2, "leaves under the condition"},
		{literalsOf, base.literals, 3, "says"},
		{callsOf, base.calls, 3, "calls"},
	} {
		n := 0
		var first said
		var at pair
		for _, p := range pairs {
			for _, x := range sort.each(p.head) {
				if sort.known[x.text] || !p.patch.Adds(x.line) || names(g.removed, fold(x.text)) {
					continue
				}
				sort.known[x.text] = true
				if n++; n == 1 {
					first, at = x, p
				}
			}
		}
		switch {
		case n >= sort.many:
			points += 2
		case n > 0:
			points++
		}
		if n > 0 {
			note(0, at.file.Path, first.line, "line %d of %s newly %s %s", first.line, check.ShowPath(at.file.Path), sort.what, check.Clip(first.text, 80))
		}
	}
	return points
}

// said is one thing that code says at a line.
type said struct {
	text string
	line int
}

type vocabulary struct{ guards, literals, calls map[string]bool }

func newVocabulary() vocabulary {
	return vocabulary{map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

func (v vocabulary) take(f source.File) {
	for _, x := range guardsOf(f) {
		v.guards[x.text] = true
	}
	for _, x := range literalsOf(f) {
		v.literals[x.text] = true
	}
	for _, x := range callsOf(f) {
		v.calls[x.text] = true
	}
	for _, x := range f.Functions {
		v.calls[last(x.Name)] = true
	}
}

func guardsOf(f source.File) []said {
	var out []said
	for _, x := range f.Functions {
		for _, gd := range x.Guards {
			if gd.Kind != source.ErrorCheck {
				out = append(out, said{gd.Text, gd.Start})
			}
		}
	}
	return out
}

func literalsOf(f source.File) []said {
	var out []said
	for _, x := range f.Literals {
		if x.InTest || x.Kind == source.String && len(x.Value) < 3 || x.Kind == source.Number && len(x.Value) < 2 {
			continue
		}
		out = append(out, said{x.Value, x.Line})
	}
	return out
}

// callsOf gives the calls to what the file does not define itself.
func callsOf(f source.File) []said {
	own := map[string]bool{}
	for _, x := range f.Functions {
		own[last(x.Name)] = true
	}
	var out []said
	for _, x := range f.Functions {
		for _, c := range x.Calls {
			if !own[last(c.Name)] {
				out = append(out, said{last(c.Name), c.Line})
			}
		}
	}
	return out
}

// weighBalance weighs how the change grows: guards that there are more of, or
// fewer, and code that is added without any being taken away.
func weighBalance(pairs []pair) int {
	guards, more, less := 0, 0, 0
	for _, p := range pairs {
		guards += len(allGuards(p.head)) - len(allGuards(p.base))
		for _, l := range p.patch.Added() {
			if strings.TrimSpace(l.Text) != "" && !inComment(p.head, l.Number) {
				more++
			}
		}
		for _, l := range p.patch.Removed() {
			if strings.TrimSpace(l.Text) != "" && !inComment(p.base, l.Number) {
				less++
			}
		}
	}
	points := 0
	if guards != 0 {
		points++
	}
	if more > 2*less+2 {
		points++
	}
	return points
}

func allGuards(f source.File) []source.Guard {
	var out []source.Guard
	for _, x := range f.Functions {
		out = append(out, x.Guards...)
	}
	return out
}
