package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"muster/internal/core/wire"
)

// leaf is one text of an answer.
type leaf struct {
	event    int    // which event it is of
	from, to int    // the token in that event's data
	text     string // decoded
	stream   string // leaves of the same stream are pieces of one text; empty: it is a text of its own
	isJSON   bool   // the text is itself JSON
}

// level is an object or a list that is being read.
type level struct {
	isList bool
	n      int    // with isList: the position
	key    string // else: the key at hand
	isKey  bool   // else: a key comes next
}

// begin is called before each value at this level.
func (l *level) begin() {
	if !l.isList {
		l.isKey = true
	}
}

// texts finds the texts of one JSON value. It gives false when it is none.
func texts(d wire.Dialect, data []byte) ([]leaf, bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var out []leaf
	var open []level
	var ids, kind string
	for {
		before := int(dec.InputOffset())
		tok, err := dec.Token()
		if err != nil {
			break
		}
		top := len(open) - 1
		text, isText := tok.(string)
		if top >= 0 && open[top].isKey && isText {
			open[top].key, open[top].isKey = text, false
			continue
		}
		if delim, ok := tok.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:top]
			continue
		}
		path := pathOf(open)
		if top >= 0 {
			open[top].n++
			open[top].begin()
		}
		switch v := tok.(type) {
		case json.Delim:
			open = append(open, level{isList: v == '[', n: -1, isKey: v == '{'})
		case json.Number:
			if isIndex(path) {
				ids += "/" + v.String()
			}
		case string:
			after := int(dec.InputOffset())
			from := after - len(bytes.TrimLeft(data[before:after], " \t\r\n,:"))
			switch path {
			case "type":
				kind = v
			case "item_id":
				ids += "/" + v
			}
			out = append(out, leaf{from: from, to: after, text: v, stream: path})
		}
	}
	if len(open) > 0 || !atEnd(dec) {
		return nil, false
	}
	for i := range out {
		out[i].isJSON = holdsJSON(kind, out[i].stream)
		if isPiece(d, kind, out[i].stream) {
			out[i].stream += " " + kind + ids
		} else {
			out[i].stream = ""
		}
	}
	return out, true
}

func atEnd(dec *json.Decoder) bool {
	_, err := dec.Token()
	return errors.Is(err, io.EOF)
}

// pathOf names the place of the value that comes next, by keys and positions.
func pathOf(open []level) string {
	var b strings.Builder
	for i, l := range open {
		if i > 0 {
			b.WriteByte('.')
		}
		if l.isList {
			b.WriteString(strconv.Itoa(l.n + 1))
		} else {
			b.WriteString(l.key)
		}
	}
	return b.String()
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func isIndex(path string) bool {
	switch last(path) {
	case "index", "output_index", "content_index", "summary_index":
		return true
	}
	return false
}

// isPiece reports whether a text is a piece of a longer one that is streamed.
func isPiece(d wire.Dialect, kind, path string) bool {
	switch d {
	case wire.Messages:
		return kind == "content_block_delta" && slices.Contains([]string{"delta.text", "delta.partial_json", "delta.thinking"}, path)
	case wire.Chat:
		return strings.Contains(path, ".delta.") && slices.Contains([]string{"content", "arguments", "reasoning_content", "reasoning", "refusal"}, last(path))
	case wire.Responses:
		return strings.HasSuffix(kind, ".delta") && path == "delta"
	case wire.Gemini:
		return last(path) == "text" && strings.Contains(path, "parts.")
	}
	return false
}

// holdsJSON reports whether a text is itself JSON: the arguments of a tool.
func holdsJSON(kind, path string) bool {
	switch last(path) {
	case "partial_json", "arguments":
		return true
	}
	return path == "delta" && strings.Contains(kind, "arguments")
}
