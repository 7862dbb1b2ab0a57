package inside

import (
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// Bounds of the question to OpenCode. What it keeps of a session holds all that
// tools printed.
const (
	exportAfter = 30 * time.Second
	maxExport   = 64 << 20 // bytes
)

// why gives the HTTP status that the last answer of a session failed with, or
// 0 when it cannot be known. OpenCode (measured with 1.18.33) tells by the
// protocol, and in its log, only what its provider said of a failed request;
// the status stands in the session that it keeps, which "export" prints.
func (c *client) why(failed *rpcError, session string) int64 {
	isOwn := filepath.Base(c.program) == "opencode"
	if !isOwn || !regexp.MustCompile(`^ses_[A-Za-z0-9]+$`).MatchString(session) || failed.name() != "APIError" {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), exportAfter)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program, "export", session)
	cmd.Dir, cmd.WaitDelay = c.talk.dir, time.Second
	out, err := cmd.StdoutPipe()
	if err != nil || cmd.Start() != nil {
		return 0
	}
	status := lastStatus(io.LimitReader(out, maxExport))
	cancel() // it may print more than is read
	_ = cmd.Wait()
	return status
}

// lastStatus reads a session as OpenCode exports it.
func lastStatus(r io.Reader) int64 {
	var session struct {
		Messages []struct {
			Info struct {
				Error struct {
					Data struct {
						Status float64 `json:"statusCode"`
					} `json:"data"`
				} `json:"error"`
			} `json:"info"`
		} `json:"messages"`
	}
	if err := json.NewDecoder(r).Decode(&session); err != nil || len(session.Messages) == 0 {
		return 0
	}
	return whole(session.Messages[len(session.Messages)-1].Info.Error.Data.Status)
}

// name gives what OpenCode calls an error.
func (e *rpcError) name() string {
	var data struct {
		Name string `json:"errorName"`
	}
	if b, err := json.Marshal(e.Data); err == nil {
		decode(b, &data)
	}
	return data.Name
}
