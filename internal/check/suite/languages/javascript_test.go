package languages_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/check/basetests"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// web is a package with tests for node's own runner.
func web() checktest.Files {
	const head = "import test, { describe, it } from 'node:test';\nimport assert from 'node:assert';\n"
	return checktest.Files{
		"web/package.json": `{"name": "web", "type": "module", "scripts": {"lint": "eslint .", "test": "npm run lint && npm run unit", "unit": "node --test test/"}}`,
		"web/sum.js":       "export const add = (a, b) => a + b;\n",
		"web/flag.js":      "export const ready = true;\n",
		"web/api.js":       "export const old = 1;\n",
		"web/exits.js":     "export const stop = () => 1;\n",
		"web/waver.js":     "export const ok = () => true;\n",
		"web/test/sum.test.js": head + "import { add } from '../sum.js';\n\ndescribe('sum', () => {\n  it('adds', () => assert.equal(add(1, 2), 3));\n  it('keeps zero', () => assert.equal(add(0, 0), 0));\n});\n" +
			"test('red since long', () => assert.ok(false));\n",
		"web/test/flag.test.js":  head + "import { ready } from '../flag.js';\n\ntest('ready', (t) => {\n  if (!ready) t.skip('not ready');\n});\n",
		"web/test/api.test.js":   head + "import { old } from '../api.js';\n\ntest('old', () => assert.equal(old, 1));\n",
		"web/test/exits.test.js": head + "import { stop } from '../exits.js';\n\ntest('first', () => {});\ntest('stops', () => assert.equal(stop(), 1));\n",
		"web/test/waver.test.js": head + "import { ok } from '../waver.js';\n\ntest('wavers', () => assert.ok(ok()));\n",
		"web/test/plain.test.js": "import { add } from '../sum.js';\n\nif (add(2, 0) !== 2) throw new Error('no');\n",
	}
}

func TestNode(t *testing.T) {
	t.Parallel()
	needs(t, "node")
	got := story(t, &checktest.OSExec{}, web(), web().With(checktest.Files{
		"web/sum.js":           "export const add = (a, b) => a * b;\n",
		"web/test/sum.test.js": "import test from 'node:test';\ntest('adds', () => {});\n",
		"web/flag.js":          "export const ready = false;\n",
		"web/api.js":           "export const fresh = 1;\n",
		"web/test/api.test.js": "",
		"web/exits.js":         "export const stop = () => process.exit(0);\n",
		"web/waver.js":         "import fs from 'node:fs';\nexport const ok = () => {\n  const seen = fs.existsSync('seen');\n  fs.writeFileSync('seen', '');\n  return seen;\n};\n",
	}),
		"locator failed_and_edited web/test/sum.test.js:6",
		"gate failed web/test/plain.test.js:0",
		"gate missing web/test/exits.test.js:0",
		"locator skipped web/test/flag.test.js:5",
		"locator does_not_compile web/test/api.test.js:0",
		"locator flaky web/test/waver.test.js:5",
	)
	mentions(t, got, "red since long in web/test/sum.test.js does not pass at the base either", "web/test/api.test.js do not compile")
	for _, f := range got.Findings {
		if f.Path == "web/test/sum.test.js" && (!strings.HasPrefix(f.Message, "sum > adds passes at the base") || !strings.HasSuffix(f.Reproduce, "cd web && node --test --test-name-pattern=adds test/sum.test.js)")) {
			t.Errorf("%s\n%s", f.Message, f.Reproduce)
		}
	}
}

