package testconfig

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// code is one source file of a side.
type code struct {
	path  string
	lang  source.Language
	facts source.File
	lines []string
	other *code // the same file at the base; nil when it was not there
}

func (f *code) between(start, end int) string {
	start, end = max(start, 1), min(end, len(f.lines))
	if start > end {
		return ""
	}
	return strings.Join(f.lines[start-1:end], "\n")
}

// starts judges the code that starts and ends test runs, or decides what
// becomes of them.
func (j *judgement) starts(ctx context.Context) error {
	for _, f := range j.subject.Change.Files {
		lang := source.LanguageOf(f.Path)
		isTest := change.Classify(f.Path, nil).Test
		if lang == source.Unknown || f.Status == change.Deleted || f.IsBinary || !isTest && !isSetup(f.Path) && lang != source.Python ||
			f.NewMode != change.ModeFile && f.NewMode != change.ModeExecutable {
			continue
		}
		is, err := j.source(ctx, j.subject.HeadSource, f.Path)
		if err != nil || is == nil {
			if err != nil {
				return err
			}
			continue
		}
		if f.Status != change.Added {
			old := f.Path
			if f.OldPath != "" {
				old = f.OldPath
			}
			if is.other, err = j.source(ctx, j.subject.BaseSource, old); err != nil {
				return err
			}
		}
		if lang == source.Go && isTest {
			j.testMain(is)
		}
		if isTest || isSetup(f.Path) {
			j.hooks(is)
		}
		j.alwaysEqual(is)
	}
	return nil
}

type sourceReading func(ctx context.Context, path string) (source.File, []byte, bool, error)

func (j *judgement) source(ctx context.Context, from sourceReading, path string) (*code, error) {
	facts, text, found, err := from(ctx, path)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, change.ErrTooLarge):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", check.ShowPath(path), err)
	case !found || len(text) > maxSize:
		return nil, nil
	}
	return &code{path: path, lang: source.LanguageOf(path), facts: facts, lines: strings.Split(string(text), "\n")}, nil
}

// isSetup reports whether a file by its name prepares test runs.
func isSetup(p string) bool {
	base := strings.ToLower(path.Base(p))
	if among := strings.Contains("/"+path.Dir(p)+"/", "/test"); among && strings.HasPrefix(base, "setup") || strings.HasPrefix(base, "globalsetup") {
		return true
	}
	return base == "conftest.py" || base == "sitecustomize.py" || strings.Contains(base, "setup") && (strings.Contains(base, "test") || strings.Contains(base, "jest") || strings.Contains(base, "vitest") || strings.Contains(base, "mocha")) ||
		strings.HasPrefix(base, "jest.") || strings.HasPrefix(base, "vitest.") || strings.HasPrefix(base, ".mocharc") || strings.HasPrefix(base, "karma.") || strings.HasPrefix(base, "playwright.")
}

// testMain judges Go's TestMain: whether it runs the tests, and hands on what
// they gave.
func (j *judgement) testMain(f *code) {
	for _, fn := range f.facts.Functions {
		if fn.Name != "TestMain" && fn.Name != "init" {
			continue
		}
		bad := mainFault(f, fn)
		if bad == "" || f.other != nil && oldFault(f.other, fn.Name) == bad {
			continue
		}
		j.say(config{path: f.path, old: f.path}, finding{rule: "main", level: evidence.Gate, line: fn.Start, is: f.between(fn.Start, fn.End), message: fmt.Sprintf("%s in %s %s.", fn.Name, check.ShowPath(f.path), bad)})
	}
}

func oldFault(f *code, name string) string {
	for _, fn := range f.facts.Functions {
		if fn.Name == name {
			return mainFault(f, fn)
		}
	}
	return ""
}

