package accept

import (
	"encoding/json"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
)

// Limits of what is read of one output.
const (
	maxTests = 1000
	maxName  = 300 // bytes
)

// How test programs name what failed.
var (
	escapes        = check.Lazy(`\x1b\[[0-9;?]*[A-Za-z]`)
	tapExcused     = check.Lazy(`(?i)# (todo|skip)\b`)
	goFailed       = check.Lazy(`^\s*--- FAIL: (\S+) \(`)
	goPackage      = check.Lazy(`^(FAIL|ok  )\t(\S+)`)
	pytestFailed   = check.Lazy(`^(?:FAILED|ERROR) ([^\s:]+\.py)(?:::(.+?))?(?: - .*)?$`)
	unittestFailed = check.Lazy(`^(?:FAIL|ERROR): (\w+) \(([\w.]+)\)`)
	jsFile         = check.Lazy(`^\s*FAIL\s+(?:\|[^|]+\| |\S+ (?:\S+ )?)??(\S+\.[cm]?[jt]sx?)(?: \[ .* \]| > (.+?))?(?: \(?\d[\d.]* m?s\)?)?$`)
	jestFailed     = check.Lazy(`^\s*● (.+)$`)
	nodeFailed     = check.Lazy(`^\s*✖ (.+?) \(\d[\d.]*ms\)$`)
	tapFailed      = check.Lazy(`^\s*not ok \d+ (?:- )?(.+?)$`)
	mochaSums      = check.Lazy(`^\s+\d+ failing$`)
	mochaFailed    = check.Lazy(`^\s+\d+\) (.+)$`)
	cargoFailed    = check.Lazy(`^test (\S+)(?: - should panic)? \.\.\. FAILED$`)
	mavenFailed    = check.Lazy(`^\[ERROR\]\s+([\w.$]+)\.(\w+)(?::\d+|\s.*<<< (?:FAILURE|ERROR)!)`)
	rspecFailed    = check.Lazy(`^rspec (\./\S+?):\d+ # (.+)$`)
	phpunitFailed  = check.Lazy(`^\d+\) ([\w\\]+)::(\w+)`)
)

// redTests gives the tests that a command's output names as failed, in order;
// nil when it names none. It knows what test programs print for people: go
// test, pytest, unittest, jest, vitest, mocha, node, cargo, Maven, RSpec and
// PHPUnit, whoever started them. Of tests within tests only the innermost are
// given. A package or file that failed without a test of its own has an empty
// Name.
//
// An output is no proof: the code under test writes to it too. What is read
// here never makes a change pass; it tells one failure from another.
func redTests(output string) []evidence.Test {
	r := reading{}
	for line := range strings.Lines(output) {
		line = strings.TrimRight(escapes.ReplaceAllString(line, ""), " \t\r\n")
		if len(line) > 4*maxName && !strings.HasPrefix(line, "{") {
			continue
		}
		r.line(line)
		if len(r.found)+len(r.open) >= maxTests {
			break
		}
	}
	r.close("")
	out := innermost(r.found)
	slices.SortFunc(out, evidence.Test.Compare)
	return slices.CompactFunc(out, func(a, b evidence.Test) bool { return a == b })
}

// reading is what was read so far.
type reading struct {
	found   []evidence.Test
	open    []string // failed Go tests whose package is not named yet
	file    string   // that jest spoke of last
	pending bool     // mocha sums up from here on: what comes was said before
}

func (r *reading) add(in, name string) {
	if len(in) <= maxName && len(name) <= maxName {
		r.found = append(r.found, evidence.Test{In: in, Name: name})
	}
}

// close gives the open Go tests to a package.
func (r *reading) close(pkg string) {
	for _, name := range r.open {
		r.add(pkg, name)
	}
	r.open = nil
}

func (r *reading) line(line string) {
	for _, form := range []func(string) bool{r.golang, r.python, r.javascript, r.others} {
		if form(line) {
			return
		}
	}
}

// golang reads go test, with and without -json.
func (r *reading) golang(line string) bool {
	if strings.HasPrefix(line, `{"`) {
		var e struct{ Action, Package, Test string }
		if json.Unmarshal([]byte(line), &e) != nil || e.Package == "" {
			return false
		}
		if e.Action == "fail" && (e.Test != "" || !r.has(e.Package)) {
			r.add(e.Package, e.Test)
		}
		return true
	}
	if m := goFailed.FindStringSubmatch(line); m != nil {
		r.open = append(r.open, m[1])
		return true
	}
	if m := goPackage.FindStringSubmatch(line); m != nil {
		if m[1] == "FAIL" && len(r.open) == 0 { // as a whole
			r.add(m[2], "")
		}
		r.close(m[2])
		return true
	}
	return false
}

func (r *reading) has(in string) bool {
	return slices.ContainsFunc(r.found, func(t evidence.Test) bool { return t.In == in })
}

// python reads the summary of pytest, and unittest.
func (r *reading) python(line string) bool {
	if m := pytestFailed.FindStringSubmatch(line); m != nil {
		r.add(m[1], m[2])
		return true
	}
	if m := unittestFailed.FindStringSubmatch(line); m != nil {
		r.add(strings.TrimSuffix(m[2], "."+m[1]), m[1])
		return true
	}
	return false
}

// javascript reads vitest, jest, node and mocha.
func (r *reading) javascript(line string) bool {
	if m := jsFile.FindStringSubmatch(line); m != nil {
		if m[2] == "" {
			r.file = m[1]
			if strings.Contains(line, " [ ") {
				r.add(m[1], "") // vitest: the file did not load
			}
			return true
		}
		r.add(m[1], m[2])
		return true
	}
	if m := jestFailed.FindStringSubmatch(line); m != nil && r.file != "" && m[1] != "Console" {
		if m[1] == "Test suite failed to run" {
			m[1] = ""
		}
		r.add(r.file, m[1])
		return true
	}
	if m := nodeFailed.FindStringSubmatch(line); m != nil {
		r.add("", m[1])
		return true
	}
	if m := tapFailed.FindStringSubmatch(line); m != nil {
		if !tapExcused.MatchString(m[1]) {
			r.add("", m[1])
		}
		return true
	}
	if mochaSums.MatchString(line) {
		r.pending = true
		return true
	}
	if m := mochaFailed.FindStringSubmatch(line); m != nil && !r.pending {
		r.add("", m[1])
		return true
	}
	return false
}

// others reads cargo, Maven, RSpec and PHPUnit.
func (r *reading) others(line string) bool {
	if m := cargoFailed.FindStringSubmatch(line); m != nil {
		r.add("", m[1])
		return true
	}
	if m := mavenFailed.FindStringSubmatch(line); m != nil {
		r.add(m[1], m[2])
		return true
	}
	if m := rspecFailed.FindStringSubmatch(line); m != nil {
		r.add(m[1], m[2])
		return true
	}
	if m := phpunitFailed.FindStringSubmatch(line); m != nil {
		r.add(m[1], m[2])
		return true
	}
	return false
}

// innermost leaves out tests that hold others which failed: the former fail
// for the latter alone.
func innermost(all []evidence.Test) []evidence.Test {
	var out []evidence.Test
	for _, t := range all {
		holds := slices.ContainsFunc(all, func(o evidence.Test) bool {
			return o.In == t.In && (strings.HasPrefix(o.Name, t.Name+"/") || t.Name == "" && o.Name != "")
		})
		if !holds {
			out = append(out, t)
		}
	}
	return out
}
