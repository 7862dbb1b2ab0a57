package api

import (
	"strings"
	"testing"
)

func TestListByPrefix(t *testing.T) {
	s := newServer(t, 10)
	ask(s, "PUT", "/items/flour", `{"amount":"750g"}`)
	for path, want := range map[string]string{
		"/items?prefix=RI":     `[{"name":"rice","amount":"2kg"}]`,
		"/items?prefix=pepper": `[]`,
		"/items?prefix=":       `[{"name":"flour","amount":"750g"},{"name":"rice","amount":"2kg"}]`,
		"/items":               `[{"name":"flour","amount":"750g"},{"name":"rice","amount":"2kg"}]`,
	} {
		w := ask(s, "GET", path, "")
		if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != want {
			t.Errorf("GET %s: %d %s; want %s", path, w.Code, got, want)
		}
	}
}
