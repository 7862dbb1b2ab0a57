package accept

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// plain is a shell line that is nothing but words.
var plain = check.Lazy(`^[\w ./=:@,+-]+$`)

// narrow gives a command that runs only some of the tests that another runs,
// where the test program and its options are known; false otherwise.
func narrow(c plan.Command, tests []evidence.Test) (plan.Command, bool) {
	words := c.Argv
	if c.Shell != "" {
		if !plain.MatchString(c.Shell) {
			return c, false
		}
		words = strings.Fields(c.Shell)
	}
	if len(tests) == 0 || slices.ContainsFunc(tests, func(t evidence.Test) bool { return t.Name == "" }) {
		return c, false
	}
	switch {
	case begins(words, "go", "test"):
		return narrowGo(words, tests)
	case begins(words, "cargo", "test") && !slices.Contains(words, "--"):
		words = append(slices.Clone(words), "--", "--exact")
		for _, t := range tests {
			words = append(words, t.Name)
		}
		return plan.Command{Argv: words}, true
	case len(words) > 0 && path.Base(words[0]) == "pytest", begins(words, "python", "-m", "pytest"), begins(words, "python3", "-m", "pytest"):
		return narrowPytest(words, tests)
	}
	return c, false
}

func begins(words []string, first ...string) bool {
	return len(words) >= len(first) && slices.Equal(words[:len(first)], first)
}

func narrowGo(words []string, tests []evidence.Test) (plan.Command, bool) {
	if slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"-run", "-args", "--args"}, w) || strings.HasPrefix(w, "-run=") || strings.HasPrefix(w, "--run")
	}) {
		return plan.Command{}, false
	}
	var names []string
	for _, t := range tests {
		top, _, _ := strings.Cut(t.Name, "/")
		names = append(names, regexp.QuoteMeta(top))
	}
	slices.Sort(names)
	pattern := "^(" + strings.Join(slices.Compact(names), "|") + ")$"
	return plan.Command{Argv: slices.Concat(words[:2], []string{"-count=1", "-run", pattern}, words[2:])}, true
}

// narrowPytest names the tests instead of what the command names: folders and
// files among its words are left out.
func narrowPytest(words []string, tests []evidence.Test) (plan.Command, bool) {
	at := slices.IndexFunc(words, func(w string) bool { return path.Base(w) == "pytest" })
	out := slices.Clone(words[:at+1])
	for _, w := range words[at+1:] {
		if !strings.HasPrefix(w, "-") {
			continue
		}
		if !strings.Contains(w, "=") && !slices.Contains([]string{"-q", "-qq", "-v", "-vv", "-x", "-s", "--no-header"}, w) {
			return plan.Command{}, false // the next word may be its value
		}
		out = append(out, w)
	}
	for _, t := range tests {
		if strings.ContainsAny(t.Name, "[ ") { // the summary of pytest may cut parameters short
			return plan.Command{}, false
		}
		out = append(out, t.In+"::"+t.Name)
	}
	return plan.Command{Argv: out}, true
}
