// Package git is the only package that runs Git.
//
// It keeps two Git folders apart. Everything that touches objects, indexes or
// folders (add, write-tree, read-tree, diff, merge) runs with a folder of
// Muster's own as GIT_DIR, whose configuration this package writes, and
// borrows only the object store of the user's repository. The repository's
// configuration, hooks, filters, drivers and includes are therefore not
// neutralised one by one: they are never read. Only commands about refs run
// with the user's repository as GIT_DIR, and those are told to run no hook and
// to fetch nothing.
//
// The .git file of a worktree is written for the agent and never read.
//
// Files are laid out and captured as Git does on a Linux machine without any
// configuration: line endings and encodings follow .gitattributes, filter
// drivers such as LFS do not run.
//
// The user's checkout, index, stash, HEAD, hooks and configuration are never
// written. What is written in the repository: objects, refs below refs/muster
// and refs/heads/muster, the target branch when it is advanced, refs/notes/muster
// when a person asks for a note, and worktrees/muster-* for the pooled worktrees.
package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"muster/internal/adapter/git/folders"
	"muster/internal/adapter/git/lasting"
	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// Repo is an opened repository. It is safe for concurrent use, also by
// several processes that share the state folder.
type Repo struct {
	place     Place
	git       program // runs in the user's repository: refs only
	own       program // runs in Muster's own Git folder: everything else
	hasBaseOf bool    // merge-tree knows --merge-base
	objects   objects
	compare   lasting.Trees
	refs      lasting.Refs
	write     writer
	patches   lasting.Trees
	folders   *folders.Reader
	worktrees pool
	trees     pool
	adminID   string // prefix of the worktrees' names in the repository

	mu     sync.Mutex
	leases map[string]*slot // by folder
}

// Open opens the repository that holds dir. State is Muster's folder for this
// repository; worktrees, indexes and trees are kept below it. Close releases
// what Open took.
func Open(ctx context.Context, dir, state string) (*Repo, error) {
	prog, err := findGit(ctx)
	if err != nil {
		return nil, err
	}
	place, err := locate(ctx, prog, dir)
	if err != nil {
		return nil, err
	}
	state, err = realFolder(state)
	if err != nil {
		return nil, err
	}
	r := &Repo{place: place, hasBaseOf: prog.atLeast(2, 40), leases: map[string]*slot{}}
	sum := sha256.Sum256([]byte(state))
	r.adminID = "muster-" + hex.EncodeToString(sum[:4]) + "-"
	if err := r.setUp(ctx, prog, state); err != nil {
		return nil, err
	}
	r.objects = objects{lasting.Objects{Process: r.git.lasting("cat-file", "--batch-command", "-z")}, r.git}
	r.write.known = r.objects
	r.folders = folders.New(r.objects.Objects, r.write.store.IDLen())
	r.compare = lasting.Trees{Process: r.own.lasting(comparing()...)}
	r.patches = lasting.Trees{Process: r.own.lasting(patching()...)}
	r.refs = lasting.Refs{Process: r.git.lasting("update-ref", "--no-deref", "-m", "muster: land", "-z", "--stdin")}
	r.worktrees = pool{kind: 'w', dirs: filepath.Join(state, "worktrees"), meta: filepath.Join(r.own.dir, "slots")}
	r.trees = pool{kind: 't', dirs: filepath.Join(state, "trees"), meta: r.worktrees.meta}
	return r, nil
}

// Place says where the repository is.
func (r *Repo) Place() Place { return r.place }

// Close ends the processes that Repo keeps and gives back the leased trees.
func (r *Repo) Close() error {
	r.mu.Lock()
	for dir, s := range r.leases {
		s.unlock()
		delete(r.leases, dir)
	}
	r.mu.Unlock()
	r.objects.Close()
	r.compare.Close()
	r.patches.Close()
	r.refs.Close()
	return nil
}

// realFolder makes dir when it is missing and gives its real path, so that
// every process names it the same way.
func realFolder(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(abs, 0o700)
	}
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "open the state folder %s", dir)
	}
	if strings.ContainsAny(abs, "\n\x00") {
		return "", fault.New(fault.Invalid, "the state folder %q has a line break in its name", abs).
			WithHint("set XDG_STATE_HOME to another folder")
	}
	return abs, nil
}

// settings are what Muster's own Git folder takes over from the repository.
type settings struct {
	shared     string // core.sharedRepository
	refStorage string
	partial    bool // objects may be missing and would be fetched on demand
}

// isShared reports whether files get other rights than the user's usual ones.
func (s settings) isShared() bool {
	switch strings.ToLower(s.shared) {
	case "", "0", "false", "no", "off", "umask":
		return false
	}
	return true
}

// Particular is what of a repository's settings people should know.
type Particular struct {
	Partial bool // objects may be missing
	Sparse  bool // the checkout holds only some of the files
}

// Particular reads them.
func (r *Repo) Particular(ctx context.Context) (Particular, error) {
	res, err := r.git.run(ctx, call{args: []string{"config", "--file", filepath.Join(r.place.CommonDir, "config"), "--no-includes", "--type=bool", "--get", "core.sparseCheckout"}, accept: 1})
	sparse := trim(res.out) == "true"
	if err == nil && !sparse {
		if text, rerr := os.ReadFile(filepath.Join(r.place.GitDir, "config.worktree")); rerr == nil {
			sparse = strings.Contains(strings.ReplaceAll(strings.ToLower(string(text)), " ", ""), "sparsecheckout=true")
		}
	}
	return Particular{Partial: r.git.partial, Sparse: sparse}, err
}

