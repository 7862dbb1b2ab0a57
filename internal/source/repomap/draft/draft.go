// Package draft writes a first plan for a repository from its map: a file in
// plain words that is valid as it stands, with real paths and commands, and
// with a comment for each key.
//
// It is pure: the same map and the same agents give the same bytes. What comes
// from the repository is quoted, and never begins a line.
package draft

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"muster/internal/source/repomap"
)

// Agent is an agent of the configuration as this machine has it.
type Agent struct {
	Name  string `json:"name"`
	Found bool   `json:"found"` // its program can be started here
}

// Measured is what became of a command of the repository that was run.
type Measured struct {
	Line string `json:"line"`
	MS   int64  `json:"ms"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"` // one line; empty when it passed
}

// Input is what a draft is made of.
type Input struct {
	Name     string // of the plan; it must be fit for a branch
	Target   string // branch; empty leaves it out
	From     string // what was looked at: "main at 1a2b3c4"
	Map      repomap.Map
	Agents   []Agent
	Default  string // agent for tasks that name none
	Agent    string // to be named by the tasks; empty leaves the choice to the configuration
	Measured []Measured
	Config   Config // what the repository has of one
}

// Config is what a repository has of a configuration, as far as it matters to
// a draft.
type Config int

// What there can be.
const (
	NoConfig     Config = iota // no file
	WithoutSetUp               // one that says nothing of setting worktrees up
	WithSetUp                  // one that sets worktrees up
)

// maxCommands is how many commands of one sort the acceptance lists.
const maxCommands = 8

// Acceptance gives the commands that judge the whole tree, in order: what has
// to be installed, what builds, what tests. Where no project has any, a target
// that tests stands in.
func Acceptance(m repomap.Map) []repomap.Command {
	var setup, build, test []repomap.Command
	for _, p := range m.Alone() {
		if len(p.Build)+len(p.Test) == 0 {
			continue // nothing of it needs what it would install
		}
		setup, build, test = append(setup, p.Setup...), append(build, p.Build...), append(test, p.Test...)
	}
	if len(test) == 0 && len(build) == 0 {
		if c, ok := m.Target("test", "check"); ok {
			test = append(test, c)
		}
	}
	cut := func(list []repomap.Command) []repomap.Command { return list[:min(len(list), maxCommands)] }
	return slices.Concat(cut(setup), cut(build), cut(test))
}

// Plan writes the plan.
func Plan(in Input) string {
	d := &draft{in: in}
	d.head()
	d.goal()
	d.acceptance()
	d.tasks()
	return d.b.String()
}

type draft struct {
	in Input
	b  strings.Builder
}

