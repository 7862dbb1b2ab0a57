package suite_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/job"
	"muster/internal/core/plan"
)

// A test that ran several times has passed, failed, or both.
func TestEnded(t *testing.T) {
	r := suite.NewReport()
	x := r.Unit("u").Test("T")
	for _, o := range []suite.Outcome{suite.Fail, suite.Skip, suite.Pass, suite.Fail, suite.Fail} {
		x.Ended(o)
	}
	if x.End != suite.Fail || !x.Passed || !x.Failed || x.Runs != 4 || x.Reds != 3 || r.Unit("u").Test("T") != x {
		t.Errorf("%+v", x)
	}
	only := r.Unit("u").Test("Only")
	if only.Ended(suite.Skip); only.Passed || only.Failed || only.Runs != 0 {
		t.Errorf("%+v", only)
	}
	u := r.Unit("v")
	if u.Ended(suite.Fail); u.Passed {
		t.Error("it failed, and passed")
	}
	if u.EndCut(); !u.Cut || !u.Passed || u.End != suite.Pass {
		t.Errorf("%+v", u)
	}
}

func unit(tests ...string) *suite.UnitReport {
	r := suite.NewReport()
	u := r.Unit("u")
	for _, text := range tests {
		name, end, _ := strings.Cut(text, " ")
		x := u.Test(name)
		if parent, _, nested := strings.Cut(name, "/"); nested {
			x.Parent = parent
		}
		if end != "" {
			x.Ended(suite.Outcome(end))
		}
	}
	return u
}

func TestSettle(t *testing.T) {
	for _, tt := range []struct {
		tests   []string
		unbuilt bool
		ended   suite.Outcome
		want    suite.Outcome
	}{
		{nil, false, "", suite.Skip}, {[]string{"A skip"}, false, "", suite.Skip}, {[]string{"A pass", "B skip"}, false, "", suite.Pass}, {[]string{"A pass", "B fail"}, false, "", suite.Fail}, {[]string{"A pass"}, true, "", suite.Fail}, {[]string{"A fail"}, false, suite.Pass, suite.Pass},
	} {
		u := unit(tt.tests...)
		u.Unbuilt, u.End = tt.unbuilt, tt.ended
		r := suite.Report{Units: map[string]*suite.UnitReport{"u": u}}
		if r.Settle(); u.End != tt.want {
			t.Errorf("%v: %s", tt, u.End)
		}
	}
}

