// Package checktest helps to test checks: trees as plain maps, laid out in
// temporary folders, and executors that answer from a function. Only tests
// import it.
package checktest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// Files is a tree: content by path. Link and Submodule make other entries.
type Files map[string]string

const (
	linkMark      = "\x00link "
	submoduleMark = "\x00submodule "
)

// Link is the content of a symbolic link.
func Link(target string) string { return linkMark + target }

// Submodule is the content of a submodule at a commit.
func Submodule(commit string) string { return submoduleMark + commit }

// With gives a copy of the files with some of them replaced; an empty content
// takes a file away.
func (f Files) With(other Files) Files {
	out := maps.Clone(f)
	for p, text := range other {
		if text == "" {
			delete(out, p)
			continue
		}
		out[p] = text
	}
	return out
}

// Trees holds trees by name and lays them out below a temporary folder.
type Trees struct {
	t     testing.TB
	trees map[string]Files

	mu   sync.Mutex
	held int

	// Err, when set, is what every lease and every reading fails with.
	Err error
}

// New gives trees. When the test ends, every lease must have been released.
func New(t testing.TB, trees map[string]Files) *Trees {
	t.Helper()
	tr := &Trees{t: t, trees: trees}
	t.Cleanup(func() {
		if n := tr.Held(); n != 0 {
			t.Errorf("%d folders were leased and never released", n)
		}
	})
	return tr
}

// Held gives the number of folders that are leased now.
func (tr *Trees) Held() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.held
}

// Lease lays a tree out in a new folder.
func (tr *Trees) Lease(ctx context.Context, tree string) (string, func(), error) {
	if err := errors.Join(ctx.Err(), tr.Err); err != nil {
		return "", nil, err
	}
	files, ok := tr.trees[tree]
	if !ok {
		return "", nil, errors.New("no tree " + tree)
	}
	dir := tr.t.TempDir()
	for p, text := range files {
		if err := lay(filepath.Join(dir, filepath.FromSlash(p)), text); err != nil {
			return "", nil, err
		}
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.held++
	return dir, sync.OnceFunc(func() {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.held--
	}), nil
}

func lay(at, text string) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	if target, ok := strings.CutPrefix(text, linkMark); ok {
		return os.Symlink(target, at)
	}
	if strings.HasPrefix(text, submoduleMark) {
		return os.MkdirAll(at, 0o755)
	}
	return os.WriteFile(at, []byte(text), 0o644)
}

// ReadFile gives one file of a tree.
func (tr *Trees) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	if err := errors.Join(ctx.Err(), tr.Err); err != nil {
		return nil, false, err
	}
	text, ok := tr.trees[tree][path]
	return []byte(strings.TrimPrefix(text, linkMark)), ok, nil
}

// Has reports whether a tree holds a file of that name.
func (tr *Trees) Has(ctx context.Context, tree, name string) (bool, error) {
	if err := errors.Join(ctx.Err(), tr.Err); err != nil {
		return false, err
	}
	files, ok := tr.trees[tree]
	if !ok {
		return false, fmt.Errorf("there is no tree %s", tree)
	}
	for p, text := range files {
		if path.Base(p) == name && !strings.HasPrefix(text, submoduleMark) {
			return true, nil
		}
	}
	return false, nil
}

// Diff compares two trees. A file that was deleted and one that was added
// with the same content are a renaming.
func (tr *Trees) Diff(ctx context.Context, baseTree, headTree string) (change.Change, error) {
	c := change.Change{Base: change.Point{Tree: baseTree}, Head: change.Point{Tree: headTree}}
	base, head := tr.trees[baseTree], tr.trees[headTree]
	renamed := map[string]bool{}
	for _, p := range slices.Sorted(maps.Keys(head)) {
		text := head[p]
		old, had := base[p]
		f := change.File{Path: p, NewMode: mode(text), NewBlob: evidence.Hash([]byte(text)), OldMode: change.ModeNone}
		from := ""
		if !had {
			from = renameSource(base, head, text, renamed)
		}
		switch {
		case had && old == text:
			continue
		case had:
			f.Status, f.OldMode, f.OldBlob = change.Modified, mode(old), evidence.Hash([]byte(old))
			if f.OldMode != f.NewMode {
				f.Status = change.Retyped
			}
			f.Added, f.Deleted = len(missing(text, old)), len(missing(old, text))
		case from != "":
			renamed[from] = true
			f.Status, f.OldPath, f.OldMode, f.OldBlob = change.Renamed, from, f.NewMode, f.NewBlob
		default:
			f.Status, f.Added = change.Added, len(missing(text, ""))
		}
		c.Files = append(c.Files, f)
	}
	for _, p := range slices.Sorted(maps.Keys(base)) {
		if _, kept := head[p]; kept || renamed[p] {
			continue
		}
		c.Files = append(c.Files, change.File{
			Path: p, Status: change.Deleted, OldMode: mode(base[p]), NewMode: change.ModeNone,
			OldBlob: evidence.Hash([]byte(base[p])), Deleted: len(missing(base[p], "")),
		})
	}
	slices.SortFunc(c.Files, func(a, b change.File) int { return strings.Compare(a.Path, b.Path) })
	return c, errors.Join(ctx.Err(), tr.Err)
}

