package mutation

import (
	"context"
	"encoding/json"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"muster/internal/check"
	"muster/internal/core/fault"
	"muster/internal/source/mutant"
)

// Job says what is surveyed.
type Job struct {
	Dir    string // folder of a tree, absolute; tests run in it and may change it
	Module string // folder of the Go module in the tree, slash separated
	Work   string // an empty folder for what is built, absolute
	Env    []string

	// Wants gives the lines of a file, by its path in the tree, on which mutants
	// are looked for; nil means none.
	Wants func(file string) func(line int) bool

	// Tests are the tests of the top level, by the folder of their package,
	// that Judged.ByChanged is about.
	Tests map[string][]string

	PerLine  int           // as in mutant.Options
	Ops      []mutant.Op   // as in mutant.Options
	Most     int           // as in mutant.Options
	Spread   int           // so many packages, besides the mutated ones, run their tests too
	Parallel int           // test programs at once; 0 means one for each core
	Time     time.Duration // when it is over no further program starts; 0 means no limit
}

// Outcome says what became of a mutant.
type Outcome string

// The outcomes. Only Killed says that a test noticed.
const (
	Killed     Outcome = "killed"
	Survived   Outcome = "survived"    // every test that comes by it passes
	TimedOut   Outcome = "timed out"   // a test ran over five times as long, or out of memory
	Broken     Outcome = "broken"      // the test program ended before its first test
	NotCovered Outcome = "not covered" // no test comes by it
	Unjudged   Outcome = "unjudged"    // Why says why
)

// Judged is one mutant with what became of it.
type Judged struct {
	mutant.Mutant        // File is the path in the tree
	Package       string // import path
	Outcome       Outcome
	Why           string   // with Unjudged
	By            []string // packages whose tests came by it, by import path
	Partial       bool     // tests that may come by it were not run
	ByChanged     bool     // one of Job.Tests, of its own package, comes by it
}

// Report is what a survey found.
type Report struct {
	Judged []Judged
	Found  mutant.Found      // the counts of all packages; no mutants
	Texts  map[string][]byte // the mutated files, by path in the tree
	NotRun []string          // what was left out, and why
	Times  Times
}

// Times says where the time of a survey went.
type Times struct {
	Prepare time.Duration // finding the mutants
	Build   time.Duration // of the test programs
	Plain   time.Duration // their runs without a mutant
	Mutants time.Duration // their runs with one, on the clock
	Tests   time.Duration // what the same tests take without a mutant, for each of these runs
}

// survey is one survey under way.
type survey struct {
	Job
	exec     check.Exec
	packages packages
	began    time.Time
	report   Report
	targets  []*listed
	overlay  map[string]string
	programs int // test programs that were built
}

// Survey puts mutants into the code of one module, runs the tests that come by
// them, and says what became of each. An error means that nothing is known.
func Survey(ctx context.Context, x check.Exec, j Job) (Report, error) {
	if real, err := filepath.EvalSymlinks(j.Dir); err == nil {
		j.Dir = real // the go command names files so
	}
	if j.Parallel <= 0 {
		j.Parallel = runtime.NumCPU()
	}
	s := &survey{Job: j, exec: x, began: time.Now(), overlay: map[string]string{}}
	s.report.Texts = map[string][]byte{}
	if err := s.prepare(ctx); err != nil {
		return Report{}, err
	}
	s.report.Times.Prepare = time.Since(s.began)
	if len(s.report.Judged) > 0 {
		if err := s.writeOverlay(); err != nil {
			return Report{}, err
		}
		s.run(ctx)
	}
	return s.report, nil
}

// left gives the time that is left, or a long time when there is no limit.
func (s *survey) left() time.Duration {
	if s.Time <= 0 {
		return 24 * time.Hour
	}
	return s.Time - time.Since(s.began)
}

// note says what was left out.
func (s *survey) note(format string, args ...any) {
	s.report.NotRun = append(s.report.NotRun, check.Relative(fmt.Sprintf(format, args...), s.Work, s.Dir))
}

// prepare finds the mutants of every package that has wanted lines.
func (s *survey) prepare(ctx context.Context) error {
	var err error
	if s.packages, err = packagesOf(ctx, s.exec, s.Job); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.Dir)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "open the tree to mutate")
	}
	defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
	for _, p := range s.packages.all {
		if !s.isWanted(p) {
			continue
		}
		if p.isTestHelper() {
			s.note("%s imports testing: it is part of tests, and is not mutated", p.ImportPath)
			continue
		}
		s.targets = append(s.targets, p)
	}
	if len(s.targets) == 0 {
		return nil
	}
	files, err := exports(ctx, s.exec, s.Job, s.targets)
	if err != nil {
		return err
	}
	imports := importerOf(files)
	for _, p := range s.targets {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.find(root, p, imports)
	}
	return nil
}

