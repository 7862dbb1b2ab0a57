package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// asks succeeds when the kernel looks at a call at all: whatever it then says
// of the empty arguments, it has not refused the caller.
func asks(number uintptr) func(prey) error {
	return func(prey) error {
		_, _, errno := unix.Syscall6(number, 0, 0, 0, 0, 0, 0)
		if errno == unix.EPERM || errno == unix.ENOSYS || errno == unix.EACCES {
			return errno
		}
		return nil
	}
}

// rewrites succeeds when a setting of the kernel can be written; it is written
// as it is.
func rewrites(path string) func(prey) error {
	return func(prey) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Close())
	}
}

func kernelAttacks() []attack {
	return []attack{
		{name: "let the kernel run a program at a crash", root: true, try: rewrites("/proc/sys/kernel/core_pattern")},
		{name: "change settings of the kernel", root: true, try: rewrites("/proc/sys/vm/swappiness")},
		{name: "leave memory dumps", try: func(prey) error {
			var l unix.Rlimit
			if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err != nil {
				return err
			}
			if l.Max == 0 {
				return errors.New("the limit is 0")
			}
			return nil
		}},
		{name: "mount", root: true, try: func(p prey) error {
			err := unix.Mount("x", p.Work, "tmpfs", 0, "")
			if err == nil {
				err = unix.Unmount(p.Work, unix.MNT_DETACH)
			}
			return err
		}},
		{name: "make a user namespace", try: func(prey) error {
			pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}})
			if err == nil {
				_, err = unix.Wait4(pid, nil, 0, nil)
			}
			return err
		}},
		{name: "change the root folder", root: true, try: func(prey) error { return unix.Chroot("/") }},
		{name: "make a device", root: true, try: func(p prey) error {
			path := filepath.Join(p.Work, "device")
			return errors.Join(unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))), os.Remove(path))
		}},
		{name: "read a disk", root: true, try: func(prey) error { return openAny("/dev", "vda", "sda", "nvme0n1", "loop0", "mem") }},
		{name: "read the kernel's messages", root: true, try: func(prey) error { return openAny("/dev", "kmsg") }},
		{name: "use the user's keys in the kernel", try: func(prey) error {
			_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true)
			return err
		}},
		{name: "load a program into the kernel", root: true, try: asks(unix.SYS_BPF)},
		{name: "watch the processor", try: func(prey) error {
			fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Bits: unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv}, 0, -1, -1, 0)
			if err == nil {
				_ = unix.Close(fd)
			}
			return err
		}},
		{name: "go past the filter of calls by io_uring", try: asks(unix.SYS_IO_URING_SETUP)},
		{name: "open a file by its handle", root: true, try: func(p prey) error {
			handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, p.Work, 0)
			if err != nil {
				return err
			}
			dir, err := os.Open(p.Work)
			if err != nil {
				return err
			}
			defer dir.Close()
			fd, err := unix.OpenByHandleAt(int(dir.Fd()), handle, unix.O_RDONLY)
			if err == nil {
				_ = unix.Close(fd)
			}
			return err
		}},
		{name: "gain rights by a program that gives them", try: func(prey) error {
			data, err := os.ReadFile("/proc/self/status")
			if err == nil && strings.Contains(string(data), "NoNewPrivs:\t1") {
				err = errors.New("no program gives any")
			}
			return err
		}},
		{name: "keep capabilities", root: true, try: func(prey) error {
			data, err := os.ReadFile("/proc/self/status")
			if err == nil && strings.Contains(string(data), "CapEff:\t0000000000000000") {
				err = errors.New("there are none")
			}
			return err
		}},
		{name: "change a control group", root: true, try: func(prey) error {
			return errors.Join(os.Mkdir("/sys/fs/cgroup/unified/muster-attack", 0o755), os.Remove("/sys/fs/cgroup/unified/muster-attack")) //nolint:gosec // removed at once
		}},
		{name: "change the machine's name", root: true, try: func(prey) error {
			name, err := os.Hostname()
			return errors.Join(err, unix.Sethostname([]byte(name)))
		}},
	}
}

// openAny succeeds when one of the files can be opened.
func openAny(dir string, names ...string) error {
	err := errors.New("there is none")
	for _, name := range names {
		var f *os.File
		if f, err = os.Open(filepath.Join(dir, name)); err == nil {
			return f.Close()
		}
	}
	return err
}
