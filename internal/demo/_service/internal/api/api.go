// Package api serves the stock over HTTP.
package api

import (
	"encoding/json"
	"errors"
	"math"
	"net"
	"net/http"
	"strconv"

	"example.com/pantry/internal/limit"
	"example.com/pantry/internal/store"
)

// Server answers requests from a store, within a limit for each client.
type Server struct {
	store   *store.Store
	limiter *limit.Limiter
	mux     *http.ServeMux
}

// New gives a server for the store.
func New(st *store.Store, limiter *limit.Limiter) *Server {
	s := &Server{store: st, limiter: limiter, mux: http.NewServeMux()}
	s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		client = r.RemoteAddr
	}
	if ok, wait := s.limiter.Allow(client); !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		respond(w, http.StatusTooManyRequests, problem{"too many requests"})
		return
	}
	s.mux.ServeHTTP(w, r)
}

// problem is the body of every answer that is not a success.
type problem struct {
	Error string `json:"error"`
}

// respond writes body as JSON.
func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone when this fails
}

// fail answers with the status that belongs to err.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, store.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, store.ErrShort):
		status = http.StatusConflict
	case errors.Is(err, store.ErrInvalid):
		status = http.StatusBadRequest
	}
	respond(w, status, problem{err.Error()})
}
