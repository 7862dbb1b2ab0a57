package agent

import (
	"strconv"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// command drives any program: the prompt comes on standard input, the working
// directory is the worktree, exit code 0 means done.
//
// A program that wants to say more prints lines of JSON:
//
//	{"muster":"event","kind":"text","text":"..."}
//	{"muster":"outcome","kind":"done","message":"...","session":"...","usage":{...}}
//
// An event has the fields of job.AgentEvent. A program that waits for leave to
// do something says so by the kind "asks" (tool, text), and one that waits for
// its provider's limit by "quota"; both hold until its next event. The last outcome line decides,
// whatever the exit code; its kind is one of done, auth, quota, provider,
// limit, refused, crashed, or failed when the program cannot tell: then Muster
// judges by a field status (HTTP) or by the words. Usage is what this attempt used; a program that
// counts over its whole session gives total instead. A program that tells of its
// turns says when each begins, by an event of kind "turn", or at its end how many
// there were, by turns in usage. Every other line of output is shown as text.
type command struct{}

func (command) Program(g job.Agent) string {
	if len(g.Command) == 0 {
		return ""
	}
	return g.Command[0]
}

func (command) Spec(a job.Attempt) (job.Spec, error) {
	if len(a.Agent.Command) == 0 || a.Agent.Command[0] == "" {
		return job.Spec{}, fault.New(fault.Invalid, "the command of agent %q is empty", a.Agent.Name).
			WithHint("give it a command in .muster/config.yaml, for example [./agent.sh]")
	}
	argv := append(append([]string(nil), a.Agent.Command...), a.Agent.Args...)
	return newSpec(a, argv, newEnvironment(a, attemptVariables(a), allowNames(common())))
}

func (command) Reader(a job.Attempt) Reader { return &commandReader{a: a, view: newView(a)} }

// attemptVariables tell a program which attempt it is.
func attemptVariables(a job.Attempt) map[string]string {
	return map[string]string{
		"MUSTER_TASK":        a.Task,
		"MUSTER_ATTEMPT":     strconv.Itoa(a.Number),
		"MUSTER_ROUND":       strconv.Itoa(a.Round),
		"MUSTER_SESSION":     a.Session, // to resume; empty for a fresh one
		"MUSTER_NEW_SESSION": a.NewID,   // for a fresh one, when the program wants an id
		"MUSTER_SCRATCH":     a.Scratch,
	}
}

// commandReader reads the lines described at command.
type commandReader struct {
	a          job.Attempt
	view       view
	needsFinal bool // an exit code of 0 alone does not mean done
	asksModel  bool // what it does not report it may have spent all the same
	session    string
	model      string
	said       string
	final      *final
	total      *job.Usage
	denied     []string
}

// message is a job.AgentLine as it is read: by whatever program it was printed.
type message struct {
	Muster string `json:"muster"`
	job.AgentEvent

	Message string    `json:"message,omitempty"`
	Usage   *usageRow `json:"usage,omitempty"`
	Total   *usageRow `json:"total,omitempty"`
	Status  count     `json:"status,omitempty"`
}

// usageRow is job.Usage with numbers that cannot be out of range.
type usageRow struct {
	Input       count `json:"input,omitempty"`
	CacheRead   count `json:"cache_read,omitempty"`
	CacheWrite  count `json:"cache_write,omitempty"`
	Output      count `json:"output,omitempty"`
	Reasoning   count `json:"reasoning,omitempty"`
	Cost        count `json:"cost_micro_usd,omitempty"`
	CostUnknown bool  `json:"cost_unknown,omitempty"`
}

func (u usageRow) usage() job.Usage {
	return job.Usage{
		Input: int64(u.Input), CacheRead: int64(u.CacheRead), CacheWrite: int64(u.CacheWrite),
		Output: int64(u.Output), Reasoning: int64(u.Reasoning), CostMicroUSD: int64(u.Cost), CostUnknown: u.CostUnknown,
	}
}

func (r *commandReader) Line(line []byte) []job.AgentEvent {
	var m message
	if isObject(line) && decode(line, &m) {
		switch m.Muster {
		case job.LineEvent:
			return r.event(m.AgentEvent)
		case job.LineOutcome:
			return r.outcome(m)
		}
	}
	var events []job.AgentEvent
	for _, e := range note(r.view, line) {
		r.said = e.Text
		e.Kind = job.AgentText
		events = append(events, e)
	}
	return events
}

func (r *commandReader) event(e job.AgentEvent) []job.AgentEvent {
	e = job.AgentEvent{
		Kind: e.Kind, Session: session(e.Session), Model: r.view.name(e.Model), Tool: r.view.name(e.Tool),
		Path: r.view.path(e.Path), Text: r.view.text(e.Text),
	}
	switch e.Kind {
	case job.AgentStarted:
		r.session, r.model = firstOf(e.Session, r.session), firstOf(e.Model, r.model)
	case job.AgentText:
		r.said = e.Text
	case job.AgentDenied:
		if len(r.denied) < maxDenied {
			r.denied = append(r.denied, r.view.name(e.Tool+": "+e.Text))
		}
	case job.LineTurn:
		return nil // it is counted
	case job.AgentTool, job.AgentEdit, job.AgentRetry, job.AgentAsks, job.AgentQuota, job.AgentNote, job.AgentEnded:
	default:
		e.Text = firstOf(e.Text, "an event of the unknown kind "+strconv.Quote(r.view.name(string(e.Kind))))
		e.Kind = job.AgentNote
	}
	return []job.AgentEvent{e}
}

// outcome takes over what the program says of its own end. What only Muster
// can know (that it ended the program, or lost it) the program cannot claim.
func (r *commandReader) outcome(m message) []job.AgentEvent {
	switch kind := job.OutcomeKind(m.Kind); kind {
	case job.Done, job.Auth, job.Quota, job.Provider, job.Limit, job.Refused, job.Crashed:
		r.final = &final{kind, r.view.text(firstOf(m.Message, m.Text, r.said))}
	case job.OutcomeKind(job.LineFailed):
		message := firstOf(m.Message, m.Text, "the agent failed and does not say why")
		kind, ok := byStatus(int64(m.Status))
		if !ok {
			kind = byText(message)
		}
		r.final = &final{kind, r.view.text(message)}
	default:
		return []job.AgentEvent{{Kind: job.AgentNote, Text: "an outcome of the unknown kind " + strconv.Quote(r.view.name(string(m.Kind)))}}
	}
	r.session, r.model = firstOf(session(m.Session), r.session), firstOf(r.view.name(m.Model), r.model)
	switch {
	case m.Total != nil:
		total := m.Total.usage()
		r.total = &total
	case m.Usage != nil:
		total := m.Usage.usage()
		if r.a.Session != "" {
			total = total.Add(r.a.Previous)
		}
		r.total = &total
	}
	return []job.AgentEvent{{Kind: job.AgentEnded, Text: r.final.message}}
}

func (r *commandReader) End(exit job.Exit, stderrTail string) job.Outcome {
	fin := r.final
	if fin == nil && !r.needsFinal && exit.State == job.Exited && exit.Code == 0 {
		fin = &final{job.Done, r.said}
	}
	out := job.Outcome{Session: firstOf(r.session, r.a.Session), Model: r.model, Denied: r.denied}
	out.Kind, out.Message = judge(exit, fin, lastWords(r.view.text(stderrTail)))
	out.Message = r.view.text(advised(out.Kind, out.Message))
	forgetUnknownSession(r.a, &out, "")
	bookUsage(r.a, &out, r.total)
	if r.asksModel && r.total == nil && r.session != "" {
		out.Usage.CostUnknown = true
	}
	return out
}
