package api

import (
	"context"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

func judged(t *testing.T, base, head checktest.Files) evidence.Result {
	t.Helper()
	return judgedOf(t, base, head, "")
}

func judgedOf(t *testing.T, base, head checktest.Files, claim string) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	req := checktest.Request(evidence.OfRange)
	req.Claim = claim
	return checktest.Run(t, New(), trees, checktest.NoExec(t), req)
}

const library = `package store

// Store keeps values.
type Store struct {
	Path string
	size int
}

// Reader reads.
type Reader interface {
	Read(key string) ([]byte, error)
}

// Old is gone soon.
//
// Deprecated: use Open.
func Old() {}

// Max is the most.
const Max = 10

// Open opens a store.
func Open(path string, limit int) (*Store, error) { return nil, nil }

// Close closes it.
func (s *Store) Close() error { return nil }
`

func published(version string) checktest.Files {
	return checktest.Files{
		"go.mod": "module example.com/store\n\ngo 1.26\n", "version.go": "package store\n\n// Version of this.\nconst Version = \"" + version + "\"\n", "store.go": library,
	}
}

func TestGoBreaks(t *testing.T) {
	for name, tt := range map[string]struct {
		old, new string
		says     string // "" when nothing breaks
	}{
		"a function gone":         {"// Open opens a store.\nfunc Open(path string, limit int) (*Store, error) { return nil, nil }\n", "", "no longer has Open"},
		"a parameter more":        {"limit int)", "limit int, mode uint)", "has Open as func(string, int, uint) (*Store, error), which was func(string, int) (*Store, error)"},
		"a method gone":           {"func (s *Store) Close()", "func (s *Store) Shut()", "no longer has Store.Close (it may be Store.Shut now)"},
		"a field gone":            {"\tPath string\n", "", "has Store without Path"},
		"a field of another type": {"\tPath string\n", "\tPath []byte\n", "has Store.Path as []byte, which was string"},
		"a constant gone":         {"// Max is the most.\nconst Max = 10\n", "", "no longer has Max"},
		"another kind":            {"type Reader interface {\n\tRead(key string) ([]byte, error)\n}", "type Reader struct{}", "has Reader as struct, which was interface"},

		"a parameter renamed":  {"path string, limit int", "file string, most int", ""},
		"a field more":         {"\tPath string\n", "\tPath string\n\tMode int\n", ""},
		"an inner field gone":  {"\tsize int\n", "", ""},
		"announced":            {"// Old is gone soon.\n//\n// Deprecated: use Open.\nfunc Old() {}\n", "", ""},
		"may be left out":      {"limit int)", "limit int, names ...string)", "folded"},
		"an interface grew":    {"\tRead(key string) ([]byte, error)\n", "\tRead(key string) ([]byte, error)\n\tSize() int\n", "folded"},
		"names in an own type": {"([]byte, error)\n}", "(data []byte, err error)\n}", ""},
	} {
		base := published("1.4.0")
		if !strings.Contains(library, tt.old) {
			t.Fatalf("%s: the library has no %q", name, tt.old)
		}
		got := judged(t, base, base.With(checktest.Files{"store.go": strings.Replace(library, tt.old, tt.new, 1)}))
		switch {
		case tt.says == "" && len(got.Findings) > 0:
			t.Errorf("%s: %+v", name, got.Findings)
		case tt.says == "folded" && (len(got.Findings) != 1 || got.Findings[0].Level != evidence.Context):
			t.Errorf("%s: %+v", name, got.Findings)
		case tt.says == "" || tt.says == "folded":
		case len(got.Findings) != 1 || got.Findings[0].Level != evidence.Locator || !strings.Contains(got.Findings[0].Message, tt.says):
			t.Errorf("%s: %+v", name, got.Findings)
		}
	}
}

