package gateway

import (
	"encoding/json"
	"net/http"
	"os"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// State is how a running gateway is.
type State struct {
	PID      int       `json:"pid"`
	Doors    []string  `json:"doors"`
	Accounts []Account `json:"accounts"` // that have to be waited for
}

// opening is what is sent to open a door: its secrets are sent beside it, and
// never stored with it.
type opening struct {
	Door      Door              `json:"door"`
	Secrets   map[string]string `json:"secrets"`
	Telemetry map[string]string `json:"telemetry,omitempty"`
}

// control serves the control socket. Whoever can open it is the person who
// runs Muster: agents cannot reach the folder that it is in.
func (s *server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		st := State{PID: os.Getpid(), Doors: []string{}, Accounts: s.quota.state()}
		s.mu.Lock()
		for name := range s.doors {
			st.Doors = append(st.Doors, name)
		}
		s.mu.Unlock()
		answer(w, st, nil)
	})
	mux.HandleFunc("PUT /doors", func(w http.ResponseWriter, r *http.Request) {
		var o opening
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl)).Decode(&o)
		if err == nil {
			err = checkName(o.Door.Name)
		}
		if err == nil {
			err = writeDoor(s.dir, o.Door)
		}
		if err == nil {
			o.Door.Secrets, o.Door.Telemetry = o.Secrets, o.Telemetry
			err = s.open(o.Door)
		}
		answer(w, struct{}{}, err)
	})
	mux.HandleFunc("DELETE /doors/{name}", func(w http.ResponseWriter, r *http.Request) {
		until, err := s.closeDoor(r.PathValue("name"), job.OutcomeKind(r.URL.Query().Get("outcome")))
		spend := s.journal.spend(r.PathValue("name"))
		spend.UntilUS = until
		answer(w, spend, err)
	})
	mux.HandleFunc("GET /doors/{name}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, s.journal.spend(r.PathValue("name")), nil)
	})
	mux.HandleFunc("GET /scopes", func(w http.ResponseWriter, r *http.Request) {
		answer(w, s.journal.spent(r.URL.Query().Get("name"), s.isOpen()), nil)
	})
	// A connection that asks for this is held until the gateway ends, so that
	// others see when it does.
	mux.HandleFunc("GET /alive", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	return mux
}

func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		v = map[string]string{"error": err.Error(), "kind": string(fault.KindOf(err)), "hint": fault.HintOf(err)}
	}
	_ = json.NewEncoder(w).Encode(v) // fails only when the other side has left
}
