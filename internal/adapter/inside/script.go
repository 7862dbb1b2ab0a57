package inside

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Script is the process of a scripted agent: it plays the file in args for
// the attempt that the environment names, in the folder dir, and gives its
// exit code. It reads standard input to its end first, as real agents do.
//
// Paths in the script are below dir and cannot leave it through symlinks;
// absolute paths are taken as they are, to play an agent that writes where it
// should not. A script that cannot be played ends as refused: trying again
// would not help.
func Script(args []string, stdin io.Reader, stdout io.Writer, env func(string) string, dir string) int {
	p := &player{out: stdout, env: env, dir: dir, session: cmp.Or(env("MUSTER_SESSION"), env("MUSTER_NEW_SESSION"), "scripted")}
	if stdin != nil {
		if _, err := io.Copy(io.Discard, stdin); err != nil {
			return p.end(scriptEnd{job.Refused, "the prompt cannot be read: " + err.Error()})
		}
	}
	steps, err := p.load(args)
	if err != nil {
		return p.end(scriptEnd{job.Refused, err.Error()})
	}
	p.event(job.AgentEvent{Kind: job.AgentStarted, Session: p.session, Model: scriptedModel})
	p.event(job.AgentEvent{Kind: job.AgentNote, Text: "this agent is scripted: it plays " + filepath.Base(args[0]) + " and asks no model"})
	p.event(job.AgentEvent{Kind: job.LineTurn})
	for i, s := range steps {
		code, err := p.step(s)
		if err != nil {
			return p.end(scriptEnd{job.Refused, fmt.Sprintf("step %d of the script failed: %v", i+1, err)})
		}
		if code != nil {
			return *code
		}
	}
	return p.end(scriptEnd{Kind: job.Done})
}

const maxText = 4 << 10 // bytes shown of what a command printed

// scriptedModel stands where other agents name their model.
const scriptedModel = "scripted"

// player plays one script.
type player struct {
	out     io.Writer
	env     func(string) string
	dir     string
	session string
	said    string
	total   usageTotal
}

// usageTotal is what a scripted session has used so far.
type usageTotal struct {
	Usage job.Usage `json:"usage"`
}

func (p *player) load(args []string) ([]scriptStep, error) {
	if len(args) != 1 {
		return nil, fault.New(fault.Invalid, "a scripted agent needs one file, not %d arguments", len(args))
	}
	if p.session != filepath.Base(p.session) || strings.HasPrefix(p.session, ".") { // it names a file
		return nil, fault.New(fault.Invalid, "the session %q is not a session's name", p.session)
	}
	file := args[0]
	if !filepath.IsAbs(file) {
		file = filepath.Join(p.dir, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "read the script of task %s", p.env("MUSTER_TASK"))
	}
	f, err := parseScript(b)
	if err != nil {
		return nil, err
	}
	if err := p.loadTotal(); err != nil {
		return nil, err
	}
	round, _ := strconv.Atoi(p.env("MUSTER_ROUND"))
	attempt, _ := strconv.Atoi(p.env("MUSTER_ATTEMPT"))
	return f.turn(round, attempt)
}

// step does one step. A code means that the process is to exit with it.
func (p *player) step(s scriptStep) (code *int, err error) {
	switch {
	case s.Say != nil:
		p.said = *s.Say
		p.event(job.AgentEvent{Kind: job.AgentText, Text: *s.Say})
	case s.WaitMS != nil:
		time.Sleep(time.Duration(*s.WaitMS) * time.Millisecond) //nolint:forbidigo // like a real agent, it is ended by a signal
	case s.Write != nil:
		return nil, p.write(s.Write.Path, s.Write.Text)
	case s.Edit != nil:
		return nil, p.edit(*s.Edit)
	case s.Delete != nil:
		return nil, p.remove(*s.Delete)
	case s.Move != nil:
		return nil, p.move(*s.Move)
	case len(s.Run) > 0:
		p.run(s.Run)
	case s.Usage != nil:
		p.total.Usage = p.total.Usage.Add(*s.Usage)
		return nil, p.saveTotal()
	case s.Turn != nil:
		p.event(job.AgentEvent{Kind: job.LineTurn})
	case s.Deny != nil:
		p.event(job.AgentEvent{Kind: job.AgentDenied, Tool: s.Deny.Tool, Text: s.Deny.Why})
	case s.End != nil:
		c := p.end(*s.End)
		return &c, nil
	case s.Die != nil:
		return nil, syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case s.Hang != nil:
		for *s.Hang {
			time.Sleep(time.Hour) //nolint:forbidigo // until it is ended by a signal
		}
	case s.Flood != nil:
		return nil, p.flood(*s.Flood)
	case s.Exit != nil:
		return s.Exit, nil
	}
	return nil, nil
}

// end prints the final event and gives the exit code that a real agent would
// have.
func (p *player) end(e scriptEnd) int {
	if e.Kind == "" {
		e.Kind = job.Done
	}
	u := p.total.Usage
	p.print(job.AgentLine{
		Muster: job.LineOutcome, AgentEvent: job.AgentEvent{Kind: job.AgentEventKind(e.Kind), Session: p.session, Model: scriptedModel},
		Message: cmp.Or(e.Message, p.said), Total: &u,
	}.Bytes())
	if e.Kind == job.Done {
		return 0
	}
	return 1
}

func (p *player) event(e job.AgentEvent) {
	p.print(job.AgentLine{Muster: job.LineEvent, AgentEvent: e}.Bytes())
}

// print writes to standard output. When nobody reads it any more there is
// nobody to tell.
func (p *player) print(b []byte) { _, _ = p.out.Write(b) }

// run runs a command in the worktree and shows what it printed. Its failure
// is shown too and is no failure of the agent.
func (p *player) run(argv []string) {
	p.event(job.AgentEvent{Kind: job.AgentTool, Tool: "run", Text: strings.Join(argv, " ")})
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...) // the agent waits, however long it takes
	cmd.Dir = p.dir
	// A file rather than a pipe: a process that the command leaves behind
	// would hold a pipe open.
	out, err := os.CreateTemp(p.env("MUSTER_SCRATCH"), "run-*")
	if err != nil {
		p.event(job.AgentEvent{Kind: job.AgentNote, Text: err.Error()})
		return
	}
	defer func() { _ = os.Remove(out.Name()) }()
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	text := ""
	if b, readErr := os.ReadFile(out.Name()); readErr == nil {
		text = strings.ToValidUTF8(string(b[:min(len(b), maxText)]), "\uFFFD") // whoever shows it cleans it
	}
	p.event(job.AgentEvent{Kind: job.AgentText, Text: text})
	if err != nil {
		p.event(job.AgentEvent{Kind: job.AgentNote, Text: err.Error()})
	}
}

func (p *player) flood(n int64) error {
	line := []byte(strings.Repeat("x", 8191) + "\n")
	for n > 0 {
		part := line[:min(n, int64(len(line)))]
		if _, err := p.out.Write(part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	p.print([]byte("\n"))
	return nil
}

func (p *player) totalFile() string {
	return filepath.Join(p.env("MUSTER_SCRATCH"), "script-session-"+p.session+".json")
}

func (p *player) loadTotal() error {
	b, err := os.ReadFile(p.totalFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, &p.total)
	}
	return fault.Wrap(fault.Internal, err, "read what the scripted session %s has used", p.session)
}

// saveTotal keeps the total at once, so that a killed attempt has used what
// it used, as with real agents.
func (p *player) saveTotal() error {
	b, err := json.Marshal(p.total)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.totalFile()+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(p.totalFile()+".new", p.totalFile())
}
