package observe

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"muster/internal/adapter/agent"
	"muster/internal/adapter/sandbox"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

// running gives an operation that runs, for all that can be seen of it, and a
// function that adds to its output as if at that moment.
func running(t *testing.T) (ops *sandbox.Operations, say func(text string, at time.Time)) {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "op")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "spec.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.Create(filepath.Join(dir, "lock"))
	if err == nil {
		err = syscall.Flock(int(held.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() })
	name := filepath.Join(dir, "stdout")
	return sandbox.NewOperations(root, nil), func(text string, at time.Time) {
		t.Helper()
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.WriteString(text)
			_ = f.Close()
		}
		if err == nil {
			err = os.Chtimes(name, at, at)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What an agent says within the same tick of the clock as what was read is seen
// by the next look; what cannot have changed is not read again.
func TestWhatIsSaidInOneMomentIsSeen(t *testing.T) {
	const (
		started = `{"muster":"event","kind":"started","session":"s"}` + "\n"
		asks    = `{"muster":"event","kind":"asks","tool":"shell","text":"rm -r /"}` + "\n"
	)
	for _, tt := range []struct {
		name string
		at   time.Time
		want report.Condition
	}{
		{"a moment ago", time.Now().Add(time.Hour), report.Permission}, // that will last for as long as this test
		{"long ago", time.Now().Add(-time.Second), report.Works},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ops, say := running(t)
			o := New(ops, agent.Set{}, 0)
			now := func() report.Now {
				t.Helper()
				n, ok, err := o.Now(t.Context(), Subject{
					Run: "r", Op: "op", IsDriven: true,
					Task:    report.Task{ID: "x", State: report.Working, Attempts: []report.Attempt{{Number: 1}}},
					Attempt: func() (job.Attempt, error) { return job.Attempt{Op: "op", Agent: job.Agent{Driver: "command"}}, nil },
				})
				if err != nil || !ok {
					t.Fatalf("%+v, %v, %v", n, ok, err)
				}
				return n
			}
			say(started, tt.at)
			if n := now(); n.Condition != report.Works {
				t.Fatalf("%+v", n)
			}
			say(asks, tt.at)
			if n := now(); n.Condition != tt.want {
				t.Errorf("%+v, want %s", n, tt.want)
			}
			say("", tt.at.Add(time.Second))
			if n := now(); n.Condition != report.Permission {
				t.Errorf("after another moment: %+v", n)
			}
		})
	}
}
