package golang

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/change"
)

// inputs is what the tests that a change can affect depend on.
type inputs struct {
	Change    []string // the files of the change on both sides
	Base      []string // entries of the base that tests can read, and of the head
	Head      []string
	Toolchain string
}

// Inputs gives what running the tests that a change can affect depends on, so
// that a result holds for other trees in which the same is the same. Nil means
// that this cannot be said, and that it depends on both trees as a whole.
//
// It is said for trees that hold tests of Go and of none of the others. Then it
// is everything in and below the folders of the affected packages and of all
// packages of this repository that they import, the files that give versions,
// what is vendored, and the go command. A test can read anything, so it is not
// said when a file of these packages shows a sign of reaching out of its
// folder: a path with "..", the working directory, the place of the source, a
// started program, C.
func Inputs(ctx context.Context, s *check.Subject, others []suite.Language) (any, error) {
	if len(s.Request.Links) > 0 {
		return nil, nil
	}
	base, err := s.BaseList(ctx)
	if err != nil {
		return nil, err
	}
	head, err := s.HeadList(ctx)
	if err != nil {
		return nil, err
	}
	for _, entries := range [][]change.Entry{base, head} {
		there := func(l suite.Language) bool { return l.Present(entries) }
		if !there(golang{}) || slices.ContainsFunc(others, there) {
			return nil, nil
		}
	}
	tool := toolchain(s.Request.Env)
	if tool == "" {
		return nil, nil
	}
	var trees []tree
	var dirs []string
	for _, lay := range []func(context.Context) (string, error){s.Base, s.Head} {
		dir, err := lay(ctx)
		if err != nil {
			return nil, err
		}
		t, err := readDir(dir)
		if err != nil {
			return nil, err
		}
		trees, dirs = append(trees, t), append(dirs, dir)
	}
	folders := closure(union(trees[0], trees[1]), s.Change.Paths())
	for _, dir := range dirs {
		if reaches, err := reachOut(dir, folders); err != nil || reaches {
			return nil, err
		}
	}
	return inputs{Change: sidesOf(s.Change.Files), Base: chosen(base, folders), Head: chosen(head, folders), Toolchain: tool}, nil
}

// union gives the packages of two trees, each with what it imports in either.
func union(a, b tree) tree {
	out := tree{modules: a.modules}
	for _, t := range []tree{a, b} {
		for _, p := range t.packages {
			into := out.at(p.dir)
			if into == nil || into.path != p.path {
				into = &gopkg{dir: p.dir, module: p.module, path: p.path}
				out.packages = append(out.packages, into)
			}
			into.code, into.tests = into.code || p.code, into.tests || p.tests
			into.imports = append(into.imports, p.imports...)
			into.uses = append(into.uses, p.uses...)
		}
	}
	return out
}

// closure gives the folders of the packages that changed paths can affect,
// and of everything that these or their tests import.
func closure(t tree, changed []string) []string {
	wanted := map[string]bool{}
	var todo []*gopkg
	want := func(p *gopkg) {
		if !wanted[p.path+" "+p.dir] {
			wanted[p.path+" "+p.dir] = true
			todo = append(todo, p)
		}
	}
	for _, p := range affected(t, tree{}, changed) {
		want(p)
	}
	byPath := map[string][]*gopkg{}
	for _, p := range t.packages {
		byPath[p.path] = append(byPath[p.path], p)
	}
	var folders []string
	for len(todo) > 0 {
		p := todo[0]
		todo = todo[1:]
		folders = append(folders, p.dir)
		for _, imported := range append(slices.Clone(p.imports), p.uses...) {
			for _, q := range byPath[imported] {
				want(q)
			}
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// chosen gives the entries in and below folders, and those that give versions.
func chosen(entries []change.Entry, folders []string) []string {
	var out []string
	for _, e := range entries {
		in := slices.ContainsFunc(folders, func(dir string) bool { return suite.Within(e.Path, dir) })
		switch path.Base(e.Path) {
		case "go.mod", "go.sum", "go.work", "go.work.sum":
			in = true
		}
		if in || strings.Contains("/"+e.Path, "/vendor/") {
			out = append(out, e.Mode+" "+e.Blob+" "+e.Path)
		}
	}
	return out
}

func sidesOf(files []change.File) []string {
	var out []string
	for _, f := range files {
		out = append(out, strings.Join([]string{string(f.Status), f.OldMode, f.OldBlob, f.NewMode, f.NewBlob, strconv.Quote(f.OldPath), f.Path}, " "))
	}
	return out
}

// reachOut reports whether Go files in and below folders show a sign of
// depending on what is outside them. So does a module that is replaced by a
// folder, which need not have the path it is imported by.
func reachOut(dir string, folders []string) (found bool, err error) {
	sign := regexp.MustCompile("\"os/exec\"|\\bruntime\\.Callers?\\b|\\bGetwd\\b|\\bos\\.Executable\\b|[\"'`/]\\.\\.[\"'`/]|import \"C\"|^\\s*\"C\"$|\"plugin\"|\"syscall\"|\"go/build\"|x/tools/go/packages|x/sys/unix|//go:linkname")
	replaced := regexp.MustCompile(`=>\s*"?[./]`)
	err = suite.InRoot(dir, func(tree fs.FS) error {
		return fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || found:
				return err
			case d.IsDir():
				return nil
			case d.Type()&fs.ModeSymlink != 0:
				found = slices.ContainsFunc(folders, func(f string) bool { return suite.Within(p, f) })
				return nil
			case d.Name() == "go.mod" || d.Name() == "go.work":
				text, ok := suite.ReadText(tree, p)
				found = !ok || replaced.MatchString(text)
			case path.Ext(p) == ".go" && slices.ContainsFunc(folders, func(f string) bool { return suite.Within(p, f) }):
				text, ok := suite.ReadText(tree, p)
				found = !ok || sign.MatchString(text)
			}
			return nil
		})
	})
	return found, err
}

// toolchain tells one go command from another: where it is, its size and date,
// and the version beside it. Empty means that there is none.
func toolchain(env []string) string {
	folders := os.Getenv("PATH") //nolint:forbidigo // where the command is looked for when its own environment says nothing
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			folders = v
		}
	}
	for _, dir := range filepath.SplitList(folders) {
		at, err := filepath.EvalSymlinks(filepath.Join(dir, "go"))
		if err != nil {
			continue
		}
		info, err := os.Stat(at)
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			continue
		}
		version, err := os.ReadFile(filepath.Join(filepath.Dir(at), "..", "VERSION"))
		if err != nil || len(version) > 1<<10 {
			version = nil // a package of a distribution has none; the date tells
		}
		return strings.Join([]string{at, strconv.FormatInt(info.Size(), 10), info.ModTime().UTC().String(), string(version)}, "\n")
	}
	return ""
}
