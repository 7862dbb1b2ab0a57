package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Request is what a request says of itself.
type Request struct {
	Model     string
	Stream    bool
	MaxOutput int64 // tokens that the answer may have; 0 when it does not say
	Bytes     int64 // of the body, without what is attached
	Attached  int64 // pictures and files in it
	TellsUse  bool  // Chat: the client asked for usage in the stream
	Fast      bool  // it asks for a dearer class of service
}

// Errors of requests.
var (
	errShape      = errors.New("the body is not one JSON object")
	errTwice      = errors.New("the body has a key twice")
	errBackground = errors.New("jobs in the background are not for agents")
	errTier       = errors.New("the class of service is not one that is known")
	errMany       = errors.New("more than one answer is asked for at once")
)

// attachedBytes is the length from which a text without spaces is a picture
// or a file.
const attachedBytes = 2048

// fields are the keys of a body that matter.
type fields struct {
	model, stream, options, background, tier, speed, many []byte
	output                                                []byte // whatever bounds the answer
	config                                                []byte // Gemini
}

// ReadRequest reads a request's body. A body that a service might understand
// in another way than this does is refused.
func ReadRequest(c Call, body []byte) (Request, error) {
	var f fields
	s := scanner{b: body}
	err := s.object(func(key string, value []byte) {
		for _, k := range []struct {
			name string
			into *[]byte
		}{
			{"model", &f.model},
			{"stream", &f.stream},
			{"stream_options", &f.options},
			{"background", &f.background},
			{"service_tier", &f.tier},
			{"speed", &f.speed},
			{"max_tokens", &f.output},
			{"max_completion_tokens", &f.output},
			{"max_output_tokens", &f.output},
			{"generationConfig", &f.config},
			{"generation_config", &f.config},
			{"n", &f.many},
			{"best_of", &f.many},
		} {
			if k.name == key {
				*k.into = value
			}
		}
	})
	if err != nil {
		return Request{}, err
	}
	r := Request{Model: c.Model, Stream: c.Stream, Bytes: int64(len(body)) - s.attachedBytes, Attached: s.attached}
	if c.Dialect != Gemini {
		r.Model, r.Stream = word(f.model), string(f.stream) == "true"
	}
	r.MaxOutput = number(f.output)
	if f.config != nil {
		var config struct {
			Max      json.RawMessage `json:"maxOutputTokens"`
			MaxSnake json.RawMessage `json:"max_output_tokens"`
			Many     count           `json:"candidateCount"`
		}
		if json.Unmarshal(f.config, &config) != nil {
			return Request{}, errShape
		}
		r.MaxOutput = max(number(config.Max), number(config.MaxSnake))
		if config.Many > 1 {
			return Request{}, errMany
		}
	}
	if number(f.many) > 1 {
		return Request{}, errMany
	}
	if string(f.background) == "true" {
		return Request{}, errBackground
	}
	switch tier := word(f.tier); {
	case word(f.speed) == "fast", tier == "priority", tier == "fast":
		r.Fast = true
	case tier != "" && tier != "auto" && tier != "default" && tier != "flex" && tier != "standard" && tier != "standard_only":
		return Request{}, errTier
	}
	var options struct {
		Use bool `json:"include_usage"`
	}
	if f.options != nil && json.Unmarshal(f.options, &options) == nil {
		r.TellsUse = options.Use
	}
	return r, nil
}

// AskUse gives the body of a Chat request with the wish to be told the usage
// at the end of the stream.
func AskUse(body []byte) []byte {
	const wish = `"stream_options":{"include_usage":true}`
	s := scanner{b: body}
	var options []byte
	if err := s.object(func(key string, value []byte) {
		if key == "stream_options" {
			options = value
		}
	}); err != nil {
		return body
	}
	if options == nil {
		at := bytes.IndexByte(body, '{') + 1
		rest := body[at:]
		comma := ","
		if strings.HasPrefix(strings.TrimLeft(string(rest[:min(len(rest), 64)]), " \t\r\n"), "}") {
			comma = ""
		}
		return append(append(append(make([]byte, 0, len(body)+len(wish)+1), body[:at]...), wish+comma...), rest...)
	}
	had := map[string]json.RawMessage{}
	if json.Unmarshal(options, &had) != nil || had == nil {
		had = map[string]json.RawMessage{}
	}
	had["include_usage"] = json.RawMessage("true")
	now, err := json.Marshal(had)
	if err != nil {
		return body
	}
	at := cap(body) - cap(options) // where options begins in body
	return append(append(append(make([]byte, 0, len(body)+len(now)), body[:at]...), now...), body[at+len(options):]...)
}

// word gives a JSON text, or nothing.
func word(b []byte) string {
	var s string
	if json.Unmarshal(b, &s) != nil {
		return ""
	}
	return s
}

// number gives a JSON number between 0 and a million million, or 0.
func number(b []byte) int64 {
	var c count
	if len(b) == 0 || json.Unmarshal(b, &c) != nil {
		return 0
	}
	return int64(c)
}
