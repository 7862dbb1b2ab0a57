package recording_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/core/recording"
)

func ask(whole, turns, said string, messages int) recording.Ask {
	return recording.Ask{Method: "POST", Path: "/v1/messages", Model: "m", Whole: whole, Turns: turns, Said: said, Tools: "t", Offered: 2, Messages: messages}
}

func recorded(asks ...recording.Ask) *recording.Answers {
	var all []recording.Exchange
	for _, a := range asks {
		all = append(all, recording.Exchange{Ask: a})
	}
	return recording.NewAnswers(all)
}

// take gives the places of the answers to requests, -1 for none.
func take(r *recording.Answers, asks ...recording.Ask) []int {
	var out []int
	for _, a := range asks {
		i, ok := r.Take(a)
		if !ok {
			i = -1
		}
		out = append(out, i)
	}
	return out
}

func TestTake(t *testing.T) {
	other := func(change func(*recording.Ask)) recording.Ask {
		a := ask("a", "a", "a", 1)
		change(&a)
		return a
	}
	for _, c := range []struct {
		name     string
		recorded []recording.Ask
		asked    []recording.Ask
		want     []int
	}{
		{
			"the same request, in another order",
			[]recording.Ask{ask("a", "1", "1", 1), ask("b", "2", "2", 1)},
			[]recording.Ask{ask("b", "2", "2", 1), ask("a", "1", "1", 1)},
			[]int{1, 0},
		},
		{
			"a request that was repeated after an error",
			[]recording.Ask{ask("a", "1", "1", 1), ask("a", "1", "1", 1)},
			[]recording.Ask{ask("a", "1", "1", 1), ask("a", "1", "1", 1), ask("a", "1", "1", 1)},
			[]int{0, 1, -1},
		},
		{
			"threads whose tools say something else are told apart by what the model said",
			[]recording.Ask{ask("a", "x", "left", 3), ask("b", "y", "right", 3)},
			[]recording.Ask{ask("c", "z", "right", 3), ask("d", "u", "left", 3)},
			[]int{1, 0},
		},
		{
			"threads that have just begun are told apart by what the person said",
			[]recording.Ask{ask("a", "one", "none", 1), ask("b", "two", "none", 1)},
			[]recording.Ask{ask("c", "two", "none", 1), ask("d", "one", "none", 1)},
			[]int{1, 0},
		},
		{
			"the same words in another shape are another request, and then the shape alone counts",
			[]recording.Ask{ask("a", "x", "s", 5), ask("b", "y", "r", 3)},
			[]recording.Ask{ask("c", "x", "s", 3), ask("d", "x", "s", 3)},
			[]int{1, -1},
		},
		{
			"of the same shape the first that is left",
			[]recording.Ask{ask("a", "1", "1", 1), ask("b", "2", "2", 1)},
			[]recording.Ask{ask("c", "3", "3", 1), ask("d", "4", "4", 1)},
			[]int{0, 1},
		},
		{
			"another place is never right",
			[]recording.Ask{ask("a", "a", "a", 1)},
			[]recording.Ask{
				other(func(a *recording.Ask) { a.Model = "n" }), other(func(a *recording.Ask) { a.Path = "/y" }), other(func(a *recording.Ask) { a.Method = "GET" }),
			},
			[]int{-1, -1, -1},
		},
		{
			"other tools are right at last, where the model had said the same",
			[]recording.Ask{ask("a", "a", "a", 1), ask("a", "a", "a", 1), ask("a", "a", "a", 1)},
			[]recording.Ask{
				other(func(a *recording.Ask) { a.Whole, a.Tools, a.Said = "b", "u", "b" }), other(func(a *recording.Ask) { a.Whole, a.Tools, a.Messages = "b", "u", 2 }),
				other(func(a *recording.Ask) { a.Whole, a.Tools, a.Offered = "b", "", 0 }), other(func(a *recording.Ask) { a.Whole, a.Tools = "b", "u" }),
				other(func(a *recording.Ask) { a.Whole, a.Offered = "b", 3 }),
			},
			[]int{-1, -1, -1, 0, 1},
		},
		{
			"what costs nothing may be asked for again",
			[]recording.Ask{{Method: "GET", Path: "/v1/models", Whole: "a"}},
			[]recording.Ask{{Method: "GET", Path: "/v1/models", Whole: "a"}, {Method: "GET", Path: "/v1/models", Whole: "b"}, {Method: "GET", Path: "/v1/other", Whole: "a"}},
			[]int{0, 0, -1},
		},
	} {
		if got := take(recorded(c.recorded...), c.asked...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	r := recorded(ask("a", "1", "1", 1))
	if got := take(r, ask("a", "1", "1", 1), ask("a", "1", "1", 1)); !slices.Equal(got, []int{0, -1}) {
		t.Error(got)
	}
	r.Return(0)
	if got := take(r, ask("a", "1", "1", 1)); !slices.Equal(got, []int{0}) {
		t.Errorf("an answer that was given back: %v", got)
	}
	if r.Exchange(0).Path != "/v1/messages" {
		t.Error("another exchange")
	}
}

func TestLoosen(t *testing.T) {
	side := recording.Ask{Method: "POST", Path: "/v1/messages", Model: "m", Whole: "w", Turns: "w", Said: "w", Messages: 1}
	other := ask("z", "z", "z", 9)
	other.Tools, other.Offered = "u", 7
	aside := side
	aside.Whole, aside.Messages = "v", 2
	for isLoose, want := range map[bool][]int{true: {1, 0, -1}, false: {-1, -1, -1}} {
		r := recorded(side, ask("a", "1", "1", 1))
		if isLoose {
			r.Loosen()
		}
		if got := take(r, other, aside, other); !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", isLoose, got, want)
		}
	}
}

func TestAreUsed(t *testing.T) {
	r := recorded(recording.Ask{Method: "GET", Path: "/v1/models", Whole: "a"}, ask("a", "1", "1", 1), ask("b", "2", "2", 1))
	for i, a := range []recording.Ask{ask("b", "2", "2", 1), ask("a", "1", "1", 1)} {
		if r.AreUsed() {
			t.Errorf("all are used after %d", i)
		}
		_ = take(r, a)
	}
	if !r.AreUsed() {
		t.Error("not all are used")
	}
}

func TestMissing(t *testing.T) {
	is := ask("a", "1", "1", 3)
	change := func(change func(*recording.Ask)) recording.Ask {
		a := is
		change(&a)
		return a
	}
	for want, left := range map[string][]recording.Ask{
		"nothing was recorded of this attempt":                            nil,
		"number 1 of 1, which had 5 messages":                             {change(func(a *recording.Ask) { a.Messages = 5 })},
		"number 2 of 2, which had 4 messages":                             {change(func(a *recording.Ask) { a.Messages = 5 }), change(func(a *recording.Ask) { a.Messages = 4 })},
		"number 1 of 2, which had 1 message":                              {change(func(a *recording.Ask) { a.Messages = 1 }), change(func(a *recording.Ask) { a.Tools = "u" })},
		"number 1 of 2, which had tools of other names":                   {change(func(a *recording.Ask) { a.Tools = "u" }), change(func(a *recording.Ask) { a.Model = "n" })},
		"which had the model n and 4 messages":                            {change(func(a *recording.Ask) { a.Model, a.Messages = "n", 4 })},
		"which had the address GET /z":                                    {change(func(a *recording.Ask) { a.Method, a.Path = "GET", "/z" })},
		"which had 1 tool":                                                {change(func(a *recording.Ask) { a.Tools, a.Offered = "u", 1 })},
		"which had another text":                                          {is},
		"all recorded answers are used":                                   {{Method: "GET", Path: "/v1/models"}},
		"POST /v1/messages of the model m, with 3 messages and 2 tools; ": {is},
	} {
		if got := recorded(left...).Missing(is); !strings.Contains(got, want) || !strings.HasPrefix(got, "the recording has no answer to this request: ") {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := recorded().Missing(recording.Ask{Method: "GET", Path: "/v1/models"}); strings.Contains(got, "message") || strings.Contains(got, "model ") {
		t.Error(got)
	}
	r := recorded(is)
	_ = take(r, is)
	if got := r.Missing(is); !strings.HasSuffix(got, "all recorded answers are used") {
		t.Error(got)
	}
}
