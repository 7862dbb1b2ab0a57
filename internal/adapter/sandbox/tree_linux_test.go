package sandbox

import (
	"os/exec"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	const rest = " 42 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 2 3"
	tests := []struct {
		line string
		want proc
		ok   bool
	}{
		{"9 (sh) S" + rest, proc{pid: 9, parent: 42, start: 98765}, true},
		{"9 (a b) R" + rest, proc{pid: 9, parent: 42, start: 98765}, true},
		{"9 (x) Z 1 1 1) S" + rest, proc{pid: 9, parent: 42, start: 98765}, true},
		{"9 (\n)) Z" + rest, proc{pid: 9, parent: 42, start: 98765, zombie: true}, true},
		{"9 (sh) S 42", proc{}, false},
		{"9 (sh) S x 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1", proc{}, false},
		{"", proc{}, false},
	}
	for _, tt := range tests {
		got, err := parseStat(9, []byte(tt.line))
		if (err == nil) != tt.ok || tt.ok && got != tt.want {
			t.Errorf("%q: %+v, %v", tt.line, got, err)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("9 (sh) S 42 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if p, err := parseStat(9, line); err == nil && p.pid != 9 {
			t.Error(p)
		}
	})
}

func TestHasMark(t *testing.T) {
	tests := []struct {
		environ string
		want    bool
	}{
		{"A=1\x00MUSTER_OP=op@1\x00B=2\x00", true},
		{"MUSTER_OP=op@1", true},
		{"MUSTER_OP=op@12\x00", false},
		{"XMUSTER_OP=op@1\x00", false},
		{"A=MUSTER_OP=op@1\x00", false},
		{"", false},
	}
	for _, tt := range tests {
		if got := hasMark([]byte(tt.environ), "op@1"); got != tt.want {
			t.Errorf("%q: %v", tt.environ, got)
		}
	}
}

func TestMergeEnv(t *testing.T) {
	got := mergeEnv([]string{"A=1", "B=2"}, []string{"C=", "A=x=y", "C=3"})
	if want := []string{"A=x=y", "B=2", "C=3"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestBelow(t *testing.T) {
	all := []proc{
		{pid: 2, parent: 1},
		{pid: 3, parent: 2},
		{pid: 4, parent: 3, zombie: true},
		{pid: 5, parent: 3},
		{pid: 6, parent: 1},
		{pid: 7, parent: 2}, // this process
		{pid: 8, parent: 7},
		{pid: 9, parent: 9}, // what a torn listing may hold
	}
	pids := func(procs []proc) (pids []int) {
		for _, p := range procs {
			pids = append(pids, p.pid)
		}
		slices.Sort(pids)
		return pids
	}
	if got := pids(below(all, map[int]bool{2: true, 3: true, 9: true}, 7)); !slices.Equal(got, []int{2, 3, 5, 9}) {
		t.Error(got)
	}
	if got := below(all, nil, 7); got != nil {
		t.Error(got)
	}
}

// A signal reaches the process it is meant for, and none that merely has its
// number.
func TestSignalComparesTheStart(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := readProc(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	proc{pid: p.pid, start: p.start + 1}.signal(unix.SIGKILL)
	me, err := self()
	if err != nil {
		t.Fatal(err)
	}
	identity{BootID: "another", PID: p.pid, Start: p.start}.signal(unix.SIGKILL)
	identity{BootID: me.BootID, PID: p.pid, Start: p.start - 1}.signal(unix.SIGKILL)
	identity{BootID: me.BootID, PID: p.pid, Start: p.start}.signal(unix.SIGTERM)
	if err := cmd.Wait(); err == nil || err.Error() != "signal: terminated" {
		t.Error(err)
	}
}
