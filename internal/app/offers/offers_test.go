package offers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/adapter/git"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// place is a repository with a state folder.
type place struct {
	*Place
	t   *testing.T
	dir string
}

func newPlace(t *testing.T, files map[string]string) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir()}
	p.git("init", "-q", "-b", "main")
	p.commit(files)
	state := t.TempDir()
	repo, err := git.Open(t.Context(), p.dir, state)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	p.Place = &Place{repo: repo, state: state, actor: "person:tess"}
	return p
}

func (p *place) git(args ...string) {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
	cmd.Dir, cmd.Env = p.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "GIT_CONFIG_NOSYSTEM=1"}
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (p *place) commit(files map[string]string) {
	p.t.Helper()
	for name, text := range files {
		at := filepath.Join(p.dir, name)
		err := os.MkdirAll(filepath.Dir(at), 0o755)
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(target, at)
		} else if err == nil {
			err = os.WriteFile(at, []byte(text), 0o755)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	p.git("add", "-A")
	p.git("commit", "-q", "--allow-empty", "-m", "x")
}

func (p *place) list() List {
	p.t.Helper()
	l, err := p.At(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return l
}

// tools gives what a run that starts now would have.
func (p *place) tools() ([]job.Tool, []string) {
	p.t.Helper()
	tools, lapsed, err := Approved(p.t.Context(), p.repo, p.state, p.list().Commit)
	if err != nil {
		p.t.Fatal(err)
	}
	return tools, lapsed
}

const servers = `{"mcpServers": {"x": {"command": "sh", "args": ["tools/a.sh", "-v"], "env": {"A": "1"}}, "y": {"command": "tools/lib"}, "z": {"url": "https://x.test"}}}`

func files() map[string]string {
	return map[string]string{".mcp.json": servers, "tools/a.sh": "a\n", "tools/lib/b.js": "b\n", "tools/lib/c/d.js": "d\n", "tools/other.js": "o\n"}
}

func id(l List, name string) string {
	for _, o := range l.Offers {
		if o.Name == name {
			return o.ID
		}
	}
	return "none"
}

func TestApproveAndLapse(t *testing.T) {
	p := newPlace(t, files())
	l := p.list()
	if tools, lapsed := p.tools(); tools != nil || lapsed != nil {
		t.Fatalf("before anybody approved: %+v, %q", tools, lapsed)
	}
	x, y := id(l, "x"), id(l, "y")
	if _, err := p.Approve(t.Context(), []string{x, y}); err != nil {
		t.Fatal(err)
	}
	tools, _ := p.tools()
	if len(tools) != 2 || tools[0].Name != "x" || !slices.Equal(tools[0].For, []string{"claude", "copilot"}) || !slices.Equal(tools[0].Env, []string{"A=1"}) {
		t.Fatalf("%+v", tools)
	}
	for i, want := range [][]string{{"sh", tools[0].Root + "/tools/a.sh", "-v"}, {tools[1].Root + "/tools/lib"}} {
		if !slices.Equal(tools[i].Argv, want) {
			t.Errorf("%q, want %q", tools[i].Argv, want)
		}
	}
	for name, want := range map[string]string{"tools/lib/b.js": "b\n", "tools/lib/c/d.js": "d\n"} {
		at := filepath.Join(tools[1].Root, name)
		data, err := os.ReadFile(at)
		info, _ := os.Stat(at)
		if err != nil || string(data) != want || info.Mode().Perm() != 0o500 {
			t.Errorf("%s: %q, %v, %v", name, data, err, info.Mode())
		}
	}
	if _, err := os.Stat(filepath.Join(tools[1].Root, "tools/other.js")); err == nil {
		t.Error("a file that nothing names was laid out")
	}
	// What has nothing to do with it changes nothing; a file below the folder that it names does.
	p.commit(map[string]string{"tools/other.js": "p\n", "AGENTS.md": "x\n"})
	if again, lapsed := p.tools(); len(again) != 2 || lapsed != nil {
		t.Errorf("%+v, %q", again, lapsed)
	}
	p.commit(map[string]string{"tools/lib/e.js": "e\n"})
	again, lapsed := p.tools()
	if len(again) != 1 || again[0].Name != "x" || len(lapsed) != 1 || !strings.Contains(lapsed[0], "the approval "+y) {
		t.Errorf("%+v, %q", again, lapsed)
	}
	p.commit(map[string]string{".mcp.json": strings.Replace(servers, `"A": "1"`, `"A": "2"`, 1)})
	if again, lapsed := p.tools(); len(again) != 0 || len(lapsed) != 2 {
		t.Errorf("%+v, %q", again, lapsed)
	}
}

func TestRevoke(t *testing.T) {
	p := newPlace(t, files())
	x := id(p.list(), "x")
	if _, err := p.Approve(t.Context(), []string{x}); err != nil {
		t.Fatal(err)
	}
	tools, _ := p.tools()
	for driver, want := range map[string]int{"claude": 1, "copilot": 1, "codex": 0} {
		if got, err := InForce(p.state, driver, tools); err != nil || len(got) != want {
			t.Errorf("%s: %+v, %v", driver, got, err)
		}
	}
	if _, err := p.Revoke([]string{x, "none"}); fault.KindOf(err) != fault.Invalid {
		t.Error("something that is not approved was taken back")
	}
	if got, err := InForce(p.state, "claude", tools); err != nil || len(got) != 1 {
		t.Errorf("half of it was done: %+v, %v", got, err)
	}
	if done, err := p.Revoke([]string{x}); err != nil || len(done) != 1 || done[0].By != "person:tess" {
		t.Fatalf("%+v, %v", done, err)
	}
	// A run that has begun with it gives it to nobody any more.
	if got, err := InForce(p.state, "claude", tools); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, _ := p.tools(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// Files that were changed in Muster's own folder are not run, and are laid out
// anew when a run starts.
func TestFilesAreWhatWasApproved(t *testing.T) {
	p := newPlace(t, files())
	if _, err := p.Approve(t.Context(), []string{id(p.list(), "x")}); err != nil {
		t.Fatal(err)
	}
	tools, _ := p.tools()
	at := filepath.Join(tools[0].Root, "tools/a.sh")
	for name, spoil := range map[string]func() error{
		"changed":    func() error { return errorsOf(os.Chmod(at, 0o700), os.WriteFile(at, []byte("evil\n"), 0o700)) },
		"gone":       func() error { return os.Remove(at) },
		"a link out": func() error { return errorsOf(os.Remove(at), os.Symlink("/etc/hostname", at)) },
		"all gone":   func() error { return os.RemoveAll(tools[0].Root) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := InForce(p.state, "claude", tools); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v", name, err)
		}
		tools, _ = p.tools()
		if _, err := InForce(p.state, "claude", tools); err != nil {
			t.Errorf("%s, laid out anew: %v", name, err)
		}
	}
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestWhatIsNotApproved(t *testing.T) {
	p := newPlace(t, map[string]string{
		".mcp.json": servers, "tools/a.sh": "a\n", ".gemini/settings.json": `{"mcpServers": {"g": {"command": "g"}}}`, ".opencode/plugin/a.js": "a\n",
	})
	l := p.list()
	for _, name := range []string{"z", "g", "a.js", "none"} {
		if _, err := p.Approve(t.Context(), []string{id(l, "x"), id(l, name)}); err == nil || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if tools, _ := p.tools(); len(tools) != 0 {
		t.Errorf("half of it was done: %+v", tools)
	}
}

func TestFind(t *testing.T) {
	many := map[string]string{".mcp.json": `{"mcpServers": {"x": {"command": "sh", "args": ["./big"]}}}`, "AGENTS.md": "x", "sub/AGENTS.md": "x", "CLAUDE.md": "-> AGENTS.md", ".codex/config.toml": "-> ../x.toml", ".claude/hooks/a.sh": "x", "sub/.mcp.json": servers, ".qwen/settings.json": "{"}
	for i := range maxFiles + 1 {
		many[fmt.Sprintf("big/%d", i)] = "x"
	}
	p := newPlace(t, many)
	l := p.list()
	if len(l.Instructions) != 1 || l.Instructions[0].Path != "AGENTS.md" || len(l.Offers) != 0 {
		t.Errorf("%+v", l)
	}
	var said []string
	for _, problem := range l.Problems {
		said = append(said, problem.Path+" "+problem.Text)
	}
	for _, want := range []string{"CLAUDE.md is a link", ".codex/config.toml is a link", ".mcp.json names a folder with too many files", ".qwen/settings.json cannot be read as JSON"} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("%q, want %q", said, want)
		}
	}
}

// A line that was half written when the machine stopped is no approval, and the
// next one begins where it began.
func TestHalfALine(t *testing.T) {
	p := newPlace(t, files())
	l := p.list()
	if _, err := p.Approve(t.Context(), []string{id(l, "x")}); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(p.state, fileName)
	data, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, append(data, data[:20]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if tools, _ := p.tools(); len(tools) != 1 {
		t.Errorf("%+v", tools)
	}
	if _, err := p.Approve(t.Context(), []string{id(l, "y")}); err != nil {
		t.Fatal(err)
	}
	if tools, _ := p.tools(); len(tools) != 2 {
		t.Errorf("%+v", tools)
	}
	if err := os.WriteFile(at, []byte("evil\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.At(t.Context()); err == nil || fault.HintOf(err) == "" {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

// A hook is given as one, and a person is told how many there are.
func TestHooksAndWhatIsTold(t *testing.T) {
	p := newPlace(t, map[string]string{".claude/settings.json": `{"hooks": {"Stop": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./a.sh -x"}]}]}, "permissions": {"allow": ["Bash"]}}`, "a.sh": "a\n"})
	if _, text, lapsed, err := Told(t.Context(), p.repo, p.state, p.list().Commit); err != nil || lapsed != nil || !strings.Contains(text, "plugins for agents (1); approved and given to agents: 0") {
		t.Errorf("%q, %q, %v", text, lapsed, err)
	}
	if _, err := p.Approve(t.Context(), []string{id(p.list(), "Stop")}); err != nil {
		t.Fatal(err)
	}
	tools, text, _, err := Told(t.Context(), p.repo, p.state, p.list().Commit)
	if err != nil || !strings.HasSuffix(text, "approved and given to agents: 1; muster trust lists them") {
		t.Errorf("%q, %v", text, err)
	}
	if len(tools) != 1 || tools[0].Kind != job.ToolHook || tools[0].Match != "Bash" || tools[0].Shell != tools[0].Root+"/a.sh -x" || !slices.Equal(tools[0].For, []string{"claude"}) {
		t.Errorf("%+v", tools)
	}
	bare := newPlace(t, map[string]string{"AGENTS.md": "x"})
	if _, text, _, err := Told(t.Context(), bare.repo, bare.state, bare.list().Commit); err != nil || text != "" {
		t.Errorf("of a repository with instructions only: %q, %v", text, err)
	}
	if _, _, _, err := Told(t.Context(), bare.repo, bare.state, "none"); err == nil {
		t.Error("a commit that is not there was looked at")
	}
}

// The file of approvals does not grow without end.
func TestApprovalsAreBounded(t *testing.T) {
	p := newPlace(t, files())
	x := id(p.list(), "x")
	if err := os.WriteFile(filepath.Join(p.state, fileName), []byte(`{"said": "`+strings.Repeat("a", maxFile)+"\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Approve(t.Context(), []string{x}); err == nil || !strings.Contains(err.Error(), "it is full") {
		t.Errorf("%.200v", err)
	}
}

func TestGiven(t *testing.T) {
	state := t.TempDir()
	if got, err := Given(state, "op"); got != nil || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := NoteGiven(state, "op", []job.Tool{{Kind: job.ToolServer, Name: "x", ID: "12345678", Root: "/r"}, {Kind: job.ToolHook, Name: "Stop", ID: "1"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := Given(state, "op"); err != nil || !slices.Equal(got, []string{"server x 12345678", "hook Stop 1"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got := Roots([]job.Tool{{Root: "/r"}, {}}); !slices.Equal(got, []string{"/r"}) {
		t.Errorf("%q", got)
	}
}
