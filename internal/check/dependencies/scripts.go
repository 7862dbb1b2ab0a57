package dependencies

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/source/manifest"
)

// scripts looks at commands that a package manager runs by itself: on every
// machine that installs the project, or a project that depends on it.
func (j scriptRules) scripts(ctx context.Context, _ []addition) error {
	for _, f := range j.changedManifests() {
		head, was := j.head.files[f.Path], j.base.files[before(f)]
		for _, s := range head.Scripts {
			if slices.ContainsFunc(was.Scripts, func(o manifest.Script) bool { return o.Name == s.Name && o.Text == s.Text }) {
				continue
			}
			if err := j.script(ctx, head.Path, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j scriptRules) script(ctx context.Context, file string, s manifest.Script) error {
	at := place{path: file, line: s.Line, name: s.Name + " " + s.Text}
	what := reaches(s.Text)
	if what == "" {
		called, text, err := j.called(ctx, file, s.Text)
		if err != nil {
			return err
		}
		if found := reachesInCode(text); found != "" {
			what = fmt.Sprintf("%s in %s", found, check.ShowPath(called))
		}
	}
	onInstall := s.Name == "preinstall" || s.Name == "install" || s.Name == "postinstall"
	switch {
	case what != "":
		j.find(evidence.Gate, "script", at, j.show(`"`+s.Name+`"`, file), fmt.Sprintf("%s runs code when the package is installed that reaches the network or hides what it does (%s): %s: %s.", at, what, s.Name, show(s.Text)))
	case onInstall && !isOrdinary(s.Text):
		j.find(evidence.Locator, "script", at, "", fmt.Sprintf("%s runs code whenever the package is installed: %s: %s.", at, s.Name, show(s.Text)))
	default:
		j.find(evidence.Context, "script", at, "", fmt.Sprintf("%s runs a command by itself: %s: %s.", at, s.Name, show(s.Text)))
	}
	return nil
}

// reaches gives what in a command line reaches the network or hides code.
func reaches(line string) string {
	pattern := regexp.MustCompile(`(?i)\b(curl|wget|iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring|ncat|netcat)\b|\bnc\s+-|/dev/tcp/|https?://|\bbase64\b|\batob\b|buffer\.from\(|\beval\b|-enc(odedcommand)?\s|\\x[0-9a-f]{2}\\x`)
	return pattern.FindString(line)
}

// reachesInCode is reaches for a program: an address in a comment is nothing.
func reachesInCode(text string) string {
	pattern := regexp.MustCompile(`(?i)\b(?:https?|net|dns|tls)\.(?:get|request|connect|createconnection|lookup|resolve\w*)\(|\bfetch\(\s*["'` + "`" + `]?http|\b(?:axios|got|request|urllib\.request|requests)(?:\.(?:get|post|urlopen))?\(|\b(?:curl|wget)\s+[-"'h$]|\beval\(|\bnew Function\(|buffer\.from\([^)]{0,400}base64|\batob\(|(?:\\x[0-9a-f]{2}){6}`)
	return pattern.FindString(text)
}

// called gives the text of the script of this tree that a command line runs.
func (j scriptRules) called(ctx context.Context, from, line string) (name, text string, err error) {
	m := regexp.MustCompile(`(?:^|[\s;&|(])(?:node|bun|sh|bash|python3?|tsx|ts-node)\s+(?:-\S+\s+)*["']?([\w./-]+)|(?:^|[\s;&|])(\./[\w./-]+)`).FindStringSubmatch(line)
	if m == nil {
		return "", "", nil
	}
	name = path.Join(path.Dir(from), m[1]+m[2])
	for _, end := range []string{"", ".js", ".cjs", ".mjs", "/index.js"} {
		if !slices.ContainsFunc(j.s.Change.Paths(), func(p string) bool { return p == name+end }) {
			continue // as it was, and so not of this change
		}
		data, _, err := j.head.read(ctx, name+end)
		return name + end, string(data[:min(len(data), manifest.MaxSize)]), err
	}
	return "", "", nil
}

// isOrdinary reports whether a command only runs tools that projects are
// known to run on installation.
func isOrdinary(line string) bool {
	tool := regexp.MustCompile(`^(?:(?:npx|yarn|pnpm|bunx|exec|run)\s+(?:-\S+\s+)*)*(patch-package|husky|is-ci|prisma generate|nuxt prepare|nuxi prepare|electron-builder install-app-deps|simple-git-hooks|lefthook install|lerna bootstrap|ngcc|only-allow|svelte-kit sync|opencollective|node-gyp rebuild|node-gyp-build|prebuild-install|yarn-deduplicate|pod-install|build|wxt prepare|fumadocs-mdx|echo|true|exit 0)\b`)
	for part := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == '&' || r == '|' || r == ';' }) {
		if part = strings.TrimSpace(part); part != "" && !tool.MatchString(part) {
			return false
		}
	}
	return true
}
