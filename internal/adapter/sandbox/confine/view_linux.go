package confine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// oldRoot is where the machine's own files are while the view is laid out.
const oldRoot = "/.old"

// realPath resolves links on the machine's own view.
func realPath(path string) (string, bool) {
	real, err := filepath.EvalSymlinks(path)
	return real, err == nil && filepath.IsAbs(real)
}

// mount is unix.Mount with an error that names the place.
func mount(source, target, kind string, flags uintptr, data string) error {
	err := unix.Mount(source, target, kind, flags, data)
	return fault.Wrap(fault.Refused, err, "mount %s at %s", strings.TrimPrefix(source, oldRoot), target)
}

// bind makes what is at source appear at target, with all that is mounted
// below it. Devices do not work there, unless it is one.
func bind(source, target string, set uint64) error {
	if err := mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	attr := unix.MountAttr{Attr_set: set}
	err := unix.MountSetattr(unix.AT_FDCWD, target, unix.AT_RECURSIVE, &attr)
	return fault.Wrap(fault.Refused, err, "set what may be done at %s", target)
}

const (
	plainMount = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	readMount  = plainMount | unix.MOUNT_ATTR_RDONLY
)

func attributes(a access) uint64 {
	if a == writes {
		return plainMount
	}
	return readMount
}

// ownTemporary makes the folder for temporary files. A process of an earlier
// attempt may have left a link there, which would lead anywhere.
func ownTemporary(home string) error {
	root, err := os.OpenRoot(home)
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.Base(temporary(home))
	if info, err := root.Lstat(name); err == nil && !info.IsDir() {
		if err := root.Remove(name); err != nil {
			return err
		}
	}
	return root.MkdirAll(name, 0o700)
}

// plan is what is known of the machine's own view before anything is changed.
type plan struct {
	rules    []rule
	aliases  []alias  // names of the caller's that go through links
	links    []alias  // links among the system's paths
	secrets  []string // below /etc
	resolver string   // real path of the file that names DNS servers, or empty
	tmp      string   // real path of the folder for temporary files
}

func newPlan(o order) plan {
	p := plan{rules: rules(o.C, realPath)}
	for _, s := range o.Secrets {
		p.secrets = append(p.secrets, string(s))
	}
	p.resolver, _ = realPath("/etc/resolv.conf")
	p.tmp, _ = realPath(temporary(o.C.Home))
	if o.C.Level == job.LevelStrict {
		p.aliases, p.links = aliasesOf(o.C), systemLinks()
	}
	return p
}

