package api

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source"
)

// module is a file in a scripted language that lost names, or is gone.
type module struct {
	pair *check.Pair
	path string          // at the base
	gone bool            // the file is no longer there
	lost map[string]bool // names
}

// leftImports finds imports of names that their module no longer has. The
// module's head must not speak of the name at all: whatever gives names in
// another way (stars, __getattr__, assignments to exports) is let pass.
func leftImports(ctx context.Context, t *tree, pairs []check.Pair) ([]evidence.Finding, error) {
	lost := modulesOf(pairs)
	if len(lost) == 0 {
		return nil, nil
	}
	all, err := t.sources(ctx)
	if err != nil {
		return nil, err
	}
	var out []evidence.Finding
	for _, m := range lost {
		if m.gone {
			if replaced(t, m.path) {
				continue
			}
		} else if dynamic(m.pair.Head) {
			continue
		}
		for _, f := range all {
			uses := m.imports(t, f)
			for _, u := range uses {
				out = append(out, u.finding(t.s, m, f.path))
			}
		}
	}
	return out, nil
}

// modulesOf gives the changed modules that lost names of their top level.
func modulesOf(pairs []check.Pair) []module {
	var out []module
	for i := range pairs {
		p := &pairs[i]
		if !p.Base.Found || !scripted(p.Base.Language) || len(p.Base.Broken) > 0 {
			continue
		}
		moved := p.Base.Path != p.Head.Path
		m := module{pair: p, path: p.Base.Path, gone: !p.Head.Found || moved, lost: map[string]bool{}}
		if !m.gone && len(p.Head.Broken) > 0 {
			continue
		}
		words := wordsOf(string(p.Head.Text))
		for _, name := range topLevel(p.Base.File) {
			if m.gone || !words[name] {
				m.lost[name] = true
			}
		}
		if m.gone || len(m.lost) > 0 {
			out = append(out, m)
		}
	}
	return out
}

