package api

import (
	"context"
	"errors"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

// partly are trees of which one file of the base cannot be read.
type partly struct {
	*checktest.Trees
	file string
}

func (p partly) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	if tree == "base" && path == p.file {
		return nil, false, errors.New("disk on fire")
	}
	return p.Trees.ReadFile(ctx, tree, path)
}

func TestCannotReadWhatIsPromised(t *testing.T) {
	lost := strings.Replace(library, "func (s *Store) Close()", "func (s *Store) close()", 1)
	index := checktest.Files{"package.json": `{"name": "store", "version": "2.1.0"}`, "src/index.ts": "export const MAX = 10\nexport const MIN = 1\n"}
	for file, tt := range map[string]struct{ base, head checktest.Files }{
		"go.mod":       {published("1.4.0"), checktest.Files{"store.go": lost}},
		"version.go":   {published("1.4.0"), checktest.Files{"store.go": lost}},
		"package.json": {index, checktest.Files{"src/index.ts": "export const MAX = 10\n"}},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": tt.base, "head": tt.base.With(tt.head)})
		got := checktest.Run(t, New(), partly{trees, file}, checktest.NoExec(t), checktest.Request(evidence.OfRange))
		if got.Status != evidence.CouldNot || !strings.Contains(got.Why, "disk on fire") {
			t.Errorf("%s: %s %s %+v", file, got.Status, got.Why, got.Findings)
		}
	}
}

