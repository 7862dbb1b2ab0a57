package inside

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"muster/internal/core/job"
)

const (
	maxPrompt  = 16 << 20
	maxMessage = 16 << 20        // bytes of one message of an agent
	leaveAfter = 5 * time.Second // for an agent to end once its input is closed
	// Gemini CLI answers that a session is loaded, and only then tells what
	// happened in it. Nothing marks the end of that but silence.
	quiet      = 300 * time.Millisecond
	maxHistory = 30 * time.Second
)

// ACP runs the program in args, which speaks version 1 of the Agent Client
// Protocol (JSON-RPC, a message a line) on its standard input and output, and
// carries one prompt through it: standard input, in the session that the
// environment names (MUSTER_SESSION), else in a fresh one. What happens is
// printed as lines of job.AgentLine.
//
// Neither files nor terminals are offered to the agent: it uses its own. What
// it asks leave for is answered by permit; nobody is there to be asked. Exit
// code 127 means that the program cannot be started.
func ACP(args []string, std Streams, env func(string) string, dir string) int {
	if len(args) == 0 {
		tell(std.Err, "muster agent-acp: needs a program")
		return 127
	}
	prompt, err := io.ReadAll(io.LimitReader(std.In, maxPrompt))
	if err != nil {
		tell(std.Err, "muster agent-acp: read the prompt:", err)
		return 1
	}
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Dir, cmd.Stderr = dir, std.Err
	to, from, err := start(cmd)
	if err != nil {
		tell(std.Err, "muster agent-acp:", err)
		return 127
	}
	c := &client{program: args[0], to: to, pipe: from, from: bufio.NewReaderSize(from, 64<<10), talk: newTalk(std.Out, dir)}
	err = c.run(string(prompt), env("MUSTER_SESSION"))
	_ = to.Close() // the agent may have left already
	kill := time.AfterFunc(leaveAfter, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	_, _ = io.Copy(io.Discard, from)
	_ = cmd.Wait() // how it ends says nothing once it has answered
	if err != nil {
		tell(std.Err, "muster agent-acp:", err)
		return 1
	}
	return 0
}

// pipe is what an agent says, with a limit of time for reading it.
type pipe interface {
	io.Reader
	SetReadDeadline(t time.Time) error
}

func start(cmd *exec.Cmd) (to io.WriteCloser, from pipe, err error) {
	if to, err = cmd.StdinPipe(); err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	from, isFile := out.(pipe)
	if !isFile {
		return nil, nil, fmt.Errorf("read what the agent says: %T has no limit of time", out)
	}
	return to, from, cmd.Start()
}

// client is the connection to an agent. It has one request under way at most.
type client struct {
	program string // of the agent
	to      io.Writer
	pipe    pipe
	from    *bufio.Reader // of pipe
	talk    *talk
	last    int // id of the last request
}

// rpc is a message in either direction, read tolerantly: what is not
// understood is left out.
type rpc struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError struct {
	Code    int64  `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// Error gives the agent's words, with its details where they are a text.
func (e *rpcError) Error() string {
	var details struct {
		Details string `json:"details"`
		Message string `json:"message"`
	}
	b, err := json.Marshal(e.Data)
	if err == nil {
		_ = json.Unmarshal(b, &details) // of another form: no details
	}
	for _, s := range []string{details.Details, details.Message} {
		if s != "" && s != e.Message {
			return e.Message + ": " + s
		}
	}
	return e.Message
}

// run speaks the protocol up to the end of the turn. An error means that the
// agent cannot be spoken with any more; what it answers is no error.
func (c *client) run(prompt, session string) error {
	var hello struct {
		Can struct {
			Load    bool `json:"loadSession"`
			Session struct {
				Resume *struct{} `json:"resume"`
			} `json:"sessionCapabilities"`
		} `json:"agentCapabilities"`
	}
	type object = map[string]any
	if failed, err := c.call("initialize", object{
		"protocolVersion":    1,
		"clientCapabilities": object{"fs": object{"readTextFile": false, "writeTextFile": false}, "terminal": false},
		"clientInfo":         object{"name": "muster", "version": "1"},
	}, &hello); failed != nil || err != nil {
		return c.ended(failed, err, session)
	}
	params := object{"cwd": c.talk.dir, "mcpServers": []any{}}
	method := "session/new"
	if session != "" {
		method, params["sessionId"] = "session/load", session
		switch {
		case hello.Can.Load:
		case hello.Can.Session.Resume != nil:
			method = "session/resume"
		default:
			return c.ended(&rpcError{Message: "no conversation found: the agent cannot go on with a session"}, nil, "")
		}
	}
	var begun struct {
		Session string `json:"sessionId"`
		Models  struct {
			Current string `json:"currentModelId"`
		} `json:"models"`
	}
	c.talk.isReplay = session != ""
	failed, err := c.call(method, params, &begun)
	if session != "" && failed == nil && err == nil {
		err = c.passHistory()
	}
	c.talk.isReplay = false
	if failed != nil || err != nil {
		if failed != nil && session != "" {
			failed.Message = "no conversation found: " + failed.Message
		}
		return c.ended(failed, err, "")
	}
	if session == "" {
		session = begun.Session
	}
	c.talk.session = session
	c.talk.say(job.AgentEvent{Kind: job.AgentStarted, Session: session, Model: begun.Models.Current})
	var end turnEnd
	failed, err = c.call("session/prompt", object{
		"sessionId": session, "prompt": []any{object{"type": "text", "text": prompt}},
	}, &end)
	if failed != nil {
		if status := c.why(failed, session); status > 0 {
			failed.Code = status
		}
	}
	if failed != nil || err != nil {
		return c.ended(failed, err, session)
	}
	c.talk.end(end)
	return nil
}

// ended tells of an agent that answered with an error.
func (c *client) ended(failed *rpcError, err error, session string) error {
	if failed == nil {
		return err
	}
	c.talk.flush()
	c.talk.fail(failed.Code, failed.Error(), session)
	return nil
}

// call makes a request and handles what the agent says until it is answered.
func (c *client) call(method string, params, result any) (*rpcError, error) {
	c.last++
	id := json.RawMessage(fmt.Sprint(c.last))
	if err := c.send(rpc{ID: id, Method: method, Params: params}); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	for {
		m, err := c.next()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s was not answered: %w", method, err)
		case string(m.ID) != string(id): // an answer to nothing that was asked, or none
		case m.Error != nil:
			return m.Error, nil
		default:
			decode(m.Result, result)
			return nil, nil
		}
	}
}

// reply is an answer of the agent's.
type reply struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *rpcError       `json:"error"`
}

// next handles one message of the agent's, and gives it when it is an answer.
func (c *client) next() (reply, error) {
	line, err := c.line()
	if err != nil {
		return reply{}, err
	}
	var m struct {
		reply
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if !decode(line, &m) {
		c.talk.note(line)
		return reply{}, nil
	}
	switch {
	case m.Method == "":
		return m.reply, nil
	case len(m.ID) > 0 && string(m.ID) != "null":
		return reply{}, c.answer(m.ID, m.Method, m.Params)
	case m.Method == "session/update":
		c.talk.update(m.Params)
	}
	return reply{}, nil
}

// passHistory handles what the agent tells until it is silent: what happened
// in a session that was loaded.
func (c *client) passHistory() error {
	for end := time.Now().Add(maxHistory); time.Now().Before(end); {
		if err := c.pipe.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return fmt.Errorf("wait for the history of the session: %w", err)
		}
		_, err := c.from.Peek(1)
		if err := c.pipe.SetReadDeadline(time.Time{}); err != nil {
			return fmt.Errorf("wait for the history of the session: %w", err)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if _, err := c.next(); err != nil {
			return fmt.Errorf("the session was loaded, then the agent was gone: %w", err)
		}
	}
	return nil
}

// answer answers what the agent asks for.
func (c *client) answer(id json.RawMessage, method string, params json.RawMessage) error {
	if method != "session/request_permission" {
		return c.send(rpc{ID: id, Error: &rpcError{Code: -32601, Message: "muster does not offer " + method}})
	}
	return c.send(rpc{ID: id, Result: map[string]any{"outcome": c.talk.permit(params)}})
}

func (c *client) send(m rpc) error {
	m.Version = "2.0"
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = c.to.Write(append(b, '\n'))
	return err
}

// line reads one line that is not empty.
func (c *client) line() ([]byte, error) {
	for {
		var line []byte
		for {
			part, err := c.from.ReadSlice('\n')
			line = append(line, part...)
			if len(line) > maxMessage {
				return nil, fmt.Errorf("a message of the agent is longer than %d bytes", maxMessage)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != nil {
				return nil, err
			}
			break
		}
		if len(line) > 1 {
			return line, nil
		}
	}
}

// decode unmarshals as much of b into v as fits and reports whether b was a
// JSON value at all.
func decode(b []byte, v any) bool {
	err := json.Unmarshal(b, v)
	var mistyped *json.UnmarshalTypeError
	return err == nil || errors.As(err, &mistyped)
}
