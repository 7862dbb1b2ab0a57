package dependencies

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source/imports"
	"muster/internal/source/manifest"
)

// Bounds on what is searched of a tree when an import is in doubt.
const (
	maxSearched      = 4000
	maxSearchedBytes = 64 << 20
)

// use is one import in doubt.
type use struct {
	place            // the name is that of the package, as it would be installed
	imports.Import   // what the file says
	language         imports.Language
	declared, exists bool // a lockfile has it, though no manifest names it; it is known to exist
}

// provider says of one language what is there to be imported.
type provider interface {
	// needs gives the package that an import needs, or "" when the language,
	// the project or the tree itself provides it.
	needs(ctx context.Context, file string, i imports.Import) (string, error)
	// known reports whether a package that a file imports is in a lockfile, and
	// whether it is known to exist at all.
	known(file, name string) (locked, exists bool)
}

// provided finds imports in added lines of packages that nothing provides.
func (j importRules) provided(ctx context.Context, _ []addition) error {
	providers := map[imports.Language]provider{}
	var doubts []use
	for _, f := range j.s.Change.Files {
		language := imports.LanguageOf(f.Path)
		if language == imports.None || !isFile(f.NewMode) || f.Added == 0 || aside(f.Path) {
			continue
		}
		if providers[language] == nil {
			p, err := j.provider(ctx, language)
			if err != nil {
				return err
			}
			providers[language] = p
		}
		found, err := j.doubts(ctx, f, language, providers[language])
		if err != nil {
			return err
		}
		doubts = append(doubts, found...)
	}
	return j.settle(ctx, doubts)
}

func (j importRules) provider(ctx context.Context, language imports.Language) (provider, error) {
	switch language {
	case imports.Go:
		return j.goProvider(), nil
	case imports.Python:
		return j.pythonProvider(), nil
	case imports.JS:
		return j.nodeProvider(ctx)
	case imports.None:
	}
	return nil, nil
}

// doubts gives the added imports of one file that nothing provides.
func (j importRules) doubts(ctx context.Context, f change.File, language imports.Language, p provider) ([]use, error) {
	patch, err := j.s.Patch(ctx, f.Path)
	if err != nil || len(patch.Hunks) == 0 {
		return nil, err
	}
	text, found, err := j.s.HeadFile(ctx, f.Path)
	if err != nil || !found {
		return nil, err
	}
	if len(text) > imports.MaxSize {
		j.leave("the imports of %s, which is larger than 4 MiB", check.ShowPath(f.Path))
		return nil, nil
	}
	old, err := j.oldImports(ctx, f)
	if err != nil {
		return nil, err
	}
	var out []use
	own := scriptNames(language, text)
	for _, i := range imports.Read(f.Path, text) {
		if !patch.Adds(i.Line) || old[i.Path] || len(i.Path) > 300 {
			continue
		}
		name, err := p.needs(ctx, f.Path, i)
		if err != nil {
			return nil, err
		}
		if name != "" && !own[manifest.Normal(manifest.PyPI, name)] {
			u := use{place: place{f.Path, i.Line, name}, Import: i, language: language}
			u.declared, u.exists = p.known(f.Path, name)
			out = append(out, u)
		}
	}
	return out, nil
}

// scriptNames gives the normal names that a script of Python names itself.
func scriptNames(language imports.Language, text []byte) map[string]bool {
	out := map[string]bool{}
	if language == imports.Python {
		for _, d := range manifest.ReadScript(text) {
			out[manifest.Normal(manifest.PyPI, d.Name)] = true
		}
	}
	return out
}

// oldImports gives what the file imported before.
func (j importRules) oldImports(ctx context.Context, f change.File) (map[string]bool, error) {
	out := map[string]bool{}
	if f.Status == change.Added {
		return out, nil
	}
	text, _, err := j.s.BaseFile(ctx, before(f))
	for _, i := range imports.Read(f.Path, text) {
		out[i.Path] = true
	}
	return out, err
}

// settle looks once more at what is in doubt, through the whole base: what
// other files import already, or settings mention, was not made up now.
func (j importRules) settle(ctx context.Context, doubts []use) error {
	if len(doubts) == 0 {
		return nil
	}
	used, err := j.mentioned(ctx, doubts)
	if err != nil {
		return err
	}
	reported := map[string]bool{}
	for _, u := range doubts {
		key := string(u.language) + " " + u.name
		if used[key] || reported[key] {
			continue
		}
		reported[key] = true
		level, message := u.judge()
		if level != "" {
			j.find(level, "import", u.place, j.show(shortest(u.Path), u.path), message)
		}
	}
	return nil
}

