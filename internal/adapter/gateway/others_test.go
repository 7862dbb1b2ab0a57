package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"muster/internal/adapter/gateway"
)

// beside serves what is not of models.
type beside struct {
	hosts  []string
	closed chan struct{}
}

func (b *beside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprint(w, r.URL.Path, b.hosts)
}

func (b *beside) Close() error {
	close(b.closed)
	return nil
}

// What is asked for beside models goes to who serves it for this door, and
// ends with the door.
func TestOthers(t *testing.T) {
	served := map[string]*beside{}
	h := newHouseWith(t, gateway.Options{Others: func(d gateway.Door) http.Handler {
		b := &beside{d.Egress, make(chan struct{})}
		served[d.Name] = b
		return b
	}})
	for _, name := range []string{"a", "b"} {
		h.open(name, "http://127.0.0.1:1", func(d *gateway.Door) { d.Egress = []string{name + ".example.com"} })
	}
	resp, err := h.through("b").Get("http://door/go/x/@v/list")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "/go/x/@v/list[b.example.com]" {
		t.Errorf("%s", body)
	}
	h.shut("b")
	<-served["b"].closed
	select {
	case <-served["a"].closed:
		t.Error("another door was closed")
	default:
	}
}
