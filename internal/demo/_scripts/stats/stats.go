package api

import (
	"net/http"

	"example.com/pantry/internal/amount"
)

// totals is the stock as a whole.
type totals struct {
	Items  int    `json:"items"`
	Amount string `json:"amount"`
}

// stats gives the number of items and their total amount.
func (s *Server) stats(w http.ResponseWriter, _ *http.Request) {
	items := s.store.List()
	var grams int64
	for _, it := range items {
		grams += it.Grams
	}
	respond(w, http.StatusOK, totals{Items: len(items), Amount: amount.Format(grams)})
}
