package creep

import (
	"fmt"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

const (
	// minCommented is how many lines of code must become comments to be named.
	minCommented = 3
	// minFormatted is how many lines that only changed in white space are
	// worth naming.
	minFormatted = 3
)

// onlySpace reports whether a hunk changes nothing but white space that has no
// meaning. Where the indentation has one, it must stay.
func onlySpace(h change.Hunk, name string) bool {
	if strings.TrimSpace(strings.Join(h.Added, "")) == "" && strings.TrimSpace(strings.Join(h.Removed, "")) == "" {
		return true
	}
	switch ext := path.Ext(name); ext {
	case ".py", ".pyi", ".yml", ".yaml", ".mk", "", ".haml", ".pug", ".md", ".rst":
		if len(h.Added) != len(h.Removed) {
			return false
		}
		for i := range h.Added {
			if indent(h.Added[i]) != indent(h.Removed[i]) || squeeze(h.Added[i:i+1]) != squeeze(h.Removed[i:i+1]) {
				return false
			}
		}
		return true
	}
	return squeeze(h.Added) == squeeze(h.Removed)
}

var versionText = check.Lazy(`\d+(\.\d+)+[\w.+-]*`)

// onlyVersion reports whether a hunk only puts another version where one was,
// as releases do.
func onlyVersion(h change.Hunk) bool {
	was, is := squeeze(h.Removed), squeeze(h.Added)
	return was != is && versionText.MatchString(was) && versionText.ReplaceAllString(was, "V") == versionText.ReplaceAllString(is, "V")
}

func indent(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

func squeeze(lines []string) string {
	return strings.Join(strings.Fields(strings.Join(lines, " ")), "")
}

// formatted names the lines of a file that are only formatted anew, when the
// change has more to it than that.
func formatted(u *unit, units []*unit) []evidence.Finding {
	n, first, last, all := 0, 0, 0, true
	for _, h := range u.patch.Hunks {
		if !onlySpace(h, u.file.Path) {
			all = false
			continue
		}
		if squeeze(h.Added)+squeeze(h.Removed) == "" {
			continue
		}
		n += max(len(h.Added), len(h.Removed))
		if first == 0 {
			first = max(h.NewStart, 1)
		}
		last = max(first, h.NewStart+len(h.Added)-1)
	}
	if n < minFormatted || all && len(units) == 1 {
		return nil
	}
	where := fmt.Sprintf("%d lines of %s differ in white space only", n, check.ShowPath(u.file.Path))
	if all {
		where = check.ShowPath(u.file.Path) + " differs in white space only"
	}
	return []evidence.Finding{evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: "formatting", Level: evidence.Context, Grade: evidence.Observed, Path: u.file.Path, StartLine: first, EndLine: last,
		Message: where + ": they can be passed over, or go into a change of their own.",
	}, "")}
}

var commentMark = check.Lazy(`^\s*(//+|#+|--)\s?(.*)$`)

// commentedOut names lines of code that became comments.
func commentedOut(u *unit) []evidence.Finding {
	if u.class.Document {
		return nil
	}
	gone := map[string]bool{}
	for _, l := range u.patch.Removed() {
		if t := squeeze([]string{l.Text}); len(t) > 2 && !commentMark.MatchString(l.Text) {
			gone[t] = true
		}
	}
	n, first, last, text := 0, 0, 0, ""
	for _, l := range u.patch.Added() {
		m := commentMark.FindStringSubmatch(l.Text)
		if m == nil || !gone[squeeze([]string{m[2]})] {
			continue
		}
		if n++; n == 1 {
			first, text = l.Number, m[2]
		}
		last = l.Number
	}
	if n < minCommented {
		return nil
	}
	return []evidence.Finding{evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: "commented_out", Level: evidence.Context, Grade: evidence.Observed, Path: u.file.Path, StartLine: first, EndLine: last,
		Message: fmt.Sprintf("%d lines of code became comments in lines %d to %d of %s: nobody runs or tests them any more.", n, first, last, check.ShowPath(u.file.Path)),
	}, text)}
}

var (
	pin      = check.Lazy(`^(?:require)?[\s"']*((?:[\w@./-]+))["']?\s*[:=@~^<> ]+["']?[~^v=<>]*\d+\.\d[\w.+-]*`)
	aboutDep = check.Lazy(`(?i)\b(bump|upgrad|downgrad|dependenc|deps|version|updat|release|vulnerab|cve|migrat|renovate|dependabot)`)
)

// bumped names a dependency whose version changed on the side of a change to
// code that does not speak of it.
func bumped(s *check.Subject, u *unit, units []*unit) []evidence.Finding {
	text := asked(s.Request)
	if !u.class.Manifest || text == "" || aboutDep.MatchString(text) {
		return nil
	}
	code := false
	for _, o := range units {
		code = code || o.code
	}
	was := map[string]string{}
	for _, l := range u.patch.Removed() {
		if m := pin.FindStringSubmatch(l.Text); m != nil {
			was[m[1]] = strings.TrimSpace(l.Text)
		}
	}
	var out []evidence.Finding
	for _, l := range u.patch.Added() {
		m := pin.FindStringSubmatch(l.Text)
		if m == nil || !code || was[m[1]] == "" || was[m[1]] == strings.TrimSpace(l.Text) || strings.Contains(l.Text, "// indirect") || strings.Contains(strings.ToLower(text), strings.ToLower(path.Base(m[1]))) {
			continue
		}
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "bump", Level: evidence.Context, Grade: evidence.Observed, Path: u.file.Path, StartLine: l.Number, EndLine: l.Number,
			Message: fmt.Sprintf("%s now asks for another version of %s, which %s does not speak of.", check.ShowPath(u.file.Path), check.Clip(m[1], 100), whose(s.Request)),
		}, m[1]+" "+strings.TrimSpace(l.Text)))
	}
	return out
}
