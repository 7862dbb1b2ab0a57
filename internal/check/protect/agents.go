package protect

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/offer"
)

// explain says what a change of a file that agents know lets run or tells them.
// It is read as what agents know it as: behind a link, that is the link's path.
func explain(ctx context.Context, s *check.Subject, f change.File, p, as string) ([]string, error) {
	if f.NewMode == change.ModeSymlink && p == f.Path {
		target, _, err := s.HeadFile(ctx, p)
		return []string{fmt.Sprintf("is a link to %s, and agents read what is there", check.ShowPath(check.Clip(string(target), 200)))}, err
	}
	var base, head offer.Text
	var err error
	if was(f) == p {
		base, err = text(ctx, f.OldMode, p, s.BaseFile)
	}
	if errors.Is(err, change.ErrTooLarge) {
		return []string{"was too large to compare: look at it whole"}, nil
	}
	if err != nil {
		return nil, err
	}
	if f.Path == p {
		head, err = text(ctx, f.NewMode, p, s.HeadFile)
	}
	if errors.Is(err, change.ErrTooLarge) {
		return []string{"is too large to explain: look at it whole"}, nil
	}
	if err != nil {
		return nil, err
	}
	return offer.Explain(as, base, head), nil
}

// was gives the path that a file had in the base.
func was(f change.File) string {
	if f.OldPath != "" {
		return f.OldPath
	}
	return f.Path
}

// text reads a file of one tree; links and submodules have no text.
func text(ctx context.Context, mode, p string, read func(context.Context, string) ([]byte, bool, error)) (offer.Text, error) {
	if mode != change.ModeFile && mode != change.ModeExecutable {
		return offer.Text{}, nil
	}
	data, is, err := read(ctx, p)
	return offer.Text{Is: is, Data: data}, err
}

// links are the files and folders of the base that agents read by another
// name: whoever changes them changes what agents are told.
type links map[string]string // target in small letters to the link that leads there

const maxLinks = 200

func linksOfAgents(ctx context.Context, s *check.Subject, rules []group) (links, error) {
	entries, err := s.BaseList(ctx)
	if err != nil {
		return nil, err
	}
	out := links{}
	for _, e := range entries {
		if e.Mode != change.ModeSymlink || len(out) >= maxLinks {
			continue
		}
		if g, ok := protectedBy(rules, e.Path); !ok || g.rule != ofAgents {
			continue
		}
		data, _, err := s.BaseFile(ctx, e.Path)
		if err != nil {
			return nil, err
		}
		target := path.Join(path.Dir(e.Path), string(data))
		if path.IsAbs(string(data)) || target == ".." || strings.HasPrefix(target, "../") || target == "." {
			continue // it leads out of the repository, or to all of it
		}
		out[strings.ToLower(target)] = e.Path
	}
	return out, nil
}

// reach gives the rule for a path that a link leads to, and the path by which
// agents know it.
func (l links) reach(p string) (g group, as string, ok bool) {
	for at := strings.ToLower(p); at != "." && at != "/"; at = path.Dir(at) {
		if link, ok := l[at]; ok {
			as = path.Join(link, strings.TrimPrefix(strings.ToLower(p), at))
			return group{rule: ofAgents, what: "gives instructions or tools to agents, by the link " + check.ShowPath(link)}, as, true
		}
	}
	return group{}, "", false
}
