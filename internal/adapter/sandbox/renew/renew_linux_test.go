package renew

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/core/job"
)

const patience = 30 * time.Second

// place is a person's login with a folder for Muster's locks.
type place struct {
	t    testing.TB
	root string
	said sync.Map // what keepers said
}

func newPlace(t testing.TB) *place {
	t.Helper()
	p := &place{t: t, root: t.TempDir()}
	p.put(p.person(), login("old", time.Minute))
	return p
}

func (p *place) person() string { return filepath.Join(p.root, "home", ".claude", ".credentials.json") }

// login gives a login with these tokens, which hold for so long.
func login(name string, holds time.Duration) string {
	return fmt.Sprintf(`{"claudeAiOauth":{"accessToken":"at-%s","refreshToken":"rt-%[1]s","expiresAt":%d},"mcpOAuth":{"other":1}}`, name, time.Now().Add(holds).UnixMilli())
}

// Tokens of both kinds: those that will be renewed now, and others.
const (
	due   = time.Minute
	fresh = 8 * time.Hour
)

func (p *place) put(path, text string) {
	p.t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path+".temp", []byte(text), 0o600)
	}
	if err == nil {
		err = os.Rename(path+".temp", path)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) read(path string) string {
	p.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

// login of one task.
func (p *place) login(task string) job.Login {
	root := filepath.Join(p.root, "scratch", task)
	if err := os.MkdirAll(root, 0o700); err != nil {
		p.t.Fatal(err)
	}
	return job.Login{Program: "claude", File: p.person(), Root: root, Copy: "home/.claude/.credentials.json", Locks: filepath.Join(p.root, "logins")}
}

func (p *place) start(task string) *Keeper {
	p.t.Helper()
	k, err := Start(p.login(task), nil, func(err error) { p.said.Store(err.Error(), true) })
	if err != nil {
		p.t.Fatal(err)
	}
	return k
}

// crash leaves everything as a keeper does that is killed.
func crash(k *Keeper) {
	close(k.stop)
	<-k.done
	k.w.let()
	k.lock.free()
	_ = k.alive.Close()
	_ = k.w.root.Close()
}

func (p *place) copy(task string) string {
	l := p.login(task)
	return filepath.Join(l.Root, l.Copy)
}

// await waits for a fact.
func (p *place) await(what string, is func() bool) {
	p.t.Helper()
	for began := time.Now(); !is(); <-time.After(5 * time.Millisecond) {
		if time.Since(began) > patience {
			p.t.Fatalf("waited in vain: %s", what)
		}
	}
}

func (p *place) has(name string) bool { return strings.Contains(p.read(p.person()), "rt-"+name+`"`) }

// clean demands that nothing is left but the person's file.
func (p *place) clean(task string) {
	p.t.Helper()
	if _, err := os.Lstat(p.copy(task)); !os.IsNotExist(err) {
		p.t.Errorf("the copy is still there: %v", err)
	}
	records, _ := filepath.Glob(filepath.Join(p.root, "logins", "*", "*"))
	beside, _ := os.ReadDir(filepath.Dir(p.person()))
	homes, _ := os.ReadDir(filepath.Join(p.root, "home"))
	if len(records) != 0 || len(beside) != 1 || len(homes) != 1 {
		p.t.Errorf("left: %v %v %v", records, beside, homes)
	}
}

// What is renewed, by a new file or in place, reaches the person's file at once
// and keeps its mode, and a link stays a link.
func TestRenewedIsTakenOver(t *testing.T) {
	p := newPlace(t)
	elsewhere := filepath.Join(p.root, "kept")
	if err := os.Rename(p.person(), elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(elsewhere, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, p.person()); err != nil {
		t.Fatal(err)
	}
	k := p.start("a")
	if !strings.Contains(p.read(p.copy("a")), "rt-old") {
		t.Fatal("the copy is not the person's file")
	}
	p.put(p.copy("a"), login("renamed", fresh))
	p.await("a renamed copy", func() bool { return p.has("renamed") })
	if err := os.WriteFile(p.copy("a"), []byte(login("in-place", 2*fresh)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.await("a copy that was written in place", func() bool { return p.has("in-place") })
	p.put(p.copy("a"), login("at-the-end", 3*fresh))
	k.Stop()
	if !p.has("at-the-end") || !strings.Contains(p.read(p.person()), "mcpOAuth") {
		t.Errorf("the person's file: %s", p.read(p.person()))
	}
	info, err := os.Stat(elsewhere)
	if to, lerr := os.Readlink(p.person()); err != nil || lerr != nil || to != elsewhere || info.Mode().Perm() != 0o640 {
		t.Errorf("the person's link or mode has changed: %v %v %v", info, err, lerr)
	}
	p.clean("a")
}

// What cannot come of renewing does not reach the person's file, and whatever
// an agent puts in the place of the copy or its folder, nothing is followed.
func TestOtherThingsAreNot(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	file := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	for name, lay := range map[string]func(path string) error{
		"logged out":    file(`{"claudeAiOauth":{"accessToken":"","refreshToken":""}}`),
		"empty":         file(""),
		"broken":        file(login("new", fresh)[:40]),
		"not later":     file(login("new", -time.Hour)),
		"large":         file(`{"x":"` + strings.Repeat("x", 1<<20) + `",` + login("new", fresh)[1:]),
		"gone":          func(string) error { return nil },
		"a link":        func(path string) error { return os.Symlink(outside, path) },
		"a folder":      func(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o700) },
		"a pipe":        func(path string) error { return unix.Mkfifo(path, 0o600) },
		"a second name": func(path string) error { return os.Link(outside, path) },
		"a linked folder": func(path string) error {
			if err := os.Remove(filepath.Dir(path)); err != nil {
				return err
			}
			return os.Symlink(filepath.Dir(outside), filepath.Dir(path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			if err := os.WriteFile(outside, []byte(login("evil", fresh)), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(filepath.Dir(outside), ".credentials.json"), []byte(login("evil", fresh)), 0o600); err != nil {
				t.Fatal(err)
			}
			before := p.read(p.person())
			k := p.start("a")
			if err := os.Remove(p.copy("a")); err != nil {
				t.Fatal(err)
			}
			if err := lay(p.copy("a")); err != nil {
				t.Fatal(err)
			}
			p.await("the keeper has looked", func() bool { return k.looks.Load() > 3 })
			p.put(p.person(), strings.Replace(before, "at-old", "at-own", 1))
			before = p.read(p.person())
			go func() { _, _ = os.ReadFile(p.copy("a")) }() // so that it is brought up to date
			p.await("the keeper has looked again", func() bool { return k.looks.Load() > 6 })
			k.Stop()
			if after := p.read(p.person()); after != before {
				t.Errorf("the person's file has become %s", after)
			}
			if got := p.read(outside); !strings.Contains(got, "evil") {
				t.Errorf("what is outside has become %s", got)
			}
		})
	}
}

// When the person has logged in anew, or out, that counts.
func TestPersonIsRight(t *testing.T) {
	p := newPlace(t)
	k := p.start("a")
	p.put(p.person(), login("anew", due))
	p.put(p.copy("a"), login("of-the-old", fresh))
	p.await("the copy is the person's", func() bool { return strings.Contains(p.read(p.copy("a")), "rt-anew") })
	if !p.has("anew") {
		t.Errorf("the person's file: %s", p.read(p.person()))
	}
	if err := os.Remove(p.person()); err != nil {
		t.Fatal(err)
	}
	p.put(p.copy("a"), login("later", 2*fresh))
	k.Stop()
	if _, err := os.Stat(p.person()); !os.IsNotExist(err) {
		t.Errorf("a person who has logged out is logged in: %v", err)
	}
}

// Of two programs that read their copies to renew what is in them, the second
// reads what the first has renewed.
func TestOneAtATime(t *testing.T) {
	p := newPlace(t)
	p.put(p.person(), login("old", due))
	a, b := p.start("a"), p.start("b")
	if got := p.read(p.copy("a")); !strings.Contains(got, "rt-old") {
		t.Fatalf("the first reads %s", got)
	}
	second := make(chan string)
	go func() {
		data, err := os.ReadFile(p.copy("b"))
		second <- fmt.Sprint(string(data), err)
	}()
	p.await("the second waits", func() bool { return b.looks.Load() > 5 })
	p.put(p.copy("a"), login("renewed", fresh))
	if got := <-second; !strings.Contains(got, "rt-renewed") {
		t.Errorf("the second reads %s", got)
	}
	a.Stop()
	b.Stop()
	p.clean("a")
	p.clean("b")
}

// Nobody waits while the tokens are good.
func TestGoodTokensAreReadAtOnce(t *testing.T) {
	p := newPlace(t)
	p.put(p.person(), login("good", fresh))
	a, b := p.start("a"), p.start("b")
	for range 5 {
		for _, task := range []string{"a", "b"} {
			if got := p.read(p.copy(task)); !strings.Contains(got, "rt-good") {
				t.Errorf("%s reads %s", task, got)
			}
		}
	}
	// What the person renews is what the next one reads.
	p.put(p.person(), login("better", fresh))
	if got := p.read(p.copy("a")); !strings.Contains(got, "rt-better") {
		t.Errorf("after the person has renewed it: %s", got)
	}
	a.Stop()
	b.Stop()
}

// Where a file system has no leases the start at least is one at a time.
func TestWithoutLeases(t *testing.T) {
	p := newPlace(t)
	p.put(p.person(), login("old", due))
	none := func(*os.File) bool { return false }
	a, err := start(p.login("a"), nil, func(error) {}, none)
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan *Keeper)
	go func() {
		b, err := start(p.login("b"), nil, func(error) {}, none)
		if err != nil {
			t.Error(err)
		}
		second <- b
	}()
	p.await("a few looks", func() bool { return a.looks.Load() > 5 })
	p.put(p.copy("a"), login("renewed", fresh))
	b := <-second
	if got := p.read(p.copy("b")); !strings.Contains(got, "rt-renewed") {
		t.Errorf("the second reads %s", got)
	}
	a.Stop()
	b.Stop()
	p.clean("b")
}

// The locks of Claude Code's own are waited for, held while an agent renews,
// and let go; and one that was left is taken.
func TestClaudesOwnLocks(t *testing.T) {
	p := newPlace(t)
	p.put(p.person(), login("old", due))
	locks := []string{filepath.Join(filepath.Dir(p.person()), ".oauth_refresh.lock"), filepath.Dir(p.person()) + ".lock"}
	for _, lock := range locks {
		if err := os.Mkdir(lock, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(locks[1], long, long); err != nil { // left by one that was killed
		t.Fatal(err)
	}
	k := p.start("a")
	first := make(chan string)
	go func() {
		data, err := os.ReadFile(p.copy("a"))
		first <- fmt.Sprint(string(data), err)
	}()
	p.await("it waits", func() bool { return k.looks.Load() > 5 })
	p.put(p.person(), login("by-the-person", due))
	if err := os.Remove(locks[0]); err != nil {
		t.Fatal(err)
	}
	if got := <-first; !strings.Contains(got, "rt-by-the-person") {
		t.Errorf("it reads %s", got)
	}
	for _, lock := range locks {
		if _, err := os.Stat(lock); err != nil {
			t.Errorf("while it renews: %v", err)
		}
	}
	p.put(p.copy("a"), login("renewed", fresh))
	k.Stop()
	p.clean("a")
}

// Two operations do not work with the same copy, and where the person's file
// cannot be written what was renewed stays where it is.
func TestStartRefuses(t *testing.T) {
	p := newPlace(t)
	a := p.start("a")
	if k, err := Start(p.login("a"), nil, func(error) {}); err == nil {
		k.Stop()
		t.Error("two work with the same copy")
	}
	p.put(p.copy("a"), login("renewed", fresh))
	p.await("it is renewed", func() bool { return p.has("renewed") })
	crash(a)
	p.put(p.copy("a"), login("again", 2*fresh))
	inTheWay := filepath.Join(filepath.Dir(p.person()), "..credentials.json.muster", "x")
	p.put(inTheWay, "x")
	if k, err := Start(p.login("a"), nil, func(error) {}); err == nil {
		k.Stop()
		t.Error("an operation starts on tokens that are lost then")
	}
	if !strings.Contains(p.read(p.copy("a")), "rt-again") {
		t.Error("the renewed tokens are lost")
	}
	if err := os.RemoveAll(filepath.Dir(inTheWay)); err != nil {
		t.Fatal(err)
	}
	p.start("a").Stop()
	if !p.has("again") {
		t.Errorf("the person's file: %s", p.read(p.person()))
	}
}

// An operation that is asked to stop does not wait for its turn.
func TestStartIsCancelled(t *testing.T) {
	p := newPlace(t)
	other := lockOf(p.login("b"))
	if err := os.MkdirAll(p.login("b").Locks, 0o700); err != nil {
		t.Fatal(err)
	}
	if ok, err := other.try(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer other.free()
	cancel := make(chan struct{})
	ended := make(chan error)
	go func() {
		_, err := Start(p.login("a"), cancel, func(error) {})
		ended <- err
	}()
	close(cancel)
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("%v", err)
	}
}

// A file that is mounted alone cannot be replaced: it is written.
func TestOverwrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("a long text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := overwrite(name, []byte("short")); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "short" {
		t.Errorf("%q %v", data, err)
	}
}

// BenchmarkOpen is what it costs a program to open a copy with good tokens.
func BenchmarkOpen(b *testing.B) {
	p := newPlace(b)
	p.put(p.person(), login("good", fresh))
	k := p.start("a")
	defer k.Stop()
	for b.Loop() {
		p.read(p.copy("a"))
	}
}
