package draft

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/source/repomap"
)

// task is one example.
type task struct {
	id, kind, title string
	prompt          []string
	scope           []string
	needs           string
	accept          []repomap.Command
}

// tasks writes the first example as a task, and the others as comments: what
// is run unread should be small.
func (d *draft) tasks() {
	examples := examplesOf(d.in)
	d.comment("", "The tasks. Each is given to one agent in a worktree of its own, and lands when",
		"its checks pass. Tasks that need nothing of each other run at the same time.")
	d.f("tasks:\n")
	d.explained(examples[0])
	if len(examples) > 1 {
		d.f("\n")
		d.comment("  ", "More examples for this repository. Take the \"# \" before each line away to use them.")
	}
	for _, t := range examples[1:] {
		d.f("\n")
		sub := &draft{in: d.in}
		sub.plainTask(t)
		for line := range strings.Lines(sub.b.String()) {
			d.f("  # %s", strings.TrimPrefix(line, "  "))
		}
	}
}

// explained writes a task with a comment for each key.
func (d *draft) explained(t task) {
	d.f("  - id: %s\n", scalar(t.id))
	d.comment("    ", "One of feature, fix, refactor, test, docs, perf, chore, ci.")
	d.f("    type: %s\n    title: %s\n", t.kind, scalar(t.title))
	d.comment("    ", "What the agent is told. Say what must be true afterwards, and how to see it.")
	d.prompt(t)
	d.comment("    ", "The paths it may touch, as globs. A change outside of them goes to you.")
	d.list("scope", t.scope)
	d.accepted(t)
	d.comment("    ", "Tasks that must have landed before this one begins:", "needs: [another-task]")
	d.agent()
	d.f("    budget: {usd: 2, minutes: 30}\n")
}

// plainTask writes a task without explanations.
func (d *draft) plainTask(t task) {
	d.f("  - id: %s\n    type: %s\n    title: %s\n", scalar(t.id), t.kind, scalar(t.title))
	d.prompt(t)
	d.list("scope", t.scope)
	if t.needs != "" {
		d.f("    needs: [%s]\n", t.needs)
	}
	if len(t.accept) > 0 {
		d.commands("    ", "accept", t.accept)
	}
	if d.in.Agent != "" {
		d.f("    agent: %s\n", scalar(d.in.Agent))
	}
	d.f("    budget: {usd: 2, minutes: 30}\n")
}

func (d *draft) prompt(t task) {
	d.f("    prompt: |\n")
	for _, line := range t.prompt {
		d.f("      %s\n", line)
	}
}

func (d *draft) list(key string, items []string) {
	d.f("    %s:\n", key)
	for _, item := range items {
		d.f("      - %s\n", scalar(item))
	}
}

func (d *draft) accepted(t task) {
	if len(t.accept) == 0 {
		d.comment("    ", "Commands that must succeed on this task's change alone:", "accept: [./test.sh]")
		return
	}
	d.comment("    ", "Commands that must succeed on this task's change alone.")
	d.commands("    ", "accept", t.accept)
}

// agent names the agent where the default one is not here, and says which
// others are.
func (d *draft) agent() {
	var others []string
	for _, a := range d.in.Agents {
		if a.Found && a.Name != d.in.Agent {
			others = append(others, a.Name)
		}
	}
	if d.in.Agent != "" {
		d.comment("    ", "The default agent, "+d.in.Default+", is not installed here; this one is.")
		d.f("    agent: %s\n", scalar(d.in.Agent))
		return
	}
	others = slices.DeleteFunc(others, func(name string) bool { return name == d.in.Default })
	if len(others) > 0 {
		d.comment("    ", "The agent, when it is not to be the default one ("+d.in.Default+"):", "agent: "+others[0])
	}
}

