package drift

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// Bounds of what is read of the base to learn its structure, and how many
// files must import one way for that to be the direction.
const (
	maxFiles  = 4000
	maxFile   = 1 << 20
	maxBytes  = 48 << 20
	direction = 3
)

// tree is the structure of the repository, read as far as it is needed.
type tree struct {
	s       *check.Subject
	files   map[string]bool // of base and head
	folders map[string]bool
	old     []string          // files of the base, in order
	modules map[string]string // Go module path by folder
	left    []string
}

func (t *tree) list(ctx context.Context) error {
	if t.files != nil {
		return nil
	}
	base, err := t.s.BaseList(ctx)
	if err != nil {
		return err
	}
	head, err := t.s.HeadList(ctx)
	if err != nil {
		return err
	}
	files := map[string]bool{}
	t.folders, t.modules = map[string]bool{}, map[string]string{}
	for i, e := range slices.Concat(base, head) {
		if e.Mode != change.ModeFile && e.Mode != change.ModeExecutable {
			continue
		}
		files[e.Path] = true
		for d := path.Dir(e.Path); !t.folders[d]; d = path.Dir(d) {
			t.folders[d] = true
		}
		if i < len(base) {
			t.old = append(t.old, e.Path)
		}
		if path.Base(e.Path) == "go.mod" {
			read := t.s.HeadFile
			if i < len(base) {
				read = t.s.BaseFile
			}
			b, _, err := read(ctx, e.Path)
			if err != nil {
				return err
			}
			if m := moduleLine.FindSubmatch(b[:min(len(b), 1<<16)]); m != nil {
				t.modules[path.Dir(e.Path)] = string(m[1])
			}
		}
	}
	t.files = files
	return nil
}

var moduleLine = check.Lazy(`(?m)^module\s+"?([^\s"]+)`)

// resolve gives the folder of this repository that an import of a file means,
// or "".
func (t *tree) resolve(ctx context.Context, p *check.Pair, imported string) (string, error) {
	if err := t.list(ctx); err != nil {
		return "", err
	}
	return t.folderOf(p.Head.Path, p.Head.Language, imported), nil
}

func (t *tree) folderOf(file string, lang source.Language, imported string) string {
	dir := path.Dir(file)
	switch lang {
	case source.Go:
		for root, m := range t.modules {
			if rest, ok := strings.CutPrefix(imported+"/", m+"/"); ok {
				if d := path.Join(root, rest); t.folders[d] {
					return d
				}
			}
		}
	case source.Python:
		return t.pythonFolder(dir, imported)
	case source.JavaScript, source.TypeScript, source.TSX:
		if !strings.HasPrefix(imported, ".") {
			return ""
		}
		target := path.Join(dir, imported)
		if t.folders[target] {
			return target
		}
		if d := path.Dir(target); t.folders[d] {
			return d
		}
	case source.Java, source.Rust, source.Unknown: // their imports name no folders
	}
	return ""
}

func (t *tree) pythonFolder(dir, imported string) string {
	roots := []string{".", "src"}
	rest := imported
	if strings.HasPrefix(imported, ".") {
		rest = strings.TrimLeft(imported, ".")
		for range len(imported) - len(rest) - 1 {
			dir = path.Dir(dir)
		}
		roots = []string{dir}
	}
	for _, root := range roots {
		target := path.Join(root, strings.ReplaceAll(rest, ".", "/"))
		switch {
		case t.files[target+".py"]:
			return path.Dir(target)
		case t.folders[target] && target != ".":
			return target
		case strings.Contains(rest, ".") && t.files[path.Dir(target)+".py"]:
			return path.Dir(path.Dir(target))
		}
	}
	return ""
}

// areas gives the two folders in which an importing folder and an imported one
// first differ: internal/core and internal/app for internal/core/plan and
// internal/app/http. Nothing is given when one holds the other.
func areas(from, to string) (a, b string, ok bool) {
	x, y := strings.Split(from, "/"), strings.Split(to, "/")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return strings.Join(x[:i+1], "/"), strings.Join(y[:i+1], "/"), true
		}
	}
	return "", "", false
}

