package rust

import (
	"context"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/plan"
)

// cargo runs the tests of one crate. A unit is what becomes one test program,
// and its ID the path of its first file; tests are named "tests::adds".
type cargo struct{}

// Run runs all tests of the crate. When some programs do not compile, Cargo
// runs none, so the others are run again without them.
func (t cargo) Run(ctx context.Context, x check.Exec, g suite.Group, o suite.Order) (suite.Report, string) {
	return suite.Several(o.Often(), func() (suite.Report, string) {
		unbuilt := map[string]string{}
		for {
			ran, why := t.once(ctx, x, g, o, unbuilt)
			if why != "" {
				return suite.Report{}, why
			}
			broken := notCompiled(ran.Output.Stderr, g)
			fresh := false
			for id := range broken {
				if _, known := unbuilt[id]; !known {
					unbuilt[id], fresh = check.Relative(suite.Bounded("", ran.Output.Stderr), o.Tree), true
				}
			}
			if !fresh {
				return readCargo(ran, g, o, unbuilt)
			}
			if len(unbuilt) == len(g.Units) {
				return withUnbuilt(suite.NewReport(), unbuilt), ""
			}
		}
	})
}

func (cargo) once(ctx context.Context, x check.Exec, g suite.Group, o suite.Order, without map[string]string) (check.Ran, string) {
	argv := []string{"cargo", "test", "--offline", "--no-fail-fast"}
	for _, u := range g.Units {
		options := target(suite.Below(u.Path, g.Dir))
		// Cargo takes --bins once, for all programs of a crate.
		if _, out := without[u.ID]; !out && (len(options) > 1 || !slices.Contains(argv, options[0])) {
			argv = append(argv, options...)
		}
	}
	c := check.Command(plan.Command{Argv: argv}, path.Join(o.Tree, g.Dir), append([]string{"CARGO_TERM_COLOR=never", "RUST_BACKTRACE=0"}, o.Env...))
	c.OutputCap, c.LimitMS = suite.MaxOutput, o.LimitMS
	ran := check.Do(ctx, x, c)
	switch {
	case ran.Why != "":
		return ran, ran.Why
	case ran.Output.Capped:
		return ran, "the tests print more than can be kept, so their report is incomplete"
	}
	return ran, ""
}

// target gives the options that pick a test program by its first file.
func target(p string) []string {
	name := strings.TrimSuffix(path.Base(p), ".rs")
	if dir := path.Dir(p); name == "main" && dir != "tests" {
		name = path.Base(dir)
	}
	switch {
	case p == "src/lib.rs":
		return []string{"--lib"}
	case strings.HasPrefix(p, "src/"):
		return []string{"--bins"}
	}
	return []string{"--test", name}
}

// notCompiled gives the units that Cargo says do not compile.
func notCompiled(stderr string, g suite.Group) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile("could not compile `[^`]+` \\(([^)]*)\\)").FindAllStringSubmatch(stderr, -1) {
		kind, name := m[1], ""
		if i := strings.IndexByte(kind, '"'); i >= 0 {
			name = strings.Trim(kind[i:strings.LastIndexByte(kind, '"')+1], `"`)
		}
		for _, u := range g.Units {
			p := suite.Below(u.Path, g.Dir)
			switch {
			case kind == "lib": // nothing can be linked with it
				out[u.ID] = true
			case kind == "lib test" && p == "src/lib.rs",
				strings.HasPrefix(kind, "bin ") && strings.HasPrefix(p, "src/") && p != "src/lib.rs",
				strings.HasPrefix(kind, "test ") && len(target(p)) == 2 && target(p)[1] == name:
				out[u.ID] = true
			}
		}
	}
	return out
}

func withUnbuilt(r suite.Report, unbuilt map[string]string) suite.Report {
	for id, text := range unbuilt {
		u := r.Unit(id)
		u.Unbuilt, u.Output = true, text
		u.Ended(suite.Fail)
	}
	return r
}

