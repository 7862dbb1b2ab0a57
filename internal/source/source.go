// Package source is what source files hold, as plain data: what a file
// declares, imports, tests and says. Checks read this data and never a
// syntax tree of their own, so that a rule holds for every language alike.
// Package reader makes it from the text of a file.
package source

import (
	"cmp"
	"slices"
)

// Language names a programming language.
type Language string

// The languages that are read. JavaScript with JSX is JavaScript, TypeScript
// with JSX is TSX.
const (
	Unknown    Language = ""
	Go         Language = "go"
	Python     Language = "python"
	JavaScript Language = "javascript"
	TypeScript Language = "typescript"
	TSX        Language = "tsx"
	Java       Language = "java"
	Rust       Language = "rust"
)

// Range is a run of lines, counted from 1, both ends included.
type Range struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Holds reports whether a line lies in the range.
func (r Range) Holds(line int) bool { return r.Start <= line && line <= r.End }

// File is what one source file holds. Lists are in the order of the file. All
// texts are normalised: runs of white space are one space, comments are left
// out.
type File struct {
	Language  Language
	Parser    string  // name and version of what read it; part of the version of every check that uses it
	Package   string  // package clause, module declaration; empty where the language has none
	Generated bool    // its own header says so
	Broken    []Range // what the parser could not read
	Imports   []Import
	Functions []Function // methods and named inner functions too, after what holds them
	Types     []Type
	Values    []Value // constants and variables of the file's top level
	Tests     []Test
	Literals  []Literal
	Comments  []Comment
}

// Import is one imported module or package.
type Import struct {
	Path string // as the language spells it: "net/http", "os.path", "./util", "java.util.List"
	Name string // what it, or the one thing that is taken from it, is called here, when that is said
	Range
}

// Function is a function or method with a name.
type Function struct {
	Name      string // with what holds it: "Server.Close", "outer.inner"
	Exported  bool   // may be used from outside its package or module
	Signature string // parameters and results, without the names of parameters where only types count
	Range
	Body       Range
	Guards     []Guard
	Swallows   []Swallow
	Calls      []Call
	Complexity int // cognitive complexity (Campbell, SonarSource 2018)
}

// GuardKind says what a guard looks at.
type GuardKind string

// The kinds of guard.
const (
	ErrorCheck GuardKind = "error"      // an error is looked at and handed on: err != nil { return err }
	Condition  GuardKind = "condition"  // a condition under which the function leaves, or throws
	Validation GuardKind = "validation" // a call named for what it makes sure of: validate, authorize, escape
)

// Guard is a place where a function refuses to go on.
type Guard struct {
	Kind GuardKind
	Text string // the condition or call
	Exit string // return, throw, panic, continue, break, exit; empty for a call
	Range
}

// SwallowKind says how an error is lost.
type SwallowKind string

// The ways to lose an error.
const (
	Discarded SwallowKind = "discarded" // _ = f(), or a result that nobody looks at
	Emptied   SwallowKind = "emptied"   // a handler without statements, or only pass
	Logged    SwallowKind = "logged"    // a handler that only prints, and goes on
	Replaced  SwallowKind = "replaced"  // a handler that gives back a fixed value: nil, -1, {}, ""
	Recovered SwallowKind = "recovered" // a panic that is caught and not raised again
)

// Swallow is a place where an error is lost.
type Swallow struct {
	Kind SwallowKind
	Text string
	Range
}

// Call is a call as it is written: "os.Remove", "self.save".
type Call struct {
	Name string
	Line int
}

// Type is a declared type, class, interface, trait or enum.
type Type struct {
	Name      string
	Exported  bool
	Signature string // its whole declaration without function bodies
	Range
}

// Value is a constant or variable of the top level.
type Value struct {
	Name     string
	Exported bool
	Text     string // the declaration
	Range
}

// LiteralKind is the sort of a literal.
type LiteralKind string

