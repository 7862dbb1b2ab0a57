package suite

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"muster/internal/check"
	"muster/internal/core/job"
)

// ReportName is the file in a tree's root that a tool writes its report to.
const ReportName = ".muster-report"

// Written runs a command that leaves its report in the file ReportName of a
// tree. No text and no reason mean that it ended without a report.
func Written(ctx context.Context, x check.Exec, c job.Command, o Order) (ran check.Ran, text, why string) {
	root, err := os.OpenRoot(o.Tree)
	if err != nil {
		return ran, "", "the folder of the tests could not be opened: " + err.Error()
	}
	defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
	if err := root.RemoveAll(ReportName); err != nil {
		return ran, "", "an old report could not be removed: " + err.Error()
	}
	c.LimitMS = o.LimitMS
	if ran = check.Do(ctx, x, c); ran.Why != "" {
		return ran, "", ran.Why
	}
	info, err := root.Lstat(ReportName)
	switch {
	case os.IsNotExist(err):
		return ran, "", ""
	case err != nil:
		return ran, "", "the report could not be read: " + err.Error()
	case !info.Mode().IsRegular():
		return ran, "", "the report is no file"
	case info.Size() > MaxOutput:
		return ran, "", "the report is larger than can be read"
	}
	b, err := root.ReadFile(ReportName)
	if err != nil {
		return ran, "", "the report could not be read: " + err.Error()
	}
	return ran, strings.ToValidUTF8(string(b), "\uFFFD"), ""
}

// Unreported is the report of a tool that left none. A command that ends with
// success all the same was ended from within: all its units were cut short.
// Any other end is no answer.
func Unreported(ran check.Ran, o Order, tool string) (Report, string) {
	said := strings.TrimSpace(ran.Text(o.Tree))
	if ran.Output.Code != 0 {
		return Report{}, tool + " gave no report: " + check.Clip(said, 500)
	}
	r := NewReport()
	for _, u := range o.Units {
		r.Unit(u.ID).EndCut()
		r.Units[u.ID].Output = check.Clip(said, MaxText)
	}
	return r, ""
}

// Paths turns the file names of a report into paths of the tree.
type Paths struct{ roots []string }

// PathsOf gives the paths of the tree in a folder.
func PathsOf(tree string) Paths {
	p := Paths{roots: []string{tree}}
	if real, err := filepath.EvalSymlinks(tree); err == nil && real != tree {
		p.roots = append(p.roots, real)
	}
	return p
}

// Of gives the path of a file name, which may be relative to dir; false when
// it is outside the tree.
func (p Paths) Of(name, dir string) (string, bool) {
	name = strings.TrimPrefix(filepath.ToSlash(name), "file://")
	if !path.IsAbs(name) {
		name = path.Join(dir, name)
		return name, filepath.IsLocal(name)
	}
	for _, root := range p.roots {
		if rest, ok := strings.CutPrefix(name, root+"/"); ok {
			return path.Clean(rest), filepath.IsLocal(rest)
		}
	}
	return "", false
}
