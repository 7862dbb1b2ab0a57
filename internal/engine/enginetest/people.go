package enginetest

import (
	"bytes"
	"iter"

	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/report"
)

func (s *sim) run() flow.Run {
	return s.state(flow.RunStream("r")).(flow.Run) //nolint:errcheck // the run is there from the first event on
}

func (s *sim) task(id string) (flow.Task, bool) {
	t, ok := s.state(flow.TaskStream("r", id)).(flow.Task)
	return t, ok
}

func (s *sim) queue() (flow.Queue, bool) {
	q, ok := s.state(flow.QueueStream("r")).(flow.Queue)
	return q, ok
}

func (s *sim) tell(to flow.Stream, who string, p flow.Payload) {
	s.result.People++
	s.deliver(to, s.event("person:"+who, p))
}

// person does something at any moment, sensible or not.
func (w *world) person() {
	s := w.s
	node := w.begun.Nodes[s.rng.IntN(len(w.begun.Nodes))]
	stream := flow.TaskStream("r", node.ID)
	who := []string{"ann", "bob"}[s.rng.IntN(2)]
	switch s.rng.IntN(15) {
	case 0:
		s.tell(flow.RunStream("r"), who, flow.StopRequested{Close: s.rng.IntN(12) == 0})
	case 1, 2:
		w.resume()
	case 3:
		s.tell(stream, who, flow.Rejected{Because: "no"})
	case 4, 5:
		s.tell(stream, who, flow.RetryRequested{Text: []string{"", "try again"}[s.rng.IntN(2)], Fresh: s.rng.IntN(3) == 0})
	case 6:
		s.tell(stream, who, flow.Approved{Tree: "some other tree"})
	case 7, 8:
		w.approve(node.ID, who)
	case 9:
		if w.pushed == nil && !w.diverged && s.run().Opened.Branch != "" {
			p := w.tree("push")
			w.pushed = &p
		}
	case 10, 11:
		s.tell(stream, who, flow.MessageLeft{Text: []string{"", "mind the gap"}[s.rng.IntN(2)], Now: s.rng.IntN(2) == 0})
	case 12:
		s.tell(stream, who, flow.TakeoverRequested{})
	case 13:
		w.give(node.ID, who)
	case 14:
		w.diverged = s.run().Opened.Branch != "" && s.rng.IntN(4) == 0
	}
}

// give hands a person's work in, whether or not the task was taken over.
func (w *world) give(id, who string) {
	s := w.s
	t, ok := s.task(id)
	if !ok {
		return
	}
	base := t.Base
	if base.Tree == "" {
		base = w.head
	}
	s.tell(flow.TaskStream("r", id), who, flow.WorkGiven{
		As: []flow.Given{flow.Submitted, flow.HandedBack}[s.rng.IntN(2)], Base: base, Head: w.tree("byhand-" + id + "-"), Author: who,
	})
}

func (w *world) resume() {
	s := w.s
	w.diverged = false
	r := s.run()
	more := flow.ResumeRequested{}
	if r.Reason == flow.ForBudget {
		more.MicroUSD, more.Turns = r.Spent.CostMicroUSD+5e6, r.Spent.Turns+500
	}
	s.tell(flow.RunStream("r"), "ann", more)
}

func (w *world) approve(id, who string) {
	if t, ok := w.s.task(id); ok && t.Phase == flow.Asking {
		w.approved[t.Verdict.HeadTree] = true
		w.s.tell(flow.TaskStream("r", id), who, flow.Approved{Tree: t.Verdict.HeadTree})
	}
}

// helpful does what moves the run on when it waits for people.
func (w *world) helpful() {
	s := w.s
	r := s.run()
	switch {
	case r.Done():
		return
	case r.Stage == flow.Doubting:
		w.approved[r.Final.Tree] = true
		s.tell(flow.RunStream("r"), "ann", flow.Approved{Tree: r.Final.Tree})
		return
	case r.Stage == flow.Paused:
		if q, ok := s.queue(); ok && q.Held && q.Now != nil && q.Now.Push {
			w.approved[q.Now.To.Tree] = true
			s.tell(flow.QueueStream("r"), "ann", flow.Approved{Tree: q.Now.To.Tree})
		}
		w.resume()
		return
	}
	for _, n := range w.begun.Nodes {
		t, ok := s.task(n.ID)
		if !ok {
			continue
		}
		switch t.Phase {
		case flow.Asking:
			w.approve(n.ID, "ann")
			w.approve(n.ID, "bob")
		case flow.Taken:
			w.give(n.ID, "ann")
		case flow.Stuck, flow.Refused:
			s.tell(flow.TaskStream("r", n.ID), "ann", flow.RetryRequested{Text: "again", MicroUSD: t.Spent.CostMicroUSD + 5e6, TimeMS: t.TimeUS/1000 + 1e6, Turns: t.Spent.Turns + 500})
		default:
			continue
		}
		return
	}
}

