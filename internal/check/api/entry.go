package api

import (
	"context"
	"encoding/json"
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

// entryBreaks finds names that the entry point of a Python or JavaScript
// package gave and gives no more.
func entryBreaks(ctx context.Context, t *tree, pairs []check.Pair) ([]evidence.Finding, error) {
	var out []evidence.Finding
	for _, p := range pairs {
		if !p.Base.Found || !p.Head.Found || !p.Class.IsCode() {
			continue
		}
		root, ok, err := t.entry(ctx, p.Base.Path)
		if err != nil {
			return nil, err
		}
		if !ok || dynamic(p.Head) {
			continue
		}
		words := wordsOf(string(p.Head.Text))
		gone := slices.DeleteFunc(given(p.Base), func(n string) bool { return words[n] })
		if len(gone) == 0 {
			continue
		}
		level := evidence.Context
		losses := make([]loss, len(gone))
		for i, n := range gone {
			losses[i].name = n
		}
		stable, err := t.stablePackage(ctx, root)
		if err != nil {
			return nil, err
		}
		if stable {
			told, err := t.told(ctx, losses)
			if err != nil {
				return nil, err
			}
			if !told {
				level = evidence.Locator
			}
		}
		names := strings.Join(gone[:min(len(gone), 3)], ", ")
		if more := len(gone) - 3; more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "break", Level: level, Grade: evidence.Observed, Path: p.Head.Path,
			Message: fmt.Sprintf("%s, by which others use this package, no longer gives %s: code that imports it fails.", check.ShowPath(p.Head.Path), names),
		}, strings.Join(gone, "\n")))
	}
	return out, nil
}

// entry gives the folder of the package whose entry point a file is.
func (t *tree) entry(ctx context.Context, p string) (root string, ok bool, err error) {
	if err := t.list(ctx); err != nil {
		return "", false, err
	}
	dir, name := path.Dir(p), path.Base(p)
	switch {
	case name == "__init__.py":
		above := path.Dir(dir)
		if dir == "." || t.base[path.Join(above, "__init__.py")] || strings.HasPrefix(path.Base(dir), "_") {
			return "", false, nil
		}
		if path.Base(above) == "src" {
			above = path.Dir(above)
		}
		return above, t.base[path.Join(above, "pyproject.toml")] || t.base[path.Join(above, "setup.py")], nil
	case slices.Contains([]string{"index.ts", "index.tsx", "index.js", "index.mjs", "mod.ts", "main.ts"}, name):
		for _, d := range []string{dir, path.Dir(dir)} {
			if t.base[path.Join(d, "package.json")] && (d == dir || path.Base(dir) == "src" || path.Base(dir) == "lib") {
				return d, true, nil
			}
		}
	}
	return "", false, nil
}

var (
	fromList   = check.Lazy(`(?m)^from[ \t]+[.\w]+[ \t]+import[ \t]+(?:\(([^)]*)\)|([^\n#(]+))`)
	exportList = check.Lazy(`export[ \t]+(?:type[ \t]+)?\{([^}]*)\}`)
	exportOne  = check.Lazy(`(?m)^export[ \t]+(?:default[ \t]+)?(?:declare[ \t]+)?(?:abstract[ \t]+)?(?:async[ \t]+)?(?:function\*?|class|const|let|var|type|interface|enum)[ \t]+(\w+)`)
	exportJS   = check.Lazy(`(?m)^(?:module\.)?exports\.(\w+)[ \t]*=`)
	identifier = check.Lazy(`^[A-Za-z]\w*$`)
)

// given collects the names that an entry point gives.
func given(s check.Side) []string {
	body := string(s.Text)
	var lists []string
	var out []string
	if s.Language == source.Python {
		for _, m := range fromList.FindAllStringSubmatch(body, -1) {
			lists = append(lists, m[1]+m[2])
		}
		out = append(out, topLevel(s.File)...)
	} else {
		for _, m := range exportList.FindAllStringSubmatch(body, -1) {
			lists = append(lists, m[1])
		}
		for _, re := range []*check.Pattern{exportOne, exportJS} {
			for _, m := range re.FindAllStringSubmatch(body, -1) {
				out = append(out, m[1])
			}
		}
	}
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			item, _, _ = strings.Cut(item, "#")
			words := strings.Fields(item)
			if len(words) > 0 {
				out = append(out, words[len(words)-1])
			}
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(n string) bool { return !identifier.MatchString(n) || n == "annotations" || n == "default" })
}

var packageVersion = check.Lazy(`(?m)^\s*"?'?(?:__version__|version)"?'?\s*[:=]\s*["']?v?(\d+)\.\d+[\w.]*`)

// stablePackage reports whether a package says that it is at version 1 or
// later, and is meant to be published.
func (t *tree) stablePackage(ctx context.Context, root string) (bool, error) {
	for _, name := range []string{"package.json", "pyproject.toml", "setup.cfg", "setup.py", "CHANGES.rst", "CHANGES.md", "CHANGELOG.md", "CHANGELOG.rst", "HISTORY.md"} {
		b, ok, err := t.s.BaseFile(ctx, path.Join(root, name))
		if err != nil && !errors.Is(err, change.ErrTooLarge) {
			return false, err
		}
		if !ok || len(b) > maxFile {
			continue
		}
		if name == "package.json" {
			var manifest struct {
				Version string
				Private bool
			}
			if json.Unmarshal(b, &manifest) != nil || manifest.Private {
				return false, nil //nolint:nilerr // a manifest that cannot be read promises no version
			}
			return manifest.Version != "" && !strings.HasPrefix(manifest.Version, "0.") && !strings.Contains(manifest.Version, "-"), nil
		}
		re := packageVersion
		if strings.HasPrefix(name, "C") || strings.HasPrefix(name, "H") {
			re = version
		}
		if m := re.FindSubmatch(b); m != nil {
			return string(m[1]) != "0", nil
		}
	}
	return false, nil
}
