package plan

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Globs name paths of a repository, slash-separated and relative to its root.
//
//	*        any characters within one name
//	?        one character
//	[a-z]    one character of a class, [!a-z] one that is not in it
//	{a,b}    one of the alternatives
//	dir/**   dir and everything below it; **/x is x in any directory
//	dir      without any of * ? [, the file or directory and everything below it
//	dir/     everything below it
//
// Matching is case-sensitive, and hidden files are like any others.

// MaxGlob is how many bytes a glob may have.
const MaxGlob = 512

// maxAlternatives is how many globs the braces of one may stand for.
const maxAlternatives = 64

// MatchAny reports whether any of the globs matches the path. A glob that
// ValidGlob refuses may match nothing.
func MatchAny(globs []string, path string) bool {
	for _, g := range globs {
		g = spell(g)
		if !strings.Contains(g, "{") {
			if doublestar.MatchUnvalidated(g, path) {
				return true
			}
			continue
		}
		// Braces are expanded here, because doublestar reads what stands
		// beside them differently: to it, a*{,b} does not match a.
		alternatives, _ := expand(g)
		for _, a := range alternatives {
			if doublestar.MatchUnvalidated(a, path) {
				return true
			}
		}
	}
	return false
}

// spell writes a glob that names a directory as one that matches what is below.
func spell(glob string) string {
	dir := strings.TrimRight(glob, "/")
	switch {
	case dir == "**" || strings.HasSuffix(dir, "/**"):
		return dir
	case len(dir) < len(glob), !strings.ContainsAny(glob, "*?["):
		return dir + "/**"
	}
	return glob
}

// ValidGlob says what is wrong with a glob and what to write instead. Both are
// empty for a good one; the advice may be empty for a bad one.
func ValidGlob(glob string) (fault, advice string) {
	switch {
	case strings.TrimSpace(glob) == "":
		return "is empty", ""
	case len(glob) > MaxGlob:
		return "is too long for a glob", "shorten it"
	case strings.Contains(glob, `\`):
		return "has a backslash", "separate names by /"
	case strings.HasPrefix(glob, "/"):
		return "is absolute", "write it relative to the root of the repository"
	case strings.HasPrefix(glob, "!"):
		return "begins with '!', which does not exclude anything here", "list what is meant"
	case glob != strings.TrimSpace(glob):
		return "begins or ends with white space", "remove it"
	case !doublestar.ValidatePattern(glob):
		return "is not a valid glob: a bracket or brace is not closed", ""
	}
	alternatives, fault := expand(spell(glob))
	if fault != "" {
		return fault, "write it as several globs"
	}
	for _, a := range alternatives {
		if fault, advice = validPath(a); fault != "" {
			return fault, advice
		}
	}
	return "", ""
}

// validPath checks one alternative of a glob, name by name.
func validPath(glob string) (fault, advice string) {
	for name := range strings.SplitSeq(glob, "/") {
		switch name {
		case "..":
			return "leaves the repository with '..'", "name paths from the root of the repository"
		case ".":
			return "has '.' as a name", "leave it out; ** means everything"
		case "":
			return "has an empty name", "write one / between names"
		}
		if name != "**" && strings.Contains(name, "**") {
			return "has '**' within a name, where it means no more than '*'", "write **/ before the name"
		}
		if !doublestar.ValidatePattern(name) {
			return "has a '/' within brackets", "brackets stand for one character of a name"
		}
	}
	return "", ""
}

// expand gives the globs without braces that a glob stands for, in order, or
// what is wrong with it.
func expand(glob string) (globs []string, fault string) {
	done, todo := []string(nil), []string{glob}
	for len(todo) > 0 {
		if len(done)+len(todo) > maxAlternatives {
			return nil, "stands for too many alternatives"
		}
		before, choices, after, found := cutBraces(todo[0])
		if !found {
			done, todo = append(done, todo[0]), todo[1:]
			continue
		}
		var next []string
		for _, c := range choices {
			if joinsStars(before, c+after) || joinsStars(c, after) {
				return nil, "has a '*' on both sides of a brace"
			}
			next = append(next, before+c+after)
		}
		todo = append(next, todo[1:]...)
	}
	return done, ""
}

// joinsStars reports whether putting a and b together makes a "**" that
// nobody wrote.
func joinsStars(a, b string) bool {
	return strings.HasSuffix(a, "*") && strings.HasPrefix(b, "*")
}

// cutBraces splits a glob at its first group of braces. A brace within a class
// is a character like any other.
func cutBraces(glob string) (before string, choices []string, after string, found bool) {
	depth, start, open := 0, 0, 0
	for i := 0; i < len(glob); i++ {
		switch glob[i] {
		case '[':
			i += classEnd(glob[i:])
		case '{':
			if depth++; depth == 1 {
				open, start = i, i+1
			}
		case ',':
			if depth == 1 {
				choices, start = append(choices, glob[start:i]), i+1
			}
		case '}':
			if depth--; depth == 0 {
				return glob[:open], append(choices, glob[start:i]), glob[i+1:], true
			}
		}
	}
	return glob, nil, "", false
}

// classEnd gives the index of the bracket that closes the class at the start
// of glob, or 0 when it is not closed.
func classEnd(glob string) int {
	skip := 1
	if len(glob) > 1 && (glob[1] == '!' || glob[1] == '^') {
		skip = 2
	}
	if end := strings.IndexByte(glob[min(skip, len(glob)):], ']'); end > 0 {
		return skip + end
	}
	return 0
}
