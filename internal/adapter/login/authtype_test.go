package login_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/login"
	"muster/internal/core/job"
)

// Qwen takes an option that is given twice for a list, and crashes.
func TestQwensWayToLogInIsGivenOnce(t *testing.T) {
	const url = "http://localhost:11434/v1"
	for _, args := range [][]string{nil, {"--auth-type", "openai"}, {"--auth-type=openai"}, {"-x", "--auth-type", "openai", "--yolo"}} {
		a := login.Apply(job.Attempt{Agent: job.Agent{Driver: "qwen", Model: "m", BaseURL: url, Args: slices.Clone(args)}})
		if n := strings.Count(strings.Join(a.Agent.Args, " "), "--auth-type"); n != 1 {
			t.Errorf("%q: %q", args, a.Agent.Args)
		}
	}
	// One that the gateway does not know is left alone.
	through, services, why := login.Through(job.Attempt{
		Agent: job.Agent{Driver: "qwen", Model: "m", Args: []string{"--auth-type", "anthropic"}}, Host: map[string]string{"OPENAI_API_KEY": "k"},
	})
	if len(services) != 0 || !strings.Contains(why, "anthropic") || through.Host["OPENAI_API_KEY"] != "k" {
		t.Errorf("%+v %q", services, why)
	}
}
