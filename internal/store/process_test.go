package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/flow"

	"golang.org/x/sys/unix"
)

// The tests of this file run this program again as another process; the
// environment says which part it plays.
const partVariable = "MUSTER_STORE_TEST_PART"

func TestMain(m *testing.M) {
	part := os.Getenv(partVariable)
	if part == "" {
		os.Exit(m.Run())
	}
	parts := map[string]func(context.Context, string) error{
		"hold": playHold, "send": playSend, "commit": playCommit, "full": playFull, "nobody": playNobody, "open": playOpen,
	}
	if err := parts[part](context.Background(), os.Args[1]); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// process is another process that prints lines.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner
}

func play(t *testing.T, part, dir string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, dir)
	cmd.Env = append(os.Environ(), partVariable+"="+part)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &process{cmd: cmd, stdin: stdin, lines: bufio.NewScanner(stdout)}
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	if !p.lines.Scan() {
		t.Fatalf("the process ended: %v", p.cmd.Wait())
	}
	return p.lines.Text()
}

// wait waits for a process that must end well.
func (p *process) wait(t *testing.T) {
	t.Helper()
	for p.lines.Scan() {
		t.Log(p.lines.Text())
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

func playHold(ctx context.Context, dir string) error {
	s, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	if _, ok, err := s.Lock(ctx); err != nil || !ok {
		return fmt.Errorf("Lock: %v, %w", ok, err)
	}
	fmt.Println("locked")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func TestLockExcludes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if held, err := s.Held(); held || err != nil {
		t.Errorf("Held before anybody: %v, %v", held, err)
	}
	if _, ok, err := s.Holder(); ok || err != nil {
		t.Errorf("Holder before anybody: %v, %v", ok, err)
	}
	other := play(t, "hold", dir)
	if got := other.line(t); got != "locked" {
		t.Fatal(got)
	}
	if _, ok, err := s.Lock(t.Context()); ok || err != nil {
		t.Fatalf("Lock against another process: %v, %v", ok, err)
	}
	if held, err := s.Held(); !held || err != nil {
		t.Errorf("Held: %v, %v", held, err)
	}
	h, ok, err := s.Holder()
	host, _ := os.Hostname()
	if err != nil || !ok || h.PID != other.cmd.Process.Pid || h.Host != host || h.Started == 0 {
		t.Errorf("Holder gave %+v, %v, %v", h, ok, err)
	}
	// The lock ends with its process, however that ends.
	if err := other.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.cmd.Wait()
	if held, err := s.Held(); held || err != nil {
		t.Errorf("Held after its holder was killed: %v, %v", held, err)
	}
	l := lock(t, s)
	if held, err := s.Held(); !held || err != nil {
		t.Errorf("Held by this process: %v, %v", held, err)
	}

	// And it excludes within one process, until it is released.
	if _, ok, err := open(t, dir).Lock(t.Context()); ok || err != nil {
		t.Errorf("a second lock: %v, %v", ok, err)
	}
	for range 2 {
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	lock(t, s)
}

// TestLockIsNotDisturbedByQuestions takes the lock while others ask who has it.
func TestLockIsNotDisturbedByQuestions(t *testing.T) {
	s := open(t, t.TempDir())
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for range 2 {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Held(); err != nil && fault.KindOf(err) != fault.Transient {
					t.Error(err)
				}
			}
		})
	}
	for range 50 {
		if err := lock(t, s).Release(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	asking.Wait()
}

func TestLockThatWasRemovedIsNoLock(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	l := lock(t, s)
	if err := os.Remove(s.path(lockFile)); err != nil {
		t.Fatal(err)
	}
	lock(t, open(t, dir)) // somebody else can take it now
	_, err := s.Commit(t.Context(), l, flow.Batch{Records: []flow.Record{event("run/r", 1)}})
	wantKind(t, err, fault.Refused, "was removed")
}

const sent = 100

func playSend(ctx context.Context, dir string) error {
	s, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	for i := range sent {
		m := flow.Message{ID: fmt.Sprint(os.Getpid(), "-", i), To: "run/r", Kind: "said", Actor: "person:p"}
		for range 2 { // a repetition is the same message
			if err := s.Send(ctx, m); err != nil {
				return err
			}
		}
	}
	return s.Close()
}

// TestInboxWhileTheEngineCommits consumes what two other processes send, each
// message once and those of one process in their order.
func TestInboxWhileTheEngineCommits(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	l := lock(t, s)
	senders := []*process{play(t, "send", dir), play(t, "send", dir)}
	commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/r", 0)}})
	var ids []string
	v := Version(0)
	for len(ids) < sent*len(senders) {
		var err error
		if v, err = s.WaitChange(t.Context(), v, 1e6); err != nil {
			t.Fatal(err)
		}
		messages, err := s.Inbox(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		var b flow.Batch
		for _, m := range messages {
			r := event(m.To, len(ids))
			r.Cause = m.ID
			b.Records, b.Consumed = append(b.Records, r), append(b.Consumed, m.ID)
			ids = append(ids, m.ID)
		}
		commitTo(t, s, l, b)
		if len(messages) > 0 {
			v = 0 // there may be more
		}
	}
	next := map[string]int{}
	for _, id := range ids {
		pid, n, _ := strings.Cut(id, "-")
		if n != strconv.Itoa(next[pid]) {
			t.Fatalf("message %s came in place of number %d", id, next[pid])
		}
		next[pid]++
	}
	for _, p := range senders {
		p.wait(t)
	}
	if left, err := s.Inbox(t.Context(), 10); err != nil || len(left) != 0 {
		t.Errorf("left in the inbox: %v, %v", left, err)
	}
	verified(t, s)
}

func playOpen(ctx context.Context, dir string) error {
	s, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	if err := s.Send(ctx, flow.Message{ID: fmt.Sprint(os.Getpid()), To: "run/r", Kind: "said", Actor: "person:p"}); err != nil {
		return err
	}
	return s.Close()
}

// TestManyProcessesCreateOneLedger opens a ledger that is not there yet.
func TestManyProcessesCreateOneLedger(t *testing.T) {
	dir := t.TempDir()
	var all []*process
	for range 6 {
		all = append(all, play(t, "open", dir))
	}
	for _, p := range all {
		p.wait(t)
	}
	got, err := open(t, dir).Inbox(t.Context(), 100)
	if err != nil || len(got) != len(all) {
		t.Errorf("%d messages, %v", len(got), err)
	}
}

// playCommit commits for ever and prints what is durable.
func playCommit(ctx context.Context, dir string) error {
	s, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	l, ok, err := s.Lock(ctx)
	if err != nil || !ok {
		return fmt.Errorf("Lock: %v, %w", ok, err)
	}
	for i := 0; ; i++ {
		op := fmt.Sprint(os.Getpid(), ".", i)
		b := flow.Batch{
			Records:  []flow.Record{event("run/r", i), event("task/r/a", i), event("run/r", i)},
			Machines: []flow.Machine{{Stream: "run/r", Snapshot: []byte(strings.Repeat(" ", i%5000) + strconv.Itoa(i))}},
			Opened:   []flow.Open{{Stream: "task/r/a", Op: op}},
		}
		records, err := s.Commit(ctx, l, b)
		if err != nil {
			return err
		}
		fmt.Println(records[2].Seq)
		if _, err := s.Commit(ctx, l, flow.Batch{Answered: b.Opened}); err != nil {
			return err
		}
	}
}

func TestKilledWriterLosesNothing(t *testing.T) {
	dir := t.TempDir()
	last := int64(0)
	for round := range 6 {
		p := play(t, "commit", dir)
		for range 5 + 17*round {
			seq, err := strconv.ParseInt(p.line(t), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			last = seq
		}
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for p.lines.Scan() { // what it managed to print was durable as well
			if seq, err := strconv.ParseInt(p.lines.Text(), 10, 64); err == nil {
				last = seq
			}
		}
		_ = p.cmd.Wait()

		s := open(t, dir)
		l := lock(t, s)
		verified(t, s)
		rows := collect(t, s, Query{Stream: "run/r"})
		// One commit, of two records here, may be durable and not yet told.
		if n := int64(len(rows)); n != last && n != last+2 {
			t.Fatalf("round %d: %d records, the last that was told is %d", round, n, last)
		}
		opened, err := s.OpenCommands(t.Context())
		if err != nil || len(opened) > round+1 {
			t.Fatalf("round %d: open %v, %v", round, opened, err)
		}
		if err := errors.Join(l.Release(), s.Close()); err != nil {
			t.Fatal(err)
		}
		last = int64(len(rows))
	}
}

// playFull is not allowed to let any file grow beyond what there is, as on a
// full disk, and then is.
func playFull(ctx context.Context, dir string) error {
	signal.Ignore(syscall.SIGXFSZ) // else the system ends the process
	s, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	l, _, err := s.Lock(ctx)
	if err != nil {
		return err
	}
	if _, err := s.Commit(ctx, l, flow.Batch{Records: []flow.Record{event("run/r", 0)}}); err != nil {
		return err
	}
	wal, err := os.Stat(s.path(databaseFile + "-wal"))
	if err != nil {
		return err
	}
	for extra := range uint64(4) { // at the first byte, and within later pages
		limit := unix.Rlimit{Cur: uint64(wal.Size()) + extra*4100, Max: unix.RLIM_INFINITY}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		_, failure := s.Commit(ctx, l, flow.Batch{Records: []flow.Record{event("run/r", 1), event("task/r/a", 1)}})
		sending := s.Send(ctx, flow.Message{ID: "m", To: "run/r", Kind: "said", Actor: "person:p"})
		_, putting := s.PutBlob(ctx, make([]byte, 1<<20))
		limit.Cur = unix.RLIM_INFINITY
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		for _, err := range []error{failure, sending, putting} {
			if fault.KindOf(err) != fault.Internal || fault.HintOf(err) == "" {
				return fmt.Errorf("with no space the store said %w, hint %q", err, fault.HintOf(err))
			}
		}
		fmt.Println(failure, "|", putting)
	}
	records, err := s.Commit(ctx, l, flow.Batch{Records: []flow.Record{event("run/r", 1)}})
	if err != nil {
		return err
	}
	if records[0].Seq != 2 {
		return fmt.Errorf("the record after the failures is %+v", records[0])
	}
	return nil
}

func TestDiskWithoutSpace(t *testing.T) {
	dir := t.TempDir()
	play(t, "full", dir).wait(t)
	s := open(t, dir)
	if r := verified(t, s); r.Records != 4 || r.Blobs != 0 {
		t.Errorf("report %+v", r)
	}
	waiting, err := s.Inbox(t.Context(), 10)
	if err != nil || len(waiting) != 0 {
		t.Errorf("inbox %v, %v", waiting, err)
	}
}

// TestDatabaseWithoutSpace stops the database from growing, which SQLite
// reports as a full disk in the middle of a transaction.
func TestDatabaseWithoutSpace(t *testing.T) {
	s := open(t, t.TempDir())
	l := lock(t, s)
	commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/r", 0)}})
	before := contents(t, s)
	pages := func(n int) {
		if _, err := s.write.conn.ExecContext(t.Context(), fmt.Sprintf(`pragma max_page_count = %d`, n)); err != nil {
			t.Fatal(err)
		}
	}
	big := event("run/r", 1)
	big.Data = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	pages(1) // SQLite takes the present number instead
	_, err := s.Commit(t.Context(), l, flow.Batch{Records: []flow.Record{event("task/r/a", 1), big}})
	wantKind(t, err, fault.Internal, "full", "free disk space")
	after := contents(t, s)
	if fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("something was written:\n%v\n%v", after, before)
	}
	pages(1 << 30)
	got := commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("task/r/a", 1), big}})
	if got[1].Seq != 2 {
		t.Errorf("record %d", got[1].Seq)
	}
	verified(t, s)
}

