package drift

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
	"muster/internal/source"
)

// ownRule is a rule about imports in one of the repository's own files.
type ownRule struct {
	file   string // that says it
	name   string
	forbid func(e edge) bool
}

// ownRules are those of one repository.
type ownRules []ownRule

const maxRules = 1 << 20 // bytes of a file of rules

// ownFiles gives the files that hold rules about imports, and what reads them.
func ownFiles() []struct {
	path string
	read func(file string, text []byte) (ownRules, error)
} {
	type reader = struct {
		path string
		read func(file string, text []byte) (ownRules, error)
	}
	return []reader{
		{".golangci.yml", depguard},
		{".golangci.yaml", depguard},
		{".importlinter", importLinter},
		{"setup.cfg", importLinter},
		{"pyproject.toml", importLinterTOML},
		{".eslintrc.json", eslint},
		{".eslintrc", eslint},
		{"package.json", eslint},
		{".dependency-cruiser.json", cruiser},
	}
}

// readOwn reads the rules of the base. A file that cannot be read as what it
// should be is noted and holds no rule.
func readOwn(ctx context.Context, s *check.Subject) (rules ownRules, notes []string, err error) {
	for _, f := range ownFiles() {
		b, ok, err := s.BaseFile(ctx, f.path)
		if err != nil {
			return nil, nil, err
		}
		if !ok || len(b) > maxRules {
			continue
		}
		found, err := f.read(f.path, b)
		if err != nil {
			notes = append(notes, fmt.Sprintf("the rules of imports in %s were not checked: %v", f.path, err))
		}
		rules = append(rules, found...)
	}
	return rules, notes, nil
}

// broken gives the rules that an import breaks.
func (rules ownRules) broken(e edge) []evidence.Finding {
	var out []evidence.Finding
	for _, r := range rules {
		if !r.forbid(e) {
			continue
		}
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "rule", Level: evidence.Locator, Grade: evidence.Observed, Path: e.pair.Head.Path, StartLine: e.imp.Start, EndLine: e.imp.End,
			Message: fmt.Sprintf("%s now imports %s, which the rule %q of %s forbids.", check.ShowPath(e.pair.Head.Path), check.ShowPath(e.imp.Path), r.name, r.file),
		}, r.file+"\x00"+r.name+"\x00"+e.imp.Path))
	}
	return out
}

// depguard reads the deny lists of golangci-lint's depguard, versions 1 and 2
// of its file. Lists of what is allowed need all imports of a file, and the
// module's own path; they are left to the tool.
func depguard(file string, text []byte) (ownRules, error) {
	if !strings.Contains(string(text), "depguard") {
		return nil, nil
	}
	root := yamlfile.Read(file, text).Root()
	var out ownRules
	for _, steps := range [][]string{{"linters-settings", "depguard", "rules"}, {"linters", "settings", "depguard", "rules"}} {
		n := root
		for _, s := range steps {
			n = n.Get(s)
		}
		if n == nil {
			continue
		}
		for _, r := range n.Entries {
			var files []string
			if list := r.Value.Get("files"); list != nil {
				for _, x := range list.Items {
					files = append(files, x.Text)
				}
			}
			deny := r.Value.Get("deny")
			if deny == nil {
				continue
			}
			for _, d := range deny.Items {
				pkg := d.Text
				if p := d.Get("pkg"); p != nil {
					pkg = p.Text
				}
				if pkg == "" {
					continue
				}
				out = append(out, ownRule{file, r.Key.Text, func(e edge) bool {
					return e.pair.Head.Language == source.Go && guarded(files, e) && denied(pkg, e.imp.Path)
				}})
			}
		}
	}
	return out, nil
}

// guarded reports whether a rule of depguard is for a file.
func guarded(files []string, e edge) bool {
	match := func(pattern string) bool {
		switch pattern {
		case "$all":
			return true
		case "$test":
			return strings.HasSuffix(e.pair.Head.Path, "_test.go")
		}
		return plan.MatchAny([]string{strings.TrimPrefix(pattern, "./")}, e.pair.Head.Path)
	}
	yes := len(files) == 0 || !slices.ContainsFunc(files, func(f string) bool { return !strings.HasPrefix(f, "!") })
	for _, f := range files {
		if not, ok := strings.CutPrefix(f, "!"); ok {
			if match(not) {
				return false
			}
		} else if match(f) {
			yes = true
		}
	}
	return yes
}

