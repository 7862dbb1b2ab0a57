package near_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/suite"
	"muster/internal/check/suite/near"
	"muster/internal/core/change"
)

// tool is one that can choose, or not.
type tool struct {
	suite.Tool
	chooses bool
}

func (t tool) Chooses() bool                                      { return t.chooses }
func (tool) Declared(fs.FS, suite.Unit) ([]suite.Declared, error) { return nil, nil }

func TestSplit(t *testing.T) {
	js := map[string]string{
		"web/a.js": "", "web/b.ts": "import {a} from './a.js'\n", "web/ui/index.tsx": "import '../b'\n", "web/lone.js": "",
		"web/t/a.test.js": "const a = require('../a')\n", "web/t/b.test.ts": "import '../b.js'\n", "web/t/ui.test.tsx": "import {ui} from '../ui'\n",
		"web/t/lone.test.js": "require('../lone')\n", "web/node_modules/x/a.js": "require('../../a')\n",
	}
	py := map[string]string{
		"src/shop/__init__.py": "", "src/shop/price.py": "", "src/shop/cart.py": "from . import price\n", "src/shop/sub/__init__.py": "", "src/shop/sub/tax.py": "from ..price import of\n",
		"lone.py": "", "tests/test_price.py": "from shop.price import of\n", "tests/test_cart.py": "import shop.cart\n", "tests/test_tax.py": "import os, shop.sub.tax as tax\n",
		"tests/test_lone.py": "import lone\n", "tests/helper.py": "import shop.price\n", "tests/test_helped.py": "import helper\n",
	}
	for _, tt := range []struct {
		name, dir string
		files     map[string]string
		changed   []string
		far       int // tests that reach nothing, besides
		want      string
	}{
		{"js, through files, folders and endings", "web", js, []string{"web/a.js"}, 12, "web/t/a.test.js web/t/b.test.ts web/t/ui.test.tsx"},
		{"js, the middle", "web", js, []string{"web/b.ts"}, 12, "web/t/b.test.ts web/t/ui.test.tsx"},
		{"js, a test itself", "web", js, []string{"web/t/lone.test.js"}, 12, "web/t/lone.test.js"},
		{"python, packages and relative imports", ".", py, []string{"src/shop/price.py"}, 12, "tests/test_cart.py tests/test_helped.py tests/test_price.py tests/test_tax.py"},
		{"python, one", ".", py, []string{"lone.py"}, 12, "tests/test_lone.py"},
		{"nothing is near", ".", py, []string{"README.md"}, 12, "all"},
		{"little is far", ".", py, []string{"lone.py"}, 2, "all"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			files := maps.Clone(tt.files)
			for i := range tt.far {
				files[fmt.Sprintf("%s/t/far%02d.test.js", tt.dir, i)] = "require('node:test')\n"
			}
			g := suite.Group{Dir: tt.dir, Tool: tool{chooses: true}}
			var entries []change.Entry
			for _, p := range slices.Sorted(maps.Keys(files)) {
				p = filepath.ToSlash(filepath.Clean(p))
				at := filepath.Join(dir, p)
				if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(at, []byte(files[p]+files["./"+p]), 0o600); err != nil {
					t.Fatal(err)
				}
				entries = append(entries, change.Entry{Path: p, Mode: change.ModeFile})
				if strings.Contains(p, ".test.") || strings.Contains(p, "test_") {
					g.Units = append(g.Units, suite.Unit{ID: p, Path: p, Files: []string{p}})
				}
			}
			got, far := near.Split(dir, entries, tt.changed, g)
			var have []string
			for _, u := range got {
				have = append(have, u.Path)
			}
			if len(far) == 0 {
				have = []string{"all"}
			}
			if strings.Join(have, " ") != tt.want || len(got)+len(far) != len(g.Units) {
				t.Errorf("near are %s, %d far of %d", have, len(far), len(g.Units))
			}
			g.Tool = tool{}
			if got, far := near.Split(dir, entries, tt.changed, g); len(got) != len(g.Units) || far != nil {
				t.Errorf("a tool that cannot choose has %d near and %d far", len(got), len(far))
			}
		})
	}
}
