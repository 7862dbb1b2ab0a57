// Package check holds the contract of checks and the runner that judges a
// change with them.
//
// A check looks at one change and returns a result: findings, or why it could
// not run. It never decides what becomes of the change; policy does. A check
// reads the change through a Subject and starts processes through an Exec; it
// knows neither Git nor how processes are confined.
package check

import (
	"context"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/job"
)

// Exec runs the commands of checks. A command that ran gives an Output and no
// error, whatever its exit code. An error says that it could not be run at all.
type Exec interface {
	Run(ctx context.Context, c job.Command) (job.Output, error)
}

// Trees gives access to what the two sides of a change hold.
type Trees interface {
	// Diff gives the files that differ, renames detected, ordered by path.
	Diff(ctx context.Context, baseTree, headTree string) (change.Change, error)

	// Lease gives a folder that holds exactly this tree and that nobody else
	// uses until release is called. The holder may change and add files; the
	// next lease does not see them. Release may be called once.
	Lease(ctx context.Context, tree string) (dir string, release func(), err error)

	// Has reports whether the tree holds a file of that name, in any folder.
	// It is much cheaper than a lease.
	Has(ctx context.Context, tree, name string) (bool, error)

	// ReadFile gives the content of one file of a tree, and false when the
	// tree has no such file. For a symbolic link the content is its target.
	ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error)

	// List gives every file, link and submodule of a tree, ordered by path.
	List(ctx context.Context, tree string) ([]change.Entry, error)

	// Blobs gives the content of objects that List names, in their order; nil
	// for one of more than most bytes. It costs much less than to read each.
	Blobs(ctx context.Context, blobs []string, most int) ([][]byte, error)

	// Patches gives the lines that differ, for every file of Diff that is no
	// submodule, ordered by path.
	Patches(ctx context.Context, baseTree, headTree string) ([]change.Patch, error)
}

// Cache keeps results by key. Losing it is harmless.
type Cache interface {
	Result(ctx context.Context, key string) ([]byte, bool, error)
	PutResult(ctx context.Context, key string, value []byte) error
}

// Kind says what a check does with the repository's code.
type Kind string

// The kinds of check.
const (
	Static  Kind = "static"  // reads only
	Running Kind = "running" // executes code of the repository
)

// Reads says what of the two trees a check's result depends on.
type Reads string

// What a check can read.
const (
	WholeTrees   Reads = ""      // anything
	ChangedFiles Reads = "files" // the files of the change and nothing else: other commits below or above it do not matter
)

// Info describes a check.
type Info struct {
	Name    string // lower-case letters; stable, since results are stored under it
	Version string // raised whenever the same change may give another result
	Kind    Kind
	Reads   Reads
	Needs   []string // checks that come first; when one of them failed, this one is skipped
}

// Keyed is a check that knows better than Reads what its result depends on.
type Keyed interface {
	Check

	// Inputs gives all that the result depends on besides the version and the
	// settings, as data that marshals to JSON deterministically: object ids of
	// what it reads, for example. Nil means the two trees.
	Inputs(ctx context.Context, s *Subject) (any, error)
}

// Check is one check. Its methods may be called from several goroutines at
// once, for different changes.
type Check interface {
	Info() Info

	// Applies gives "" when the check has something to look at, and otherwise
	// the reason why not, as a sentence without a full stop.
	Applies(req evidence.Request) string

	// Settings gives everything that the result depends on besides the two
	// trees and the version, as data that marshals to JSON deterministically.
	Settings(req evidence.Request) any

	// Run judges the change. It returns soon after ctx ends. The runner fills
	// in the name, the version and the duration.
	Run(ctx context.Context, s *Subject, x Exec) evidence.Result
}
