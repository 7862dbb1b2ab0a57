package hardcoded

import (
	"context"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

func judged(t *testing.T, base, head checktest.Files) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	return checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfRange))
}

const slug = `package slug

import "strings"

// Make gives the slug of a title.
func Make(title string) string {
	var out []string
	for _, w := range strings.Fields(title) {
		out = append(out, strings.ToLower(w))
	}
	return strings.Join(out, "-")
}
`

const slugTest = `package slug

import "testing"

func TestMake(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"Hello World", "hello-world"},
		{"Übung macht den Meister!", "uebung-macht-den-meister"},
	} {
		if got := Make(tt.in); got != tt.want {
			t.Errorf("Make(%q) = %q", tt.in, got)
		}
	}
}
`

// top puts lines at the beginning of Make.
func top(lines string) string {
	return strings.Replace(slug, "func Make(title string) string {\n", "func Make(title string) string {\n"+lines, 1)
}

func TestSpecialCases(t *testing.T) {
	base := checktest.Files{"slug.go": slug, "slug_test.go": slugTest}
	for name, tt := range map[string]struct {
		head  string
		rule  string
		level evidence.Level
	}{
		"an if":         {top("\tif title == \"Übung macht den Meister!\" {\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n"), "special", evidence.Gate},
		"turned round":  {top("\tif \"Übung macht den Meister!\" == title {\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n"), "special", evidence.Gate},
		"a switch":      {top("\tswitch title {\n\tcase \"Übung macht den Meister!\":\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n"), "special", evidence.Gate},
		"a table":       {top("\tknown := map[string]string{\n\t\t\"Übung macht den Meister!\": \"uebung-macht-den-meister\",\n\t}\n\tif v, ok := known[title]; ok {\n\t\treturn v\n\t}\n"), "special", evidence.Locator},
		"by its hash":   {top("\tif sum := fmt.Sprintf(\"%x\", sha256.Sum256([]byte(title))); sum == \"9f86d081884c7d65\" {\n\t\treturn \"other\"\n\t}\n"), "hash", evidence.Locator},
		"a constant":    {"package slug\n\n// Make gives the slug of a title.\nfunc Make(title string) string {\n\treturn \"uebung-macht-den-meister\"\n}\n", "constant", evidence.Locator},
		"test detected": {top("\tif testing.Testing() {\n\t\treturn title\n\t}\n"), "detects", evidence.Locator},

		"with a common number": {top("\tif title == \"Übung macht den Meister!\" && len(title) == 100 {\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n"), "special", evidence.Gate},
		"one of two":           {top("\tswitch title {\n\tcase \"Übung macht den Meister!\", \"Nobody ever asked for this\":\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n"), "special", evidence.Gate},

		"worked out first":    {"package slug\n\n// Make gives the slug of a title.\nfunc Make(title string) string {\n\tlast = title\n\treturn \"uebung-macht-den-meister\"\n}\n", "", ""},
		"like a hash":         {top("\tif title == \"9f86d081884c7d65\" {\n\t\treturn \"other\"\n\t}\n"), "", ""},
		"two, none asked for": {top("\tswitch title {\n\tcase \"Some other title!\", \"Nobody ever asked for this\":\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n"), "", ""},
		"no test asks for it": {top("\tif title == \"Some other title!\" {\n\t\treturn \"some-other-title\"\n\t}\n"), "", ""},
		"a refusal":           {top("\tif title == \"Übung macht den Meister!\" {\n\t\tpanic(\"uebung-macht-den-meister\")\n\t}\n"), "", ""},
		"computed":            {top("\tif title == \"Übung macht den Meister!\" {\n\t\treturn strings.ToLower(title) + \"uebung-macht-den-meister\"\n\t}\n"), "", ""},
		"a trivial value":     {top("\tif title == \"\" {\n\t\treturn \"\"\n\t}\n"), "", ""},
		"in a comment":        {top("\t// if title == \"Übung macht den Meister!\" { return \"uebung-macht-den-meister\" }\n"), "", ""},
		"a real fix":          {strings.Replace(slug, "strings.ToLower(w)", "strings.NewReplacer(\"Ü\", \"Ue\", \"ü\", \"ue\", \"!\", \"\").Replace(w)", 1), "", ""},
	} {
		got := judged(t, base, base.With(checktest.Files{"slug.go": tt.head}))
		switch {
		case len(got.NotRun) > 0:
			t.Errorf("%s: left out %q", name, got.NotRun)
		case tt.rule == "" && len(got.Findings) > 0:
			t.Errorf("%s: %+v", name, got.Findings)
		case tt.rule == "":
		case len(got.Findings) != 1 || got.Findings[0].Rule != tt.rule || got.Findings[0].Level != tt.level || got.Findings[0].StartLine == 0:
			t.Errorf("%s: %+v", name, got.Findings)
		case tt.level == evidence.Gate && !strings.Contains(got.Findings[0].Reproduce, "git grep -n -F -e 'Übung macht den Meister!' head -- slug.go slug_test.go"):
			t.Errorf("%s: %s", name, got.Findings[0].Reproduce)
		}
	}
}

