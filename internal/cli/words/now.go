package words

import (
	"muster/internal/cli/unit"
	"muster/internal/core/report"
)

// NeedsAttention reports that an agent is not simply at work.
func NeedsAttention(n report.Now) bool {
	switch n.Condition {
	case report.Permission, report.Quota, report.Provider, report.Silent, report.Dead:
		return true
	case report.Begins, report.Works, report.Ends:
	}
	return false
}

// Now says how an agent is, why that is said, and for how long.
func Now(n report.Now, nowUS int64) string {
	out := map[report.Condition]string{
		report.Begins: "begins", report.Works: "works", report.Permission: "waits for permission", report.Quota: "waits for quota",
		report.Provider: "waits for its provider", report.Silent: "is silent", report.Dead: "is dead", report.Ends: "ends",
	}[n.Condition]
	if n.SinceUS > 0 && nowUS > n.SinceUS && n.Condition != report.Dead && n.Condition != report.Ends {
		out += " for " + unit.Span(nowUS-n.SinceUS)
	}
	if n.UntilUS > nowUS {
		out += ", until " + unit.DateTime(n.UntilUS)
	}
	if n.Why != "" {
		out += ": " + unit.Line(n.Why, 200)
	}
	return out
}
