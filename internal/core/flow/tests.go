package flow

import (
	"cmp"
	"slices"

	"muster/internal/core/evidence"
)

// Bounds of what is remembered of flaky tests.
const (
	maxRemembered = 500
	maxSeen       = 4                          // streams that are kept of each
	forgottenUS   = 90 * 24 * 3600 * 1_000_000 // after so long without a test ending both ways it is forgotten
)

// Tests is the machine that remembers flaky tests, of all runs of a
// repository. It only listens: its stream holds what judgements showed, and
// its state is the fold over them.
type Tests struct {
	Known []Remembered `json:"known,omitempty"` // by test
}

// Remembered is a test that has ended both ways on the same code.
type Remembered struct {
	evidence.Known
	Seen   []Stream `json:"seen"`    // in whose judgements it ended both ways, the latest last
	LastUS int64    `json:"last_us"` // when it did last
}

// Done is never so.
func (Tests) Done() bool { return false }

// Step adds what a judgement showed.
func (t Tests) Step(e Event) (State, []Command) {
	d, ok := e.Data.(TestsTried)
	if !ok {
		return t, nil
	}
	var kept []Remembered
	for _, k := range t.Known {
		if e.AtUS-k.LastUS <= forgottenUS {
			kept = append(kept, k)
		}
	}
	for _, tried := range d.Tried {
		kept = remember(kept, tried, d.Where, e.AtUS)
	}
	if len(kept) > maxRemembered {
		slices.SortStableFunc(kept, func(a, b Remembered) int { return cmp.Compare(b.LastUS, a.LastUS) })
		kept = kept[:maxRemembered]
	}
	slices.SortFunc(kept, func(a, b Remembered) int { return a.Compare(b.Test) })
	return Tests{Known: kept}, nil
}

// remember adds one test's runs. Runs of a test that never ended both ways are
// nothing to remember.
func remember(known []Remembered, d evidence.Tried, where Stream, at int64) []Remembered {
	i := slices.IndexFunc(known, func(k Remembered) bool { return k.Test == d.Test })
	if i < 0 {
		if !d.Wavered() {
			return known
		}
		i = len(known)
		known = append(known, Remembered{Known: evidence.Known{Test: d.Test}})
	}
	k := known[i]
	k.Rate.Runs, k.Rate.Red = k.Rate.Runs+d.Runs, k.Rate.Red+d.Red
	k.By = cmp.Or(d.By, k.By)
	if d.Wavered() {
		k.LastUS = at
		k.Seen = slices.DeleteFunc(slices.Clone(k.Seen), func(s Stream) bool { return s == where })
		k.Seen = append(k.Seen, where)
		k.Seen = k.Seen[max(0, len(k.Seen)-maxSeen):]
	}
	known[i] = k
	return known
}

// Elsewhere gives the tests that ended both ways in other judgements than
// those of a stream: what a task's own change made flaky is not known.
func (t Tests) Elsewhere(s Stream) []evidence.Known {
	var out []evidence.Known
	for _, k := range t.Known {
		if slices.ContainsFunc(k.Seen, func(seen Stream) bool { return seen != s }) {
			out = append(out, k.Known)
		}
	}
	return out
}

// tried gives the message that has tests remembered; none when there is
// nothing to remember.
func tried(where Stream, d EvidenceRecorded) []Command {
	if len(d.Tried) == 0 {
		return nil
	}
	return []Command{{To: TestsStream, Message: TestsTried{Where: where, Tried: d.Tried}}}
}

// Where gives the stream in whose name a change is judged: that of the task,
// whoever asks, and otherwise of who asks.
func (o RunChecks) Where() Stream {
	switch {
	case o.Task != "":
		return TaskStream(o.Run, o.Task)
	case o.Subject == evidence.OfPush:
		return QueueStream(o.Run)
	}
	return RunStream(o.Run)
}
