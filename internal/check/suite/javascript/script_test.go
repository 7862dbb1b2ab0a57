package javascript

import (
	"testing"

	"muster/internal/check/suite"
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

// Reports are read whatever they hold.
func FuzzReports(f *testing.F) {
	for _, s := range []string{
		`{"testResults":[{"name":"/t/a.js","status":"failed","assertionResults":[{"ancestorTitles":["a"],"title":"b","status":"failed","failureMessages":["x"]}]}]}`,
		`{"tests":[{"title":"a","fullTitle":"b a","file":"/t/a.js"}],"pending":[],"failures":[{"title":"\"before all\" hook","fullTitle":"b","file":"/t/a.js"}]}`,
		`{"type":"test:fail","name":"a","nesting":1,"file":"/t/a.js","error":"x"}` + "\n" + `{"type":"test:start","name":"a","nesting":9}`,
	} {
		f.Add(s)
	}
	o := suite.Order{Tree: "/t", Units: []suite.Unit{{ID: "a.js", Path: "a.js"}}}
	f.Fuzz(func(t *testing.T, text string) {
		jest, _ := readJest(text, o, ".")
		mocha, _ := readMocha(text, o, ".")
		for _, r := range []suite.Report{jest, mocha, readNode(text, o, ".")} {
			for id, u := range r.Settle().Units {
				if u.End == "" {
					t.Errorf("%q has no end", id)
				}
				for _, name := range u.Failures() {
					if u.EndOf(name, nil) != suite.Fail {
						t.Errorf("%q failed and did not end so", name)
					}
				}
			}
		}
	})
}
