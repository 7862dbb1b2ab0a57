package flow_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// A transcript is what one machine says to a list of events. Each file in
// testdata holds stories: "== title", then events as lines that begin with
// "> ", each followed by what the machine made of it:
//
//	> attempt_ended done cost=5
//	  phase working → capturing; slot true → -
//	  tell run: slot_released task=a usage.cost_micro_usd=5
//	  do 3.capture_change task=a attempt=1 base=B
//
// An event is its kind and short arguments; see words_test.go. An answer goes
// to the latest command of its kind, unless op= names another. A point is one
// word that stands for its tree and its commit. Lines with "#" are remarks;
// events after "- ", separated by "; ", are told elsewhere and not shown.
// Run with -update to write the answers anew, then read the difference.
func TestTranscripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	others := everyAnswer(t)
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for i, part := range strings.Split("\n"+string(data), "\n== ") {
			if i == 0 {
				out.WriteString(strings.TrimLeft(part, "\n"))
				continue
			}
			title, _, _ := strings.Cut(part, "\n")
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txt")+"/"+title, func(t *testing.T) {
				got := play(t, part, others)
				if !*update && got != part {
					t.Errorf("%s", difference(part, got))
				}
				out.WriteString("\n== " + got)
			})
		}
		if *update && !t.Failed() { // a story that cannot be told would be lost
			if err := os.WriteFile(name, []byte(out.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// difference shows the first line that differs, with what led to it.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("after\n%s\nwant %s\ngot  %s", strings.Join(g[max(0, i-3):min(i, len(g))], "\n"), a, b)
		}
	}
	return ""
}

// player hosts one machine, as an engine does.
type player struct {
	t      *testing.T
	stream flow.Stream
	first  flow.Event
	state  flow.State
	issued []flow.Command // with an order
	others []flow.Payload // one of every kind that answers a command
	silent bool           // what happens is not shown
	out    strings.Builder
}

// play tells a story and gives it back with the machine's answers.
func play(t *testing.T, story string, others []flow.Payload) string {
	p := &player{t: t, others: others}
	for line := range strings.Lines(story) {
		text := strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(text, "> "):
			p.out.WriteString(text + "\n")
			p.event(strings.TrimPrefix(text, "> "))
		case strings.HasPrefix(text, "- "):
			p.silent = true
			for e := range strings.SplitSeq(strings.TrimPrefix(text, "- "), "; ") {
				p.event(e)
			}
			p.silent = false
			p.out.WriteString(text + "\n")
		case strings.HasPrefix(text, "  "): // a former answer
		default:
			p.out.WriteString(text + "\n")
		}
	}
	return strings.TrimRight(p.out.String(), "\n") + "\n"
}

func (p *player) event(line string) {
	p.t.Helper()
	e := p.read(line)
	before := p.state
	defer func() {
		if b, ok := recover().(fault.Broken); ok {
			p.say("broken: %s", b.Invariant)
			p.state = before
		}
	}()
	var commands []flow.Command
	if before == nil {
		var err error
		p.first, p.stream = e, streamOf(e.Data)
		if p.state, commands, err = flow.Start(p.stream, e); err != nil {
			p.t.Fatal(err)
		}
		p.remember(commands)
	} else {
		if before.Done() {
			p.t.Fatalf("%q comes after the machine is done", line)
		}
		p.state, commands = p.step(e)
	}
	p.show(before, commands)
	p.foreign(commands)
}

// step steps the machine, and makes sure that it is pure, that it goes on the
// same from its snapshot, and that it ignores a doubled answer.
func (p *player) step(e flow.Event) (flow.State, []flow.Command) {
	p.t.Helper()
	before := text(p.t, p.state)
	loaded, err := flow.Load(p.stream, p.first, []byte(before))
	if err != nil {
		p.t.Fatal(err)
	}
	if got := text(p.t, loaded); got != before {
		p.t.Errorf("loaded from its snapshot, the machine is\n%s\nand was\n%s", got, before)
	}
	next, commands := p.state.Step(e)
	again, commandsAgain := loaded.Step(e)
	if text(p.t, next) != text(p.t, again) || text(p.t, commands) != text(p.t, commandsAgain) {
		p.t.Errorf("loaded from its snapshot, the machine steps differently on %s", e.Data.Kind())
	}
	if text(p.t, p.state) != before {
		p.t.Errorf("%s changed the former state", e.Data.Kind())
	}
	if e.Op != "" && !next.Done() && !tellsItself(p.stream, commands) {
		p.ignores(next, e, "a doubled answer")
	}
	p.remember(commands)
	return next, commands
}

func (p *player) remember(commands []flow.Command) {
	for _, c := range commands {
		if c.Order != nil {
			p.issued = append(p.issued, c)
		}
	}
}

// foreign makes sure that answers to commands that the machine did not issue
// change nothing.
func (p *player) foreign(commands []flow.Command) {
	p.t.Helper()
	if p.stream == "" || p.state.Done() || tellsItself(p.stream, commands) {
		return
	}
	for _, d := range p.others {
		p.ignores(p.state, flow.Event{ID: "x", Actor: "engine", Op: "999." + string(d.Kind()), Data: d}, "a foreign answer")
	}
}

