package cases

import (
	"path"
	"strings"

	"muster/internal/check/tamper/words"
	"muster/internal/source"
)

// IsData reports whether a path is a file of data in a folder of tests.
func IsData(p string) bool {
	switch strings.ToLower(path.Ext(p)) {
	case ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml", ".txt", ".xml", ".toml", ".ini", ".html", ".sql", ".graphql", ".conf", ".cfg", ".log":
	default:
		return false
	}
	for folder := range strings.SplitSeq(strings.ToLower(path.Dir(p)), "/") {
		switch folder {
		case "test", "tests", "__tests__", "spec", "specs", "testdata", "fixtures", "fixture", "__fixtures__", "samples":
			return true
		}
	}
	return false
}

// Exchanged counts the words and values that lines have lost, and those that
// came.
func Exchanged(was, is []string) (lost, come int) {
	count := map[string]int{}
	note := func(lines []string, by int) {
		for _, t := range words.Scan(strings.Join(uncommented(lines), "\n"), source.JavaScript) {
			if t.Kind != words.Mark && !blankValue(t.Text) {
				count[t.Text] += by
			}
		}
	}
	note(was, 1)
	note(is, -1)
	for _, n := range count {
		lost, come = lost+max(n, 0), come+max(-n, 0)
	}
	return lost, come
}

// blankValue reports whether a value stands for none.
func blankValue(v string) bool {
	switch v {
	case "null", "None", "nil", "~", `""`, "''", "undefined":
		return true
	}
	return false
}

// uncommented leaves out lines that are comments in most formats of data.
func uncommented(lines []string) []string {
	var out []string
	for _, l := range lines {
		if text := strings.TrimSpace(l); !strings.HasPrefix(text, "#") && !strings.HasPrefix(text, "//") {
			out = append(out, l)
		}
	}
	return out
}
