// Package fakemodel is a test helper: a scripted model service on the
// loopback address with which real agent programs run without a network.
//
// It speaks Anthropic Messages, OpenAI Responses, OpenAI Chat Completions and
// Gemini, streaming and not. A scenario is chosen by a tag in the newest user message
// that has one, [[scenario:NAME]], or by the text of a cue; the step is the
// number of turns with tool calls that the agent has answered since. Nothing
// is counted between requests, because agents repeat requests, send some
// twice, and ask for titles and summaries on the side; a request that offers
// no tools gets a short text and moves nothing.
//
// Steps say what is to be done (write, edit, read, shell); the server picks
// whichever of the offered tools does it and fills its parameters by their
// schema. Usage numbers are fixed, so that each can be traced through an
// agent's report.
package fakemodel

// The usage reported for every answer. Input of the OpenAI dialects and of
// Gemini is InputTokens and includes the cached ones; in the Anthropic dialect
// it excludes them. Gemini counts output without what was thought.
const (
	InputTokens      = 1234
	CacheReadTokens  = 300
	CacheWriteTokens = 100 // Anthropic only
	OutputTokens     = 56
	ReasoningTokens  = 7 // OpenAI and Gemini only; part of OutputTokens
)

// Script holds what the model answers.
type Script struct {
	Scenarios map[string][]Step
	Cues      []Cue
	Default   string // the answer to a prompt without a known scenario
}

// Cue is a text that chooses a scenario as a tag does, for messages that a
// test does not write itself.
type Cue struct {
	Text     string // must not be empty
	Scenario string
}

// Step is one answer of the model. After the last one it says that the script
// has ended.
type Step struct {
	Text string
	Do   []Op
	Fail *Failure
	Hang bool // never answers; ends when the client leaves or the server closes
	// Times is how often it hangs; then the other fields apply. 0 means always.
	Times int
	Cut   bool // drops the connection in the middle of the answer
}

// Failure is an answer that is an error.
type Failure struct {
	Status     int    // HTTP status
	Message    string // empty means a fixed text
	Times      int    // fails this often, then the step's other fields apply; 0 means always
	RetryAfter string // header Retry-After; may be empty
}

// Op is one thing that the model asks its agent to do.
type Op struct {
	Kind    OpKind
	Path    string // Write, Edit, Read; relative to the agent's working directory, or absolute
	Text    string // Write: the content; Edit: the new text
	Old     string // Edit: the text to replace
	Command string // Shell
}

// OpKind names what an Op does.
type OpKind string

// What a model can ask for.
const (
	Write OpKind = "write"
	Edit  OpKind = "edit"
	Read  OpKind = "read"
	Shell OpKind = "shell"
)

// Request is one request that reached the server.
type Request struct {
	Method   string
	Path     string
	Auth     string // what the client proved itself with; tests use dummies
	Model    string
	Scenario string
	Step     int
	Tools    []string // names of the tools offered
	Body     string   // as sent
	Answer   string   // what was done: "text", "call Write", "error 401", "hang", "not found"
}
