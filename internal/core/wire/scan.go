package wire

import (
	"bytes"
	"encoding/json"
)

// scanner goes over one JSON object without decoding it: bodies hold whole
// conversations, and only a few keys of them matter.
type scanner struct {
	b             []byte
	i             int
	attached      int64
	attachedBytes int64
}

// most is how deep values may be nested.
const most = 500

// object calls visit for every key of the object that the body is. Values are
// parts of the body. A key that is there twice is an error: services differ in
// which of the two they take.
func (s *scanner) object(visit func(key string, value []byte)) error {
	s.space()
	if !s.take('{') {
		return errShape
	}
	seen := map[string]bool{}
	s.space()
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return errShape
		}
		s.space()
		key, ok := s.key()
		if !ok {
			return errShape
		}
		if seen[key] {
			return errTwice
		}
		seen[key] = true
		s.space()
		if !s.take(':') {
			return errShape
		}
		s.space()
		from := s.i
		if !s.value() {
			return errShape
		}
		visit(key, s.b[from:s.i])
		s.space()
	}
	s.space()
	if s.i != len(s.b) {
		return errShape
	}
	return nil
}

func (s *scanner) key() (string, bool) {
	from := s.i
	if !s.text() {
		return "", false
	}
	var key string
	return key, json.Unmarshal(s.b[from:s.i], &key) == nil
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// text skips a text. A long one without spaces is taken for something that is
// attached.
func (s *scanner) text() bool {
	if !s.take('"') {
		return false
	}
	from := s.i
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			return false
		}
		end := s.i + n
		s.i = end + 1
		slashes := 0
		for end-slashes > from && s.b[end-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			if n := end - from; n >= attachedBytes && isAttached(s.b[from:end]) {
				s.attached++
				s.attachedBytes += int64(n)
			}
			return true
		}
	}
}

// isAttached reports whether a text is nothing but base64, perhaps with the
// beginning of a data URL.
func isAttached(b []byte) bool {
	if bytes.HasPrefix(b, []byte("data:")) {
		if i := bytes.IndexByte(b[:min(len(b), 200)], ','); i >= 0 {
			b = b[i+1:]
		}
	}
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '=' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// value skips one value. What is within objects and lists is only looked at
// for texts and brackets; the service will say what is wrong with it.
func (s *scanner) value() bool {
	var open []byte
	for {
		s.space()
		if s.i >= len(s.b) {
			return false
		}
		switch c := s.b[s.i]; c {
		case '"':
			if !s.text() {
				return false
			}
		case '{', '[':
			if len(open) == most {
				return false
			}
			open = append(open, c)
			s.i++
		case '}', ']':
			if n := len(open); n == 0 || (open[n-1] == '{') != (c == '}') {
				return false
			}
			open = open[:len(open)-1]
			s.i++
		case ',', ':':
			if len(open) == 0 {
				return false
			}
			s.i++
			continue
		default:
			if !s.plain() {
				return false
			}
		}
		if len(open) == 0 {
			return true
		}
	}
}

// plain skips a number, true, false or null.
func (s *scanner) plain() bool {
	from := s.i
	for s.i < len(s.b) {
		c := s.b[s.i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' && c != '+' && c != '.' && c != 'E' {
			break
		}
		s.i++
	}
	return s.i > from
}
