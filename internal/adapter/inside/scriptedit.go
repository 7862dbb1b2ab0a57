package inside

import (
	"os"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// within opens the folder that a path of a script lies in and gives the
// path's name below it. The caller closes the folder.
func (p *player) within(path string) (*os.Root, string, error) {
	dir, name := p.dir, filepath.FromSlash(path)
	if filepath.IsAbs(name) {
		dir, name = "/", strings.TrimPrefix(filepath.Clean(name), "/")
	}
	if name == "" {
		return nil, "", fault.New(fault.Invalid, "a path is empty")
	}
	root, err := os.OpenRoot(dir)
	return root, name, err
}

func (p *player) write(path, text string) error {
	root, name, err := p.within(path)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := root.WriteFile(name, []byte(text), 0o644); err != nil {
		return err
	}
	p.event(job.AgentEvent{Kind: job.AgentEdit, Path: path})
	return nil
}

func (p *player) edit(e scriptEdit) error {
	root, name, err := p.within(e.Path)
	if err != nil {
		return err
	}
	defer root.Close()
	b, err := root.ReadFile(name)
	if err != nil {
		return err
	}
	if n := strings.Count(string(b), e.Old); e.Old == "" || n != 1 {
		return fault.New(fault.Conflict, "edit %s: the old text occurs %d times, not once", e.Path, n)
	}
	info, err := root.Stat(name)
	if err != nil {
		return err
	}
	if err := root.WriteFile(name, []byte(strings.Replace(string(b), e.Old, e.New, 1)), info.Mode().Perm()); err != nil {
		return err
	}
	p.event(job.AgentEvent{Kind: job.AgentEdit, Path: e.Path})
	return nil
}

func (p *player) remove(path string) error {
	root, name, err := p.within(path)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(name); err != nil {
		return err
	}
	p.event(job.AgentEvent{Kind: job.AgentEdit, Path: path})
	return nil
}

// move renames within the worktree.
func (p *player) move(m scriptMove) error {
	root, from, err := p.within(m.From)
	if err != nil {
		return err
	}
	defer root.Close()
	to := filepath.FromSlash(m.To)
	if filepath.IsAbs(from) || filepath.IsAbs(to) || filepath.IsAbs(m.From) {
		return fault.New(fault.Invalid, "move %s to %s: both must lie in the worktree", m.From, m.To)
	}
	if err := root.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := root.Rename(from, to); err != nil {
		return err
	}
	p.event(job.AgentEvent{Kind: job.AgentEdit, Path: m.To})
	return nil
}
