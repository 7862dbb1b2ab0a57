package protect

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

func TestProtectedPaths(t *testing.T) {
	for path, want := range map[string]string{
		".github/workflows/ci.yml":    "ci",
		".GitHub/workflows/ci.yml":    "ci",
		".gitlab-ci.yml":              "ci",
		".circleci/config.yml":        "ci",
		"Jenkinsfile":                 "ci",
		"deploy/Jenkinsfile.release":  "ci",
		"azure-pipelines.yml":         "ci",
		".ci/run":                     "ci",
		".golangci.yml":               "lint",
		"web/.eslintrc.json":          "lint",
		"codecov.yml":                 "lint",
		".coveragerc":                 "lint",
		"tox.ini":                     "lint",
		".muster/config.yaml":         "muster",
		".muster/standards/x.md":      "muster",
		"go.sum":                      "lockfile",
		"tools/go.sum":                "lockfile",
		"package-lock.json":           "lockfile",
		"a/yarn.lock":                 "lockfile",
		"pnpm-lock.yaml":              "lockfile",
		"Cargo.lock":                  "lockfile",
		"poetry.lock":                 "lockfile",
		"uv.lock":                     "lockfile",
		"Gemfile.lock":                "lockfile",
		"AGENTS.md":                   "agents",
		"internal/x/AGENTS.md":        "agents",
		"agents.md":                   "agents",
		"CLAUDE.md":                   "agents",
		".mcp.json":                   "agents",
		".claude/settings.json":       "agents",
		"sub/.claude/hooks/x.sh":      "agents",
		".codex/config.toml":          "agents",
		".gitattributes":              "git",
		"a/.gitattributes":            "git",
		".gitmodules":                 "git",
		".husky/pre-commit":           "hooks",
		".pre-commit-config.yaml":     "hooks",
		"CODEOWNERS":                  "owners",
		"docs/CODEOWNERS":             "owners",
		"secret/key.txt":              "configured",
		"SECRET/key.txt":              "configured",
		"go.mod":                      "",
		"main.go":                     "",
		"README.md":                   "",
		"internal/github/client.go":   "",
		"internal/muster/config.yaml": "",
		"docs/agents.markdown":        "",
		".gitignore":                  "",
		"lint/golangci.go":            "",
		"secrets/key.txt":             "",
	} {
		g, _ := protectedBy(lower(append(builtIn(), group{rule: "configured", globs: []string{"Secret/**"}})), path)
		if g.rule != want {
			t.Errorf("%s is protected as %q, want %q", path, g.rule, want)
		}
	}
}

// A glob that matches nothing protects nothing.
func TestEveryGlobIsValid(t *testing.T) {
	for _, g := range builtIn() {
		for _, glob := range g.globs {
			if fault, advice := plan.ValidGlob(glob); fault != "" {
				t.Errorf("%s: %s %s", glob, fault, advice)
			}
		}
	}
}

func TestProtect(t *testing.T) {
	base := checktest.Files{"go.sum": "1\n", "a.go": "a\n", ".github/ci.yml": "ci\n"}
	tests := []struct {
		name    string
		subject evidence.Subject
		head    checktest.Files
		protect []string
		paths   []string
		level   evidence.Level
		status  evidence.Status
	}{
		{"nothing protected", evidence.OfTask, checktest.Files{"a.go": "b\n"}, nil, nil, "", evidence.Passed},
		{"modified", evidence.OfTask, checktest.Files{"go.sum": "2\n"}, nil, []string{"go.sum"}, evidence.Locator, evidence.Failed},
		{"of a merge", evidence.OfMerge, checktest.Files{"go.sum": "2\n"}, nil, []string{"go.sum"}, evidence.Locator, evidence.Failed},
		{"added", evidence.OfTask, checktest.Files{"AGENTS.md": "x\n"}, nil, []string{"AGENTS.md"}, evidence.Locator, evidence.Failed},
		{"deleted", evidence.OfTask, checktest.Files{"go.sum": ""}, nil, []string{"go.sum"}, evidence.Locator, evidence.Failed},
		{"renamed away", evidence.OfTask, checktest.Files{".github/ci.yml": "", "old/ci.yml": "ci\n"}, nil, []string{".github/ci.yml"}, evidence.Locator, evidence.Failed},
		{"renamed into", evidence.OfTask, checktest.Files{"a.go": "", ".github/a.go": "a\n"}, nil, []string{".github/a.go"}, evidence.Locator, evidence.Failed},
		{"renamed within", evidence.OfTask, checktest.Files{".github/ci.yml": "", ".github/x.yml": "ci\n"}, nil, []string{".github/ci.yml", ".github/x.yml"}, evidence.Locator, evidence.Failed},
		{"configured", evidence.OfTask, checktest.Files{"a.go": "b\n"}, []string{"*.go"}, []string{"a.go"}, evidence.Locator, evidence.Failed},
		{"configuration adds only", evidence.OfTask, checktest.Files{"go.sum": "2\n"}, []string{"*.go"}, []string{"go.sum"}, evidence.Locator, evidence.Failed},
		{"a person's push", evidence.OfPush, checktest.Files{"go.sum": "2\n"}, nil, []string{"go.sum"}, evidence.Context, evidence.Passed},
		{"the goal", evidence.OfGoal, checktest.Files{"go.sum": "2\n"}, nil, []string{"go.sum"}, evidence.Context, evidence.Passed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(tt.head)})
			req := checktest.Request(tt.subject)
			req.Protect = tt.protect
			got := checktest.Run(t, New(), trees, checktest.NoExec(t), req)
			var paths []string
			for _, f := range got.Findings {
				paths = append(paths, f.Path)
				if f.Level != tt.level || f.Grade != evidence.Observed || !strings.HasSuffix(f.Reproduce, "base head -- "+f.Path) {
					t.Errorf("%+v", f)
				}
			}
			if got.Status != tt.status || !slices.Equal(paths, tt.paths) {
				t.Errorf("%s, %q", got.Status, paths)
			}
		})
	}
}

// Accepting one change of a protected file accepts neither the next one, nor
// only this change at another place of the history.
func TestFingerprintFollowsTheContent(t *testing.T) {
	print := func(base, head checktest.Files) string {
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
		return checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask)).Findings[0].Fingerprint
	}
	base := checktest.Files{".github/ci.yml": "old\n", "a.go": "a\n"}
	one := print(base, base.With(checktest.Files{".github/ci.yml": "new\n"}))
	if other := print(base, base.With(checktest.Files{".github/ci.yml": "evil\n"})); other == one {
		t.Error("another content has the same fingerprint")
	}
	moved := base.With(checktest.Files{"a.go": "later\n"})
	if same := print(moved, moved.With(checktest.Files{".github/ci.yml": "new\n"})); same != one {
		t.Error("the same content on top of other work has another fingerprint")
	}
}

func TestNothingChanged(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "a"}})
	req := checktest.Request(evidence.OfTask)
	req.Head = req.Base
	if got := checktest.Run(t, New(), trees, checktest.NoExec(t), req); got.Status != evidence.Skipped || !strings.Contains(got.Why, "nothing changed") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

func TestSettings(t *testing.T) {
	checktest.WantSettings(t, New(), evidence.Request{Subject: evidence.OfTask},
		evidence.Request{Subject: evidence.OfPush}, evidence.Request{Subject: evidence.OfTask, Protect: []string{"x"}})
}
