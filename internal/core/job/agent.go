package job

import "strconv"

// Agent is how one agent of the configuration is started.
type Agent struct {
	Name    string            `json:"name"`               // key in config.yaml
	Driver  string            `json:"driver"`             // a name of config.Drivers
	Model   string            `json:"model,omitempty"`    // as the agent's CLI spells it; empty means its default
	Command []string          `json:"command,omitempty"`  // program and arguments; for the drivers of known agents it replaces the program's name
	Args    []string          `json:"args,omitempty"`     // added to the driver's own arguments
	Env     map[string]string `json:"env,omitempty"`      // added to the agent's environment
	PassEnv []string          `json:"pass_env,omitempty"` // names taken from Muster's environment
	Reads   []string          `json:"reads,omitempty"`    // files and folders of the person that it may read behind walls; absolute, or below the home with ~/
	Login   string            `json:"login,omitempty"`    // one of Logins; empty means as the program finds it
	BaseURL string            `json:"base_url,omitempty"` // another server for the model: Ollama, llama.cpp, vLLM, a gateway
	Key     *Key              `json:"key,omitempty"`      // where its key is from; nil means the variables that its program knows
}

// Key says where the key of a model is from. Exactly one field is set.
type Key struct {
	Env     string   `json:"env,omitempty"`     // a variable of Muster's environment
	File    string   `json:"file,omitempty"`    // absolute
	Command []string `json:"command,omitempty"` // prints it
}

// How an agent may be asked to be logged in.
const (
	LoginKey          = "key"          // by a key in a variable; without one the agent is not started in vain
	LoginSubscription = "subscription" // by the login of the person's own; keys are kept from the agent
)

// Logins gives the words for login.
func Logins() []string { return []string{LoginKey, LoginSubscription} }

// Attempt is what a driver turns into a Spec.
type Attempt struct {
	Op       string // operation id
	Agent    Agent
	Prompt   string            // the whole prompt, feedback included
	Dir      string            // worktree
	Scratch  string            // a folder outside the worktree that the agent may write; holds script state and temporary files
	Session  string            // the agent's own session to resume; empty for a fresh one
	NewID    string            // a UUID for a fresh session, for agents that accept one
	Host     map[string]string // variables of Muster's environment that drivers may pass on (PATH, HOME, keys)
	LimitMS  int64
	Previous Usage  // what the session had used, as the agent counts it, before this attempt
	Task     string // task id, for the script driver
	Number   int    // attempt number within the task, from 1
	Round    int    // rework round, from 0
	Gateway  Gateway
	Egress   []string // hosts that it may reach through its door, as the configuration writes them
	Sandbox  string   // what it is confined by, as the configuration says; empty is auto
	Shares   []string // as in Command
	Tools    []Tool   // of the repository that a person has approved
	Confined bool     // Muster's own sandbox will be in force: the program's own is switched off, as it could not work inside
}

// Gateway says how an attempt's requests to its model are metered.
type Gateway struct {
	Off     bool
	Prices  map[string]Price // a person's own, by model
	Budgets []Budget

	Record string   // folder of a recording that is made, absolute; empty for none
	Replay string   // folder of a recording that takes the models' place, absolute; empty for none
	Played []string // with Replay: names of the services that the agent asked when it was recorded; none when it was not
}

