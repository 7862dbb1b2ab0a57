// Package muster_test guards the shape of the tree: who may import whom, what
// the core may use, and how large things may grow.
//
// The tests read the files themselves: the go command keeps the result of a
// test until a file that the test has read changes, and it cannot see what a
// "go list" started by the test has read.
package muster_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "muster/"

// sort is what a layer is used for.
type sort string

const (
	pure    sort = "pure"       // decides; no clock, disk, network, chance, goroutine
	plain   sort = ""           // anything its imports allow
	forTest sort = "tests only" // imported by test files, and by packages that name it
)

// layer says what one package, or every package below "path/...", may import
// from this module.
type layer struct {
	pkg  string
	may  string // patterns, separated by spaces
	sort sort
}

// layers is the import map. For each package the first match holds.
// ARCHITECTURE.md shows the same table; TestArchitectureShowsTheLayers
// compares them.
func layers() []layer {
	return []layer{
		{"internal/core/fault", "", pure},
		{"internal/core/job", "", pure},
		{"internal/core/meter", "internal/core/job", pure},
		{"internal/core/otlp", "internal/core/job", pure},
		{"internal/core/spans", "internal/core/...", pure},
		{"internal/core/wire", "internal/core/job internal/core/meter", pure},
		{"internal/core/recording", "internal/core/fault internal/core/job internal/core/wire", pure},
		{"internal/core/yamlfile", "internal/core/fault", pure},
		{"internal/core/plan", "internal/core/fault internal/core/yamlfile", pure},
		{"internal/core/egress", "", pure},
		{"internal/core/registries", "", pure},
		{"internal/core/config", "internal/core/egress internal/core/evidence internal/core/fault internal/core/job internal/core/plan internal/core/resource internal/core/setup internal/core/yamlfile", pure},
		{"internal/core/change", "", pure},
		{"internal/core/resource", "", pure},
		{"internal/core/taint", "", pure},
		{"internal/core/account", "internal/core/fault", pure},
		{"internal/core/offer", "", pure},
		{"internal/core/setup", "internal/core/change internal/core/plan", pure},
		{"internal/core/evidence", "internal/core/change internal/core/plan internal/core/setup internal/core/fault", pure},
		{"internal/core/policy", "internal/core/evidence internal/core/plan internal/core/change internal/core/fault", pure},
		{"internal/core/flow", "internal/core/fault internal/core/job internal/core/yamlfile internal/core/plan internal/core/config internal/core/change internal/core/evidence internal/core/policy internal/core/resource internal/core/setup", pure},
		{"internal/core/report", "internal/core/...", pure},
		{"internal/core/provenance", "internal/core/change internal/core/config internal/core/evidence internal/core/fault internal/core/flow internal/core/job internal/core/plan internal/core/policy internal/core/report", pure},
		{"internal/source", "internal/source/tokens", plain},
		{"internal/source/reader", "internal/source internal/source/reader/... internal/source/treesitter", plain},
		{"internal/source/reader/form", "internal/source", plain},
		{"internal/source/reader/syntax", "internal/source internal/source/reader/form internal/source/treesitter", plain},
		{"internal/source/reader/...", "internal/source internal/source/reader/form internal/source/reader/syntax internal/source/treesitter", plain},
		{"internal/source/repomap", "internal/source internal/source/manifest", plain},
		{"internal/source/repomap/draft", "internal/source/repomap", plain},
		{"internal/source/...", "", plain},
		{"internal/adapter/agent/fakemodel", "internal/core/...", forTest},
		{"internal/adapter/agent/turns", "internal/core/... internal/adapter/agent/lines", plain},
		{"internal/adapter/agent", "internal/core/... internal/adapter/agent/until internal/adapter/agent/given internal/adapter/agent/lines internal/adapter/agent/turns", plain},
		{"internal/adapter/git", "internal/core/... internal/adapter/git/...", plain},
		{"internal/adapter/git/folders", "internal/core/... internal/adapter/git/lasting internal/adapter/git/raw", plain},
		{"internal/adapter/sandbox", "internal/core/... internal/adapter/sandbox/...", plain},
		{"internal/adapter/gateway/gatewaytest", "internal/adapter/gateway", forTest},
		{"internal/adapter/...", "internal/core/...", plain},
		{"internal/store", "internal/core/...", plain},
		{"internal/check", "internal/core/... internal/source internal/source/reader", plain},
		{"internal/check/battery", "internal/core/... internal/source internal/source/... internal/check internal/check/...", plain},
		{"internal/check/suite", "internal/core/... internal/source internal/check", plain},
		{"internal/check/suite/languages", "internal/core/... internal/check internal/check/suite internal/check/suite/...", plain},
		{"internal/check/suite/near", "internal/core/... internal/source/imports internal/check/suite", plain},
		{"internal/check/suite/...", "internal/core/... internal/source internal/check internal/check/suite", plain},
		{"internal/check/basetests", "internal/core/... internal/source internal/check internal/check/suite internal/check/suite/...", plain},
		{"internal/check/newtests", "internal/core/... internal/check internal/check/suite internal/check/suite/...", plain},
		{"internal/check/repeat", "internal/core/... internal/check internal/check/suite internal/check/suite/...", plain},
		{"internal/check/tamper", "internal/core/... internal/source internal/source/... internal/check internal/check/tamper/...", plain},
		{"internal/check/tamper/...", "internal/core/... internal/source internal/source/... internal/check internal/check/tamper/words", plain},
		{"internal/check/checktest", "internal/core/... internal/source internal/source/... internal/check internal/slowtest", plain},
		{"internal/check/...", "internal/core/... internal/source internal/source/... internal/check", plain},
		{"internal/engine", "internal/core/...", plain},
		{"internal/engine/enginetest", "internal/core/... internal/engine", forTest},
		{"internal/demo", "internal/core/...", plain},
		{"internal/app/attest", "internal/core/... internal/adapter/git internal/adapter/keys internal/app/machine internal/store", plain},
		{"internal/app/furnish", "internal/core/... internal/adapter/git internal/adapter/sandbox internal/adapter/setups internal/app/walls internal/check internal/engine", plain},
		{"internal/app/gc", "internal/core/... internal/adapter/git internal/adapter/sandbox internal/app/furnish internal/store", plain},
		{"internal/app/exposure", "internal/core/config internal/core/job internal/core/taint internal/adapter/login internal/app/models", plain},
		{"internal/app/handover", "internal/core/... internal/adapter/git", plain},
		{"internal/app/observe", "internal/core/... internal/adapter/agent internal/adapter/sandbox", plain},
		{"internal/app/models", "internal/core/... internal/adapter/gateway internal/adapter/login internal/adapter/pricelist", plain},
		{"internal/app/telemetry", "internal/core/... internal/adapter/collector internal/app/runs internal/store", plain},
		{"internal/app/runs", "internal/core/... internal/store", plain},
		{"internal/app/machine", "internal/core/... internal/engine", plain},
		{"internal/app/plans", "internal/core/... internal/source/repomap internal/source/repomap/draft internal/adapter/git internal/check", plain},
		{"internal/app/offers", "internal/core/... internal/adapter/git internal/app/machine", plain},
		{"internal/app/outside", "internal/core/egress internal/core/evidence internal/core/fault internal/core/job internal/core/meter internal/core/registries internal/adapter/gateway internal/adapter/git internal/adapter/mirror internal/adapter/pricelist internal/adapter/registry internal/adapter/sandbox internal/app/machine internal/app/telemetry internal/check internal/check/dependencies", plain},
		{"internal/app/rounds", "internal/core/evidence internal/core/fault", plain},
		{"internal/app/walls", "internal/core/account internal/core/config internal/core/fault internal/core/job internal/core/taint internal/adapter/sandbox internal/adapter/sandbox/gocache", plain},
		{"internal/app", "internal/core/... internal/source/reader internal/app/attest internal/app/exposure internal/app/furnish internal/app/gc internal/app/handover internal/app/machine internal/app/models internal/app/observe internal/app/offers internal/app/outside internal/app/plans internal/app/rounds internal/app/runs internal/app/telemetry internal/app/walls internal/adapter/... internal/store internal/check internal/check/... internal/engine internal/demo", plain},
		{"internal/cli", "internal/app internal/app/gc internal/core/... internal/demo internal/cli/begin internal/cli/complete internal/cli/manual internal/cli/prices internal/cli/proof internal/cli/unit internal/cli/words", plain},
		{"internal/cli/begin", "internal/app internal/cli/unit", plain},
		{"internal/cli/complete", "internal/app", plain},
		{"internal/cli/prices", "internal/app internal/app/models internal/core/... internal/cli/begin internal/cli/unit", plain},
		{"internal/cli/proof", "internal/app internal/app/attest internal/app/offers internal/core/... internal/cli/begin internal/cli/unit", plain},
		{"internal/cli/words", "internal/core/... internal/cli/unit", plain},
		{"internal/cli/manual", "internal/core/fault", plain},
		{"internal/cli/unit", "internal/core/...", plain},
		{"cmd/muster", "internal/cli internal/app internal/app/outside internal/adapter/sandbox internal/adapter/inside", plain},
		{"internal/slowtest", "", forTest},
		{"internal/killtest", "internal/...", forTest},
		{"internal/logintest", "internal/...", forTest},
		{"internal/agentse2e", "internal/...", forTest},
		{"internal/fairtest", "internal/...", forTest},
		{"internal/bench", "internal/...", forTest},
		{"bench/catch", "bench/catch/seeded", forTest},
		{"bench/catch/...", "", forTest},
		{"bench/...", "internal/...", forTest},
	}
}