// Declared says nothing: macros make tests too.
func (cargo) Declared(fs.FS, suite.Unit) ([]suite.Declared, error) { return nil, nil }

// Typed is the command for one test, or for a test program.
func (cargo) Typed(g suite.Group, u suite.Unit, test string) plan.Command {
	argv := append([]string{"cargo", "test"}, target(suite.Below(u.Path, g.Dir))...)
	if test != "" {
		argv = append(argv, "--", "--exact", test)
	}
	return plan.Command{Argv: argv}
}

// MaySkip is never so: Rust's tests are ignored by a mark.
func (cargo) MaySkip(string) bool { return false }

// readCargo reads what the test programs print, one after another, by the
// order in which Cargo says that it runs them.
func readCargo(ran check.Ran, g suite.Group, o suite.Order, unbuilt map[string]string) (suite.Report, string) {
	r := suite.NewReport()
	sections := splitSections(ran.Output.Stdout)
	running := regexp.MustCompile(`(?m)^\s+Running (?:unittests )?(\S+\.rs) \(`).FindAllStringSubmatch(ran.Output.Stderr, -1)
	if len(running) == 0 {
		return r, "cargo test ran nothing: " + check.Clip(check.Relative(lastLines(ran.Output.Stderr), o.Tree), 500)
	}
	if len(sections) != len(running) {
		return r, "the report of cargo test could not be read: it names another number of test programs than it runs"
	}
	for i, m := range running {
		id := path.Join(g.Dir, m[1])
		for _, u := range g.Units {
			if u.ID == id {
				u := r.Unit(id)
				takeSection(u, sections[i])
				if u.End == "" && ran.Output.Code == 0 {
					u.EndCut()
				} else if u.End == "" {
					u.Ended(suite.Fail) // its program crashed
					u.Output = check.Relative(suite.Bounded(u.Output, ran.Output.Stderr), o.Tree)
				}
			}
		}
	}
	return withUnbuilt(r, unbuilt), ""
}

// splitSections gives the output of each test program, from its line
// "running N tests" on.
func splitSections(out string) []string {
	var sections []string
	begin := regexp.MustCompile(`^running \d+ tests?$`)
	for line := range strings.Lines(out) {
		if begin.MatchString(strings.TrimSpace(line)) {
			sections = append(sections, "")
		}
		if n := len(sections); n > 0 {
			sections[n-1] += line
		}
	}
	return sections
}

func takeSection(u *suite.UnitReport, text string) {
	test := regexp.MustCompile(`^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)`)
	block := regexp.MustCompile(`^---- (.+) stdout ----$`)
	var into *suite.TestReport
	over := false // the list of tests has ended, and texts of failures follow
	for line := range strings.Lines(text) {
		bare := strings.TrimRight(line, "\n")
		switch m := test.FindStringSubmatch(bare); {
		case m != nil && !over:
			u.Test(m[1]).Ended(map[string]suite.Outcome{"ok": suite.Pass, "FAILED": suite.Fail, "ignored": suite.Skip}[m[2]])
			continue
		case bare == "failures:":
			over, into = true, nil
			continue
		case strings.HasPrefix(bare, "test result: ok"):
			u.Ended(suite.Pass)
			continue
		case strings.HasPrefix(bare, "test result: FAILED"):
			u.Ended(suite.Fail)
			continue
		}
		if m := block.FindStringSubmatch(bare); m != nil && over {
			into = u.Tests[m[1]]
		} else if into != nil {
			into.Output = suite.Bounded(into.Output, line)
		}
	}
}

// Locate looks for the only function of that name in the unit's files.
func (cargo) Locate(tree fs.FS, u suite.Unit, name string) (string, int) {
	return suite.OnlyPlace(tree, u, `\bfn\s+`+regexp.QuoteMeta(name[strings.LastIndexByte(name, ':')+1:])+`\s*\(`)
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n")
}
