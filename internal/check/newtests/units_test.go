package newtests

import (
	"context"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/check/suite/languages"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// onSubject lends the subject of two trees.
func onSubject(t *testing.T, base, head checktest.Files, use func(ctx context.Context, s *check.Subject)) {
	t.Helper()
	spy := checktest.Stub{Name: "spy", Do: func(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
		use(ctx, s)
		return check.Judged(nil)
	}}
	checktest.Run(t, spy, checktest.New(t, map[string]checktest.Files{"base": base, "head": head}), checktest.NoExec(t), checktest.Request(evidence.OfTask))
}

// A file of Rust may hold both code and its tests; which of them the change
// touches is seen line by line.
func TestRustIsSortedByLine(t *testing.T) {
	const (
		code  = "fn a() -> i32 {\n    1\n}\n\nfn c() {}\n"
		tests = "\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn old() {}\n}\n"
	)
	more := strings.Replace(tests, "    #[test]\n", "    #[test]\n    fn more() {}\n\n    #[test]\n", 1)
	for _, tt := range []struct {
		name, was, is string
		why           string
		code, tests   string
		removed       string
	}{
		{"both", code + tests, strings.Replace(code, "1", "2", 1) + more, "", "src/lib.rs", "src/lib.rs", "    1\n"},
		{"tests", code + tests, code + more, "the change touches no code but tests", "", "src/lib.rs", ""},
		{"code", code + tests, strings.Replace(code, "1", "2", 1) + tests, "the change adds no tests", "src/lib.rs", "", ""},
		{"code is taken out, tests are added", code + tests, strings.Replace(code, "fn c() {}\n", "", 1) + more, "", "src/lib.rs", "src/lib.rs", "fn c() {}\n"},
		{"a test is taken out, code is added", code + tests, code + "fn d() {}\n" + strings.Replace(tests, "    fn old() {}\n", "", 1), "the change adds no tests", "src/lib.rs", "", ""},
		{"all of it", code + tests, "", "the change adds no tests", "src/lib.rs", "", ""},
	} {
		base := checktest.Files{"Cargo.toml": "[package]\nname = \"a\"\n", "src/lib.rs": tt.was, "src/other.rs": "fn x() {}\n"}
		onSubject(t, base, base.With(checktest.Files{"src/lib.rs": tt.is}), func(ctx context.Context, s *check.Subject) {
			j := judge{subject: s, langs: languages.All()}
			why, err := j.sort(ctx)
			var tests []string
			for _, f := range j.tests {
				tests = append(tests, f.Path)
			}
			if err != nil || why != tt.why || strings.Join(j.code, " ") != tt.code || strings.Join(tests, " ") != tt.tests || j.removed.String() != tt.removed {
				t.Errorf("%s: %q %v, code %q, tests %q, removed %q", tt.name, why, err, j.code, tests, j.removed.String())
			}
		})
	}
	// What follows such a file is sorted too.
	base := checktest.Files{"Cargo.toml": "[package]\nname = \"a\"\n", "src/lib.rs": code + tests, "src/z.rs": "fn z() {}\n"}
	onSubject(t, base, base.With(checktest.Files{"src/lib.rs": code + more, "src/z.rs": "fn z() { }\n"}), func(ctx context.Context, s *check.Subject) {
		j := judge{subject: s, langs: languages.All()}
		if why, err := j.sort(ctx); why != "" || err != nil || !slices.Equal(j.code, []string{"src/z.rs"}) || len(j.tests) != 1 {
			t.Errorf("%q %v %q", why, err, j.code)
		}
	})
}

// A test is new when its declaration is an added line, and its name stood
// neither in the file as it was nor in what the change takes out.
func TestIsNew(t *testing.T) {
	const head = "package a\n\nfunc TestA() {}\n\nfunc TestB() {}\n"
	base := checktest.Files{"a_test.go": "package a\n\nfunc TestA() {}\n", "old_test.go": "package a // TestC, TestX\n"}
	files := base.With(checktest.Files{"a_test.go": head, "c_test.go": "package a\n\nfunc TestC() {}\n\nfunc TestD() {}\n"})
	tests := []change.File{{Path: "a_test.go"}, {Path: "c_test.go", OldPath: "old_test.go"}}
	onSubject(t, base, files, func(ctx context.Context, s *check.Subject) {
		for _, tt := range []struct {
			name, file string
			line       int
			removed    string
			want       bool
		}{
			{"TestB", "a_test.go", 5, "", true},
			{"TestA", "a_test.go", 3, "", false},
			{"TestA", "a_test.go", 5, "", false},
			{"TestB", "a_test.go", 5, "func TestB() {}\n", false},
			{"TestB", "a_test.go", 5, "func TestBoth() {}\n", true},
			{"TestC", "c_test.go", 3, "", false},
			{"TestD", "c_test.go", 5, "", true},
			{"TestB", "other_test.go", 5, "", false},
		} {
			j := judge{subject: s, tests: tests}
			j.removed.WriteString(tt.removed)
			if got := j.isNew(ctx, tt.name, suite.Declared{File: tt.file, Line: tt.line}); got != tt.want {
				t.Errorf("%+v: %v", tt, got)
			}
		}
	})
}

// A new test beside new code needs the change; one beside old code, or one
// that ran, is not counted so.
func TestCountNew(t *testing.T) {
	added := func(p string) change.File { return change.File{Path: p, Status: change.Added} }
	edited := func(p string) change.File { return change.File{Path: p, Status: change.Modified} }
	for _, tt := range []struct {
		name    string
		tests   []change.File
		files   []change.File
		planned []string
		want    int
	}{
		{"beside new code", []change.File{added("a/a_test.go")}, []change.File{added("a/a.go")}, nil, 1},
		{"beside two new files", []change.File{added("a/a_test.go")}, []change.File{added("a/a.go"), added("a/b.go")}, nil, 1},
		{"beside old code", []change.File{added("a/a_test.go")}, []change.File{edited("a/a.go")}, nil, 0},
		{"elsewhere", []change.File{added("a/a_test.go")}, []change.File{added("b/a.go")}, nil, 0},
		{"beside what is no code", []change.File{added("a/a_test.go")}, []change.File{added("a/notes.md")}, nil, 0},
		{"it ran", []change.File{added("a/a_test.go")}, []change.File{added("a/a.go")}, []string{"a/a_test.go"}, 0},
		{"it was there", []change.File{edited("a/a_test.go")}, []change.File{added("a/a.go")}, nil, 0},
	} {
		j := judge{subject: &check.Subject{Change: change.Change{Files: tt.files}}, tests: tt.tests, code: []string{"a/a.go", "a/b.go", "b/a.go"}, planned: tt.planned}
		if j.countNew(); j.ran != tt.want || j.tells != tt.want {
			t.Errorf("%s: %d, %d", tt.name, j.ran, j.tells)
		}
	}
}

func TestResult(t *testing.T) {
	req := evidence.Request{Subject: evidence.OfTask, Type: string(plan.Fix)}
	one, two := []newOne{{name: "TestA", file: "a_test.go", line: 3}}, []newOne{{name: "TestB", file: "b_test.go", line: 3}, {name: "TestA", file: "a_test.go", line: 3}}
	for _, tt := range []struct {
		name   string
		j      judge
		status evidence.Status
		want   string // of the message, or of why
	}{
		{"it tells", judge{ran: 1, tells: 1}, evidence.Passed, ""},
		{"one passes", judge{ran: 1, passed: one}, evidence.Failed, "TestA is the only new test and passes without the change: it does not show that the change does anything."},
		{"two pass", judge{ran: 1, passed: two}, evidence.Failed, "All 2 new tests pass without the change (TestB, TestA): none of them shows that it does anything."},
		{"one passes, others tell", judge{ran: 1, tells: 1, passed: one}, evidence.Passed, "TestA passes without the change; other tests that it adds or changes do not."},
		{"two pass, others tell", judge{ran: 1, tells: 1, passed: two}, evidence.Passed, "TestB, TestA pass without the change; other tests that it adds or changes do not."},
		{"something is broken", judge{ran: 1, passed: one, broken: []string{"bad"}}, evidence.CouldNot, "bad"},
		{"the tool left it out", judge{unseen: 1}, evidence.Skipped, "the tool that runs tests left the change's new tests out"},
		{"about other code", judge{}, evidence.Skipped, "the change's new tests are not about the code that it changes"},
		{"broken, and nothing ran", judge{broken: []string{"bad"}, notes: []string{"note"}}, evidence.CouldNot, "bad"},
	} {
		tt.j.subject = &check.Subject{Request: req}
		got := tt.j.result()
		said := got.Why
		if len(got.Findings) > 0 {
			said = got.Findings[0].Message
		}
		if got.Status != tt.status || tt.want != "" && said != tt.want || len(got.NotRun) != len(tt.j.broken)+len(tt.j.notes) {
			t.Errorf("%s: %s %q %q", tt.name, got.Status, said, got.NotRun)
		}
	}
}

// What is linked in is said once, of the folder that the tests run in.
func TestLinks(t *testing.T) {
	from := t.TempDir()
	head := calc().With(checktest.Files{"sum/sum.go": mended})
	for want, base := range map[string]checktest.Files{"deps is no part of either tree": calc(), "deps was not linked in: the tree holds it": calc().With(checktest.Files{"deps/x.txt": "1"})} {
		onSubject(t, base, head, func(ctx context.Context, s *check.Subject) {
			s.Request.Links = []evidence.Link{{From: from, To: "deps"}}
			j := judge{subject: s, langs: languages.All()}
			if why := j.lay(ctx); why != "" || len(j.notes) != 1 || !strings.HasPrefix(j.notes[0], want) {
				t.Errorf("%s: %q, want %q", why, j.notes, want)
			}
		})
	}
}
