package testconfig

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
)

var deciding = check.Lazy(`(?i)(^|/)(\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.ya?ml|\.circleci/config\.yml|\.travis\.yml|azure-pipelines[^/]*\.ya?ml|jenkinsfile[^/]*|bitbucket-pipelines\.yml|` +
	`\.?makefile|gnumakefile|\.?justfile|taskfile\.(dist\.)?ya?ml|package\.json|\.?tox\.(ini|toml)|noxfile\.py|setup\.cfg|\.?pytest\.(ini|toml)|pyproject\.toml|\.coveragerc(\.toml)?|\.?codecov\.ya?ml|` +
	`(jest|vitest|vite|ava|nyc|c8|mocha|playwright|cypress|wdio)([.-][\w-]+)*\.(config|workspace|projects)(\.[\w-]+)+|\.jestrc[^/]*|jest[\w.-]*\.json|\.taprc|mocha\.opts|` +
	`\.mocharc[^/]*|\.nycrc[^/]*|\.c8rc[^/]*|karma([.-][\w-]+)*\.conf(ig)?\.[a-z]+|tsconfig[^/]*\.json|\.eslintrc[^/]*|eslint\.config\.[a-z]+|biome\.jsonc?|\.?mypy\.ini|\.golangci\.ya?ml|bunfig\.toml|nextest\.toml|` +
	`ruff\.toml|pom\.xml|build\.gradle(\.kts)?|cargo\.toml|\.ci/[^/]+|scripts?/[^/]*(test|ci)[^/]*)$`)

func decides(p string) bool { return p != "" && deciding.MatchString(p) }

var running = check.Lazy(`(?i)\b(go test|gotestsum|pytest|py\.test|tox\b|nox\b|npm (run )?(test|t\b|ci-test)|npm t\b|yarn (run )?test|pnpm (run |-r )?test|(npx |node_modules/\.bin/|\./)?(jest|vitest|mocha|ava|c8|nyc)\b|playwright test|cypress run|` +
	`cargo (test|nextest|llvm-cov)|mvnw? [^\n]*\b(test|verify|install)\b|gradlew? [^\n]*\b(test|check|build)\b|make (test|check)\b|python3? -m (unittest|pytest)|unittest discover|node (--[^ ]+ )*--test|bun test|deno test|ginkgo\b|bazel test|just test|task test|hatch (run )?[^\n]*test|manage\.py test|rspec\b|dotnet test|coverage run)`)

var (
	swallowed = check.Lazy(`\|\|\s*(true|:|exit 0|echo\b|/bin/true)|;\s*(true|exit 0|:)\s*["']?\s*$|\|\s*(tee|cat)\b.*#|--passWithNoTests|--pass-with-no-tests|--suppress-no-test|--exit-zero|-DtestFailureIgnore|maven\.test\.failure\.ignore|--no-fail\b|\bset \+e\b`)
	filtering = check.Lazy(`(^|\s)(-run[ =]|-skip[ =]|-short\b|-test\.run|-test\.skip|--ignore(-glob)?[ =]|--deselect[ =]|-k[ =]|-m ["']?not\b|--testPathIgnorePatterns|--exclude[ =]|--grep[ =]|-g |-p ["']|-t \w|--invert\b|-t ["']|--testNamePattern|--test-(?:skip|name)-pattern|-DskipTests|-Dmaven\.test\.skip|-x test\b|--exclude-task|-- --skip|--skip[ =]|--lf\b|--last-failed|--findRelatedTests|--onlyChanged|--changed\b|--label-filter|--focus)`)
)

// commandsOf gives the lines of a file that run tests, without layout.
func commandsOf(p, text string) []string {
	var out []string
	if path.Base(p) == "package.json" {
		return scriptsOf(text)
	}
	if skipsCommands(p) {
		return nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "- name:") || strings.HasPrefix(line, "name:") || strings.HasPrefix(line, "uses:") {
			continue
		}
		if running.MatchString(line) && !entry.MatchString(line) {
			out = append(out, strings.Join(strings.Fields(line), " "))
		}
	}
	return out
}

// entry matches lines of a matrix or of settings that name a runner.
var entry = check.Lazy(`^-?\s*\{|\btox["']?\s*:|^(tox|pytest|jest|vitest|mocha|nox)["']?\s*:|requirements|pip install|npm (i|install|ci)\b[^&]*$|^- (tox|pytest|jest|mocha|vitest)$|\b(pnpm|yarn) (add|install)\b|\bsed\b|cache|^\[|^-?\s*["']?[A-Z_]+=\S+$|^(pytest|tox|jest|mocha|coverage|nose)$|^envlist|==|>=`)

