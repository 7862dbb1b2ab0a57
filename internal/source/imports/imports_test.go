package imports_test

import (
	"fmt"
	"strings"
	"testing"

	"muster/internal/source/imports"
)

func show(list []imports.Import) string {
	var out []string
	for _, i := range list {
		s := fmt.Sprintf("%d:%s", i.Line, i.Path)
		if i.Soft {
			s += "?"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestRead(t *testing.T) {
	for _, tt := range []struct{ name, path, text, want string }{
		{"go", "a.go", "package a\n\nimport \"fmt\"\nimport (\n\t_ \"x.org/a\"\n\tb \"x.org/b\"\n)\nfunc f() { undefined", "3:fmt 5:x.org/a 6:x.org/b"},
		{"go, ignored", "a.go", "//go:build ignore\n\npackage main\n\nimport \"x.org/a\"\n", "5:x.org/a?"},
		{"go, tagged", "a.go", "//go:build linux\n\npackage main\n\nimport \"x.org/a\"\n", "5:x.org/a"},
		{"no go", "a.go", "hello", ""},
		{"python", "a.py", "\"\"\"Doc.\n\nimport no\n\"\"\"\nimport os, sys as s\nfrom a.b import c\nfrom . import d\nfrom .e import f\n# import no\nx = 'import no'\nimport g; import h\n", "5:os 5:sys 6:a.b 7:. 8:.e 11:g 11:h"},
		{
			"python, soft", "a.py", "try:\n    import a\nexcept ImportError:\n    import b\nif TYPE_CHECKING:\n    from c import d\nimport e\ndef f():\n    import g\n    try:\n        import h\n    except E:\n        h = None\n    import i\ntry: import j\nexcept E: pass\nwith suppress(ImportError):\n    import k\nfor x in y:\n    import l\n",
			"2:a? 4:b? 6:c? 7:e 9:g 11:h? 14:i 15:j? 18:k? 20:l",
		},
		{"python, strings", "a.py", "x = 'a\\'b'\nimport a\ny = \"open\nimport b\nz = '''\nimport no\n''' + \"\"\"x\\\"\"\"\"\nimport c\n", "2:a 4:b 8:c"},
		{"javascript", "a.js", "import a from 'a';\nimport 'b'\nimport {\n  x,\n} from \"c\";\nexport * from 'd'\nconst e = require('e'), f = require(\"f/x\")\nawait import('g')\nimport * as h from './h'\n", "1:a 2:b 5:c 6:d 7:e 7:f/x 8:g 9:./h"},
		{"javascript, no import", "a.js", "// import 'no'\n/* require('no')\n*/ const s = \"require('no')\"\nconst t = `import 'no' ${require('yes')} from 'no'`\nfoo.require('no')\nconst from = 'no'\nArray.from('no')\nx = /require('no')/\ny = a / b / require('yes2')\nrequire.resolve('no')\nfunction require('no') {}\n", "4:yes 9:yes2"},
		{"typescript", "a.tsx", "import type { A } from 'a'\nimport B = require('b')\nimport { type C } from 'c'\nexport type { D } from 'd'\nimport e from 'e'\nconst x = <p>don't</p>\nimport f from 'f'\n", "1:a? 2:b 3:c 4:d? 5:e 7:f"},
		{"javascript, soft", "a.cjs", "try { x = require('a') } catch { x = require('b') }\nrequire('c')\ntry {\n if (y) { require('d') }\n} finally {}\n", "1:a? 1:b? 2:c 4:d?"},
		{"declarations", "a.d.ts", "import a from 'a'", ""},
		{"other language", "a.rb", "require 'x'", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(imports.Read(tt.path, []byte(tt.text))); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			crlf := strings.ReplaceAll(tt.text, "\n", "\r\n")
			if got := show(imports.Read(tt.path, []byte(crlf))); got != tt.want {
				t.Errorf("with CRLF got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	text := "import a\n" + strings.Repeat("#", imports.MaxSize)
	if got := imports.Read("a.py", []byte(text)); got != nil {
		t.Errorf("%+v", got)
	}
	if got := imports.Read("a.py", []byte(text[:imports.MaxSize])); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

func FuzzRead(f *testing.F) {
	for i, text := range []string{"import a\n", "from x import y", "`${`${'", "require('a", "/[/", "'''", "package a\nimport \"x\"", "\\", "}}}`"} {
		f.Add(byte(i), []byte(text))
	}
	f.Fuzz(func(t *testing.T, n byte, text []byte) {
		name := []string{"a.go", "a.py", "a.js"}[int(n)%3]
		last := strings.Count(string(text), "\n") + 1
		for _, i := range imports.Read(name, text) {
			if i.Line < 1 || i.Line > last {
				t.Fatalf("%+v of %d lines", i, last)
			}
		}
	})
}
