package seeded

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// goTest finds the first test function of a project: its file, and where its
// text begins and ends.
func goTest(p *Project) (file string, from, to int) {
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		text := p.Files[name]
		if at := regexp.MustCompile(`(?m)^func Test\w+\(t \*testing\.T\) \{$`).FindStringIndex(text); at != nil {
			if end := strings.Index(text[at[0]:], "\n}\n"); end > 0 {
				return name, at[0], at[0] + end + 3
			}
		}
	}
	return "", 0, 0
}

func tamperGo() []Edit {
	return []Edit{
		{Mode: "tamper", Name: "skip", Apply: func(p *Project) bool {
			file, from, _ := goTest(p)
			if file == "" {
				return false
			}
			text := p.Files[file]
			open := from + strings.Index(text[from:], "{\n") + 2
			p.Files[file] = text[:open] + "\tt.Skip(\"flaky\")\n" + text[open:]
			p.Claim = "Fix the build"
			return true
		}},
	}
}
