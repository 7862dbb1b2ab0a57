package tamper

import (
	"fmt"

	"muster/internal/core/evidence"
	"muster/internal/source"
)

// retarget is an expected value that changed in a test whose inputs did not.
type retarget struct {
	base, head *test
	was, is    string
	pair       paired
	flipped    bool // the same value, now with a not
}

// decideRetargets judges the expectations that changed.
func (j *judge) decideRetargets() {
	for _, r := range j.retargets {
		level, why := j.judgeRetarget(r)
		if level == "" {
			continue
		}
		what := fmt.Sprintf("expects %s where the base expected %s", quote(r.is), quote(r.was))
		if r.flipped {
			what = "expects the opposite of what the base expected"
		}
		j.say(statement{
			rule: "retargeted", level: level, path: r.head.file.path, lines: r.pair.is.Range, was: r.pair.was.Text, is: r.pair.is.Text, anchor: r.head.Name,
			paths:   []string{r.base.file.path, r.head.file.path},
			message: fmt.Sprintf("%s %s (line %d there)%s.", place(r.head), what, r.pair.was.Start, why),
		})
	}
}

// judgeRetarget weighs the evidence for one expectation that changed.
func (j *judge) judgeRetarget(r retarget) (evidence.Level, string) {
	was, is := bare(r.was), bare(r.is)
	_ = was
	if j.asked.names(is) != silent {
		return "", ""
	}
	if j.code.gained[is] {
		return "", ""
	}
	if !j.code.differs {
		return evidence.Locator, ", and no code changed"
	}
	if j.fresh[folder(r.head.file.path)] > 0 {
		return "", ""
	}
	return evidence.Gate, ", and the code changed"
}

var _ = source.Exact
