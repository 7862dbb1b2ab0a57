package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"muster/internal/source/manifest"
)

// show writes what was read, a line for each thing.
func show(f manifest.File) string {
	var b strings.Builder
	if f.Name != "" {
		fmt.Fprintf(&b, "name %s\n", f.Name)
	}
	for _, d := range f.Dependencies {
		fmt.Fprintf(&b, "%d %s %s %s", d.Line, d.Kind, d.Name, d.Version)
		if d.Source != manifest.Registry || d.Locator != "" {
			fmt.Fprintf(&b, " %s:%s", d.Source, d.Locator)
		}
		if d.Replace != "" {
			fmt.Fprintf(&b, " is %s", d.Replace)
		}
		if d.Hashed {
			b.WriteString(" hashed")
		}
		b.WriteString("\n")
	}
	for _, s := range f.Scripts {
		fmt.Fprintf(&b, "%d script %s: %s\n", s.Line, s.Name, s.Text)
	}
	for _, o := range f.Overrides {
		fmt.Fprintf(&b, "%d %s %s => %s\n", o.Line, o.Kind, o.Name, o.Target)
	}
	if len(f.Workspaces) > 0 {
		fmt.Fprintf(&b, "workspaces %s\n", strings.Join(f.Workspaces, " "))
	}
	if len(f.Aliases) > 0 {
		fmt.Fprintf(&b, "aliases %s\n", strings.Join(f.Aliases, " "))
	}
	if f.Dynamic {
		b.WriteString("dynamic\n")
	}
	if f.Problem != "" {
		b.WriteString("problem\n")
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, tt := range []struct{ name, path, text, want string }{
		{
			"go.mod", "go.mod", "module example.org/m\n\ngo 1.24\n\nrequire (\n\ta.org/x v1.0.0\n\tb.org/y/v2 v2.1.0 // indirect\n)\n\ntool c.org/z/cmd\nexclude a.org/x v0.9.0\nreplace a.org/x => ../x\nreplace b.org/y/v2 v2.1.0 => d.org/y/v2 v2.1.1\n",
			"name example.org/m\n6 prod a.org/x v1.0.0 path:../x is ../x\n7 indirect b.org/y/v2 v2.1.0 is d.org/y/v2\n10 tool c.org/z/cmd \n12 replace a.org/x => ../x\n13 replace b.org/y/v2 => d.org/y/v2 v2.1.1\n11 exclude a.org/x => v0.9.0\n",
		},
		{"go.mod with an error", "go.mod", "module m\nrequire a.org/x v1.0.0\nfoo bar\n", "name m\n2 prod a.org/x v1.0.0\nproblem\n"},
		{"go.work", "go.work", "go 1.24\nuse (\n\t./a\n\t./b\n)\nreplace x.org/a => ./c\n", "6 replace x.org/a => ./c\nworkspaces ./a ./b\n"},
		{"go.sum", "go.sum", "a.org/x v1.0.0 h1:abc=\na.org/x v1.0.0/go.mod h1:abc=\nrubbish\n", "1 locked a.org/x v1.0.0 hashed\n2 locked a.org/x v1.0.0\n"},
		{
			"package.json", "package.json", "{\n \"name\": \"me\",\n \"dependencies\": {\n  \"a\": \"^1.0.0\",\n  \"b\": \"npm:evil@2\",\n  \"c\": \"owner/repo#main\",\n  \"d\": \"file:../d\",\n  \"e\": \"workspace:*\",\n  \"f\": \"https://h.test/f.tgz\",\n  \"@s/g\": \"git+ssh://git@h.test/g.git\",\n  \"h\": 3\n },\n \"devDependencies\": {\"a\": \"1\"},\n \"scripts\": {\n  \"test\": \"x\",\n  \"postinstall\": \"node x.js\"\n },\n \"workspaces\": [\"packages/*\"],\n \"overrides\": {\"z\": \"1.0.0\"},\n \"imports\": {\"#a\": \"./a.js\"}\n}\n",
			"name me\n10 prod @s/g git+ssh://git@h.test/g.git git:git+ssh://git@h.test/g.git\n4 prod a ^1.0.0\n5 prod b 2 is evil\n6 prod c owner/repo#main git:owner/repo#main\n7 prod d file:../d path:file:../d\n8 prod e workspace:* workspace:\n9 prod f https://h.test/f.tgz url:https://h.test/f.tgz\n13 dev a 1\n16 script postinstall: node x.js\n19 resolution z => 1.0.0\nworkspaces packages/*\naliases #a\n",
		},
		{"package.json, workspaces as an object", "a/package.json", `{"workspaces": {"packages": ["p"]}}`, "workspaces p\n"},
		{"broken package.json", "package.json", `{"dependencies": {`, "problem\n"},
		{
			"package-lock.json", "package-lock.json", `{"lockfileVersion": 3, "packages": {"": {"name": "me"}, "node_modules/a": {"version": "1.0.0", "resolved": "https://r.test/a.tgz"}, "node_modules/a/node_modules/@s/b": {"version": "2.0.0"}, "node_modules/w": {"link": true}, "node_modules/x": {"name": "y", "version": "3"}}}`,
			"0 locked a 1.0.0 registry:https://r.test/a.tgz\n0 locked @s/b 2.0.0\n0 locked w  workspace:\n0 locked x 3 is y\n",
		},
		{"package-lock.json of version 1", "package-lock.json", `{"dependencies": {"a": {"version": "1.0.0", "dependencies": {"b": {"version": "2"}}}}}`, "0 locked a 1.0.0\n0 locked b \n"},
		{
			"yarn.lock", "yarn.lock", "# yarn lockfile v1\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\n  version \"1.2.0\"\n  resolved \"https://r.test/a.tgz#abc\"\n  dependencies:\n    version \"9\"\n\nb@~2:\n  version \"2.0.1\"\n",
			"3 locked @s/a 1.2.0 registry:https://r.test/a.tgz#abc\n9 locked b 2.0.1\n",
		},
		{
			"yarn.lock of berry", "yarn.lock", "__metadata:\n  version: 8\n\n\"a@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n\n\"me@workspace:.\":\n  version: 0.0.0-use.local\n",
			"4 locked a 1.0.0 registry:a@npm:1.0.0\n8 locked me 0.0.0-use.local workspace:\n",
		},
		{
			"pnpm-lock.yaml 9", "pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies: {}\npackages:\n\n  '@s/a@1.0.0':\n    resolution: {integrity: x}\n\n  b@2.0.0(react@18.0.0):\n    resolution: {tarball: https://r.test/b.tgz}\nsnapshots:\n  c@1: {}\n",
			"7 locked @s/a 1.0.0\n10 locked b 2.0.0 registry:https://r.test/b.tgz\n",
		},
		{"pnpm-lock.yaml 5", "pnpm-lock.yaml", "packages:\n  /@s/a/1.0.0:\n    dev: true\n  /b@2.0.0:\n    dev: true\n", "2 locked @s/a 1.0.0\n4 locked b 2.0.0\n"},
		{"pnpm-workspace.yaml", "pnpm-workspace.yaml", "packages:\n  - 'packages/*'\n  - site\ncatalog:\n  - no\n", "workspaces packages/* site\n"},
		{"bun.lock", "bun.lock", "{\n  \"packages\": {\n    \"a\": [\"a@1.0.0\", \"\", {}, \"sha\"],\n    \"w\": [\"w@workspace:packages/w\"],\n    \"x\": [\"y@2.0.0\"],\n    \"a/b\": [\"b@3.0.0\"],\n  }\n}\n", "3 locked a 1.0.0\n4 locked w workspace:packages/w workspace:\n5 locked x 2.0.0 is y\n6 locked b 3.0.0\n"},
		{"deno.json", "deno.jsonc", "{ // names\n \"name\": \"@me/x\", /* block */ \"imports\": {\"@std/a\": \"jsr:@std/a@1\",},\n}\n", "name @me/x\naliases @std/a\n"},
		{".npmrc", ".npmrc", "registry=https://r.test/\n@s:registry = https://s.test/\n//r.test/:_authToken=x\n", "1 registry  => https://r.test/\n2 registry @s => https://s.test/\n"},
		{
			"requirements", "requirements-dev.txt", "# c\n--index-url https://i.test/simple\nrequests[socks]>=2,<3 ; python_version > '3' # why\nurllib3==1.26.0 \\\n  --hash=sha256:abc\n-e git+https://h.test/x.git#egg=ex\nlocal @ file:///tmp/a.whl\nhttps://h.test/pkg-1.0.tar.gz\n-r other.txt\n./here\n",
			"3 dev requests >=2,<3\n4 dev urllib3 ==1.26.0\n6 dev ex  git:git+https://h.test/x.git#egg=ex\n7 dev local  path:file:///tmp/a.whl\n8 dev pkg  url:https://h.test/pkg-1.0.tar.gz\n2 index --index-url => https://i.test/simple\n",
		},
		{
			"pyproject, PEP 621 and 735", "pyproject.toml", "[build-system]\nrequires = [\"hatchling\"]\n[project]\nname = \"me\"\ndynamic = [\"version\"]\ndependencies = [\n  \"httpx>=0.2\",\n  \"x @ git+https://h.test/x.git\",\n]\n[project.optional-dependencies]\ncli = [\"rich\"]\n[dependency-groups]\ntest = [\"pytest\", {include-group = \"lint\"}]\n[tool.uv.sources]\nhttpx = { path = \"../httpx\" }\n[[tool.uv.index]]\nname = \"own\"\nurl = \"https://own.test/\"\n",
			"name me\n7 prod httpx >=0.2 path:../httpx\n8 prod x  git:git+https://h.test/x.git\n11 optional rich \n13 dev pytest \n2 build hatchling \n18 index own => https://own.test/\n",
		},
		{
			"pyproject, poetry", "pyproject.toml", "[tool.poetry]\nname = \"me\"\n[tool.poetry.dependencies]\npython = \"^3.9\"\nflask = {version = \"^3\", optional = true}\nmine = {git = \"https://h.test/m.git\"}\n[tool.poetry.group.dev.dependencies]\npytest = \"*\"\n[[tool.poetry.source]]\nname = \"own\"\nurl = \"https://own.test/\"\n",
			"name me\n5 optional flask ^3\n6 prod mine  git:https://h.test/m.git\n8 dev pytest *\n11 index own => https://own.test/\n",
		},
		{"pyproject, dynamic", "pyproject.toml", "[project]\nname = \"me\"\ndynamic = [\"dependencies\"]\n", "name me\ndynamic\n"},
		{"broken pyproject", "pyproject.toml", "[project]\nname = \"me\"\ndependencies = [\"a\"\n[x", "problem\n"},
		{"setup.cfg", "setup.cfg", "[metadata]\nname = me\n[options]\ninstall_requires =\n    a>=1\n    # c\n    b\npackages = find:\n[options.extras_require]\nx = c\n", "name me\n5 prod a >=1\n7 prod b \n10 optional c \n"},
		{"setup.py", "setup.py", "from setuptools import setup\nsetup(\n  name='me',\n  install_requires=['a>=1', \"b\"],\n  extras_require={\n    'x': ['c'],\n  },\n  classifiers=['Programming Language'],\n)\n", "name me\n4 prod a >=1\n4 prod b \n6 prod c \ndynamic\n"},
		{"Pipfile", "Pipfile", "[[source]]\nname = \"own\"\nurl = \"https://own.test/\"\n[packages]\na = \"*\"\n[dev-packages]\nb = {path = \"./b\"}\n", "5 prod a *\n7 dev b  path:./b\n3 index own => https://own.test/\n"},
		{"Pipfile.lock", "Pipfile.lock", `{"default": {"a": {"version": "==1.0"}}, "develop": {"b": {"version": "==2"}}}`, "0 locked a 1.0\n0 locked b 2\n"},
		{
			"uv.lock", "uv.lock", "version = 1\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://own.test/simple\" }\ndependencies = [\n    { name = \"x\" },\n]\n\n[[package]]\nname = \"me\"\nversion = \"0\"\nsource = { editable = \".\" }\n",
			"4 locked a 1.0 registry:https://own.test/simple\n12 locked me 0 workspace:.\n",
		},
		{"poetry.lock", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1.0\"\n\n[package.dependencies]\nname = \"no\"\n\n[package.source]\ntype = \"legacy\"\nurl = \"https://own.test/\"\n\n[metadata]\nname = \"no\"\n", "2 locked a 1.0 registry:https://own.test/\n"},
		{"pip.conf", "pip.conf", "[global]\nindex-url = https://own.test/simple\n", "2 index index-url => https://own.test/simple\n"},
		{"environment.yml", "environment.yml", "name: x\ndependencies:\n  - python=3.11\n  - conda-forge::numpy=1.2\n  - pip:\n    - requests==2\nother:\n  - no\n", "3 prod python =3.11\n4 prod numpy =1.2\n6 prod requests ==2\ndynamic\n"},
		{
			"Cargo.toml", "Cargo.toml", "[package]\nname = \"me\"\n[dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\nx = { git = \"https://h.test/x\" }\ny = { package = \"other\", version = \"2\" }\n[dev-dependencies]\nz.workspace = true\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n[workspace]\nmembers = [\"a\"]\n[patch.crates-io]\nserde = { path = \"../serde\" }\n",
			"name me\n4 prod serde 1\n5 prod x  git:https://h.test/x\n6 prod y 2 is other\n8 dev z  workspace:\n10 prod libc 0.2\n14 patch serde => ../serde\nworkspaces a\n",
		},
		{
			"Cargo.lock", "Cargo.lock", "version = 3\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"registry+https://own.test/index\"\n\n[[package]]\nname = \"x\"\nversion = \"0.1.0\"\nsource = \"git+https://h.test/x#abc\"\n",
			"4 locked serde 1.0.0 registry:https://own.test/index\n9 locked x 0.1.0 git:git+https://h.test/x#abc\n",
		},
		{
			"pom.xml", "pom.xml", "<project>\n<artifactId>me</artifactId>\n<dependencies>\n<dependency>\n<groupId>g</groupId><artifactId>a</artifactId><version>1</version>\n<exclusions><exclusion><artifactId>no</artifactId></exclusion></exclusions></dependency>\n<dependency><groupId>g</groupId><artifactId>t</artifactId><scope>test</scope></dependency>\n</dependencies>\n<repositories><repository><id>own</id><url>https://own.test</url></repository></repositories>\n</project>\n",
			"name me\n4 prod g:a 1\n7 dev g:t \n9 registry own => https://own.test\n",
		},
		{"build.gradle", "build.gradle.kts", "dependencies {\n  implementation(\"g:a:1.0\")\n  testImplementation('g:t:2')\n  implementation(project(\":x\"))\n}\nrepositories { maven { url = uri(\"https://own.test/m\") } }\n", "2 prod g:a 1.0\n3 dev g:t 2\n6 registry  => https://own.test/m\ndynamic\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, ok := manifest.Read(tt.path, []byte(tt.text))
			if got := show(f); !ok || got != tt.want {
				t.Errorf("got\n%s\nwant\n%s\nproblem: %s", got, tt.want, f.Problem)
			}
			crlf, _ := manifest.Read(tt.path, []byte(strings.ReplaceAll(tt.text, "\n", "\r\n")))
			if got := show(crlf); got != tt.want && !strings.HasPrefix(tt.path, "go.") {
				t.Errorf("with CRLF\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestIs(t *testing.T) {
	for name, want := range map[string]bool{
		"go.mod": true, "a/b/package.json": true, "requirements.txt": true, "requirements/base.in": true, "dev-requirements.txt": true,
		"docs/requirements.md": false, "notes.txt": false, "main.go": false, "Pipfile": true, "constraints.txt": true, "requirements": false,
	} {
		if got := manifest.Is(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, ok := manifest.Read("main.go", nil); ok {
		t.Error("a source file is read")
	}
}

func TestTooLarge(t *testing.T) {
	for name, size := range map[string]int{"go.sum": manifest.MaxLockSize, "package-lock.json": manifest.MaxLockSize, "go.mod": manifest.MaxSize, "setup.py": manifest.MaxSize} {
		if f, ok := manifest.Read(name, make([]byte, size+1)); !ok || !strings.Contains(f.Problem, "larger") || f.Dependencies != nil {
			t.Errorf("%s: %v %q", name, ok, f.Problem)
		}
		if f, _ := manifest.Read(name, make([]byte, size)); strings.Contains(f.Problem, "larger") {
			t.Errorf("%s: %q", name, f.Problem)
		}
	}
}

// Nothing but brackets must not use up the stack.
func TestDeep(t *testing.T) {
	for _, text := range []string{"a=" + strings.Repeat("[", 300), "a=" + strings.Repeat("{a=", 300), "a=" + strings.Repeat("[", 300<<10)} {
		if f, _ := manifest.Read("Cargo.toml", []byte(text)); f.Problem == "" {
			t.Errorf("%.20s is read", text)
		}
	}
}

func TestNormal(t *testing.T) {
	for _, tt := range []struct {
		e       manifest.Ecosystem
		in, out string
	}{
		{manifest.PyPI, "Foo__Bar.baz", "foo-bar-baz"},
		{manifest.PyPI, "requests[socks]", "requests"},
		{manifest.Cargo, "serde_json", "serde-json"},
		{manifest.NPM, "React", "react"},
		{manifest.Go, "a.org/X", "a.org/X"},
	} {
		if got := manifest.Normal(tt.e, tt.in); got != tt.out {
			t.Errorf("%s %s: %s", tt.e, tt.in, got)
		}
	}
}

func TestReadScript(t *testing.T) {
	got := manifest.ReadScript([]byte("#!/usr/bin/env python\n# /// script\n# requires-python = \">=3.11\"\n# dependencies = [\n#   \"blake3>=1\",\n#   \"rich\",\n# ]\n# ///\nimport blake3\n"))
	if len(got) != 2 || got[0].Name != "blake3" || got[1].Name != "rich" {
		t.Errorf("%+v", got)
	}
	for _, text := range []string{"", "# /// script\n# dependencies = [\"a\"]\n", "# /// script\n# [[[\n# ///\n"} {
		if got := manifest.ReadScript([]byte(text)); got != nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestReadCompiler(t *testing.T) {
	got := manifest.ReadCompiler([]byte("{ // x\n\"compilerOptions\": {\"baseUrl\": \"src\", \"paths\": {\"@app/*\": [\"a/*\"], \"~\": [\"b\"]}, },}"))
	if got.BaseURL != "src" || strings.Join(got.Paths, " ") != "@app/* ~" {
		t.Errorf("%+v", got)
	}
	if got := manifest.ReadCompiler([]byte("nonsense")); got.Paths != nil || got.BaseURL != "" {
		t.Errorf("%+v", got)
	}
}

// FuzzRead: no content breaks a reader, and lines are lines of the file.
func FuzzRead(f *testing.F) {
	names := []string{
		"go.mod", "go.work", "go.sum", "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml", "bun.lock",
		"deno.json", ".npmrc", "pyproject.toml", "setup.cfg", "setup.py", "Pipfile", "Pipfile.lock", "uv.lock", "pip.conf", "environment.yml",
		"Cargo.toml", "Cargo.lock", "pom.xml", "build.gradle", "requirements.txt",
	}
	for i, text := range []string{
		"module a\nrequire b v1\n", "{\"dependencies\": {\"a\": \"1\"}}", "[project]\ndependencies = [\"a\"]\n", "[[package]]\nname = \"a\"\n",
		"<project><dependency><artifactId>x</artifactId></dependency></project>", "a@1:\n  version 1\n", "\x00\xff\r\n[", "[a]\n[a.b]\nc = [[[[[[",
	} {
		f.Add(byte(i), []byte(text))
	}
	f.Fuzz(func(t *testing.T, n byte, text []byte) {
		got, ok := manifest.Read(names[int(n)%len(names)], text)
		if !ok {
			t.Fatal("not read")
		}
		last := strings.Count(string(text), "\n") + 1
		for _, d := range got.Dependencies {
			if d.Name == "" || d.Line < 0 || d.Line > last {
				t.Fatalf("%+v of %d lines", d, last)
			}
		}
		manifest.ReadCompiler(text)
		manifest.ReadScript(text)
	})
}
