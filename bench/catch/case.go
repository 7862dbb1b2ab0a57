package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Case is one change with what is known about it.
type Case struct {
	ID    string          `json:"id,omitempty"`
	Repo  string          `json:"repo"` // folder below the repositories
	Base  string          `json:"base"`
	Head  string          `json:"head"`
	Label string          `json:"label"`           // "benign" and its like, or what is wrong: "tamper", "secrets"
	Mode  string          `json:"mode,omitempty"`  // the failure mode that a benign case is the twin of
	Lines json.RawMessage `json:"lines,omitempty"` // where the mistake is: places, in any of the forms of readPlaces
	Claim string          `json:"claim,omitempty"` // instead of the commits' messages
}

// benignLabels are the labels of changes with which nothing is wrong.
func benignLabels() []string {
	return []string{"", "benign", "ok", "good", "clean", "ordinary", "negative", "twin", "false", "0", "none", "safe"}
}

// isBenign reports whether nothing is wrong with the change.
func (c Case) isBenign() bool {
	label := strings.ToLower(strings.TrimSpace(c.Label))
	head, _, _ := strings.Cut(strings.ReplaceAll(label, ":", "-"), "-")
	return slices.Contains(benignLabels(), label) || slices.Contains(benignLabels(), head)
}

// group names the failure mode that the case counts for.
func (c Case) group() string {
	if c.Mode != "" {
		return c.Mode
	}
	if !c.isBenign() {
		return c.Label
	}
	label := strings.ReplaceAll(c.Label, ":", "-")
	if _, rest, ok := strings.Cut(label, "-"); ok {
		return rest
	}
	return "ordinary"
}

// readCases reads a list of cases: a JSON array, an object with the array
// under "cases", or one object a line.
func readCases(file string) ([]Case, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cases, err := parseCases(data)
	if err != nil {
		return nil, fmt.Errorf("read the cases in %s: %w", file, err)
	}
	for i, c := range cases {
		if c.Repo == "" || c.Base == "" || c.Head == "" {
			return nil, fmt.Errorf("read the cases in %s: case %d lacks repo, base or head", file, i+1)
		}
		if !filepath.IsLocal(c.Repo) {
			return nil, fmt.Errorf("read the cases in %s: case %d: the repository %q is not below the folder of repositories", file, i+1, c.Repo)
		}
		if cases[i].ID == "" {
			cases[i].ID = fmt.Sprintf("%s-%d", c.Repo, i+1)
		}
	}
	return cases, nil
}

func parseCases(data []byte) ([]Case, error) {
	var list []Case
	if err := json.Unmarshal(data, &list); err == nil {
		return list, nil
	}
	var wrapped struct{ Cases []Case }
	if err := json.Unmarshal(data, &wrapped); err == nil && wrapped.Cases != nil {
		return wrapped.Cases, nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	for dec.More() {
		var c Case
		if err := dec.Decode(&c); err != nil {
			return nil, fmt.Errorf("no array, no object with \"cases\", and no object a line: %w", err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("there are none")
	}
	return list, nil
}

// place is a run of lines of the head; a zero end is the whole file.
type place struct {
	path       string
	start, end int
}

// holds reports whether a finding lies in the place or next to it: within
// three lines, since a missing line has no number of its own.
func (p place) holds(path string, start, end int) bool {
	const near = 3
	if p.path != "" && p.path != path {
		return false
	}
	return p.end == 0 || start <= p.end+near && max(start, end) >= p.start-near
}

// readPlaces reads where a mistake is: "path:3-7", "path", [3, 4, 5], 3, an
// object with path (or file), start_line (or start, line) and end_line (or
// end), an object from paths to any of these, or a list of them.
func readPlaces(raw json.RawMessage) []place {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return places("", v)
}

func places(path string, v any) []place {
	switch v := v.(type) {
	case float64:
		return []place{{path, int(v), int(v)}}
	case string:
		return []place{placeOf(v)}
	case []any:
		var out []place
		for _, x := range v {
			out = append(out, places(path, x)...)
		}
		return out
	case map[string]any:
		return placesOfObject(v)
	}
	return nil
}

func placesOfObject(v map[string]any) []place {
	text := func(keys ...string) string {
		for _, k := range keys {
			if s, ok := v[k].(string); ok {
				return s
			}
		}
		return ""
	}
	number := func(keys ...string) int {
		for _, k := range keys {
			if n, ok := v[k].(float64); ok {
				return int(n)
			}
		}
		return 0
	}
	if name := text("path", "file"); name != "" {
		if lines, ok := v["lines"]; ok {
			return places(name, lines)
		}
		start := number("start_line", "start", "line")
		return []place{{name, start, max(number("end_line", "end"), start)}}
	}
	var out []place
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		out = append(out, places(k, v[k])...)
	}
	return out
}

func placeOf(text string) place {
	path, lines, ok := cutLast(text, ":")
	p := place{path: path}
	if !ok {
		return place{path: text}
	}
	if n, _ := fmt.Sscanf(lines, "%d-%d", &p.start, &p.end); n == 0 {
		return place{path: text}
	}
	p.end = max(p.end, p.start)
	return p
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
