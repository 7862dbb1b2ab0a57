package claims

import (
	"path"
	"slices"
	"strings"

	"muster/internal/check"
)

// kind is a sort of claim.
type kind string

// The sorts of claim. The first group is about things with a name, the second
// about sorts of work, the third about the whole change.
const (
	added   kind = "added"
	removed kind = "removed"
	renamed kind = "renamed" // names are old and new
	changed kind = "changed"
	fixed   kind = "fixed"

	moved    kind = "moved"    // only while reading
	replaced kind = "replaced" // only while reading

	tests    kind = "tests"
	docs     kind = "docs"
	concept  kind = "concept" // validation, logging and the like; names[0] is which
	version  kind = "version" // names[0] is the version
	deadCode kind = "dead_code"

	onlyComments kind = "only_comments"
	onlyFormat   kind = "only_formatting"
	onlyDocs     kind = "only_docs"
	onlyTests    kind = "only_tests"
	sameConduct  kind = "same_behaviour"
	compatible   kind = "compatible"
	testsKept    kind = "tests_untouched"
	noNewDeps    kind = "no_new_dependencies"
)

// claim is one statement about the change that can be held against it.
type claim struct {
	kind  kind
	names []string
	what  string // the word for what is named: function, flag, file; empty when none is said
	exact bool   // the sentence ends with the name: it is about all of what is named
	said  string // the sentence
}

// read finds the claims of a message.
func read(m message) []claim {
	var out []claim
	for _, s := range m.sentences {
		for _, k := range wholes() {
			if k.holds(blindNames(s)) && !slices.ContainsFunc(out, func(c claim) bool { return c.kind == k.kind && c.said == s }) {
				out = append(out, claim{kind: k.kind, said: s})
			}
		}
		if isWholeClaim(s) {
			continue
		}
		out = append(out, readWork(s)...)
		out = append(out, readNames(s)...)
	}
	return out
}

type whole struct {
	kind    kind
	pattern *check.Pattern
}

// condition makes what follows it a case that code deals with, and no
// statement about the change: "skip the build when only documents changed".
var condition = check.Lazy(`(?i)\b(when|whenever|where|unless|on|for|that|which|whose)\b`)

// holds reports whether a sentence makes the claim.
func (w whole) holds(blind string) bool {
	at := w.pattern.FindStringIndex(blind)
	confines := w.kind == onlyTests || w.kind == onlyDocs
	return at != nil && (!confines || !condition.MatchString(blind[:at[0]]))
}

// aboutIt ends a claim about the whole change: what follows would restrict it.
const aboutIt = `(?:\s*(?:[.,;:!)]|$|—|–|\s-\s)|\s+(?:here|intended|expected|whatsoever|at all|was made|were made|are made|is made|made|was changed|involved|in this (?:commit|change|pr|pull request|patch))\b)`

// wholes gives the claims about the whole change, most of which are negations.
func wholes() []whole {
	return []whole{
		{onlyComments, wholeComments},
		{onlyFormat, wholeFormat},
		{onlyDocs, wholeDocs},
		{onlyDocs, wholeOnlyDocs},
		{onlyTests, wholeOnlyTests},
		{sameConduct, wholeConduct},
		{compatible, wholeCompatible},
		{testsKept, wholeTests},
		{noNewDeps, wholeDeps},
	}
}

