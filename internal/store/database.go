package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"sync"

	"muster/internal/core/fault"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// dataSource names the database with the settings every connection needs.
// A busy database is waited for, because a person's message and the engine's
// commits take turns of milliseconds.
func dataSource(path string, extra string) string {
	u := url.URL{Scheme: "file", Path: path}
	return u.String() + "?mode=rw&_dqs=0&_defensive=1&_error_rc=1" +
		"&_pragma=busy_timeout(10000)&_pragma=synchronous(full)&_pragma=trusted_schema(off)" +
		"&_pragma=journal_size_limit(67108864)" + extra
}

// writer is the one connection of this process that changes the database.
type writer struct {
	mu    sync.Mutex // held for a whole transaction
	db    *sql.DB
	conn  *sql.Conn // pinned: a connection replaced in silence would leave the transaction
	stmts map[string]*sql.Stmt
}

func openWriter(ctx context.Context, path string) (*writer, error) {
	db, err := sql.Open("sqlite", dataSource(path, ""))
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return &writer{db: db, conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, st := range w.stmts {
		_ = st.Close()
	}
	_ = w.conn.Close()
	return w.db.Close()
}

// txn is a transaction that is under way. Its statements are prepared once and
// kept by the writer.
type txn struct {
	ctx context.Context
	w   *writer
}

// transact runs do in one transaction that is durable when transact returns
// nil, and has left nothing behind when it returns an error. Once begun it is
// not cut short by ctx, so its outcome is never in doubt.
func (w *writer) transact(ctx context.Context, do func(*txn) error) (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &txn{ctx: context.WithoutCancel(ctx), w: w}
	if _, err := t.exec("begin immediate"); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			// Fails when SQLite has rolled back by itself, as on a full disk.
			_, _ = t.exec("rollback")
		}
	}()
	if err := do(t); err != nil {
		return err
	}
	_, err = t.exec("commit")
	done = err == nil
	return err
}

func (t *txn) stmt(text string) (*sql.Stmt, error) {
	if st := t.w.stmts[text]; st != nil {
		return st, nil
	}
	st, err := t.w.conn.PrepareContext(t.ctx, text)
	if err == nil {
		t.w.stmts[text] = st
	}
	return st, err
}

// exec gives the number of rows changed.
func (t *txn) exec(text string, args ...any) (int64, error) {
	st, err := t.stmt(text)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// insert gives the row id of the new row.
func (t *txn) insert(text string, args ...any) (int64, error) {
	st, err := t.stmt(text)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// get scans the one row of a query; false when there is none.
func (t *txn) get(text string, args []any, into ...any) (bool, error) {
	st, err := t.stmt(text)
	if err != nil {
		return false, err
	}
	return found(st.QueryRowContext(t.ctx, args...).Scan(into...))
}

// reader is the pool of connections that cannot write.
type reader struct {
	db    *sql.DB
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func openReader(path string) (*reader, error) {
	db, err := sql.Open("sqlite", dataSource(path, "&_query_only=1"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers + 1)
	db.SetMaxIdleConns(readers + 1)
	return &reader{db: db, stmts: map[string]*sql.Stmt{}}, nil
}

func (r *reader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, st := range r.stmts {
		_ = st.Close()
	}
	return r.db.Close()
}

func (r *reader) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st := r.stmts[text]; st != nil {
		return st, nil
	}
	st, err := r.db.PrepareContext(ctx, text)
	if err == nil {
		r.stmts[text] = st
	}
	return st, err
}

// get scans the one row of a query; false when there is none.
func (r *reader) get(ctx context.Context, text string, args []any, into ...any) (bool, error) {
	st, err := r.stmt(ctx, text)
	if err != nil {
		return false, err
	}
	return found(st.QueryRowContext(ctx, args...).Scan(into...))
}

// each calls scan for every row of a query.
func (r *reader) each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	st, err := r.stmt(ctx, text)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return drain(rows, scan)
}

// drain calls scan for every row and closes rows.
func drain(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func found(err error) (bool, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// prepareSchema makes the tables of a new database and checks those of another.
func (w *writer) prepareSchema(ctx context.Context) error {
	var version, application, tables int64
	row := w.conn.QueryRowContext(ctx, `select (select user_version from pragma_user_version),
		(select application_id from pragma_application_id), (select count(*) from sqlite_schema)`)
	if err := row.Scan(&version, &application, &tables); err != nil {
		return err
	}
	switch {
	case version > schemaVersion && application == applicationID:
		return fault.New(fault.Refused, "the ledger has version %d, and this program understands versions up to %d",
			version, schemaVersion).WithHint("use a newer muster; this one would damage the ledger")
	case tables > 0 && application != applicationID:
		return fault.New(fault.Refused, "%s is a database of another program", databaseFile).
			WithHint("move it away, or choose another state folder")
	}
	// Also for a ledger that was copied with another journal mode.
	var mode string
	if err := w.conn.QueryRowContext(ctx, `pragma journal_mode = wal`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fault.New(fault.Refused, "the journal mode is %s, and must be wal", mode).
			WithHint("keep the state folder on a local disk that can be written to")
	}
	if version == schemaVersion {
		return nil
	}
	return w.transact(ctx, func(t *txn) error {
		for at, text := range []string{schema, signatures} {
			if version > int64(at) {
				continue
			}
			if _, err := t.w.conn.ExecContext(t.ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}
