package fakemodel

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// responses is the OpenAI Responses dialect.
type responses struct{}

func (d responses) parse(body object) *ask {
	a := &ask{model: text(body["model"]), isStream: truth(body["stream"])}
	a.schema = fields(fields(fields(body["text"])["format"])["schema"])
	d.addTools(a, items(body["tools"]), "")
	if s, ok := body["input"].(string); ok {
		a.entries = []entry{{isUser: true, text: s}}
		return a
	}
	var entries []entry
	isOpen := false // several calls in a row are one turn
	for _, item := range items(body["input"]) {
		switch kind := text(item["type"]); {
		case kind == "additional_tools":
			d.addTools(a, items(item["tools"]), "")
		case kind == "message" || kind == "":
			entries = append(entries, entry{isUser: item["role"] == "user", text: said(item["content"])})
			isOpen = false
		case strings.HasSuffix(kind, "_call_output"):
			isOpen = false
		case strings.HasSuffix(kind, "_call"):
			if !isOpen {
				entries = append(entries, entry{calls: 1})
			}
			isOpen = true
		}
	}
	a.entries = entries
	return a
}

func (d responses) addTools(a *ask, list []object, namespace string) {
	for _, t := range list {
		switch t["type"] {
		case "function":
			a.tools = append(a.tools, tool{name: text(t["name"]), namespace: namespace, schema: fields(t["parameters"])})
		case "custom":
			a.tools = append(a.tools, tool{name: text(t["name"]), namespace: namespace, isCustom: true})
		case "namespace":
			d.addTools(a, items(t["tools"]), text(t["name"]))
		default: // a tool that the service itself would carry out
			a.tools = append(a.tools, tool{name: text(t["type"]), namespace: namespace})
		}
	}
}

func (responses) failure(kind, message string) object {
	return object{"error": object{"message": message, "type": kind, "code": kind, "param": nil}}
}

func (d responses) write(r *reply) {
	usage := object{
		"input_tokens": InputTokens, "input_tokens_details": object{"cached_tokens": CacheReadTokens},
		"output_tokens": OutputTokens, "output_tokens_details": object{"reasoning_tokens": ReasoningTokens},
		"total_tokens": InputTokens + OutputTokens,
	}
	output := d.output(r)
	whole := object{
		"id": "resp_" + r.id, "object": "response", "created_at": 1, "status": "completed", "model": r.ask.model,
		"output": output, "usage": usage, "error": nil, "incomplete_details": nil, "metadata": object{},
		"parallel_tool_calls": true, "tool_choice": "auto", "tools": []any{},
	}
	if !r.ask.isStream {
		writeJSON(r.w, http.StatusOK, whole)
		return
	}
	r.begin()
	begun := maps.Clone(whole)
	begun["status"], begun["output"], begun["usage"] = "in_progress", []any{}, nil
	d.send(r, "response.created", object{"response": begun})
	for i, item := range output {
		d.item(r, i, item)
	}
	d.send(r, "response.completed", object{"response": whole})
}

func (responses) output(r *reply) []object {
	out := []object{}
	if r.text != "" {
		out = append(out, object{
			"type": "message", "id": "msg_" + r.id, "status": "completed", "role": "assistant",
			"content": []any{object{"type": "output_text", "text": r.text, "annotations": []any{}}},
		})
	}
	for i, c := range r.calls {
		id := fmt.Sprintf("%s_%d", r.id, i)
		item := object{
			"type": "function_call", "id": "fc_" + id, "call_id": "call_" + id, "name": c.tool.name,
			"arguments": c.argsText(), "status": "completed",
		}
		if c.tool.isCustom {
			item = object{
				"type": "custom_tool_call", "id": "ctc_" + id, "call_id": "call_" + id, "name": c.tool.name,
				"input": c.input, "status": "completed",
			}
		}
		if c.tool.namespace != "" {
			item["namespace"] = c.tool.namespace
		}
		out = append(out, item)
	}
	return out
}

// item streams one item: added empty, filled by deltas, done.
func (d responses) item(r *reply, i int, item object) {
	key, event := "", ""
	switch item["type"] {
	case "function_call":
		key, event = "arguments", "response.function_call_arguments"
	case "custom_tool_call":
		key, event = "input", "response.custom_tool_call_input"
	}
	empty := maps.Clone(item)
	empty["status"] = "in_progress"
	whole := r.text
	if key != "" {
		whole, empty[key] = text(item[key]), ""
	} else {
		key, event, empty["content"] = "text", "response.output_text", []any{}
	}
	at := func(o object) object {
		o["output_index"], o["item_id"] = i, item["id"]
		if key == "text" {
			o["content_index"] = 0
		}
		return o
	}
	d.send(r, "response.output_item.added", object{"output_index": i, "item": empty})
	if key == "text" {
		d.send(r, "response.content_part.added", at(object{"part": object{"type": "output_text", "text": "", "annotations": []any{}}}))
	}
	for _, part := range halves(whole) {
		d.send(r, event+".delta", at(object{"delta": part}))
		r.maybeCut()
	}
	d.send(r, event+".done", at(object{key: whole}))
	d.send(r, "response.output_item.done", object{"output_index": i, "item": item})
}

func (responses) send(r *reply, event string, v object) {
	v["type"], v["sequence_number"] = event, r.seq
	r.seq++
	r.send(event, v)
}
