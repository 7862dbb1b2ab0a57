package manifest

import (
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
)

// requirement splits "name[extra] >=1,<2 ; marker" (PEP 508) into its name
// and the rest.
func requirement(text string) (name, rest string) {
	text = strings.TrimSpace(text)
	end := 0
	for end < len(text) && isNameByte(text[end]) && text[end] != '/' && text[end] != '@' {
		end++
	}
	name, rest = text[:end], strings.TrimSpace(text[end:])
	if name == "" || strings.ContainsAny(name[:1], "._-") {
		return "", ""
	}
	if strings.HasPrefix(rest, "[") {
		_, rest, _ = strings.Cut(rest, "]")
	}
	return name, strings.TrimSpace(rest)
}

// pythonDependency reads one requirement. An address stands after "@".
func pythonDependency(text string, kind Kind, line int) Dependency {
	name, rest := requirement(text)
	d := Dependency{Name: name, Kind: kind, Line: line}
	version, _, _ := strings.Cut(rest, ";")
	d.Version = strings.TrimSpace(version)
	if address, ok := strings.CutPrefix(d.Version, "@"); ok {
		d.Locator, d.Version = strings.TrimSpace(address), ""
		d.Source = sourceOf(d.Locator)
	}
	return d
}

// sourceOf tells an address of a repository from that of a file or an archive.
func sourceOf(address string) Source {
	lower := strings.ToLower(address)
	switch {
	case strings.HasPrefix(lower, "git+"), strings.HasPrefix(lower, "git:"), strings.HasPrefix(lower, "ssh:"),
		strings.HasPrefix(lower, "hg+"), strings.HasPrefix(lower, "svn+"), strings.HasPrefix(lower, "bzr+"), strings.HasSuffix(lower, ".git"):
		return Git
	case strings.HasPrefix(lower, "http:"), strings.HasPrefix(lower, "https:"), strings.HasPrefix(lower, "ftp:"):
		return URL
	}
	return Path
}

