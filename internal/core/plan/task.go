package plan

import (
	"slices"
	"strings"

	"muster/internal/core/yamlfile"
)

func readTask(f *yamlfile.File, n *yamlfile.Node) Task {
	t := Task{Line: n.Line, ID: readID(f, f.Need(n, "id", "")), Type: readType(f, n)}
	prompt := f.Need(n, "prompt", "say what the agent is to do")
	t.Prompt = f.Text(prompt, maxPrompt)
	f.Filled(prompt, t.Prompt)
	t.Title = readTitle(f, n.Get("title"), t.Prompt)
	t.Scope = readScope(f, f.Need(n, "scope", "list the paths that the task may touch; [\"**\"] means all"))
	t.Needs = readNeeds(f, n.Get("needs"))
	t.Accept = ReadCommands(f, n.Get("accept"))
	t.Agent = ReadAgentName(f, n.Get("agent"))
	t.Budget = ReadBudget(f, n.Get("budget"), Keys("budget"))
	return t
}

// idRule is the hint for ids and agent names.
const idRule = "lower-case letters, digits and '-', at most 40, beginning with a letter or digit"

func isID(s, extra string) bool {
	return s != "" && len(s) <= 40 && !hasOther(s, extra) && !strings.ContainsAny(s[:1], extra)
}

func readID(f *yamlfile.File, n *yamlfile.Node) string {
	s := f.Line(n, maxLine)
	if !f.Filled(n, s) {
		return ""
	}
	if !isID(s, "-") {
		f.Errorf(n, idRule, "%s cannot be the id of a task", yamlfile.Quote(s))
		return ""
	}
	return s
}

// ReadAgentName reads the name of an agent. It may be empty.
func ReadAgentName(f *yamlfile.File, n *yamlfile.Node) string {
	s := f.Line(n, maxLine)
	if s == "" || isID(s, "-") {
		return s
	}
	f.Errorf(n, idRule, "%s cannot be the name of an agent", yamlfile.Quote(s))
	return ""
}

func readType(f *yamlfile.File, task *yamlfile.Node) Type {
	var known []string
	for _, t := range Types() {
		known = append(known, string(t))
	}
	return Type(f.OneOf(f.Need(task, "type", "one of "+strings.Join(known, ", ")), known...))
}

// readTitle reads a title; without one, the first line of the prompt serves.
func readTitle(f *yamlfile.File, n *yamlfile.Node, prompt string) string {
	if s := strings.TrimSpace(f.Line(n, maxTitle)); s != "" {
		return s
	}
	line, _, _ := strings.Cut(strings.TrimSpace(prompt), "\n")
	line = strings.Join(strings.Fields(line), " ")
	const longest = 72 // characters, as in the subject of a commit
	if short := []rune(line); len(short) > longest {
		return strings.TrimSpace(string(short[:longest-1])) + "…"
	}
	return line
}

func readScope(f *yamlfile.File, list *yamlfile.Node) []string {
	switch {
	case list == nil || list.Kind != yamlfile.List:
	case len(list.Items) == 0:
		f.Errorf(list, `["**"] means all paths`, "is empty: the task may touch nothing")
	case len(list.Items) > maxScope:
		f.Errorf(list, "name directories", "has %d globs; at most %d are accepted", len(list.Items), maxScope)
		return nil
	}
	return ReadGlobs(f, list)
}

func readNeeds(f *yamlfile.File, list *yamlfile.Node) []string {
	if list != nil && len(list.Items) > maxNeeds {
		f.Errorf(list, "", "has %d tasks; at most %d are accepted", len(list.Items), maxNeeds)
		return nil
	}
	return f.Lines(list, maxLine)
}

// ReadGlobs reads a list of globs; an empty list is fine.
func ReadGlobs(f *yamlfile.File, list *yamlfile.Node) []string {
	var out []string
	for _, n := range f.List(list) {
		s := f.Line(n, MaxGlob+1)
		if !f.Filled(n, s) {
			continue
		}
		if fail, advice := ValidGlob(s); fail != "" {
			f.Errorf(n, advice, "%s %s", yamlfile.Quote(s), fail)
			continue
		}
		out = append(out, s)
	}
	return out
}

// checkGraph records repeated ids, needs that are not there, cycles and
// overlapping scopes. nodes are the tasks' places in the file.
func checkGraph(f *yamlfile.File, tasks []Task, nodes []*yamlfile.Node) {
	index := make(map[string]int, len(tasks))
	ids := make([]string, 0, len(tasks))
	for i, t := range tasks {
		if first, twice := index[t.ID]; twice {
			f.Errorf(nodes[i].Get("id"), "", "the id %s was given before, in line %d", yamlfile.Quote(t.ID), tasks[first].Line)
		} else if t.ID != "" {
			index[t.ID] = i
			ids = append(ids, t.ID)
		}
	}
	edges := make([][]int, len(tasks))
	for i, t := range tasks {
		for j, id := range t.Needs {
			at := needNode(nodes[i], id)
			to, known := index[id]
			switch {
			case !known:
				f.Errorf(at, f.DidYouMean(id, ids), "there is no task %s", yamlfile.Quote(id))
			case id == t.ID:
				f.Errorf(at, "remove it", "the task needs itself")
			case slices.Contains(t.Needs[:j], id):
				f.Warnf(at, "remove one of them", "%s is listed twice", yamlfile.Quote(id))
			default:
				edges[i] = append(edges[i], to)
			}
		}
	}
	if checkCycles(f, tasks, edges, nodes) {
		checkOverlaps(f, tasks, edges, nodes)
	}
}

// needNode gives the place of the last mention of id among a task's needs.
func needNode(task *yamlfile.Node, id string) *yamlfile.Node {
	needs := task.Get("needs")
	for _, item := range slices.Backward(needs.Items) {
		if item.Text == id {
			return item
		}
	}
	return needs
}
