// Package rust runs the tests of Cargo's packages, also those inside the code.
package rust

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/check/suite"
	"muster/internal/core/change"
	"muster/internal/source"
)

// rust plans the tests of Cargo's packages: those that the change touches and
// those that depend on them.
type rust struct{}

// New gives the language Rust.
func New() suite.Language { return rust{} }

func (rust) Name() string { return "Rust" }

func (rust) Present(entries []change.Entry) bool { return suite.AnyFile(entries, isCargo) }

func isCargo(p string) bool {
	if !suite.IsNamed(p, "Cargo.toml") {
		return false
	}
	c := change.Classify(p, nil)
	return !c.Vendored && !c.Fixture
}

// Material is a test outside the code, or what tests read. Tests inside a file
// of code are laid by Splice.
func (rust) Material(p string) bool {
	class, lang := change.Classify(p, nil), source.LanguageOf(p)
	return class.Test && lang == source.Rust || class.Fixture && (lang == source.Unknown || lang == source.Rust)
}

// crate is one package of Cargo.
type crate struct {
	dir  string
	name string
	text string // of Cargo.toml
}

func (rust) Plan(_ context.Context, in suite.Input) (suite.Plan, error) {
	crates, err := cratesOf(in.Tests, in.Entries)
	if err != nil {
		return suite.Plan{}, err
	}
	var p suite.Plan
	touched := touchedCrates(crates, in.Changed)
	for i, c := range crates {
		units := targets(c, crates, in.Entries)
		if c.name == "" || len(units) == 0 {
			continue
		}
		if !touched[i] {
			p.Notes = append(p.Notes, fmt.Sprintf("the tests of the crate in %s were left out: the change touches nothing that it depends on", check.ShowPath(c.dir)))
			continue
		}
		p.Groups = append(p.Groups, suite.Group{
			Dir: c.dir, Units: units, Tool: cargo{},
			Steered: slices.Contains(in.Change.Paths(), path.Join(c.dir, "Cargo.toml")),
		})
	}
	if len(p.Groups) > 0 {
		p.Notes = append(p.Notes, "examples in the documentation of Rust code were not run as tests")
	}
	return p, nil
}

func cratesOf(dir string, entries []change.Entry) (out []crate, err error) {
	name := regexp.MustCompile(`(?ms)^\[package\].*?^\s*name\s*=\s*"([^"]+)"`)
	err = suite.InRoot(dir, func(tree fs.FS) error {
		for _, e := range entries {
			if !suite.IsFile(e) || !isCargo(e.Path) {
				continue
			}
			c := crate{dir: path.Dir(e.Path)}
			c.text, _ = suite.ReadText(tree, e.Path)
			if m := name.FindStringSubmatch(c.text); m != nil {
				c.name = m[1]
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

// needs reports whether a crate names another among its dependencies.
func (c crate) needs(other crate) bool {
	if other.name == "" || c.dir == other.dir {
		return false
	}
	q := regexp.QuoteMeta(other.name)
	return regexp.MustCompile(`(?m)^\s*"?` + q + `"?\s*[=.]|^\s*\[[\w.'"()-]*dependencies\.` + q + `\]|package\s*=\s*"` + q + `"`).MatchString(c.text)
}

// touchedCrates says of each crate whether changed paths can affect it.
func touchedCrates(crates []crate, changed []string) []bool {
	out := make([]bool, len(crates))
	for _, p := range changed {
		if class := change.Classify(p, nil); class.Document && !class.Fixture {
			continue
		}
		around, _, whole := strings.Cut("/"+path.Dir(p)+"/", "/.cargo/") // the folder that the file says something of
		whole = whole || slices.Contains([]string{"Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"}, path.Base(p))
		nearest := -1
		for i, c := range crates {
			switch {
			case whole && suite.Within(c.dir, path.Join(".", around)):
				out[i] = true
			case suite.Within(p, c.dir) && (nearest < 0 || len(c.dir) > len(crates[nearest].dir) || crates[nearest].dir == "."):
				nearest = i
			}
		}
		if nearest >= 0 && suite.Reaches(p, source.Rust) {
			out[nearest] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for i, c := range crates {
			for k, other := range crates {
				if !out[i] && out[k] && c.needs(other) {
					out[i], grown = true, true
				}
			}
		}
	}
	return out
}

// targets gives what Cargo compiles into one test program each.
func targets(c crate, crates []crate, entries []change.Entry) []suite.Unit {
	var units []suite.Unit
	var code []string
	tests := map[string][]string{} // files by target
	for _, e := range entries {
		if !suite.IsFile(e) || path.Ext(e.Path) != ".rs" || !suite.Within(e.Path, c.dir) || innerCrate(e.Path, c, crates) {
			continue
		}
		rel := suite.Below(e.Path, c.dir)
		first, rest, _ := strings.Cut(rel, "/")
		switch {
		case first == "src":
			code = append(code, e.Path)
			if rel == "src/lib.rs" || rel == "src/main.rs" || path.Dir(rel) == "src/bin" {
				units = append(units, suite.Unit{ID: e.Path, Path: e.Path})
			}
		case first == "tests" && !strings.Contains(rest, "/"):
			units = append(units, suite.Unit{ID: e.Path, Path: e.Path, Files: []string{e.Path}})
		case first == "tests":
			target := path.Join(c.dir, "tests", rest[:strings.IndexByte(rest, '/')], "main.rs")
			tests[target] = append(tests[target], e.Path)
			if e.Path == target {
				units = append(units, suite.Unit{ID: e.Path, Path: e.Path})
			}
		}
	}
	for i, u := range units {
		if strings.HasPrefix(suite.Below(u.Path, c.dir), "src/") {
			units[i].Files = code
		} else if files := tests[u.Path]; files != nil {
			units[i].Files = files
		}
	}
	return units
}

// innerCrate reports whether a path belongs to a crate inside another.
func innerCrate(p string, c crate, crates []crate) bool {
	return slices.ContainsFunc(crates, func(o crate) bool { return o.dir != c.dir && suite.Within(o.dir, c.dir) && suite.Within(p, o.dir) })
}
