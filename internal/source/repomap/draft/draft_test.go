package draft_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
	"muster/internal/source/repomap"
	"muster/internal/source/repomap/draft"
)

var update = flag.Bool("update", false, "write the golden files anew")

func mapOf(files map[string]string, commits ...repomap.Commit) repomap.Map {
	in := repomap.Input{Texts: map[string][]byte{}, Commits: commits}
	for p := range files {
		in.Paths = append(in.Paths, p)
	}
	for _, p := range repomap.Wanted(in.Paths) {
		in.Texts[p] = []byte(files[p])
	}
	return repomap.Look(in)
}

func fix(paths ...string) repomap.Commit { return repomap.Commit{Subject: "fix a bug", Paths: paths} }

// repositories are what drafts are made for, by the name of their golden file.
func repositories() map[string]draft.Input {
	found := []draft.Agent{{Name: "claude", Found: true}, {Name: "codex"}}
	return map[string]draft.Input{
		"go": {
			Name: "plan-1", Target: "main", From: "main at 1a2b3c4", Agents: found, Default: "claude",
			Map: mapOf(map[string]string{
				"go.mod": "module example.com/shop\n", "main.go": "", "limit/bucket.go": "", "limit/clock.go": "", "api/api.go": "", "api/api_test.go": "",
				"Makefile": "lint:\ntest:\n", "CODEOWNERS": "limit/ @org/core\n", "README.md": "",
			}, fix("limit/bucket.go"), fix("limit/bucket.go", "api/api.go")),
		},
		"typescript": {
			Name: "first", Target: "trunk", From: "trunk at 1a2b3c4", Agents: []draft.Agent{{Name: "claude"}, {Name: "codex", Found: true}}, Default: "claude", Agent: "codex",
			Map: mapOf(map[string]string{
				"package.json": `{"name":"@org/web","scripts":{"build":"tsc","test":"vitest run","lint":"eslint ."},"devDependencies":{"vitest":"3"}}`, "pnpm-lock.yaml": "",
				"src/cart.ts": "", "src/price.ts": "", "src/cart.test.ts": "", "app/[id]/page.tsx": "",
			}),
			Measured: []draft.Measured{
				{Line: "pnpm install --frozen-lockfile", MS: 4200, OK: true},
				{Line: "pnpm run build", MS: 130_000, OK: true},
				{Line: "pnpm run test", MS: 800, Why: "exit code 1"},
			},
		},
		"python": {
			Name: "plan-1", Target: "main", Agents: found, Default: "claude",
			Map: mapOf(map[string]string{"pyproject.toml": "[project]\nname='shop'\n[tool.pytest.ini_options]\n", "shop/cart.py": "", "shop/__init__.py": "", "tests/test_cart.py": ""}),
		},
		"mixed": {
			Name: "plan-1", From: "1a2b3c4", Default: "bot",
			Map: mapOf(map[string]string{
				"server/go.mod": "module s\n", "server/a.go": "", "server/b/b.go": "", "web/package.json": `{"scripts":{"test":"jest"},"dependencies":{"jest":"1"}}`, "web/package-lock.json": "{}",
				"web/src/x.js": "", "tools/gen.py": "", "native/Cargo.toml": "[package]\nname='n'\n", "native/src/lib.rs": "", "jvm/pom.xml": "", "jvm/src/main/java/A.java": "", "justfile": "ci:\n\tx\n",
			}, fix("web/src/x.js"), fix("web/src/x.js")),
		},
		"shared": {
			Name: "plan-1", Target: "main", Agents: found, Default: "claude",
			Map: mapOf(map[string]string{"pyproject.toml": "[tool.pytest.ini_options]\n", "cart/sum.py": "", "tests/test_cart.py": "", "mail/send.py": "", "mail/text.py": ""}, fix("cart/sum.py"), fix("cart/sum.py")),
		},
		"empty":   {Name: "plan-1", Target: "main", Map: mapOf(map[string]string{"README.md": ""})},
		"scripts": {Name: "plan-1", Target: "main", Default: "claude", Map: mapOf(map[string]string{"Makefile": "test:\n", "run.c": ""})},
		"hostile": {
			Name: "plan-1", Target: "a#b", Agents: found, Default: "claude",
			Map: mapOf(map[string]string{
				"$(touch x)/go.mod": "module a\n", "$(touch x)/a: b #c.go": "", "$(touch x)/'q\" /z.go": "", "CODEOWNERS": "* @a\n", "package.json": `{"name":"x: [","scripts":{"test":"y"}}`, "- id: x/a.js": "",
			}, fix("$(touch x)/a: b #c.go"), fix("$(touch x)/a: b #c.go")),
			Measured: []draft.Measured{{Line: "npm test", Why: "exit\ncode: [1]\naccept: [rm]"}},
		},
	}
}

