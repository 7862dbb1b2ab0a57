// Package observe looks at the agents of a run and says how they are. What
// follows from what it sees is decided in core/report.
package observe

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"time"

	"muster/internal/adapter/agent"
	"muster/internal/adapter/sandbox"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

const (
	// Before an agent is called silent it is looked at more closely: for a
	// moment at its processes, then at its files, as many and as often as this.
	lookClosely = 250 * time.Millisecond
	mostFiles   = 20_000
	filesSeldom = 30 * time.Second
	tailBytes   = 256 << 10 // of an agent's output, to find what it said last

	// settle is how long after a write another one may carry the same moment:
	// clocks of file systems tick up to every 10 ms. What was read within it is
	// read again, or a question that came just after would be seen by nobody.
	settle = 20 * time.Millisecond
)

// Silence is for how long an agent may give no sign before it is called
// silent, unless somebody wants it otherwise. Models think for minutes without
// a word.
const Silence = 5 * time.Minute

// Observer looks at agents. It remembers what is costly to find out, and
// serves one goroutine at a time.
type Observer struct {
	ops     *sandbox.Operations
	agents  agent.Set
	silence time.Duration
	known   map[string]*observed // by operation
}

// New makes an observer. A silence of 0 means Silence.
func New(ops *sandbox.Operations, agents agent.Set, silence time.Duration) *Observer {
	silence = cmp.Or(silence, Silence)
	return &Observer{ops: ops, agents: agents, silence: silence, known: map[string]*observed{}}
}

type observed struct {
	attempt   job.Attempt
	outputUS  int64 // of last, where nothing more can carry that moment; else 0
	last      *job.AgentEvent
	filesUS   int64
	filesAtUS int64 // when the files were looked at
}

// Subject is what an observer looks at: a task, and what of its run does not
// change.
type Subject struct {
	Run      string // its name
	Task     report.Task
	Op       string                      // of its latest attempt
	Attempt  func() (job.Attempt, error) // what a driver must know to read its output
	IsDriven bool
	WakeUS   int64 // when Muster tries its provider again
}

// Now says how the agent of a task is; false when none is at work and none
// waits to go on.
func (o *Observer) Now(ctx context.Context, x Subject) (report.Now, bool, error) {
	f := report.Facts{NowUS: time.Now().UnixMicro(), IsDriven: x.IsDriven, WakeUS: x.WakeUS, SilenceUS: o.silence.Microseconds()}
	n := len(x.Task.Attempts)
	if n == 0 || x.Task.Attempts[n-1].Outcome != nil {
		now, ok := report.NowOf(x.Run, x.Task, f)
		return now, ok, nil
	}
	var err error
	if f.Signs, err = o.ops.Signs(x.Op); err != nil {
		return report.Now{}, false, err
	}
	k := o.known[x.Op]
	if k == nil {
		k = &observed{}
		if k.attempt, err = x.Attempt(); err != nil {
			return report.Now{}, false, err
		}
		o.known[x.Op] = k
	}
	if f.Signs.OutputUS != k.outputUS {
		tail, err := o.ops.Tail(x.Op, tailBytes)
		if err != nil {
			return report.Now{}, false, err
		}
		k.last = o.agents.Latest(k.attempt, tail)
		if k.outputUS = 0; f.NowUS-f.Signs.OutputUS > settle.Microseconds() {
			k.outputUS = f.Signs.OutputUS
		}
	}
	f.Last, f.FilesUS = k.last, k.filesUS
	now, ok := report.NowOf(x.Run, x.Task, f)
	if now.Condition != report.Silent {
		return now, ok, nil
	}
	if o.ops.Computing(ctx, x.Op, lookClosely) {
		f.Signs.ComputedUS = f.NowUS
	} else if f.NowUS-k.filesAtUS > filesSeldom.Microseconds() {
		k.filesAtUS, k.filesUS = f.NowUS, max(newest(x.Task.Dir), newest(k.attempt.Scratch))
		f.FilesUS = k.filesUS
	}
	now, ok = report.NowOf(x.Run, x.Task, f)
	return now, ok, nil
}

// newest gives when a file below a folder was last changed, in microseconds
// since 1970, as far as the first files tell; 0 when there is none.
func newest(dir string) int64 {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0
	}
	defer root.Close()
	latest, left := int64(0), mostFiles
	_ = fs.WalkDir(root.FS(), ".", func(_ string, d fs.DirEntry, err error) error {
		if left--; left < 0 {
			return fs.SkipAll
		}
		if err != nil {
			return nil //nolint:nilerr // it was removed meanwhile, or cannot be read
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // the same
		}
		latest = max(latest, info.ModTime().UnixMicro())
		return nil
	})
	return latest
}
