package claims

import (
	"context"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
)

const (
	// maxChanged bounds how many bytes of changed lines claims are held
	// against; a larger change says nothing that can be looked up in it.
	maxChanged = 16 << 20
	// maxAround is how far from a changed line a name still counts as being
	// part of what was changed, in lines.
	maxAround = 10
	// maxFiles bounds how many files are read to find what a claim names.
	maxFiles = 3000
	// maxFile is the largest file that is read for it, in bytes.
	maxFile = 512 << 10
)

// ground is what claims are held against: the change, in the forms in which
// claims ask for it.
type ground struct {
	s       *check.Subject
	files   []change.File
	patches []change.Patch // as files; empty where there are no lines
	added   string         // all added lines, folded
	removed string
	paths   string // all paths, old ones too, folded, one a line
	missing string // why not all lines are here; empty when they are

	around *string // lazily: what stands near changed lines, folded
	whole  *string // lazily: both sides of all changed files, folded
}

// fold makes texts comparable that spell a name differently: dry-run, dryRun,
// DRY_RUN.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

func newGround(ctx context.Context, s *check.Subject) (*ground, error) {
	g := &ground{s: s, files: s.Change.Files}
	var added, removed, paths strings.Builder
	for _, f := range g.files {
		p, err := s.Patch(ctx, f.Path)
		if err != nil {
			return nil, err
		}
		g.patches = append(g.patches, p)
		switch {
		case f.NewMode == change.ModeSubmodule || f.OldMode == change.ModeSubmodule:
			g.missing = check.ShowPath(f.Path) + " is a submodule"
		case p.Left != "":
			g.missing = check.ShowPath(f.Path) + ": " + p.Left
		}
		paths.WriteString(f.Path + "\n" + f.OldPath + "\n")
		for _, h := range p.Hunks {
			join(&added, h.Added)
			join(&removed, h.Removed)
		}
	}
	if added.Len()+removed.Len() >= maxChanged {
		g.missing = "the change is too large"
	}
	g.added, g.removed, g.paths = fold(added.String()), fold(removed.String()), fold(paths.String())
	return g, nil
}

func join(b *strings.Builder, lines []string) {
	for _, l := range lines {
		if b.Len() < maxChanged {
			b.WriteString(l)
			b.WriteByte('\n')
		}
	}
}

// near gives what stands in or around changed lines: the lines themselves,
// those next to them, and the names of the functions and types they are in.
func (g *ground) near(ctx context.Context) string {
	if g.around != nil {
		return *g.around
	}
	var b strings.Builder
	for i, f := range g.files {
		hunks := g.patches[i].Hunks
		if len(hunks) == 0 || f.NewBlob == "" || f.Status == change.Deleted || b.Len() > maxChanged {
			continue
		}
		file, text, found, err := g.s.HeadSource(ctx, f.Path)
		if err != nil || !found {
			continue
		}
		lines := strings.Split(string(text), "\n")
		last := 0
		for _, h := range hunks {
			from := max(last, h.NewStart-1-maxAround)
			to := min(len(lines), h.NewStart-1+len(h.Added)+maxAround)
			if from < to {
				join(&b, lines[from:to])
				last = to
			}
		}
		for _, x := range file.Functions {
			if g.patches[i].Touches(x.Start, x.End) {
				b.WriteString(x.Name + "\n")
			}
		}
		for _, x := range file.Types {
			if g.patches[i].Touches(x.Start, x.End) {
				b.WriteString(x.Name + "\n")
			}
		}
	}
	out := g.added + g.removed + g.paths + fold(b.String())
	g.around = &out
	return out
}

// everything gives both sides of every changed file.
func (g *ground) everything(ctx context.Context) string {
	if g.whole != nil {
		return *g.whole
	}
	var b strings.Builder
	for _, f := range g.files {
		if f.Status == change.Deleted || f.NewMode == change.ModeSubmodule || b.Len() > maxChanged {
			continue // what was deleted is in the removed lines
		}
		if text, found, err := g.s.HeadFile(ctx, f.Path); err == nil && found {
			b.Write(text[:min(len(text), maxFile)])
		}
	}
	out := g.added + g.removed + g.paths + fold(b.String())
	g.whole = &out
	return out
}

// key gives what is looked for to find a name: its last part, folded.
func key(name string) string {
	if route.MatchString(name) {
		parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == ' ' })
		for _, part := range slices.Backward(parts) {
			if !strings.ContainsAny(part, "{}:<>*") {
				return fold(part)
			}
		}
	}
	if isPath(name) {
		return fold(path.Base(name))
	}
	name = strings.TrimRight(name, "!?")
	if i := strings.LastIndexAny(name, ".:>#/"); i >= 0 && i+1 < len(name) {
		name = name[i+1:]
	}
	return fold(strings.TrimLeft(name, "-@#$."))
}

