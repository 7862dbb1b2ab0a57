package scope

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

func TestScope(t *testing.T) {
	base := checktest.Files{"in/a.go": "a\n", "out/b.go": "b\n", "sub": checktest.Submodule("c1"), "in/link": checktest.Link("a.go")}
	tests := []struct {
		name  string
		head  checktest.Files
		scope []string
		rules []string
		paths []string
	}{
		{"inside", checktest.Files{"in/a.go": "x\n", "in/new/c.go": "c\n"}, []string{"in/**"}, nil, nil},
		{"outside", checktest.Files{"in/a.go": "x\n", "out/b.go": "x\n"}, []string{"in/**"}, []string{"outside"}, []string{"out/b.go"}},
		{"added outside", checktest.Files{"other.txt": "x\n"}, []string{"in/**"}, []string{"outside"}, []string{"other.txt"}},
		{"deleted outside", checktest.Files{"out/b.go": ""}, []string{"in/**"}, []string{"outside"}, []string{"out/b.go"}},
		{"renamed out", checktest.Files{"in/a.go": "", "else/a.go": "a\n"}, []string{"in/**"}, []string{"outside"}, []string{"else/a.go"}},
		{"renamed in", checktest.Files{"out/b.go": "", "in/b.go": "b\n"}, []string{"in/**"}, []string{"outside"}, []string{"out/b.go"}},
		{"renamed elsewhere", checktest.Files{"out/b.go": "", "else/b.go": "b\n"}, []string{"in/**"}, []string{"outside", "outside"}, []string{"else/b.go", "out/b.go"}},
		{"several globs", checktest.Files{"in/a.go": "x\n", "out/b.go": "x\n"}, []string{"in/**", "out/*.go"}, nil, nil},
		{"no scope is everything", checktest.Files{"out/b.go": "x\n"}, nil, nil, nil},
		{"link inside", checktest.Files{"in/l": checktest.Link("../out/b.go")}, []string{"in/**"}, nil, nil},
		{"link out", checktest.Files{"in/l": checktest.Link("../../etc/passwd")}, []string{"in/**"}, []string{"link"}, []string{"in/l"}},
		{"link made of a file", checktest.Files{"in/a.go": checktest.Link("/etc/passwd")}, []string{"in/**"}, []string{"link"}, []string{"in/a.go"}},
		{"link without a scope", checktest.Files{"l": checktest.Link("/etc")}, nil, []string{"link"}, []string{"l"}},
		{"submodule moved", checktest.Files{"sub": checktest.Submodule("c2")}, []string{"**"}, []string{"submodule"}, []string{"sub"}},
		{"submodule added", checktest.Files{"in/sub": checktest.Submodule("c2")}, []string{"**"}, []string{"submodule"}, []string{"in/sub"}},
		{"submodule removed", checktest.Files{"sub": ""}, []string{"**"}, []string{"submodule"}, []string{"sub"}},
		{"file made a submodule", checktest.Files{"in/a.go": checktest.Submodule("c2")}, []string{"**"}, []string{"submodule"}, []string{"in/a.go"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(tt.head)})
			for _, subject := range []evidence.Subject{evidence.OfTask, evidence.OfMerge} {
				req := checktest.Request(subject)
				req.Scope = tt.scope
				got := checktest.Run(t, New(), trees, checktest.NoExec(t), req)
				var paths []string
				for _, f := range got.Findings {
					paths = append(paths, f.Path)
					if f.Level != evidence.Gate || f.Grade != evidence.Observed || !strings.HasSuffix(f.Reproduce, "base head -- "+f.Path) {
						t.Errorf("%s: finding %+v", subject, f)
					}
				}
				if !slices.Equal(checktest.Rules(got), tt.rules) || !slices.Equal(paths, tt.paths) {
					t.Errorf("%s: rules %q, paths %q", subject, checktest.Rules(got), paths)
				}
				if want := map[bool]evidence.Status{true: evidence.Passed, false: evidence.Failed}[tt.rules == nil]; got.Status != want {
					t.Errorf("%s: %s, want %s", subject, got.Status, want)
				}
			}
		})
	}
}

