// Package confine starts a process that can touch only what it was given.
//
// The shim starts a step of this same program (Inside) in namespaces of its
// own and hands it an order through a socket. The step lays out what the
// process will see, gives up its own rights, starts the program and stays as
// the first process of the namespace: it reaps, reports how the program ended,
// and takes everything with it when it ends or when the shim does. Without
// namespaces (Ability) it becomes the program itself.
//
// The walls, from outside to inside:
//
//	namespaces   processes, network, System V objects, mounts of its own
//	view         strict: a root with nothing but what rules list;
//	             standard: the machine's own files, hidden ones covered
//	Landlock     the same rules again, for files, signals and abstract sockets
//	seccomp      system calls that no build, test or agent needs (filter.go)
//	rights       no capabilities, no new ones (no_new_privs), limits
//
// Each holds without the others, as far as it reaches.
package confine

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/core/job"
)

// Mode is the argument that makes this program the step inside, in place of
// the folder of an operation.
const Mode = "@inside"

// Hint is the way to get what a level needs.
const Hint = "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, " +
	"kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces above 0; a container needs --security-opt seccomp=unconfined), " +
	"or say sandbox: auto"

// order is what the step inside is asked to do.
type order struct {
	Argv []string        `json:"argv"`
	Dir  string          `json:"dir"`
	Env  []string        `json:"env"`
	Door bool            `json:"door"` // open a door, and hand over its listener
	Own  bool            `json:"own"`  // it has namespaces of its own
	C    job.Confinement `json:"c"`

	Secrets [][]byte `json:"secrets,omitempty"` // paths below /etc that nobody inside sees; names need not be text
}

// answer is what the step inside says: once how the start went, with the
// listener of the door beside it, and once how the program ended.
type answer struct {
	Kind    string `json:"kind,omitempty"` // of the error
	Error   string `json:"error,omitempty"`
	Started bool   `json:"started,omitempty"`
	Ended   bool   `json:"ended,omitempty"`
	Status  uint32 `json:"status,omitempty"` // as wait(2) gives it, with Ended
	Alone   bool   `json:"alone,omitempty"`  // with Ended: no other process was left
}

// access is what a rule allows below its path.
type access int

// The accesses. Of two rules the one with the longer path counts.
const (
	reads  access = iota // read, list, execute
	writes               // and everything else
	hidden               // nothing
)

// rule is one path and what may be done below it. The path is the real one:
// no part of it is a link.
type rule struct {
	path   string
	access access
}

// systemPaths are read by almost every program. /etc is among them without
// what only its owner may read (view_linux.go).
func systemPaths() []string {
	return []string{
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/gnu", "/etc",
		"/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage",
	}
}

// rules gives the rules of a confinement in the order in which they are laid
// out: what is above comes first, and of the same path the last word counts.
// Real resolves links; a path that it does not know is left out.
func rules(c job.Confinement, real func(string) (string, bool)) []rule {
	at := map[string]access{}
	add := func(paths []string, a access) {
		for _, p := range paths {
			if r, ok := real(p); ok {
				at[r] = a
			}
		}
	}
	add(systemPaths(), reads)
	add(c.Readable, reads)
	add(c.Writable, writes)
	add([]string{c.Home}, writes)
	add(c.Fixed, reads)
	add(c.Hidden, hidden)
	all := make([]rule, 0, len(at))
	for p, a := range at {
		if p != "/" { // nobody may be given everything by one rule
			all = append(all, rule{p, a})
		}
	}
	slices.SortFunc(all, func(a, b rule) int { return cmp.Compare(a.path, b.path) })
	var out []rule
	for _, r := range all {
		if above, ok := covered(out, r.path); !ok || above != r.access {
			out = append(out, r)
		}
	}
	return out
}

// spread gives rules for what is below a folder, so that none of them reaches
// one of the holes. List gives the names in a folder.
func spread(r rule, holes []string, list func(string) []string) []rule {
	if !slices.ContainsFunc(holes, func(h string) bool { return within(h, r.path) }) {
		return []rule{r}
	}
	if slices.Contains(holes, r.path) {
		return nil
	}
	var out []rule
	for _, name := range list(r.path) {
		out = append(out, spread(rule{filepath.Join(r.path, name), r.access}, holes, list)...)
	}
	return out
}

// covered says what the rules allow at a path, and whether any does. Rules are
// sorted.
func covered(rules []rule, path string) (access, bool) {
	for _, r := range slices.Backward(rules) {
		// The longest of those that reach it sorts last.
		if within(path, r.path) {
			return r.access, true
		}
	}
	return hidden, false
}

// within says whether path is dir or below it. Both are clean.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// temporary is the folder for temporary files.
func temporary(home string) string { return filepath.Join(home, ".tmp") }

// environment gives the variables of the process: its own, and where its home
// and its temporary files are.
func environment(o order) []string {
	tmp := temporary(o.C.Home)
	if o.C.Level == job.LevelStrict {
		tmp = "/tmp"
	}
	env := slices.DeleteFunc(slices.Clone(o.Env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == "HOME" || name == "TMPDIR" || name == "TMP" || name == "TEMP"
	})
	return append(env, "HOME="+o.C.Home, "TMPDIR="+tmp)
}
