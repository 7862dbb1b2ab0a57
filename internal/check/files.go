package check

import (
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"muster/internal/core/fault"
)

// Lockfiles gives the globs of files in which package managers record exact
// versions.
func Lockfiles() []string {
	return []string{
		"**/go.sum", "**/go.work.sum", "**/package-lock.json", "**/npm-shrinkwrap.json", "**/yarn.lock",
		"**/pnpm-lock.yaml", "**/bun.lock", "**/bun.lockb", "**/deno.lock", "**/Cargo.lock", "**/poetry.lock",
		"**/uv.lock", "**/pdm.lock", "**/Pipfile.lock", "**/Gemfile.lock", "**/composer.lock", "**/mix.lock",
		"**/Podfile.lock", "**/Package.resolved", "**/pubspec.lock", "**/gradle.lockfile", "**/packages.lock.json",
		"**/flake.lock",
	}
}

// GoModules gives the folders below dir that hold a Go module, as slash
// separated paths relative to dir, in order. Folders that the go command
// ignores (testdata, vendor, those that begin with "." or "_") are left out.
// Links are not followed.
func GoModules(dir string) ([]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "look for Go modules")
	}
	defer func() { _ = root.Close() }() // nothing is lost when closing a folder fails
	var out []string
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && GoIgnores(p):
			return fs.SkipDir
		case d.Name() == "go.mod" && d.Type().IsRegular():
			out = append(out, path.Dir(p))
		}
		return nil
	})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "look for Go modules")
	}
	slices.Sort(out)
	return out, nil
}

// GoIgnores reports whether the go command leaves a folder out of "./...".
func GoIgnores(dir string) bool {
	name := path.Base(dir)
	if dir == "." {
		return false
	}
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// ReadBounded reads a regular file below a root, at most limit bytes of it. A
// file that is not there, or is no regular file, is an empty one.
func ReadBounded(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, nil
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read %s", name)
	}
	defer func() { _ = f.Close() }() // nothing is lost when closing what was read fails
	data, err := io.ReadAll(io.LimitReader(f, limit))
	return data, fault.Wrap(fault.Internal, err, "read %s", name)
}
