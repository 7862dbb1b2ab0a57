package repomap

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"muster/internal/source"
	"muster/internal/source/manifest"
)

// node is what a package.json says beyond its dependencies.
type node struct {
	scripts map[string]string
	manager string // of the field packageManager
	depends map[string]bool
	work    bool // it is the root of a workspace
	name    string
}

func nodeOf(l *look, dir string) node {
	text := []byte(l.text(dir, "package.json"))
	var raw struct {
		Scripts        map[string]any
		PackageManager any
	}
	_ = json.Unmarshal(text, &raw) // what could be read counts
	m, _ := manifest.Read("package.json", text)
	n := node{scripts: map[string]string{}, depends: map[string]bool{}, name: name(m.Name)}
	for k, v := range raw.Scripts {
		if s, ok := v.(string); ok {
			n.scripts[k] = s
		}
	}
	if s, ok := raw.PackageManager.(string); ok {
		n.manager, _, _ = strings.Cut(s, "@")
	}
	for _, d := range m.Dependencies {
		n.depends[d.Name] = true
	}
	n.work = len(m.Workspaces) > 0 || l.has(dir, "pnpm-workspace.yaml")
	return n
}

// manager is one of the tools that install and run npm packages.
type manager struct {
	name          string
	install, lock string // the command that installs exactly what the lockfile says
	run           string // runs a script of the package in the folder
	bin           string // runs a program of an installed package
}

// managerOf gives the package manager of a folder and the file that says so:
// the field packageManager, then the kind of the lockfile.
func managerOf(l *look, dir string, n node) (manager, string) {
	lock := func(names ...string) string {
		for _, name := range names {
			if l.has(dir, name) {
				return name
			}
		}
		return ""
	}
	pnpm, yarn, bun, npm := lock("pnpm-lock.yaml"), lock("yarn.lock"), lock("bun.lock", "bun.lockb"), lock("package-lock.json", "npm-shrinkwrap.json")
	pick := func(name, file string) bool { return n.manager == name || n.manager == "" && file != "" }
	from := func(file string) string {
		if n.manager != "" {
			return "package.json: packageManager"
		}
		return file
	}
	switch {
	case pick("pnpm", pnpm):
		m := manager{name: "pnpm", install: "pnpm install", lock: pnpm, run: "pnpm run", bin: "pnpm exec"}
		if pnpm != "" {
			m.install += " --frozen-lockfile"
		}
		return m, from(pnpm)
	case pick("yarn", yarn):
		m := manager{name: "yarn", install: "yarn install", lock: yarn, run: "yarn run", bin: "yarn run"}
		switch {
		case yarn != "" && l.has(dir, ".yarnrc.yml"): // Yarn 2 and later
			m.install += " --immutable"
		case yarn != "":
			m.install += " --frozen-lockfile"
		}
		return m, from(yarn)
	case pick("bun", bun):
		m := manager{name: "bun", install: "bun install", lock: bun, run: "bun run", bin: "bunx"}
		if bun != "" {
			m.install += " --frozen-lockfile"
		}
		return m, from(bun)
	}
	m := manager{name: "npm", install: "npm install", lock: npm, run: "npm run", bin: "npx --no-install"}
	if npm != "" {
		m.install = "npm ci"
		return m, npm
	}
	return m, "package.json"
}

func npmPackage(l *look, dir string) *Project {
	if !l.has(dir, "package.json") {
		return nil
	}
	n := nodeOf(l, dir)
	m, from := managerOf(l, dir, n)
	p := &Project{Dir: dir, Kind: "npm package", Name: n.name, Manager: m.name}
	if n.work {
		p.Kind = "npm workspace"
	}
	manifestPath := path.Join(dir, "package.json")
	root := workspaceOf(l, dir)
	switch {
	case root != "":
		p.Within, p.Manager = root, l.covering(root).Manager
		m, _ = managerOf(l, root, nodeOf(l, root))
	case len(n.depends) > 0 || m.lock != "":
		p.Setup = []Command{{in(dir, m.install), path.Join(dir, from)}}
	}
	if build := nodeBuild(l, dir, n, m); build.Line != "" {
		p.Build = []Command{build}
	}
	if test := nodeTest(l, dir, n, m); test.Line != "" {
		p.Test = []Command{test}
	} else if n.work {
		p.Test = []Command{{in(dir, everywhere(m.name, l.has(dir, ".yarnrc.yml"))), manifestPath + ": workspaces"}}
	}
	for _, script := range []string{"lint", "typecheck", "type-check", "check", "test:unit"} {
		if n.scripts[script] != "" {
			p.Others = append(p.Others, Command{in(dir, m.run+" "+script), manifestPath + ": scripts." + script})
		}
	}
	return p
}

// workspaceOf gives the folder of the workspace above a package, or "".
func workspaceOf(l *look, dir string) string {
	for at := dir; at != "."; {
		at = path.Dir(at)
		for _, p := range l.out.Projects {
			if p.Dir == at && p.Kind == "npm workspace" {
				return at
			}
		}
	}
	return ""
}

// everywhere gives the command that runs the tests of all packages of a
// workspace.
func everywhere(manager string, berry bool) string {
	switch {
	case manager == "pnpm":
		return "pnpm -r run test"
	case manager == "bun":
		return "bun run --filter '*' test"
	case manager == "yarn" && berry:
		return "yarn workspaces foreach -A run test"
	case manager == "yarn":
		return "yarn workspaces run test"
	}
	return "npm test --workspaces --if-present"
}

func nodeBuild(l *look, dir string, n node, m manager) Command {
	from := path.Join(dir, "package.json")
	switch {
	case n.scripts["build"] != "":
		return Command{in(dir, m.run+" build"), from + ": scripts.build"}
	case l.has(dir, "tsconfig.json") && n.depends["typescript"]:
		return Command{in(dir, m.bin+" tsc --noEmit"), path.Join(dir, "tsconfig.json")}
	}
	return Command{}
}

// nodeTest takes the script test, then a test program among the dependencies,
// then Node's own for tests that need none.
func nodeTest(l *look, dir string, n node, m manager) Command {
	from := path.Join(dir, "package.json")
	script := n.scripts["test"]
	switch {
	case script != "" && !strings.Contains(script, "no test specified"):
		line := m.run + " test"
		if m.name == "npm" {
			line = "npm test"
		}
		return Command{in(dir, line), from + ": scripts.test"}
	case n.depends["vitest"]:
		return Command{in(dir, m.bin+" vitest run"), from + ": vitest"}
	case n.depends["jest"]:
		return Command{in(dir, m.bin+" jest"), from + ": jest"}
	case n.depends["mocha"]:
		return Command{in(dir, m.bin+" mocha"), from + ": mocha"}
	}
	at := slices.IndexFunc(l.code, func(f file) bool {
		return f.test && f.language == source.JavaScript && strings.Contains(path.Base(f.path), ".test.") && isBelow(f.path, dir)
	})
	if at >= 0 {
		return Command{in(dir, "node --test"), l.code[at].path}
	}
	return Command{}
}
