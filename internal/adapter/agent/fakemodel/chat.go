package fakemodel

import (
	"fmt"
	"net/http"
)

// chat is the OpenAI Chat Completions dialect.
type chat struct{}

func (chat) parse(body object) *ask {
	a := &ask{model: text(body["model"]), isStream: truth(body["stream"])}
	for _, t := range items(body["tools"]) {
		f := fields(t["function"])
		a.tools = append(a.tools, tool{name: text(f["name"]), schema: fields(f["parameters"])})
	}
	a.schema = fields(fields(fields(body["response_format"])["json_schema"])["schema"])
	var entries []entry
	for _, m := range items(body["messages"]) {
		entries = append(entries, entry{
			isUser: m["role"] == "user", text: said(m["content"]), calls: len(items(m["tool_calls"])),
		})
	}
	a.entries = entries
	return a
}

func (chat) failure(kind, message string) object { return responses{}.failure(kind, message) }

func (d chat) write(r *reply) {
	usage := object{
		"prompt_tokens": InputTokens, "completion_tokens": OutputTokens, "total_tokens": InputTokens + OutputTokens,
		"prompt_tokens_details":     object{"cached_tokens": CacheReadTokens},
		"completion_tokens_details": object{"reasoning_tokens": ReasoningTokens},
	}
	finish := "stop"
	if len(r.calls) > 0 {
		finish = "tool_calls"
	}
	head := object{"id": "chatcmpl-" + r.id, "created": 1, "model": r.ask.model}
	if !r.ask.isStream {
		m := object{"role": "assistant", "content": r.text}
		var calls []any
		for i, c := range r.calls {
			calls = append(calls, d.call(r, i, c, c.argsText()))
		}
		if calls != nil {
			m["tool_calls"] = calls
		}
		head["object"], head["usage"] = "chat.completion", usage
		head["choices"] = []any{object{"index": 0, "message": m, "finish_reason": finish}}
		writeJSON(r.w, http.StatusOK, head)
		return
	}
	r.begin()
	head["object"] = "chat.completion.chunk"
	send := func(delta object, finish any) {
		head["choices"] = []any{object{"index": 0, "delta": delta, "finish_reason": finish}}
		r.send("", head)
	}
	send(object{"role": "assistant", "content": ""}, nil)
	for _, part := range halves(r.text) {
		send(object{"content": part}, nil)
		r.maybeCut()
	}
	for i, c := range r.calls {
		for k, part := range halves(c.argsText()) {
			delta := object{"index": i, "function": object{"arguments": part}}
			if k == 0 {
				delta = d.call(r, i, c, part)
			}
			send(object{"tool_calls": []any{delta}}, nil)
			r.maybeCut()
		}
	}
	send(object{}, finish)
	head["choices"], head["usage"] = []any{}, usage
	r.send("", head)
	_, _ = fmt.Fprint(r.w, "data: [DONE]\n\n")
}

func (chat) call(r *reply, i int, c call, args string) object {
	return object{
		"index": i, "id": fmt.Sprintf("call_%s_%d", r.id, i), "type": "function",
		"function": object{"name": c.tool.name, "arguments": args},
	}
}
