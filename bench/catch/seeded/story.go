package seeded

import (
	"encoding/json"
	"fmt"
	"strings"
)

// storyFile holds what only the author of a shape knows about it: which
// changes make it wrong, and which are right.
const storyFile = ".story.json"

// story is the content of storyFile. A replacement is file, old text, new text.
type story struct {
	Wrong     []step    // code made wrong, and the test bent to fit
	Asked     []step    // another behaviour that the claim asks for, and its test
	Golden    []step    // another output that the claim asks for, and its golden file
	Feature   []feature // something new, with tests
	Guard     []step    // a guard taken out
	Refactor  []step    // the same behaviour, written in another way
	Hardcoded []step    // an answer for a test's input
}

type step struct {
	Code, Test, Test2, Test3 []string
	Claim                    string
}

type feature struct {
	File, Text string // appended
	TestFile   string `json:"test_file"`
	Before     string // the test goes before this text; else to the end
	Test       string
	Claim      string
}

func storyOf(text string) (story, error) {
	var s story
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("read %s: %w", storyFile, err)
	}
	return s, nil
}

// replace carries out replacements. Each old text must be there, once.
func (p *Project) replace(all ...[]string) bool {
	for _, r := range all {
		if len(r) == 0 {
			continue
		}
		text := p.Files[r[0]]
		if strings.Count(text, r[1]) != 1 {
			panic(fmt.Sprintf("%s: %s holds %q %d times", p.Name, r[0], r[1], strings.Count(text, r[1])))
		}
		p.Files[r[0]] = strings.Replace(text, r[1], r[2], 1)
	}
	return true
}

// mark notes where a replacement stands at the head.
func (p *Project) mark(r []string) {
	text := p.Files[r[0]]
	at := 0
	if r[2] != "" {
		at = strings.Index(text, r[2])
	} else {
		at = strings.Index(p.Base[r[0]], r[1])
	}
	first := 1 + strings.Count(text[:min(at, len(text))], "\n")
	p.Where = append(p.Where, fmt.Sprintf("%s:%d-%d", r[0], first, first+strings.Count(r[2], "\n")))
}

// add carries out a feature, with or without its tests.
func (p *Project) add(f feature, tests bool) { //nolint:revive // one story leaves out just the tests
	p.Files[f.File] += f.Text
	if !tests {
		return
	}
	text := p.Files[f.TestFile]
	if f.Before == "" {
		p.Files[f.TestFile] = text + f.Test
		return
	}
	p.Files[f.TestFile] = strings.Replace(text, f.Before, f.Test+f.Before, 1)
}
