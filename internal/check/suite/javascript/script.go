package javascript

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// jsTool names a program that runs tests of JavaScript.
type jsTool string

// The programs whose reports are read.
const (
	vitest   jsTool = "vitest"
	jest     jsTool = "jest"
	mocha    jsTool = "mocha"
	nodeTest jsTool = "node --test"
)

// manifest is what is read of a package.json.
type manifest struct {
	Name         string
	Scripts      map[string]string
	Dependencies map[string]string
	Dev          map[string]string `json:"devDependencies"`
	Peer         map[string]string `json:"peerDependencies"`
}

func readManifest(text string) manifest {
	var m manifest
	if json.Unmarshal([]byte(text), &m) != nil {
		return manifest{} // npm could not read it either
	}
	return m
}

// uses reports whether the package depends on another by name.
func (m manifest) uses(name string) bool {
	for _, list := range []map[string]string{m.Dependencies, m.Dev, m.Peer} {
		if _, ok := list[name]; ok && name != "" {
			return true
		}
	}
	return false
}

// runner is how a package's tests are run: a shell line that a person wrote,
// up to the command that tests.
type runner struct {
	tool jsTool
	line string
}

// testRunner finds the command that tests in a package's scripts. Other names
// the program that does it instead, when its reports are not read; both are
// empty for a package without tests.
func testRunner(m manifest) (r runner, other string) {
	script, ok := m.Scripts["test"]
	if ok && !strings.Contains(script, "no test specified") {
		if r, ok := m.follow(script, 0); ok {
			return r, ""
		}
		return r, script
	}
	for _, t := range []jsTool{vitest, jest, mocha} {
		if m.uses(string(t)) {
			return runner{tool: t, line: string(t)}, ""
		}
	}
	return r, ""
}

// follow reads one script: the commands before the one that tests stay, since
// they may build what is tested; linters go, and so does what comes after.
func (m manifest) follow(script string, depth int) (runner, bool) {
	if depth > 3 || strings.ContainsAny(script, "`\n") || strings.Contains(script, "$(") {
		return runner{}, false
	}
	var kept []string
	for part := range strings.SplitSeq(script, "&&") {
		part = strings.TrimSpace(part)
		if t := toolOf(part); t != "" {
			kept = append(kept, quiet(part))
			return runner{tool: t, line: strings.Join(kept, " && ")}, true
		}
		if inner, ok := m.Scripts[called(part)]; ok {
			if r, ok := m.follow(inner, depth+1); ok {
				r.line = strings.Join(append(kept, r.line), " && ")
				return r, true
			}
		}
		if !isLinter(part) {
			kept = append(kept, part)
		}
	}
	return runner{}, false
}

// called gives the script that "npm run x", "yarn x" and the like run.
func called(part string) string {
	m := regexp.MustCompile(`^(?:npm|pnpm|yarn|bun) (?:run |run-script )?(?:-s |--silent )?([\w:.-]+)$`).FindStringSubmatch(part)
	if m == nil {
		return ""
	}
	return m[1]
}

func toolOf(part string) jsTool {
	words := strings.Fields(part)
	if strings.ContainsAny(part, "|;&<>") {
		return ""
	}
	if slices.Contains(words, "--test") && slices.ContainsFunc(words, func(w string) bool { return w == "node" || w == "tsx" }) {
		return nodeTest
	}
	for i, w := range words {
		base := w[strings.LastIndexByte(w, '/')+1:]
		switch strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(base, ".js"), ".mjs"), ".cjs") {
		case "vitest":
			return vitest
		case "jest":
			return jest
		case "react-scripts":
			if i+1 < len(words) && words[i+1] == "test" {
				return jest
			}
		case "mocha", "_mocha":
			return mocha
		}
	}
	return ""
}

func isLinter(part string) bool {
	return regexp.MustCompile(`^(npx )?(eslint|prettier|xo|standard|tslint|biome|oxlint|stylelint|(npm|pnpm|yarn|bun)( run)? (lint|format|prettier|style)[\w:.-]*)\b`).MatchString(part)
}

// quiet takes out what makes a test command wait for files to change, measure
// coverage or print a report of another form.
func quiet(part string) string {
	words := strings.Fields(part)
	words = slices.DeleteFunc(words, func(w string) bool {
		return regexp.MustCompile(`^(--watch|--watchAll|--watch=.*|--watchAll=.*|-w|--coverage|--ui|--open|--bail|--bail=.*|-b)$`).MatchString(w)
	})
	return strings.Join(words, " ")
}