// invariants hold after every step.
func (s *sim) invariants() {
	r := s.run()
	holding, slots := 0, 0
	for i, n := range s.w.begun.Nodes {
		mark := r.Marks[i]
		t, ok := s.task(n.ID)
		if mark == 'h' {
			holding++
		}
		if ok && t.Slot {
			slots++
		}
		s.must(!ok || t.Done() || t.Slot == (mark == 'h'), "%s has slot %v, but the run marks it %c", n.ID, t.Slot, mark)
		s.must(!ok || r.Done() || (t.Phase == flow.Landed) == (mark == 'l'), "%s is %s, but the run marks it %c", n.ID, t.Phase, mark)
	}
	s.must(holding <= r.Limits.Parallel, "%d agents at once, %d allowed", holding, r.Limits.Parallel)
	if s.idle() {
		s.must(slots == 0, "nothing is under way, but %d tasks hold a slot", slots)
		s.must(r.Done() || r.Stage == flow.Paused || r.Stage == flow.Doubting || bytes.ContainsAny([]byte(r.Marks), "afrt"),
			"nothing is under way and nobody is asked: stage %s, tasks %s", r.Stage, r.Marks)
	}
	if s.seed%32 == 1 && s.result.Steps%10 == 0 {
		s.w.shown(r)
	}
	if r.Stage == flow.Paused && r.Reason == flow.ForStop && s.idle() {
		for id, a := range s.w.agents {
			s.must(!a.running, "agent %s runs though the run is stopped", id)
		}
	}
}

// shown compares what people are told with what the machines do.
func (w *world) shown(r flow.Run) {
	s := w.s
	view, err := report.Fold(s.all())
	s.must(err == nil, "report: %v", err)
	stage := view.Stage
	if stage == flow.Proving && r.Stage == flow.Syncing {
		stage = flow.Syncing // nobody is told of it
	}
	s.must(stage == r.Stage && view.Reason == r.Reason, "the run is %s (%s), the report says %s (%s)", r.Stage, r.Reason, view.Stage, view.Reason)
	if r.Done() {
		return
	}
	for _, v := range view.Tasks {
		t, ok := s.task(v.ID)
		phase := t.Phase
		if phase == flow.Pausing || phase == flow.Halted && v.Phase == flow.Ready {
			phase = flow.Ready // with the reason; and a stopped task that the run has resumed waits for a slot
		}
		s.must(v.Phase == phase || t.Hand.Taking, "%s is %s, the report says %s (%s)", v.ID, t.Phase, v.Phase, v.State)
		s.must(untold(v) == len(t.Hand.Messages), "%d messages wait for %s, the report says %d", len(t.Hand.Messages), v.ID, untold(v))
		s.must(!ok || v.Round == t.Round && v.Spent == t.Spent && (v.Head == t.Head || t.Head.Tree == ""), "%s is in round %d at %v, the report says %d, %v", v.ID, t.Round, t.Head, v.Round, v.Head)
	}
}

// untold counts the messages that no agent has heard, as far as they are kept.
func untold(t report.Task) int {
	n := 0
	for _, m := range t.Hand.Messages {
		if m.Attempt == 0 {
			n++
		}
	}
	return min(n, 20)
}

// finish compares what was recorded with what really happened.
func (s *sim) finish() {
	r := s.run()
	if r.Stage == flow.Abandoned {
		s.abandoned(r)
		return
	}
	s.must(r.Stage == flow.Finished, "the run ended as %s", r.Stage)
	spent, attempts := job.Usage{}, 0
	for id, a := range s.w.agents {
		s.must(!a.running, "agent %s still runs at the end", id)
		spent = spent.Add(a.outcome.Usage)
		attempts++
	}
	s.must(spent == r.Spent, "agents used %+v, recorded %+v", spent, r.Spent)
	byTask := map[string]int{}
	for _, n := range s.w.begun.Nodes {
		t, ok := s.task(n.ID)
		s.must(ok && t.Phase == flow.Landed, "%s did not land", n.ID)
		byTask[n.ID] = t.Attempt
		attempts -= t.Attempt
	}
	s.must(attempts == 0, "attempts started and recorded differ by %d", attempts)
	if s.seed%4 != 0 {
		return // reading all events back takes longer than the run
	}
	view, err := report.Fold(s.all())
	s.must(err == nil, "report: %v", err)
	s.must(view.End() == report.EndDone && view.Spent == r.Spent && view.Head == s.w.head, "the report says %s, %+v, head %v", view.End(), view.Spent, view.Head)
	for _, t := range view.Tasks {
		s.must(t.State == report.Landed && len(t.Attempts) == byTask[t.ID], "the report says %s is %s after %d attempts, %d were made", t.ID, t.State, len(t.Attempts), byTask[t.ID])
	}
}

// abandoned checks a run that a person closed, or whose branch could not be
// made: no agent runs, and every landing was recorded once its answer came.
func (s *sim) abandoned(r flow.Run) {
	s.must(r.Closing || r.Opened.Branch == "", "the run was closed by nobody")
	for id, a := range s.w.agents {
		s.must(!a.running, "agent %s runs though the run is closed", id)
	}
	for s.kind = true; !s.idle(); {
		s.command()
	}
	s.must(!s.w.advanced, "the target was moved though the run is closed")
	view, err := report.Fold(s.all())
	s.must(err == nil, "report: %v", err)
	s.must(view.End() == report.EndStopped || view.End() == report.EndFailed, "the report says %s", view.End())
	s.must(len(s.w.landed) == 0 || view.Head == s.w.head, "the report has the head at %v, it is at %v", view.Head, s.w.head)
}

// all gives every event as the ledger holds it.
func (s *sim) all() iter.Seq2[flow.Record, error] {
	return func(yield func(flow.Record, error) bool) {
		for i, r := range s.events {
			record, err := flow.NewRecord(r.stream, r.event, "", nil)
			record.Seq = int64(i + 1)
			if !yield(record, err) {
				return
			}
		}
	}
}
