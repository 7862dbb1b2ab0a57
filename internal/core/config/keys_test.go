package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/config"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

// kind is one sort of file: its schema, what reads it, and how each part of it
// is reached.
type kind struct {
	schema, root string
	keys         func(part string) []string
	read         func(text string) []yamlfile.Problem
	within       map[string]string // by part: a file with %s where the part's keys go
	prefix       map[string]string // by part: the dotted name before its keys, as doctor shows it
}

func kinds() []kind {
	return []kind{
		{
			schema: "config.schema.json", root: "config", keys: configKeys,
			read: func(text string) []yamlfile.Problem {
				_, problems := config.Parse("f.yaml", []byte(text))
				return problems
			},
			within: map[string]string{
				"config": "%s", "agent": "agents: {a: {driver: claude, %s}}", "checks": "checks: {%s}", "external": "checks: {external: [{%s}]}",
				"land": "land: {%s}", "run_budget": "budget: {%s}", "key": "agents: {a: {driver: claude, key: {%s}}}", "price": "prices: {m: {%s}}", "worktrees": "worktrees: {%s}", "resources": "resources: {%s}",
			},
			prefix: map[string]string{"key": "agents.NAME.key.", "price": "prices.NAME.", "worktrees": "worktrees.", "resources": "resources.", "config": "", "agent": "agents.NAME.", "checks": "checks.", "external": "checks.external[].", "land": "land.", "run_budget": "budget."},
		},
		{
			schema: "plan.schema.json", root: "plan", keys: plan.Keys,
			read: func(text string) []yamlfile.Problem {
				_, problems := plan.Parse("f.yaml", []byte(text))
				return problems
			},
			within: map[string]string{
				"plan": "%s", "why": "why: {%s}", "decision": "decisions: [{%s}]", "task": "tasks: [{%s}]", "run_budget": "budget: {%s}", "budget": "tasks: [{budget: {%s}}]",
			},
			prefix: map[string]string{"plan": "", "why": "why.", "decision": "decisions[].", "task": "tasks[].", "run_budget": "budget.", "budget": "tasks[].budget."},
		},
	}
}

// parts gives the parts of a file that have keys, the file itself first, then
// by name, and fails for one that the tables above do not know.
func (k kind) parts(t *testing.T) (names []string, bodies map[string]schema) {
	t.Helper()
	s := readSchema(t, k.schema)
	bodies = map[string]schema{k.root: s}
	for name, part := range definitions(s) {
		if len(keysOf(part)) > 0 {
			bodies[name] = part.(schema)
		}
	}
	names = []string{k.root}
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		if name != k.root {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if k.within[name] == "" {
			t.Fatalf("%s has the part %s, of which this test does not know where it stands: add it to kinds", k.schema, name)
		}
	}
	return names, bodies
}

// A key that is misspelt is an error that names the nearest one, whatever the
// key and wherever it stands.
func TestEveryKeyIsSuggested(t *testing.T) {
	for _, k := range kinds() {
		names, _ := k.parts(t)
		for _, part := range names {
			for _, key := range k.keys(part) {
				text := fmt.Sprintf(k.within[part], key+"x: 1")
				want := fmt.Sprintf("unknown key '%sx' (did you mean '%s'?)", key, key)
				if got := yamlfile.Format(k.read(text)); !strings.Contains(got, want) {
					t.Errorf("%s: %s\ngot %s\nwant %s", k.schema, text, got, want)
				}
			}
			text := fmt.Sprintf(k.within[part], "qqqqqqqqqq: 1")
			if got := yamlfile.Format(k.read(text)); !strings.Contains(got, "unknown key 'qqqqqqqqqq'\n") {
				t.Errorf("%s: %s: got %s", k.schema, text, got)
			}
		}
	}
}

