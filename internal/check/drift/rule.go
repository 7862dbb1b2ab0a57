package drift

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/core/plan"
)

// rule is what one decision of the plan forbids.
type rule struct {
	text    string // as it was written
	imports string // a module, or a folder of this repository
	from    string // the files that may not import it; empty for all
	path    string // files that may not be changed or added
}

// parseRules reads "import:redis", "import:internal/db from internal/web/**"
// and "path:internal/old/**", and says which texts are none of these.
func parseRules(texts []string) (rules []rule, left []string) {
	for _, text := range texts {
		r := rule{text: text}
		kind, rest, _ := strings.Cut(strings.TrimSpace(text), ":")
		rest = strings.TrimSpace(rest)
		switch {
		case rest == "":
		case kind == "import":
			r.imports, r.from, _ = strings.Cut(rest, " from ")
			r.imports, r.from = strings.Trim(strings.TrimSpace(r.imports), `"'/`), strings.TrimSpace(r.from)
		case kind == "path":
			r.path = rest
		}
		var fault strings.Builder
		for _, glob := range []string{r.from, r.path} {
			if glob != "" {
				f, _ := plan.ValidGlob(glob)
				fault.WriteString(f)
			}
		}
		switch {
		case fault.String() != "":
			left = append(left, fmt.Sprintf("the decision %q was not checked: %s", text, fault.String()))
		case r.imports == "" && r.path == "":
			left = append(left, fmt.Sprintf("the decision %q was not checked: it is neither import:NAME, import:NAME from GLOB, nor path:GLOB", text))
		default:
			rules = append(rules, r)
		}
	}
	return rules, left
}

// matches reports whether an import is one that the rule forbids.
func (r rule) matches(e edge) bool {
	if r.from != "" && !plan.MatchAny([]string{r.from}, e.pair.Head.Path) {
		return false
	}
	return names(r.imports, e.imp.Path) || e.folder != "" && below(r.imports, e.folder)
}

// names reports whether an import is of a module of this name: the whole path,
// something below it, or, for a name of one part, a part of the path or a word
// of one, as go-redis has it for redis.
func names(want, imported string) bool {
	want, imported = strings.ToLower(want), strings.ToLower(imported)
	if below(want, imported) || strings.HasPrefix(imported, want+".") || strings.HasPrefix(imported, want+"::") {
		return true
	}
	if strings.ContainsAny(want, "/.:") {
		return false
	}
	if strings.HasPrefix(imported, ".") {
		return path.Base(imported) == want
	}
	for _, part := range strings.FieldsFunc(imported, func(c rune) bool { return strings.ContainsRune("/:@.", c) }) {
		if part == want || slices.Contains(strings.FieldsFunc(part, func(c rune) bool { return c == '-' || c == '_' }), want) {
			return true
		}
	}
	return false
}

// below reports whether a path is the folder or lies in it.
func below(folder, p string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }
