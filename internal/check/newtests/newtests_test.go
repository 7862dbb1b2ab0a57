package newtests

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/slowtest"
)

// calc is the base of the stories: sum has a defect at zero.
func calc() checktest.Files {
	return checktest.Files{
		"go.mod":          "module example.org/m\n\ngo 1.24\n",
		"sum/sum.go":      "package sum\n\nfunc Half(n int) int { return (n + 1) / 2 }\n",
		"sum/sum_test.go": "package sum\n\nimport \"testing\"\n\nfunc TestHalf(t *testing.T) {\n\tif Half(4) != 2 {\n\t\tt.Fatal(Half(4))\n\t}\n}\n",
		"far/far.go":      "package far\n",
		"far/far_test.go": "package far\n",
	}
}

const mended = "package sum\n\nfunc Half(n int) int { return n / 2 }\n"

func goTests(tests ...string) string {
	return "package sum\n\nimport \"testing\"\n\n" + strings.Join(tests, "\n")
}

func goTest(name, arg, want string) string {
	return fmt.Sprintf("func %s(t *testing.T) {\n\tif Half(%s) != %s {\n\t\tt.Fatal(Half(%[2]s))\n\t}\n}\n", name, arg, want)
}

// judged gives "level rule path:line" of the only finding, or the status.
func judged(t *testing.T, x check.Exec, base, head checktest.Files, adapt ...func(*evidence.Request)) (string, evidence.Result) {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	req := checktest.Request(evidence.OfTask)
	req.Type = string(plan.Fix)
	for _, a := range adapt {
		a(&req)
	}
	got := checktest.Run(t, New(), trees, x, req)
	if len(got.Findings) != 1 {
		return string(got.Status), got
	}
	f := got.Findings[0]
	return fmt.Sprintf("%s %s %s:%d", f.Level, f.Rule, f.Path, f.StartLine), got
}

func ofRange(claim string) func(*evidence.Request) {
	return func(r *evidence.Request) { r.Subject, r.Type, r.Claim = evidence.OfRange, "", claim }
}

