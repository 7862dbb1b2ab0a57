package inside

import (
	"strings"

	"muster/internal/core/job"
)

// turnEnd is the answer to a prompt.
type turnEnd struct {
	Reason string    `json:"stopReason"`
	Usage  turnUsage `json:"usage"`
	Meta   struct {
		Quota struct {
			Count struct {
				Input  float64 `json:"input_tokens"`
				Output float64 `json:"output_tokens"`
			} `json:"token_count"`
		} `json:"quota"`
	} `json:"_meta"`
}

// turnUsage is what a turn used. Agents agree on its names only: some count
// the cache in the input, some count thinking beside the output. The total
// tells which.
type turnUsage struct {
	Input      float64 `json:"inputTokens"`
	Output     float64 `json:"outputTokens"`
	CacheRead  float64 `json:"cachedReadTokens"`
	CacheWrite float64 `json:"cachedWriteTokens"`
	Thought    float64 `json:"thoughtTokens"`
	Total      float64 `json:"totalTokens"`
}

func (u turnUsage) usage() job.Usage {
	out := job.Usage{
		Input: whole(u.Input), Output: whole(u.Output), CacheRead: whole(u.CacheRead), CacheWrite: whole(u.CacheWrite), Reasoning: whole(u.Thought),
	}
	total, cached := whole(u.Total), out.CacheRead+out.CacheWrite
	switch total {
	case 0, out.Input + cached + out.Output:
	case out.Input + out.Output:
		out.Input = max(0, out.Input-cached)
	case out.Input + cached + out.Output + out.Reasoning:
		out.Output += out.Reasoning
	}
	return out
}

// whole gives a count that can be added up.
func whole(f float64) int64 {
	const most = 1e15
	if !(f > 0) { // also when it is no number
		return 0
	}
	return int64(min(f, most))
}

// end tells of the end of the turn. A turn that ended well may still hide a
// failed request: Copilot says so in words
// only, Codex in a notice.
func (t *talk) end(e turnEnd) {
	t.flush()
	l := job.AgentLine{
		Muster: job.LineOutcome, Message: t.said[:min(len(t.said), maxTold)],
		AgentEvent: job.AgentEvent{Kind: job.AgentEventKind(job.Done), Session: t.session},
	}
	switch e.Reason {
	case "end_turn":
		if isGivenUp(t.said) || t.isRefused && t.said == "" {
			l.Kind, l.Message = job.AgentEventKind(job.Crashed), "the agent gave up after a refusal: "+t.said
		}
		if t.hasFailed || isError(t.said) {
			l.Kind = job.LineFailed
		}
	case "max_tokens", "max_turn_requests":
		l.Kind, l.Message = job.AgentEventKind(job.Limit), "the agent's own limit is reached: "+e.Reason
	case "refusal":
		l.Kind = job.AgentEventKind(job.Refused)
	case "cancelled":
		l.Kind, l.Message = job.AgentEventKind(job.Crashed), "the agent was interrupted"
	default:
		l.Kind, l.Message = job.LineFailed, "the turn ended for an unknown reason: "+e.Reason
	}
	t.count(&l, e)
	t.print(l)
}

// isError reports whether an agent's last words are those of a failed request.
func isError(said string) bool {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for _, mark := range []string{"Error: ", "Info: Request failed", "unexpected status ", "[API Error: "} {
		if strings.HasPrefix(lines[0], mark) {
			return true
		}
	}
	return false
}

// isGivenUp reports whether the agent ended its turn because it may not use a
// tool, as Copilot does; Qwen Code ends it without a word.
func isGivenUp(said string) bool {
	return strings.HasPrefix(strings.TrimSpace(said), "Info: Operation cancelled")
}

// count adds what was used. Prices are not told of in a way that all agents
// share.
func (t *talk) count(l *job.AgentLine, e turnEnd) {
	u := e.Usage.usage()
	if u == (job.Usage{}) {
		u = t.counted
	}
	if u == (job.Usage{}) {
		u = job.Usage{Input: whole(e.Meta.Quota.Count.Input), Output: whole(e.Meta.Quota.Count.Output)}
	}
	u.CostUnknown = true
	l.Usage = &u // also of agents that count on: a process has one turn
}

// fail tells of a turn that the agent answered with an error. What the error
// means is judged by whoever reads the line.
func (t *talk) fail(code int64, message, session string) {
	const authRequired = -32000
	l := job.AgentLine{
		Muster: job.LineOutcome, Message: message[:min(len(message), maxTold)],
		AgentEvent: job.AgentEvent{Kind: job.LineFailed, Session: session},
	}
	switch {
	case code == authRequired:
		l.Status = 401
	case code >= 100 && code <= 599:
		l.Status = code
	}
	t.print(l)
}
