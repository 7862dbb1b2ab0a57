package agentse2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one that lives.
type process struct {
	pid  int
	argv []string
}

func (p process) String() string { return fmt.Sprintf("%d %q", p.pid, p.argv) }

// carrying lists the living processes whose environment contains the text.
func carrying(text string) []process {
	var out []process
	names, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range names {
		env, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(env, []byte(text)) {
			continue // what has ended has no environment
		}
		out = append(out, processAt(filepath.Dir(name)))
	}
	return out
}

func processAt(dir string) process {
	line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
	pid, _ := strconv.Atoi(filepath.Base(dir))
	return process{pid, strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")}
}

// none fails for each living process whose environment contains the text, and
// gives them.
func (p *place) none(when, text string) []process {
	p.t.Helper()
	var out []process
	for _, found := range carrying(text) {
		if found.pid != os.Getpid() {
			p.t.Errorf("%s: %v still lives", when, found)
			out = append(out, found)
		}
	}
	return out
}

// leave gives what is about to end time to do so: a hook of an agent that has
// ended, say, or a program that Muster waited for no longer. What does not end
// is told by none.
func (p *place) leave() {
	self := func(found process) bool { return found.pid == os.Getpid() }
	for began := time.Now(); time.Since(began) < time.Minute; <-time.After(50 * time.Millisecond) {
		if len(slices.DeleteFunc(carrying(p.root), self)) == 0 {
			return
		}
	}
}

// mark is what the environment of every process of attempt n contains.
func (p *place) mark(n int) string {
	return fmt.Sprintf("MUSTER_OP=%s.tax.%d@", p.view().ID, n)
}

// shim gives the process that watches over attempt n.
func (p *place) shim(n int) process {
	p.t.Helper()
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		found := processAt(filepath.Dir(name))
		if len(found.argv) == 3 && found.argv[1] == "shim" && strings.HasPrefix(found.argv[2], p.root) &&
			strings.HasSuffix(found.argv[2], fmt.Sprintf(".tax.%d", n)) {
			return found
		}
	}
	p.t.Fatalf("attempt %d has no shim", n)
	return process{}
}

func (p *place) kill(victim process) {
	p.t.Helper()
	if err := syscall.Kill(victim.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.t.Errorf("kill %v: %v", victim, err)
	}
}
