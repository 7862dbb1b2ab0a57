package meter

import (
	"fmt"
	"maps"
	"slices"

	"muster/internal/core/job"
)

// Book keeps spend and reservations of every scope: an attempt, a task, a run,
// an account. A scope is a name of the caller's.
//
// A request is admitted when what is spent, what is kept for requests under
// way and the most that it can take fit into every limit. Where they do not,
// and requests are under way, it waits: they seldom take all that is kept for
// them. Alone, it is admitted when what it is likely to take fits. So spend
// passes a limit by no more than the error in the estimate of one request,
// unless a request takes more than Most.
//
// The zero value is not usable. It is not safe for concurrent use.
type Book struct {
	scopes map[string]*scope
	open   map[string]reservation
}

type scope struct {
	limit Amount // 0: none
	spent Amount
	kept  Amount // the most that requests under way can take
	open  int
}

type reservation struct {
	scopes   []string
	estimate Estimate
}

// NewBook gives an empty book.
func NewBook() *Book { return &Book{scopes: map[string]*scope{}, open: map[string]reservation{}} }

func (b *Book) scope(name string) *scope {
	s := b.scopes[name]
	if s == nil {
		s = &scope{}
		b.scopes[name] = s
	}
	return s
}

// Limit sets a scope's limit; 0 means none.
func (b *Book) Limit(name string, a Amount) { b.scope(name).limit = a }

// Spend books what was spent without a reservation.
func (b *Book) Spend(scopes []string, a Amount) {
	for _, name := range scopes {
		s := b.scope(name)
		s.spent = s.spent.Add(a)
	}
}

// Spent gives what a scope has spent.
func (b *Book) Spent(name string) Amount {
	if s := b.scopes[name]; s != nil {
		return s.spent
	}
	return Amount{}
}

// Open gives the ids of requests under way, in order.
func (b *Book) Open() []string { return slices.Sorted(maps.Keys(b.open)) }

// Answer says whether a request may start.
type Answer string

// The answers.
const (
	Admitted Answer = "admitted"
	Waits    Answer = "waits"   // until a request under way has ended
	Refused  Answer = "refused" // its Scope has no room for it
)

// Decision is the answer to Reserve.
type Decision struct {
	Answer Answer
	Scope  string // with Refused
	Limit  Amount // of that scope
	Spent  Amount
	Needs  Amount // what the request is likely to take
}

// Reserve asks whether a request may start, and keeps room for it when it
// may. An id that is open already is a broken caller.
func (b *Book) Reserve(id string, scopes []string, e Estimate) (Decision, error) {
	if _, ok := b.open[id]; ok {
		return Decision{}, fmt.Errorf("the request %s is under way already", id)
	}
	d := Decision{Answer: Admitted}
	for _, name := range scopes {
		s := b.scope(name)
		switch {
		case s.fits(s.spent.Add(s.kept).Add(e.Most)):
		case !s.fits(s.spent.Add(e.Likely)):
			return Decision{Refused, name, s.limit, s.spent, e.Likely}, nil
		case s.open > 0:
			d.Answer = Waits
		}
	}
	if d.Answer == Admitted {
		b.open[id] = reservation{slices.Clone(scopes), e}
		for _, name := range scopes {
			s := b.scope(name)
			s.kept, s.open = s.kept.Add(e.Most), s.open+1
		}
	}
	return d, nil
}

func (s *scope) fits(a Amount) bool {
	return (s.limit.MicroUSD == 0 || a.MicroUSD <= s.limit.MicroUSD) && (s.limit.Tokens == 0 || a.Tokens <= s.limit.Tokens)
}

// Settle books what a request took. It reports whether the request was under
// way: nobody books one twice.
func (b *Book) Settle(id string, u job.Usage) bool {
	a := AmountOf(u)
	r, ok := b.open[id]
	if !ok {
		return false
	}
	delete(b.open, id)
	for _, name := range r.scopes {
		s := b.scope(name)
		s.spent, s.kept, s.open = s.spent.Add(a), s.kept.Sub(r.estimate.Most), s.open-1
	}
	return true
}
