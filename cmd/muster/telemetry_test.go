package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// collector starts a collector of OpenTelemetry that keeps what it is sent in
// FOLDER/traces and FOLDER/metrics, or one that never answers, and sets the
// variable that names it:
//
//	collector FOLDER
//	collector hang
func collector(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: collector FOLDER or collector hang")
	}
	end := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if args[0] == "hang" {
			<-end
			return
		}
		var f *os.File
		if err == nil {
			f, err = os.OpenFile(filepath.Join(args[0], path.Base(r.URL.Path)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer f.Close()
		_, _ = f.Write(append(body, '\n')) // what is missing fails the story
	}))
	ts.Defer(func() {
		close(end)
		s.Close()
	})
	if args[0] != "hang" {
		ts.Check(os.MkdirAll(args[0], 0o755))
	}
	ts.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", s.URL)
}