// skipsCommands names files in which a runner's name is no command.
func skipsCommands(p string) bool {
	switch ext := path.Ext(p); ext {
	case ".toml", ".cfg", ".xml", ".json", ".gradle", ".kts":
		return true
	case ".js", ".ts", ".mjs", ".cjs", ".mts":
		return true
	}
	return strings.HasPrefix(path.Base(p), ".c") || strings.HasPrefix(path.Base(p), "codecov")
}

func scriptsOf(text string) []string {
	var out []string
	scripts := scriptMap(text)
	for _, name := range sorted(scripts) {
		if isTestScript(name) {
			out = append(out, name+": "+scripts[name])
		}
	}
	return out
}

func scriptMap(text string) map[string]string {
	var pkg struct {
		Scripts map[string]string `json:"scripts"`
	}
	if err := json.Unmarshal([]byte(text), &pkg); err != nil {
		return nil
	}
	return pkg.Scripts
}

func isTestScript(name string) bool {
	return name == "test" || strings.HasPrefix(name, "test:") || strings.HasPrefix(name, "test-") || name == "ci" || name == "check" || name == "verify"
}

func sorted(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// commands judges the commands that run tests, in all files together: a
// command that moved is not lost.
func (j *judgement) commands(all []config) {
	var before, after []string
	for _, c := range all {
		before, after = append(before, commandsOf(c.path, c.was)...), append(after, commandsOf(c.path, c.is)...)
	}
	lost := len(before) - len(after)
	for _, c := range all {
		was, is := commandsOf(c.path, c.was), commandsOf(c.path, c.is)
		for _, line := range is {
			if slices.Contains(before, line) {
				continue
			}
			j.weakerCommand(c, line, strings.Join(was, "\n"))
		}
		for _, line := range was {
			if path.Base(c.path) == "package.json" {
				continue // scripts that call each other come and go
			}
			if c.modified && lost > 0 && !slices.Contains(after, line) && !swallowed.MatchString(line) {
				lost--
				j.say(c, finding{rule: "ci", level: j.ciLevel(c, line), was: line, is: "", message: fmt.Sprintf("%s no longer runs %s.", check.ShowPath(c.path), quote(line))})
			}
		}
		j.emptied(c)
		j.tolerated(c)
	}
}

// ciLevel is the level of a command that is gone: a small edit takes it out on
// purpose, a large one may do its work elsewhere.
func (j *judgement) ciLevel(c config, line string) evidence.Level {
	if runner := running.FindString(line); slices.ContainsFunc(commandsOf(c.path, c.is), func(l string) bool { return running.FindString(l) == runner }) {
		return evidence.Locator // the same runner is started elsewhere in the file
	}
	a, b := strings.Count(c.was, "\n"), strings.Count(c.is, "\n")
	if a-b > 12 || b-a > 12 {
		return evidence.Locator
	}
	return evidence.Gate
}

func (j *judgement) weakerCommand(c config, line, was string) {
	if swallowed.MatchString(line) && len(swallowed.FindAllString(was, -1)) < len(swallowed.FindAllString(strings.Join(commandsOf(c.path, c.is), "\n"), -1)) && c.was != "" {
		j.say(c, finding{rule: "ci", level: evidence.Gate, was: was, is: line, message: fmt.Sprintf("Tests that fail are no failure any more: %s runs %s.", check.ShowPath(c.path), quote(line))})
		return
	}
	if strings.HasPrefix(line, "-") && strings.HasPrefix(strings.ToLower(path.Base(c.path)), "make") && strings.Contains(was, strings.TrimPrefix(line, "-")) {
		j.say(c, finding{rule: "ci", level: evidence.Gate, was: was, is: line, message: fmt.Sprintf("Tests that fail are no failure any more: %s runs %s.", check.ShowPath(c.path), quote(line))})
		return
	}
	if base := strings.ToLower(path.Base(c.path)); (base == "package.json" || strings.HasPrefix(base, "make")) && c.modified && goesOn.MatchString(line) && !goesOn.MatchString(was) && running.MatchString(strings.SplitN(line, ";", 2)[0]) {
		j.say(c, finding{rule: "ci", level: evidence.Gate, was: was, is: line, message: fmt.Sprintf("Tests that fail are no failure any more: %s goes on after them with %s.", check.ShowPath(c.path), quote(line))})
		return
	}
	if old := unchained(line, strings.Split(was, "\n")); old != "" && c.modified {
		j.say(c, finding{rule: "ci", level: evidence.Gate, was: old, is: line, message: fmt.Sprintf("Tests that fail are no failure any more: %s goes on after %s.", check.ShowPath(c.path), quote(line))})
		return
	}
	if old := listed(line, strings.Split(was, "\n")); old != "" && c.modified {
		j.say(c, finding{rule: "ci", level: evidence.Gate, was: old, is: line, message: fmt.Sprintf("%s runs some files of tests only: %s.", check.ShowPath(c.path), quote(line))})
		return
	}
	if old := deeper(line, strings.Split(was, "\n")); old != "" && c.modified {
		j.say(c, finding{rule: "ci", level: evidence.Gate, was: old, is: line, message: fmt.Sprintf("%s runs the tests of one part only now: %s.", check.ShowPath(c.path), quote(line))})
		return
	}
	flag := filtering.FindString(line)
	if flag == "" || !c.modified || strings.Contains(was, strings.TrimSpace(flag)) {
		return
	}
	plain := tight(filtering.ReplaceAllString(line, " "))
	for old := range strings.SplitSeq(was, "\n") {
		// The same command, now with a filter.
		if runner := running.FindString(old); runner != "" && running.FindString(line) == runner && (strings.HasPrefix(plain, tight(old)[:min(len(tight(old)), 12)]) || alike(old, line)) && !slices.Contains(commandsOf(c.path, c.is), old) {
			j.say(c, finding{rule: "ci", level: evidence.Gate, was: old, is: line, message: fmt.Sprintf("%s runs only some of the tests now: %s.", check.ShowPath(c.path), quote(line))})
			return
		}
	}
}

// emptied finds scripts and targets for tests that do nothing now.
func (j *judgement) emptied(c config) {
	if path.Base(c.path) == "package.json" {
		was, is := scriptMap(c.was), scriptMap(c.is)
		for _, name := range sorted(was) {
			now, kept := is[name]
			if name == "test" && kept && running.MatchString(was[name]) && !running.MatchString(now) && testless.MatchString(strings.TrimSpace(now)) {
				j.say(c, finding{rule: "ci", level: evidence.Gate, was: was[name], is: now, message: fmt.Sprintf("The script %s in %s runs no tests any more: %s.", quote(name), check.ShowPath(c.path), quote(now))})
			}
			if name == "test" && kept && now != was[name] && !running.MatchString(now) && dropsRunner(was[name], now) && !j.calls(is, now) {
				j.say(c, finding{rule: "ci", level: evidence.Gate, was: was[name], is: now, message: fmt.Sprintf("The script %s in %s no longer starts what ran the tests: %s.", quote(name), check.ShowPath(c.path), quote(now))})
			}
			if isTestScript(name) && kept && now != was[name] && nothing.MatchString(strings.TrimSpace(now)) && !nothing.MatchString(strings.TrimSpace(was[name])) {
				j.say(c, finding{rule: "ci", level: evidence.Gate, was: was[name], is: now, message: fmt.Sprintf("The script %s in %s cannot fail any more: %s.", quote(name), check.ShowPath(c.path), quote(now))})
			}
		}
	}
}

// dropsRunner reports whether a script is what it was without the part that
// ran the tests.
func dropsRunner(was, now string) bool {
	rest := map[string]bool{}
	for part := range strings.SplitSeq(was, "&&") {
		rest[tight(part)] = running.MatchString(part)
	}
	any := false
	for _, tests := range rest {
		any = any || tests
	}
	for part := range strings.SplitSeq(now, "&&") {
		if tests, had := rest[tight(part)]; !had || tests {
			return false
		}
	}
	return any
}

// calls reports whether a script starts another of the file that runs tests.
func (j *judgement) calls(scripts map[string]string, script string) bool {
	for name, other := range scripts {
		if running.MatchString(other) && (strings.Contains(script, "run "+name) || strings.Contains(script, "npm "+name) || strings.Contains(script, "yarn "+name) || strings.Contains(script, "pnpm "+name)) {
			return true
		}
	}
	return false
}

// unchained gives the command that a line was, when what follows the tests no
// longer waits for their success: "&&" has become ";" or "|".
func unchained(line string, was []string) string {
	for _, old := range was {
		if strings.Count(line, "&&") < strings.Count(old, "&&") && len(line) <= len(old) && tight(loose.ReplaceAllString(line, "&&")) == tight(loose.ReplaceAllString(old, "&&")) {
			return old
		}
	}
	return ""
}

var goesOn = check.Lazy(`;\s*\w`)

var loose = check.Lazy(`&&|\|\||;|&|\|`)

// listed gives the command that a line was, when a pattern of files in it has
// become some of the files that it stood for.
func listed(line string, was []string) string {
	is := strings.Fields(line)
	for _, old := range was {
		before := strings.Fields(old)
		for _, word := range before {
			folder, ok := folderOf(strings.Trim(word, `"'`))
			if !ok || slices.Contains(is, word) {
				continue
			}
			n, all := 0, false
			for _, w := range is {
				rest, below := strings.CutPrefix(strings.Trim(w, `"'`), folder)
				if !below || slices.Contains(before, w) {
					continue
				}
				n++
				all = all || rest == "" || rest[0] == '*' || rest[0] == '{'
			}
			if n > 0 && !all {
				return old
			}
		}
	}
	return ""
}

// folderOf gives the folder of a pattern of all its files: "test/" of
// "test/*.ts".
func folderOf(word string) (string, bool) {
	folder, _, ok := strings.Cut(word, "*")
	return folder, ok && strings.HasSuffix(folder, "/")
}

// deeper gives the command that a line was, when a folder of tests in it has
// become one below it.
func deeper(line string, was []string) string {
	is := strings.Fields(line)
	for _, old := range was {
		before := strings.Fields(old)
		if len(before) != len(is) {
			continue
		}
		n := 0
		for i := range is {
			if is[i] == before[i] {
				continue
			}
			n++
			from := strings.TrimSuffix(strings.TrimSuffix(strings.Trim(before[i], `"'`), "..."), "/")
			if from == "" || from == "." && strings.Contains(is[i], "...") || !strings.HasPrefix(strings.Trim(is[i], `"'`), from+"/") || strings.Contains(from, "=") {
				n = 2
			}
		}
		if n == 1 {
			return old
		}
	}
	return ""
}

// testless matches commands that check code without running tests.
var testless = check.Lazy(`^(npx )?(tsc|eslint|prettier|biome|standard|npm run (lint|build|typecheck|format)|yarn (lint|build)|pnpm (lint|build))\b[^&|;]*$`)

var nothing = check.Lazy(`^(exit 0|true|:|echo\b[^&|;]*|node -e ["']?(process\.exit\(0?\)|0|)["']?|)$`)

var tolerating = check.Lazy(`(?i)^\s*-?\s*(continue-on-error:\s*['"]?true|allow_failure:\s*true|continueOnError:\s*true|if:\s*['"]?(\$\{\{\s*)?false)`)

// tolerated finds steps with tests whose failure is let through.
func (j *judgement) tolerated(c config) {
	if !strings.HasSuffix(c.path, ".yml") && !strings.HasSuffix(c.path, ".yaml") || c.was == "" {
		return
	}
	had := map[string]int{}
	for line := range strings.SplitSeq(c.was, "\n") {
		had[strings.TrimSpace(line)]++
	}
	lines := strings.Split(c.is, "\n")
	for i, line := range lines {
		if !tolerating.MatchString(line) {
			continue
		}
		if had[strings.TrimSpace(line)]--; had[strings.TrimSpace(line)] >= 0 {
			continue
		}
		level := evidence.Context
		if slices.ContainsFunc(stepAround(lines, i), func(l string) bool {
			return running.MatchString(l) && !strings.HasPrefix(strings.TrimSpace(l), "#") && !entry.MatchString(strings.TrimSpace(l))
		}) {
			level = evidence.Gate
		}
		j.say(c, finding{rule: "ci", level: level, line: i + 1, is: strings.TrimSpace(line), message: fmt.Sprintf("A step of %s may fail and is no failure any more.", check.ShowPath(c.path))})
	}
}

// stepAround gives the lines of the step or job that a key of it stands in.
func stepAround(lines []string, at int) []string {
	depth, start := indent(lines[at]), at
	for start > 0 && (!strings.HasPrefix(strings.TrimSpace(lines[start]), "- ") || indent(lines[start]) > depth) && (indent(lines[start]) >= depth || strings.TrimSpace(lines[start]) == "") {
		start--
	}
	first := indent(lines[start])
	end := start + 1
	for end < len(lines) && (strings.TrimSpace(lines[end]) == "" || indent(lines[end]) > first) {
		end++
	}
	return lines[start:end]
}
