package dependencies_test

import (
	"errors"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/dependencies"
	"muster/internal/core/evidence"
)

func TestPython(t *testing.T) {
	base := checktest.Files{
		"pyproject.toml":         "[project]\nname = \"my-app\"\ndependencies = [\"flask\", \"pyyaml\", \"opencv-python-headless\", \"acme-widget-client\"]\n[dependency-groups]\ndev = [\"pytest-django\"]\n",
		"src/my_app/__init__.py": "",
		"src/my_app/core.py":     "import os\nimport inhouse\n",
		"lib/native.pyx":         "x\n",
	}
	add := func(text string) checktest.Files { return checktest.Files{"src/my_app/new.py": text} }
	gate := "gate import src/my_app/new.py:1"
	run(t, nil, []row{
		{"made up", base, add("import flask_magic_auth\n"), gate, "-"},
		{"made up, from", base, add("from quantum_cache.backends import Redis\n"), gate, "-"},
		{"standard library", base, add("import os, sys, tomllib, distutils.core\nfrom concurrent import futures\n"), "", "-"},
		{"named", base, add("import flask\nfrom flask.views import V\nimport pytest_django\n"), "", "-"},
		{"under another name", base, add("import yaml, cv2\nfrom acme_widget import x\nimport widget\n"), "", "-"},
		{"local", base, add("import my_app\nfrom my_app import core\nimport core, native\nfrom . import x\nfrom .y import z\n"), "", "-"},
		{"imported elsewhere at the base", base, add("import inhouse.sub\n"), "", "-"},
		{"exists and is not named", base, add("import numpy\n"), "locator import src/my_app/new.py:1", "-"},
		{"exists under another name", base, add("from PIL import Image\n"), "locator import src/my_app/new.py:1", "-"},
		{"in a try", base, add("try:\n    import ultra_fast_json\nexcept ImportError:\n    pass\n"), "context import src/my_app/new.py:2", "-"},
		{"in an example", base, checktest.Files{"examples/x.py": "import super_viewer\n"}, "context import examples/x.py:1", "-"},
		{"in a test", base, checktest.Files{"tests/test_x.py": "import pytest\nimport super_checker\n"}, "gate import tests/test_x.py:2", "-"},
		{"in test data", base, checktest.Files{"tests/fixtures/x.py": "import super_checker\n"}, "", "-"},
		{"twice is once", base, checktest.Files{"src/a.py": "import madeup_thing\n", "src/b.py": "import madeup_thing\n"}, "gate import src/a.py:1", "-"},
		{"in a string", base, add("x = '''\nimport madeup_thing\n'''\n"), "", "-"},
		{"an old line", base.With(checktest.Files{"src/my_app/core.py": "import madeup_thing\n"}), checktest.Files{"src/my_app/core.py": "import madeup_thing\nx = 1\n"}, "", "-"},
		{"only locked", base.With(checktest.Files{"uv.lock": "[[package]]\nname = \"click\"\nversion = \"8\"\n"}), add("import click\n"), "context import src/my_app/new.py:1", "-"},
		{"no manifest", checktest.Files{"a.py": "x = 1\n"}, checktest.Files{"b.py": "import madeup_thing\n"}, "", "no manifest of this repository"},
		{"a manifest that computes", checktest.Files{"setup.py": "setup(install_requires=read())\n"}, checktest.Files{"b.py": "import madeup_thing\n"}, "", "no manifest"},
		{"named by the script", base, add("# /// script\n# dependencies = [\"madeup-thing\"]\n# ///\nimport madeup_thing\n"), "", "-"},
		{"a project of this change", base, add("import fresh_thing\n").With(checktest.Files{"x/pyproject.toml": "[project]\nname = \"fresh-thing\"\ndependencies = [\"flask\"]\n"}), "", "-"},
		{"beside a manifest that computes", base.With(checktest.Files{"setup.py": "setup(install_requires=read())\n"}), add("import madeup_thing\n"), "locator import src/my_app/new.py:1", "-"},
		{"made from messages", base.With(checktest.Files{"api/user.proto": "x\n"}), add("import user_pb2\nimport user_pb2_grpc\n"), "", "-"},
		{"made from none", base, add("import core_pb2\n"), gate, "-"},
		{"named by this change", base, add("import madeup_thing\n").With(checktest.Files{"requirements.txt": "madeup-thing\n"}), "", "madeup-thing"},
	})
}

