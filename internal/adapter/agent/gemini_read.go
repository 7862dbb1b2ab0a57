package agent

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"muster/internal/core/job"
)

// geminiReader reads the stream-json of Gemini CLI.
type geminiReader struct {
	a       job.Attempt
	view    view
	session string
	model   string
	text    strings.Builder   // what is being said, in pieces
	said    string            // the agent's last words
	edits   map[string]string // id of an edit under way -> path
	final   *final
	total   *job.Usage
	denied  []string
	trouble string
	worked  bool // something was said or done
}

type geminiLine struct {
	Type       string          `json:"type"`
	SessionID  string          `json:"session_id"`
	Model      string          `json:"model"`
	Role       string          `json:"role"`
	Content    string          `json:"content"`
	Tool       string          `json:"tool_name"`
	ToolID     string          `json:"tool_id"`
	Parameters json.RawMessage `json:"parameters"`
	Status     string          `json:"status"`
	Severity   string          `json:"severity"`
	Message    string          `json:"message"`
	Error      struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
	Stats struct {
		Total  count `json:"total_tokens"`
		Input  count `json:"input_tokens"` // includes what was cached
		Output count `json:"output_tokens"`
		Cached count `json:"cached"`
	} `json:"stats"`
}

func (r *geminiReader) Line(line []byte) []job.AgentEvent {
	var l geminiLine
	if !isObject(line) || !decode(line, &l) {
		return append(r.flush(), note(r.view, line)...)
	}
	if l.Type == "message" {
		if l.Role == "assistant" && r.text.Len() < maxText {
			r.text.WriteString(l.Content)
		}
		return nil
	}
	return append(r.flush(), r.event(l)...)
}

// flush gives what was said in pieces as one text.
func (r *geminiReader) flush() []job.AgentEvent {
	text := r.text.String()
	r.text.Reset()
	if strings.TrimSpace(text) == "" {
		return nil
	}
	r.said, r.trouble, r.worked = r.view.text(text), "", true
	return []job.AgentEvent{{Kind: job.AgentText, Text: r.said}}
}

func (r *geminiReader) event(l geminiLine) []job.AgentEvent {
	switch l.Type {
	case "init":
		r.session, r.model = session(l.SessionID), r.view.name(l.Model)
		return []job.AgentEvent{{Kind: job.AgentStarted, Session: r.session, Model: r.model}}
	case "tool_use":
		return r.began(l)
	case "tool_result":
		return r.ended(l)
	case "error":
		r.trouble = r.view.text(firstOf(l.Message, l.Error.Message))
		return []job.AgentEvent{{Kind: job.AgentNote, Text: r.trouble}}
	case "result":
		return r.result(l)
	}
	return nil
}

func (r *geminiReader) began(l geminiLine) []job.AgentEvent {
	r.said, r.worked = "", true
	target := claudeTarget(l.Parameters)
	if (l.Tool == "write_file" || l.Tool == "replace") && len(r.edits) < 1000 {
		if r.edits == nil {
			r.edits = map[string]string{}
		}
		r.edits[l.ToolID] = target
	}
	return []job.AgentEvent{{Kind: job.AgentTool, Tool: r.view.name(l.Tool), Text: r.view.target(target)}}
}

func (r *geminiReader) ended(l geminiLine) []job.AgentEvent {
	path, isEdit := r.edits[l.ToolID]
	delete(r.edits, l.ToolID)
	switch {
	case l.Status == "success" && isEdit:
		return []job.AgentEvent{{Kind: job.AgentEdit, Path: r.view.path(path)}}
	case l.Status != "error" || !isGeminiDenial(l.Error.Type, l.Error.Message):
		return nil
	}
	tool, _, _ := strings.Cut(l.ToolID, "__")
	if len(r.denied) < maxDenied {
		r.denied = append(r.denied, r.view.name(tool+": "+l.Error.Message))
	}
	return []job.AgentEvent{{Kind: job.AgentDenied, Tool: r.view.name(tool), Text: r.view.text(l.Error.Message)}}
}

func isGeminiDenial(kind, message string) bool {
	return kind == "policy_violation" || strings.Contains(message, "not in workspace") ||
		strings.Contains(message, "requires user confirmation")
}

func (r *geminiReader) result(l geminiLine) []job.AgentEvent {
	s := l.Stats
	// Counts are those of this process; output leaves out what was thought.
	thought := max(0, int64(s.Total)-int64(s.Input)-int64(s.Output))
	total := job.Usage{
		Input: max(0, int64(s.Input)-int64(s.Cached)), CacheRead: int64(s.Cached),
		Output: int64(s.Output) + thought, Reasoning: thought, CostUnknown: true, // Gemini knows no prices
	}
	if r.a.Session != "" {
		total = total.Add(r.a.Previous)
	}
	r.total = &total
	switch l.Status {
	case "success":
		r.final = &final{job.Done, r.said}
	default:
		message := firstOf(l.Error.Message, r.trouble, "the turn ended as "+l.Status)
		r.final = &final{geminiKind(message), r.view.text(message)}
		if !r.worked && r.a.Session == "" {
			r.session = "" // Gemini does not keep a session in which nothing happened
		}
	}
	return []job.AgentEvent{{Kind: job.AgentEnded, Text: r.final.message}}
}

// geminiKind judges the text of a failure: the service's answer stands in it
// as JSON.
func geminiKind(message string) job.OutcomeKind {
	codeRE := regexp.MustCompile(`"code":\s*([1-5][0-9]{2})\b`)
	if m := codeRE.FindStringSubmatch(message); m != nil {
		status, _ := strconv.ParseInt(m[1], 10, 64)
		if kind, ok := byStatus(status); ok {
			return kind
		}
	}
	return byText(message)
}

func (r *geminiReader) End(exit job.Exit, stderrTail string) job.Outcome {
	r.flush()
	stderrTail = r.view.text(stderrTail)
	out := job.Outcome{Session: firstOf(r.session, r.a.Session), Model: r.model, Denied: r.denied}
	out.Kind, out.Message = judge(exit, geminiFinal(r.final, exit, stderrTail), firstOf(r.trouble, lastWords(stderrTail)))
	out.Message = r.view.text(advised(out.Kind, out.Message))
	forgetUnknownSession(r.a, &out, stderrTail)
	bookUsage(r.a, &out, r.total)
	if r.total == nil && r.session != "" {
		out.Usage.CostUnknown = true // it may have spent something that it never reported
	}
	return out
}

// geminiFinal gives what takes the place of a final event where Gemini ends
// before it has a session: it exits with 41 when nobody is logged in.
func geminiFinal(fin *final, exit job.Exit, stderrTail string) *final {
	const noLogin = 41
	if fin == nil && exit.State == job.Exited && exit.Code == noLogin {
		return &final{job.Auth, lastWords(stderrTail)}
	}
	return fin
}
