package basetests

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/slowtest"
)

// mod is the base of the stories below: one package for each thing that can
// happen to a test, all in one module, so that the go tool runs few times.
func mod() checktest.Files {
	f := checktest.Files{"go.mod": "module example.org/m\n\ngo 1.24\n"}
	add := func(pkg, code, test string) {
		f[pkg+"/"+pkg+".go"] = "package " + pkg + "\n\n" + code
		f[pkg+"/"+pkg+"_test.go"] = "package " + pkg + "\n\nimport \"testing\"\n\n" + test
	}
	add("sum", "func Add(a, b int) int { return a + b }\n", "func TestAdd(t *testing.T) {\n\tif got := Add(1, 2); got != 3 {\n\t\tt.Fatalf(\"got %d, want 3\", got)\n\t}\n}\n")
	add("fine", "func One() int { return 1 }\n", "func TestOne(t *testing.T) {\n\tif One() != 1 {\n\t\tt.Fatal(One())\n\t}\n}\n")
	add("lost", "func Two() int { return 2 }\n", "func TestTwo(t *testing.T) {\n\tif Two() != 2 {\n\t\tt.Fatal(Two())\n\t}\n}\n")
	add("exits", "func X() {}\n", "func TestExits(t *testing.T) { X() }\n")
	add("panics", "func X() {}\n", "func TestPanics(t *testing.T) { X() }\n")
	add("ready", "func Ready() bool { return true }\n", "func TestReady(t *testing.T) {\n\tif !Ready() {\n\t\tt.Skip(\"not ready\")\n\t}\n}\n\nfunc TestAlwaysSkipped(t *testing.T) { t.Skip() }\n")
	add("red", "func X() int { return 1 }\n", "func TestRed(t *testing.T) { t.Fatal(\"red since long\") }\n")
	add("api", "func Old() int { return 1 }\n", "func TestOld(t *testing.T) { Old() }\n")
	add("gone", "func X() {}\n", "func TestGone(t *testing.T) { X() }\n")
	add("wavers", "func X() bool { return true }\n", "func TestWavers(t *testing.T) {\n\tif !X() {\n\t\tt.Fatal(\"no\")\n\t}\n}\n")
	add("table", "func Double(n int) int { return 2 * n }\n", "func TestDouble(t *testing.T) {\n\tt.Run(\"two\", func(t *testing.T) {\n\t\tif Double(2) != 4 {\n\t\t\tt.Error(Double(2))\n\t\t}\n\t})\n\tt.Run(\"one\", func(t *testing.T) {\n\t\tif Double(1) != 2 {\n\t\t\tt.Error(Double(1))\n\t\t}\n\t})\n\tt.Run(\"zero\", func(t *testing.T) {\n\t\tif Double(0) != 0 {\n\t\t\tt.Error(Double(0))\n\t\t}\n\t})\n}\n")
	add("golden", "func Text() string { return \"hello\" }\n", "func TestGolden(t *testing.T) {\n\twant, err := os.ReadFile(\"testdata/golden\")\n\tif err != nil || string(want) != Text() {\n\t\tt.Fatal(string(want), Text(), err)\n\t}\n}\n")
	f["golden/golden_test.go"] = strings.Replace(f["golden/golden_test.go"], `import "testing"`, "import (\n\t\"os\"\n\t\"testing\"\n)", 1)
	f["golden/testdata/golden"] = "hello"
	f["user/user.go"] = "package user\n\nimport \"example.org/m/sum\"\n\nfunc Three() int { return sum.Add(1, 2) }\n"
	f["user/user_test.go"] = "package user\n\nimport \"testing\"\n\nfunc TestThree(t *testing.T) {\n\tif Three() != 3 {\n\t\tt.Fatal(Three())\n\t}\n}\n"
	f["must/must.go"] = "package must\n\nimport \"testing\"\n\nfunc Be(t *testing.T, ok bool) {\n\tif !ok {\n\t\tt.Fatal(\"no\")\n\t}\n}\n"
	f["apart/apart.go"] = "package apart\n"
	f["apart/apart_test.go"] = "package apart\n\nimport \"testing\"\n\nfunc TestApart(t *testing.T) { t.Fatal(\"red, and nobody's business\") }\n"
	return f
}