// owned says which packages may import what; "tests" stands for every test
// file. A path ending in "/" covers everything below it. Test files may import
// any outside module that is named here.
type owned struct {
	path string
	by   string
}

// owners lists every outside module, and the parts of the standard library
// that belong in one place.
func owners() []owned {
	return []owned{
		{"modernc.org/sqlite", "internal/store"},
		{"github.com/spf13/cobra", "internal/cli internal/cli/begin internal/cli/complete internal/cli/manual internal/cli/prices internal/cli/proof"},
		{"github.com/spf13/pflag", "internal/cli/manual"},
		{"go.yaml.in/yaml/v3", "internal/core/yamlfile"},
		{"github.com/bmatcuk/doublestar/v4", "internal/core/plan"},
		{"golang.org/x/sys/", "internal/adapter/sandbox internal/adapter/sandbox/confine internal/adapter/sandbox/renew internal/store"},
		{"golang.org/x/term", "internal/cli"},
		{"golang.org/x/mod/", "internal/source/manifest internal/adapter/registry internal/adapter/mirror"},
		{"github.com/BurntSushi/toml", "internal/core/offer internal/source/manifest internal/check/secrets"},
		{"github.com/google/uuid", "internal/app internal/store"},
		{"github.com/reviewdog/errorformat", "internal/check/linters"},
		{"github.com/rogpeppe/go-internal/", "tests bench/..."},
		{"github.com/tetratelabs/wazero", "internal/source/treesitter"},
		{"github.com/tetratelabs/wazero/", "internal/source/treesitter"},
		{"database/sql", "internal/store"},
		{"os/exec", "internal/adapter/... internal/bench internal/check/checktest internal/killtest internal/fairtest bench/..."},
		{"net/http", "internal/adapter/agent/fakemodel internal/adapter/collector internal/adapter/gateway internal/adapter/mirror internal/adapter/pricelist internal/adapter/registry internal/app/outside"},
		{"net/http/httptrace", "internal/adapter/gateway"},
		{"plugin", "tests"},
		{"unsafe", "internal/adapter/sandbox/confine"},
	}
}

