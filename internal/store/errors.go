package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"muster/internal/core/fault"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// failed says what was tried when err happened. What carries a kind keeps it;
// anything else gets one from the code of SQLite or of the system.
func failed(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	kind, hint := classify(err)
	if inner := (*fault.Error)(nil); errors.As(err, &inner) {
		kind, hint = inner.Kind, "" // the inner hint is found through the chain
	}
	return &fault.Error{Kind: kind, Op: fmt.Sprintf(format, args...), Err: err, Hint: hint}
}

const (
	hintSpace   = "free disk space; nothing was written, and the same can be done again"
	hintRights  = "give the user who runs muster the right to write to the state folder"
	hintDamaged = "stop muster, run `muster ledger verify`, and restore the state folder from a copy"
	hintBusy    = "another process is writing to the ledger; try again"
	hintDisk    = "see whether the disk has space and quota left and what the system's log says of it, then start again"
)

func classify(err error) (fault.Kind, string) {
	var se *sqlite.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Transient, ""
	case errors.As(err, &se):
		return classifySQLite(se.Code() & 0xff) // the low byte is the primary code
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fault.Internal, hintSpace
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fault.Refused, hintRights
	case errors.Is(err, fs.ErrNotExist):
		return fault.NotFound, ""
	}
	return fault.Internal, ""
}

func classifySQLite(code int) (fault.Kind, string) {
	switch code {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return fault.Transient, hintBusy
	case sqlite3.SQLITE_INTERRUPT:
		return fault.Transient, ""
	case sqlite3.SQLITE_FULL:
		return fault.Internal, hintSpace
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH:
		return fault.Refused, hintRights
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return fault.Internal, hintDamaged
	case sqlite3.SQLITE_IOERR:
		return fault.Internal, hintDisk
	}
	return fault.Internal, ""
}
