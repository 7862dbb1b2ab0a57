package api

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
)

var (
	majorPath = check.Lazy(`/v([2-9]|[1-9]\d+)$|^gopkg\.in/.*\.v[1-9]\d*$`)
	version   = check.Lazy(`\bv?(\d+)\.\d+\.\d+(-[0-9A-Za-z.]+)?`)
	declared  = check.Lazy(`(?i)\bversion\s*(?:string\s*)?=\s*"v?(\d+)\.\d+\.\d+(-[0-9A-Za-z.]+)?"`)
)

// stable reports whether a module says of itself that it keeps what it offers:
// its path has a major version, or its own version or its list of changes
// begins with 1 or more and is no preview.
func (t *tree) stable(ctx context.Context, module, root string) (bool, error) {
	if err := t.list(ctx); err != nil {
		return false, err
	}
	var pages []string
	for p := range t.base {
		name := strings.ToLower(path.Base(p))
		if path.Dir(p) == root && (strings.HasPrefix(name, "changelog") || strings.HasPrefix(name, "changes") || name == "version" || name == "version.txt" || name == "history.md") {
			pages = append(pages, p)
		}
		if path.Dir(p) == root && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			pages = append(pages, p)
		}
	}
	slices.Sort(pages)
	for _, p := range pages[:min(len(pages), 60)] {
		b, ok, err := t.s.BaseFile(ctx, p)
		if err != nil && !errors.Is(err, change.ErrTooLarge) {
			return false, err
		}
		if !ok {
			continue
		}
		re := version
		if path.Ext(p) == ".go" {
			re = declared
		}
		if m := re.FindSubmatch(b[:min(len(b), 1<<18)]); m != nil {
			return string(m[1]) != "0" && len(m[2]) == 0, nil
		}
	}
	return majorPath.MatchString(module), nil
}
