package walls

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// kept is what an agent's program would do with files of the repository,
// whatever it is told, if these walls did not keep it from them.
type kept struct {
	hidden []string // not seen; slash separated, below the worktree
	fixed  []string // read, and not written
}

// keptFrom gives what was measured (docs/adr/0020-what-repositories-offer.md):
//
//   - OpenCode 1.18.33 loads plugins, which are code, from the repository even
//     where its project configuration is switched off.
//   - Qwen Code 0.24.4 writes the repository's settings anew when they are of an
//     older form, even in a folder that it does not trust.
func keptFrom(g job.Agent) kept {
	var k kept
	for _, kind := range kindsOf(g) {
		switch kind {
		case "opencode":
			k.hidden = append(k.hidden, ".opencode", "opencode.json", "opencode.jsonc")
		case "qwen":
			k.fixed = append(k.fixed, ".qwen/settings.json")
		}
	}
	return k
}

// keep adds to the confinement what the agent's program is kept from. A link
// that leads out of the worktree is left alone: what is there is no file of the
// repository.
func keep(form *job.Confinement, g job.Agent, dir string) {
	k := keptFrom(g)
	form.Hidden = append(form.Hidden, inside(dir, k.hidden)...)
	form.Fixed = append(form.Fixed, inside(dir, k.fixed)...)
}

func inside(dir string, names []string) []string {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range names {
		real, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(name)))
		if err == nil && real != root && within(real, root) {
			out = append(out, filepath.Join(dir, strings.TrimPrefix(real, root)))
		}
	}
	return out
}

// refuseCode is an error where an agent's program would load code of the
// repository, and nothing can hide it.
func refuseCode(g job.Agent, dir string) error {
	if !slices.Contains(kindsOf(g), "opencode") {
		return nil
	}
	found, err := pluginsIn(dir)
	if err != nil || found == "" {
		return err
	}
	return fault.New(fault.Refused, "start agent %s: OpenCode would load the code that the repository offers it in %s, and without a sandbox that hides files nothing keeps it from that", g.Name, found).
		WithHint("set sandbox: auto on a machine with user namespaces, or choose another agent")
}

// pluginsIn gives a path below the worktree that offers OpenCode code, or none.
func pluginsIn(dir string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fault.Wrap(fault.Transient, err, "look for plugins in the worktree")
	}
	defer root.Close()
	for _, name := range []string{".opencode/plugin", ".opencode/plugins"} {
		if _, err := root.Stat(name); err == nil {
			return name, nil
		}
	}
	for _, folder := range []string{"", ".opencode"} {
		for _, name := range []string{"opencode.json", "opencode.jsonc"} {
			if name = path.Join(folder, name); mentionsPlugins(root, name) {
				return name, nil
			}
		}
	}
	return "", nil
}

// mentionsPlugins is careful: a file that cannot be read whole may name some,
// and a name may be written with escapes.
func mentionsPlugins(root *os.Root, name string) bool {
	const most = 1 << 20 // bytes
	info, err := root.Stat(name)
	if err != nil {
		return false // it is not there, or leads out of the worktree
	}
	f, err := root.Open(name)
	if err != nil || !info.Mode().IsRegular() {
		return true
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	return err != nil || len(data) > most || strings.Contains(string(data), "plugin") || strings.Contains(string(data), `\u`)
}
