package plan

import (
	"slices"
	"strings"

	"muster/internal/core/yamlfile"
)

// Limits of a plan. They are far above what people write, and keep a hostile
// file from costing much.
const (
	MaxTasks   = 10_000
	maxPrompt  = 256 << 10 // bytes
	maxText    = 16 << 10  // bytes of any other text of several lines
	maxLine    = 500       // bytes of a text of one line
	maxTitle   = 200       // bytes
	maxScope   = 200       // globs of one task
	maxNeeds   = 1_000     // of one task
	maxMinutes = 100 * 365 * 24 * 60
)

// Types gives the types of task, in the order in which they are listed to
// people.
func Types() []Type {
	return []Type{Feature, Fix, Refactor, Test, Docs, Perf, Chore, CI}
}

// Keys gives the keys that a part of a plan file may have. The parts are plan,
// why, decision, task, run_budget and budget; others have none.
func Keys(part string) []string {
	switch part {
	case "plan":
		return []string{"version", "name", "goal", "target", "why", "accept", "decisions", "tasks", "budget"}
	case "why":
		return []string{"metric", "expect", "owner"}
	case "decision":
		return []string{"id", "question", "options", "chosen", "because", "forbids"}
	case "task":
		return []string{"id", "type", "title", "prompt", "scope", "needs", "accept", "agent", "budget"}
	case "run_budget":
		return []string{"usd", "minutes", "tokens", "turns", "parallel"}
	case "budget":
		return []string{"usd", "minutes", "tokens", "turns"}
	}
	return nil
}

// Parse reads a plan file and names everything that is wrong with it. The plan
// is nil when there are errors among the problems; warnings leave it usable.
// The name is used in problems only.
func Parse(name string, data []byte) (*Plan, []yamlfile.Problem) {
	f := yamlfile.Read(name, data)
	root := f.Root()
	if root == nil && !f.Failed() {
		f.Errorf(nil, "a plan begins with version: 1", "the file holds no plan")
	}
	if f.Map(root, Keys("plan")...) {
		p := readPlan(f, root)
		if !f.Failed() {
			return p, f.Problems()
		}
	}
	return nil, f.Problems()
}

func readPlan(f *yamlfile.File, root *yamlfile.Node) *Plan {
	p := &Plan{Version: Version}
	f.Version(f.Need(root, "version", "write version: 1"), Version)
	p.Name = readName(f, f.Need(root, "name", "the branch is called muster/<name>"))
	goal := f.Need(root, "goal", "say what the work is for")
	p.Goal = strings.TrimSpace(f.Text(goal, maxText))
	f.Filled(goal, p.Goal)
	p.Target = readTarget(f, root.Get("target"), p.Name)
	p.Why = readWhy(f, root.Get("why"))
	p.Accept = ReadCommands(f, root.Get("accept"))
	p.Decisions = readDecisions(f, root.Get("decisions"))
	p.Budget = ReadBudget(f, root.Get("budget"), Keys("run_budget"))
	list := f.Need(root, "tasks", "a plan has at least one task")
	items := f.List(list)
	switch {
	case len(items) > MaxTasks:
		f.Errorf(list, "split the plan", "the plan has %d tasks; at most %d are accepted", len(items), MaxTasks)
		return p
	case list != nil && list.Kind == yamlfile.List && len(items) == 0:
		f.Errorf(list, "a plan has at least one task", "is empty")
	}
	nodes := make([]*yamlfile.Node, 0, len(items))
	for _, item := range items {
		if f.Map(item, Keys("task")...) {
			p.Tasks = append(p.Tasks, readTask(f, item))
			nodes = append(nodes, item)
		}
	}
	checkGraph(f, p.Tasks, nodes)
	return p
}

func readName(f *yamlfile.File, n *yamlfile.Node) string {
	s := f.Line(n, maxLine)
	if !f.Filled(n, s) {
		return ""
	}
	if fail := branchName(s); fail != "" {
		f.Errorf(n, NameRule, "%s cannot be the name of a branch: %s", yamlfile.Quote(s), fail)
		return ""
	}
	return s
}

// NameRule says what the name of a plan may be.
const NameRule = "lower-case letters, digits, '.', '_' and '-', at most 60, beginning with a letter or digit"

// ValidName says why s cannot be the name of a plan, or "".
func ValidName(s string) string {
	if s == "" {
		return "it is empty"
	}
	return branchName(s)
}

// branchName says why muster/<s> cannot be a branch, or "".
func branchName(s string) string {
	switch {
	case len(s) > 60:
		return "it is too long"
	case hasOther(s, "._-"):
		return "it has other characters"
	case strings.ContainsAny(s[:1], "._-"):
		return "it begins with " + yamlfile.Quote(s[:1])
	case strings.HasSuffix(s, ".lock"), strings.HasSuffix(s, "."):
		return "Git accepts no name that ends like this"
	case strings.Contains(s, ".."):
		return "Git accepts no name with '..'"
	}
	return ""
}

// hasOther reports whether s has a character that is no lower-case letter, no
// digit and not one of the extra ones.
func hasOther(s, extra string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(extra, r)
	}) >= 0
}

// readTarget reads the name of an existing branch, by the rules of
// git check-ref-format.
func readTarget(f *yamlfile.File, n *yamlfile.Node, plan string) string {
	s := f.Line(n, maxLine)
	if s == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(s, "refs/heads/"); ok {
		f.Errorf(n, "write "+yamlfile.Quote(rest), "the target is the name of a branch, not a ref")
		return ""
	}
	bad := strings.HasPrefix(s, "-") || strings.HasPrefix(s, "refs/") || strings.HasSuffix(s, ".") || s == "@" ||
		strings.ContainsAny(s, " ~^:?*[\\") || strings.Contains(s, "..") || strings.Contains(s, "@{")
	for part := range strings.SplitSeq(s, "/") {
		bad = bad || part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock")
	}
	switch {
	case bad:
		f.Errorf(n, "", "%s is not the name of a branch", yamlfile.Quote(s))
		return ""
	case plan != "" && s == "muster/"+plan:
		f.Errorf(n, "name the branch that the work is for, or leave it out", "the target is the run's own branch")
		return ""
	}
	return s
}

