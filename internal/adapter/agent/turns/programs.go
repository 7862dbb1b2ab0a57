package turns

import "muster/internal/core/job"

// message is a line of Claude Code or Qwen Code.
type message struct {
	Type    string  `json:"type"`
	Turns   float64 `json:"num_turns"` // with a result
	Message struct {
		ID      string `json:"id"`
		Content []struct {
			Type string `json:"type"`
			ID   string `json:"id"`
			For  string `json:"tool_use_id"`
		} `json:"content"`
	} `json:"message"`
}

// claude: an answer is a message, which comes in lines of the same id, those
// of subagents as well. Its num_turns, which leaves these out, counts where no
// message is told of.
func claude(c *Counter, line []byte) {
	var m message
	if decode(line, &m) {
		m.count(c, m.Message.ID)
	}
}

// qwen: as Claude Code, but each line has an id of its own.
func qwen(c *Counter, line []byte) {
	var m message
	if decode(line, &m) {
		m.count(c, "")
	}
}

func (m message) count(c *Counter, id string) {
	switch m.Type {
	case "assistant":
		c.answer(id)
		for _, b := range m.Message.Content {
			if b.Type == "tool_use" {
				c.call(b.ID)
			}
		}
	case "user":
		for _, b := range m.Message.Content {
			if b.Type == "tool_result" {
				c.back(b.For)
			}
		}
	case "result":
		c.none(m.Turns)
	}
}

// codex: its own turn is the whole attempt. An answer is a text or tools that
// begin while no other tool runs: it does not say which tools belong together,
// so that tools of one answer that run one after the other count as more.
func codex(c *Counter, line []byte) {
	var l struct {
		Type string `json:"type"`
		Item struct {
			Type string `json:"type"`
			ID   string `json:"id"`
		} `json:"item"`
	}
	if !decode(line, &l) {
		return
	}
	switch isEnd := l.Type == "item.completed"; {
	case l.Type == "turn.completed" || l.Type == "turn.failed":
		c.over()
	case !isEnd && l.Type != "item.started" || l.Item.Type == "error" || l.Item.Type == "":
	case l.Item.Type == "agent_message":
		if c.said && len(c.tools) == 0 {
			c.over() // an answer has one text: a tool was refused in silence
		}
		c.answer("")
		c.said = true
	case l.Item.Type == "reasoning" || l.Item.Type == "todo_list":
		c.answer("")
	case isEnd:
		if !c.tools[l.Item.ID] {
			c.call(l.Item.ID) // some are told of only when they have ended
		}
		c.back(l.Item.ID)
	default:
		c.call(l.Item.ID)
	}
}

// gemini: an answer is texts and tools, up to the end of the tools.
func gemini(c *Counter, line []byte) {
	var l struct {
		Type string `json:"type"`
		Role string `json:"role"`
		ID   string `json:"tool_id"`
	}
	if !decode(line, &l) {
		return
	}
	switch l.Type {
	case "message":
		if l.Role == "assistant" {
			c.answer("")
		}
	case "tool_use":
		c.call(l.ID)
	case "tool_result":
		c.back(l.ID)
	case "result":
		c.over()
	}
}

// copilot says where a turn ends; one in which no model answered is none.
func copilot(c *Counter, line []byte) {
	var l struct {
		Type string `json:"type"`
	}
	if !decode(line, &l) {
		return
	}
	switch l.Type {
	case "assistant.message", "tool.execution_start":
		c.answer("")
	case "assistant.turn_end", "result":
		c.over()
	}
}

// opencode: a step is an answer, with its tools.
func opencode(c *Counter, line []byte) {
	var l struct {
		Type string `json:"type"`
	}
	if !decode(line, &l) {
		return
	}
	switch l.Type {
	case "text", "tool_use":
		c.answer("")
	case "step_finish":
		c.answer("")
		c.over()
	}
}

// told: a program says when a turn begins, or at its end how many there were.
func told(c *Counter, line []byte) {
	var l struct {
		Muster string `json:"muster"`
		Kind   string `json:"kind"`
		Usage  struct {
			Turns float64 `json:"turns"`
		} `json:"usage"`
	}
	if !decode(line, &l) {
		return
	}
	switch l.Muster {
	case job.LineEvent:
		if l.Kind == job.LineTurn {
			c.over()
			c.answer("")
			c.tells = true
		}
	case job.LineOutcome:
		c.none(l.Usage.Turns)
		c.tells = c.tells || c.begun > 0
	}
}
