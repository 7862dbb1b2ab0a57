package seeded

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
)

// Every script fits its project, and what it leaves in Go compiles.
func TestScriptsFit(t *testing.T) {
	projects, edits, err := Scripted()
	if err != nil {
		t.Fatal(err)
	}
	c := newCompiler(t)
	for _, shape := range projects {
		bad, good := 0, 0
		for _, e := range edits[shape.Name] {
			p := changedBy(shape, e)
			if e.Benign {
				good++
			} else {
				bad++
			}
			if p.Claim == "" || len(p.Where) == 0 && !e.Benign {
				t.Errorf("%s %s has no claim or no place", shape.Name, e.Name)
			}
			if p.lang() == golang && e.Name != "moved-to-testdata" { // nobody compiles those
				for _, problem := range c.check(p.Files) {
					t.Errorf("%s %s: %v", shape.Name, e.Name, problem)
				}
			}
		}
		t.Logf("%s: %d mistakes, %d twins", shape.Name, bad, good)
		if bad < 15 || good < 15 {
			t.Errorf("%s has %d mistakes and %d twins", shape.Name, bad, good)
		}
	}
}

// The tests of what the scripts leave pass, where the machine has what they
// need: agents bend tests until they do. It takes minutes, and a variable.
func TestScriptedTestsPass(t *testing.T) {
	if os.Getenv("CATCH_SOUND") == "" {
		t.Skip("CATCH_SOUND is not set")
	}
	projects, edits, err := Scripted()
	if err != nil {
		t.Fatal(err)
	}
	for _, shape := range projects {
		all := append([]Edit{{Name: "base", Apply: func(*Project) bool { return true }}}, edits[shape.Name]...)
		for _, e := range all {
			t.Run(path.Join(shape.Name, e.Name), func(t *testing.T) { testsPass(t, changedBy(shape, e)) })
		}
	}
}

func testsPass(t *testing.T, p Project) {
	t.Helper()
	argv := map[lang][]string{golang: {"go", "test", "./..."}, python: {"python3", "-m", "pytest", "-q"}, script: {"npm", "test"}}[p.lang()]
	dir := t.TempDir()
	if err := lay(dir, p.Files); err != nil {
		t.Fatal(err)
	}
	if p.Name == "ts-rates" {
		modules := os.Getenv("CATCH_MODULES")
		if modules == "" {
			t.Skip("CATCH_MODULES does not name a folder with vitest")
		}
		if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
