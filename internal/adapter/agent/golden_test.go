package agent_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/agent"
	"muster/internal/core/job"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// recorded are streams of real programs, recorded against a scripted model.
// "<name>.golden" holds the events, one a line, then the outcome.
func recorded() []recording {
	exited := func(code int) job.Exit { return job.Exit{State: job.Exited, Code: code} }
	ended := func(s job.ExitState) job.Exit { return job.Exit{State: s} }
	killed := job.Exit{State: job.Signaled, Signal: "killed"}
	const claudeID, codexID = "11111111-2222-4333-8444-555555555555", "01a201a7-9fcd-7ff1-94f8-91bd56f597c6"
	none := job.Usage{}
	claude1 := job.Usage{Input: 2468, CacheRead: 600, CacheWrite: 200, Output: 112, CostMicroUSD: 13232}
	claude2 := job.Usage{Input: 7404, CacheRead: 1800, CacheWrite: 600, Output: 336, CostMicroUSD: 39696}
	codex1 := job.Usage{Input: 1868, CacheRead: 600, Output: 112, Reasoning: 14, CostUnknown: true}
	codex2 := job.Usage{Input: 2802, CacheRead: 900, Output: 168, Reasoning: 21, CostUnknown: true}
	first := []recording{
		{"claude/write", exited(0), "", none},
		{"claude/deny", exited(0), "", none},
		{"claude/outside", exited(0), "", none},
		{"claude/shell-allow", exited(0), "", none},
		{"claude/shell-yolo", exited(1), "", none}, // no output at all
		{"claude/mcp", exited(0), "", none},
		{"claude/partial", exited(0), "", none},
		{"claude/schema", exited(0), "", none}, // a single result, no init
		{"claude/stdin", exited(0), "", none},
		{"claude/err400", exited(1), "", none},
		{"claude/err401", ended(job.TimedOut), "", none}, // still repeating its request
		{"claude/err429", exited(0), "", none},
		{"claude/err500", exited(1), "", none},
		{"claude/err500-twice", exited(0), "", none},
		{"claude/cut", exited(0), "", none},
		{"claude/maxturns", exited(1), "", none},
		{"claude/budget", exited(1), "", none},
		{"claude/hang-int", exited(0), "", none}, // exit code 0, interrupted
		{"claude/hang-kill", killed, "", none},
		{"claude/hang-term", ended(job.Stopped), "", none},
		{"claude/res1", exited(0), "", none},
		{"claude/res2", exited(0), claudeID, claude1},
		{"claude/res3", exited(0), claudeID, claude2},
		{"codex/write", exited(0), "", none},
		{"codex/write-gpt-5.5", exited(0), "", none},
		{"codex/outside", exited(0), "", none},
		{"codex/readonly", exited(0), "", none}, // a refused write leaves no trace
		{"codex/shell", exited(0), "", none},
		{"codex/mcp", exited(0), "", none},
		{"codex/schema", exited(0), "", none},
		{"codex/stdin", exited(0), "", none},
		{"codex/err400", exited(1), "", none},
		{"codex/err401", exited(1), "", none},
		{"codex/err429", exited(0), "", none},
		{"codex/err500", exited(1), "", none},
		{"codex/err500-twice", exited(0), "", none},
		{"codex/cut", exited(1), "", none},
		{"codex/hang-int", exited(1), "", none},
		{"codex/hang-term", ended(job.Lost), "", none},
		{"codex/res1", exited(0), "", none},
		{"codex/res2", exited(0), codexID, codex1},
		{"codex/res3", exited(0), codexID, codex2},
	}
	return append(first, recordedOthers()...)
}

// recording is a stream, how its process ended, and the session that it went
// on with.
type recording struct {
	stream   string
	exit     job.Exit
	session  string
	previous job.Usage
}

func TestRecordedStreams(t *testing.T) {
	for _, r := range recorded() {
		t.Run(r.stream, func(t *testing.T) {
			stem := filepath.Join("testdata", filepath.FromSlash(r.stream))
			driver, _, _ := strings.Cut(r.stream, "/")
			a := job.Attempt{
				Op: "op", Dir: "/repo", Scratch: "/scratch", Session: r.session, Previous: r.previous,
				Agent: job.Agent{Name: driver, Driver: driver},
			}
			stream, err := os.ReadFile(stem + ".jsonl")
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			agent.Set{}.Follow(a, strings.NewReader(string(stream)), func(e job.AgentEvent) { writeLine(t, &got, e) })
			out, err := agent.Set{}.Outcome(a, r.exit, strings.NewReader(string(stream)), nil)
			if err != nil {
				t.Fatal(err)
			}
			writeLine(t, &got, out)
			compareGolden(t, stem+".golden", got.String())
		})
	}
}

// TestEveryRecordingIsUsed fails when a stream lies about unused.
func TestEveryRecordingIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, r := range recorded() {
		used[r.stream] = true
	}
	files, err := filepath.Glob("testdata/*/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(f), "testdata/"), ".jsonl")
		if !used[name] {
			t.Errorf("%s is not read by any test", f)
		}
	}
}

func writeLine(t *testing.T, w *strings.Builder, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(append(b, '\n'))
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	if got != string(want) {
		t.Errorf("differs from %s\n--- got\n%s--- want\n%s", file, got, want)
	}
}
