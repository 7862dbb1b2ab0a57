package git

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/adapter/git/raw"
	"muster/internal/core/fault"
)

// scan makes a tree of a folder's content. Folders that are repositories
// themselves are taken as ordinary folders without their .git: what lies there
// is part of the change, and a submodule nobody asked for is not.
type scan struct {
	repo  *Repo
	hold  *os.File
	seed  string // the index as it was before the folder was looked at
	env   []string
	depth int
	notes []string
	made  []raw.Object // of the tree, to be written before it is used

	beside    []string // paths that are left out
	keepModes bool     // the folder is a person's own: what cannot be read is an error
}

const (
	maxNestedDepth = 8
	maxNested      = 100

	noCommitInside   = "does not have a commit checked out"
	unreadableFolder = "could not open directory"
)

// tree brings the index file to the content of dir and gives its tree.
func (c *scan) tree(ctx context.Context, dir, indexFile string) (string, error) {
	skip, err := c.submodules(dir, indexFile)
	if err != nil {
		return "", err
	}
	if len(c.beside) > 0 {
		// Ignored paths are left out by themselves, and git add takes it for a
		// mistake to name one.
		left, err := c.notIgnored(ctx, dir, indexFile, c.beside)
		if err != nil {
			return "", err
		}
		skip = append(skip, left...)
	}
	err = c.add(ctx, dir, indexFile, skip)
	nested := false
	if err == nil {
		nested, err = c.hasNewGitlink(indexFile)
	} else if ctx.Err() == nil && strings.Contains(err.Error(), noCommitInside) {
		nested, err = true, nil
	} else if ctx.Err() == nil && !c.keepModes && (strings.Contains(err.Error(), "Permission denied") || strings.Contains(err.Error(), unreadableFolder)) {
		if err = c.makeReadable(dir); err == nil {
			err = c.add(ctx, dir, indexFile, skip)
		}
	}
	if err != nil {
		return "", err
	}
	if nested {
		if err := c.nested(ctx, dir, indexFile, skip); err != nil {
			return "", err
		}
	}
	tree, made, err := c.repo.write.tree(ctx, indexFile, c.hold)
	c.made = made
	return tree, err
}

func (c *scan) git(ctx context.Context, dir, indexFile string, args ...string) error {
	_, err := c.repo.own.run(ctx, call{args: args, env: c.env, work: dir, index: indexFile, hold: c.hold})
	return err
}

// add records every file below dir but those below the skipped folders.
func (c *scan) add(ctx context.Context, dir, indexFile string, skip []string) error {
	cl := call{args: []string{"add", "-A"}, env: c.env, work: dir, index: indexFile, hold: c.hold}
	if len(skip) > 0 {
		cl.args = append(cl.args, "--pathspec-from-file=-", "--pathspec-file-nul")
		cl.stdin = strings.NewReader(".\x00:(exclude,literal)" + strings.Join(skip, "\x00:(exclude,literal)") + "\x00")
	}
	res, err := c.repo.own.run(ctx, cl)
	if err == nil && strings.Contains(res.said, unreadableFolder) {
		// Git only warns; the folder's content would be missing in silence.
		return fault.New(fault.Invalid, "%s", printable(res.said)).WithHint("make the folder readable")
	}
	return err
}

// submodules gives the tracked submodules whose folder exists. Git must not
// look into them: it would run git status there, under a configuration that
// the agent may have written. They stay as the base has them.
func (c *scan) submodules(dir, indexFile string) ([]string, error) {
	idx, err := raw.ReadIndex(indexFile, c.repo.idLength()/2)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read the index %s", indexFile)
	}
	links := idx.Gitlinks()
	if len(links) == 0 {
		return nil, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "open %s", dir)
	}
	defer func() { _ = root.Close() }()
	var out []string
	for _, p := range links {
		if info, err := root.Lstat(p); err != nil || !info.IsDir() {
			continue // removed or replaced: Git sees that without looking into it
		}
		out = append(out, p)
		if entries, err := fs.ReadDir(root.FS(), p); err != nil || len(entries) > 0 {
			c.notes = append(c.notes, fmt.Sprintf("what lies in the submodule %s is not part of the change", printable(p)))
		}
	}
	return out, nil
}

// hasNewGitlink reports whether add took a repository for a submodule.
func (c *scan) hasNewGitlink(indexFile string) (bool, error) {
	after, err := raw.ReadIndex(indexFile, c.repo.idLength()/2)
	if err != nil {
		return false, fault.Wrap(fault.Internal, err, "read the index %s", indexFile)
	}
	links := after.Gitlinks()
	if len(links) == 0 {
		return false, nil
	}
	before, err := c.before()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(links, func(p string) bool { return !before.IsGitlink(p) }), nil
}

func (c *scan) before() (raw.Index, error) {
	if c.seed == "" {
		return raw.Index{}, nil
	}
	idx, err := raw.ReadIndex(c.seed, c.repo.idLength()/2)
	return idx, fault.Wrap(fault.Internal, err, "read the index %s", c.seed)
}

