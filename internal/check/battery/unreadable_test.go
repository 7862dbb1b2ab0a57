package battery_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"muster/internal/check/battery"
	"muster/internal/check/checktest"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

// unreadable are trees that can be compared and not read.
type unreadable struct{ *checktest.Trees }

var errDisk = errors.New("no disk")

func (unreadable) Lease(context.Context, string) (string, func(), error) { return "", nil, errDisk }

func (unreadable) Has(context.Context, string, string) (bool, error) { return false, errDisk }

func (unreadable) ReadFile(context.Context, string, string) ([]byte, bool, error) {
	return nil, false, errDisk
}

func (unreadable) List(context.Context, string) ([]change.Entry, error) { return nil, errDisk }

func (unreadable) Blobs(context.Context, []string, int) ([][]byte, error) { return nil, errDisk }

func (unreadable) Patches(context.Context, string, string) ([]change.Patch, error) {
	return nil, errDisk
}

// TestNoCheckPassesWhatItCannotRead asks every check of the table about a change
// that it should look at, whose files cannot be read and on which no command can
// be run. Only what looks at the names of changed files alone may still judge.
func TestNoCheckPassesWhatItCannotRead(t *testing.T) {
	base := service().With(checktest.Files{"a/b.py": "import os\n\n\ndef b():\n    return 1\n", "requirements.txt": "six\n", ".github/workflows/x.yml": "jobs:\n  t:\n    steps:\n      - run: go test ./...\n"})
	head := base.With(checktest.Files{
		"a/a.go": "package a\n\nimport \"os/exec\"\n\nfunc A() int { _ = exec.Command; return 2 }\n", "a/a_test.go": "package a\n",
		"a/b.py": "import six\n\n\ndef c():\n    return 2\n", "a/new.go": "package a\n\nfunc B() int { return 3 }\n", "requirements.txt": "six\nseven\n",
		".github/workflows/x.yml": "jobs:\n  t:\n    steps:\n      - run: go test -run X ./... || true\n", "a/link": checktest.Link("/etc"),
	})
	byName := map[string]evidence.Status{"protect": evidence.Failed}
	mayPass := []string{"scope", "size"} // by names and counts
	for _, c := range battery.All(battery.Outside{}) {
		trees := unreadable{checktest.New(t, map[string]checktest.Files{"base": base, "head": head})}
		req := checktest.Request(evidence.OfTask)
		req.Scope, req.Accept, req.Build = []string{"**"}, []plan.Command{{Argv: []string{"true"}}}, []plan.Command{{Argv: []string{"true"}}}
		req.MaxLines, req.MaxFiles, req.Claim = 100, 100, "Add tests for B, and validation of c"
		req.Linters = nil
		none := checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) { return job.Output{}, errDisk })
		res := checktest.Run(t, c, trees, none, req)
		name := c.Info().Name
		switch {
		case byName[name] != "" && res.Status == byName[name]:
		case res.Status == evidence.CouldNot && res.Why != "":
		case res.Status == evidence.Skipped && name == "linters": // none is configured
		case slices.Contains(mayPass, name):
		default:
			t.Errorf("%s is %s when nothing can be read: %s %v", name, res.Status, res.Why, res.NotRun)
		}
	}
}