// changedFile gives the changed file that a path of a report means. A report
// may leave folders out at the front, or put some before that are not part of
// the repository.
func (g *ground) changedFile(name string) (change.File, bool) {
	name = strings.TrimPrefix(name, "/")
	means := func(p string) bool {
		return p != "" && (p == name || strings.HasSuffix(p, "/"+name) || strings.HasSuffix(name, "/"+p) && strings.Contains(p, "/"))
	}
	for _, f := range g.files {
		if means(f.Path) || means(f.OldPath) {
			return f, true
		}
	}
	return change.File{}, false
}

// entry gives the files of a list that a path of a report means.
func entries(list []change.Entry, name string) []change.Entry {
	var out []change.Entry
	for _, e := range list {
		if e.Path == name || strings.HasSuffix(e.Path, "/"+name) {
			out = append(out, e)
		}
	}
	return out
}

var (
	testPath = check.Lazy(`(?i)test|spec\b|spec/|_spec|e2e|snapshot|bench|example|cypress|fixture|golden|playwright`)
	testLine = check.Lazy(`#\[(\w+::)?test|@Test\b|\bdef test|\bfunc (Test|Example|Fuzz|Benchmark)|\b(it|test|describe)(\.\w+)*\(|>>> |\bassert|\bexpect\(`)
	// runsTests are files that say where tests run: to add a version or a
	// platform there is to add tests as well. People look at them anyway.
	runsTests = check.Lazy(`(?i)(^|/)(\.github/workflows/|\.gitlab-ci|\.circleci/|\.travis\.yml$|azure-pipelines|appveyor|tox\.ini$|noxfile\.py$|jenkinsfile)`)
	docPath   = check.Lazy(`(?i)(^|/)(docs?|website|site|man|manual|wiki|documentation)(/|$)|\.(md|mdx|rst|adoc|txt|html|ipynb|1|8|man|org|tex)$|readme|changelog|changes|history|news`)
	notes     = check.Lazy(`(?i)(^|/)[^/]*(changelog|changes|history|news|releases?)[^/]*(/|$)|\.changeset/|newsfragments`)
	remarkAt  = check.Lazy(`^\s*(//|#|/\*|\*|"""|'''|--|;|<!--|%)`)
)

// gainsTests reports whether a test file, or a test inside another file, has
// lines that the base lacks.
func (g *ground) gainsTests() bool {
	for i, f := range g.files {
		gains := f.Added > 0 || f.Status == change.Renamed || f.Status == change.Added || f.IsBinary
		if c := change.Classify(f.Path, nil); gains && (c.Test || c.Fixture || testPath.MatchString(f.Path) || runsTests.MatchString(f.Path)) {
			return true
		}
		for _, l := range g.patches[i].Added() {
			if testLine.MatchString(l.Text) {
				return true
			}
		}
	}
	return false
}

// changesDocs reports whether a document of the named sort changed, or, when
// the claim is about documentation at large, comments were changed by
// themselves.
func (g *ground) changesDocs(ctx context.Context, which string) bool {
	for i, f := range g.files {
		low := strings.ToLower(f.Path)
		switch {
		case strings.HasPrefix(which, "readme"):
			if strings.Contains(low, "readme") || strings.Contains(low, "index.md") {
				return true
			}
			continue
		case strings.HasPrefix(which, "change") || which == "release notes":
			if notes.MatchString(f.Path) {
				return true
			}
			continue
		case which != "docstring" && which != "docstrings" && docPath.MatchString(f.Path) && f.Status != change.Deleted:
			return true
		}
		if hasRemarkHunk(g.patches[i]) || strings.HasSuffix(f.Path, ".py") && g.inLongText(ctx, i) {
			return true
		}
	}
	return false
}

// inLongText reports whether a changed line of a Python file stands within a
// text of several lines, as those that document a function do.
func (g *ground) inLongText(ctx context.Context, i int) bool {
	text, found, err := g.s.HeadFile(ctx, g.files[i].Path)
	if err != nil || !found {
		return false
	}
	n, inside := 0, false
	for line := range strings.Lines(string(text)) {
		n++
		if inside && g.patches[i].Touches(n, n) {
			return true
		}
		if strings.Count(line, `"""`)%2 == 1 {
			inside = !inside
		}
	}
	return false
}

// hasRemarkHunk reports whether a run of changed lines begins as a comment
// does, or stands in a text of more than one line.
func hasRemarkHunk(p change.Patch) bool {
	return slices.ContainsFunc(p.Hunks, func(h change.Hunk) bool {
		remarks := 0
		for _, l := range h.Added {
			if remarkAt.MatchString(l) || strings.Contains(l, `"""`) {
				remarks++
			}
		}
		return remarks > 0 && (2*remarks >= len(h.Added) || len(h.Removed) > 0 || remarks >= 3)
	})
}

// removesLines reports whether a line with text is gone that does not stand
// elsewhere now.
func (g *ground) removesLines() bool {
	now := map[string]bool{}
	for _, p := range g.patches {
		for _, l := range p.Added() {
			now[strings.Join(strings.Fields(l.Text), "")] = true
		}
	}
	for i, p := range g.patches {
		if g.files[i].Status == change.Deleted {
			return true
		}
		for _, l := range p.Removed() {
			if t := strings.Join(strings.Fields(l.Text), ""); t != "" && !now[t] {
				return true
			}
		}
	}
	return false
}
