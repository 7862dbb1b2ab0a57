package offer_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/core/offer"
)

// tree is a repository's files.
func tree(files ...string) func(string) []string {
	return func(name string) []string {
		return slices.DeleteFunc(slices.Clone(files), func(f string) bool { return f != name && !strings.HasPrefix(f, name+"/") })
	}
}

func TestNamesAndFrom(t *testing.T) {
	files := tree("scripts/a.sh", "tools/mcp/main.js", "tools/mcp/lib.js", "run", "a.sh")
	for name, tt := range map[string]struct {
		offer offer.Offer
		names string
		from  string
	}{
		"a script":             {offer.Offer{Shell: "scripts/a.sh --fast"}, "scripts/a.sh", "/p/scripts/a.sh --fast"},
		"by the project":       {offer.Offer{Shell: `"$CLAUDE_PROJECT_DIR"/scripts/a.sh`}, "scripts/a.sh", "/p/scripts/a.sh"},
		"in quotes":            {offer.Offer{Shell: `sh "${CLAUDE_PROJECT_DIR}/scripts/a.sh"`}, "scripts/a.sh", `sh "/p/scripts/a.sh"`},
		"from here":            {offer.Offer{Shell: "./run|cat >x; ./scripts/../run"}, "run", "/p/run|cat >x; /p/run"},
		"arguments":            {offer.Offer{Argv: []string{"node", "./tools/mcp/main.js", "--with=a.sh", "run"}}, "a.sh tools/mcp/main.js", "node /p/tools/mcp/main.js --with=/p/a.sh run"},
		"a folder":             {offer.Offer{Argv: []string{"uv", "run", "--directory", "tools/mcp", "main.js"}}, "tools/mcp/lib.js tools/mcp/main.js", "uv run --directory /p/tools/mcp main.js"},
		"outside":              {offer.Offer{Shell: "../scripts/a.sh /scripts/a.sh . .."}, "", "../scripts/a.sh /scripts/a.sh . .."},
		"a part of a longer":   {offer.Offer{Shell: "xscripts/a.sh scripts/a.sh.bak"}, "", "xscripts/a.sh scripts/a.sh.bak"},
		"nothing of the files": {offer.Offer{Argv: []string{"npx", "-y", "foo"}}, "", "npx -y foo"},
	} {
		names := tt.offer.Names(files)
		if strings.Join(names, " ") != tt.names {
			t.Errorf("%s: names %q, want %q", name, names, tt.names)
		}
		p := offer.Pinned{Offer: tt.offer}
		for _, n := range names {
			p.Files = append(p.Files, offer.File{Path: n})
		}
		got, err := p.From("/p")
		if err != nil || got.Command() != tt.from {
			t.Errorf("%s: %q, %v, want %q", name, got.Command(), err, tt.from)
		}
	}
	for _, root := range []string{"p", "/a b", "/a'b", "/a$b", "/"} {
		if _, err := (offer.Pinned{}).From(root); err == nil {
			t.Errorf("%q is a root", root)
		}
	}
}

// Whatever of an entry or of its files changes, changes the hash.
func TestHash(t *testing.T) {
	one := offer.Pinned{Offer: offer.Offer{Kind: offer.Server, Name: "x", Of: []string{"claude"}, Path: ".mcp.json", Argv: []string{"a", "b"}, Env: []string{"K=v"}}, Files: []offer.File{{Path: "a", SHA: "1"}}}
	seen := map[string]bool{one.Hash(): true}
	for _, change := range []func(*offer.Pinned){
		func(p *offer.Pinned) { p.Kind = offer.Hook },
		func(p *offer.Pinned) { p.Name = "y" },
		func(p *offer.Pinned) { p.Path = "sub/.mcp.json" },
		func(p *offer.Pinned) { p.Argv = []string{"a b"} },
		func(p *offer.Pinned) { p.Shell = "a" },
		func(p *offer.Pinned) { p.URL = "u" },
		func(p *offer.Pinned) { p.Match = "m" },
		func(p *offer.Pinned) { p.Dir = "d" },
		func(p *offer.Pinned) { p.Env = []string{"K=w"} },
		func(p *offer.Pinned) { p.Files = nil },
		func(p *offer.Pinned) { p.Files = []offer.File{{Path: "a", SHA: "2"}} },
		func(p *offer.Pinned) { p.Files = []offer.File{{Path: "a", SHA: "1", Exec: true}} },
	} {
		other := one
		change(&other)
		if seen[other.Hash()] {
			t.Errorf("%+v has the hash of another", other)
		}
		seen[other.Hash()] = true
	}
	other := one
	other.Of = []string{"copilot"}
	if other.Hash() != one.Hash() || len(one.ID()) != 8 {
		t.Error("which programs know a file is part of the hash")
	}
}

func TestRefusedAndGiven(t *testing.T) {
	all := []string{"claude", "codex", "copilot", "gemini", "opencode", "qwen"}
	for name, tt := range map[string]struct {
		offer   offer.Offer
		refused bool
		given   string
	}{
		"a server":          {offer.Offer{Kind: offer.Server, Name: "x-1", Argv: []string{"a"}, Of: all}, false, "claude codex copilot opencode"},
		"a hook":            {offer.Offer{Kind: offer.Hook, Name: "PreToolUse", Shell: "a", Of: all}, false, "claude"},
		"a helper":          {offer.Offer{Kind: offer.Hook, Name: "apiKeyHelper", Shell: "a", Of: all}, true, "claude"},
		"a server out":      {offer.Offer{Kind: offer.Server, Name: "x", URL: "https://x", Of: all}, true, "claude codex copilot opencode"},
		"a name":            {offer.Offer{Kind: offer.Server, Name: "x.y", Argv: []string{"a"}, Of: all}, true, "claude codex copilot opencode"},
		"in a folder":       {offer.Offer{Kind: offer.Server, Name: "x", Argv: []string{"a"}, Dir: "b", Of: []string{"codex"}}, true, "codex"},
		"code":              {offer.Offer{Kind: offer.Code, Name: "x", Of: all}, true, ""},
		"a setting":         {offer.Offer{Kind: offer.Setting, Name: "x", Of: all}, true, ""},
		"of another agent":  {offer.Offer{Kind: offer.Server, Name: "x", Argv: []string{"a"}, Of: []string{"cursor"}}, false, ""},
		"here, by its name": {offer.Offer{Kind: offer.Server, Name: "x", Argv: []string{"a"}, Dir: ".", Of: []string{"codex"}}, false, "codex"},
	} {
		if why := tt.offer.Refused(); (why != "") != tt.refused || strings.Join(tt.offer.Given(), " ") != tt.given {
			t.Errorf("%s: %q, %q", name, why, tt.offer.Given())
		}
	}
}
