// Command mutants shows what the mutation engine finds and what it costs.
//
//	go run ./bench/mutants [-packages ./a,./b] [-sample 20] [-dir FOLDER]
//	go run ./bench/mutants -self [-inverted] [-files a.go,b.go]
//	go run ./bench/mutants -history REPOSITORY [-commits 30]
//
// It puts mutants into every line of the packages, runs the tests that come by
// each, and prints what became of them. Then it does the same for a sample of
// the mutants as anybody would by hand, with the changed file and one "go
// test" for each, prints both times side by side, and fails when the two ways
// disagree on a mutant. With -self the packages are the checks themselves and
// what reads source files, and every survivor is listed; with -inverted as
// well, those that are not explained in the folder explained, and it fails when
// there are any. With -files only files of these names get mutants. With
// -history it judges past commits of a repository as the check does, and counts how often
// that would have stopped or pointed at one.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"muster/internal/adapter/sandbox"
	"muster/internal/check"
	"muster/internal/check/mutation"
	"muster/internal/source/mutant"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "shim" { // commands are run below this program itself
		os.Exit(sandbox.Shim(os.Args[2]))
	}
	o := options{}
	flag.StringVar(&o.dir, "dir", ".", "folder of the Go module")
	flag.StringVar(&o.packages, "packages", "./internal/core/plan,./internal/check/scope,./internal/core/policy", "packages to mutate, separated by commas; /... for all below")
	flag.IntVar(&o.sample, "sample", 20, "mutants that are also run by hand")
	flag.BoolVar(&o.isSelf, "self", false, "mutate the checks and what reads source files, and list the survivors")
	flag.BoolVar(&o.lists, "survivors", false, "list every mutant that no test noticed, as -self does")
	flag.BoolVar(&o.inverts, "inverted", false, "only inverted conditions")
	flag.BoolVar(&o.isAll, "all", false, "more than one mutant on a line")
	flag.StringVar(&o.files, "files", "", "only files of these names, separated by commas")
	flag.StringVar(&o.history, "history", "", "judge past commits of this repository")
	flag.IntVar(&o.commits, "commits", 30, "so many of them")
	flag.Parse()
	flag.Visit(func(f *flag.Flag) { o.isNamed = o.isNamed || f.Name == "packages" })
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

type options struct {
	dir      string
	packages string
	files    string
	sample   int
	isSelf   bool
	isAll    bool
	inverts  bool
	isNamed  bool // the packages are
	lists    bool
	history  string
	commits  int
}

func run(ctx context.Context, o options) error {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return err
	}
	patterns := strings.Split(o.packages, ",")
	if o.isSelf {
		o.sample, o.lists = 0, true
		if !o.isNamed {
			patterns = []string{"./internal/check/...", "./internal/source/..."}
		}
	}
	x := sandbox.NewExecutor(os.Environ(), []string{"/proc/self/exe", "shim"})
	b := bench{dir: dir, exec: x, patterns: patterns, perLine: 1, out: os.Stdout}
	if o.files != "" {
		b.files = strings.Split(o.files, ",")
	}
	if o.history != "" {
		return b.history(ctx, o.history, o.commits)
	}
	if o.isAll {
		b.perLine = 0
	}
	if o.inverts {
		b.ops = []mutant.Op{mutant.Guard, mutant.ErrorCheck, mutant.Condition, mutant.Comparison}
	}
	report, err := b.survey(ctx)
	if err != nil {
		return err
	}
	printReport(b.out, report)
	if o.isSelf && o.inverts {
		known, err := explanations(lists)
		if err != nil {
			return err
		}
		if n := printUnexplained(b.out, report, known); n > 0 {
			return fmt.Errorf("%d inverted conditions are noticed by no test, and nobody has said why", n)
		}
		return nil
	}
	if o.lists {
		printSurvivors(b.out, report)
	}
	return b.compare(ctx, report, o.sample)
}

type bench struct {
	dir      string
	exec     check.Exec
	patterns []string
	files    []string // names; nil for all
	perLine  int
	ops      []mutant.Op
	out      io.Writer
}

// survey mutates all lines of the packages, one after another: what counts is
// whether a package's own tests notice.
func (b bench) survey(ctx context.Context) (mutation.Report, error) {
	all, err := output(ctx, b.dir, "go", append([]string{"list", "-f", "{{.Dir}}"}, b.patterns...)...)
	if err != nil {
		return mutation.Report{}, err
	}
	sum := mutation.Report{Texts: map[string][]byte{}}
	for dir := range strings.Lines(all) {
		began := time.Now()
		r, err := b.one(ctx, strings.TrimSpace(dir))
		if err != nil {
			return sum, err
		}
		say(os.Stderr, "%s: %d mutants in %s\n", strings.TrimSpace(dir), len(r.Judged), ms(time.Since(began)))
		add(&sum, r)
	}
	return sum, nil
}

// one mutates the package in a folder.
func (b bench) one(ctx context.Context, dir string) (mutation.Report, error) {
	work, err := os.MkdirTemp("", "muster-mutants-")
	if err != nil {
		return mutation.Report{}, err
	}
	defer func() { _ = os.RemoveAll(work) }() // a temporary folder
	return mutation.Survey(ctx, b.exec, mutation.Job{
		Dir: b.dir, Module: ".", Work: work, PerLine: b.perLine, Ops: b.ops,
		Wants: func(file string) func(int) bool {
			if filepath.Join(b.dir, filepath.Dir(filepath.FromSlash(file))) != dir {
				return nil
			}
			if b.files != nil && !slices.Contains(b.files, path.Base(file)) {
				return nil
			}
			return func(int) bool { return true }
		},
	})
}

// add adds one report to another.
func add(sum *mutation.Report, r mutation.Report) {
	sum.Judged = append(sum.Judged, r.Judged...)
	sum.NotRun = append(sum.NotRun, r.NotRun...)
	maps.Copy(sum.Texts, r.Texts)
	sum.Found.Constant += r.Found.Constant
	sum.Found.Arid += r.Found.Arid
	sum.Found.Equivalent += r.Found.Equivalent
	sum.Found.NotCompiled += r.Found.NotCompiled
	sum.Times.Prepare += r.Times.Prepare
	sum.Times.Build += r.Times.Build
	sum.Times.Plain += r.Times.Plain
	sum.Times.Mutants += r.Times.Mutants
	sum.Times.Tests += r.Times.Tests
}

// say prints a line; that a stream is closed is noticed by who reads it.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }
