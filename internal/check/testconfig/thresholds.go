package testconfig

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
)

var limits = check.Lazy(`(?i)["']?(fail[_-]under|cov-fail-under|branches|functions|lines|statements|target|threshold|min[_-]?coverage|minimum|covdata|coverage[_-]?threshold|check-coverage|autofail|high|low)["']?\s*[:= ]\s*["']?(-?\d+(?:\.\d+)?)`)

// thresholds judges numbers that say how much must be covered.
func (j *judgement) thresholds(c config) {
	if !strings.Contains(strings.ToLower(c.was), "cov") && !strings.Contains(c.was, "nyc") && !strings.Contains(c.was, "c8") && !strings.Contains(strings.ToLower(c.path), "cov") {
		return
	}
	if m := unchecked.FindString(c.is); m != "" && !unchecked.MatchString(c.was) && checked.MatchString(c.was) {
		j.say(c, finding{rule: "coverage", level: evidence.Gate, was: checked.FindString(c.was), is: m, message: fmt.Sprintf("%s no longer fails when too little is covered.", check.ShowPath(c.path))})
	}
	was, is := limitsOf(c.was), limitsOf(c.is)
	for key, values := range was {
		now := is[key]
		for i, v := range values {
			if i >= len(now) {
				if len(now) == 0 && key != "target" && key != "high" && key != "low" && key != "lines" {
					j.say(c, finding{rule: "coverage", level: evidence.Locator, was: fmt.Sprintf("%s %v", key, v), is: "", message: fmt.Sprintf("%s no longer asks for coverage (%s was %v).", check.ShowPath(c.path), key, v)})
				}
				break
			}
			lower := now[i] < v
			if strings.EqualFold(key, "threshold") { // how much coverage may drop
				lower = now[i] > v
			}
			if lower {
				j.say(c, finding{rule: "coverage", level: evidence.Gate, was: fmt.Sprintf("%s %v", key, v), is: fmt.Sprint(now[i]), message: fmt.Sprintf("%s asks for less coverage than before: %s was %v and is %v.", check.ShowPath(c.path), key, v, now[i])})
			}
		}
	}
}

var (
	checked   = check.Lazy(`["']?check-?[cC]overage["']?\s*[:=]\s*true`)
	unchecked = check.Lazy(`["']?check-?[cC]overage["']?\s*[:=]\s*false`)
)

func limitsOf(text string) map[string][]float64 {
	out := map[string][]float64{}
	for _, m := range limits.FindAllStringSubmatch(text, -1) {
		if v, err := strconv.ParseFloat(m[2], 64); err == nil {
			out[strings.ToLower(m[1])] = append(out[strings.ToLower(m[1])], v)
		}
	}
	return out
}

var excluding = check.Lazy(`(?i)^\s*["']?(addopts\b.*([\s"']-k\b|--ignore|--deselect|-m ["']?not)|testPathIgnorePatterns|modulePathIgnorePatterns|testIgnore|norecursedirs|collect_ignore|omit|coveragePathIgnorePatterns|exclude|--ignore|--deselect|python_files|python_functions|python_classes|testMatch|testRegex|passWithNoTests["']?\s*:\s*true|bail|skipTests|testFailureIgnore|allowOnly|forbidOnly|xfail_strict\s*=\s*false)`)

// ofMocha matches settings of mocha that leave tests out; elsewhere keys of these
// names say other things.
var ofMocha = check.Lazy(`(?i)^\s*["']?(ignore|grep|fgrep|invert)\b["']?\s*:|^\s*--(grep|fgrep|invert)\b`)

// listing matches settings that say where tests are, and what their names are.
var listing = check.Lazy(`(?i)^\s*["']?(testpaths|python_files|testDir|roots|testMatch|testRegex|include|spec)["']?\s*[:=]\s*(.*)$`)

var entries = check.Lazy(`[\w*./{}@^$\\|()?+-]+`)

