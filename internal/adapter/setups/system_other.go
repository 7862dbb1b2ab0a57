//go:build !linux

package setups

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// stampOf knows nothing here, so every file is written anew.
func stampOf(fs.FileInfo) stamp { return stamp{} }

// reflink is not tried here.
func reflink(_, _ *os.File) error { return errors.ErrUnsupported }

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }
