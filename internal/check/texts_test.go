package check_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// Blobs is counted by object.
func (c *counting) Blobs(ctx context.Context, blobs []string, most int) ([][]byte, error) {
	c.questions++
	c.blobs = append(c.blobs, blobs...)
	return c.Trees.Blobs(ctx, blobs, most)
}

// failing fails to list or to read.
type failing struct {
	*counting
	list, read error
}

func (f *failing) List(ctx context.Context, tree string) ([]change.Entry, error) {
	list, err := f.counting.List(ctx, tree)
	return list, errors.Join(err, f.list)
}

func (f *failing) Blobs(ctx context.Context, blobs []string, most int) ([][]byte, error) {
	bodies, err := f.counting.Blobs(ctx, blobs, most)
	return bodies, errors.Join(err, f.read)
}

// many holds a base of a hundred files, of which the head changes one.
func many(t *testing.T) (*counting, []string) {
	base := checktest.Files{"large.txt": strings.Repeat("x", 100), "sub": checktest.Submodule("1"), "link": checktest.Link("f001")}
	var paths []string
	for i := range 100 {
		p := fmt.Sprintf("f%03d", i)
		paths = append(paths, p)
		base[p] = "text of " + p
	}
	head := base.With(checktest.Files{"f007": "changed"})
	return &counting{Trees: checktest.New(t, map[string]checktest.Files{"base": base, "head": head})}, paths
}

// run runs checks on the change of many.
func run(t *testing.T, trees check.Trees, do ...func(context.Context, *check.Subject) error) []evidence.Result {
	t.Helper()
	var checks []check.Check
	for i, f := range do {
		checks = append(checks, checktest.Stub{Name: fmt.Sprint("c", i), Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
			if err := f(ctx, s); err != nil {
				return check.CouldNot("%v", err)
			}
			return check.Judged(nil)
		}})
	}
	return judge(t, check.New(check.Tools{Trees: trees}, checks, 1), request("base", "head")).Results
}

func TestTexts(t *testing.T) {
	trees, paths := many(t)
	look := func(ctx context.Context, s *check.Subject) error {
		for side, texts := range map[string]func(context.Context, []string, int) iter.Seq2[check.Text, error]{
			"base": s.BaseTexts,
			"head": s.HeadTexts,
		} {
			var got []string
			for f, err := range texts(ctx, append(slices.Clone(paths), "large.txt", "sub", "link", "none"), 99) {
				if err != nil {
					return err
				}
				want := "text of " + f.Path
				switch {
				case f.Path == "f007" && side == "head":
					want = "changed"
				case f.Path == "link":
					want = "f001"
				case f.Path[0] != 'f':
					want = ""
				}
				if string(f.Body) != want || f.Found != (want != "") {
					t.Errorf("%s of the %s is %q, %t", f.Path, side, f.Body, f.Found)
				}
				got = append(got, f.Path)
			}
			if !slices.Equal(got[:100], paths) || len(got) != 104 {
				t.Errorf("the order is %v", got)
			}
		}
		for f, err := range s.HeadTexts(ctx, []string{"large.txt", "f001"}, 100) {
			if err != nil || !f.Found {
				t.Errorf("%+v, %v", f, err)
			}
			break // who stops is asked no more
		}
		return nil
	}
	for _, res := range run(t, trees, look, look) {
		if res.Status != evidence.Passed {
			t.Errorf("%+v", res)
		}
	}
	// Everything is asked for once, but for what was too large.
	slices.Sort(trees.blobs)
	for i, b := range trees.blobs[1:] {
		if b == trees.blobs[i] && b != evidence.Hash([]byte(strings.Repeat("x", 100))) {
			t.Errorf("%s was read twice", b)
		}
	}
	if trees.questions > 8 || trees.lists != 2 {
		t.Errorf("%d questions, %d lists", trees.questions, trees.lists)
	}
}

func TestTextsThatCannotBeRead(t *testing.T) {
	trees, paths := many(t)
	broken := errors.New("no disk")
	for name, fail := range map[string]*failing{"the list": {counting: trees, list: broken}, "the files": {counting: trees, read: broken}} {
		res := run(t, fail, func(ctx context.Context, s *check.Subject) error {
			n := 0
			for _, err := range s.HeadTexts(ctx, paths, 99) {
				if n++; err != nil {
					return err
				}
			}
			t.Errorf("%s: %d files and no error", name, n)
			return nil
		})[0]
		if res.Status != evidence.CouldNot || !strings.Contains(res.Why, "no disk") {
			t.Errorf("%s: %+v", name, res)
		}
	}
	res := run(t, &failing{counting: trees, list: broken}, func(ctx context.Context, s *check.Subject) error {
		for range s.HeadTexts(ctx, nil, 99) {
			t.Error("nothing was asked for")
		}
		return nil
	})[0]
	if res.Status != evidence.Passed {
		t.Errorf("nothing asked for: %+v", res)
	}
}