// A package below the module's own folder is promised what the module is.
func TestPackageBelowItsModule(t *testing.T) {
	lost := strings.Replace(library, "func (s *Store) Close()", "func (s *Store) close()", 1)
	base := published("1.4.0").With(checktest.Files{"store.go": "", "pkg/store/store.go": library})
	for name, tt := range map[string]struct {
		base checktest.Files
		want evidence.Level
	}{
		"in a module":          {base, evidence.Locator},
		"in none":              {base.With(checktest.Files{"go.mod": ""}), evidence.Context},
		"by its changelog":     {base.With(checktest.Files{"version.go": "", "CHANGELOG.md": "# Changes\n\n## 1.4.0\n"}), evidence.Locator},
		"an early changelog":   {base.With(checktest.Files{"version.go": "", "CHANGELOG.md": "# Changes\n\n## 0.4.0\n"}), evidence.Context},
		"another's changelog":  {base.With(checktest.Files{"version.go": "", "docs/CHANGELOG.md": "# Changes\n\n## 1.4.0\n"}), evidence.Context},
		"a number in its code": {base.With(checktest.Files{"version.go": "package store\n\n// Since 1.4.0.\n"}), evidence.Context},
	} {
		got := judged(t, tt.base, tt.base.With(checktest.Files{"pkg/store/store.go": lost}))
		if len(got.Findings) != 1 || got.Findings[0].Level != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestNames(t *testing.T) {
	if holder("Open") != "" || holder("Store.Close") != "Store" {
		t.Errorf("%q, %q", holder("Open"), holder("Store.Close"))
	}
	for name, want := range map[string]bool{"Store": true, "Store.Close": true, "Storey": false, "Storey.Close": false} {
		if fileHas(map[string]symbol{name: {}}, "Store") != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	for sig, want := range map[string]string{
		"func (*Server) (int) error":       "func (int) error",
		"func (Server) (int) error":        "func (int) error",
		"func (List[T]) (func(int)) error": "func (func(int)) error",
		"type x":                           "type x",
	} {
		if got := withoutReceiver(sig); got != want {
			t.Errorf("%s: %s", sig, got)
		}
	}
}

func TestShapes(t *testing.T) {
	for decl, want := range map[string]string{
		"type R interface {\n\tRead(a, b string) (n int, err error)\n\tClose()\n}": "interface Read=func(string, string) (int, error) Close=func()",
		"type R interface {\n\tRead()\n\tread()\n}":                                "interface Read=func() sealed",
		"type R interface {\n\tio.Reader\n}":                                       "interface io.Reader=embedded",
		"type S struct {\n\tA, B int\n\tc int\n\tio.Reader\n}":                     "struct A=int B=int io.Reader=embedded",
		"type F func(a int) error":                                                 "func(a int) error",
		"type (":                                                                   "",
	} {
		kind, members, sealed := shapeOf(decl)
		for _, m := range members {
			kind += " " + m.name + "=" + m.text
		}
		if sealed {
			kind += " sealed"
		}
		if kind != want {
			t.Errorf("%s: %s, want %s", decl, kind, want)
		}
	}
}

// What a finding says.
func TestWhatIsSaid(t *testing.T) {
	go1 := published("1.4.0")
	without := func(names ...string) checktest.Files {
		text := library
		for _, n := range names {
			if !strings.Contains(text, n) {
				t.Fatalf("the library has no %q", n)
			}
			text = strings.Replace(text, n, "", 1)
		}
		return checktest.Files{"store.go": text}
	}
	max, open := "// Max is the most.\nconst Max = 10\n", "// Open opens a store.\nfunc Open(path string, limit int) (*Store, error) { return nil, nil }\n"
	closes, reader := "// Close closes it.\nfunc (s *Store) Close() error { return nil }\n", "// Reader reads.\ntype Reader interface {\n\tRead(key string) ([]byte, error)\n}\n"
	module := checktest.Files{"pkg/__init__.py": "", "pkg/helper.py": "def open_store(p):\n    return p\n\n\ndef close_store(s):\n    s.close()\n", "pkg/__main__.py": "from .helper import close_store\n"}
	method := checktest.Files{"a.py": "class Store:\n    def flush_pages(self):\n        return 1\n", "b.py": "def f(store):\n    return store.flush_pages()\n"}
	entry := checktest.Files{"package.json": `{"name": "store", "version": "2.1.0"}`, "src/index.ts": "export const A = 1\nexport const B = 1\nexport const C = 1\nexport const D = 1\nexport const E = 1\n"}
	for name, tt := range map[string]struct {
		base, head      checktest.Files
		says, reproduce string
		line            int
	}{
		"one name":         {go1, without(max), "The package . no longer has Max: code that imports it no longer builds (line 20 of the base).", "", 0},
		"four names":       {go1, without(max, open, closes, reader), "no longer has Reader, and 1 more: code", "", 0},
		"changed":          {go1, checktest.Files{"store.go": strings.Replace(library, "limit int)", "limit int, mode uint)", 1)}, "which was func(string, int) (*Store, error): code that imports it no longer builds.", "", 23},
		"an import":        {module, checktest.Files{"pkg/helper.py": "def open_store(p):\n    return p\n"}, "pkg/__main__.py still imports close_store, which pkg/helper.py no longer has.", "-e close_store head -- pkg/__main__.py pkg/helper.py", 1},
		"a file":           {module, checktest.Files{"pkg/helper.py": ""}, "pkg/__main__.py still imports from pkg/helper.py, which is gone.", "-e helper head -- pkg/__main__.py pkg/helper.py", 1},
		"a call":           {method, checktest.Files{"a.py": "class Store:\n    pass\n"}, "nothing defines any more.", "", 2},
		"two calls":        {method.With(checktest.Files{"c.py": method["b.py"]}), checktest.Files{"a.py": "class Store:\n    pass\n"}, "nothing defines any more, and 1 more files do.", "", 2},
		"an entry point":   {entry, checktest.Files{"src/index.ts": "export const A = 1\nexport const B = 1\n"}, "no longer gives C, D, E: code", "", 0},
		"a smaller one":    {entry, checktest.Files{"src/index.ts": "export const A = 1\n"}, "no longer gives B, C, D and 1 more: code", "", 0},
		"another receiver": {go1, checktest.Files{"store.go": strings.Replace(library, "(s *Store) Close()", "(s Store) Close()", 1)}, "", "", 0},
	} {
		got := judged(t, tt.base, tt.base.With(tt.head))
		switch {
		case tt.says == "" && len(got.Findings) == 0:
		case len(got.Findings) != 1 || !strings.Contains(got.Findings[0].Message, tt.says) || !strings.HasSuffix(got.Findings[0].Reproduce, tt.reproduce) || got.Findings[0].StartLine != tt.line:
			t.Errorf("%s: %+v", name, got.Findings)
		}
	}
}
