package dependencies

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/internal/core/evidence"
	"muster/internal/source/manifest"
)

// squats finds new dependencies whose name passes for that of a well-known
// package, or of one that the project uses.
func (j *judgement) squats(_ context.Context, news []addition) error {
	for _, a := range news {
		name := manifest.Normal(a.Ecosystem, a.Name)
		if a.Replace != "" && a.Ecosystem != manifest.Go {
			name = manifest.Normal(a.Ecosystem, a.Replace)
		}
		known := j.lists.popular(a.Ecosystem)
		if a.seen || a.Source != manifest.Registry || known == nil || isKnown(a.Ecosystem, known, name) {
			continue
		}
		like, how := passesFor(a.Ecosystem, name, known)
		if like == "" {
			continue
		}
		level := evidence.Gate
		if besideTheCode(a.path) || inTests(a.path) {
			level = evidence.Locator
		}
		j.find(level, "squat", a.place, j.show(a.Name, a.path),
			fmt.Sprintf("%s adds the dependency %s, which %s %s: perhaps another package is meant.", a.place, a.Name, how, like))
	}
	return nil
}

// inTests reports whether a manifest is of a project that exists for tests.
func inTests(name string) bool {
	return regexp.MustCompile(`(?i)(^|/)(tests?|e2e|integration|ecosystem)/`).MatchString(name)
}

// isKnown reports whether a name is itself well known. Modules of Go are
// known with everything below them and in every major version.
func isKnown(e manifest.Ecosystem, known map[string]bool, name string) bool {
	if known[name] {
		return true
	}
	if e != manifest.Go {
		return false
	}
	for p := name; p != ""; p = p[:max(strings.LastIndexByte(p, '/'), 0)] {
		if known[p] {
			return true
		}
	}
	return false
}

// passesFor gives the known name that a name passes for, and in which way.
func passesFor(e manifest.Ecosystem, name string, known map[string]bool) (like, how string) {
	names := make([]string, 0, len(known))
	for k := range known {
		names = append(names, k)
	}
	slices.Sort(names)
	if e == manifest.Go {
		return goPassesFor(name, names)
	}
	if scope, rest, ok := strings.Cut(strings.TrimPrefix(name, "@"), "/"); ok && strings.HasPrefix(name, "@") {
		return scopePassesFor(scope, rest)
	}
	for _, k := range names {
		if respelled(name, k) {
			return k, "is only another spelling of"
		}
	}
	for _, k := range names {
		if decorated(e, name, k) {
			return k, "takes up the name of"
		}
	}
	for _, k := range names {
		if mistyped(name, k) {
			return k, "differs by a slip of the keyboard from"
		}
	}
	return "", ""
}

// respelled: the same letters with other marks between, or the same words in
// another order.
func respelled(name, known string) bool {
	if len(known) < 5 {
		return false
	}
	if squash(name) == squash(known) {
		return true
	}
	a, b := words(name), words(known)
	if len(a) < 2 || len(a) != len(b) {
		return false
	}
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func squash(s string) string { return strings.NewReplacer("-", "", "_", "", ".", "").Replace(s) }

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
}

// decorated: the known name with the language's name before or behind it.
func decorated(e manifest.Ecosystem, name, known string) bool {
	if len(known) < 5 {
		return false
	}
	for _, d := range decorations(e) {
		if name == d+"-"+known || name == known+"-"+d || len(d) > 2 && (name == d+known || name == known+d) {
			return true
		}
	}
	return false
}

func decorations(e manifest.Ecosystem) []string {
	switch e {
	case manifest.PyPI:
		return []string{"python", "python3", "py", "py3"}
	case manifest.NPM:
		return []string{"node", "nodejs", "npm", "js"}
	case manifest.Cargo:
		return []string{"rust", "rs", "crate", "cargo"}
	case manifest.Go, manifest.Maven:
	}
	return nil
}

// mistyped: in one word a letter more, less, other or swapped with its
// neighbour; in long words two. The first letter is seldom wrong, numbers at the
// end tell versions apart, and short words are alike by chance.
func mistyped(name, known string) bool {
	if abs(len(name)-len(known)) > 2 || name == known {
		return false
	}
	if strings.TrimRight(name, "0123456789") == strings.TrimRight(known, "0123456789") {
		return false
	}
	if name[0] != known[0] && !isSwap(name[:min(2, len(name))], known[:min(2, len(known))]) {
		return false
	}
	a, b := words(name), words(known)
	if len(a) != len(b) {
		return len(known) >= 8 && distance(name, known) == 1
	}
	wrong := -1
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if wrong >= 0 {
			return false
		}
		wrong = i
	}
	least := 4 // letters; the other words vouch for this one
	if len(a) == 1 {
		least = 6
	}
	return wrong >= 0 && slip(a[wrong], b[wrong], least)
}

