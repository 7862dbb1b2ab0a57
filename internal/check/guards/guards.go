// Package guards points at functions that became less careful: a condition
// under which they refused is gone or refuses less, an error is no longer
// looked at, a call that made them safe is no longer made, a protection is
// switched off.
//
// It compares each function with what it was at the base. What moved to
// another function of the change, what was written in another form, and what
// is needless because the thing it looked at is gone, is no loss. It points
// and never blocks: on ordinary changes most losses are meant.
package guards

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// Name is the check's name.
const Name = "guards"

// Bounds of what is reported.
const (
	maxFindings = 20
	enough      = 0.8  // of a function's weight: a person looks; below, it is context
	least       = 0.35 // of a function's weight: it is mentioned
)

type guards struct{}

// New gives the check.
func New() check.Check { return guards{} }

func (guards) Info() check.Info {
	return check.Info{Name: Name, Version: "2", Kind: check.Static, Reads: check.ChangedFiles}
}

func (guards) Applies(req evidence.Request) string {
	if req.Base.Tree == req.Head.Tree {
		return "nothing changed"
	}
	return ""
}

func (guards) Settings(evidence.Request) any { return nil }

func (guards) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	pairs, left, err := s.Pairs(ctx)
	if err != nil {
		return check.CouldNot("the changed files could not be read: %v", err)
	}
	pairs = slices.DeleteFunc(pairs, func(p check.Pair) bool { return !p.Class.IsCode() })
	if len(pairs) == 0 {
		return check.Skip("no source file changed")
	}
	patches := make([]change.Patch, len(pairs))
	for i, p := range pairs {
		if patches[i], err = s.Patch(ctx, p.Path()); err != nil {
			return check.CouldNot("the lines of the change could not be read: %v", err)
		}
		if why := patches[i].Left; why != "" {
			left = append(left, fmt.Sprintf("the lines of %s were not compared: %s", check.ShowPath(p.Path()), why))
		}
	}
	for _, p := range pairs {
		if len(p.Head.Broken) > 0 {
			left = append(left, fmt.Sprintf("%s could not be parsed whole", check.ShowPath(p.Path())))
		}
	}
	res := check.Judged(check.Fold(judge(pairs, patches), maxFindings))
	res.NotRun = left
	return res
}

// subject is a function, or the rest of a file, with what it lost.
type subject struct {
	pair   *check.Pair
	patch  change.Patch
	name   string // empty for the rest of a file
	start  int    // lines of the head
	end    int
	losses []loss
	weight float64
}

// judge compares the functions of the changed files and gives the findings,
// the weightiest first.
func judge(pairs []check.Pair, patches []change.Patch) []evidence.Finding {
	ms := matchAll(pairs)
	seen := look(ms)
	patchOf := map[*check.Pair]change.Patch{}
	for i := range pairs {
		patchOf[&pairs[i]] = patches[i]
	}
	var subjects []*subject
	byPair := map[*check.Pair][]*subject{}
	byHead := map[*function]*subject{}
	for _, m := range ms {
		if m.head == nil {
			continue
		}
		x := &subject{pair: m.head.pair, patch: patchOf[m.head.pair], name: m.head.Name, start: m.head.Start, end: m.head.End, losses: m.losses(seen)}
		subjects = append(subjects, x)
		byPair[x.pair] = append(byPair[x.pair], x)
		byHead[m.head] = x
	}
	for _, in := range inlined(ms) {
		byHead[in.head].losses = append(byHead[in.head].losses, in.losses(seen)...)
	}
	moved := marksGained(patches)
	for i := range pairs {
		p := &pairs[i]
		rest := &subject{pair: p, patch: patches[i]}
		for _, l := range append(settings(p, patches[i], moved), limits(p)...) {
			holder, at := rest, rest.place(l).Start
			for _, x := range byPair[p] {
				// A mark stands up to a few lines above its function.
				if x.start-4 <= at && at <= x.end && (holder == rest || x.start >= holder.start) {
					holder = x
				}
			}
			holder.losses = append(holder.losses, l)
		}
		subjects = append(subjects, rest)
	}
	subjects = slices.DeleteFunc(subjects, func(x *subject) bool { x.weigh(); return x.weight < least })
	slices.SortStableFunc(subjects, func(a, b *subject) int { return cmp.Compare(b.weight, a.weight) })
	return findings(subjects)
}

// several is how many functions must have lost the same to be told of once.
const several = 3

