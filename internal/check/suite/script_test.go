package suite

import (
	"os"
	"path/filepath"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

func TestTestRunner(t *testing.T) {
	for _, tt := range []struct {
		manifest string
		tool     jsTool
		line     string
		other    string
	}{
		{`{"scripts": {"test": "vitest"}}`, vitest, "vitest", ""},
		{`{"scripts": {"test": "vitest run --coverage"}}`, vitest, "vitest run", ""},
		{`{"scripts": {"test": "NODE_OPTIONS=--experimental-vm-modules jest --watchAll"}}`, jest, "NODE_OPTIONS=--experimental-vm-modules jest", ""},
		{`{"scripts": {"test": "node --experimental-vm-modules node_modules/jest/bin/jest.js"}}`, jest, "node --experimental-vm-modules node_modules/jest/bin/jest.js", ""},
		{`{"scripts": {"test": "react-scripts test"}}`, jest, "react-scripts test", ""},
		{`{"scripts": {"test": "eslint . && tsc -p . && mocha dist/test && echo done"}}`, mocha, "tsc -p . && mocha dist/test", ""},
		{`{"scripts": {"test": "npm run lint && npm run build && npm run test:unit", "lint": "xo", "build": "tsc", "test:unit": "nyc mocha --bail"}}`, mocha, "npm run build && nyc mocha", ""},
		{`{"scripts": {"test": "node --import tsx --test 'src/**/*.test.ts'"}}`, nodeTest, "node --import tsx --test 'src/**/*.test.ts'", ""},
		{`{"scripts": {"test": "yarn test", "yarn": "x"}}`, "", "", "yarn test"},
		{`{"scripts": {"test": "jest || true"}}`, "", "", "jest || true"},
		{`{"scripts": {"test": "jest; true"}}`, "", "", "jest; true"},
		{`{"scripts": {"test": "sh -c $(jest)"}}`, "", "", "sh -c $(jest)"},
		{`{"scripts": {"test": "tap"}}`, "", "", "tap"},
		{`{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}, "devDependencies": {"mocha": "1"}}`, mocha, "mocha", ""},
		{`{"devDependencies": {"jest": "29", "vitest": "2"}}`, vitest, "vitest", ""},
		{`{}`, "", "", ""},
		{`not json`, "", "", ""},
	} {
		r, other := testRunner(readManifest(tt.manifest))
		if r.tool != tt.tool || r.line != tt.line || other != tt.other {
			t.Errorf("%s\ngives %q: %q, other %q", tt.manifest, r.tool, r.line, other)
		}
	}
}

func TestLinkIn(t *testing.T) {
	from := t.TempDir()
	trees := checktest.New(t, map[string]checktest.Files{"x": {"web/a.js": "1", "held/node_modules/x": "1", "link": checktest.Link("held")}})
	dir, release, err := trees.Lease(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, tt := range []struct {
		from, to string
		linked   bool
	}{
		{from, "web/node_modules", true},
		{from, "node_modules", true},
		{from, "held/node_modules", false},
		{from, "link/node_modules", false},
		{from, "gone/node_modules", false},
		{from, "../out", false},
		{from, "/abs", false},
		{from, ".", false},
		{"relative", "rel", false},
		{filepath.Join(from, "nothing"), "nothing", false},
	} {
		notes, err := LinkIn(dir, []evidence.Link{{From: tt.from, To: tt.to}})
		if err != nil || len(notes) != 1 {
			t.Errorf("%s: %q, %v", tt.to, notes, err)
		}
		target, err := os.Readlink(filepath.Join(dir, tt.to))
		if (err == nil && target == from) != tt.linked {
			t.Errorf("%s: links to %q, %v", tt.to, target, err)
		}
	}
}

// Reports that a tool writes are read whatever they hold.
func FuzzReports(f *testing.F) {
	for _, s := range []string{
		`{"testResults":[{"name":"/t/a.js","status":"failed","assertionResults":[{"ancestorTitles":["a"],"title":"b","status":"failed","failureMessages":["x"]}]}]}`,
		`{"tests":[{"title":"a","fullTitle":"b a","file":"/t/a.js"}],"pending":[],"failures":[{"title":"\"before all\" hook","fullTitle":"b","file":"/t/a.js"}]}`,
		`{"type":"test:fail","name":"a","nesting":1,"file":"/t/a.js","error":"x"}` + "\n" + `{"type":"test:start","name":"a","nesting":9}`,
		`<testsuites><testsuite name="pytest"><testcase classname="a.T" name="t[1]" file="a.py" line="2"><failure message="x">y</failure></testcase></testsuite></testsuites>`,
		`{"unit":"a.py","test":"T.t","end":"fail","line":3}` + "\n" + `{"unit":"a.py","end":"fail"}`,
	} {
		f.Add(s)
	}
	g := Group{Dir: ".", Units: []Unit{{ID: "a.py", Path: "a.py"}, {ID: "a.js", Path: "a.js"}}}
	o := Order{Tree: "/t", Units: g.Units}
	f.Fuzz(func(t *testing.T, text string) {
		var all []Report
		jest, _ := readJest(text, o, ".")
		mocha, _ := readMocha(text, o, ".")
		py, _ := readPytest(text, g, o)
		all = append(all, jest, mocha, py, readNode(text, o, "."), parseGo(text))
		for _, r := range all {
			for id, u := range r.settle().Units {
				if u.End == "" {
					t.Errorf("%q has no end", id)
				}
				for _, name := range u.Failures() {
					if u.EndOf(name, nil) != Fail {
						t.Errorf("%q failed and did not end so", name)
					}
				}
			}
		}
	})
}
