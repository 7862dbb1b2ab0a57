package accept

import (
	"path"
	"regexp"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
)

var (
	pathlike = check.Lazy(`[\w@][\w@.-]*(?:/[\w@.-]+)*\.[A-Za-z]\w{0,4}\b`)
	isTest   = check.Lazy(`^([Tt]est\w{2,}|\w{12,}|.*\s.*)$`)
)

// asked reports whether a failure that the base has too is what the task is
// there to mend: the task, or the command, speaks of the test by its name or
// its file, or, of a command that names no test, of a file that the failure is
// about. A command that fails without a word fails for what is not there yet.
func (j *judge) asked(t trial, test evidence.Test) bool {
	task, command := j.subject.Request.Task, t.command.String()
	if test == t.whole() {
		said := strings.TrimSpace(t.first.Text(j.head))
		if said == "" {
			return true
		}
		for _, word := range pathlike.FindAllString(command+"\n"+check.FailureAnchor(said), 1000) {
			if strings.Contains(task, word) {
				return true
			}
		}
		return false
	}
	for _, name := range spellings(test) {
		if hasWord(task, name) || hasWord(command, name) {
			return true
		}
	}
	return false
}

// spellings gives what people call a test: its name, its declared part, its
// file. Words that could mean anything are left out.
func spellings(test evidence.Test) []string {
	var out []string
	for _, sep := range []string{"", "/", " > ", " › ", "::"} {
		parts := []string{test.Name}
		if sep != "" {
			parts = strings.Split(test.Name, sep)
		}
		for _, p := range []string{parts[0], parts[len(parts)-1]} {
			if isTest.MatchString(p) {
				out = append(out, p)
			}
		}
	}
	if base := path.Base(test.In); isFile(base) {
		out = append(out, base)
	}
	return out
}

// isFile reports whether the last part of a test's place is a file of source
// rather than a package or a command.
func isFile(base string) bool {
	switch path.Ext(base) {
	case ".py", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".rb", ".php":
		return true
	}
	return false
}

func hasWord(text, word string) bool {
	return word != "" && regexp.MustCompile(`(^|[^\pL\pN_])`+regexp.QuoteMeta(word)+`($|[^\pL\pN_])`).MatchString(text)
}
