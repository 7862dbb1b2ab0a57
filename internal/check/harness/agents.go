package harness

import (
	"fmt"
	"path"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/offer"
	"muster/internal/core/plan"
)

// isAgentSetting: what agents read as settings.
func isAgentSetting(lower string) bool {
	base := path.Base(lower)
	folder := "/" + path.Dir(lower) + "/"
	return base == ".mcp.json" || base == "mcp.json" || base == "mcp_config.json" ||
		strings.Contains(folder, "/.claude/") && strings.HasPrefix(base, "settings") ||
		(strings.Contains(folder, "/.codex/") || strings.Contains(folder, "/.gemini/") || strings.Contains(folder, "/.qwen/") || strings.Contains(folder, "/.cursor/") || strings.Contains(folder, "/.opencode/")) && !strings.HasSuffix(base, ".md") && !strings.HasSuffix(base, ".mdc") ||
		base == "opencode.json" || base == ".aider.conf.yml"
}

// isInstruction: what agents take instructions from.
func isInstruction(lower string) bool {
	base := path.Base(lower)
	folder := "/" + path.Dir(lower) + "/"
	switch base {
	case "agents.md", "agents.override.md", "claude.md", "claude.local.md", "gemini.md", "qwen.md", "copilot-instructions.md", ".cursorrules", ".windsurfrules", ".clinerules", "skill.md", "conventions.md", ".goosehints":
		return true
	}
	prose := strings.HasSuffix(base, ".md") || strings.HasSuffix(base, ".mdc")
	return prose && (strings.Contains(folder, "/.claude/") || strings.Contains(folder, "/.cursor/") || strings.Contains(folder, "/.github/instructions/") || strings.Contains(folder, "/.github/prompts/") || strings.Contains(folder, "/.windsurf/") || strings.Contains(folder, "/.agents/"))
}

// agents looks at settings of agents that run commands or send their traffic
// elsewhere, and at instructions that people are not meant to see.
func (j agentRules) agents(f *file) {
	if isAgentSetting(f.lower) {
		for _, l := range f.added {
			j.agentSetting(f, l)
		}
	}
	if isInstruction(f.lower) {
		j.instructions(f)
		return
	}
	if f.class.Document && !f.class.Fixture {
		for _, l := range f.added { // prose is read by agents too: what is hidden in it speaks to them alone
			if hiddenComment(l.Text) && j.commands(l.Text) {
				j.find(evidence.Gate, "instructions", f, l, "hides an instruction to agents in a comment that readers do not see: "+show(l.Text))
			}
		}
		return
	}
	if !f.class.Test && !f.class.Fixture && isCode(f) && !j.patterns.get(`(?i)prompt|inject|guard|jailbreak|safety|security|moderation|redteam|attack|eval`).MatchString(f.lower) {
		for _, l := range f.added {
			if j.behindBacks(l.Text) && bare(l.Text, f) == "" {
				j.find(evidence.Locator, "instructions", f, l, "speaks to agents in a comment: "+show(l.Text))
			}
		}
	}
}

// behindBacks reports whether a text orders an agent to forget its rules, or to
// keep something from people.
func (j agentRules) behindBacks(text string) bool {
	return j.patterns.get(`(?i)\b(?:ignore|disregard|forget|override)\b.{0,20}\b(?:all|any|the|your|previous|prior|above|earlier|system)\b.{0,25}\b(?:instructions?|prompts?|rules|guidelines|directives)\b|\b(?:do not|don't|never|without)\b.{0,20}\b(?:tell|telling|mention|mentioning|inform|informing|show|reveal|report|notify|notifying|disclose)\b.{0,30}\b(?:user|human|developer|reviewer|maintainer|anyone|anybody|operator)\b`).MatchString(text)
}

// commands reports whether a text orders an agent about.
func (j agentRules) commands(text string) bool {
	return j.behindBacks(text) || j.patterns.get(`\b(?:AI|LLM|assistant|agent|model|claude|copilot|codex|gemini|cursor)s?\b.{0,80}\b(?:must|should|please|always)\b.{0,80}\b(?:curl|wget|exfiltrate|upload|send|post|run|execute|approve|skip)\b`).MatchString(text)
}

func hiddenComment(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(text, "<!--") || strings.HasPrefix(strings.TrimSpace(text), "[//]: #") || strings.HasPrefix(strings.TrimSpace(text), "[comment]:") ||
		strings.Contains(lower, "display:none") || strings.Contains(lower, "display: none") || strings.Contains(lower, "font-size:0") || strings.Contains(lower, "color:white") || strings.Contains(lower, "color: white")
}

