package repomap

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// targets lists what make, just and task can do, at the root of the
// repository: these files are read where people type the commands.
func (l *look) targets() {
	word := `[A-Za-z0-9][A-Za-z0-9_.-]{0,39}`
	for _, tool := range []struct {
		names   []string
		command string
		line    *regexp.Regexp
	}{
		{[]string{"GNUmakefile", "makefile", "Makefile"}, "make", regexp.MustCompile(`^(` + word + `(?: +` + word + `)*)\s*::?(?:[^=:]|$)`)},
		{[]string{"justfile", "Justfile", ".justfile"}, "just", regexp.MustCompile(`^@?(` + word + `)(?:\s[^:]*)?:(?:[^=]|$)`)},
	} {
		file := firstOf(tool.names, l.files)
		for line := range strings.Lines(l.text(".", file)) {
			if m := tool.line.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
				for name := range strings.FieldsSeq(m[1]) {
					l.target(name, tool.command, file)
				}
			}
		}
	}
	l.tasks()
}

// tasks reads the names below "tasks:" of a Taskfile: the keys of the first
// indentation.
func (l *look) tasks() {
	file := firstOf([]string{"Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml"}, l.files)
	key := regexp.MustCompile(`^(\s+)([A-Za-z0-9][A-Za-z0-9_.-]{0,39}):`)
	inside, indent := false, ""
	for line := range strings.Lines(l.text(".", file)) {
		switch m := key.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "tasks:"):
			inside = true
		case len(strings.TrimSpace(line)) > 0 && !strings.ContainsAny(line[:1], " \t#"):
			inside = false
		case inside && m != nil && (indent == "" || indent == m[1]):
			indent = m[1]
			l.target(m[2], "task", file)
		}
	}
}

func (l *look) target(name, command, file string) {
	known := slices.ContainsFunc(l.out.Targets, func(t Target) bool { return t.Line == command+" "+name })
	if file != "" && !known && len(l.out.Targets) < maxTargets {
		l.out.Targets = append(l.out.Targets, Target{Command{command + " " + name, file}, name})
	}
}

func firstOf(names []string, files map[string]bool) string {
	for _, n := range names {
		if files[n] {
			return path.Clean(n)
		}
	}
	return ""
}

// Target gives what runs the first of the named targets that is there.
func (m Map) Target(names ...string) (Command, bool) {
	for _, name := range names {
		for _, t := range m.Targets {
			if t.Name == name {
				return t.Command, true
			}
		}
	}
	return Command{}, false
}
