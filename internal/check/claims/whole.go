package claims

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source"
)

// holdWhole holds a claim about the whole change against it.
func (g *ground) holdWhole(ctx context.Context, k kind) verdict {
	switch k {
	case onlyComments, onlyFormat, onlyDocs, onlyTests:
		return holdHarmless(ctx, g, k)
	case sameConduct:
		return holdConduct(ctx, g)
	case compatible:
		return holdCompatible(ctx, g)
	case testsKept:
		return holdTestsKept(g)
	default:
		return holdDeps(ctx, g)
	}
}

// pair is a source file on both sides of the change.
type pair struct {
	file              change.File
	patch             change.Patch
	base, head        source.File
	baseText, headTxt []byte
}

// oldPath gives where the file is at the base.
func oldPath(f change.File) string {
	if f.OldPath != "" {
		return f.OldPath
	}
	return f.Path
}

// sources gives the changed source files of the project itself that are read
// on every side that has them. What is not read is left out.
func sources(ctx context.Context, g *ground) []pair {
	var out []pair
	for i, f := range g.files {
		class := change.Classify(f.Path, nil)
		if !isSource(f.Path) || class.Test || class.Vendored || class.Generated || class.Fixture || g.patches[i].Left != "" || ctx.Err() != nil {
			continue
		}
		p := pair{file: f, patch: g.patches[i]}
		var err error
		if f.Status != change.Added {
			if p.base, p.baseText, _, err = g.s.BaseSource(ctx, oldPath(f)); err != nil {
				continue
			}
		}
		if f.Status != change.Deleted {
			if p.head, p.headTxt, _, err = g.s.HeadSource(ctx, f.Path); err != nil {
				continue
			}
		}
		if p.head.Generated || len(p.base.Broken)+len(p.head.Broken) > 0 || p.head.Parser == "" && p.base.Parser == "" {
			continue
		}
		out = append(out, p)
	}
	return out
}

// holdHarmless holds the claim that no code changed against the code.
func holdHarmless(ctx context.Context, g *ground, k kind) verdict {
	for _, p := range sources(ctx, g) {
		if p.file.Status == change.Renamed && p.file.Added+p.file.Deleted == 0 {
			continue
		}
		was, is := check.Code(p.base, p.baseText), check.Code(p.head, p.headTxt)
		if k == onlyFormat {
			was, is = loose(was), loose(is)
		}
		if slices.Equal(was, is) || k == onlyTests && isForTests(p) {
			continue
		}
		return verdict{
			rule: "code_changed", level: evidence.Gate, path: p.file.Path, line: firstLine(p),
			why:       fmt.Sprintf("code of %s changed as well, not only %s", check.ShowPath(p.file.Path), saidOnly(k)),
			reproduce: showDiff(g.s, p.file),
		}
	}
	return verdict{}
}

// showDiff gives the command that shows what changed in a file.
func showDiff(s *check.Subject, f change.File) string {
	argv := []string{"git", "diff", "-w", s.Request.Base.Tree, s.Request.Head.Tree, "--", f.Path}
	if f.OldPath != "" {
		argv = append(argv, f.OldPath)
	}
	return plan.Command{Argv: argv}.String()
}

// firstLine gives the first changed line of the head that holds code, or 0.
func firstLine(p pair) int {
	for _, l := range p.patch.Added() {
		if t := strings.TrimSpace(l.Text); t != "" && !p.head.InComment(l.Number) {
			return l.Number
		}
	}
	return 0
}

// loose puts words in order and leaves out what formatters add, take away or
// put elsewhere: commas, semicolons, brackets, the sort of quotes.
func loose(words []string) []string {
	var out []string
	for _, w := range words {
		w = strings.Map(func(r rune) rune {
			if strings.ContainsRune("\"'`\\", r) {
				return -1
			}
			return r
		}, w)
		if w != "" && !strings.Contains(",;(){}", w) {
			out = append(out, strings.ToLower(w))
		}
	}
	slices.Sort(out)
	return out
}

// dependency names what a line of a manifest asks for.
var dependency = check.Lazy(`^\s*(?:require\s+)?([\w.-]+\.[a-z]+/[\w./-]+) v\d|^([A-Za-z][\w.-]*(?:\[[\w,]+\])?)\s*(?:==|>=|~=|<|>)`)

