package confine

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/internal/core/fault"
)

// The rights on files that Landlock knows, by the version that brought them.
const (
	fileReads = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE

	fileWrites = fileReads | unix.LANDLOCK_ACCESS_FS_WRITE_FILE

	allReads = fileReads | unix.LANDLOCK_ACCESS_FS_READ_DIR

	// No devices can be made: nobody needs to.
	allWrites = allReads | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SYM

	since1 = allWrites | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK
	since2 = unix.LANDLOCK_ACCESS_FS_REFER     // links and renames between folders; without it none
	since3 = unix.LANDLOCK_ACCESS_FS_TRUNCATE  // of a file that is not open for writing
	since5 = unix.LANDLOCK_ACCESS_FS_IOCTL_DEV // requests to devices
)

// landlockVersion gives the version of Landlock that the kernel has; 0 is none.
func landlockVersion() int {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// landlock is a set of rules under construction.
type landlock struct {
	fd      int
	handled uint64 // rights on files that are refused where no rule gives them
}

// newLandlock begins a set of rules that refuses everything it can of files,
// and what ports says of TCP.
func newLandlock(version int, ports uint64) (*landlock, error) {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: since1}
	size := uintptr(8)
	for _, more := range []struct {
		since int
		right uint64
	}{{2, since2}, {3, since3}, {5, since5}} {
		if version >= more.since {
			attr.Handled_access_fs |= more.right
		}
	}
	if version >= 4 {
		size = 16
		attr.Handled_access_net = ports
	}
	if version >= 6 {
		size = 24
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return nil, fault.New(fault.Internal, "make a set of Landlock rules: %v", errno)
	}
	return &landlock{int(fd), attr.Handled_access_fs}, nil
}

// allow gives rights on a path and all below it. What does not exist is left
// out.
func (l *landlock) allow(path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOTDIR) {
		return nil // what cannot be reached needs no rule
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= fileWrites | since3 | since5
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights & l.handled, Parent_fd: int32(fd)} //nolint:gosec // a descriptor
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(l.fd), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_add_rule "+path, errno)
	}
	return nil
}

// allowPort lets TCP connect to a port.
func (l *landlock) allowPort(port uint64) error {
	attr := struct{ access, port uint64 }{unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, port}
	const netPort = 2 // LANDLOCK_RULE_NET_PORT
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(l.fd), netPort, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_add_rule for a port", errno)
	}
	return nil
}

// enforce puts this thread under the rules, for good.
func (l *landlock) enforce() error {
	defer func() { _ = unix.Close(l.fd) }()
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(l.fd), 0, 0); errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	return nil
}

// install puts this thread under the filter, for good.
func (f filter) install() error {
	program := f.program()
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]} //nolint:gosec // some hundred
	return os.NewSyscallError("seccomp", unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0))
}

// dropRights takes all capabilities from this thread and from what it starts.
func dropRights() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("no_new_privs", err)
	}
	for c := uintptr(0); c <= 63; c++ {
		// EINVAL: the kernel knows no more. EPERM: there is nothing to take.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
			break
		}
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) // before 4.3 there are none
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return os.NewSyscallError("capset", unix.Capset(&header, &none[0]))
}