func mainFault(f *code, fn source.Function) string {
	runs, exitsZero, hands := false, false, false
	for n := fn.Start; n <= fn.End && n <= len(f.lines); n++ {
		raw := f.lines[n-1]
		line := strings.TrimSpace(raw)
		if strings.HasPrefix(line, "//") {
			continue
		}
		if strings.Contains(line, ".Run()") || strings.Contains(line, "VerifyTestMain(") || strings.Contains(line, "(m)") || strings.Contains(line, "(m,") || strings.Contains(line, ", m)") {
			runs = true
			hands = strings.Contains(line, "os.Exit(") || strings.Contains(line, "=") && !strings.HasPrefix(line, "_")
		}
		top := strings.HasPrefix(raw, "\t") && !strings.HasPrefix(raw, "\t\t")
		if zeroed.MatchString(line) {
			exitsZero = true
		}
		if strings.Contains(line, "os.Exit(0)") && (top || strings.HasPrefix(line, "defer")) {
			exitsZero = true
		}
	}
	switch {
	case fn.Name == "init" && exitsZero:
		return "ends the test program with success before any test has run"
	case fn.Name == "init":
		return ""
	case !runs:
		return "runs no test"
	case exitsZero:
		return "ends with success whatever the tests gave"
	case !hands && strings.Contains(f.between(fn.Start, fn.End), "os.Exit("):
		return "does not hand on what the tests gave"
	}
	return ""
}

// zeroed matches the result of a test run that is put back to success.
var zeroed = check.Lazy(`^(code|rc|res|result|ret|status|exit\w*)\s*=\s*0$`)

// hook is a text by which a file can decide what becomes of tests.
type hook struct {
	pattern *check.Pattern
	level   evidence.Level
	what    string
	where   place
}

// place says in which files a hook counts.
type place int

const (
	inSetup place = iota // one that only points: in files that prepare test runs; one that blocks: anywhere
	inTests              // in every file of tests
)

func hookList(lang source.Language) []hook {
	switch lang {
	case source.Python:
		return []hook{
			{pyExit, evidence.Gate, "ends the test program with success", inSetup},
			{pyOutcome, evidence.Gate, "sets the outcome of tests", inSetup},
			{pyUnmade, evidence.Gate, "takes a test away", inSetup},
			{pyLoad, evidence.Locator, "chooses which tests run", inTests},
			{pyItems, evidence.Locator, "takes tests out of the list that is run", inSetup},
			{pyMarks, evidence.Locator, "marks tests so that they do not count", inSetup},
			{pyIgnored, evidence.Locator, "keeps files from being collected", inSetup},
			{pyRun, evidence.Locator, "changes how tests are found or run", inSetup},
			{pyPatched, evidence.Locator, "replaces code of the project for every test", inSetup},
			{pyModule, evidence.Locator, "replaces code of the project for every test", inSetup},
		}
	case source.JavaScript, source.TypeScript, source.TSX:
		return []hook{
			{jsExit, evidence.Gate, "ends the test program with success", inSetup},
			{jsGlobal, evidence.Gate, "replaces a function of the test library", inSetup},
			{jsMatcher, evidence.Gate, "replaces a matcher of the test library", inSetup},
			{jsEquality, evidence.Locator, "changes what tests take to be equal", inTests},
			{jsMock, evidence.Locator, "replaces code of the project for every test", inSetup},
			{jsAgain, evidence.Context, "runs failing tests again", inSetup},
		}
	case source.Go, source.Java, source.Rust, source.Unknown:
	}
	return nil
}

