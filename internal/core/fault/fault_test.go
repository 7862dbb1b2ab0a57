package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"muster/internal/core/fault"
)

func TestKindSurvivesWrapping(t *testing.T) {
	cause := errors.New("disk full")
	for _, tt := range []struct {
		name string
		err  error
		kind fault.Kind
		text string
	}{
		{"nil", nil, "", ""},
		{"foreign", cause, fault.Internal, "disk full"},
		{"new", fault.New(fault.Refused, "%s says no", "policy"), fault.Refused, "policy says no"},
		{"wrapped foreign", fault.Wrap(fault.Transient, cause, "write %s", "x"), fault.Transient, "write x: disk full"},
		{"the inner kind wins", fault.Wrap(fault.Internal, fault.New(fault.NotFound, "no x"), "read x"), fault.NotFound, "read x: no x"},
		{"through fmt", fmt.Errorf("run: %w", fault.New(fault.Conflict, "moved")), fault.Conflict, "run: moved"},
		{"the inner kind wins through fmt", fault.Wrap(fault.Internal, fmt.Errorf("a: %w", fault.New(fault.Invalid, "b")), "c"), fault.Invalid, "c: a: b"},
		{"joined", errors.Join(cause, fault.New(fault.Refused, "no")), fault.Refused, "disk full\nno"},
		{"without a cause", &fault.Error{Kind: fault.Invalid, Op: "read plan"}, fault.Invalid, "read plan"},
		{"without a kind", &fault.Error{Op: "read plan"}, "", "read plan"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fault.KindOf(tt.err); got != tt.kind {
				t.Errorf("kind %q, want %q", got, tt.kind)
			}
			if tt.err != nil && tt.err.Error() != tt.text {
				t.Errorf("text %q, want %q", tt.err, tt.text)
			}
		})
	}
	if fault.Wrap(fault.Internal, nil, "nothing happened") != nil {
		t.Error("Wrap of nil is an error")
	}
	if !errors.Is(fault.Wrap(fault.Transient, cause, "write"), cause) {
		t.Error("the cause is lost")
	}
}

func TestHint(t *testing.T) {
	inner := fault.New(fault.Invalid, "bad").WithHint("mend %s", "it")
	outer := &fault.Error{Kind: fault.Invalid, Op: "read", Err: inner, Hint: "look at the log"}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"none", fault.New(fault.Invalid, "bad"), ""},
		{"own", inner, "mend it"},
		{"wrapped", fault.Wrap(fault.Internal, inner, "read"), "mend it"},
		{"through fmt", fmt.Errorf("x: %w", fault.Wrap(fault.Internal, inner, "read")), "mend it"},
		{"the outermost", outer, "look at the log"},
		{"foreign", errors.New("x"), ""},
		{"no cause", &fault.Error{Kind: fault.Invalid, Op: "read"}, ""},
	} {
		if got := fault.HintOf(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if inner.Error() != "bad" {
		t.Errorf("the hint is in the text: %q", inner)
	}
}

func TestAssert(t *testing.T) {
	broken := func(ok bool) (b fault.Broken, panicked bool) {
		defer func() {
			if r := recover(); r != nil {
				b, panicked = r.(fault.Broken), true
			}
		}()
		fault.Assert(ok, "%s lands unseen", "a")
		return b, false
	}
	if _, panicked := broken(true); panicked {
		t.Error("Assert panics when the invariant holds")
	}
	if b, panicked := broken(false); !panicked || b.Error() != "invariant broken: a lands unseen" {
		t.Errorf("panicked: %v, %v", panicked, b)
	}
}
