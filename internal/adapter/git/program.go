package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"muster/internal/adapter/git/lasting"
	"muster/internal/core/fault"
)

// program is the git program with the folder it works on. Its environment is
// built from nothing.
type program struct {
	path         string
	major, minor int
	dir          string // working folder, and GIT_DIR once in is called
	env          []string
	partial      bool // the repository is a partial clone
}

// call is one start of git.
type call struct {
	args   []string
	env    []string
	work   string // GIT_WORK_TREE and working folder, when files are touched
	index  string // GIT_INDEX_FILE
	stdin  io.Reader
	stdout io.Writer // nil collects the output
	hold   *os.File  // a lock that lasts until git has ended too, even when Muster is killed before
	accept int       // an exit code that is an answer, beside 0
}

// result is what a call left.
type result struct {
	out  []byte
	said string // standard error, its beginning
	code int
}

const (
	oldestMajor, oldestMinor = 2, 38 // merge-tree --write-tree
	graceOnCancel            = 2 * time.Second
)

// findGit finds the program and checks its age.
func findGit(ctx context.Context) (program, error) {
	path, err := exec.LookPath("git")
	if err != nil || !filepath.IsAbs(path) {
		return program{}, fault.New(fault.NotFound, "find the git program: it is not in PATH").
			WithHint("install Git %d.%d or newer", oldestMajor, oldestMinor)
	}
	p := program{path: path, dir: "/", env: []string{"LC_ALL=C"}}
	res, err := p.run(ctx, call{args: []string{"version"}})
	if err != nil {
		return program{}, err
	}
	p.major, p.minor, err = parseVersion(string(res.out))
	if err != nil {
		return program{}, err
	}
	if !p.atLeast(oldestMajor, oldestMinor) {
		return program{}, fault.New(fault.Refused, "use %s: it is version %d.%d", path, p.major, p.minor).
			WithHint("Muster needs Git %d.%d or newer", oldestMajor, oldestMinor)
	}
	return p, nil
}

func parseVersion(s string) (major, minor int, err error) {
	number, ok := strings.CutPrefix(strings.TrimSpace(s), "git version ")
	parts := strings.SplitN(number, ".", 3)
	if ok && len(parts) >= 2 {
		major, err = strconv.Atoi(parts[0])
		if err == nil {
			minor, err = strconv.Atoi(parts[1])
		}
		if err == nil {
			return major, minor, nil
		}
	}
	return 0, 0, fault.New(fault.Internal, "git version says %q, which is no version", s)
}

func (p program) atLeast(major, minor int) bool { //nolint:unparam // a version reads as its two numbers
	return p.major > major || p.major == major && p.minor >= minor
}

// in gives the program for one Git folder. Config is what overrides the
// folder's own configuration, "key=value" each.
func (p program) in(gitDir, home string, config []string) program {
	p.dir = gitDir
	p.env = []string{
		"PATH=" + filepath.Dir(p.path) + ":/usr/bin:/bin", "HOME=" + home, "LC_ALL=C", "TZ=UTC",
		"GIT_DIR=" + gitDir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1",
		"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=", "GIT_PROTOCOL_FROM_USER=0",
		"GIT_COMMITTER_NAME=Muster", "GIT_COMMITTER_EMAIL=muster@localhost",
		"GIT_CONFIG_COUNT=" + strconv.Itoa(len(config)),
	}
	for i, kv := range config {
		k, v, _ := strings.Cut(kv, "=")
		p.env = append(p.env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, k), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, v))
	}
	return p
}

// command makes the process. A cancelled context asks git to end, so that it
// removes its lock files, and kills it only later.
func (p program) command(ctx context.Context, c call) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, c.args...)
	cmd.Dir, cmd.Env = p.dir, append(append([]string(nil), p.env...), c.env...)
	if c.work != "" {
		cmd.Dir = c.work
		cmd.Env = append(cmd.Env, "GIT_WORK_TREE="+c.work)
	}
	if c.index != "" {
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+c.index)
	}
	if c.hold != nil {
		cmd.ExtraFiles = []*os.File{c.hold}
	}
	cmd.Stdin = c.stdin
	// A group of its own: Ctrl-C in the terminal is Muster's to handle.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = graceOnCancel
	return cmd
}

// run starts git once and waits for it.
func (p program) run(ctx context.Context, c call) (result, error) {
	var out bytes.Buffer
	errs := &lasting.Head{Limit: lasting.SaidCap}
	cmd := p.command(ctx, c)
	cmd.Stdout, cmd.Stderr = &out, errs
	if c.stdout != nil {
		cmd.Stdout = c.stdout
	}
	err := cmd.Run()
	res := result{out: out.Bytes(), said: errs.String(), code: cmd.ProcessState.ExitCode()}
	if err == nil || ctx.Err() == nil && c.accept != 0 && res.code == c.accept {
		return res, nil
	}
	op := fmt.Sprintf("git %s in %s", c.args[0], cmd.Dir)
	if ctx.Err() != nil {
		return res, fault.Wrap(fault.Transient, ctx.Err(), "%s", op)
	}
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() < 0 {
		return res, fault.Wrap(fault.Internal, err, "%s", op)
	}
	return res, p.explain(op, res.said)
}

// explain turns what git said into an error with a kind.
func (p program) explain(op, said string) error {
	text := printable(said)
	if text == "" {
		text = "it failed without saying why"
	}
	e := &fault.Error{Kind: fault.Internal, Op: op, Err: errors.New(text)}
	switch {
	case strings.Contains(said, ".lock': File exists"):
		e.Kind = fault.Transient
		return e.WithHint("another Git process holds the lock; if none is running, delete that .lock file")
	case strings.Contains(said, "' exists; cannot create '"):
		e.Kind = fault.Conflict
		return e.WithHint("a branch stands where a folder of branches is needed: rename it")
	case strings.Contains(said, "but expected"), strings.Contains(said, "reference already exists"),
		strings.Contains(said, "unable to resolve reference"):
		e.Kind = fault.Transient
		return e.WithHint("a ref was moved meanwhile; trying again looks at it anew")
	case strings.Contains(said, "No space left on device"), strings.Contains(said, "Disk quota exceeded"):
		e.Kind = fault.Refused
		return e.WithHint("free some disk space and try again")
	case strings.Contains(said, "invalid path '"):
		e.Kind = fault.Invalid
		return e.WithHint("Git refuses this file name on purpose; the file has to be renamed or deleted")
	case p.partial:
		return e.WithHint("the repository is a partial clone and Muster never fetches: fetch all objects first (git fetch --refetch --no-filter)")
	}
	return e
}

// mend gives an error of a lasting process a kind.
func (p program) mend(err error, verb string) error {
	op := fmt.Sprintf("git %s in %s", verb, p.dir)
	failed := (*lasting.Failed)(nil)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Transient, err, "%s", op)
	case errors.As(err, &failed) && failed.Said != "":
		return p.explain(op, failed.Said)
	case failed != nil:
		// Somebody ended it. It is started anew.
		return fault.Wrap(fault.Transient, err, "%s", op)
	}
	return fault.Wrap(fault.Internal, err, "%s", op)
}

// printable makes what git said fit for a terminal: file names are hostile.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case r < ' ', r >= 0x7f && r < 0xa0:
			return '?'
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSpace(s), "?"))
}
