package sandbox

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestProcReader(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	r := &procReader{buf: make([]byte, 3)} // too small: it grows
	if p, err := r.process(pid); err != nil || p.pid != pid || p.parent != os.Getpid() || p.zombie || p.start == 0 {
		t.Errorf("%+v, %v", p, err)
	}
	// The kernel tells of an exec a moment before the new process has arguments
	// and memory.
	eventually(t, "it has its arguments", func() bool {
		data, err := r.file(pid, "cmdline")
		return err == nil && string(data) == "sleep\x001000\x00"
	})
	eventually(t, "it takes memory", func() bool { return r.resident(pid) > 0 })
	if got := r.descendants(os.Getpid()); len(got) == 0 {
		t.Error("there is a child, and none is found")
	}
	_, _ = cmd.Process.Kill(), cmd.Wait()
	if data, err := r.file(pid, "stat"); err == nil {
		t.Errorf("it has ended: %q", data)
	}
	if got := r.resident(pid); got != 0 {
		t.Errorf("it has ended, and takes %d bytes", got)
	}
}

// A shim looks at processes for hours and is not to grow by it.
func TestProcReaderKeepsItsBuffer(t *testing.T) {
	r := &procReader{}
	perRun := testing.AllocsPerRun(20, func() {
		if _, err := r.process(os.Getpid()); err != nil {
			t.Error(err)
		}
	})
	if perRun > 8 {
		t.Errorf("%.0f allocations for a look at one process", perRun)
	}
}

// A file of many children is read to its end.
func TestProcReaderReadsToTheEnd(t *testing.T) {
	t.Setenv("MUSTER_TEST_LONG", strings.Repeat("x", 3*procBytes))
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = cmd.Process.Signal(unix.SIGKILL), cmd.Wait() }()
	r := &procReader{}
	eventually(t, "its environment is read whole", func() bool {
		data, err := r.file(cmd.Process.Pid, "environ")
		return err == nil && strings.Contains(string(data), strings.Repeat("x", 3*procBytes)+"\x00")
	})
}
