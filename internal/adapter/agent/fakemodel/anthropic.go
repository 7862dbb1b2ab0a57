package fakemodel

import (
	"fmt"
	"net/http"
)

// anthropic is the Messages dialect.
type anthropic struct{}

func (anthropic) parse(body object) *ask {
	a := &ask{model: text(body["model"]), isStream: truth(body["stream"])}
	for _, t := range items(body["tools"]) {
		a.tools = append(a.tools, tool{name: text(t["name"]), schema: fields(t["input_schema"])})
	}
	a.schema = fields(fields(fields(body["output_config"])["format"])["schema"])
	var entries []entry
	for _, m := range items(body["messages"]) {
		e := entry{isUser: m["role"] == "user", text: said(m["content"])}
		for _, part := range items(m["content"]) {
			if part["type"] == "tool_use" {
				e.calls++
			}
		}
		entries = append(entries, e)
	}
	a.entries = entries
	return a
}

func (anthropic) failure(kind, message string) object {
	return object{"type": "error", "error": object{"type": kind, "message": message}}
}

func (d anthropic) write(r *reply) {
	usage := object{
		"input_tokens": InputTokens, "cache_creation_input_tokens": CacheWriteTokens,
		"cache_read_input_tokens": CacheReadTokens, "output_tokens": OutputTokens,
	}
	stop := "end_turn"
	if len(r.calls) > 0 {
		stop = "tool_use"
	}
	m := object{
		"id": "msg_" + r.id, "type": "message", "role": "assistant", "model": r.ask.model,
		"content": d.content(r), "stop_reason": stop, "stop_sequence": nil, "usage": usage,
	}
	if !r.ask.isStream {
		writeJSON(r.w, http.StatusOK, m)
		return
	}
	r.begin()
	m["content"], m["stop_reason"] = []any{}, nil
	r.send("message_start", object{"type": "message_start", "message": m})
	for i, block := range d.content(r) {
		d.block(r, i, block)
	}
	r.send("message_delta", object{
		"type": "message_delta", "delta": object{"stop_reason": stop, "stop_sequence": nil}, "usage": usage,
	})
	r.send("message_stop", object{"type": "message_stop"})
}

func (anthropic) content(r *reply) []object {
	blocks := []object{}
	if r.text != "" {
		blocks = append(blocks, object{"type": "text", "text": r.text})
	}
	for i, c := range r.calls {
		id := fmt.Sprintf("toolu_%s_%d", r.id, i)
		blocks = append(blocks, object{"type": "tool_use", "id": id, "name": c.tool.name, "input": c.args})
	}
	return blocks
}

func (anthropic) block(r *reply, i int, block object) {
	empty, whole, delta, key := object{"type": "text", "text": ""}, text(block["text"]), "text_delta", "text"
	if block["type"] == "tool_use" {
		empty = object{"type": "tool_use", "id": block["id"], "name": block["name"], "input": object{}}
		whole, delta, key = encode(block["input"]), "input_json_delta", "partial_json"
	}
	r.send("content_block_start", object{"type": "content_block_start", "index": i, "content_block": empty})
	for _, part := range halves(whole) {
		r.send("content_block_delta", object{
			"type": "content_block_delta", "index": i, "delta": object{"type": delta, key: part},
		})
		r.maybeCut()
	}
	r.send("content_block_stop", object{"type": "content_block_stop", "index": i})
}
