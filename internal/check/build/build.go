// Package build checks that what built before the change still builds. It
// takes the commands of the configuration, or builds every Go module.
package build

import (
	"context"
	"fmt"
	"path"
	"slices"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// Name is the check's name.
const Name = "build"

type build struct{}

// New gives the check.
func New() check.Check { return build{} }

func (build) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Running}
}

func (build) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (build) Settings(req evidence.Request) any {
	return struct {
		Commands []plan.Command
		Env      []string
	}{req.Build, req.Env}
}

// unit is what is built on its own: all configured commands, one after
// another, or one Go module.
type unit struct {
	dir      string // slash separated, relative to the tree
	name     string // for messages; empty for the whole tree
	commands []step
}

// step is a command as it is run, and as a person would type it.
type step struct{ run, typed plan.Command }

func (build) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	if len(s.Request.Build) == 0 { // laying a tree out is the dear part
		switch has, err := s.HeadHas(ctx, "go.mod"); {
		case err != nil:
			return check.CouldNot("%v", err)
		case !has:
			return withoutModules(s)
		}
	}
	dir, err := s.Head(ctx)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	units, err := unitsOf(s.Request, dir)
	if err != nil {
		return check.CouldNot("%v", err)
	}
	b := builder{subject: s, exec: x, head: dir}
	if len(s.Request.Build) == 0 {
		b.findings = gone(s)
	}
	if len(units) == 0 {
		return withoutModules(s)
	}
	for _, u := range units {
		b.judge(ctx, u)
		if ctx.Err() != nil {
			return check.CouldNot("it was ended while it built")
		}
	}
	return check.Partly(b.findings, b.broken)
}

func withoutModules(s *check.Subject) evidence.Result {
	if f := gone(s); len(f) > 0 {
		return check.Partly(f, nil)
	}
	return check.Skip("nothing to build: the tree holds no Go module, and no build commands are configured")
}

func unitsOf(req evidence.Request, head string) ([]unit, error) {
	if len(req.Build) > 0 {
		u := unit{dir: "."}
		for _, c := range req.Build {
			u.commands = append(u.commands, step{run: c, typed: c})
		}
		return []unit{u}, nil
	}
	modules, err := check.GoModules(head)
	if err != nil {
		return nil, err
	}
	var out []unit
	for _, m := range modules {
		u := unit{dir: m, commands: []step{{
			// Nothing is kept of what is built, and the folder is no checkout.
			run:   plan.Command{Argv: []string{"go", "build", "-buildvcs=false", "-o", "/dev/null", "./..."}},
			typed: plan.Command{Argv: []string{"go", "build", "./..."}},
		}}}
		if m != "." {
			u.name = "the module in " + check.ShowPath(m)
		}
		out = append(out, u)
	}
	return out, nil
}

type builder struct {
	subject  *check.Subject
	exec     check.Exec
	head     string
	findings []evidence.Finding
	broken   []string // why a unit gave no answer
}

// judge builds a unit at the head and, when that fails, at the base: what did
// not build before is not the change's fault.
func (b *builder) judge(ctx context.Context, u unit) {
	failed, ran := b.build(ctx, u, b.head)
	if ran.Why != "" {
		b.broken = append(b.broken, ran.Why)
		return
	}
	if failed == nil {
		return
	}
	if why := b.brokenAtBase(ctx, u); why != "" {
		b.broken = append(b.broken, u.said(why))
		return
	}
	b.findings = append(b.findings, b.finding(u, *failed, ran))
}

// build runs a unit's commands up to the first that fails, which it gives
// with what it did. It gives nil when all of them succeed.
func (b *builder) build(ctx context.Context, u unit, tree string) (*step, check.Ran) {
	dir := path.Join(tree, u.dir)
	for _, c := range u.commands {
		ran := check.Do(ctx, b.exec, check.Command(c.run, dir, b.subject.Request.Env))
		if ran.Why != "" || ran.Failed() {
			return &c, ran
		}
	}
	return nil, check.Ran{}
}

// brokenAtBase gives why a failure at the head cannot be held against the
// change, or "" when the base builds or never had the unit.
func (b *builder) brokenAtBase(ctx context.Context, u unit) string {
	if b.isNew(u) {
		return ""
	}
	base, err := b.subject.Base(ctx)
	if err != nil {
		return err.Error()
	}
	failed, ran := b.build(ctx, u, base)
	switch {
	case ran.Why != "":
		return "at the base, " + ran.Why
	case failed != nil:
		return "the base does not build either"
	}
	return ""
}

// isNew reports whether a Go module came with the change. Configured commands
// are the same on both sides, so the base always has them.
func (b *builder) isNew(u unit) bool {
	if len(b.subject.Request.Build) > 0 {
		return false
	}
	mod := path.Join(u.dir, "go.mod")
	return slices.ContainsFunc(b.subject.Change.Files, func(f change.File) bool {
		return f.Path == mod && f.Status != change.Modified
	})
}

// gone points at Go modules that the change takes away: without go.mod
// nothing builds their code any more, so nothing can fail.
func gone(s *check.Subject) []evidence.Finding {
	var out []evidence.Finding
	for _, f := range s.Change.Files {
		mod := f.OldPath
		if f.Status == change.Deleted || f.Status == change.Retyped {
			mod = f.Path
		}
		if path.Base(mod) != "go.mod" || ignored(mod) {
			continue
		}
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "module_gone", Level: evidence.Locator, Grade: evidence.Observed, Path: mod,
			Message:   fmt.Sprintf("%s is gone: the code of that module is no longer built.", check.ShowPath(mod)),
			Reproduce: check.DiffCommand(s.Request.Base.Tree, s.Request.Head.Tree, mod),
		}, string(f.Status)))
	}
	return out
}

func ignored(file string) bool {
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if check.GoIgnores(dir) {
			return true
		}
	}
	return false
}

func (u unit) said(what string) string {
	if u.name == "" {
		return what
	}
	return u.name + ": " + what
}

func (b *builder) finding(u unit, failed step, ran check.Ran) evidence.Finding {
	text := ran.Text(path.Join(b.head, u.dir), b.head)
	file, line := check.Located(text)
	if file != "" {
		file = path.Join(u.dir, file)
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: "failed", Level: evidence.Gate, Grade: evidence.Verified,
		Path: file, StartLine: line, EndLine: line,
		Message:   u.said(fmt.Sprintf("The change does not build: %s fails, and succeeds at the base.", check.Clip(failed.typed.String(), 300))),
		Detail:    check.Clip(text, check.MaxDetail),
		Reproduce: check.InDir(u.dir, failed.typed.String()),
	}, failed.typed.String()+"\n"+check.FailureAnchor(text))
}
