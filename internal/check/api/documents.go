package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
)

// spoken is a sort of name by which users speak to a program.
type spoken struct {
	what  string
	line  *check.Pattern // the name is its first group
	write string         // how documents write it
}

var spokens = []spoken{ //nolint:gochecknoglobals // patterns are compiled once; they never change
	{"the flag", check.Lazy(`(?:add_argument|click\.option|\.option)\(\s*(?:['"]-\w['"],\s*)?['"](--[a-z][a-z0-9-]{2,})`), "%s"},
	{"the flag", check.Lazy(`(?:Flags\(\)|[fF]lags?|flagset|fs|flag)\.(?:\w*Var\w*\([^,]+,\s*|(?:String|Bool|Int|Duration|Float64|Uint|StringSlice|Int64)P?\(\s*)"([a-z][a-z0-9-]{2,})"`), "--%s"},
	{"the variable", check.Lazy(`(?:os\.Getenv|os\.LookupEnv|os\.environ(?:\.get)?|os\.getenv|env::var|System\.getenv|process\.env)[\[(.]["']?([A-Z][A-Z0-9]*_[A-Z0-9_]+)`), "%s"},
	{"the route", check.Lazy(`\.(?:get|post|put|patch|delete|route|GET|POST|PUT|PATCH|DELETE|Get|Post|Put|Patch|Delete|Handle|HandleFunc)\(\s*["'](?:[A-Z]+ )?(/[a-z][\w/{}:<>.-]{3,})["']`), "%s"},
}

// leftDocuments finds documents that still tell of a flag, a variable or a
// route that the program no longer has.
func leftDocuments(ctx context.Context, t *tree, pairs []check.Pair) ([]evidence.Finding, error) {
	type name struct{ what, raw, shown, path string }
	var gone []name
	for _, p := range pairs {
		if !p.Class.IsCode() {
			continue
		}
		patch, err := t.s.Patch(ctx, p.Path())
		if err != nil {
			return nil, err
		}
		for _, l := range patch.Removed() {
			if len(l.Text) > 2000 {
				continue
			}
			for _, k := range spokens {
				m := k.line.FindStringSubmatch(l.Text)
				if m != nil && !slices.ContainsFunc(gone, func(n name) bool { return n.raw == m[1] }) {
					gone = append(gone, name{k.what, m[1], fmt.Sprintf(k.write, m[1]), p.Path()})
				}
			}
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	code, err := t.sources(ctx)
	if err != nil {
		return nil, err
	}
	docs, err := t.documents(ctx)
	if err != nil {
		return nil, err
	}
	var out []evidence.Finding
	for _, n := range gone {
		if slices.ContainsFunc(code, func(f text) bool { return strings.Contains(f.body, n.raw) }) {
			continue
		}
		for _, d := range docs {
			at := strings.Index(d.body, n.shown)
			if at < 0 || at+len(n.shown) < len(d.body) && (isWord(d.body[at+len(n.shown)]) || d.body[at+len(n.shown)] == '-') {
				continue
			}
			line := lineOf(d.body, at)
			out = append(out, evidence.NewFinding(evidence.Finding{
				Check: Name, Rule: "document", Level: evidence.Context, Grade: evidence.Observed, Path: d.path, StartLine: line, EndLine: line,
				Message: fmt.Sprintf("%s still tells of %s %s, which no code has since %s changed.", check.ShowPath(d.path), n.what, clip(n.shown), check.ShowPath(n.path)),
			}, n.shown))
			break
		}
	}
	return out, nil
}
