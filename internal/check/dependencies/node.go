package dependencies

import (
	"context"
	"path"
	"regexp"
	"strings"

	"muster/internal/check"
	"muster/internal/source/imports"
	"muster/internal/source/manifest"
)

// maxCompilers bounds how many settings of the TypeScript compiler are read.
const maxCompilers = 100

// nodeProvider knows the packages that a tree's manifests name, and the names
// that settings give to its folders.
type nodeProvider struct {
	j       importRules
	named   map[string]bool
	locked  map[string]bool
	aliases []string        // "@app/*", "#util", "~"
	local   map[string]bool // names of folders and files, when names are looked up from a folder of the tree
	said    bool
}

func (j importRules) nodeProvider(ctx context.Context) (provider, error) {
	p := &nodeProvider{j: j, named: map[string]bool{}, locked: map[string]bool{}}
	for _, name := range j.head.paths {
		f := j.head.files[name]
		if f.Ecosystem != manifest.NPM {
			continue
		}
		into := p.named
		if f.Lock {
			into = p.locked
		}
		for _, d := range f.Dependencies {
			into[manifest.Normal(manifest.NPM, d.Name)] = true
		}
		if f.Name != "" {
			p.named[manifest.Normal(manifest.NPM, f.Name)] = true
		}
		p.aliases = append(p.aliases, f.Aliases...)
	}
	return p, p.compilers(ctx)
}

// compilers reads tsconfig.json and its like.
func (p *nodeProvider) compilers(ctx context.Context) error {
	isCompiler := regexp.MustCompile(`^(ts|js)config[\w.-]*\.json$`)
	n, baseURL := 0, false
	for _, e := range p.j.head.entries {
		if !isFile(e.Mode) || !isCompiler.MatchString(path.Base(e.Path)) || n == maxCompilers {
			continue
		}
		n++
		text, _, err := p.j.head.read(ctx, e.Path)
		if err != nil {
			return err
		}
		c := manifest.ReadCompiler(text)
		p.aliases = append(p.aliases, c.Paths...)
		baseURL = baseURL || c.BaseURL != ""
	}
	if !baseURL {
		return nil
	}
	p.local = map[string]bool{}
	for _, e := range p.j.head.entries {
		for dir := e.Path; dir != "."; dir = path.Dir(dir) {
			stem, _, _ := strings.Cut(path.Base(dir), ".")
			p.local[stem] = true
		}
	}
	return nil
}

func (p *nodeProvider) needs(_ context.Context, file string, i imports.Import) (string, error) {
	name := packageOf(i.Path)
	switch {
	case name == "" || p.isAlias(i.Path):
		return "", nil
	case p.j.lists.set(nodeBuiltin, same)[i.Path], p.j.lists.set(nodeBuiltin, same)[name], isHost(name):
		return "", nil
	}
	if _, ok := p.j.head.above(file, func(f manifest.File) bool { return path.Base(f.Path) == "package.json" }); !ok {
		if !p.said {
			p.said = true
			p.j.leave("the imports of %s: no package.json is above it", check.ShowPath(file))
		}
		return "", nil
	}
	lower := strings.ToLower(name)
	first, _, _ := strings.Cut(name, "/")
	if p.named[lower] || p.named["@types/"+strings.ReplaceAll(strings.TrimPrefix(lower, "@"), "/", "__")] || p.local[first] {
		return "", nil
	}
	return name, nil
}

// isAlias reports whether settings give the name to something of the tree.
func (p *nodeProvider) isAlias(specifier string) bool {
	for _, a := range p.aliases {
		prefix, star := strings.CutSuffix(a, "*")
		if prefix == "" { // "*" only says where to look
			continue
		}
		if star && strings.HasPrefix(specifier, prefix) || !star && (specifier == a || strings.HasPrefix(specifier, strings.TrimSuffix(a, "/")+"/")) {
			return true
		}
	}
	return false
}

// packageOf gives the package of a specifier, or "" for what is no package:
// a path, an address, a scheme, a name that only a bundler can know.
func packageOf(specifier string) string {
	if at := strings.LastIndex(specifier, "!"); at >= 0 { // loaders of webpack
		specifier = specifier[at+1:]
	}
	specifier, _, _ = strings.Cut(specifier, "?")
	parts := strings.Split(specifier, "/")
	name := parts[0]
	if strings.HasPrefix(name, "@") {
		if len(parts) < 2 || name == "@" {
			return ""
		}
		name += "/" + parts[1]
	}
	if !isPackageName(name) {
		return ""
	}
	return name
}

// isPackageName: letters, digits, ".", "-" and "_", beginning with one of the
// first two, after a scope or without.
func isPackageName(name string) bool {
	if scope, rest, ok := strings.Cut(strings.TrimPrefix(name, "@"), "/"); ok {
		return isPackageName(scope) && isPackageName(rest)
	}
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || r != '.' && r != '-' && r != '_') {
			return false
		}
	}
	return name != ""
}

// isHost reports whether what runs the code brings the package along.
func isHost(name string) bool {
	switch name {
	case "vscode", "electron", "bun", "k6", "obsidian", "uxp", "photoshop", "atom", "original-fs", "server-only", "client-only", "deno",
		"aws-sdk", "cloudflare", "astro", "ext", "java", "goog":
		return true
	}
	return false
}

func (p *nodeProvider) known(_, name string) (locked, exists bool) {
	lower := strings.ToLower(name)
	return p.locked[lower], p.j.lists.popular(manifest.NPM)[lower]
}
