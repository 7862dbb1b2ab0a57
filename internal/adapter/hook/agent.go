package hook

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/core/fault"
)

// form says where an agent's hook stands and what it looks like.
type form struct {
	file    string // below the work tree
	event   string
	timeout int // in the agent's own unit
}

// seconds that an agent waits for the hook: checks run tests.
const seconds = 900

func formOf(h Host) (form, error) {
	switch h {
	case Claude:
		return form{".claude/settings.local.json", "Stop", seconds}, nil
	case Codex:
		return form{".codex/hooks.json", "Stop", seconds}, nil
	case Gemini:
		return form{".gemini/settings.json", "AfterAgent", seconds * 1000}, nil
	case PrePush:
	}
	return form{}, fault.New(fault.Invalid, "there is no hook for %q", string(h)).WithHint("one of pre-push, claude, codex, gemini")
}

// group is an entry of an event: the hooks of one matcher.
type group struct {
	Hooks []entry `json:"hooks"`
}

type entry struct {
	Type    string `json:"type"`
	Command string `json:"command"`
	Timeout int    `json:"timeout"`
}

func command(p Place, h Host) string { return quote(p.Program) + " hook run " + string(h) }

// isOurs reports whether an entry of an event is Muster's, of whatever path.
func isOurs(raw json.RawMessage, h Host) bool {
	var g group
	return json.Unmarshal(raw, &g) == nil && len(g.Hooks) == 1 && strings.HasSuffix(g.Hooks[0].Command, " hook run "+string(h))
}

// settings is an agent's file with the places that matter taken apart. All
// else stays as it was written, in its order.
type settings struct {
	file   string
	exists bool
	top    object
	hooks  object
	event  []json.RawMessage
}

func readAgent(p Place, h Host) (settings, form, error) {
	f, err := formOf(h)
	if err != nil {
		return settings{}, f, err
	}
	if p.TopLevel == "" {
		return settings{}, f, fault.New(fault.Invalid, "find the hook of %s: the repository has no work tree", h).WithHint("run it in a clone with a work tree")
	}
	s := settings{file: filepath.Join(p.TopLevel, filepath.FromSlash(f.file))}
	data, err := readSmall(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, f, nil
	}
	if err == nil {
		s.exists = true
		err = json.Unmarshal(data, &s.top)
	}
	if raw := s.top.get("hooks"); err == nil && raw != nil {
		err = json.Unmarshal(raw, &s.hooks)
	}
	if raw := s.hooks.get(f.event); err == nil && raw != nil {
		err = json.Unmarshal(raw, &s.event)
	}
	if err != nil {
		return s, f, fault.WithHint(fault.Wrap(fault.Invalid, err, "read %s", s.file), "mend the file first; nothing was changed")
	}
	return s, f, nil
}

func lookAgent(p Place, h Host) (Status, error) {
	s, _, err := readAgent(p, h)
	st := Status{Host: h, File: s.file, State: Absent}
	if slices.ContainsFunc(s.event, func(raw json.RawMessage) bool { return isOurs(raw, h) }) {
		st.State = Installed
	}
	return st, err
}

func installAgent(p Place, h Host) (Status, error) {
	s, f, err := readAgent(p, h)
	if err != nil {
		return Status{}, err
	}
	raw, err := json.Marshal(group{Hooks: []entry{{Type: "command", Command: command(p, h), Timeout: f.timeout}}})
	if err != nil {
		return Status{}, fault.Wrap(fault.Internal, err, "write the hook of %s", h)
	}
	s.event = append(slices.DeleteFunc(s.event, func(r json.RawMessage) bool { return isOurs(r, h) }), raw)
	if err := s.write(f); err != nil {
		return Status{}, err
	}
	return lookAgent(p, h)
}

func uninstallAgent(p Place, h Host) (Status, error) {
	s, f, err := readAgent(p, h)
	if err != nil {
		return Status{}, err
	}
	before := len(s.event)
	s.event = slices.DeleteFunc(s.event, func(r json.RawMessage) bool { return isOurs(r, h) })
	if len(s.event) == before {
		return lookAgent(p, h)
	}
	if err := s.write(f); err != nil {
		return Status{}, err
	}
	return lookAgent(p, h)
}

// write writes the file, without what has become empty; a file in which
// nothing is left is removed.
func (s settings) write(f form) error {
	if err := s.hooks.set(f.event, s.event, len(s.event)); err != nil {
		return err
	}
	if err := s.top.set("hooks", s.hooks, len(s.hooks)); err != nil {
		return err
	}
	if len(s.top) == 0 {
		return fault.Wrap(fault.Internal, os.Remove(s.file), "remove %s", s.file)
	}
	data, err := json.Marshal(s.top)
	var out bytes.Buffer
	if err == nil {
		err = json.Indent(&out, data, "", "  ")
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(s.file), 0o755)
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write %s", s.file)
	}
	out.WriteByte('\n')
	return replace(s.file, out.Bytes(), 0o644)
}

// object is a JSON object that keeps the order of its members.
type object []member

type member struct {
	key   string
	value json.RawMessage
}

func (o object) get(key string) json.RawMessage {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// set gives a member a value; a size of 0 takes it out.
func (o *object) set(key string, value any, size int) error {
	at := slices.IndexFunc(*o, func(m member) bool { return m.key == key })
	if size == 0 {
		if at >= 0 {
			*o = slices.Delete(*o, at, at+1)
		}
		return nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write %s", key)
	}
	if at >= 0 {
		(*o)[at].value = raw
		return nil
	}
	*o = append(*o, member{key, raw})
	return nil
}

// UnmarshalJSON reads an object.
func (o *object) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	first, err := dec.Token()
	if err != nil {
		return err
	}
	if first != json.Delim('{') {
		return errors.New("an object is expected")
	}
	*o = nil
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		m := member{}
		m.key, _ = key.(string) // keys of objects are strings
		if err := dec.Decode(&m.value); err != nil {
			return err
		}
		*o = append(*o, m)
	}
	return nil
}

// MarshalJSON writes an object.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