func shortest(text string) string { return text[:min(len(text), 100)] }

// judge gives the level of an import that nothing provides. What exists and is
// only not declared works on somebody's machine; code beside the project, such
// as examples, is often run with more packages than the project names.
func (u use) judge() (evidence.Level, string) {
	message := fmt.Sprintf("%s imports %q, and no manifest, lockfile or file of this repository provides %s.", u.at(), u.Path, u.name)
	switch {
	case u.Soft:
		return evidence.Context, message
	case u.declared:
		return evidence.Context, fmt.Sprintf("%s imports %q, and no manifest names %s: it is there only because another dependency needs it.", u.at(), u.Path, u.name)
	case besideTheCode(u.path):
		return evidence.Context, message
	case u.exists:
		return evidence.Locator, fmt.Sprintf("%s imports %q, and no manifest or lockfile of this repository names %s.", u.at(), u.Path, u.name)
	}
	return evidence.Gate, message
}

func (u use) at() string { return u.String() }

// besideTheCode reports whether a path is of what surrounds a project.
func besideTheCode(name string) bool {
	if c := change.Classify(name, nil); c.Document || c.Generated {
		return true
	}
	return regexp.MustCompile(`(?i)(^|/)(docs?|docs?_src|documentation|examples?|samples?|demos?|bench(es|marks?)?|playgrounds?|sandbox|notebooks?|website|templates?|cookbook|tutorials?|\.github)/`).MatchString(name)
}

// mentioned gives the doubtful packages, by language and name, that the base
// knows all the same: a file imports them, or a file of settings or of
// declarations has the name between quotes.
func (j importRules) mentioned(ctx context.Context, doubts []use) (map[string]bool, error) {
	out := map[string]bool{}
	files, size := 0, 0
	for _, e := range j.base.entries {
		language := imports.LanguageOf(e.Path)
		settings := j.isSettings(e.Path)
		if !isFile(e.Mode) || language == imports.None && !settings || change.Classify(e.Path, nil).Vendored {
			continue
		}
		if files++; files > maxSearched || size > maxSearchedBytes {
			j.leave("whether files of the base import the same packages was looked up in the first %d files only", files-1)
			break
		}
		text, _, err := j.base.read(ctx, e.Path)
		if err != nil {
			return nil, err
		}
		size += len(text)
		j.noteMentions(e.Path, text, doubts, out)
	}
	return out, nil
}

func (j importRules) noteMentions(name string, text []byte, doubts []use, out map[string]bool) {
	language := imports.LanguageOf(name)
	var read []imports.Import
	for _, u := range doubts {
		key := string(u.language) + " " + u.name
		first := firstPart(u.language, u.Path)
		if out[key] || !bytes.Contains(text, []byte(first)) {
			continue
		}
		if j.isSettings(name) && u.language == imports.JS {
			out[key] = regexp.MustCompile(`["'^` + "`" + `]` + regexp.QuoteMeta(first) + `["'$/` + "`" + `]`).Match(text)
		}
		if language != u.language {
			continue
		}
		if read == nil {
			read = append(imports.Read(name, text), imports.Import{}) // not nil any more
		}
		out[key] = out[key] || slices.ContainsFunc(read, func(i imports.Import) bool { return i.Path != "" && firstPart(language, i.Path) == first })
	}
}

// firstPart gives the part of an import that tells one package from another.
func firstPart(language imports.Language, p string) string {
	switch language {
	case imports.Python:
		first, _, _ := strings.Cut(p, ".")
		return first
	case imports.JS:
		return packageOf(p)
	case imports.Go, imports.None:
	}
	return p
}

// isSettings reports whether a file may give names to folders or declare
// modules: settings of compilers and bundlers, and declarations of TypeScript.
func (j importRules) isSettings(name string) bool {
	base := strings.ToLower(path.Base(name))
	return strings.HasSuffix(base, ".d.ts") || strings.HasSuffix(base, ".d.mts") ||
		j.lists.regexp(`^(vite|vitest|webpack|rollup|rolldown|jest|babel|metro|next|nuxt|svelte|astro|craco|snowpack|esbuild|rspack|rsbuild|tsup|quasar|vue|playwright|karma|rspress|wxt|app|modern|alias)[\w.-]*\.(config|conf)[\w.-]*\.?\w*$|^(\.babelrc.*|project\.json|import_map\.json|importmap\.json|package\.json|deno\.jsonc?|[tj]sconfig.*\.json|angular\.json|lerna\.json)$`).MatchString(base) ||
		strings.HasPrefix(base, "webpack") || strings.HasPrefix(base, "alias")
}