func TestGo(t *testing.T) {
	old := goTest("TestHalf", "4", "2")
	for _, tt := range []struct {
		name  string
		head  checktest.Files
		adapt func(*evidence.Request)
		want  string
	}{
		{"fails without the change", checktest.Files{"sum/sum.go": mended, "sum/odd_test.go": goTests(goTest("TestOdd", "3", "1"))}, nil, "passed"},
		{"passes without the change", checktest.Files{"sum/sum.go": mended, "sum/even_test.go": goTests(goTest("TestEven", "6", "3"))}, nil, "gate proves_nothing sum/even_test.go:5"},
		{"in a file that was there", checktest.Files{"sum/sum.go": mended, "sum/sum_test.go": goTests(old, goTest("TestEven", "6", "3"))}, nil, "gate proves_nothing sum/sum_test.go:11"},
		{"one of two passes", checktest.Files{"sum/sum.go": mended, "sum/odd_test.go": goTests(goTest("TestOdd", "3", "1"), goTest("TestEven", "6", "3"))}, nil, "context some_pass sum/odd_test.go:11"},
		{"a range that says it mends", checktest.Files{"sum/sum.go": mended, "sum/even_test.go": goTests(goTest("TestEven", "6", "3"))}, ofRange("fix: half of odd numbers"), "locator proves_nothing sum/even_test.go:5"},
		{"a range that says nothing", checktest.Files{"sum/sum.go": mended, "sum/even_test.go": goTests(goTest("TestEven", "6", "3"))}, ofRange("move things\n\nfix nothing"), "context proves_nothing sum/even_test.go:5"},
		{"new code does not compile without the change", checktest.Files{"sum/third.go": "package sum\n\nfunc Third(n int) int { return n / 3 }\n", "sum/third_test.go": "package sum\n\nimport \"testing\"\n\nfunc TestThird(t *testing.T) {\n\tif Third(3) != 1 {\n\t\tt.Fatal()\n\t}\n}\n"}, nil, "passed"},
		{"does not compile at all", checktest.Files{"sum/sum.go": mended, "sum/odd_test.go": "package sum\n\nimport \"testing\"\n\nfunc TestOdd(t *testing.T) { nothing() }\n"}, nil, "error"},
		{"a new package", checktest.Files{"new/new.go": "package new\n", "new/new_test.go": "package new\n\nimport \"testing\"\n\nfunc TestNew(t *testing.T) {}\n"}, nil, "passed"},
		{"renamed, and not new", checktest.Files{"sum/sum.go": mended, "sum/sum_test.go": "", "sum/half_test.go": goTests(old, "// more\n")}, nil, "passed"},
		{"moved from another file", checktest.Files{"sum/sum.go": mended, "sum/sum_test.go": "package sum\n", "sum/half_test.go": goTests(old)}, nil, "passed"},
		{"more cases in a test that was there", checktest.Files{"sum/sum.go": mended, "sum/sum_test.go": goTests(strings.Replace(old, "Half(4) != 2", "Half(4) != 2 || Half(6) != 3", 1))}, nil, "passed"},
		{"about other code", checktest.Files{"sum/sum.go": mended, "far/far_test.go": "package far\n\nimport \"testing\"\n\nfunc TestFar(t *testing.T) {}\n"}, nil, "skipped"},
		{"tests alone", checktest.Files{"sum/even_test.go": goTests(goTest("TestEven", "6", "3"))}, nil, "skipped"},
		{"no tests", checktest.Files{"sum/sum.go": mended}, nil, "skipped"},
		{"tests and prose", checktest.Files{"README.md": "x\n", "sum/even_test.go": goTests(goTest("TestEven", "6", "3"))}, nil, "skipped"},
		{"a refactoring", checktest.Files{"sum/sum.go": mended, "sum/even_test.go": goTests(goTest("TestEven", "6", "3"))}, func(r *evidence.Request) { r.Type = string(plan.Refactor) }, "skipped"},
		{"a test that skips itself", checktest.Files{"sum/sum.go": mended, "sum/even_test.go": goTests("func TestEven(t *testing.T) { t.Skip() }\n")}, nil, "passed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			adapt := tt.adapt
			if adapt == nil {
				adapt = func(*evidence.Request) {}
			}
			got, res := judged(t, checktest.Recorded(t, &checktest.OSExec{}), calc(), calc().With(tt.head), adapt)
			if got != tt.want {
				t.Errorf("%s, want %s (%s, not run %q)", got, tt.want, res.Why, res.NotRun)
			}
			for _, f := range res.Findings {
				if f.Reproduce == "" || f.Grade != evidence.Verified {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// Nothing is laid out, and nothing runs, where there is nothing to look at.
func TestSkipsWithoutARun(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": calc(), "head": calc().With(checktest.Files{"sum/sum.go": mended})})
	got := checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask))
	if got.Status != evidence.Skipped || got.Why != "the change adds no tests" {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	for _, typ := range []plan.Type{plan.Refactor, plan.Test, plan.Docs, plan.Perf, plan.Chore, plan.CI} {
		if why := New().Applies(evidence.Request{Type: string(typ)}); why == "" {
			t.Errorf("it applies to %s", typ)
		}
	}
}

func TestCannotRun(t *testing.T) {
	head := calc().With(checktest.Files{"sum/sum.go": mended, "sum/even_test.go": goTests(goTest("TestEven", "6", "3"))})
	got, res := judged(t, &checktest.OSExec{Env: []string{"PATH=/nowhere"}}, calc(), head)
	if got != "error" || !strings.Contains(res.Why, "on the base's code, go test") {
		t.Errorf("%s: %s", got, res.Why)
	}
}

func TestPython(t *testing.T) {
	slowtest.Only(t)
	t.Parallel()
	x := checktest.WithPython(t, "pytest", true)
	base := checktest.Files{
		"half.py": "def half(n):\n    return (n + 1) // 2\n", "test_half.py": "from half import half\n\n\ndef test_half():\n    assert half(4) == 2\n",
	}
	test := func(arg, want string) checktest.Files {
		return base.With(checktest.Files{"half.py": "def half(n):\n    return n // 2\n", "test_half.py": base["test_half.py"] + "\n\nclass TestMore:\n    def test_more(self):\n        assert half(" + arg + ") == " + want + "\n"})
	}
	if got, res := judged(t, x, base, test("3", "1")); got != "passed" {
		t.Errorf("%s %q %q", got, res.Why, res.NotRun)
	}
	if got, res := judged(t, x, base, test("6", "3")); got != "gate proves_nothing test_half.py:9" || !strings.Contains(res.Findings[0].Message, "TestMore::test_more is the only new test") {
		t.Errorf("%s %+v", got, res)
	}
	other := base.With(checktest.Files{"other.py": "X = 1\n", "test_half.py": test("6", "3")["test_half.py"]})
	if got, _ := judged(t, x, base, other); got != "skipped" {
		t.Errorf("about other code: %s", got)
	}
}

func TestNode(t *testing.T) {
	t.Parallel()
	checktest.Needs(t, "node")
	head := "import test from 'node:test';\nimport assert from 'node:assert';\nimport { half } from './half.js';\n\n"
	base := checktest.Files{
		"package.json": `{"type": "module", "scripts": {"test": "node --test"}}`, "half.js": "export const half = (n) => Math.ceil(n / 2);\n",
		"half.test.js": head + "test('half', () => assert.equal(half(4), 2));\n",
	}
	test := func(arg, want string) checktest.Files {
		return base.With(checktest.Files{"half.js": "export const half = (n) => Math.floor(n / 2);\n", "half.test.js": base["half.test.js"] + "test('more', () => assert.equal(half(" + arg + "), " + want + "));\n"})
	}
	if got, res := judged(t, &checktest.OSExec{}, base, test("3", "1")); got != "passed" {
		t.Errorf("%s %q %q", got, res.Why, res.NotRun)
	}
	if got, res := judged(t, &checktest.OSExec{}, base, test("6", "3")); got != "gate proves_nothing half.test.js:6" {
		t.Errorf("%s %q %q", got, res.Why, res.NotRun)
	}
}

func TestClaims(t *testing.T) {
	for text, want := range map[string]bool{
		"fix: odd numbers": true, "feat(sum): thirds": true, "Fixes #3": true, "Add thirds": true, "sum: support thirds": true,
		"Move code about": false, "docs: prefix": false, "": false, "refactor\n\nfix": false, "Address review": false,
	} {
		if claims(text) != want {
			t.Errorf("claims(%q) = %v", text, !want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		text, path string
		want       bool
	}{
		{"from calc.sum import add", "calc/sum.py", true},
		{"import '../summary'", "calc/sum.py", false},
		{"import { x } from '../widget'", "src/widget/index.ts", true},
		{"import x from './index'", "src/widget/index.ts", false},
		{"anything", "", false},
	} {
		if names(tt.text, tt.path) != tt.want {
			t.Errorf("names(%q, %q) = %v", tt.text, tt.path, !tt.want)
		}
	}
	if !slices.Equal([]string{ending("a > b c.d"), ending("T::x"), ending("com.x.T#y"), ending("m::tests::z")}, []string{"b c.d", "x", "y", "z"}) {
		t.Error("endings")
	}
}

// What a finding says to type shows what it says, in a real repository, and
// leaves the checkout as it is.
func TestReproduce(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("needs git: ", err)
	}
	base := calc()
	head := base.With(checktest.Files{"sum/sum.go": mended, "sum/even_test.go": goTests(goTest("TestEven", "6", "3"))})
	repo := checktest.NewRepo(t, git)
	req := checktest.Request(evidence.OfTask)
	req.Type = string(plan.Feature)
	req.Base.Tree, req.Head.Tree = repo.Tree(base), repo.Tree(head)
	trees := checktest.New(t, map[string]checktest.Files{req.Base.Tree: base, req.Head.Tree: head})
	got := checktest.Run(t, New(), trees, &checktest.OSExec{}, req)
	if len(got.Findings) != 1 {
		t.Fatalf("%s: %s", got.Status, got.Why)
	}
	before := repo.Git("status", "--porcelain")
	out, err := repo.Shell("sum", got.Findings[0].Reproduce)
	if err != nil || !strings.Contains(out, "ok  \texample.org/m/sum") {
		t.Errorf("%s\ngave %v:\n%s", got.Findings[0].Reproduce, err, out)
	}
	if after := repo.Git("status", "--porcelain"); after != before {
		t.Errorf("the checkout changed:\n%s", after)
	}
}
