package mutation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/plan"
)

// maxList bounds what "go list" may print.
const maxList = 64 << 20

// listed is what "go list -json" says of one package.
type listed struct {
	Dir          string
	ImportPath   string
	Name         string
	Export       string // file with what the package exports, when asked for
	GoFiles      []string
	CgoFiles     []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Module       *struct{ GoVersion string }
	Error        *struct{ Err string }
}

func (p *listed) hasTests() bool { return len(p.TestGoFiles)+len(p.XTestGoFiles) > 0 }

// isTestHelper reports whether the package is part of the tests of others.
func (p *listed) isTestHelper() bool { return slices.Contains(p.Imports, "testing") }

// packages are those of one module, by import path.
type packages struct {
	all    []*listed
	byPath map[string]*listed
	deps   map[string]map[string]bool // of the code, without tests
}

// list asks the go command for packages. With fields it gives only those.
func list(ctx context.Context, x check.Exec, j Job, args ...string) ([]*listed, error) {
	argv := append([]string{"go", "list", "-e"}, args...)
	c := check.Command(plan.Command{Argv: argv}, filepath.Join(j.Dir, filepath.FromSlash(j.Module)), j.Env)
	c.OutputCap = maxList
	ran := check.Do(ctx, x, c)
	switch {
	case ran.Why != "":
		return nil, errors.New(ran.Why)
	case ran.Output.Capped:
		return nil, errors.New("go list printed more than can be read")
	case ran.Failed():
		return nil, fmt.Errorf("go list failed: %s", check.Clip(ran.Text(j.Dir), 500))
	}
	var out []*listed
	for d := json.NewDecoder(strings.NewReader(ran.Output.Stdout)); ; {
		p := &listed{}
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list printed something else than packages: %w", err)
		}
		out = append(out, p)
	}
}

// packagesOf gives the packages of the job's module.
func packagesOf(ctx context.Context, x check.Exec, j Job) (packages, error) {
	all, err := list(ctx, x, j, "-json=Dir,ImportPath,Name,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports,Module,Error", "./...")
	if err != nil {
		return packages{}, err
	}
	ps := packages{all: all, byPath: map[string]*listed{}, deps: map[string]map[string]bool{}}
	for _, p := range all {
		ps.byPath[p.ImportPath] = p
	}
	return ps, nil
}

// below gives the packages of the module that a package's code imports,
// directly or not, itself included.
func (ps packages) below(path string) map[string]bool {
	if known, ok := ps.deps[path]; ok {
		return known
	}
	out := map[string]bool{path: true}
	ps.deps[path] = out // so that a cycle, which does not compile, ends
	if p := ps.byPath[path]; p != nil {
		for _, imp := range p.Imports {
			if ps.byPath[imp] == nil {
				continue
			}
			for d := range ps.below(imp) {
				out[d] = true
			}
		}
	}
	return out
}

// tested gives the packages of the module that are part of a package's tests.
func (ps packages) tested(p *listed) map[string]bool {
	out := map[string]bool{}
	for _, imp := range slices.Concat([]string{p.ImportPath}, p.TestImports, p.XTestImports) {
		if ps.byPath[imp] == nil {
			continue
		}
		for d := range ps.below(imp) {
			out[d] = true
		}
	}
	return out
}

// trials gives the packages whose tests can come by the targets: first the
// targets themselves, then the others by how directly they use a target.
func (ps packages) trials(targets []*listed) (own, others []*listed) {
	isTarget := map[string]bool{}
	for _, t := range targets {
		isTarget[t.ImportPath] = true
		if t.hasTests() {
			own = append(own, t)
		}
	}
	type other struct {
		pkg      *listed
		distance int
	}
	var found []other
	for _, p := range ps.all {
		if isTarget[p.ImportPath] || !p.hasTests() {
			continue
		}
		if d := ps.distance(p, isTarget); d > 0 {
			found = append(found, other{p, d})
		}
	}
	slices.SortStableFunc(found, func(a, b other) int { return a.distance - b.distance })
	for _, o := range found {
		others = append(others, o.pkg)
	}
	return own, others
}

// distance counts the imports between a package with its tests and the nearest
// target; 0 when there is no way.
func (ps packages) distance(p *listed, isTarget map[string]bool) int {
	seen := map[string]bool{}
	next := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
	for d := 1; len(next) > 0; d++ {
		var after []string
		for _, imp := range next {
			if isTarget[imp] {
				return d
			}
			if q := ps.byPath[imp]; q != nil && !seen[imp] {
				seen[imp] = true
				after = append(after, q.Imports...)
			}
		}
		next = after
	}
	return 0
}

// exports gives, by import path, the files that say what the packages that
// the targets import export. The go command compiles what is not yet.
func exports(ctx context.Context, x check.Exec, j Job, targets []*listed) (map[string]string, error) {
	args := []string{"-export", "-deps", "-json=ImportPath,Export"}
	for _, t := range targets {
		args = append(args, t.ImportPath)
	}
	all, err := list(ctx, x, j, args...)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, p := range all {
		out[p.ImportPath] = p.Export
	}
	return out, nil
}
