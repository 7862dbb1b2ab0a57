package pricelist_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/internal/adapter/pricelist"
	"muster/internal/core/fault"
	"muster/internal/core/meter"
)

const (
	day  = "2026-11-28"
	list = `{"anthropic":{"models":{"claude-x":{"cost":{"input":3,"output":15}}}},"google":{"models":{"g":{"cost":{"input":1,"output":1}}}},"openai":{"models":{"o":{"cost":{"input":1,"output":1}}}}}`
)

func TestReadAndWrite(t *testing.T) {
	root := filepath.Join(t.TempDir(), "state", "muster")
	if got, err := pricelist.Read(root); err != nil || got.Models != nil {
		t.Fatalf("where nothing was fetched: %+v %v", got, err)
	}
	for _, input := range []int64{1, 2} {
		want := meter.Table{Date: day, Origin: "here", Models: map[string]meter.Price{"openai o": {Input: input}}}
		if err := pricelist.Write(root, want); err != nil {
			t.Fatal(err)
		}
		if got, err := pricelist.Read(root); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %v", got, err)
		}
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
	if err := os.Truncate(pricelist.File(root), 100); err != nil {
		t.Fatal(err)
	}
	if _, err := pricelist.Read(root); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), pricelist.File(root)) || fault.HintOf(err) == "" {
		t.Errorf("of a broken file: %v, %q", err, fault.HintOf(err))
	}
}

func TestWriteWhereNothingCanBeWritten(t *testing.T) {
	root := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(root, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := pricelist.Write(root, meter.Table{}); fault.KindOf(err) != fault.Refused {
		t.Error(err)
	}
}

func TestFetch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "api.json")
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api.json":
			_, _ = w.Write([]byte(list))
		case "/moved":
			http.Redirect(w, r, "/api.json", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/page":
			_, _ = w.Write([]byte("<html>"))
		case "/cut":
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write([]byte(list))
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	for _, from := range []string{file, s.URL + "/api.json", s.URL + "/moved"} {
		got, err := pricelist.Fetch(context.Background(), from, day)
		if err != nil || got.Date != day || got.Origin != from || got.Models["anthropic claude-x"].Output != 15e6 {
			t.Errorf("%s: %+v %v", from, got, err)
		}
	}
	for from, kind := range map[string]fault.Kind{
		s.URL + "/none": fault.Transient, s.URL + "/round": fault.Transient, s.URL + "/cut": fault.Transient, s.URL + "/page": fault.Invalid,
		file + ".none": fault.NotFound, "ftp://host/api.json": fault.Invalid, filepath.Dir(file): fault.Invalid, "http://127.0.0.1:1/": fault.Transient,
	} {
		if _, err := pricelist.Fetch(context.Background(), from, day); fault.KindOf(err) != kind || fault.HintOf(err) == "" {
			t.Errorf("%s: %v, %q", from, err, fault.HintOf(err))
		}
	}
}
