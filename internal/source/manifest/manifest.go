// Package manifest reads the files in which a project names its dependencies,
// and the lockfiles that record their exact versions, to plain data that is
// the same for every ecosystem.
//
// Reading never fails for what a file holds: what could not be read is said in
// Problem, and what could be read is given all the same. No file is opened and
// nothing is asked of a network.
package manifest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// The most of a file that is read, in bytes. Lockfiles of large projects reach
// several megabytes; what people write does not. Of a line, what follows the
// first 4 KiB names nothing.
const (
	MaxSize     = 2 << 20
	MaxLockSize = 16 << 20
	maxLine     = 4 << 10
)

// Ecosystem names a family of packages with one registry.
type Ecosystem string

// The ecosystems that are read.
const (
	Go    Ecosystem = "go"
	NPM   Ecosystem = "npm"
	PyPI  Ecosystem = "pypi"
	Cargo Ecosystem = "cargo"
	Maven Ecosystem = "maven"
)

// Kind says what a dependency is for.
type Kind string

// The kinds of dependency.
const (
	Prod     Kind = "prod"
	Dev      Kind = "dev"      // for tests, tools and documents
	Optional Kind = "optional" // extras, features
	Peer     Kind = "peer"     // brought in by whoever uses the package
	Build    Kind = "build"    // to build the package itself
	Indirect Kind = "indirect" // needed by another dependency
	Tool     Kind = "tool"     // Go's tool directive
	Locked   Kind = "locked"   // an entry of a lockfile
)

// Source says where a dependency comes from.
type Source string

// The sources.
const (
	Registry  Source = "registry"
	Git       Source = "git"
	Path      Source = "path" // a folder or file
	URL       Source = "url"  // an archive
	Workspace Source = "workspace"
)

// Dependency is one named dependency.
type Dependency struct {
	Ecosystem Ecosystem
	Name      string // as the file spells it; of Maven, group:artifact
	Version   string // the constraint as it is written, or in a lockfile the exact version
	Line      int    // 0 when it could not be found
	Kind      Kind
	Source    Source
	Locator   string // the address or folder, when Source is not Registry; in a lockfile, from where it was had, when said
	Replace   string // what stands in for it: "npm:other@1" gives "other"; empty when nothing does
	Hashed    bool   // in go.sum: the hash of the module's content, not only of its go.mod
}

// Script is a command of a manifest that a package manager runs by itself
// when the package or its dependencies are installed.
type Script struct {
	Name string // preinstall, install, postinstall, prepare ...
	Text string
	Line int
}

// Override changes where dependencies come from, or which one is taken.
type Override struct {
	Kind   string // registry, index, replace, exclude, patch, resolution
	Name   string // what it is for: a module, a scope; empty means everything
	Target string // the address, folder or version that is taken instead
	Line   int
}

// File is what one manifest or lockfile holds. Lists are in the order of the
// file where it has one, else by name.
type File struct {
	Path         string
	Ecosystem    Ecosystem
	Lock         bool
	Name         string // what the project itself is called; of Go, the module path
	Dependencies []Dependency
	Scripts      []Script
	Overrides    []Override
	Workspaces   []string // folders or globs of packages that belong together
	Aliases      []string // names that the project gives to its own folders: Node's imports, Deno's import map
	Dynamic      bool     // a program computes the dependencies: what is listed may not be all
	Problem      string   // why it could not be read whole; empty when it was
}

// Is reports whether a path names a manifest, lockfile or registry setting
// that Read reads.
func Is(name string) bool { return reader(name) != nil }

// Read reads a manifest, a lockfile or a file with settings of a registry. The
// path decides the format and is not opened. It gives false for a path that is
// none of these.
func Read(name string, text []byte) (File, bool) {
	r := reader(name)
	if r == nil {
		return File{}, false
	}
	f := File{Path: name}
	limit := MaxSize
	if isLock(name) {
		limit = MaxLockSize
	}
	if len(text) > limit {
		f.Problem = fmt.Sprintf("it is larger than %d MiB", limit>>20)
		text = nil
	}
	r(&f, text)
	return f, true
}

func isLock(name string) bool {
	base := strings.ToLower(path.Base(name))
	return strings.HasSuffix(base, ".lock") || strings.HasSuffix(base, ".sum") || strings.Contains(base, "-lock.") || base == "npm-shrinkwrap.json"
}

// reader gives what reads a file of that name, or nil.
func reader(name string) func(*File, []byte) {
	base := strings.ToLower(path.Base(name))
	switch base {
	case "go.mod":
		return readGoMod
	case "go.work":
		return readGoWork
	case "go.sum", "go.work.sum":
		return readGoSum
	case "cargo.toml":
		return readCargo
	case "cargo.lock":
		return readCargoLock
	case "pom.xml":
		return readPom
	case "build.gradle", "build.gradle.kts":
		return readGradle
	}
	if r := readerOfNode(base); r != nil {
		return r
	}
	if r := readerOfPython(base); r != nil {
		return r
	}
	if isRequirements(name) {
		return readRequirements
	}
	return nil
}

