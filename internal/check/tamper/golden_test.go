package tamper

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

// A stored result that follows the code blocks where there is a task that does
// not speak of it, points where there is none, and is nothing where what is
// new in it has a reason.
func TestStoredResults(t *testing.T) {
	base := checktest.Files{"a.go": codeText, "a_test.go": testText, "testdata/double.golden": "total 44 of all\n", "testdata/triple.golden": "sum 12\n"}
	code := strings.Replace(codeText, "2 * n", "3 * n", 1)
	for _, tt := range []struct {
		name, task, claim string
		change            checktest.Files
		want              evidence.Level
	}{
		{"with a task", "Round the names", "Round", checktest.Files{"a.go": code, "testdata/double.golden": "total 66 of all\n"}, evidence.Gate},
		{"more lines than before", "Round the names", "Round", checktest.Files{"a.go": code, "testdata/double.golden": "total 66 of all\nother words here\n"}, evidence.Gate},
		{"without a task", "", "Tidy", checktest.Files{"a.go": code, "testdata/double.golden": "total 66 of all\n"}, evidence.Locator},
		{"the task names the value", "Say 66 for a total", "Say it", checktest.Files{"a.go": code, "testdata/double.golden": "total 66 of all\n"}, evidence.Context},
		{"the code is as it was", "Round the names", "Round", checktest.Files{"testdata/double.golden": "total 66 of all\n"}, ""},
		{"it only grew", "Round the names", "Round", checktest.Files{"a.go": code, "testdata/double.golden": "total 44 of all\nother words here\n"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := checktest.Request(evidence.OfTask)
			req.Task, req.Claim = tt.task, tt.claim
			got := judgeTrees(t, base, base.With(tt.change), req)
			level := evidence.Level("")
			for _, f := range got.Findings {
				level = f.Level
				if f.Rule != "golden" || f.Path != "testdata/double.golden" {
					t.Errorf("%+v", f)
				}
			}
			if level != tt.want || len(got.Findings) > 1 {
				t.Errorf("level %q, want %q: %+v", level, tt.want, got)
			}
		})
	}
}
