// Package linters takes in what other tools say of the change. Each tool runs
// on the base and on the head; only what it says of the head and did not say
// of the base is shown. It reads SARIF 2.1.0 and lines of text in the patterns
// of Vim's errorformat.
package linters

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// Name is the check's name.
const Name = "linters"

const (
	// maxFindings bounds how much of one tool is shown one by one.
	maxFindings = 20
	// maxOutput bounds how much is read of what one run writes, in bytes.
	maxOutput = 32 << 20
	// outFile is the file that a tool may write SARIF to; its path is in the
	// environment as MUSTER_SARIF.
	outFile = ".muster-findings.sarif"
)

type linters struct{}

// New gives the check.
func New() check.Check { return linters{} }

func (linters) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Running}
}

func (linters) Applies(req evidence.Request) string {
	switch {
	case len(req.Linters) == 0:
		return "no outside tools are configured"
	case req.Base.Tree == req.Head.Tree:
		return "nothing changed"
	}
	return ""
}

func (linters) Settings(req evidence.Request) any {
	return struct {
		Linters []evidence.Linter
		Env     []string
	}{req.Linters, req.Env}
}

func (linters) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	var findings []evidence.Finding
	var broken, notes []string
	for _, l := range s.Request.Linters {
		if ctx.Err() != nil {
			return check.CouldNot("it was ended before %s ran", l.Name)
		}
		t := tool{Linter: l, s: s, x: x}
		found, why, note := t.judge(ctx)
		if why != "" {
			broken = append(broken, l.Name+": "+why)
		}
		if note != "" {
			notes = append(notes, l.Name+": "+note)
		}
		findings = append(findings, check.Fold(found, maxFindings)...)
	}
	res := check.Partly(findings, broken)
	res.NotRun = append(res.NotRun, notes...)
	return res
}

// tool is one outside tool at work on one change.
type tool struct {
	evidence.Linter
	s *check.Subject
	x check.Exec
}

// said is one thing that a tool says.
type said struct {
	path       string // relative to the tree; empty when it is about no file of it
	start, end int
	rule       string
	level      string // error, warning, note
	message    string
}

// judge runs the tool on the head and, when it says anything, on the base. Why
// is why it gave no answer, note what is missing from the answer.
func (t tool) judge(ctx context.Context) (found []evidence.Finding, why, note string) {
	dir, err := t.s.Head(ctx)
	if err != nil {
		return nil, err.Error(), ""
	}
	head, why := t.run(ctx, dir)
	if why != "" || len(head) == 0 {
		return nil, why, ""
	}
	base, err := t.s.Base(ctx)
	if err != nil {
		return nil, err.Error(), ""
	}
	before, why := t.run(ctx, base)
	if why != "" {
		note = "it could not be compared with the base, where " + why + "; what it says of changed lines is shown as context"
	}
	c := comparison{tool: t, head: reader(dir), base: reader(base), known: map[string]int{}, compared: why == ""}
	found, err = c.fresh(ctx, before, head)
	if err != nil {
		return nil, err.Error(), ""
	}
	return found, "", note
}

// run runs the tool in a folder and reads what it says.
func (t tool) run(ctx context.Context, dir string) ([]said, string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err.Error()
	}
	defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
	if err := root.RemoveAll(outFile); err != nil {
		return nil, err.Error() // a file of the change that passes for the tool's
	}
	c := check.Command(t.Run, dir, append(slices.Clone(t.s.Request.Env), "MUSTER_SARIF="+filepath.Join(dir, outFile)))
	ran := check.Do(ctx, t.x, c)
	if ran.Why != "" {
		return nil, ran.Why
	}
	if ran.Output.Capped {
		return nil, "it printed more than is kept"
	}
	var out []said
	if t.Format == "sarif" {
		out, err = t.sarif(root, ran.Output)
	} else {
		out, err = byPattern(t.Lines, ran.Output)
	}
	if err != nil {
		return nil, fmt.Sprintf("%v (exit code %d): %s", err, ran.Output.Code, check.Clip(lastLine(ran.Text(dir)), 200))
	}
	for i := range out {
		out[i].path = inTree(out[i].path, dir)
	}
	return out, ""
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// sarif reads the tool's file or, when it wrote none, what it printed.
func (t tool) sarif(root *os.Root, out job.Output) ([]said, error) {
	data, err := check.ReadBounded(root, outFile, maxOutput)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		data = []byte(out.Stdout)
	}
	return readSARIF(data)
}

