package agent

import (
	"encoding/json"
	"strings"

	"muster/internal/core/job"
)

// opencodeReader reads what opencode run --format json prints. OpenCode has
// no event for the end of its run: the step that stops for no further tool is
// the last.
type opencodeReader struct {
	a       job.Attempt
	view    view
	session string
	said    string
	final   *final
	run     job.Usage // of this process, summed over its steps
	counted bool
	denied  []string
}

type opencodeLine struct {
	Type    string `json:"type"`
	Session string `json:"sessionID"`
	Part    struct {
		Text   string `json:"text"`
		Tool   string `json:"tool"`
		Reason string `json:"reason"`
		State  struct {
			Status string          `json:"status"`
			Input  json.RawMessage `json:"input"`
			Error  string          `json:"error"`
		} `json:"state"`
		Tokens struct {
			Input     count `json:"input"` // without the cache
			Output    count `json:"output"`
			Reasoning count `json:"reasoning"` // not in Output
			Cache     struct {
				Read  count `json:"read"`
				Write count `json:"write"`
			} `json:"cache"`
		} `json:"tokens"`
		Cost dollars `json:"cost"`
	} `json:"part"`
	Error struct {
		Name string `json:"name"`
		Data struct {
			Message string `json:"message"`
			Status  count  `json:"statusCode"`
		} `json:"data"`
	} `json:"error"`
}

func (r *opencodeReader) Line(line []byte) []job.AgentEvent {
	var l opencodeLine
	if !isObject(line) || !decode(line, &l) {
		return note(r.view, line)
	}
	var events []job.AgentEvent
	if s := session(l.Session); s != "" && r.session == "" {
		r.session = s
		events = append(events, job.AgentEvent{Kind: job.AgentStarted, Session: s, Model: r.view.name(r.a.Agent.Model)})
	}
	switch l.Type {
	case "step_start":
		r.final = nil
	case "text":
		if strings.TrimSpace(l.Part.Text) != "" {
			r.said = r.view.text(l.Part.Text)
			events = append(events, job.AgentEvent{Kind: job.AgentText, Text: r.said})
		}
	case "tool_use":
		events = append(events, r.used(l)...)
	case "step_finish":
		events = append(events, r.finished(l)...)
	case "error":
		events = append(events, r.failed(l))
	}
	return events
}

// used tells of a tool, which has ended when OpenCode tells of it.
func (r *opencodeReader) used(l opencodeLine) []job.AgentEvent {
	var in struct {
		File string `json:"filePath"`
	}
	decode(l.Part.State.Input, &in)
	target := firstOf(in.File, claudeTarget(l.Part.State.Input))
	tool, why := r.view.name(l.Part.Tool), l.Part.State.Error
	events := []job.AgentEvent{{Kind: job.AgentTool, Tool: tool, Text: r.view.target(target)}}
	isEdit := l.Part.Tool == "write" || l.Part.Tool == "edit"
	switch {
	case l.Part.State.Status == "completed" && isEdit:
		events = append(events, job.AgentEvent{Kind: job.AgentEdit, Path: r.view.path(in.File)})
	case l.Part.State.Status == "error" && (strings.Contains(why, "rule which prevents") || strings.Contains(why, "rejected permission")):
		if len(r.denied) < maxDenied {
			r.denied = append(r.denied, r.view.name(tool+" "+r.view.target(target)))
		}
		why, _, _ = strings.Cut(why, ". Here are") // the rules themselves are long
		events = append(events, job.AgentEvent{Kind: job.AgentDenied, Tool: tool, Text: r.view.text(why)})
	}
	return events
}

func (r *opencodeReader) finished(l opencodeLine) []job.AgentEvent {
	t := l.Part.Tokens
	u := job.Usage{
		Input: int64(t.Input), CacheRead: int64(t.Cache.Read), CacheWrite: int64(t.Cache.Write),
		Output: int64(t.Output) + int64(t.Reasoning), Reasoning: int64(t.Reasoning), CostMicroUSD: int64(l.Part.Cost),
	}
	// Where it knows no price (a local or a new model, a subscription) it says 0.
	u.CostUnknown = u.CostMicroUSD == 0
	r.run, r.counted = r.run.Add(u), true
	switch l.Part.Reason {
	case "tool-calls", "":
		return nil
	case "length":
		r.final = &final{job.Limit, "the model's answer was cut off at its greatest length"}
	case "content-filter":
		r.final = &final{job.Refused, firstOf(r.said, "the model's service refused the answer")}
	case "error":
		r.final = &final{job.Provider, "the model's service failed in the middle of an answer"}
	default: // stop
		r.final = &final{job.Done, r.said}
	}
	return []job.AgentEvent{{Kind: job.AgentEnded, Text: r.final.message}}
}

func (r *opencodeReader) failed(l opencodeLine) job.AgentEvent {
	message := firstOf(l.Error.Data.Message, l.Error.Name, "an error without a message")
	kind, ok := byStatus(int64(l.Error.Data.Status))
	switch {
	case ok:
	case l.Error.Name == "MessageAbortedError":
		kind = job.Crashed // somebody interrupted it, and not Muster
	default:
		kind = byText(message)
	}
	r.final = &final{kind, r.view.text(message)}
	return job.AgentEvent{Kind: job.AgentEnded, Text: r.final.message}
}

func (r *opencodeReader) End(exit job.Exit, stderrTail string) job.Outcome {
	stderrTail = r.view.text(stderrTail)
	out := job.Outcome{Session: firstOf(r.session, r.a.Session), Model: r.view.name(r.a.Agent.Model), Denied: r.denied}
	out.Kind, out.Message = judge(exit, r.final, lastWords(stderrTail))
	out.Message = r.view.text(advised(out.Kind, out.Message))
	forgetUnknownSession(r.a, &out, stderrTail)
	var total *job.Usage
	if r.counted {
		t := r.run
		if r.a.Session != "" {
			t = t.Add(r.a.Previous)
		}
		total = &t
	}
	bookUsage(r.a, &out, total)
	if r.final == nil || r.final.kind != job.Done {
		out.Usage.CostUnknown = true // the step under way reports nothing
	}
	return out
}
