// Package dependencies checks what a change does to the packages that a
// project depends on: names that no registry has, names that pass for others,
// dependencies that no lockfile records, imports that nothing provides, other
// places to get packages from, and code that runs when they are installed.
//
// It reads manifests, lockfiles and imports and executes nothing. A registry
// is asked only when the caller gives one; what it does not know, or refuses
// to say, is unknown and never bad.
package dependencies

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source/manifest"
)

// Name is the check's name.
const Name = "dependencies"

// maxFindings bounds how many findings are listed one by one.
const maxFindings = 50

// Answer is what a registry says of one package.
type Answer struct {
	Known      bool      // it could be asked and gave an answer; false makes all else void
	Exists     bool      // it has a package of that name
	HasVersion bool      // it has the version that was asked for; true when none was
	First      time.Time // when the package was first published; zero when it does not say
}

// Registry answers for packages. An ecosystem that cannot be asked, a refusal
// and a failure on the way are not known; an error says why, for people.
type Registry interface {
	Look(ctx context.Context, ecosystem, name, version string) (Answer, error)
}

type dependencies struct {
	registry Registry
	now      func() time.Time
	lists    lists
}

// New gives the check. The registry may be nil: then nothing is asked. The
// clock tells the age of packages and how long an answer is used again.
func New(registry Registry, now func() time.Time) check.Check {
	return &dependencies{registry: registry, now: now}
}

func (*dependencies) Info() check.Info {
	return check.Info{Name: Name, Version: "2", Kind: check.Static}
}

func (*dependencies) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (*dependencies) Settings(evidence.Request) any { return nil }

// Inputs makes a result that rests on a registry's answers good for an hour:
// a registry changes without the trees changing.
func (d *dependencies) Inputs(_ context.Context, s *check.Subject) (any, error) {
	if d.registry == nil || !slices.ContainsFunc(s.Change.Paths(), manifest.Is) {
		return nil, nil
	}
	return []string{s.Request.Base.Tree, s.Request.Head.Tree, d.now().UTC().Format("2006-01-02T15")}, nil
}

// judgement is the judgement of one change.
type judgement struct {
	*dependencies
	s        *check.Subject
	base     tree
	head     tree
	findings []evidence.Finding
	left     []string
}

func (d *dependencies) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	j := &judgement{dependencies: d, s: s}
	if !j.concerned() {
		return check.Judged(nil)
	}
	if err := j.readTrees(ctx); err != nil {
		return check.CouldNot("the manifests of the two trees could not be read: %v", err)
	}
	news := j.delta()
	for _, step := range []func(context.Context, []addition) error{
		registryRules{j}.ask, j.squats, lockRules{j}.unlocked, sourceRules{j}.sources, scriptRules{j}.scripts, importRules{j}.provided,
	} {
		if err := step(ctx, news); err != nil {
			return check.CouldNot("the change's dependencies could not be judged: %v", err)
		}
	}
	r := check.Judged(check.Fold(j.findings, maxFindings))
	r.NotRun = j.left
	return r
}

// The rules, by what they look at.
type (
	registryRules struct{ *judgement }
	lockRules     struct{ *judgement }
	sourceRules   struct{ *judgement }
	scriptRules   struct{ *judgement }
	importRules   struct{ *judgement }
)

// find notes a finding about one thing that a file names.
func (j *judgement) find(level evidence.Level, rule string, at place, reproduce, message string) {
	j.findings = append(j.findings, evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: rule, Level: level, Grade: evidence.Observed, Path: at.path, StartLine: at.line, EndLine: at.line,
		Message: message, Reproduce: reproduce,
	}, at.name))
}

// place is where something is named.
type place struct {
	path string
	line int // 0 when unknown
	name string
}

func (p place) String() string {
	if p.line == 0 {
		return check.ShowPath(p.path)
	}
	return fmt.Sprintf("%s (line %d)", check.ShowPath(p.path), p.line)
}

func (j *judgement) leave(format string, args ...any) {
	j.left = append(j.left, fmt.Sprintf(format, args...))
}

// show gives the command that shows where files of the head name something.
func (j *judgement) show(name string, paths ...string) string {
	argv := []string{"git", "--literal-pathspecs", "grep", "-n", "-F", "-e", name, j.s.Request.Head.Tree, "--"}
	return plan.Command{Argv: append(argv, paths...)}.String()
}

// quoteAll lists names for a message: at most five, and how many more.
func quoteAll(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