func readWhy(f *yamlfile.File, n *yamlfile.Node) Why {
	if !f.Map(n, Keys("why")...) {
		return Why{}
	}
	return Why{
		Metric: f.Line(n.Get("metric"), maxLine),
		Expect: f.Line(n.Get("expect"), maxLine),
		Owner:  f.Line(n.Get("owner"), maxLine),
	}
}

func readDecisions(f *yamlfile.File, list *yamlfile.Node) []Decision {
	var out []Decision
	lines := map[string]int{}
	for _, n := range f.List(list) {
		if !f.Map(n, Keys("decision")...) {
			continue
		}
		d := readDecision(f, n)
		if first := lines[d.ID]; first > 0 {
			f.Errorf(n.Get("id"), "", "the decision %s was given before, in line %d", yamlfile.Quote(d.ID), first)
		} else if d.ID != "" {
			lines[d.ID] = n.Line
		}
		out = append(out, d)
	}
	return out
}

func readDecision(f *yamlfile.File, n *yamlfile.Node) Decision {
	d := Decision{}
	id := f.Need(n, "id", "")
	if d.ID = f.Line(id, maxLine); f.Filled(id, d.ID) && (len(d.ID) > 40 || hasOther(strings.ToLower(d.ID), "._-")) {
		f.Errorf(id, "letters, digits, '.', '_' and '-', at most 40", "%s cannot be an id", yamlfile.Quote(d.ID))
		d.ID = ""
	}
	question := f.Need(n, "question", "")
	d.Question = f.Text(question, maxText)
	f.Filled(question, d.Question)
	options := n.Get("options")
	d.Options = f.Lines(options, maxLine)
	d.Because = f.Text(n.Get("because"), maxText)
	d.Forbids = f.Lines(n.Get("forbids"), maxLine)
	chosen := n.Get("chosen")
	d.Chosen = f.Line(chosen, maxLine)
	switch {
	case chosen == nil || chosen.Kind == yamlfile.Scalar && strings.TrimSpace(chosen.Text) == "":
		f.Errorf(n, "add chosen, and because", "the decision %s is open: a person decides before code is written", yamlfile.Quote(d.ID))
	case d.Chosen != "" && len(d.Options) > 0 && !slices.Contains(d.Options, d.Chosen):
		hint := f.DidYouMean(d.Chosen, d.Options)
		f.Errorf(chosen, hint, "%s is not one of the options", yamlfile.Quote(d.Chosen))
	}
	return d
}

// ReadCommands reads a list of commands; each is an argv list or a line for a
// shell. The configuration uses it too.
func ReadCommands(f *yamlfile.File, list *yamlfile.Node) []Command {
	var out []Command
	for _, n := range f.List(list) {
		if c := ReadCommand(f, n); c.Shell != "" || len(c.Argv) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// ReadCommand reads one command; it is empty when there is a problem.
func ReadCommand(f *yamlfile.File, n *yamlfile.Node) Command {
	switch n.Kind {
	case yamlfile.Scalar:
		if s := f.Text(n, maxText); f.Filled(n, s) {
			return Command{Shell: s}
		}
	case yamlfile.List:
		return Command{Argv: ReadArgv(f, n)}
	case yamlfile.Refused:
	case yamlfile.Map, yamlfile.Null:
		f.Errorf(n, "quote a command that holds ': ' or begins with a special character",
			"a command is a list of arguments or a text for sh -c")
	}
	return Command{}
}

// ReadArgv reads a program and its arguments. Arguments may be empty, the
// program may not.
func ReadArgv(f *yamlfile.File, list *yamlfile.Node) []string {
	items := f.List(list)
	if list != nil && list.Kind == yamlfile.List && len(items) == 0 {
		f.Errorf(list, "", "is empty")
	}
	var out []string
	for i, n := range items {
		s := f.Text(n, maxText)
		if i == 0 && !f.Filled(n, s) {
			return nil
		}
		out = append(out, s)
	}
	return out
}

// ReadBudget reads a budget with the given keys. Zero is refused in the file,
// because in a Budget it means that there is no bound.
func ReadBudget(f *yamlfile.File, n *yamlfile.Node, keys []string) Budget {
	if !f.Map(n, keys...) {
		return Budget{}
	}
	b := Budget{
		MicroUSD: positive(f, n.Get("usd"), 6),
		Tokens:   positive(f, n.Get("tokens"), 0),
		Turns:    positive(f, n.Get("turns"), 0),
	}
	if p := n.Get("parallel"); p != nil {
		b.Parallel = int(f.Int(p, 1, 256))
	}
	minutes := n.Get("minutes")
	switch micro := positive(f, minutes, 6); {
	case micro > maxMinutes*1_000_000:
		f.Errorf(minutes, "leave the key out for no bound", "is more than %d minutes", maxMinutes)
	default:
		b.TimeMS = (micro*60 + 999) / 1000 // up, so that a bound never becomes none
	}
	return b
}

func positive(f *yamlfile.File, n *yamlfile.Node, places int) int64 {
	v, ok := f.Decimal(n, places)
	if ok && v <= 0 {
		f.Errorf(n, "leave the key out for no bound", "a budget must be more than 0, not %s", n.Text)
		return 0
	}
	return v
}
