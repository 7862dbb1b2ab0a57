package api

// routes says which function answers which request.
func (s *Server) routes() {
	s.mux.HandleFunc("GET /items", s.list)
	s.mux.HandleFunc("GET /items/{name}", s.get)
	s.mux.HandleFunc("PUT /items/{name}", s.put)
	s.mux.HandleFunc("POST /items/{name}/take", s.take)
	s.mux.HandleFunc("GET /health", s.health)
	s.mux.HandleFunc("GET /stats", s.stats)
}