// against finds new imports from one area to another where the base had
// imports of the opposite direction only.
func (t *tree) against(ctx context.Context, edges []edge) ([]evidence.Finding, error) {
	type areasOf struct{ from, to string }
	firsts := map[areasOf]edge{}
	var order []areasOf
	for _, e := range edges {
		if e.folder == "" || !e.pair.Class.IsCode() {
			continue
		}
		a, b, ok := areas(path.Dir(e.pair.Head.Path), e.folder)
		if !ok || a == b || side(a) || side(b) {
			continue
		}
		k := areasOf{a, b}
		if _, had := firsts[k]; !had {
			firsts[k] = e
			order = append(order, k)
		}
	}
	if len(order) == 0 {
		return nil, nil
	}
	old, err := t.edges(ctx)
	if err != nil {
		return nil, err
	}
	var out []evidence.Finding
	for _, k := range order {
		forth, back := 0, 0
		example := ""
		for _, o := range old {
			switch {
			case holds(k.from, path.Dir(o.file)) && holds(k.to, o.folder):
				forth++
			case holds(k.to, path.Dir(o.file)) && holds(k.from, o.folder):
				if back == 0 {
					example = o.file
				}
				back++
			}
		}
		if forth > 0 || back < direction {
			continue
		}
		e := firsts[k]
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "direction", Level: evidence.Locator, Grade: evidence.Observed, Path: e.pair.Head.Path, StartLine: e.imp.Start, EndLine: e.imp.End,
			Message: fmt.Sprintf("%s now imports %s: until now only %s imported %s (%d files, such as %s), and never the other way round.",
				check.ShowPath(e.pair.Head.Path), check.ShowPath(e.imp.Path), k.to, k.from, back, check.ShowPath(example)),
		}, k.from+"\x00"+k.to))
	}
	return out, nil
}

// holds reports whether a folder belongs to an area; the root is an area of its
// own.
func holds(area, folder string) bool { return area == folder || area != "." && below(area, folder) }

// side reports whether an area holds what is beside the program.
func side(area string) bool {
	switch strings.ToLower(path.Base(area)) {
	case "test", "tests", "testing", "testutil", "testutils", "testdata", "examples", "example", "_examples", "docs", "doc", "scripts", "tools", "bench", "benchmarks", "mocks", "fixtures", "e2e", "integration", "interop":
		return true
	}
	return false
}

// old is one import within the base.
type old struct{ file, folder string }

var (
	goImport     = check.Lazy(`(?m)^\s*(?:import\s+)?(?:[\w.]+\s+)?"([^"\s]+)"\s*(?://.*)?$`)
	pythonImport = check.Lazy(`(?m)^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import\b|import[ \t]+([.\w]+))`)
	scriptImport = check.Lazy(`(?:from\s*|import\s*\(?\s*|require\(\s*)['"](\.[^'"\n]*)['"]`)
)

// edges reads the imports of the base by their lines: a parser would take too
// long for a whole tree, and what is asked is only who imports whom.
func (t *tree) edges(ctx context.Context) ([]old, error) {
	var paths []string
	for _, p := range t.old {
		if c := change.Classify(p, nil); source.LanguageOf(p) != source.Unknown && c.IsCode() {
			paths = append(paths, p)
		}
	}
	var out []old
	seen := map[old]bool{}
	total, read := 0, 0
	for f, err := range t.s.BaseTexts(ctx, paths[:min(len(paths), maxFiles)], maxFile) {
		if err != nil {
			return nil, err
		}
		if total > maxBytes {
			break
		}
		if read++; !f.Found {
			continue
		}
		p, b := f.Path, f.Body
		total += len(b)
		var re *check.Pattern
		switch lang := source.LanguageOf(p); lang {
		case source.Go:
			re = goImport
			if end := strings.Index(string(b), "\nfunc "); end > 0 {
				b = b[:end]
			}
		case source.Python:
			re = pythonImport
		case source.JavaScript, source.TypeScript, source.TSX:
			re = scriptImport
		default:
			continue
		}
		for _, m := range re.FindAllSubmatch(b, 400) {
			o := old{p, t.folderOf(p, source.LanguageOf(p), string(slices.Concat(m[1:]...)))}
			if o.folder != "" && !seen[o] {
				seen[o] = true
				out = append(out, o)
			}
		}
	}
	if read < len(paths) {
		t.left = append(t.left, fmt.Sprintf("the direction of imports was learned from the first %d source files only", read))
	}
	return out, nil
}