func topLevel(f source.File) []string {
	var out []string
	seen := map[string]bool{}
	add := func(n string) {
		if n != "" && !strings.ContainsAny(n, ".# ") && !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	for _, x := range f.Functions {
		add(x.Name)
	}
	for _, x := range f.Types {
		add(x.Name)
	}
	for _, x := range f.Values {
		add(x.Name)
	}
	return out
}

var giving = check.Lazy(`\bimport \*|__getattr__|globals\(\)|sys\.modules|export \*|\bexec\(|setattr\(|Object\.(assign|defineProperty|keys)|module\.exports = (require|\w+;?\s*$)|exports\[`)

// dynamic reports whether a module gives names that cannot be seen.
func dynamic(s check.Side) bool { return giving.Match(s.Text) }

// replaced reports whether something else stands for a file that is gone: a
// folder of the same name, a file in another language, a stub.
func replaced(t *tree, p string) bool {
	stem := strings.TrimSuffix(p, path.Ext(p))
	if path.Base(stem) == "__init__" || path.Base(stem) == "index" {
		return true // a folder without it may still be a package
	}
	for other := range t.paths {
		if rest, ok := strings.CutPrefix(other, stem); ok && rest != "" && (rest[0] == '.' || rest[0] == '/') {
			return true
		}
	}
	return false
}

// use is one import of something that is gone.
type use struct {
	name string // empty when the module itself is gone
	line int
	sure bool // it fails as soon as the line runs
}

func (u use) finding(s *check.Subject, m module, at string) evidence.Finding {
	what := fmt.Sprintf("%s, which %s no longer has", u.name, check.ShowPath(m.pair.Head.Path))
	pattern := u.name
	if u.name == "" {
		what = fmt.Sprintf("from %s, which is gone", check.ShowPath(m.path))
		pattern = strings.TrimSuffix(path.Base(m.path), path.Ext(m.path))
	}
	f := evidence.Finding{
		Check: Name, Rule: "left", Level: evidence.Locator, Grade: evidence.Observed, Path: at, StartLine: u.line, EndLine: u.line,
		Message:   fmt.Sprintf("%s still imports %s.", check.ShowPath(at), what),
		Reproduce: plan.Command{Argv: []string{"git", "grep", "-n", "-w", "-F", "-e", pattern, s.Request.Head.Tree, "--", at, m.pair.Head.Path}}.String(),
	}
	if u.sure {
		f.Level = evidence.Gate
	}
	return evidence.NewFinding(f, m.path+"\x00"+u.name)
}

var (
	fromImport = check.Lazy(`(?m)^([ \t]*)from[ \t]+([.\w]+)[ \t]+import[ \t]+(\(([^)]*)\)|[^\n#]+)`)
	script     = check.Lazy(`(?m)^([ \t]*)(?:import|export)[ \t]+(?:type[ \t]+)?(?:\w+[ \t]*,[ \t]*)?\{([^}]*)\}[ \t\n]*from[ \t]*['"](\.[^'"]*)['"]`)
	required   = check.Lazy(`(?m)^([ \t]*)(?:const|let|var)[ \t]+\{([^}]*)\}[ \t]*=[ \t]*require\(['"](\.[^'"]*)['"]\)`)
	wholeFile  = check.Lazy(`(?m)^([ \t]*)(?:import\b[^'"\n]*?(?:from[ \t]*)?|(?:const|let|var)[^=\n]*=[ \t]*require\()['"](\.[^'"]*)['"]`)
)

// imports finds what a file still imports of a module.
func (m module) imports(t *tree, f text) []use {
	if f.path == m.path && m.gone {
		return nil
	}
	lang := source.LanguageOf(f.path)
	switch {
	case m.pair.Base.Language == source.Python && lang == source.Python:
		return m.pythonImports(t, f)
	case m.pair.Base.Language != source.Python && lang != source.Python && scripted(lang):
		return m.scriptImports(t, f)
	}
	return nil
}

func (m module) pythonImports(t *tree, f text) []use {
	var out []use
	for _, at := range t.matches(fromImport, f) {
		if !refersTo(t, f.path, f.body[at[4]:at[5]], m.path) || forgiven(f.body, at[0]) {
			continue
		}
		if m.gone {
			out = append(out, use{line: lineOf(f.body, at[4]), sure: true})
			continue
		}
		list := strings.Trim(f.body[at[6]:at[7]], "()\n\t ")
		for item := range strings.SplitSeq(list, ",") {
			if item, _, _ = strings.Cut(item, "#"); strings.TrimSpace(item) == "" {
				continue
			}
			name := strings.Fields(item)[0]
			if m.lost[name] {
				out = append(out, use{name: name, line: lineOf(f.body, at[4]), sure: true})
			}
		}
	}
	return out
}

// refersTo reports whether an import in a Python file means the module at a
// path, for certain: the import names it from the folder that is the root of
// its packages.
func refersTo(t *tree, importer, name, target string) bool {
	stem := strings.TrimSuffix(strings.TrimSuffix(target, path.Ext(target)), "/__init__")
	if last := name[strings.LastIndexByte(name, '.')+1:]; !strings.HasSuffix(stem, last) {
		return false // most imports are of something else
	}
	if strings.HasPrefix(name, ".") {
		dir := path.Dir(importer)
		rest := strings.TrimLeft(name, ".")
		for range len(name) - len(rest) - 1 {
			dir = path.Dir(dir)
		}
		return path.Join(dir, strings.ReplaceAll(rest, ".", "/")) == stem
	}
	dotted := strings.ReplaceAll(name, ".", "/")
	root, ok := strings.CutSuffix("/"+stem, "/"+dotted)
	if !ok {
		return false
	}
	root = strings.Trim(root, "/")
	// A folder with an __init__.py above would make the name another one, and
	// a script beside its module finds it only when it is run from there.
	if t.base[path.Join(root, "__init__.py")] {
		return false
	}
	return strings.Contains(dotted, "/") || path.Dir(importer) == root || root == "" || root == "src"
}

// forgiven reports whether an import may fail: it stands in a try, or is for
// type checkers only.
func forgiven(body string, at int) bool {
	start := strings.LastIndexByte(body[:at], '\n') + 1
	line := body[start:]
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	if indent == 0 {
		return false
	}
	before := strings.Split(body[:start], "\n")
	for i := len(before) - 1; i >= 0 && i > len(before)-40; i-- {
		l := before[i]
		if strings.TrimSpace(l) == "" || len(l)-len(strings.TrimLeft(l, " \t")) >= indent {
			continue
		}
		l = strings.TrimSpace(l)
		return strings.HasPrefix(l, "try") || strings.HasPrefix(l, "if ") || strings.HasPrefix(l, "except") || strings.HasPrefix(l, "else") || strings.HasPrefix(l, "with ")
	}
	return true
}

func (m module) scriptImports(t *tree, f text) []use {
	var out []use
	if m.gone {
		for _, at := range t.matches(wholeFile, f) {
			if resolves(f.path, f.body[at[4]:at[5]], m.path) {
				out = append(out, use{line: lineOf(f.body, at[0]), sure: at[2] == at[3]})
			}
		}
		return out
	}
	for _, re := range []*check.Pattern{script, required} {
		for _, at := range t.matches(re, f) {
			if !resolves(f.path, f.body[at[6]:at[7]], m.path) {
				continue
			}
			for item := range strings.SplitSeq(f.body[at[4]:at[5]], ",") {
				item = strings.TrimPrefix(strings.TrimSpace(item), "type ")
				name, _, _ := strings.Cut(item, ":")
				if name = strings.TrimSpace(strings.SplitN(name, " as ", 2)[0]); m.lost[name] {
					// What require does not find is undefined, and no failure yet.
					out = append(out, use{name: name, line: lineOf(f.body, at[0]), sure: re == script && source.LanguageOf(f.path) == source.JavaScript})
				}
			}
		}
	}
	return out
}

// resolves reports whether a relative import means the file at target.
func resolves(importer, name, target string) bool {
	if last := path.Base(name); last != "." && last != ".." && !strings.Contains(target, strings.TrimSuffix(last, path.Ext(last))) {
		return false // most imports are of something else
	}
	want := path.Join(path.Dir(importer), name)
	if want == target {
		return true
	}
	stem := strings.TrimSuffix(target, path.Ext(target))
	if strings.HasSuffix(stem, ".d") {
		return false
	}
	switch ext := path.Ext(want); ext {
	case ".js", ".mjs", ".cjs", ".jsx":
		want = strings.TrimSuffix(want, ext) // TypeScript is imported by the name of what it becomes
	}
	return want == stem || want == strings.TrimSuffix(stem, "/index") && path.Base(stem) == "index"
}

// leftMethods finds calls of methods and functions whose last definition is
// gone. Only names of several words count: others have namesakes everywhere.
func leftMethods(ctx context.Context, t *tree, pairs []check.Pair) ([]evidence.Finding, error) {
	var names []string
	from := map[string]*check.Pair{}
	lines := map[string]int{}
	for i := range pairs {
		p := &pairs[i]
		if !p.Base.Found || !scripted(p.Base.Language) {
			continue
		}
		words := wordsOf(string(p.Head.Text))
		for _, f := range p.Base.Functions {
			n := f.Name[strings.LastIndexAny(f.Name, ".#")+1:]
			if from[n] == nil && compound(n) && !words[n] {
				names = append(names, n)
				from[n], lines[n] = p, f.Start
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	all, err := t.sources(ctx)
	if err != nil {
		return nil, err
	}
	if len(names) > maxNames {
		t.left = append(t.left, fmt.Sprintf("calls of %d of %d functions that are gone were not looked for", len(names)-maxNames, len(names)))
		names = names[:maxNames]
	}
	var out []evidence.Finding
	for _, n := range names {
		if f, ok := leftCall(all, n, from[n], lines[n]); ok {
			out = append(out, f)
		}
	}
	return out, nil
}

var compounds = check.Lazy(`^_?[a-z0-9]+(_[a-z0-9]+)+$|^_?[a-z0-9]+([A-Z][a-z0-9]+)+$`)

func compound(n string) bool {
	return len(n) >= 9 && compounds.MatchString(n) && !strings.HasPrefix(n, "test")
}

// leftCall finds a call of a name that nothing in the tree defines.
func leftCall(all []text, n string, p *check.Pair, line int) (evidence.Finding, bool) {
	call := regexp.MustCompile(`[.\s(!=]` + regexp.QuoteMeta(n) + `\(`)
	defined := regexp.MustCompile(`(?:def|function|async|get|set|const|let|var|static|fn)\s+` + regexp.QuoteMeta(n) + `\b|\b` + regexp.QuoteMeta(n) + `["']?\s*(?:=[^=]|:|\([^)]*\)\s*(?::[^={]*)?\{)|["']` + regexp.QuoteMeta(n) + `["']|import[^;\n]*\b` + regexp.QuoteMeta(n) + `\b`)
	var where []string
	first := 0
	at := ""
	for _, f := range all {
		if !strings.Contains(f.body, n) || !sameFamily(source.LanguageOf(f.path), p.Base.Language) {
			continue
		}
		if defined.MatchString(f.body) {
			return evidence.Finding{}, false
		}
		if i := call.FindStringIndex(f.body); i != nil {
			if at == "" {
				at, first = f.path, lineOf(f.body, i[1])
			}
			where = append(where, f.path)
		}
	}
	if at == "" {
		return evidence.Finding{}, false
	}
	more := ""
	if len(where) > 1 {
		more = fmt.Sprintf(", and %d more files do", len(where)-1)
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: "left", Level: evidence.Locator, Grade: evidence.Observed, Path: at, StartLine: first, EndLine: first,
		Message: fmt.Sprintf("%s still calls %s, which %s had (line %d of the base) and nothing defines any more%s.", check.ShowPath(at), n, check.ShowPath(p.Base.Path), line, more),
	}, p.Base.Path+"\x00"+n), true
}

func sameFamily(a, b source.Language) bool {
	return (a == source.Python) == (b == source.Python) && scripted(a)
}
