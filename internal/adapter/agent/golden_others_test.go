package agent_test

import "muster/internal/core/job"

// recordedOthers are the streams of the agents that came later.
func recordedOthers() []recording {
	exited := func(code int) job.Exit { return job.Exit{State: job.Exited, Code: code} }
	none := job.Usage{}
	const id = "11111111-2222-4333-8444-555555555555"
	two := job.Usage{Input: 1868, CacheRead: 600, Output: 112, Reasoning: 14, CostUnknown: true}
	plain := job.Usage{Input: 1868, CacheRead: 600, Output: 112, CostUnknown: true}
	return []recording{
		{"copilot/write", exited(0), "", none},
		{"copilot/deny", exited(0), "", none},
		{"copilot/denyshell", exited(0), "", none},
		{"copilot/outside", exited(0), "", none},
		{"copilot/mcp", exited(0), "", none},
		{"copilot/err400", exited(1), "", none},
		{"copilot/err401", exited(1), "", none},
		{"copilot/err429", exited(0), "", none},
		{"copilot/err500", exited(1), "", none},
		{"copilot/cut", exited(1), "", none},
		{"copilot/hang-int", exited(130), "", none},
		{"copilot/hang-term", job.Exit{State: job.Stopped}, "", none},
		{"copilot/res1", exited(0), "", none},
		{"copilot/res2", exited(0), id, two},
		{"copilot/res3", exited(0), id, two},
		{"gemini/auto", exited(0), "", none},
		{"gemini/shell", exited(0), "", none},
		{"gemini/mcp", exited(0), "", none},
		{"gemini/deny", exited(0), "", none}, // the tool was not offered
		{"gemini/outside", exited(0), "", none},
		{"gemini/err400", exited(144), "", none},
		{"gemini/err401", exited(145), "", none},
		{"gemini/err429", exited(0), "", none},
		{"gemini/err500", job.Exit{State: job.TimedOut}, "", none}, // still repeating its request
		{"gemini/err500-twice", exited(0), "", none},
		{"gemini/cut", exited(1), "", none},
		{"gemini/hang-int", exited(0), "", none}, // exit code 0, interrupted
		{"gemini/hang-term", job.Exit{State: job.Stopped}, "", none},
		{"gemini/res1", exited(0), "", none},
		{"gemini/res2", exited(0), id, two}, // counts are those of the process
		{"gemini/res3", exited(0), id, two},
		{"qwen/write", exited(0), "", none},
		{"qwen/deny", exited(0), "", none},
		{"qwen/denyshell", exited(0), "", none},
		{"qwen/outside", exited(0), "", none},
		{"qwen/mcp", exited(0), "", none},
		{"qwen/schema", exited(1), "", none},
		{"qwen/err400", exited(1), "", none},
		{"qwen/err401", exited(1), "", none},
		{"qwen/err429", exited(0), "", none},
		{"qwen/err500", exited(1), "", none},
		{"qwen/cut", exited(1), "", none},
		{"qwen/hang-int", job.Exit{State: job.Signaled, Signal: "interrupt"}, "", none},
		{"qwen/hang-term", job.Exit{State: job.Stopped}, "", none},
		{"qwen/walltime", exited(55), "", none},
		{"qwen/res1", exited(0), "", none},
		{"qwen/res2", exited(0), id, plain},
		{"qwen/res3", exited(0), id, plain},
		{"opencode/write", exited(0), "", none},
		{"opencode/auto", exited(0), "", none},
		{"opencode/shell", exited(0), "", none},
		{"opencode/deny", exited(0), "", none},
		{"opencode/outside", exited(0), "", none},
		{"opencode/mcp", exited(0), "", none},
		{"opencode/err400", exited(1), "", none},
		{"opencode/err401", exited(1), "", none},
		{"opencode/err429", exited(0), "", none},
		{"opencode/err500", exited(1), "", none},
		{"opencode/cut", exited(1), "", none},
		{"opencode/hang-term", job.Exit{State: job.Stopped}, "", none},
		{"opencode/res1", exited(0), "", none},
		{"opencode/res2", exited(0), "ses_dfe48a5e0ffeYh8P6TNqjYr4Hm", two},
		{"opencode/res3", exited(0), "ses_dfe48a5e0ffeYh8P6TNqjYr4Hm", two},
	}
}
