package drift

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

func judged(t *testing.T, base, head checktest.Files, forbids ...string) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	req := checktest.Request(evidence.OfTask)
	req.Forbids = forbids
	return checktest.Run(t, New(), trees, checktest.NoExec(t), req)
}

func goFile(pkg string, imports ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport (\n", pkg)
	for _, i := range imports {
		fmt.Fprintf(&b, "\t%q\n", i)
	}
	return b.String() + ")\n"
}

func TestDecisions(t *testing.T) {
	base := checktest.Files{"go.mod": "module example.com/shop\n", "internal/web/web.go": goFile("web", "fmt"), "internal/db/db.go": "package db\n", "old/a.go": "package old\n"}
	for name, tt := range map[string]struct {
		forbids string
		head    checktest.Files
		level   evidence.Level
	}{
		"a module":             {"import:redis", checktest.Files{"internal/web/web.go": goFile("web", "fmt", "github.com/redis/go-redis/v9")}, evidence.Gate},
		"a word of its name":   {"import:redis", checktest.Files{"internal/web/web.go": goFile("web", "fmt", "example.org/go-redis")}, evidence.Gate},
		"another module":       {"import:redis", checktest.Files{"internal/web/web.go": goFile("web", "fmt", "example.org/redistribute")}, ""},
		"a folder":             {"import:internal/db from internal/web/**", checktest.Files{"internal/web/web.go": goFile("web", "fmt", "example.com/shop/internal/db")}, evidence.Gate},
		"from elsewhere":       {"import:internal/db from internal/web/**", checktest.Files{"internal/job/job.go": goFile("job", "example.com/shop/internal/db")}, ""},
		"in a test":            {"import:redis", checktest.Files{"internal/web/web_test.go": goFile("web", "github.com/redis/go-redis/v9")}, evidence.Locator},
		"a path":               {"path:old/**", checktest.Files{"old/a.go": "package old\n\nconst a = 1\n"}, evidence.Gate},
		"a path that goes":     {"path:old/**", checktest.Files{"old/a.go": ""}, ""},
		"another path":         {"path:old/**", checktest.Files{"new/a.go": "package a\n"}, ""},
		"in python":            {"import:redis", checktest.Files{"a.py": "import os\nfrom redis.client import Redis\n"}, evidence.Gate},
		"in typescript":        {"import:@redis/client", checktest.Files{"a.ts": "import { createClient } from '@redis/client'\n"}, evidence.Gate},
		"its own file name":    {"import:redis", checktest.Files{"a.ts": "import { x } from './redisless'\n"}, ""},
		"a standard package":   {"import:net/http", checktest.Files{"internal/web/web.go": goFile("web", "fmt", "net/http")}, evidence.Gate},
		"not a package of its": {"import:net/http", checktest.Files{"internal/web/web.go": goFile("web", "fmt", "net/httpx")}, ""},
	} {
		got := judged(t, base, base.With(tt.head), tt.forbids)
		switch {
		case tt.level == "" && len(got.Findings) > 0:
			t.Errorf("%s: %+v", name, got.Findings)
		case tt.level == "":
		case len(got.Findings) != 1 || got.Findings[0].Level != tt.level || got.Findings[0].Reproduce == "" || !strings.Contains(got.Findings[0].Message, tt.forbids):
			t.Errorf("%s: %+v", name, got)
		}
	}
	had := base.With(checktest.Files{"internal/web/web.go": goFile("web", "github.com/redis/go-redis/v9")})
	if got := judged(t, had, had.With(checktest.Files{"internal/web/web.go": goFile("web", "github.com/redis/go-redis/v9", "os")}), "import:redis"); len(got.Findings) > 0 {
		t.Errorf("what was there before: %+v", got.Findings)
	}
	if got := judged(t, base, base.With(checktest.Files{"a.go": goFile("a", "os")}), "no redis please", "import:", "import:x from [a"); len(got.NotRun) != 3 {
		t.Errorf("what is no rule: %+v", got)
	}
}

func layered(lang string) checktest.Files {
	files := checktest.Files{"go.mod": "module example.com/shop\n"}
	for i := range 4 {
		if lang == "go" {
			files[fmt.Sprintf("internal/app/a%d/a.go", i)] = goFile("a", "example.com/shop/internal/core/plan")
		} else {
			files[fmt.Sprintf("shop/app/a%d.py", i)] = "from shop.core.plan import Plan\n"
		}
	}
	if lang == "go" {
		files["internal/core/plan/plan.go"] = goFile("plan", "fmt")
	} else {
		files["shop/core/plan.py"] = "import os\n\nclass Plan:\n    pass\n"
	}
	return files
}

func TestDirection(t *testing.T) {
	goBase, pyBase := layered("go"), layered("py")
	core := checktest.Files{"internal/core/plan/plan.go": goFile("plan", "fmt", "example.com/shop/internal/app/a1")}
	two := checktest.Files{"go.mod": goBase["go.mod"], "internal/app/a1/a.go": goBase["internal/app/a1/a.go"], "internal/core/plan/plan.go": goFile("plan", "fmt")}
	for name, tt := range map[string]struct {
		base, head checktest.Files
		fires      bool
	}{
		"go, against":          {goBase, core, true},
		"python, against":      {pyBase, checktest.Files{"shop/core/plan.py": "import os\nfrom shop.app.a1 import run\n\nclass Plan:\n    pass\n"}, true},
		"python, relative":     {pyBase, checktest.Files{"shop/core/plan.py": "import os\nfrom ..app.a1 import run\n\nclass Plan:\n    pass\n"}, true},
		"along":                {goBase, checktest.Files{"internal/app/new/a.go": goFile("a", "example.com/shop/internal/core/plan")}, false},
		"no direction yet":     {two, core, false},
		"both ways already":    {goBase.With(checktest.Files{"internal/core/other/o.go": goFile("o", "example.com/shop/internal/app/a2")}), core, false},
		"both ways until now":  {goBase.With(checktest.Files{"internal/core/other/o.go": goFile("o", "example.com/shop/internal/app/a2")}), checktest.Files{"internal/core/other/o.go": "", "internal/core/plan/plan.go": core["internal/core/plan/plan.go"]}, false},
		"a test":               {goBase, checktest.Files{"internal/core/plan/plan_test.go": goFile("plan", "example.com/shop/internal/app/a1")}, false},
		"a new folder":         {goBase, checktest.Files{"internal/new/n.go": goFile("n", "example.com/shop/internal/app/a1")}, false},
		"within one area":      {goBase, checktest.Files{"internal/app/a1/a.go": goFile("a", "example.com/shop/internal/core/plan", "example.com/shop/internal/app/a2")}, false},
		"from outside":         {goBase, checktest.Files{"internal/core/plan/plan.go": goFile("plan", "fmt", "example.org/internal/app/a1")}, false},
		"nothing is imported":  {goBase, checktest.Files{"internal/core/plan/plan.go": goFile("plan", "fmt") + "\nconst a = 1\n"}, false},
		"moved with its parts": {goBase, checktest.Files{"internal/app/a1/a.go": "", "internal/app/b1/a.go": goBase["internal/app/a1/a.go"]}, false},
	} {
		got := judged(t, tt.base, tt.base.With(tt.head))
		if fires := got.Status == evidence.Failed; fires != tt.fires || fires && (got.Findings[0].Rule != "direction" || got.Findings[0].Level != evidence.Locator) || len(got.NotRun) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The first file that shows the direction is named.
func TestDirectionIsShown(t *testing.T) {
	base := layered("go")
	got := judged(t, base, base.With(checktest.Files{"internal/core/plan/plan.go": goFile("plan", "fmt", "example.com/shop/internal/app/a1")}))
	if len(got.Findings) != 1 || !strings.Contains(got.Findings[0].Message, "only internal/app imported internal/core (4 files, such as internal/app/a0/a.go)") {
		t.Errorf("%+v", got.Findings)
	}
}

// A module that takes another name in the change is known by the new one.
func TestRenamedModule(t *testing.T) {
	base := checktest.Files{"go.mod": "module example.com/shop\n", "internal/db/db.go": "package db\n"}
	head := base.With(checktest.Files{"go.mod": "module example.com/store\n", "internal/web/web.go": goFile("web", "example.com/store/internal/db")})
	if got := judged(t, base, head, "import:internal/db from internal/web/**"); len(got.Findings) != 1 || got.Findings[0].Level != evidence.Gate {
		t.Errorf("%+v", got.Findings)
	}
}

func TestFolders(t *testing.T) {
	tr := &tree{
		files:   map[string]bool{"shop/core/plan.py": true, "shop/app/__init__.py": true, "src/lib/x.py": true},
		folders: map[string]bool{".": true, "shop": true, "shop/core": true, "shop/app": true, "src": true, "src/lib": true, "web": true, "web/ui": true},
		modules: map[string]string{".": "example.com/shop"},
	}
	for _, tt := range []struct {
		file, imported, want string
		lang                 source.Language
	}{
		{"web/a.ts", "./ui", "web/ui", source.TypeScript},
		{"web/a.ts", "./ui/button", "web/ui", source.TypeScript},
		{"web/ui/a.ts", "../b", "web", source.TypeScript},
		{"web/a.ts", "./none/x", "", source.TypeScript},
		{"web/a.ts", "web", "", source.TypeScript},
		{"shop/core/a.py", "shop.core.plan", "shop/core", source.Python},
		{"shop/core/a.py", "shop.core.plan.Plan", "shop/core", source.Python},
		{"shop/core/a.py", "shop.app", "shop/app", source.Python},
		{"shop/core/a.py", "..app", "shop/app", source.Python},
		{"shop/core/a.py", ".plan", "shop/core", source.Python},
		{"shop/core/a.py", "lib.x", "src/lib", source.Python},
		{"shop/core/a.py", "shop.none", "", source.Python},
		{"shop/core/a.py", "none", "", source.Python},
		{"a.py", ".", "", source.Python},
		{"a.go", "example.com/shop/web", "web", source.Go},
		{"a.go", "example.com/shop/none", "", source.Go},
		{"a.go", "example.com/shopping/web", "", source.Go},
		{"a.rs", "web", "", source.Rust},
	} {
		if got := tr.folderOf(tt.file, tt.lang, tt.imported); got != tt.want {
			t.Errorf("%s imports %s: %q, want %q", tt.file, tt.imported, got, tt.want)
		}
	}
}

func TestOwnRules(t *testing.T) {
	const v1 = "linters-settings:\n  depguard:\n    rules:\n      main:\n        files: [\"$all\", \"!$test\"]\n        deny:\n          - pkg: github.com/pkg/errors\n            desc: use errors\n"
	const v2 = "version: \"2\"\nlinters:\n  settings:\n    depguard:\n      rules:\n        web:\n          files: [\"**/web/**\"]\n          deny:\n            - pkg: database/sql$\n"
	const ini = "[importlinter]\nroot_package = shop\n\n[importlinter:contract:1]\nname = core stands alone\ntype = forbidden\nsource_modules =\n    shop.core\nforbidden_modules =\n    shop.app\n    requests\n"
	const toml = "[tool.importlinter]\nroot_package = \"shop\"\n\n[[tool.importlinter.contracts]]\nname = \"layers\"\ntype = \"layers\"\nlayers = [\n  \"shop.app\",\n  \"shop.core\",\n]\n\n[tool.other]\nname = \"x\"\n"
	const lint = `{"rules": {"no-restricted-imports": ["error", {"paths": ["lodash", {"name": "moment", "message": "no"}, {"name": "react", "importNames": ["x"]}], "patterns": ["internal/*"]}]}}`
	const cruise = `{"forbidden": [{"name": "no ui in core", "from": {"path": "^src/core"}, "to": {"path": "^src/ui"}}, {"name": "cycles", "from": {}, "to": {"circular": true}}]}`
	for name, tt := range map[string]struct {
		file, rules string
		path, text  string
		fires       bool
	}{
		"depguard 1":           {".golangci.yml", v1, "a.go", goFile("a", "github.com/pkg/errors"), true},
		"depguard 1, a test":   {".golangci.yml", v1, "a_test.go", goFile("a", "github.com/pkg/errors"), false},
		"depguard 2":           {".golangci.yaml", v2, "internal/web/a.go", goFile("a", "database/sql"), true},
		"depguard 2, exact":    {".golangci.yaml", v2, "internal/web/a.go", goFile("a", "database/sql/driver"), false},
		"depguard 2, another":  {".golangci.yaml", v2, "internal/db/a.go", goFile("a", "database/sql"), false},
		"broken rules":         {".golangci.yaml", "depguard: [", "a.go", goFile("a", "database/sql"), false},
		"contract":             {".importlinter", ini, "shop/core/a.py", "from shop.app.x import y\n", true},
		"contract, outside":    {"setup.cfg", ini, "shop/core/a.py", "import requests\n", true},
		"contract, another":    {".importlinter", ini, "shop/app/a.py", "import requests\n", false},
		"layers":               {"pyproject.toml", toml, "shop/core/a.py", "from shop.app import y\n", true},
		"layers, downwards":    {"pyproject.toml", toml, "shop/app/a.py", "from shop.core import y\n", false},
		"eslint":               {".eslintrc.json", lint, "a.ts", "import _ from 'lodash'\n", true},
		"eslint, with message": {".eslintrc.json", lint, "a.js", "import m from 'moment'\n", true},
		"eslint, pattern":      {".eslintrc.json", lint, "a.js", "import m from 'internal/x'\n", true},
		"eslint, some names":   {".eslintrc.json", lint, "a.js", "import { y } from 'react'\n", false},
		"cruiser":              {".dependency-cruiser.json", cruise, "src/core/a.js", "import { y } from '../ui/y.js'\n", true},
		"cruiser, another":     {".dependency-cruiser.json", cruise, "src/app/a.js", "import { y } from '../ui/y.js'\n", false},
	} {
		base := checktest.Files{tt.file: tt.rules}
		got := judged(t, base, base.With(checktest.Files{tt.path: tt.text}))
		if fires := got.Status == evidence.Failed; fires != tt.fires || fires && (got.Findings[0].Rule != "rule" || got.Findings[0].Path != tt.path) {
			t.Errorf("%s: %+v", name, got)
		}
		// Rules that the change itself brings are none yet.
		if got := judged(t, checktest.Files{"x": "y"}, checktest.Files{"x": "y", tt.file: tt.rules, tt.path: tt.text}); got.Status == evidence.Failed {
			t.Errorf("%s, of the change: %+v", name, got)
		}
	}
	near := checktest.Files{".importlinter": ini, "shop/app.py": "x = 1\n", "shop/core/b.py": "x = 1\n"}
	for text, fires := range map[string]bool{"from ..app import x\n": true, "from .b import x\n": false, "from . import b\n": false} {
		if got := judged(t, near, near.With(checktest.Files{"shop/core/a.py": text})); (got.Status == evidence.Failed) != fires {
			t.Errorf("%q: %+v", text, got)
		}
	}
	odd := checktest.Files{".eslintrc": "{ // comment\n \"no-restricted-imports\": 1 }"}
	if got := judged(t, odd, odd.With(checktest.Files{"a.js": "import _ from 'lodash'\n"})); len(got.NotRun) != 1 {
		t.Errorf("rules that are not understood: %+v", got)
	}
}

func TestSkipsAndFailures(t *testing.T) {
	base := checktest.Files{"a.go": goFile("a", "fmt")}
	if got := judged(t, base, base.With(checktest.Files{"README.md": "x\n"})); got.Status != evidence.Skipped {
		t.Errorf("no import: %+v", got)
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a.go": goFile("a", "os")})})
	if got := checktest.Run(t, ended{New()}, trees, checktest.NoExec(t), checktest.Request(evidence.OfRange)); got.Status != evidence.CouldNot {
		t.Errorf("unreadable: %+v", got)
	}
}

// ended runs a check in a context that has ended, so that nothing can be read.
type ended struct{ check.Check }

func (e ended) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	done, cancel := context.WithCancel(ctx)
	cancel()
	return e.Check.Run(done, s, x)
}
