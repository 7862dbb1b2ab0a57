package check

import (
	"context"
	"sync"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
)

// Subject is the change that one check judges. Folders are leased when they
// are first asked for, since most checks need none, and belong to that check
// alone: it may change files in them.
type Subject struct {
	Request evidence.Request
	Change  change.Change

	trees Trees
	mu    sync.Mutex
	base  lease
	head  lease
}

type lease struct {
	dir     string
	release func()
}

// NewSubject gives the subject of one check. Whoever makes it calls Release.
func NewSubject(trees Trees, req evidence.Request, c change.Change) *Subject {
	return &Subject{Request: req, Change: c, trees: trees}
}

// Base gives a folder that holds the base's tree; always the same one.
func (s *Subject) Base(ctx context.Context) (string, error) {
	return s.lease(ctx, &s.base, s.Request.Base.Tree, "base")
}

// Head gives a folder that holds the head's tree; always the same one.
func (s *Subject) Head(ctx context.Context) (string, error) {
	return s.lease(ctx, &s.head, s.Request.Head.Tree, "head")
}

func (s *Subject) lease(ctx context.Context, l *lease, tree, side string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.release != nil {
		return l.dir, nil
	}
	dir, release, err := s.trees.Lease(ctx, tree)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "lay out the %s's tree %s", side, tree)
	}
	*l = lease{dir: dir, release: release}
	return dir, nil
}

// BaseHas reports whether the base holds a file of that name in any folder.
func (s *Subject) BaseHas(ctx context.Context, name string) (bool, error) {
	return s.trees.Has(ctx, s.Request.Base.Tree, name)
}

// HeadHas reports whether the head holds a file of that name in any folder.
func (s *Subject) HeadHas(ctx context.Context, name string) (bool, error) {
	return s.trees.Has(ctx, s.Request.Head.Tree, name)
}

// BaseFile gives one file of the base, or false when it has none there.
func (s *Subject) BaseFile(ctx context.Context, path string) ([]byte, bool, error) {
	return s.trees.ReadFile(ctx, s.Request.Base.Tree, path)
}

// HeadFile gives one file of the head, or false when it has none there.
func (s *Subject) HeadFile(ctx context.Context, path string) ([]byte, bool, error) {
	return s.trees.ReadFile(ctx, s.Request.Head.Tree, path)
}

// Release gives the leased folders back.
func (s *Subject) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range []*lease{&s.head, &s.base} {
		if l.release != nil {
			l.release()
		}
		*l = lease{}
	}
}