// The sorts of literal.
const (
	String LiteralKind = "string"
	Number LiteralKind = "number"
)

// Literal is one literal of the code.
type Literal struct {
	Kind     LiteralKind
	Value    string // of a string, its content as far as the language can say; of a number, its text
	Line     int
	Function string // the name of the innermost function around it
	InTest   bool   // it stands in a test
}

// InComment reports whether a comment stands on a line. It looks by halves,
// since it is asked of every line of files that may be nothing but comments.
func (f *File) InComment(line int) bool {
	i, _ := slices.BinarySearchFunc(f.Comments, line, func(c Comment, line int) int { return cmp.Compare(c.End, line) })
	return i < len(f.Comments) && f.Comments[i].Holds(line)
}

// Comment is one comment, or a run of line comments on following lines.
type Comment struct {
	Text string // without the marks of comment
	Range
}

// Test is one test, or one subtest whose name is written in the code. A
// function that is no test and asserts something is given too, as a helper.
type Test struct {
	Name string // "TestParse", "TestParse/empty", "Calculator > adds"
	Range
	Helper     bool        // no runner starts it: tests call it
	Skips      []Mark      // it does not run, always or under a condition
	Focuses    []Mark      // only, fit, fdescribe: others do not run
	Timeouts   []Timeout   // what it may take
	Assertions []Assertion // of the test itself and not of its subtests
	Cases      []Case      // entries of a table of cases
	Doubles    int         // mocks, stubs and spies it sets up
}

// Mark is a mark on a test.
type Mark struct {
	Text        string // the call or decorator: t.Skip("slow"), @pytest.mark.skip, it.only
	Conditional bool   // it depends on something: testing.Short(), an environment variable, a platform
	Line        int
}

// Timeout is a time that a test may take or wait, in milliseconds.
type Timeout struct {
	Millis int64
	Text   string
	Line   int
}

// Strength says how much an assertion asks for.
type Strength string

// The strengths, from the most to the least.
const (
	Exact    Strength = "exact"    // equals a value
	Partial  Strength = "partial"  // contains, matches, has the length, lies near
	Truth    Strength = "truth"    // a condition or a boolean
	Exists   Strength = "exists"   // not nil, defined, does not throw
	Trivial  Strength = "trivial"  // cannot fail: assert(true), expect(1).toBe(1), x == x
	Snapshot Strength = "snapshot" // equals a stored file
)

// Assertion is one place where a test can fail: an assertion of a library, or
// a condition that leads to a failure, as Go's tests have it.
type Assertion struct {
	Strength Strength
	Text     string // the whole assertion
	Subject  string // what is looked at; empty when it cannot be told
	Expected string // the literal value it is held against; empty when it is no literal
	Negated  bool   // not equal, does not contain
	Via      string // the function that asserts, where it is none of a library that is known: its name
	When     string // the condition under which alone it is reached, inside the test; empty when it always is
	Dead     string // why it can never fail the test: what stands in its way; empty when it can
	Range
}

// Thrown is the condition of an assertion that looks at an error which was
// caught: where nothing is thrown, it is not reached.
const Thrown = "an error is thrown"

// Case is one entry of a table that a test goes through.
type Case struct {
	Name string // what names it: its key or name; else empty
	Text string
	Range
}

// FunctionAt gives the innermost function around a line.
func (f File) FunctionAt(line int) (Function, bool) {
	var at Function
	found := false
	for _, x := range f.Functions {
		if x.Holds(line) && (!found || x.Start >= at.Start && x.End <= at.End) {
			at, found = x, true
		}
	}
	return at, found
}

// TestAt gives the innermost test around a line.
func (f File) TestAt(line int) (Test, bool) {
	var at Test
	found := false
	for _, x := range f.Tests {
		if x.Holds(line) && (!found || x.Start >= at.Start && x.End <= at.End) {
			at, found = x, true
		}
	}
	return at, found
}