func (d *draft) f(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

// comment writes lines of explanation.
func (d *draft) comment(indent string, lines ...string) {
	for _, l := range lines {
		d.b.WriteString(strings.TrimRight(indent+"# "+clip(l), " ") + "\n")
	}
}

// head says what the file is, what to do with it, and what was found.
func (d *draft) head() {
	d.comment("",
		"A plan for Muster, filled in from "+cmp.Or(d.in.From, "this repository")+". It is valid as it stands.",
		"Write your goal and prompts in place of the examples. Then:", "",
		"  muster plan lint "+d.in.Name+"   says what is wrong with it, if anything is",
		"  muster run "+d.in.Name+"         gives its tasks to agents; it need not be committed", "",
		"What was found:")
	for _, row := range found(d.in) {
		d.comment("", "  "+row)
	}
	d.b.WriteString("\n")
}

func found(in Input) []string {
	m := in.Map
	var out []string
	var words []string
	for _, l := range m.Languages {
		words = append(words, fmt.Sprintf("%s (%s)", l.Name, plural(l.Files, "file")))
	}
	if len(words) == 0 {
		words = []string{"none that is known here; " + plural(m.Files, "file")}
	}
	out = append(out, "languages: "+strings.Join(words, ", "))
	for i, p := range m.Projects {
		if i == 12 {
			out = append(out, fmt.Sprintf("           and %d more", len(m.Projects)-i))
			break
		}
		text := p.Kind
		if p.Name != "" {
			text += " " + p.Name
		}
		if p.Manager != "" && !strings.HasPrefix(p.Kind, "Go") && p.Manager != "cargo" {
			text += ", " + p.Manager
		}
		out = append(out, "project:   "+p.Dir+" ("+text+")")
	}
	if len(m.Targets) > 0 {
		var lines []string
		for _, t := range m.Targets[:min(len(m.Targets), 10)] {
			lines = append(lines, t.Line)
		}
		out = append(out, "targets:   "+strings.Join(lines, ", "))
	}
	if m.Commits > 0 {
		out = append(out, "history:   "+plural(m.Commits, "commit")+" looked at")
	}
	for _, h := range m.Hot[:min(len(m.Hot), 5)] {
		text := fmt.Sprintf("mended:    %s, %s in %s", h.Path, plural(h.Fixes, "fix"), plural(h.Changes, "change"))
		if len(h.Owners) > 0 {
			text += ", owned by " + strings.Join(h.Owners, " ")
		}
		out = append(out, text)
	}
	var agents []string
	for _, a := range in.Agents {
		if a.Found {
			agents = append(agents, a.Name)
		}
	}
	if len(agents) == 0 {
		agents = []string{"none is installed here; muster doctor says how"}
	}
	out = append(out, "agents:    "+strings.Join(agents, ", "))
	for _, n := range m.Notes {
		out = append(out, "left out:  "+n)
	}
	return out
}

func (d *draft) goal() {
	d.f("version: 1\n\n")
	d.comment("", "The work is collected on the branch muster/"+d.in.Name+".")
	d.f("name: %s\n\n", scalar(d.in.Name))
	d.comment("", "What the whole plan is for, in one sentence. Agents and reviewers read it.")
	d.f("goal: %s\n\n", scalar(goalOf(d.in)))
	d.comment("", "The branch the work is for. It is moved only when every task has landed and",
		"the commands below pass; a branch that you have checked out is never moved.")
	if d.in.Target != "" {
		d.f("target: %s\n", scalar(d.in.Target))
	} else {
		d.comment("", "target: main")
	}
	d.f("\n")
	d.comment("", "What it is worth, for the record:", "why: {metric: what should change, expect: by how much, owner: "+ownerOf(d.in)+"}")
	d.f("\n")
}

func goalOf(in Input) string {
	if a, _ := areaOf(in); a.Dir != "" {
		return "Cover the behaviour of " + place(a.Dir) + " with tests"
	}
	return "Make the README say how to use this repository"
}

func ownerOf(in Input) string {
	for _, a := range in.Map.Areas {
		if len(a.Owners) > 0 {
			return scalar(a.Owners[0])
		}
	}
	return "who cares for it"
}

// acceptance lists the commands, and what became of those that were measured.
func (d *draft) acceptance() {
	all := Acceptance(d.in.Map)
	if len(all) == 0 {
		d.comment("", "Commands that must succeed on the final tree. No command that builds or tests",
			"this repository was found: write yours, as you type it at its root.", "accept: [./test.sh]", "")
	} else {
		d.comment("", "Commands that must succeed on the final tree. They run in this order, in one",
			"fresh checkout, where nothing is installed that Git does not track.")
		d.commands("", "accept", all)
		d.setup()
	}
	d.others()
	d.comment("", "What the run may use; when it is used up, the run pauses and asks.",
		"usd: US dollars, as the agents report them; minutes: time of agents; turns: answers of",
		"models to agents, as far as they tell; tokens; parallel: agents at once.")
	d.f("budget: {usd: 10, minutes: 120, parallel: 2}\n\n")
	d.comment("", "Questions that you have decided, so that no agent decides them otherwise:", "decisions:",
		"  - {id: D1, question: Where does the state live?, options: [memory, database], chosen: memory, because: One process is enough.}")
	d.f("\n")
}

// commands writes a list of commands. One that does not pass as things stand
// could never pass, so it becomes a comment that says so.
func (d *draft) commands(indent, key string, list []repomap.Command) {
	live := slices.ContainsFunc(list, func(c repomap.Command) bool { return passes(d.in, c.Line) })
	if live {
		d.f("%s%s:\n", indent, key)
	} else {
		d.f("%s# %s:\n", indent, key)
	}
	for _, c := range list {
		item := "  - "
		switch {
		case !live:
			item = "#   - "
		case !passes(d.in, c.Line):
			item = "  # - "
		}
		d.f("%s%s%s  # %s\n", indent, item, scalar(c.Line), clip(c.From+timeOf(d.in, c.Line)))
	}
}

func measuredOf(in Input, line string) (Measured, bool) {
	for _, m := range in.Measured {
		if m.Line == line {
			return m, true
		}
	}
	return Measured{}, false
}

func passes(in Input, line string) bool {
	m, ran := measuredOf(in, line)
	return !ran || m.OK
}

func timeOf(in Input, line string) string {
	m, ran := measuredOf(in, line)
	switch {
	case !ran:
		return ""
	case m.OK:
		return "; passes, took " + span(m.MS)
	}
	return "; does not pass as things stand (" + m.Why + "): mend that first"
}

// SetUp gives the lines of .muster/config.yaml with which what has to be
// installed is installed once for each state of the lockfiles; none where
// nothing has to be, or where worktrees are set up already.
func SetUp(in Input) []string {
	var lines []string
	for _, p := range in.Map.Alone() {
		for _, c := range p.Setup {
			if len(p.Build)+len(p.Test) > 0 && len(lines) < maxCommands {
				lines = append(lines, "  - "+scalar(c.Line))
			}
		}
	}
	if len(lines) == 0 || in.Config == WithSetUp {
		return nil
	}
	lines = append([]string{"setup:"}, lines...)
	if in.Config == NoConfig {
		lines = append([]string{"version: 1"}, lines...)
	}
	return lines
}

// setup says how to install once, and not in each acceptance.
func (d *draft) setup() {
	if lines := SetUp(d.in); len(lines) > 0 {
		d.comment("", "", "What is installed here can be installed once for each state of the lockfiles, for",
			"agents as well: by these lines in .muster/config.yaml, committed. It need not stand",
			"here then.", "")
		for _, l := range lines {
			d.comment("", "  "+l)
		}
	}
	d.f("\n")
}

// others lists further commands that the repository offers.
func (d *draft) others() {
	var out []string
	for _, p := range d.in.Map.Alone() {
		for _, c := range p.Others {
			out = append(out, c.Line)
		}
	}
	for _, name := range []string{"check", "lint", "test", "ci"} {
		if c, ok := d.in.Map.Target(name); ok {
			out = append(out, c.Line)
		}
	}
	if len(out) > 0 {
		d.comment("", "Others that are there: "+strings.Join(out[:min(len(out), 10)], "; "))
		d.f("\n")
	}
}

func span(ms int64) string {
	switch {
	case ms < 1000:
		return "less than a second"
	case ms < 100_000:
		return strconv.FormatInt((ms+500)/1000, 10) + " s"
	}
	return strconv.FormatInt((ms+30_000)/60_000, 10) + " min"
}

func plural(n int, word string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(word, "x"):
		word += "es"
	default:
		word += "s"
	}
	return strconv.Itoa(n) + " " + word
}

