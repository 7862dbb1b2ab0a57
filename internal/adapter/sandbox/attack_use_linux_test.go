package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"muster/internal/adapter/sandbox/confine"
	"muster/internal/core/job"
)

// What the attacks on the machine's means are allowed, and what they try to
// get. The numbers are small: at off they get it.
const (
	mayProcesses, wantProcesses = 400, 450
	mayFile, wantFile           = 1 << 20, 8 << 20
	mayMemory, wantMemory       = 512 << 20, 1 << 30
	mayFiles, wantFiles         = 128, 256
)

// useUp tries to take more of something than is allowed, and exits with 0 when
// it could.
func useUp(what string) int {
	var err error
	switch what {
	case "processes":
		for range wantProcesses {
			if _, err = syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{}); err != nil {
				break
			}
		}
	case "disk":
		var f *os.File
		if f, err = os.Create("big"); err == nil {
			_, err = f.WriteAt([]byte("x"), wantFile) // the file is sparse: nothing is used up
		}
	case "memory":
		_, err = unix.Mmap(-1, 0, wantMemory, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	case "files":
		for range wantFiles {
			if _, err = unix.Open("/dev/null", unix.O_RDONLY, 0); err != nil {
				break
			}
		}
	case "life":
		err = outlive()
	default:
		err = errors.New("unknown")
	}
	if err != nil {
		fmt.Println("blocked:", err)
		return 1
	}
	return 0
}

// outlive starts a process that has no mark, no parent, a session of its own
// and no ear for requests to end.
func outlive() error {
	_, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", `trap "" TERM HUP INT; (trap "" TERM; while :; do sleep 1000; done) & : > up`}, &syscall.ProcAttr{
		Dir: ".", Sys: &syscall.SysProcAttr{Setsid: true},
	})
	for err == nil && !exists("up") {
		_ = unix.Getpid()
	}
	return err
}

// TestAttackMeans tries to use up the machine, and to outlive the end.
func TestAttackMeans(t *testing.T) {
	// What holds without namespaces too, and what holds even at off.
	blockedPlain := map[string]bool{"disk": true, "memory": true, "files": true}
	whats := []string{"processes", "disk", "memory", "files", "life"}
	columns, rows := []string{"off"}, map[string][]string{}
	confinements := []*job.Confinement{nil}
	var guard sync.Mutex // of rows
	for _, form := range forms() {
		if newExecutor(t).Try(testContext(t), form) == nil {
			columns, confinements = append(columns, formName(form)), append(confinements, &form)
		}
	}
	t.Run("all", func(t *testing.T) {
		for i, form := range confinements {
			for _, what := range whats {
				rows[what] = make([]string, len(columns))
				t.Run(columns[i]+" "+what, func(t *testing.T) {
					t.Parallel()
					word := usesUp(t, form, what)
					guard.Lock()
					defer guard.Unlock()
					rows[what][i] = word
					walls := form != nil && (!form.Plain || blockedPlain[what]) || what == "life"
					if (word == "succeeds") == walls {
						t.Errorf("%s: %s %s", columns[i], what, word)
					}
				})
			}
		}
	})
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "use up, or outlive\t"+strings.Join(columns, "\t"))
	for _, what := range whats {
		fmt.Fprintln(table, what+"\t"+strings.Join(rows[what], "\t"))
	}
	_ = table.Flush()
	t.Logf("\n%s", text.String())
}

// usesUp makes one attempt in one form, nil being off, and says what came of it.
func usesUp(t *testing.T, form *job.Confinement, what string) string {
	t.Helper()
	g := newGround(t)
	var c *job.Confinement
	if form != nil {
		c = g.confine(t, *form)
		c.Processes, c.FileSize, c.Memory, c.Files = mayProcesses, mayFile, mayMemory, mayFiles
	}
	out, err := newExecutor(t).Run(testContext(t), job.Command{Argv: []string{testBinary(t), "use-up", what}, Env: confine.OwnEnv(), Dir: g.work, Confine: c})
	if err != nil {
		t.Fatal(err)
	}
	through := out.Code == 0
	if what == "life" {
		through = len(usersOf(g.work)) > 0
		if _, err := os.Lstat(filepath.Join(g.work, "up")); err != nil {
			t.Errorf("nothing tried to outlive: %+v", out)
		}
	}
	if through {
		return "succeeds"
	}
	return "blocked"
}