// narrowed judges settings that say where tests are: entries that lie below
// those of the base, and patterns of names that no usual test has.
func (j *judgement) narrowed(c config) {
	if !isTestConfig(c.path) || !c.modified {
		return
	}
	was := map[string][]string{}
	for line := range strings.SplitSeq(c.was, "\n") {
		if m := listing.FindStringSubmatch(line); m != nil {
			was[strings.ToLower(m[1])] = entries.FindAllString(m[2], -1)
		}
	}
	for i, line := range strings.Split(c.is, "\n") {
		m := listing.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		key, now := strings.ToLower(m[1]), entries.FindAllString(m[2], -1)
		before, had := was[key]
		bad := key == "python_files" && len(now) > 0 && !strings.Contains(m[2], "test") && (!had || strings.Contains(strings.Join(before, " "), "test"))
		if had && len(now) > 0 && !slices.Equal(before, now) {
			bad = bad || below(now, before)
		}
		if bad {
			j.say(c, finding{rule: "narrowed", level: evidence.Gate, line: i + 1, was: strings.Join(before, " "), is: strings.TrimSpace(line), message: fmt.Sprintf("%s looks for tests in fewer places than before: %s.", check.ShowPath(c.path), quote(strings.TrimSpace(line)))})
		}
	}
}

// below reports whether every entry is one of the base's or lies below one
// that is gone.
func below(now, was []string) bool {
	deeper := false
	for _, n := range now {
		if slices.Contains(was, n) {
			continue
		}
		if !slices.ContainsFunc(was, func(w string) bool {
			root, _, _ := strings.Cut(w, "*")
			root = strings.TrimSuffix(root, "/")
			return root != "" && !slices.Contains(now, w) && strings.HasPrefix(n, root+"/") && len(n) > len(w)
		}) {
			return false
		}
		deeper = true
	}
	return deeper
}

// exclusions judges entries that keep tests, or code from being counted, out.
func (j *judgement) exclusions(c config) {
	if !isTestConfig(c.path) {
		return
	}
	had := map[string]bool{}
	for line := range strings.SplitSeq(c.was, "\n") {
		had[tight(line)] = true
	}
	inside, depth := "", 0
	mocha := strings.Contains(strings.ToLower(path.Base(c.path)), "mocha")
	for i, line := range strings.Split(c.is, "\n") {
		m := excluding.FindString(line)
		if m == "" && mocha {
			m = ofMocha.FindString(line)
		}
		if m != "" {
			inside, depth = strings.TrimSpace(m), indent(line)
		} else if strings.TrimSpace(line) != "" && indent(line) <= depth && !strings.HasPrefix(strings.TrimSpace(line), "]") {
			inside = ""
		}
		if inside == "" || had[tight(line)] || strings.Trim(tight(line), `[]{}(),"'`) == "" {
			continue
		}
		level := evidence.Locator
		if lower := strings.ToLower(inside); strings.HasPrefix(lower, "addopts") || strings.HasPrefix(strings.TrimLeft(lower, `"'`), "testpathignore") {
			level = evidence.Gate
			if strings.Contains(line, "node_modules") || strings.Contains(line, "dist") || strings.Contains(line, "build") || strings.Contains(line, "e2e") {
				level = evidence.Context
			}
		}
		if !aboutTests(inside, line) || strings.HasSuffix(strings.TrimSpace(line), "[") ||
			strings.Contains(strings.ToLower(inside), "coverage") && !j.touches(line) || strings.Contains(inside, "omit") && !j.touches(line) {
			level = evidence.Context
		}
		j.say(c, finding{rule: "excluded", level: level, line: i + 1, is: strings.TrimSpace(line), message: fmt.Sprintf("%s keeps more out of the tests or out of what they must cover: %s.", check.ShowPath(c.path), quote(strings.TrimSpace(line)))})
	}
}

// touches reports whether an entry names a file that the change touches.
func (j *judgement) touches(entry string) bool {
	for _, p := range j.subject.Change.Paths() {
		base, _, _ := strings.Cut(path.Base(p), ".")
		if len(base) > 2 && strings.Contains(entry, base) {
			return true
		}
	}
	return false
}

