package mirror_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/registries"
)

// TestRealRegistries downloads through the door from the registries that this
// machine's own tools are set up with. It needs MUSTER_REAL_REGISTRIES, with
// one word for each that can be reached: "go npm pip".
func TestRealRegistries(t *testing.T) {
	which := strings.Fields(os.Getenv("MUSTER_REAL_REGISTRIES"))
	if len(which) == 0 {
		t.Skip("MUSTER_REAL_REGISTRIES is not set")
	}
	say := func(argv ...string) string {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Dir = t.TempDir()
		out, _ := cmd.Output() // a tool that fails says nothing
		return strings.TrimRight(string(out), "\n")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	npmrc, _ := os.ReadFile(filepath.Join(home, ".npmrc"))
	settings := registries.Settings{Go: map[string]string{}, Npmrc: npmrc, PipHelp: []byte(say("python3", "-m", "pip", "download", "--help"))}
	for _, name := range []string{"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB"} {
		settings.Go[name] = say("go", "env", name)
	}
	c := registries.FromSettings(settings)
	c.NPM = say("npm", "config", "get", "registry")
	w := open(t, c)
	for _, tool := range which {
		dir := t.TempDir()
		var argv, extra []string
		switch tool {
		case "go":
			write(t, dir, "go.mod", "module main.test\n\ngo 1.21\n\nrequire github.com/google/uuid v1.6.0\n")
			argv, extra = []string{"go", "mod", "download", "-x"}, []string{"GOFLAGS=-modcacherw", "GOTOOLCHAIN=local", "GOMODCACHE=" + filepath.Join(dir, "cache"), "GOCACHE=" + filepath.Join(dir, "build")}
		case "npm":
			write(t, dir, "package.json", `{"name":"x","version":"1.0.0"}`)
			argv = []string{"npm", "install", "left-pad@1.3.0", "@types/node@20.0.0"}
		case "pip":
			argv = []string{"python3", "-m", "pip", "download", "--no-cache-dir", "--no-deps", "--dest", dir, "six"}
		}
		out, err := w.run(dir, extra, argv...)
		for _, r := range w.recorded() {
			t.Logf("%s %s: %d, %d bytes %s", r.Method, r.Path, r.Status, r.Received, r.Refused)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", tool, err, out)
		}
	}
}
