package outside_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/mirror"
	"muster/internal/adapter/sandbox"
	"muster/internal/app/machine"
	"muster/internal/app/outside"
	"muster/internal/core/job"
	"muster/internal/core/registries"
)

// The test binary is also the shim, and a program that asks for addresses as
// its environment says.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "shim":
			os.Exit(sandbox.Shim(os.Args[2]))
		case "gateway":
			host, err := machine.This()
			if err != nil {
				os.Exit(9)
			}
			os.Exit(outside.Gateway(host, os.Args[2:], os.Stderr))
		case "fetch":
			for _, address := range os.Args[2:] {
				fmt.Println(fetch(os.ExpandEnv(address)))
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func fetch(address string) string {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return err.Error()
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", strings.TrimSpace(string(data)), " ", err)
}

// registry is one that has one package.
func registry(t *testing.T) string {
	t.Helper()
	g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/pkg" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"name":"pkg","dist-tags":{"latest":"1.2.3"},"versions":{"1.2.3":{"name":"pkg","version":"1.2.3","dist":{"tarball":"http://`+r.Host+`/pkg/-/pkg-1.2.3.tgz"}}}}`)
	}))
	t.Cleanup(g.Close)
	return g.URL
}

// opened is a door that is served on a socket.
func opened(t *testing.T, config registries.Config) (file, socket string) {
	t.Helper()
	dir := t.TempDir()
	file, socket = filepath.Join(dir, "connections"), filepath.Join(dir, "sock")
	doors := outside.NewDoors(func(context.Context) (registries.Config, error) { return config, nil }, file)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	door := doors.Open("run.a.1", nil)
	server := &http.Server{Handler: door}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = door.Close()
		_ = server.Close()
		<-served
		_ = doors.Close()
	})
	return file, socket
}

// A process at every level of confinement, its door, the socket behind it, and
// a registry that is out of its reach.
func TestThroughTheSandbox(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	exec := sandbox.NewExecutor([]string{"PATH=" + os.Getenv("PATH")}, []string{self, "shim"})
	for name, form := range map[string]*job.Confinement{
		"off": nil, "strict": {Level: job.LevelStrict}, "standard": {Level: job.LevelStandard}, "standard plain": {Level: job.LevelStandard, Plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if form != nil {
				if err := exec.Try(t.Context(), *form); err != nil {
					if os.Getenv("MUSTER_TEST_SANDBOX") == "all" {
						t.Fatal(err)
					}
					t.Skip(err)
				}
				form.Home, form.Writable, form.Readable = dir, []string{dir}, []string{self}
			}
			config := registries.Config{NPM: registry(t)}
			file, socket := opened(t, config)
			out, err := exec.Run(t.Context(), job.Command{
				Argv: []string{self, "fetch", "${npm_config_registry}pkg", "${npm_config_registry}-/v1/search", "https://other.example.com/", "http://other.example.com/", config.NPM + "/pkg"},
				Dir:  dir, Env: mirror.Env(job.DoorAddress, config), Door: &job.Door{Socket: socket}, Confine: form,
			})
			lines := strings.Split(out.Stdout, "\n")
			if err != nil || len(lines) < 6 || !strings.HasPrefix(lines[0], `200 {"name":"pkg"`) || !strings.HasPrefix(lines[1], "403 muster: of an npm registry") ||
				!strings.Contains(lines[2], "Forbidden") || !strings.HasPrefix(lines[3], "403 muster: addresses without encryption") || strings.HasPrefix(lines[4], "200") != (form == nil) {
				t.Errorf("%v %+v", err, out)
			}
			all, err := outside.Connections(file, func(string) bool { return true })
			if err != nil || len(all) != 4 || len(outside.Refusals(all)) != 3 || !strings.Contains(all[2].Refused, "egress: [other.example.com]") {
				t.Errorf("%+v %v", all, err)
			}
		})
	}
}

// npm itself, confined.
func TestNPMInTheSandbox(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	npm, err := osexec.LookPath("npm")
	if err != nil {
		t.Skip(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	exec := sandbox.NewExecutor([]string{"PATH=" + os.Getenv("PATH")}, []string{self, "shim"})
	form, why, err := exec.Choose(t.Context(), "auto")
	if err != nil || form == nil {
		t.Skip(why, err)
	}
	real, err := filepath.EvalSymlinks(npm)
	if err != nil {
		t.Fatal(err)
	}
	form.Home, form.Writable, form.Readable = dir, []string{dir}, []string{self, npm, filepath.Dir(filepath.Dir(real))}
	config := registries.Config{NPM: registry(t)}
	file, socket := opened(t, config)
	out, err := exec.Run(t.Context(), job.Command{
		Argv: []string{"npm", "view", "pkg", "version"}, Dir: dir, Env: mirror.Env(job.DoorAddress, config), Door: &job.Door{Socket: socket}, Confine: form,
	})
	all, _ := outside.Connections(file, func(string) bool { return true })
	if err != nil || strings.TrimSpace(out.Stdout) != "1.2.3" || len(all) == 0 {
		t.Errorf("%v %+v %+v", err, out, all)
	}
}
