package inside

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// scriptFile is what a scripted agent does, by attempt.
type scriptFile struct {
	Turns []scriptTurn `json:"turns"`
}

// scriptTurn applies to the attempts whose numbers match; an absent number
// matches all. The first turn that applies is played.
type scriptTurn struct {
	Round   *int         `json:"round"`
	Attempt *int         `json:"attempt"`
	Do      []scriptStep `json:"do"`
}

// scriptStep is one thing to do; exactly one field is set.
type scriptStep struct {
	Say    *string     `json:"say"`
	WaitMS *int64      `json:"wait_ms"`
	Write  *scriptText `json:"write"` // creates folders as needed
	Edit   *scriptEdit `json:"edit"`  // fails the attempt unless old occurs exactly once
	Delete *string     `json:"delete"`
	Move   *scriptMove `json:"move"`
	Run    []string    `json:"run"` // in the worktree; its exit code is shown and does not matter
	Usage  *job.Usage  `json:"usage"`
	Turn   *bool       `json:"turn"` // the next turn of the model's begins; the first has begun
	Deny   *scriptDeny `json:"deny"`
	End    *scriptEnd  `json:"end"`         // the final event, then exit
	Die    *string     `json:"die"`         // "kill": SIGKILL to itself
	Hang   *bool       `json:"hang"`        // until it is killed
	Flood  *int64      `json:"flood_bytes"` // that many bytes of output that mean nothing
	Exit   *int        `json:"exit"`        // without a final event
}

type scriptText struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

type scriptEdit struct {
	Path string `json:"path"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

type scriptMove struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type scriptDeny struct {
	Tool string `json:"tool"`
	Why  string `json:"why"`
}

type scriptEnd struct {
	Kind    job.OutcomeKind `json:"kind"`
	Message string          `json:"message"`
}

// parseScript reads a script. A name that is not known is an error, so that a
// typing mistake does not silently change what a scripted agent plays.
func parseScript(b []byte) (scriptFile, error) {
	var f scriptFile
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return f, fault.New(fault.Invalid, "the script is not understood: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return f, fault.New(fault.Invalid, "the script goes on after its end")
	}
	for t, turn := range f.Turns {
		for i, s := range turn.Do {
			if n := s.fields(); n != 1 {
				return f, fault.New(fault.Invalid, "step %d of turn %d says %d things; it must say one", i+1, t+1, n)
			}
		}
	}
	return f, nil
}

func (s scriptStep) fields() int {
	n := 0
	for _, isSet := range []bool{
		s.Say != nil, s.WaitMS != nil, s.Write != nil, s.Edit != nil, s.Delete != nil, s.Move != nil, len(s.Run) > 0,
		s.Usage != nil, s.Turn != nil, s.Deny != nil, s.End != nil, s.Die != nil, s.Hang != nil, s.Flood != nil, s.Exit != nil,
	} {
		if isSet {
			n++
		}
	}
	return n
}

// turn gives the steps for an attempt.
func (f scriptFile) turn(round, attempt int) ([]scriptStep, error) {
	for _, t := range f.Turns {
		if (t.Round == nil || *t.Round == round) && (t.Attempt == nil || *t.Attempt == attempt) {
			return t.Do, nil
		}
	}
	return nil, fault.New(fault.NotFound, "the script has no turn for attempt %d in round %d", attempt, round)
}
