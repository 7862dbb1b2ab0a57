package outside_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/mirror"
	"muster/internal/adapter/sandbox"
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

// A process of the sandbox, its door, the socket behind it, and a registry.
func TestThroughTheSandbox(t *testing.T) {
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"path":"`+r.URL.Path+`"}`) }))
	defer registry.Close()
	config := registries.Config{NPM: registry.URL}
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "connections"), filepath.Join(dir, "sock")
	doors := outside.NewDoors(func(context.Context) (registries.Config, error) { return config, nil }, file)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	door := doors.Open("run.a.1", nil)
	server := &http.Server{Handler: door}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	defer func() {
		_ = door.Close()
		_ = server.Close()
		<-served
		_ = doors.Close()
	}()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := sandbox.NewExecutor([]string{"PATH=" + os.Getenv("PATH")}, []string{self, "shim"}).Run(t.Context(), job.Command{
		Argv: []string{self, "fetch", "${npm_config_registry}pkg", "${npm_config_registry}-/v1/search", "https://other.example.com/", "http://other.example.com/"},
		Dir:  dir, Env: mirror.Env(job.DoorAddress, config), Door: &job.Door{Socket: socket},
	})
	lines := strings.Split(out.Stdout, "\n")
	if err != nil || len(lines) < 5 || lines[0] != `200 {"path":"/pkg"} <nil>` || !strings.HasPrefix(lines[1], "403 muster: of an npm registry") ||
		!strings.Contains(lines[2], "Forbidden") || !strings.HasPrefix(lines[3], "403 muster: addresses without encryption") {
		t.Errorf("%v %+v", err, out)
	}
	all, err := outside.Connections(file, func(string) bool { return true })
	if err != nil || len(all) != 4 || len(outside.Refusals(all)) != 3 || !strings.Contains(all[2].Refused, "egress: [other.example.com]") {
		t.Errorf("%+v %v", all, err)
	}
}
