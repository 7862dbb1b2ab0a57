package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/pantry/internal/limit"
	"example.com/pantry/internal/store"
)

// newServer gives a server with 2 kg of rice, for a client with so many
// requests.
func newServer(t *testing.T, burst int) *Server {
	t.Helper()
	st := store.New()
	if err := st.Put(store.Item{Name: "rice", Grams: 2000}); err != nil {
		t.Fatal(err)
	}
	return New(st, limit.New(1, burst, time.Now))
}

// ask sends a request and gives the answer.
func ask(s *Server, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func TestItems(t *testing.T) {
	s := newServer(t, 100)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/items/rice", "", 200, `"amount":"2kg"`},
		{"PUT", "/items/flour", `{"amount":"750g"}`, 200, `"amount":"750g"`},
		{"POST", "/items/rice/take", `{"amount":"0.5kg"}`, 200, `"amount":"1.5kg"`},
		{"GET", "/items", "", 200, `[{"name":"flour","amount":"750g"},{"name":"rice","amount":"1.5kg"}]`},
		{"POST", "/items/rice/take", `{"amount":"9kg"}`, 409, "not enough"},
		{"GET", "/items/salt", "", 404, "no such item"},
		{"PUT", "/items/salt", `{"amount":"a lot"}`, 400, "unit missing"},
		{"PUT", "/items/salt", `no json`, 400, "body"},
		{"DELETE", "/items", "", 405, ""},
	} {
		w := ask(s, tt.method, tt.path, tt.body)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s: %d %s; want %d and %q", tt.method, tt.path, w.Code, w.Body, tt.status, tt.want)
		}
	}
}

func TestLimit(t *testing.T) {
	s := newServer(t, 1)
	ask(s, "GET", "/items", "")
	w := ask(s, "GET", "/items", "")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
		t.Errorf("second request: %d, Retry-After %q; want 429 and 1", w.Code, w.Header().Get("Retry-After"))
	}
}