// Who may break what, and where it is no break at all.
func TestWhoIsPromisedWhat(t *testing.T) {
	lost := strings.Replace(library, "func (s *Store) Close() error { return nil }", "func (s *Store) close() error { return nil }", 1)
	other := "package store\n\n// Close closes it.\nfunc (s *Store) Close() error { return nil }\n"
	for name, tt := range map[string]struct {
		base  checktest.Files
		head  checktest.Files
		claim string
		level evidence.Level // "" without a finding
	}{
		"stable":           {published("1.4.0"), checktest.Files{"store.go": lost}, "", evidence.Locator},
		"before version 1": {published("0.4.0"), checktest.Files{"store.go": lost}, "", evidence.Context},
		"a preview":        {published("2.0.0-rc.1"), checktest.Files{"store.go": lost}, "", evidence.Context},
		"said so":          {published("1.4.0"), checktest.Files{"store.go": lost}, "feat!: Close is internal", evidence.Context},
		"documented":       {published("1.4.0"), checktest.Files{"store.go": lost, "UPGRADE.md": "Close is gone.\n"}, "", evidence.Context},
		"moved":            {published("1.4.0"), checktest.Files{"store.go": lost, "close.go": other}, "", ""},
		"another platform": {published("1.4.0").With(checktest.Files{"close_windows.go": other}), checktest.Files{"store.go": lost}, "", ""},
		"embedded":         {published("1.4.0"), checktest.Files{"store.go": strings.Replace(lost, "\tsize int\n", "\tsize int\n\tio.Closer\n", 1)}, "", ""},
	} {
		got := judgedOf(t, tt.base, tt.base.With(tt.head), tt.claim)
		if tt.level == "" && len(got.Findings) > 0 || tt.level != "" && (len(got.Findings) != 1 || got.Findings[0].Level != tt.level) {
			t.Errorf("%s: %+v", name, got.Findings)
		}
	}
	inner := checktest.Files{"go.mod": "module example.com/store\n", "internal/store.go": library, "cmd/x/x.go": strings.Replace(library, "package store", "package main", 1)}
	if got := judged(t, inner, inner.With(checktest.Files{"internal/store.go": lost, "cmd/x/x.go": strings.Replace(lost, "package store", "package main", 1)})); len(got.Findings) > 0 {
		t.Errorf("what nobody can import: %+v", got.Findings)
	}
}

func TestLeftDocuments(t *testing.T) {
	base := checktest.Files{
		"cli.go":    "package main\n\nfunc f() {\n\tcmd.Flags().StringVar(&dir, \"state-dir\", \"\", \"where\")\n\tx := os.Getenv(\"STORE_TOKEN\")\n}\n",
		"README.md": "# Store\n\nUse `--state-dir DIR`, and set STORE_TOKEN.\n",
	}
	bare := "package main\n\nfunc f() {\n}\n"
	got := judged(t, base, base.With(checktest.Files{"cli.go": bare}))
	if len(got.Findings) != 2 || got.Findings[0].Path != "README.md" || got.Findings[0].StartLine != 3 || got.Findings[0].Level != evidence.Context || got.Status != evidence.Passed {
		t.Errorf("%+v", got)
	}
	for name, head := range map[string]checktest.Files{
		"documents follow": {"cli.go": bare, "README.md": "# Store\n"},
		"code moved":       {"cli.go": bare, "flags.go": "package main\n\nconst a, b = \"state-dir\", \"STORE_TOKEN\"\n"},
	} {
		if got := judged(t, base, base.With(head)); len(got.Findings) > 0 {
			t.Errorf("%s: %+v", name, got.Findings)
		}
	}
}

