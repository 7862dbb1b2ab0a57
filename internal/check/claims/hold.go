package claims

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source"
)

// verdict is what is wrong with a claim; a zero verdict is that nothing is.
type verdict struct {
	rule      string
	why       string // ends a sentence that begins with what is claimed
	level     evidence.Level
	path      string
	line      int
	reproduce string
}

func locate(rule, format string, args ...any) verdict {
	return verdict{rule: rule, level: evidence.Locator, why: fmt.Sprintf(format, args...)}
}

// hold holds one claim against the change.
func (g *ground) hold(ctx context.Context, c claim) verdict {
	switch c.kind {
	case tests:
		if !g.gainsTests() {
			return locate("no_tests", "no test was added or extended")
		}
	case docs:
		if !g.changesDocs(ctx, c.names[0]) {
			return locate("no_docs", "the change touches no %s", c.names[0])
		}
	case concept:
		if !g.showsConcept(c.names[0]) {
			return locate("no_trace", "no added line has anything to do with %s", c.names[0])
		}
	case version:
		if !g.showsVersion(c.names[0]) {
			return locate("no_version", "no added line names %s", c.names[0])
		}
	case deadCode:
		if !g.removesLines() {
			return locate("nothing_removed", "every line of the base is still there")
		}
	case onlyComments, onlyFormat, onlyDocs, onlyTests, sameConduct, compatible, testsKept, noNewDeps:
		return g.holdWhole(ctx, c.kind)
	default:
		return g.holdNames(ctx, c)
	}
	return verdict{}
}

// holdNames holds a claim about named things against the change. Where lines
// of the change could not be had, a name that is missing says nothing.
func (g *ground) holdNames(ctx context.Context, c claim) verdict {
	if g.missing != "" {
		return verdict{}
	}
	if c.kind == renamed {
		return g.holdRenamed(ctx, c)
	}
	for _, name := range c.names {
		var v verdict
		switch {
		case isPath(name):
			v = g.holdPath(ctx, c, name)
		case c.kind == added:
			v = g.holdAdded(ctx, c, name)
		case c.kind == removed:
			v = g.holdRemoved(ctx, c, name)
		case c.kind == changed && !names(g.near(ctx), key(name)):
			v = locate("not_touched", "no changed line is in or near %s", show(name))
		case c.kind == fixed && !names(g.everything(ctx), key(name)):
			v = holdElsewhere(ctx, g, c, name)
		}
		if v.rule != "" {
			return v
		}
	}
	return verdict{}
}

// holdElsewhere holds a claim about a name that no changed file knows. It may
// be of another project, whose code is spoken of; then the tree may well use it.
func holdElsewhere(ctx context.Context, g *ground, c claim, name string) verdict {
	d, used := g.find(ctx, name)
	switch {
	case d.path != "":
		return locate("not_touched", "no changed file names %s, which %s defines", show(name), check.ShowPath(d.path))
	case !used && (c.exact || c.what != "") && identifier.MatchString(name) && humps.MatchString(name):
		return locate("not_touched", "nothing is called %s, in the change or elsewhere", show(name))
	}
	return verdict{}
}

// names reports whether a folded text holds a key, or its singular.
func names(text, key string) bool {
	return strings.Contains(text, key) || len(key) > 5 && strings.HasSuffix(key, "s") && strings.Contains(text, key[:len(key)-1])
}

// show gives a name of a report as a message shows it.
func show(name string) string { return check.ShowPath(check.Clip(name, 100)) }

// holdPath holds a claim about a file. A file that is not part of the change
// may still be what changed lines speak of.
func (g *ground) holdPath(ctx context.Context, c claim, name string) verdict {
	f, ok := g.changedFile(name)
	if ok {
		if c.kind == removed && c.exact && f.Path != "" && f.Status != change.Deleted && f.Status != change.Renamed && f.Deleted == 0 {
			return stillThere(g, f.Path, name)
		}
		return verdict{}
	}
	if names(g.added, key(name)) || names(g.removed, key(name)) || names(g.paths, key(name)) {
		return verdict{}
	}
	head, err := g.s.HeadList(ctx)
	if err != nil {
		return verdict{}
	}
	at := entries(head, name)
	if c.kind == removed && c.exact && len(at) == 1 {
		return stillThere(g, at[0].Path, name)
	}
	if c.kind == fixed || c.kind == changed && c.what != "file" {
		// Such a sentence may speak of a file that is no part of the
		// repository, as an example or as what a program reads.
		sort := change.Classify(name, nil)
		if len(at) == 0 && !strings.Contains(name, "/") || sort.Manifest || sort.Lockfile || strings.HasPrefix(name, ".") {
			return verdict{}
		}
	}
	v := locate("file_not_touched", "%s is not part of the change", show(name))
	if len(at) == 1 {
		v.path = at[0].Path
	}
	return v
}