// pureImports is all of the standard library that a pure package may use.
// What is missing here and has no clock, input, output or chance may be added.
func pureImports() []string {
	return []string{
		"bytes", "cmp", "container/heap", "crypto/ed25519", "crypto/sha256", "encoding/base64", "encoding/binary", "encoding/hex", "encoding/json",
		"errors", "fmt", "hash/fnv", "io", "iter", "maps", "math", "math/big", "math/bits", "net/netip", "net/url", "path", "reflect", "regexp", "slices",
		"sort", "strconv", "strings", "text/tabwriter", "text/template", "time", "unicode", "unicode/utf8",
	}
}

func TestLayers(t *testing.T) {
	files, err := readTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range checkLayers(files, layers(), owners()) {
		t.Error(problem)
	}
}

// checkLayers gives everything in the files that breaks the import map.
func checkLayers(files []file, layers []layer, owners []owned) []string {
	c := &layerCheck{layers: layers, owners: owners, documented: map[string]bool{}}
	for _, f := range files {
		if f.pkg == "." && !f.test {
			c.add(f, "no package lives at the root")
		}
		if f.pkg == "." {
			continue
		}
		l, ok := c.layerOf(f.pkg)
		if !ok {
			c.add(f, "%s is in no layer: add it to layers_test.go and to ARCHITECTURE.md", f.pkg)
			continue
		}
		if !f.test {
			c.documented[f.pkg] = c.documented[f.pkg] || f.ast.Doc != nil
		}
		for _, spec := range f.ast.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			c.checkImport(f, l, imp)
		}
		if l.sort == pure && !f.test {
			c.checkPure(f)
		}
	}
	for _, pkg := range sortedKeys(c.documented) {
		if !c.documented[pkg] {
			c.problems = append(c.problems, pkg+" has no package comment")
		}
	}
	return append(c.problems, unsortedRanges(files, func(pkg string) bool {
		l, ok := c.layerOf(pkg)
		return ok && l.sort == pure
	})...)
}

