package gateway

import (
	"cmp"
	"strings"
	"time"

	"muster/internal/core/job"
	"muster/internal/core/otlp"
	"muster/internal/core/wire"
)

// tell tells of a request that was sent, where somebody wants to know: nothing
// of what was asked or answered, only what came of it.
func (x *exchange) tell(t taken, booked job.Usage) {
	x.d.mu.Lock()
	tell := x.d.tell
	x.d.mu.Unlock()
	if tell == nil {
		return
	}
	tell(otlp.Request{
		Attempt: x.spec.Name, Number: strings.TrimPrefix(x.entry.ID, x.spec.Name+"-"), Gemini: x.call.Dialect == wire.Gemini, Vendor: x.p.Vendor, Base: x.p.Base,
		Model: clip(x.ask.Model), Answers: t.answers, Limit: x.ask.MaxOutput, BeginUS: cmp.Or(x.beganUS, x.entry.AtUS), EndUS: time.Now().UnixMicro(),
		Usage: booked, Guess: t.isGuess, Failed: t.failed,
	})
}

// gone says why a request did not come to its end: because its client left, or
// otherwise.
func (x *exchange) gone(otherwise string) string {
	if x.r.Context().Err() != nil {
		return otlp.FailCanceled
	}
	return otherwise
}