// denied reports whether a package is one that depguard's text names: it, or
// whatever begins so, unless the text ends in "$".
func denied(text, imported string) bool {
	if exact, ok := strings.CutSuffix(text, "$"); ok {
		return imported == exact
	}
	return strings.HasPrefix(imported, text)
}

// eslint reads no-restricted-imports of ESLint's files in JSON.
func eslint(file string, text []byte) (ownRules, error) {
	if !strings.Contains(string(text), "no-restricted-imports") {
		return nil, nil
	}
	var config struct {
		Rules        map[string]json.RawMessage
		ESLintConfig struct{ Rules map[string]json.RawMessage } `json:"eslintConfig"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("it is not plain JSON")
	}
	var out ownRules
	for _, rules := range []map[string]json.RawMessage{config.Rules, config.ESLintConfig.Rules} {
		var parts []json.RawMessage
		if json.Unmarshal(rules["no-restricted-imports"], &parts) != nil || len(parts) < 2 || strings.Trim(string(parts[0]), `"`) == "off" || string(parts[0]) == "0" {
			continue
		}
		for _, part := range parts[1:] {
			var name string
			var more struct{ Paths, Patterns []json.RawMessage }
			if json.Unmarshal(part, &name) == nil {
				more.Paths = []json.RawMessage{part}
			} else if json.Unmarshal(part, &more) != nil {
				continue
			}
			for _, p := range more.Paths {
				if n := eslintName(p); n != "" {
					out = append(out, ownRule{file, "no-restricted-imports", func(e edge) bool { return script(e) && e.imp.Path == n }})
				}
			}
			for _, p := range more.Patterns {
				if n := eslintName(p); n != "" && !strings.HasPrefix(n, "!") {
					out = append(out, ownRule{file, "no-restricted-imports", func(e edge) bool { return script(e) && plan.MatchAny([]string{n, "**/" + n}, e.imp.Path) }})
				}
			}
		}
	}
	return out, nil
}

// eslintName gives the module that an entry is about as a whole; an entry that
// only names some of what a module gives is left to the tool.
func eslintName(p json.RawMessage) string {
	var name string
	if json.Unmarshal(p, &name) == nil {
		return name
	}
	var entry struct {
		Name                               string
		ImportNames, AllowImportNames      []string
		AllowTypeImports                   bool
		Group, ImportNamePattern, Dynamics json.RawMessage
	}
	if json.Unmarshal(p, &entry) != nil || len(entry.ImportNames)+len(entry.AllowImportNames) > 0 || entry.AllowTypeImports {
		return ""
	}
	return entry.Name
}

func script(e edge) bool {
	return e.pair.Head.Language == source.JavaScript || e.pair.Head.Language == source.TypeScript || e.pair.Head.Language == source.TSX
}

// cruiser reads the forbidden rules of dependency-cruiser that look at paths
// and at nothing else.
func cruiser(file string, text []byte) (ownRules, error) {
	var config struct {
		Forbidden []struct {
			Name     string
			From, To map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("it is not plain JSON")
	}
	var out ownRules
	for _, f := range config.Forbidden {
		from, ok1 := pathRule(f.From)
		to, ok2 := pathRule(f.To)
		if !ok1 || !ok2 || f.To["path"] == nil {
			continue
		}
		out = append(out, ownRule{file, f.Name, func(e edge) bool {
			if !script(e) || !strings.HasPrefix(e.imp.Path, ".") {
				return false
			}
			return from(e.pair.Head.Path) && to(path.Join(path.Dir(e.pair.Head.Path), e.imp.Path)+"/")
		}})
	}
	return out, nil
}

// pathRule reads {path, pathNot}; false when there is anything else, or a
// pattern that is not understood.
func pathRule(m map[string]json.RawMessage) (func(string) bool, bool) {
	var yes, no *regexp.Regexp
	for k, v := range m {
		var text string
		if json.Unmarshal(v, &text) != nil || k != "path" && k != "pathNot" {
			return nil, false
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, false
		}
		if k == "path" {
			yes = re
		} else {
			no = re
		}
	}
	return func(p string) bool { return (yes == nil || yes.MatchString(p)) && (no == nil || !no.MatchString(p)) }, true
}