var (
	wholeComments = check.Lazy(`(?i)\b(comments?[- ]only(\s+(change|commit|pr|update|patch|edit)s?)?` + aboutIt + `|(this|the|it|i|commit|change|patch|pr)( (commit|change|patch|pr))? only (touche[sd]|change[sd]|update[sd]|affect(s|ed)|add(s|ed)|edit(s|ed)|modifie[sd]) (code )?comments?` + aboutIt +
		`|^only (touche[sd]|change[sd]|update[sd]|add(s|ed)|edit(s|ed)|modifie[sd]) (code )?comments?` + aboutIt + `|only (the )?comments? (were|was|are|have been|changed|touched|updated|edited|modified))`)
	wholeFormat = check.Lazy(`(?i)\b((pure(ly)? |just |only )(re-?)?format(ting)?( changes?)?` + aboutIt + `|(formatting|whitespace|white space|style|indentation)[- ]only(\s+(change|commit|pr|update|patch|edit)s?)?` + aboutIt +
		`|(only|just) (re-?)?formats( the)?( existing)?( code| files?)?` + aboutIt + `|only (whitespace|white space|formatting|indentation)( changes?| was changed| changed)?` + aboutIt + `|(this|the|it|i|commit|change|patch|pr)( (commit|change|patch|pr))? only (touche[sd]|change[sd]|update[sd]|affect(s|ed)) (formatting|whitespace|indentation)` + aboutIt + `)`)
	wholeDocs = check.Lazy(`(?i)(?:\b|^)((docs?|documentation)[- ]only(\s+(change|commit|pr|update|patch|edit)s?)?` + aboutIt + `|(only|just) (the )?(docs?|documentation|readme)( changes?| (was|were) (changed|updated|touched)| changed)` + aboutIt +
		`|(this|the|it|i|commit|change|patch|pr)( (commit|change|patch|pr))? only (touche[sd]|change[sd]|update[sd]|affect(s|ed)) (the )?(docs|documentation|readme)` + aboutIt +
		`|no (source )?code (was|were|is|has been) (changed|touched|modified)` + aboutIt + `|(^|[,;:(—–] ?|there (are|were) |contains |includes )no (source )?code changes?( (was|were|are))?( made)?` + aboutIt + `|(doesn't|does not|didn't|did not) (touch|change|modify) any (source )?code` + aboutIt + `)`)
	wholeConduct = check.Lazy(`(?i)\b(no (user[- ]visible |functional |external |observable )?(behaviou?r(al)?|functional(ity)?|logic|semantic|runtime) changes?` + aboutIt + `|no functional changes?` + aboutIt + `|no changes? (in|to|of) (the )?(behaviou?r|functionality|logic|semantics)` + aboutIt +
		`|(a |just a |is a |as a |this is )pure(ly)?( a)? refactor(ing)?\b|pure refactor(ing)?` + aboutIt + `|(without|doesn't|does not|didn't|did not) (changing|altering|affecting|change|alter|affect) (any |the )?(existing )?(behaviou?r|functionality|logic|semantics)` + aboutIt +
		`|(behaviou?r|functionality|logic) (is|was|stays|remains|has been|are) (the same|unchanged|preserved|identical|unaffected|not changed)` + aboutIt + `|refactor(ing)?[- ]only` + aboutIt + `)`)
	wholeCompatible = check.Lazy(`(?i)\b((^|fully |is |are |and |remains? |stays? |keeps? it |completely )backwards?[- ]compatible( with (all |the )?(existing|current|older|previous) \w+)?` + aboutIt + `|no breaking changes?` + aboutIt + `|(this is )?(a )?non-breaking( change)?` + aboutIt + `|(public )?api (is|was|remains|stays) (unchanged|the same|untouched)` + aboutIt + `|no (public )?api changes?` + aboutIt + `)`)
	wholeTests      = check.Lazy(`(?i)\b((existing |all |the |all existing )+tests? (files? )?(were|was|are|is|have been|stay|remain|left) (all )?(kept |left )?(unchanged|untouched|unmodified|not (changed|touched|modified))|no (existing )?tests? (files? )?(were|was|have been|are) (changed|touched|modified|altered|edited)|no (changes?|modifications?) to (the |any |existing )*tests?( files?)?` + aboutIt +
		`|(without|didn't|did not|haven't) (changing|touching|modifying|altering|change|touch|modify|alter|changed|touched|modified) (the |any |existing )*tests?( files?)?` + aboutIt + `)`)
	wholeDeps = check.Lazy(`(?i)\b(no (new|extra|additional) (external |third[- ]party |runtime )?(dependenc(y|ies)|packages|modules|libraries)( (were|was|are|is|have been))?( (added|introduced|needed|required))?` + aboutIt + `|without (adding |introducing |any |new )+dependenc(y|ies)` + aboutIt + `)`)
	isPlan    = check.Lazy(`(?i)\b(should|will|would|could|can|may|might|must|todo|please|ensure|make sure|need|if|expect(ed)?|hopefully|assum(e|es|ing)|aims?|goal|intends?|try|supposed|unless|except|not a|isn't|no longer|mostly|almost|nearly|other than|apart from|besides|verify|confirm|shouldn't)\b|\?$`)
)

