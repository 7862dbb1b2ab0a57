// Package hook puts Muster into the hooks of others and takes it out again:
// the pre-push hook of a repository, and the hooks that coding agents run when
// they believe to be done. It changes one entry of one file, keeps the rest as
// it is, and never replaces a hook that somebody else wrote.
package hook

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
)

// Host is a program whose hook Muster can be.
type Host string

// The hosts. Their formats are those of the programs' own documentation, as of
// November 2026.
const (
	PrePush Host = "pre-push" // Git
	Claude  Host = "claude"   // Claude Code: hooks.Stop in .claude/settings.local.json
	Codex   Host = "codex"    // Codex: hooks.Stop in .codex/hooks.json
	Gemini  Host = "gemini"   // Gemini CLI: hooks.AfterAgent in .gemini/settings.json
)

// Hosts gives all hosts.
func Hosts() []Host { return []Host{PrePush, Claude, Codex, Gemini} }

// Place says where hooks are.
type Place struct {
	TopLevel  string // of the work tree
	HooksDir  string // of the repository
	HooksPath string // what core.hooksPath says; empty when it is not set
	Program   string // absolute path of Muster
}

// State says how a host's hook stands.
type State string

// The states of a hook.
const (
	Absent    State = "absent"
	Installed State = "installed"
	Foreign   State = "foreign" // there is a hook of somebody else
)

// Status is one hook.
type Status struct {
	Host  Host   `json:"host"`
	File  string `json:"file"`
	State State  `json:"state"`
	Kept  string `json:"kept,omitempty"` // the hook of somebody else that ours runs first
}

// Mode says what to do with a hook of somebody else.
type Mode string

// The modes of Install.
const (
	Refuse Mode = "refuse"
	Chain  Mode = "chain" // keep it and run it first
)

// Install makes Muster the host's hook. Doing it again changes nothing.
func Install(p Place, h Host, m Mode) (Status, error) {
	if h == PrePush {
		return installPrePush(p, m)
	}
	return installAgent(p, h)
}

// Uninstall takes Muster out and puts back what it kept. Without Muster in it
// nothing is changed.
func Uninstall(p Place, h Host) (Status, error) {
	if h == PrePush {
		return uninstallPrePush(p)
	}
	return uninstallAgent(p, h)
}

// Look says how the host's hook stands.
func Look(p Place, h Host) (Status, error) {
	if h == PrePush {
		return lookPrePush(p)
	}
	return lookAgent(p, h)
}

const (
	mark    = "# written by muster hook install"
	kept    = ".before-muster"
	maxFile = 1 << 20
)

func prePush(p Place) (string, error) {
	if p.HooksPath != "" {
		return "", fault.New(fault.Refused, "install the pre-push hook: core.hooksPath is %q, so another tool manages the hooks", p.HooksPath).
			WithHint("add this line to its pre-push hook: %s hook run pre-push \"$@\"", quote(p.Program))
	}
	return filepath.Join(p.HooksDir, string(PrePush)), nil
}

func lookPrePush(p Place) (Status, error) {
	file, err := prePush(p)
	if err != nil {
		return Status{Host: PrePush, File: p.HooksPath, State: Foreign}, nil //nolint:nilerr // that is how it stands
	}
	s := Status{Host: PrePush, File: file, State: Absent}
	text, err := readSmall(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err != nil:
		return s, fault.Wrap(fault.Internal, err, "read %s", file)
	case !strings.Contains(string(text), mark):
		s.State = Foreign
		return s, nil
	}
	s.State = Installed
	if _, err := os.Lstat(file + kept); err == nil {
		s.Kept = file + kept
	}
	return s, nil
}

func installPrePush(p Place, m Mode) (Status, error) {
	file, err := prePush(p)
	if err != nil {
		return Status{}, err
	}
	s, err := lookPrePush(p)
	if err != nil || s.State == Installed {
		return s, err
	}
	if s.State == Foreign {
		if m != Chain {
			return s, fault.New(fault.Conflict, "install the pre-push hook: %s is there already", file).
				WithHint("muster hook install pre-push --chain keeps it and runs it first")
		}
		if _, err := os.Lstat(file + kept); err == nil {
			return s, fault.New(fault.Conflict, "install the pre-push hook: %s is in the way", file+kept).WithHint("move it away")
		}
		if err := os.Rename(file, file+kept); err != nil {
			return s, fault.Wrap(fault.Internal, err, "keep %s", file)
		}
	}
	if err := os.MkdirAll(p.HooksDir, 0o755); err != nil {
		return s, fault.Wrap(fault.Internal, err, "make %s", p.HooksDir)
	}
	if err := replace(file, []byte(prePushScript(p.Program)), 0o755); err != nil {
		return s, err
	}
	return lookPrePush(p)
}

// prePushScript reads what Git says on standard input once, because two
// programs need it.
func prePushScript(program string) string {
	return `#!/bin/sh
` + mark + `; muster hook uninstall pre-push takes it out
refs=$(cat)
if [ -x "$0` + kept + `" ]; then
	printf '%s\n' "$refs" | "$0` + kept + `" "$@" || exit $?
fi
printf '%s\n' "$refs" | ` + quote(program) + ` hook run pre-push "$@"
`
}

func uninstallPrePush(p Place) (Status, error) {
	s, err := lookPrePush(p)
	if err != nil || s.State != Installed {
		return s, err
	}
	if err := os.Remove(s.File); err != nil {
		return s, fault.Wrap(fault.Internal, err, "remove %s", s.File)
	}
	if s.Kept != "" {
		if err := os.Rename(s.Kept, s.File); err != nil {
			return s, fault.WithHint(fault.Wrap(fault.Internal, err, "put back %s", s.Kept), "rename it by hand")
		}
	}
	return lookPrePush(p)
}

func readSmall(file string) ([]byte, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fault.New(fault.Refused, "%s is no regular file of at most 1 MiB", file).WithHint("move it away")
	}
	return os.ReadFile(file)
}

// replace writes a file by renaming, so that nobody sees half of it.
func replace(file string, data []byte, perm fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".muster-*")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "write %s", file)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // it is gone once renamed
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(perm), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	return fault.Wrap(fault.Internal, err, "write %s", file)
}

// quote writes a word for sh.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
