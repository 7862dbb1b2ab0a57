// Package mutant finds small faults that can be put into Go code, and writes
// code that holds all of them at once, each asleep until it is chosen.
//
// A mutant replaces one run of bytes of one file: a comparison is inverted, a
// guard skipped, an error turned into nil. If the tests pass with it, nothing
// holds the code to what it does there. A mutant is kept only when the package
// still compiles with it, as go/types sees it. What cannot matter to a test is
// left out and counted: logging, time-outs, methods that print, constants, and
// replacements that give the same program.
//
// Instead of building a program for each mutant, Write weaves all of them into
// the file: an environment variable says which one is awake. The text of the
// file is only added to, on the same lines, so directives, comments and line
// numbers stay as they are. With none awake the program does what it did.
//
// Nothing here reads or writes files; how imported packages look is given by a
// types.Importer.
package mutant

import (
	"go/types"
	"slices"
)

// Op says what a mutant does to the code.
type Op string

// The operators, the most telling first: where a line offers several, the
// first that compiles is taken.
const (
	Guard       Op = "guard skipped"
	ErrorCheck  Op = "error check inverted"
	Condition   Op = "condition inverted"
	ReturnError Op = "nil returned instead of the error"
	ReturnBool  Op = "boolean result inverted"
	ReturnZero  Op = "zero value returned"
	Comparison  Op = "comparison inverted"
	Connective  Op = "&& and || exchanged"
	Operand     Op = "part of the condition dropped"
	Boundary    Op = "boundary moved by one"
	Arithmetic  Op = "arithmetic changed"
	Bits        Op = "bit operation changed"
	Slice       Op = "slice off by one"
	Loop        Op = "loop skipped"
	Call        Op = "call removed"
	Assignment  Op = "assignment removed"
	Increment   Op = "++ and -- exchanged"
	Jump        Op = "break and continue exchanged"
	Constant    Op = "constant changed"
	Swap        Op = "arguments exchanged"
)

// Ops gives all operators in their order.
func Ops() []Op {
	return []Op{
		Guard, ErrorCheck, Condition, ReturnError, ReturnBool, ReturnZero, Comparison, Connective, Operand, Boundary,
		Arithmetic, Bits, Slice, Loop, Call, Assignment, Increment, Jump, Constant, Swap,
	}
}

// Rank gives the place of an operator in Ops.
func (o Op) Rank() int { return slices.Index(Ops(), o) }

// IsCore reports whether the operator turns the meaning of the code into its
// opposite, or gives nothing back, so that a test which looks at the result at
// all must see it. The others (a boundary, a call, a constant) are often alike
// for good reason.
func (o Op) IsCore() bool { return o.Rank() <= Comparison.Rank() }

// Mutant is one fault. Offsets are bytes of the file; lines count from 1 and
// are those of the file itself, whatever its line directives say.
type Mutant struct {
	ID       int    // from 1, unique within what is built together
	File     string // as in File.Name
	Function string // around it: "Parse", "Server.Close"; empty at the top level
	Op       Op
	Line     int // where a reader would say it is
	EndLine  int // the last line that is replaced
	Start    int
	End      int
	New      string // instead of the bytes from Start to End
	edits    []edit
	from, to int // the lines that edits reach
}

// Apply gives the file with the mutant in it, as a person would write it.
func (m Mutant) Apply(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(m.New))
	out = append(out, text[:m.Start]...)
	out = append(out, m.New...)
	return append(out, text[m.End:]...)
}

// Package is one package as the go command builds it here.
type Package struct {
	Path      string // import path
	GoVersion string // of its module: "1.24"; empty when unknown
	Files     []File // all files of the build but tests, C code among them
}

// File is one file of a package.
type File struct {
	Name  string
	Text  []byte
	Wants func(line int) bool // where mutants are looked for; nil means nowhere
}

// Options say which mutants to look for.
type Options struct {
	Importer types.Importer // of what the package imports; may be used for one Find at a time
	PerLine  int            // at most so many on one line; 0 means all
	Ops      []Op           // only these; nil means all
	Most     int            // mutants are looked for on at most so many lines, spread evenly; 0 means all
	FirstID  int
}

// Found is what a package offers. The counts are of candidates on wanted lines.
type Found struct {
	Mutants     []Mutant // by file and place
	Constant    int      // left out: fixed when the program is compiled
	Arid        int      // left out: logging, time-outs, text for people
	Equivalent  int      // left out: the same program
	Left        int      // lines left out for Options.Most
	NotCompiled int      // tried, and the package does not compile with it
}