// isWholeClaim reports whether a sentence claims something of the whole change.
func isWholeClaim(s string) bool {
	blind := blindNames(s)
	if isPlan.MatchString(blind) {
		return false
	}
	return slices.ContainsFunc(wholes(), func(w whole) bool { return w.holds(blind) })
}

// isOfPart reports whether an entry of a list that sounds like a claim about
// the whole change names what it is about before: "a.go: formatting only".
func isOfPart(s string) bool {
	blind := blindNames(s)
	return slices.ContainsFunc(wholes(), func(w whole) bool {
		at := w.pattern.FindStringIndex(blind)
		return at != nil && strings.ContainsAny(blind[:at[0]], ":_—–")
	})
}

// start is what may stand before the verb of a main clause.
const start = `(?i)(?:^(?:[\w/.,*+-]+(?:\([^)]*\))?!?: +)*|[,;:.)(—–-] (?:and |also |then )?|\b(?:i|we|i've|we've|also|and|then|have|now|commit|change|pr|patch|it)(?: also| now| have)? )`

const (
	addVerb    = `(?:add|adds|added|write|wrote|writes|written|create|creates|created|introduce|introduces|introduced|implement|implements|implemented)`
	changeVerb = `(?:update|updates|updated|extend|extends|extended|expand|expands|expanded|improve|improves|improved)`
)

var (
	testClaim = check.Lazy(start + `(?:` + addVerb + `|` + changeVerb + `|includes|included) (?:` + testSorts + ` )*(?:unit-?tests?|tests?|test cases?|testcases?|test coverage)(?: (?:for|of|that|which|covering|verifying|checking|exercising|ensuring|to (?:cover|verify|ensure|check|confirm|make|prevent|guard|prove|show|reproduce)|in _|and|with|cases?|suite|accordingly)\b|[.,;:!)]|$)`)
	testsWere = check.Lazy(`(?i)\b(?:unit |regression |integration |new |the |e2e )*tests?(?: cases?| coverage| suite)? (?:were |was |have been |has been )(?:also )?(?:added|written|created|extended|expanded|improved|updated)\b|(?i)^tests? added\b`)
	docClaim  = check.Lazy(start + `(?:` + addVerb + `|` + changeVerb + `|document|documented) (?:(?:the|a|an|some|new|its|our|entry|note|notes|section|api|user|project|relevant|related|corresponding|to|in|into|and|for) )*(readme(?:\.\w+)?|changelog(?:\.\w+)?|changes\.\w+|release notes|docs|documentation|docstrings?)(?: (?:to|for|with|about|on|of|accordingly|and|entry|section)\b|[.,;:!)]|$)`)
	docIn     = check.Lazy(start + `(?:` + addVerb + `|` + changeVerb + `|document|documented|documents|described|describes) [^.;]{1,80}? (?:in|to|into) the (readme(?:\.\w+)?|changelog(?:\.\w+)?|release notes|docs|documentation)(?:[.,;:!)]|$)`)
	docsWere  = check.Lazy(`(?i)(?:\bthe |^)(readme|changelog|docs|documentation) (?:was |were |has been |have been )?(?:also )?(?:updated|extended|added)\b`)
	concepts  = check.Lazy(start + `(?:` + addVerb + `|` + changeVerb + `) (?:(?:a|an|the|some|more|new|missing|proper|basic|robust|strict|input|request|comprehensive|structured|configurable|simple|per-\w+|token-bucket|exponential|automatic|in-memory|better|graceful|parameter|schema|field|detailed|debug|and) )*(validation|error[- ]handling|logging|rate[- ]limit(?:ing|er|s)?|retr(?:y|ies)(?: logic)?|backoff|caching|cache|timeouts?|authentication|authorization|authorisation|pagination|metrics|tracing)(?: (?:for|of|to|in|on|with|when|around|so|at|and|across|using|logic|support|via|middleware)\b|[.,;:!)]|$)`)
	bump      = check.Lazy(start + `(?:bump|bumps|bumped|upgrade|upgrades|upgraded|update|updates|updated|downgrade[sd]?|pin|pinned) (?:the |up )?(?:version of )?(\S+)(?: version| dependency| package| module| library| action)?(?: from \S+)? to (?:version |release )?v?(\d+(?:\.\d+)+(?:[-+.][\w.]+)?)(?:[.,;:!)]?(?:\s|$))`)
	dead      = check.Lazy(start + `(?:remove|removes|removed|delete|deletes|deleted|drop|drops|dropped|clean up|cleaned up) (?:(?:the|some|all|now|old|any|a|few|more|of) )*(?:unused|dead|obsolete|unreachable|redundant|duplicated?|commented[- ]out|unneeded|unnecessary)(?: and (?:unused|dead|obsolete|redundant))? (?:code|imports?|variables?|functions?|methods?|parameters?|args|arguments?|files?|lines?|constants?|helpers?|fields?|types?|class(?:es)?|checks?|conditions?|branch(?:es)?|dependenc(?:y|ies)|comments?)\b`)
	ciWords   = check.Lazy(`(?i)\b(ci|travis|github|actions?|workflow|tox|matrix|sdist|manifest|makefile|badge|readme|docs|documentation|gitignore|runner|pipeline)\b`)
)