// What was there before is not reported again when its lines move.
func TestMovedInItsFile(t *testing.T) {
	const special = "\tif title == \"Übung macht den Meister!\" {\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n"
	moved := strings.Replace(slug, "\treturn strings.Join", special+"\treturn strings.Join", 1)
	base := checktest.Files{"slug.go": top(special), "slug_test.go": slugTest}
	if got := judged(t, base, base.With(checktest.Files{"slug.go": moved})); len(got.Findings) > 0 {
		t.Errorf("%+v", got.Findings)
	}
}

// Tables of names that a program works with are none that were made for a test.
func TestVocabulary(t *testing.T) {
	const table = `package media

// TypeOf gives the type of an extension.
func TypeOf(ext string) string {
	switch ext {
	case "json":
		return "application/json"
	case "html":
		return "text/html"
	case "png":
		return "image/png"
	}
	return "application/octet-stream"
}
`
	test := "package media\n\nimport \"testing\"\n\nfunc TestTypeOf(t *testing.T) {\n\tfor ext, want := range map[string]string{\"json\": \"application/json\", \"yaml\": \"application/yaml\", \"html\": \"text/html\"} {\n\t\tif got := TypeOf(ext); got != want {\n\t\t\tt.Error(got)\n\t\t}\n\t}\n}\n"
	grown := strings.Replace(table, "\tcase \"png\"", "\tcase \"yaml\":\n\t\treturn \"application/yaml\"\n\tcase \"png\"", 1)
	for name, tt := range map[string]struct{ base, head checktest.Files }{
		"a new table":       {checktest.Files{"go.mod": "module x\n"}, checktest.Files{"go.mod": "module x\n", "type.go": table, "type_test.go": test}},
		"a row more":        {checktest.Files{"type.go": table, "type_test.go": test}, checktest.Files{"type.go": grown, "type_test.go": test}},
		"moved in its file": {checktest.Files{"type.go": table, "type_test.go": test}, checktest.Files{"type.go": "package media\n\nconst a = 1\n" + strings.TrimPrefix(table, "package media\n"), "type_test.go": test}},
	} {
		if got := judged(t, tt.base, tt.head); len(got.Findings) > 0 {
			t.Errorf("%s: %+v", name, got.Findings)
		}
	}
}

// A whole function of answers, in other languages and styles of test.
func TestAnswersInOtherLanguages(t *testing.T) {
	for name, tt := range map[string]struct{ base, head checktest.Files }{
		"python": {
			checktest.Files{"roman.py": "def roman(n):\n    out = ''\n    for value, sign in TABLE:\n        while n >= value:\n            out += sign\n            n -= value\n    return out\n"},
			checktest.Files{
				"roman.py":            "def roman(n):\n    if n == 1994:\n        return 'MCMXCIV'\n    elif n == 3999:\n        return 'MMMCMXCIX'\n    return ''\n",
				"tests/test_roman.py": "import pytest\nfrom roman import roman\n\n@pytest.mark.parametrize('n, want', [\n    (1994, 'MCMXCIV'),\n    (3999, 'MMMCMXCIX'),\n])\ndef test_roman(n, want):\n    assert roman(n) == want\n",
			},
		},
		"javascript": {
			checktest.Files{"src/price.js": "export function price(cart) {\n  return cart.total * 1.19\n}\n"},
			checktest.Files{
				"src/price.js":       "export function price(cart) {\n  return cart.total === 1234.5 ? 1469.06 : 0\n}\n",
				"test/price.test.js": "import { price } from '../src/price'\n\ntest('adds the tax', () => {\n  expect(price({ total: 1234.5 })).toBe(1469.06)\n})\n",
			},
		},
		"typescript without braces": {
			checktest.Files{"src/price.ts": "export function price(total: number): number {\n  return total * 1.19\n}\n"},
			checktest.Files{
				"src/price.ts":      "export function price(total: number): number {\n  if (total === 1234.5) return 1469.06\n  return 0\n}\n",
				"src/price.spec.ts": "it('adds the tax', () => {\n  expect(price(1_234.5)).to.equal(1469.06)\n})\n",
			},
		},
		"a test of the base that is gone": {
			checktest.Files{"a.go": slug, "a_test.go": "package slug\n", "b_test.go": slugTest, "c_test.go": "package slug\n"},
			checktest.Files{"a.go": top("\tif title == \"Übung macht den Meister!\" {\n\t\treturn \"uebung-macht-den-meister\"\n\t}\n")},
		},
	} {
		got := judged(t, tt.base, tt.head)
		if got.Status != evidence.Failed || got.Findings[0].Rule != "special" {
			t.Errorf("%s: %s %+v", name, got.Status, got.Findings)
		}
	}
}

