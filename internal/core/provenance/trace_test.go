package provenance

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// TestTrace holds the record against the schema of the format (section 6.1).
func TestTrace(t *testing.T) {
	tr := Tracing{
		Commit: "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0", AtS: 1_700_000_000, Version: "v1",
		By: Contributor{Type: AI, ModelID: "anthropic/claude-opus-5"}, Origin: Origin{Source: "ledger", Run: "r"},
		Patches: []change.Patch{
			{Path: "a.go", Hunks: []change.Hunk{
				{OldStart: 3, NewStart: 3, Removed: []string{"x"}, Added: []string{"y", "z"}},
				{OldStart: 9, NewStart: 9, Removed: []string{"gone"}},
				{OldStart: 20, NewStart: 20, Added: []string{"last"}},
			}},
			{Path: "gone.go", Hunks: []change.Hunk{{OldStart: 1, Removed: []string{"x"}}}},
			{Path: "logo.png", Left: "binary"},
		},
	}.Trace()
	data, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	hash := func(text string) string { return "sha256:" + evidence.Hash([]byte(text)) }
	want := `{"version":"0.1.0","id":"` + tr.ID + `","timestamp":"2023-11-14T22:13:20Z","vcs":{"type":"git","revision":"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"},` +
		`"tool":{"name":"muster","version":"v1"},"files":[{"path":"a.go","conversations":[{"contributor":{"type":"ai","model_id":"anthropic/claude-opus-5"},` +
		`"ranges":[{"start_line":3,"end_line":4,"content_hash":"` + hash("y\nz\n") + `"},{"start_line":20,"end_line":20,"content_hash":"` + hash("last\n") + `"}]}]}],` +
		`"metadata":{"invalid.muster":{"source":"ledger","run":"r","lineless":["logo.png: binary"]}}}`
	if string(data) != want {
		t.Errorf("got\n%s\nwant\n%s", data, want)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(tr.ID) {
		t.Errorf("%q is no UUID", tr.ID)
	}
	if other := (Tracing{Commit: "b"}).Trace(); other.ID == tr.ID || other.Files == nil {
		t.Errorf("%+v", other)
	}
}

func TestOrigins(t *testing.T) {
	attempts := []Attempt{{Driver: "claude", Model: "claude-opus-5", Session: "a"}, {Driver: "claude", Session: "a"}, {Driver: "claude", Session: "b"}}
	for _, c := range []struct {
		change   Change
		attempts []Attempt
		want     Contributor
	}{
		{Change{Agent: "bot", Model: "claude-opus-5"}, attempts, Contributor{AI, "anthropic/claude-opus-5"}},
		{Change{Agent: "bot"}, attempts, Contributor{AI, "anthropic/claude-opus-5"}},
		{Change{Agent: "bot", Model: "secret"}, attempts, Contributor{AI, ""}},
		{Change{Agent: "bot", With: "Tess <t@x>"}, attempts, Contributor{Mixed, "anthropic/claude-opus-5"}},
		{Change{Person: "Tess <t@x>"}, attempts, Contributor{Mixed, "anthropic/claude-opus-5"}},
		{Change{Person: "Tess <t@x>"}, nil, Contributor{Human, ""}},
	} {
		o, by := OriginOf(Predicate{Change: c.change, Attempts: c.attempts})
		if by != c.want {
			t.Errorf("%+v: %+v, want %+v", c.change, by, c.want)
		}
		if len(c.attempts) > 0 && !slices.Equal(o.Sessions, []string{"a", "b"}) {
			t.Errorf("sessions %q", o.Sessions)
		}
	}
	o, by, ok := OriginOfMessage("T\n\nAssisted-by: bot (gpt-6)\nCo-authored-by: Tess <t@x>\nMuster-Run: r\nMuster-Task: t\n")
	if !ok || o.Agent != "bot" || o.Model != "gpt-6" || o.Run != "r" || o.Task != "t" || by != (Contributor{Mixed, "openai/gpt-6"}) {
		t.Errorf("%+v, %+v, %v", o, by, ok)
	}
	if o, by, ok := OriginOfMessage("T\n\nAssisted-by: bot\n"); !ok || o.Agent != "bot" || by != (Contributor{Type: AI}) {
		t.Errorf("%+v, %+v, %v", o, by, ok)
	}
	if _, _, ok := OriginOfMessage("T\n\nCo-authored-by: Tess <t@x>\n"); ok {
		t.Error("nobody says that an agent made it")
	}
}

func TestModelID(t *testing.T) {
	for model, want := range map[string]string{
		"claude-opus-5": "anthropic/claude-opus-5", "gpt-6": "openai/gpt-6", "gemini-4-pro": "google/gemini-4-pro", "qwen4-coder": "alibaba/qwen4-coder",
		"openrouter/x": "openrouter/x", "a/b/c": "", "opus": "", "": "", "my model": "", strings.Repeat("claude-", 40): "", "claude-a/b/c": "",
	} {
		if got := ModelID(model); got != want {
			t.Errorf("%q is called %q, want %q", model, got, want)
		}
	}
}
