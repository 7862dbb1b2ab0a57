// Package battery is the table of all checks. A new check is one package and
// one line here.
package battery

import (
	"time"

	"muster/internal/check"
	"muster/internal/check/accept"
	"muster/internal/check/api"
	"muster/internal/check/basetests"
	"muster/internal/check/build"
	"muster/internal/check/capabilities"
	"muster/internal/check/claims"
	"muster/internal/check/creep"
	"muster/internal/check/dependencies"
	"muster/internal/check/drift"
	"muster/internal/check/guards"
	"muster/internal/check/hardcoded"
	"muster/internal/check/harness"
	"muster/internal/check/linters"
	"muster/internal/check/mutation"
	"muster/internal/check/newtests"
	"muster/internal/check/protect"
	"muster/internal/check/repeat"
	"muster/internal/check/scope"
	"muster/internal/check/secrets"
	"muster/internal/check/size"
	"muster/internal/check/smells"
	"muster/internal/check/tamper"
	"muster/internal/check/testconfig"
)

// Outside is what checks ask of the world beyond the two trees.
type Outside struct {
	Registry dependencies.Registry // of packages; nil asks nobody
	Now      func() time.Time      // nil is the clock of this machine
}

// All gives every check, in the order in which results are shown: what is
// cheap and blocks first, what executes code and takes long last.
func All(o Outside) []check.Check {
	if o.Now == nil {
		o.Now = time.Now
	}
	return []check.Check{
		scope.New(),
		protect.New(),
		size.New(),
		tamper.New(),
		testconfig.New(),
		harness.New(),
		secrets.New(),
		dependencies.New(o.Registry, o.Now),
		hardcoded.New(),
		guards.New(),
		api.New(),
		claims.New(),
		creep.New(),
		drift.New(),
		capabilities.New(),
		smells.New(),
		build.New(),
		accept.New(),
		basetests.New(),
		newtests.New(),
		linters.New(),
		mutation.New(),
		repeat.New(),
	}
}

// Static gives the checks that run nothing of the repository's code.
func Static(o Outside) []check.Check {
	var out []check.Check
	for _, c := range All(o) {
		if c.Info().Kind == check.Static {
			out = append(out, c)
		}
	}
	return out
}