// findings gives one finding for each subject, and a single one for several
// that lost the same.
func findings(subjects []*subject) []evidence.Finding {
	same := map[string][]*subject{}
	for _, x := range subjects {
		same[x.kind()] = append(same[x.kind()], x)
	}
	var out []evidence.Finding
	for _, x := range subjects {
		alike := same[x.kind()]
		switch {
		case len(alike) < several:
			out = append(out, x.finding(nil))
		case alike[0] == x:
			out = append(out, x.finding(alike[1:]))
		}
	}
	return out
}

// kind is the same for subjects that lost the same in the first place.
func (x *subject) kind() string {
	l := x.losses[0]
	if l.rule == ruleCall {
		what, _, _ := strings.Cut(l.say, "(")
		return l.rule + what
	}
	return l.rule + form(l.text)
}

// losses gives what a function lost. A function that was written anew has
// little in common with its former self, and what is gone says little.
func (m match) losses(e everywhere) []loss {
	out := m.swallowed(e)
	if m.base == nil {
		return out
	}
	before := append(m.errors(e), append(m.handlers(), append(m.conditions(e), m.protections(e)...)...)...)
	if share := kept(m.base, m.head); share < 0.5 {
		for i := range before {
			before[i].weight *= share
		}
	}
	return append(out, before...)
}

var sensitive = check.Lazy(`(?i)auth|login|token|session|passw|secret|csrf|cors|crypt|cipher|sign|verif|cert|tls|jwt|hmac|permission|acl\b|role|admin|parse|decode|unmarshal|deserial|frame|packet|header|pay(ment|load)|amount|price|balance|invoice|path|sql|query|exec|command|upload|limit|max|size|len\b|length|overflow|bound|sanitiz|escape|redirect|origin|host|proxy|cookie`)

// weigh adds up what a subject lost: the weightiest whole, the others half,
// and more where a mistake is dear.
func (x *subject) weigh() {
	slices.SortStableFunc(x.losses, func(a, b loss) int { return cmp.Compare(b.weight, a.weight) })
	x.weight = 0
	for i, l := range x.losses {
		if i == 0 {
			x.weight += l.weight
		} else {
			x.weight += l.weight / 2
		}
	}
	if sensitive.MatchString(path.Base(x.pair.Path())) || sensitive.MatchString(x.name) {
		x.weight *= 1.15
	}
	if len(x.losses) > 0 && sensitive.MatchString(x.losses[0].text) {
		x.weight *= 1.15
	}
	if sample(x.pair.Path()) {
		x.weight *= 0.3
	}
}

// sample reports whether a file is an example, a script or a tool for the
// project's own work rather than what is delivered.
func sample(p string) bool {
	for folder := range strings.SplitSeq(strings.ToLower(path.Dir(p)), "/") {
		switch folder {
		case "example", "examples", "_examples", "sample", "samples", "demo", "demos", "docs", "doc", "scripts", "tools", "hack", "bench", "benchmarks", "benchmark", "interop", "testsuite", "testing", "testutil", "tests", "test":
			return true
		}
	}
	return false
}

// finding describes a subject by its two weightiest losses, and names others
// that lost the same.
func (x *subject) finding(alike []*subject) evidence.Finding {
	level := evidence.Context
	if x.weight >= enough {
		level = evidence.Locator
	}
	who := x.name
	if who == "" {
		who = check.ShowPath(x.pair.Path())
	}
	says := make([]string, 0, 2)
	var anchor []string
	for i, l := range x.losses {
		if i < 2 {
			says = append(says, l.say+x.was(l))
		}
		anchor = append(anchor, l.rule+" "+shape(l.text))
	}
	message := who + " " + strings.Join(says, ", and ")
	if more := len(x.losses) - len(says); more > 0 {
		message += fmt.Sprintf(", and %d more", more)
	}
	if len(alike) > 0 {
		message += fmt.Sprintf("; the same holds for %d more functions, such as %s", len(alike), alike[0].name)
	}
	for _, other := range alike {
		anchor = append(anchor, other.pair.Path()+" "+other.name)
	}
	at := x.place(x.losses[0])
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: x.losses[0].rule, Level: level, Grade: evidence.Observed, Path: x.pair.Path(),
		StartLine: at.Start, EndLine: at.End, Message: message + ".",
	}, x.name+"\x00"+strings.Join(anchor, "\n"))
}

func (x *subject) was(l loss) string {
	if l.old == 0 {
		return ""
	}
	return fmt.Sprintf(" (line %d of the base)", l.old)
}
