// Package battery is the table of all checks. A new check is one package and
// one line here.
package battery

import (
	"muster/internal/check"
	"muster/internal/check/accept"
	"muster/internal/check/basetests"
	"muster/internal/check/build"
	"muster/internal/check/newtests"
	"muster/internal/check/protect"
	"muster/internal/check/scope"
	"muster/internal/check/size"
)

// All gives every check, in the order in which results are shown.
func All() []check.Check {
	return []check.Check{
		scope.New(),
		protect.New(),
		size.New(),
		build.New(),
		accept.New(),
		basetests.New(),
		newtests.New(),
	}
}

// Static gives the checks that run nothing of the repository's code.
func Static() []check.Check {
	var out []check.Check
	for _, c := range All() {
		if c.Info().Kind == check.Static {
			out = append(out, c)
		}
	}
	return out
}