func stillThere(g *ground, at, name string) verdict {
	return verdict{
		rule: "still_there", level: evidence.Gate, path: at,
		why:       show(name) + " is still there",
		reproduce: plan.Command{Argv: []string{"git", "ls-tree", g.s.Request.Head.Tree, "--", at}}.String(),
	}
}

func (g *ground) holdAdded(ctx context.Context, c claim, name string) verdict {
	k := key(name)
	if names(g.added, k) || names(g.paths, k) {
		return verdict{}
	}
	if !c.exact && c.what == "" && names(g.near(ctx), k) {
		return verdict{}
	}
	if c.exact && c.what == "" && names(g.removed, k) {
		return verdict{} // said the other way round, as sloppy messages do
	}
	return locate("not_added", "no added line names %s", show(name))
}

func (g *ground) holdRemoved(ctx context.Context, c claim, name string) verdict {
	k := key(name)
	if names(g.removed, k) || names(g.paths, k) {
		return verdict{}
	}
	if !c.exact && names(g.near(ctx), k) {
		return verdict{}
	}
	v := locate("not_removed", "no removed line names %s", show(name))
	if d, ok := g.defined(ctx, name); ok && c.exact {
		return g.stillDefined(name, d)
	}
	return v
}

func (g *ground) stillDefined(name string, d definition) verdict {
	return verdict{
		rule: "still_defined", level: evidence.Gate, path: d.path, line: d.line,
		why: fmt.Sprintf("%s is still defined in line %d of %s, and no removed line names it", show(name), d.line, check.ShowPath(d.path)),
		reproduce: plan.Command{Argv: []string{
			"git", "grep", "-n", "-w", "-F", "-e", last(name), g.s.Request.Head.Tree, "--", d.path,
		}}.String(),
	}
}

func (g *ground) holdRenamed(ctx context.Context, c claim) verdict {
	from, to := key(c.names[0]), key(c.names[1])
	hasNew := names(g.added, to) || names(g.paths, to)
	hasOld := names(g.removed, from) || names(g.paths, from)
	switch {
	case hasNew && hasOld:
		return verdict{}
	case !hasNew && !hasOld:
		if d, ok := g.defined(ctx, c.names[0]); ok && from != to {
			return g.stillDefined(c.names[0], d)
		}
		return locate("not_renamed", "no changed line names %s or %s", show(c.names[0]), show(c.names[1]))
	case !hasNew && !names(g.near(ctx), to):
		return locate("not_renamed", "no added line names %s", show(c.names[1]))
	case !hasOld && !names(g.near(ctx), from):
		return locate("not_renamed", "no removed line names %s", show(c.names[0]))
	}
	return verdict{}
}

// last gives the last part of a name as it is spelled.
func last(name string) string {
	if i := strings.LastIndexAny(name, ".:>#/"); i >= 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return name
}

type definition struct {
	path string
	line int
}

// defined finds where the head defines a name, when exactly one place does.
func (g *ground) defined(ctx context.Context, name string) (definition, bool) {
	d, _ := g.find(ctx, name)
	return d, d.path != ""
}

