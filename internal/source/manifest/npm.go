package manifest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// installScripts are the scripts that npm, yarn and pnpm run by themselves
// (npm's documentation, "scripts", life cycle operation order).
func installScripts() []string {
	return []string{"preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare", "prepublish", "dependencies"}
}

// packageJSON is what is read of a package.json. Fields of other types than
// expected are read one by one, so that one wrong field hides no other.
type packageJSON map[string]json.RawMessage

func (p packageJSON) text(field string) string {
	var s string
	if json.Unmarshal(p[field], &s) != nil {
		return ""
	}
	return s
}

func (p packageJSON) object(field string) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(p[field], &m) != nil {
		return nil
	}
	return m
}

func (p packageJSON) texts(field string) map[string]string {
	out := map[string]string{}
	for k, raw := range p.object(field) {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			out[k] = s
		}
	}
	return out
}

func readPackageJSON(f *File, text []byte) {
	f.Ecosystem = NPM
	var p packageJSON
	if err := json.Unmarshal(text, &p); err != nil {
		f.problem(err)
		return
	}
	l := split(text)
	f.Name = p.text("name")
	for _, part := range []struct {
		field string
		kind  Kind
	}{{"dependencies", Prod}, {"devDependencies", Dev}, {"optionalDependencies", Optional}, {"peerDependencies", Peer}} {
		deps := p.texts(part.field)
		from := l.of(`"`+part.field+`"`, 1)
		for _, name := range sortedKeys(deps) {
			f.add(npmDependency(name, deps[name], part.kind, l.of(`"`+name+`"`, from)))
		}
	}
	scripts := p.texts("scripts")
	from := l.of(`"scripts"`, 1)
	for _, name := range installScripts() {
		if body, ok := scripts[name]; ok {
			f.Scripts = append(f.Scripts, Script{Name: name, Text: body, Line: l.of(`"`+name+`"`, from)})
		}
	}
	f.workspaces(p["workspaces"])
	for _, field := range []string{"overrides", "resolutions"} {
		f.overrides(p[field], l, l.of(`"`+field+`"`, 1))
	}
	var pnpm packageJSON
	if json.Unmarshal(p["pnpm"], &pnpm) == nil {
		f.overrides(pnpm["overrides"], l, l.of(`"overrides"`, 1))
	}
	f.Aliases = sortedKeys(p.object("imports"))
}

// workspaces are a list, or an object that holds the list.
func (f *File) workspaces(raw json.RawMessage) {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		var o struct{ Packages []string }
		if json.Unmarshal(raw, &o) != nil {
			return
		}
		list = o.Packages
	}
	f.Workspaces = list
}

func (f *File) overrides(raw json.RawMessage, l *lines, from int) {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return
	}
	for _, name := range sortedKeys(m) {
		var target string
		if json.Unmarshal(m[name], &target) != nil {
			target = string(m[name]) // an override below another one
		}
		f.Overrides = append(f.Overrides, Override{Kind: "resolution", Name: name, Target: target, Line: l.of(`"`+name+`"`, from)})
	}
}

// npmDependency reads the value of a dependency: a range of versions, an
// alias, or an address (npm's documentation, "package.json", dependencies).
func npmDependency(name, value string, kind Kind, line int) Dependency {
	d := Dependency{Name: name, Version: value, Kind: kind, Line: line}
	lower := strings.ToLower(value)
	hasPrefix := func(p ...string) bool {
		return slices.ContainsFunc(p, func(x string) bool { return strings.HasPrefix(lower, x) })
	}
	switch {
	case hasPrefix("workspace:"):
		d.Source = Workspace
	case hasPrefix("catalog:"):
	case hasPrefix("npm:"):
		target := value[len("npm:"):]
		if at := strings.LastIndex(target, "@"); at > 0 {
			target, d.Version = target[:at], target[at+1:]
		}
		if target != name {
			d.Replace = target
		}
	case hasPrefix("file:", "link:", "portal:", "./", "../", "/", "~/"):
		d.Source, d.Locator = Path, value
	case hasPrefix("git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "gist:", "ssh:") || isShorthand(value):
		d.Source, d.Locator = Git, value
	case hasPrefix("http:", "https:"):
		d.Source, d.Locator = URL, value
		if strings.Contains(lower, ".git") && !strings.HasSuffix(lower, ".tgz") {
			d.Source = Git
		}
	}
	return d
}

// isShorthand reports whether a value is "owner/repository", which npm takes
// as an address.
func isShorthand(value string) bool {
	owner, rest, ok := strings.Cut(value, "/")
	if !ok || owner == "" || rest == "" || strings.ContainsAny(owner, " @:<>=~^|*.") {
		return false
	}
	repo, _, _ := strings.Cut(rest, "#")
	return repo != "" && !strings.ContainsAny(repo, " /:<>|")
}

func readDeno(f *File, text []byte) {
	f.Ecosystem = NPM
	var d struct {
		Name    string
		Imports map[string]string
	}
	// Comments are allowed in this file; without them it is JSON.
	if err := json.Unmarshal(stripComments(text), &d); err != nil {
		f.problem(err)
	}
	f.Name, f.Aliases = d.Name, sortedKeys(d.Imports)
}

// stripComments removes line and block comments outside strings, and commas
// before a closing bracket: JSON as editors' and compilers' settings have it.
func stripComments(text []byte) []byte {
	var out []byte
	inString := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inString:
			out = append(out, c)
			if c == '\\' && i+1 < len(text) {
				i++
				out = append(out, text[i])
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
			out = append(out, c)
		case c == '/' && i+1 < len(text) && text[i+1] == '/':
			for i < len(text) && text[i] != '\n' {
				i++
			}
			out = append(out, '\n')
		case c == '/' && i+1 < len(text) && text[i+1] == '*':
			end := strings.Index(string(text[i+2:]), "*/")
			if end < 0 {
				return out
			}
			i += end + 3
		default:
			out = append(out, c)
		}
	}
	return regexp.MustCompile(`,(\s*[}\]])`).ReplaceAll(out, []byte("$1"))
}

// Compiler is what is read of a tsconfig.json or jsconfig.json.
type Compiler struct {
	Paths   []string // the names that paths gives to folders: "@app/*"
	BaseURL string   // the folder from which names are looked up, relative to the file; empty when there is none
}

// ReadCompiler reads a tsconfig.json or jsconfig.json. What cannot be read
// gives nothing.
func ReadCompiler(text []byte) Compiler {
	var c struct {
		CompilerOptions struct {
			BaseURL string                     `json:"baseUrl"`
			Paths   map[string]json.RawMessage `json:"paths"`
		} `json:"compilerOptions"`
	}
	if len(text) > MaxSize || json.Unmarshal(stripComments(text), &c) != nil {
		return Compiler{}
	}
	return Compiler{Paths: sortedKeys(c.CompilerOptions.Paths), BaseURL: c.CompilerOptions.BaseURL}
}

// readNpmrc reads "registry=" and "@scope:registry=" lines, also as yarn
// spells them: registry "...", npmRegistryServer: "...".
func readNpmrc(f *File, text []byte) {
	f.Ecosystem = NPM
	entry := regexp.MustCompile(`^\s*(?:"?(@[^:\s"]+):)?"?(registry|npmRegistryServer)"?\s*[=:\s]\s*["']?([^"'\s#]+)`)
	for i, line := range split(text).list {
		if m := entry.FindStringSubmatch(line); m != nil {
			f.Overrides = append(f.Overrides, Override{Kind: "registry", Name: m[1], Target: m[3], Line: i + 1})
		}
	}
}
