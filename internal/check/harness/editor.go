package harness

import (
	"fmt"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// reaches gives what in a command line reaches the network, hides code or
// opens a line to somebody else.
func (j *judgement) reaches(line string) string {
	return j.patterns.get(`(?i)\b(?:curl|wget)\s[^|;&\n]{0,300}(?:https?://|\$)[^\n]{0,300}|\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b|\bnc(?:at)?\s+(?:-\S+\s+)*\S+\s+\d+|/dev/(?:tcp|udp)/|\bbase64\s+(?:-d|-D|--decode)\b|-enc(?:odedcommand)?\s+[A-Za-z0-9+/=]{16,}|\beval\s+["'$(]+\S*(?:decode|atob)|(?:https?|net|dns)\.(?:get|request|connect|lookup)\(|\bfetch\(|urllib\.request|requests\.(?:get|post)\(|b64decode\(|\batob\(|buffer\.from\([^)]{0,200}base64`).FindString(line)
}

// editors looks at settings that make an editor, a shell or a debugger run
// something as soon as the folder is opened or entered.
func (j editorRules) editors(f *file) {
	folder := "/" + f.lower
	for _, l := range f.added {
		switch {
		case strings.HasSuffix(folder, "/.vscode/tasks.json") || strings.HasSuffix(f.base, ".code-workspace"):
			if j.patterns.get(`"runOn"\s*:\s*"folderOpen"`).MatchString(l.Text) {
				j.opened(f, l)
			}
		case strings.HasSuffix(folder, "/.vscode/settings.json"):
			if j.patterns.get(`(?i)"[\w.-]*(?:path|interpreter|executable|command|server|binary|cmd|node|shell\.\w+|automationprofile\.\w+|alternatetools)"\s*:\s*"(?:\./|\.\./|\$\{workspaceFolder\}/)`).MatchString(l.Text) &&
				!j.patterns.get(`(?i)venv|node_modules|/\.yarn/sdks|typescript/lib|tsdk|\.pnp`).MatchString(l.Text) {
				j.find(f.quiet(evidence.Locator), "editor", f, l, "makes the editor run a program of this repository: "+show(l.Text))
			}
		case f.base == ".envrc" || f.base == ".exrc" || f.base == ".nvimrc" || f.base == ".nvim.lua" || f.base == ".gdbinit" || f.base == ".lldbinit" || f.base == ".dir-locals.el" || f.base == "mise.toml" || f.base == ".mise.toml":
			j.entered(f, l)
		case strings.HasSuffix(f.base, "devcontainer.json"):
			if strings.Contains(l.Text, `"initializeCommand"`) {
				level := evidence.Locator
				if j.reaches(l.Text) != "" {
					level = evidence.Gate
				}
				j.find(f.quiet(level), "editor", f, l, "runs a command on the developer's own machine before the container starts: "+show(l.Text))
			}
		case strings.Contains(folder, "/.idea/") && strings.Contains(l.Text, "ProjectStartupSharedConfiguration"):
			j.find(f.quiet(evidence.Locator), "editor", f, l, "makes the editor run a configuration as soon as the project is opened")
		}
	}
}

// opened: a task that starts with the folder. What it runs stands near.
func (j editorRules) opened(f *file, at change.Line) {
	for _, l := range f.added {
		if abs(l.Number-at.Number) < 25 && j.reaches(l.Text) != "" {
			j.find(f.quiet(evidence.Gate), "editor", f, at, "makes the editor reach the network or run hidden code as soon as the folder is opened: "+show(l.Text))
			return
		}
	}
	j.find(f.quiet(evidence.Locator), "editor", f, at, "makes the editor run a task as soon as the folder is opened")
}

func abs(n int) int { return max(n, -n) }

func (j editorRules) entered(f *file, l change.Line) {
	trimmed := strings.TrimSpace(l.Text)
	if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
		return
	}
	switch what := j.reaches(l.Text); {
	case what != "":
		j.find(f.quiet(evidence.Gate), "editor", f, l, fmt.Sprintf("reaches the network or runs hidden code as soon as somebody works in the folder (%s)", show(what)))
	case f.base == ".dir-locals.el" && strings.Contains(l.Text, "(eval"), (f.base == ".gdbinit" || f.base == ".lldbinit") && j.patterns.get(`\b(shell|!|platform shell|python|script)\b`).MatchString(l.Text),
		(f.base == ".exrc" || f.base == ".nvimrc") && strings.Contains(l.Text, "!"):
		j.find(f.quiet(evidence.Locator), "editor", f, l, "runs code as soon as somebody works in the folder: "+show(l.Text))
	}
}