// setUp reads the few settings that matter and writes Muster's own Git folder.
func (r *Repo) setUp(ctx context.Context, prog program, state string) error {
	home := filepath.Join(state, "git", "home")
	ownDir := filepath.Join(state, "git", "repo")
	r.git = prog.in(r.place.CommonDir, home, refsOnly())
	set, err := readSettings(ctx, r.git, r.place.CommonDir)
	if err != nil {
		return err
	}
	if set.refStorage != "" && set.refStorage != "files" {
		return fault.New(fault.Refused, "open %s: its refs are stored as %q", r.place.CommonDir, set.refStorage).
			WithHint("Muster reads the plain format only: git refs migrate --ref-format=files")
	}
	r.git.partial = set.partial
	r.own = prog.in(ownDir, home, nil)
	r.own.partial = set.partial
	r.own.env = append(r.own.env, "GIT_OBJECT_DIRECTORY="+filepath.Join(r.place.CommonDir, "objects"))
	if r.place.Shallow {
		r.own.env = append(r.own.env, "GIT_SHALLOW_FILE="+filepath.Join(r.place.CommonDir, "shallow"))
	}
	for _, d := range []string{home, filepath.Join(ownDir, "refs"), filepath.Join(ownDir, "objects"), filepath.Join(ownDir, "slots")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fault.Wrap(fault.Internal, err, "make Muster's Git folder")
		}
	}
	r.write = writer{
		store: raw.Store{Dir: filepath.Join(r.place.CommonDir, "objects"), Format: r.place.Format},
		git:   r.own, byGit: set.isShared(),
	}
	if err := writeIfOther(filepath.Join(ownDir, "config"), ownConfig(r.place, set)); err != nil {
		return err
	}
	return writeIfOther(filepath.Join(ownDir, "HEAD"), "ref: refs/heads/none\n")
}

// readSettings reads the repository's own file without its includes.
func readSettings(ctx context.Context, git program, common string) (settings, error) {
	var set settings
	res, err := git.run(ctx, call{
		args: []string{
			"config", "--file", filepath.Join(common, "config"), "--no-includes", "-z",
			"--get-regexp", `^(core\.sharedrepository|extensions\..*|remote\..*\.promisor)$`,
		},
		accept: 1, // nothing matches
	})
	if err != nil {
		return set, fault.Wrap(fault.Invalid, err, "read the configuration of %s", common)
	}
	for entry := range strings.SplitSeq(string(res.out), "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		switch key = strings.ToLower(key); {
		case key == "core.sharedrepository":
			set.shared = value
		case key == "extensions.refstorage":
			set.refStorage = value
		case key == "extensions.partialclone", strings.HasSuffix(key, ".promisor"):
			set.partial = true
		}
	}
	return set, nil
}

// refsOnly are the settings for the commands that read the user's
// configuration: no hook (reference-transaction), no helper, no network.
func refsOnly() []string {
	return []string{
		"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null",
		"core.fsync=reference", "gc.auto=0", "maintenance.auto=false", "protocol.allow=never",
	}
}

// ownConfig is the whole configuration of Muster's own Git folder.
func ownConfig(p Place, set settings) string {
	version, ext := "0", ""
	if p.Format != "sha1" {
		version, ext = "1", "[extensions]\n\tobjectFormat = "+p.Format+"\n"
	}
	var b strings.Builder
	b.WriteString("# Written by Muster. It is the whole configuration Git sees here.\n")
	b.WriteString("[core]\n\trepositoryformatversion = " + version + "\n\tbare = true\n")
	b.WriteString("\thooksPath = /dev/null\n\tfsmonitor = false\n\tuntrackedCache = false\n\tlogAllRefUpdates = false\n")
	b.WriteString("\tattributesFile = /dev/null\n\texcludesFile = " + quoteConfig(filepath.Join(p.CommonDir, "info", "exclude")) + "\n")
	b.WriteString("\tautocrlf = false\n\tsafecrlf = false\n\teol = lf\n")
	// An agent's work is paid for: it must survive a power cut. Syncing in
	// batches only pays for hundreds of new files; it costs 8 ms a change.
	b.WriteString("\tfsync = committed\n\tfsyncMethod = fsync\n")
	if set.shared != "" {
		b.WriteString("\tsharedRepository = " + quoteConfig(set.shared) + "\n")
	}
	b.WriteString("[index]\n\tversion = 2\n\tsparse = false\n[feature]\n\tmanyFiles = false\n")
	b.WriteString("[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[protocol]\n\tallow = never\n[submodule]\n\trecurse = false\n")
	b.WriteString("[diff]\n\trenames = true\n\trenameLimit = 1000\n[merge]\n\trenames = true\n\tconflictStyle = merge\n")
	b.WriteString(ext)
	return b.String()
}

// quoteConfig quotes a value of a configuration file.
func quoteConfig(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}