// nested starts again without the repositories inside dir, and then adds each
// as the folder it is.
func (c *scan) nested(ctx context.Context, dir, indexFile string, skip []string) error {
	found, err := c.findNested(ctx, dir, indexFile)
	if err != nil {
		return err
	}
	if c.depth >= maxNestedDepth || len(found) > maxNested {
		return fault.New(fault.Invalid, "%s holds too many repositories inside one another", dir).
			WithHint("the agent has to remove them, or .gitignore has to name them")
	}
	if c.seed == "" {
		err = os.RemoveAll(indexFile)
	} else {
		err = copyIndex(c.seed, indexFile)
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "start the index %s again", indexFile)
	}
	if err := c.add(ctx, dir, indexFile, append(slices.Clone(skip), found...)); err != nil {
		return err
	}
	before, err := c.before()
	if err != nil {
		return err
	}
	for _, p := range found {
		if _, wasFile := before.Mode(p); wasFile {
			if err := c.git(ctx, dir, indexFile, "update-index", "--force-remove", "--", p); err != nil {
				return err
			}
		}
		sub := scan{repo: c.repo, hold: c.hold, env: c.env, depth: c.depth + 1, keepModes: c.keepModes}
		subIndex := fmt.Sprintf("%s.%d", indexFile, c.depth)
		if err := os.RemoveAll(subIndex); err != nil {
			return fault.Wrap(fault.Internal, err, "start the index %s", subIndex)
		}
		tree, err := sub.tree(ctx, filepath.Join(dir, p), subIndex)
		_ = os.Remove(subIndex)
		if err == nil {
			err = c.repo.write.objects(ctx, sub.made)
		}
		if err != nil {
			return err
		}
		c.notes = append(c.notes, fmt.Sprintf("%s is a repository of its own; its files were taken as ordinary files, its .git was not read", printable(p)))
		c.notes = append(c.notes, sub.notes...)
		if err := c.git(ctx, dir, indexFile, "read-tree", "--prefix="+p+"/", tree); err != nil {
			return err
		}
	}
	return nil
}

// findNested gives the outermost folders below dir that hold a .git, are not
// ignored, and hold nothing that is tracked: a repository that was made inside
// a tracked folder needs no care, since Git goes on to treat it as a folder.
func (c *scan) findNested(ctx context.Context, dir, indexFile string) ([]string, error) {
	before, err := c.before()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "open %s", dir)
	}
	defer func() { _ = root.Close() }()
	var found []string
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || p == "." {
			return err
		}
		if d.Name() == ".git" {
			return fs.SkipDir
		}
		if before.IsGitlink(p) || slices.Contains(c.beside, p) {
			return fs.SkipDir
		}
		if _, err := root.Lstat(path.Join(p, ".git")); err != nil || before.HasBelow(p) {
			return nil //nolint:nilerr // no repository here, or none that can be looked at
		}
		found = append(found, p)
		return fs.SkipDir
	})
	if err != nil || len(found) == 0 {
		return nil, fault.Wrap(fault.Internal, err, "look for repositories in %s", dir)
	}
	for i := range found {
		found[i] += "/" // folders, also for a rule that is about folders only
	}
	found, err = c.notIgnored(ctx, dir, indexFile, found)
	for i := range found {
		found[i] = strings.TrimSuffix(found[i], "/")
	}
	return found, err
}

func (c *scan) notIgnored(ctx context.Context, dir, indexFile string, paths []string) ([]string, error) {
	res, err := c.repo.own.run(ctx, call{
		args: []string{"check-ignore", "-z", "--stdin"}, env: c.env, work: dir, index: indexFile, hold: c.hold,
		stdin:  strings.NewReader(strings.Join(paths, "\x00") + "\x00"),
		accept: 1, // none is ignored
	})
	if err != nil {
		return nil, err
	}
	ignored := map[string]bool{}
	for p := range strings.SplitSeq(string(res.out), "\x00") {
		ignored[p] = true
	}
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return ignored[p] }), nil
}

// makeReadable gives the owner back the right to read what the agent made
// unreadable; otherwise a file would be missing from the change.
func (c *scan) makeReadable(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "open %s", dir)
	}
	defer func() { _ = root.Close() }()
	c.notes = append(c.notes, "some files or folders could not be read; their permissions were widened for their owner")
	return fault.Wrap(fault.Internal, widen(root, "."), "make %s readable", dir)
}

func widen(root *os.Root, dir string) error {
	entries, err := sweeper{root: root}.open(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		p := path.Join(dir, e.Name())
		if e.IsDir() {
			if err := widen(root, p); err != nil {
				return err
			}
			continue
		}
		info, err := root.Lstat(p)
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() && info.Mode().Perm()&0o400 == 0 {
			if err := root.Chmod(p, info.Mode().Perm()|0o600); err != nil {
				return err
			}
		}
	}
	return nil
}