// aboutTests reports whether an entry leaves out tests, and not what a linter
// or a package looks at.
func aboutTests(inside, line string) bool {
	lower := strings.ToLower(strings.TrimLeft(inside, `"' `))
	if strings.HasPrefix(lower, "exclude") {
		return strings.Contains(line, "test") || strings.Contains(line, "spec")
	}
	return !strings.HasPrefix(lower, "norecursedirs") && !strings.HasPrefix(lower, "bail") && !strings.HasPrefix(lower, "testmatch") && !strings.HasPrefix(lower, "testregex") && !strings.HasPrefix(lower, "python_")
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

func isTestConfig(p string) bool {
	base := strings.ToLower(path.Base(p))
	for _, part := range []string{"jest", "vitest", "vite.", "pytest", "tox.", "setup.cfg", "pyproject", "coveragerc", "mocha", "nyc", "c8", "ava.config", "taprc", "bunfig", "nextest", "wdio", "package.json", "karma", "playwright", "cypress", "pom.xml", "gradle", "codecov"} {
		if strings.Contains(base, part) {
			return true
		}
	}
	return false
}

var strict = check.Lazy(`"?(strict|noImplicitAny|strictNullChecks|strictFunctionTypes|noUnusedLocals|noUnusedParameters|noImplicitReturns|strictPropertyInitialization|noUncheckedIndexedAccess|noFallthroughCasesInSwitch|disallow_untyped_defs|check_untyped_defs|warn_return_any|strict_optional)"?\s*[:=]\s*(true|false|True|False)`)

var outcomeIgnored = check.Lazy(`^\s*(ignore_outcome|ignore_errors)\s*=\s*[Tt]rue|^\s*\[?"-",\s*"?(pytest|python|coverage|unittest)|^\s*(commands\s*=\s*)?-\s*(\{envpython\}|python3?|pytest|coverage)\b`)

var warningsAreErrors = check.Lazy(`(?i)^\s*(filterwarnings\s*=\s*)?\[?\s*["']?error["']?,?\s*\]?\s*$|^\s*filterwarnings\s*=.*\berror\b`)

// letThrough judges settings of pytest and tox by which failures, or warnings
// that were failures, are none any more.
func (j *judgement) letThrough(c config) {
	switch strings.ToLower(path.Base(c.path)) {
	case "tox.ini", "pyproject.toml", "setup.cfg", "pytest.ini", ".pytest.ini", "tox.toml", "pytest.toml", ".pytest.toml":
	default:
		return
	}
	had := map[string]bool{}
	errors := 0
	for line := range strings.SplitSeq(c.was, "\n") {
		had[tight(line)] = true
		if warningsAreErrors.MatchString(line) {
			errors++
		}
	}
	for i, line := range strings.Split(c.is, "\n") {
		if warningsAreErrors.MatchString(line) {
			errors--
		}
		if outcomeIgnored.MatchString(line) && !had[tight(line)] {
			j.say(c, finding{rule: "ci", level: evidence.Gate, line: i + 1, is: strings.TrimSpace(line), message: fmt.Sprintf("Tests that fail are no failure any more: %s says %s.", check.ShowPath(c.path), quote(strings.TrimSpace(line)))})
		}
	}
	if errors > 0 && strings.Contains(c.was, "filterwarnings") {
		j.say(c, finding{rule: "warnings", level: evidence.Locator, was: "error", message: fmt.Sprintf("Warnings are no failures of tests any more: %s no longer makes them errors.", check.ShowPath(c.path))})
	}
}

// strictness judges switches of type checkers that were on and are off.
func (j *judgement) strictness(c config) {
	base := strings.ToLower(path.Base(c.path))
	if !strings.HasPrefix(base, "tsconfig") && !strings.Contains(base, "mypy") && base != "pyproject.toml" && base != "setup.cfg" {
		return
	}
	was, is := switches(c.was), switches(c.is)
	for _, name := range sorted(was) {
		if now, kept := is[name]; was[name] == "true" && (kept && now == "false" || !kept && name == "strict" && strings.HasPrefix(base, "tsconfig")) {
			j.say(c, finding{rule: "strictness", level: evidence.Locator, was: name + " true", is: name, message: fmt.Sprintf("%s is less strict than before: %s was on and is off.", check.ShowPath(c.path), name)})
		}
	}
}

func switches(text string) map[string]string {
	out := map[string]string{}
	for _, m := range strict.FindAllStringSubmatch(text, -1) {
		out[m[1]] = strings.ToLower(m[2])
	}
	return out
}
