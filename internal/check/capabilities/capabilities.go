// Package capabilities points at packages that newly reach beyond their own
// memory: the network, other programs, code made while it runs, native code,
// files, environment variables. A package is a folder of one language; what it
// could do before the change is never named.
package capabilities

import (
	"context"
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

// Name is the check's name.
const Name = "capabilities"

const (
	maxFindings = 10
	// maxSiblings bounds how many unchanged files of a folder are read to know
	// what it could do before.
	maxSiblings = 400
)

type capabilities struct{}

// New gives the check.
func New() check.Check { return capabilities{} }

func (capabilities) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Static}
}

func (capabilities) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (capabilities) Settings(evidence.Request) any { return nil }

// news is a use that a package did not have.
type news struct {
	use
	file change.File
}

func (capabilities) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	fresh, order, notRun, err := newUses(ctx, s)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	if len(order) == 0 {
		res := check.Judged(nil)
		res.NotRun = notRun
		return res
	}
	list, err := s.BaseList(ctx)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	var findings []evidence.Finding
	for _, pkg := range order {
		had, isNew, complete, err := before(ctx, s, list, pkg)
		if err != nil {
			return check.CouldNot("%v", err)
		}
		if !complete {
			notRun = append(notRun, fmt.Sprintf("%s has more than %d files: what it could do before was not read to the end", check.ShowPath(pkg.dir), maxSiblings))
			continue
		}
		for _, n := range fresh[pkg] {
			if !had[n.gives] {
				had[n.gives] = true // once for each capability
				findings = append(findings, finding(s, pkg, n, isNew))
			}
		}
	}
	res := check.Judged(check.Fold(findings, maxFindings))
	res.NotRun = notRun
	return res
}

// unit is what gains a capability: a folder of one language.
type unit struct{ dir, language string }

// delivered reports whether a file is code of the project that is delivered.
func delivered(p string) bool {
	class := change.Classify(p, nil)
	folders := strings.Split(strings.ToLower(path.Dir(p)), "/")
	aside := slices.ContainsFunc(folders, func(d string) bool {
		return slices.Contains([]string{"example", "examples", "_examples", "docs", "doc", "scripts", "script", "tools", "benchmark", "benchmarks", "bench", "testutil", "testutils", "e2e", "demo", "samples"}, d)
	})
	return class == change.Class{} && !aside && source.LanguageOf(p) != source.Unknown
}

// newUses gives, for each package, the uses on lines that the change adds, and
// what was left out.
func newUses(ctx context.Context, s *check.Subject) (out map[unit][]news, order []unit, left []string, err error) {
	out = map[unit][]news{}
	for _, f := range s.Change.Files {
		if f.Status == change.Deleted || f.Added == 0 || !delivered(f.Path) || f.NewMode == change.ModeSymlink || f.NewMode == change.ModeSubmodule {
			continue
		}
		head, text, _, err := s.HeadSource(ctx, f.Path)
		if errors.Is(err, change.ErrTooLarge) {
			left = append(left, check.ShowPath(f.Path)+" was not read: it is too large")
			continue
		}
		if err != nil {
			return nil, nil, nil, err
		}
		if head.Generated {
			continue
		}
		p, err := s.Patch(ctx, f.Path)
		if err != nil {
			return nil, nil, nil, err
		}
		pkg := unit{path.Dir(f.Path), family(head.Language)}
		for _, u := range uses(head, text) {
			if !p.Adds(u.line) {
				continue
			}
			if out[pkg] == nil {
				order = append(order, pkg)
			}
			out[pkg] = append(out[pkg], news{u, f})
		}
	}
	return out, order, left, nil
}

// before gives what a package could do at the base, and whether it is new
// there: then nothing is known of it.
func before(ctx context.Context, s *check.Subject, list []change.Entry, pkg unit) (had map[capability]bool, isNew, complete bool, err error) {
	had, isNew = map[capability]bool{}, true
	moved := map[string]bool{}
	for _, f := range s.Change.Files {
		if f.OldPath != "" && path.Dir(f.Path) == pkg.dir {
			moved[f.OldPath] = true // its code was there, in another folder
		}
	}
	n := 0
	for _, e := range list {
		if path.Dir(e.Path) != pkg.dir && !moved[e.Path] || family(source.LanguageOf(e.Path)) != pkg.language || change.Classify(e.Path, nil).Test || e.Mode == change.ModeSymlink || e.Mode == change.ModeSubmodule {
			continue
		}
		if n++; n > maxSiblings {
			return nil, false, false, nil
		}
		isNew = false
		base, text, _, err := s.BaseSource(ctx, e.Path)
		if err != nil {
			return nil, false, false, err
		}
		for _, u := range uses(base, text) {
			had[u.gives] = true
		}
	}
	return had, isNew, true, nil
}

// finding names a new capability. A package that exists and gains a strong
// one is pointed at; a new package has to have what it needs.
func finding(s *check.Subject, pkg unit, n news, isNew bool) evidence.Finding { //nolint:revive // a fact about the package, not a choice of the caller
	level := evidence.Locator
	if isNew || !n.gives.strong() || s.Request.Subject == evidence.OfPush || s.Request.Subject == evidence.OfGoal {
		level = evidence.Context
	}
	dir := pkg.dir
	if dir == "." {
		dir = "the top folder"
	}
	what := "newly reaches"
	if isNew {
		what = "is new and reaches"
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: ruleOf(n.gives), Level: level, Grade: evidence.Observed,
		Path: n.file.Path, StartLine: n.line, EndLine: n.line,
		Message:   fmt.Sprintf("The %s code in %s %s %s: line %d of %s %s.", title(pkg.language), check.ShowPath(dir), what, n.gives, n.line, check.ShowPath(n.file.Path), check.Clip(n.what, 100)),
		Reproduce: check.DiffCommand(s.Request.Base.Tree, s.Request.Head.Tree, n.file.Path),
	}, pkg.language)
}

func ruleOf(c capability) string {
	switch c {
	case network:
		return "network"
	case process:
		return "process"
	case dynamic:
		return "dynamic_code"
	case native:
		return "native"
	case write:
		return "file_write"
	case env:
	}
	return "environment"
}

func title(language string) string {
	switch language {
	case "go":
		return "Go"
	case "python":
		return "Python"
	}
	return "JavaScript"
}