func TestNamesInReports(t *testing.T) {
	u := unit("A fail", "A/x fail", "B fail", "C pass", "D skip", "E")
	if got := u.Failures(); !slices.Equal(got, []string{"A/x", "B"}) {
		t.Errorf("%q", got)
	}
	if got := u.Ran(suite.Pass, suite.Skip); !slices.Equal(got, []string{"C", "D"}) {
		t.Errorf("%q", got)
	}
	var none *suite.UnitReport
	if none.Ran(suite.Pass) != nil || none.EndOf("A", nil) != "" {
		t.Error("no report says something")
	}
	u.Tests["A/x"].Top = "Top"
	for name, want := range map[string]string{"A/x": "Top", "A": "A", "Z": "Z"} {
		if got := u.TopOf(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	// A test that did not end ended as the one around it did.
	other := unit("C/new pass", "Z/new pass", "E pass")
	u.Test("A/begun").Parent = "A"
	for name, want := range map[string]suite.Outcome{"A/x": suite.Fail, "A/begun": suite.Fail, "C/new": suite.Pass, "Z/new": "", "E": "", "Q": "", "": ""} {
		if got := u.EndOf(name, other); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := u.EndOf("C/new", nil); got != "" {
		t.Errorf("%q", got)
	}
	if a, b, c := u.Fresh("New"), u.Fresh("A"), u.Fresh("B"); a != "New" || b != "A (2)" || c != "B (2)" {
		t.Errorf("%s, %s, %s", a, b, c)
	}
	u.Test("A (2)")
	if got := u.Fresh("A"); got != "A (3)" {
		t.Error(got)
	}
	for word, want := range map[string]suite.Outcome{"pass": suite.Pass, "fail": suite.Fail, "skip": suite.Skip, "output": "", "": ""} {
		if got := suite.Ending(word); got != want {
			t.Errorf("%s: %q", word, got)
		}
	}
}

// What ran several times is one report.
func TestSeveral(t *testing.T) {
	first, second := unit("A pass", "B fail", "C pass"), unit("A fail", "B pass")
	first.Ended(suite.Pass)
	second.Ended(suite.Fail)
	runs := []suite.Report{{Units: map[string]*suite.UnitReport{"u": first}, Noise: "one"}, {Units: map[string]*suite.UnitReport{"u": second, "v": unit("D pass")}, Noise: "two"}}
	next := func() (suite.Report, string) {
		if len(runs) == 0 {
			return suite.Report{}, "no more"
		}
		r := runs[0]
		runs = runs[1:]
		return r, ""
	}
	r, why := suite.Several(2, next)
	u := r.Units["u"]
	if why != "" || r.Noise != "two" || r.Units["v"] == nil || u.End != suite.Fail || !u.Passed || len(u.Tests) != 3 || u.Tests["C"].Runs != 1 {
		t.Fatalf("%q %+v", why, u)
	}
	for name, end := range map[string]suite.Outcome{"A": suite.Fail, "B": suite.Pass} {
		if x := u.Tests[name]; x.End != end || x.Runs != 2 || x.Reds != 1 || !x.Passed || !x.Failed {
			t.Errorf("%s: %+v", name, x)
		}
	}
	runs = []suite.Report{{Units: map[string]*suite.UnitReport{}}}
	if _, why := suite.Several(3, next); why != "no more" {
		t.Errorf("%q", why)
	}
	calls := 0
	if _, why := suite.Several(3, func() (suite.Report, string) { calls++; return suite.Report{}, "broken" }); why != "broken" || calls != 1 {
		t.Errorf("%q after %d", why, calls)
	}
}

func TestBounded(t *testing.T) {
	most := strings.Repeat("x", suite.MaxText)
	for _, tt := range []struct{ text, more, want string }{{"a", "b", "ab"}, {most, "b", most}, {most[1:], "bc", most[1:] + "b"}, {most[1:], "b", most[1:] + "b"}, {"", most + "y", most}} {
		if got := suite.Bounded(tt.text, tt.more); got != tt.want {
			t.Errorf("%d and %d bytes give %d", len(tt.text), len(tt.more), len(got))
		}
	}
}

func TestOutcomeOfCase(t *testing.T) {
	for text, want := range map[string][2]string{
		`<testcase><system-out>out</system-out></testcase>`:                                                  {"pass", "out"},
		`<testcase><failure message="first">text</failure><error message="second"/></testcase>`:              {"fail", "text\nsecond\n"},
		`<testcase><failure message="first"> </failure><skipped message="no"/></testcase>`:                   {"fail", "first\n"},
		`<testcase><skipped message="no"/><skipped message="other"/><system-out>out</system-out></testcase>`: {"skip", "no\n"},
	} {
		var c suite.JUnitCase
		if err := xml.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		if o, said := c.Outcome(); string(o) != want[0] || said != want[1] {
			t.Errorf("%s: %s %q", text, o, said)
		}
	}
}

// A tool that writes its report leaves it in the tree, or ends without one.
func TestWritten(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(at string) error
		out   job.Output
		text  string
		why   string
	}{
		{"a report", func(at string) error { return os.WriteFile(at, []byte("said\xff"), 0o600) }, job.Output{Code: 1}, "said\uFFFD", ""},
		{"none", func(string) error { return nil }, job.Output{}, "", ""},
		{"a folder", func(at string) error { return os.Mkdir(at, 0o700) }, job.Output{}, "", "the report is no file"},
		{"a link", func(at string) error { return os.Symlink("/etc/passwd", at) }, job.Output{}, "", "the report is no file"},
		{"one that is too large", func(at string) error {
			return errors.Join(os.WriteFile(at, nil, 0o600), os.Truncate(at, suite.MaxOutput+1))
		}, job.Output{}, "", "the report is larger than can be read"},
		{"it did not run", func(at string) error { return os.WriteFile(at, []byte("said"), 0o600) }, job.Output{Code: 127, Stderr: "no tool"}, "", "no tool"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			at := filepath.Join(dir, suite.ReportName)
			if err := os.WriteFile(at, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
				if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) || c.LimitMS != 7 {
					t.Errorf("%v, limit %d", err, c.LimitMS)
				}
				return tt.out, tt.leave(at)
			})
			ran, text, why := suite.Written(t.Context(), x, job.Command{Argv: []string{"tool"}}, suite.Order{Tree: dir, LimitMS: 7})
			if text != tt.text || !strings.Contains(why, tt.why) || (why == "") != (tt.why == "") || ran.Output.Code != tt.out.Code {
				t.Errorf("%q %q %+v", text, why, ran)
			}
		})
	}
	if _, _, why := suite.Written(t.Context(), checktest.NoExec(t), job.Command{}, suite.Order{Tree: filepath.Join(t.TempDir(), "gone")}); !strings.HasPrefix(why, "the folder of the tests could not be opened") {
		t.Errorf("%q", why)
	}
}