func TestNode(t *testing.T) {
	base := checktest.Files{
		"package.json":             "{\"name\": \"me\", \"dependencies\": {\"react\": \"1\", \"@scope/pkg\": \"1\"}, \"devDependencies\": {\"@types/estree\": \"1\"}, \"imports\": {\"#db\": \"./db.js\"}, \"workspaces\": [\"packages/*\"]}",
		"packages/ui/package.json": "{\"name\": \"@me/ui\"}",
		"tsconfig.json":            "{\"compilerOptions\": {\"paths\": {\"@app/*\": [\"src/*\"]}}}",
		"vite.config.ts":           "export default { resolve: { alias: { 'components': './src/components' } } }\n",
		"src/old.ts":               "import x from 'phantom'\n",
		"src/types.d.ts":           "declare module 'untyped-thing' {}\n",
	}
	add := func(text string) checktest.Files { return checktest.Files{"src/new.ts": text} }
	gate := "gate import src/new.ts:1"
	run(t, nil, []row{
		{"made up", base, add("import x from 'react-magic-hooks'\n"), gate, "-"},
		{"made up, required", base, checktest.Files{"src/new.cjs": "const x = require('express-auto-cache/lib')\n"}, "gate import src/new.cjs:1", "-"},
		{"made up, in a scope", base, add("import x from '@madeup/core'\n"), gate, "-"},
		{"built in", base, add("import fs from 'fs'\nimport p from 'node:path'\nimport q from 'fs/promises'\nimport t from 'node:madeup'\n"), "", "-"},
		{"named", base, add("import r from 'react'\nimport j from 'react/jsx-runtime'\nimport s from '@scope/pkg/deep'\nimport type e from 'estree'\n"), "", "-"},
		{"of the workspace", base, add("import u from '@me/ui'\nimport m from 'me'\n"), "", "-"},
		{"a project of this change", base, add("import n from '@me/new'\n").With(checktest.Files{"packages/new/package.json": "{\"name\": \"@me/new\"}"}), "", "-"},
		{"through a loader", base, add("import x from 'raw-loader!react-magic-hooks'\n"), gate, "-"},
		{"paths and aliases", base, add("import a from './a'\nimport b from '../b'\nimport c from '@app/c'\nimport d from '#db'\nimport e from 'components/e'\nimport f from '@/f'\nimport g from '~/g'\nimport h from 'virtual:x'\nimport i from 'https://x.test/y.js'\n"), "", "-"},
		{"imported elsewhere at the base", base, add("import p from 'phantom/sub'\n"), "", "-"},
		{"declared by the project", base, add("import p from 'untyped-thing'\n"), "", "-"},
		{"exists and is not named", base, add("import l from 'lodash'\n"), "locator import src/new.ts:1", "-"},
		{"types only", base, add("import type x from 'madeup-types'\n"), "context import src/new.ts:1", "-"},
		{"looked up from a folder", base.With(checktest.Files{"tsconfig.json": "{\"compilerOptions\": {\"baseUrl\": \"src\"}}", "src/utils/a.ts": "x\n"}), add("import a from 'utils/a'\n"), "", "-"},
		{"no manifest", checktest.Files{"a.js": "1\n"}, checktest.Files{"b.js": "require('madeup-thing')\n"}, "", "no package.json"},
	})
}

