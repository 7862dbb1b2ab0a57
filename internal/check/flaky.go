package check

import (
	"fmt"

	"muster/internal/core/evidence"
)

// Retries is how often at most a test that is red runs again on the same code.
const Retries = 3

// Waver gives the finding that a test ended both ways on the head's code, or
// might have by its record. The caller fills in the rest of f. It never
// blocks: it asks a person, unless other changes have shown before that the
// test is flaky, it passed on this code too, and it was not red more often
// than its record explains.
func Waver(f evidence.Finding, t evidence.Tried) evidence.Finding {
	f.Rule, f.Level, f.Grade = "flaky", evidence.Locator, evidence.Verified
	record := ""
	if t.Known.Runs > 0 {
		record = fmt.Sprintf("; on record it was red in %d of %d", t.Known.Red, t.Known.Runs)
	}
	name := Clip(ShowPath(t.String()), 300)
	f.Message = fmt.Sprintf("%s is flaky: it was red in %d of %d runs on the change's code%s.", name, t.Red, t.Runs, record)
	if !t.Wavered() {
		f.Message = fmt.Sprintf("%s was red in %d of %d runs on the change's code, as it may be by chance%s.", name, t.Red, t.Runs, record)
		return evidence.NewFinding(f, t.String())
	}
	if t.Known.Explains(t.Red, t.Runs) {
		f.Level = evidence.Context
	}
	return evidence.NewFinding(f, t.String())
}