// Every key of a configuration is read by the example that sets them all, and
// doctor then names the example as where its value comes from. Without a file
// every value is a default.
func TestEveryKeyIsShownWithItsOrigin(t *testing.T) {
	k := kinds()[0]
	names, _ := k.parts(t)
	set := example(t, "full.yaml")
	for _, part := range names {
		for _, key := range k.keys(part) {
			dotted := k.prefix[part] + key
			if dotted == "agents" {
				continue // shown by its parts
			}
			dotted, _, _ = strings.Cut(dotted, "[].") // the entries of a list are shown together
			switch part {
			case "key":
				dotted = "agents.NAME.key"
			case "price":
				dotted = "prices"
			}
			if !slices.ContainsFunc(set.Origin, func(o config.Origin) bool {
				return matchesKey(o.Key, dotted) && strings.HasPrefix(o.Source, ".muster/config.yaml:") && o.Value != ""
			}) && !isPartly(names, k, dotted) {
				t.Errorf("%s has no value from full.yaml among the origins: set it there, or add it to origins", dotted)
			}
			if part != "agent" && part != "key" && !isPartly(names, k, dotted) && !slices.ContainsFunc(config.Default().Origin, func(o config.Origin) bool {
				return o.Key == dotted && o.Source == config.FromDefault
			}) {
				t.Errorf("%s has no default among the origins", dotted)
			}
		}
	}
}

// isPartly reports whether a key only holds others that have keys of their own.
func isPartly(names []string, k kind, dotted string) bool {
	return slices.ContainsFunc(names, func(part string) bool { return k.prefix[part] == dotted+"." })
}

// matchesKey compares a key of the origins with one that has NAME for any name.
func matchesKey(have, want string) bool {
	before, after, named := strings.Cut(want, "NAME")
	if !named {
		return have == want
	}
	return strings.HasPrefix(have, before) && strings.HasSuffix(have, after)
}

// The page of all keys is made from the schemas, so every key needs a
// description there.
func TestPageOfKeys(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Keys of plans and of the configuration\n\n" +
		"This page is made from the schemas, [config.schema.json](schema/config.schema.json) and\n" +
		"[plan.schema.json](schema/plan.schema.json), which editors can use; the parsers have the same keys, and a\n" +
		"test compares them. An unknown key is an error that names the nearest one.\n\n" +
		"    # yaml-language-server: $schema=PATH/docs/schema/plan.schema.json\n\n" +
		"as the first line of a file lets many editors complete its keys.\n")
	for i, k := range kinds() {
		b.WriteString([]string{
			"\n## `.muster/config.yaml`\n\nRead from the last commit of the target branch. Everything may be left out;\n`muster doctor` prints what is in force, and where it comes from.\n",
			"\n## `.muster/plans/NAME.yaml`\n\n`muster plan new` writes one, filled in from the repository; `muster plan lint NAME`\nsays what is wrong with one.\n",
		}[i])
		b.WriteString("\n| key | what it says |\n|---|---|\n")
		names, bodies := k.parts(t)
		for _, part := range names {
			properties := bodies[part]["properties"].(schema)
			for _, key := range k.keys(part) {
				text := describe(properties[key].(schema), definitions(readSchema(t, k.schema)))
				if text == "" {
					t.Errorf("%s: %s%s has no description", k.schema, k.prefix[part], key)
				}
				fmt.Fprintf(&b, "| `%s%s` | %s |\n", k.prefix[part], key, strings.NewReplacer("|", "\\|", "<", "&lt;").Replace(text))
			}
		}
	}
	page := filepath.Join("..", "..", "..", "docs", "configuration.md")
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil || string(have) != b.String() {
		t.Errorf("docs/configuration.md differs (-update writes it anew): %v", err)
	}
}

// describe gives what a schema says of a key: its own description, that of
// what it refers to, and the words that it may be.
func describe(s, definitions schema) string {
	text, _ := s["description"].(string)
	if ref, ok := s["$ref"].(string); ok && text == "" {
		text, _ = definitions[strings.TrimPrefix(ref, "#/$defs/")].(schema)["description"].(string)
	}
	words, _ := s["enum"].([]any)
	if items, ok := s["items"].(schema); ok && len(words) == 0 {
		words, _ = items["enum"].([]any)
	}
	if len(words) > 0 {
		raw, _ := json.Marshal(words)
		text = strings.TrimSpace(text + " One of " + strings.NewReplacer(`"`, "`", ",", ", ", "[", "", "]", "").Replace(string(raw)) + ".")
	}
	return text
}
