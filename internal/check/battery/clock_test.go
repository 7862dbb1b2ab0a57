package battery_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/check"
	"muster/internal/check/battery"
	"muster/internal/check/checktest"
	"muster/internal/check/dependencies"
	"muster/internal/core/evidence"
)

// firstAt is a registry whose packages were all first published at one time.
type firstAt struct{ time time.Time }

func (r firstAt) Look(context.Context, string, string, string) (dependencies.Answer, error) {
	return dependencies.Answer{Known: true, Exists: true, HasVersion: true, First: r.time}, nil
}

// How old a dependency is, is reckoned by the clock that is given, or else by
// the machine's.
func TestClock(t *testing.T) {
	pack := func(deps string) checktest.Files {
		return checktest.Files{"package.json": "{\n  \"name\": \"me\",\n  \"dependencies\": {\n" + deps + "\n  }\n}\n"}
	}
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for name, tt := range map[string]struct {
		now   func() time.Time
		first time.Time
		want  string
	}{
		"a clock, and young by it":        {func() time.Time { return long }, long.AddDate(0, 0, -3), "young"},
		"no clock, and young today":       {nil, time.Now().AddDate(0, 0, -3), "young"},
		"no clock, and published in 2001": {nil, long, ""},
	} {
		checks := battery.Static(battery.Outside{Registry: firstAt{tt.first}, Now: tt.now})
		i := slices.IndexFunc(checks, func(c check.Check) bool { return c.Info().Name == dependencies.Name })
		trees := checktest.New(t, map[string]checktest.Files{"base": pack(`    "react": "^18.0.0"`), "head": pack("    \"react\": \"^18.0.0\",\n    \"brand-new-name\": \"^1.0.0\"")})
		got := checktest.Run(t, checks[i], trees, checktest.NoExec(t), checktest.Request(evidence.OfTask))
		if rules := strings.Join(checktest.Rules(got), " "); rules != tt.want {
			t.Errorf("%s: %s (%s), %q", name, got.Status, got.Why, rules)
		}
	}
}
