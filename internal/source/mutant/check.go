package mutant

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"runtime"
	"slices"
	"strconv"
)

// parsed is one file with its tree.
type parsed struct {
	name  string
	text  []byte
	set   *token.FileSet
	ast   *ast.File
	wants func(line int) bool
	short *ast.File // the same without what its functions do
}

func (p *parsed) offset(pos token.Pos) int { return p.set.PositionFor(pos, false).Offset }

func (p *parsed) line(pos token.Pos) int { return p.set.PositionFor(pos, false).Line }

// lineAt gives the line of a byte.
func (p *parsed) lineAt(offset int) int {
	return p.line(p.set.File(p.ast.FileStart).Pos(offset))
}

func (p *parsed) span(n ast.Node) (start, end int) { return p.offset(n.Pos()), p.offset(n.End()) }

// pkg is one package that is being mutated.
type pkg struct {
	Package
	options Options
	set     *token.FileSet
	files   []*parsed
	found   Found
}

// Find gives the mutants of a package. An error says that the package as it
// stands does not parse or compile.
func Find(p Package, o Options) (Found, error) {
	k := &pkg{Package: p, options: o, set: token.NewFileSet()}
	for _, f := range p.Files {
		tree, err := parser.ParseFile(k.set, f.Name, f.Text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return Found{}, err
		}
		wants := f.Wants
		if wants == nil || isGenerated(tree) || importsC(tree) {
			wants = func(int) bool { return false }
		}
		k.files = append(k.files, &parsed{name: f.Name, text: f.Text, set: k.set, ast: tree, wants: wants})
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
	}
	if err := k.compile(k.trees(nil, nil), info); err != nil {
		return Found{}, err
	}
	var all []candidate
	for _, f := range k.files {
		w := finder{around: around{code: code{f, info}}, found: &k.found}
		all = append(all, w.find()...)
	}
	k.choose(all)
	return k.found, k.verify()
}

func importsC(f *ast.File) bool {
	return slices.ContainsFunc(f.Imports, func(s *ast.ImportSpec) bool { return s.Path.Value == `"C"` })
}

// trees gives the files of the package, one of them replaced.
func (k *pkg) trees(old *parsed, by *ast.File) []*ast.File {
	var out []*ast.File
	for _, f := range k.files {
		switch {
		case f == old:
			out = append(out, by)
		case old != nil:
			out = append(out, f.outline())
		default:
			out = append(out, f.ast)
		}
	}
	return out
}

// outline gives the file with functions that do nothing, for a check that is
// about another file.
func (p *parsed) outline() *ast.File {
	if p.short != nil {
		return p.short
	}
	short := *p.ast
	short.Decls = nil
	for _, d := range p.ast.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			empty := *fn
			// It never returns, so it lacks no result.
			empty.Body = &ast.BlockStmt{Lbrace: fn.Body.Lbrace, Rbrace: fn.Body.Rbrace, List: []ast.Stmt{
				&ast.ForStmt{For: fn.Body.Lbrace, Body: &ast.BlockStmt{Lbrace: fn.Body.Lbrace, Rbrace: fn.Body.Rbrace}},
			}}
			d = &empty
		}
		short.Decls = append(short.Decls, d)
	}
	p.short = &short
	return p.short
}

// compile type-checks files as the package.
func (k *pkg) compile(files []*ast.File, info *types.Info) error {
	conf := types.Config{
		Importer: k.options.Importer, FakeImportC: true, Sizes: types.SizesFor("gc", runtime.GOARCH),
		DisableUnusedImportCheck: true, // the outline of a file uses none; see unusedImport
	}
	if k.GoVersion != "" {
		conf.GoVersion = "go" + k.GoVersion
	}
	_, err := conf.Check(k.Path, k.set, files, info)
	return err
}

// choose takes the candidates that compile, the most telling of each line
// first, and numbers them.
func (k *pkg) choose(all []candidate) {
	if k.options.Ops != nil {
		all = slices.DeleteFunc(all, func(c candidate) bool { return !slices.Contains(k.options.Ops, c.Op) })
	}
	byFile := map[string]*parsed{}
	for _, f := range k.files {
		byFile[f.name] = f
	}
	type key struct {
		file string
		line int
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Op.Rank(), b.Op.Rank()), cmp.Compare(a.Start, b.Start))
	})
	var lines []key
	for _, c := range all {
		if at := (key{c.File, c.Line}); len(lines) == 0 || lines[len(lines)-1] != at {
			lines = append(lines, at)
		}
	}
	skipped := map[key]bool{}
	if most := k.options.Most; most > 0 && len(lines) > most {
		for i, at := range lines {
			skipped[at] = i > 0 && i*most/len(lines) == (i-1)*most/len(lines)
		}
		k.found.Left = len(lines) - most
	}
	onLine := map[key]int{}
	taken := map[edit]bool{} // operators that are replaced
	texts := map[string]bool{}
	for _, c := range all {
		at := key{c.File, c.Line}
		if skipped[at] || k.options.PerLine > 0 && onLine[at] >= k.options.PerLine || clashes(c, taken) || texts[c.text()] {
			continue
		}
		if !k.settles(byFile[c.File], &c) {
			k.found.NotCompiled++
			continue
		}
		onLine[at]++
		texts[c.text()] = true
		for _, e := range replaced(c.Mutant) {
			taken[e] = true
		}
		k.found.Mutants = append(k.found.Mutants, c.Mutant)
	}
	slices.SortStableFunc(k.found.Mutants, func(a, b Mutant) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	k.number()
}

