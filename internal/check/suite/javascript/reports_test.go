package javascript

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/job"
)

// told writes a report down, a line for each file and each test.
func told(r suite.Report) string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(r.Units)) {
		u := r.Units[id]
		out = append(out, fmt.Sprintf("%s %q unbuilt=%v cut=%v %q", id, u.End, u.Unbuilt, u.Cut, u.Output))
		for _, name := range slices.Sorted(maps.Keys(u.Tests)) {
			test := u.Tests[name]
			out = append(out, fmt.Sprintf("- %s %q in %q %d %q", name, test.End, test.Parent, test.Line, test.Output))
		}
	}
	return strings.Join(out, "\n")
}

func wants(t *testing.T, r suite.Report, lines ...string) {
	t.Helper()
	if got, want := told(r), strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadJest(t *testing.T) {
	r, err := readJest(`{"testResults":[
{"name":"/t/a.js","status":"failed","message":"\u001b[31mred","assertionResults":[{"ancestorTitles":["a"],"title":"b","status":"failed","failureMessages":["x"],"location":{"line":3}},{"title":"c","status":"passed"},{"title":"c","status":"todo"}]},
{"name":"/t/load.js","status":"failed","message":"SyntaxError","assertionResults":[]},
{"name":"/t/none.js","status":"failed","message":"Your test suite must contain at least one test","assertionResults":[]},
{"name":"/t/hook.js","status":"failed","assertionResults":[{"title":"d","status":"passed"}]},
{"name":"/t/ok.js","status":"passed","assertionResults":[{"title":"e","status":"passed"}]},
{"name":"/elsewhere/f.js","status":"passed","assertionResults":[]}]}`, suite.Order{Tree: "/t"}, ".")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, r,
		`a.js "" unbuilt=false cut=false "red"`, `- a > b "fail" in "" 3 "x"`, `- c "pass" in "" 0 ""`, `- c (2) "skip" in "" 0 ""`,
		`hook.js "fail" unbuilt=false cut=false ""`, `- d "pass" in "" 0 ""`,
		`load.js "" unbuilt=true cut=false "SyntaxError"`,
		`none.js "fail" unbuilt=false cut=false "Your test suite must contain at least one test"`,
		`ok.js "" unbuilt=false cut=false ""`, `- e "pass" in "" 0 ""`)
	if _, err := readJest("{", suite.Order{Tree: "/t"}, "."); err == nil {
		t.Error("half a report is read")
	}
}

func TestReadMocha(t *testing.T) {
	r, err := readMocha(`{"tests":[{"title":"one","fullTitle":"calc one","file":"/t/a.js"},{"title":"two","fullTitle":"two","file":"/t/a.js"},{"title":"three","fullTitle":" three","file":"/t/a.js"},{"title":"far","fullTitle":"far","file":"/x/a.js"}],
"pending":[{"title":"two","fullTitle":"two","file":"/t/a.js"},{"title":"one","fullTitle":"calc one","file":"/t/b.js"}],
"failures":[{"title":"one","fullTitle":"calc one","file":"/t/a.js","err":{"stack":"at"}},{"title":"\"before all\" hook for x","fullTitle":"calc hook","file":"/t/b.js","err":{"stack":"up"}},{"title":"\"after each\" hook","fullTitle":"far","file":"/x/a.js"}]}`, suite.Order{Tree: "/t"}, ".")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, r,
		`a.js "" unbuilt=false cut=false ""`, `-  three "pass" in "" 0 ""`, `- calc > one "fail" in "" 0 "at"`, `- two "skip" in "" 0 ""`,
		`b.js "fail" unbuilt=false cut=false "calc hook\nup\n"`)
	if _, err := readMocha("{", suite.Order{Tree: "/t"}, "."); err == nil {
		t.Error("half a report is read")
	}
}

