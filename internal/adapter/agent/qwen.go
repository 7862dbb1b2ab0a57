package agent

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"muster/internal/adapter/agent/given"
	"muster/internal/core/job"
)

// qwen drives Qwen Code (tested with 0.24.4) in its headless mode.
type qwen struct{}

func (qwen) Program(g job.Agent) string { return programOf(g, "qwen") }

// Spec starts Qwen Code with these choices of ours, most of them in a file of
// settings that is above the person's own:
//
//   - The worktree is never a trusted folder. Then nothing of the repository
//     is read but prose: no settings, no hooks, no MCP servers.
//   - In such a folder every tool would be asked about. Shell commands are
//     allowed, and edits within the worktree; edits elsewhere are refused,
//     because nobody is there to be asked. (Its modes auto-edit and yolo
//     write everywhere.)
//   - git commit and git push are denied. That stops habit, not malice.
//
// The settings of a machine's administrator are not read: Qwen knows one such
// file, and this is it. Who needs them sets QWEN_CODE_SYSTEM_SETTINGS_PATH.
func (qwen) Spec(a job.Attempt) (job.Spec, error) {
	if err := refuse(a.Agent.Args, "-p", "--prompt", "-i", "--prompt-interactive", "-o", "--output-format", "--input-format",
		"-r", "--resume", "-c", "--continue", "--session-id", "--fork-session", "--worktree", "--acp", "--chat-recording"); err != nil {
		return job.Spec{}, err
	}
	model, err := modelOption(a.Agent, "-m")
	if err != nil {
		return job.Spec{}, err
	}
	argv := append(commandOf(a.Agent, "qwen"), "-o", "stream-json")
	argv = append(argv, model...)
	switch {
	case a.Session != "":
		argv = append(argv, "--resume", a.Session)
	case a.NewID != "":
		argv = append(argv, "--session-id", version4(a.NewID))
	}
	argv = append(argv, a.Agent.Args...)
	a.Prompt = notCommand(guided(a))
	return newSpec(a, argv, newEnvironment(a, qwenFixed(a), qwenVariable))
}

// version4 gives a UUID the version 4: Qwen refuses those of version 8, which
// Muster makes from a hash.
func version4(id string) string {
	const at = len("01234567-89ab-")
	if len(id) != len("01234567-89ab-cdef-0123-456789abcdef") {
		return id
	}
	return id[:at] + "4" + id[at+1:]
}

func qwenFixed(a job.Attempt) map[string]string {
	return map[string]string{
		"QWEN_CODE_SYSTEM_SETTINGS_PATH": filepath.Join(a.Scratch, qwenSettings),
		"QWEN_CODE_TRUSTED_FOLDERS_PATH": filepath.Join(a.Scratch, qwenTrust),
		"QWEN_CODE_NO_RELAUNCH":          "true", // one process instead of two
	}
}

func (qwen) Reader(a job.Attempt) Reader {
	return &qwenReader{claudeReader{a: a, view: newView(a), edits: map[string]string{}}}
}

// qwenVariable accepts what Qwen Code is configured by, except for what Spec
// sets and what an outer Qwen tells the programs that it runs.
func qwenVariable(name string) bool {
	switch name {
	case "QWEN_CODE_SYSTEM_SETTINGS_PATH", "QWEN_CODE_TRUSTED_FOLDERS_PATH", "QWEN_CODE_NO_RELAUNCH",
		"QWEN_CODE_CLI", "QWEN_CODE_SESSION_ID", "QWEN_CODE_PROJECT_DIR", "QWEN_CODE_LAUNCHER_PID":
		return false
	}
	if strings.HasPrefix(name, "QWEN_CODE_IDE_") {
		return false
	}
	return strings.HasPrefix(name, "QWEN_") || strings.HasPrefix(name, "OPENAI_") || allowNames(common(), network())(name)
}

// Where Qwen's files lie below the scratch folder.
const (
	qwenSettings = "qwen/settings.json"
	qwenTrust    = "qwen/trusted.json"
)

