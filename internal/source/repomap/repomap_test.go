package repomap_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/plan"
	"muster/internal/source/repomap"
)

// look makes the map of a repository given as files.
func look(files map[string]string, commits ...repomap.Commit) repomap.Map {
	in := repomap.Input{Texts: map[string][]byte{}, Commits: commits}
	for p := range files {
		in.Paths = append(in.Paths, p)
	}
	for _, p := range repomap.Wanted(in.Paths) {
		in.Texts[p] = []byte(files[p])
	}
	return repomap.Look(in)
}

// lines gives command lines, joined for comparing.
func lines(commands ...[]repomap.Command) string {
	var out []string
	for _, list := range commands {
		for _, c := range list {
			out = append(out, c.Line)
		}
	}
	return strings.Join(out, "; ")
}

// told gives what a map says of its projects, one line each.
func told(m repomap.Map) []string {
	var out []string
	for _, p := range m.Projects {
		text := p.Dir + ": " + p.Kind + " " + p.Manager
		if p.Within != "" {
			text += " in " + p.Within
		}
		out = append(out, text+": "+lines(p.Setup, p.Build, p.Test))
	}
	return out
}

func TestProjects(t *testing.T) {
	const testPy, unitPy = "def test_a():\n    assert True\n", "import unittest\nclass A(unittest.TestCase):\n    pass\n"
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing", map[string]string{"README.md": ""}, nil},
		{"Go", map[string]string{"go.mod": "module a.b/c\n", "c.go": ""}, []string{".: Go module go: go build ./...; go test ./..."}},
		{"Go without code", map[string]string{"go.mod": "module a.b/c\n", "x.py": ""}, []string{".: Python project pip: "}},
		{
			"Go modules in folders",
			map[string]string{"go.work": "use ./a\n", "a/go.mod": "module a\n", "a/a.go": "", "b c/go.mod": "module b\n", "b c/b.go": "", "a/testdata/go.mod": "", "vendor/x/go.mod": ""},
			[]string{"a: Go module go: cd a && go build ./...; cd a && go test ./...", "b c: Go module go: cd 'b c' && go build ./...; cd 'b c' && go test ./..."},
		},
		{"npm script", map[string]string{"package.json": `{"scripts":{"test":"jest"},"devDependencies":{"jest":"1"}}`, "package-lock.json": "{}", "a.js": ""}, []string{".: npm package npm: npm ci; npm test"}},
		{"npm without lockfile", map[string]string{"package.json": `{"scripts":{"build":"x","test":"y"},"dependencies":{"a":"1"}}`}, []string{".: npm package npm: npm install; npm run build; npm test"}},
		{"npm with nothing to install", map[string]string{"package.json": `{"scripts":{"test":"node --test"}}`}, []string{".: npm package npm: npm test"}},
		{"the placeholder of npm init", map[string]string{"package.json": `{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}`, "a.test.js": ""}, []string{".: npm package npm: node --test"}},
		{
			"pnpm and vitest",
			map[string]string{"package.json": `{"devDependencies":{"vitest":"1","typescript":"5"}}`, "pnpm-lock.yaml": "", "tsconfig.json": "{}"},
			[]string{".: npm package pnpm: pnpm install --frozen-lockfile; pnpm exec tsc --noEmit; pnpm exec vitest run"},
		},
		{"yarn", map[string]string{"package.json": `{"scripts":{"test":"x"}}`, "yarn.lock": ""}, []string{".: npm package yarn: yarn install --frozen-lockfile; yarn run test"}},
		{"yarn 4", map[string]string{"package.json": `{"scripts":{"test":"x"},"packageManager":"yarn@4.1.0"}`, "yarn.lock": "", ".yarnrc.yml": ""}, []string{".: npm package yarn: yarn install --immutable; yarn run test"}},
		{"bun", map[string]string{"package.json": `{"scripts":{"test":"bun test"}}`, "bun.lock": ""}, []string{".: npm package bun: bun install --frozen-lockfile; bun run test"}},
		{"the field goes before another's lockfile", map[string]string{"package.json": `{"packageManager":"npm@10","scripts":{"test":"x"}}`, "yarn.lock": "", "vendor/x/package.json": `{"scripts":{"test":"x"}}`}, []string{".: npm package npm: npm test"}},
		{"the field goes before the lockfile", map[string]string{"package.json": `{"packageManager":"pnpm@9","scripts":{"test":"x"},"dependencies":{"a":"1"}}`, "package-lock.json": ""}, []string{".: npm package pnpm: pnpm install; pnpm run test"}},
		{
			"npm workspace",
			map[string]string{
				"package.json": `{"workspaces":["packages/*"]}`, "package-lock.json": "{}", "packages/a/package.json": `{"name":"@x/a","scripts":{"test":"jest"},"dependencies":{"jest":"1"}}`,
			},
			[]string{".: npm workspace npm: npm ci; npm test --workspaces --if-present", "packages/a: npm package npm in .: cd packages/a && npm test"},
		},
		{
			"pnpm workspace",
			map[string]string{"package.json": `{}`, "pnpm-workspace.yaml": "packages: [a]\n", "pnpm-lock.yaml": "", "a/package.json": `{"scripts":{"test":"x"}}`},
			[]string{".: npm workspace pnpm: pnpm install --frozen-lockfile; pnpm -r run test", "a: npm package pnpm in .: cd a && pnpm run test"},
		},
		{"pytest by its settings", map[string]string{"pyproject.toml": "[project]\nname = 'a'\n[tool.pytest.ini_options]\n", "a.py": ""}, []string{".: Python project pip: python3 -m pytest"}},
		{"pytest by a requirement", map[string]string{"requirements-dev.txt": "pytest>=8\n", "requirements.txt": "x\n", "a.py": ""}, []string{".: Python project pip: python3 -m pytest"}},
		{"pytest by how tests are written", map[string]string{"setup.py": "", "a/a.py": "", "tests/test_a.py": testPy}, []string{".: Python project pip: python3 -m pytest"}},
		{"unittest", map[string]string{"setup.py": "", "a/a.py": "", "tests/test_a.py": unitPy}, []string{".: Python project pip: python3 -m unittest discover -s tests"}},
		{"unittest in a package", map[string]string{"setup.py": "", "a.py": "", "tests/__init__.py": "", "tests/test_a.py": unitPy}, []string{".: Python project pip: python3 -m unittest discover"}},
		{"only files", map[string]string{"a.py": "", "test_a.py": unitPy}, []string{".: Python project pip: python3 -m unittest discover"}},
		{"no Python", map[string]string{"requirements.txt": "pytest\n", "a.go": ""}, nil},
		{"uv", map[string]string{"pyproject.toml": "[dependency-groups]\ndev = ['pytest']\n", "uv.lock": "", "a.py": ""}, []string{".: Python project uv: uv run pytest"}},
		{"uv with an extra", map[string]string{"pyproject.toml": "[project.optional-dependencies]\ntest = [\n  \"pytest>=8\",\n]\n", "uv.lock": "", "a.py": ""}, []string{".: Python project uv: uv run --extra test pytest"}},
		{"uv with a group", map[string]string{"pyproject.toml": "[dependency-groups]\ntests = [\"pytest\"]\n", "uv.lock": "", "a.py": ""}, []string{".: Python project uv: uv run --group tests pytest"}},
		{"poetry", map[string]string{"pyproject.toml": "[tool.poetry]\nname='a'\n[tool.poetry.group.dev.dependencies]\npytest = '*'\n", "poetry.lock": "", "a.py": ""}, []string{".: Python project poetry: poetry install; poetry run pytest"}},
		{"tox", map[string]string{"setup.py": "", "tox.ini": "[testenv]\ncommands = stestr run\n", "a.py": ""}, []string{".: Python project pip: tox"}},
		{"tox that runs pytest", map[string]string{"setup.py": "", "tox.ini": "[testenv]\ndeps = pytest\n", "a.py": ""}, []string{".: Python project pip: python3 -m pytest"}},
		{"nox", map[string]string{"setup.py": "", "noxfile.py": "", "a.py": ""}, []string{".: Python project pip: nox"}},
		{"Django", map[string]string{"manage.py": "", "app/tests.py": ""}, []string{".: Python project pip: python3 manage.py test"}},
		{"Maven with its wrapper", map[string]string{"pom.xml": "<project><artifactId>a</artifactId></project>", "mvnw": "", "core/pom.xml": "<project/>"}, []string{".: Maven module maven: ./mvnw -B -q compile; ./mvnw -B -q test", "core: Maven module maven in .: ./mvnw -B -q -pl core -am test"}},
		{"Gradle", map[string]string{"build.gradle.kts": "", "gradlew": "", "app/core/build.gradle.kts": ""}, []string{".: Gradle project gradle: ./gradlew assemble; ./gradlew test", "app/core: Gradle project gradle in .: ./gradlew :app:core:test"}},
		{"Cargo", map[string]string{"Cargo.toml": "[package]\nname = 'a'\n", "src/lib.rs": ""}, []string{".: crate cargo: cargo build; cargo test"}},
		{"Cargo workspace", map[string]string{"Cargo.toml": "[workspace]\nmembers = ['x']\n", "x/Cargo.toml": "[package]\nname = 'x-y'\n", "x/src/lib.rs": ""}, []string{".: Cargo workspace cargo: cargo build --workspace; cargo test --workspace", "x: crate cargo in .: cargo test -p x-y"}},
		{
			"several languages",
			map[string]string{"go.mod": "module a\n", "a.go": "", "web/package.json": `{"scripts":{"test":"x"}}`, "examples/x/package.json": "{}"},
			[]string{".: Go module go: go build ./...; go test ./...", "web: npm package npm: cd web && npm test"},
		},
		{
			"what is beside the project",
			map[string]string{"go.mod": "module a\n", "a.go": "", "docs/package.json": `{"scripts":{"build":"x"}}`, "_tools/go.mod": "module t\n", "_tools/t.go": "", "test/module/package.json": `{"scripts":{"test":"x"}}`, "benchmarks/x/package.json": "{}"},
			[]string{".: Go module go: go build ./...; go test ./..."},
		},
		{"hostile names", map[string]string{"$(rm -rf ~)/go.mod": "module a\n", "$(rm -rf ~)/a.go": "", "a\nb/go.mod": "module b\n", "a\nb/b.go": "", "-x/go.mod": "module x\n", "-x/x.go": ""}, []string{"$(rm -rf ~): Go module go: cd '$(rm -rf ~)' && go build ./...; cd '$(rm -rf ~)' && go test ./...", "-x: Go module go: cd ./-x && go build ./...; cd ./-x && go test ./..."}},
		{"broken manifests", map[string]string{"go.mod": "\x00", "a.go": "", "package.json": "{", "pyproject.toml": "[[[", "Cargo.toml": "=", "pom.xml": "<", "a.py": ""}, []string{
			".: Go module go: go build ./...; go test ./...", ".: npm package npm: ", ".: Python project pip: ", ".: crate cargo: cargo build; cargo test", ".: Maven module maven: mvn -B -q compile; mvn -B -q test",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := told(look(test.files)); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestTargets(t *testing.T) {
	m := look(map[string]string{
		"Makefile":     ".PHONY: test\nVAR := x\nOTHER = a:b\nall: test\ntest lint: x\n\t@echo a: b\n%.o: %.c\nx/y: z\n$(BIN): a\nrun::\n",
		"justfile":     "set shell := ['sh']\n@check x='1': build\n  echo a\nbuild:\n",
		"Taskfile.yml": "version: '3'\nvars:\n  a: b\ntasks:\n  build:\n    cmds: [x]\n  test:\n    deps: [build]\n",
		"sub/Makefile": "below:\n",
	})
	var got []string
	for _, target := range m.Targets {
		got = append(got, target.Line)
	}
	want := "make all, make test, make lint, make run, just check, just build, task build, task test"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
	if c, ok := m.Target("ci", "check"); !ok || c.Line != "just check" || c.From != "justfile" {
		t.Errorf("got %+v, %v", c, ok)
	}
	if _, ok := m.Target("below"); ok {
		t.Error("a target of a folder is taken for one of the root")
	}
}

func TestHistoryAndAreas(t *testing.T) {
	files := map[string]string{
		"go.mod": "module a\n", "api/server.go": "", "api/server_test.go": "", "limit/bucket.go": "", "limit/clock.go": "", "main.go": "",
		"CODEOWNERS": "# all\n* @everyone\n/api/ @api a@b.c # why\nlimit/clock.go\n[Section] @x\n",
	}
	fix := repomap.Commit{Subject: "Fix crash in bucket", Paths: []string{"limit/bucket.go", "gone.go"}}
	all := make([]string, 0, 60)
	for range 60 {
		all = append(all, "api/server.go")
	}
	m := look(files, fix, fix, fix, repomap.Commit{Subject: "fix: bound", Paths: []string{"api/server_test.go"}}, repomap.Commit{Subject: "fix: race", Paths: []string{"api/server.go", "api/server_test.go"}},
		repomap.Commit{Subject: "fix typo", Paths: []string{"api/server.go"}}, repomap.Commit{Subject: "add prefix", Paths: []string{"api/server.go"}},
		repomap.Commit{Subject: "fix all", Paths: all})
	if len(m.Hot) != 1 || m.Hot[0].Path != "limit/bucket.go" || m.Hot[0].Fixes != 3 || !slices.Equal(m.Hot[0].Owners, []string{"@everyone"}) {
		t.Errorf("hot: %+v", m.Hot)
	}
	var got []string
	for _, a := range m.Areas {
		b, _ := json.Marshal(a)
		got = append(got, string(b))
	}
	want := []string{
		`{"dir":"limit","project":".","language":"Go","sources":2,"tests":0,"changes":3,"fixes":3,"owners":["@everyone"],"scope":["limit/**"],"test":[{"line":"go test ./limit/...","from":"go.mod"}]}`,
		`{"dir":"api","project":".","language":"Go","sources":1,"tests":1,"changes":5,"fixes":3,"owners":["@api","a@b.c"],"scope":["api/**"],"test":[{"line":"go test ./api/...","from":"go.mod"}]}`,
		`{"dir":".","project":".","language":"Go","sources":1,"tests":0,"changes":0,"fixes":0,"owners":["@everyone"],"scope":["*.go"],"test":[{"line":"go test ./...","from":"go.mod"}]}`,
	}
	if want[0], want[1] = want[1], want[0]; !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// More fixes go before more changes, and what is beside the project is no area.
func TestOrderOfAreas(t *testing.T) {
	busy, fix := repomap.Commit{Subject: "add", Paths: []string{"busy/a.go"}}, repomap.Commit{Subject: "fix it", Paths: []string{"weak/b.go"}}
	m := look(map[string]string{"go.mod": "module a\n", "busy/a.go": "", "weak/b.go": "", "large/c.go": "", "large/d.go": "", "examples/e.go": "", "vendor/v.go": "", "one/f.go": ""}, busy, busy, busy, fix)
	var got []string
	for _, a := range m.Areas {
		got = append(got, a.Dir)
	}
	if strings.Join(got, " ") != "weak busy large one" {
		t.Errorf("got %q", got)
	}
}

func TestScopesHoldTheTests(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		scope []string // of the first area
		tests int
	}{
		"Python":                    {map[string]string{"pyproject.toml": "pytest", "shop/cart.py": "", "tests/test_cart.py": "", "tests/shop/test_x.py": ""}, []string{"shop/**", "tests/**"}, 1},
		"Python without tests":      {map[string]string{"pyproject.toml": "", "shop/cart.py": ""}, []string{"shop/**", "tests/**"}, 0},
		"Python at the root":        {map[string]string{"cart.py": "", "test_cart.py": ""}, []string{"*.py"}, 1},
		"TypeScript beside":         {map[string]string{"package.json": "{}", "src/a.ts": "", "src/a.test.ts": ""}, []string{"src/**"}, 1},
		"TypeScript apart":          {map[string]string{"package.json": "{}", "src/a.ts": "", "test/a.spec.ts": ""}, []string{"src/**", "test/**"}, 0},
		"Java":                      {map[string]string{"pom.xml": "", "src/main/java/a/B.java": "", "src/test/java/a/BTest.java": ""}, []string{"src/main/java/a/**", "src/test/java/a/**"}, 1},
		"Rust":                      {map[string]string{"Cargo.toml": "", "src/lib.rs": "", "tests/it.rs": ""}, []string{"src/**", "tests/**"}, 0},
		"names that mean something": {map[string]string{"package.json": "{}", "app/[id]/page.tsx": ""}, []string{"app/?id?/**"}, 0},
	}
	for name, test := range tests {
		m := look(test.files)
		if len(m.Areas) == 0 || !slices.Equal(m.Areas[0].Scope, test.scope) || m.Areas[0].Tests != test.tests {
			t.Errorf("%s: got %+v", name, m.Areas)
			continue
		}
		for p := range test.files {
			if strings.HasPrefix(p, m.Areas[0].Dir+"/") && !plan.MatchAny(m.Areas[0].Scope, p) {
				t.Errorf("%s: the scope does not hold %s", name, p)
			}
		}
	}
}

func TestOwnersFollowGitignore(t *testing.T) {
	tests := []struct{ rules, path, want string }{
		{"*.js @js", "a/b/x.js", "@js"},
		{"/*.js @js", "a/x.js", ""},
		{"docs/* @d", "docs/a.go", "@d"},
		{"docs/* @d", "docs/sub/a.go", ""},
		{"apps/ @a", "x/apps/y/z.go", "@a"},
		{"/apps/ @a", "x/apps/z.go", ""},
		{"**/logs @l", "deep/down/logs/a.go", "@l"},
		{"/a/**/c @l", "a/b/b/c/x.go", "@l"},
		{"* @x\n/a.go", "a.go", ""},
		{"a.go @first\na.go @second", "a.go", "@second"},
		{"*** " + strings.Repeat("@x ", 3), "a.go", "@x @x @x"},
		{"* @bad;rm @ok", "a.go", "@ok"},
	}
	for _, test := range tests {
		fix := repomap.Commit{Subject: "fix", Paths: []string{test.path}}
		m := look(map[string]string{"CODEOWNERS": test.rules, test.path: ""}, fix, fix)
		if len(m.Hot) != 1 {
			if !strings.HasSuffix(test.path, "js") && !strings.HasSuffix(test.path, "go") || len(m.Hot) == 0 {
				t.Errorf("%q, %s: %+v", test.rules, test.path, m)
			}
			continue
		}
		if got := strings.Join(m.Hot[0].Owners, " "); got != test.want {
			t.Errorf("%q, %s: got %q, want %q", test.rules, test.path, got, test.want)
		}
	}
}

// The same data gives the same map, whatever order it arrives in.
func TestSameDataSameMap(t *testing.T) {
	files := map[string]string{"go.mod": "module a\n", "b/b.go": "", "a/a.go": "", "package.json": "{}", "x.ts": "", "y.py": "", "Makefile": "a:\nb:\n"}
	first, _ := json.Marshal(look(files))
	for range 20 { // maps are ranged in another order each time
		if again, _ := json.Marshal(look(files)); string(again) != string(first) {
			t.Fatalf("got\n%s\nand\n%s", first, again)
		}
	}
}

func TestBounds(t *testing.T) {
	files := map[string]string{}
	for i := range 200 {
		dir := "d" + strings.Repeat("x", i%50) + string(rune('a'+i/50))
		files[dir+"/go.mod"], files[dir+"/a.go"] = "module a\n", ""
	}
	m := look(files)
	if len(m.Projects) != 60 || len(m.Areas) != 24 || len(m.Notes) != 2 {
		t.Errorf("%d projects, %d areas, %q", len(m.Projects), len(m.Areas), m.Notes)
	}
	if got := len(repomap.Wanted(repomapPaths(1000))); got != repomap.MaxTexts-20 {
		t.Errorf("%d texts are wanted", got)
	}
}

func repomapPaths(n int) []string {
	var out []string
	for i := range n {
		out = append(out, strings.Repeat("d/", i%9)+"x"+strings.Repeat("y", i/9)+"/go.mod")
	}
	return out
}

func FuzzLook(f *testing.F) {
	f.Add("a/go.mod\na/b.go\npackage.json\nx.py", "module x\n", "* @a\n")
	f.Add("Cargo.toml\npom.xml\nMakefile\nTaskfile.yml\npyproject.toml\nx.py", "tasks:\n  a:\n[tool.pytest\n", "/a/**/b @x")
	f.Fuzz(func(t *testing.T, paths, text, rules string) {
		in := repomap.Input{Paths: strings.Split(paths, "\n"), Texts: map[string][]byte{}}
		for _, p := range repomap.Wanted(in.Paths) {
			in.Texts[p] = []byte(text)
		}
		in.Texts["CODEOWNERS"] = []byte(rules)
		in.Commits = []repomap.Commit{{Subject: "fix", Paths: in.Paths}}
		m := repomap.Look(in)
		for _, a := range m.Areas {
			for _, g := range a.Scope {
				if fault, _ := plan.ValidGlob(g); fault != "" {
					t.Fatalf("%q %s", g, fault)
				}
			}
		}
		for _, p := range m.Projects {
			for _, c := range slices.Concat(p.Setup, p.Build, p.Test, p.Others) {
				if strings.ContainsAny(c.Line, "\n\r\x00") {
					t.Fatalf("%q", c.Line)
				}
			}
		}
	})
}