func TestEntryPoints(t *testing.T) {
	base := checktest.Files{
		"package.json": `{"name": "store", "version": "2.1.0"}`,
		"src/index.ts": "export { open, close as shut } from './store'\nexport const MAX = 10\n",
	}
	less := checktest.Files{"src/index.ts": "export { open } from './store'\nexport const MAX = 10\n"}
	for name, tt := range map[string]struct {
		base, head checktest.Files
		level      evidence.Level
	}{
		"a name less":   {base, less, evidence.Locator},
		"a name more":   {base, checktest.Files{"src/index.ts": base["src/index.ts"] + "export const MIN = 1\n"}, ""},
		"private":       {base.With(checktest.Files{"package.json": `{"private": true, "version": "2.1.0"}`}), less, evidence.Context},
		"a star":        {base, checktest.Files{"src/index.ts": "export * from './store'\nexport const MAX = 10\n"}, ""},
		"no entry":      {checktest.Files{"src/a/b/index.ts": base["src/index.ts"], "package.json": base["package.json"]}, checktest.Files{"src/a/b/index.ts": less["src/index.ts"]}, ""},
		"python":        {checktest.Files{"pyproject.toml": "[project]\nversion = \"3.0\"\n", "src/store/__init__.py": "from .core import open_store, close_store\n"}, checktest.Files{"src/store/__init__.py": "from .core import open_store\n"}, evidence.Locator},
		"python before": {checktest.Files{"pyproject.toml": "[project]\nversion = \"0.3\"\n", "store/__init__.py": "from .core import open_store, close_store\n"}, checktest.Files{"store/__init__.py": "from .core import open_store\n"}, evidence.Context},
	} {
		got := judged(t, tt.base, tt.base.With(tt.head))
		if tt.level == "" && len(got.Findings) > 0 || tt.level != "" && (len(got.Findings) != 1 || got.Findings[0].Level != tt.level) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestSkipsAndFailures(t *testing.T) {
	base := published("1.4.0")
	if got := judged(t, base, base.With(checktest.Files{"store_test.go": "package store\n"})); got.Status != evidence.Skipped {
		t.Errorf("only a test: %+v", got)
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"store.go": "package store\n"})})
	if got := checktest.Run(t, ended{New()}, trees, checktest.NoExec(t), checktest.Request(evidence.OfRange)); got.Status != evidence.CouldNot {
		t.Errorf("unreadable: %+v", got)
	}
	hostile := "package store\r\n\r\ntype Store struct {\xff\r\nfunc (((" + strings.Repeat("{", 4000)
	if got := judged(t, base, base.With(checktest.Files{"store.go": hostile})); got.Status == evidence.CouldNot {
		t.Errorf("hostile: %+v", got)
	}
}

// ended runs a check in a context that has ended, so that nothing can be read.
type ended struct{ check.Check }

func (e ended) Run(ctx context.Context, s *check.Subject, x check.Exec) evidence.Result {
	done, cancel := context.WithCancel(ctx)
	cancel()
	return e.Check.Run(done, s, x)
}