// inTree gives a tool's path relative to the tree, or "" when it leads
// elsewhere.
func inTree(name, dir string) string {
	name = filepath.ToSlash(name)
	for _, d := range []string{dir, realPath(dir)} {
		if rest, ok := strings.CutPrefix(name, filepath.ToSlash(d)+"/"); ok {
			name = rest
		}
	}
	name = path.Clean(name)
	if name == "." || !filepath.IsLocal(name) {
		return ""
	}
	return name
}

func realPath(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// comparison holds what a tool says of the head against what it says of the
// base.
type comparison struct {
	tool
	head, base *lines
	known      map[string]int // how often the base has it
	compared   bool
}

// fresh gives what is said of the head and was not said of the base. A thing
// is the same when rule, words and the text of the line are, wherever the line
// stands now.
func (c *comparison) fresh(ctx context.Context, before, head []said) ([]evidence.Finding, error) {
	moved := map[string]string{}
	files := map[string]change.Patch{}
	for _, f := range c.s.Change.Files {
		p, err := c.s.Patch(ctx, f.Path)
		if err != nil {
			return nil, err
		}
		files[f.Path] = p
		if f.OldPath != "" {
			moved[f.OldPath] = f.Path
		}
	}
	for _, x := range before {
		name := x.path
		if to := moved[name]; to != "" {
			name = to
		}
		c.known[key(x, name, c.base.at(x.path, x.start))]++
	}
	// What the base has as often is most likely what stands on old lines.
	slices.SortStableFunc(head, func(a, b said) int { return onNew(files, a) - onNew(files, b) })
	var out []evidence.Finding
	for _, x := range head {
		text := c.head.at(x.path, x.start)
		k := key(x, x.path, text)
		if c.known[k] > 0 {
			c.known[k]--
			continue
		}
		p, changed := files[x.path]
		if !c.compared && onNew(files, x) == 0 {
			continue
		}
		level := evidence.Context
		if x.level == "error" && changed && c.compared && (p.Left == "" || onNew(files, x) == 1) {
			level = evidence.Locator
		}
		out = append(out, c.finding(x, level, k))
	}
	slices.SortStableFunc(out, func(a, b evidence.Finding) int {
		if a.Level != b.Level {
			return strings.Compare(string(b.Level), string(a.Level)) // locators first
		}
		if a.Path != b.Path {
			return strings.Compare(a.Path, b.Path)
		}
		return a.StartLine - b.StartLine
	})
	return out, nil
}

// onNew gives 1 when a tool speaks of a line that the change added.
func onNew(files map[string]change.Patch, x said) int {
	p := files[x.path]
	for n := x.start; n <= max(x.end, x.start) && n < x.start+50; n++ {
		if p.Adds(n) {
			return 1
		}
	}
	return 0
}

func key(x said, name, text string) string {
	return strings.Join([]string{name, x.rule, check.Stable(x.message), strings.TrimSpace(text)}, "\x00")
}

func (c *comparison) finding(x said, level evidence.Level, anchor string) evidence.Finding {
	rule := c.Name
	if x.rule != "" {
		rule += "/" + x.rule
	}
	where := ""
	if x.path != "" {
		where = fmt.Sprintf(" of line %d of %s", x.start, check.ShowPath(x.path))
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: check.Clip(rule, 120), Level: level, Grade: evidence.Verified, Path: x.path, StartLine: x.start, EndLine: max(x.end, x.start),
		Message:   fmt.Sprintf("%s says%s, and not of the base: %s", c.Name, where, check.Clip(strings.Join(strings.Fields(x.message), " "), 300)),
		Reproduce: c.Run.String(),
	}, anchor)
}

// lines gives lines of the files of a folder.
type lines struct {
	dir  string
	read map[string][]string
}

func reader(dir string) *lines { return &lines{dir, map[string][]string{}} }

// at gives one line, or "" when there is none.
func (l *lines) at(name string, n int) string {
	if name == "" || n < 1 {
		return ""
	}
	all, ok := l.read[name]
	if !ok {
		if root, err := os.OpenRoot(l.dir); err == nil {
			data, _ := check.ReadBounded(root, name, maxOutput) // a line that cannot be read is an empty one
			all = strings.Split(string(data), "\n")
			_ = root.Close() // nothing is lost when closing a folder fails
		}
		l.read[name] = all
	}
	if n > len(all) {
		return ""
	}
	return all[n-1]
}