// place names a folder in a sentence or a title: of one whose path is very
// long, the end.
func place(dir string) string {
	const longest = 100 // bytes; a title has room for twice as many
	if dir == "." {
		return "the code at the root"
	}
	if len(dir) > longest {
		return "…" + strings.ToValidUTF8(dir[len(dir)-longest:], "")
	}
	return dir
}

const widest = 160 // characters of a comment

// clip keeps a comment on one line of a bearable length.
func clip(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return !unicode.IsGraphic(r) }), " ")
	if runes := []rune(s); len(runes) > widest {
		return string(runes[:widest-1]) + "…"
	}
	return s
}

// plainScalar is text that YAML takes as it is, in a block and in a flow.
var plainScalar = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z_./][A-Za-z0-9_./*=+@ -]*$`)
})

// scalar gives text as a YAML value. JSON's strings are YAML's too.
func scalar(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n", "~":
		return strconv.Quote(s)
	}
	if plainScalar().MatchString(s) && s == strings.TrimSpace(s) && !strings.Contains(s, " #") {
		return s
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string can always be written
	return strings.TrimSpace(b.String())
}

// slug makes the end of a task's id of a folder's name: the last name that
// says more than that there is code.
func slug(dir string) string {
	if dir == "." {
		return "root"
	}
	name := path.Base(dir)
	for _, n := range slices.Backward(strings.Split(dir, "/")) {
		if !slices.Contains([]string{"src", "lib", "source", "main", "java", "pkg", "app"}, strings.ToLower(n)) {
			name = n
			break
		}
	}
	s := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-")
	return cmp.Or(strings.Trim(s[:min(len(s), 24)], "-"), "code")
}