// playNobody opens a ledger as a user who may read it and not write to it.
func playNobody(ctx context.Context, dir string) error {
	if os.Geteuid() == 0 {
		if err := syscall.Setgroups(nil); err != nil {
			return err
		}
		if err := syscall.Setgid(65534); err != nil {
			return err
		}
		if err := syscall.Setuid(65534); err != nil {
			return err
		}
	}
	_, err := Open(ctx, dir)
	if fault.KindOf(err) != fault.Refused || !strings.Contains(fault.HintOf(err), "right to write") {
		return fmt.Errorf("opening it gave %w, hint %q", err, fault.HintOf(err))
	}
	fmt.Println(err)
	return nil
}

func TestFolderThatCannotBeWrittenTo(t *testing.T) {
	// Not t.TempDir: others may not even pass through that.
	for name, prepare := range map[string]func(dir string) error{
		"empty": func(string) error { return nil },
		"ledger": func(dir string) error {
			if err := open(t, dir).Close(); err != nil {
				return err
			}
			for _, name := range []string{databaseFile, blobFolder, resultFolder} {
				if err := os.Chmod(dir+"/"+name, 0o555); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "muster-store-") //nolint:usetesting // another user must reach it
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700); _ = os.RemoveAll(dir) })
			if err := prepare(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, 0o555); err != nil {
				t.Fatal(err)
			}
			play(t, "nobody", dir).wait(t)
		})
	}
}
