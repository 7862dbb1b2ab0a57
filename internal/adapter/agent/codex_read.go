package agent

import (
	"fmt"
	"strings"

	"muster/internal/core/job"
)

// codexReader reads what codex exec --json prints.
type codexReader struct {
	a       job.Attempt
	view    view
	session string
	final   *final
	total   *job.Usage
	denied  []string
	said    string // the agent's last words
	trouble string // the last error, until something succeeds
}

type codexLine struct {
	Type     string     `json:"type"`
	ThreadID string     `json:"thread_id"`
	Message  string     `json:"message"`
	Item     codexItem  `json:"item"`
	Usage    codexUsage `json:"usage"`
	Error    struct {
		Message string `json:"message"`
	} `json:"error"`
}

type codexItem struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Message  string `json:"message"`
	Command  string `json:"command"`
	ExitCode *int   `json:"exit_code"`
	Status   string `json:"status"`
	Server   string `json:"server"`
	Tool     string `json:"tool"`
	Query    string `json:"query"`
	Changes  []struct {
		Path string `json:"path"`
		Kind string `json:"kind"`
	} `json:"changes"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// codexUsage counts over the whole thread. Input includes what was read from
// and written to the cache.
type codexUsage struct {
	Input      count `json:"input_tokens"`
	CacheRead  count `json:"cached_input_tokens"`
	CacheWrite count `json:"cache_write_input_tokens"`
	Output     count `json:"output_tokens"`
	Reasoning  count `json:"reasoning_output_tokens"`
}

func (r *codexReader) Line(line []byte) []job.AgentEvent {
	var l codexLine
	if !isObject(line) || !decode(line, &l) {
		return note(r.view, line)
	}
	switch l.Type {
	case "thread.started":
		r.session = session(l.ThreadID)
		return []job.AgentEvent{{Kind: job.AgentStarted, Session: r.session, Model: r.view.name(r.a.Agent.Model)}}
	case "turn.started":
		r.final = nil
	case "item.started":
		return r.began(l.Item)
	case "item.completed":
		return r.completed(l.Item)
	case "error":
		return r.failing(l.Message)
	case "turn.completed":
		return r.done(l.Usage)
	case "turn.failed":
		message := firstOf(l.Error.Message, r.trouble, "the turn failed")
		r.final = &final{byText(message), r.view.text(message)}
		return []job.AgentEvent{{Kind: job.AgentEnded, Text: r.final.message}}
	}
	return nil
}

func (r *codexReader) began(i codexItem) []job.AgentEvent {
	switch i.Type {
	case "command_execution":
		return []job.AgentEvent{{Kind: job.AgentTool, Tool: "shell", Text: r.view.text(i.Command)}}
	case "mcp_tool_call":
		return []job.AgentEvent{{Kind: job.AgentTool, Tool: r.view.name(i.Server + "/" + i.Tool)}}
	case "web_search":
		return []job.AgentEvent{{Kind: job.AgentTool, Tool: "web search", Text: r.view.text(i.Query)}}
	}
	return nil
}

func (r *codexReader) completed(i codexItem) []job.AgentEvent {
	r.trouble = "" // whatever it was, Codex got over it
	switch i.Type {
	case "agent_message":
		r.said = i.Text
		return []job.AgentEvent{{Kind: job.AgentText, Text: r.view.text(i.Text)}}
	case "command_execution":
		if i.Status == "declined" {
			return r.deny("shell", firstOf(i.Command), "declined")
		}
		if i.ExitCode != nil && *i.ExitCode != 0 {
			return []job.AgentEvent{{Kind: job.AgentNote, Text: fmt.Sprintf("exit code %d", *i.ExitCode)}}
		}
	case "file_change":
		return r.edited(i)
	case "mcp_tool_call":
		if i.Error != nil && strings.Contains(i.Error.Message, "requires approval") {
			return r.deny(i.Server+"/"+i.Tool, "", i.Error.Message)
		}
	case "error":
		return []job.AgentEvent{{Kind: job.AgentNote, Text: r.view.text(i.Message)}}
	}
	return nil
}

func (r *codexReader) edited(i codexItem) []job.AgentEvent {
	var events []job.AgentEvent
	for _, c := range i.Changes {
		switch i.Status {
		case "completed":
			events = append(events, job.AgentEvent{Kind: job.AgentEdit, Path: r.view.path(c.Path)})
		case "declined":
			events = append(events, r.deny("file change", c.Path, "declined")...)
		default:
			events = append(events, job.AgentEvent{Kind: job.AgentNote, Text: "the change of " + r.view.path(c.Path) + " failed"})
		}
	}
	return events
}

func (r *codexReader) deny(tool, target, why string) []job.AgentEvent {
	if len(r.denied) < maxDenied {
		r.denied = append(r.denied, r.view.name(tool+" "+r.view.target(target)))
	}
	return []job.AgentEvent{{Kind: job.AgentDenied, Tool: r.view.name(tool), Text: r.view.text(firstOf(why, target))}}
}

// failing handles an error outside a turn's end. Codex reports each of its
// own reconnections as one.
func (r *codexReader) failing(message string) []job.AgentEvent {
	r.trouble = r.view.text(message)
	kind := job.AgentNote
	if strings.HasPrefix(message, "Reconnecting") {
		kind = job.AgentRetry
	}
	return []job.AgentEvent{{Kind: kind, Text: r.trouble}}
}

func (r *codexReader) done(u codexUsage) []job.AgentEvent {
	r.total = &job.Usage{
		Input:     max(0, int64(u.Input)-int64(u.CacheRead)-int64(u.CacheWrite)),
		CacheRead: int64(u.CacheRead), CacheWrite: int64(u.CacheWrite),
		Output: int64(u.Output), Reasoning: int64(u.Reasoning),
		CostUnknown: true, // Codex knows no prices
	}
	r.final = &final{job.Done, r.view.text(r.said)}
	return []job.AgentEvent{{Kind: job.AgentEnded, Text: r.final.message}}
}

func (r *codexReader) End(exit job.Exit, stderrTail string) job.Outcome {
	stderrTail = r.view.text(stderrTail)
	for line := range strings.SplitSeq(stderrTail, "\n") { // a refused edit is no event
		if _, why, ok := strings.Cut(line, "patch rejected: "); ok && len(r.denied) < maxDenied {
			r.denied = append(r.denied, r.view.name("file change: "+why))
		}
	}
	out := job.Outcome{Session: firstOf(r.session, r.a.Session), Model: r.view.name(r.a.Agent.Model), Denied: r.denied}
	out.Kind, out.Message = judge(exit, r.final, firstOf(r.trouble, lastWords(stderrTail)))
	out.Message = r.view.text(advised(out.Kind, out.Message))
	forgetUnknownSession(r.a, &out, stderrTail)
	bookUsage(r.a, &out, r.total)
	if r.total == nil && r.session != "" {
		out.Usage.CostUnknown = true // it may have spent something that it never reported
	}
	return out
}
