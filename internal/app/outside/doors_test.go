package outside_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/internal/adapter/mirror"
	"muster/internal/app/outside"
	"muster/internal/core/egress"
	"muster/internal/core/registries"
)

func TestDoors(t *testing.T) {
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	defer registry.Close()
	settings := func(context.Context) (registries.Config, error) { return registries.Config{NPM: registry.URL}, nil }
	file := filepath.Join(t.TempDir(), "connections")
	ask := func(d *mirror.Door, method, target string) (int, string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
		d.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	doors := outside.NewDoors(settings, file)
	host, _ := egress.Parse("api.example.com")
	one, two := doors.Open("run.a.1", []egress.Host{host}), doors.Open("run.b.1", nil)
	if status, _ := ask(one, http.MethodGet, "/npm/x"); status != 200 {
		t.Error(status)
	}
	for range 2 {
		if status, body := ask(one, http.MethodConnect, "other.example.com:443"); status != 403 || !strings.Contains(body, "egress: [api.example.com, other.example.com]") {
			t.Error(status, body)
		}
	}
	if err := doors.Close(); err != nil {
		t.Fatal(err)
	}
	// A process that died over a line, and its successor.
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("{\"door\":\"ru\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if status, _ := ask(two, http.MethodPost, "/npm/x"); status != 403 {
		t.Error(status)
	}
	all, err := outside.Connections(file, func(string) bool { return true })
	if err != nil || len(all) != 4 || all[0].Door != "run.a.1" || all[0].Status != 200 || all[0].Path != "/npm/x" || all[0].Received != 2 || all[0].StartUS == 0 || all[3].Door != "run.b.1" {
		t.Errorf("%+v %v", all, err)
	}
	got := outside.Refusals(all)
	if len(got) != 2 || got[0].Times != 2 || got[0].Host != "other.example.com:443" || !strings.Contains(got[0].Why, "egress:") || got[1].Door != "run.b.1" || got[1].Times != 1 {
		t.Errorf("%+v", got)
	}
	some, err := outside.Connections(file, func(door string) bool { return door == "run.b.1" })
	if err != nil || !reflect.DeepEqual(some, all[3:]) {
		t.Errorf("%+v %v", some, err)
	}
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "gateway"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, filepath.Join(root, "gateway", "connections")); err != nil {
		t.Fatal(err)
	}
	told, err := outside.RefusedTo(root, "run", "a")
	if err != nil || len(told) != 1 || !strings.HasPrefix(told[0], "refused to attempt 1, 2 times: other.example.com:443 is not let through") {
		t.Errorf("%q %v", told, err)
	}
	if told, err = outside.RefusedTo(root, "run", "c"); err != nil || len(told) != 0 {
		t.Errorf("%q %v", told, err)
	}
	none, err := outside.Connections(file+"x", func(string) bool { return true })
	if err != nil || none != nil {
		t.Errorf("%+v %v", none, err)
	}
}

// Without a place for records nothing is let through.
func TestDoorsThatCannotRecord(t *testing.T) {
	doors := outside.NewDoors(func(context.Context) (registries.Config, error) { return registries.Config{}, errors.New("not asked") }, filepath.Join(t.TempDir(), "missing", "connections"))
	door := doors.Open("run.a.1", nil)
	var status int
	for range 2 {
		w := httptest.NewRecorder()
		door.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/npm/x", nil))
		status = w.Code
	}
	if status != http.StatusServiceUnavailable {
		t.Error(status)
	}
}
