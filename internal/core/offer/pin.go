package offer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Pinned is an offer together with the content of the repository's files that
// its command names: what a person approves, and what lapses when it changes.
type Pinned struct {
	Offer
	Files []File `json:"files,omitempty"` // sorted by path
}

// File is a file of the repository with what it holds.
type File struct {
	Path string `json:"path"`
	SHA  string `json:"sha"` // sha256, hex
	Exec bool   `json:"exec,omitempty"`
}

// Hash is the same only for the same entry, of the same file of the repository,
// with the same content of the files that it names.
func (p Pinned) Hash() string {
	p.Of = nil // which programs know the file is Muster's knowledge, not the repository's
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and lists of them
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ID names an offer for people: the first 8 characters of its hash.
func (p Pinned) ID() string { return p.Hash()[:8] }

// Refused says why an offer cannot be approved; empty when it can.
func (o Offer) Refused() string {
	switch {
	case o.Kind == Code:
		return "code is loaded into the agent's program itself, and nothing can pin what it does there"
	case o.Kind == Setting || o.Kind == Instruction:
		return "settings of the repository are not obeyed"
	case !o.Runs():
		return "a server elsewhere cannot be pinned"
	case o.Kind == Server && !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(o.Name):
		return "its name is not made of letters, digits, - and _"
	case o.Dir != "" && o.Dir != ".":
		return "it runs in a folder of its own"
	case o.Kind == Hook && !isEvent(o.Name):
		return "Muster gives agents hooks of events only"
	}
	return ""
}

// Given says which of the programs that know an offer get it from Muster once it
// is approved.
func (o Offer) Given() []string {
	return slices.DeleteFunc(slices.Clone(o.Of), func(program string) bool {
		switch o.Kind {
		case Server:
			return !slices.Contains([]string{claude, codex, copilot, opencode}, program)
		case Hook:
			return program != claude
		case Instruction, Code, Setting:
		}
		return true
	})
}

// isEvent: the events that Claude Code has hooks for.
func isEvent(name string) bool {
	return slices.Contains([]string{
		"SessionStart", "SessionEnd", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SubagentStop", "PreCompact", "Notification", "Setup",
	}, name)
}

// word is what can be a path in a command, with how a program writes the root of
// the repository before it.
func word() *regexp.Regexp {
	const root = `\$\{?(?:CLAUDE_PROJECT_DIR|GEMINI_PROJECT_DIR|QWEN_PROJECT_DIR|workspaceFolder)\}?`
	return regexp.MustCompile(`(^|[\s"'=;|&()<>` + "`" + `])((?:"` + root + `"/|` + root + `/)?[A-Za-z0-9_@+.-][A-Za-z0-9_@+./-]*)`)
}

// each calls f for whatever may be a path of the repository in a command, and
// gives the command with what f puts in its place; "" leaves it. A word without
// a slash or a dot is none: a file named run is not what "uv run" means.
func each(command string, f func(name string) string) string {
	w := word()
	return w.ReplaceAllStringFunc(command, func(m string) string {
		parts := w.FindStringSubmatch(m)
		name := parts[2]
		if !strings.ContainsAny(name, "/.") {
			return m
		}
		if i := strings.Index(name, "/"); strings.Contains(name, "$") {
			name = name[i+1:]
		}
		if name = path.Clean(name); name == "." || name == ".." || strings.HasPrefix(name, "../") {
			return m
		}
		if put := f(name); put != "" {
			return parts[1] + put
		}
		return m
	})
}

// Names gives the files of the repository that an offer's command names, sorted.
// Below gives the files at a path: itself, or all below a folder, or none.
func (o Offer) Names(below func(name string) []string) []string {
	var out []string
	note := func(name string) string { out = append(out, below(name)...); return "" }
	for _, c := range append([]string{o.Shell}, o.Argv...) {
		each(c, note)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// From gives the offer with the pinned files in place of the repository's, laid
// out below root, an absolute path. An error means that no command can be worded
// so.
func (p Pinned) From(root string) (Offer, error) {
	if !regexp.MustCompile(`^/[A-Za-z0-9_@+./-]+$`).MatchString(root) {
		return Offer{}, fmt.Errorf("the folder %q has characters that commands treat in a way of their own", root)
	}
	put := func(name string) string {
		for _, f := range p.Files {
			if f.Path == name || strings.HasPrefix(f.Path, name+"/") {
				return path.Join(root, name)
			}
		}
		return ""
	}
	o := p.Offer
	o.Shell = each(o.Shell, put)
	o.Argv = slices.Clone(o.Argv)
	for i, a := range o.Argv {
		o.Argv[i] = each(a, put)
	}
	return o, nil
}
