package gateway

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"muster/internal/core/wire"
)

// copyAll passes bytes on as they come, and reports whether they came to
// their end.
func copyAll(w http.ResponseWriter, body io.Reader, see func([]byte)) bool {
	flush := http.NewResponseController(w).Flush
	buf := make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			see(buf[:n])
			if _, err := w.Write(buf[:n]); err != nil {
				return false
			}
			_ = flush() // a client that has left shows at the next write
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// copyEvents passes a stream on without the event that the client did not ask
// for.
func copyEvents(w http.ResponseWriter, body io.Reader, reader *wire.Reader) bool {
	flush := http.NewResponseController(w).Flush
	buf := make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		for _, e := range reader.Write(buf[:n]) {
			if e.UseOnly {
				continue
			}
			if _, err := w.Write(e.Raw); err != nil {
				return false
			}
			_ = flush() // a client that has left shows at the next write
		}
		if err != nil {
			_, werr := w.Write(reader.Rest())
			return errors.Is(err, io.EOF) && werr == nil
		}
	}
}

// copyHeader copies what is not between two machines only.
func copyHeader(to, from http.Header) {
	skip := map[string]bool{
		"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true, "Te": true, "Trailer": true,
		"Transfer-Encoding": true, "Upgrade": true, "Set-Cookie": true, "Cookie": true, "Accept-Encoding": true, "Host": true,
		"Forwarded": true, "X-Forwarded-For": true,
	}
	for _, v := range from.Values("Connection") {
		for name := range strings.SplitSeq(v, ",") {
			skip[http.CanonicalHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	for name, values := range from {
		if !skip[name] {
			to[name] = append([]string(nil), values...)
		}
	}
}
