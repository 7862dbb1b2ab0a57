package mirror

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const configFile = ".muster/config.yaml"

// exchange is one request and its answer.
type exchange struct {
	door    *Door
	w       http.ResponseWriter
	r       *http.Request
	c       Connection
	started bool // the answer has begun; nothing can be taken back
}

// answer is an error with the status and the sentence that the process gets.
type answer struct {
	status  int
	text    string
	refusal bool // it was not let through, by a rule of the door
}

func (a *answer) Error() string { return a.text }

// refused is the answer to what the door does not let through.
func refused(format string, args ...any) error {
	return &answer{status: http.StatusForbidden, text: fmt.Sprintf(format, args...), refusal: true}
}

// failed is the answer when something else went wrong.
func failed(status int, format string, args ...any) error {
	return &answer{status: status, text: fmt.Sprintf(format, args...)}
}

// isMissing reports whether a registry says itself that there is nothing.
func isMissing(err error) bool {
	a, ok := errors.AsType[*answer](err)
	return ok && (a.status == http.StatusNotFound || a.status == http.StatusGone)
}

// end writes what an error says. An answer that has begun can only be broken
// off: half of it must not look like the whole.
func (x *exchange) end(err error) {
	if err == nil {
		return
	}
	a, ok := errors.AsType[*answer](err)
	if !ok {
		a = &answer{status: http.StatusBadGateway, text: err.Error()}
	}
	if a.refusal {
		x.c.Refused = a.text
	}
	x.c.Status = a.status
	if x.started {
		panic(http.ErrAbortHandler)
	}
	x.header("text/plain; charset=utf-8")
	x.w.WriteHeader(a.status)
	if x.r.Method != http.MethodHead {
		_, _ = fmt.Fprintf(x.w, "muster: %s\n", printable(a.text, 1000)) // nobody is left to be told
	}
}

// heavy waits until few others hold a large text in memory, and gives the end
// of it.
func (x *exchange) heavy() (end func()) {
	x.door.mirror.heavy <- struct{}{}
	return func() { <-x.door.mirror.heavy }
}

// header sets what every answer has.
func (x *exchange) header(contentType string) {
	h := x.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
}

// text answers with a whole body.
func (x *exchange) text(contentType string, body []byte) error {
	x.started = true
	x.c.Status = http.StatusOK
	x.header(contentType)
	x.w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	x.w.WriteHeader(http.StatusOK)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(body) // a process that went away misses nothing
	}
	return nil
}

// split gives the decoded parts of a path. Every part is one name: not empty,
// not "." or "..", without a slash, a backslash or a control character. Only
// the two names of an npm scope may have an encoded slash between them, as npm
// writes it. One slash may end the path.
func split(path string) (parts []string, ok bool) {
	path, ok = strings.CutPrefix(path, "/")
	if !ok {
		return nil, false
	}
	for raw := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		part, err := url.PathUnescape(raw)
		if err != nil {
			return nil, false
		}
		scope, name, scoped := strings.Cut(part, "/")
		if !scoped {
			parts = append(parts, part)
			continue
		}
		if !strings.HasPrefix(scope, "@") {
			return nil, false
		}
		parts = append(parts, scope, name)
	}
	for _, p := range parts {
		if p == "" || p == "." || p == ".." || strings.ContainsFunc(p, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' || r == '\\' || r == '%' }) {
			return nil, false
		}
	}
	return parts, true
}

// printable gives at most most bytes of a text, with everything but printable
// ASCII replaced.
func printable(s string, most int) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), most)])
}
