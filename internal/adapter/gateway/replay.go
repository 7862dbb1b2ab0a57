package gateway

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/recording"
)

// leaves is how long an answer that its agent did not wait for is held when it
// is played again.
const leaves = 30 * time.Second

// player answers the requests of an attempt from a recording. A gateway that
// is started anew knows nothing of what was used; requests find their answers
// all the same, by what they say.
type player struct {
	swap recording.Swap // from the recorded names to those of this attempt

	mu      sync.Mutex
	answers *recording.Answers
	isOver  bool // the recorded attempt was interrupted: nothing follows its last answer
	limited bool // the latest answer said that the account is asked too often
}

// openPlayer reads the recording of an attempt.
func openPlayer(r Recording) (*player, error) {
	a, err := readIn(r.Dir, r.File)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "replay %s: the recording has no such attempt", filepath.Join(r.Dir, r.File)).
			WithHint("the run has gone another way than the recorded one: muster show says how; muster stop --close ends it")
	}
	if err != nil {
		return nil, fault.WithHint(fault.Wrap(fault.Refused, err, "replay %s", filepath.Join(r.Dir, r.File)), "the file is not as it was recorded: take it from where it is whole")
	}
	p := &player{swap: recording.NewSwap(a.Names, r.Names), answers: recording.NewAnswers(a.Exchanges), isOver: a.WasInterrupted()}
	if before, err := readIn(r.Dir, r.After); r.After != "" && err == nil && before.WasInterrupted() {
		p.answers.Loosen()
	}
	return p, nil
}

func readIn(dir, name string) (recording.Attempt, error) {
	f, err := openIn(dir, name, os.O_RDONLY)
	if err != nil {
		return recording.Attempt{}, err
	}
	defer f.Close()
	return readAttempt(f)
}

// take gives the recorded answer to a request, or says why there is none. Back
// gives an answer back.
func (p *player) take(a recording.Ask) (x recording.Exchange, back func(), missing string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.answers.Take(a)
	if !ok {
		return x, nil, p.answers.Missing(a)
	}
	x = p.answers.Exchange(i)
	if a.Turns != "" {
		p.limited = x.Status == http.StatusTooManyRequests
	}
	return x, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answers.Return(i)
	}, ""
}

// interrupts reports whether the recorded attempt was interrupted after the
// answers that were given away.
func (p *player) interrupts() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.isOver && p.answers.AreUsed()
}

// soon is what is waited after a quota that was used up in the recording.
const soon = 10 * time.Second

// untilUS gives when the account may be asked again, which is not when the
// recording says.
func (p *player) untilUS() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.limited {
		return 0
	}
	return time.Now().Add(soon).UnixMicro()
}

// play answers the request from the recording.
func (x *exchange) play() {
	answer, back, missing := x.d.player.take(x.describe())
	switch {
	case missing == "":
		x.pass(answer, back)
	case !x.call.Costs:
		x.fail(http.StatusNotFound, missing)
	default:
		x.d.note(entry{Kind: missed, Why: missing, IsOver: x.d.player.interrupts()})
		x.fail(http.StatusBadRequest, missing)
	}
}

// pass gives a recorded answer to the agent, with the names of this attempt.
func (x *exchange) pass(answer recording.Exchange, back func()) {
	if l := answer.Limit; l != nil {
		x.d.note(entry{Kind: refused, Limit: &Limit{Scope: l.Scope, Why: l.Why}})
	}
	isWhole := true
	if answer.Status > 0 {
		isWhole = x.d.player.passBytes(x, answer)
	}
	if !isWhole { // the agent may ask again, and is to get the same
		back()
		return
	}
	if x.call.Costs {
		x.d.note(entry{Kind: played, Usage: answer.Usage})
	}
	if answer.Ending == recording.Whole {
		return
	}
	if answer.Ending == recording.Left && !x.d.player.interrupts() {
		select {
		case <-x.r.Context().Done():
		case <-time.After(leaves):
		}
	}
	panic(http.ErrAbortHandler)
}

// passBytes passes a recorded answer on, and reports whether the agent took all
// of it.
func (p *player) passBytes(x *exchange, answer recording.Exchange) bool {
	for _, name := range recording.Headers() {
		v := answer.Headers[name]
		if v != "" && (name == "Retry-After" || name == "Retry-After-Ms") {
			v = "1" // nobody has to be spared
		}
		if v != "" {
			x.w.Header().Set(name, v)
		}
	}
	x.w.WriteHeader(answer.Status)
	flush := http.NewResponseController(x.w).Flush
	for _, event := range p.swap.Rewrite(x.call.Dialect, answer.Form(), answer.Body) {
		if _, err := x.w.Write(event); err != nil {
			return false
		}
		if answer.Form() == recording.Events {
			_ = flush() // a client that has left shows at the next write
		}
	}
	return flush() == nil || answer.Form() == recording.Events // whoever has the last event may leave
}

// note writes what happened at the door into the journal.
func (d *door) note(e entry) {
	e.AtUS, e.Door = time.Now().UnixMicro(), d.spec.Name
	if err := d.s.journal.append(e); err != nil {
		d.s.log.Error("journal", "error", err.Error())
	}
}

// openRecording makes the door record, or replay, as it is asked to.
func (d *door) openRecording() (err error) {
	switch r := d.spec.Recording; {
	case r == nil:
		return nil
	case !filepath.IsAbs(r.Dir):
		return fault.New(fault.Invalid, "open the door of %s: the folder of its recording is no absolute path", d.spec.Name)
	case r.Mode == Replay:
		d.player, err = openPlayer(*r)
	case r.Mode == Record:
		d.recorder, err = openRecorder(*r)
	default:
		return fault.New(fault.Invalid, "open the door of %s: %q is nothing to be done with a recording", d.spec.Name, r.Mode)
	}
	return err
}

func (d *door) closeRecording(outcome job.OutcomeKind) {
	if d.recorder != nil {
		d.recorder.close(outcome)
	}
}