// Price is micro-USD for a million tokens.
type Price struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`
}

// Budget bounds what attempts that share it may spend; 0 means no bound.
type Budget struct {
	Scope    string // one of OfTask, OfRun
	MicroUSD int64
	Tokens   int64
	Turns    int64
	Spent    Usage // by attempts that have ended
}

// Turns writes a number of turns.
func Turns(n int64) string {
	if n == 1 {
		return "1 turn"
	}
	return strconv.FormatInt(n, 10) + " turns"
}

// FullTurns gives the first of the budgets that has no room for another turn
// after so many of this attempt; nil when all have, or bound no turns.
func FullTurns(budgets []Budget, taken int64) *Budget {
	for i, b := range budgets {
		if b.Turns > 0 && b.Spent.Turns+taken >= b.Turns {
			return &budgets[i]
		}
	}
	return nil
}

// The scopes of budgets.
const (
	OfTask = "task"
	OfRun  = "run"
)

// Usage counts what an attempt consumed. Input excludes what was read from a
// cache. Money is micro-USD.
type Usage struct {
	Input        int64 `json:"input,omitempty"`
	CacheRead    int64 `json:"cache_read,omitempty"`
	CacheWrite   int64 `json:"cache_write,omitempty"`
	Output       int64 `json:"output,omitempty"` // includes Reasoning
	Reasoning    int64 `json:"reasoning,omitempty"`
	CostMicroUSD int64 `json:"cost_micro_usd,omitempty"`
	CostUnknown  bool  `json:"cost_unknown,omitempty"`  // the agent reported tokens but no price
	Turns        int64 `json:"turns,omitempty"`         // answers of the model to the agent, as far as it tells
	TurnsUnknown bool  `json:"turns_unknown,omitempty"` // there may have been more turns, which nobody counted
}

// Add gives the sum of two usages.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Input: u.Input + v.Input, CacheRead: u.CacheRead + v.CacheRead, CacheWrite: u.CacheWrite + v.CacheWrite,
		Output: u.Output + v.Output, Reasoning: u.Reasoning + v.Reasoning,
		CostMicroUSD: u.CostMicroUSD + v.CostMicroUSD, CostUnknown: u.CostUnknown || v.CostUnknown,
		Turns: u.Turns + v.Turns, TurnsUnknown: u.TurnsUnknown || v.TurnsUnknown,
	}
}

// Tokens gives what counts against a budget of tokens: input, output and what
// was written to a cache.
func (u Usage) Tokens() int64 { return u.Input + u.Output + u.CacheWrite }

// UntoldTurns reports whether there may be turns beside those that are counted.
// What an attempt used by the time of records that do not count turns is not
// known.
func (u Usage) UntoldTurns() bool { return u.TurnsUnknown || u.Turns == 0 && u.Tokens() > 0 }

// AgentEventKind is what an agent was seen to do. All drivers map their
// agent's stream to these.
type AgentEventKind string

// What agents do.
const (
	AgentStarted AgentEventKind = "started" // Session, Model
	AgentText    AgentEventKind = "text"    // Text: said by the agent
	AgentTool    AgentEventKind = "tool"    // Tool, Text: what it is used on
	AgentEdit    AgentEventKind = "edit"    // Path
	AgentDenied  AgentEventKind = "denied"  // Tool, Text: why
	AgentRetry   AgentEventKind = "retry"   // the agent repeats a request to its model; Text: why
	AgentAsks    AgentEventKind = "asks"    // it waits until somebody permits this; Tool, Text: what it is used on
	AgentQuota   AgentEventKind = "quota"   // it waits because its provider's limit is reached; Text: why
	AgentNote    AgentEventKind = "note"    // anything else worth showing
	AgentEnded   AgentEventKind = "ended"   // the final event; Text: the agent's last words or the error
)

// AgentEvent is one thing an agent was seen to do.
type AgentEvent struct {
	Kind    AgentEventKind `json:"kind"`
	Session string         `json:"session,omitempty"`
	Model   string         `json:"model,omitempty"`
	Tool    string         `json:"tool,omitempty"`
	Path    string         `json:"path,omitempty"`
	Text    string         `json:"text,omitempty"` // valid UTF-8, at most 4 KiB
}

// OutcomeKind says how an attempt ended, judged by the agent's final event
// together with its exit, never by the exit code alone.
type OutcomeKind string

// How an attempt can end. Only Done says that the agent believes it finished;
// whether that is true is for the checks.
const (
	Done     OutcomeKind = "done"
	Auth     OutcomeKind = "auth"        // the model refused the credentials
	Quota    OutcomeKind = "quota"       // rate limit or used-up plan
	Provider OutcomeKind = "provider"    // the model's service failed, or could not be reached
	Limit    OutcomeKind = "limit"       // the agent's own limit on turns or money
	Refused  OutcomeKind = "refused"     // the model or the request was refused as invalid
	Crashed  OutcomeKind = "crashed"     // ended without a final event
	Timeout  OutcomeKind = "timeout"     // Muster ended it at its time limit
	Halted   OutcomeKind = "halted"      // Muster ended it because a person stopped the run
	Vanished OutcomeKind = "lost"        // its shim died
	Missing  OutcomeKind = "not_started" // its program could not be executed
)

// Outcome is what an attempt came to.
type Outcome struct {
	Kind    OutcomeKind `json:"kind"`
	Message string      `json:"message,omitempty"` // the agent's last words, or what went wrong; at most 4 KiB
	Session string      `json:"session,omitempty"` // to resume it; empty when the agent has none
	Model   string      `json:"model,omitempty"`
	Usage   Usage       `json:"usage"`            // of this attempt alone; metered on the wire where Reported is set
	Total   Usage       `json:"total"`            // of the session so far, as the agent counts
	Denied  []string    `json:"denied,omitempty"` // tool uses that were refused, at most 20
	Capped  bool        `json:"capped,omitempty"` // part of the agent's output was dropped

	Tools []string `json:"tools,omitempty"` // of the repository that it was given, because a person had approved them: kind, name and id

	Reported  *Usage `json:"reported,omitempty"`  // what the agent says that it used, where the gateway metered it
	Replayed  *Usage `json:"replayed,omitempty"`  // what the answers of a recording took when they were recorded; nothing of it is spent
	Estimated int    `json:"estimated,omitempty"` // with Reported: requests of which nobody said what they took; they are in Usage as what they were likely to take
	Budget    string `json:"budget,omitempty"`    // with Limit: the scope of Muster's own budget that had no room
	UntilUS   int64  `json:"until_us,omitempty"`  // with Quota: when it ends, where that is known
}