var (
	pyExit    = check.Lazy(`\bos\._exit\(\s*0?\s*\)|(?m)^(\s{0,4})sys\.exit\(\s*0?\s*\)`)
	pyOutcome = check.Lazy(`outcome\s*=\s*["']passed["']|\.outcome\s*=\s*["'](passed|skipped)["']|exitstatus\s*=\s*0|force_result`)
	pyUnmade  = check.Lazy(`(?m)^\s*(del \w+\.test_\w+|[A-Z]\w*\.test_\w+\s*=\s*None\b|__test__\s*=\s*False)`)
	pyLoad    = check.Lazy(`(?m)^def load_tests\(`)
	pyItems   = check.Lazy(`items\s*\[\s*:\s*\]\s*=|items\.clear\(|\bitems\.remove\(|del items\[`)
	pyMarks   = check.Lazy(`add_marker\(\s*(pytest\.mark\.)?["']?(skip|xfail)`)
	pyIgnored = check.Lazy(`\bcollect_ignore(_glob)?\b`)
	pyRun     = check.Lazy(`pytest_ignore_collect|pytest_runtest_call|pytest_pyfunc_call|pytest_assertrepr_compare\s*=|builtins\.\w+\s*=`)
	// A name with a capital is a class that the file imports; what tests
	// usually replace, such as sockets and clocks, is written in small letters.
	pyPatched = check.Lazy(`\bsetattr\(\s*[A-Z]\w*\s*,\s*["']\w+["']\s*,\s*(lambda|\w)`)

	pyModule = check.Lazy(`\bsetattr\(\s*[a-z]\w*(\.\w+)*\s*,\s*["']\w+["']\s*,\s*lambda`)
	worldly  = check.Lazy(`setattr\(\s*(time|os|sys|random|datetime|socket|requests|httpx|urllib|subprocess|builtins|logging|platform|shutil|tempfile|getpass|asyncio|uuid|secrets|webbrowser|click|signal)\b`)

	jsExit     = check.Lazy(`process\.exit\(\s*0?\s*\)|process\.exitCode\s*=\s*0\b`)
	jsGlobal   = check.Lazy(`(global|globalThis|window)\.(expect|it|test|describe|assert)\s*=|(const|let|var)\s+(assert|expect)\s*=\s*\{`)
	jsMatcher  = check.Lazy(`expect\.extend\(\s*\{\s*(toBe|toEqual|toStrictEqual|toThrow)\b`)
	jsEquality = check.Lazy(`\baddEqualityTesters\(|\baddCustomEqualityTester\(`)
	jsMock     = check.Lazy(`\b(vi|jest)\.(mock|doMock)\(\s*['"]\.{1,2}/`)
	jsAgain    = check.Lazy(`\b(jest\.retryTimes|this\.retries|retries\s*:)\s*\(?\s*[1-9]`)
)

// hooks finds such texts that the base did not have.
func (j *judgement) hooks(f *code) {
	text := uncommented(f)
	old := ""
	if f.other != nil {
		old = uncommented(f.other)
	}
	for _, h := range hookList(f.lang) {
		now := h.pattern.FindAllStringIndex(text, -1)
		if len(now) == 0 || len(now) <= len(h.pattern.FindAllString(old, -1)) {
			continue
		}
		if !isSetup(f.path) && h.level != evidence.Gate && h.where != inTests {
			continue
		}
		at := now[len(now)-1]
		if h.pattern == pyModule && (!strings.Contains(text, "autouse") || worldly.MatchString(text[at[0]:at[1]])) {
			continue // for some tests only, or of a clock, a socket and the like
		}
		line := strings.Count(text[:at[0]], "\n") + 1
		j.say(config{path: f.path, old: f.path}, finding{rule: "hook", level: h.level, line: line, is: text[at[0]:at[1]], message: fmt.Sprintf("%s %s: %s.", check.ShowPath(f.path), h.what, quote(strings.TrimSpace(text[at[0]:at[1]])))})
	}
}

// uncommented gives the text of a file with its line comments taken out.
func uncommented(f *code) string {
	mark := "//"
	if f.lang == source.Python {
		mark = "#"
	}
	lines := make([]string, len(f.lines))
	for i, line := range f.lines {
		if !strings.HasPrefix(strings.TrimSpace(line), mark) {
			lines[i] = line
		}
	}
	return strings.Join(lines, "\n")
}

var equalsAll = check.Lazy(`def __(eq|ne|lt|gt|le|ge|contains)__\(self[^)]*\)[^:\n]*:\s*\n?\s*return (True|1)\b`)

// alwaysEqual finds a value that is made equal to everything.
func (j *judgement) alwaysEqual(f *code) {
	if f.lang != source.Python {
		return
	}
	text, old := uncommented(f), ""
	if f.other != nil {
		old = uncommented(f.other)
	}
	now := equalsAll.FindAllStringIndex(text, -1)
	if len(now) == 0 || len(now) <= len(equalsAll.FindAllString(old, -1)) {
		return
	}
	line := strings.Count(text[:now[0][0]], "\n") + 1
	j.say(config{path: f.path, old: f.path}, finding{rule: "always_equal", level: evidence.Locator, line: line, is: text[now[0][0]:now[0][1]], message: fmt.Sprintf("A comparison in %s says yes to everything.", check.ShowPath(f.path))})
}
