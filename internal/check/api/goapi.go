package api

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// symbol is one exported name of a Go package.
type symbol struct {
	name  string // "Open", "Client.Close"
	sort  string // function, method, type, value
	sig   string
	decl  string // of a type, its declaration as it is written
	path  string
	at    source.Range
	noted bool // its own comment says that it is deprecated
}

// loss is a name that is gone or changed.
type loss struct {
	symbol
	say string // what became of it
	at  source.Range
	to  string // path of the head where it shows

	soft bool // calls go on as they are; only values of the type and implementations do not
}

// goBreaks gives one finding for each public Go package that took something
// away from those who import it.
func goBreaks(ctx context.Context, t *tree, pairs []check.Pair) ([]evidence.Finding, error) {
	var out []evidence.Finding
	for _, dir := range goFolders(pairs) {
		base, head := map[string]symbol{}, map[string]symbol{}
		open := map[string]bool{} // types of the head that embed others
		for i := range pairs {
			p := &pairs[i]
			if p.Base.Found && p.Base.Language == source.Go && path.Dir(p.Base.Path) == dir {
				exported(base, &p.Base, nil)
			}
			if p.Head.Found && p.Head.Language == source.Go && path.Dir(p.Head.Path) == dir {
				exported(head, &p.Head, open)
			}
		}
		gone := compare(base, head, open)
		gone, err := t.elsewhere(ctx, dir, gone, pairs)
		if err != nil {
			return nil, err
		}
		if len(gone) == 0 {
			continue
		}
		level, err := t.goLevel(ctx, dir, gone)
		if err != nil {
			return nil, err
		}
		out = append(out, goFinding(dir, gone, level))
	}
	return out, nil
}