// everyAnswer gives one payload of every kind that answers a command.
func everyAnswer(t *testing.T) []flow.Payload {
	t.Helper()
	var out []flow.Payload
	for _, k := range kinds() {
		if answers(k) == "" {
			continue
		}
		d, err := flow.DecodePayload(k, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

func (p *player) ignores(s flow.State, e flow.Event, what string) {
	p.t.Helper()
	next, commands := s.Step(e)
	if text(p.t, next) != text(p.t, s) || len(commands) > 0 {
		p.t.Errorf("%s (%s, %s) is not ignored:\n%s\n%s\n%s", what, e.Data.Kind(), e.Op, text(p.t, s), text(p.t, next), text(p.t, commands))
	}
}

// tellsItself reports that a message is under way that the machine needs
// before it is at rest.
func tellsItself(s flow.Stream, commands []flow.Command) bool {
	return slices.ContainsFunc(commands, func(c flow.Command) bool { return c.Order == nil && c.To == s })
}

func streamOf(first flow.Payload) flow.Stream {
	switch d := first.(type) {
	case flow.TaskStarted:
		return flow.TaskStream(d.Run, d.Node.ID)
	case flow.QueueStarted:
		return flow.QueueStream(d.Run)
	case flow.TestsTried:
		return flow.TestsStream
	}
	return flow.RunStream("r")
}

func (p *player) say(format string, args ...any) {
	if p.silent {
		return
	}
	p.out.WriteString("  " + strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\\n") + "\n") // one line each
}

// show prints what changed and what is to be done.
func (p *player) show(before flow.State, commands []flow.Command) {
	if p.silent {
		return
	}
	changes := diff(flat(p.t, before), flat(p.t, p.state))
	if changes != "" {
		p.say("%s", changes)
	}
	for _, c := range commands {
		if c.Order == nil {
			p.say("tell %s: %s%s", short(c.To), c.Message.Kind(), leaves(flat(p.t, c.Message)))
			continue
		}
		due := ""
		if c.DueUS > 0 {
			due = fmt.Sprintf(" at=%ds", c.DueUS/1e6)
		}
		p.say("do %s%s%s", c.Op, due, leaves(flat(p.t, c.Order)))
	}
	if changes == "" && len(commands) == 0 {
		p.say("ignored")
	}
}

// short names a stream of the run r.
func short(s flow.Stream) string {
	if s.Task() != "" {
		return s.Task()
	}
	return strings.TrimSuffix(string(s), "/r")
}

// leaf is one value in a tree of values.
type leaf struct{ path, value string }

// flat gives the values of v that are not zero, by path. What every order and
// machine repeats is left out.
func flat(t *testing.T, v any) []leaf {
	t.Helper()
	var tree any
	if err := json.Unmarshal([]byte(text(t, v)), &tree); err != nil {
		t.Fatal(err)
	}
	var out []leaf
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if p, ok := point(v); ok {
				out = append(out, leaf{path, p})
				return
			}
			for _, k := range []string{"phase", "stage"} { // first
				if x, ok := v[k]; ok && path == "" {
					walk(k, x)
				}
			}
			for k := range v {
				if path == "" && slices.Contains([]string{"run", "name", "plan", "config", "ops", "phase", "stage"}, k) {
					continue
				}
				walk(strings.TrimPrefix(path+"."+k, "."), v[k])
			}
		case []any:
			var items []string
			for _, x := range v {
				items = append(items, strings.TrimPrefix(brief(x), "map"))
			}
			out = append(out, leaf{path, "[" + strings.Join(items, " ") + "]"})
		case nil:
		case float64:
			out = append(out, leaf{path, fmt.Sprintf("%.0f", v)})
		default:
			out = append(out, leaf{path, fmt.Sprint(v)})
		}
	}
	walk("", tree)
	out = slices.DeleteFunc(out, func(l leaf) bool { return slices.Contains([]string{"", "0", "false", "[]"}, l.value) })
	slices.SortStableFunc(out, func(a, b leaf) int { return strings.Compare(rank(a.path), rank(b.path)) })
	return out
}

// rank puts what says most first.
func rank(path string) string {
	if path == "phase" || path == "stage" || path == "task" || path == "reason" {
		return "\x00" + path
	}
	return path
}

// brief gives an item of a list on one line: its id where it has one.
func brief(x any) string {
	m, ok := x.(map[string]any)
	if !ok {
		return fmt.Sprint(x)
	}
	for _, k := range []string{"id", "task"} {
		if id, ok := m[k]; ok {
			return fmt.Sprint(id)
		}
	}
	b, _ := json.Marshal(x)
	return string(b)
}

// point gives the word that stands for a point.
func point(m map[string]any) (string, bool) {
	tree, ok := m["tree"].(string)
	commit, _ := m["commit"].(string)
	if !ok || len(m) > 2 || len(m) == 2 && commit == "" {
		return "", false
	}
	if commit == "" || commit == "c-"+tree {
		return tree, true
	}
	return commit + "+" + tree, true
}

func diff(before, after []leaf) string {
	value := func(leaves []leaf, path string) string {
		if i := slices.IndexFunc(leaves, func(l leaf) bool { return l.path == path }); i >= 0 {
			return leaves[i].value
		}
		return "-"
	}
	var out []string
	for _, l := range after {
		if was := value(before, l.path); was != l.value {
			out = append(out, fmt.Sprintf("%s %s → %s", l.path, was, l.value))
		}
	}
	for _, l := range before {
		if value(after, l.path) == "-" {
			out = append(out, fmt.Sprintf("%s %s → -", l.path, l.value))
		}
	}
	return strings.Join(out, "; ")
}

func leaves(list []leaf) string {
	var out strings.Builder
	for _, l := range list {
		v := l.value
		if strings.Contains(v, " ") && !strings.HasPrefix(v, "[") {
			v = fmt.Sprintf("%q", v)
		}
		out.WriteString(" " + l.path + "=" + v)
	}
	return out.String()
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
