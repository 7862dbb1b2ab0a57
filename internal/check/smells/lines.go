package smells

import (
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// silencer is a way to silence a tool at one place.
type silencer struct {
	mark   *check.Pattern // what follows it may be a reason
	reason *check.Pattern // what must follow for a reason to be there
	code   bool           // it is code and not a comment
}

var twoWords = check.Lazy(`[\pL]{2,}\W+[\pL]{2,}`)

// silencers are the ways as the tools' own manuals have them: golangci-lint,
// gosec, staticcheck, TypeScript, ESLint, Biome, Flake8, mypy, Pylint, Bandit,
// javac, rustc.
var silencers = []silencer{ //nolint:gochecknoglobals // patterns are compiled once; they never change
	{mark: check.Lazy(`//\s*nolint(:[\w,-]+)?`), reason: twoWords},
	{mark: check.Lazy(`#nosec( +G\d+)*`), reason: twoWords},
	{mark: check.Lazy(`//lint:(ignore|file-ignore) \S+`), reason: twoWords},
	{mark: check.Lazy(`@ts-(ignore|nocheck|expect-error)`), reason: twoWords},
	{mark: check.Lazy(`eslint-disable(-next-line|-line)?( +[@\w/,: -]*?)?( --|\*/|$)`), reason: twoWords},
	{mark: check.Lazy(`biome-ignore [\w/]+:?`), reason: twoWords},
	{mark: check.Lazy(`#\s*noqa(: *[A-Z]+\d+([, ]+[A-Z]+\d+)*)?`), reason: twoWords},
	{mark: check.Lazy(`#\s*type: *ignore(\[[\w, -]+\])?`), reason: twoWords},
	{mark: check.Lazy(`#\s*pylint: *disable(-next)?=[\w,-]+`), reason: twoWords},
	{mark: check.Lazy(`#\s*nosec( +B\d+)*`), reason: twoWords},
	{mark: check.Lazy(`@SuppressWarnings\([^)]*\)`), reason: twoWords, code: true},
	{mark: check.Lazy(`#!?\[allow\([^)]*\)\]`), reason: twoWords, code: true},
}

// suppressions names lines that newly silence a tool and do not say why, on
// the line itself or in a comment right above it.
func suppressions(f file) []evidence.Finding {
	lines := strings.Split(string(f.text), "\n")
	var out []evidence.Finding
	for _, l := range f.patch.Added() {
		for _, s := range silencers {
			at := s.mark.FindStringIndex(l.Text)
			if at == nil || !s.code && f.head.Parser != "" && !f.head.InComment(l.Number) || s.reason.MatchString(l.Text[at[1]:]) || reasonAbove(lines, l.Number) {
				continue
			}
			out = append(out, f.note("suppression", source.Range{Start: l.Number, End: l.Number}, strings.TrimSpace(l.Text),
				"Line %d of %s silences a tool (%s) and does not say why.", l.Number, check.ShowPath(f.Path), check.Clip(l.Text[at[0]:at[1]], 80)))
			break
		}
	}
	return out
}

// reasonAbove reports whether the line before holds a comment of its own.
func reasonAbove(lines []string, n int) bool {
	if n < 2 || n-2 >= len(lines) {
		return false
	}
	t := strings.TrimSpace(lines[n-2])
	isRemark := strings.HasPrefix(t, "//") || strings.HasPrefix(t, "#") || strings.HasPrefix(t, "/*") || strings.HasPrefix(t, "*")
	return isRemark && twoWords.MatchString(t) && !slices.ContainsFunc(silencers, func(s silencer) bool { return s.mark.MatchString(t) })
}

var (
	later     = check.Lazy(`\b(TODO|FIXME|XXX|HACK)\b`)
	pretended = check.Lazy(`(?i)\b(in (a )?(real|production|actual)( world)?,? (implementation|code|app|application|system|scenario|version|world|environment)|placeholder (for|implementation|value|until)|stub implementation|not (yet )?implemented( yet)?|simplified implementation|dummy implementation|mock implementation|implement (this|me|later))\b`)
	unfilled  = check.Lazy(`(?i)(panic|throw new \w*Error|raise \w*(Error|Exception)|todo!|unimplemented!|errors\.New|Errorf?)\W{0,3}["'` + "`" + `]?(not (yet )?implemented|unimplemented|todo)|\b(raise NotImplementedError\b|throw new NotImplemented\w*|unimplemented!\(|todo!\(|UnsupportedOperationException\()`)
	// nothing is the body of a function that does nothing: at most one
	// statement, which gives back a constant.
	nothing = check.Lazy(`^(pass|\.\.\.|(return\s*(nil|null|None|undefined|true|false|True|False|0|-1|""|''|\[\]|\{\}|\(?nil, nil\)?|\(?0, nil\)?|"", nil|false, nil)?;?)?)$`)
)

// placeholders names what is left for later, and points at new functions that
// do nothing and that the author calls done.
func placeholders(f file, claim string) []evidence.Finding {
	var out []evidence.Finding
	if f.class.Test {
		return nil
	}
	hollow := map[int]bool{}
	was := map[string]bool{}
	for _, x := range f.base.Functions {
		was[x.Name] = true
	}
	lines := strings.Split(string(f.text), "\n")
	for _, x := range f.head.Functions {
		if was[x.Name] || !x.Exported || !f.patch.Adds(x.Start) || isAbstract(lines, x) || !does(lines, x, f.head) || !claimsDone(claim, x.Name) {
			continue
		}
		hollow[x.Start] = true
		for n := x.Start; n <= x.End; n++ {
			hollow[n] = true
		}
		finding := f.note("hollow", x.Range, x.Name, "The report speaks of %s as done, and its whole body is a placeholder (lines %d to %d of %s).", x.Name, x.Start, x.End, check.ShowPath(f.Path))
		finding.Level = evidence.Locator
		out = append(out, finding)
	}
	for _, l := range f.patch.Added() {
		remark := f.head.InComment(l.Number) || f.head.Parser == ""
		m := ""
		switch {
		case hollow[l.Number]:
			continue
		case remark && later.MatchString(l.Text):
			m = later.FindString(l.Text)
		case remark && pretended.MatchString(l.Text):
			m = pretended.FindString(l.Text)
		case unfilled.MatchString(l.Text) && !aboveAbstract(lines, l.Number):
			m = unfilled.FindString(l.Text)
		default:
			continue
		}
		out = append(out, f.note("placeholder", source.Range{Start: l.Number, End: l.Number}, strings.TrimSpace(l.Text), "Line %d of %s leaves something for later: %s", l.Number, check.ShowPath(f.Path), check.Clip(m, 80)))
	}
	return out
}

// does reports whether the whole body of a function is a placeholder.
func does(lines []string, x source.Function, f source.File) bool {
	var body []string
	for n := x.Body.Start; n <= x.Body.End && n <= len(lines); n++ {
		t := strings.TrimSpace(lines[n-1])
		if n == x.Body.Start {
			if i := strings.LastIndex(t, "{"); i >= 0 && x.Body.End > n {
				t = strings.TrimSpace(t[i+1:])
			} else if i >= 0 {
				t = strings.TrimSpace(strings.TrimSuffix(t[i+1:], "}"))
			}
		}
		if f.InComment(n) && (strings.HasPrefix(t, "//") || strings.HasPrefix(t, "#") || strings.HasPrefix(t, "/*") || strings.HasPrefix(t, "*")) {
			continue
		}
		if t = strings.TrimRight(t, "};"); t != "" && t != "{" && !strings.HasPrefix(t, `"""`) {
			body = append(body, strings.TrimSpace(t))
		}
	}
	text := strings.Join(body, " ")
	return nothing.MatchString(text) || len(body) <= 2 && unfilled.MatchString(text)
}

// isAbstract reports whether a function is meant to be filled by others.
func isAbstract(lines []string, x source.Function) bool { return aboveAbstract(lines, x.Start+1) }

func aboveAbstract(lines []string, n int) bool {
	for i := n - 2; i >= max(0, n-8) && i < len(lines); i-- {
		if low := strings.ToLower(lines[i]); strings.Contains(low, "abstract") || strings.Contains(low, "protocol") || strings.Contains(low, "@overload") || strings.Contains(low, "(abc)") {
			return true
		}
	}
	return false
}

var done = check.Lazy(`(?i)\b(implement(s|ed)?|add(s|ed)?|complete(s|d)?|finish(ed)?|create(s|d)?|wr(ote|ite|itten)|introduce(s|d)?|support(s|ed)?|provide(s|d)?|done|works?)\b`)

// claimsDone reports whether a sentence of the claim names a function among
// what was done.
func claimsDone(claim, name string) bool {
	short := name[strings.LastIndex(name, ".")+1:]
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(short) + `\b`)
	for line := range strings.SplitSeq(claim[:min(len(claim), 64<<10)], "\n") {
		if word.MatchString(line) && done.MatchString(line) && !unsaid.MatchString(line) {
			return true
		}
	}
	return false
}

var unsaid = check.Lazy(`(?i)\b(not|todo|later|stub(s|bed)?|placeholder|will|should|skeleton|scaffold(ing)?|no-?op|interface|follow-?up|remain(s|ing)?)\b|n't\b`)
