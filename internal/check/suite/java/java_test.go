package java

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/core/job"
)

func entriesOf(paths ...string) []change.Entry {
	var out []change.Entry
	for _, p := range paths {
		e := change.Entry{Path: strings.TrimSuffix(p, "@"), Mode: change.ModeFile}
		if strings.HasSuffix(p, "@") {
			e.Mode = change.ModeSymlink
		}
		out = append(out, e)
	}
	return out
}

// A project is one by a pom.xml of its own, and has tests below src/test.
func TestNamesOfFiles(t *testing.T) {
	for p, want := range map[string][3]bool{ // a project, a test, material
		"pom.xml": {true, false, false}, "core/pom.xml": {true, false, false}, "core/build.xml": {false, false, false},
		"testdata/pom.xml": {false, false, false}, "vendor/x/pom.xml": {false, false, false}, "core/src/it/pom.xml": {false, false, false}, "src/it/pom.xml": {false, false, false},
		"src/test/java/ATest.java": {false, true, true}, "core/src/test/java/ATest.java": {false, true, true}, "core/src/test/resources/a.txt": {false, false, true},
		"core/src/main/java/A.java": {false, false, false}, "mysrc/test/A.java": {false, false, false},
	} {
		if got := [3]bool{isPom(p), isTestJava(p), (java{}).Material(p)}; got != want {
			t.Errorf("%s: %v, want %v", p, got, want)
		}
	}
	for want, paths := range map[bool][]string{true: {"pom.xml", "src/test/java/ATest.java"}, false: {"pom.xml", "src/main/java/A.java"}} {
		if (java{}).Present(entriesOf(paths...)) != want || (java{}).Present(entriesOf(paths[1:]...)) {
			t.Errorf("%v", paths)
		}
	}
}

// plan gives the groups, the notes and what is steered of a plan, for short.
func planOf(t *testing.T, changed []string, files []change.File, paths ...string) (groups, notes, steered string) {
	t.Helper()
	p, err := java{}.Plan(t.Context(), suite.Input{Entries: entriesOf(paths...), Changed: changed, Change: change.Change{Files: files}})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, g := range p.Groups {
		text := g.Dir
		for _, u := range g.Units {
			if u.ID != u.Path {
				t.Errorf("unit %q in %q", u.ID, u.Path)
			}
			text += " [" + u.ID + ": " + strings.Join(u.Files, " ") + "]"
		}
		if g.Steered {
			steered += g.Dir
		}
		all = append(all, text)
	}
	return strings.Join(all, "; "), strings.Join(p.Notes, "; "), steered
}

func TestPlan(t *testing.T) {
	paths := []string{
		"one/core/pom.xml", "one/core/src/test/java/x/ATest.java", "one/core/src/test/java/x/BTest.java", "one/core/src/test/resources/a.txt", "one/pom.xml",
		"one/src/test/java/x/TopTest.java", "src/test/java/LooseTest.java", "two/linked/pom.xml@", "two/linked/src/test/java/LTest.java", "two/pom.xml", "two/src/test/java/Link.java@", "two/src/test/java/y/OTest.java",
	}
	const (
		one = "one [one/core: one/core/src/test/java/x/ATest.java one/core/src/test/java/x/BTest.java] [one: one/src/test/java/x/TopTest.java]"
		two = "two [two: two/linked/src/test/java/LTest.java two/src/test/java/y/OTest.java]"
	)
	left := func(dir string) string {
		return "the Java tests in " + dir + " were left out: the change touches nothing that they could load"
	}
	for _, tt := range []struct {
		name, changed, pom     string
		groups, notes, steered string
	}{
		{"one of two projects", "one/core/src/main/java/x/A.java", "", one, left("two"), ""},
		{"the other", "two/src/main/java/y/O.java", "", two, left("one"), ""},
		{"what says how it is built", "one/core/pom.xml", "one/core/pom.xml", one, left("two"), "one"},
		{"what says how the other is built", "one/core/src/main/java/x/A.java", "two/pom.xml", one, left("two"), ""},
		{"prose", "one/README.md", "", "", left("one") + "; " + left("two"), ""},
		{"another language", "one/tool.py", "", "", left("one") + "; " + left("two"), ""},
		{"a file around both", "LICENSE", "", "", left("one") + "; " + left("two"), ""},
	} {
		groups, notes, steered := planOf(t, []string{tt.changed}, []change.File{{Path: tt.pom, Status: change.Modified}}, paths...)
		if groups != tt.groups || notes != tt.notes || steered != tt.steered {
			t.Errorf("%s:\n%s\n%s\n%s", tt.name, groups, notes, steered)
		}
	}
	if groups, _, _ := planOf(t, []string{"a/src/main/java/A.java"}, nil, "a/pom.xml", "a/src/test/java/ATest.java", "pom.xml"); groups != ". [a: a/src/test/java/ATest.java]" {
		t.Errorf("a module of the project at the top: %s", groups)
	}
}