// readWork finds the claims about sorts of work in a sentence.
func readWork(s string) []claim {
	blind := blindNames(s)
	var out []claim
	if (testClaim.MatchString(blind) || testsWere.MatchString(blind) || addsTestsBeside(blind)) && !ciWords.MatchString(blind) {
		out = append(out, claim{kind: tests, said: s})
	}
	for _, re := range []*check.Pattern{docClaim, docIn, docsWere} {
		if m := re.FindStringSubmatch(blind); m != nil {
			out = append(out, claim{kind: docs, names: []string{strings.ToLower(m[1])}, said: s})
			break
		}
	}
	if m := concepts.FindStringSubmatch(blind); m != nil {
		out = append(out, claim{kind: concept, names: []string{strings.ToLower(m[1])}, said: s})
	}
	if m := bump.FindStringSubmatch(strings.ReplaceAll(s, "`", "")); m != nil {
		out = append(out, claim{kind: version, names: []string{strings.TrimRight(m[2], "."), strings.Trim(m[1], "`'\"")}, said: s})
	}
	if dead.MatchString(blind) {
		out = append(out, claim{kind: deadCode, said: s})
	}
	return out
}

// verbs gives the sort of claim that a verb makes.
func verbs(low string) kind {
	switch low {
	case "add", "adds", "added", "create", "creates", "created", "introduce", "introduces", "introduced", "implement", "implements", "implemented":
		return added
	case "remove", "removes", "removed", "delete", "deletes", "deleted", "drop", "drops", "dropped":
		return removed
	case "rename", "renames", "renamed":
		return renamed
	case "update", "updates", "updated", "change", "changes", "changed", "modify", "modifies", "modified", "refactor", "refactors", "refactored",
		"rewrite", "rewrites", "rewrote", "rewritten", "extend", "extends", "extended", "edit", "edits", "edited":
		return changed
	case "fix", "fixes", "fixed", "set", "sets", "increase", "increases", "increased", "raise", "raises", "raised", "reduce", "reduces", "reduced", "simplify", "simplifies", "simplified", "optimize", "optimizes", "optimized":
		return fixed
	case "move", "moves", "moved", "extract", "extracts", "extracted", "split", "splits":
		return moved
	case "replace", "replaces", "replaced", "switch", "switches", "switched", "convert", "converts", "converted":
		return replaced
	}
	return ""
}

