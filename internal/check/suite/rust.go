package suite

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/source"
)

// rust plans the tests of Cargo's packages: those that the change touches and
// those that depend on them.
type rust struct{}

func (rust) Name() string { return "Rust" }

func (rust) Present(entries []change.Entry) bool { return anyFile(entries, isCargo) }

func isCargo(p string) bool {
	c := change.Classify(p, nil)
	return isNamed(p, "Cargo.toml") && !c.Vendored && !c.Fixture
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

func (rust) Plan(_ context.Context, in Input) (Plan, error) {
	crates, err := cratesOf(in.Tests, in.Entries)
	if err != nil {
		return Plan{}, err
	}
	var p Plan
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
		p.Groups = append(p.Groups, Group{
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
	err = inRoot(dir, func(tree fs.FS) error {
		for _, e := range entries {
			if !isFile(e) || !isCargo(e.Path) {
				continue
			}
			c := crate{dir: path.Dir(e.Path)}
			c.text, _ = readText(tree, e.Path)
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
		whole := slices.Contains([]string{"Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"}, path.Base(p)) || strings.Contains("/"+p, "/.cargo/")
		nearest := -1
		for i, c := range crates {
			switch {
			case whole && within(c.dir, strings.TrimSuffix(path.Dir(p), "/.cargo")):
				out[i] = true
			case within(p, c.dir) && (nearest < 0 || len(c.dir) > len(crates[nearest].dir) || crates[nearest].dir == "."):
				nearest = i
			}
		}
		if nearest >= 0 && reaches(p, source.Rust) {
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
func targets(c crate, crates []crate, entries []change.Entry) []Unit {
	var units []Unit
	var code []string
	tests := map[string][]string{} // files by target
	for _, e := range entries {
		if !isFile(e) || path.Ext(e.Path) != ".rs" || !within(e.Path, c.dir) || innerCrate(e.Path, c, crates) {
			continue
		}
		rel := below(e.Path, c.dir)
		first, rest, _ := strings.Cut(rel, "/")
		switch {
		case first == "src":
			code = append(code, e.Path)
			if rel == "src/lib.rs" || rel == "src/main.rs" || path.Dir(rel) == "src/bin" {
				units = append(units, Unit{ID: e.Path, Path: e.Path})
			}
		case first == "tests" && !strings.Contains(rest, "/"):
			units = append(units, Unit{ID: e.Path, Path: e.Path, Files: []string{e.Path}})
		case first == "tests":
			target := path.Join(c.dir, "tests", rest[:strings.IndexByte(rest, '/')], "main.rs")
			tests[target] = append(tests[target], e.Path)
			if e.Path == target {
				units = append(units, Unit{ID: e.Path, Path: e.Path})
			}
		}
	}
	for i, u := range units {
		if strings.HasPrefix(below(u.Path, c.dir), "src/") {
			units[i].Files = code
		} else if files := tests[u.Path]; files != nil {
			units[i].Files = files
		}
	}
	return units
}

// innerCrate reports whether a path belongs to a crate inside another.
func innerCrate(p string, c crate, crates []crate) bool {
	return slices.ContainsFunc(crates, func(o crate) bool { return o.dir != c.dir && within(o.dir, c.dir) && within(p, o.dir) })
}
