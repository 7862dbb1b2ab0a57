package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"example.com/pantry/internal/amount"
	"example.com/pantry/internal/store"
)

// item is an item as clients see it.
type item struct {
	Name   string `json:"name"`
	Amount string `json:"amount"`
}

// shown gives an item as clients see it.
func shown(it store.Item) item {
	return item{Name: it.Name, Amount: amount.Format(it.Grams)}
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	out := []item{}
	for _, it := range s.store.List() {
		out = append(out, shown(it))
	}
	respond(w, http.StatusOK, out)
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	it, err := s.store.Get(r.PathValue("name"))
	if err != nil {
		fail(w, err)
		return
	}
	respond(w, http.StatusOK, shown(it))
}

func (s *Server) put(w http.ResponseWriter, r *http.Request) {
	grams, err := readAmount(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	it := store.Item{Name: r.PathValue("name"), Grams: grams}
	if err := s.store.Put(it); err != nil {
		fail(w, err)
		return
	}
	respond(w, http.StatusOK, shown(it))
}

func (s *Server) take(w http.ResponseWriter, r *http.Request) {
	grams, err := readAmount(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	left, err := s.store.Take(r.PathValue("name"), grams)
	if err != nil {
		fail(w, err)
		return
	}
	respond(w, http.StatusOK, shown(left))
}

// readAmount reads a body such as {"amount": "1.5kg"} and gives grams.
func readAmount(w http.ResponseWriter, r *http.Request) (int64, error) {
	var body struct {
		Amount string `json:"amount"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&body); err != nil {
		return 0, fmt.Errorf("%w: body: %w", store.ErrInvalid, err)
	}
	grams, err := amount.Parse(body.Amount)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", store.ErrInvalid, err)
	}
	return grams, nil
}