func TestGo(t *testing.T) {
	base := checktest.Files{
		"go.mod":      "module example.org/me\n\nrequire (\n\ta.org/x v1.0.0\n\tb.org/y/v2 v2.0.0\n)\nreplace c.org/z => ./z\n",
		"go.sum":      "a.org/x v1.0.0 h1:a=\nd.org/w v1.0.0 h1:d=\ne.org/v v1.0.0/go.mod h1:e=\n",
		"sub/go.mod":  "module example.org/me/sub\n",
		"sub/go.sum":  "f.org/u v1.0.0 h1:f=\n",
		"main.go":     "package main\n",
		"inner/in.go": "package inner\n",
	}
	add := func(imports ...string) checktest.Files {
		return checktest.Files{"new.go": "package main\n\nimport (\n\t\"" + strings.Join(imports, "\"\n\t\"") + "\"\n)\n"}
	}
	run(t, nil, []row{
		{"made up", base, add("github.com/made/up"), "gate import new.go:4", "-"},
		{"made up, of the standard library", base, add("net/httpx"), "gate import new.go:4", "-"},
		{"provided", base, add("fmt", "net/http", "a.org/x", "a.org/x/sub", "b.org/y/v2/z", "c.org/z", "example.org/me/inner", "example.org/me/sub", "C"), "", "-"},
		{"made up, without a host", base, add("madeup/thing"), "gate import new.go:4", "-"},
		{"of a newer standard library", base, add("madeup"), "", "-"},
		{"found through its folder", base.With(checktest.Files{"src/mylib/sub/a.go": "package sub\n"}), add("mylib/sub"), "", "-"},
		{"a folder that begins alike", base.With(checktest.Files{"src/mylib/subs/a.go": "package sub\n"}), add("mylib/sub"), "gate import new.go:4", "-"},
		{"another major version", base, add("b.org/y/v3"), "gate import new.go:4", "-"},
		{"a name that only begins alike", base, add("a.org/xy"), "gate import new.go:4", "-"},
		{"in go.sum", base, add("d.org/w"), "locator import new.go:4", "-"},
		{"only its go.mod is in go.sum", base, add("e.org/v"), "gate import new.go:4", "-"},
		{"another module's requirement", base, checktest.Files{"sub/a.go": "package sub\n\nimport \"a.org/x\"\n"}, "gate import sub/a.go:3", "-"},
		{"ignored", base, checktest.Files{"gen.go": "//go:build ignore\n\npackage main\n\nimport \"x.org/gen\"\n"}, "context import gen.go:5", "-"},
		{"in test data", base, checktest.Files{"testdata/a.go": "package a\n\nimport \"x.org/gen\"\n"}, "", "-"},
		{"no go.mod", checktest.Files{"a.go": "package a\n"}, checktest.Files{"b.go": "package a\n\nimport \"x.org/gen\"\n"}, "", "no go.mod"},
	})
}

func TestHostile(t *testing.T) {
	base := checktest.Files{"package.json": "{", "go.mod": "\x00", "pyproject.toml": "[[[", "a.py": "import x"}
	got, left := judge(t, nil, base, checktest.Files{
		"package.json": strings.Repeat("[", 10000), "go.mod": "module \xff\xfe", "pyproject.toml": "a=" + strings.Repeat("{a=", 5000),
		"b.py": strings.Repeat("import ", 1000) + "\xff\r\n'''", "c.ts": strings.Repeat("`${", 5000), "d.go": "package \x00", "link/package.json": checktest.Link("/etc/passwd"),
	})
	if got != "" || len(left) == 0 {
		t.Errorf("%s\n%q", got, left)
	}
}

func TestNothingToLookAt(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a.md": "a\n"}, "head": {"a.md": "b\n"}})
	trees.Err = nil
	if got := checktest.Run(t, dependencies.New(nil, now), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask)); got.Status != evidence.Passed || got.NotRun != nil {
		t.Errorf("%+v", got)
	}
	req := checktest.Request(evidence.OfTask)
	req.Head = req.Base
	if got := checktest.Run(t, dependencies.New(nil, now), trees, checktest.NoExec(t), req); got.Status != evidence.Skipped {
		t.Errorf("%+v", got)
	}
}

func TestCouldNotRun(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"go.mod": "module a\n"}, "head": {"go.mod": "module b\n"}})
	broken := &unreadable{Trees: trees}
	if got := runWith(t, broken); got.Status != evidence.CouldNot || !strings.Contains(got.Why, errFire.Error()) {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

var errFire = errors.New("disk on fire")
