package mirror

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

const maxDepth = 100 // of what an npm registry says

// frame is an object or a list that has not ended.
type frame struct {
	isObject bool
	key      string
	isValue  bool // in an object: the next token is the value of key
}

// rewriteTarballs puts, in what an npm registry says of a package or of one
// version of it, another address in the place of every dist.tarball. All else
// stays as it is, byte for byte. The version is the key above dist, or what the
// manifest says itself, or "".
func rewriteTarballs(body []byte, each func(version, address string) string) ([]byte, error) {
	var self struct{ Version string }
	if err := json.Unmarshal(body, &self); err != nil {
		return nil, errors.New("it is not the JSON of a package")
	}
	var out bytes.Buffer
	d := json.NewDecoder(bytes.NewReader(body))
	var stack []frame
	done := 0
	for {
		before := int(d.InputOffset())
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			out.Write(body[done:])
			return out.Bytes(), nil
		}
		if err != nil || len(stack) > maxDepth {
			return nil, errors.New("its JSON is broken, or too deep")
		}
		if text, ok := token.(string); ok {
			if version, is := tarballOf(stack, self.Version); is {
				after := int(d.InputOffset())
				start := before + bytes.IndexByte(body[before:after], '"')
				out.Write(body[done:start])
				quoted, err := json.Marshal(each(version, text))
				if err != nil {
					return nil, err
				}
				out.Write(quoted)
				done = after
			}
		}
		stack = step(stack, token)
	}
}

// tarballOf reports whether a text that comes next is an address of a tarball.
func tarballOf(stack []frame, version string) (string, bool) {
	if len(stack) != 2 && len(stack) != 4 || slices.ContainsFunc(stack, func(f frame) bool { return !f.isObject || !f.isValue }) {
		return "", false
	}
	if n := len(stack); stack[n-1].key != "tarball" || stack[n-2].key != "dist" {
		return "", false
	}
	if len(stack) == 4 {
		return stack[1].key, stack[0].key == "versions"
	}
	return version, true
}

// step gives the stack after a token.
func step(stack []frame, token json.Token) []frame {
	switch t := token.(type) {
	case json.Delim:
		if t == '{' || t == '[' {
			return append(stack, frame{isObject: t == '{'})
		}
		stack = stack[:len(stack)-1]
	case string:
		if n := len(stack); n > 0 && stack[n-1].isObject && !stack[n-1].isValue {
			stack[n-1].key, stack[n-1].isValue = t, true
			return stack
		}
	}
	if n := len(stack); n > 0 {
		stack[n-1].isValue = false // it was a value, and the next is a key
	}
	return stack
}