func readRequirements(f *File, text []byte) {
	f.Ecosystem = PyPI
	kind := Prod
	if isDevName(f.Path) {
		kind = Dev
	}
	option := regexp.MustCompile(`^(-i|--index-url|--extra-index-url|-f|--find-links)(?:\s+|=)(\S+)`)
	for i, line := range split(text).list {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		line = strings.TrimSpace(strings.TrimSuffix(line, `\`))
		switch m := option.FindStringSubmatch(line); {
		case line == "" || line[0] == '#' || strings.HasPrefix(line, "--hash"):
		case m != nil:
			f.Overrides = append(f.Overrides, Override{Kind: "index", Name: m[1], Target: m[2], Line: i + 1})
		case strings.HasPrefix(line, "-e ") || strings.HasPrefix(line, "--editable"):
			address := strings.TrimPrefix(strings.TrimPrefix(line, "-e"), "--editable")
			f.addAddress(strings.TrimLeft(address, " =\t"), kind, i+1)
		case line[0] == '-':
		case strings.Contains(line, "://") && !strings.Contains(line, "@ ") && !regexp.MustCompile(`^[\w.-]+(\[[^\]]*\])?\s*@`).MatchString(line):
			f.addAddress(line, kind, i+1)
		default:
			line, _, _ = strings.Cut(line, " --hash")
			f.add(pythonDependency(line, kind, i+1))
		}
	}
}

// addAddress adds a dependency that is only an address; "#egg=" may name it.
func (f *File) addAddress(address string, kind Kind, line int) {
	name := addressName(address)
	if _, egg, ok := strings.Cut(address, "#egg="); ok {
		name, _ = requirement(egg)
	}
	f.add(Dependency{Name: name, Kind: kind, Line: line, Source: sourceOf(address), Locator: address})
}

// addressName guesses the name of what an address holds: the repository's, or
// the archive's without its version.
func addressName(address string) string {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "/archive/")
	address = strings.TrimRight(address, "/")
	name := address[strings.LastIndexByte(address, '/')+1:]
	name, _, _ = strings.Cut(name, "@")
	name = strings.TrimSuffix(name, ".git")
	if m := regexp.MustCompile(`^(.+?)-\d.*\.(?:whl|zip|tar\.\w+|tgz)$`).FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	return name
}

func isDevName(name string) bool {
	return regexp.MustCompile(`(?i)dev|test|lint|doc|ci\b|typing|build|bench|tool`).MatchString(name)
}

// pyproject is what is read of a pyproject.toml: PEP 621, PEP 735, and the
// tables of poetry, uv, PDM and hatch.
type pyproject struct {
	Project struct {
		Name     string
		Dynamic  []string
		Requires []string            `toml:"dependencies"`
		Optional map[string][]string `toml:"optional-dependencies"`
	}
	Groups map[string][]any `toml:"dependency-groups"`
	Build  struct {
		Requires []string
	} `toml:"build-system"`
	Tool struct {
		Poetry poetryTable
		Uv     struct {
			Dev     []string `toml:"dev-dependencies"`
			Sources map[string]any
			Index   []struct {
				Name string
				URL  string `toml:"url"`
			}
			IndexURL  string `toml:"index-url"`
			Extra     any    `toml:"extra-index-url"`
			Workspace struct {
				Members []string
			}
		}
		Pdm struct {
			Dev    map[string][]string `toml:"dev-dependencies"`
			Source []struct {
				Name string
				URL  string `toml:"url"`
			}
		}
		Hatch struct {
			Envs map[string]struct {
				Dependencies []string
				Extra        []string `toml:"extra-dependencies"`
			}
		}
		Flit struct {
			Metadata struct {
				Module   string
				DistName string   `toml:"dist-name"`
				Requires []string `toml:"requires"`
			}
		}
	}
}

type poetryTable struct {
	Name         string
	Dependencies map[string]any
	Dev          map[string]any `toml:"dev-dependencies"`
	Group        map[string]struct {
		Dependencies map[string]any
	}
	Source []struct {
		Name string
		URL  string `toml:"url"`
	}
}

func readPyproject(f *File, text []byte) {
	f.Ecosystem = PyPI
	var p pyproject
	if err := decode(text, &p); err != nil {
		f.problem(err)
	}
	l := split(text)
	f.Name = p.Project.Name
	for _, field := range p.Project.Dynamic {
		f.Dynamic = f.Dynamic || field == "dependencies" || field == "optional-dependencies"
	}
	f.requirements(p.Project.Requires, Prod, l)
	for _, extra := range sortedKeys(p.Project.Optional) {
		f.requirements(p.Project.Optional[extra], Optional, l)
	}
	for _, group := range sortedKeys(p.Groups) {
		for _, entry := range p.Groups[group] {
			if s, ok := entry.(string); ok {
				f.requirements([]string{s}, Dev, l)
			}
		}
	}
	f.requirements(p.Build.Requires, Build, l)
	f.requirements(p.Tool.Uv.Dev, Dev, l)
	for _, group := range sortedKeys(p.Tool.Pdm.Dev) {
		f.requirements(p.Tool.Pdm.Dev[group], Dev, l)
	}
	for _, env := range sortedKeys(p.Tool.Hatch.Envs) {
		f.requirements(append(p.Tool.Hatch.Envs[env].Dependencies, p.Tool.Hatch.Envs[env].Extra...), Dev, l)
	}
	f.requirements(p.Tool.Flit.Metadata.Requires, Prod, l)
	f.poetry(p.Tool.Poetry, l)
	f.indexes(p, l)
	f.Workspaces = p.Tool.Uv.Workspace.Members
	for _, name := range sortedKeys(p.Tool.Uv.Sources) {
		f.uvSource(name, p.Tool.Uv.Sources[name])
	}
}

func (f *File) requirements(list []string, kind Kind, l *lines) {
	for _, text := range list {
		name, _ := requirement(text)
		line := l.of(text, 1)
		if line == 0 {
			line = l.of(name, 1)
		}
		f.add(pythonDependency(text, kind, line))
	}
}

func (f *File) poetry(p poetryTable, l *lines) {
	if f.Name == "" {
		f.Name = p.Name
	}
	table := func(m map[string]any, kind Kind) {
		for _, name := range sortedKeys(m) {
			if name == "python" {
				continue
			}
			f.add(tableDependency(name, m[name], kind, l.of(name, 1)))
		}
	}
	table(p.Dependencies, Prod)
	table(p.Dev, Dev)
	for _, group := range sortedKeys(p.Group) {
		table(p.Group[group].Dependencies, Dev)
	}
}

// tableDependency reads a value that is a version, a table, or a list of
// tables, as poetry and Cargo have them.
func tableDependency(name string, value any, kind Kind, line int) Dependency {
	d := Dependency{Name: name, Kind: kind, Line: line}
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	if list, ok := value.([]map[string]any); ok && len(list) > 0 {
		value = list[0]
	}
	switch v := value.(type) {
	case string:
		d.Version = v
	case map[string]any:
		text := func(key string) string { s, _ := v[key].(string); return s }
		d.Version = text("version")
		switch {
		case text("git") != "":
			d.Source, d.Locator = Git, text("git")
		case text("path") != "":
			d.Source, d.Locator = Path, text("path")
		case text("url") != "":
			d.Source, d.Locator = URL, text("url")
		case v["workspace"] == true:
			d.Source = Workspace
		}
		if other := text("package"); other != "" && other != name {
			d.Replace = other
		}
		if v["optional"] == true && kind == Prod {
			d.Kind = Optional
		}
	}
	return d
}

func (f *File) indexes(p pyproject, l *lines) {
	note := func(name, url string) {
		if url != "" {
			f.Overrides = append(f.Overrides, Override{Kind: "index", Name: name, Target: url, Line: l.of(url, 1)})
		}
	}
	for _, s := range p.Tool.Poetry.Source {
		note(s.Name, s.URL)
	}
	for _, s := range p.Tool.Uv.Index {
		note(s.Name, s.URL)
	}
	for _, s := range p.Tool.Pdm.Source {
		note(s.Name, s.URL)
	}
	note("", p.Tool.Uv.IndexURL)
	switch extra := p.Tool.Uv.Extra.(type) {
	case string:
		note("", extra)
	case []any:
		for _, e := range extra {
			s, _ := e.(string)
			note("", s)
		}
	}
}

// uvSource notes at the dependency that uv takes it from elsewhere.
func (f *File) uvSource(name string, value any) {
	from := tableDependency(name, value, Prod, 0)
	for i, d := range f.Dependencies {
		if Normal(PyPI, d.Name) == Normal(PyPI, name) && from.Source != "" {
			f.Dependencies[i].Source, f.Dependencies[i].Locator = from.Source, from.Locator
		}
	}
}

func readPipfile(f *File, text []byte) {
	f.Ecosystem = PyPI
	var p struct {
		Packages map[string]any
		Dev      map[string]any `toml:"dev-packages"`
		Source   []struct {
			Name string
			URL  string `toml:"url"`
		}
	}
	if err := decode(text, &p); err != nil {
		f.problem(err)
	}
	l := split(text)
	for _, name := range sortedKeys(p.Packages) {
		f.add(tableDependency(name, p.Packages[name], Prod, l.of(name, 1)))
	}
	for _, name := range sortedKeys(p.Dev) {
		f.add(tableDependency(name, p.Dev[name], Dev, l.of(name, 1)))
	}
	for _, s := range p.Source {
		f.Overrides = append(f.Overrides, Override{Kind: "index", Name: s.Name, Target: s.URL, Line: l.of(s.URL, 1)})
	}
}

// ReadScript gives the dependencies that a Python script names itself, in a
// comment that holds TOML (PEP 723).
func ReadScript(text []byte) []Dependency {
	_, rest, ok := strings.Cut(string(text), "# /// script")
	block, _, closed := strings.Cut(rest, "\n# ///")
	if !ok || !closed {
		return nil
	}
	var b strings.Builder
	for line := range strings.Lines(block) {
		b.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "#"), " "))
	}
	var s struct{ Dependencies []string }
	_ = decode([]byte(b.String()), &s) // what could be read counts
	f := File{Ecosystem: PyPI}
	for _, d := range s.Dependencies {
		f.add(pythonDependency(d, Prod, 0))
	}
	return f.Dependencies
}

// maxTOML is the largest TOML file that is read, in bytes. The library calls
// itself for each bracket, and Go ends a program whose stack reaches 1 GB: a
// file of this size that is nothing but brackets takes a tenth of that.
const (
	maxTOML  = 256 << 10
	maxDepth = 200
)

// depth gives how deep brackets are nested, those in strings and comments
// included.
func depth(text []byte) int {
	most, now := 0, 0
	for _, b := range text {
		switch b {
		case '[', '{':
			now++
			most = max(most, now)
		case ']', '}':
			now = max(now-1, 0)
		}
	}
	return most
}

// decode reads TOML. The library keeps what it has read when it meets an
// error; a panic on hostile input counts as one.
func decode(text []byte, into any) (err error) {
	if len(text) > maxTOML {
		return errLargeTOML
	}
	if depth(text) > maxDepth {
		return errUnreadable
	}
	defer func() {
		if p := recover(); p != nil {
			err = errUnreadable
		}
	}()
	_, err = toml.Decode(strings.ToValidUTF8(strings.TrimPrefix(string(text), "\uFEFF"), "\uFFFD"), into)
	return err
}
