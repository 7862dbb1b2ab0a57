// Package languages is the table of the languages whose tests are run.
package languages

import (
	"context"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/check/suite/golang"
	"muster/internal/check/suite/java"
	"muster/internal/check/suite/javascript"
	"muster/internal/check/suite/python"
	"muster/internal/check/suite/rust"
	"muster/internal/core/change"
)

// All gives every language, in the order in which tests are run.
func All() []suite.Language {
	return []suite.Language{golang.New(), python.New(), javascript.New(), rust.New(), java.New()}
}

// In gives the languages of which a tree can hold tests.
func In(entries []change.Entry) []suite.Language {
	var out []suite.Language
	for _, l := range All() {
		if l.Present(entries) {
			out = append(out, l)
		}
	}
	return out
}

// Inputs gives what running the tests that a change can affect depends on; nil
// means both trees as a whole.
func Inputs(ctx context.Context, s *check.Subject) (any, error) {
	return golang.Inputs(ctx, s, All()[1:])
}

// Material reports whether a path is test material of any of the languages.
func Material(langs []suite.Language, p string) bool {
	for _, l := range langs {
		if l.Material(p) {
			return true
		}
	}
	return false
}