// before are words that may stand between a verb and the name of its object.
func isBefore(low string) bool {
	switch low {
	case "the", "a", "an", "new", "its", "our", "some", "existing", "missing", "public", "private", "exported", "internal", "unused", "dead", "old",
		"deprecated", "legacy", "obsolete", "redundant", "helper", "utility", "shared", "optional", "dedicated", "small", "simple", "custom", "both", "also", "two", "three":
		return true
	}
	return isWhat(low)
}

// isWhat reports whether a word says what sort of thing a name is of.
func isWhat(low string) bool {
	switch strings.TrimSuffix(low, "s") {
	case "function", "method", "class", "clas", "struct", "type", "interface", "field", "constant", "variable", "flag", "option", "parameter", "argument", //nolint:misspell // "class" without its s
		"endpoint", "route", "file", "module", "command", "property", "propertie", "attribute", "hook", "component", "helper", "enum", "trait", "decorator", "middleware":
		return true
	}
	return false
}

// startsClause reports whether a verb at i is the verb of a main clause.
func startsClause(ws []word, i int) bool {
	if i == 0 || ws[i-1].ends && !ws[i].opens {
		return true
	}
	switch ws[i-1].low {
	case "i", "we", "i've", "we've", "also", "and", "then", "have", "now", "commit", "change", "pr", "patch":
		return !ws[i-1].ticked
	}
	return false
}

// readNames finds the claims about things with a name.
func readNames(s string) []claim {
	ws := words(s)
	var out []claim
	if c, ok := listedFile(s, ws); ok {
		out = append(out, c)
	}
	for i, w := range ws {
		k := verbs(w.low)
		if k == "" || w.ticked || !startsClause(ws, i) {
			continue
		}
		c := claim{kind: k, said: s}
		var rest []word
		c.names, c.what, rest = object(ws[i+1:], k)
		switch {
		case len(c.names) == 0:
			if k == moved {
				out = append(out, extracted(s, ws[i+1:])...)
			} else if name, ok := place(ws[i+1:]); ok && leads(ws, i) && k != renamed && k != removed && k != replaced {
				out = append(out, claim{kind: fixed, names: []string{name}, what: "place", said: s})
			}
			continue
		case k == renamed || k == moved || k == replaced:
			out = append(out, twoNames(c, rest)...)
			continue
		default:
			c.exact = len(rest) == 0 || endsBefore(ws, rest)
		}
		out = append(out, c)
	}
	out = append(out, passive(s, ws)...)
	return append(out, nowDoes(s, ws)...)
}

// leads reports whether a verb is the first of its sentence.
func leads(ws []word, i int) bool {
	return i == 0 || i <= 2 && (ws[i-1].low == "i" || ws[i-1].low == "we" || ws[i-1].low == "also" || ws[i-1].low == "i've" || ws[i-1].low == "we've" || ws[i-1].ends)
}

// twoNames reads what became of one name: "to `b`", "with `b`".
func twoNames(c claim, rest []word) []claim {
	if len(c.names) != 1 || len(rest) < 2 || !slices.Contains([]string{"to", "into", "as", "with", "by"}, rest[0].low) {
		return nil
	}
	to, _, _ := object(rest[1:], c.kind)
	if len(to) != 1 {
		return nil
	}
	switch {
	case c.kind == replaced:
		return []claim{{kind: removed, names: c.names, said: c.said}, {kind: added, names: to, said: c.said}}
	case c.kind == moved && !isPath(to[0]):
		return nil
	case c.kind == moved && !isPath(c.names[0]):
		return []claim{{kind: changed, names: to, what: "file", said: c.said}}
	}
	return []claim{{kind: renamed, names: []string{c.names[0], to[0]}, said: c.said}}
}

// extracted reads "moved the check into `validate()`".
func extracted(s string, ws []word) []claim {
	for i, w := range ws[:min(len(ws), 12)] {
		if w.low == "into" && i+1 < len(ws) && i > 0 {
			if names, what, _ := object(ws[i+1:], moved); len(names) == 1 {
				return []claim{{kind: changed, names: names, what: what, said: s}}
			}
		}
	}
	return nil
}

