package seeded

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed changes/*.txtar
var scripts embed.FS

// A scripted change is written by hand for one project, where an edit looks
// for its place in any. A file of changes/ holds a project and below it the
// changes, each a part named "cheat NAME" or "twin NAME":
//
//	claim TEXT           what is said of the change; several are lines
//	delete PATH
//	move OLD NEW
//	@ PATH               the file that follows
//	all OLD NEW          replaces a word wherever it stands in it
//	<<< old === new >>>  replaces, each mark on a line of its own
//	+++ text >>>         adds to the end of the file, or makes it

// Scripted gives the scripted changes as edits of their projects.
func Scripted() ([]Project, map[string][]Edit, error) {
	names, err := fs.Glob(scripts, "changes/*.txtar")
	if err != nil {
		return nil, nil, err
	}
	var projects []Project
	edits := map[string][]Edit{}
	for _, name := range names {
		data, err := scripts.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		p := Project{Name: strings.TrimSuffix(path.Base(name), ".txtar"), Files: Files{}}
		for _, f := range txtar.Parse(data).Files {
			kind, what, ok := strings.Cut(f.Name, " ")
			if !ok {
				p.Files[f.Name] = string(f.Data)
				continue
			}
			if kind != "cheat" && kind != "twin" {
				return nil, nil, fmt.Errorf("%s: %q is no cheat and no twin", name, f.Name)
			}
			edits[p.Name] = append(edits[p.Name], Edit{Mode: "tamper", Name: what, Benign: kind == "twin", Apply: scriptOf(string(f.Data))})
		}
		projects = append(projects, p)
	}
	return projects, edits, nil
}

// scriptOf makes a function of a script. A script that does not fit its
// project panics: both are part of this package.
func scriptOf(text string) func(p *Project) bool {
	return func(p *Project) bool {
		s := scripted{Project: p, lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
		for s.at < len(s.lines) {
			s.step()
		}
		p.Claim = strings.TrimSpace(p.Claim)
		return true
	}
}

// scripted is a script that is carried out.
type scripted struct {
	*Project
	lines []string
	at    int
	path  string
}

func (s *scripted) step() {
	line := s.lines[s.at]
	s.at++
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "claim":
		s.Claim += rest + "\n"
	case "delete":
		s.has(rest)
		delete(s.Files, rest)
	case "move":
		from, to, _ := strings.Cut(rest, " ")
		s.has(from)
		s.Files[to] = s.Files[from]
		delete(s.Files, from)
		s.Where = append(s.Where, to)
	case "@":
		s.path = rest
	case "all":
		old, with, _ := strings.Cut(rest, " ")
		if !strings.Contains(s.Files[s.path], old) {
			s.fail("%s does not hold %q", s.path, old)
		}
		s.Files[s.path] = strings.ReplaceAll(s.Files[s.path], old, with)
	case "<<<":
		old := s.until("===")
		s.replace(old, s.until(">>>"))
	case "+++":
		text := s.until(">>>")
		s.note(s.Files[s.path], text)
		s.Files[s.path] += text
	case "":
	default:
		s.fail("what is %q?", line)
	}
}

func (s *scripted) until(mark string) string {
	var b strings.Builder
	for s.at < len(s.lines) && s.lines[s.at] != mark {
		b.WriteString(s.lines[s.at] + "\n")
		s.at++
	}
	if s.at == len(s.lines) {
		s.fail("there is no %s", mark)
	}
	s.at++
	return b.String()
}

// replace puts a text in place of another, which may be a part of a line.
func (s *scripted) replace(old, text string) {
	whole := s.Files[s.path]
	if text != "" || !strings.Contains(whole, old) {
		old, text = strings.TrimSuffix(old, "\n"), strings.TrimSuffix(text, "\n")
	}
	if strings.Count(whole, old) != 1 {
		s.fail("%s holds %d times:\n%s", s.path, strings.Count(whole, old), old)
	}
	before, after, _ := strings.Cut(whole, old)
	s.note(before, text)
	s.Files[s.path] = before + text + after
}

// note keeps where an edit of tests, or of what runs them, stands.
func (s *scripted) note(before, text string) {
	first := 1 + strings.Count(before, "\n")
	s.Where = append(s.Where, s.path+":"+strconv.Itoa(first)+"-"+strconv.Itoa(first+strings.Count(text, "\n")))
}

func (s *scripted) has(name string) {
	if _, ok := s.Files[name]; !ok {
		s.fail("there is no %s", name)
	}
}

func (s *scripted) fail(format string, args ...any) {
	panic(fmt.Sprintf("%s, line %d of a script: %s", s.Name, s.at, fmt.Sprintf(format, args...)))
}

// changedBy gives a scripted change of a project.
func changedBy(shape Project, e Edit) Project {
	p := Project{Name: shape.Name, Files: maps.Clone(shape.Files), Base: maps.Clone(shape.Files)}
	e.Apply(&p)
	return p
}