// layView gives this process, which has a mount namespace of its own, a root
// in which only the rules' paths exist.
func layView(p plan, c job.Confinement) error {
	if err := newRoot(); err != nil {
		return err
	}
	for _, l := range p.links {
		if err := os.Symlink(l.to, l.at); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := ownFolders(p.tmp); err != nil {
		return err
	}
	for _, r := range p.rules {
		if err := place(r.path, r.path, r.access); err != nil {
			return err
		}
	}
	for _, a := range p.aliases {
		if err := place(a.to, a.at, a.access); err != nil {
			return err
		}
	}
	if p.resolver != "" && !within(p.resolver, "/etc") {
		if err := place(p.resolver, p.resolver, reads); err != nil {
			return err
		}
	}
	for _, s := range p.secrets {
		if err := cover(s); err != nil {
			return err
		}
	}
	return closeView(c)
}

// closeView takes away the machine's own files, and the right to add to the
// folders between the rules' paths.
func closeView(c job.Confinement) error {
	if err := freshProc(c.Processes); err != nil {
		return err
	}
	if err := unix.Unmount(oldRoot, unix.MNT_DETACH); err != nil {
		return fault.Wrap(fault.Refused, err, "let go of the machine's files")
	}
	_ = os.Remove(oldRoot)
	for _, dir := range []string{"/", "/dev"} {
		attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if err := unix.MountSetattr(unix.AT_FDCWD, dir, 0, &attr); err != nil {
			return fault.Wrap(fault.Refused, err, "make %s read-only", dir)
		}
	}
	return nil
}

// newRoot puts an empty file system in place of the root; the old one is
// below oldRoot.
func newRoot() error {
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	const over = "/tmp" // any folder that every machine has
	if err := mount("muster", over, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size=4m"); err != nil {
		return err
	}
	if err := os.Mkdir(over+oldRoot, 0o700); err != nil {
		return err
	}
	if err := unix.PivotRoot(over, over+oldRoot); err != nil {
		return fault.Wrap(fault.Refused, err, "change the root")
	}
	return os.Chdir("/")
}

// alias is a path that leads elsewhere.
type alias struct {
	at, to string
	access access
}

// systemLinks gives the links among the system's paths, /bin to usr/bin for
// example.
func systemLinks() []alias {
	var out []alias
	for _, p := range append(systemPaths(), "/home", "/var") {
		if to, err := os.Readlink(p); err == nil {
			out = append(out, alias{at: p, to: to})
		}
	}
	return out
}

// aliasesOf gives the paths that the caller named and that go through links,
// so that they can be used under these names too.
func aliasesOf(c job.Confinement) []alias {
	var out []alias
	add := func(paths []string, a access) {
		for _, p := range paths {
			if real, ok := realPath(p); ok && real != filepath.Clean(p) {
				out = append(out, alias{filepath.Clean(p), real, a})
			}
		}
	}
	add(c.Readable, reads)
	add(c.Writable, writes)
	add([]string{c.Home}, writes)
	return out
}

// place shows what is at a path of the machine at a path of the view.
func place(from, at string, a access) error {
	info, err := os.Stat(oldRoot + from)
	if err != nil {
		return nil //nolint:nilerr // it has vanished since it was resolved
	}
	if a == hidden {
		return cover(at)
	}
	point := pointFile
	if info.IsDir() {
		point = pointFolder
	}
	if err := point(at); err != nil {
		return fault.Wrap(fault.Refused, err, "make a place for %s", at)
	}
	return bind(oldRoot+from, at, attributes(a))
}

// pointFolder makes what a folder can be mounted on.
func pointFolder(at string) error {
	return os.MkdirAll(at, 0o755) //nolint:gosec // folders of the view
}

// pointFile makes what a file can be mounted on.
func pointFile(at string) error {
	if _, err := os.Lstat(at); err == nil {
		return nil
	}
	if err := pointFolder(filepath.Dir(at)); err != nil {
		return err
	}
	f, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// cover puts nothing in place of what is at a path.
func cover(at string) error {
	info, err := os.Lstat(at)
	if err != nil {
		return nil //nolint:nilerr // it is not in the view
	}
	switch {
	case info.IsDir():
		return mount("muster", at, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_RDONLY, "mode=000,size=0")
	case info.Mode().IsRegular():
		null := oldRoot + "/dev/null"
		if _, err := os.Stat(null); err != nil {
			null = "/dev/null"
		}
		return bind(null, at, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NODEV)
	}
	return nil
}

// ownerOnly gives what below dir not everybody may read: passwords' hashes,
// keys of the machine. The user who runs Muster cannot read it either, unless
// that is root. Each start looks, for what is secret may have come meanwhile;
// names are asked about by their folder's descriptor, for there are a thousand.
func ownerOnly(dir string) []string {
	if os.Geteuid() != 0 {
		return nil
	}
	return notForAll(dir, nil)
}

// notForAll appends to out what is below dir and not everybody may read. What
// cannot be listed cannot be read.
func notForAll(dir string, out []string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return out
	}
	defer f.Close()
	entries, _ := f.ReadDir(-1)
	fd := int(f.Fd())
	for _, e := range entries {
		if !e.IsDir() && !e.Type().IsRegular() {
			continue
		}
		var st unix.Stat_t
		if unix.Fstatat(fd, e.Name(), &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
			continue // what has vanished is no secret
		}
		switch {
		case !e.IsDir() && st.Mode&0o004 == 0, e.IsDir() && st.Mode&0o005 == 0:
			out = append(out, filepath.Join(dir, e.Name()))
		case e.IsDir():
			out = notForAll(filepath.Join(dir, e.Name()), out)
		}
	}
	return out
}

// ownFolders makes what a process expects beside its files.
func ownFolders(tmp string) error {
	if err := ownDevices(); err != nil {
		return err
	}
	for _, at := range []string{"/tmp", "/var/tmp"} {
		if err := pointFolder(at); err != nil {
			return err
		}
		if err := bind(oldRoot+tmp, at, plainMount); err != nil {
			return err
		}
	}
	for _, at := range []string{"/run", "/proc", "/sys"} {
		if err := pointFolder(at); err != nil {
			return err
		}
	}
	if err := os.Symlink("/run", "/var/run"); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// ownDevices makes /dev with nothing that is a part of the machine.
func ownDevices() error {
	if err := pointFolder("/dev"); err != nil {
		return err
	}
	if err := mount("muster", "/dev", "tmpfs", unix.MS_NOSUID, "mode=755,size=64k"); err != nil {
		return err
	}
	for _, name := range deviceNames() {
		at := "/dev/" + name
		if err := pointFile(at); err != nil {
			return err
		}
		if err := bind(oldRoot+at, at, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
			return err
		}
	}
	for name, to := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
	} {
		if err := os.Symlink(to, "/dev/"+name); err != nil {
			return err
		}
	}
	if err := os.Mkdir("/dev/shm", 0o755); err != nil { //nolint:gosec // a folder of the view
		return err
	}
	if err := mount("muster", "/dev/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777,size=25%"); err != nil {
		return err
	}
	if err := os.Mkdir("/dev/pts", 0o755); err != nil { //nolint:gosec // a folder of the view
		return err
	}
	return mount("muster", "/dev/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
}

func deviceNames() []string { return []string{"null", "zero", "full", "random", "urandom", "tty"} }

// freshProc shows the processes of this namespace only, and lets nobody change
// what the kernel offers there. The number of processes is a number of the
// namespace since Linux 6.14; it holds for root too, whom no limit holds.
func freshProc(processes int64) error {
	if err := mount("muster", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	limitNamespace(processes)
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	return fault.Wrap(fault.Refused, unix.MountSetattr(unix.AT_FDCWD, "/proc", 0, &attr), "make /proc read-only")
}

// coverView is layView for the machine's own view: what is hidden is covered,
// what is fixed is read-only, and /proc shows the own processes.
func coverView(p plan, c job.Confinement) error {
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	for _, r := range p.rules {
		above, ok := covered(p.rules, filepath.Dir(r.path))
		var err error
		switch {
		case r.access == hidden:
			err = cover(r.path)
		case ok && above == writes && r.access == reads:
			err = bind(r.path, r.path, readMount)
		}
		if err != nil {
			return err
		}
	}
	for _, s := range p.secrets {
		if err := cover(s); err != nil {
			return err
		}
	}
	return freshProc(c.Processes)
}

// withoutMounts gives rules that leave out what cannot be covered. What is
// fixed below something writable stays writable: Landlock can only add.
func withoutMounts(p plan) []rule {
	holes := slices.Clone(p.secrets)
	for _, r := range p.rules {
		if r.access == hidden {
			holes = append(holes, r.path)
		}
	}
	var out []rule
	for _, r := range p.rules {
		if r.access == reads {
			out = append(out, spread(r, holes, names)...)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// names lists a folder; what cannot be listed has none.
func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	list, _ := f.Readdirnames(-1)
	return list
}