// area gives the folder of code that most wants tests, and the file in it to
// begin with: the first, in the order of mending, that has few tests and that
// a command tests.
func areaOf(in Input) (repomap.Area, string) {
	areas := in.Map.Areas
	for _, fits := range []func(repomap.Area) bool{
		func(a repomap.Area) bool {
			return len(a.Test) > 0 && 2*a.Tests < a.Sources && a.Dir != "." && !isSide(a.Dir)
		},
		func(a repomap.Area) bool { return len(a.Test) > 0 && 2*a.Tests < a.Sources },
		func(a repomap.Area) bool { return len(a.Test) > 0 },
		func(repomap.Area) bool { return true },
	} {
		if i := slices.IndexFunc(areas, fits); i >= 0 {
			return areas[i], hotIn(in, areas[i].Dir)
		}
	}
	return repomap.Area{}, ""
}

// isSide reports whether a folder holds what seldom has behaviour to test:
// scripts, stand-ins, texts, generated code.
func isSide(dir string) bool {
	for name := range strings.SplitSeq(strings.ToLower(dir), "/") {
		switch name {
		case "script", "scripts", "bin", "tool", "tools", "hack", "mock", "mocks", "fake", "fakes", "testutil", "testutils", "test-utils",
			"locale", "locales", "i18n", "theme", "themes", "migrations", "gen", "generated", "codegen", "types", "typings":
			return true
		}
	}
	return false
}

// hotIn gives the file of a folder that was mended most, or "".
func hotIn(in Input, dir string) string {
	for _, h := range in.Map.Hot {
		if path.Dir(h.Path) == dir {
			return h.Path
		}
	}
	return ""
}

// examples gives one to three tasks with real paths of the repository.
func examplesOf(in Input) []task {
	docs := task{
		id: "readme", kind: "docs", title: "The README says what is true today",
		prompt: []string{
			"Compare README.md with the code: every command, path and setting that it names",
			"must be there and work. Mend what is not, and add what a newcomer needs first.",
		},
		scope: []string{"README.md", "docs/**"},
	}
	a, hot := areaOf(in)
	if a.Dir == "" {
		return []task{docs}
	}
	first := task{
		id: "tests-" + slug(a.Dir), kind: "test", title: "Tests for " + place(a.Dir), scope: a.Scope, accept: taskAccept(a),
		prompt: []string{"Write tests for what " + place(a.Dir) + " does and no test covers yet."},
	}
	if hot != "" {
		first.prompt = append(first.prompt, fmt.Sprintf("Begin with %s, which had to be mended often.", hot))
	}
	first.prompt = append(first.prompt,
		"Change tests only. Where the code is wrong, say so in your last message and leave it as it is.")
	fix := task{
		kind: "fix", scope: a.Scope, accept: first.accept, needs: first.id,
		prompt: []string{
			"Say here what you did, what happened, and what should have happened.",
			"Write a test that shows it first, then mend the code until it passes.",
		},
	}
	other := in.Map.Areas[0]
	if other.Dir != a.Dir {
		fix.scope, fix.accept, fix.needs = other.Scope, taskAccept(other), ""
		if overlaps(other.Scope, a.Scope) {
			fix.needs = first.id
		}
	}
	fix.id, fix.title = "fix-"+slug(other.Dir), "Mend what goes wrong in "+place(other.Dir)
	return []task{first, fix, docs}
}

// overlaps reports whether two scopes share a glob, or one holds the other's
// folder: close enough for an order between two examples.
func overlaps(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			x, y := strings.TrimSuffix(x, "**"), strings.TrimSuffix(y, "**")
			if strings.HasPrefix(x, y) || strings.HasPrefix(y, x) || strings.HasPrefix(x, "*") || strings.HasPrefix(y, "*") {
				return true
			}
		}
	}
	return false
}

// taskAccept gives what tests an area, and before it what has to be installed.
func taskAccept(a repomap.Area) []repomap.Command {
	if len(a.Test) == 0 {
		return nil
	}
	return slices.Concat(a.Setup, a.Test)
}
