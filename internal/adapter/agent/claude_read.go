package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"muster/internal/adapter/agent/until"
	"muster/internal/core/job"
)

// claudeReader reads the stream-json of Claude Code.
type claudeReader struct {
	a       job.Attempt
	view    view
	session string
	model   string
	edits   map[string]string // id of an edit under way -> path
	final   *final
	total   *job.Usage
	run     job.Usage // tokens of this process, from results without a count per model
	denied  []string
	trouble string // the last failed request, while it is being repeated
	untilUS int64  // when the quota ends that was used up last, as the service says
}

type claudeLine struct {
	Type      string          `json:"type"`
	Subtype   string          `json:"subtype"`
	SessionID string          `json:"session_id"`
	Model     string          `json:"model"`
	Message   json.RawMessage `json:"message"` // an object, or a text in permission_denied
	Parent    string          `json:"parent_tool_use_id"`

	// api_retry
	Attempt     count  `json:"attempt"`
	MaxRetries  count  `json:"max_retries"`
	ErrorStatus count  `json:"error_status"`
	Error       string `json:"error"`

	// permission_denied
	ToolName string `json:"tool_name"`
	Reason   string `json:"decision_reason"`

	// result
	IsError    json.RawMessage        `json:"is_error"`
	Ending     string                 `json:"terminal_reason"`
	StopReason string                 `json:"stop_reason"`
	APIStatus  count                  `json:"api_error_status"`
	Result     string                 `json:"result"`
	Errors     []string               `json:"errors"`
	Cost       dollars                `json:"total_cost_usd"`
	Usage      claudeUsage            `json:"usage"`
	Models     map[string]claudeModel `json:"modelUsage"`
	Denials    []claudeDenial         `json:"permission_denials"`
}

