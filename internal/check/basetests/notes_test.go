package basetests

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

func TestSettings(t *testing.T) {
	checktest.WantSettings(t, New(), evidence.Request{}, evidence.Request{Env: []string{"A=1"}})
}

// below moves a tree into a folder.
func below(dir string, files checktest.Files) checktest.Files {
	out := checktest.Files{}
	for p, text := range files {
		out[dir+"/"+p] = text
	}
	return out
}

// What is said beside the findings, and where findings point.
func TestWhatIsSaid(t *testing.T) {
	const ok = "m/a TestA pass, m/a TestB pass, m/a pass"
	helped := oneModule().With(checktest.Files{"h/h.go": "package h\n\nimport _ \"testing\"\n"})
	twice := oneModule().With(checktest.Files{"a/b.go": "package a // b\n"})
	for name, tt := range map[string]struct {
		base, change checktest.Files
		runs         []job.Output
		rule, path   string // of the first finding
		want         string // part of the message or of what was left out
		not          string // no part of either
	}{
		"fails as a whole at the base too": {oneModule(), checktest.Files{"a/a.go": "package a // x\n"}, []job.Output{report("m/a fail"), report("m/a fail")}, "", "", "the tests of a fail as a whole at the base too", ""},
		"does not compile at the base":     {oneModule(), checktest.Files{"a/a.go": "package a // x\n"}, []job.Output{report("m/a unbuilt"), report("m/a unbuilt")}, "", "", "the tests of a do not compile at the base either", ""},
		"a module below":                   {below("sub", oneModule()), checktest.Files{"sub/a/a.go": "package a // x\n"}, []job.Output{report("m/a unbuilt"), report(ok)}, "does_not_compile", "sub/a/a_test.go", "", ""},
		"a helper, after another file":     {helped, checktest.Files{"a/a.go": "package a // x\n", "h/h.go": helped["h/h.go"] + "// x\n"}, []job.Output{report(ok)}, "helper", "h/h.go", "helps tests", ""},
		"moved together":                   {twice, checktest.Files{"a/a.go": "", "a/b.go": "", "c/a.go": "package a\n", "c/b.go": "package a // b\n"}, nil, "package_gone", "a", "(moved to c)", ""},
		"moved apart":                      {twice, checktest.Files{"a/a.go": "", "a/b.go": "", "c/a.go": "package a\n", "d/b.go": "package a // b\n"}, nil, "package_gone", "a", "is gone,", "moved to"},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": tt.base, "head": tt.base.With(tt.change)})
		got := checktest.Run(t, New(), trees, &script{t: t, next: tt.runs}, checktest.Request(evidence.OfTask))
		said := strings.Join(got.NotRun, "\n")
		rule, path := "", ""
		if len(got.Findings) > 0 {
			rule, path = got.Findings[0].Rule, got.Findings[0].Path
			said += "\n" + got.Findings[0].Message
		}
		if rule != tt.rule || path != tt.path || !strings.Contains(said, tt.want) || tt.not != "" && strings.Contains(said, tt.not) {
			t.Errorf("%s: %s at %q, said\n%s", name, rule, path, said)
		}
	}
}