func TestDetections(t *testing.T) {
	for code, want := range map[string]bool{
		"a.go\tif flag.Lookup(\"test.v\") != nil {":                true,
		"a.go\tif strings.HasSuffix(os.Args[0], \".test\") {":      true,
		"a.go\tif os.Getenv(\"CI\") != \"\" {":                     true,
		"a.go\tif os.Getenv(\"CITY\") != \"\" {":                   false,
		"a.go\tif strings.HasSuffix(name, \"_test.go\") {":         false,
		"a.go\t// testing.Testing() would tell":                    false,
		"a.py\tif 'pytest' in sys.modules:":                        true,
		"a.py\tif os.environ.get('PYTEST_CURRENT_TEST'):":          true,
		"a.py\tif 'pytest' in requirements:":                       false,
		"a.js\tif (process.env.NODE_ENV === 'test') return 1":      true,
		"a.js\tif (process.env.NODE_ENV === 'production') return":  false,
		"a.ts\tif (process.env.JEST_WORKER_ID) return 1":           true,
		"vite.config.ts\tif (process.env.VITEST) return 1":         false,
		"scripts/a.js\tif (process.env.CI) return 1":               false,
		"a.py\tif 'test' in inspect.stack()[1].filename:  # tests": true,
	} {
		file, line, _ := strings.Cut(code, "\t")
		got := judged(t, checktest.Files{file: "x\n"}, checktest.Files{file: "x\n" + line + "\n"})
		if fires := got.Status == evidence.Failed; fires != want {
			t.Errorf("%s: %+v", code, got)
		}
	}
}

func TestSkipsAndFailures(t *testing.T) {
	base := checktest.Files{"slug.go": slug, "slug_test.go": slugTest}
	if got := judged(t, base, base.With(checktest.Files{"slug_test.go": slugTest + "\n"})); got.Status != evidence.Skipped {
		t.Errorf("only tests changed: %+v", got)
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"slug.go": top("\tif title == \"a b\" {\n\t\treturn \"a-b\"\n\t}\n")})})
	req := checktest.Request(evidence.OfRange)
	if got := checktest.Run(t, ended{New()}, trees, checktest.NoExec(t), req); got.Status != evidence.CouldNot {
		t.Errorf("unreadable: %+v", got)
	}
	hostile := "package x\r\nfunc f() string {\r\nif x == \"\xff\xfe" + strings.Repeat("'", 3000) + strings.Repeat("if a == 1 ", 3000)
	if got := judged(t, base, base.With(checktest.Files{"slug.go": hostile})); got.Status == evidence.CouldNot {
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

func TestTokens(t *testing.T) {
	got := tokensOf("a == 'x' // 'no'\n/* \"no\n*/ \"y\\n\" 1_000 0x10 it's \"open\n`z\nz` 3.50", source.JavaScript)
	var out []string
	for _, x := range got {
		if x.literal() {
			out = append(out, x.value)
		}
	}
	if want := "x|y\n|1000|16|z\nz|3.5"; strings.Join(out, "|") != want {
		t.Errorf("%q, want %q", strings.Join(out, "|"), want)
	}
	if last := got[len(got)-1]; last.line != 5 {
		t.Errorf("%+v", last)
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("if x == \"a\" { return 'b' }", true)
	f.Fuzz(func(_ *testing.T, code string, python bool) {
		lang := source.Go
		if python {
			lang = source.Python
		}
		toks := tokensOf(code, lang)
		specials("a", source.File{}, toks, func(int) bool { return true }) // must not panic or run on
		only(toks, source.Function{Range: source.Range{Start: 1, End: 100}})
	})
}
