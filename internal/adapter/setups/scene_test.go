package setups_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/adapter/setups"
	"muster/internal/core/change"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/setup"
)

// forest is trees as maps, laid out into folders of their own.
type forest struct {
	t      *testing.T
	root   string
	trees  map[string]map[string]string
	leases atomic.Int64
}

func (f *forest) Files(_ context.Context, tree string) ([]change.Entry, error) {
	var out []change.Entry
	for p, text := range f.trees[tree] {
		out = append(out, change.Entry{Path: p, Mode: "100644", Blob: text})
	}
	slices.SortFunc(out, func(a, b change.Entry) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func (f *forest) Lease(_ context.Context, tree string, _ ...string) (string, func(), error) {
	dir := filepath.Join(f.root, fmt.Sprintf("tree%d", f.leases.Add(1)))
	f.lay(dir, tree)
	return dir, func() {}, nil
}

func (f *forest) lay(dir, tree string) string {
	for p, text := range f.trees[tree] {
		write(f.t, filepath.Join(dir, p), text)
	}
	return dir
}

// programs runs commands for real.
type programs struct{}

func (programs) Run(ctx context.Context, c job.Command) (job.Output, error) {
	argv := c.Argv
	if c.Shell != "" {
		argv = []string{"sh", "-c", c.Shell}
	}
	limit, cancel := ctx, context.CancelFunc(func() {})
	if c.LimitMS > 0 {
		limit, cancel = context.WithTimeout(ctx, time.Duration(c.LimitMS)*time.Millisecond)
	}
	defer cancel()
	cmd := exec.CommandContext(limit, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = c.Dir, append(os.Environ(), c.Env...)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	o := job.Output{Code: cmd.ProcessState.ExitCode(), Stdout: out.String(), Stderr: said.String(), TimedOut: ctx.Err() == nil && limit.Err() != nil}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	return o, err
}

// scene is a store with its trees, a person's checkout, and a count of runs.
type scene struct {
	*forest
	store    *setups.Store
	checkout string
	log      string
	spec     setup.Spec
}

// newScene makes a store whose command adds a line to a log and then runs the
// given lines.
func newScene(t *testing.T, lines string, trees map[string]map[string]string) *scene {
	t.Helper()
	root := t.TempDir()
	s := &scene{forest: &forest{t: t, root: root, trees: trees}, checkout: filepath.Join(root, "checkout"), log: filepath.Join(root, "log")}
	s.spec = setup.Spec{Run: []plan.Command{{Shell: "echo run >>" + s.log + "; " + lines}}, TimeMS: 60_000}
	write(t, filepath.Join(s.checkout, ".keep"), "")
	s.store = s.open()
	return s
}

func (s *scene) open() *setups.Store {
	return setups.New(filepath.Join(s.root, "setups"), setups.Tools{
		Trees: s.forest, Exec: programs{}, Checkout: s.checkout, Look: func(string) (string, bool) { return "", false },
	})
}

func (s *scene) runs() int { return strings.Count(read(s.t, s.log), "run") }

func (s *scene) find(w setups.Want) setups.Ready {
	s.t.Helper()
	if w.Spec.Empty() {
		w.Spec = s.spec
	}
	r, failure, err := s.store.Find(s.t.Context(), w)
	if err != nil || failure != nil {
		s.t.Fatalf("find %s: %+v, %v", w.Tree, failure, err)
	}
	return r
}

func (s *scene) place(dir string, r setups.Ready) setup.Outcome {
	s.t.Helper()
	out, err := s.store.Place(s.t.Context(), dir, r)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func write(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

// content gives every path below dir with its kind, rights and content.
func content(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		text := ""
		switch {
		case info.Mode().IsRegular():
			text = read(t, p) + info.ModTime().Format(" 15:04:05.000000")
		case info.Mode()&fs.ModeSymlink != 0:
			text, err = os.Readlink(p)
		}
		fmt.Fprintf(&b, "%s %v %s\n", rel, info.Mode(), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
