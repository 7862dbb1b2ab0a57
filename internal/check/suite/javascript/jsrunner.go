package javascript

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/plan"
)

// jsRunner runs the tests of one package. A unit is a file, and its ID the
// path; tests are named by what is around them: "calc > adds".
type jsRunner struct {
	runner
	bins []string // folders of programs, relative to the package's folder
}

// nodeReporter is a reporter for "node --test" that writes one line of JSON
// for each event.
const nodeReporter = `export default async function* (source) {
  for await (const e of source) {
    const d = e.data || {}, x = d.details || {}, c = x.error && (x.error.cause || x.error);
    if (e.type === 'test:start' || e.type === 'test:pass' || e.type === 'test:fail' || e.type === 'test:stderr')
      yield JSON.stringify({ type: e.type, name: d.name, nesting: d.nesting, file: d.file, line: d.line, skip: d.skip !== undefined && d.skip !== false,
        todo: d.todo !== undefined && d.todo !== false, error: c && String(c.stack || c), message: d.message, suite: x.type === 'suite' }) + '\n';
  }
}`

// Chooses is so for tools that take files beside what a person's line says.
func (t jsRunner) Chooses() bool { return t.tool == vitest || t.tool == jest }

// Run runs all tests of the package, or with Just those of some files.
func (t jsRunner) Run(ctx context.Context, x check.Exec, g suite.Group, o suite.Order) (suite.Report, string) {
	c := check.Command(plan.Command{Shell: t.shell(g, o)}, path.Join(o.Tree, g.Dir), o.Env)
	return suite.Several(o.Often(), func() (suite.Report, string) {
		ran, text, why := suite.Written(ctx, x, c, o)
		if why == "" && text == "" && t.tool == mocha {
			text = fromBrace(ran.Output.Stdout) // older versions know no output file
		}
		switch {
		case why != "":
			return suite.Report{}, why
		case text == "" && t.tool == mocha && ran.Output.Code != 0 && notLoaded(ran.Output.Stderr):
			return unloaded(ran, o), ""
		case text == "":
			return suite.Unreported(ran, o, string(t.tool))
		}
		return t.read(text, g, o)
	})
}

// shell gives the person's line, with a report for machines. The programs of
// the package come first on the path, as npm does it.
func (t jsRunner) shell(g suite.Group, o suite.Order) string {
	report, line := suite.Quoted(path.Join(o.Tree, suite.ReportName)), t.line
	switch t.tool {
	case vitest:
		line += " --run --reporter=json --outputFile=" + report + files("", g, o)
	case jest:
		line += " --ci --json --testLocationInResults --outputFile=" + report + files(" --runTestsByPath", g, o)
	case mocha:
		line += " --reporter json --reporter-option output=" + report
	case nodeTest:
		reporter := "data:text/javascript;base64," + base64.StdEncoding.EncodeToString([]byte(nodeReporter))
		at := strings.LastIndex(line, "--test")
		line = line[:at] + "--test --test-reporter=" + suite.Quoted(reporter) + " --test-reporter-destination=" + report + line[at+len("--test"):]
	}
	if len(t.bins) == 0 {
		return line
	}
	var folders strings.Builder
	for _, b := range t.bins {
		folders.WriteString(`"$PWD"/` + b + ":")
	}
	return "PATH=" + folders.String() + `"$PATH"; export PATH; ` + line
}

// files names the files of an order that wants no others.
func files(option string, g suite.Group, o suite.Order) string {
	if !o.Just || len(o.Units) == len(g.Units) {
		return ""
	}
	for _, u := range o.Units {
		option += " " + suite.Quoted(suite.Below(u.Path, g.Dir))
	}
	return option
}

func (t jsRunner) read(text string, g suite.Group, o suite.Order) (suite.Report, string) {
	var r suite.Report
	var err error
	switch t.tool {
	case vitest, jest:
		r, err = readJest(text, o, g.Dir)
	case mocha:
		r, err = readMocha(text, o, g.Dir)
	case nodeTest:
		r = readNode(text, o, g.Dir)
	}
	if err != nil {
		return r, fmt.Sprintf("the report of %s could not be read: %v", t.tool, err)
	}
	return r.Settle(), ""
}

// Declared says nothing: which tests there are is known when they ran.
func (jsRunner) Declared(fs.FS, suite.Unit) ([]suite.Declared, error) { return nil, nil }

// Typed is the command for one file, or for a test of it.
func (t jsRunner) Typed(g suite.Group, u suite.Unit, test string) plan.Command {
	file, title := suite.Below(u.Path, g.Dir), titleOf(test)
	var argv []string
	switch t.tool {
	case vitest:
		argv = []string{"npx", "--no-install", "vitest", "run", file}
	case jest:
		argv = []string{"npx", "--no-install", "jest", file}
	case mocha:
		argv = []string{"npx", "--no-install", "mocha", file}
	case nodeTest: // with what the script gives it to load other languages
		last := t.line[strings.LastIndex(t.line, "&&")+1:]
		before, _, _ := strings.Cut(strings.TrimPrefix(last, "&"), "--test")
		argv = append(strings.Fields(before), "--test")
	}
	if title != "" {
		pattern := regexp.QuoteMeta(title)
		switch t.tool {
		case vitest, jest:
			argv = append(argv, "-t", pattern)
		case mocha:
			argv = append(argv, "-g", pattern)
		case nodeTest:
			argv = append(argv, "--test-name-pattern="+pattern)
		}
	}
	if t.tool == nodeTest {
		argv = append(argv, file)
	}
	return plan.Command{Argv: argv}
}