// isWanted reports whether a package has a file with wanted lines.
func (j Job) isWanted(p *listed) bool {
	return slices.ContainsFunc(p.GoFiles, func(name string) bool {
		file, ok := j.inTree(p, name)
		return ok && j.Wants(file) != nil
	})
}

// inTree gives the path of a package's file in the tree. A package may lie
// elsewhere: a module can be replaced by any folder.
func (j Job) inTree(p *listed, name string) (string, bool) {
	rel, err := filepath.Rel(j.Dir, filepath.Join(p.Dir, name))
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// maxFile bounds the size of a file that is read.
const maxFile = 4 << 20

// find adds the mutants of one package. What cannot be read or compiled is
// noted, for other packages may do.
func (s *survey) find(root *os.Root, p *listed, imports types.Importer) {
	in := mutant.Package{Path: p.ImportPath}
	if p.Module != nil {
		in.GoVersion = p.Module.GoVersion
	}
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		file, ok := s.inTree(p, name)
		if !ok {
			s.note("%s lies outside of the tree, and is not mutated", p.ImportPath)
			return
		}
		text, err := readBounded(root, file)
		if err != nil {
			s.note("%s is not mutated: %v", p.ImportPath, err)
			return
		}
		f := mutant.File{Name: file, Text: text}
		if slices.Contains(p.GoFiles, name) {
			f.Wants = s.Wants(file)
		}
		in.Files = append(in.Files, f)
	}
	found, err := mutant.Find(in, mutant.Options{Importer: imports, PerLine: s.PerLine, Ops: s.Ops, Most: s.Most, FirstID: len(s.report.Judged) + 1})
	if err != nil {
		s.note("%s is not mutated: %v", p.ImportPath, err)
		return
	}
	for _, m := range found.Mutants {
		s.report.Judged = append(s.report.Judged, Judged{Mutant: m, Package: p.ImportPath})
	}
	for _, f := range in.Files {
		s.report.Texts[f.Name] = f.Text
	}
	total := &s.report.Found
	total.Left += found.Left
	total.Constant += found.Constant
	total.Arid += found.Arid
	total.Equivalent += found.Equivalent
	total.NotCompiled += found.NotCompiled
}

func readBounded(root *os.Root, file string) ([]byte, error) {
	f, err := root.Open(filepath.FromSlash(file))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", file, maxFile)
	}
	return text, err
}

// importerOf gives what packages export from the compiler's own files.
func importerOf(files map[string]string) types.Importer {
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, fmt.Errorf("the go command did not compile %s", path)
		}
		return os.Open(files[path])
	})
}

// writeOverlay writes the files that hold the mutants, and the list by which
// the go command takes them instead of the tree's own.
func (s *survey) writeOverlay() error {
	limit := mutant.NoLimit
	if runtime.GOOS == "linux" {
		limit = mutant.DataSize
	}
	write := func(instead string, text []byte) error {
		at := filepath.Join(s.Work, fmt.Sprintf("%d.go", len(s.overlay)))
		s.overlay[instead] = at
		return os.WriteFile(at, text, 0o600)
	}
	for _, p := range s.targets {
		any := false
		for _, name := range p.GoFiles {
			file, _ := s.inTree(p, name)
			var mine []mutant.Mutant
			for _, m := range s.report.Judged {
				if m.File == file {
					mine = append(mine, m.Mutant)
				}
			}
			if len(mine) == 0 {
				continue
			}
			any = true
			if err := write(filepath.Join(p.Dir, name), mutant.Write(s.report.Texts[file], mine)); err != nil {
				return fault.Wrap(fault.Internal, err, "write %s with its mutants", file)
			}
		}
		if any {
			if err := write(filepath.Join(p.Dir, "muster_mutants__.go"), mutant.Helper(p.Name, len(s.report.Judged), limit)); err != nil {
				return fault.Wrap(fault.Internal, err, "write the helper of %s", p.ImportPath)
			}
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": s.overlay})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "list the files with mutants")
	}
	return fault.Wrap(fault.Internal, os.WriteFile(s.overlayFile(), text, 0o600), "list the files with mutants")
}

func (j Job) overlayFile() string { return filepath.Join(j.Work, "overlay.json") }

// moduleDir is where the go command runs.
func (j Job) moduleDir() string { return filepath.Join(j.Dir, filepath.FromSlash(j.Module)) }

// folder gives the folder of a package in the tree.
func (j Job) folder(p *listed) string {
	file, _ := j.inTree(p, "x.go")
	return path.Dir(file)
}
