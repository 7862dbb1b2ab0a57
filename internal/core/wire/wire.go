// Package wire reads what goes between agents and the services of models, in
// the dialects that they speak: which model is asked, how long the answer may
// be, and what it consumed. It is pure: bytes in, data out.
//
// Both sides are hostile. Whatever cannot be read is an error or is left out;
// counts are bounded; no input makes it panic.
package wire

import (
	"encoding/json"
	"strings"
)

// Dialect is a format of requests and answers.
type Dialect string

// The dialects.
const (
	Messages  Dialect = "messages"  // Anthropic
	Chat      Dialect = "chat"      // OpenAI Chat Completions
	Responses Dialect = "responses" // OpenAI
	Gemini    Dialect = "gemini"    // generateContent
)

// Call is what a method and a path ask for.
type Call struct {
	Dialect Dialect
	Costs   bool // it is answered by a model, and paid for; else it lists models, counts tokens or says hello
	Stream  bool // Gemini: the path asks for a stream
	Model   string
}

// Of says what a request asks for by its method and path, and whether it is
// one that agents need. Whatever else a service offers (files, batches, jobs in
// the background, administration) is not for agents.
func Of(method, path string) (Call, bool) {
	path = strings.TrimSuffix(path, "/")
	at := func(suffix string) bool { return path == suffix || strings.HasSuffix(path, suffix) }
	if method == "POST" {
		switch {
		case at("/messages"):
			return Call{Dialect: Messages, Costs: true}, true
		case at("/chat/completions"):
			return Call{Dialect: Chat, Costs: true}, true
		case at("/responses"), at("/responses/compact"):
			return Call{Dialect: Responses, Costs: true}, true
		case at("/messages/count_tokens"):
			return Call{Dialect: Messages}, true
		}
		if model, verb, ok := geminiPath(path); ok {
			switch verb {
			case "generateContent", "streamGenerateContent":
				return Call{Dialect: Gemini, Costs: true, Stream: verb == "streamGenerateContent", Model: model}, true
			case "countTokens":
				return Call{Dialect: Gemini, Model: model}, true
			}
		}
		return Call{}, false
	}
	if method != "GET" && method != "HEAD" {
		return Call{}, false
	}
	switch {
	case at("/models"), at("/api/hello"), path == "", path == "/v1", path == "/v1beta":
		return Call{}, true
	}
	dir := path[:max(strings.LastIndexByte(path, '/'), 0)]
	return Call{}, dir == "/models" || strings.HasSuffix(dir, "/models")
}

// IsEvents reports whether an answer with this Content-Type is a stream of
// events.
func IsEvents(contentType string) bool {
	return strings.HasPrefix(strings.ToLower(contentType), "text/event-stream")
}

// geminiPath reads a path such as /v1beta/models/NAME:VERB.
func geminiPath(path string) (model, verb string, ok bool) {
	_, rest, found := strings.Cut(path, "/models/")
	model, verb, hasVerb := strings.Cut(rest, ":")
	return model, verb, found && hasVerb && model != "" && !strings.Contains(model, "/")
}

// Failure gives the body of an answer that is an error, in the dialect's form.
// The kind is one of the words of Kind.
func Failure(d Dialect, status int, message string) []byte {
	type object = map[string]any
	kind, grpc := kinds(status)
	var v object
	switch d {
	case Messages:
		v = object{"type": "error", "error": object{"type": kind, "message": message}}
	case Gemini:
		v = object{"error": object{"code": status, "message": message, "status": grpc}}
	case Chat, Responses:
		v = object{"error": object{"message": message, "type": kind, "code": kind, "param": nil}}
	default:
		v = object{"error": object{"message": message, "type": kind}}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers can be encoded
	}
	return b
}

// kinds names a status as the services do.
func kinds(status int) (kind, grpc string) {
	switch status {
	case 401, 403:
		return "authentication_error", "UNAUTHENTICATED"
	case 404:
		return "not_found_error", "NOT_FOUND"
	case 413:
		return "request_too_large", "INVALID_ARGUMENT"
	case 429:
		return "rate_limit_error", "RESOURCE_EXHAUSTED"
	case 502, 503, 504:
		return "api_error", "UNAVAILABLE"
	}
	if status >= 500 {
		return "api_error", "INTERNAL"
	}
	return "invalid_request_error", "INVALID_ARGUMENT"
}
