// Command catch measures how many mistakes Muster catches, and how often it
// cries out at changes with which nothing is wrong.
//
//	go run ./bench/catch                                        # the cases of this tree
//	go run ./bench/catch --cases FILE --repos DIR --json OUT    # cases from elsewhere
//
// A case is {repo, base, head, label, lines}: a change of a repository below
// DIR, and what is wrong with it. The label "benign" (or ok, good, clean,
// ordinary, twin; also as "benign-tamper") says that nothing is. Each case is
// judged by the real program, in a process of its own, with a fresh state.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"muster/bench/catch/seeded"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "catch:", err)
		os.Exit(1) //nolint:gocritic // the signal handler ends with the process
	}
}

type options struct {
	cases, repos, json, muster, only string
	static, quiet, floor             bool
	parallel                         int
	limit                            time.Duration
}

func readOptions(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("catch", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.cases, "cases", "", "JSON file of cases; without it, the cases of this tree")
	f.StringVar(&o.repos, "repos", ".", "folder of the repositories that the cases name")
	f.StringVar(&o.json, "json", "", "write every outcome and the table to this file")
	f.StringVar(&o.muster, "muster", "", "a built program; without it, ./cmd/muster is built")
	f.StringVar(&o.only, "only", "", "only cases whose failure mode or id begins so")
	f.BoolVar(&o.static, "static", false, "run nothing of the repositories' code")
	f.BoolVar(&o.quiet, "quiet", false, "do not list misses and false alarms")
	f.BoolVar(&o.floor, "floor", false, "fail when the tree's own cases are caught less than they were")
	f.IntVar(&o.parallel, "parallel", 2, "cases judged at once")
	f.DurationVar(&o.limit, "time", 5*time.Minute, "for the checks of one case")
	if err := f.Parse(args); err != nil {
		var usage strings.Builder
		f.SetOutput(&usage)
		f.PrintDefaults()
		return o, fmt.Errorf("%w\n%s", err, usage.String())
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is one argument too many", f.Arg(0))
	}
	return o, nil
}

// report is what is written to a file.
type report struct {
	Static   bool      `json:"static"`
	Table    []row     `json:"table"`
	Outcomes []Outcome `json:"outcomes"`
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := readOptions(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "catch-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cases, repos, err := o.gather(ctx, dir)
	if err != nil {
		return err
	}
	r := runner{muster: o.muster, repos: repos, state: dir + "/state", static: o.static, limit: o.limit, parallel: o.parallel}
	if r.muster == "" {
		if r.muster, err = buildMuster(ctx, dir); err != nil {
			return err
		}
	}
	n := 0
	outcomes := r.all(ctx, cases, func(x Outcome) {
		n++
		if !o.quiet {
			fmt.Fprint(progress, describe(n, len(cases), x)) //nolint:errcheck // nobody to tell when the output is gone
		}
	})
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted")
	}
	rows := score(outcomes)
	write(out, rows)
	if o.floor {
		if err := held(rows); err != nil {
			return err
		}
	}
	if o.json == "" {
		return nil
	}
	data, err := json.MarshalIndent(report{o.static, rows, outcomes}, "", " ")
	if err == nil {
		err = os.WriteFile(o.json, data, 0o644)
	}
	return err
}

// wants reports whether a case was asked for.
func (o options) wants(c Case) bool {
	return strings.HasPrefix(c.group(), o.only) || strings.HasPrefix(c.ID, o.only)
}

// gather gives the cases, and the folder of their repositories.
func (o options) gather(ctx context.Context, dir string) ([]Case, string, error) {
	var cases []Case
	repos := o.repos
	var err error
	if o.cases != "" {
		cases, err = readCases(o.cases)
	} else {
		repos = dir + "/repos"
		var made []seeded.Made
		made, err = seeded.Write(ctx, repos, func(m seeded.Made) bool { return o.wants(Case(m)) })
		for _, m := range made {
			cases = append(cases, Case(m))
		}
	}
	if err != nil {
		return nil, "", err
	}
	var wanted []Case
	for _, c := range cases {
		if o.wants(c) {
			wanted = append(wanted, c)
		}
	}
	if len(wanted) == 0 {
		return nil, "", fmt.Errorf("no case begins with %q", o.only)
	}
	return wanted, repos, nil
}

// describe says what went wrong with a case, or nothing.
func describe(n, of int, o Outcome) string {
	what := ""
	switch {
	case o.Error != "":
		what = "error: " + o.Error
	case o.isBenign() && o.blocked():
		what = "false alarm, blocked by " + strings.Join(o.Gates, " ")
	case o.isBenign() && o.sent():
		what = "false alarm, sent by " + strings.Join(o.Locators, " ")
	case !o.isBenign() && !o.sent():
		what = "missed"
	default:
		return ""
	}
	return fmt.Sprintf("%d/%d %s %s: %s\n", n, of, o.group(), o.ID, what)
}
