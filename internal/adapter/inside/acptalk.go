package inside

import (
	"encoding/json"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"muster/internal/core/job"
)

// talk turns what an agent says by the protocol into lines of output.
type talk struct {
	out       io.Writer
	dir       string // the worktree
	session   string
	isReplay  bool            // a session is being loaded: what is told has happened before
	text      strings.Builder // what is being said, in pieces
	said      string          // the agent's last words
	tools     map[string]*tool
	isRefused bool      // the last tool asked about was not allowed
	hasFailed bool      // said so in a notice of Codex's
	counted   job.Usage // from notices, for agents that do not count in their answer
}

// tool is one use of a tool.
type tool struct {
	kind   string
	title  string
	paths  []string
	isTold bool
	isDone bool
}

func newTalk(out io.Writer, dir string) *talk {
	return &talk{out: out, dir: dir, tools: map[string]*tool{}}
}

const maxTold = 64 << 10 // bytes of a text that is passed on; whoever reads it cuts it further

func (t *talk) say(e job.AgentEvent) {
	e.Text = e.Text[:min(len(e.Text), maxTold)]
	t.print(job.AgentLine{Muster: job.LineEvent, AgentEvent: e})
}

// print writes to standard output. When nobody reads it any more there is
// nobody to tell.
func (t *talk) print(l job.AgentLine) { _, _ = t.out.Write(l.Bytes()) }

func (t *talk) note(line []byte) {
	t.say(job.AgentEvent{Kind: job.AgentNote, Text: strings.ToValidUTF8(string(line[:min(len(line), maxText)]), "\uFFFD")})
}

// flush tells what was said in pieces as one text.
func (t *talk) flush() {
	if s := t.text.String(); strings.TrimSpace(s) != "" {
		t.said = s
		t.say(job.AgentEvent{Kind: job.AgentText, Text: s})
	}
	t.text.Reset()
}

// toolCall is how the protocol describes the use of a tool; every field may be
// missing.
type toolCall struct {
	ID        string `json:"toolCallId"`
	Title     string `json:"title"`
	Kind      string `json:"kind"`
	Status    string `json:"status"`
	Locations []struct {
		Path string `json:"path"`
	} `json:"locations"`
	Content json.RawMessage `json:"content"`
	Output  struct {
		Message string `json:"message"`
		Error   string `json:"error"`
		Content string `json:"content"`
	} `json:"rawOutput"`
	Input struct {
		Command json.RawMessage `json:"command"` // a text or a list
		Path    string          `json:"path"`
		Path2   string          `json:"file_path"`
		Path3   string          `json:"filePath"`
		Path4   string          `json:"filepath"`
		Path5   string          `json:"fileName"`
	} `json:"rawInput"`
}

func (c toolCall) command() string {
	var line string
	var words []string
	if decode(c.Input.Command, &line); line != "" {
		return line
	}
	decode(c.Input.Command, &words)
	return strings.Join(words, " ")
}

// paths lists the files that a use of a tool speaks of.
func (c toolCall) paths() []string {
	var diffs []struct {
		Type string `json:"type"`
		Path string `json:"path"`
	}
	decode(c.Content, &diffs)
	var out []string
	add := func(p string) {
		if p != "" && !slices.Contains(out, p) && len(out) < 1000 {
			out = append(out, p)
		}
	}
	for _, d := range diffs {
		if d.Type == "diff" {
			add(d.Path)
		}
	}
	for _, l := range c.Locations {
		add(l.Path)
	}
	for _, p := range []string{c.Input.Path, c.Input.Path2, c.Input.Path3, c.Input.Path4, c.Input.Path5} {
		add(p)
	}
	return out
}

func isEdit(kind string) bool { return kind == "edit" || kind == "delete" || kind == "move" }

// update handles a notice about the session.
func (t *talk) update(params json.RawMessage) {
	var p struct {
		Update json.RawMessage `json:"update"`
	}
	var u struct {
		Kind    string          `json:"sessionUpdate"`
		Content json.RawMessage `json:"content"` // an object for a text, a list for a tool
		Meta    struct {
			Usage turnUsage `json:"usage"`
			Codex struct {
				Thread struct {
					Type string `json:"type"`
				} `json:"threadStatus"`
			} `json:"codex"`
		} `json:"_meta"`
	}
	if t.isReplay || !decode(params, &p) || !decode(p.Update, &u) {
		return
	}
	if u.Meta.Codex.Thread.Type == "systemError" {
		t.hasFailed = true
	}
	switch u.Kind {
	case "agent_message_chunk":
		t.counted = t.counted.Add(u.Meta.Usage.usage())
		var content struct {
			Text string `json:"text"`
		}
		if decode(u.Content, &content); t.text.Len() < maxTold {
			t.text.WriteString(content.Text)
		}
	case "tool_call", "tool_call_update":
		var c toolCall
		decode(p.Update, &c)
		t.use(c)
	}
}

// use follows the use of a tool: it is told of when it begins, and its edits
// when they are done.
func (t *talk) use(c toolCall) *tool {
	t.flush()
	u := t.tools[c.ID]
	if u == nil {
		u = &tool{}
		if len(t.tools) < 10_000 {
			t.tools[c.ID] = u
		}
	}
	if c.Kind != "" {
		u.kind = c.Kind
	}
	if c.Title != "" {
		u.title = c.Title
	}
	if paths := c.paths(); len(paths) > 0 {
		u.paths = paths
	}
	command := c.command()
	if isKnown := command != "" || len(u.paths) > 0 || c.Status == "in_progress" || c.Status == "completed"; !u.isTold && isKnown {
		u.isTold, t.said = true, ""
		on := u.title
		if command != "" {
			on = command
		} else if len(u.paths) > 0 {
			on = u.paths[0]
			if rel, err := filepath.Rel(t.dir, on); err == nil && filepath.IsLocal(rel) {
				on = rel
			}
		}
		t.say(job.AgentEvent{Kind: job.AgentTool, Tool: name(u), Text: on})
	}
	if c.Status == "completed" && !u.isDone {
		u.isDone = true
		if isEdit(u.kind) {
			for _, p := range u.paths {
				t.say(job.AgentEvent{Kind: job.AgentEdit, Path: p})
			}
		}
	}
	if why := c.words(); c.Status == "failed" && !u.isDone && isDenial(why) {
		u.isDone = true
		t.say(job.AgentEvent{Kind: job.AgentDenied, Tool: name(u), Text: why})
	}
	return u
}

// words gives what a tool answered.
func (c toolCall) words() string {
	var parts []struct {
		Content struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	decode(c.Content, &parts)
	for _, p := range parts {
		if p.Content.Text != "" {
			return p.Content.Text
		}
	}
	return firstText(c.Output.Message, c.Output.Error, c.Output.Content)
}

// isDenial reports whether a tool failed because its agent did not allow it.
// The protocol has no word for it; these are those of the agents tested.
func isDenial(why string) bool {
	for _, mark := range []string{"denied", "not in workspace", "rejected", "rule which prevents", "permission"} {
		if strings.Contains(why, mark) {
			return true
		}
	}
	return false
}

func name(u *tool) string {
	if u.kind != "" {
		return u.kind
	}
	return u.title
}

// permit answers a request for leave. Edits within the worktree and commands
// are allowed, but no commits and no pushes; edits elsewhere are not. What is
// neither is the agent's own business (to read, to search, to think).
func (t *talk) permit(params json.RawMessage) map[string]any {
	var p struct {
		Call    toolCall `json:"toolCall"`
		Options []struct {
			ID   string `json:"optionId"`
			Kind string `json:"kind"`
		} `json:"options"`
	}
	decode(params, &p)
	u := t.use(p.Call)
	why := refusal(t.dir, u, firstText(p.Call.command(), u.title))
	t.isRefused = why != ""
	wanted := []string{"allow_once", "allow_always"}
	if why != "" {
		wanted = []string{"reject_once", "reject_always"}
		u.isDone = true // the agent will tell of it as failed
		t.say(job.AgentEvent{Kind: job.AgentDenied, Tool: name(u), Text: why})
	}
	for _, kind := range wanted {
		for _, o := range p.Options {
			if o.Kind == kind {
				return map[string]any{"outcome": "selected", "optionId": o.ID}
			}
		}
	}
	return map[string]any{"outcome": "cancelled"}
}

// refusal says why a tool may not be used, or nothing.
func refusal(dir string, u *tool, command string) string {
	// It stops habit, not malice: what an attempt leaves in its worktree
	// counts, never its commits.
	commitRE := regexp.MustCompile(`\bgit\b[^;&|\n]*\b(commit|push)\b`)
	if u.kind == "execute" && commitRE.MatchString(command) {
		return "Muster makes the commits: " + command
	}
	if !isEdit(u.kind) {
		return ""
	}
	for _, p := range u.paths {
		if !isWithin(dir, p) {
			return p + " is outside the worktree"
		}
	}
	return ""
}

// isWithin reports whether a path lies in a folder, links followed as far as
// the path exists.
func isWithin(dir, path string) bool {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return below(dir, filepath.Clean(path)) && below(real(dir), real(filepath.Clean(path)))
}

func below(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// real resolves links in the part of a path that exists.
func real(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(real(parent), filepath.Base(path))
}

func firstText(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