const surefire = `<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0" name="x.SumTest" time="0.06" tests="6" errors="1" skipped="1" failures="1">
  <testcase name="adds" classname="x.SumTest" time="0.02"><system-out><![CDATA[a text
]]></system-out></testcase>
  <testcase name="wrong" classname="x.SumTest" time="0.003"><failure message="one and two ==&gt; expected: &lt;4&gt; but was: &lt;3&gt;" type="org.opentest4j.AssertionFailedError"><![CDATA[org.opentest4j.AssertionFailedError: one and two
	at x.SumTest.wrong(SumTest.java:19)
]]></failure></testcase>
  <testcase name="off" classname="x.SumTest" time="0"><skipped message="later"/></testcase>
  <testcase name="zero(int)[1]" classname="x.SumTest" time="0.01"><failure message="first"/></testcase>
  <testcase name="zero(int)[2]" classname="x.SumTest" time="0.001"/>
  <testcase name="twice" classname="x.SumTest" time="0"><failure message="down"/></testcase>
  <testcase name="twice" classname="x.SumTest" time="0"/>
  <testcase name="back" classname="x.SumTest" time="0"/>
  <testcase name="back" classname="x.SumTest" time="0"><skipped/></testcase>
  <testcase name="deep" classname="x.SumTest$Inner" time="0.001"><error message="broken" type="java.lang.IllegalStateException">java.lang.IllegalStateException: broken</error></testcase>
</testsuite>
`

// set-up gives a report of a class whose set-up ended so.
func setUp(name, inner string) string {
	return `<testsuite name="x.SetUpTest"><testcase name="` + name + `" classname="x.SetUpTest" time="0">` + inner + `</testcase></testsuite>`
}