func TestNoChange(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "a\n"}})
	for subject, want := range map[evidence.Subject]evidence.Status{
		evidence.OfTask: evidence.Failed, evidence.OfMerge: evidence.Skipped, evidence.OfPush: evidence.Skipped, evidence.OfGoal: evidence.Skipped,
	} {
		req := checktest.Request(subject)
		req.Head = req.Base
		got := checktest.Run(t, New(), trees, checktest.NoExec(t), req)
		if got.Status != want {
			t.Errorf("%s: %s, want %s", subject, got.Status, want)
		}
		if want == evidence.Failed && (!slices.Equal(checktest.Rules(got), []string{"no_change"}) || got.Findings[0].Level != evidence.Gate) {
			t.Errorf("%+v", got.Findings)
		}
	}
}

func TestOnlyTasksHaveAScope(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "a\n"}, "head": {"a": "b\n"}})
	for _, subject := range []evidence.Subject{evidence.OfPush, evidence.OfGoal} {
		req := checktest.Request(subject)
		req.Scope = []string{"in/**"}
		if got := checktest.Run(t, New(), trees, checktest.NoExec(t), req); got.Status != evidence.Skipped {
			t.Errorf("%s: %s", subject, got.Status)
		}
	}
}

func TestCouldNotRun(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "a\n"}, "head": {"l": checktest.Link("a")}})
	req := checktest.Request(evidence.OfTask)
	broken := &unreadable{Trees: trees}
	got := runWith(t, broken, req)
	if got.Status != evidence.CouldNot || !strings.Contains(got.Why, "disk on fire") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	broken.gone = true
	if got := runWith(t, broken, req); got.Status != evidence.CouldNot {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

func TestManyPathsAreFolded(t *testing.T) {
	head := checktest.Files{}
	for i := range 150 {
		head[fmt.Sprintf("out/%03d", i)] = fmt.Sprint(i)
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a": "a\n"}, "head": head.With(checktest.Files{"a": "a\n"})})
	req := checktest.Request(evidence.OfTask)
	req.Scope = []string{"in/**"}
	got := checktest.Run(t, New(), trees, checktest.NoExec(t), req)
	last := got.Findings[len(got.Findings)-1]
	if len(got.Findings) != maxFindings+1 || last.Rule != "more" || last.Level != evidence.Gate || !strings.HasPrefix(last.Message, "50 more") {
		t.Errorf("%d findings, the last %+v", len(got.Findings), last)
	}
}

func TestLeavesTree(t *testing.T) {
	tests := []struct {
		at, target string
		want       bool
	}{
		{"l", "a", false},
		{"l", "dir/a", false},
		{"l", "./a", false},
		{"l", ".", false},
		{"a/l", "../b", false},
		{"a/b/l", "../../c", false},
		{"a/l", "..", false},
		{"a/l", "../.gitignore", false},
		{"l", "..", true},
		{"l", "../x", true},
		{"a/l", "../../x", true},
		{"a/l", "./../../x", true},
		{"l", "/etc/passwd", true},
		{"l", "", true},
		{"l", "a/../b", true}, // a may be a link itself
		{"a/l", "b/../../c", true},
		{"l", ".git/hooks", true},
		{"a/l", "../.git", true},
		{"a/l", "../.GIT/config", true},
		{"a/l", `..\..\x`, true},
		{"l", "a\x00b", true},
	}
	for _, tt := range tests {
		if got := leavesTree(tt.at, tt.target); got != tt.want {
			t.Errorf("leavesTree(%q, %q) = %v", tt.at, tt.target, got)
		}
	}
}

var errFire = errors.New("disk on fire")

func TestSettings(t *testing.T) {
	checktest.WantSettings(t, New(), evidence.Request{},
		evidence.Request{Subject: evidence.OfTask}, evidence.Request{Scope: []string{"in/**"}})
}
