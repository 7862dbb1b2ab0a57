package bodies

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/tamper/words"
)

var (
	swallowing  = check.Lazy(`(?m)^except\b|^\}? ?catch\b|\.catch\(|\brecover\(\)|\bsuppress\(|^rescue\b|return_exceptions=True`)
	defaulting  = check.Lazy(`\?\?|\|\||\bor\b|\.get\([^()]*,|\bgetattr\([^()]*,[^()]*,|\bsetdefault\(|\bnext\([^()]*,|\.unwrap_or|\bcmp\.Or\(|\bdefaultdict\(`)
	normalising = check.Lazy(`\.(toLowerCase|toUpperCase|trim\w*|normalize|replace|replaceAll|sort|toSorted|reverse|lower|upper|strip|lstrip|rstrip|casefold|toFixed|capitalize|title|expandtabs|filter|slice|flat)\(|\b(sorted|round|abs|set|frozenset|min|max)\(|\bre\.sub\(|\bstrings\.(ToLower|ToUpper|Title|Trim\w*|Replace\w*|Fields|Join)\(|\b(slices|sort)\.[A-Z]\w*\(|\b[mM]ath\.(Round|Floor|Ceil|Abs|Trunc|round|floor|ceil|abs|trunc|max|min)\(|\bbytes\.(Trim\w*|To\w+|Replace\w*)\(|\bNumber\(|\bparse(Float|Int)\(`)
)

// way says what a piece of code that was put in makes of a value; empty where
// it makes nothing of it.
func way(put string) string {
	switch {
	case swallowing.MatchString(put):
		return "lets errors go by"
	case defaulting.MatchString(put):
		return "puts a value of its own where there is none"
	case normalising.MatchString(put):
		return "alters what the code gives before it is looked at"
	}
	return ""
}

// bending finds values that are made to fit before anything looks at them.
type bending struct{ *comparison }

// helper finds what a function that serves tests has come to do between the
// code and the tests: it still does all that it did, and lets errors go by, has
// a value for what is not there, or alters what it gives.
func (c bending) helper() {
	const most = 8 // lines that came
	fresh := c.fresh()
	if !c.after.Helper || len(fresh) == 0 || len(fresh) > most || len(c.was) == 0 || !strings.HasPrefix(c.is[0].tight, strings.TrimRight(c.was[0].tight, "{:")) {
		return // other parameters: it serves others than before too
	}
	put := map[int]string{}
	for _, old := range c.gone() {
		at := slices.IndexFunc(fresh, func(l line) bool {
			rest, ok := inserted(words.Scan(old.text, c.before.Lang), words.Scan(l.text, c.after.Lang))
			if ok {
				put[l.n] = rest
			}
			return ok
		})
		if at < 0 {
			return // it does something else
		}
	}
	had := strings.Join(texts(c.was), "\n")
	for i, l := range c.is {
		text, whole := put[l.n], c.had[l.tight]
		if !whole && text == "" {
			text = l.text
		}
		if whole || text == "" {
			continue
		}
		w := way(text)
		switch {
		case w != "" && (!swallowing.MatchString(text) || !swallowing.MatchString(had)):
			c.say("bent", false, l, w+": "+quote(l.text))
			return
		case w == "" && condition.MatchString(l.text) && c.leaves(i) && !absent.MatchString(l.text) && !platform.MatchString(l.text) && !skipping.MatchString(c.is[min(i+1, len(c.is)-1)].text):
			c.say("bent", false, l, "leaves early where it did not: "+quote(l.text))
			return
		}
	}
}

// result finds a value that a test looks at as before, and that is altered
// before it does.
func (c bending) result() {
	gone := c.gone()
	for _, l := range c.fresh() {
		m := naming.FindStringSubmatch(l.text)
		if m == nil || c.after.Helper {
			continue
		}
		seen := slices.ContainsFunc(c.pairs, func(p Pair) bool {
			return words.Tight(p.Was.Text) == words.Tight(p.Is.Text) && p.Is.Start >= l.n && root(strings.TrimPrefix(p.Is.Subject, "len(")) == m[1]
		})
		if !seen {
			continue
		}
		m[2], _, _ = strings.Cut(m[2], "; ")
		is := words.Scan(m[2], c.after.Lang)
		if rest, ok := inserted(words.Scan(m[1], c.after.Lang), is); ok && normalising.MatchString(rest) && !calls(m[2], m[1]) {
			c.say("bent", false, l, "alters what the code gives before it is looked at: "+quote(l.text))
			return
		}
		for _, old := range gone {
			o := naming.FindStringSubmatch(old.text)
			if o == nil || o[1] != m[1] {
				continue
			}
			if rest, ok := inserted(words.Scan(o[2], c.before.Lang), is); ok && way(rest) != "" {
				c.say("bent", false, l, way(rest)+": "+quote(l.text)+" was "+quote(old.text))
				return
			}
		}
	}
}

// calls reports whether code calls a function of a name.
func calls(text, name string) bool { return strings.Contains(text, name+"(") }