func treeOf(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for p, text := range files {
		out[p] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return out
}

func groupOf(ids ...string) suite.Group {
	g := suite.Group{Dir: "one", Needs: "fetch it", Tool: maven{}}
	for _, id := range ids {
		g.Units = append(g.Units, suite.Unit{ID: id, Path: id})
	}
	return g
}

func TestReportOfTests(t *testing.T) {
	tree := treeOf(map[string]string{
		"one/target/surefire-reports/TEST-x.SumTest.xml": surefire,
		"one/target/surefire-reports/x.SumTest.txt":      "no report",
		"one/target/surefire-reports/TEST-x.SumTest.txt": "no report",
		"one/target/surefire-reports/other.xml":          "no report",
	})
	tree["one/target/surefire-reports/TEST-link.xml"] = &fstest.MapFile{Data: []byte("no report"), Mode: fs.ModeSymlink}
	r, why := readMaven(tree, check.Ran{}, groupOf("one"), suite.Order{Tree: "/t"})
	if why != "" || len(r.Units) != 1 || r.Units["one"].End != suite.Fail || r.Units["one"].Unbuilt {
		t.Fatalf("%q %+v", why, r.Units["one"])
	}
	for name, want := range map[string]struct {
		end    suite.Outcome
		passed bool
		top    string
		output string
	}{
		"x.SumTest#adds":         {suite.Pass, true, "", "a text"},
		"x.SumTest#wrong":        {suite.Fail, false, "", "SumTest.java:19"},
		"x.SumTest#off":          {suite.Skip, false, "", "later"},
		"x.SumTest#zero(int)[1]": {suite.Fail, false, "x.SumTest#zero", "first"},
		"x.SumTest#zero(int)[2]": {suite.Pass, true, "x.SumTest#zero", ""},
		"x.SumTest#twice":        {suite.Fail, false, "", "down"},
		"x.SumTest#back":         {suite.Skip, false, "", ""},
		"x.SumTest$Inner#deep":   {suite.Fail, false, "", "broken"},
	} {
		got := r.Units["one"].Tests[name]
		if got == nil || got.End != want.end || got.Passed != want.passed || got.Top != want.top || !strings.Contains(got.Output, want.output) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if n := len(r.Units["one"].Tests); n != 8 {
		t.Errorf("%d tests", n)
	}
}

// A class that cannot be set up has no test of its name, and fails.
func TestSetUpOfClass(t *testing.T) {
	for _, tt := range []struct {
		name, inner string
		end         suite.Outcome
		output      string
	}{
		{"", `<error message="no set-up"/>`, suite.Fail, "no set-up"},
		{"x.SetUpTest", `<error message="no set-up"/>`, suite.Fail, "no set-up"},
		{"x.SetUpTest", `<skipped message="not here"/>`, suite.Skip, "not here"},
	} {
		tree := treeOf(map[string]string{"one/target/surefire-reports/TEST-a.xml": setUp(tt.name, tt.inner)})
		r, why := readMaven(tree, check.Ran{}, groupOf("one"), suite.Order{Tree: "/t"})
		if u := r.Units["one"]; why != "" || u == nil || u.End != tt.end || len(u.Tests) != 0 || !strings.Contains(u.Output, tt.output) {
			t.Errorf("%q %s: %q %+v", tt.name, tt.inner, why, u)
		}
	}
}

const (
	logOfCompiler = "[INFO] Compiling\n[ERROR] COMPILATION ERROR : \n[ERROR] /t/one/src/main/java/x/A.java:[3,5] cannot find symbol\n[INFO] 1 error\n"
	logOfCrash    = "[INFO] T E S T S\n[ERROR] The forked VM terminated without properly saying goodbye. VM crash or System.exit called?\n"
	logOfPlugin   = "[ERROR] Plugin x:y:1 or one of its dependencies could not be resolved\n"
)

// Without a report of a module, Maven's log says why, or nothing can be said.
func TestNoReport(t *testing.T) {
	one := map[string]string{"one/target/surefire-reports/TEST-a.xml": surefire}
	for _, tt := range []struct {
		name  string
		files map[string]string
		log   string
		code  int
		unit  *suite.UnitReport // of two; nil when there is none
		why   string
	}{
		{"no tests", one, "", 0, nil, ""},
		{"it does not compile", one, logOfCompiler, 1, &suite.UnitReport{End: suite.Fail, Unbuilt: true, Output: "src/main/java/x/A.java:3:5: cannot find symbol"}, ""},
		{"it ended from within", one, logOfCrash, 1, &suite.UnitReport{End: suite.Fail, Output: "The forked VM terminated"}, ""},
		{"it was not reached", one, logOfPlugin, 1, nil, "mvn did not come to the tests of two: Plugin x:y:1 or one of its dependencies could not be resolved\n; fetch it"},
		{"half a report", map[string]string{"one/target/surefire-reports/TEST-a.xml": "<testsuite>"}, "", 0, nil, "the reports in one/target/surefire-reports could not be read: XML syntax error"},
		{"a report beside a compiler's errors", map[string]string{"one/target/surefire-reports/TEST-a.xml": surefire, "two/target/surefire-reports/TEST-a.xml": surefire}, logOfCompiler, 1, &suite.UnitReport{End: suite.Fail}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, why := readMaven(treeOf(tt.files), check.Ran{Output: job.Output{Stdout: tt.log, Code: tt.code}}, groupOf("one", "two"), suite.Order{Tree: "/t"})
			if (why == "") != (tt.why == "") || !strings.HasPrefix(why, tt.why) {
				t.Fatalf("%q, want %q", why, tt.why)
			}
			got := r.Units["two"]
			if (got == nil) != (tt.unit == nil) {
				t.Fatalf("%+v", got)
			}
			if got != nil && (got.End != tt.unit.End || got.Unbuilt != tt.unit.Unbuilt || !strings.Contains(got.Output, tt.unit.Output) || strings.Contains(got.Output, "/t/")) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// sized is a folder whose files say to be of a size.
type sized struct {
	fstest.MapFS
	size int64
	err  error
}

func (s sized) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := s.MapFS.ReadDir(name)
	for i, e := range list {
		list[i] = sizedEntry{e, s}
	}
	return list, err
}

type sizedEntry struct {
	fs.DirEntry
	of sized
}

func (e sizedEntry) Info() (fs.FileInfo, error) {
	info, err := e.DirEntry.Info()
	return sizedInfo{info, e.of.size}, errors.Join(err, e.of.err)
}

type sizedInfo struct {
	fs.FileInfo
	size int64
}

func (i sizedInfo) Size() int64 { return i.size }

func TestReportsAreBounded(t *testing.T) {
	tree := treeOf(map[string]string{"one/target/surefire-reports/TEST-a.xml": surefire, "one/target/surefire-reports/TEST-b.xml": surefire})
	r := suite.NewReport()
	unit := suite.Unit{ID: "one", Path: "one"}
	for _, tt := range []struct {
		size int64
		err  error
		want string
	}{
		{suite.MaxOutput / 2, nil, ""}, {suite.MaxOutput/2 + 1, nil, fmt.Sprintf("they are larger than %d bytes", suite.MaxOutput)}, {1, fs.ErrNotExist, "file does not exist"},
	} {
		found, err := takeSurefire(&r, sized{tree, tt.size, tt.err}, unit)
		if tt.want == "" && (err != nil || !found) || tt.want != "" && (err == nil || err.Error() != tt.want) {
			t.Errorf("%d bytes: %v %v", tt.size, found, err)
		}
	}
	if found, err := takeSurefire(&r, tree, suite.Unit{ID: "two", Path: "two"}); found || err != nil {
		t.Errorf("no folder: %v %v", found, err)
	}
	if found, err := takeSurefire(&r, unreadable{tree}, unit); found || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("it cannot be read: %v %v", found, err)
	}
}

// unreadable is a folder whose files can be listed only.
type unreadable struct{ fstest.MapFS }

func (unreadable) ReadFile(string) ([]byte, error) { return nil, fs.ErrPermission }

func TestErrorsOfLog(t *testing.T) {
	if got := mavenErrors("[INFO] a\n[ERROR] /t/A.java:[3,15] b\nno [ERROR] c\n[ERROR] d"); got != "/t/A.java:3:15: b\nd" {
		t.Errorf("%q", got)
	}
	long := strings.Repeat("[ERROR] "+strings.Repeat("x", 1000)+"\n", 100)
	if n := len(mavenErrors(long)); n < suite.MaxText || n > suite.MaxText+1001 {
		t.Errorf("%d bytes", n)
	}
}

// A run takes old reports away, runs the whole project, and reads what it
// wrote; as often as it is asked for.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	reports := filepath.Join(dir, "one", "target", "surefire-reports")
	write := func(text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(reports, 0o700), os.WriteFile(filepath.Join(reports, "TEST-a.xml"), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	runs := 0
	x := checktest.ExecFunc(func(_ context.Context, c job.Command) (job.Output, error) {
		runs++
		if want := []string{"mvn", "-o", "-B", "-fae", "-Dmaven.test.failure.ignore=true", "-Dstyle.color=never", "test"}; !slices.Equal(c.Argv, want) || c.Dir != dir+"/one" || c.LimitMS != 7 || c.OutputCap != suite.MaxOutput || !slices.Contains(c.Env, "A=b") {
			t.Errorf("%+v", c)
		}
		if _, err := os.Stat(reports); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("old reports are there: %v", err)
		}
		write(surefire)
		return job.Output{}, nil
	})
	o := suite.Order{Tree: dir, LimitMS: 7, Env: []string{"A=b"}, Times: 2}
	r, why := maven{}.Run(t.Context(), x, groupOf("one"), o)
	if why != "" || runs != 2 || r.Units["one"].Tests["x.SumTest#adds"].Runs != 2 {
		t.Errorf("%d runs: %q %+v", runs, why, r)
	}
	broken := checktest.ExecFunc(func(context.Context, job.Command) (job.Output, error) {
		return job.Output{Code: 127, Stderr: "no mvn"}, nil
	})
	if r, why = (maven{}).Run(t.Context(), broken, groupOf("one"), o); !strings.Contains(why, "no mvn") || len(r.Units) != 0 {
		t.Errorf("%q %+v", why, r)
	}
	if _, why = (maven{}).Run(t.Context(), checktest.NoExec(t), groupOf("../one"), o); !strings.HasPrefix(why, "old reports could not be removed") {
		t.Errorf("%q", why)
	}
	o.Tree = filepath.Join(dir, "gone")
	if _, why = (maven{}).Run(t.Context(), checktest.NoExec(t), groupOf("one"), o); !strings.HasPrefix(why, "the folder of the tests could not be opened") {
		t.Errorf("%q", why)
	}
}

func TestLocate(t *testing.T) {
	tree := treeOf(map[string]string{
		"src/test/java/x/ATest.java":  "package x;\n\nclass ATest {\n  @Test void adds() {}\n  static class Inner {\n    @Test void deep() {}\n  }\n}\n",
		"src/test/java/x/BATest.java": "class BATest {\n  void adds() {}\n}\n",
	})
	u := suite.Unit{Files: []string{"src/test/java/x/BATest.java", "src/test/java/x/ATest.java"}}
	for name, line := range map[string]int{"x.ATest#adds": 4, "x.ATest$Inner#deep": 6, "x.ATest#gone": 0, "x.GoneTest#adds": 0, "ATest#adds": 4} {
		file, got := maven{}.Locate(tree, u, name)
		if got != line || (file == "") != (line == 0) || file != "" && file != "src/test/java/x/ATest.java" {
			t.Errorf("%s: %s:%d", name, file, got)
		}
	}
}

func TestTyped(t *testing.T) {
	for _, tt := range []struct{ unit, test, want string }{
		{"one", "", "mvn -o test"},
		{"one/core", "", "mvn -o test -pl core -am"},
		{"one/core", "x.ATest#adds", "mvn -o test -pl core -am -Dtest=x.ATest#adds -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false"},
	} {
		if got := strings.Join((maven{}).Typed(suite.Group{Dir: "one"}, suite.Unit{Path: tt.unit}, tt.test).Argv, " "); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
	for text, want := range map[string]bool{"assumeTrue(x);": true, "Assume.that(x)": true, "@EnabledOnOs(LINUX)": true, "@DisabledIf(\"x\")": true, "@Disabled": false, "@Test void a() {}": false} {
		if (maven{}).MaySkip(text) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}
