package change_test

import (
	"slices"
	"testing"

	"muster/internal/core/change"
)

func TestChange(t *testing.T) {
	c := change.Change{
		Base: change.Point{Commit: "c1", Tree: "t1"}, Head: change.Point{Commit: "c2", Tree: "t2"},
		Files: []change.File{
			{Path: "a", Status: change.Added, Added: 3},
			{Path: "c", OldPath: "b", Status: change.Renamed, Added: 1, Deleted: 2},
			{Path: "d.png", Status: change.Modified, IsBinary: true},
			{Path: "e", Status: change.Deleted, Deleted: 5},
		},
	}
	if added, deleted := c.Lines(); added != 4 || deleted != 7 {
		t.Errorf("%d lines added, %d deleted", added, deleted)
	}
	if got := c.Paths(); !slices.Equal(got, []string{"a", "b", "c", "d.png", "e"}) {
		t.Errorf("paths %q", got)
	}
	if c.IsEmpty() {
		t.Error("another tree is no change")
	}
	// Only the trees count: a commit without content is no change.
	if c.Head.Tree = "t1"; !c.IsEmpty() {
		t.Error("the same tree is a change")
	}
	if (change.Change{}).Paths() != nil {
		t.Error("no files have paths")
	}
}
