// Package suite finds and runs the tests of a repository, whatever language
// they are written in, and says of each test how it ended.
//
// A Language looks at a tree and plans: which groups of units hold tests that
// a change can affect, and which Tool runs each group. A unit is what loads as
// one (a Go package, a file of Python or JavaScript tests, a module of Maven,
// a crate); a group is what one command runs. A Tool gives a Report, read from
// what the test program writes for machines. Nothing here judges.
//
// Nothing is ever installed or fetched. Code under test shares a process with
// its tests in every language, so code that is written to deceive the test
// program itself can do so.
package suite

import (
	"context"
	"io/fs"
	"slices"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// Language knows how the tests of one language are laid out and run.
type Language interface {
	// Name is the language as people write it.
	Name() string

	// Present reports whether a tree can hold anything that Plan would find.
	Present(entries []change.Entry) bool

	// Material reports whether a path is test material: tests, what they
	// read, and files that do nothing but say how tests are run.
	Material(p string) bool

	// Plan says what is to be run. Whatever it leaves out is in the plan.
	Plan(ctx context.Context, in Input) (Plan, error)
}

// Input is what a plan is made for: the tests of one tree on the code of
// another.
type Input struct {
	Code    string // absolute folder: the code, with the tests already laid over it
	Tests   string // absolute folder: the tree that the tests come from
	Trusted string // absolute folder: the base, whose commands may be run
	Entries []change.Entry
	Change  change.Change
	Changed []string // paths whose effect is looked for
	Exec    check.Exec
	Env     []string
}

// Plan is what is to be run.
type Plan struct {
	Groups   []Group
	Findings []Noted  // what can be seen without running
	Broken   []string // what should run and cannot, and why
	Notes    []string // what is left out, and why
}

// Noted is a finding and the text that it is told apart by.
type Noted struct {
	evidence.Finding
	Anchor string
}

// Group is what one command runs.
type Group struct {
	Dir     string // where it runs, slash separated, relative to the tree, "." for its root
	Units   []Unit
	Tool    Tool
	Steered bool     // the change touches what says which tests run, and is not laid over
	Steps   []string // what a reproduction does before it runs, in the top folder of a checkout
	Needs   string   // what a person does when nothing of it loads; empty when the check build speaks for it
}

// Unit is what loads, or compiles, as one.
type Unit struct {
	ID    string   // as reports name it
	Path  string   // its file or folder, slash separated, relative to the tree
	Files []string // its test files, relative to the tree; nil when they are not known
}

// Tool runs the tests of a group.
type Tool interface {
	// Run runs tests. Why says why there is no report. A report may lack
	// units that the tool left out.
	Run(ctx context.Context, x check.Exec, g Group, o Order) (r Report, why string)

	// Declared gives the tests that a unit must report on when it loads, with
	// their places. None means that this cannot be said.
	Declared(tree fs.FS, u Unit) ([]Declared, error)

	// Locate gives the place of a test by the text of the unit's files, for
	// reports that do not say it; no file when it is not found.
	Locate(tree fs.FS, u Unit, name string) (file string, line int)

	// Typed is the command that a person types in the group's folder.
	Typed(g Group, u Unit, test string) plan.Command

	// MaySkip reports whether tests in a file of that text can skip
	// themselves depending on the code.
	MaySkip(text string) bool
}

// Chooser is a tool that may be able to run some units of a group and no others.
type Chooser interface {
	Chooses() bool
}

// Order says what of a group is run, and how.
type Order struct {
	Tree    string   // absolute folder of the tree
	Units   []Unit   // at least these; never empty
	Only    []string // these tests alone, where the tool can tell; empty means all
	Times   int      // how often each test runs; 0 means once
	Options []string // of the tool itself, from callers who know which one it is
	Env     []string
	LimitMS int64 // for each command; 0 means none
	Just    bool  // no other units, where the tool is a Chooser
	Partial bool  // a run that is cut off at its limit gives what had ended by then, where the tool can tell
}

// Often gives how often each test runs.
func (o Order) Often() int { return max(o.Times, 1) }

// Declared is a test as the code declares it.
type Declared struct {
	Name string
	File string // slash separated, relative to the tree
	Line int
}

// Declarations gives the declared tests of a unit, of the tree in a folder.
func Declarations(dir string, g Group, u Unit) (out []Declared, err error) {
	err = InRoot(dir, func(tree fs.FS) (err error) {
		out, err = g.Tool.Declared(tree, u)
		return err
	})
	return out, err
}

// Place gives where a declared test stands in the tree in a folder, by its
// declaration, a report, or else the text; false when nobody knows.
func Place(dir string, g Group, u Unit, name string, r *UnitReport) (Declared, bool) {
	if all, err := Declarations(dir, g, u); err == nil {
		if i := slices.IndexFunc(all, func(d Declared) bool { return d.Name == name }); i >= 0 {
			return all[i], true
		}
	}
	out := Declared{Name: name}
	for other, t := range r.Tests {
		if t.File != "" && (other == name || t.Top == name) && (out.Line == 0 || t.Line < out.Line) {
			out.File, out.Line = t.File, t.Line
		}
	}
	if out.Line == 0 {
		err := InRoot(dir, func(tree fs.FS) error {
			out.File, out.Line = g.Tool.Locate(tree, u, name)
			return nil
		})
		if err != nil {
			return out, false
		}
	}
	return out, out.Line > 0
}

// Holds reports whether the tree in a folder holds a regular file.
func Holds(dir, p string) bool {
	ok := false
	err := InRoot(dir, func(tree fs.FS) error {
		info, err := fs.Lstat(tree, p)
		ok = err == nil && info.Mode().IsRegular()
		return nil
	})
	return err == nil && ok
}

// Skipped gives the tests of a unit that were skipped and might not be on
// other code, by what the unit's files in a folder say.
func Skipped(dir string, g Group, u Unit, r *UnitReport) (out []string, err error) {
	for _, name := range r.Ran(Skip) {
		if r.Tests[name].Parent == "" {
			out = append(out, name)
		}
	}
	if len(out) == 0 || g.Tool.MaySkip("") {
		return out, nil
	}
	may := false
	err = InRoot(dir, func(tree fs.FS) error {
		for _, p := range u.Files {
			if text, ok := ReadText(tree, p); ok && g.Tool.MaySkip(text) {
				may = true
				return nil
			}
		}
		return nil
	})
	if !may {
		out = nil
	}
	return out, err
}
