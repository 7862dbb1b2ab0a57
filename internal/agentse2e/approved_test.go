package agentse2e

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/core/job"
)

const approvedMark = "approved-"

// leaves is a script that leaves a mark in the folder for temporary files.
func leaves(name string) string {
	return "touch \"$TMPDIR/" + approvedMark + name + "\"\n"
}

// offered are the files of a repository with an MCP server for each agent, and
// a hook, which run scripts of the repository.
func offered() map[string]string {
	server := object{"x": object{"command": "sh", "args": []string{"tools/server.sh"}}}
	return map[string]string{
		"tools/server.sh": leaves("server"), "tools/hook.sh": leaves("hook"),
		".mcp.json":          text(object{"mcpServers": server}),
		".codex/config.toml": "[mcp_servers.x]\ncommand = \"sh\"\nargs = [\"tools/server.sh\"]\n",
		"opencode.json":      text(object{"mcp": object{"x": object{"type": "local", "command": []string{"sh", "tools/server.sh"}, "enabled": true}}}),
		".claude/settings.json": text(object{"hooks": object{"PreToolUse": []object{{"hooks": []object{
			{"type": "command", "command": `sh "$CLAUDE_PROJECT_DIR"/tools/hook.sh`},
		}}}}}),
	}
}

// approved: an agent is given the hook and the MCP server that a person approved.
// The task changes their scripts, and neither the session that did nor the next
// one runs anything but what was approved. When the base changes, the approvals
// lapse.
func approved(t *testing.T, agent who) {
	if agent.takes == nil {
		t.Skip("Muster knows no way to give it tools of the repository")
	}
	change := func(how string) fakemodel.Op {
		return fakemodel.Op{Kind: fakemodel.Shell, Command: "sed -i '" + how + "' tools/server.sh tools/hook.sh"}
	}
	look := fakemodel.Step{Text: "Looking.", Do: []fakemodel.Op{{Kind: fakemodel.Shell, Command: "echo looked"}}}
	begin := fakemodel.Step{Text: "Writing.", Do: append(goes()[0].Do, change("s/"+approvedMark+"[a-z]*/&-evil/"))}
	p := newPlace(t, agent, fakemodel.Script{Default: "No scenario.", Cues: cues(), Scenarios: map[string][]fakemodel.Step{
		"first": {begin, look, {Text: "WROTE"}},
		"mend":  {{Text: "Undoing.", Do: []fakemodel.Op{change("s/-evil//")}}, look, {Text: "MENDED"}},
	}}, set{files: offered()})
	ids := p.offers()
	p.start(append([]string{"trust", "approve"}, ids...)...).ends(done)
	p.run().ends(done)
	task := p.task()
	p.landed(task)
	for n := 1; n <= 2; n++ {
		if o := p.attempt(task, n, job.Done); len(o.Tools) != len(agent.takes) {
			t.Errorf("attempt %d was given %q", n, o.Tools)
		}
	}
	if got := p.left(); !slices.Equal(got, agent.takes) {
		t.Errorf("these ran: %q, want %q", got, agent.takes)
	}
	p.put("repo/tools/server.sh", leaves("server")+"# another one\n")
	p.git("commit", "-q", "-a", "-m", "another server")
	if out := p.start("trust").ends(done); !strings.Contains(out, "lapsed") {
		t.Errorf("no approval has lapsed:\n%s", out)
	}
}

// offers gives the ids of what the agent can be given.
func (p *place) offers() []string {
	p.t.Helper()
	var l struct {
		Offers []struct {
			ID      string   `json:"id"`
			Given   []string `json:"given"`
			Refused string   `json:"refused"`
		} `json:"offers"`
	}
	if err := json.Unmarshal([]byte(p.start("trust", "--json").ends(done)), &l); err != nil {
		p.t.Fatal(err)
	}
	var ids []string
	for _, o := range l.Offers {
		if o.Refused == "" && slices.Contains(o.Given, p.agent.name) {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// left gives the marks that the repository's scripts left.
func (p *place) left() []string {
	p.t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(p.root, "state"), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), approvedMark) {
			out = append(out, strings.TrimPrefix(e.Name(), approvedMark))
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
