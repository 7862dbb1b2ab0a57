// Package runs reads runs from a ledger: which there are, where one stands, and
// what the latest ones have shown.
package runs

import (
	"context"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/report"
	"muster/internal/store"
)

// Info is one run of the list of runs.
type Info struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Goal    string `json:"goal"`
	Tasks   int    `json:"tasks"`
	BegunUS int64  `json:"begun_us"`
	Done    bool   `json:"done"` // finished or closed
}

// List gives the runs that are asked for, newest first.
func List(ctx context.Context, st *store.Store, q store.RunQuery) ([]Info, error) {
	rows, err := st.Runs(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]Info, 0, len(rows))
	for _, row := range rows {
		e, err := row.First.Event()
		if err != nil {
			return nil, err
		}
		begun, ok := e.Data.(flow.RunStarted)
		if !ok {
			return nil, fault.New(fault.Internal, "run %s begins with %s", row.ID, e.Data.Kind())
		}
		out = append(out, Info{ID: row.ID, Name: begun.Name, Goal: begun.Goal, Tasks: len(begun.Nodes), BegunUS: e.AtUS, Done: row.Done})
	}
	return out, nil
}

// Pending gives a run that was asked for and that no engine has taken up yet.
// An empty name means any.
func Pending(ctx context.Context, st *store.Store, name string) (Info, bool, error) {
	messages, err := st.Inbox(ctx, 1<<10)
	if err != nil {
		return Info{}, false, err
	}
	for _, m := range messages {
		p, err := flow.DecodePayload(m.Kind, m.Data)
		if err != nil {
			continue // the engine says so when it comes to it
		}
		if begun, ok := p.(flow.RunStarted); ok && (name == "" || begun.Name == name || begun.Run == name) {
			return Info{ID: begun.Run, Name: begun.Name, Goal: begun.Goal, Tasks: len(begun.Nodes), BegunUS: m.AtUS}, true, nil
		}
	}
	return Info{}, false, nil
}

// Fold gives where a run stands, and the row of its latest record. Both are
// zero when it has no records yet.
func Fold(ctx context.Context, st *store.Store, id string) (*report.Run, int64, error) {
	return Update(ctx, st, nil, id, 0)
}

// Update applies the records of a run after a row to what was folded up to it.
func Update(ctx context.Context, st *store.Store, r *report.Run, id string, row int64) (*report.Run, int64, error) {
	for rec, err := range st.Records(ctx, store.Query{Run: id, AfterRow: row}) {
		if err != nil {
			return nil, 0, err
		}
		if r == nil {
			r = &report.Run{}
		}
		if err := r.Apply(rec.Record); err != nil {
			return nil, 0, err
		}
		row = rec.Row
	}
	return r, row, nil
}

// Peaks gives the memory that the attempts of the latest runs took, by agent.
func Peaks(ctx context.Context, st *store.Store) (map[string][]int64, error) {
	out := map[string][]int64{}
	return out, lately(ctx, st, func(t report.Task, a report.Attempt) {
		if a.PeakBytes > 0 {
			out[t.Agent] = append(out[t.Agent], a.PeakBytes)
		}
	})
}

// Models gives the models that answered last in the latest runs, by agent.
func Models(ctx context.Context, st *store.Store) (map[string]string, error) {
	out := map[string]string{}
	return out, lately(ctx, st, func(t report.Task, a report.Attempt) {
		if a.Outcome != nil && a.Outcome.Model != "" {
			out[t.Agent] = a.Outcome.Model
		}
	})
}

// lately gives the attempts of the latest runs, the oldest first.
func lately(ctx context.Context, st *store.Store, see func(report.Task, report.Attempt)) error {
	const latest, large = 3, 2000 // of a large run, reading all takes too long for this
	all, err := List(ctx, st, store.RunQuery{})
	if err != nil {
		return err
	}
	for i := min(latest, len(all)) - 1; i >= 0; i-- {
		if all[i].Tasks > large {
			continue
		}
		r, _, err := Fold(ctx, st, all[i].ID)
		if err != nil {
			return err
		}
		for _, t := range r.Tasks {
			for _, a := range t.Attempts {
				see(t, a)
			}
		}
	}
	return nil
}