// Imports of what a module no longer has, in languages that notice it late.
func TestLeftImports(t *testing.T) {
	const helper = "def open_store(path):\n    return path\n\n\ndef close_store(store):\n    store.close()\n"
	const less = "def open_store(path):\n    return path\n"
	base := checktest.Files{"pkg/__init__.py": "\"\"\"Package.\"\"\"\n", "pkg/helper.py": helper}
	js := checktest.Files{"src/helper.js": "export function open(p) { return p }\nexport function close(s) { s.end() }\n"}
	jsLess := checktest.Files{"src/helper.js": "export function open(p) { return p }\n"}
	for name, tt := range map[string]struct {
		base, head checktest.Files
		level      evidence.Level
		path       string
	}{
		"absolute":                {base.With(checktest.Files{"app.py": "import os\nfrom pkg.helper import open_store, close_store\n"}), checktest.Files{"pkg/helper.py": less}, evidence.Gate, "app.py"},
		"relative":                {base.With(checktest.Files{"pkg/app.py": "from .helper import (\n    open_store,\n    close_store as c,\n)\n"}), checktest.Files{"pkg/helper.py": less}, evidence.Gate, "pkg/app.py"},
		"the file is gone":        {base.With(checktest.Files{"pkg/app.py": "from .helper import open_store\n"}), checktest.Files{"pkg/helper.py": ""}, evidence.Gate, "pkg/app.py"},
		"it may fail":             {base.With(checktest.Files{"app.py": "try:\n    from pkg.helper import close_store\nexcept ImportError:\n    close_store = None\n"}), checktest.Files{"pkg/helper.py": less}, "", ""},
		"another module":          {base.With(checktest.Files{"app.py": "from other.helper import close_store\n"}), checktest.Files{"pkg/helper.py": less}, "", ""},
		"followed":                {base.With(checktest.Files{"app.py": "from pkg.helper import close_store\n"}), checktest.Files{"pkg/helper.py": less, "app.py": "from pkg.helper import open_store\n"}, "", ""},
		"given in another way":    {base.With(checktest.Files{"app.py": "from pkg.helper import close_store\n"}), checktest.Files{"pkg/helper.py": less + "from .other import *\n"}, "", ""},
		"passed on":               {base.With(checktest.Files{"app.py": "from pkg.helper import close_store\n"}), checktest.Files{"pkg/helper.py": "from .other import close_store\n" + less}, "", ""},
		"a folder instead":        {base.With(checktest.Files{"app.py": "from pkg.helper import open_store\n"}), checktest.Files{"pkg/helper.py": "", "pkg/helper/__init__.py": helper}, "", ""},
		"javascript":              {js.With(checktest.Files{"src/app.js": "import { open, close } from './helper.js'\n"}), jsLess, evidence.Gate, "src/app.js"},
		"typescript, whole names": {js.With(checktest.Files{"src/app.js": "import { open, closeAll } from './helper.js'\n"}), jsLess, "", ""},
		"required":                {js.With(checktest.Files{"src/app.js": "const { close } = require('./helper')\n"}), jsLess, evidence.Locator, "src/app.js"},
		"in a function":           {base.With(checktest.Files{"app.py": "def f():\n    from pkg.helper import close_store\n"}), checktest.Files{"pkg/helper.py": less}, evidence.Gate, "app.py"},
		"beside a script":         {checktest.Files{"bin/helper.py": helper, "bin/app.py": "from helper import close_store\n"}, checktest.Files{"bin/helper.py": less}, evidence.Gate, "bin/app.py"},
		"from another folder":     {checktest.Files{"bin/helper.py": helper, "etc/app.py": "from helper import close_store\n"}, checktest.Files{"bin/helper.py": less}, "", ""},
		"javascript, a file gone": {js.With(checktest.Files{"src/app.js": "import { open } from './helper.js'\n"}), checktest.Files{"src/helper.js": ""}, evidence.Gate, "src/app.js"},
		"gone, required later":    {js.With(checktest.Files{"src/app.js": "function f() {\n  const h = require('./helper')\n}\n"}), checktest.Files{"src/helper.js": ""}, evidence.Locator, "src/app.js"},
		"gone, a namesake":        {js.With(checktest.Files{"src/app.js": "import { open } from '../lib/helper.js'\n"}), checktest.Files{"src/helper.js": ""}, "", ""},
		"javascript, a namesake":  {js.With(checktest.Files{"src/app.js": "import { close } from '../lib/helper.js'\n"}), jsLess, "", ""},
		"a method":                {checktest.Files{"a.py": "class Store:\n    def flush_pages(self):\n        return 1\n", "b.py": "def f(store):\n    return store.flush_pages()\n"}, checktest.Files{"a.py": "class Store:\n    pass\n"}, evidence.Locator, "b.py"},
		"a method that moved":     {checktest.Files{"a.py": "class Store:\n    def flush_pages(self):\n        return 1\n", "b.py": "def f(store):\n    return store.flush_pages()\n"}, checktest.Files{"a.py": "class Store:\n    pass\n", "c.py": "class Base:\n    def flush_pages(self):\n        return 1\n"}, "", ""},
	} {
		var asking []evidence.Finding
		got := judged(t, tt.base, tt.base.With(tt.head))
		if len(got.NotRun) > 0 {
			t.Errorf("%s: left %q", name, got.NotRun)
		}
		for _, f := range got.Findings {
			if f.Level != evidence.Context && f.Rule == "left" {
				asking = append(asking, f)
			}
		}
		switch {
		case tt.level == "" && len(asking) > 0:
			t.Errorf("%s: %+v", name, asking)
		case tt.level == "":
		case len(asking) == 0 || asking[0].Level != tt.level || asking[0].Path != tt.path || asking[0].StartLine == 0 || asking[0].Level == evidence.Gate && asking[0].Reproduce == "":
			t.Errorf("%s: %+v", name, asking)
		}
	}
}
