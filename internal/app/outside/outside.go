// Package outside is what checks may use beyond the tree that they judge: package
// registries, and dependencies that a person has installed.
package outside

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"muster/internal/adapter/registry"
	"muster/internal/check"
	"muster/internal/check/dependencies"
	"muster/internal/core/job"
	"muster/internal/core/registries"
)

// Packages asks the registries that the person's own tools ask. Which these
// are is found out when a change first brings in a package: asking the tools
// takes time. What a repository says of registries is not listened to.
type Packages struct {
	Env  map[string]string      // of the person
	Has  func(name string) bool // reports whether a program is on their PATH
	Exec func() check.Exec      // runs their tools
	Dir  string                 // where, so that no repository can say anything

	once  sync.Once
	asked *registry.Registry
}

// Look asks about one package.
func (p *Packages) Look(ctx context.Context, ecosystem, name, version string) (dependencies.Answer, error) {
	p.once.Do(func() { p.asked = registry.New(p.config(ctx)) })
	a, err := p.asked.Look(ctx, ecosystem, name, version)
	return dependencies.Answer(a), err
}

const askToolMS = 5_000

func (p *Packages) config(ctx context.Context) registries.Config {
	settings := registries.Settings{Go: map[string]string{}, Env: p.Env}
	for _, name := range []string{"GOPROXY", "GONOPROXY", "GOPRIVATE"} {
		settings.Go[name] = p.ask(ctx, "go", "env", name)
	}
	if home := p.Env["HOME"]; filepath.IsAbs(home) {
		settings.Npmrc = ownSettings(home, ".npmrc")
		settings.PipConf = ownSettings(home, ".config/pip/pip.conf")
		settings.Cargo = ownSettings(home, ".cargo/config.toml")
	}
	c := registries.FromSettings(settings)
	if c.NPM == "" {
		c.NPM = p.ask(ctx, "npm", "config", "get", "registry")
	}
	return c
}

const maxSettings = 64 << 10

// ownSettings reads a file of the person's own, or nothing.
func ownSettings(home, name string) []byte {
	f, err := os.Open(filepath.Join(home, name))
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSettings))
	if err != nil {
		return nil
	}
	return data
}

// ask runs a tool of the person in Muster's own folder, where no repository
// can say anything. A tool that is missing or fails has said nothing.
func (p *Packages) ask(ctx context.Context, argv ...string) string {
	if !p.Has(argv[0]) {
		return ""
	}
	out, err := p.Exec().Run(ctx, job.Command{Argv: argv, Dir: p.Dir, LimitMS: askToolMS, OutputCap: 4 << 10})
	if err != nil || out.Code != 0 {
		return ""
	}
	text := strings.TrimSpace(out.Stdout)
	if strings.ContainsAny(text, "\n ") || text == "undefined" {
		return ""
	}
	return text
}
