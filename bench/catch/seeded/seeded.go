// Package seeded makes changes of which is known what is wrong with them, and
// for each sort of mistake benign changes that look alike.
//
// A case is an edit applied to a shape. Shapes are small projects in the style
// of real ones (testdata-free txtar files in shapes/); an edit finds the place
// it needs in a project and gives up where there is none, so that every edit
// meets code that was not written for it.
package seeded

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed shapes/*.txtar
var shapes embed.FS

// Made is one case, as a change of a repository.
type Made struct {
	ID    string
	Repo  string
	Base  string
	Head  string
	Label string
	Mode  string
	Lines json.RawMessage
	Claim string
}

// Files is a tree: content by path.
type Files map[string]string

// Project is what an edit changes.
type Project struct {
	Name  string
	Files Files    // of the head; Base too, before the edit
	Base  Files    // an edit may change it as well, to prepare what it needs
	Claim string   // what is said of the change; edits set it
	Where []string // "path:line" or "path:from-to" of the mistake, at the head
	story story
}

// Edit is one way to be wrong, or one that looks alike and is not.
type Edit struct {
	Mode   string // failure mode: "tamper", "secrets"
	Name   string
	Benign bool
	Apply  func(p *Project) bool // false: the project has no place for it
}

// Projects gives every shape.
func Projects() ([]Project, error) {
	names, err := fs.Glob(shapes, "shapes/*.txtar")
	if err != nil {
		return nil, err
	}
	var out []Project
	for _, name := range names {
		data, err := shapes.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files := Files{}
		for _, f := range txtar.Parse(data).Files {
			files[f.Name] = string(f.Data)
		}
		known, err := storyOf(files[storyFile])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		delete(files, storyFile)
		out = append(out, Project{Name: strings.TrimSuffix(path.Base(name), ".txtar"), Files: files, story: known})
	}
	return out, nil
}

// applied gives the project with the edit, or false.
func applied(shape Project, e Edit) (Project, bool) {
	p := Project{Name: shape.Name, Files: maps.Clone(shape.Files), Base: maps.Clone(shape.Files), story: shape.story}
	if !e.Apply(&p) {
		return p, false
	}
	for _, name := range p.paths(func(name string) bool { return path.Ext(name) == ".go" && p.Files[name] != p.Base[name] }) {
		p.Files[name] = fixGo(p.Files[name])
	}
	return p, !maps.Equal(p.Files, p.Base)
}

// Write makes a repository of every shape below dir, and in it a base and a
// head for every edit that finds a place and gives a wanted case.
func Write(ctx context.Context, dir string, wanted func(Made) bool) ([]Made, error) {
	all, err := Projects()
	if err != nil {
		return nil, err
	}
	var out []Made
	for _, shape := range all {
		var versions []version
		for _, e := range Edits() {
			if p, ok := applied(shape, e); ok {
				versions = append(versions, version{p, e, e.Mode + "-" + e.Name + "-" + shape.Name})
			}
		}
		made, err := writeVersions(ctx, dir, shape.Name, versions, wanted)
		if err != nil {
			return nil, fmt.Errorf("write the cases of %s: %w", shape.Name, err)
		}
		out = append(out, made...)
	}
	projects, edits, err := Scripted()
	if err != nil {
		return nil, err
	}
	for _, shape := range projects {
		var versions []version
		for _, e := range edits[shape.Name] {
			versions = append(versions, version{changedBy(shape, e), e, "scripted-" + e.Mode + "-" + e.Name + "-" + shape.Name})
		}
		made, err := writeVersions(ctx, dir, shape.Name, versions, wanted)
		if err != nil {
			return nil, fmt.Errorf("write the cases of %s: %w", shape.Name, err)
		}
		out = append(out, made...)
	}
	return out, nil
}

// version is a project with an edit.
type version struct {
	Project
	edit Edit
	id   string
}

func writeVersions(ctx context.Context, dir, name string, versions []version, wanted func(Made) bool) ([]Made, error) {
	var stream bytes.Buffer
	var out []Made
	for _, p := range versions {
		id, label := p.id, p.edit.Mode
		if p.edit.Benign {
			label = "benign-" + p.edit.Mode
			id = "twin-" + id
		}
		base, head := "refs/heads/"+id+"/base", "refs/heads/"+id+"/head"
		lines, err := json.Marshal(p.Where)
		if err != nil {
			return nil, err
		}
		made := Made{ID: id, Repo: name, Base: base, Head: head, Label: label, Mode: p.edit.Mode, Lines: lines}
		if !wanted(made) {
			continue
		}
		commit(&stream, base, "", "Before", p.Base)
		commit(&stream, head, base, or(p.Claim, "Change"), p.Files)
		out = append(out, made)
	}
	if len(out) == 0 {
		return nil, nil
	}
	repo := filepath.Join(dir, name)
	if err := os.MkdirAll(repo, 0o755); err != nil {
		return nil, err
	}
	if err := git(ctx, repo, nil, "init", "-q", "-b", "main"); err != nil {
		return nil, err
	}
	return out, git(ctx, repo, &stream, "fast-import", "--quiet")
}

// commit writes one commit for git fast-import.
func commit(w *bytes.Buffer, ref, from, message string, files Files) {
	fmt.Fprintf(w, "commit %s\ncommitter Bench <bench@localhost> 1700000000 +0000\ndata %d\n%s\n", ref, len(message), message)
	if from != "" {
		fmt.Fprintf(w, "from %s\n", from)
	}
	w.WriteString("deleteall\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		mode := "100644"
		content := files[name]
		if target, ok := strings.CutPrefix(content, "\x00link "); ok {
			mode, content = "120000", target
		}
		fmt.Fprintf(w, "M %s inline %s\ndata %d\n%s\n", mode, quoted(name), len(content), content)
	}
}

func quoted(name string) string {
	data, _ := json.Marshal(name) // a string
	return string(data)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func git(ctx context.Context, dir string, in *bytes.Buffer, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	if in != nil {
		cmd.Stdin = in
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// lay writes files below a folder.
func lay(dir string, files Files) error {
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if target, ok := strings.CutPrefix(content, "\x00link "); ok {
			if err := os.Symlink(target, file); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