// find looks for a name in the source files of the head: where it is defined,
// when exactly one place does, and whether any file uses it. When there are
// too many files to look through, the name counts as used.
func (g *ground) find(ctx context.Context, name string) (at definition, used bool) {
	word := last(name)
	list, err := g.s.HeadList(ctx)
	if err != nil || !identifier.MatchString(word) {
		return definition{}, true
	}
	var paths []string
	for _, e := range list {
		class := change.Classify(e.Path, nil)
		if e.Mode == change.ModeSymlink || e.Mode == change.ModeSubmodule || class.Vendored || !isSource(e.Path) {
			continue
		}
		paths = append(paths, e.Path)
	}
	if len(paths) > maxFiles {
		return definition{}, true
	}
	var found []definition
	for e, err := range g.s.HeadTexts(ctx, paths, maxFile) {
		if err != nil {
			return definition{}, true
		}
		if !bytes.Contains(e.Body, []byte(word)) {
			continue
		}
		used = true
		if file, _, _, err := g.s.HeadSource(ctx, e.Path); err == nil && !change.Classify(e.Path, nil).Test {
			found = append(found, definitions(file, e.Path, name)...)
		}
	}
	if len(found) != 1 {
		return definition{}, used
	}
	return found[0], true
}

// definitions gives where a file defines a name, whole or as a method.
func definitions(file source.File, path, name string) []definition {
	var out []definition
	for _, x := range file.Functions {
		if x.Name == name || x.Name == last(name) || strings.HasSuffix(x.Name, "."+last(name)) && !strings.Contains(name, ".") {
			out = append(out, definition{path, x.Start})
		}
	}
	for _, x := range file.Types {
		if x.Name == name || x.Name == last(name) {
			out = append(out, definition{path, x.Start})
		}
	}
	return out
}

// lexicon gives what code that has to do with a sort of work may say. It is
// wide on purpose: only code that says nothing of the kind is held against a
// claim.
func lexicon(which string) string {
	switch {
	case strings.HasPrefix(which, "valid"):
		return `valid|check|requir|assert|guard|\bif\b|must|error|throw|raise|panic|regex|match|schema|zod|isa|typeof|allow|reject|sanit|unless`
	case strings.HasPrefix(which, "error"):
		return `err|catch|except|try|throw|rais|panic|recover|fail|result|unwrap|reject|warn|abort`
	case strings.HasPrefix(which, "log"):
		return `log|print|trace|debug|console|warn|info\b|echo|dump`
	case strings.HasPrefix(which, "rate"):
		return `rate|limit|throttl|bucket|quota|429|window`
	case strings.HasPrefix(which, "retr"), which == "backoff":
		return `retr|attempt|backoff|again|repeat|sleep|delay`
	case strings.HasPrefix(which, "cach"):
		return `cach|memo|ttl|lru|store|expire|etag`
	case strings.HasPrefix(which, "timeout"):
		return `time|deadline|expire|abort|context|ctx|second|\bms\b`
	case strings.HasPrefix(which, "auth"):
		return `auth|token|permission|role|login|session|user|access|jwt|credential|secret|\bkey`
	case which == "pagination":
		return `pag|limit|offset|cursor|next`
	case which == "metrics":
		return `metric|counter|gauge|histogram|prom|stat|observe|measure|inc\b`
	}
	return `trac|span|otel|telemetry|opentelemetry`
}

// showsConcept reports whether an added line has to do with a sort of work.
func (g *ground) showsConcept(which string) bool {
	re := regexp.MustCompile(`(?i)` + lexicon(which))
	for i, f := range g.files {
		if f.Status == change.Renamed && f.Added == 0 || g.patches[i].Left != "" || f.IsBinary {
			return true // nothing can be said
		}
		if re.MatchString(f.Path) && f.Added > 0 {
			return true
		}
		for _, l := range g.patches[i].Added() {
			if re.MatchString(l.Text) {
				return true
			}
		}
	}
	return false
}

// pinned is how a folded line names a commit in place of a version.
var pinned = check.Lazy(`\b[0-9a-f]{40}\b|\d{14}[0-9a-f]{12}\b`)

// showsVersion reports whether an added line names a version, as a text or as
// numbers with commas between, with or without the zeros at its end, or names
// a commit instead.
func (g *ground) showsVersion(v string) bool {
	v = fold(v)
	short := v
	for strings.HasSuffix(short, ".0") {
		short = strings.TrimSuffix(short, ".0")
	}
	return g.missing != "" || strings.Contains(g.added, v) || pinned.MatchString(g.added) ||
		strings.Contains(strings.ReplaceAll(g.added, " ", ""), strings.ReplaceAll(v, ".", ",")) ||
		short != v && regexp.MustCompile(`(^|[^\w.])v?`+regexp.QuoteMeta(short)+`($|[^\w.])`).MatchString(g.added)
}