type claudeUsage struct {
	Input      count `json:"input_tokens"`
	CacheWrite count `json:"cache_creation_input_tokens"`
	CacheRead  count `json:"cache_read_input_tokens"`
	Output     count `json:"output_tokens"`
	Details    struct {
		Thinking count `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
}

type claudeModel struct {
	Input      count   `json:"inputTokens"`
	Output     count   `json:"outputTokens"`
	CacheRead  count   `json:"cacheReadInputTokens"`
	CacheWrite count   `json:"cacheCreationInputTokens"`
	Thinking   count   `json:"thinkingTokens"`
	Cost       dollars `json:"costUSD"`
	Basis      string  `json:"costBasis"`
}

type claudeDenial struct {
	Tool  string          `json:"tool_name"`
	Input json.RawMessage `json:"tool_input"`
}

type claudeMessage struct {
	Content []claudeBlock `json:"content"`
}

type claudeBlock struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Input   json.RawMessage `json:"input"`
	ToolUse string          `json:"tool_use_id"`
	IsError bool            `json:"is_error"`
}

// decode unmarshals as much of b into v as fits and reports whether b was a
// JSON value at all. A field of an unexpected type keeps its zero value.
func decode(b []byte, v any) bool {
	err := json.Unmarshal(b, v)
	var mistyped *json.UnmarshalTypeError
	return err == nil || errors.As(err, &mistyped)
}

func (r *claudeReader) Line(line []byte) []job.AgentEvent {
	var l claudeLine
	if !isObject(line) || !decode(line, &l) {
		return note(r.view, line)
	}
	if s := session(l.SessionID); s != "" {
		r.session = s
	}
	switch l.Type {
	case "system":
		return r.system(l)
	case "assistant":
		return r.assistant(l)
	case "user":
		return r.user(l)
	case "result":
		return r.result(l)
	case "rate_limit_event":
		r.untilUS = until.OfClaude(line, r.untilUS)
	}
	return nil
}

func (r *claudeReader) system(l claudeLine) []job.AgentEvent {
	switch l.Subtype {
	case "init":
		r.model = r.view.name(l.Model)
		return []job.AgentEvent{{Kind: job.AgentStarted, Session: r.session, Model: r.model}}
	case "api_retry":
		what := firstOf(l.Error, "request failed")
		if l.ErrorStatus > 0 {
			what = fmt.Sprintf("%d %s", l.ErrorStatus, what)
		}
		r.trouble = r.view.text("its model request was failing: " + what)
		return []job.AgentEvent{{Kind: job.AgentRetry, Text: r.view.text(fmt.Sprintf("%s, retry %d of %d", what, l.Attempt, l.MaxRetries))}}
	case "permission_denied":
		var message string
		decode(l.Message, &message)
		return []job.AgentEvent{{Kind: job.AgentDenied, Tool: r.view.name(l.ToolName), Text: r.view.text(firstOf(l.Reason, message))}}
	}
	return nil
}

func (r *claudeReader) assistant(l claudeLine) []job.AgentEvent {
	// One process can hold several turns (work in the background wakes it
	// again); only the last result is final.
	r.final, r.trouble = nil, ""
	var m claudeMessage
	decode(l.Message, &m)
	var events []job.AgentEvent
	for _, b := range m.Content {
		switch b.Type {
		case "text":
			if strings.TrimSpace(b.Text) != "" {
				events = append(events, job.AgentEvent{Kind: job.AgentText, Text: r.view.text(b.Text)})
			}
		case "tool_use":
			target := claudeTarget(b.Input)
			events = append(events, job.AgentEvent{Kind: job.AgentTool, Tool: r.view.name(b.Name), Text: r.view.target(target)})
			if isClaudeEdit(b.Name) && len(r.edits) < 1000 {
				r.edits[b.ID] = target
			}
		}
	}
	return events
}

// user holds the results of tools; an edit counts once it has succeeded.
func (r *claudeReader) user(l claudeLine) []job.AgentEvent {
	var m claudeMessage
	decode(l.Message, &m)
	var events []job.AgentEvent
	for _, b := range m.Content {
		path, isEdit := r.edits[b.ToolUse]
		if b.Type != "tool_result" || !isEdit {
			continue
		}
		delete(r.edits, b.ToolUse)
		if !b.IsError {
			events = append(events, job.AgentEvent{Kind: job.AgentEdit, Path: r.view.path(path)})
		}
	}
	return events
}

func (r *claudeReader) result(l claudeLine) []job.AgentEvent {
	said := firstOf(l.Result, strings.Join(l.Errors, "; "), l.Ending, l.Subtype)
	if isAborted(l) {
		said = "the agent was interrupted: " + l.Ending
	}
	r.final = &final{claudeKind(l, said), r.view.text(said)}
	r.trouble = ""
	r.count(l)
	r.denied = nil
	for _, d := range l.Denials {
		if len(r.denied) < maxDenied {
			r.denied = append(r.denied, r.view.name(d.Tool+" "+r.view.target(claudeTarget(d.Input))))
		}
	}
	return []job.AgentEvent{{Kind: job.AgentEnded, Text: r.final.message}}
}

// claudeKind judges a result. Its subtype says "success" for a failed request
// as well, so success needs the absence of an error to be stated too.
func claudeKind(l claudeLine, said string) job.OutcomeKind {
	isMax := strings.HasPrefix(l.Subtype, "error_max_")
	isSuccess := string(l.IsError) == "false" && l.Subtype == "success"
	switch {
	case isMax || l.Ending == "max_turns" || l.Ending == "budget_exhausted":
		return job.Limit
	case isSuccess && l.StopReason == "refusal":
		return job.Refused
	case isSuccess:
		return job.Done
	case isAborted(l):
		return job.Crashed // somebody interrupted it, and not Muster
	}
	if kind, ok := byStatus(int64(l.APIStatus)); ok {
		return kind
	}
	return byText(said)
}

func isAborted(l claudeLine) bool { return strings.HasPrefix(l.Ending, "aborted") }

// count takes over the session's totals. The counts per model and the cost go
// on counting when a session is resumed and include the agent's side
// requests; the plain usage is that of one turn and is used only without
// them.
func (r *claudeReader) count(l claudeLine) {
	total := job.Usage{CostMicroUSD: int64(l.Cost)}
	if len(l.Models) == 0 {
		u := l.Usage
		r.run = r.run.Add(job.Usage{
			Input: int64(u.Input), CacheRead: int64(u.CacheRead), CacheWrite: int64(u.CacheWrite),
			Output: int64(u.Output), Reasoning: int64(u.Details.Thinking),
		})
		total = total.Add(r.run)
		if r.a.Session != "" {
			p := r.a.Previous
			p.CostMicroUSD = 0
			total = total.Add(p)
		}
		r.total = &total
		return
	}
	var priced int64
	for _, m := range l.Models {
		total = total.Add(job.Usage{
			Input: int64(m.Input), CacheRead: int64(m.CacheRead), CacheWrite: int64(m.CacheWrite),
			Output: int64(m.Output), Reasoning: int64(m.Thinking),
		})
		if m.Basis == "unknown" {
			total.CostUnknown = true // a price was made up for this model
		} else {
			priced += int64(m.Cost)
		}
	}
	if total.CostUnknown {
		total.CostMicroUSD = priced
	}
	r.total = &total
}

func (r *claudeReader) End(exit job.Exit, stderrTail string) job.Outcome {
	stderrTail = r.view.text(stderrTail)
	out := job.Outcome{Session: firstOf(r.session, r.a.Session), Model: r.model, Denied: r.denied, UntilUS: r.untilUS}
	out.Kind, out.Message = judge(exit, r.final, firstOf(r.trouble, lastWords(stderrTail)))
	out.Message = r.view.text(advised(out.Kind, out.Message))
	forgetUnknownSession(r.a, &out, stderrTail)
	bookUsage(r.a, &out, r.total)
	if r.total == nil && r.session != "" {
		out.Usage.CostUnknown = true // it may have spent something that it never reported
	}
	return out
}

// claudeTarget picks out of a tool's input what it is used on.
func claudeTarget(input json.RawMessage) string {
	var in struct {
		File     string `json:"file_path"`
		Notebook string `json:"notebook_path"`
		Command  string `json:"command"`
		Path     string `json:"path"`
		Pattern  string `json:"pattern"`
		URL      string `json:"url"`
		Query    string `json:"query"`
		What     string `json:"description"`
	}
	if !decode(input, &in) {
		return ""
	}
	return firstOf(in.File, in.Notebook, in.Command, in.Pattern, in.Path, in.URL, in.Query, in.What)
}

func isClaudeEdit(tool string) bool {
	switch tool {
	case "Write", "Edit", "MultiEdit", "NotebookEdit", "write_file", "edit", "notebook_edit": // the latter are Qwen Code's
		return true
	}
	return false
}

// isObject reports whether a line can be a JSON object at all.
func isObject(line []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(line, " \t\r"), []byte("{")) }

// note shows a line that is none of the agent's events.
func note(v view, line []byte) []job.AgentEvent {
	text := strings.TrimSpace(v.text(string(line)))
	if text == "" {
		return nil
	}
	return []job.AgentEvent{{Kind: job.AgentNote, Text: text}}
}

// forgetUnknownSession corrects the outcome of an attempt that failed because
// the agent does not know the session it was to resume: resuming it again is
// useless, while a fresh session would work.
func forgetUnknownSession(a job.Attempt, out *job.Outcome, stderrTail string) {
	switch out.Kind {
	case job.Crashed, job.Provider, job.Refused:
	default:
		return
	}
	low := strings.ToLower(out.Message + "\n" + stderrTail)
	for _, mark := range []string{"no conversation found", "no rollout found", "error resuming session", "no saved session found", "session not found", "no session, task, or name matched"} {
		if a.Session != "" && strings.Contains(low, mark) {
			out.Kind, out.Session = job.Crashed, ""
			return
		}
	}
}