// holdDeps holds the claim that nothing new is depended on against the
// manifests of Go and Python.
func holdDeps(ctx context.Context, g *ground) verdict {
	for i, f := range g.files {
		name := f.Path[strings.LastIndex(f.Path, "/")+1:]
		if name != "go.mod" && (!strings.HasPrefix(name, "requirements") || !strings.HasSuffix(name, ".txt")) || f.Status == change.Deleted {
			continue
		}
		base, _, err := g.s.BaseFile(ctx, oldPath(f))
		if err != nil {
			continue
		}
		for _, l := range g.patches[i].Added() {
			m := dependency.FindStringSubmatch(l.Text)
			if m == nil || strings.Contains(l.Text, "// indirect") || strings.Contains(strings.ToLower(string(base)), strings.ToLower(m[1]+m[2])) {
				continue
			}
			v := locate("new_dependency", "%s now asks for %s", check.ShowPath(f.Path), show(m[1]+m[2]))
			v.path, v.line = f.Path, l.Number
			return v
		}
	}
	return verdict{}
}

// holdTestsKept holds the claim that the tests are as they were.
func holdTestsKept(g *ground) verdict {
	for i, f := range g.files {
		if !change.Classify(f.Path, nil).Test || f.Status == change.Added || f.Status == change.Renamed {
			continue
		}
		for _, l := range g.patches[i].Removed() {
			if strings.TrimSpace(l.Text) == "" {
				continue
			}
			return verdict{
				rule: "tests_changed", level: evidence.Gate, path: f.Path, line: near(g.patches[i]),
				why:       fmt.Sprintf("line %d that %s has at the base is gone or different", l.Number, check.ShowPath(f.Path)),
				reproduce: showDiff(g.s, f),
			}
		}
	}
	return verdict{}
}

// near gives the line of the head at a patch's first hunk that removes lines.
func near(p change.Patch) int {
	for _, h := range p.Hunks {
		if len(h.Removed) > 0 {
			return max(h.NewStart, 1)
		}
	}
	return 0
}

// holdCompatible holds the claim that callers go on to work against the
// functions and types that they may use.
func holdCompatible(ctx context.Context, g *ground) verdict {
	pairs := sources(ctx, g)
	now := map[string]bool{}
	for _, p := range pairs {
		for _, x := range p.head.Functions {
			now[x.Name] = true
		}
		for _, x := range p.head.Types {
			now[x.Name] = true
		}
		for _, x := range p.head.Values {
			now[x.Name] = true
		}
	}
	for _, p := range pairs {
		if private.MatchString(p.file.Path) || p.base.Package == "main" {
			continue
		}
		heads := map[string]source.Function{}
		for _, x := range p.head.Functions {
			heads[x.Name] = x
		}
		for _, x := range p.base.Functions {
			isGo := p.base.Language == source.Go
			if !x.Exported || isGo && !public(x.Name) || !isGo && strings.ContainsAny(x.Name, "._") {
				continue
			}
			is, there := heads[x.Name]
			switch {
			case !there && !now[x.Name]:
				v := locate("api_gone", "%s, which callers may use, is gone (line %d of %s at the base)", show(x.Name), x.Start, check.ShowPath(oldPath(p.file)))
				v.path = p.file.Path
				return v
			case there && isGo && arity(is.Signature) != arity(x.Signature):
				v := locate("api_changed", "callers of %s must change: %s was %s", show(x.Name), check.Clip(is.Signature, 120), check.Clip(x.Signature, 120))
				v.path, v.line = p.file.Path, is.Start
				return v
			}
		}
	}
	return verdict{}
}

// private are the paths of code that other projects do not use.
var private = check.Lazy(`(^|/)(internal|_internal|private|scripts?|tools|examples?|docs?|cmd)/|(^|/)_[^/]*$`)

// public reports whether every part of a Go name is exported.
func public(name string) bool {
	return !slices.ContainsFunc(strings.Split(name, "."), func(s string) bool { return s == "" || s[0] < 'A' || s[0] > 'Z' })
}

// arity counts the parameters of a signature, as far as commas tell.
func arity(signature string) int {
	depth, n, any := 0, 0, false
	for _, r := range signature[max(0, strings.Index(signature, "(")):] {
		switch r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				if any {
					n++
				}
				return n
			}
		case ',':
			if depth == 1 {
				n++
			}
		default:
			any = any || r != ' '
		}
	}
	return n
}
