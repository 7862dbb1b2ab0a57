package walls

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

func TestKeptFromTheRepository(t *testing.T) {
	opencode, qwen := job.Agent{Name: "o", Driver: "opencode"}, job.Agent{Name: "q", Driver: "acp", Command: []string{"/opt/qwen", "--acp"}}
	for name, tt := range map[string]struct {
		agent         job.Agent
		files         []string
		links         map[string]string
		hidden, fixed string
	}{
		"nothing there":     {agent: opencode},
		"a plugin":          {agent: opencode, files: []string{".opencode/plugin/a.js", "opencode.jsonc"}, hidden: ".opencode opencode.jsonc"},
		"settings of qwen":  {agent: qwen, files: []string{".qwen/settings.json", ".opencode/plugin/a.js"}, fixed: ".qwen/settings.json"},
		"another agent":     {agent: job.Agent{Driver: "claude"}, files: []string{".opencode/plugin/a.js", ".qwen/settings.json"}},
		"behind a link":     {agent: opencode, files: []string{"tools/oc/plugin/a.js"}, links: map[string]string{".opencode": "tools/oc"}, hidden: "tools/oc"},
		"a link out":        {agent: opencode, links: map[string]string{".opencode": "/usr", "opencode.json": "..", "opencode.jsonc": "."}},
		"a link to nothing": {agent: opencode, links: map[string]string{".opencode": "none"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "worktree")
			put(t, filepath.Join(dir, "a.txt"), "a")
			for _, f := range tt.files {
				put(t, filepath.Join(dir, f), "x")
			}
			for at, to := range tt.links {
				if err := os.Symlink(to, filepath.Join(dir, at)); err != nil {
					t.Fatal(err)
				}
			}
			var form job.Confinement
			keep(&form, tt.agent, dir)
			below := func(paths []string) string {
				var out []string
				for _, p := range paths {
					out = append(out, strings.TrimPrefix(p, dir+"/"))
				}
				return strings.Join(out, " ")
			}
			if below(form.Hidden) != tt.hidden || below(form.Fixed) != tt.fixed {
				t.Errorf("hidden %q, fixed %q", form.Hidden, form.Fixed)
			}
		})
	}
}

func TestRefuseCode(t *testing.T) {
	opencode := job.Agent{Name: "o", Driver: "opencode"}
	for name, tt := range map[string]struct {
		agent   job.Agent
		at      string
		text    string
		refused bool
	}{
		"a plugin":               {opencode, ".opencode/plugin/a.js", "x", true},
		"plugins":                {opencode, ".opencode/plugins/a.ts", "x", true},
		"named in settings":      {opencode, "opencode.json", `{"plugin": ["./a.js"]}`, true},
		"named in more settings": {opencode, ".opencode/opencode.jsonc", `{"plugins": ["a"]}`, true},
		"named by escapes":       {opencode, "opencode.json", `{"\u0070lugin": ["./a.js"]}`, true},
		"too large to look at":   {opencode, "opencode.json", strings.Repeat(" ", 1<<20+1), true},
		"not a file":             {opencode, "opencode.json/a", "x", true},
		"settings without any":   {opencode, "opencode.json", `{"model": "x"}`, false},
		"nothing":                {opencode, "a.txt", "x", false},
		"by ACP":                 {job.Agent{Name: "o", Driver: "acp", Command: []string{"opencode", "acp"}}, ".opencode/plugin/a.js", "x", true},
		"another agent":          {job.Agent{Name: "c", Driver: "claude"}, ".opencode/plugin/a.js", "x", false},
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, tt.at), tt.text)
		err := refuseCode(tt.agent, dir)
		if (err != nil) != tt.refused || err != nil && (fault.KindOf(err) != fault.Refused || fault.HintOf(err) == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := refuseCode(opencode, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a worktree that is not there was looked at")
	}
}

// Without a sandbox the agent that would load code is refused, and what is
// confined is kept from it.
func TestAgentIsKeptFromCode(t *testing.T) {
	dir, scratch := t.TempDir(), t.TempDir()
	put(t, filepath.Join(dir, ".opencode/plugin/a.js"), "x")
	w := New(Host{State: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}})
	a := job.Attempt{Agent: job.Agent{Name: "o", Driver: "opencode"}, Dir: dir, Scratch: scratch, Sandbox: "off"}
	if _, err := w.Agent(t.Context(), a, job.Spec{}, AgentPlace{}); fault.KindOf(err) != fault.Refused {
		t.Errorf("without a sandbox: %v", err)
	}
	a.Sandbox = "auto"
	form, _, err := w.Form(t.Context(), "auto", nil)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := w.Agent(t.Context(), a, job.Spec{}, AgentPlace{})
	if form == nil || form.Plain {
		if fault.KindOf(err) != fault.Refused {
			t.Errorf("in a sandbox that hides nothing: %v", err)
		}
		return
	}
	if err != nil || !slices.Contains(spec.Confine.Hidden, filepath.Join(dir, ".opencode")) {
		t.Errorf("%v, %+v", err, spec.Confine)
	}
}
