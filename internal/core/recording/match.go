package recording

import (
	"fmt"
	"strings"
)

// Answers is a recorded attempt whose answers are given away one after the other,
// each at most once.
type Answers struct {
	exchanges []Exchange
	used      []bool
	isLoose   bool
}

// Loosen has the shape of a request count for less: what matters at last is
// whether it offers tools. It is for the attempt after one that was
// interrupted: how that came about leaves its traces in the session.
func (t *Answers) Loosen() { t.isLoose = true }

// NewAnswers gives the exchanges of an attempt, none of them used.
func NewAnswers(exchanges []Exchange) *Answers {
	return &Answers{exchanges: exchanges, used: make([]bool, len(exchanges))}
}

// Exchange gives one exchange.
func (t *Answers) Exchange(i int) Exchange { return t.exchanges[i] }

// Take gives the place of the recorded answer to a request: of those that are
// not used, in recorded order, the first whose request was the same; else the
// first in which the person and the model had said the same; else the model;
// else the first of the same shape; else one to which the model had said the
// same with other tools, for a person's own settings may add some. Since what the model said in it is what was
// answered before, threads of a conversation that run at once keep apart.
//
// What costs nothing (a list of models) may be asked for as often as one
// likes.
func (t *Answers) Take(a Ask) (int, bool) {
	for _, same := range []func(b Ask) bool{
		func(b Ask) bool { return a.Whole == b.Whole },
		func(b Ask) bool { return a.Turns != "" && a.Turns == b.Turns && a.shape() == b.shape() },
		func(b Ask) bool { return a.Said != "" && a.Said == b.Said && a.shape() == b.shape() },
		func(b Ask) bool { return a.shape() == b.shape() },
		func(b Ask) bool { return a.isKin(b) && a.Said == b.Said && a.Messages == b.Messages },
		func(b Ask) bool { return a.isKin(b) && t.isLoose },
	} {
		for i, x := range t.exchanges {
			if !t.used[i] && a.place() == x.place() && same(x.Ask) {
				t.used[i] = a.Turns != ""
				return i, true
			}
		}
	}
	return 0, false
}

// AreUsed reports whether every answer of a model was given away.
func (t *Answers) AreUsed() bool {
	for i, x := range t.exchanges {
		if !t.used[i] && x.Turns != "" {
			return false
		}
	}
	return true
}

// Return gives an answer back that the agent did not take in.
func (t *Answers) Return(i int) { t.used[i] = false }

// place is what must be the same in any case.
func (a Ask) place() [3]string { return [3]string{a.Method, a.Path, a.Model} }

// isKin reports whether both requests offer tools, or neither does: those
// without are asides, such as titles.
func (a Ask) isKin(b Ask) bool { return (a.Offered > 0) == (b.Offered > 0) }

// shape is what a request looks like from afar.
func (a Ask) shape() string { return fmt.Sprint(a.Messages, a.Offered, a.Tools) }

// Missing says that there is no answer to a request, and how it differs from
// what is left.
func (t *Answers) Missing(a Ask) string {
	what := fmt.Sprintf("the recording has no answer to this request: %s %.80s", a.Method, a.Path)
	if a.Model != "" {
		what += fmt.Sprintf(" of the model %.60s", a.Model)
	}
	if a.Turns != "" {
		what += fmt.Sprintf(", with %s and %s", count(a.Messages, "message"), count(a.Offered, "tool"))
	}
	left := -1
	for i, x := range t.exchanges {
		if t.used[i] || x.Turns == "" {
			continue
		}
		if left < 0 || a.unlike(x.Ask) < a.unlike(t.exchanges[left].Ask) {
			left = i
		}
	}
	switch {
	case len(t.exchanges) == 0:
		return what + "; nothing was recorded of this attempt"
	case left < 0:
		return what + "; all recorded answers are used"
	}
	return fmt.Sprintf("%s; the nearest that is left is number %d of %d, which had %s", what, left+1, len(t.exchanges), strings.Join(a.differs(t.exchanges[left].Ask), " and "))
}

// unlike says how far apart two requests are.
func (a Ask) unlike(b Ask) int {
	n := 0
	if a.place() != b.place() {
		n += 1 << 40
	}
	if a.Tools != b.Tools {
		n += 1 << 30
	}
	return n + max(a.Messages-b.Messages, b.Messages-a.Messages)
}

// differs says what a recorded request had otherwise.
func (a Ask) differs(b Ask) []string {
	var out []string
	for _, d := range []struct {
		is   bool
		text string
	}{
		{a.Path != b.Path || a.Method != b.Method, fmt.Sprintf("the address %s %.80s", b.Method, b.Path)},
		{a.Model != b.Model, fmt.Sprintf("the model %.60s", b.Model)},
		{a.Messages != b.Messages, count(b.Messages, "message")},
		{a.Offered != b.Offered, count(b.Offered, "tool")},
		{a.Offered == b.Offered && a.Tools != b.Tools, "tools of other names"},
	} {
		if d.is {
			out = append(out, d.text)
		}
	}
	if len(out) == 0 {
		return []string{"another text"}
	}
	return out
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
