package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// computedFile is in an operation's folder. Its time of modification is when
// the operation's processes were last seen to compute.
const computedFile = "computed"

const (
	// An agent that waits for its model still uses some processor time: its
	// timers and its garbage collection. To compute is to use more than this
	// share of a processor.
	computingShare = 0.02

	ticksPerSecond = 100 // USER_HZ: the same on every Linux, whatever the kernel's own
)

// rhythm is how often an operation's processes are looked at: first after a
// while, then ever more rarely. A look costs most of a millisecond, for a shim
// that does nothing else, and ten of them are to take a thousandth of a
// processor at most.
type rhythm struct{ first, last time.Duration }

func readingRhythm() rhythm { return rhythm{5 * time.Second, time.Minute} }

// keepReadings notes the memory that the operation's processes take, and in
// the operation's folder when they compute, until done is closed. Only the
// time of a file changes: notices of changes in the folder are for those who
// wait for the end.
func keepReadings(dir string, memory *peak, r rhythm, done <-chan struct{}) {
	name := filepath.Join(dir, computedFile)
	if f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|unix.O_NOFOLLOW, fileMode); err == nil {
		_ = f.Close()
	}
	former, at, proc := time.Duration(0), time.Now(), &procReader{}
	for pause := r.first; !wait(done, pause); pause = min(2*pause, r.last) {
		below := proc.descendants(os.Getpid())
		memory.raise(sum(proc, below))
		used, now := proc.usedBy(os.Getpid(), below)
		if isComputing(used-former, now.Sub(at)) {
			_ = os.Chtimes(name, now, now)
		}
		former, at = used, now
	}
}

// isComputing says whether so much processor time in so much time is more than
// waiting takes. Time that a process takes along when it ends unseen makes used
// negative: something ended, which is no computing.
func isComputing(used, span time.Duration) bool {
	return span > 0 && float64(used) > computingShare*float64(span)
}

// usedBelow gives the processor time that the descendants of a process have
// used, those that ended included, and the moment of the reading.
func usedBelow(pid int) (time.Duration, time.Time) {
	r := &procReader{}
	return r.usedBy(pid, r.descendants(pid))
}

// usedBy is usedBelow with the descendants that live.
func (r *procReader) usedBy(pid int, below []int) (time.Duration, time.Time) {
	ticks := uint64(0)
	if stat, err := r.file(pid, "stat"); err == nil {
		ticks = usedTicks(stat, ofEnded)
	}
	for _, p := range below {
		if stat, err := r.file(p, "stat"); err == nil {
			ticks += usedTicks(stat, ofSelf, ofEnded)
		}
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, time.Now()
}

// span is a pair of fields of a stat line: time in user mode and in the kernel.
type span int

// The pairs, counted as in parseStat.
const (
	ofSelf  span = 11
	ofEnded span = 13 // of children that ended and were waited for
)

// usedTicks adds up fields of proc(5)'s stat line; what cannot be read is 0.
func usedTicks(line []byte, spans ...span) uint64 {
	sum, i := uint64(0), 0
	for field := range bytes.FieldsSeq(line[bytes.LastIndexByte(line, ')')+1:]) {
		for _, s := range spans {
			if i == int(s) || i == int(s)+1 {
				n, _ := strconv.ParseUint(string(field), 10, 64)
				sum += n
			}
		}
		i++
	}
	return sum
}

// listsChildren says whether this kernel lists the children of a process.
func listsChildren() bool {
	return exists("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/children")
}

// descendants gives the descendants of a process, living or not.
func (r *procReader) descendants(pid int) []int {
	var out []int
	if !listsChildren() {
		for _, p := range below(processes(), map[int]bool{pid: true}, 0) {
			if p.pid != pid {
				out = append(out, p.pid)
			}
		}
		return out
	}
	seen := map[int]bool{pid: true}
	for todo := []int{pid}; len(todo) > 0; todo = todo[1:] {
		for _, c := range r.children(todo[0]) {
			if !seen[c] {
				seen[c] = true
				out, todo = append(out, c), append(todo, c)
			}
		}
	}
	return out
}

// children gives the children of all threads of a process.
func (r *procReader) children(pid int) []int {
	tasks, err := os.Open("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		return nil
	}
	threads, _ := tasks.Readdirnames(-1) // some of them, when the process ends meanwhile
	_ = tasks.Close()
	var out []int
	for _, t := range threads {
		data, err := r.file(pid, "task/"+t+"/children")
		if err != nil {
			continue
		}
		for word := range bytes.FieldsSeq(data) {
			if c, err := strconv.Atoi(string(word)); err == nil {
				out = append(out, c)
			}
		}
	}
	return out
}

// Signs gives what can be seen of an operation now. It reads four small files
// and starts nothing.
func (o *Operations) Signs(id string) (job.Signs, error) {
	state, err := o.State(id)
	if err != nil {
		return job.Signs{}, err
	}
	s := job.Signs{State: state}
	if state == job.OpEnded {
		if s.Exit, _, err = o.Exit(id); err != nil {
			return s, err
		}
	}
	var shim identity
	if readJSON(filepath.Join(o.path(id), startedFile), &shim) == nil {
		s.BegunUS = shim.AtUS
	}
	for _, name := range []string{stdoutFile, stderrFile} {
		if info, err := os.Stat(filepath.Join(o.path(id), name)); err == nil && info.Size() > 0 {
			s.OutputUS = max(s.OutputUS, info.ModTime().UnixMicro())
		}
	}
	if info, err := os.Stat(filepath.Join(o.path(id), computedFile)); err == nil {
		s.ComputedUS = info.ModTime().UnixMicro()
	}
	return s, nil
}

// Computing watches the processes of an operation for so long, and says
// whether they compute.
func (o *Operations) Computing(ctx context.Context, id string, during time.Duration) bool {
	var shim identity
	if validateID(id) != nil || readJSON(filepath.Join(o.path(id), startedFile), &shim) != nil {
		return false
	}
	if p, err := readProc(shim.PID); err != nil || p.start != shim.Start {
		return false
	}
	former, at := usedBelow(shim.PID)
	if wait(ctx.Done(), during) {
		return false
	}
	used, now := usedBelow(shim.PID)
	return isComputing(used-former, now.Sub(at))
}

// Tail gives the end of what an operation has written to its standard output:
// whole lines, of at most so many bytes.
func (o *Operations) Tail(id string, most int64) ([]byte, error) {
	r, err := o.Stdout(id)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, ok := r.(*os.File)
	if !ok {
		return nil, nil // nothing yet
	}
	whole := true
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "read the output of operation %s", id)
		}
		whole = false
	}
	data, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.Internal, err, "read the output of operation %s", id)
	}
	if !whole {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return data, nil
}
