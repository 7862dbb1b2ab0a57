// Package lasting keeps processes of Git that answer many questions, so that a
// question costs a tenth of a millisecond instead of a process.
//
// Each is started when it is first needed, and anew after a failure. None holds
// anything that would be lost with it.
package lasting

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
)

// Start makes the command of a process, not started yet. The process ends
// with ctx, by a signal that lets Git remove its lock files.
type Start func(ctx context.Context) *exec.Cmd

// Process is one lasting process. It is safe for concurrent use; questions
// wait for one another.
type Process struct {
	start Start

	mu   sync.Mutex
	end  context.CancelFunc // nil while there is no process
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	said *Head
}

// New gives a process that is started when it is first asked.
func New(start Start) *Process { return &Process{start: start} }

// Failed says that a process gave no answer and has been ended.
type Failed struct {
	Err  error
	Said string // standard error, its beginning
}

func (f *Failed) Error() string { return fmt.Sprintf("%v (%s)", f.Err, f.Said) }

// Unwrap gives the error of reading or writing.
func (f *Failed) Unwrap() error { return f.Err }

// ask writes a question and lets read take the answer, and all of it. When ctx
// ends first, the process ends with it, and the error is ctx's. Any other error
// is a *Failed or says that the process cannot be started.
func (p *Process) ask(ctx context.Context, question string, read func(*bufio.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end == nil {
		if err := p.begin(); err != nil { //nolint:contextcheck // the process outlives the question
			return err
		}
	}
	stop := context.AfterFunc(ctx, p.end)
	err := p.exchange(question, read)
	if !stop() && err == nil {
		err = ctx.Err() // the process is being ended; its answer is discarded with it
	}
	if err == nil {
		return nil
	}
	p.drop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &Failed{Err: err, Said: strings.TrimSpace(p.said.String())}
}

// exchange writes and reads at the same time: a question may be larger than a
// pipe holds, and so may its answer.
func (p *Process) exchange(question string, read func(*bufio.Reader) error) error {
	const fits = 4 << 10 // bytes that are written at once or not at all
	if len(question) <= fits {
		if _, err := io.WriteString(p.in, question); err != nil {
			return err
		}
		return read(p.out)
	}
	written := make(chan error, 1)
	in := p.in
	go func() {
		_, err := io.WriteString(in, question)
		written <- err
	}()
	if err := read(p.out); err != nil {
		p.drop() // ends the writing too
		<-written
		return err
	}
	return <-written
}

// begin does not bind the process to the context of a question.
func (p *Process) begin() error {
	ctx, end := context.WithCancel(context.Background())
	cmd := p.start(ctx)
	p.said = &Head{Limit: SaidCap}
	cmd.Stderr = p.said
	in, err := cmd.StdinPipe()
	if err == nil {
		var out io.Reader
		if out, err = cmd.StdoutPipe(); err == nil {
			p.out = bufio.NewReaderSize(out, 64<<10)
			err = cmd.Start()
		}
	}
	if err != nil {
		end()
		return err
	}
	p.cmd, p.in, p.end = cmd, in, end
	return nil
}

// drop ends the process, if there is one, and waits for its end.
func (p *Process) drop() {
	if p.end == nil {
		return
	}
	_ = p.in.Close()
	p.end()
	_ = p.cmd.Wait()
	p.end = nil
}

// Close ends the process. Another question starts it anew.
func (p *Process) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
}

// Kill ends the process without its knowledge, as the system may. It is for
// tests.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end != nil {
		_ = p.cmd.Process.Kill()
	}
}

// SaidCap bounds what is kept of a process's standard error, in bytes.
const SaidCap = 4 << 10

// Head keeps the first bytes that are written to it.
type Head struct {
	bytes.Buffer
	Limit int
}

func (h *Head) Write(b []byte) (int, error) {
	if room := h.Limit - h.Len(); room > 0 {
		h.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}
