package drift

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// contract is one contract of import-linter, of the kinds forbidden and
// layers.
type contract struct {
	name, kind string
	source     []string // modules
	forbidden  []string
	layers     []string // from the highest to the lowest
	containers []string
	ignored    []string // "a.b -> c.d"
}

// importLinter reads contracts in the form of setup.cfg.
func importLinter(file string, text []byte) (ownRules, error) {
	var contracts []contract
	var c *contract
	key := ""
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";"):
		case strings.HasPrefix(trimmed, "["):
			c, key = nil, ""
			if name, ok := strings.CutPrefix(strings.Trim(trimmed, "[]"), "importlinter:contract"); ok {
				contracts = append(contracts, contract{name: strings.TrimPrefix(name, ":")})
				c = &contracts[len(contracts)-1]
			}
		case c == nil:
		case line[0] == ' ' || line[0] == '\t':
			c.set(key, trimmed)
		default:
			var value string
			key, value, _ = strings.Cut(trimmed, "=")
			key = strings.TrimSpace(key)
			c.set(key, strings.TrimSpace(value))
		}
	}
	return rulesOf(file, contracts), nil
}

var (
	tomlKey    = check.Lazy(`^([\w-]+)\s*=\s*(.*)$`)
	tomlString = check.Lazy(`"([^"]*)"|'([^']*)'`)
)

// importLinterTOML reads contracts in the form of pyproject.toml: keys with
// strings and lists of strings.
func importLinterTOML(file string, text []byte) (ownRules, error) {
	var contracts []contract
	var c *contract
	key := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && key == "" {
			c = nil
			if line == "[[tool.importlinter.contracts]]" {
				contracts = append(contracts, contract{})
				c = &contracts[len(contracts)-1]
			}
			continue
		}
		if c == nil || strings.HasPrefix(line, "#") {
			continue
		}
		value := line
		open := key != ""
		if m := tomlKey.FindStringSubmatch(line); m != nil && !open {
			key, value = m[1], m[2]
		}
		for _, m := range tomlString.FindAllStringSubmatch(value, -1) {
			c.set(key, m[1]+m[2])
		}
		if !open && !strings.HasPrefix(value, "[") || strings.HasSuffix(strings.TrimSuffix(value, ","), "]") {
			key = ""
		}
	}
	return rulesOf(file, contracts), nil
}

func (c *contract) set(key, value string) {
	if value == "" {
		return
	}
	switch key {
	case "name":
		c.name = value
	case "type":
		c.kind = value
	case "source_modules":
		c.source = append(c.source, value)
	case "forbidden_modules":
		c.forbidden = append(c.forbidden, value)
	case "layers":
		c.layers = append(c.layers, value)
	case "containers":
		c.containers = append(c.containers, value)
	case "ignore_imports":
		c.ignored = append(c.ignored, value)
	}
}

func rulesOf(file string, contracts []contract) ownRules {
	var out ownRules
	for _, c := range contracts {
		if c.kind == "forbidden" && len(c.source) > 0 && len(c.forbidden) > 0 || c.kind == "layers" && len(c.layers) > 1 {
			out = append(out, ownRule{file, c.name, c.breaks})
		}
	}
	return out
}

// breaks reports whether a direct import breaks the contract.
func (c contract) breaks(e edge) bool {
	if e.pair.Head.Language != source.Python || e.pair.Class.Test {
		return false
	}
	from, to := moduleOf(e.pair.Head.Path), e.imp.Path
	if strings.HasPrefix(to, ".") {
		to = moduleOf(e.folder + "/")
		if rest := strings.TrimLeft(e.imp.Path, "."); rest != "" && e.folder != "" && !strings.HasSuffix(to, rest) {
			to += "." + last(rest)
		}
	}
	if slices.ContainsFunc(c.ignored, func(i string) bool {
		a, b, _ := strings.Cut(i, "->")
		return under(strings.Trim(strings.TrimSpace(a), "*."), from) && under(strings.Trim(strings.TrimSpace(b), "*."), to)
	}) {
		return false
	}
	if c.kind == "forbidden" {
		return slices.ContainsFunc(c.source, func(m string) bool { return under(m, from) }) && slices.ContainsFunc(c.forbidden, func(m string) bool { return under(m, to) })
	}
	containers := c.containers
	if len(containers) == 0 {
		containers = []string{""}
	}
	for _, in := range containers {
		a, b := c.layer(in, from), c.layer(in, to)
		if a >= 0 && b >= 0 && b < a {
			return true
		}
	}
	return false
}

// layer gives the layer of a module within a container, 0 being the highest,
// or -1.
func (c contract) layer(container, module string) int {
	return slices.IndexFunc(c.layers, func(l string) bool {
		return slices.ContainsFunc(strings.FieldsFunc(l, func(r rune) bool { return r == '|' || r == ':' }), func(name string) bool {
			name = strings.Trim(name, " ()")
			if container != "" {
				name = container + "." + name
			}
			return under(name, module)
		})
	})
}

// moduleOf gives the dotted name of a Python file.
func moduleOf(p string) string {
	p = strings.TrimPrefix(p, "src/")
	p = strings.TrimSuffix(strings.TrimSuffix(p, ".py"), "/__init__")
	return strings.ReplaceAll(strings.Trim(p, "/"), "/", ".")
}

func under(module, name string) bool {
	return module != "" && (name == module || strings.HasPrefix(name, module+"."))
}

func last(dotted string) string { return dotted[strings.LastIndex(dotted, ".")+1:] }
