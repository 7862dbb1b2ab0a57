package provenance

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// TraceVersion is the version of Agent Trace that is written
// (github.com/cursor/agent-trace, README.md of January 2026).
const TraceVersion = "0.1.0"

// Trace is a trace record of Agent Trace: who wrote which lines of a commit.
type Trace struct {
	Version   string        `json:"version"`
	ID        string        `json:"id"`        // UUID; the same for the same commit
	Timestamp string        `json:"timestamp"` // RFC 3339
	VCS       TraceVCS      `json:"vcs"`
	Tool      TraceTool     `json:"tool"`
	Files     []TraceFile   `json:"files"`
	Metadata  TraceMetadata `json:"metadata"`
}

// TraceVCS names the revision at which lines are counted.
type TraceVCS struct {
	Type     string `json:"type"`
	Revision string `json:"revision"`
}

// TraceTool is the program that wrote the record.
type TraceTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// TraceFile is a file with the lines that somebody wrote.
type TraceFile struct {
	Path          string              `json:"path"`
	Conversations []TraceConversation `json:"conversations"`
}

// TraceConversation is lines that came from one contributor.
type TraceConversation struct {
	Contributor Contributor  `json:"contributor"`
	Ranges      []TraceRange `json:"ranges"`
}

// Contributor is who wrote lines.
type Contributor struct {
	Type    ContributorType `json:"type"`
	ModelID string          `json:"model_id,omitempty"` // provider/model as on models.dev; empty when that is not known
}

// ContributorType says what sort of author wrote lines.
type ContributorType string

// The sorts of author.
const (
	Human ContributorType = "human"
	AI    ContributorType = "ai"
	Mixed ContributorType = "mixed" // an agent and a person
)

// TraceRange is lines of the commit, counted from 1.
type TraceRange struct {
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	ContentHash string `json:"content_hash"` // "sha256:" and the sha256 of the lines, each ended by a line feed
}

// TraceMetadata holds what the format has no place for, under a name of our own.
type TraceMetadata struct {
	Muster Origin `json:"invalid.muster"`
}

// Origin is where a commit came from.
type Origin struct {
	Source   string   `json:"source"` // ledger, or message: the trailers of the commit, which anybody can write
	Run      string   `json:"run,omitempty"`
	Task     string   `json:"task,omitempty"`
	Agent    string   `json:"agent,omitempty"`
	Driver   string   `json:"driver,omitempty"`
	Model    string   `json:"model,omitempty"` // as the agent named it
	Sessions []string `json:"sessions,omitempty"`
	Person   string   `json:"person,omitempty"`
	With     string   `json:"with,omitempty"`
	Lineless []string `json:"lineless,omitempty"` // files that differ and have no lines: binary, too large
}

// OriginOf says what a predicate knows of its commit, and who wrote it.
func OriginOf(p Predicate) (Origin, Contributor) {
	o := Origin{
		Source: "ledger", Run: p.Run.ID, Task: p.Task.ID, Agent: p.Change.Agent, Model: p.Change.Model, Person: p.Change.Person, With: p.Change.With,
	}
	for _, a := range p.Attempts {
		if o.Driver = a.Driver; a.Session != "" && (len(o.Sessions) == 0 || o.Sessions[len(o.Sessions)-1] != a.Session) {
			o.Sessions = append(o.Sessions, a.Session)
		}
		if o.Model == "" {
			o.Model = a.Model
		}
	}
	c := Contributor{Type: AI, ModelID: ModelID(o.Model)}
	switch {
	case o.Person != "" && len(p.Attempts) == 0:
		c = Contributor{Type: Human}
	case o.Person != "" || o.With != "":
		c.Type = Mixed // a person went on from what an agent had made, or the other way round
	}
	return o, c
}

// OriginOfMessage says what the trailers of a commit's message say; false when
// they name no agent.
func OriginOfMessage(message string) (Origin, Contributor, bool) {
	o := Origin{Source: "message", Run: Trailer(message, "Muster-Run"), Task: Trailer(message, "Muster-Task"), With: Trailer(message, "Co-authored-by")}
	assisted := Trailer(message, "Assisted-by")
	o.Agent = assisted
	if agent, model, ok := strings.Cut(strings.TrimSuffix(assisted, ")"), " ("); ok {
		o.Agent, o.Model = agent, model
	}
	c := Contributor{Type: AI, ModelID: ModelID(o.Model)}
	if o.With != "" {
		c.Type = Mixed
	}
	return o, c, assisted != ""
}

// ModelID gives the name that models.dev has for a model, for the families
// whose provider their name tells; of others nothing is claimed.
func ModelID(model string) string {
	if len(model) > 200 || strings.ContainsAny(model, " \t\n") {
		return ""
	}
	if strings.Count(model, "/") == 1 {
		return model
	}
	for _, family := range [][2]string{
		{"claude-", "anthropic"}, {"gpt-", "openai"}, {"gemini-", "google"}, {"qwen", "alibaba"}, {"grok-", "xai"}, {"deepseek-", "deepseek"},
	} {
		if strings.HasPrefix(model, family[0]) && !strings.Contains(model, "/") {
			return family[1] + "/" + model
		}
	}
	return ""
}

// Tracing is what a trace record is made of.
type Tracing struct {
	Commit  string
	AtS     int64 // when it was committed, in seconds since 1970
	Version string
	Origin  Origin
	By      Contributor
	Patches []change.Patch // against its parent
}

// Trace says who wrote the lines that the commit added.
func (t Tracing) Trace() Trace {
	out := Trace{
		Version: TraceVersion, ID: uuidOf("agent trace of " + t.Commit), Timestamp: time.Unix(t.AtS, 0).UTC().Format(time.RFC3339),
		VCS: TraceVCS{Type: "git", Revision: t.Commit}, Tool: TraceTool{Name: "muster", Version: t.Version},
		Files: []TraceFile{}, Metadata: TraceMetadata{Muster: t.Origin},
	}
	for _, p := range t.Patches {
		var ranges []TraceRange
		for _, h := range p.Hunks {
			if len(h.Added) > 0 {
				ranges = append(ranges, TraceRange{h.NewStart, h.NewStart + len(h.Added) - 1, "sha256:" + evidence.Hash([]byte(strings.Join(h.Added, "\n")+"\n"))})
			}
		}
		if len(ranges) > 0 {
			out.Files = append(out.Files, TraceFile{Path: p.Path, Conversations: []TraceConversation{{Contributor: t.By, Ranges: ranges}}})
		}
		if p.Left != "" {
			out.Metadata.Muster.Lineless = append(out.Metadata.Muster.Lineless, p.Path+": "+p.Left)
		}
	}
	return out
}

// uuidOf gives a UUID (version 8, RFC 9562) that follows from a text.
func uuidOf(text string) string {
	b := sha256.Sum256([]byte(text))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
