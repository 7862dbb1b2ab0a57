package fakemodel

import (
	"encoding/json"
	"slices"
	"strings"
)

// call is what the model asks for, in terms of a tool that was offered.
type call struct {
	tool  tool
	args  object
	input string // instead of args, for a tool that takes free text
}

func (c call) argsText() string { return encode(c.args) }

// candidates are the names under which agents offer a tool for the kind.
func candidates(k OpKind) []string {
	switch k {
	case Write:
		return []string{"Write", "write_file", "create_file", "create", "write", "apply_patch"}
	case Edit:
		return []string{"Edit", "edit_file", "str_replace", "replace", "edit", "apply_patch"}
	case Read:
		return []string{"Read", "read_file", "view", "read"}
	default:
		return []string{"Bash", "exec_command", "shell_command", "run_shell_command", "bash", "shell"}
	}
}

// resolve turns an op into a call of a tool that the agent offers, and says
// whether there is one.
func resolve(a *ask, o Op) (call, bool) {
	for _, name := range candidates(o.Kind) {
		i := slices.IndexFunc(a.tools, func(t tool) bool { return t.name == name })
		if i < 0 {
			continue
		}
		t := a.tools[i]
		if t.isCustom {
			return call{tool: t, input: patch(o)}, true
		}
		c := call{tool: t, args: arguments(a, t, o)}
		fillRequired(t.schema, c.args)
		return c, true
	}
	// One tool that runs JavaScript which calls the others.
	if i := slices.IndexFunc(a.tools, func(t tool) bool { return t.name == "exec" && t.isCustom }); i >= 0 {
		return call{tool: a.tools[i], input: javaScript(o)}, true
	}
	if line, ok := shellLine(o); ok {
		return resolve(a, Op{Kind: Shell, Command: line})
	}
	return call{}, false
}

// arguments fills the parameters that the tool has and the op speaks of.
func arguments(a *ask, t tool, o Op) object {
	properties := fields(t.schema["properties"])
	args := object{}
	set := func(v any, names ...string) {
		for _, n := range names {
			if _, ok := properties[n]; ok {
				args[n] = v
				return
			}
		}
	}
	if t.name == "apply_patch" {
		set(patch(o), "input", "patch")
		return args
	}
	if o.Kind == Shell {
		set(o.Command, "command", "cmd")
		return args
	}
	path := o.Path
	if a.cwd != "" && !strings.HasPrefix(path, "/") {
		path = strings.TrimRight(a.cwd, "/") + "/" + path
	}
	set(path, "file_path", "filePath", "absolute_path", "path")
	switch o.Kind {
	case Write:
		set(o.Text, "content", "file_text")
	case Edit:
		set(o.Old, "old_string", "oldString", "old_str")
		set(o.Text, "new_string", "newString", "new_str")
	case Read, Shell:
	}
	return args
}

// patch writes an op in the form that apply_patch takes.
func patch(o Op) string {
	var b strings.Builder
	lines := func(mark, s string) {
		for l := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
			b.WriteString(mark + l + "\n")
		}
	}
	b.WriteString("*** Begin Patch\n")
	if o.Kind == Edit {
		b.WriteString("*** Update File: " + o.Path + "\n@@\n")
		lines("-", o.Old)
	} else {
		b.WriteString("*** Add File: " + o.Path + "\n")
	}
	lines("+", o.Text)
	return b.String() + "*** End Patch"
}

func javaScript(o Op) string {
	if o.Kind == Write || o.Kind == Edit {
		return "text(await tools.apply_patch(" + encode(patch(o)) + "));"
	}
	line := o.Command
	if o.Kind == Read {
		line, _ = shellLine(o)
	}
	return "text(await tools.exec_command(" + encode(object{"cmd": line}) + "));"
}

// shellLine says how a shell does the op, for agents without a tool for it.
func shellLine(o Op) (string, bool) {
	switch o.Kind {
	case Read:
		return "cat " + o.Path, true
	case Write:
		return "cat > " + o.Path + " <<'END_OF_FILE'\n" + o.Text + "END_OF_FILE\n", true
	default:
		return "", false
	}
}

// fillRequired gives every required parameter that is still missing some
// value of its type.
func fillRequired(schema, args object) {
	properties := fields(schema["properties"])
	required, _ := schema["required"].([]any)
	for _, name := range required {
		n := text(name)
		if _, ok := args[n]; !ok {
			args[n] = sample(fields(properties[n]))
		}
	}
}

// sample gives a value that a schema accepts.
func sample(schema object) any {
	if values, _ := schema["enum"].([]any); len(values) > 0 {
		return values[0]
	}
	kind := text(schema["type"])
	if kinds, _ := schema["type"].([]any); len(kinds) > 0 {
		kind = text(kinds[0])
	}
	switch kind {
	case "boolean":
		return false
	case "number", "integer":
		return 1
	case "array":
		return []any{}
	case "object":
		o := object{}
		for name, s := range fields(schema["properties"]) {
			o[name] = sample(fields(s))
		}
		return o
	}
	return "scripted"
}

// encode gives v as JSON; all values here can be encoded.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
