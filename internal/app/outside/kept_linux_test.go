package outside_test

import (
	"context"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/adapter/gateway"
	"muster/internal/core/job"
)

// A gateway that a shim starts has what Muster's own had: where the person's
// home, proxy and certificates are. It has no login, and nothing of the shim's.
func TestKeptGatewayHasTheEnvironment(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "gateway")
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "HTTPS_PROXY=http://proxy.example:3128", "SSL_CERT_FILE=/certs.pem", "HTTP_PROXY=http://me:word@proxy.example"}
	c := gateway.NewClient(dir, []string{self, "gateway"}, env)
	if err := c.Open(ctx, gateway.Door{Name: "run.task.1"}); err != nil {
		t.Fatal(err)
	}
	keeper := c.Keeper()
	first := state(ctx, t, dir)
	c.Close() // Muster ends, and then the gateway
	kill(t, first.PID)
	kept := osexec.CommandContext(ctx, keeper[0], keeper[1:]...)
	kept.Dir, kept.Env = "/", []string{"PATH=/bin", job.KeptVariable + "=1"}
	var said strings.Builder
	kept.Stderr = &said
	if err := kept.Start(); err != nil {
		t.Fatal(err)
	}
	second := state(ctx, t, dir)
	data, err := os.ReadFile("/proc/" + strconv.Itoa(second.PID) + "/environ")
	kill(t, second.PID)
	_ = kept.Wait()
	if err != nil || second.PID != kept.Process.Pid {
		t.Fatalf("%d is not %d: %v", second.PID, kept.Process.Pid, err)
	}
	got := strings.Split(strings.TrimRight(string(data), "\x00"), "\x00")
	if !slices.Equal(got, env[:len(env)-1]) {
		t.Errorf("it has %q", got)
	}
	if !strings.Contains(said.String(), "without HTTP_PROXY") || strings.Contains(said.String(), "word") {
		t.Errorf("it said %q", said.String())
	}
}

// One that finds nothing left serves all the same.
func TestKeptGatewayWithoutAnEnvironment(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "gateway")
	kept := osexec.CommandContext(ctx, self, "gateway", dir)
	kept.Env = []string{"PATH=/bin", job.KeptVariable + "=1"}
	if err := kept.Start(); err != nil {
		t.Fatal(err)
	}
	if got := state(ctx, t, dir); got.PID != kept.Process.Pid {
		t.Errorf("%d serves, not %d", got.PID, kept.Process.Pid)
	}
	kill(t, kept.Process.Pid)
	_ = kept.Wait()
}

// state waits for a gateway that answers.
func state(ctx context.Context, t *testing.T, dir string) gateway.State {
	t.Helper()
	c := gateway.NewClient(dir, nil, nil)
	defer c.Close()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if st, ok := c.State(ctx); ok {
			return st
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("no gateway answers")
		}
	}
}

// kill ends a process and waits until nothing of it is left but its number.
func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(data), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not end")
		}
	}
}
