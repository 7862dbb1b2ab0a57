package repomap

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// changed counts how often something changed.
type changed struct{ changes, fixes int }

// wide is how many files a commit may have to tell anything about one of
// them: a commit that formats everything says nothing.
const wide = 40

// mends finds the subjects of commits that mend something. Conventional
// commits say "fix:", others "Fix crash in ...".
var mends = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(fix|fixe[sd]|fixing|bug|bugs|bugfix|hotfix|regression|crash|crashes|panic|deadlock|leak)\b`)
})

// cosmetic finds subjects that say fix and mend nothing in the code.
var cosmetic = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(typo|typos|lint|linter|formatting|spelling|comment|docs?|readme|ci)\b`)
})

// isFix reports whether a commit mends something, by its subject.
func isFix(subject string) bool {
	return mends().MatchString(subject) && !cosmetic().MatchString(subject)
}

// histories counts the changes of the files that are there now.
func histories(commits []Commit, now map[string]bool) map[string]changed {
	out := map[string]changed{}
	for _, c := range commits {
		if len(c.Paths) > wide {
			continue
		}
		fix := isFix(c.Subject)
		for _, p := range c.Paths {
			if !now[p] {
				continue
			}
			n := out[p]
			n.changes++
			if fix {
				n.fixes++
			}
			out[p] = n
		}
	}
	return out
}

// hot lists the files of code that were mended most, at least twice.
func (l *look) hot(h map[string]changed) {
	owners := readOwners(l)
	for _, f := range l.code {
		n := h[f.path]
		if f.test || n.fixes < 2 {
			continue
		}
		l.out.Hot = append(l.out.Hot, Hot{f.path, n.changes, n.fixes, owners.of(f.path)})
	}
	slices.SortStableFunc(l.out.Hot, func(a, b Hot) int {
		return cmp.Or(b.Fixes-a.Fixes, b.Changes-a.Changes, strings.Compare(a.Path, b.Path))
	})
	l.out.Hot = l.out.Hot[:min(len(l.out.Hot), maxHot)]
}

// isOwners reports whether a file says who owns what, at one of the places
// where GitHub and GitLab look for it.
func isOwners(p string) bool {
	return slices.Contains(ownersPlaces(), p)
}

func ownersPlaces() []string {
	return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"}
}

const maxOwnerRules = 2_000

// owner is one line of a CODEOWNERS file.
type owner struct {
	pattern string
	names   []string
}

type owners []owner

// readOwners reads the first CODEOWNERS file that is there. Sections of
// GitLab are passed over; a pattern without names takes owners away.
func readOwners(l *look) owners {
	name := regexp.MustCompile(`^[@\w][\w@./+-]{0,99}$`)
	for _, place := range ownersPlaces() {
		text, ok := l.in.Texts[place]
		if !ok {
			continue
		}
		var out owners
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, " #")
			words := strings.Fields(line)
			if len(words) == 0 || strings.ContainsAny(words[0][:1], "#[^") || len(out) == maxOwnerRules {
				continue
			}
			o := owner{pattern: words[0]}
			for _, w := range words[1:] {
				if name.MatchString(w) {
					o.names = append(o.names, w)
				}
			}
			out = append(out, o)
		}
		return out
	}
	return nil
}

// of gives the owners of a file: the last pattern that fits counts.
func (o owners) of(p string) []string {
	for _, rule := range slices.Backward(o) {
		if rule.fits(p) {
			return rule.names
		}
	}
	return nil
}

// fits follows gitignore as far as GitHub says that it does: a pattern with a
// slash before its end begins at the root, others fit at any depth; one that
// names a folder fits all below it, and dir/* what lies in it directly.
func (o owner) fits(p string) bool {
	pattern := strings.TrimPrefix(o.pattern, "/")
	anchored := strings.Contains(strings.TrimSuffix(o.pattern, "/"), "/")
	folder := strings.HasSuffix(pattern, "/")
	pattern = strings.TrimSuffix(pattern, "/")
	direct := strings.HasSuffix(pattern, "/*")
	names := strings.Split(p, "/")
	for start := range names {
		if anchored && start > 0 {
			break
		}
		for end := start + 1; end <= len(names); end++ {
			if end == len(names) && folder || direct && end < len(names) {
				continue
			}
			if matchNames(strings.Split(pattern, "/"), names[start:end]) {
				return true
			}
		}
	}
	return false
}

// matchNames matches a pattern name by name; "**" stands for any number of
// names. The table keeps a hostile pattern from taking long.
func matchNames(pattern, names []string) bool {
	row := make([]bool, len(names)+1)
	row[0] = true
	for _, part := range pattern {
		next := make([]bool, len(names)+1)
		for j := range next {
			switch {
			case part == "**":
				next[j] = row[j] || j > 0 && next[j-1]
			case j > 0 && row[j-1]:
				ok, err := path.Match(part, names[j-1])
				next[j] = err == nil && ok
			}
		}
		row = next
	}
	return row[len(names)]
}
