package change

// The requests and answers of the repository port. They are plain data so
// that the engine can record them and the adapter need not know the engine.

// Opened is a run's start: the target branch and where it stood.
type Opened struct {
	Target string `json:"target"` // full ref, refs/heads/...
	Base   Point  `json:"base"`
	Branch string `json:"branch"` // mirror, refs/heads/muster/<name>
}

// WorktreeRequest asks for a worktree. The same Owner gets the same worktree
// until it is released.
type WorktreeRequest struct {
	Owner string // <run>/<task>
	Run   string // whose head is the base when Base.Commit is empty
	Base  Point  // what the agent's change will be measured against
	Tree  string // the content to lay out; empty means Base.Tree
	Keep  bool   // leave the content as it is when the owner already has the worktree on this base

	Beside []string // untracked paths that are left as they are when the content is laid out
}

// Worktree is a prepared worktree.
type Worktree struct {
	Dir  string `json:"dir"` // absolute
	Base Point  `json:"base"`
	Kept bool   `json:"kept,omitempty"` // the content was left as the owner had it
}

// CaptureRequest asks to turn the content of a worktree into a commit.
type CaptureRequest struct {
	Owner   string
	Ref     string // full ref to set: refs/muster/attempts/...
	Base    Point
	Message string
	Author  string // "Name <email>"
	AtUS    int64  // date of author and committer, so that a repetition gives the same commit

	Beside []string // untracked paths that are no part of the change
}

// Captured is a recorded change.
type Captured struct {
	Head    Point    `json:"head"`
	Dropped []string `json:"dropped,omitempty"` // "<commit> <subject>" of commits the agent made itself; their content is in Head
	Notes   []string `json:"notes,omitempty"`   // what else was found and not followed: a replaced .git, nested repositories, other refs moved
}

// MergeRequest asks for a change on top of a run's head.
type MergeRequest struct {
	Run     string
	Name    string
	Ref     string // full ref to keep the merged commit alive
	Base    Point  // of the change
	Head    Point  // of the change
	Message string
	Author  string
	AtUS    int64
}

// Merged is the answer to a MergeRequest. Exactly one of these holds: Pushed
// is set (a person moved the run's branch forward; nothing was merged),
// Diverged is set (the branch no longer contains the run's head), Conflicts
// is not empty (Result.Tree has conflict markers, no commit), or Result is a
// commit on top of From.
type Merged struct {
	From      Point    `json:"from"` // the run's head
	Result    Point    `json:"result"`
	Conflicts []string `json:"conflicts,omitempty"`
	Pushed    *Point   `json:"pushed,omitempty"`
	Diverged  string   `json:"diverged,omitempty"` // where the branch stands instead
}

// Landing asks to move a run's head. It is idempotent: when the head is
// already at To, it is done.
type Landing struct {
	Run  string `json:"run"`
	Name string `json:"name"`
	ID   string `json:"id"` // refs/muster/landings/<id>
	From Point  `json:"from"`
	To   Point  `json:"to"`
}

// Landed is the answer to a Landing.
type Landed struct {
	Mirror string `json:"mirror,omitempty"` // why the run's branch was not moved along; empty when it was
}

// Advanced is the answer to the wish to fast-forward the target branch.
type Advanced struct {
	Done    bool   `json:"done"`
	Why     string `json:"why,omitempty"`     // when not done
	Command string `json:"command,omitempty"` // the one command that does it, when not done
	From    Point  `json:"from"`
	To      Point  `json:"to"`
}

// AdvanceRequest asks to fast-forward the target branch to what was judged.
type AdvanceRequest struct {
	Run    string
	Name   string
	Target string // full ref or branch name
	To     Point  // zero: the run's head
}
