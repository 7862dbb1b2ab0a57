package check

import (
	"context"
	"sync"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/source"
)

// Subject is the change that one check judges. Folders are leased when they
// are first asked for, since most checks need none, and belong to that check
// alone: it may change files in them.
type Subject struct {
	Request evidence.Request
	Change  change.Change

	facts *facts
	mu    sync.Mutex
	base  lease
	head  lease
}

type lease struct {
	dir     string
	release func()
}

// newSubject gives the subject of one check. Whoever makes it calls Release.
func newSubject(f *facts, req evidence.Request) *Subject {
	return &Subject{Request: req, Change: f.change, facts: f}
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
	dir, release, err := s.layOut(ctx, tree)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "lay out the %s's tree %s", side, tree)
	}
	*l = lease{dir: dir, release: release}
	return dir, nil
}

// layOut gives a folder that holds a tree, set up where the request says so.
func (s *Subject) layOut(ctx context.Context, tree string) (string, func(), error) {
	if f := furnisher(s.facts.trees, s.Request); f != nil {
		return f.LeaseSetUp(ctx, want(s.Request, tree))
	}
	return s.facts.trees.Lease(ctx, tree)
}

// BaseHas reports whether the base holds a file of that name in any folder.
func (s *Subject) BaseHas(ctx context.Context, name string) (bool, error) {
	return s.facts.trees.Has(ctx, s.Request.Base.Tree, name)
}

// HeadHas reports whether the head holds a file of that name in any folder.
func (s *Subject) HeadHas(ctx context.Context, name string) (bool, error) {
	return s.facts.trees.Has(ctx, s.Request.Head.Tree, name)
}

// BaseFile gives one file of the base, or false when it has none there.
func (s *Subject) BaseFile(ctx context.Context, path string) ([]byte, bool, error) {
	return s.facts.trees.ReadFile(ctx, s.Request.Base.Tree, path)
}

// HeadFile gives one file of the head, or false when it has none there.
func (s *Subject) HeadFile(ctx context.Context, path string) ([]byte, bool, error) {
	return s.facts.trees.ReadFile(ctx, s.Request.Head.Tree, path)
}

// Patch gives the lines that differ in one file, by its path in File. A file
// that is not part of the change has an empty patch.
func (s *Subject) Patch(ctx context.Context, path string) (change.Patch, error) {
	all, err := s.facts.allPatches(ctx)
	if p, ok := all[path]; ok {
		return p, nil
	}
	return change.Patch{Path: path}, err
}

// BaseSource gives what a source file of the base holds, and its text; false
// when the base has no such file.
func (s *Subject) BaseSource(ctx context.Context, path string) (source.File, []byte, bool, error) {
	r, err := s.facts.source(ctx, s.Request.Base.Tree, path)
	return r.file, r.text, r.found, err
}

// HeadSource gives what a source file of the head holds, and its text; false
// when the head has no such file.
func (s *Subject) HeadSource(ctx context.Context, path string) (source.File, []byte, bool, error) {
	r, err := s.facts.source(ctx, s.Request.Head.Tree, path)
	return r.file, r.text, r.found, err
}

// BaseList gives every file, link and submodule of the base, by path.
func (s *Subject) BaseList(ctx context.Context) ([]change.Entry, error) {
	return s.facts.list(ctx, s.Request.Base.Tree)
}

// HeadList gives every file, link and submodule of the head, by path.
func (s *Subject) HeadList(ctx context.Context) ([]change.Entry, error) {
	return s.facts.list(ctx, s.Request.Head.Tree)
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
