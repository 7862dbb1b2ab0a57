package gocache

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func id(c string) []byte { return bytes.Repeat([]byte(c), idBytes) }

// talk sends requests, each with the body that follows it, and gives the answers.
func talk(t *testing.T, own, base string, lines ...string) []response {
	t.Helper()
	var out bytes.Buffer
	if err := Serve(strings.NewReader(strings.Join(lines, "\n")), &out, own, base); err != nil {
		t.Fatal(err)
	}
	var got []response
	for d := json.NewDecoder(&out); d.More(); {
		var r response
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	return got[1:]
}

func line(t *testing.T, q request) string {
	t.Helper()
	data, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestServe(t *testing.T) {
	own, base := t.TempDir(), t.TempDir()
	body := `"` + base64.StdEncoding.EncodeToString([]byte("built")) + `"`
	put := line(t, request{ID: 1, Command: "put", ActionID: id("a"), OutputID: id("o"), BodySize: 5})
	get := line(t, request{ID: 2, Command: "get", ActionID: id("a")})
	if got := talk(t, own, "", get, put, body, get, line(t, request{ID: 3, Command: "close"}), get); len(got) != 4 || !got[0].Miss || got[1].Err != "" ||
		got[2].Miss || !bytes.Equal(got[2].OutputID, id("o")) || got[2].Size != 5 || got[3].ID != 3 {
		t.Errorf("%+v", got)
	} else if data, err := os.ReadFile(got[2].DiskPath); err != nil || string(data) != "built" {
		t.Errorf("%q, %v", data, err)
	}
	// What is in the base is found, and the base is never written.
	if got := talk(t, base, own, get); got[0].Miss || !strings.HasPrefix(got[0].DiskPath, own) {
		t.Errorf("base: %+v", got)
	}
	empty := line(t, request{ID: 4, Command: "put", ActionID: id("e"), OutputID: id("p")})
	if got := talk(t, own, base, empty, line(t, request{ID: 5, Command: "get", ActionID: id("e")})); got[1].Miss || got[1].Size != 0 {
		t.Errorf("empty: %+v", got)
	}
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("the base holds %v, %v", left, err)
	}
}

func TestServeRefuses(t *testing.T) {
	own := t.TempDir()
	for name, q := range map[string]request{
		"short action": {Command: "get", ActionID: []byte("x")}, "short output": {Command: "put", ActionID: id("a"), OutputID: []byte("x")},
		"unknown": {Command: "drop", ActionID: id("a")},
	} {
		if got := talk(t, own, "", line(t, q)); got[0].Err == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	var out bytes.Buffer
	if Serve(strings.NewReader(""), &out, "relative", "") == nil {
		t.Error("a relative folder is taken")
	}
	if Serve(strings.NewReader("{"), &out, own, "") == nil {
		t.Error("half a request is taken")
	}
}

// An entry that does not fit what it names is a miss.
func TestBrokenEntries(t *testing.T) {
	for name, spoil := range map[string]func(dir, a, o string) error{
		"cut content": func(dir, _, o string) error { return os.Truncate(filepath.Join(dir, o[:2], o+"-d"), 2) },
		"no content":  func(dir, _, o string) error { return os.Remove(filepath.Join(dir, o[:2], o+"-d")) },
		"cut entry":   func(dir, a, _ string) error { return os.Truncate(filepath.Join(dir, a[:2], a+"-a"), 80) },
	} {
		own := t.TempDir()
		talk(t, own, "", line(t, request{Command: "put", ActionID: id("a"), OutputID: id("o"), BodySize: 1}), `"eA=="`)
		if err := spoil(own, fmt.Sprintf("%x", id("a")), fmt.Sprintf("%x", id("o"))); err != nil {
			t.Fatal(err)
		}
		if got := talk(t, own, "", line(t, request{Command: "get", ActionID: id("a")})); !got[0].Miss {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCommand(t *testing.T) {
	for want, argv := range map[string][]string{"/a/b shim @gocache": {"/a/b", "shim", "@gocache"}, "'/a b' c": {"/a b", "c"}, `"/it's"`: {"/it's"}, "": {`'"`}} {
		if got := Command(argv); got != want {
			t.Errorf("%q", got)
		}
	}
}

// TestMain makes the test binary the cache itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Mode {
		if err := Serve(os.Stdin, os.Stdout, os.Getenv(OwnVariable), os.Getenv(BaseVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The real go command builds with it, and finds again what it built.
func TestGo(t *testing.T) {
	dir, own, base := t.TempDir(), t.TempDir(), t.TempDir()
	for name, text := range map[string]string{"go.mod": "module x\n\ngo 1.24\n", "x.go": "package x\n\nfunc F() int { return 1 }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	build := func(own, base string) string {
		cmd := exec.Command("go", "build", "-x", ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOCACHEPROG="+Command([]string{exe, Mode}), OwnVariable+"="+own, BaseVariable+"="+base, "GOFLAGS=", "GOTOOLCHAIN=local", "GOCACHE="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	if out := build(own, base); !strings.Contains(out, "compile") {
		t.Errorf("nothing was compiled: %s", out)
	}
	if out := build(base, own); strings.Contains(out, "/compile ") {
		t.Errorf("it was compiled again: %s", out)
	}
	if left, _ := os.ReadDir(base); len(left) > 2 {
		t.Logf("the second layer holds %d folders", len(left))
	}
}