// nowDoes reads "`Foo` now returns an error".
func nowDoes(s string, ws []word) []claim {
	for i, w := range ws[:min(len(ws), 5)] {
		if !w.ticked || w.ends || i+1 >= len(ws) || ws[i+1].low != "now" && (i+2 >= len(ws) || !isWhat(ws[i+1].low) || ws[i+2].low != "now") {
			continue
		}
		if name, ok := nameOf(w, ""); ok && !isPath(name) {
			return []claim{{kind: fixed, names: []string{name}, said: s}}
		}
	}
	return nil
}

// endsBefore reports whether a phrase ends just before the rest.
func endsBefore(ws, rest []word) bool { return ws[len(ws)-len(rest)-1].ends }

// listedFile reads an entry of a list that begins with the name of a file and
// goes on with what was done to it: "`a.go`: retry the request".
func listedFile(s string, ws []word) (claim, bool) {
	if len(ws) < 3 || !ws[0].ticked || !isPath(ws[0].text) || !strings.HasPrefix(s, "`") {
		return claim{}, false
	}
	_, rest, _ := strings.Cut(s[1:], "`")
	rest = strings.TrimLeft(rest, " ")
	if !strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, "—") && !strings.HasPrefix(rest, "–") && !strings.HasPrefix(rest, "- ") {
		return claim{}, false
	}
	for _, w := range ws[1:min(len(ws), 4)] {
		if verbs(w.low) != "" || strings.HasSuffix(w.low, "ed") {
			return claim{kind: changed, names: []string{ws[0].text}, what: "file", said: s}, true
		}
	}
	return claim{}, false
}

// object reads the names that follow a verb, and what stands after them.
func object(ws []word, k kind) (names []string, what string, rest []word) {
	i := 0
	for i < len(ws) && i < 5 && !ws[i].ticked && isBefore(ws[i].low) && !ws[i].ends {
		if isWhat(ws[i].low) {
			what = strings.TrimSuffix(ws[i].low, "s")
		}
		i++
	}
	for i < len(ws) {
		name, ok := nameOf(ws[i], what)
		if !ok && k == renamed && humps.MatchString(ws[i].text) {
			name, ok = ws[i].text, true
		}
		if !ok {
			break
		}
		names = append(names, name)
		joined := false
		switch {
		case i+1 < len(ws) && (ws[i+1].low == "and" || ws[i+1].low == "&") && !ws[i].ends:
			joined, i = true, i+2
		case ws[i].ends:
			i++
			for i < len(ws) && ws[i].low == "and" {
				i++
			}
			if i >= len(ws) || !ws[i].ticked || what == "place" {
				return names, what, ws[min(i, len(ws)):]
			}
			joined = true
		default:
			i++
		}
		if !joined {
			break
		}
	}
	if what == "" && i < len(ws) && len(names) > 0 && isWhat(ws[i].low) {
		what = strings.TrimSuffix(ws[i].low, "s")
		i++
	}
	if i > len(ws) {
		i = len(ws)
	}
	return names, what, ws[i:]
}

// place reads "... in `a.go`", "... of `Foo`": where a change is said to be.
// What follows the name may not make it a part of something else.
func place(ws []word) (string, bool) {
	for i, w := range ws[:min(len(ws), 14)] {
		if i > 0 && ws[i-1].ends {
			return "", false
		}
		if !slices.Contains([]string{"in", "to", "into", "inside", "of", "on"}, w.low) || w.ticked || i == 0 {
			continue
		}
		for i++; i < len(ws) && !ws[i].ticked && isBefore(ws[i].low); i++ {
		}
		if i >= len(ws) || !ws[i].ticked {
			continue
		}
		n := ws[i]
		ends := i+1 >= len(ws) || n.ends || isWhat(ws[i+1].low) || slices.Contains([]string{"and", "to", "so", "by", "with", "which", "from"}, ws[i+1].low)
		if name, ok := nameOf(n, ""); ok && ends {
			return name, true
		}
	}
	return "", false
}

