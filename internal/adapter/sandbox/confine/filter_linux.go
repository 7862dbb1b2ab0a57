package confine

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// filter says which system calls a process is refused.
type filter struct {
	noUnix  bool // sockets with a name in the file system: nothing else refuses those of the host
	onlyTCP bool // of the internet's sockets only TCP, which Landlock refuses by port
}

// refused gives the calls that nothing that builds, tests or edits needs.
//
//   - mounts and namespaces: with one of its own a process would hold all
//     capabilities in it, and so reach much more of the kernel
//   - io_uring: does what other calls do without passing this filter
//   - bpf, perf, userfaultfd, keys: reach into the kernel, and were often the
//     way out of a sandbox; keys are shared with the whole user
//   - clocks, modules, swap, reboot, accounting: of the whole machine
//
// ptrace stays: debuggers are tools. Landlock lets it reach only what is
// confined the same way.
func refused() []uint32 {
	return []uint32{
		unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
		unix.SYS_FSOPEN, unix.SYS_FSMOUNT, unix.SYS_FSCONFIG, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR, unix.SYS_SETNS,
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
		unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
		unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
		unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME,
		unix.SYS_SYSLOG, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
	}
}

// missing gives the calls that are answered as by a kernel that has none of
// them, so that callers take the older way.
func missing() []uint32 {
	return []uint32{unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_CLONE3}
}

// Offsets in the data that a filter is given, seccomp(2). Arguments are
// numbers of 64 bits, of which the lower half comes first.
const (
	atNumber = 0
	atArch   = 4
	atArgs   = 16
)

const newNamespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET |
	unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWTIME

// arch gives the kernel's name of this program's architecture, and whether a
// filter can be made for it.
func arch() (uint32, bool) {
	switch runtime.GOARCH {
	case "amd64":
		return unix.AUDIT_ARCH_X86_64, true
	case "arm64":
		return unix.AUDIT_ARCH_AARCH64, true
	}
	return 0, false
}

// assembler writes a program for the kernel, one block after another. Each
// block ends with the number of the call loaded, as it began.
type assembler []unix.SockFilter

func (a *assembler) op(code uint16, k uint32, jt, jf uint8) {
	*a = append(*a, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
}

func (a *assembler) load(at uint32) { a.op(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, at, 0, 0) }

func (a *assembler) ret(k uint32) { a.op(unix.BPF_RET|unix.BPF_K, k, 0, 0) }

// fail answers with an error.
func fail(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }

const (
	ifEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	ifAny   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	ifLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
)

// call refuses a call with an error.
func (a *assembler) call(number uint32, e unix.Errno) {
	a.op(ifEqual, number, 0, 1)
	a.ret(fail(e))
}

// bits refuses a call when one of the bits is set in its argument.
func (a *assembler) bits(number, arg, mask uint32, e unix.Errno) {
	a.op(ifEqual, number, 0, 4)
	a.load(atArgs + 8*arg)
	a.op(ifAny, mask, 0, 1)
	a.ret(fail(e))
	a.load(atNumber)
}

// program gives the filter as the kernel runs it.
func (f filter) program() []unix.SockFilter {
	a := &assembler{}
	name, _ := arch()
	a.load(atArch)
	a.op(ifEqual, name, 1, 0)
	a.ret(fail(unix.ENOSYS)) // of another architecture, where the numbers mean other calls
	a.load(atNumber)
	a.op(ifLeast, 0x40000000, 0, 1) // the x32 form of calls
	a.ret(fail(unix.ENOSYS))
	for _, n := range refused() {
		a.call(n, unix.EPERM)
	}
	for _, n := range missing() {
		a.call(n, unix.ENOSYS)
	}
	a.bits(unix.SYS_UNSHARE, 0, newNamespaces, unix.EPERM)
	a.bits(unix.SYS_CLONE, 0, newNamespaces&^unix.CLONE_NEWTIME, unix.EPERM) // there its bit is part of the signal
	f.sockets(a)
	// Data with a connection's beginning would pass by what refuses connecting.
	a.bits(unix.SYS_SENDTO, 3, unix.MSG_FASTOPEN, unix.EOPNOTSUPP)
	a.bits(unix.SYS_SENDMSG, 2, unix.MSG_FASTOPEN, unix.EOPNOTSUPP)
	a.bits(unix.SYS_SENDMMSG, 3, unix.MSG_FASTOPEN, unix.EOPNOTSUPP)
	// Characters that a terminal would take for typed ones.
	a.value(unix.SYS_IOCTL, 1, unix.TIOCSTI, unix.EPERM)
	a.value(unix.SYS_IOCTL, 1, unix.TIOCLINUX, unix.EPERM)
	a.ret(unix.SECCOMP_RET_ALLOW)
	return *a
}

// value refuses a call whose argument has this value in its lower half.
func (a *assembler) value(number, arg, value uint32, e unix.Errno) {
	a.op(ifEqual, number, 0, 4)
	a.load(atArgs + 8*arg)
	a.op(ifEqual, value, 0, 1)
	a.ret(fail(e))
	a.load(atNumber)
}

// sockets refuses families of sockets. Those of virtual machines (AF_VSOCK)
// and of raw packets belong to no network namespace, or to the kernel.
func (f filter) sockets(a *assembler) {
	block := &assembler{}
	block.load(atArgs)
	families := []uint32{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}
	if !f.noUnix {
		families = append(families, unix.AF_UNIX)
	}
	for i, family := range families {
		block.op(ifEqual, family, uint8(len(families)-i), 0) //nolint:gosec // at most four
	}
	block.ret(fail(unix.EAFNOSUPPORT))
	if f.onlyTCP {
		// A stream, whatever flags are set beside.
		block.op(ifEqual, unix.AF_UNIX, 5, 0)
		block.op(ifEqual, unix.AF_NETLINK, 4, 0)
		block.load(atArgs + 8)
		block.op(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, 0xf, 0, 0)
		block.op(ifEqual, unix.SOCK_STREAM, 1, 0)
		block.ret(fail(unix.EACCES))
	}
	block.load(atNumber)
	a.op(ifEqual, unix.SYS_SOCKET, 0, uint8(len(*block))) //nolint:gosec // a dozen
	*a = append(*a, *block...)
}
