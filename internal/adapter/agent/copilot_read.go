package agent

import (
	"encoding/json"
	"fmt"
	"strings"

	"muster/internal/core/job"
)

// copilotReader reads the events of Copilot, and the line that inside.Append
// prints after them.
type copilotReader struct {
	a         job.Attempt
	view      view
	session   string
	model     string
	said      string
	isStarted bool
	isAborted bool // a result of success follows an interruption all the same
	failure   *final
	final     *final
	total     *job.Usage
	denied    []string
	targets   map[string]string // id of a tool under way -> its name and what it is used on
}

type copilotLine struct {
	Muster string      `json:"muster"`
	File   copilotFile `json:"file"`

	Type    string          `json:"type"`
	Session string          `json:"sessionId"`
	Exit    json.RawMessage `json:"exitCode"`
	Data    struct {
		Model     string          `json:"model"`
		Content   string          `json:"content"`
		Message   string          `json:"message"`
		Status    count           `json:"statusCode"`
		Kind      string          `json:"errorType"`
		Info      string          `json:"infoType"`
		ToolID    string          `json:"toolCallId"`
		Tool      string          `json:"toolName"`
		Arguments json.RawMessage `json:"arguments"`
		Success   bool            `json:"success"`
		Edits     []struct {
			Path string `json:"path"`
		} `json:"fileEdits"`
		Error struct {
			Message string `json:"message"`
			Code    string `json:"code"`
		} `json:"error"`
	} `json:"data"`
}

// copilotFile is what Copilot says that the session has used so far.
type copilotFile struct {
	Models map[string]struct {
		Usage struct {
			Input      count `json:"inputTokens"` // includes what was cached
			Output     count `json:"outputTokens"`
			CacheRead  count `json:"cacheReadTokens"`
			CacheWrite count `json:"cacheWriteTokens"`
			Reasoning  count `json:"reasoningTokens"`
		} `json:"usage"`
	} `json:"modelMetrics"`
}

func (r *copilotReader) Line(line []byte) []job.AgentEvent {
	var l copilotLine
	if !isObject(line) || !decode(line, &l) {
		return note(r.view, line)
	}
	var events []job.AgentEvent
	switch l.Type {
	case "session.tools_updated":
		r.model = firstOf(r.view.name(l.Data.Model), r.model)
	case "user.message":
		if !r.isStarted {
			r.isStarted = true
			events = append(events, job.AgentEvent{Kind: job.AgentStarted, Session: r.session, Model: r.model})
		}
	case "":
		if l.Muster == "file" {
			r.count(l.File)
		}
	case "result":
		return r.result(l)
	}
	return append(events, r.event(l)...)
}

func (r *copilotReader) event(l copilotLine) []job.AgentEvent {
	switch d := l.Data; l.Type {
	case "assistant.message":
		r.failure, r.isAborted = nil, false
		if strings.TrimSpace(d.Content) != "" {
			r.said = r.view.text(d.Content)
			return []job.AgentEvent{{Kind: job.AgentText, Text: r.said}}
		}
	case "tool.execution_start":
		target := copilotTarget(d.Arguments)
		if r.targets == nil {
			r.targets = map[string]string{}
		}
		if len(r.targets) < 1000 {
			r.targets[d.ToolID] = d.Tool + " " + r.view.target(target)
		}
		return []job.AgentEvent{{Kind: job.AgentTool, Tool: r.view.name(d.Tool), Text: r.view.target(target)}}
	case "tool.execution_complete":
		return r.used(l)
	case "model.call_failure":
		what := firstOf(d.Error.Message, "its model request failed")
		if d.Status > 0 {
			what = fmt.Sprintf("its model request failed: %d", d.Status)
		}
		return []job.AgentEvent{{Kind: job.AgentRetry, Text: r.view.text(what)}}
	case "session.error":
		kind, ok := byStatus(int64(d.Status))
		if !ok {
			kind = byText(d.Kind + ": " + d.Message)
		}
		r.failure = &final{kind, r.view.text(d.Message)}
		return []job.AgentEvent{{Kind: job.AgentNote, Text: r.failure.message}}
	case "session.warning":
		return []job.AgentEvent{{Kind: job.AgentNote, Text: r.view.text(d.Message)}}
	case "abort":
		r.isAborted = true
	}
	return nil
}

// used handles a tool that has ended.
func (r *copilotReader) used(l copilotLine) []job.AgentEvent {
	what := r.targets[l.Data.ToolID]
	delete(r.targets, l.Data.ToolID)
	var events []job.AgentEvent
	switch d := l.Data; {
	case d.Success:
		for _, e := range d.Edits {
			events = append(events, job.AgentEvent{Kind: job.AgentEdit, Path: r.view.path(e.Path)})
		}
	case d.Error.Code == "denied" || d.Error.Code == "rejected":
		if len(r.denied) < maxDenied {
			r.denied = append(r.denied, r.view.name(what))
		}
		tool, _, _ := strings.Cut(what, " ")
		events = append(events, job.AgentEvent{Kind: job.AgentDenied, Tool: r.view.name(tool), Text: r.view.text(d.Error.Message)})
	}
	return events
}

func (r *copilotReader) result(l copilotLine) []job.AgentEvent {
	if s := session(l.Session); s != "" {
		r.session = s
	}
	switch {
	case r.isAborted:
		r.final = &final{job.Crashed, "the agent was interrupted"}
	case r.failure != nil:
		r.final = r.failure
	case string(l.Exit) == "0":
		r.final = &final{job.Done, r.said}
	default:
		r.final = &final{job.Provider, "the turn failed and the agent does not say why"}
	}
	return []job.AgentEvent{{Kind: job.AgentEnded, Text: r.final.message}}
}

func (r *copilotReader) count(f copilotFile) {
	total := job.Usage{CostUnknown: true} // it counts requests of a plan, not money
	for _, m := range f.Models {
		u := m.Usage
		total = total.Add(job.Usage{
			Input:     max(0, int64(u.Input)-int64(u.CacheRead)-int64(u.CacheWrite)),
			CacheRead: int64(u.CacheRead), CacheWrite: int64(u.CacheWrite), Output: int64(u.Output), Reasoning: int64(u.Reasoning),
		})
	}
	r.total = &total
}

func (r *copilotReader) End(exit job.Exit, stderrTail string) job.Outcome {
	stderrTail = r.view.text(stderrTail)
	out := job.Outcome{Session: r.session, Model: r.model, Denied: r.denied}
	trouble := lastWords(stderrTail)
	if r.failure != nil {
		trouble = r.failure.message
	}
	out.Kind, out.Message = judge(exit, r.final, trouble)
	out.Message = r.view.text(advised(out.Kind, out.Message))
	forgetUnknownSession(r.a, &out, stderrTail)
	if !r.isStarted && r.a.Session == "" {
		out.Session = "" // the session was never begun
	}
	bookUsage(r.a, &out, r.total)
	if r.total == nil && r.isStarted {
		out.Usage.CostUnknown = true // it may have spent something that it never reported
	}
	return out
}

// copilotTarget picks out of a tool's arguments what it is used on.
func copilotTarget(arguments json.RawMessage) string {
	var patch string // apply_patch takes a text
	if decode(arguments, &patch) && patch != "" {
		patch, _, _ = strings.Cut(patch, "\n@@")
		return patch
	}
	return claudeTarget(arguments)
}
