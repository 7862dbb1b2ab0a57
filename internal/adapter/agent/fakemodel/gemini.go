package fakemodel

import (
	"fmt"
	"net/http"
	"strings"
)

// gemini is the dialect of Google's Gemini service. Its requests name the
// model and whether to stream in the path, not in the body.
type gemini struct {
	model    string
	isStream bool
}

// geminiOf reads a path such as /v1beta/models/NAME:streamGenerateContent,
// and says whether it is one.
func geminiOf(path string) (gemini, bool) {
	_, rest, ok := strings.Cut(path, "/models/")
	model, method, hasMethod := strings.Cut(rest, ":")
	isStream := method == "streamGenerateContent"
	return gemini{model, isStream}, ok && hasMethod && (isStream || method == "generateContent")
}

func (d gemini) parse(body object) *ask {
	a := &ask{model: d.model, isStream: d.isStream}
	for _, group := range items(body["tools"]) {
		for _, f := range items(group["functionDeclarations"]) {
			schema := fields(f["parametersJsonSchema"])
			if schema == nil {
				schema = fields(f["parameters"])
			}
			a.tools = append(a.tools, tool{name: text(f["name"]), schema: schema})
		}
	}
	settings := fields(body["generationConfig"])
	for _, key := range []string{"responseJsonSchema", "responseSchema"} {
		if s := fields(settings[key]); s != nil {
			a.schema = s
		}
	}
	for _, c := range items(body["contents"]) {
		e := entry{isUser: c["role"] == "user"}
		for _, part := range items(c["parts"]) {
			e.text += text(part["text"]) + "\n"
			if _, isCall := part["functionCall"]; isCall {
				e.calls++
			}
		}
		a.entries = append(a.entries, e)
	}
	return a
}

func (gemini) failure(kind, message string) object {
	code, status := 500, "INTERNAL"
	switch kind {
	case "invalid_request_error":
		code, status = 400, "INVALID_ARGUMENT"
	case "authentication_error":
		code, status = 401, "UNAUTHENTICATED"
	case "rate_limit_error":
		code, status = 429, "RESOURCE_EXHAUSTED"
	case "overloaded_error":
		code, status = 529, "UNAVAILABLE"
	}
	return object{"error": object{"code": code, "message": message, "status": status}}
}

func (d gemini) write(r *reply) {
	var parts []any
	if r.text != "" {
		parts = append(parts, object{"text": r.text})
	}
	for i, c := range r.calls {
		id := fmt.Sprintf("call_%s_%d", r.id, i)
		parts = append(parts, object{"functionCall": object{"id": id, "name": c.tool.name, "args": c.args}, "thoughtSignature": "ZmFrZQ=="})
	}
	if !r.ask.isStream {
		writeJSON(r.w, http.StatusOK, d.chunk(r, parts, "STOP"))
		return
	}
	r.begin()
	for i, part := range parts {
		var finish any
		if i == len(parts)-1 {
			finish = "STOP"
		}
		r.send("", d.chunk(r, []any{part}, finish))
		r.maybeCut()
	}
}

func (gemini) chunk(r *reply, parts []any, finish any) object {
	candidate := object{"index": 0, "content": object{"role": "model", "parts": parts}}
	if finish != nil {
		candidate["finishReason"] = finish
	}
	return object{
		"candidates": []any{candidate}, "modelVersion": r.ask.model, "responseId": "resp_" + r.id,
		"usageMetadata": object{
			"promptTokenCount": InputTokens, "cachedContentTokenCount": CacheReadTokens,
			"candidatesTokenCount": OutputTokens - ReasoningTokens, "thoughtsTokenCount": ReasoningTokens,
			"totalTokenCount": InputTokens + OutputTokens,
		},
	}
}
