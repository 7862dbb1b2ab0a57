package guards

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// function is one function on one side, with what it says itself: what inner
// functions say is left to them.
type function struct {
	side *check.Side
	pair *check.Pair
	source.Function
	lines    []string       // its code, line by line, without comments and outer white space
	words    map[string]int // identifiers of its code
	guards   []source.Guard
	swallows []source.Swallow
}

// functionsOf gives the functions of one side of a file.
func functionsOf(p *check.Pair, s *check.Side) []*function {
	if !s.Found || len(s.Functions) == 0 {
		return nil
	}
	text := codeLines(s.Text)
	owner := owners(s.Functions, len(text))
	at := make(map[int]*function, len(s.Functions))
	var out []*function
	for i, f := range s.Functions {
		start, end := max(f.Start, 1), min(f.End, len(text))
		if start > end {
			continue
		}
		x := &function{side: s, pair: p, Function: f, lines: text[start-1 : end]}
		x.words = wordsOf(x.lines)
		at[i] = x
		out = append(out, x)
	}
	hold := func(line int) *function {
		if line < 1 || line > len(owner) {
			return nil
		}
		return at[owner[line-1]]
	}
	for _, x := range out {
		x.refusingCases(hold)
		x.bounds(hold)
	}
	seen := map[source.Swallow]bool{}
	for _, f := range s.Functions {
		for _, g := range f.Guards {
			if x := hold(g.Start); x != nil && !slices.Contains(x.guards, g) {
				x.guards = append(x.guards, g)
			}
		}
		for _, w := range f.Swallows {
			if x := hold(w.Start); x != nil && !seen[w] {
				seen[w] = true
				x.swallows = append(x.swallows, w)
			}
		}
	}
	return out
}

var refusingCase = check.Lazy(`^(?:return|throw|raise)\b.*(?i:err|invalid|forbid|denied|unauth|exception)`)

// refusingCases adds the cases of switches under which a function refuses, as
// conditions.
func (f *function) refusingCases(hold func(int) *function) {
	for i := 0; i+1 < len(f.lines); i++ {
		l, next := f.lines[i], f.lines[i+1]
		if l == "default:" {
			l = "case default:"
		}
		if line := f.Start + i; strings.HasPrefix(l, "case ") && strings.HasSuffix(l, ":") && refusingCase.MatchString(next) && hold(line) == f &&
			!slices.ContainsFunc(f.Guards, func(g source.Guard) bool { return g.Start == line }) {
			f.guards = append(f.guards, source.Guard{
				Kind: source.Condition, Text: strings.TrimSuffix(l, ":"), Exit: "return", Range: source.Range{Start: line, End: line + 1},
			})
		}
	}
}

// bounding is the exit of a condition that does not leave and keeps a value
// within a bound.
const bounding = "bound"

var tooFar = check.Lazy(`^if \(?([\w.]+) (?:>|<|>=|<=) ([\w.]+)\)?(?: \{|:)$`)

// bounds adds the conditions that set a value to the bound that it exceeds.
func (f *function) bounds(hold func(int) *function) {
	for i := 0; i+1 < len(f.lines); i++ {
		m := tooFar.FindStringSubmatch(f.lines[i])
		if m == nil || hold(f.Start+i) != f || strings.TrimSuffix(f.lines[i+1], ";") != m[1]+" = "+m[2] {
			continue
		}
		cond := strings.TrimRight(strings.TrimPrefix(f.lines[i], "if "), " {:")
		f.guards = append(f.guards, source.Guard{
			Kind: source.Condition, Text: strings.Trim(cond, "()"), Exit: bounding, Range: source.Range{Start: f.Start + i, End: f.Start + i + 1},
		})
	}
}

// owners gives for each line the index of the innermost function around it,
// or -1.
func owners(fs []source.Function, lines int) []int {
	out := make([]int, lines)
	for i := range out {
		out[i] = -1
	}
	order := make([]int, len(fs))
	for i := range order {
		order[i] = i
	}
	// Outer functions first, so that inner ones are written over them.
	slices.SortStableFunc(order, func(a, b int) int { return (fs[b].End - fs[b].Start) - (fs[a].End - fs[a].Start) })
	for _, i := range order {
		for line := max(fs[i].Start, 1); line <= min(fs[i].End, lines); line++ {
			out[line-1] = i
		}
	}
	return out
}

// codeLines gives the lines of a text without outer white space, lines of
// comment emptied.
func codeLines(text []byte) []string {
	out := strings.Split(string(text), "\n")
	block := false
	for i, l := range out {
		l = strings.TrimSpace(l)
		switch {
		case block:
			block = !strings.Contains(l, "*/")
			l = ""
		case strings.HasPrefix(l, "/*"):
			block = !strings.Contains(l, "*/")
			l = ""
		case strings.HasPrefix(l, "//"), strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "#["):
			l = ""
		}
		if at := strings.Index(l, " // "); at >= 0 {
			l = strings.TrimSpace(l[:at])
		}
		out[i] = l
	}
	return out
}

// wordsOf counts the identifiers of lines of code.
func wordsOf(lines []string) map[string]int {
	out := map[string]int{}
	for _, l := range lines {
		for _, w := range words(l) {
			out[w]++
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// words gives the identifiers and keywords of a line, those in strings too.
func words(line string) []string {
	var out []string
	for i := 0; i < len(line); {
		if !isWord(line[i]) {
			i++
			continue
		}
		j := i
		for j < len(line) && isWord(line[j]) {
			j++
		}
		if c := line[i]; c < '0' || c > '9' {
			out = append(out, line[i:j])
		}
		i = j
	}
	return out
}

// kept gives the share of the base's lines of code that the head still has,
// between 0 and 1. Lines of guards, and lines without a word, do not count.
func kept(base, head *function) float64 {
	have := map[string]int{}
	for _, l := range head.lines {
		have[l]++
	}
	all, same := 0, 0
	for i, l := range base.lines {
		line := base.Start + i
		if len(l) < 3 || slices.ContainsFunc(base.guards, func(g source.Guard) bool { return g.Holds(line) && g.End-g.Start < 6 }) {
			continue
		}
		all++
		if have[l] > 0 {
			have[l]--
			same++
		}
	}
	if all == 0 {
		return 1
	}
	share := float64(same) / float64(all)
	if all < few {
		share = max(share, 0.75) // one edit of so few lines is no rewriting
	}
	return share
}

// few is below how many lines a function is too small to be written anew.
const few = 8

// similar gives how much two functions have in common, between 0 and 1: the
// identifiers of both, as often as they occur, over all of them.
func similar(a, b *function) float64 {
	common, all := 0, 0
	for w, n := range a.words {
		common += min(n, b.words[w])
		all += max(n, b.words[w])
	}
	for w, n := range b.words {
		if a.words[w] == 0 {
			all += n
		}
	}
	if all == 0 {
		return 0
	}
	return float64(common) / float64(all)
}