// layerCheck collects problems.
type layerCheck struct {
	layers     []layer
	owners     []owned
	documented map[string]bool // by package: has it a comment
	problems   []string
}

func (c *layerCheck) add(f file, format string, args ...any) {
	c.problems = append(c.problems, f.name+": "+fmt.Sprintf(format, args...))
}

func (c *layerCheck) layerOf(pkg string) (layer, bool) {
	i := slices.IndexFunc(c.layers, func(l layer) bool { return matches(l.pkg, pkg) })
	if i < 0 {
		return layer{}, false
	}
	return c.layers[i], true
}

// matches reports whether pattern names pkg: itself, or "path/..." above it.
func matches(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

// matchesAny is matches for a list separated by spaces.
func matchesAny(patterns, pkg string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool { return matches(p, pkg) })
}

func (c *layerCheck) checkImport(f file, l layer, imp string) {
	if imp == "C" {
		c.add(f, "cgo: the program is built without a C compiler")
		return
	}
	if in, ok := strings.CutPrefix(imp, module); ok {
		c.checkInside(f, l, in)
		return
	}
	i := slices.IndexFunc(c.owners, func(o owned) bool {
		return imp == strings.TrimSuffix(o.path, "/") || strings.HasPrefix(imp, strings.TrimSuffix(o.path, "/")+"/")
	})
	switch standard := isStandard(imp); {
	case i >= 0 && !f.test && !matchesAny(c.owners[i].by, f.pkg):
		c.add(f, "%s may not import %s, which belongs to %s", f.pkg, imp, c.owners[i].by)
	case i < 0 && !standard:
		c.add(f, "%s has no owner: add it to layers_test.go and to docs/adr/0004", imp)
	case standard && l.sort == pure && !f.test && !slices.Contains(pureImports(), imp):
		c.add(f, "%s is pure and may not import %s", f.pkg, imp)
	}
}

// checkInside judges an import of this module. Test files may import any
// package: they build what they test from real parts.
func (c *layerCheck) checkInside(f file, l layer, in string) {
	if f.test || in == f.pkg {
		return
	}
	helper := strings.HasPrefix(f.pkg, in+"/") // a part of the package, such as its own program
	to, _ := c.layerOf(in)
	switch {
	case helper && to.sort == forTest:
	case to.sort == forTest && l.sort != forTest && !slices.Contains(strings.Fields(l.may), in):
		c.add(f, "%s may not import %s, which is for tests", f.pkg, in)
	case !matchesAny(l.may, in):
		c.add(f, "%s may not import %s", f.pkg, in)
	}
}

// isStandard reports whether an import path is of the standard library.
func isStandard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}

// checkPure refuses goroutines, channels, the clock and printing.
func (c *layerCheck) checkPure(f file) {
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Local", "LoadLocation"}
	for _, d := range f.ast.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			c.checkVars(f, g)
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
			c.add(f, "line %d: goroutine or channel in a pure package", f.line(n))
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
				c.add(f, "line %d: %s in a pure package", f.line(n), id.Name)
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
				c.add(f, "line %d: time.%s in a pure package; take the time from the event", f.line(n), n.Sel.Name)
			}
			if ok && x.Name == "ed25519" && n.Sel.Name == "GenerateKey" {
				c.add(f, "line %d: ed25519.GenerateKey in a pure package: a key is chance", f.line(n))
			}
			if ok && x.Name == "fmt" && strings.HasPrefix(n.Sel.Name, "Print") {
				c.add(f, "line %d: fmt.%s in a pure package; give the text back", f.line(n), n.Sel.Name)
			}
		}
		return true
	})
}

// checkVars refuses package variables in the core, for a decision must depend
// on nothing but its input. Compiled patterns and named errors never change.
func (c *layerCheck) checkVars(f file, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range v.Names {
			if name.Name == "_" || i < len(v.Values) && isFixed(v.Values[i]) {
				continue
			}
			c.add(f, "line %d: package variable %s in a pure package; make it a constant or a function", f.line(v), name.Name)
		}
	}
}

