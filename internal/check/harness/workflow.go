package harness

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

func isWorkflow(lower string) bool {
	return strings.HasPrefix(lower, ".github/workflows/") && (strings.HasSuffix(lower, ".yml") || strings.HasSuffix(lower, ".yaml")) ||
		strings.HasSuffix(lower, "/action.yml") || strings.HasSuffix(lower, "/action.yaml") || lower == "action.yml" || lower == "action.yaml"
}

// workflows looks at GitHub's workflows: strangers' code with the project's
// rights, strangers' text within commands, secrets that are shown (GitHub's
// documentation, "Secure use reference").
func (j workflowRules) workflows(f *file) {
	if !isWorkflow(f.lower) {
		return
	}
	lines := strings.Split(f.head, "\n")
	runs := runLines(lines)
	trusted := j.patterns.get(`(?m)^\s*(?:-\s*)?["']?(pull_request_target|workflow_run)["']?\s*:?\s*(?:#.*)?$|on\s*:\s*\[?[^\n#]*\bpull_request_target\b`).MatchString(f.head)
	for _, l := range f.added {
		if strings.HasPrefix(strings.TrimSpace(l.Text), "#") {
			continue
		}
		if trusted && j.foreignCheckout(f.head) && (j.foreignLine(l.Text) || strings.Contains(l.Text, "pull_request_target")) {
			j.find(f.quiet(evidence.Gate), "workflow", f, l, "runs code of anybody's pull request with the rights and secrets of this repository: it is started by pull_request_target and checks out the request's head")
		}
		if runs[l.Number] {
			j.inRun(f, l)
		}
		if j.patterns.get(`^\s*permissions\s*:\s*["']?write-all`).MatchString(l.Text) {
			j.find(f.quiet(evidence.Locator), "workflow", f, l, "gives the workflow every right there is")
		}
		j.uses(f, l)
	}
}

func (j workflowRules) foreignLine(text string) bool {
	return j.patterns.get(`github\.event\.pull_request\.head\.(?:sha|ref)|github\.head_ref|refs/pull/|github\.event\.workflow_run\.head_(?:sha|branch)|gh pr checkout`).MatchString(text)
}

// foreignCheckout reports whether a workflow lays out the head of a request:
// by a ref of the checkout, or by Git itself.
func (j workflowRules) foreignCheckout(text string) bool {
	return j.patterns.get(`(?m)^\s*ref\s*:\s*.*(?:github\.event\.pull_request\.head\.(?:sha|ref)|github\.head_ref|refs/pull/|github\.event\.workflow_run\.head_(?:sha|branch))|\bgh pr checkout\b|git (?:fetch|checkout|pull)[^\n]*(?:pull_request\.head|github\.head_ref|refs/pull/|pull/\$)`).MatchString(text)
}

// runLines gives the lines, by number, that are commands of a step.
func runLines(lines []string) map[int]bool {
	out := map[int]bool{}
	inside := -1 // how deep the step's "run" stands
	for i, text := range lines {
		trimmed := strings.TrimLeft(text, " ")
		depth := len(text) - len(trimmed)
		switch {
		case inside >= 0 && strings.TrimSpace(text) != "" && depth <= inside:
			inside = -1
		case inside >= 0:
			out[i+1] = true
			continue
		}
		rest, ok := strings.CutPrefix(strings.TrimPrefix(trimmed, "- "), "run:")
		if !ok {
			rest, ok = strings.CutPrefix(strings.TrimPrefix(trimmed, "- "), "script:")
		}
		if ok {
			out[i+1] = true
			if rest = strings.TrimSpace(rest); strings.HasPrefix(rest, "|") || strings.HasPrefix(rest, ">") {
				inside = depth + len(trimmed) - len(strings.TrimPrefix(trimmed, "- "))
			}
		}
	}
	return out
}

func (j workflowRules) inRun(f *file, l change.Line) {
	text := l.Text
	switch {
	case j.patterns.get(`secrets\.\w+[^\n]*\|\s*(?:base64|rev|xxd|od|hexdump|sed|tr|fold)\b|toJSON\(secrets\)[^\n]*(?:curl|wget|\|)|(?:printenv|\benv|set)\s*\|[^\n]*\b(?:curl|wget|nc)\b|(?:curl|wget)\b[^\n]*\$\((?:env|printenv|set)\b`).MatchString(text) && !j.patterns.get(`base64\s+(?:-d|-D|--decode|-di)`).MatchString(text):
		j.find(f.quiet(evidence.Gate), "workflow", f, l, "gets secrets past the masking of the log, or sends the environment away: "+show(text))
	case strings.Contains(text, "toJSON(secrets)"), j.patterns.get(`\b(?:echo|printf)\b[^|>\n]*\$\{\{\s*secrets\.\w+\s*\}\}[^|>\n]*$`).MatchString(text) && !strings.Contains(text, "::add-mask::"):
		j.find(f.quiet(evidence.Locator), "workflow", f, l, "prints secrets: "+show(text))
	case j.patterns.get(`\$\{\{[^}]*\bgithub\.(?:event\.(?:issue\.(?:title|body)|pull_request\.(?:title|body|head\.(?:ref|label|repo\.default_branch))|comment\.body|review\.body|review_comment\.body|discussion\.(?:title|body)|pages|head_commit\.(?:message|author)|commits|workflow_run\.(?:head_branch|head_commit))|head_ref)`).MatchString(text):
		j.find(f.quiet(evidence.Locator), "workflow", f, l, "puts text that strangers write into a command line, where it can be a command: "+show(text))
	}
}

// uses points at an action of an owner that the workflow had nothing of, at a
// state that its owner can move.
func (j workflowRules) uses(f *file, l change.Line) {
	m := j.patterns.get(`^\s*(?:-\s*)?uses\s*:\s*["']?([\w.-]+)/([\w./-]+)@([\w./-]+)`).FindStringSubmatch(l.Text)
	if m == nil || isKnownOwner(strings.ToLower(m[1])) || strings.Contains(f.old, m[1]+"/") {
		return
	}
	if j.patterns.get(`^[0-9a-f]{40}$|^v?\d`).MatchString(m[3]) {
		return
	}
	level := evidence.Locator
	if strings.Contains(m[2], ".github/workflows/") { // most often the organisation's own
		level = evidence.Context
	}
	j.find(f.quiet(level), "workflow", f, l, fmt.Sprintf("runs %s/%s at the branch %s, which its owner can change at any time", m[1], m[2], m[3]))
}

func isKnownOwner(owner string) bool {
	return slices.Contains([]string{
		"actions", "github", "docker", "aws-actions", "azure", "google-github-actions", "hashicorp", "codecov", "golangci", "goreleaser", "pre-commit",
		"dtolnay", "actions-rs", "swatinem", "taiki-e", "pnpm", "oven-sh", "denoland", "ruby", "shivammathur", "gradle", "astral-sh", "pypa", "pypi",
		"softprops", "peter-evans", "peaceiris", "ossf", "sigstore", "anchore", "aquasecurity", "snyk", "sonarsource", "cloudflare", "jetbrains",
		"microsoft", "rust-lang", "cachix", "determinatesystems", "changesets", "release-drafter", "googleapis", "crazy-max", "nick-fields", "dorny",
	}, owner)
}
