package inside

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	renewWithin = 15 * time.Second       // an agent that renews its tokens has done so
	calmFor     = 10 * time.Minute       // after that nobody has to wait
	lookEvery   = 200 * time.Millisecond // at the account's file
)

// Login runs the program args[2:] with Muster's own streams, and holds the
// lock args[0] while the program may be renewing the tokens in the account's
// file args[1]. Tokens of a subscription are renewed with one that is good for
// one use: of two agents that start at once with tokens that have run out, the
// second would be logged out, and the person with it.
//
// The lock is let go as soon as the file has been written anew, the program
// has ended, or a quarter of a minute has passed; and is not held at all while
// the file is known to be good, so that a crowd of agents waits once. The file
// is never read. The exit code is as for Append.
func Login(args []string, std Streams) int {
	if len(args) < 3 {
		tell(std.Err, "muster agent-login: needs a lock, a file and a program")
		return 127
	}
	lock, err := os.OpenFile(args[0], os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		tell(std.Err, "muster agent-login: lock", args[0]+":", err)
		return 127
	}
	defer func() { _ = lock.Close() }() // and the lock with it
	account := args[1]
	before := written(account)
	isGood := before.IsZero() || time.Since(before) < calmFor || time.Since(lastCalm(lock)) < calmFor
	if isGood {
		_ = lock.Close() // it was only looked at
	}
	dropSignals() // the program gets them too, and this process ends after it
	cmd := exec.CommandContext(context.Background(), args[2], args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.In, std.Out, std.Err
	if err := cmd.Start(); err != nil {
		tell(std.Err, "muster agent-login:", err)
		return 127
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if !isGood {
		select {
		case err = <-ended:
			ended <- err
		case <-renewed(account, before):
		case <-time.After(renewWithin):
		}
		now := strconv.FormatInt(time.Now().Unix(), 10)
		_, _ = lock.WriteAt([]byte(now+"\n"), 0) // else the next one waits as well
		_ = lock.Close()
	}
	return exitCode(cmd, <-ended, std.Err)
}

// renewed is closed when the file has been written since, and then left alone
// for a look.
func renewed(file string, before time.Time) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		last := before
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for range tick.C {
			now := written(file)
			if !now.Equal(before) && now.Equal(last) {
				close(done)
				return
			}
			last = now
		}
	}()
	return done
}

func written(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// lastCalm is when somebody last saw the account's file in order.
func lastCalm(lock *os.File) time.Time {
	text := make([]byte, 32)
	n, _ := lock.ReadAt(text, 0) // an empty file says nothing
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(text[:n])), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