// slip reports whether one word is another with a slip; for a single letter
// the longer one needs at least so many, and where one letter is only another,
// five.
func slip(word, known string, least int) bool {
	longest, shortest := max(len(word), len(known)), min(len(word), len(known))
	switch distance(word, known) {
	case 1:
		return isSwap(word, known) && longest >= 4 || longest >= least && (longest >= 5 || longest != shortest)
	case 2:
		return shortest >= 8
	}
	return false
}

// isSwap reports whether two neighbouring letters have changed places.
func isSwap(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) - 1 {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

func abs(n int) int { return max(n, -n) }

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour (optimal string alignment, after Damerau 1964), in bytes.
func distance(a, b string) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for k := range last {
		last[k] = k
	}
	for i := range len(a) {
		now[0] = i + 1
		for k := range len(b) {
			cost := 1
			if a[i] == b[k] {
				cost = 0
			}
			now[k+1] = min(last[k+1]+1, now[k]+1, last[k]+cost)
			if i > 0 && k > 0 && a[i] == b[k-1] && a[i-1] == b[k] {
				now[k+1] = min(now[k+1], before[k-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}

// scopePassesFor compares the owner of a scoped name of npm with well-known
// ones.
func scopePassesFor(scope, rest string) (like, how string) {
	known := []string{
		"types", "babel", "aws-cdk", "bazel", "rsbuild", "rspack", "angular", "vue", "nestjs", "aws-sdk", "azure", "google-cloud", "mui", "emotion", "reduxjs", "testing-library",
		"typescript-eslint", "storybook", "radix-ui", "tanstack", "trpc", "prisma", "apollo", "graphql-tools", "graphql-codegen", "sentry",
		"rollup", "vitejs", "sveltejs", "nuxt", "next", "vercel", "remix-run", "fastify", "octokit", "stripe", "supabase", "firebase", "openai",
		"anthropic-ai", "modelcontextprotocol", "playwright", "jest", "swc", "esbuild", "eslint", "fortawesome", "headlessui", "hookform",
		"reactivex", "react-native", "react-navigation", "expo", "ionic", "capacitor", "electron", "opentelemetry", "grpc", "protobufjs",
		"ant-design", "chakra-ui", "mantine", "tailwindcss", "commitlint", "changesets", "semantic-release", "biomejs", "microsoft", "nrwl",
	}
	if slices.Contains(known, scope) {
		return "", ""
	}
	for _, k := range known {
		if len(k) >= 5 && (distance(scope, k) == 1 || squash(scope) == squash(k)) {
			return "@" + k + "/" + rest, "has an owner whose name is nearly that of"
		}
	}
	return "", ""
}

// goPassesFor compares a module path with known ones: the same repository of
// an owner whose name is nearly that of the real one, or nearly the same host.
// What belongs to the same owner is his to name.
func goPassesFor(name string, known []string) (like, how string) {
	host, owner, repo := goParts(name)
	for _, k := range known {
		h, o, r := goParts(k)
		switch {
		case strings.EqualFold(name, k):
			continue
		case host != h && distance(host, h) <= 2 && len(h) > 8 && !strings.HasSuffix(host, "."+h) && owner == o && repo == r:
			return k, "has a host whose name is nearly that of"
		case host == h && repo == r && repo != "" && owner != o && !strings.EqualFold(owner, o) && len(o) >= 4 && near(owner, o):
			return k, "has an owner whose name is nearly that of"
		}
	}
	return "", ""
}

func near(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	d := distance(a, b)
	return squash(a) == squash(b) || d == 1 || d == 2 && len(b) >= 7
}

// goParts splits a module path into host, owner and repository, without the
// suffix of a major version.
func goParts(name string) (host, owner, repo string) {
	parts := strings.SplitN(name, "/", 4)
	host = parts[0]
	if len(parts) > 1 {
		owner = parts[1]
	}
	if len(parts) > 2 {
		repo = parts[2]
	}
	if at := strings.LastIndex(owner, ".v"); at > 0 {
		owner = owner[:at]
	}
	return host, owner, repo
}
