package check

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// noting passes commands on and notes how they were confined.
type noting struct {
	exec Exec
	req  evidence.Request

	mu   sync.Mutex
	seen string
}

// Run runs the command and notes the level that was in force.
func (n *noting) Run(ctx context.Context, c job.Command) (job.Output, error) {
	c.Sandbox, c.Shares, c.Egress = n.req.Sandbox, n.req.SetUp.Link, n.req.SetUp.Egress
	c.Change = cmp.Or(n.req.Head.Tree, n.req.Head.Commit, "unnamed")
	for _, l := range n.req.Links {
		c.Reads = append(c.Reads, l.From)
	}
	out, err := n.exec.Run(ctx, c)
	if err == nil {
		n.mu.Lock()
		n.seen = weaker(n.seen, out.Sandbox)
		n.mu.Unlock()
	}
	return out, err
}

func (n *noting) weakest() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen
}

// weaker gives the weaker of two levels of sandbox. Empty means that nothing
// ran; a level that this program does not know counts as the weakest.
func weaker(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	levels := job.Levels()
	if slices.Index(levels, b) < slices.Index(levels, a) {
		return b
	}
	return a
}