// cheats is what an agent made of mod: one trick, mistake or honest change
// in each package.
func cheats() checktest.Files {
	f := mod()
	replace := func(path, old, text string) {
		if strings.Count(f[path], old) == 0 {
			panic(path + " does not hold " + old)
		}
		f[path] = strings.ReplaceAll(f[path], old, text)
	}
	replace("sum/sum.go", "a + b", "a - b")
	replace("sum/sum_test.go", "3", "-1") // the expectation follows the wrong code
	replace("user/user_test.go", "!= 3", "!= -1")
	replace("fine/fine.go", "return 1", "return 2 - 1")
	replace("lost/lost.go", "return 2", "return 3")
	delete(f, "lost/lost_test.go")
	f["exits/exits.go"] = "package exits\n\nimport \"os\"\n\nfunc init() { os.Exit(0) }\n\nfunc X() {}\n"
	f["panics/panics.go"] = "package panics\n\nfunc init() { panic(\"at the start\") }\n\nfunc X() {}\n"
	replace("ready/ready.go", "true", "false")
	replace("red/red.go", "1", "2")
	replace("api/api.go", "Old", "New")
	replace("api/api_test.go", "Old()", "New()")
	f["moved/gone.go"] = f["gone/gone.go"]
	delete(f, "gone/gone.go")
	delete(f, "gone/gone_test.go")
	f["wavers/wavers.go"] = "package wavers\n\nimport \"os\"\n\n// X is false the first time.\nfunc X() bool {\n\t_, err := os.Stat(\"seen\")\n\t_ = os.WriteFile(\"seen\", nil, 0o600)\n\treturn err == nil\n}\n"
	replace("table/table.go", "2 * n", "n * n")
	replace("golden/golden.go", "hello", "wrong")
	f["golden/testdata/golden"] = "wrong"
	replace("must/must.go", "!ok", "false")
	f["fine/more_test.go"] = "package fine\n\nimport \"testing\"\n\nfunc TestMore(t *testing.T) { t.Fatal(\"the head's own tests are not run here\") }\n"
	return f
}

