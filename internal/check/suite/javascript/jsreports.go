package javascript

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check/suite"
)

// mochaReport is what mocha's reporter json writes.
type mochaReport struct {
	Tests    []mochaTest
	Pending  []mochaTest
	Failures []mochaTest
}

type mochaTest struct {
	Title string
	Full  string `json:"fullTitle"`
	File  string
	Err   struct{ Stack, Message string }
}

func (t mochaTest) name() string {
	if around := strings.TrimSuffix(t.Full, t.Title); around != t.Full && strings.TrimSpace(around) != "" {
		return strings.TrimSpace(around) + " > " + t.Title
	}
	return t.Full
}

// readMocha reads a report of mocha. A hook that fails is no test: its file
// fails as a whole.
func readMocha(text string, o suite.Order, dir string) (suite.Report, error) {
	var all mochaReport
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&all); err != nil {
		return suite.Report{}, err
	}
	r, known := suite.NewReport(), suite.PathsOf(o.Tree)
	bad := func(list []mochaTest, t mochaTest) int {
		return slices.IndexFunc(list, func(f mochaTest) bool { return f.Full == t.Full && f.File == t.File })
	}
	for _, m := range all.Tests {
		id, ok := known.Of(m.File, dir)
		if !ok {
			continue
		}
		u := r.Unit(id)
		t := u.Test(u.Fresh(m.name()))
		switch i := bad(all.Failures, m); {
		case i >= 0:
			t.Ended(suite.Fail)
			t.Output = suite.Bounded("", all.Failures[i].Err.Stack)
		case bad(all.Pending, m) >= 0:
			t.Ended(suite.Skip)
		default:
			t.Ended(suite.Pass)
		}
	}
	hook := regexp.MustCompile(`^"(before|after) (all|each)" hook`)
	for _, f := range all.Failures {
		if id, ok := known.Of(f.File, dir); ok && hook.MatchString(f.Title) {
			u := r.Unit(id)
			u.Output = suite.Bounded(u.Output, f.Full+"\n"+f.Err.Stack+"\n")
			u.Ended(suite.Fail)
		}
	}
	return r, nil
}

// nodeLine is one event of nodeReporter.
type nodeLine struct {
	Type, Name, File, Error, Message string
	Nesting, Line                    int
	Skip, Todo, Suite                bool
}

// readNode reads the events of "node --test". A file comes as a test itself
// when it held none, or did not load.
func readNode(text string, o suite.Order, dir string) suite.Report {
	r, known := suite.NewReport(), suite.PathsOf(o.Tree)
	around := map[string][]string{} // the names of the tests that began, by file
	for line := range strings.Lines(text) {
		var l nodeLine
		if json.Unmarshal([]byte(line), &l) != nil || l.Nesting < 0 || l.Nesting > 100 {
			continue
		}
		id, ok := known.Of(l.File, dir)
		if !ok {
			continue
		}
		u := r.Unit(id)
		if self, ok := known.Of(l.Name, dir); ok && self == id && l.Nesting == 0 {
			takeNodeFile(u, l)
			continue
		}
		switch l.Type {
		case "test:stderr":
			u.Output = suite.Bounded(u.Output, l.Message)
		case "test:start":
			names := around[id]
			around[id] = append(names[:min(l.Nesting, len(names))], l.Name)
		case "test:pass", "test:fail":
			takeNode(u, l, id, around[id])
		}
	}
	for _, unit := range o.Units {
		u := r.Units[unit.ID]
		if u == nil || len(u.Tests) > 0 || u.End == "" {
			continue
		}
		switch script := isScript(o.Tree, unit.ID); {
		case u.End == suite.Fail && (notLoaded(u.Output) || !script):
			u.Unbuilt = true
		case script: // a file without tests is one itself
			u.Test("the file").Ended(u.End)
			u.Tests["the file"].Output = u.Output
		case u.End == suite.Pass:
			u.Cut = true
		}
	}
	return r
}

func takeNodeFile(u *suite.UnitReport, l nodeLine) {
	switch l.Type {
	case "test:pass":
		u.Ended(suite.Pass)
	case "test:fail":
		u.Ended(suite.Fail)
		u.Output = suite.Bounded(u.Output, l.Error)
	}
}

func takeNode(u *suite.UnitReport, l nodeLine, id string, names []string) {
	above := names[:min(l.Nesting, len(names))]
	parent := strings.Join(above, " > ")
	name := l.Name
	if parent != "" {
		name = parent + " > " + l.Name
	}
	t := u.Test(u.Fresh(name))
	t.Parent, t.File, t.Line, t.Output = parent, id, l.Line, suite.Bounded("", l.Error)
	switch {
	case l.Skip || l.Todo:
		t.Ended(suite.Skip)
	case l.Type == "test:pass":
		t.Ended(suite.Pass)
	default:
		t.Ended(suite.Fail)
	}
}

// isScript reports whether a file of tests uses no test runner: then it is a
// program that fails or does not.
func isScript(tree, p string) bool {
	script := false
	_ = suite.InRoot(tree, func(fsys fs.FS) error { // without the file it is none
		text, ok := suite.ReadText(fsys, p)
		script = ok && !strings.Contains(text, "node:test") && !regexp.MustCompile(`['"]test['"]`).MatchString(text)
		return nil
	})
	return script
}