// List gives the entries of a tree.
func (tr *Trees) List(ctx context.Context, tree string) ([]change.Entry, error) {
	if err := errors.Join(ctx.Err(), tr.Err); err != nil {
		return nil, err
	}
	files, ok := tr.trees[tree]
	if !ok {
		return nil, fmt.Errorf("there is no tree %s", tree)
	}
	var out []change.Entry
	for _, p := range slices.Sorted(maps.Keys(files)) {
		out = append(out, change.Entry{Path: p, Mode: mode(files[p]), Blob: evidence.Hash([]byte(files[p]))})
	}
	return out, nil
}

// Blobs gives the content of files and links of any tree.
func (tr *Trees) Blobs(ctx context.Context, blobs []string, most int) ([][]byte, error) {
	if err := errors.Join(ctx.Err(), tr.Err); err != nil {
		return nil, err
	}
	out := make([][]byte, len(blobs))
	for _, files := range tr.trees {
		for _, text := range files {
			body := []byte(strings.TrimPrefix(text, linkMark))
			for i, blob := range blobs {
				if len(body) <= most && blob == evidence.Hash([]byte(text)) {
					out[i] = body
				}
			}
		}
	}
	return out, nil
}

// Patches gives the lines that differ.
func (tr *Trees) Patches(ctx context.Context, baseTree, headTree string) ([]change.Patch, error) {
	c, err := tr.Diff(ctx, baseTree, headTree)
	if err != nil {
		return nil, err
	}
	base, head := tr.trees[baseTree], tr.trees[headTree]
	var out []change.Patch
	for _, f := range c.Files {
		was := f.Path
		if f.OldPath != "" {
			was = f.OldPath
		}
		switch {
		case f.OldMode == change.ModeSubmodule || f.NewMode == change.ModeSubmodule:
		case f.Status == change.Retyped:
			out = append(out, change.Patch{Path: f.Path, Left: "it became another sort of entry"})
		default:
			out = append(out, change.Patch{Path: f.Path, OldPath: f.OldPath, Hunks: hunks(split(base[was]), split(head[f.Path]))})
		}
	}
	return out, nil
}

// split gives the lines of a text, or of a link the target.
func split(text string) []string {
	text = strings.TrimPrefix(text, linkMark)
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// hunks compares two texts by their longest common subsequence. It is for
// tests: its time grows with the product of both lengths.
func hunks(a, b []string) []change.Hunk {
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i, v := range slices.Backward(a) {
		for j := len(b) - 1; j >= 0; j-- {
			if v == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []change.Hunk
	for i, j := 0, 0; i < len(a) || j < len(b); {
		if i < len(a) && j < len(b) && a[i] == b[j] {
			i, j = i+1, j+1
			continue
		}
		fromA, fromB := i, j
		for (i < len(a) || j < len(b)) && (i == len(a) || j == len(b) || a[i] != b[j]) {
			if j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1] {
				i++
			} else {
				j++
			}
		}
		h := change.Hunk{OldStart: fromA + 1, NewStart: fromB + 1, Removed: a[fromA:i], Added: b[fromB:j]}
		if i == fromA {
			h.OldStart--
		}
		if j == fromB {
			h.NewStart--
		}
		out = append(out, h)
	}
	return out
}

func renameSource(base, head Files, text string, taken map[string]bool) string {
	for _, p := range slices.Sorted(maps.Keys(base)) {
		if _, kept := head[p]; !kept && !taken[p] && base[p] == text {
			return p
		}
	}
	return ""
}

func mode(text string) string {
	switch {
	case strings.HasPrefix(text, linkMark):
		return change.ModeSymlink
	case strings.HasPrefix(text, submoduleMark):
		return change.ModeSubmodule
	}
	return change.ModeFile
}

// missing gives the lines of a that b does not have as often.
func missing(a, b string) []string {
	count := map[string]int{}
	for line := range strings.Lines(b) {
		count[line]++
	}
	var out []string
	for line := range strings.Lines(a) {
		if count[line]--; count[line] < 0 {
			out = append(out, line)
		}
	}
	return out
}

var _ check.Trees = (*Trees)(nil)
