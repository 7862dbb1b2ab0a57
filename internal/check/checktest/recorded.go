package checktest

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/internal/check"
	"muster/internal/core/job"
	"muster/internal/slowtest"
)

// Recording stands for an executor whose commands take long. In "go test ./..."
// it answers from testdata/recorded, as the commands answered when they last
// ran for real. With MUSTER_TEST_SLOW they do run, and must be the commands of
// the recording and end as it says; with MUSTER_TEST_RECORD as well, the
// recording is written anew.
type Recording struct {
	t    testing.TB
	real check.Exec // nil where it answers from the recording
	file string
	root string // folder of all temporary folders of the test

	mu   sync.Mutex
	was  []turn
	seen []turn
}

// turn is one command and its answer.
type turn struct {
	Dir    string   `json:"dir"`
	Argv   []string `json:"argv"`
	Code   int      `json:"code"`
	Stdout []string `json:"stdout,omitempty"` // lines
	Stderr []string `json:"stderr,omitempty"`
}

// Recorded gives the recording of a test, named after it.
func Recorded(t testing.TB, real check.Exec) *Recording {
	t.Helper()
	name := regexp.MustCompile(`[^\w/]+`).ReplaceAllString(t.Name(), "_")
	r := &Recording{t: t, file: filepath.Join("testdata", "recorded", filepath.FromSlash(name)+".json"), root: filepath.Dir(t.TempDir())}
	writes := os.Getenv("MUSTER_TEST_RECORD") != ""
	if slowtest.Asked() || writes {
		r.real = real
	}
	text, err := os.ReadFile(r.file) // there is none where nothing runs
	if err == nil {
		err = json.Unmarshal(text, &r.was)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !writes {
		t.Fatalf("%s: %v; MUSTER_TEST_RECORD=1 makes it anew", r.file, err)
	}
	t.Cleanup(func() {
		switch {
		case writes && !t.Failed() && len(r.seen) > 0:
			r.write()
		case !writes && len(r.seen) != len(r.was):
			t.Errorf("%d commands, and %d were recorded", len(r.seen), len(r.was))
		}
	})
	return r
}

// Runs gives how many commands were run.
func (r *Recording) Runs() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// Run runs a command for real, or gives the next answer.
func (r *Recording) Run(ctx context.Context, c job.Command) (job.Output, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	is := turn{Dir: r.shown(c.Dir), Argv: make([]string, len(c.Argv))}
	for i, a := range c.Argv {
		is.Argv[i] = r.shown(a)
	}
	var was turn
	if n := len(r.seen); n < len(r.was) {
		was = r.was[n]
	}
	isSame := is.Dir == was.Dir && slices.Equal(is.Argv, was.Argv)
	if r.real == nil {
		r.seen = append(r.seen, is)
		if !isSame {
			r.t.Errorf("command %d in %s is %q, and in %s %q was recorded; MUSTER_TEST_RECORD=1 records anew", len(r.seen), is.Dir, is.Argv, was.Dir, was.Argv)
			return job.Output{Code: 127}, nil
		}
		return job.Output{Code: was.Code, Stdout: r.restored(was.Stdout), Stderr: r.restored(was.Stderr), Sandbox: "off"}, nil
	}
	out, err := r.real.Run(ctx, c)
	is.Code, is.Stdout, is.Stderr = out.Code, r.lines(out.Stdout), r.lines(out.Stderr)
	r.seen = append(r.seen, is)
	if os.Getenv("MUSTER_TEST_RECORD") == "" && (!isSame || out.Code != was.Code) {
		r.t.Errorf("command %d in %s is %q and ends with %d; in %s %q with %d was recorded", len(r.seen), is.Dir, is.Argv, out.Code, was.Dir, was.Argv, was.Code)
	}
	return out, err
}

const rootMark = "$TMP"

func (r *Recording) shown(text string) string { return strings.ReplaceAll(text, r.root, rootMark) }

func (r *Recording) restored(lines []string) string {
	return strings.ReplaceAll(strings.Join(lines, ""), rootMark, r.root)
}

// when is what differs between two runs of the same.
var when = check.Lazy(`"Time":"[^"]*",|,"Elapsed":[0-9.]+`)

func (r *Recording) lines(text string) []string {
	return slices.Collect(strings.Lines(r.shown(when.ReplaceAllString(text, ""))))
}

func (r *Recording) write() {
	text, err := json.MarshalIndent(r.seen, "", " ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(r.file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(r.file, append(text, '\n'), 0o644)
	}
	if err != nil {
		r.t.Error(err)
	}
}