// isFixed reports whether e is a compiled pattern or a named error.
func isFixed(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	return ok && slices.Contains([]string{"regexp.MustCompile", "errors.New", "fault.New"}, qualified(call.Fun))
}

// Each planted file must be found, and its neighbour without the fault must
// not.
func TestLayersFindsPlantedFaults(t *testing.T) {
	for _, tt := range []struct {
		name, file, text, want string // an empty want is a file without fault
	}{
		{"adapter imports core", "internal/adapter/git/a.go", `package git; import _ "muster/internal/core/fault"`, ""},
		{"adapter imports adapter", "internal/adapter/git/a.go", `package git; import _ "muster/internal/adapter/sandbox"`, "may not import internal/adapter/sandbox"},
		{"adapter imports the engine", "internal/adapter/git/a.go", `package git; import _ "muster/internal/engine"`, "may not import internal/engine"},
		{"test of an adapter imports an adapter", "internal/adapter/git/a_test.go", `package git_test; import _ "muster/internal/adapter/sandbox"`, ""},
		{"flow imports report", "internal/core/flow/a.go", `package flow; import _ "muster/internal/core/report"`, "may not import internal/core/report"},
		{"report imports flow", "internal/core/report/a.go", `package report; import _ "muster/internal/core/flow"`, ""},
		{"check imports check", "internal/check/size/a.go", `package size; import _ "muster/internal/check/scope"`, "may not import internal/check/scope"},
		{"battery imports checks", "internal/check/battery/a.go", `package battery; import _ "muster/internal/check/scope"`, ""},
		{"app imports a test helper", "internal/app/a.go", `package app; import _ "muster/internal/adapter/agent/fakemodel"`, "which is for tests"},
		{"test imports a test helper", "internal/app/a_test.go", `package app; import _ "muster/internal/adapter/agent/fakemodel"`, ""},
		{"program of a test helper", "internal/adapter/agent/fakemodel/cmd/a.go", `package main; import _ "muster/internal/adapter/agent/fakemodel"`, ""},
		{"cli imports the store", "internal/cli/a.go", `package cli; import _ "muster/internal/store"`, "may not import internal/store"},
		{"package in no layer", "internal/misc/a.go", `package misc`, "is in no layer"},
		{"package at the root", "a.go", `package muster`, "at the root"},
		{"sqlite in the store", "internal/store/a.go", `package store; import _ "modernc.org/sqlite"`, ""},
		{"sqlite in the engine", "internal/engine/a.go", `package engine; import _ "modernc.org/sqlite"`, "belongs to internal/store"},
		{"x/sys in a listed package", "internal/adapter/sandbox/a.go", `package sandbox; import _ "golang.org/x/sys/unix"`, ""},
		{"x/sys elsewhere", "internal/adapter/git/a.go", `package git; import _ "golang.org/x/sys/unix"`, "belongs to"},
		{"testscript in a test", "internal/cli/a_test.go", `package cli; import _ "github.com/rogpeppe/go-internal/testscript"`, ""},
		{"testscript in the program", "internal/cli/a.go", `package cli; import _ "github.com/rogpeppe/go-internal/testscript"`, "belongs to tests"},
		{"unknown module", "internal/cli/a.go", `package cli; import _ "example.com/x"`, "has no owner"},
		{"unknown module in a test", "internal/cli/a_test.go", `package cli; import _ "example.com/x"`, "has no owner"},
		{"longer name of an owned module", "internal/store/a.go", `package store; import _ "modernc.org/sqlite3"`, "has no owner"},
		{"exec in an adapter", "internal/adapter/git/a.go", `package git; import _ "os/exec"`, ""},
		{"exec in the engine", "internal/engine/a.go", `package engine; import _ "os/exec"`, "belongs to"},
		{"cgo", "internal/store/a.go", `package store; import "C"`, "cgo"},
		{"pure reads files", "internal/core/plan/a.go", `package plan; import _ "os"`, "pure and may not import os"},
		{"pure test reads files", "internal/core/plan/a_test.go", `package plan; import _ "os"`, ""},
		{"pure waits", "internal/core/plan/a.go", `package plan; import _ "context"`, "pure and may not import context"},
		{"pure reads the clock", "internal/core/plan/a.go", `package plan; import "time"; func f() int { return time.Now().Year() }`, "time.Now"},
		{"pure uses a duration", "internal/core/plan/a.go", `package plan; import "time"; func f() time.Duration { return time.Second }`, ""},
		{"pure starts a goroutine", "internal/core/plan/a.go", `package plan; func f() { go f() }`, "goroutine"},
		{"pure makes a channel", "internal/core/plan/a.go", `package plan; func f() { _ = make(chan int) }`, "channel"},
		{"adapter starts a goroutine", "internal/adapter/git/a.go", `package git; func f() { go f() }`, ""},
		{"pure prints", "internal/core/plan/a.go", `package plan; import "fmt"; func f() { fmt.Println() }`, "fmt.Println"},
		{"pure formats", "internal/core/plan/a.go", `package plan; import "fmt"; func f() string { return fmt.Sprint() }`, ""},
		{"pure keeps a variable", "internal/core/plan/a.go", `package plan; var cache = map[string]int{}`, "package variable cache"},
		{"pure keeps a pattern", "internal/core/plan/a.go", `package plan; import "regexp"; var name = regexp.MustCompile("a")`, ""},
		{"pure has a local variable", "internal/core/plan/a.go", `package plan; func f() int { var n int; return n }`, ""},
		{"no comment", "internal/engine/b.go", "\npackage engine", "has no package comment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.text
			if !strings.HasPrefix(text, "\n") && !strings.HasSuffix(tt.file, "_test.go") {
				text = "// Package comment.\n" + text
			}
			files, err := readTree(fstest.MapFS{tt.file: {Data: []byte(text)}})
			if err != nil {
				t.Fatal(err)
			}
			wantProblem(t, checkLayers(files, layers(), owners()), tt.want)
		})
	}
}