// Files gives the settings and the list of trusted folders, in which the
// worktree is named as one that is not.
func (qwen) Files(a job.Attempt) []File {
	type object = map[string]any
	return []File{
		{Path: qwenTrust, Text: given.JSON(object{filepath.Clean(a.Dir): "DO_NOT_TRUST"})},
		{Path: qwenSettings, Text: given.JSON(object{
			"$version": 4, // an older one would be rewritten in place
			"security": object{"folderTrust": object{"enabled": true}},
			"privacy":  object{"usageStatisticsEnabled": false},
			"general":  object{"enableAutoUpdate": false},
			// Its default waits a minute and more, ten times, when the model says
			// that it is asked too often; without it a minute and a half in all.
			"model": object{"generationConfig": object{"maxRetries": 0}},
			"permissions": object{
				"allow": []string{"run_shell_command", "write_file(/**)", "edit(/**)", "notebook_edit(/**)"},
				"deny":  []string{"Bash(git commit *)", "Bash(git commit)", "Bash(git push *)", "Bash(git push)"},
			},
		})},
	}
}

// qwenReader reads the stream-json of Qwen Code, which is Claude Code's but
// for its result and how refused tools are told of.
type qwenReader struct{ claudeReader }

type qwenLine struct {
	Type    string          `json:"type"`
	Subtype string          `json:"subtype"`
	IsError json.RawMessage `json:"is_error"`
	Result  string          `json:"result"`
	Denials []claudeDenial  `json:"permission_denials"`
	Message struct {
		Content []struct {
			Type    string          `json:"type"`
			IsError bool            `json:"is_error"`
			Content json.RawMessage `json:"content"`
		} `json:"content"`
	} `json:"message"`
	Error struct {
		Message string `json:"message"`
	} `json:"error"`
	Usage struct {
		Input     count `json:"input_tokens"` // includes what was read from a cache
		CacheRead count `json:"cache_read_input_tokens"`
		Output    count `json:"output_tokens"`
	} `json:"usage"`
}

func (r *qwenReader) Line(line []byte) []job.AgentEvent {
	var l qwenLine
	if isObject(line) && decode(line, &l) {
		switch {
		case l.Type == "result":
			return r.result(l)
		case l.Type == "system" && l.Subtype == "retry":
			return []job.AgentEvent{{Kind: job.AgentRetry, Text: r.view.text(firstOf(l.Error.Message, "its model request failed"))}}
		case l.Type == "user":
			return append(r.claudeReader.Line(line), r.refused(l)...)
		}
	}
	return r.claudeReader.Line(line)
}

// refused tells of tools that were not allowed.
func (r *qwenReader) refused(l qwenLine) []job.AgentEvent {
	var events []job.AgentEvent
	for _, c := range l.Message.Content {
		var why string
		decode(c.Content, &why)
		if c.IsError && (strings.Contains(why, "permission was declined") || strings.Contains(why, "denied by permission rules")) {
			events = append(events, job.AgentEvent{Kind: job.AgentDenied, Text: r.view.text(why)})
		}
	}
	return events
}

// result ends a turn. Its counts are those of the session so far.
func (r *qwenReader) result(l qwenLine) []job.AgentEvent {
	u := l.Usage
	r.total = &job.Usage{
		Input: max(0, int64(u.Input)-int64(u.CacheRead)), CacheRead: int64(u.CacheRead), Output: int64(u.Output),
		CostUnknown: true, // Qwen knows no prices
	}
	r.denied = nil
	for _, d := range l.Denials {
		if len(r.denied) < maxDenied {
			r.denied = append(r.denied, r.view.name(d.Tool+" "+r.view.target(claudeTarget(d.Input))))
		}
	}
	r.trouble = ""
	switch {
	case string(l.IsError) == "false" && l.Subtype == "success":
		r.final = &final{job.Done, r.view.text(l.Result)}
	default:
		said := firstOf(l.Error.Message, l.Result, "the turn ended as "+l.Subtype)
		r.final = &final{byText(said), r.view.text(said)}
	}
	return []job.AgentEvent{{Kind: job.AgentEnded, Text: r.final.message}}
}

func (r *qwenReader) End(exit job.Exit, stderrTail string) job.Outcome {
	const ownLimit = 55 // its own limit on time or on the use of tools; no result is printed
	if r.final == nil && exit.State == job.Exited && exit.Code == ownLimit {
		r.final = &final{job.Limit, firstOf(lastWords(r.view.text(stderrTail)), "the agent's own limit is reached")}
	}
	return r.claudeReader.End(exit, stderrTail)
}
