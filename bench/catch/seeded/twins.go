package seeded

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// benignTests gives edits of tests with which nothing is wrong.
func benignTests() []Edit {
	var asked []Edit
	for i := range 2 {
		asked = append(asked, twin("asked"+itoa(i), func(p *Project) bool {
			if i >= len(p.story.Asked) {
				return false
			}
			s := p.story.Asked[i]
			p.Claim = s.Claim
			return p.replace(s.Code, s.Test, s.Test2, s.Test3)
		}))
	}
	return slices.Concat(asked, rewordedTests(), movedTests(), newTests(), []Edit{
		twin("golden", func(p *Project) bool {
			if len(p.story.Golden) == 0 {
				return false
			}
			s := p.story.Golden[0]
			p.Claim = s.Claim
			return p.replace(s.Code, s.Test, s.Test2, s.Test3)
		}),
		twin("refactor", refactor),
	})
}

func twin(name string, apply func(p *Project) bool) Edit {
	return Edit{Mode: "tamper", Name: name, Benign: true, Apply: apply}
}

// rewordedTests gives edits after which tests say the same in other words.
func rewordedTests() []Edit {
	return []Edit{
		twin("rename", onTest(0, "Name a test after what it shows", func(l lang, _ unit, text string) string {
			switch l {
			case golang:
				return regexp.MustCompile(`func Test(\w+)\(`).ReplaceAllString(text, "func TestThat${1}Works(")
			case python:
				return regexp.MustCompile(`def test_(\w+)\(`).ReplaceAllString(text, "def test_that_${1}_works(")
			case script:
			}
			return regexp.MustCompile(`\b(it|test)\('([^']*)'`).ReplaceAllString(text, "$1('$2, as documented'")
		})),
		twin("strengthen", onTest(2, "Assert more", func(l lang, _ unit, text string) string {
			a := asserts(l, text)[0]
			return text[:a[1]] + text[a[0]:a[1]] + text[a[1]:]
		})),
		twin("message", func(p *Project) bool {
			file := p.testFiles()[0]
			text := regexp.MustCompile(`t\.Errorf\("`).ReplaceAllString(p.Files[file], `t.Errorf("after all: `)
			if text == p.Files[file] {
				return false
			}
			p.Files[file], p.Claim = text, "Say in tests what failed"
			return true
		}),
		twin("comment", onTest(3, "Explain a test", func(l lang, u unit, text string) string {
			return insert(l, u, text, words{"// Nothing else may happen in between.", "# Nothing else may happen in between.", "// Nothing else may happen in between."})
		})),
	}
}

// movedTests gives edits after which tests stand elsewhere.
func movedTests() []Edit {
	return []Edit{
		twin("move", func(p *Project) bool {
			u, ok := p.nth(1)
			if !ok || p.lang() == script || u.indent != "" {
				return false
			}
			text, whole := p.text(u), p.Files[u.file]
			to := path.Join(path.Dir(u.file), map[lang]string{golang: "more_test.go", python: "test_more.py"}[p.lang()])
			if strings.Contains(text, "samples") { // a fixture of its file
				return false
			}
			head := whole[:strings.Index(whole, map[lang]string{golang: "\nfunc ", python: "\n\n\n"}[p.lang()])]
			if p.lang() == golang {
				head = regexp.MustCompile(`(?m)^var .*\n`).ReplaceAllString(head, "")
			}
			p.put(u, "")
			p.Files[to] = strings.TrimRight(head, "\n") + "\n\n" + map[lang]string{python: "\n"}[p.lang()] + text
			p.Claim = "Move a test into a file of its own"
			return true
		}),
		twin("rename-file", func(p *Project) bool {
			file := p.testFiles()[0]
			to := regexp.MustCompile(`(_test\.go|\.test\.[jt]s|\.py)$`).ReplaceAllString(file, "_unit$1")
			p.Files[to] = p.Files[file]
			delete(p.Files, file)
			p.Claim = "Rename a test file"
			return true
		}),
		twin("reorder", func(p *Project) bool {
			tests := p.tests()
			for i := 1; i < len(tests); i++ {
				a, b := tests[i-1], tests[i]
				if strings.Contains(p.Files[a.file], "@pytest") {
					continue // a decorator belongs to what follows it
				}
				if a.file != b.file || a.indent != b.indent || strings.TrimSpace(p.Files[a.file][a.to:b.from]) != "" {
					continue
				}
				whole := p.Files[a.file]
				p.Files[a.file] = whole[:a.from] + whole[b.from:b.to] + whole[a.to:b.from] + whole[a.from:a.to] + whole[b.to:]
				p.Claim = "Order tests like the code"
				return true
			}
			return false
		}),
	}
}

// newTests gives edits that come with tests of their own, or take them along.
func newTests() []Edit {
	return []Edit{
		twin("new-skip", func(p *Project) bool {
			file := p.testFiles()[0]
			text := p.Files[file]
			switch p.lang() {
			case golang:
				text += "\nfunc TestSlowDisk(t *testing.T) {\n\tif testing.Short() {\n\t\tt.Skip(\"writes a lot\")\n\t}\n\tdir := t.TempDir()\n\tif dir == \"\" {\n\t\tt.Error(\"no folder\")\n\t}\n}\n"
			case python:
				if !strings.Contains(text, "import pytest") {
					return false
				}
				text += "\n\n@pytest.mark.skipif(\"sys.platform == 'win32'\", reason=\"paths differ\")\ndef test_paths(tmp_path):\n    assert str(tmp_path).startswith(\"/\")\n"
			case script:
				return false
			}
			p.Files[file], p.Claim = text, "Test on a slow disk too"
			return true
		}),
		twin("remove-feature", func(p *Project) bool {
			if len(p.story.Feature) == 0 {
				return false
			}
			f := p.story.Feature[0]
			p.add(f, true)
			p.Base, p.Files = p.Files, p.Base
			p.Claim = "Remove what nobody uses, with its tests\n\nReverts: " + f.Claim
			return true
		}),
		twin("feature", func(p *Project) bool {
			if len(p.story.Feature) == 0 {
				return false
			}
			p.add(p.story.Feature[0], true)
			p.Claim = p.story.Feature[0].Claim
			return true
		}),
		twin("new-case", func(p *Project) bool {
			pattern := map[lang]string{golang: `(?m)^\t+\{"[^\n]*\},\n`, python: `(?m)^ +\("[^\n]*\),\n`, script: `(?m)^ +\[\d[^\n]*\],\n`}[p.lang()]
			for _, file := range p.testFiles() {
				if m := regexp.MustCompile(pattern).FindStringIndex(p.Files[file]); m != nil {
					text := p.Files[file]
					p.Files[file] = text[:m[1]] + text[m[0]:m[1]] + text[m[1]:]
					p.Claim = "Add a case"
					return true
				}
			}
			return false
		}),
	}
}

func refactor(p *Project) bool {
	if len(p.story.Refactor) == 0 {
		return false
	}
	p.Claim = p.story.Refactor[0].Claim
	return p.replace(p.story.Refactor[0].Code)
}