// wantProblem fails unless want is empty and there is no problem, or there is
// one problem and it holds want.
func wantProblem(t *testing.T, problems []string, want string) {
	t.Helper()
	if want == "" && len(problems) == 0 || want != "" && len(problems) == 1 && strings.Contains(problems[0], want) {
		return
	}
	t.Errorf("problems %q; want one with %q", problems, want)
}

// ARCHITECTURE.md holds the import map as a table: | `package` | `may` `may` | what it is for |.
func TestArchitectureShowsTheLayers(t *testing.T) {
	data, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range compareTable(string(data), layers()) {
		t.Error(problem)
	}
}

// compareTable gives the differences between the table in a page and layers.
func compareTable(page string, layers []layer) []string {
	shown := map[string]string{}
	for line := range strings.Lines(page) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !isPackageCell(cells[1]) {
			continue
		}
		shown[strings.Trim(cells[1], " `")] = strings.Join(strings.Fields(strings.ReplaceAll(cells[2], "`", " ")), " ")
	}
	var out []string
	for _, l := range layers {
		may, ok := shown[l.pkg]
		want := strings.ReplaceAll(l.may, "internal/", "")
		if want == "" {
			want = "–"
		}
		switch {
		case !ok:
			out = append(out, "ARCHITECTURE.md: no row for "+l.pkg)
		case may != want:
			out = append(out, fmt.Sprintf("ARCHITECTURE.md: %s may import %q there, %q in layers_test.go", l.pkg, may, want))
		}
		delete(shown, l.pkg)
	}
	for _, pkg := range sortedKeys(shown) {
		out = append(out, "ARCHITECTURE.md: "+pkg+" is in no layer of layers_test.go")
	}
	return out
}

// isPackageCell reports whether a cell of a table names a package.
func isPackageCell(cell string) bool {
	cell = strings.TrimSpace(cell)
	return slices.ContainsFunc([]string{"`internal/", "`cmd/", "`bench/"}, func(p string) bool { return strings.HasPrefix(cell, p) })
}

func TestCompareTableFindsDifferences(t *testing.T) {
	page := "| package | may import | for |\n|---|---|---|\n| `internal/a` | `core/b` `c` | x |\n| `internal/b` | – | y |\n"
	same := []layer{{"internal/a", "internal/core/b internal/c", plain}, {"internal/b", "", pure}}
	wantProblem(t, compareTable(page, same), "")
	wantProblem(t, compareTable(page, append(slices.Clone(same), layer{"internal/d", "", pure})), "no row for internal/d")
	wantProblem(t, compareTable(page, same[:1]), "internal/b is in no layer")
	wantProblem(t, compareTable(page, []layer{same[0], {"internal/b", "internal/a", pure}}), "internal/b may import")
	if got := path.Base(module); got != "muster" {
		t.Errorf("the module is %s", got)
	}
}
