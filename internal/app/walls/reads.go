package walls

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/taint"
)

// Reads gives the path that an entry of an agent's reads: means, and whether
// anything is there. It is refused where it would show Muster's own folders or
// the whole home, and where a link leads to a place of secrets that the entry
// itself does not name.
func (w *Walls) Reads(entry string) (at string, isThere bool, err error) {
	home := w.env["HOME"]
	if rest, ok := strings.CutPrefix(entry, "~/"); ok {
		if !filepath.IsAbs(home) {
			return "", false, fault.New(fault.Refused, "find %s of reads: HOME is not set", entry).WithHint("set HOME, or write an absolute path")
		}
		entry = filepath.Join(home, rest)
	}
	at = filepath.Clean(entry)
	real, err := filepath.EvalSymlinks(at)
	isThere = err == nil
	if !isThere {
		real = at
	}
	for _, p := range []string{at, real} {
		if filepath.IsAbs(home) && (within(home, p) || within(resolved(home), p)) {
			return "", false, unread(at, real, "holds your whole home folder")
		}
		for _, own := range ownFolders(w) {
			if within(p, own) || within(own, p) {
				return "", false, unread(at, real, "is, or holds, a folder of Muster's own")
			}
		}
	}
	if taint.IsSecretPlace(real, resolved(home)) && !taint.IsSecretPlace(at, home) {
		return "", false, unread(at, real, "leads to where secrets are kept")
	}
	return at, isThere, nil
}

// unread says why a path is not for an agent.
func unread(at, real, why string) error {
	if real != at {
		at += ", which is a link to " + real + ","
	}
	return fault.New(fault.Refused, "let an agent read %s: it %s", at, why).
		WithHint("name only what the agent needs, at reads: of the agent in .muster/config.yaml")
}

// ownFolders are Muster's folders: of all repositories' states, with the keys, and of
// the person's settings.
func ownFolders(w *Walls) []string {
	out := []string{filepath.Dir(w.h.State)}
	if dir := cmp.Or(w.env["XDG_CONFIG_HOME"], w.env.inHome(".config")); filepath.IsAbs(dir) {
		out = append(out, resolved(filepath.Join(dir, "muster")))
	}
	return out
}

// resolved gives a path without links, or as it is when it is not there.
func resolved(p string) string {
	if real, err := filepath.EvalSymlinks(p); err == nil {
		return real
	}
	return p
}

// reads gives the files of the person that an agent may read by its
// configuration. What is in the person's home is linked at the same place in the
// agent's own, and what is not there is left out.
func (w *Walls) reads(g job.Agent) (links []link, paths []string, err error) {
	for _, entry := range g.Reads {
		at, isThere, err := w.Reads(entry)
		if err != nil {
			return nil, nil, fault.Wrap(fault.Refused, err, "start agent %q", g.Name)
		}
		if !isThere {
			continue
		}
		paths = append(paths, at)
		if rel, err := filepath.Rel(cmp.Or(w.env["HOME"], string(os.PathSeparator)), at); err == nil && filepath.IsLocal(rel) && w.env["HOME"] != "" {
			links = append(links, link{from: at, at: rel})
		}
	}
	return links, paths, nil
}

// Doubts says what of the files that agents may read is refused, or is not
// there.
func (w *Walls) Doubts(agents []job.Agent) []Line {
	var out []Line
	for _, g := range agents {
		for _, entry := range g.Reads {
			at, isThere, err := w.Reads(entry)
			switch {
			case err != nil:
				out = append(out, Line{Level: bad, Text: "agent " + g.Name + ": " + err.Error(), Hint: fault.HintOf(err)})
			case !isThere:
				out = append(out, Line{Level: worth, Text: "agent " + g.Name + ": " + at + ", of its reads, is not there and is left out"})
			}
		}
	}
	return out
}