// Every draft is read without an error or a warning, and so is the one in
// which all examples are used.
func TestDraftsAreValid(t *testing.T) {
	for name, in := range repositories() {
		t.Run(name, func(t *testing.T) {
			text := draft.Plan(in)
			if again := draft.Plan(in); again != text {
				t.Fatal("the same input gives other bytes")
			}
			p := read(t, text)
			if len(p.Tasks) != 1 || p.Name != in.Name || p.Target != in.Target {
				t.Errorf("got %+v", p)
			}
			if in.Agent != p.Tasks[0].Agent {
				t.Errorf("the agent is %q", p.Tasks[0].Agent)
			}
			used := read(t, useExamples(text))
			if want := 3; name != "empty" && name != "scripts" && len(used.Tasks) != want {
				t.Errorf("with all examples there are %d tasks, want %d", len(used.Tasks), want)
			}
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || string(want) != text {
				t.Errorf("%s differs (-update writes it anew): %v\n%s", golden, err, text)
			}
		})
	}
}

func read(t *testing.T, text string) *plan.Plan {
	t.Helper()
	p, problems := plan.Parse("draft.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("%s\n%s", yamlfile.Format(problems), text)
	}
	return p
}

// useExamples takes the marks of the commented examples away, as the comment
// before them says.
func useExamples(text string) string {
	before, after, found := strings.Cut(text, "# More examples")
	if !found {
		return text
	}
	note, examples, _ := strings.Cut(after, "\n")
	var b strings.Builder
	for line := range strings.Lines(examples) {
		b.WriteString(strings.Replace(line, "  # ", "  ", 1))
	}
	return before + "# More examples" + note + "\n" + b.String()
}

// What does not pass as things stand is no acceptance, and is named.
func TestMeasured(t *testing.T) {
	in := repositories()["typescript"]
	text := draft.Plan(in)
	p := read(t, text)
	if got := len(p.Accept); got != 2 || p.Accept[1].Shell != "pnpm run build" {
		t.Errorf("got %+v", p.Accept)
	}
	for _, want := range []string{"passes, took 4 s", "passes, took 2 min", "# - pnpm run test", "does not pass as things stand (exit code 1)"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	for i := range in.Measured {
		in.Measured[i].OK = false
	}
	if p := read(t, draft.Plan(in)); len(p.Accept) != 0 || len(p.Tasks[0].Accept) != 0 {
		t.Errorf("got %+v", p)
	}
}

// A package with nothing to build or test is not installed either, and a first
// task is not about scripts.
func TestAcceptanceNeedsItsSetup(t *testing.T) {
	m := mapOf(map[string]string{"tool/package.json": `{"dependencies":{"a":"1"}}`, "tool/package-lock.json": "", "go.mod": "module a\n", "scripts/x.go": "", "zone/y.go": "", "a.go": "", "b.go": ""})
	if got := draft.Acceptance(m); len(got) != 2 || got[0].Line != "go build ./..." {
		t.Errorf("got %+v", got)
	}
	p := read(t, draft.Plan(draft.Input{Name: "p", Map: m}))
	if p.Tasks[0].ID != "tests-zone" {
		t.Errorf("the first task is %s", p.Tasks[0].ID)
	}
}

func TestAcceptanceFallsBackToATarget(t *testing.T) {
	got := draft.Acceptance(repositories()["scripts"].Map)
	if len(got) != 1 || got[0].Line != "make test" {
		t.Errorf("got %+v", got)
	}
	if got := draft.Acceptance(repositories()["empty"].Map); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func FuzzPlan(f *testing.F) {
	f.Add("a/go.mod\na/b.go\npackage.json\nx.py", "module x\n", "exit code 1")
	f.Add("Cargo.toml\nsrc/l.rs\nMakefile", "test:\n", "a: b #\xd6")
	f.Fuzz(func(t *testing.T, paths, text, why string) {
		files := map[string]string{"CODEOWNERS": "* @a/b\n"}
		for p := range strings.SplitSeq(paths, "\n") {
			files[p] = text
		}
		all := make([]string, 0, len(files))
		for p := range files {
			all = append(all, p)
		}
		m := mapOf(files, fix(all...), fix(all...))
		in := draft.Input{Name: "p", Target: "main", Map: m, Agents: []draft.Agent{{Name: "claude", Found: true}}, Default: "claude"}
		for _, c := range draft.Acceptance(m) {
			in.Measured = append(in.Measured, draft.Measured{Line: c.Line, Why: why})
			break
		}
		out := draft.Plan(in)
		read(t, out)
		read(t, useExamples(out))
	})
}

// The lines for the configuration are those that it lacks.
func TestSetUp(t *testing.T) {
	web := repomap.Look(repomap.Input{Paths: []string{"package.json", "package-lock.json"}, Texts: map[string][]byte{
		"package.json": []byte(`{"scripts": {"test": "node --test"}}`),
	}})
	for _, c := range []struct {
		in   draft.Input
		want string
	}{
		{draft.Input{Map: web}, "version: 1|setup:|  - npm ci"},
		{draft.Input{Map: web, Config: draft.WithoutSetUp}, "setup:|  - npm ci"},
		{draft.Input{Map: web, Config: draft.WithSetUp}, ""},
		{draft.Input{}, ""},
	} {
		if got := strings.Join(draft.SetUp(c.in), "|"); got != c.want {
			t.Errorf("config %d: %q, want %q", c.in.Config, got, c.want)
		}
	}
}
