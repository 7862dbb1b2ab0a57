package inside

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// maxAppend bounds the file that Append reads.
const maxAppend = 512 << 10

// Append runs the program args[1:] with Muster's own input, output and
// environment, and when it has ended prints the JSON that it left in the file
// args[0] as one line:
//
//	{"muster":"file","file":{...}}
//
// It is for agents that write what they used into a file beside their stream.
// What lay in the file before counts for nothing. The exit code is the
// program's, 128 more than the signal that ended it, or 127 when it cannot be
// started.
func Append(args []string, std Streams) int {
	if len(args) < 2 {
		tell(std.Err, "muster agent-append: needs a file and a program")
		return 127
	}
	if err := os.Remove(args[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
		tell(std.Err, "muster agent-append:", err)
		return 127
	}
	// Signals go to the whole group, the program among it; this process ends
	// after it.
	dropSignals()
	cmd := exec.CommandContext(context.Background(), args[1], args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.In, std.Out, std.Err
	err := cmd.Run()
	if line := fileLine(args[0]); line != nil {
		_, _ = std.Out.Write(line) // when nobody reads it any more there is nobody to tell
	}
	return exitCode(cmd, err, std.Err)
}

// dropSignals has this process outlast a request to end. They are caught and
// dropped, not ignored: what is ignored stays so in the program.
func dropSignals() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
}

// exitCode gives the exit code that stands for how a program ended.
func exitCode(cmd *exec.Cmd, err error, stderr io.Writer) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tell(stderr, "muster:", err)
		return 127
	}
	if exit != nil {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal())
		}
	}
	return cmd.ProcessState.ExitCode()
}

// fileLine gives a file of JSON as a line, or nil.
func fileLine(name string) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxAppend+1))
	var line bytes.Buffer
	line.WriteString(`{"muster":"file","file":`)
	if err != nil || len(data) > maxAppend || json.Compact(&line, data) != nil {
		return nil
	}
	line.WriteString("}\n")
	return line.Bytes()
}
