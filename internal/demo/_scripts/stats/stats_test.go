package api

import (
	"strings"
	"testing"
)

func TestStats(t *testing.T) {
	s := newServer(t, 10)
	ask(s, "PUT", "/items/flour", `{"amount":"750g"}`)
	w := ask(s, "GET", "/stats", "")
	if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != `{"items":2,"amount":"2.75kg"}` {
		t.Errorf("GET /stats: %d %s", w.Code, got)
	}
}
