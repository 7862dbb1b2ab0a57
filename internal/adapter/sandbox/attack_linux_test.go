package sandbox

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"muster/internal/adapter/sandbox/confine"
	"muster/internal/core/job"
)

// answerWith answers everything that comes on a listener with the secret.
func answerWith(t testing.TB, l net.Listener, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(secret))
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// outsideAddress gives an address of the machine that is not its loopback.
func outsideAddress() string {
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() {
			return ip.IP.String()
		}
	}
	return ""
}

// newPrey lays out what the attacks are after, below g.outside and beside it.
func newPrey(t *testing.T, g ground) prey {
	t.Helper()
	p := prey{Outside: g.outside, Work: g.work}
	for _, name := range []string{
		"home/.ssh/id_ed25519", "home/.aws/credentials", "home/.claude/.credentials.json", "home/.bashrc", "movable", "deletable", "cuttable",
		"bin/muster", "state/muster.db", "state/ops/run.task.1/spec.json", "state/ops/run.task.1/lock", "state/blobs/aa", "neighbour/file",
		"state/caches-changes/process/other/go-build/entry", "state/caches-trusted/go-build/entry",
		"repo/.git/config", "repo/.git/hooks/x", "repo/.git/info/exclude", "repo/.git/objects/info/packs", "repo/.git/refs/heads/main",
		"repo/.git/modules/sub/config", "repo/.git/worktrees/neighbour/HEAD",
	} {
		if err := os.MkdirAll(filepath.Dir(p.at(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.at(name), []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.listen(t)
	p.PID = startPrey(t, p)
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, unix.IPC_CREAT|0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) })
	data, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, secret)
	p.Memory = id
	p.Shared = filepath.Join("/dev/shm", "muster-test-"+strconv.Itoa(os.Getpid()))
	if err := os.WriteFile(p.Shared, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(p.Shared) })
	return p
}

// listen opens the machine's services.
func (p *prey) listen(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	p.TCP = answerWith(t, l, err)
	if address := outsideAddress(); address != "" {
		l, err = net.Listen("tcp", net.JoinHostPort(address, "0"))
		p.Net = answerWith(t, l, err)
	}
	p.Socket, p.Other, p.Control = p.at("sock"), p.at("state", "door"), p.at("state", "control")
	for _, path := range []string{p.Socket, p.Other, p.Control} {
		l, err = net.Listen("unix", path)
		answerWith(t, l, err)
	}
	p.Hidden = "@" + p.Socket
	l, err = net.Listen("unix", p.Hidden)
	answerWith(t, l, err)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = udp.Close() })
	p.UDP = udp.LocalAddr().String()
	go func() {
		buf := make([]byte, 64)
		for {
			_, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = udp.WriteTo([]byte(secret), from)
		}
	}()
}

// startPrey starts the process that is attacked. It has a high number, so that
// it is nobody's in a namespace of its own.
func startPrey(t *testing.T, p prey) int {
	t.Helper()
	cmd := exec.Command(testBinary(t), "prey", "x")
	cmd.Dir, cmd.Env = p.Outside, []string{"SECRET=" + secret}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// treeOf describes every file below a folder: its mode and what it holds.
func treeOf(t testing.TB, dir string) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		data := []byte{}
		if info.Mode().IsRegular() {
			if data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&text, "%s %s %q\n", path, info.Mode(), data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// attacked runs all attacks in one form, nil being off, and gives what came of
// each.
func attacked(t *testing.T, form *job.Confinement) map[string]string {
	t.Helper()
	g := newGround(t)
	p := newPrey(t, g)
	var c *job.Confinement
	if form != nil {
		c = g.confine(t, *form)
		c.Readable = append(c.Readable, p.at("repo", ".git"))
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	before := treeOf(t, p.Outside)
	out, err := newExecutor(t).Run(testContext(t), job.Command{
		Argv: []string{testBinary(t), "attack", "all"}, Dir: g.work, Env: append(confine.OwnEnv(), "PREY="+string(data)), Confine: c,
	})
	if err != nil || out.Code != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	if after := treeOf(t, p.Outside); form != nil && after != before {
		t.Errorf("%s: something outside has changed; before:\n%s\nafter:\n%s", formName(*form), before, after)
	}
	results := map[string]string{}
	for line := range strings.Lines(out.Stdout) {
		name, result, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		results[name] = result
	}
	return results
}

// TestAttack tries everything at every level. Nothing may get through the
// walls but what is explained; without walls most must, or the attempts prove
// nothing.
func TestAttack(t *testing.T) {
	columns := []string{"off"}
	results := []map[string]string{attacked(t, nil)}
	plain := -1
	for _, form := range forms() {
		if err := newExecutor(t).Try(testContext(t), form); err != nil {
			cannot(t, form, err)
			continue
		}
		if form.Plain {
			plain = len(columns)
		}
		columns, results = append(columns, formName(form)), append(results, attacked(t, &form))
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "attempt\t"+strings.Join(columns, "\t"))
	through := 0
	for _, a := range attacks() {
		row := a.name
		for i := range columns {
			result, known := results[i][a.name]
			word, _, _ := strings.Cut(result, ":")
			row += "\t" + word
			switch explained := i == plain && a.plain != ""; {
			case !known:
				t.Errorf("%s: %s: no result", columns[i], a.name)
			case i == 0 && word == "succeeds":
				through++
			case i > 0 && word == "succeeds" && !explained:
				t.Errorf("%s: %s succeeds", columns[i], a.name)
			}
		}
		fmt.Fprintln(table, row)
	}
	_ = table.Flush()
	t.Logf("%d attempts, of which %d succeed without walls\n%s", len(attacks()), through, text.String())
	if len(attacks()) < 40 || 2*through < len(attacks()) {
		t.Errorf("of %d attempts only %d succeed without walls: what do they prove?", len(attacks()), through)
	}
	for _, a := range attacks() {
		if results[0][a.name] != "succeeds" && !a.root {
			t.Logf("off: %s: %s", a.name, results[0][a.name])
		}
	}
}

// The proof of doctor says of every form what the suite says.
func TestProve(t *testing.T) {
	e := newExecutor(t)
	for _, form := range append([]job.Confinement{{}}, forms()...) {
		c := &form
		if form.Level == "" {
			c = nil
		} else if err := e.Try(testContext(t), form); err != nil {
			cannot(t, form, err)
			continue
		}
		g := newGround(t)
		attempts, err := e.Prove(testContext(t), c, g.outside, g.home)
		if err != nil || len(attempts) < 5 {
			t.Fatalf("%s: %+v, %v", formName(form), attempts, err)
		}
		for _, a := range attempts {
			explained := form.Plain && a.What == "see other processes"
			if a.Blocked != (c != nil) && !explained {
				t.Errorf("%s: %+v", formName(form), a)
			}
		}
		if left, _ := os.ReadDir(g.outside); len(left) > 0 {
			t.Errorf("%s: %v is left", formName(form), left)
		}
	}
}
