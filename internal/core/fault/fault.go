// Package fault names the kinds of failure and the broken invariants.
//
// Every error that crosses a layer carries one Kind. Only the kind decides
// whether something is tried again, and only the engine retries; the command
// line maps kinds to exit codes in one table. An error without a kind is
// Internal.
package fault

import (
	"errors"
	"fmt"
)

// Kind is the sort of a failure.
type Kind string

// The kinds. There are no others.
const (
	Invalid   Kind = "invalid"   // the input is wrong; the same input fails again
	NotFound  Kind = "not_found" // what was asked for does not exist
	Conflict  Kind = "conflict"  // somebody else changed it meanwhile
	Refused   Kind = "refused"   // a rule, a permission or a credential says no
	Transient Kind = "transient" // it may work when tried again
	Internal  Kind = "internal"  // a defect of ours, or of the machine we run on
)

// Error is a failure with a kind, what was tried, and what a person can do.
type Error struct {
	Kind Kind
	Op   string // what was tried, on what: "read plan p.yaml"
	Err  error  // the cause; may be nil when Op says it all
	Hint string // what to do about it; may be empty
}

// Error gives "op: cause", without the hint: the edge prints the hint on a
// line of its own.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Op
	}
	if e.Op == "" {
		return e.Err.Error()
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind from a message.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Err: fmt.Errorf(format, args...)}
}

// Wrap says what was tried when err happened. The kind of err is kept when it
// has one; otherwise it becomes k. Wrap of nil is nil.
func Wrap(k Kind, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	e := &Error{Kind: k, Op: fmt.Sprintf(format, args...), Err: err}
	if inner := (*Error)(nil); errors.As(err, &inner) {
		e.Kind = inner.Kind
	}
	return e
}

// WithHint adds what a person can do about it.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithHint adds to any error what a person can do about it. The kind stays;
// WithHint of nil is nil.
func WithHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Err: err, Hint: fmt.Sprintf(format, args...)}
}

// KindOf gives the kind of err: Internal when it carries none, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// HintOf gives the outermost hint in err's chain, or "".
func HintOf(err error) string {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Hint != "" {
			return e.Hint
		}
		if e.Err == nil {
			break
		}
	}
	return ""
}

// Assert panics when an invariant is broken. The engine recovers the panic of
// a machine, freezes that run and asks a person.
func Assert(ok bool, format string, args ...any) { //nolint:revive // the condition is what is asserted
	if !ok {
		panic(Broken{Invariant: fmt.Sprintf(format, args...)})
	}
}

// Broken is what Assert panics with.
type Broken struct{ Invariant string }

func (b Broken) Error() string { return "invariant broken: " + b.Invariant }
