package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/internal/slowtest"
)

// TestMain lets the test binary be muster: under that name for the stories,
// and by its first argument for the processes that muster starts of itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "shim" || os.Args[1] == "agent-script") {
		os.Exit(run(os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"muster": main})
}

func TestStories(t *testing.T) { tell(t, "testdata") }

// TestSlowStories tells those that build, test or wait for long.
func TestSlowStories(t *testing.T) {
	slowtest.Only(t)
	tell(t, "testdata/slow")
}

func tell(t *testing.T, folder string) {
	t.Helper()
	goEnv := map[string]string{}
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE").Output()
	if err == nil {
		err = json.Unmarshal(out, &goEnv)
	}
	if err != nil {
		t.Fatalf("ask the go command for its folders: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir: folder,
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("HOME", home)
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("USER", "tess")
			e.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, "gitconfig"))
			e.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
				e.Setenv(name, goEnv[name])
			}
			if err := os.MkdirAll(home, 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(home, "gitconfig"), []byte("[user]\n\tname = Tess\n\temail = tess@localhost\n"), 0o644)
		},
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"repo": repo, "await": await, "code": code, "alive": alive, "odd": odd, "judged": judged, "collector": collector},
		Condition:     condition,
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// condition knows [namespaces]: this machine lets its users make namespaces.
// Where that is demanded (MUSTER_TEST_SANDBOX=all), a machine that does not
// fails the story.
func condition(name string) (bool, error) {
	if name != "namespaces" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET}
	err := cmd.Run()
	if err != nil && os.Getenv("MUSTER_TEST_SANDBOX") == "all" {
		return false, fmt.Errorf("make namespaces: %w", err)
	}
	return err == nil, nil
}

// repo makes a repository of a folder, with its files in a first commit, and
// goes there:
//
//	repo FOLDER
func repo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: repo FOLDER")
	}
	ts.Check(os.MkdirAll(ts.MkAbs(args[0]), 0o755))
	ts.Check(ts.Chdir(args[0]))
	ts.Check(ts.Exec("git", "init", "-q", "-b", "main"))
	ts.Check(ts.Exec("git", "add", "-A"))
	ts.Check(ts.Exec("git", "commit", "-q", "--allow-empty", "-m", "first"))
}

// await waits until a file exists:
//
//	await FILE
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s did not appear within a minute", args[0])
		}
	}
}

// alive looks for a process of this story, by what its environment holds, that
// runs the command; with ! there must be none. A search by the command alone
// finds the processes of other stories, and of other copies of this test:
//
//	alive PROGRAM ARGUMENT...
func alive(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: alive PROGRAM ARGUMENT...")
	}
	want, found := strings.Join(args, "\x00")+"\x00", ""
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	ts.Check(err)
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err != nil || string(line) != want {
			continue
		}
		if env, err := os.ReadFile(filepath.Join(filepath.Dir(name), "environ")); err == nil && strings.Contains(string(env), ts.Getenv("WORK")) {
			found = filepath.Dir(name)
		}
	}
	if isAlive := found != ""; isAlive == neg {
		ts.Fatalf("%q: found %q", args, found)
	}
}

// code runs a command and wants this exit code:
//
//	code NUMBER PROGRAM ARGUMENT...
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code NUMBER PROGRAM ARGUMENT...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if exit := (*exec.ExitError)(nil); err != nil {
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = strconv.Itoa(exit.ExitCode())
	}
	if got != args[0] {
		ts.Fatalf("%v: exit code %s, want %s", args[1:], got, args[0])
	}
}
