package setups

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// stampOf reads what the kernel keeps of a file.
func stampOf(info fs.FileInfo) stamp {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}
	}
	return stamp{Inode: st.Ino, CTime: st.Ctim.Nano(), Size: st.Size}
}

// ficlone is FICLONE of ioctl_ficlonerange(2).
const ficlone = 0x40049409

// reflink makes out share the blocks of in.
func reflink(out, in *os.File) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, out.Fd(), ficlone, in.Fd()); errno != 0 {
		return errno
	}
	return nil
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
