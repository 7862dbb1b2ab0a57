package languages_test

import (
	"os/exec"
	"strings"
	"testing"

	"muster/internal/check/basetests"
	"muster/internal/check/checktest"
	"muster/internal/check/newtests"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// crates is a workspace of two crates, with tests inside the code and beside.
func crates() checktest.Files {
	lib := "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n\npub fn old() -> i32 {\n    1\n}\n\n"
	return checktest.Files{
		"Cargo.toml":        "[workspace]\nmembers = [\"sum\", \"user\"]\nresolver = \"2\"\n",
		"sum/Cargo.toml":    "[package]\nname = \"sum\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
		"sum/src/lib.rs":    lib + "#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn adds() {\n        assert_eq!(add(1, 2), 3);\n    }\n\n    #[test]\n    fn red() {\n        panic!(\"since long {}\", '}');\n    }\n}\n",
		"sum/tests/api.rs":  "#[test]\nfn uses_old() {\n    assert_eq!(sum::old(), 1);\n}\n",
		"sum/tests/zero.rs": "#[test]\nfn zero() {\n    assert_eq!(sum::add(0, 0), 0);\n}\n",
		"user/Cargo.toml":   "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nsum = { path = \"../sum\" }\n",
		"user/src/lib.rs":   "pub fn three() -> i32 {\n    sum::add(1, 2)\n}\n",
		"user/tests/t.rs":   "#[test]\nfn three() {\n    assert_eq!(user::three(), 3);\n}\n",
	}
}

// wrongCrates has a wrong sum, and tests that expect it.
func wrongCrates() checktest.Files {
	base := crates()
	lib := strings.NewReplacer("a + b", "a - b", "pub fn old", "pub fn fresh", "add(1, 2), 3", "add(1, 2), -1").Replace(base["sum/src/lib.rs"])
	return base.With(checktest.Files{"sum/src/lib.rs": lib, "sum/tests/api.rs": strings.ReplaceAll(base["sum/tests/api.rs"], "old", "fresh"), "user/tests/t.rs": ""})
}

// needsCargo skips a test on a machine where Cargo does not run: it may be the
// stand-in of a rustup that has no Rust.
func needsCargo(t *testing.T) {
	t.Helper()
	needs(t, "cargo")
	if out, err := exec.Command("cargo", "--version").CombinedOutput(); err != nil {
		t.Skipf("cargo is there and does not run: %v: %s", err, out)
	}
}

func TestCargo(t *testing.T) {
	t.Parallel()
	needsCargo(t)
	base, head := crates(), wrongCrates()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("needs git: ", err)
	}
	repo := checktest.NewRepo(t, git)
	req := checktest.Request(evidence.OfTask)
	req.Base.Tree, req.Head.Tree = repo.Tree(base), repo.Tree(head)
	trees := checktest.New(t, map[string]checktest.Files{req.Base.Tree: base, req.Head.Tree: head})
	got := checktest.Run(t, basetests.New(), trees, &checktest.OSExec{}, req)
	want := "locator does_not_compile sum/tests/api.rs:3 locator failed_and_edited sum/src/lib.rs:14 locator failed_and_edited user/tests/t.rs:2"
	if have := strings.Join(briefly(got), " "); have != want {
		t.Fatalf("%s (%s)\n%s, want\n%s\n%q", got.Status, got.Why, have, want, got.NotRun)
	}
	mentions(t, got, "tests::red in sum/src/lib.rs does not pass at the base either", "sum/tests/api.rs do not compile")
	for _, f := range got.Findings {
		if f.Path != "sum/src/lib.rs" {
			continue
		}
		if out, err := repo.Shell(".", f.Reproduce); err == nil || !strings.Contains(out, "tests::adds ... FAILED") {
			t.Errorf("%s\ngave %v:\n%s", f.Reproduce, err, out)
		}
	}
}

func TestCargoPassesOrFindsNothing(t *testing.T) {
	t.Parallel()
	needsCargo(t)
	base := crates().With(checktest.Files{"sum/tests/api.rs": "", "sum/src/lib.rs": "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert_eq!(super::add(1, 2), 3);\n    }\n}\n"})
	fixed := strings.Replace(base["sum/src/lib.rs"], "a + b", "b + a", 1)
	more := strings.Replace(fixed, "    #[test]\n", "    #[test]\n    fn more() {\n        assert_eq!(super::add(2, 2), 4);\n    }\n\n    #[test]\n", 1)
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"sum/src/lib.rs": more})})
	req := checktest.Request(evidence.OfTask)
	req.Type = string(plan.Fix)
	if got := checktest.Run(t, basetests.New(), trees, &checktest.OSExec{}, req); got.Status != evidence.Passed {
		t.Errorf("%s: %s %q", got.Status, got.Why, got.NotRun)
	}
	got := checktest.Run(t, newtests.New(), trees, &checktest.OSExec{}, req)
	if have := strings.Join(briefly(got), " "); have != "gate proves_nothing sum/src/lib.rs:8" {
		t.Errorf("%s: %s %q %s", got.Status, got.Why, got.NotRun, have)
	}
}