func TestReadNode(t *testing.T) {
	dir := t.TempDir()
	units := []suite.Unit{{ID: "a.js"}, {ID: "load.js"}, {ID: "script.js"}, {ID: "empty.js"}, {ID: "bad.js"}, {ID: "open.js"}, {ID: "unseen.js"}}
	for p, text := range map[string]string{"script.js": "process.exit(1)", "empty.js": "import 'node:test'", "bad.js": "import test from 'test'", "load.js": "import './none'"} {
		if err := os.WriteFile(filepath.Join(dir, p), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	event := func(kind, file, name string, nesting int, more string) string {
		return fmt.Sprintf(`{"type":"test:%s","file":%q,"name":%q,"nesting":%d%s}`, kind, dir+"/"+file, name, nesting, more)
	}
	r := readNode(strings.Join([]string{
		event("start", "a.js", "calc", 0, ""), event("start", "a.js", "adds", 1, ""), event("pass", "a.js", "adds", 1, `,"line":4`),
		event("start", "a.js", "todo", 1, ""), event("pass", "a.js", "todo", 1, `,"todo":true`), event("fail", "a.js", "calc", 0, `,"error":"sub"`),
		event("pass", "a.js", "skips", 0, `,"skip":true`), event("fail", "a.js", "deep", 101, ""), event("fail", "a.js", "below", -1, ""), "no line",
		event("stderr", "load.js", "", 0, `,"message":"Cannot find module"`), event("fail", "load.js", dir+"/load.js", 0, `,"error":"exit 1"`),
		event("fail", "script.js", dir+"/script.js", 0, `,"error":"exit 1"`), event("pass", "empty.js", dir+"/empty.js", 0, ""),
		event("fail", "bad.js", dir+"/bad.js", 0, ""), event("stderr", "open.js", "", 0, `,"message":"hm"`), event("pass", "../far.js", "far", 0, ""),
	}, "\n"), suite.Order{Tree: dir, Units: units}, ".")
	wants(t, r,
		`a.js "" unbuilt=false cut=false ""`, `- calc "fail" in "" 0 "sub"`, `- calc > adds "pass" in "calc" 4 ""`, `- calc > todo "skip" in "calc" 0 ""`, `- skips "skip" in "" 0 ""`,
		`bad.js "fail" unbuilt=true cut=false ""`, `empty.js "pass" unbuilt=false cut=true ""`, `load.js "fail" unbuilt=true cut=false "Cannot find moduleexit 1"`,
		`open.js "" unbuilt=false cut=false "hm"`, `script.js "fail" unbuilt=false cut=false "exit 1"`, `- the file "fail" in "" 0 "exit 1"`)
}

func TestRun(t *testing.T) {
	a, b := suite.Unit{ID: "a.js", Path: "a.js"}, suite.Unit{ID: "b.js", Path: "b.js"}
	passed := `{"tests":[{"title":"one","fullTitle":"one","file":"a.js"}]}`
	jested := `{"testResults":[{"name":"a.js","status":"passed","assertionResults":[{"title":"one","status":"passed"}]}]}`
	for _, tt := range []struct {
		name   string
		run    jsRunner
		order  suite.Order
		report string
		out    job.Output
		line   string // what must be in the command
		want   string // what is told, or why there is nothing
	}{
		{"jest", jsRunner{runner{tool: jest, line: "jest"}, nil}, suite.Order{Units: []suite.Unit{a}}, jested, job.Output{}, "jest --ci", `a.js "pass" unbuilt=false`},
		{"jest for one file", jsRunner{runner{tool: jest, line: "jest"}, []string{"node_modules/.bin"}}, suite.Order{Units: []suite.Unit{a}, Just: true}, jested, job.Output{}, " --runTestsByPath a.js", `a.js "pass" unbuilt=false`},
		{"vitest for all files", jsRunner{runner{tool: vitest, line: "vitest"}, nil}, suite.Order{Units: []suite.Unit{a, b}, Just: true}, jested, job.Output{}, `vitest --run`, `a.js "pass" unbuilt=false`},
		{"jest, a report that is none", jsRunner{runner{tool: jest, line: "jest"}, nil}, suite.Order{Units: []suite.Unit{a}}, "{", job.Output{}, "jest", "could not be read"},
		{"jest, no report", jsRunner{runner{tool: jest, line: "jest"}, nil}, suite.Order{Units: []suite.Unit{a}}, "", job.Output{Stdout: passed}, "jest", `a.js "pass" unbuilt=false cut=true`},
		{"jest, no report and no module", jsRunner{runner{tool: jest, line: "jest"}, nil}, suite.Order{Units: []suite.Unit{a}}, "", job.Output{Code: 1, Stderr: "Cannot find module x"}, "jest", `jest gave no report`},
		{"out of time", jsRunner{runner{tool: jest, line: "jest"}, nil}, suite.Order{Units: []suite.Unit{a}}, jested, job.Output{TimedOut: true, Code: -1}, "jest", `time`},
		{"mocha", jsRunner{runner{tool: mocha, line: "mocha"}, nil}, suite.Order{Units: []suite.Unit{a}}, passed, job.Output{}, "mocha --reporter json", `a.js "pass" unbuilt=false`},
		{"an old mocha", jsRunner{runner{tool: mocha, line: "mocha"}, nil}, suite.Order{Units: []suite.Unit{a}}, "", job.Output{Stdout: "built\n" + passed}, "mocha", `a.js "pass" unbuilt=false cut=false`},
		{"an old mocha that says nothing else", jsRunner{runner{tool: mocha, line: "mocha"}, nil}, suite.Order{Units: []suite.Unit{a}}, "", job.Output{Stdout: passed}, "mocha", `a.js "pass" unbuilt=false cut=false`},
		{"mocha, no module", jsRunner{runner{tool: mocha, line: "mocha"}, nil}, suite.Order{Units: []suite.Unit{a}}, "", job.Output{Code: 1, Stderr: "Cannot find module x"}, "mocha", `a.js "fail" unbuilt=true`},
		{"mocha, no report", jsRunner{runner{tool: mocha, line: "mocha"}, nil}, suite.Order{Units: []suite.Unit{a}}, "", job.Output{}, "mocha", `a.js "pass" unbuilt=false cut=true`},
		{"mocha, killed", jsRunner{runner{tool: mocha, line: "mocha"}, nil}, suite.Order{Units: []suite.Unit{a}}, "", job.Output{Code: 137, Stderr: "killed"}, "mocha", `mocha gave no report: killed`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.order.Tree = dir
			r, why := tt.run.Run(t.Context(), checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
				if !strings.Contains(c.Shell, tt.line) || strings.Contains(c.Shell, "$PATH") != (len(tt.run.bins) > 0) || strings.Contains(c.Shell, " a.js") != strings.Contains(tt.line, " a.js") {
					t.Errorf("%s", c.Shell)
				}
				if tt.report != "" {
					if err := os.WriteFile(filepath.Join(dir, suite.ReportName), []byte(tt.report), 0o600); err != nil {
						t.Error(err)
					}
				}
				return tt.out, nil
			}), suite.Group{Dir: ".", Units: []suite.Unit{a, b}}, tt.order)
			if got := why + told(r); !strings.Contains(got, tt.want) {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestTyped(t *testing.T) {
	for want, tt := range map[string]struct {
		tool jsTool
		test string
	}{
		"npx --no-install vitest run a.js -t adds": {vitest, "calc > adds"}, "npx --no-install jest a.js": {jest, ""},
		"npx --no-install mocha a.js -g adds": {mocha, "adds"}, "node --import tsx --test --test-name-pattern=adds a.js": {nodeTest, "adds"}, "node --import tsx --test a.js": {nodeTest, ""},
	} {
		run := jsRunner{runner{tool: tt.tool, line: "tsc && node --import tsx --test src"}, nil}
		if got := strings.Join(run.Typed(suite.Group{Dir: "sub"}, suite.Unit{Path: "sub/a.js"}, tt.test).Argv, " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	tree := fstest.MapFS{"a.js": &fstest.MapFile{Data: []byte("x\nit('adds', f)\nit(`b`, f)\n")}}
	for name, want := range map[string]int{"calc > adds": 2, "b": 3, "none": 0} {
		if p, line := (jsRunner{}).Locate(tree, suite.Unit{Path: "a.js"}, name); line != want || (p == "a.js") != (want > 0) {
			t.Errorf("%s: %s %d", name, p, line)
		}
	}
	if p, _ := (jsRunner{}).Locate(tree, suite.Unit{Path: "none.js"}, ""); p != "" {
		t.Error("a file that is not there")
	}
}

func TestHasProgram(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"vitest", "react-scripts"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !hasProgram(dir, vitest) || !hasProgram(dir, jest) || hasProgram(dir, mocha) {
		t.Error("programs of a folder")
	}
}

func TestPlan(t *testing.T) {
	files := map[string]string{
		"package.json": `{"name": "root", "devDependencies": {"vitest": "2"}}`, "root.test.js": "x",
		"one/package.json": `{"name": "one", "scripts": {"test": "jest"}, "dependencies": {"lib": "1"}}`, "one/a.test.js": "x", "one/b.test.js": "x", "one/node_modules/.bin/jest": "x",
		"lib/package.json": `{"name": "lib", "dependencies": {"one": "1"}}`, "lib/x.js": "x",
		"tap/package.json": `{"name": "tap", "scripts": {"test": "tap"}}`, "tap/a.test.js": "x",
		"node/package.json": `{"name": "node", "scripts": {"test": "node --test"}}`, "node/sub/package.json": `{}`, "node/sub/a.test.js": "x",
		"mute/package.json": `{"name": "mute", "scripts": {"test": "mocha"}}`, "mute/a.test.js": "x",
	}
	dir := t.TempDir()
	var entries []change.Entry
	for p, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, p)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, p), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(p, "node_modules") {
			entries = append(entries, change.Entry{Path: p, Mode: change.ModeFile})
		}
	}
	slices.SortFunc(entries, func(a, b change.Entry) int { return strings.Compare(a.Path, b.Path) })
	for _, tt := range []struct {
		name    string
		changed string
		groups  string
		broken  string // what is not installed
		notes   int
	}{
		{"a package", "one/a.js", "one: one/a.test.js one/b.test.js [node_modules/.bin]", "vitest", 2},
		{"what it depends on", "lib/x.js", "one: one/a.test.js one/b.test.js [node_modules/.bin]", "vitest", 2},
		{"a package in a package", "node/sub/x.js", "node: node/sub/a.test.js []", "vitest", 2},
		{"a tool that is not installed", "mute/x.js", "", "vitest mocha", 2},
		{"another language", "mute/x.go", "", "", 4},
		{"versions of all", "package-lock.json", "node: node/sub/a.test.js []; one: one/a.test.js one/b.test.js [node_modules/.bin]", "vitest mocha", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := javascript{}.Plan(t.Context(), suite.Input{Code: dir, Tests: dir, Trusted: dir, Entries: entries, Changed: []string{tt.changed}})
			var groups []string
			for _, g := range p.Groups {
				text := g.Dir + ":"
				for _, u := range g.Units {
					text += " " + u.Path
				}
				groups = append(groups, fmt.Sprint(text, " ", g.Tool.(jsRunner).bins))
				if len(g.Steps) != 2 { // its own folder, and the root
					t.Errorf("%q", g.Steps)
				}
			}
			broken := strings.Join(p.Broken, "; ")
			for name := range strings.FieldsSeq(tt.broken) {
				if !strings.Contains(broken, name+" is not installed") {
					t.Errorf("%s is installed", name)
				}
			}
			if err != nil || strings.Join(groups, "; ") != tt.groups || len(p.Broken) != len(strings.Fields(tt.broken)) || len(p.Notes) != tt.notes {
				t.Errorf("%v: %q, broken %q, notes %q", err, groups, broken, p.Notes)
			}
		})
	}
	if _, err := (javascript{}).Plan(t.Context(), suite.Input{Trusted: dir + "/none", Entries: entries}); err == nil {
		t.Error("a tree that is not there is planned")
	}
}

// What no tool is known for is said.
func TestPlanNotes(t *testing.T) {
	for manifest, want := range map[string]string{`{"scripts": {"test": "tap"}}`: `run by "tap"`, `{}`: `no script "test"`, "": ""} {
		dir := t.TempDir()
		entries := []change.Entry{{Path: "a.test.js", Mode: change.ModeFile}}
		if manifest != "" {
			entries = append(entries, change.Entry{Path: "package.json", Mode: change.ModeFile})
			if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(manifest), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, err := javascript{}.Plan(t.Context(), suite.Input{Code: dir, Tests: dir, Trusted: dir, Entries: entries, Changed: []string{"a.js"}})
		if notes := strings.Join(p.Notes, "; "); err != nil || len(p.Groups) > 0 || (notes == "") != (want == "") || !strings.Contains(notes, want) {
			t.Errorf("%s: %v %q %+v", manifest, err, notes, p.Groups)
		}
	}
}

func TestNamesOfFiles(t *testing.T) {
	for p, want := range map[string][2]bool{ // material, holds tests
		"a.test.ts": {true, true}, "a.ts": {false, false}, "a.d.ts": {false, false}, "jest.config.js": {true, false}, ".mocharc.json": {true, false},
		"a_test.go": {false, false}, "vendor/x/a.test.js": {true, false}, "package.json": {false, false},
	} {
		if (javascript{}).Material(p) != want[0] || isTestJS(p) != want[1] {
			t.Errorf("%s: material %v, tests %v", p, (javascript{}).Material(p), isTestJS(p))
		}
	}
	for tool, want := range map[jsTool]bool{vitest: true, jest: true, mocha: false, nodeTest: false} {
		if got := (jsRunner{runner: runner{tool: tool}}).Chooses(); got != want {
			t.Errorf("%s chooses files: %v", tool, got)
		}
	}
	if !isManifestJS("a/package.json") || isManifestJS("node_modules/x/package.json") || isManifestJS("a/b.json") {
		t.Error("manifests")
	}
}
