package seeded

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// lang is what the edits must know of a language.
type lang string

const (
	golang lang = "go"
	python lang = "python"
	script lang = "js"
)

// lang gives the language of a project, by its name.
func (p *Project) lang() lang {
	switch {
	case strings.HasPrefix(p.Name, "go-"):
		return golang
	case strings.HasPrefix(p.Name, "py-"):
		return python
	}
	return script
}

// sources gives the paths of code, in order.
func (p *Project) sources() []string {
	return p.paths(func(name string) bool {
		return !isTest(name) && !strings.Contains(name, "assert") && slices.Contains([]string{".go", ".py", ".ts", ".js"}, path.Ext(name)) && path.Base(name) != "__init__.py"
	})
}

func (p *Project) testFiles() []string {
	return p.paths(func(name string) bool { return isTest(name) && path.Base(name) != "conftest.py" })
}

func isTest(name string) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "test_") || strings.Contains(base, ".test.") || base == "conftest.py"
}

func (p *Project) paths(want func(string) bool) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		if want(name) {
			out = append(out, name)
		}
	}
	return out
}

// unit is one test: text of a file from one byte to another.
type unit struct {
	file     string
	from, to int
	indent   string
}

func (p *Project) text(u unit) string { return p.Files[u.file][u.from:u.to] }

// put replaces a unit's text.
func (p *Project) put(u unit, text string) {
	p.Files[u.file] = p.Files[u.file][:u.from] + text + p.Files[u.file][u.to:]
}

// at gives the place of a unit as "path:line".
func (p *Project) at(u unit) string {
	return u.file + ":" + itoa(1+strings.Count(p.Files[u.file][:min(u.from, len(p.Files[u.file]))], "\n"))
}

// tests gives the tests of a project.
func (p *Project) tests() []unit {
	var out []unit
	for _, file := range p.testFiles() {
		out = append(out, testsIn(p.lang(), file, p.Files[file])...)
	}
	return out
}

func testsIn(l lang, file, text string) []unit {
	head := map[lang]*regexp.Regexp{
		golang: regexp.MustCompile(`(?m)^()func Test\w+\(t \*testing\.T\) \{\n`),
		python: regexp.MustCompile(`(?m)^((?:    )?)(?:@pytest\.mark\.parametrize\((?:.*\n)(?:(?: .*)?\n)*?\)\n)?def test_\w+\(.*\):\n|^((?:    )?)def test_\w+\(.*\):\n`),
		script: regexp.MustCompile(`(?m)^( *)(?:it|test)\('[^\n]*=> \{\n`),
	}[l]
	var out []unit
	for _, m := range head.FindAllStringSubmatchIndex(text, -1) {
		indent := ""
		if m[2] >= 0 {
			indent = text[m[2]:m[3]]
		} else if len(m) > 5 && m[4] >= 0 {
			indent = text[m[4]:m[5]]
		}
		if end := endOf(l, text, m[1], indent); end > 0 {
			out = append(out, unit{file, m[0], end, indent})
		}
	}
	return out
}

// endOf gives where a test that begins before from ends.
func endOf(l lang, text string, from int, indent string) int {
	switch l {
	case golang:
		if i := strings.Index(text[from:], "\n}\n"); i >= 0 {
			return from + i + 3
		}
	case script:
		if i := strings.Index(text[from:], "\n"+indent+"});\n"); i >= 0 {
			return from + i + len(indent) + 5
		}
	case python:
		at := from
		for at < len(text) {
			line, _, _ := strings.Cut(text[at:], "\n")
			if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, indent+"    ") {
				return at
			}
			at += len(line) + 1
		}
		return len(text)
	}
	return 0
}

// body gives where the statements of a unit begin, relative to its text.
func body(l lang, text string) int {
	mark := "{\n"
	if l == python {
		mark = "):\n"
	}
	i := strings.Index(text, mark)
	if l == python {
		i = strings.Index(text, "def test_")
		i += strings.Index(text[i:], ":\n")
		return i + 2
	}
	return i + len(mark)
}

// asserts gives the assertion lines of a unit, relative to its text. In Go an
// assertion may be an if with its body.
func asserts(l lang, text string) [][2]int {
	pattern := map[lang]string{
		golang: `(?m)^\t+(?:assert\.(?:Equal|ErrorContains)\(.*\)\n|if (?:got|w|n|id|_, err)\b[^\n]*\{\n\t+t\.(?:Error|Fatal)f?\(.*\)\n\t+\}\n)`,
		python: `(?m)^ +(?:assert .*|self\.assert\w+\(.*\))\n`,
		script: `(?m)^ +(?:expect\(.*\)\.to.*;|assert\.\w+\(.*\);)\n`,
	}[l]
	var out [][2]int
	for _, m := range regexp.MustCompile(pattern).FindAllStringIndex(text, -1) {
		out = append(out, [2]int{m[0], m[1]})
	}
	return out
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}
