package walls

import (
	"cmp"
	"context"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"muster/internal/adapter/sandbox/gocache"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// caches are the folders that confined processes of a repository keep what they
// download and build in. Nobody else reads them.
type caches struct {
	root  string
	under string // of the same form, read where a tool can read two; empty when there is none
}

// Folders of a state folder.
const (
	sharedFolder  = "caches"         // of all commands, but at strict
	trustedFolder = "caches-trusted" // at strict: of commands that run no change's code
	changesFolder = "caches-changes" // at strict: one for each change
	keptChanges   = 3                // changes whose caches stay while nothing of them runs
)

// cachesFor gives the caches of a command, until they are given back. A cache is
// not examined when it is read: whoever writes to it decides what those who read
// it build and run. Where a person has asked for level strict, the commands of a
// change share theirs with no other change, and read those that only code that
// is built on has written. Elsewhere all commands of a repository share theirs,
// for without that each change would download and build everything anew.
func cachesFor(w *Walls, c job.Command) (own caches, giveBack func()) {
	switch {
	case c.Sandbox != job.LevelStrict:
		return caches{root: filepath.Join(w.h.State, sharedFolder)}, func() {}
	case c.Change == "":
		return caches{root: filepath.Join(w.h.State, trustedFolder)}, func() {}
	}
	own.under = filepath.Join(w.h.State, trustedFolder)
	own.root, giveBack = w.apart.take(c.Change)
	return own, giveBack
}

// Close removes the caches of changes. No command runs any more, and none is
// run after it.
func (w *Walls) Close() error {
	return fault.Wrap(fault.Transient, remove(w.apart.root), "remove the caches of changes")
}

// ofChanges are the caches of changes, of which those that were used last stay.
type ofChanges struct {
	root string // of this process

	mu   sync.Mutex
	used []ofChange // the latest last
}

// ofChange is the caches of one change.
type ofChange struct {
	change string
	dir    string
	runs   int // commands that use them
}

// take gives the folder of a change's caches, and removes those of changes of
// which nothing has run for longest.
func (o *ofChanges) take(change string) (dir string, giveBack func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := ofChange{change: change, dir: filepath.Join(o.root, rand.Text())}
	if at := o.find(change); at >= 0 {
		now = o.used[at]
		o.used = slices.Delete(o.used, at, at+1)
	}
	now.runs++
	o.used = append(o.used, now)
	idle := 0
	for i := range slices.Backward(o.used) {
		if o.used[i].runs > 0 {
			continue
		}
		if idle++; idle > keptChanges {
			_ = remove(o.used[i].dir) // what is left is swept once it is old
			o.used = slices.Delete(o.used, i, i+1)
		}
	}
	return now.dir, sync.OnceFunc(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if at := o.find(change); at >= 0 {
			o.used[at].runs--
		}
	})
}

func (o *ofChanges) find(change string) int {
	return slices.IndexFunc(o.used, func(c ofChange) bool { return c.change == change })
}

// remove removes what confined processes have left: they may have closed folders
// to their owner. Links are not followed.
func remove(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, _ error) error {
		if e != nil && e.IsDir() {
			_ = os.Chmod(path, 0o700) //nolint:gosec // a folder is entered by its execute bit
		}
		return nil // what cannot be opened shows below
	})
	return os.RemoveAll(dir)
}

// layers joins folders that are read one after another.
func layers(separator string, dirs ...string) string {
	return strings.Join(slices.DeleteFunc(dirs, func(d string) bool { return d == "" }), separator)
}

// below gives a cache in the layer that is read; empty when there is none.
func (c caches) below(name string) string {
	if c.under == "" {
		return ""
	}
	return filepath.Join(c.under, name)
}

func (c caches) at(name string) string { return filepath.Join(c.root, name) }

func (c caches) dirs() []string {
	var out []string
	for _, name := range []string{"go-build", "go-mod", "npm", "pip", "cargo", "maven", "xdg"} {
		out = append(out, c.at(name))
	}
	return out
}

// env gives the variables by which tools find them. What the person's own caches
// hold is read as far as a tool can read two.
func (c caches) env(ctx context.Context, w *Walls) []string {
	env := []string{
		"GOCACHE=" + c.at("go-build"), "GOMODCACHE=" + c.at("go-mod"), "GOFLAGS=" + strings.TrimSpace(w.env["GOFLAGS"]+" -modcacherw"),
		"npm_config_cache=" + c.at("npm"), "YARN_CACHE_FOLDER=" + c.at("npm"), "PIP_CACHE_DIR=" + c.at("pip"), "UV_CACHE_DIR=" + c.at("pip"),
		"CARGO_HOME=" + c.at("cargo"), "GRADLE_USER_HOME=" + c.at("maven"), "XDG_CACHE_HOME=" + c.at("xdg"),
		"MAVEN_ARGS=-Dmaven.repo.local=" + c.at("maven") + " -Dmaven.repo.local.tail=" + layers(",", c.below("maven"), w.env.inHome(".m2", "repository")),
	}
	if program := gocache.Command(append(slices.Clone(w.h.Shim), gocache.Mode)); program != "" {
		env = append(env, "GOCACHEPROG="+program, gocache.OwnVariable+"="+c.at("go-build"), gocache.BaseVariable+"="+layers(string(os.PathListSeparator), c.below("go-build"), w.env.goBuild()))
	}
	if mods := w.env.goModules(); mods != "" {
		env = append(env, "GOPROXY="+w.goProxy(ctx, filepath.Join(mods, "cache", "download")))
		if w.env["GOPRIVATE"]+w.env["GONOPROXY"] != "" {
			// Private modules come from the person's cache too, and are asked of
			// nobody else.
			env = append(env, "GONOPROXY=none", "GONOSUMDB="+cmp.Or(w.env["GONOSUMDB"], w.env["GOPRIVATE"]))
		}
	}
	if home := w.env.inHome(".rustup"); w.env["RUSTUP_HOME"] == "" && home != "" {
		env = append(env, "RUSTUP_HOME="+home)
	}
	if home := w.env.inHome(".cache", "ms-playwright"); home != "" {
		env = append(env, "PLAYWRIGHT_BROWSERS_PATH="+home)
	}
	return env
}
