package api

import (
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	w := ask(newServer(t, 1), "GET", "/health", "")
	if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != `{"status":"ok"}` {
		t.Errorf("GET /health: %d %s", w.Code, got)
	}
}
