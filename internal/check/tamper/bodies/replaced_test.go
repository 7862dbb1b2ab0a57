package bodies

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/source"
	"muster/internal/source/reader"
)

// A test that is given an object of its own.
func TestOwnType(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	test := func(fs string) string {
		return "fs := " + fs + "\nif got := fs.Remove(1); got != nil {\n\tt.Error(got)\n}"
	}
	for _, tt := range []struct {
		name, was, is string
		fires         bool
	}{
		{"its own", test("NewReadOnly(mem)"), test("locked{mem}"), true},
		{"its own, by address", test("NewReadOnly(mem)"), test("&locked{mem}"), true},
		{"its own around the project's", test("NewReadOnly(mem)"), test("locked{NewReadOnly(mem)}"), false},
		{"another of the project", test("NewReadOnly(mem)"), test("plain{mem}"), false},
		{"another name", test("NewReadOnly(mem)"), strings.Replace(test("NewReadOnly(mem)"), "\nif", "\nother := locked{mem}\n_ = other\nif", 1), false},
		{"for a value", test("mem"), test("locked{mem}"), false},
		{"asked for something else", test("NewReadOnly(mem)"), strings.Replace(test("locked{mem}"), "Remove(1)", "Remove(2)", 1), false},
	} {
		was, is := bodyOf(t, parser, "a_test.go", tt.was), bodyOf(t, parser, "a_test.go", tt.is)
		is.Own = map[string]bool{"locked": true}
		got := Compare(was, is, []Pair{{was.Assertions[0], is.Assertions[0]}}, nil)
		fired := slices.ContainsFunc(got, func(w Weakness) bool { return w.Rule == "subject_replaced" })
		if fired != tt.fires {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

// Names that tests use and that are something else now.
func TestImported(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	code := Code{
		Holds: func(name string) bool { return name == "mode" || name == "Cache" },
		Changed: func(module string) bool {
			return strings.HasSuffix(module, "stats") || strings.HasSuffix(module, "moved")
		},
		Added: func(module string) (string, bool) {
			return map[string]string{"./strict": "export const expect = jest", "./kind": "try { f() } catch { return 1 }"}[module], strings.HasPrefix(module, "./")
		},
	}
	for _, tt := range []struct{ name, path, was, is, want string }{
		{"from elsewhere", "test_a.py", "from shop.stats import mode\n", "from statistics import mode\n", "from elsewhere"},
		{"it was moved", "test_a.py", "from shop.stats import mode\n", "from shop.moved import mode\n", ""},
		{"from a module that did not change", "test_a.py", "from shop.other import mode\n", "from statistics import mode\n", ""},
		{"the code has it no more", "test_a.py", "from shop.stats import mean\n", "from statistics import mean\n", ""},
		{"as before", "test_a.py", "from shop.stats import mode\n", "import os\nfrom shop.stats import mode\n", ""},
		{"a class of its own", "test_a.py", "from shop.stats import Cache\n", "import shop\n\n\nclass Cache(shop.Cache):\n    def pop(self):\n        return 1\n", "class of its own"},
		{"a class of another name", "test_a.py", "from shop.stats import Cache\n", "import shop\n\n\nclass Own(shop.Cache):\n    def pop(self):\n        return 1\n", ""},
		{"a class that nobody imported", "test_a.py", "import shop\n", "import shop\n\n\nclass Cache(shop.Cache):\n    def pop(self):\n        return 1\n", ""},
		{"a function that lets failures go by", "a.test.ts", "import { f } from 'shop';\n", "import { f } from 'shop';\nimport { expect } from './kind';\n", "lets failures go by"},
		{"a function that does not", "a.test.ts", "import { f } from 'shop';\n", "import { f } from 'shop';\nimport { expect } from './strict';\n", ""},
		{"something else that lets failures go by", "a.test.ts", "import { f } from 'shop';\n", "import { f } from 'shop';\nimport { load } from './kind';\n", ""},
		{"one of a library", "a.test.ts", "import { f } from 'shop';\n", "import { f } from 'shop';\nimport { expect } from 'vitest';\n", ""},
	} {
		module := func(text string) Module {
			f, err := parser.Parse(t.Context(), tt.path, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			return Module{Imports: f.Imports, Types: f.Types, Lines: strings.Split(text, "\n")}
		}
		got := ""
		for _, w := range Imported(module(tt.was), module(tt.is), code) {
			got += w.Message
			if w.Is == "" || !strings.Contains(tt.is, w.Is) {
				t.Errorf("%s: shows %q", tt.name, w.Is)
			}
		}
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestModuleOf(t *testing.T) {
	for p, want := range map[string]string{"shop.stats": "stats", "src/shop/stats.py": "stats", "./stats": "stats", "../lib/stats.js": "stats", "stats": "stats", "test/utils/expect.ts": "expect"} {
		if got := ModuleOf(p); got != want {
			t.Errorf("%s: %q, want %q", p, got, want)
		}
	}
}

// A function that serves tests and works otherwise.
func TestAltered(t *testing.T) {
	const has = "def has(list, s):\n    for one in list:\n        if one == s:\n            return True\n    return False"
	for _, tt := range []struct {
		name, was, is string
		fires         bool
	}{
		{"a comparison", has, strings.Replace(has, "one == s", "s in one", 1), true},
		{"a number", "def tick(self):\n    self.time += 1", "def tick(self):\n    self.time += 1.001", true},
		{"a text", "def tick(self):\n    self.say('one')", "def tick(self):\n    self.say('two')", false},
		{"it follows the code", has, strings.Replace(has, "one == s", "same(one, s)", 1), false},
		{"a line more", has, strings.Replace(has, "    return False", "    log(s)\n    return False", 1), false},
		{"another signature", has, strings.NewReplacer("(list, s)", "(list, s, strict)", "one == s", "s in one").Replace(has), false},
		{"three lines", has, strings.NewReplacer("for one", "for it", "if one", "if it", "True", "it").Replace(has), false},
		{"two lines", has, strings.NewReplacer("for one", "for it", "if one", "if it").Replace(has), true},
	} {
		body := func(text string) Body {
			lines := strings.Split(text, "\n")
			return Body{Test: source.Test{Name: "has", Helper: true, Range: source.Range{Start: 1, End: len(lines)}}, Lang: source.Python, Lines: lines}
		}
		got := Altered(body(tt.was), body(tt.is), map[string]bool{"same": true, "s": true})
		if (len(got) == 1 && got[0].Rule == "helper_changed") != tt.fires || !tt.fires && len(got) > 0 {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	was := Body{Test: source.Test{Name: "has", Helper: true, Range: source.Range{Start: 1, End: 2}, Assertions: []source.Assertion{{}}}, Lang: source.Python, Lines: []string{"def tick(self):", "    self.time += 1"}}
	is := was
	is.Lines = []string{"def tick(self):", "    self.time += 2"}
	if got := Altered(was, is, nil); len(got) > 0 {
		t.Errorf("what asserts is looked at elsewhere: %+v", got)
	}
}
