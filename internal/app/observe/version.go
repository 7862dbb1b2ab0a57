package observe

import (
	"context"
	"strings"
	"time"

	"muster/internal/adapter/sandbox"
	"muster/internal/core/job"
)

const askAgent = 5 * time.Second // for an agent to say its version

// Version asks an agent's program at a path for its version, in the environment
// and by the shim that are given; "unknown" where it does not say.
func Version(ctx context.Context, env, shim []string, dir, program string) string {
	out, err := sandbox.NewExecutor(env, shim).Run(ctx, job.Command{Argv: []string{program, "--version"}, Dir: dir, LimitMS: askAgent.Milliseconds(), OutputCap: 4 << 10})
	if err != nil || out.Code != 0 {
		return "unknown"
	}
	v, _, _ := strings.Cut(strings.TrimSpace(out.Stdout), "\n")
	if v == "" {
		return "unknown"
	}
	return v
}
