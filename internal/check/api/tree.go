package api

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/source"
)

// Bounds of what is read of the rest of the tree.
const (
	maxFiles = 4000
	maxFile  = 1 << 20
	maxBytes = 48 << 20
	maxNames = 300
)

// tree is the head's tree, read as far as it is needed.
type tree struct {
	s     *check.Subject
	left  []string
	paths map[string]bool // every path of the head, once listed
	code  []text
	docs  []text
	base  map[string]bool // every path of the base

	matched map[place][][]int
}

// place is one pattern in one text of the head.
type place struct {
	re   *check.Pattern
	path string
}

// matches gives where a pattern matches in a text. Each text is searched once:
// every module that is gone asks for the same imports.
func (t *tree) matches(re *check.Pattern, f text) [][]int {
	key := place{re, f.path}
	out, ok := t.matched[key]
	if !ok {
		if t.matched == nil {
			t.matched = map[place][][]int{}
		}
		out = re.FindAllStringSubmatchIndex(f.body, -1)
		t.matched[key] = out
	}
	return out
}

// text is one file of the head.
type text struct {
	path string
	body string
}

func newTree(s *check.Subject) *tree { return &tree{s: s} }

func (t *tree) list(ctx context.Context) error {
	if t.paths != nil {
		return nil
	}
	entries, err := t.s.HeadList(ctx)
	if err != nil {
		return err
	}
	paths := make(map[string]bool, len(entries))
	for _, e := range entries {
		if e.Mode == change.ModeFile || e.Mode == change.ModeExecutable {
			paths[e.Path] = true
		}
	}
	old, err := t.s.BaseList(ctx)
	if err != nil {
		return err
	}
	t.base = make(map[string]bool, len(old))
	for _, e := range old {
		t.base[e.Path] = true
	}
	t.paths = paths
	return nil
}

// sources gives the text of every source file in the scripted languages.
func (t *tree) sources(ctx context.Context) ([]text, error) {
	if t.code != nil {
		return t.code, nil
	}
	var err error
	t.code, err = t.read(ctx, "source files", func(p string) bool {
		c := change.Classify(p, nil)
		return source.LanguageOf(p) != source.Unknown && !c.Vendored && !c.Generated
	})
	return t.code, err
}

// documents gives the text of every document and of the files that people
// configure a program with.
func (t *tree) documents(ctx context.Context) ([]text, error) {
	if t.docs != nil {
		return t.docs, nil
	}
	var err error
	t.docs, err = t.read(ctx, "documents", func(p string) bool {
		c := change.Classify(p, nil)
		name := strings.ToLower(path.Base(p))
		return !c.Vendored && !c.Fixture && !history.MatchString(name) && (c.Document ||
			slices.Contains([]string{".yml", ".yaml", ".toml", ".env", ".sh"}, path.Ext(name)) || strings.HasPrefix(name, "dockerfile") || strings.HasPrefix(name, ".env"))
	})
	return t.docs, err
}

// history names documents that tell what was, and may name what is gone.
var history = check.Lazy(`change|history|release|news|migrat|upgrad|deprecat|todo|roadmap|whats_?new|authors`)

func (t *tree) read(ctx context.Context, what string, want func(string) bool) ([]text, error) {
	if err := t.list(ctx); err != nil {
		return nil, err
	}
	var paths []string
	for p := range t.paths {
		if want(p) {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	out := []text{}
	total := 0
	looked := 0
	for f, err := range t.s.HeadTexts(ctx, paths[:min(len(paths), maxFiles)], maxFile) {
		if err != nil {
			return nil, err
		}
		if total > maxBytes {
			break
		}
		looked++
		if f.Found {
			total += len(f.Body)
			out = append(out, text{f.Path, string(f.Body)})
		}
	}
	if looked < len(paths) {
		t.left = append(t.left, fmt.Sprintf("%d of %d %s were not searched for uses of what is gone", len(paths)-looked, len(paths), what))
	}
	return out, nil
}

// wordIn reports whether a text holds a name as a word of its own.
func wordIn(body, name string) bool {
	for from := 0; ; {
		at := strings.Index(body[from:], name)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(name)
		if (at == 0 || !isWord(body[at-1])) && (end == len(body) || !isWord(body[end])) {
			return true
		}
		from = at + 1
	}
}

// wordsOf gives the words of a text, for wordIn of many names.
func wordsOf(body string) map[string]bool {
	out := map[string]bool{}
	start := -1
	for i := 0; i <= len(body); i++ {
		switch is := i < len(body) && isWord(body[i]); {
		case is && start < 0:
			start = i
		case !is && start >= 0:
			out[body[start:i]] = true
			start = -1
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// lineOf gives the line of a byte, from 1.
func lineOf(body string, at int) int { return strings.Count(body[:at], "\n") + 1 }