// goFolders gives the folders of changed Go files that others may import.
func goFolders(pairs []check.Pair) []string {
	var out []string
	for _, p := range pairs {
		if p.Base.Language != source.Go || !p.Base.Found || p.Base.Package == "main" {
			continue
		}
		dir := path.Dir(p.Base.Path)
		if !slices.Contains(out, dir) && importable(dir) {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return out
}

func importable(dir string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		switch part {
		case "internal", "testdata", "vendor", "examples", "example", "_examples", "cmd", "test", "tests", "testing", "testutil", "mocks", "mock", "benchmarks", "fuzz", "fuzzing":
			return false
		}
		if check.GoIgnores(part) {
			return false
		}
	}
	return true
}

// exported collects the exported names of one file.
func exported(into map[string]symbol, s *check.Side, open map[string]bool) {
	lines := strings.Split(string(s.Text), "\n")
	noted := func(r source.Range) bool {
		return slices.ContainsFunc(s.Comments, func(c source.Comment) bool { return c.End == r.Start-1 && strings.Contains(c.Text, "Deprecated") })
	}
	for _, f := range s.Functions {
		sort := "function"
		sig := f.Signature
		if strings.Contains(f.Name, ".") {
			sort, sig = "method", withoutReceiver(sig)
		}
		if f.Exported {
			into[f.Name] = symbol{name: f.Name, sort: sort, sig: plain(sig), path: s.Path, at: f.Range, noted: noted(f.Range)}
		}
	}
	for _, x := range s.Types {
		decl := ""
		if x.Start >= 1 && x.End <= len(lines) && x.Start <= x.End {
			decl = strings.Join(lines[x.Start-1:x.End], "\n")
		}
		if open != nil && embeds(decl) {
			open[x.Name] = true
		}
		if x.Exported {
			into[x.Name] = symbol{name: x.Name, sort: "type", sig: x.Signature, decl: decl, path: s.Path, at: x.Range, noted: noted(x.Range)}
		}
	}
	for _, v := range s.Values {
		if _, isFunction := into[v.Name]; v.Exported && !isFunction {
			into[v.Name] = symbol{name: v.Name, sort: "value", path: s.Path, at: v.Range, noted: noted(v.Range)}
		}
	}
}

// withoutReceiver gives a method's signature without what it belongs to:
// "func (*Server) (int) error" becomes "func (int) error".
func withoutReceiver(sig string) string {
	rest, ok := strings.CutPrefix(sig, "func (")
	if !ok {
		return sig
	}
	depth := 1
	for i, c := range rest {
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
		if depth == 0 {
			return "func" + rest[i+1:]
		}
	}
	return sig
}

// plain writes a signature in one spelling.
func plain(sig string) string {
	return strings.NewReplacer("interface{}", "any", "interface {}", "any", "interface { }", "any").Replace(sig)
}

// compare gives the names of the base that the head lacks or has changed.
func compare(base, head map[string]symbol, open map[string]bool) []loss {
	var out []loss
	for _, name := range sorted(base) {
		b := base[name]
		if b.noted {
			continue // it was announced
		}
		h, kept := head[name]
		switch {
		case !kept:
			holder, _, isMethod := strings.Cut(name, ".")
			if isMethod && (open[holder] || base[holder].name == "" && !fileHas(head, holder)) {
				continue // an embedded type may have it, or the type itself is gone and told of
			}
			if _, typeKept := head[holder]; isMethod && base[holder].name != "" && !typeKept {
				continue
			}
			out = append(out, loss{symbol: b, say: "no longer has " + name + renamed(b, base, head)})
		case b.sort == "type" && h.sort == "type":
			if say := typeBreak(b, h); say != "" {
				out = append(out, loss{symbol: b, say: say, at: h.at, to: h.path, soft: strings.HasPrefix(say, asks)})
			}
		case (b.sort == "function" || b.sort == "method") && h.sort == b.sort && b.sig != h.sig:
			out = append(out, loss{symbol: b, say: fmt.Sprintf("has %s as %s, which was %s", name, clip(h.sig), clip(b.sig)), at: h.at, to: h.path, soft: takesMore(b.sig, h.sig)})
		}
	}
	return out
}

// takesMore reports whether a signature only gained values that may be left
// out: "func (int)" became "func (int, ...string)".
func takesMore(was, is string) bool {
	before, after, ok := strings.Cut(is, "...")
	end := strings.IndexByte(after, ')')
	return ok && end >= 0 && strings.TrimSuffix(before, ", ")+after[end:] == was
}

// fileHas reports whether the head's changed files say anything of a type.
func fileHas(head map[string]symbol, holder string) bool {
	if _, ok := head[holder]; ok {
		return true
	}
	for name := range head {
		if strings.HasPrefix(name, holder+".") {
			return true
		}
	}
	return false
}

// renamed names the new function of the same signature, when there is just one.
func renamed(b symbol, base, head map[string]symbol) string {
	var found []string
	for _, name := range sorted(head) {
		h := head[name]
		if _, old := base[name]; !old && h.sort == b.sort && h.sig == b.sig && h.sig != "" && holder(name) == holder(b.name) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return " (it may be " + found[0] + " now)"
}

func holder(name string) string {
	h, _, ok := strings.Cut(name, ".")
	if !ok {
		return ""
	}
	return h
}

func sorted(m map[string]symbol) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// elsewhere drops the names that a file of the folder outside of the change
// has: for another platform, for example.
func (t *tree) elsewhere(ctx context.Context, dir string, gone []loss, pairs []check.Pair) ([]loss, error) {
	if len(gone) == 0 {
		return nil, nil
	}
	if err := t.list(ctx); err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	for _, p := range pairs {
		changed[p.Head.Path] = true
	}
	rest := map[string]symbol{}
	open := map[string]bool{}
	found := false
	for p := range t.paths {
		if path.Dir(p) != dir || path.Ext(p) != ".go" || strings.HasSuffix(p, "_test.go") {
			continue
		}
		found = true
		if changed[p] {
			continue
		}
		f, b, ok, err := t.s.HeadSource(ctx, p)
		if errors.Is(err, change.ErrTooLarge) {
			t.left = append(t.left, fmt.Sprintf("what package %s no longer offers was not looked for: %s is too large", check.ShowPath(dir), check.ShowPath(p)))
			return nil, nil // it may hold all of it
		}
		if err != nil {
			return nil, err
		}
		if ok {
			exported(rest, &check.Side{Path: p, Found: true, Text: b, File: f}, open)
		}
	}
	if !found {
		return []loss{{symbol: gone[0].symbol, say: "is gone as a whole"}}, nil
	}
	return slices.DeleteFunc(gone, func(l loss) bool {
		_, has := rest[l.name]
		return has && l.to == "" || l.to == "" && open[holder(l.name)]
	}), nil
}

func goFinding(dir string, gone []loss, level evidence.Level) evidence.Finding {
	var says, anchor []string
	for i, l := range gone {
		if i < 3 {
			says = append(says, l.say)
		}
		anchor = append(anchor, l.say)
	}
	message := fmt.Sprintf("The package %s %s", check.ShowPath(dir), strings.Join(says, ", and "))
	if more := len(gone) - len(says); more > 0 {
		message += fmt.Sprintf(", and %d more", more)
	}
	first := gone[0]
	f := evidence.Finding{
		Check: Name, Rule: "break", Level: level, Grade: evidence.Observed, Path: first.to, StartLine: first.at.Start, EndLine: first.at.Start,
		Message: message + ": code that imports it no longer builds.",
	}
	if f.Path == "" {
		f.Path, f.StartLine, f.EndLine = first.path, 0, 0
		f.Message = strings.TrimSuffix(f.Message, ".") + fmt.Sprintf(" (line %d of the base).", first.symbol.at.Start)
	}
	return evidence.NewFinding(f, dir+"\x00"+strings.Join(anchor, "\n"))
}

// goLevel says how much a break of a package matters: a person looks when the
// module promises to be stable, calls that were right stop being so, and
// nothing in the change's own documents tells of it.
func (t *tree) goLevel(ctx context.Context, dir string, gone []loss) (evidence.Level, error) {
	if !slices.ContainsFunc(gone, func(l loss) bool { return !l.soft }) {
		return evidence.Context, nil
	}
	module, root, err := t.module(ctx, dir)
	if err != nil || module == "" {
		return evidence.Context, err
	}
	if !strings.Contains(strings.Split(module, "/")[0], ".") {
		return evidence.Context, nil // nobody can fetch it
	}
	stable, err := t.stable(ctx, module, root)
	if err != nil || !stable {
		return evidence.Context, err
	}
	told, err := t.told(ctx, gone)
	if err != nil || told {
		return evidence.Context, err
	}
	return evidence.Locator, nil
}

// module gives the module that a folder belongs to, and the module's folder.
func (t *tree) module(ctx context.Context, dir string) (name, root string, err error) {
	for d := dir; ; d = path.Dir(d) {
		b, ok, err := t.s.BaseFile(ctx, path.Join(d, "go.mod"))
		if err != nil {
			return "", "", err
		}
		if ok {
			for line := range strings.Lines(string(b[:min(len(b), 1<<16)])) {
				if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
					return strings.Trim(strings.TrimSpace(rest), `"`), d, nil
				}
			}
			return "", "", nil
		}
		if d == "." || d == "/" {
			return "", "", nil
		}
	}
}

// told reports whether the change tells of the break itself: in what its
// author says, or in a document.
func (t *tree) told(ctx context.Context, gone []loss) (bool, error) {
	claim := strings.ToLower(t.s.Request.Claim)
	if strings.Contains(claim, "breaking") || strings.Contains(claim, "deprecat") || strings.Contains(strings.SplitN(claim, "\n", 2)[0], "!:") {
		return true, nil
	}
	for _, f := range t.s.Change.Files {
		if !change.Classify(f.Path, nil).Document {
			continue
		}
		p, err := t.s.Patch(ctx, f.Path)
		if err != nil {
			return false, err
		}
		for _, l := range p.Added() {
			if slices.ContainsFunc(gone, func(g loss) bool { return wordIn(l.Text, g.name[strings.LastIndex(g.name, ".")+1:]) }) {
				return true, nil
			}
		}
	}
	return false, nil
}

const maxShown = 90

func clip(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if r := []rune(text); len(r) > maxShown {
		return string(r[:maxShown-3]) + "..."
	}
	return text
}