// text identifies the file that a mutant makes.
func (m Mutant) text() string { return fmt.Sprint(m.File, "\n", m.Start, m.End, m.New) }

// clashes reports whether a candidate replaces an operator that another one,
// which was taken, replaces too.
func clashes(c candidate, taken map[edit]bool) bool {
	return slices.ContainsFunc(replaced(c.Mutant), func(e edit) bool { return taken[e] })
}

// replaced gives the operators that a mutant replaces, by their place.
func replaced(c Mutant) []edit {
	var out []edit
	for _, e := range c.edits {
		if e.place == over {
			out = append(out, edit{start: e.start, end: e.end})
		}
	}
	return out
}

func (k *pkg) number() {
	for i := range k.found.Mutants {
		k.found.Mutants[i].ID = max(k.options.FirstID, 1) + i
	}
}

// settles reports whether the package compiles with a candidate, by its first
// replacement or else its second.
func (k *pkg) settles(f *parsed, c *candidate) bool {
	if string(f.text[c.Start:c.End]) == c.New {
		return false
	}
	if k.compiles(f, c.Apply(f.text)) {
		return true
	}
	if c.or == "" {
		return false
	}
	c.New = c.or
	return k.compiles(f, c.Apply(f.text))
}

// compiles reports whether the package compiles with another text of a file.
func (k *pkg) compiles(f *parsed, text []byte) bool {
	tree, err := parser.ParseFile(k.set, f.name, text, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return false
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	return k.compile(k.trees(f, tree), info) == nil && !unusedImport(tree, info)
}

// unusedImport reports whether a file imports something that it does not use.
func unusedImport(f *ast.File, info *types.Info) bool {
	used := map[string]bool{}
	for _, obj := range info.Uses {
		if name, ok := obj.(*types.PkgName); ok {
			used[name.Imported().Path()] = true
		}
	}
	return slices.ContainsFunc(f.Imports, func(s *ast.ImportSpec) bool {
		path, err := strconv.Unquote(s.Path.Value)
		return err == nil && path != "C" && (s.Name == nil || s.Name.Name != "_" && s.Name.Name != ".") && !used[path]
	})
}

// verify compiles the package with all mutants in it, and drops those that do
// not go together with it: with a language too old for what Write needs, or a
// boolean type of the package's own.
func (k *pkg) verify() error {
	for range 20 {
		if len(k.found.Mutants) == 0 {
			return nil
		}
		files, err := k.woven()
		if err != nil {
			return err
		}
		at := map[token.Position]bool{}
		conf := types.Config{
			Importer: k.options.Importer, FakeImportC: true, Sizes: types.SizesFor("gc", runtime.GOARCH),
			Error: func(err error) {
				if e, ok := err.(types.Error); ok { //nolint:errorlint // go/types hands out exactly this
					p := k.set.PositionFor(e.Pos, false)
					at[token.Position{Filename: p.Filename, Line: p.Line}] = true
				}
			},
		}
		if k.GoVersion != "" {
			conf.GoVersion = "go" + k.GoVersion
		}
		if _, err = conf.Check(k.Path, k.set, files, nil); err == nil {
			return nil
		}
		kept := slices.DeleteFunc(slices.Clone(k.found.Mutants), func(m Mutant) bool {
			for p := range at {
				if p.Filename == m.File && m.from <= p.Line && p.Line <= m.to {
					return true
				}
			}
			return false
		})
		if len(kept) == len(k.found.Mutants) {
			return fmt.Errorf("with its mutants the package does not compile: %w", err)
		}
		k.found.NotCompiled += len(k.found.Mutants) - len(kept)
		k.found.Mutants = kept
		k.number()
	}
	return fmt.Errorf("with its mutants the package does not compile, and it does not become clear why")
}

// woven gives the package with all mutants in it, and its helper.
func (k *pkg) woven() ([]*ast.File, error) {
	var out []*ast.File
	for _, f := range k.files {
		mine := slices.DeleteFunc(slices.Clone(k.found.Mutants), func(m Mutant) bool { return m.File != f.name })
		if len(mine) == 0 {
			out = append(out, f.ast)
			continue
		}
		tree, err := parser.ParseFile(k.set, f.name, Write(f.text, mine), parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("with its mutants %s does not parse: %w", f.name, err)
		}
		out = append(out, tree)
	}
	tree, err := parser.ParseFile(k.set, "muster_mutants.go", outline(k.files[0].ast.Name.Name), parser.SkipObjectResolution|parser.ParseComments)
	return append(out, tree), err
}
