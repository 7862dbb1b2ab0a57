package agent_test

import (
	"strings"
	"testing"

	"muster/internal/adapter/agent"
	"muster/internal/core/job"
)

// The end of a quota is in the outcome, of logins as well as of keys: from the
// program's own event where it has one, else from its last words.
func TestOutcomeHasTheEndOfTheQuota(t *testing.T) {
	const ended, end = 1_795_000_000, 1_795_010_000
	limit := func(status string) string {
		return `{"type":"rate_limit_event","rate_limit_info":{"status":"` + status + `","resetsAt":1795010000,"rateLimitType":"five_hour"}}` + "\n"
	}
	const claudeFails = `{"type":"result","is_error":true,"result":"You've hit your limit"}`
	for _, c := range []struct {
		driver, stdout string
		want           int64 // seconds
	}{
		{"claude", limit("rejected") + claudeFails, end},
		{"qwen", limit("rejected") + claudeFails, end},
		{"claude", limit("allowed_warning") + claudeFails, 0},
		{"claude", limit("rejected") + `{"type":"result","subtype":"success","is_error":false,"result":"done"}`, 0},
		{"codex", `{"type":"turn.failed","error":{"message":"You've hit your usage limit. Try again in 2 hours 0 minutes."}}`, ended + 7200},
		{"codex", `{"type":"turn.failed","error":{"message":"unexpected status 503 Service Unavailable, try again in 2 hours"}}`, 0},
		{"command", `{"muster":"outcome","kind":"quota","message":"used up; try again in 1 hour"}`, ended + 3600},
	} {
		out, err := agent.Set{}.Outcome(job.Attempt{Op: "r.t.1", Agent: job.Agent{Name: "a", Driver: c.driver, Command: []string{"a"}}, Dir: "/d", Scratch: "/s"},
			job.Exit{State: job.Exited, Code: 1, EndedUS: ended * 1e6}, strings.NewReader(c.stdout), nil)
		if err != nil || out.UntilUS != c.want*1e6 {
			t.Errorf("%s, %s: %+v %v", c.driver, c.stdout, out, err)
		}
	}
}