func TestNodePassesOrIsLeftOut(t *testing.T) {
	t.Parallel()
	needs(t, "node")
	got := story(t, &checktest.OSExec{}, web(), web().With(checktest.Files{"web/sum.js": "export const add = (a, b) => b + a;\n", "web/test/flag.test.js": ""}))
	if got.Status != evidence.Passed {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	got = story(t, &checktest.OSExec{}, web(), web().With(checktest.Files{"main.py": "x = 1\n", "web/README.md": "prose\n"}))
	if got.Status != evidence.Skipped {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	mentions(t, got, "the JavaScript tests in web were left out")
}

// A script that the change rewrites to run nothing is not the one that runs.
func TestScriptsAreTheBases(t *testing.T) {
	t.Parallel()
	needs(t, "node")
	story(t, &checktest.OSExec{}, web(), web().With(checktest.Files{
		"web/package.json": `{"name": "web", "type": "module", "scripts": {"test": "true"}}`,
		"web/sum.js":       "export const add = (a, b) => a - b;\n",
	}), "gate failed web/test/sum.test.js:6")
}

// installed gives a folder with vitest, jest and mocha, which are too large to
// install for a test.
func installed(t *testing.T, tool string) string {
	t.Helper()
	dir := os.Getenv("MUSTER_TEST_NODE_MODULES")
	if _, err := os.Stat(filepath.Join(dir, ".bin", tool)); dir == "" || err != nil {
		t.Skipf("MUSTER_TEST_NODE_MODULES names no folder node_modules with %s", tool)
	}
	return dir
}

func TestInstalledTools(t *testing.T) {
	t.Parallel()
	for tool, head := range map[string]string{
		"vitest": "import { describe, it, expect } from 'vitest';\n", "jest": "\n", "mocha": "import assert from 'node:assert'; const expect = (a) => ({ toBe: (b) => assert.equal(a, b) });\n",
	} {
		t.Run(tool, func(t *testing.T) {
			dir := installed(t, tool)
			kind, load := "module", "import { add } from '../sum.js';\n"
			code := func(body string) string { return "export const add = (a, b) => " + body + ";\n" }
			if tool == "jest" {
				kind, load = "commonjs", "const { add } = require('../sum.js');\n"
				code = func(body string) string { return "exports.add = (a, b) => " + body + ";\n" }
			}
			base := checktest.Files{
				"package.json":     `{"name": "p", "type": "` + kind + `", "scripts": {"test": "` + tool + `"}}`,
				"sum.js":           code("a + b"),
				"test/sum.test.js": head + load + "describe('sum', () => {\n  it('adds', () => expect(add(1, 2)).toBe(3));\n  it('zero', () => expect(add(0, 0)).toBe(0));\n  it.skip('never', () => {});\n});\n",
			}
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"sum.js": code("a * b"), "test/sum.test.js": ""})})
			req := checktest.Request(evidence.OfTask)
			req.Links = []evidence.Link{{From: dir, To: "node_modules"}}
			got := checktest.Run(t, basetests.New(), trees, &checktest.OSExec{}, req)
			if have := strings.Join(briefly(got), " "); have != "locator failed_and_edited test/sum.test.js:4" {
				t.Errorf("%s: %s, %q, %q", got.Status, got.Why, have, got.NotRun)
			}
			mentions(t, got, "node_modules is no part of either tree")
			// Nothing of it is known without the tool.
			req.Links = nil
			got = checktest.Run(t, basetests.New(), trees, &checktest.OSExec{}, req)
			if got.Status != evidence.CouldNot || !strings.Contains(got.Why, tool+" is not installed for the tests in .") {
				t.Errorf("%s: %s", got.Status, got.Why)
			}
		})
	}
}

func TestUnreadRunnersAreNamed(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"ava":            `they are run by "ava"`,
		"karma start":    `they are run by "karma start"`,
		"jest | tee log": `they are run by "jest | tee log"`,
		"":               `has no script "test"`,
	} {
		base := checktest.Files{"package.json": `{"scripts": {"test": "` + script + `"}}`, "a.js": "1\n", "a.test.js": "1\n"}
		if script == "" {
			base["package.json"] = `{}`
		}
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a.js": "2\n"})})
		got := checktest.Run(t, basetests.New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask))
		if got.Status != evidence.Skipped {
			t.Errorf("%s: %s", got.Status, got.Why)
		}
		mentions(t, got, want)
	}
}

// shells notes the lines that it runs.
type shells struct {
	checktest.OSExec
	lines []string
}

func (x *shells) Run(ctx context.Context, c job.Command) (job.Output, error) {
	x.lines = append(x.lines, c.Shell)
	return x.OSExec.Run(ctx, c)
}

// Tools that take files run those that import what changed first, and then the
// others.
func TestTheNearestFirst(t *testing.T) {
	t.Parallel()
	for tool, load := range map[string]string{"vitest": "import { it, expect } from 'vitest';\nimport { add } from '%s';\n", "jest": "const { add } = require('%s');\n"} {
		t.Run(tool, func(t *testing.T) {
			dir := installed(t, tool)
			kind, export := "module", "export const add = (a, b) => %s;\n"
			if tool == "jest" {
				kind, export = "commonjs", "exports.add = (a, b) => %s;\n"
			}
			base := checktest.Files{
				"package.json": `{"name": "p", "type": "` + kind + `", "scripts": {"test": "` + tool + `"}}`,
				"sum.js":       fmt.Sprintf(export, "a + b"), "far.js": fmt.Sprintf(export, "a + b"),
			}
			for i := range 12 {
				from := "../far.js"
				if i == 7 {
					from = "../sum.js"
				}
				base[fmt.Sprintf("test/t%02d.test.js", i)] = fmt.Sprintf(load, from) + "it('adds', () => expect(add(1, 2)).toBe(3));\n"
			}
			trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"sum.js": fmt.Sprintf(export, "a * b")})})
			req := checktest.Request(evidence.OfTask)
			req.Links = []evidence.Link{{From: dir, To: "node_modules"}}
			x := &shells{}
			got := checktest.Run(t, basetests.New(), trees, x, req)
			if have := strings.Join(briefly(got), " "); !strings.HasPrefix(have, "gate failed test/t07.test.js") || len(got.NotRun) != 1 {
				t.Errorf("%s: %s, %q, %q", got.Status, got.Why, have, got.NotRun)
			}
			var near, far []string
			for _, line := range x.lines {
				if strings.Contains(line, "t07.test.js") && !strings.Contains(line, "t06.test.js") {
					near = append(near, line)
				}
				if strings.Contains(line, "t06.test.js") && !strings.Contains(line, "t07.test.js") {
					far = append(far, line)
				}
			}
			if len(near) == 0 || len(far) != 1 || x.lines[0] != near[0] || x.lines[len(x.lines)-1] != far[0] {
				t.Errorf("ran\n%s", strings.Join(x.lines, "\n"))
			}
		})
	}
}
