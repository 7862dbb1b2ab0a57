package gateway

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/core/recording"
)

// A request that cannot be recorded is not sent, and none after it.
func TestBrokenRecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "task.1.jsonl")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path) // nothing can be written
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := &recorder{file: f}
	for range 2 {
		w := httptest.NewRecorder()
		x := &exchange{
			d: &door{s: &server{log: slog.New(slog.DiscardHandler)}, recorder: r}, spec: Door{Recording: &Recording{}}, w: w,
			r: httptest.NewRequest(http.MethodPost, "/model/openai/chat/completions", nil),
		}
		_, ok := x.record()
		body, err := io.ReadAll(w.Result().Body)
		if ok || err != nil || w.Code != http.StatusServiceUnavailable || !strings.Contains(string(body), "cannot be recorded, so it is not sent") {
			t.Errorf("%v, status %d: %s", ok, w.Code, body)
		}
	}
	if err := r.write(recording.PartLine(1, nil)); err == nil {
		t.Error("more is recorded")
	}
}