// MaySkip looks for conditions; a mark that always skips does so on any code.
func (jsRunner) MaySkip(text string) bool {
	return regexp.MustCompile(`\b(skipIf|runIf)\(|\bthis\.skip\(|\b(t|ctx|context|task)\.skip\(|\? *(it|test|describe)(\.skip)?\b|\bskip: *[^t\s]`).MatchString(text)
}

// hasProgram reports whether a folder of programs holds a tool. The folder may
// be one that was linked in.
func hasProgram(dir string, tool jsTool) bool {
	_, err := os.Stat(filepath.Join(dir, string(tool)))
	if err != nil && tool == jest {
		_, err = os.Stat(filepath.Join(dir, "react-scripts"))
	}
	return err == nil
}

// notLoaded reports whether a program ended since a file could not be loaded.
func notLoaded(stderr string) bool {
	for _, mark := range []string{"Cannot find module", "ERR_MODULE_NOT_FOUND", "SyntaxError", "does not provide an export named", "ERR_UNKNOWN_FILE_EXTENSION", "Error during run", "Exception during run", "ERR_PACKAGE_PATH_NOT_EXPORTED"} {
		if strings.Contains(stderr, mark) {
			return true
		}
	}
	return false
}

// unloaded is the report of a tool that loads all files or none.
func unloaded(ran check.Ran, o suite.Order) suite.Report {
	r := suite.NewReport()
	for _, u := range o.Units {
		got := r.Unit(u.ID)
		got.Unbuilt, got.Output = true, check.Clip(ran.Output.Stderr, suite.MaxText)
		got.Ended(suite.Fail)
	}
	return r
}

// fromBrace gives the part of an output that is a JSON object of its own.
func fromBrace(out string) string {
	if strings.HasPrefix(out, "{") {
		return out
	}
	if i := strings.Index(out, "\n{"); i >= 0 {
		return out[i+1:]
	}
	return ""
}

// Locate looks for the title in quotes.
func (jsRunner) Locate(tree fs.FS, u suite.Unit, name string) (string, int) {
	text, ok := suite.ReadText(tree, u.Path)
	at := quotedAt(text, titleOf(name))
	if !ok || at < 0 {
		return "", 0
	}
	return u.Path, 1 + strings.Count(text[:at], "\n")
}

// titleOf gives a test's own title, without what is around it.
func titleOf(name string) string {
	if i := strings.LastIndex(name, " > "); i >= 0 {
		return name[i+len(" > "):]
	}
	return name
}

func quotedAt(text, title string) int {
	for _, quote := range []string{"'", `"`, "`"} {
		if i := strings.Index(text, quote+title+quote); i >= 0 {
			return i
		}
	}
	return -1
}

// jestReport is what jest and vitest write.
type jestReport struct {
	Files []struct {
		Name    string
		Status  string
		Message string
		Tests   []struct {
			Around   []string `json:"ancestorTitles"`
			Title    string
			Status   string
			Failures []string                    `json:"failureMessages"`
			Location *struct{ Line, Column int } `json:"location"`
		} `json:"assertionResults"`
	} `json:"testResults"`
}

func readJest(text string, o suite.Order, dir string) (suite.Report, error) {
	var all jestReport
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return suite.Report{}, err
	}
	r, known := suite.NewReport(), suite.PathsOf(o.Tree)
	for _, f := range all.Files {
		id, ok := known.Of(f.Name, dir)
		if !ok {
			continue
		}
		u := r.Unit(id)
		u.Output = suite.Bounded(u.Output, plainText(f.Message))
		failed := false
		for _, a := range f.Tests {
			name := strings.Join(append(a.Around, a.Title), " > ")
			t := u.Test(u.Fresh(name))
			t.Ended(jestEnd(a.Status))
			t.Output = suite.Bounded("", plainText(strings.Join(a.Failures, "\n")))
			if a.Location != nil {
				t.File, t.Line = id, a.Location.Line
			}
			failed = failed || t.End == suite.Fail
		}
		switch {
		case f.Status == "failed" && len(f.Tests) == 0 && !noTests(f.Message):
			u.Unbuilt = true
		case f.Status == "failed" && !failed:
			u.Ended(suite.Fail)
		}
	}
	return r, nil
}

func noTests(message string) bool {
	return strings.Contains(message, "must contain at least one test") || strings.Contains(message, "No test suite found") || strings.Contains(message, "No test found")
}

func jestEnd(status string) suite.Outcome {
	switch status {
	case "passed":
		return suite.Pass
	case "failed":
		return suite.Fail
	}
	return suite.Skip
}

// plainText takes colours out of a text.
func plainText(s string) string {
	return regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(s, "")
}
