// Package scope checks that a task's change stays where the task may work:
// inside its globs, without links that lead out of the tree, without
// submodules, and that there is a change at all.
package scope

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// Name is the check's name.
const Name = "scope"

// maxFindings bounds how many paths are listed one by one.
const maxFindings = 100

type scope struct{}

// New gives the check.
func New() check.Check { return scope{} }

func (scope) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Static}
}

func (scope) Applies(req evidence.Request) string {
	if req.Subject != evidence.OfTask && req.Subject != evidence.OfMerge {
		return "only a task has a scope"
	}
	return ""
}

func (scope) Settings(req evidence.Request) any {
	return struct {
		Subject evidence.Subject
		Scope   []string
	}{req.Subject, req.Scope}
}

func (scope) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	// An attempt that changed nothing did not do the task, whatever the agent
	// says. A merge that changes nothing only says that the work is there.
	if s.Change.IsEmpty() {
		if s.Request.Subject == evidence.OfTask {
			return check.Judged([]evidence.Finding{noChange(s)})
		}
		return check.Skip("the merge changes nothing")
	}
	findings := outside(s)
	for _, f := range s.Change.Files {
		if f.OldMode == change.ModeSubmodule || f.NewMode == change.ModeSubmodule {
			findings = append(findings, submodule(s, f))
		}
		if f.NewMode == change.ModeSymlink {
			target, ok, err := s.HeadFile(ctx, f.Path)
			if err != nil {
				return check.CouldNot("the target of the link %s could not be read: %v", check.ShowPath(f.Path), err)
			}
			if !ok {
				return check.CouldNot("the link %s is not in the head's tree", check.ShowPath(f.Path))
			}
			if leavesTree(f.Path, string(target)) {
				findings = append(findings, link(s, f, string(target)))
			}
		}
	}
	return check.Judged(check.Fold(findings, maxFindings))
}

// gate gives a blocking finding of this check, shown by the diff of the paths.
func gate(s *check.Subject, rule, path, message, anchor string) evidence.Finding {
	var paths []string
	if path != "" {
		paths = []string{path}
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: rule, Level: evidence.Gate, Grade: evidence.Observed, Path: path, Message: message,
		Reproduce: check.DiffCommand(s.Request.Base.Tree, s.Request.Head.Tree, paths...),
	}, anchor)
}

func noChange(s *check.Subject) evidence.Finding {
	return gate(s, "no_change", "", "The task is said to be done, and no file differs from the base.", "")
}

// outside finds the paths that the task may not touch. A renamed file counts
// with both of its paths.
func outside(s *check.Subject) []evidence.Finding {
	if len(s.Request.Scope) == 0 {
		return nil
	}
	paths := s.Change.Paths()
	slices.Sort(paths)
	var out []evidence.Finding
	for _, p := range slices.Compact(paths) {
		if plan.MatchAny(s.Request.Scope, p) {
			continue
		}
		message := fmt.Sprintf("%s is outside the task's scope (%s).", check.ShowPath(p), check.Clip(strings.Join(s.Request.Scope, ", "), 300))
		out = append(out, gate(s, "outside", p, message, ""))
	}
	return out
}

func submodule(s *check.Subject, f change.File) evidence.Finding {
	message := fmt.Sprintf("%s is a submodule: what it brings in is not part of the change and cannot be judged.", check.ShowPath(f.Path))
	return gate(s, "submodule", f.Path, message, f.NewBlob)
}

func link(s *check.Subject, f change.File, target string) evidence.Finding {
	message := fmt.Sprintf("%s is a symbolic link that may lead out of the repository, to %q.", check.ShowPath(f.Path), check.Clip(target, 300))
	return gate(s, "link", f.Path, message, target)
}

// leavesTree reports whether a link at the given path may lead out of the
// tree, or into Git's own folder. Only what can be seen to stay inside does:
// going up after having gone down is refused too, since what was gone down
// into may itself be a link.
func leavesTree(at, target string) bool {
	if target == "" || strings.HasPrefix(target, "/") || strings.ContainsAny(target, "\\\x00") {
		return true
	}
	down := false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if down {
				return true
			}
		default:
			down = true
		}
	}
	resolved := path.Join(path.Dir(at), target)
	if resolved == ".." || strings.HasPrefix(resolved, "../") {
		return true
	}
	first, _, _ := strings.Cut(resolved, "/")
	return strings.EqualFold(first, ".git")
}