func TestOneOfEach(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": mod(), "head": cheats()})
	x := checktest.Recorded(t, &checktest.OSExec{})
	got := checktest.Run(t, New(), trees, x, checktest.Request(evidence.OfTask))
	type brief struct {
		rule  string
		level evidence.Level
		path  string
		line  int
	}
	var have []brief
	for _, f := range got.Findings {
		have = append(have, brief{f.Rule, f.Level, f.Path, f.StartLine})
		if f.Reproduce == "" || f.Message == "" {
			t.Errorf("%+v", f)
		}
	}
	want := []brief{
		{"package_gone", evidence.Locator, "gone", 0},
		{"helper", evidence.Locator, "must/must.go", 0},
		{"does_not_compile", evidence.Locator, "api/api_test.go", 5},
		{"failed_and_edited", evidence.Locator, "golden/golden_test.go", 8},
		{"failed_and_edited", evidence.Locator, "lost/lost_test.go", 5},
		{"failed", evidence.Gate, "panics", 0},
		{"failed_and_edited", evidence.Locator, "sum/sum_test.go", 5},
		{"failed", evidence.Gate, "table/table_test.go", 5},
		{"failed_and_edited", evidence.Locator, "user/user_test.go", 5},
		{"missing", evidence.Gate, "exits/exits_test.go", 5},
		{"skipped", evidence.Locator, "ready/ready_test.go", 5},
		{"flaky", evidence.Locator, "wavers/wavers_test.go", 5},
	}
	byRule := func(a, b brief) int { return strings.Compare(a.rule+a.path, b.rule+b.path) }
	slices.SortFunc(have, byRule)
	slices.SortFunc(want, byRule)
	if !slices.Equal(have, want) {
		t.Errorf("got\n%v\nwant\n%v", have, want)
	}
	if got.Status != evidence.Failed {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	for _, f := range got.Findings {
		if f.Path == "table/table_test.go" && f.Message != "TestDouble/one passes at the base and fails on the change's code." {
			t.Errorf("message %q", f.Message)
		}
		if f.Path == "sum/sum_test.go" && !strings.Contains(f.Detail, "got -1, want 3") {
			t.Errorf("detail %q", f.Detail)
		}
		if f.Rule == "package_gone" && !strings.Contains(f.Message, "moved to moved") {
			t.Errorf("message %q", f.Message)
		}
	}
	notes := strings.Join(got.NotRun, "\n")
	for _, part := range []string{"TestRed in red does not pass at the base either", "api do not compile"} {
		if !strings.Contains(notes, part) {
			t.Errorf("%q is not among what did not run:\n%s", part, notes)
		}
	}
	if all := notes + got.Why; strings.Contains(all, "apart") || strings.Contains(all, "TestMore") || strings.Contains(all, "TestAlwaysSkipped") {
		t.Errorf("what the change does not touch was looked at:\n%s", notes)
	}
	// The head, two comparisons with the base, and one second try.
	if n := x.Runs(); n != 4 {
		t.Errorf("the go tool ran %d times", n)
	}
}

// only keeps some packages of the stories.
func only(f checktest.Files, packages ...string) checktest.Files {
	out := checktest.Files{}
	for p, text := range f {
		dir, _, nested := strings.Cut(p, "/")
		if !nested || slices.Contains(packages, dir) {
			out[p] = text
		}
	}
	return out
}

// What a finding says to type shows what it says, in a real repository, from
// a folder below its top, and leaves the checkout as it is.
func TestReproduce(t *testing.T) {
	slowtest.Only(t)
	t.Run("failed", func(t *testing.T) { reproduces(t, 2, "sum") })
	t.Run("missing", func(t *testing.T) {
		reproduces(t, 3, "sum", "exits")
	})
}

func reproduces(t *testing.T, want int, packages ...string) {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("needs git: ", err)
	}
	base := only(mod(), packages...)
	base["sum/old_test.go"] = "package sum\n\nimport \"testing\"\n\nfunc TestOther(t *testing.T) { TestAdd(t) }\n"
	head := only(cheats(), packages...) // without old_test.go
	head["sum/new_test.go"] = "package sum\n\nimport \"testing\"\n\nfunc TestOther(t *testing.T) {}\n"
	repo := checktest.NewRepo(t, git)
	trees := map[string]checktest.Files{}
	req := checktest.Request(evidence.OfTask)
	req.Base.Tree, req.Head.Tree = repo.Tree(base), repo.Tree(head)
	trees[req.Base.Tree], trees[req.Head.Tree] = base, head
	x := &checktest.OSExec{}
	got := checktest.Run(t, New(), checktest.New(t, trees), x, req)
	before := repo.Git("status", "--porcelain")
	shown := 0
	for _, f := range got.Findings {
		if f.Level == evidence.Context {
			continue
		}
		out, err := repo.Shell("sum", f.Reproduce)
		failed := err != nil
		if f.Rule == "missing" {
			failed = !strings.Contains(out, "PASS") // it ends with success and without a test
		}
		if !failed || strings.Contains(out, "fatal:") || !strings.Contains(out, "example.org/m/") {
			t.Errorf("%s\ngave %v:\n%s", f.Reproduce, err, out)
		}
		shown++
	}
	if shown != want {
		t.Errorf("%d findings were reproduced", shown)
	}
	if after := repo.Git("status", "--porcelain"); after != before {
		t.Errorf("the checkout changed:\n%s", after)
	}
}
