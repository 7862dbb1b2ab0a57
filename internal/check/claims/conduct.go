package claims

import (
	"context"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/source"
)

// holdConduct looks for what no refactoring does: a value or an operator
// exchanged in place, a condition made wider or narrower, a guard put in or
// taken out with nothing in its place. That code is written anew says nothing.
func holdConduct(ctx context.Context, g *ground) verdict {
	pairs := sources(ctx, g)
	for _, p := range pairs {
		for _, x := range exchanges(p) {
			v := locate("behaviour_changed", "line %d of %s now has %s where it had %s", x.line, check.ShowPath(p.file.Path), x.is, x.was)
			v.path, v.line = p.file.Path, x.line
			return v
		}
	}
	more, less := loneGuards(pairs)
	switch {
	case len(more) > 0:
		v := locate("behaviour_changed", "line %d of %s newly leaves under the condition %s", more[0].line, check.ShowPath(more[0].path), check.Clip(more[0].text, 80))
		v.path, v.line = more[0].path, more[0].line
		return v
	case len(less) > 0:
		v := locate("behaviour_changed", "the condition %s (line %d of %s at the base) is gone", check.Clip(less[0].text, 80), less[0].line, check.ShowPath(less[0].path))
		v.path = less[0].path
		return v
	}
	return verdict{}
}

type exchange struct {
	line    int
	was, is string
}

var (
	piece    = check.Lazy(`[A-Za-z_]\w*|\d[\w.]*|[<>=!&|+*/%^-]+|\S`)
	number   = check.Lazy(`^\d[\d._]*([eE]\d+)?$`)
	operator = check.Lazy(`^(<|>|<=|>=|==|!=|&&|\|\||===|!==|\+|-|\*|/|%)$`)
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
			if p.head.InComment(h.NewStart + i) {
				continue
			}
			was, is := piece.FindAllString(h.Removed[i], 400), piece.FindAllString(h.Added[i], 400)
			if len(was) != len(is) {
				if sign := widened(was, is); sign != "" {
					out = append(out, exchange{h.NewStart + i, "another condition", "“" + check.Clip(strings.TrimSpace(h.Added[i]), 80) + "”"})
				}
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

// widened gives the sign by which a condition was made wider or narrower: one
// of two lines is the other with words put in that begin or end with it.
func widened(was, is []string) string {
	long, short := is, was
	if len(was) > len(is) {
		long, short = was, is
	}
	if len(short) < 3 {
		return ""
	}
	before := 0
	for before < len(short) && short[before] == long[before] {
		before++
	}
	after := 0
	for after < len(short)-before && short[len(short)-1-after] == long[len(long)-1-after] {
		after++
	}
	if before+after < len(short) {
		return ""
	}
	for _, w := range long[before : len(long)-after] {
		if w == "&&" || w == "||" || w == "and" || w == "or" {
			return w
		}
	}
	return ""
}

type guard struct {
	path, text string
	line       int
}

// loneGuards finds guards of functions that both sides have which were put in,
// or taken out, by a run of lines that has nothing on the other side, and that
// are nowhere on the other side.
func loneGuards(pairs []pair) (more, less []guard) {
	was, is := texts(pairs, func(p pair) source.File { return p.base }), texts(pairs, func(p pair) source.File { return p.head })
	for _, p := range pairs {
		base, head := byName(p.base), byName(p.head)
		for name, f := range head {
			if _, there := base[name]; !there {
				continue
			}
			for _, x := range f.Guards {
				if !was[x.Text] && len(f.Guards) > len(base[name].Guards) && alone(p.patch, x.Range, true) {
					more = append(more, guard{p.file.Path, x.Text, x.Start})
				}
			}
			for _, x := range base[name].Guards {
				if !is[x.Text] && len(f.Guards) < len(base[name].Guards) && alone(p.patch, x.Range, false) {
					less = append(less, guard{oldPath(p.file), x.Text, x.Start})
				}
			}
		}
	}
	order := func(a, b guard) int { return strings.Compare(a.path, b.path)*1_000_000 + a.line - b.line }
	slices.SortFunc(more, order)
	slices.SortFunc(less, order)
	return more, less
}

func texts(pairs []pair, side func(pair) source.File) map[string]bool {
	out := map[string]bool{}
	for _, p := range pairs {
		for _, f := range side(p).Functions {
			for _, x := range f.Guards {
				out[x.Text] = true
			}
		}
	}
	return out
}

func byName(f source.File) map[string]source.Function {
	out := map[string]source.Function{}
	for _, x := range f.Functions {
		out[x.Name] = x
	}
	return out
}

// alone reports whether a run of changed lines holds all of a guard, and the
// other side has nothing there.
func alone(p change.Patch, r source.Range, added bool) bool { //nolint:revive // its two callers name the side they want
	return slices.ContainsFunc(p.Hunks, func(h change.Hunk) bool {
		if added {
			return len(h.Removed) == 0 && h.NewStart <= r.Start && r.End < h.NewStart+len(h.Added)
		}
		return len(h.Added) == 0 && h.OldStart <= r.Start && r.End < h.OldStart+len(h.Removed)
	})
}