// A tool without a report that ends with success was ended from within.
func TestUnreported(t *testing.T) {
	o := suite.Order{Tree: "/t", Units: []suite.Unit{{ID: "u"}, {ID: "v"}}}
	r, why := suite.Unreported(check.Ran{Output: job.Output{Stdout: "bye\n"}}, o, "tool")
	if u := r.Units["v"]; why != "" || len(r.Units) != 2 || !u.Cut || u.End != suite.Pass || u.Output != "bye" {
		t.Errorf("%q %+v", why, r.Units)
	}
	if r, why := suite.Unreported(check.Ran{Output: job.Output{Code: 2, Stderr: "bad\n"}}, o, "tool"); why != "tool gave no report: bad" || len(r.Units) != 0 {
		t.Errorf("%q %+v", why, r.Units)
	}
}

func TestPathsOf(t *testing.T) {
	real, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	p := suite.PathsOf(link)
	for name, want := range map[string]string{
		"a.js": "sub/a.js", "../a.js": "a.js", "../../a.js": "", link + "/a.js": "a.js", real + "/x/../a.js": "a.js", "file://" + real + "/a.js": "a.js", real + "x/a.js": "", "/other/a.js": "", real + "/../a.js": "",
	} {
		if got, ok := p.Of(name, "sub"); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s %v", name, got, ok)
		}
	}
	if got, ok := suite.PathsOf(filepath.Join(real, "gone")).Of(filepath.Join(real, "gone", "a"), "."); !ok || got != "a" {
		t.Errorf("%s %v", got, ok)
	}
}

// declares is a tool that says which tests there are, and where.
type declares struct {
	suite.Tool
	list  []suite.Declared
	err   error
	place suite.Declared
	skips string // the text of a file whose tests may skip themselves
}

func (d declares) Declared(fs.FS, suite.Unit) ([]suite.Declared, error) { return d.list, d.err }

func (d declares) Locate(fs.FS, suite.Unit, string) (string, int) { return d.place.File, d.place.Line }

func (d declares) MaySkip(text string) bool { return text == d.skips }

func (d declares) Typed(suite.Group, suite.Unit, string) plan.Command { return plan.Command{} }

// Where a test stands is known by its declaration, a report, or the text.
func TestPlace(t *testing.T) {
	r := unit("T pass", "T/x pass", "T/y pass", "Other pass")
	for name, line := range map[string]int{"T/x": 9, "T/y": 7, "Other": 2} {
		r.Tests[name].File, r.Tests[name].Line, r.Tests[name].Top = "r.x", line, strings.TrimSuffix(strings.TrimSuffix(name, "/x"), "/y")
	}
	for _, tt := range []struct {
		name string
		tool declares
		test string
		want suite.Declared
	}{
		{"declared", declares{list: []suite.Declared{{Name: "A", Line: 1}, {Name: "T", File: "d.x", Line: 4}}}, "T", suite.Declared{Name: "T", File: "d.x", Line: 4}},
		{"declared, as it seems", declares{list: []suite.Declared{{Name: "T", File: "d.x", Line: 4}}, err: fs.ErrInvalid}, "T", suite.Declared{Name: "T", File: "r.x", Line: 7}},
		{"reported", declares{place: suite.Declared{File: "t.x", Line: 5}}, "T", suite.Declared{Name: "T", File: "r.x", Line: 7}},
		{"in the text", declares{place: suite.Declared{File: "t.x", Line: 5}}, "U", suite.Declared{Name: "U", File: "t.x", Line: 5}},
		{"nowhere", declares{}, "U", suite.Declared{}},
	} {
		got, ok := suite.Place(t.TempDir(), suite.Group{Tool: tt.tool}, suite.Unit{}, tt.test, r)
		if ok != (tt.want.Line > 0) || ok && got != tt.want {
			t.Errorf("%s: %+v %v", tt.name, got, ok)
		}
	}
	if _, ok := suite.Place(filepath.Join(t.TempDir(), "gone"), suite.Group{Tool: declares{}}, suite.Unit{}, "U", r); ok {
		t.Error("a folder that is not there holds a test")
	}
}

// A skipped test is worth a look where the code may have to do with it.
func TestSkipped(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.x"), []byte("if slow"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := unit("A skip", "A/x skip", "B pass")
	for _, tt := range []struct {
		name, skips string
		files       []string
		report      *suite.UnitReport
		want        []string
	}{
		{"always", "", nil, r, []string{"A"}}, {"by the text", "if slow", []string{"gone.x", "a.x"}, r, []string{"A"}}, {"not by the text", "other", []string{"a.x"}, r, nil}, {"none is skipped", "", nil, unit("B pass"), nil},
	} {
		got, err := suite.Skipped(dir, suite.Group{Tool: declares{skips: tt.skips}}, suite.Unit{Files: tt.files}, tt.report)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q %v", tt.name, got, err)
		}
	}
	if got, err := suite.Skipped(filepath.Join(dir, "gone"), suite.Group{Tool: declares{skips: "x"}}, suite.Unit{}, r); err == nil || got != nil {
		t.Errorf("%q %v", got, err)
	}
}
