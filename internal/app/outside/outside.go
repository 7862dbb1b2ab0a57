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

	doorMu  sync.Mutex
	doorEnv []string // nil until the tools were asked

	once  sync.Once
	asked *registry.Registry
}

// Look asks about one package.
func (p *Packages) Look(ctx context.Context, ecosystem, name, version string) (dependencies.Answer, error) {
	p.once.Do(func() { p.asked = registry.New(p.config(ctx)) })
	a, err := p.asked.Look(ctx, ecosystem, name, version)
	return dependencies.Answer(a), err
}

const askToolMS = 20_000

func (p *Packages) config(ctx context.Context) registries.Config {
	settings := p.settings()
	for _, name := range []string{"GOPROXY", "GONOPROXY", "GOPRIVATE"} {
		settings.Go[name] = word(p.ask(ctx, "go", "env", name))
	}
	c := registries.FromSettings(settings)
	if c.NPM == "" {
		c.NPM = word(p.ask(ctx, "npm", "config", "get", "registry"))
	}
	return c
}

// settings gives what can be read without asking a tool.
func (p *Packages) settings() registries.Settings {
	s := registries.Settings{Go: map[string]string{}, Env: p.Env}
	if home := p.Env["HOME"]; filepath.IsAbs(home) {
		s.Npmrc = ownSettings(filepath.Join(home, ".npmrc"))
		s.PipConf = ownSettings(filepath.Join(home, ".config/pip/pip.conf"))
		s.Cargo = ownSettings(filepath.Join(home, ".cargo/config.toml"))
		s.Netrc = ownSettings(filepath.Join(home, ".netrc"))
	}
	return s
}

// Registries gives where the person's tools get packages, with their logins,
// for the doors of confined processes. What the settings leave to the tools,
// the tools are asked, all at once; one that is missing or fails has said
// nothing. It takes as long as the slowest of them, a second or more.
func (p *Packages) Registries(ctx context.Context) (registries.Config, error) {
	s := p.settings()
	names := []string{"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB"}
	var said, npm, pip string
	var all sync.WaitGroup
	all.Go(func() { said = p.ask(ctx, append([]string{"go", "env"}, names...)...) })
	all.Go(func() { npm = word(p.ask(ctx, "npm", "config", "get", "registry")) })
	if len(registries.FromSettings(s).PyPI) == 0 {
		all.Go(func() {
			if pip = p.ask(ctx, "pip", "download", "--help"); pip == "" {
				pip = p.ask(ctx, "python3", "-m", "pip", "download", "--help")
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return registries.Config{}, err
	}
	for i, line := range strings.Split(said, "\n") {
		if i < len(names) {
			s.Go[names[i]] = strings.TrimSpace(line)
		}
	}
	s.PipHelp = []byte(pip)
	c := registries.FromSettings(s)
	if npm != "" {
		c.NPM = npm // it has heard all that the person says anywhere
	}
	return c, nil
}

const maxSettings = 64 << 10

// ownSettings reads a file of the person's own, or nothing.
func ownSettings(path string) []byte {
	f, err := os.Open(path)
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
	out, err := p.Exec().Run(ctx, job.Command{Argv: argv, Dir: p.Dir, LimitMS: askToolMS, OutputCap: maxSettings})
	if err != nil || out.Code != 0 {
		return ""
	}
	return strings.TrimRight(out.Stdout, "\n")
}

// word gives what is one word, and nothing for what is more or says nothing.
func word(text string) string {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, "\n ") || text == "undefined" {
		return ""
	}
	return text
}