// passive reads "`Foo` was removed".
func passive(s string, ws []word) []claim {
	for i, w := range ws {
		name, ok := nameOf(w, "")
		if !w.ticked || !ok || w.ends || i > 5 || slices.ContainsFunc(ws[:i], func(b word) bool { return b.ends || !isBefore(b.low) }) {
			continue
		}
		k := i + 1
		if k < len(ws) && isWhat(ws[k].low) {
			k++
		}
		been := k
		for k < len(ws) && k < been+4 && slices.Contains([]string{"was", "were", "has", "have", "been", "now", "also", "then"}, ws[k].low) {
			k++
		}
		if k == been || k >= len(ws) || !slices.ContainsFunc(ws[been:k], func(b word) bool { return b.low == "was" || b.low == "were" || b.low == "been" }) {
			continue
		}
		c := claim{kind: verbs(ws[k].low), names: []string{name}, said: s, exact: k+1 >= len(ws) || ws[k].ends}
		switch {
		case !strings.HasSuffix(ws[k].low, "ed"):
		case c.kind == renamed || c.kind == moved || c.kind == replaced:
			return twoNames(c, ws[k+1:])
		case c.kind == added || c.kind == removed || c.kind == changed:
			return []claim{c}
		}
	}
	return nil
}

var (
	identifier = check.Lazy(`^[@#$.]?[A-Za-z_$][\w$]*((\.|::|->|#|/)[A-Za-z_$][\w$]*)*[?!]?$`)
	flag       = check.Lazy(`^--?[A-Za-z][\w-]*(=.*)?$`)
	route      = check.Lazy(`^((GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) )?/[\w{}:<>*./-]+$`)
	humps      = check.Lazy(`^[A-Za-z]+[a-z0-9]+[A-Z]\w*$|^\w+_\w+$`)
	extension  = check.Lazy(`^[\w@./\[\]+-]*[\w\])-]\.(go|py|pyi|js|jsx|mjs|cjs|ts|tsx|mts|java|rs|c|h|cc|cpp|hpp|rb|php|cs|kt|swift|scala|sh|sql|md|mdx|rst|txt|yml|yaml|toml|json|html|css|scss|vue|svelte|proto|tf|cfg|ini)$`)
)

// isPath reports whether a text is the path of a file.
func isPath(text string) bool {
	return extension.MatchString(text) && !strings.Contains(text, "..") && !strings.HasPrefix(text, "http") && !strings.ContainsAny(text, "*{}<>")
}

// nameOf gives the name that a word is: code between back ticks, a path, a
// flag, a call, or a compound word beside what says what it is.
func nameOf(w word, what string) (string, bool) {
	t := w.text
	call := strings.TrimSuffix(t, "()")
	switch {
	case isPath(t) && (w.ticked || strings.Contains(t, "/")):
		return path.Clean(t), true
	case flag.MatchString(t) && (w.ticked || what == "flag" || what == "option" || strings.HasPrefix(t, "--")):
		t, _, _ = strings.Cut(t, "=")
		return t, true
	case route.MatchString(t) && (w.ticked || what == "endpoint" || what == "route"):
		return t, true
	case !identifier.MatchString(call) || isCommon(strings.ToLower(call)):
		return "", false
	case w.ticked, call != t, what != "" && what != "file" && humps.MatchString(t):
		return call, true
	}
	return "", false
}

// isCommon reports whether a word between back ticks is a word of a language
// and names nothing of the project.
func isCommon(low string) bool {
	switch low {
	case "nil", "null", "none", "true", "false", "undefined", "string", "int", "bool", "error", "float", "this", "self", "if", "else", "for", "while", "return",
		"async", "await", "const", "let", "var", "main", "master", "develop", "any", "object", "void", "number", "boolean", "go", "python", "node", "npm", "yarn":
		return true
	}
	return len(low) < 2
}
