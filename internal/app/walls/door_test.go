package walls

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"muster/internal/adapter/sandbox"
	"muster/internal/core/job"
)

// TestMain lets the test binary be a shim.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "shim" {
		os.Exit(sandbox.Shim(os.Args[2]))
	}
	os.Exit(m.Run())
}

func newWalls(t *testing.T, door func(context.Context, []string) (*job.Door, []string, []string, error)) *Walls {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	return New(Host{
		State: t.TempDir(), Checkout: t.TempDir(), Shim: []string{self, "shim"}, Door: door,
		Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GOMODCACHE=" + filepath.Join(home, "mod"), "GOPROXY=https://modules.example.com"},
	})
}

// Commands have a door exactly where their network is closed whatever else.
func TestDoorOfCommands(t *testing.T) {
	var asked [][]string
	w := newWalls(t, func(_ context.Context, hosts []string) (*job.Door, []string, []string, error) {
		asked = append(asked, hosts)
		return &job.Door{Socket: "/door"}, []string{"/keeper"}, []string{"GOPROXY=http://" + job.DoorAddress + "/go", "A=1"}, nil
	})
	for _, tt := range []struct {
		level string
		door  bool
	}{{job.LevelStrict, true}, {job.LevelStandard, true}, {"auto", false}, {"", false}, {job.LevelOff, false}} {
		asked = nil
		dir := t.TempDir()
		c, release, err := w.Command(t.Context(), job.Command{Argv: []string{"true"}, Dir: dir, Sandbox: tt.level, Egress: []string{"a.example.com"}, Env: []string{"B=2"}}, dir)
		release()
		if err != nil {
			t.Logf("%s cannot be had here: %v", tt.level, err)
			continue
		}
		if has := c.Door != nil; has != tt.door || has != (len(asked) == 1) || has != (len(c.DoorKeeper) == 1) {
			t.Errorf("%s: door %v, asked %q", tt.level, c.Door, asked)
		}
		if tt.door && (!slices.Equal(asked[0], []string{"a.example.com"}) || !slices.Contains(c.Env, "A=1") || c.Confine == nil || c.Confine.Open) {
			t.Errorf("%s: asked %q, %q, %+v", tt.level, asked, c.Env, c.Confine)
		}
		if c.Confine != nil && !tt.door && !c.Confine.Open {
			t.Errorf("%s: no door, and the network is closed", tt.level)
		}
		if at := slices.Index(c.Env, "B=2"); at != len(c.Env)-1 {
			t.Errorf("%s: what the command sets is not last: %q", tt.level, c.Env)
		}
	}
}

// What the person has of modules is read before the door is asked.
func TestThroughDoor(t *testing.T) {
	w := newWalls(t, nil)
	mods := w.env["GOMODCACHE"]
	got := w.ThroughDoor([]string{"X=1", "GOPROXY=http://door/go"})
	if want := []string{"X=1", "GOPROXY=file://" + mods + "/cache/download,http://door/go"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if w.askedProxy(t.Context()) != "https://modules.example.com" {
		t.Errorf("%q", w.askedProxy(t.Context()))
	}
	delete(w.env, "GOMODCACHE")
	delete(w.env, "HOME")
	if got := w.ThroughDoor([]string{"GOPROXY=http://door/go"}); got[0] != "GOPROXY=http://door/go" {
		t.Errorf("without a module cache: %q", got)
	}
}