func readerOfNode(base string) func(*File, []byte) {
	switch base {
	case "package.json":
		return readPackageJSON
	case "package-lock.json", "npm-shrinkwrap.json":
		return readPackageLock
	case "yarn.lock":
		return readYarnLock
	case "pnpm-lock.yaml":
		return readPnpmLock
	case "pnpm-workspace.yaml":
		return readPnpmWorkspace
	case "bun.lock":
		return readBunLock
	case "deno.json", "deno.jsonc":
		return readDeno
	case ".npmrc", ".yarnrc", ".yarnrc.yml":
		return readNpmrc
	}
	return nil
}

func readerOfPython(base string) func(*File, []byte) {
	switch base {
	case "pyproject.toml":
		return readPyproject
	case "setup.cfg":
		return readSetupCfg
	case "setup.py":
		return readSetupPy
	case "pipfile":
		return readPipfile
	case "pipfile.lock":
		return readPipfileLock
	case "poetry.lock", "uv.lock", "pdm.lock":
		return readPythonLock
	case "pip.conf", "pip.ini", "uv.toml":
		return readPipConf
	case "environment.yml", "environment.yaml":
		return readConda
	}
	return nil
}

// isRequirements follows the names in use: requirements.txt,
// requirements-dev.txt, dev-requirements.txt, requirements/test.in.
func isRequirements(name string) bool {
	base := strings.ToLower(path.Base(name))
	ext := path.Ext(base)
	if ext != ".txt" && ext != ".in" && ext != ".pip" {
		return false
	}
	folder := strings.ToLower(path.Base(path.Dir(name)))
	return strings.Contains(base, "requirements") || base == "constraints.txt" || folder == "requirements"
}

// Normal gives the spelling under which two names of one package are equal in
// their ecosystem: PyPI ignores case and takes runs of "-", "_" and "." as one
// (PEP 503), Cargo and npm ignore case, and crates take "-" as "_".
func Normal(e Ecosystem, name string) string {
	switch e {
	case PyPI:
		name, _, _ = strings.Cut(name, "[")
		parts := strings.FieldsFunc(strings.ToLower(strings.TrimSpace(name)), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
		return strings.Join(parts, "-")
	case Cargo:
		return strings.ReplaceAll(strings.ToLower(name), "_", "-")
	case NPM:
		return strings.ToLower(name)
	case Go, Maven:
	}
	return name
}

// add appends a dependency with what the file knows.
func (f *File) add(d Dependency) {
	d.Ecosystem = f.Ecosystem
	if d.Kind == "" {
		d.Kind = Prod
		if f.Lock {
			d.Kind = Locked
		}
	}
	if d.Source == "" {
		d.Source = Registry
	}
	if d.Name != "" {
		f.Dependencies = append(f.Dependencies, d)
	}
}

// problem notes the first reason why the file could not be read whole.
func (f *File) problem(err error) {
	if err != nil && f.Problem == "" {
		text := err.Error()
		f.Problem = strings.ToValidUTF8(text[:min(len(text), 300)], "\uFFFD")
	}
}

// maxSearch bounds how many bytes are searched for the lines of one file, so
// that a file with many names on many lines takes no time that grows with both.
const maxSearch = 64 << 20

// lines finds the line on which something is named. It looks for the text as
// a whole word, so that "a" is not found in "ab".
type lines struct {
	list []string
	left int // bytes that may still be searched
}

func split(text []byte) *lines {
	l := &lines{left: maxSearch}
	for line := range strings.SplitSeq(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		l.list = append(l.list, line[:min(len(line), maxLine)])
	}
	return l
}

// of gives the first line from the given one on, counted from 1, that holds
// the word, and 0 when none does.
func (l *lines) of(word string, from int) int {
	if word == "" {
		return 0
	}
	for i := max(from-1, 0); i < len(l.list) && l.left > 0; i++ {
		l.left -= len(l.list[i]) + 1
		if holdsWord(l.list[i], word) {
			return i + 1
		}
	}
	return 0
}

func holdsWord(line, word string) bool {
	for at := 0; ; {
		i := strings.Index(line[at:], word)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(word)
		if (start == 0 || !isNameByte(line[start-1])) && (end == len(line) || !isNameByte(line[end])) {
			return true
		}
		at = start + 1
	}
}

func isNameByte(b byte) bool {
	return b == '-' || b == '_' || b == '.' || b == '/' || b == '@' ||
		'0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// sortedKeys gives the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
