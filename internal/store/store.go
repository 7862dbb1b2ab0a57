// Package store keeps the ledger: every record of every stream, the machines
// and open commands that go on from them, the inbox, blobs and the cache of
// check results. It is one SQLite file and two folders in a state folder.
//
//	muster.db     records, streams, machines, commands, inbox
//	blobs/        files named by their sha256, referred to by records
//	results/      results of checks; may be removed at any time
//	engine.lock   held by the one process that may commit
//
// # What is hashed
//
// The column records.body holds the JSON of a flow.Record without its hash,
// exactly as it was hashed; records.hash is its sha256. Each body names the
// hash of the record before it in its stream, as "prev". Anybody can check one
// without this program:
//
//	sqlite3 muster.db "select hex(body) from records where row = 7" | xxd -r -p | sha256sum
//	sqlite3 muster.db "select lower(hex(hash)) from records where row = 7"
//
// Every commit ends with one record in stream "ledger" that names the last
// record of each stream the commit wrote to, ordered by stream. So the rows of
// the table are groups that end in a seal, and removing or altering anything
// but the newest commits in full contradicts a seal. To detect even that, note
// Report.Head elsewhere: a later ledger must still contain it.
//
// A seal of a signed ledger names its signer in its data, so in its hash, and
// the column records.signature holds the ed25519 signature of the text
//
//	muster seal v1
//	<hash of the seal in hexadecimal>
//
// with a line feed after each line. The table keys holds the public keys.
package store

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"

	"muster/internal/core/fault"
)

// File is the name of the ledger's file in its state folder.
const File = "muster.db"

const (
	databaseFile = File
	lockFile     = "engine.lock"
	blobFolder   = "blobs"
	resultFolder = "results"

	// readers bounds the connections that read at once, besides the one that
	// waits for changes.
	readers = 4
)

// Store is an open ledger. Its methods may be called by many goroutines, and
// many processes may have the same ledger open.
type Store struct {
	dir   string
	write *writer
	read  *reader

	synced sync.Map // names of folders of blobs that are durable

	watchMu sync.Mutex
	watch   *sql.Conn // made at the first wait; a data version counts for one connection only

	signing signing
}

// Option is a wish about how a ledger is opened.
type Option func(*Store)

// Open opens the ledger in the state folder dir, which must exist, and creates
// what is missing in it. A ledger written by a newer program is refused.
func Open(ctx context.Context, dir string, options ...Option) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, failed(err, "open the ledger in %s", dir)
	}
	s := &Store{dir: abs}
	for _, o := range options {
		o(s)
	}
	if err := s.open(ctx); err != nil {
		_ = s.Close()
		return nil, failed(err, "open the ledger in %s", abs)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	info, err := os.Stat(s.dir)
	switch {
	case os.IsNotExist(err):
		return fault.New(fault.NotFound, "the state folder does not exist").
			WithHint("create it first, for its owner only (mode 0700)")
	case err != nil:
		return err
	case !info.IsDir():
		return fault.New(fault.Invalid, "it is not a folder")
	}
	// Creating the file, its journal mode and its tables is not one step for
	// SQLite, so processes that open at the same time take turns.
	unlock, err := waitLock(ctx, s.dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.createFiles(); err != nil {
		return err
	}
	if s.write, err = openWriter(ctx, s.path(databaseFile)); err != nil {
		return err
	}
	if err := s.write.prepareSchema(ctx); err != nil {
		return err
	}
	s.read, err = openReader(s.path(databaseFile))
	return err
}

// createFiles makes what is missing, readable by the owner alone. SQLite gives
// its -wal and -shm files the permissions of the database.
func (s *Store) createFiles() error {
	made := false
	for _, name := range []string{blobFolder, resultFolder} {
		err := os.Mkdir(s.path(name), 0o700)
		if err != nil && !os.IsExist(err) {
			return err
		}
		made = made || err == nil
	}
	// Only a file that is missing is opened here: closing a descriptor of a
	// database in use would drop the locks SQLite holds on it in this process.
	if _, err := os.Lstat(s.path(databaseFile)); os.IsNotExist(err) {
		f, err := os.OpenFile(s.path(databaseFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		made = true
	}
	if made {
		return syncFolder(s.dir)
	}
	return nil
}

// Close closes the ledger. Locks are released on their own.
func (s *Store) Close() error {
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	s.watchMu.Lock()
	defer s.watchMu.Unlock()
	if s.watch != nil {
		keep(s.watch.Close())
		s.watch = nil
	}
	if s.read != nil {
		keep(s.read.close())
	}
	if s.write != nil {
		keep(s.write.close())
	}
	return failed(first, "close the ledger in %s", s.dir)
}

func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}