// instructions looks at what a file tells agents to do.
func (j agentRules) instructions(f *file) {
	inComment := false
	from := map[int]bool{}
	for i, text := range strings.Split(f.head, "\n") {
		opens, closes := strings.LastIndex(text, "<!--"), strings.LastIndex(text, "-->")
		from[i+1] = inComment || opens >= 0
		if opens > closes {
			inComment = true
		} else if closes > opens {
			inComment = false
		}
	}
	for _, l := range f.added {
		hidden := from[l.Number] || hiddenComment(l.Text)
		secret := j.patterns.get(`(?i)~/\.(?:ssh|aws|npmrc|netrc|gnupg|config/gh)|\bid_(?:rsa|ed25519)\b|\$(?:ANTHROPIC|OPENAI|GITHUB|AWS|NPM)_\w+|\b(?:printenv|environment variables|api keys?|credentials|\.env)\b`).MatchString(l.Text)
		away := j.patterns.get(`(?i)\b(?:curl|wget|fetch|post|send|upload|exfiltrate|transmit)\b.{0,120}(?:https?://|\bto\b.{0,40}\.(?:com|net|org|io|dev|sh|xyz|test)\b)`).MatchString(l.Text)
		piped := j.patterns.get(`(?i)(?:curl|wget)\s[^|\n]{1,200}\|\s*(?:sudo\s+)?(?:ba|z)?sh\b`).MatchString(l.Text)
		behind := j.patterns.get(`(?i)\b(?:ignore|disregard|forget|override)\b.{0,20}\b(?:all|any|your|previous|prior|above|earlier|system)\b.{0,25}\b(?:instructions?|prompts?|rules|guidelines)\b|\b(?:do not|don't|never|without)\b.{0,20}\b(?:tell|telling|mention|mentioning|inform|informing|notify|notifying|disclose)\b.{0,30}\b(?:the user|human|reviewer|maintainers?|anyone|anybody|operator)\b`).MatchString(l.Text)
		orders := j.patterns.get(`(?i)\b(?:assistants?|agents?|AI|LLM|claude|codex|copilot|gemini|you)\b.{0,80}\b(?:run|execute|must|never|always|send|ignore)\b|\b(?:never|do not|don't)\s+(?:tell|mention|reveal|disclose|report)\b`).MatchString(l.Text)
		switch {
		case hidden && (orders || behind || away || piped || secret && away || j.commands(l.Text)):
			j.find(evidence.Gate, "instructions", f, l, "hides an instruction to agents in a comment that readers do not see: "+show(l.Text))
		case behind:
			j.find(evidence.Gate, "instructions", f, l, "tells agents to act behind somebody's back: "+show(l.Text))
		case secret && away:
			j.find(evidence.Gate, "instructions", f, l, "tells agents to send secrets away: "+show(l.Text))
		case piped:
			j.find(evidence.Locator, "instructions", f, l, "tells agents to run what they download: "+show(l.Text))
		}
	}
}

// explained reports whether it is said elsewhere in plain words what a change of
// an agent's settings lets run: each change of a path that agents know is shown
// to a person with that (check protect), and is not told twice. Of a push and of
// a whole run protect only describes, and asks nobody.
func (j agentRules) explained(f *file) bool {
	known := offer.Globs()
	for i := range known {
		known[i] = strings.ToLower(known[i])
	}
	form, _ := offer.Known(f.Path)
	return asked(j.s.Request) && form != "" && plan.MatchAny(known, f.lower)
}

// agentSetting looks at one line of an agent's settings.
func (j agentRules) agentSetting(f *file, l change.Line) {
	say := func(level evidence.Level, what string) {
		if level != evidence.Gate && j.explained(f) {
			return
		}
		j.find(f.quiet(level), "agent", f, l, what+": "+show(l.Text))
	}
	command := j.patterns.get(`(?i)"command"\s*:\s*(".*)|^\s*command\s*=\s*(.*)|"args"\s*:\s*(\[.*)|^\s*args\s*=\s*(\[.*)|"(apiKeyHelper|awsAuthRefresh|otelHeadersHelper|statusLine)"\s*:`).FindString(l.Text)
	steals := j.patterns.get(`(?i)\.ssh/|\.aws/|\.netrc|\.npmrc|\.gnupg|\bprintenv\b|\benv\s*[|>]|/proc/self/environ`).MatchString(l.Text)
	switch {
	case command != "" && (j.reaches(command) != "" || steals):
		say(evidence.Gate, "makes agents run a command that reaches the network, secrets or hidden code, whenever it fires")
	case j.patterns.get(`"?(?:ANTHROPIC|OPENAI|GOOGLE_GEMINI|GEMINI|CODEX)_(?:BASE_URL|API_BASE|API_URL|ENDPOINT)"?\s*[:=]\s*"?https?://|^\s*"?(?:base_url|baseUrl|openai_base_url)"?\s*[:=]\s*"https?://`).MatchString(l.Text) && !strings.Contains(l.Text, "localhost") && !strings.Contains(l.Text, "127.0.0.1"):
		say(evidence.Gate, "sends what agents say, and their keys, to another address")
	case j.patterns.get(`"(?:bypassPermissions|dangerously\w*)"|"enableAllProjectMcpServers"\s*:\s*true|"Bash\(\*(?::\*)?\)"|^\s*"Bash"\s*,?\s*$|"autoApprove"\s*:\s*(?:true|\[\s*"\*")|approval_policy\s*=\s*"never"|sandbox_mode\s*=\s*"danger-full-access"|"yolo"\s*:\s*true`).MatchString(l.Text):
		say(evidence.Locator, "lets agents act without being asked")
	case j.patterns.get(`"(?:PreToolUse|PostToolUse|UserPromptSubmit|SessionStart|SessionEnd|Stop|SubagentStop|Notification|PreCompact)"\s*:`).MatchString(l.Text):
		say(evidence.Locator, "makes agents run commands by themselves")
	case strings.Contains(f.base, "mcp") && strings.Contains(strings.ToLower(command), "command"):
		say(evidence.Locator, fmt.Sprintf("gives agents a program that they start by themselves, in %s", f.base))
	}
}
